"""MUTANT: changes a copy of a row and never puts it back. Caught by `events_stay`."""

from ledger.events import BookingCancelled, BookingConfirmed
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Booking(Row):
    """A booking, and whether it is off."""

    booking: str = key()
    cancelled: bool = False


class EditsCopies(Projection):
    """Firm bookings and those that were called off."""

    bookings = table(Booking)

    @on(BookingConfirmed)
    def confirmed(self, event: BookingConfirmed, entry: RecordedEvent) -> None:
        """Note it."""
        self.bookings.edit(event.booking)

    @on(BookingCancelled)
    def cancelled(self, event: BookingCancelled, entry: RecordedEvent) -> None:
        """Mark it; but `get` gave a copy."""
        row = self.bookings.get(event.booking)
        if row is not None:
            row.cancelled = True

    @view("Bookings, and whether they are off")
    def bookings_off(self) -> list[Booking]:
        """All of them."""
        return self.bookings.rows()
