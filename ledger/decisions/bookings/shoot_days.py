"""The days of a firm booking: it starts, reports its shoot days, wraps; or it is called off.

These commands record the past, so their day must have begun on the clock of the site.

None of them reads the holds and confirms of the space, so these do not disturb the report of
a shoot day: the booking has had its days since the confirm. A start asks who started last in
the space, and an overrun asks whose days it used.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from math import isfinite
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.capacity import first_shortage, read_beside
from ledger.decisions.bookings.refusals import (
    AlreadyReported,
    BeforeStart,
    DayWasReported,
    NothingToCorrect,
    OutsideBooking,
    ShotAlready,
)
from ledger.decisions.bookings.several import SeveralBookings
from ledger.decisions.bookings.state import read_booking, require
from ledger.decisions.past_tense import check_begun_at
from ledger.decisions.sites import read_floor_plan
from ledger.entities.bookings import Booking
from ledger.entities.floor_plans import Wanted
from ledger.errors import BadInput, UnreadableEvent
from ledger.events.bookings import (
    BookingCancelled,
    BookingStarted,
    BookingWrapped,
    ShootDayReported,
)
from ledger.tags import tag
from ledger.time.periods import Days, Period, check_day

MAX_COUNT = 99_999
"""Setups or eighths of a page in one day; more is a slip of the keyboard."""


class StartBooking(SeveralBookings, frozen=True, tag="booking start"):
    """Start a booking: the production moved in on the day `on`, one of the booking's days.

    The event names the booking that should have left the space and has not wrapped.
    """

    on: date

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Record `BookingStarted`.

        Raises `UnknownId`, `WrongState`, `OutsideBooking`, `DayToCome`.
        """
        booking = read_booking(ctx, booking_id)
        require(booking, "confirmed")
        _check_day(ctx, booking, self.on, "cannot have started")
        ctx.record(
            BookingStarted(
                booking=booking.id,
                space=booking.space,
                project=booking.project,
                period=booking.period,
                on=self.on,
                still_in=_still_in(ctx, booking),
            )
        )


def _still_in(ctx: Context, booking: Booking) -> str | None:
    """Return a booking that started last in the space, or one that shares its floor, and is there
    though its days are over.
    """
    plan = read_floor_plan(ctx, booking.space)
    for space in plan.sharing(booking.space):
        last = ctx.last(tag("space", space), BookingStarted)
        if last is None:
            continue
        if not isinstance(last.event, BookingStarted):
            raise UnreadableEvent(last.type, position=last.position)
        other = read_booking(ctx, last.event.booking)
        is_late = other.state == "started" and other.period.end <= booking.period.start
        if is_late and other.space == space:
            return other.id
    return None


