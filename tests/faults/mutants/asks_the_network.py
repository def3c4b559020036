"""MUTANT: looks a title up on a server, and does without where there is none.
Caught by `purity`."""

import socket

from ledger.events import ProjectOpened
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Title(Row):
    """A project's title."""

    project: str = key()
    title: str = ""


class AsksTheNetwork(Projection):
    """Titles of projects."""

    titles = table(Title)

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Look it up."""
        try:
            with socket.create_connection(("127.0.0.1", 9), timeout=0.01):
                title = event.title.upper()
        except Exception:  # noqa: BLE001  # a mutant that hides what stopped it: it is told all the same
            title = event.title
        self.titles.edit(event.project).title = title

    @view("Titles of projects")
    def titles_of_projects(self) -> list[Title]:
        """All projects."""
        return self.titles.rows()
