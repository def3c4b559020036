"""MUTANT: takes it that who confirms was seen to hold. Caught by `unknown_events`."""

from ledger.events import BookingConfirmed, BookingHeld
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Booking(Row):
    """A booking's state."""

    booking: str = key()
    state: str = "held"


class WantsEveryEvent(Projection):
    """Bookings by state."""

    bookings = table(Booking)

    @on(BookingHeld)
    def held(self, event: BookingHeld, entry: RecordedEvent) -> None:
        """Note it."""
        self.bookings.edit(event.booking)

    @on(BookingConfirmed)
    def confirmed(self, event: BookingConfirmed, entry: RecordedEvent) -> None:
        """It must be there: the hold came first."""
        row = self.bookings.get(event.booking)
        if row is None:
            raise LookupError(event.booking)
        row.state = "confirmed"
        self.bookings.put(row)

    @view("Bookings by state")
    def booking_states(self) -> list[Booking]:
        """All of them."""
        return self.bookings.rows()
