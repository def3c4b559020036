"""Judging a booking after one of its entries was corrected or undone."""

from collections.abc import Callable
from datetime import date

from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.decisions.bookings.capacity import (
    blocking_holds,
    check_bookable,
    check_capacity,
    read_beside,
)
from ledger.decisions.bookings.day_plans import check_plan
from ledger.decisions.bookings.holds import find_hold
from ledger.decisions.bookings.ladder import Ladder, about, ranked
from ledger.decisions.bookings.parts import outside
from ledger.decisions.bookings.refusals import (
    FollowsByItself,
    HeldByAnother,
    MovesInstead,
    OutsideBooking,
    SaysOtherwise,
    ShotAlready,
    StartsTooLate,
    WrongState,
)
from ledger.decisions.bookings.shoot_days import check_report, check_reports, overran
from ledger.decisions.correction_refusals import StandsOnIt
from ledger.decisions.corrections import Mistake
from ledger.decisions.past_tense import check_begun_at
from ledger.decisions.projects import read_open_project, read_project
from ledger.decisions.sites import read_floor_plan
from ledger.entities.bookings import TURNING_POINTS, Booking
from ledger.entities.floor_plans import Wanted
from ledger.events.base import Event
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    HoldPromoted,
    HoldReleased,
    ShootDayReported,
)
from ledger.time.periods import Period

FROM: dict[type[Event], tuple[str, ...]] = {
    HoldReleased: ("held",),
    BookingConfirmed: ("held",),
    BookingRescheduled: ("held", "confirmed", "started"),
    BookingStarted: ("confirmed",),
    BookingWrapped: ("started",),
    BookingCancelled: ("confirmed", "started"),
}
"""The states that a booking must be in before each event."""


def judge_booking(ctx: Context, mistake: Mistake) -> Callable[[], None]:
    """Return what judges a booking after a correction."""
    if isinstance(mistake.event, HoldPromoted):
        raise FollowsByItself(mistake.id, position=mistake.entry.position)
    before = _read(ctx, mistake)
    leaving = _hold_that_may_leave(ctx, before, mistake)

    def judge() -> None:
        after = _read(ctx, mistake)
        if after is None:
            if leaving is not None:
                leaving()
            return
        _check_order(ctx, mistake)
        _check_projects(ctx, mistake)
        for entry in ctx.read(mistake.thing, ShootDayReported):
            if entry.position == mistake.place and isinstance(entry.event, ShootDayReported):
                check_report(ctx, entry.event)
        _check_days(ctx, after)
        if before is None or after.project != before.project:
            read_project(ctx, after.project)
            if after.is_held or after.is_firm:
                read_open_project(ctx, after.project)
        if after.is_held:
            _judge_hold(ctx, before, after)
        elif not after.is_off:
            _judge_firm(ctx, before, _as_booked(ctx, mistake, after))
            if after.state == "wrapped" and (before is None or before.period != after.period):
                _name_overrun(ctx, mistake)

    return judge


def _as_booked(ctx: Context, mistake: Mistake, after: Booking) -> Booking:
    """Return the booking without the time that it overran, which is a fact that no rule refuses."""
    for entry in ctx.read(mistake.thing, BookingWrapped):
        event = entry.event
        if isinstance(event, BookingWrapped) and event.was_period.end < after.period.end:
            return replace(after, period=event.was_period)
    return after


def _name_overrun(ctx: Context, mistake: Mistake) -> None:
    """Let a wrap name the bookings whose time was used by what stands now."""
    for entry in ctx.read(mistake.thing, BookingWrapped):
        event = entry.event
        if isinstance(event, BookingWrapped) and (found := overran(ctx, event)) != event.overran:
            ctx.record(replace(event, overran=found), corrects=entry.said_at)


def _read(ctx: Context, mistake: Mistake) -> Booking | None:
    entries = ctx.read(mistake.thing, *TURNING_POINTS)
    return Booking.fold(entries) if entries else None


def _check_order(ctx: Context, mistake: Mistake) -> None:
    """Check that each event found the booking in a state that allows it. Raises `StandsOnIt`."""
    booking: Booking | None = None
    for entry in ctx.read(mistake.thing, *TURNING_POINTS):
        needed = FROM.get(type(entry.event))
        if booking is not None and needed is not None and booking.state not in needed:
            raise StandsOnIt(entry.type, position=entry.said_at)
        booking = Booking.after(booking, entry)


def _check_projects(ctx: Context, mistake: Mistake) -> None:
    """Check that each entry is for the project that the booking had by then.

    A correction of the project is carried on to later entries, and is not undone for one of them.
    Raises `SaysOtherwise`.
    """
    project: str | None = None
    for entry in ctx.read(mistake.thing, *mistake.types):
        event = entry.event
        if not isinstance(event, BookingEvent) or event.booking != mistake.id:
            continue
        before = event.was_project if isinstance(event, BookingRescheduled) else None
        before = event.project if before is None else before
        if project is not None and before != project:
            raise SaysOtherwise(mistake.id, its=before, project=project, position=entry.said_at)
        project = event.project


