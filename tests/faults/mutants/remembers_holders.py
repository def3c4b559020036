"""MUTANT: keeps who holds what in a dict of its module. Caught by `no_other_state`."""

from ledger.events import BookingConfirmed, BookingHeld
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view

_RANKS: dict[str, int] = {}


class Firm(Row):
    """A booking that was confirmed, and from which rank."""

    booking: str = key()
    rank_when_held: int = 0


class RemembersHolders(Projection):
    """From which place in the queue bookings become firm."""

    bookings = table(Firm)

    @on(BookingHeld)
    def held(self, event: BookingHeld, entry: RecordedEvent) -> None:
        """Remember the rank, where no rebuild will find it."""
        _RANKS[event.booking] = event.rank

    @on(BookingConfirmed)
    def confirmed(self, event: BookingConfirmed, entry: RecordedEvent) -> None:
        """Write it down."""
        self.bookings.edit(event.booking).rank_when_held = _RANKS.get(event.booking, -1)

    @view("Firm bookings and the rank that they had")
    def firm_ranks(self) -> list[Firm]:
        """All of them."""
        return self.bookings.rows()
