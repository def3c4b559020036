"""MUTANT: a further row for what only a later question shows. Caught by `as_of`."""

from ledger.events import BookingConfirmed
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view

_LATEST: list[int] = [0]


class Count(Row):
    """How many bookings were firm."""

    what: str = key()
    bookings: int = 0


class PeeksAtTheFuture(Projection):
    """Firm bookings, against the most that there ever were."""

    counts = table(Count)

    @on(BookingConfirmed)
    def confirmed(self, event: BookingConfirmed, entry: RecordedEvent) -> None:
        """Count it."""
        row = self.counts.edit("firm")
        row.bookings += 1
        _LATEST[0] = max(_LATEST[0], row.bookings)

    @view("Firm bookings, and the most ever")
    def firm_bookings(self) -> list[Count]:
        """Both counts."""
        return [*self.counts.rows(), Count("most ever", _LATEST[0])]
