"""The terms of a booking, and its parts: those that it keeps, and those that leave it.

The booking keeps its id for one part. Every other part that stays booked is a booking of its
own, under a new id, which says what it was split from. On the ladder each part of a hold
stands where the whole stood, and challenges by it and against it go on for each part.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ledger.decisions.base import Context
from ledger.decisions.bookings.jobs import is_free, new_booking, unused_booking
from ledger.decisions.bookings.ladder import Hold, Ladder, about
from ledger.decisions.bookings.refusals import StaysWhereItStarted
from ledger.decisions.bookings.shoot_days import check_days_kept
from ledger.entities.bookings import Booking
from ledger.errors import BadId, BadInput, UnreadableEvent
from ledger.events.bookings import (
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    DayPlan,
    HoldChallenged,
)
from ledger.tags import check_id, check_text, tag
from ledger.time.periods import Moment, Period

TERMS = ("space", "project", "period", "units", "plan", "expires_at", "note", "contact")
"""The fields of a booking that a hold states, and that can change."""


def new_terms(
    booking: Booking, *, rank: int | None = None, keeps_place: bool = False, **changes: Any
) -> BookingRescheduled:
    """Return the event that gives a booking new terms; the others stay as they are."""
    terms = {name: getattr(booking, name) for name in TERMS} | changes
    return BookingRescheduled(
        booking=booking.id,
        was_space=booking.space,
        was_period=booking.period,
        rank=rank,
        keeps_place=keeps_place,
        was_project=booking.project if terms["project"] != booking.project else None,
        **terms,
    )


def check_expiry(ctx: Context, expires_at: Moment | None, zone_name: str) -> datetime | None:
    """Return the instant at which a hold expires, on the clock of that zone. Raises `BadInput`."""
    if expires_at is None:
        return None
    instant = expires_at.resolve(zone_name)
    if instant <= ctx.now:
        raise BadInput(
            f"the hold would already have expired, at {expires_at}",
            advice="Give a time in the future, or none",
        )
    return instant


def check_remark(what: str, text: str | None) -> str | None:
    """Return a note or contact, checked. Raises `BadText`."""
    return None if text is None else check_text(what, text)


def outside(period: Period, other: Period) -> tuple[Period, ...]:
    """Return the parts of a period that are not in the other one: two at most."""
    if not period.overlaps(other):
        return (period,)
    before = (
        [Period.between(period.start, other.start, period.zone)]
        if period.start < other.start
        else []
    )
    after = [Period.between(other.end, period.end, period.zone)] if other.end < period.end else []
    return (*before, *after)


def clip_plan(plan: Iterable[DayPlan], period: Period) -> tuple[DayPlan, ...]:
    """Return the types of those days that are in the period."""
    days = period.days
    clipped = (
        DayPlan(max(part.first, days.first), min(part.last, days.last), part.type)
        for part in plan
        if part.first <= days.last and days.first <= part.last
    )
    return tuple(clipped)


def part_ids(
    ctx: Context, booking: str, parts: Sequence[Period], wanted: str | None = None
) -> dict[str, Period]:
    """Return the parts by new ids: `b-7f3k2-2`, `b-7f3k2-3`. `wanted` is the first one's.

    Raises `BadId`, `AlreadyExists` for that one.
    """
    found: dict[str, Period] = {}
    number = 2
    for part in parts:
        if wanted is not None and not found:
            found[unused_booking(ctx, wanted)] = part
            continue
        while True:
            id, number = f"{booking}-{number}", number + 1
            try:
                check_id("booking", id)
            except BadId:  # the booking's own is as long as an id can be
                id = new_booking(ctx)
            if id not in found and is_free(ctx, id):
                found[id] = part
                break
    return found


def carve_hold(
    ctx: Context,
    ladder: Ladder,
    hold: Hold,
    booking: Booking,
    kept: Period,
    rest: dict[str, Period],
) -> None:
    """Leave a hold only the part `kept`, and make holds of the rest, all in its place.

    Records `BookingRescheduled`, a `BookingHeld` for each other part, promotions, and the
    challenges of the whole again for those parts.
    """
    first, *others = ladder.keep(hold, {booking.id: kept, **rest})
    ladder.record(
        new_terms(
            booking,
            period=kept,
            plan=clip_plan(booking.plan, kept),
            rank=first.rank,
            keeps_place=True,
        ),
        *(_part(booking, part.booking, part.period, part.rank) for part in others),
    )
    for part in others:
        carry_challenges(ctx, ladder, [hold], part)


def carve_firm(ctx: Context, booking: Booking, kept: Period, rest: dict[str, Period]) -> None:
    """Leave a firm booking only the part `kept`, and make confirmed bookings of the rest.

    A started one keeps its start, and every day that it reported. Records `BookingRescheduled`,
    and for each other part `BookingHeld` and `BookingConfirmed`. Raises `StaysWhereItStarted`,
    `OutsideBooking`, `DayWasReported`.
    """
    if booking.state == "started":
        if kept.start != booking.period.start:
            raise StaysWhereItStarted(booking.id, position=booking.position)
        check_days_kept(ctx, booking, kept)
    ctx.record(new_terms(booking, period=kept, plan=clip_plan(booking.plan, kept)))
    for id, period in rest.items():
        ladder = Ladder(ctx, booking.space)
        ladder.release_expired(period)
        held = _part(booking, id, period, ladder.next_rank(period))
        ladder.record(held)
        ctx.record(confirmation_of(held))


def confirmation_of(held: BookingHeld) -> BookingConfirmed:
    """Return the event that confirms a hold which was placed just now."""
    return BookingConfirmed(
        booking=held.booking,
        space=held.space,
        project=held.project,
        period=held.period,
        units=held.units,
        plan=held.plan,
    )


def _part(booking: Booking, id: str, period: Period, rank: int) -> BookingHeld:
    terms = {name: getattr(booking, name) for name in TERMS}
    terms |= {"period": period, "plan": clip_plan(booking.plan, period)}
    return BookingHeld(booking=id, rank=rank, split_from=booking.id, job=booking.job, **terms)


def carry_challenges(ctx: Context, ladder: Ladder, old: Iterable[Hold], new: Hold) -> None:
    """Record the standing challenges of holds again for the one that has their time now.

    Their deadlines stay: no one gains time, or shakes off a challenge, by cutting a hold in
    two or by joining two. Of two challenges between the same holds the earlier deadline stands.
    """
    beside = {one.booking: one for one in ladder.overlapping(new.period, but=new.booking)}
    due: dict[tuple[str, bool], datetime] = {}
    for hold in old:
        for pair, answer_by in _standing(ctx, hold, beside).items():
            due[pair] = min(answer_by, due.get(pair, answer_by))
    for (booking, by_it), answer_by in due.items():
        other = beside[booking]
        challenged, by = (other, new) if by_it else (new, other)
        if by.rank > challenged.rank:
            ctx.record(HoldChallenged(**about(challenged), by=by.booking, answer_by=answer_by))


def _standing(
    ctx: Context, hold: Hold, beside: Mapping[str, Hold]
) -> dict[tuple[str, bool], datetime]:
    """Return the deadlines of a hold's challenges, by the other hold and whether it made them."""
    found: dict[tuple[str, bool], datetime] = {}
    for entry in ctx.read(tag("booking", hold.booking), HoldChallenged):
        event = entry.event
        if not isinstance(event, HoldChallenged):
            raise UnreadableEvent(entry.type, position=entry.position)
        by_it = event.by == hold.booking
        other = beside.get(event.booking if by_it else event.by)
        if other is not None and max(other.since, hold.since) < entry.position:
            found[other.booking, by_it] = event.answer_by
    return found
