"""The days of a firm booking: it starts, reports its shoot days, wraps; or it is called off.

These commands record the past, so their day must have begun on the clock of the site.

None of them reads the space: the booking has had its days since the confirm, and other
holds and confirms do not disturb the report of a shoot day.
"""

from datetime import date, timedelta
from math import isfinite
from typing import Any

from msgspec import UNSET, UnsetType

from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.refusals import (
    AlreadyReported,
    BeforeStart,
    DayWasReported,
    NothingToCorrect,
    OutsideBooking,
    ShotAlready,
)
from ledger.decisions.bookings.state import read_booking, require
from ledger.decisions.past_tense import check_begun
from ledger.entities.bookings import Booking
from ledger.errors import BadInput, UnreadableEvent
from ledger.events.bookings import (
    BookingCancelled,
    BookingStarted,
    BookingWrapped,
    ShootDayReported,
)
from ledger.tags import tag
from ledger.time.periods import Days, Period

MAX_COUNT = 99_999
"""Setups or eighths of a page in one day; more is a slip of the keyboard."""


class StartBooking(Decision, frozen=True, tag="booking start"):
    """Start a booking: the production moved in on the day `on`, one of the booking's days."""

    booking: str
    on: date

    def decide(self, ctx: Context) -> None:
        """Record `BookingStarted`.

        Raises `UnknownId`, `WrongState`, `OutsideBooking`, `DayToCome`.
        """
        booking = read_booking(ctx, self.booking)
        require(booking, "confirmed")
        _check_day(ctx, booking, self.on, "cannot have started")
        ctx.record(
            BookingStarted(
                booking=booking.id,
                space=booking.space,
                project=booking.project,
                period=booking.period,
                on=self.on,
            )
        )


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
        present = reports[-1].position if reports else None
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
        for name, what in _COUNTS.items():
            count = said.get(name, 0)
            if not 0 <= count <= MAX_COUNT:
                raise BadInput(
                    f"{count} {what} is impossible",
                    advice=f"Give a number from 0 to {MAX_COUNT:,}",
                )
        return said


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


class WrapBooking(Decision, frozen=True, tag="booking wrap"):
    """Wrap a booking: the production moved out after the day `on`, the last that it used.

    Later days of the booking are free again.
    """

    booking: str
    on: date

    def decide(self, ctx: Context) -> None:
        """Record `BookingWrapped`.

        Raises `UnknownId`, `WrongState`, `OutsideBooking`, `BeforeStart`, `DayToCome`,
        `DayWasReported`.
        """
        booking = read_booking(ctx, self.booking)
        require(booking, "started")
        _check_day(ctx, booking, self.on, "cannot have wrapped")
        was = booking.period
        midnight = Days(self.on, self.on).period(was.zone).end
        used = Period(was.start, min(was.end, midnight), was.zone)
        check_days_kept(ctx, booking, used)
        ctx.record(
            BookingWrapped(
                booking=booking.id,
                space=booking.space,
                project=booking.project,
                period=used,
                on=self.on,
                was_period=was,
                units=booking.units,
            )
        )


class CancelBooking(Decision, frozen=True, tag="booking cancel"):
    """Cancel a booking that was confirmed, or started and never shot; its days are free again."""

    booking: str

    def decide(self, ctx: Context) -> None:
        """Record `BookingCancelled`. Raises `UnknownId`, `WrongState`, `ShotAlready`."""
        booking = read_booking(ctx, self.booking)
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
    check_begun(ctx, f"booking {booking.id!r} {what}", day, zone_name=booking.period.zone)
