"""MUTANT: a booking keeps its first days when it moves. Pure; caught by its `oracles`."""

from datetime import date

from ledger.events import BookingCancelled, BookingConfirmed
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Booked(Row):
    """A firm booking's days."""

    booking: str = key()
    space: str = ""
    first: date | None = None
    last: date | None = None


class ForgetsReschedules(Projection):
    """Which days are booked; nothing handles BookingRescheduled."""

    bookings = table(Booked)

    @on(BookingConfirmed)
    def confirmed(self, event: BookingConfirmed, entry: RecordedEvent) -> None:
        """Note its days."""
        days = event.period.days
        self.bookings.put(Booked(event.booking, event.space, days.first, days.last))

    @on(BookingCancelled)
    def cancelled(self, event: BookingCancelled, entry: RecordedEvent) -> None:
        """Its days are free again."""
        self.bookings.delete(event.booking)

    @view("Booked days")
    def booked_days(self) -> list[Booked]:
        """Every firm booking."""
        return self.bookings.rows()
