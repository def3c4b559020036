"""Giving days back, making two bookings of one, and one of several."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.holds import find_hold
from ledger.decisions.bookings.ladder import Hold, Ladder
from ledger.decisions.bookings.parts import (
    carry_challenges,
    carve_firm,
    carve_hold,
    new_terms,
    outside,
    part_ids,
)
from ledger.decisions.bookings.refusals import (
    EquipmentIsOut,
    GivesBackAll,
    NotAlike,
    NotItsTime,
    StaysWhereItStarted,
)
from ledger.decisions.bookings.several import SeveralBookings, for_one_alone
from ledger.decisions.bookings.state import read_booking, require
from ledger.decisions.projects import read_open_project
from ledger.entities.bookings import Booking
from ledger.errors import BadInput, UnreadableEvent
from ledger.events.bookings import BookingMerged, DayPlan, DayType
from ledger.events.equipment import (
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    StockTransferred,
)
from ledger.tags import tag
from ledger.time.periods import Moment, Period, When


class GiveBackDays(SeveralBookings, frozen=True, tag="booking give-back"):
    """Give days of a booking, or of several, back, at either end or in the middle.

    In the middle, such as for a hiatus, the booking keeps the days before; those after are a
    booking of its own, with the id `rest` (None: `BOOKING-2`). A hold keeps its place for both.
    """

    when: When
    rest: str | None = None

    def check_several(self, ctx: Context, bookings: Sequence[str]) -> None:
        """`rest` is the id of one part. Raises `BadInput`."""
        if self.rest is not None:
            raise for_one_alone("--rest", bookings)

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Record `BookingRescheduled`; for days in the middle `BookingHeld`, and of a firm
        booking `BookingConfirmed`; promotions of those behind a hold.

        Raises `UnknownId`, `WrongState`, `NotItsTime`, `GivesBackAll`, `BadId`, `AlreadyExists`;
        for a started booking `StaysWhereItStarted`, `OutsideBooking`, `DayWasReported`.
        """
        booking = read_booking(ctx, booking_id)
        require(booking, "held", "confirmed", "started")
        period = self.when.resolve(booking.period.zone)
        if not booking.period.covers(period):
            raise NotItsTime(
                booking.id, asked=period, period=booking.period, position=booking.placed
            )
        left = outside(booking.period, period)
        if not left:
            raise GivesBackAll(booking.id, is_held=booking.is_held, position=booking.placed)
        if self.rest is not None and len(left) == 1:
            raise BadInput(
                f"nothing of booking {booking.id!r} is left after {period} that needs an id",
                advice="Leave out --rest",
            )
        _carve(ctx, booking, left, self.rest)


class SplitBooking(Decision, frozen=True, tag="booking split"):
    """Make two bookings of one: it ends before `at`, and another begins there.

    The second has the id `rest` (None: `BOOKING-2`). A hold keeps its place for both.
    """

    booking: str
    at: Moment
    rest: str | None = None

    def decide(self, ctx: Context) -> None:
        """Record `BookingRescheduled` and `BookingHeld`, and of a firm booking `BookingConfirmed`.

        Raises `UnknownId`, `WrongState`, `BadInput`, `BadId`, `AlreadyExists`; for a started
        booking `OutsideBooking`, `DayWasReported`.
        """
        booking = read_booking(ctx, self.booking)
        require(booking, "held", "confirmed", "started")
        was = booking.period
        at = self.at.resolve(was.zone)
        if not was.start < at < was.end:
            raise BadInput(
                f"booking {booking.id!r} cannot be split at {self.at}: it has {was}",
                advice="Give the first day of its second part",
            )
        parts = Period.between(was.start, at, was.zone), Period.between(at, was.end, was.zone)
        _carve(ctx, booking, parts, self.rest)


def _carve(ctx: Context, booking: Booking, parts: tuple[Period, ...], rest: str | None) -> None:
    kept, *others = parts
    read_open_project(ctx, booking.project)
    ids = part_ids(ctx, booking.id, others, rest)
    if booking.is_held:
        ladder = Ladder(ctx, booking.space)
        ladder.release_expired(booking.period)
        carve_hold(ctx, ladder, find_hold(ladder, booking), booking, kept, ids)
    else:
        carve_firm(ctx, booking, kept, ids)