def _check_days(ctx: Context, booking: Booking) -> None:
    """Check the days of its start, its wrap, its plan and its reports."""
    days = booking.period.days
    check_plan([p for p in booking.plan if p.first in days], booking.period)
    if booking.wrapped_on is not None:
        _check_not_before(booking, "its wrap", booking.wrapped_on, booking.position)
    for on, what in ((booking.started_on, "started"), (booking.wrapped_on, "wrapped")):
        if on is None:
            continue
        if on not in days:
            raise OutsideBooking(
                booking.id, day=on, period=booking.period, position=booking.position
            )
        told = f"booking {booking.id!r} cannot have {what}"
        check_begun_at(ctx, told, on, space=booking.space, zone_name=booking.period.zone)
    for day, position in check_reports(ctx, booking):
        if booking.state not in ("started", "wrapped"):
            raise ShotAlready(booking.id, day=day, position=position)
        _check_not_before(booking, "a shoot day", day, position)


def _check_not_before(booking: Booking, what: str, day: date, position: int) -> None:
    if booking.started_on is not None and day < booking.started_on:
        raise StartsTooLate(
            booking.id, started_on=booking.started_on, what=what, day=day, position=position
        )


# --- a hold --------------------------------------------------------------------------


def _hold_that_may_leave(
    ctx: Context, before: Booking | None, mistake: Mistake
) -> Callable[[], None] | None:
    """Return what takes a hold off its ladder, once the entry that placed it is taken back."""
    if before is None or not before.is_held or not isinstance(mistake.event, BookingHeld):
        return None
    if before.has_passed(ctx.now):
        return None  # it is on no ladder any more
    ladder = Ladder(ctx, before.space)
    ladder.release_expired(before.period)
    hold = find_hold(ladder, before)

    def leave() -> None:
        ladder.leave(hold)
        ladder.record()

    return leave


def _judge_hold(ctx: Context, before: Booking | None, after: Booking) -> None:
    """A hold that is one again goes behind those that hold its days now."""
    if after.has_passed(ctx.now):
        return  # its days are over: it waits for no one, and no one for it
    if after.is_over(ctx.now):
        raise WrongState(after.id, state="expired", needed="held", position=after.placed)
    was_held = before is not None and before.is_held
    if was_held and before is not None:
        if (after.space, after.period) != (before.space, before.period):
            raise MovesInstead(after.id, position=after.placed)
        if after.units != before.units:
            plan = read_floor_plan(ctx, after.space)
            check_bookable(ctx, plan, after.space, after.period, after.units)
        return
    read_open_project(ctx, after.project)
    ladder = Ladder(ctx, after.space)
    check_bookable(ctx, ladder.plan, after.space, after.period, after.units)
    ladder.release_expired(after.period)
    hold = find_hold(ladder, after)
    others = ladder.overlapping(after.period, but=after.id)
    rank = 1 + max((one.rank for one in others), default=0)
    if rank > hold.rank:
        ctx.record(ranked(replace(hold, rank=rank), hold.rank, "displaced"))
    elif rank < hold.rank:
        ctx.record(HoldPromoted(**about(hold), was_rank=hold.rank, rank=rank))


# --- a firm booking ------------------------------------------------------------------


def _judge_firm(ctx: Context, before: Booking | None, after: Booking) -> None:
    """It has its days only where they are free."""
    taken: list[Period] = [after.period]
    had: Booking | None = None
    if before is not None and not before.is_held and not before.is_off:
        same = before.space == after.space and before.units >= after.units
        had = before if same else None
        taken = list(outside(after.period, before.period)) if same else taken
    if after.is_firm and (before is None or not before.is_firm):
        read_open_project(ctx, after.project)
    other_project = before is not None and after.is_firm and before.project != after.project
    if not taken and not other_project:
        return
    ladder = Ladder(ctx, after.space)
    check_bookable(ctx, ladder.plan, after.space, after.period, after.units)
    firm = read_beside(ctx, ladder.plan, after, but=after.id)
    check_capacity(ladder.plan, after, firm, instead_of=had)
    if after.state == "wrapped":
        return  # the days that it used are a fact, and a hold is none yet
    ladder.release_expired(*taken)
    for part in taken:
        wanted = Wanted(after.space, after.project, part, after.units)
        for hold in blocking_holds(ladder.plan, wanted, firm, ladder.overlapping(part)):
            raise HeldByAnother(
                after.id, holder=hold.booking, period=hold.period, position=hold.since
            )
