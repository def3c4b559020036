"""MUTANT: knows from a set of its module whom it has counted. Caught by `restarts`."""

from ledger.events import BookingHeld
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view

_seen: set[tuple[str, str]] = set()


class Space(Row):
    """How many projects have asked for a space."""

    space: str = key()
    projects: int = 0


class CountsNewcomers(Projection):
    """Projects by space."""

    spaces = table(Space)

    @on(BookingHeld)
    def held(self, event: BookingHeld, entry: RecordedEvent) -> None:
        """Count a project once; but the next program has seen nobody yet."""
        if (event.space, event.project) not in _seen:
            _seen.add((event.space, event.project))
            self.spaces.edit(event.space).projects += 1

    @view("Projects that asked for a space")
    def projects_by_space(self) -> list[Space]:
        """All spaces that somebody asked for."""
        return self.spaces.rows()