class MergeBookings(Decision, frozen=True, tag="booking merge"):
    """Make one booking of several of one project whose days meet; the first keeps its id.

    All are holds, or all are firm, and they have the same space and units. A merged hold is
    behind everyone who was ahead of any of them. Equipment that is out for one of the others
    comes back first.
    """

    bookings: tuple[str, ...]

    def decide(self, ctx: Context) -> None:
        """Record `BookingMerged` for each of the others, `BookingRescheduled` for the first,
        and what changes on the ladder.

        Raises `BadInput`, `UnknownId`, `WrongState`, `NotAlike`, `EquipmentIsOut`,
        `StaysWhereItStarted`, `ProjectIsClosed`.
        """
        if len(self.bookings) < 2 or len(set(self.bookings)) < len(self.bookings):
            raise BadInput(
                "a merge needs two bookings or more, each named once",
                advice="Name first the one that keeps its id",
            )
        kept, *others = (read_booking(ctx, id) for id in self.bookings)
        require(kept, "held", "confirmed", "started")
        for other in others:
            require(other, "held" if kept.is_held else "confirmed")
            _check_alike(kept, other)
            _check_nothing_out(ctx, other)
        read_open_project(ctx, kept.project)
        period = _joined(kept, others)
        plan = _joined_plan([kept, *others])
        if kept.is_held:
            _merge_holds(ctx, kept, others, period, plan)
            return
        if kept.state == "started" and period.start != kept.period.start:
            raise StaysWhereItStarted(kept.id, position=kept.position)
        for other in others:
            ctx.record(merged(other, into=kept.id))
        ctx.record(new_terms(kept, period=period, plan=plan))


def _merge_holds(
    ctx: Context,
    kept: Booking,
    others: list[Booking],
    period: Period,
    plan: tuple[DayPlan, ...],
) -> None:
    ladder = Ladder(ctx, kept.space)
    ladder.release_expired(*(one.period for one in (kept, *others)))
    hold, *absorbed = (find_hold(ladder, one) for one in (kept, *others))
    ids = {one.booking for one in (hold, *absorbed)}
    ahead = {
        other.booking
        for one in (hold, *absorbed)
        for other in ladder.ahead_of(one)
        if other.booking not in ids
    }
    ladder.leave(hold, *absorbed)
    ranks = (one.rank for one in ladder.overlapping(period) if one.booking in ahead)
    whole = ladder.put(replace(hold, period=period), 1 + max(ranks, default=0))
    ladder.record(
        *(merged(other, into=kept.id) for other in others),
        new_terms(kept, period=period, plan=plan, rank=whole.rank),
    )
    carry_challenges(ctx, ladder, (hold, *absorbed), whole)


def merged(one: Booking | Hold, *, into: str) -> BookingMerged:
    """Return the event that makes a booking a part of another."""
    return BookingMerged(
        booking=one.booking if isinstance(one, Hold) else one.id,
        space=one.space,
        project=one.project,
        period=one.period,
        into=into,
    )


def _check_alike(kept: Booking, other: Booking) -> None:
    for what in ("space", "project", "units"):
        mine, its = getattr(kept, what), getattr(other, what)
        if mine != its:
            raise NotAlike(
                other.id, kept=kept.id, what=what, its=its, kepts=mine, position=other.newest
            )


def _check_nothing_out(ctx: Context, booking: Booking) -> None:
    pieces, position = Counter[str](), dict[str, int]()
    for entry in ctx.read(tag("booking", booking.id), *_LENT):
        event: Any = entry.event
        match event:
            case EquipmentCheckedOut():
                pieces[event.equipment] = 1
            case EquipmentCheckedIn():
                pieces[event.equipment] = 0
            case StockTransferred():
                for lot, sign in ((event.origin, -1), (event.destination, 1)):
                    if lot is not None and lot.booking == booking.id:
                        pieces[event.equipment] += sign * event.quantity
            case _:
                raise UnreadableEvent(entry.type, position=entry.position)
        position[event.equipment] = entry.position
    out = sorted(+pieces)
    for item in out:
        raise EquipmentIsOut(booking.id, equipment=item, more=len(out) - 1, position=position[item])


_LENT = (EquipmentCheckedOut, EquipmentCheckedIn, StockTransferred)


def _joined(kept: Booking, others: list[Booking]) -> Period:
    """Return the time of all of them. Raises `BadInput` if they leave a gap."""
    ordered = sorted((kept, *others), key=lambda one: (one.period.start, one.period.end))
    end = ordered[0].period.end
    for before, after in pairwise(ordered):
        end = max(end, before.period.end)
        if end < after.period.start:
            raise BadInput(
                f"between bookings {before.id!r} and {after.id!r} is time that neither has",
                advice="Move one of them first, so that they meet: booking move",
            )
    return Period.between(
        ordered[0].period.start, max(one.period.end for one in ordered), kept.period.zone
    )


def _joined_plan(bookings: list[Booking]) -> tuple[DayPlan, ...]:
    """Return the types of all their days; on a day of several, the first one's."""
    types: dict[date, DayType] = {}
    for one in reversed(bookings):
        types |= {day: one.day_type(day) for day in one.period.days}
    plan: list[DayPlan] = []
    for day in sorted(types):
        if types[day] == "shoot":
            continue
        if plan and plan[-1].type == types[day] and plan[-1].last + timedelta(days=1) == day:
            plan[-1] = replace(plan[-1], last=day)
        else:
            plan.append(DayPlan(day, day, types[day]))
    return tuple(plan)
