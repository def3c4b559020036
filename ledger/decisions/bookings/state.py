"""A booking as a decision reads it: from its turning points alone."""

from ledger.decisions.base import Context
from ledger.decisions.bookings.job_refusals import IsAJob
from ledger.decisions.bookings.refusals import (
    WrongState,
)
from ledger.entities.bookings import TURNING_POINTS, Booking, State
from ledger.errors import UnknownId, UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.bookings import BookingHeld
from ledger.tags import tag


def booking_entries(ctx: Context, booking_id: str) -> list[RecordedEvent]:
    """Return the turning points of a booking; nothing if it does not exist."""
    return ctx.read(tag("booking", booking_id), *TURNING_POINTS)


def read_booking(ctx: Context, booking_id: str) -> Booking:
    """The booking as it stands. Raises `UnknownId`, `IsAJob`, `UnreadableEvent`."""
    entries = booking_entries(ctx, booking_id)
    if not entries:
        refuse_job(ctx, booking_id)
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


def job_members(ctx: Context, job: str) -> list[str]:
    """Return the bookings of a job, also those that are over."""
    members = []
    for entry in ctx.read(tag("job", job), BookingHeld):
        if not isinstance(entry.event, BookingHeld):
            raise UnreadableEvent(entry.type, position=entry.position)
        members.append(entry.event.booking)
    return members


def refuse_job(ctx: Context, id: str) -> None:
    """Refuse an id where one booking is meant, if it is a job's. Raises `IsAJob`."""
    entry = ctx.last(tag("job", id), BookingHeld)
    if entry is not None:
        raise IsAJob(id, bookings=tuple(job_members(ctx, id)), position=entry.position)
