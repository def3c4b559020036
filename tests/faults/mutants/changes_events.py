"""MUTANT: tidies up the event that it is given. Caught by `events_stay`."""

from ledger.events import ProjectOpened
from ledger.plugin import Event, Projection, RecordedEvent, Row, key, on, table, view


class CastAnnounced(Event, frozen=True):
    """Who is in it."""

    type_name = "cast.Announced"
    project: str
    names: list[str]


class Cast(Row):
    """The names of a project's cast, in order."""

    project: str = key()
    names: tuple[str, ...] = ()


class ChangesEvents(Projection):
    """Casts by project."""

    casts = table(Cast)

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Nobody yet."""
        self.casts.edit(event.project)

    @on(CastAnnounced)
    def announced(self, event: CastAnnounced, entry: RecordedEvent) -> None:
        """Sort the names in place, for whoever handles the event next."""
        event.names.sort()
        self.casts.edit(event.project).names = tuple(event.names)

    @view("Casts")
    def casts_by_project(self) -> list[Cast]:
        """All projects."""
        return self.casts.rows()
