"""The naive model's judgement of a command: why not, or the studio after it."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, time, timedelta

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)
from ledger.time.periods import When, zone
from tests.properties.models.booking_model import (
    ANSWER_HOURS,
    FIRST_DAY,
    ZONE,
    Booked,
    Model,
    expired,
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
            trial = deepcopy(model)
            for booking in decision.bookings:
                reasons = _confirm(trial, booking, now)
                if reasons:
                    return reasons
            model.booked, model.turn = trial.booked, trial.turn
            return set()
        case MoveBooking():
            return _move(model, decision, now)
        case StartBooking() | ReportShootDay() | WrapBooking() | CancelBooking():
            return _days(model, decision, now)
    raise NotImplementedError(decision)


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
        decision.booking, decision.space, start, end, decision.units, turn, expires_at=expires_at
    )
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
    one = model.booked[decision.booking]
    if reasons := _not_held(model, decision.booking, now) or model.no_room(one):
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
    one = model.booked[decision.booking]
    if one.state != "held":
        return {"WrongState"}
    one.state = "released"
    return set()


def _confirm(model: Model, booking: str, now: datetime) -> set[str]:
    one = model.booked[booking]
    if reasons := _not_held(model, booking, now):
        return reasons
    reasons, lapsed = model.unanswered(one, now)
    if reasons := reasons | model.no_room(one):
        return reasons
    for other in lapsed:
        other.state = "released"
    one.state = "confirmed"
    return set()


def _move(model: Model, decision: MoveBooking, now: datetime) -> set[str]:
    one = model.booked[decision.booking]
    if one.state not in ("held", "confirmed", "started"):
        return {"WrongState"}
    moved = deepcopy(one)
    if decision.when is not None:
        moved.start, moved.end = slots_of(decision.when)
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
    keeps = moved.space == one.space and moved.slots <= one.slots
    model.booked[one.id] = moved
    if not keeps:
        moved.asked = model.next_turn()
        model.forget_challenges(one.id)
    return set()


def _moves_firm(model: Model, one: Booked, moved: Booked, now: datetime) -> set[str]:
    reasons = model.no_room(moved)
    days = {slot // 2 for slot in moved.slots}
    if one.state == "started":
        if (moved.space, moved.start) != (one.space, one.start):
            reasons.add("StaysWhereItStarted")
        if one.started_on not in days:
            reasons.add("OutsideBooking")
        if not one.reported <= days:
            reasons.add("DayWasReported")
    kept = one.slots if moved.space == one.space else frozenset()
    # The added days are before, after, or on both sides: check each part separately.
    for part in _parts(moved.slots - kept):
        further = deepcopy(moved)
        further.start, further.end = part
        others = [other for other in model.firm() if other.id != one.id]
        holds = [o for o in model.held() if o.meets(further) and not expired(o, now)]
        if holds and not model.fits(further, others + holds):
            reasons.add("HeldByAnother")
    return reasons


def _parts(slots: frozenset[int]) -> list[tuple[int, int]]:
    begins = sorted(slot for slot in slots if slot - 1 not in slots)
    ends = sorted(slot + 1 for slot in slots if slot + 1 not in slots)
    return list(zip(begins, ends, strict=True))


def _days(
    model: Model,
    decision: StartBooking | ReportShootDay | WrapBooking | CancelBooking,
    now: datetime,
) -> set[str]:
    one = model.booked[decision.booking]
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
    if day not in {slot // 2 for slot in one.slots}:
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
    one.state, one.end = "wrapped", min(one.end, 2 * day + 2)
    return set()
