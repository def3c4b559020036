"""MUTANT: numbers rows with a counter of its module. Caught by `replay`."""

from ledger.events import ProjectOpened
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view

_issued = 0


class Number(Row):
    """A project's number."""

    project: str = key()
    number: int = 0


class NumbersItsRows(Projection):
    """Numbers of projects."""

    numbers = table(Number)

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Give the next number."""
        global _issued  # noqa: PLW0603  # the fault that is shown
        _issued += 1
        self.numbers.edit(event.project).number = _issued

    @view("Numbers of projects")
    def project_numbers(self) -> list[Number]:
        """All projects."""
        return self.numbers.rows()