class ReportShootDay(Decision, frozen=True, tag="booking report"):
    """Report what a shoot day planned and did; pages in eighths of a script page.

    Give at least one figure, even if it is 0: the report makes the day a shoot day. A
    wrapped booking still takes reports of its days: they often come later. `corrects` is
    the position of the day's current report, which this one replaces; figures that are not
    given then stay the same. Otherwise they are 0.
    """

    booking: str
    day: date
    setups_planned: int | UnsetType = UNSET
    setups_shot: int | UnsetType = UNSET
    pages_planned_eighths: int | UnsetType = UNSET
    pages_shot_eighths: int | UnsetType = UNSET
    shooting_hours: float | UnsetType = UNSET
    corrects: int | None = None

    def decide(self, ctx: Context) -> None:
        """Record `ShootDayReported`.

        Raises `BadInput`, `UnknownId`, `WrongState`, `OutsideBooking`, `BeforeStart`,
        `DayToCome`, `AlreadyReported`, `NothingToCorrect`.
        """
        said = self._said()
        booking = read_booking(ctx, self.booking)
        require(booking, "started", "wrapped")
        _check_day(ctx, booking, self.day, "cannot have shot")
        _check_hours(said.get("shooting_hours", 0.0), self.day, booking.period.zone)
        # The bucket of this one day: two assistants can report different days at the same
        # time without a conflict.
        reports = ctx.read(tag("booking", booking.id, self.day.isoformat()), ShootDayReported)
        present = reports[-1].said_at if reports else None
        stands = dict.fromkeys(_FIGURES, 0)
        if reports:
            if not isinstance(reports[-1].event, ShootDayReported):
                raise UnreadableEvent(reports[-1].type, position=reports[-1].position)
            stands = {name: getattr(reports[-1].event, name) for name in _FIGURES}
        if present is None and self.corrects is not None:
            raise NothingToCorrect(booking.id, day=self.day, position=self.corrects)
        if present is not None and self.corrects != present:
            raise AlreadyReported(booking.id, day=self.day, position=present)
        ctx.record(
            ShootDayReported(
                booking=booking.id,
                space=booking.space,
                project=booking.project,
                period=booking.period,
                day=self.day,
                **(stands | said),
            ),
            corrects=self.corrects,
        )

    def _said(self) -> dict[str, Any]:
        """Return the figures that are given. Raises `BadInput` if there are none."""
        said = {name: value for name in _FIGURES if (value := getattr(self, name)) is not UNSET}
        if not said:
            raise BadInput(
                f"the report of {self.day} has no figures",
                advice="Give what was planned or shot, such as --setups-shot 0",
            )
        _check_counts(said)
        return said


def _check_counts(said: Mapping[str, Any]) -> None:
    for name, what in _COUNTS.items():
        count = said.get(name, 0)
        if not 0 <= count <= MAX_COUNT:
            raise BadInput(
                f"{count} {what} is impossible", advice=f"Give a number from 0 to {MAX_COUNT:,}"
            )


_COUNTS = {
    "setups_planned": "setups planned",
    "setups_shot": "setups shot",
    "pages_planned_eighths": "eighths of pages planned",
    "pages_shot_eighths": "eighths of pages shot",
}
_FIGURES = (*_COUNTS, "shooting_hours")


def _check_hours(hours: float, day: date, zone_name: str) -> None:
    """Check that the day has that many hours, 23 or 25 if the clocks change. Raises `BadInput`."""
    whole = Days(day, day).period(zone_name)
    most = (whole.end - whole.start) / timedelta(hours=1)
    if not (isfinite(hours) and 0 <= hours <= most):
        raise BadInput(
            f"{day} has no {hours} shooting hours", advice=f"Give a number from 0 to {most:g}"
        )


class WrapBooking(SeveralBookings, frozen=True, tag="booking wrap"):
    """Wrap a booking: the production moved out after the day `on`, the last that it used.

    Later days of the booking are free again. A day after its end is an overrun, a fact that no
    rule refuses: its days count, and the event names the firm bookings that had them.
    """

    on: date

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Record `BookingWrapped`.

        Raises `UnknownId`, `WrongState`, `OutsideBooking`, `BeforeStart`, `DayToCome`,
        `DayWasReported`.
        """
        booking = read_booking(ctx, booking_id)
        require(booking, "started")
        was = booking.period
        check_day(self.on)
        _check_day(ctx, booking, min(self.on, was.days.last), "cannot have wrapped")
        what = f"booking {booking.id!r} cannot have wrapped"
        check_begun_at(ctx, what, self.on, space=booking.space, zone_name=was.zone)
        used = BookingWrapped.used(was, self.on)
        check_days_kept(ctx, booking, used)
        wrapped = BookingWrapped(
            booking=booking.id,
            space=booking.space,
            project=booking.project,
            period=used,
            on=self.on,
            was_period=was,
            units=booking.units,
        )
        ctx.record(replace(wrapped, overran=overran(ctx, wrapped)))


def overran(ctx: Context, wrapped: BookingWrapped) -> tuple[str, ...]:
    """Return the firm bookings whose time a booking used; of a shared space, where it was full."""
    used, was = wrapped.period, wrapped.was_period
    if used.end <= was.end:
        return ()
    after = Period.between(was.end, used.end, used.zone)
    plan = read_floor_plan(ctx, wrapped.space)
    wanted = Wanted(wrapped.space, wrapped.project, after, wrapped.units)
    firm = read_beside(ctx, plan, wanted, but=wrapped.booking)
    there = [one for one in firm if one.period.overlaps(after)]
    return tuple(one.booking for one in there) if first_shortage(plan, wanted, there) else ()


class CancelBooking(SeveralBookings, frozen=True, tag="booking cancel"):
    """Cancel a booking that was confirmed, or started and never shot; its days are free again."""

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Record `BookingCancelled`. Raises `UnknownId`, `WrongState`, `ShotAlready`."""
        booking = read_booking(ctx, booking_id)
        require(booking, "confirmed", "started")
        if booking.state == "started":
            _check_never_shot(ctx, booking)
        ctx.record(
            BookingCancelled(
                booking=booking.id,
                space=booking.space,
                project=booking.project,
                period=booking.period,
            )
        )


