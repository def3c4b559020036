"""MUTANT: a view writes down that it was asked. Caught by `views_answer`."""

from ledger.events import ProjectOpened
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Project(Row):
    """A project, and how often somebody asked for it."""

    project: str = key()
    asked: int = 0


class WritesInAView(Projection):
    """Projects by how often they are asked for."""

    projects = table(Project)

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Note it."""
        self.projects.edit(event.project)

    @view("Projects by interest")
    def projects_by_interest(self) -> list[Project]:
        """All projects, each asked for once more."""
        for row in self.projects.rows():
            self.projects.edit(row.project).asked += 1
        return self.projects.rows()
