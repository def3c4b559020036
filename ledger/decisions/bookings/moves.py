"""Moving a booking in time, to another space, or both.

A hold that moves goes to the back of the queue where it arrives, unless it only gives days
back: then it keeps its place. A firm booking moves only to where it could be confirmed, and
takes no day that another booking holds. A started one can change its end.
"""

from collections.abc import Iterator
from datetime import timedelta

from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.calendar import read_firm_bookings
from ledger.decisions.bookings.capacity import blocking_holds, check_bookable, check_capacity
from ledger.decisions.bookings.holds import check_plan, find_hold
from ledger.decisions.bookings.ladder import Ladder, gives_back_only
from ledger.decisions.bookings.refusals import HeldByAnother, StaysWhereItStarted
from ledger.decisions.bookings.shoot_days import check_days_kept
from ledger.decisions.bookings.state import read_booking, require
from ledger.decisions.projects import read_open_project
from ledger.decisions.sites import read_space
from ledger.entities.bookings import Booking
from ledger.entities.spaces import Space
from ledger.errors import BadInput
from ledger.events.bookings import BookingRescheduled, DayPlan
from ledger.time.periods import Period, When


class MoveBooking(Decision, frozen=True, tag="booking move"):
    """Reschedule a booking; `when`, `space` or `plan` stays the same if None.

    A booking of whole days keeps its days on the clock of a space in another zone. Its plan
    of days moves along (`move_plan`).
    """

    booking: str
    when: When | None = None
    space: str | None = None
    plan: tuple[DayPlan, ...] | None = None

    def decide(self, ctx: Context) -> None:
        """Record `BookingRescheduled`, and the promotions of those behind a hold.

        Raises `BadInput`, `UnknownId`, `WrongState`, `ProjectIsClosed`, what `check_bookable`
        raises; for a firm booking `SpaceTaken`, `SpaceFull`, `HeldByAnother`; for a started
        one `StaysWhereItStarted`, `DayWasReported`, `OutsideBooking`.
        """
        booking = read_booking(ctx, self.booking)
        require(booking, "held", "confirmed", "started")
        read_open_project(ctx, booking.project)
        space = read_space(ctx, booking.space if self.space is None else self.space)
        period = self._period(booking, space)
        plan = (
            move_plan(booking.plan, booking.period, period)
            if self.plan is None
            else check_plan(self.plan, period)
        )
        if (space.id, period, plan) == (booking.space, booking.period, booking.plan):
            raise BadInput(
                f"booking {booking.id!r} already has {space.id!r} on {period}",
                advice="Give other days with --days or another space with --space",
            )
        check_bookable(ctx, space, period, booking.units)
        if booking.state == "held":
            rank, ladder = _move_hold(ctx, booking, space, period)
        else:
            rank, ladder = None, _move_firm(ctx, booking, space, period)
        ladder.record(
            BookingRescheduled(
                booking=booking.id,
                space=space.id,
                project=booking.project,
                period=period,
                was_space=booking.space,
                was_period=booking.period,
                rank=rank,
                units=booking.units,
                expires_at=None if rank is None else booking.expires_at,
                plan=plan,
            )
        )

    def _period(self, booking: Booking, space: Space) -> Period:
        if self.when is not None:
            return self.when.resolve(space.zone)
        was = booking.period
        if was.days.period(was.zone) == was:
            return was.days.period(space.zone)
        return Period(was.start, was.end, space.zone)


def _move_hold(ctx: Context, booking: Booking, space: Space, period: Period) -> tuple[int, Ladder]:
    """Return its new rank, and the ladder that it leaves or stays on, where others move up."""
    left = Ladder(ctx, booking.space)
    if space.id != booking.space:
        left.release_expired(booking.period)
        hold = find_hold(left, booking)
        reached = Ladder(ctx, space.id)
        reached.release_expired(period)
        left.leave(hold)
        return reached.next_rank(period), left
    left.release_expired(booking.period, period)
    hold = find_hold(left, booking)
    if gives_back_only(booking.space, booking.period, space.id, period):
        return left.give_back(hold, period), left
    left.leave(hold)
    return left.next_rank(period), left


def _move_firm(ctx: Context, booking: Booking, space: Space, period: Period) -> Ladder:
    """Return the ladder of the space that it moves to, where it must pass no hold."""
    if booking.state == "started":
        if (space.id, period.start) != (booking.space, booking.period.start):
            raise StaysWhereItStarted(booking.id, position=booking.position)
        check_days_kept(ctx, booking, period)
    firm = read_firm_bookings(ctx, space.id, period, but=booking.id)
    check_capacity(space, period, booking.units, firm)
    taken = [period] if space.id != booking.space else list(_further(booking.period, period))
    ladder = Ladder(ctx, space.id)
    ladder.release_expired(*taken)
    for part in taken:
        for hold in blocking_holds(space, part, booking.units, firm, ladder.overlapping(part)):
            raise HeldByAnother(
                booking.id, holder=hold.booking, period=hold.period, position=hold.since
            )
    return ladder


def _further(was: Period, period: Period) -> Iterator[Period]:
    """Yield the parts of a new period that are not in the old one."""
    if not was.overlaps(period):
        yield period
        return
    if period.start < was.start:
        yield Period(period.start, was.start, period.zone)
    if was.end < period.end:
        yield Period(was.end, period.end, period.zone)


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