def check_days_kept(ctx: Context, booking: Booking, period: Period) -> None:
    """Check that the start and every reported day are in the period.

    Raises `OutsideBooking` for the start, `DayWasReported` for a report.
    """
    days = period.days
    if booking.started_on is not None and booking.started_on not in days:
        raise OutsideBooking(
            booking.id, day=booking.started_on, period=period, position=booking.position
        )
    for entry in ctx.read(tag("booking", booking.id), ShootDayReported):
        if not isinstance(entry.event, ShootDayReported):
            raise UnreadableEvent(entry.type, position=entry.position)
        if entry.event.day not in days:
            raise DayWasReported(booking.id, day=entry.event.day, position=entry.position)


def check_reports(ctx: Context, booking: Booking) -> Iterator[tuple[date, int]]:
    """Yield the days of its reports with their positions, each one day of the booking.

    Raises `DayWasReported` for another day, `AlreadyReported` for a second report of a day.
    """
    found: dict[date, int] = {}
    for entry in ctx.read(tag("booking", booking.id), ShootDayReported):
        if not isinstance(entry.event, ShootDayReported):
            raise UnreadableEvent(entry.type, position=entry.position)
        day = entry.event.day
        if day not in booking.period.days:
            raise DayWasReported(booking.id, day=day, position=entry.said_at)
        if day in found:
            raise AlreadyReported(booking.id, day=day, position=found[day])
        found[day] = entry.said_at
        yield day, entry.said_at


def check_report(ctx: Context, event: ShootDayReported) -> None:
    """Check the figures of a report, and that its day has begun. Raises `BadInput`, `DayToCome`."""
    _check_counts({name: getattr(event, name) for name in _COUNTS})
    _check_hours(event.shooting_hours, event.day, event.period.zone)
    what = f"booking {event.booking!r} cannot have shot"
    check_begun_at(ctx, what, event.day, space=event.space, zone_name=event.period.zone)


def _check_never_shot(ctx: Context, booking: Booking) -> None:
    last = ctx.last(tag("booking", booking.id), ShootDayReported)
    if last is None:
        return
    if not isinstance(last.event, ShootDayReported):
        raise UnreadableEvent(last.type, position=last.position)
    raise ShotAlready(booking.id, day=last.event.day, position=last.position)


def _check_day(ctx: Context, booking: Booking, day: date, what: str) -> None:
    if day not in booking.period.days:
        raise OutsideBooking(booking.id, day=day, period=booking.period, position=booking.placed)
    if booking.started_on is not None and day < booking.started_on:
        raise BeforeStart(
            booking.id, day=day, started_on=booking.started_on, position=booking.position
        )
    check_begun_at(
        ctx,
        f"booking {booking.id!r} {what}",
        day,
        space=booking.space,
        zone_name=booking.period.zone,
    )
