"""The naive model's judgement of a command for one booking: why not, or the studio after it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from msgspec import UNSET

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.bookings.terms import ChangeBooking, RankHold
from ledger.time.periods import Moment, When, zone
from tests.properties.models.booking_model import (
    ANSWER_HOURS,
    FIRST_DAY,
    ZONE,
    Booked,
    Model,
    expired,
    passed,
)


def judge(model: Model, decision: Decision, now: datetime) -> set[str]:
    """Return the names of all correct refusals; if there are none, the model carries it out."""
    match decision:
        case PlaceHold():
            return _hold(model, decision, now)
        case ChallengeHolds():
            return _challenge(model, decision, now)
        case ReleaseHold():
            return _release(model, decision)
        case ConfirmBookings():
            return _part(model, decision, now) or _confirm(model, only(decision.booking), now)
        case MoveBooking():
            return _move(model, decision, now)
        case ChangeBooking() | RankHold() | GiveBackDays() | SplitBooking() | MergeBookings():
            return _TERMS[type(decision)](model, decision, now)
        case StartBooking() | ReportShootDay() | WrapBooking() | CancelBooking():
            return _days(model, decision, now)
    raise NotImplementedError(decision)


def only(named: str | tuple[str, ...]) -> str:
    """Return the one booking or space that a command of these tests names."""
    (id,) = all_of(named)
    return id


def all_of(named: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the bookings that a command names."""
    return (named,) if isinstance(named, str) else named


def slots_of(when: When) -> tuple[int, int]:
    """Return the half days of a period as written."""
    period = when.resolve(ZONE)
    return _slot(period.start), _slot(period.end)


def _slot(value: datetime) -> int:
    value = value.astimezone(zone(ZONE))
    return 2 * (value.date() - FIRST_DAY).days + value.hour // 12


def _hold(model: Model, decision: PlaceHold, now: datetime) -> set[str]:
    start, end = slots_of(decision.when)
    assert decision.booking is not None
    expires_at = decision.expires_at.resolve(ZONE) if decision.expires_at else None
    turn = model.next_turn()
    one = Booked(
        decision.booking, only(decision.space), start, end, decision.units, turn,
        expires_at=expires_at, project=decision.project, job=decision.job,
    )  # fmt: skip
    reasons = model.no_place(one)
    if decision.confirm:
        reasons |= model.no_room(one)
        if not model.fits(one, model.firm() + model.ahead(one, now)):
            reasons.add("BehindHold")
        one.state = "confirmed"
    if not reasons:
        model.booked[one.id] = one
    return reasons


def _not_held(model: Model, booking: str, now: datetime) -> set[str]:
    one = model.booked[booking]
    return {"WrongState"} if one.state != "held" or expired(one, now) else set()


def _challenge(model: Model, decision: ChallengeHolds, now: datetime) -> set[str]:
    one = model.booked[only(decision.booking)]
    if reasons := _not_held(model, one.id, now) or model.no_room(one):
        return reasons
    ahead = model.ahead(one, now)
    if not ahead:
        return {"NothingAhead"}
    new = [other for other in ahead if other.id not in one.asked_to_answer]
    if not new:
        return {"AlreadyChallenged"}
    for other in new:
        one.asked_to_answer[other.id] = now + timedelta(hours=ANSWER_HOURS[one.space])
    return set()


def _release(model: Model, decision: ReleaseHold) -> set[str]:
    one = model.booked[only(decision.booking)]
    if one.state != "held":
        return {"WrongState"}
    one.state = "released"
    return set()


def _confirm(model: Model, booking: str, now: datetime) -> set[str]:
    one = model.booked[booking]
    if passed(one, now):
        reasons = model.room(one)
        one.state = one.state if reasons else "confirmed"
        return reasons
    if reasons := _not_held(model, booking, now):
        return reasons
    reasons, lapsed = model.unanswered(one, now)
    if reasons := reasons | model.room(one):
        return reasons
    for other in lapsed:
        other.state = "released"
    one.state = "confirmed"
    return set()


def _part(model: Model, decision: ConfirmBookings, now: datetime) -> set[str]:
    """Leave the hold the part that is confirmed."""
    if decision.when is None:
        return set()
    one = model.booked[only(decision.booking)]
    start, end = slots_of(decision.when)
    if one.state == "held" and (start, end) == (one.start, one.end):
        return set()
    reasons = _not_held(model, one.id, now)
    if not set(range(start, end)) <= one.slots:
        reasons.add("NotItsTime")
    if reasons:
        return reasons
    rest = [] if decision.let_go else _parts(one.slots - set(range(start, end)))
    model.carve(one, (start, end), rest)
    return set()


