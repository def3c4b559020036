"""Moving a booking in time, to another space, or both.

A hold that moves goes to the back of the queue where it arrives, unless it only gives days
back: then it keeps its place. A firm booking moves only to where it could be confirmed, and
takes no day that another project holds before its own does; it takes up its own project's
hold on its new days. A started one can change its end.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from ledger.decisions.base import Context
from ledger.decisions.bookings.capacity import blocking_holds, check_bookable, read_beside
from ledger.decisions.bookings.day_plans import change_plan, check_plan
from ledger.decisions.bookings.holds import find_hold
from ledger.decisions.bookings.job_refusals import NotAtOneTime
from ledger.decisions.bookings.ladder import Hold, Ladder
from ledger.decisions.bookings.parts import clip_plan, new_terms, outside
from ledger.decisions.bookings.refusals import (
    HeldByAnother,
    StaysWhereItStarted,
)
from ledger.decisions.bookings.room import check_room
from ledger.decisions.bookings.several import SeveralBookings
from ledger.decisions.bookings.shoot_days import check_days_kept
from ledger.decisions.bookings.splits import merged
from ledger.decisions.bookings.state import read_booking, require
from ledger.decisions.projects import read_open_project
from ledger.entities.bookings import Booking
from ledger.entities.floor_plans import Wanted
from ledger.entities.spaces import Space
from ledger.errors import BadInput
from ledger.events.base import Event
from ledger.events.bookings import DayPlan
from ledger.time.periods import Days, Moment, Period, When, has_hour, parse_date


class MoveBooking(SeveralBookings, frozen=True, tag="booking move"):
    """Reschedule a booking, or several as one; `when` or `space` stays the same if None.

    `to` is a new end alone, a time or the last day: the start stays.
    A booking of whole days keeps its days on the clock of a space in another zone. Its plan
    of days moves along (`move_plan`). `plan` changes the days that it names, and no other;
    `clear_plan` makes the others shoot days. Several that move to `when` have one time now.
    """

    when: When | None = None
    space: str | None = None
    plan: tuple[DayPlan, ...] = ()
    clear_plan: bool = False
    to: Moment | None = None

    def check_several(self, ctx: Context, bookings: Sequence[str]) -> None:
        """Only bookings of one time move to the same days. Raises `NotAtOneTime`."""
        if self.when is None:
            return
        first, *others = (read_booking(ctx, booking) for booking in bookings)
        for other in others:
            if str(other.period) != str(first.period):
                raise NotAtOneTime(
                    first.id,
                    period=first.period,
                    other=other.id,
                    others=other.period,
                    position=other.placed,
                )

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Record `BookingRescheduled`, and the promotions of those behind a hold.

        A hold of its own project that it takes up becomes a part of it (`BookingMerged`), or
        keeps its days beside it (`BookingRescheduled`).

        Raises `BadInput`, `UnknownId`, `WrongState`, `ProjectIsClosed`, what `check_bookable`
        raises; for a firm booking `SpaceTaken`, `SpaceFull`, `HeldByAnother`; for a started
        one `StaysWhereItStarted`, `DayWasReported`, `OutsideBooking`.
        """
        booking = read_booking(ctx, booking_id)
        require(booking, "held", "confirmed", "started")
        read_open_project(ctx, booking.project)
        ladder = Ladder(ctx, booking.space if self.space is None else self.space)
        space = ladder.space
        period = self._period(booking, space)
        kept = () if self.clear_plan else move_plan(booking.plan, booking.period, period)
        plan = change_plan(kept, check_plan(self.plan, period))
        if (space.id, period, plan) == (booking.space, booking.period, booking.plan):
            raise BadInput(
                f"booking {booking.id!r} already has {space.id!r} on {period}",
                advice="Give other days with --days, another space with --space, or a --plan",
            )
        check_bookable(ctx, ladder.plan, space.id, period, booking.units)
        changes: dict[str, Any] = {"space": space.id, "period": period, "plan": plan}
        if booking.state == "held":
            rank, keeps_place, left = _move_hold(ctx, booking, ladder, period)
            left.record(new_terms(booking, rank=rank, keeps_place=keeps_place, **changes))
        else:
            taken_up = _move_firm(ctx, booking, ladder, period)
            ladder.record(*taken_up, new_terms(booking, **changes))

    def _period(self, booking: Booking, space: Space) -> Period:
        if self.when is not None:
            if self.to is not None:
                raise BadInput(
                    "two ends are given", advice="Give either a new end or a whole new period"
                )
            return self.when.resolve(space.zone)
        was = booking.period
        if was.first is not None:
            was = was.days.period(space.zone)
        end = was.end if self.to is None else _end(self.to, space.zone)
        return Period.between(was.start, end, space.zone)


