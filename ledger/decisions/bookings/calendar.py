"""The calendar of a space: its firm bookings.

A booking is *firm* from its confirm on: while it is confirmed, while it runs, and after the
wrap for the days that it used. No batch leaves firm bookings of an exclusive space overlapping,
or those of a shared space with more than its capacity, at any instant. One thing does: an
overrun. A production that stays too long has used the time, even where another had booked
it, and its wrap names those that it overran.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.entities.floor_plans import FloorPlan
from ledger.errors import UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingMerged,
    BookingRescheduled,
    BookingWrapped,
)
from ledger.tags import tag
from ledger.time.periods import Period

CALENDAR = (
    BookingConfirmed,
    BookingRescheduled,
    BookingWrapped,
    BookingCancelled,
    BookingMerged,
)
"""The events that change the calendar. Not a hold, which takes no room, nor a start or a shoot
day: the crew that moves in on Monday has had the stage since its confirm."""


class FirmBooking(Struct, frozen=True):
    """A firm booking; `position` is the event that gave it its time."""

    booking: str
    space: str
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
                was = firm.pop(event.booking, None)
                if event.rank is None and event.space == space:
                    is_same = was is not None and was.period == event.period
                    position = was.position if was and is_same else entry.position
                    firm[event.booking] = _firm(event, position)
            case BookingWrapped() as event:
                # a month that only an overrun reaches has no earlier event of the booking
                was = firm.get(event.booking) or _firm(event, entry.position)
                firm[event.booking] = replace(was, period=event.period)
            case BookingCancelled() | BookingMerged() as event:
                firm.pop(event.booking, None)
            case _:
                raise UnreadableEvent(entry.type, position=entry.position)
    return {one.booking: one for one in firm.values() if month in one.period.months}


def _firm(
    event: BookingConfirmed | BookingRescheduled | BookingWrapped, position: int
) -> FirmBooking:
    return FirmBooking(
        event.booking, event.space, event.project, event.period, event.units, position
    )


def read_sharing(
    ctx: Context, plan: FloorPlan, space: str, period: Period, *, but: str = ""
) -> list[FirmBooking]:
    """Return the firm bookings of a space, and of those that share its floor, in a period.

    Earliest first. `but` is a booking to leave out.
    """
    spaces = plan.sharing(space)
    found = [one for it in spaces for one in read_firm_bookings(ctx, it, period, but=but)]
    if len(spaces) > 1:
        found.sort(key=lambda one: (one.period.start, one.position))
    return found


def read_firm_bookings(
    ctx: Context, space: str, period: Period, *, but: str = ""
) -> list[FirmBooking]:
    """Return the firm bookings of a space that overlap a period, earliest first.

    Reads the months in which such bookings are found. `but` is a booking to leave out.
    """
    found: dict[str, FirmBooking] = {}
    for month in period.months_to_read:
        found |= fold_firm_bookings(ctx.read(tag("space", space, month), *CALENDAR), space, month)
    overlapping = (f for f in found.values() if f.booking != but and f.period.overlaps(period))
    return sorted(overlapping, key=lambda one: (one.period.start, one.position))