def _change(model: Model, decision: ChangeBooking, now: datetime) -> set[str]:
    one = model.booked[only(decision.booking)]
    if one.state not in ("held", "confirmed", "started"):
        return {"WrongState"}
    changed = deepcopy(one)
    for name in ("units", "project", "note", "expires_at"):
        said = getattr(decision, name)
        if said is not UNSET:
            setattr(changed, name, said.resolve(ZONE) if isinstance(said, Moment) else said)
    reasons = set()
    if one.state == "held" or decision.expires_at is not UNSET:
        reasons |= _not_held(model, one.id, now)
    if changed == one:
        reasons.add("NothingChanges")
    if one.state == "started" and changed.project != one.project:
        reasons.add("StaysWithItsProject")
    if changed.units != one.units:
        reasons |= model.no_place(changed)
    if one.state != "held" and changed.units > one.units:
        reasons |= _takes_more_units(model, changed, now)
    elif one.state != "held" and changed.project != one.project:
        reasons |= model.room(changed, instead_of=one)
    if reasons:
        return reasons
    model.booked[one.id] = changed
    if changed.units > one.units and one.state == "held":
        changed.asked = model.next_turn()
        model.forget_challenges(one.id)
    return set()


def _takes_more_units(model: Model, changed: Booked, now: datetime) -> set[str]:
    reasons = model.room(changed)
    holds = [o for o in model.held() if o.meets(changed) and not expired(o, now)]
    others = [other for other in model.firm() if other.id != changed.id]
    if holds and not model.fits(changed, others + holds):
        reasons.add("HeldByAnother")
    return reasons


def _rank(model: Model, decision: RankHold, now: datetime) -> set[str]:
    one = model.booked[only(decision.booking)]
    if reasons := _not_held(model, one.id, now):
        return reasons
    if model.ranks()[one.id] == decision.rank:
        return {"NothingChanges"}
    ranks = model.ranks(one)
    places = {1} | {ranks[o.id] + 1 for o in model.held() if o is not one and o.meets(one)}
    if decision.rank not in places:
        return {"NoSuchRank"}
    model.put(one, decision.rank)
    model.forget_challenges(one.id)
    return set()


def _gives_up(model: Model, decision: GiveBackDays | SplitBooking, now: datetime) -> set[str]:
    one = model.booked[only(decision.booking)]
    if one.state not in ("held", "confirmed", "started"):
        return {"WrongState"}
    reasons = _not_held(model, one.id, now) if one.state == "held" else set()
    if isinstance(decision, SplitBooking):
        at = _slot(decision.at.resolve(ZONE))
        parts = [(one.start, at), (at, one.end)]
        reasons |= set() if one.start < at < one.end else {"BadInput"}
    else:
        given = frozenset(range(*slots_of(decision.when)))
        parts = _parts(one.slots - given)
        reasons |= set() if given <= one.slots else {"NotItsTime"}
        reasons |= set() if parts else {"GivesBackAll"}
    if reasons:
        return reasons
    kept, *rest = parts
    if one.state == "started":
        reasons = _keeps_its_days(one, kept)
    if not reasons:
        model.carve(one, kept, rest)
    return reasons


