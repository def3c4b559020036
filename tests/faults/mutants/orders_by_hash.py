"""MUTANT: goes through a set in the order that it has. Caught by `order_of_sets`."""

from ledger.events import BookingHeld
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Project(Row):
    """The spaces that a project asked for."""

    project: str = key()
    spaces: tuple[str, ...] = ()


class OrdersByHash(Projection):
    """Spaces by project."""

    projects = table(Project)

    @on(BookingHeld)
    def held(self, event: BookingHeld, entry: RecordedEvent) -> None:
        """Keep each space once."""
        row = self.projects.edit(event.project)
        row.spaces = tuple({*row.spaces, event.space})

    @view("Spaces that a project asked for")
    def spaces_asked_for(self) -> list[Project]:
        """All projects."""
        return self.projects.rows()
