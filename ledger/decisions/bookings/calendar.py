"""The calendar of a space: its firm bookings.

A booking is *firm* from its confirm on: while it is confirmed, while it runs, and after the
wrap for the days that it used. Firm bookings of an exclusive space never overlap; those of
a shared space together take at most its capacity, at every instant.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.errors import UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingRescheduled,
    BookingWrapped,
)
from ledger.tags import tag
from ledger.time.periods import Period

CALENDAR = (BookingConfirmed, BookingRescheduled, BookingWrapped, BookingCancelled)
"""The events that change the calendar. Not a hold, which takes no room, nor a start or a shoot
day: the crew that moves in on Monday has had the stage since its confirm."""


class FirmBooking(Struct, frozen=True):
    """A firm booking; `position` is the event that gave it its time."""

    booking: str
    project: str
    period: Period
    units: int
    position: int


def fold_firm_bookings(
    entries: Iterable[RecordedEvent], space: str, month: str
) -> dict[str, FirmBooking]:
    """Return the firm bookings that touch a month of a space, from its bucket's events.

    As with holds, a bucket is enough for its own month. Raises `UnreadableEvent`.
    """
    firm: dict[str, FirmBooking] = {}
    for entry in entries:
        match entry.event:
            case BookingConfirmed() as event:
                firm[event.booking] = _firm(event, entry.position)
            case BookingRescheduled() as event:
                firm.pop(event.booking, None)
                if event.rank is None and event.space == space:
                    firm[event.booking] = _firm(event, entry.position)
            case BookingWrapped() as event:
                if event.booking in firm:
                    firm[event.booking] = replace(firm[event.booking], period=event.period)
            case BookingCancelled() as event:
                firm.pop(event.booking, None)
            case _:
                raise UnreadableEvent(entry.type, position=entry.position)
    return {one.booking: one for one in firm.values() if month in one.period.months}


def _firm(event: BookingConfirmed | BookingRescheduled, position: int) -> FirmBooking:
    return FirmBooking(event.booking, event.project, event.period, event.units, position)


def read_firm_bookings(
    ctx: Context, space: str, period: Period, *, but: str = ""
) -> list[FirmBooking]:
    """Return the firm bookings of a space that overlap a period, earliest first.

    Reads the months that the period touches. `but` is a booking to leave out.
    """
    found: dict[str, FirmBooking] = {}
    for month in period.months:
        found |= fold_firm_bookings(ctx.read(tag("space", space, month), *CALENDAR), space, month)
    overlapping = (f for f in found.values() if f.booking != but and f.period.overlaps(period))
    return sorted(overlapping, key=lambda one: (one.period.start, one.position))