def _keeps_its_days(one: Booked, kept: tuple[int, int]) -> set[str]:
    reasons = set()
    days = {slot // 2 for slot in range(*kept)}
    if kept[0] != one.start:
        reasons.add("StaysWhereItStarted")
    if one.started_on not in days:
        reasons.add("OutsideBooking")
    if not one.reported <= days:
        reasons.add("DayWasReported")
    return reasons


def _merge(model: Model, decision: MergeBookings, now: datetime) -> set[str]:
    kept, *others = (model.booked[id] for id in decision.bookings)
    if kept.state not in ("held", "confirmed", "started"):
        return {"WrongState"}
    held = kept.state == "held"
    reasons = set()
    for other in others:
        if other.state != ("held" if held else "confirmed"):
            reasons.add("WrongState")
        if (other.space, other.units, other.project) != (kept.space, kept.units, kept.project):
            reasons.add("NotAlike")
    slots = kept.slots.union(*(other.slots for other in others))
    if len(_parts(slots)) > 1:
        reasons.add("BadInput")
    whole = replace(kept, start=min(slots), end=max(slots) + 1)
    if kept.state == "started" and whole.start != kept.start:
        reasons.add("StaysWhereItStarted")
    for one in (kept, *others) if held else ():
        reasons |= _not_held(model, one.id, now)
    if reasons:
        return reasons
    ahead = [o for one in (kept, *others) for o in model.ahead(one, now)]
    for other in others:
        other.state = "merged"
    kept.start, kept.end = whole.start, whole.end
    if held:
        ranks = model.ranks(kept)
        model.put(kept, 1 + max((ranks[o.id] for o in ahead if o.id in ranks), default=0))
        model.carry_challenges([kept, *others], kept)
    return set()


_TERMS: dict[type[Decision], Callable[[Model, Any, datetime], set[str]]] = {
    ChangeBooking: _change,
    RankHold: _rank,
    GiveBackDays: _gives_up,
    SplitBooking: _gives_up,
    MergeBookings: _merge,
}


def _move(model: Model, decision: MoveBooking, now: datetime) -> set[str]:
    one = model.booked[only(decision.booking)]
    if one.state not in ("held", "confirmed", "started"):
        return {"WrongState"}
    moved = deepcopy(one)
    if decision.when is not None:
        moved.start, moved.end = slots_of(decision.when)
    if decision.to is not None:
        moved.end = _slot(decision.to.resolve(ZONE))
        if moved.end <= moved.start:
            return {"BadTime"}
    moved.space = decision.space or one.space
    if (moved.space, moved.slots) == (one.space, one.slots):
        return {"BadInput"}
    reasons = model.no_place(moved)
    if one.state == "held":
        reasons |= _not_held(model, one.id, now)
    else:
        reasons |= _moves_firm(model, one, moved, now)
    if reasons:
        return reasons
    if one.state != "held":
        for hold in _own_in_the_way(model, one, moved, now):
            left = _parts(hold.slots - moved.slots)
            if left:
                ((hold.start, hold.end),) = left
            else:
                hold.state = "merged"
    keeps = moved.space == one.space and moved.slots <= one.slots
    model.booked[one.id] = moved
    if not keeps:
        moved.asked = model.next_turn()
        model.forget_challenges(one.id)
    return set()


def _moves_firm(model: Model, one: Booked, moved: Booked, now: datetime) -> set[str]:
    reasons = set()
    if one.state == "started":
        reasons |= _keeps_its_days(one, (moved.start, moved.end))
        if moved.space != one.space:
            reasons.add("StaysWhereItStarted")
    for further, holds in _in_the_way(model, one, moved, now):
        reasons |= model.room(further)
        mine = [hold for hold in holds if _is_own(hold, moved)]
        for hold in holds:
            passed = set().union(*(m.slots for m in mine if m.asked < hold.asked))
            if hold not in mine and not hold.slots & further.slots <= passed:
                reasons.add("HeldByAnother")
    for hold in _own_in_the_way(model, one, moved, now):
        if len(_parts(hold.slots - moved.slots)) > 1:
            reasons.add("HeldByAnother")
    return reasons


def _in_the_way(
    model: Model, one: Booked, moved: Booked, now: datetime
) -> list[tuple[Booked, list[Booked]]]:
    """The parts that a firm booking adds, each with the holds that leave no room for it."""
    kept = one.slots if moved.space == one.space else frozenset()
    found = []
    # The added days are before, after, or on both sides: check each part separately.
    for part in _parts(moved.slots - kept):
        further = deepcopy(moved)
        further.start, further.end = part
        others = [other for other in model.firm() if other.id != one.id]
        holds = [o for o in model.held() if o.meets(further) and not expired(o, now)]
        found.append((further, [] if model.fits(further, others + holds) else holds))
    return found


def _own_in_the_way(model: Model, one: Booked, moved: Booked, now: datetime) -> list[Booked]:
    holds = [hold for _, holds in _in_the_way(model, one, moved, now) for hold in holds]
    own = {hold.id: hold for hold in holds if _is_own(hold, moved)}
    return list(own.values())


def _is_own(hold: Booked, moved: Booked) -> bool:
    """Whether a booking can take up a hold: a hold of a part, or of the whole, is another."""
    return (hold.project, hold.space) == (moved.project, moved.space)


def _parts(slots: frozenset[int]) -> list[tuple[int, int]]:
    begins = sorted(slot for slot in slots if slot - 1 not in slots)
    ends = sorted(slot + 1 for slot in slots if slot + 1 not in slots)
    return list(zip(begins, ends, strict=True))


def _days(
    model: Model,
    decision: StartBooking | ReportShootDay | WrapBooking | CancelBooking,
    now: datetime,
) -> set[str]:
    one = model.booked[only(decision.booking)]
    needed = {
        StartBooking: ("confirmed",),
        ReportShootDay: ("started", "wrapped"),
        WrapBooking: ("started",),
        CancelBooking: ("confirmed", "started"),
    }[type(decision)]
    if one.state not in needed:
        return {"WrongState"}
    if isinstance(decision, CancelBooking):
        if one.state == "started" and one.reported:
            return {"ShotAlready"}
        one.state = "cancelled"
        return set()
    on = decision.day if isinstance(decision, ReportShootDay) else decision.on
    day = (on - FIRST_DAY).days
    last = (one.end - 1) // 2
    is_overrun = isinstance(decision, WrapBooking) and last < day
    if not is_overrun and day not in {slot // 2 for slot in one.slots}:
        return {"OutsideBooking"}
    if one.started_on is not None and day < one.started_on:
        return {"BeforeStart"}
    if now < datetime.combine(on, time(), tzinfo=zone(ZONE)):
        return {"DayToCome"}
    if isinstance(decision, StartBooking):
        one.state, one.started_on = "started", day
        return set()
    if isinstance(decision, ReportShootDay):
        if day in one.reported:
            return {"AlreadyReported"}
        one.reported.add(day)
        return set()
    if any(reported > day for reported in one.reported):
        return {"DayWasReported"}
    one.state, one.end = "wrapped", 2 * day + 2 if is_overrun else min(one.end, 2 * day + 2)
    return set()
