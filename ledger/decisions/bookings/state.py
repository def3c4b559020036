"""A booking as a decision reads it: from its turning points alone."""

from ledger.decisions.base import Context
from ledger.decisions.bookings.refusals import WrongState
from ledger.entities.bookings import TURNING_POINTS, Booking, State
from ledger.errors import UnknownId, UnreadableEvent
from ledger.events.bookings import BookingHeld
from ledger.tags import tag


def read_booking(ctx: Context, booking_id: str) -> Booking:
    """The booking as it stands. Raises `UnknownId`, `UnreadableEvent`."""
    entries = ctx.read(tag("booking", booking_id), *TURNING_POINTS)
    if not entries:
        raise UnknownId("booking", booking_id)
    if not isinstance(entries[0].event, BookingHeld):
        raise UnreadableEvent(entries[0].type, position=entries[0].position)
    return Booking.fold(entries)


def require(booking: Booking, *states: State) -> None:
    """Raises `WrongState` unless the booking is in one of the states."""
    if booking.state not in states:
        raise WrongState(
            booking.id, state=booking.state, needed=" or ".join(states), position=booking.newest
        )
