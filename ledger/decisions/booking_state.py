"""A booking as it stands: its state, since when, and where it is.

held -> confirmed -> started -> wrapped
held -> released              confirmed -> cancelled
                              started, no shoot day reported -> cancelled
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.decisions.booking_refusals import WrongState
from ledger.errors import UnknownId, UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    DayPlan,
    HoldReleased,
)
from ledger.tags import tag
from ledger.times import Period

State = Literal["held", "released", "confirmed", "started", "wrapped", "cancelled"]

TURNING_POINTS = (
    BookingHeld,
    HoldReleased,
    BookingConfirmed,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    BookingCancelled,
)
"""What changes a booking's state, time or place: a handful of events in a long life. Not its
promotions, nor the two hundred shoot days of a series."""


class Booking(Struct, frozen=True):
    """A booking. After the wrap `period` is what it used.

    `position` is the event that put it in its state, `placed` the one that gave it its time.
    `newest` is the later of the two: what made it as it is now.
    """

    id: str
    space: str
    project: str
    period: Period
    state: State
    position: int
    placed: int
    units: int
    plan: tuple[DayPlan, ...]
    expires_at: datetime | None
    started_on: date | None = None

    @property
    def newest(self) -> int:
        """The last event that changed it."""
        return max(self.position, self.placed)


def read_booking(ctx: Context, booking_id: str) -> Booking:
    """The booking as it stands. Raises `UnknownId`, `UnreadableEvent`."""
    entries = ctx.read(tag("booking", booking_id), *TURNING_POINTS)
    if not entries:
        raise UnknownId("booking", booking_id)
    return fold_booking(entries)


def fold_booking(entries: Iterable[RecordedEvent]) -> Booking:
    """A booking from its turning points, oldest first. Raises `UnreadableEvent`."""
    booking: Booking | None = None
    for entry in entries:
        at = entry.position
        event = entry.event
        if isinstance(event, BookingHeld):
            booking = Booking(
                id=event.booking,
                space=event.space,
                project=event.project,
                period=event.period,
                state="held",
                position=at,
                placed=at,
                units=event.units,
                plan=event.plan,
                expires_at=event.expires_at,
            )
            continue
        if booking is None:
            raise UnreadableEvent(entry.type, position=at)
        match event:
            case HoldReleased():
                booking = replace(booking, state="released", position=at)
            case BookingConfirmed():
                booking = replace(booking, state="confirmed", position=at)
            case BookingStarted():
                booking = replace(booking, state="started", position=at, started_on=event.on)
            case BookingWrapped():
                booking = replace(
                    booking, state="wrapped", position=at, placed=at, period=event.period
                )
            case BookingCancelled():
                booking = replace(booking, state="cancelled", position=at)
            case BookingRescheduled():
                booking = replace(
                    booking,
                    space=event.space,
                    period=event.period,
                    plan=event.plan,
                    placed=at,
                )
            case _:
                raise UnreadableEvent(entry.type, position=at)
    if booking is None:
        raise UnreadableEvent("BookingHeld", position=0)
    return booking


def require(booking: Booking, *states: State) -> None:
    """Raises `WrongState` unless the booking is in one of the states."""
    if booking.state not in states:
        raise WrongState(
            booking.id, state=booking.state, needed=" or ".join(states), position=booking.newest
        )
