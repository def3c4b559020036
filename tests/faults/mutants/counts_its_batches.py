"""MUTANT: takes the first event of a batch for the first of a day. Caught by `batches`."""

from ledger.events import BookingHeld
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Space(Row):
    """How often a space was asked for, and on how many occasions."""

    space: str = key()
    holds: int = 0
    occasions: int = 0


class CountsItsBatches(Projection):
    """Holds by space."""

    spaces = table(Space)

    @on(BookingHeld)
    def held(self, event: BookingHeld, entry: RecordedEvent) -> None:
        """Count it; a further occasion where nothing waits to be written."""
        first = self.spaces.written == 0
        row = self.spaces.edit(event.space)
        row.holds += 1
        row.occasions += first

    @view("Holds by space")
    def holds_by_space(self) -> list[Space]:
        """All spaces that somebody held."""
        return self.spaces.rows()