def _end(to: Moment, zone_name: str) -> datetime:
    """Return the end that a time names, or a day as the last one."""
    if has_hour(to.text):
        return to.resolve(zone_name)
    day = parse_date(to.text)
    return Days(day, day).period(zone_name).end


def _move_hold(
    ctx: Context, booking: Booking, reached: Ladder, period: Period
) -> tuple[int, bool, Ladder]:
    """Return its new rank, whether it keeps its place, and the ladder that it leaves or stays on.

    There others move up.
    """
    if booking.space not in reached.plan.spaces:
        left = Ladder(ctx, booking.space)
        left.release_expired(booking.period)
        hold = find_hold(left, booking)
        reached.release_expired(period)
        left.leave(hold)
        return reached.next_rank(period), False, left
    reached.release_expired(booking.period, period)
    hold = find_hold(reached, booking)
    if booking.space == reached.space.id and booking.period.covers(period):
        (shorter,) = reached.keep(hold, {booking.id: period})  # takes no other days
        return shorter.rank, True, reached
    reached.leave(hold)
    return reached.next_rank(period), False, reached


def _move_firm(ctx: Context, booking: Booking, ladder: Ladder, period: Period) -> list[Event]:
    """Return what becomes of its project's holds in the space that it moves to."""
    space, project, units = ladder.space.id, booking.project, booking.units
    if booking.state == "started":
        if (space, period.start) != (booking.space, booking.period.start):
            raise StaysWhereItStarted(booking.id, position=booking.position)
        check_days_kept(ctx, booking, period)
    firm = read_beside(ctx, ladder.plan, Wanted(space, project, period, units), but=booking.id)
    taken = [period] if space != booking.space else outside(period, booking.period)
    for part in taken:  # its old days stay its own, even where another one overran into them
        check_room(ctx, booking.id, ladder.plan, Wanted(space, project, part, units), firm)
    ladder.release_expired(*taken)
    own: dict[str, Hold] = {}
    for part in taken:
        wanted = Wanted(space, project, part, units)
        holds = blocking_holds(ladder.plan, wanted, firm, ladder.overlapping(part))
        mine = [hold for hold in holds if (hold.project, hold.space) == (project, space)]
        for hold in holds:
            if hold not in mine and not _is_ahead(mine, hold, part):
                raise HeldByAnother(
                    booking.id, holder=hold.booking, period=hold.period, position=hold.since
                )
        own |= {hold.booking: hold for hold in mine}
    return [_taken_up(ctx, ladder, hold, booking, period) for hold in own.values()]


def _is_ahead(mine: Sequence[Hold], other: Hold, part: Period) -> bool:
    """Whether holds of the booking's own project are ahead of another one wherever it is."""
    left = [
        Period.between(
            max(other.period.start, part.start), min(other.period.end, part.end), part.zone
        )
    ]
    for hold in mine:
        if hold.rank < other.rank:
            left = [piece for one in left for piece in outside(one, hold.period)]
    return not left


def _taken_up(ctx: Context, ladder: Ladder, hold: Hold, booking: Booking, period: Period) -> Event:
    """Return what becomes of a hold whose project's booking takes its days.

    Raises `HeldByAnother` for a hold with days on both sides, which has to be split first.
    """
    left = outside(hold.period, period)
    if not left:
        ladder.leave(hold)
        return merged(hold, into=booking.id)
    if len(left) > 1:
        raise HeldByAnother(
            booking.id, holder=hold.booking, period=hold.period, position=hold.since
        )
    (shorter,) = ladder.keep(hold, {hold.booking: left[0]})
    known = read_booking(ctx, hold.booking)
    return new_terms(
        known,
        period=left[0],
        plan=clip_plan(known.plan, left[0]),
        rank=shorter.rank,
        keeps_place=True,
    )


def move_plan(plan: tuple[DayPlan, ...], was: Period, period: Period) -> tuple[DayPlan, ...]:
    """Return the day types after a move: they move along with the first day.

    A booking that grows or shrinks in place keeps each day's type instead: the strike on
    the 14th stays on the 14th when the 1st and 2nd are given back. Days outside the new
    period are dropped.
    """
    days, before = period.days, was.days
    stays = was.overlaps(period) and len(days) != len(before)
    shift = timedelta() if stays else days.first - before.first
    kept = []
    for part in plan:
        first, last = max(part.first + shift, days.first), min(part.last + shift, days.last)
        if first <= last:
            kept.append(DayPlan(first, last, part.type))
    return tuple(kept)
