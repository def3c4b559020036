"""Projects: opened, through the milestones that they plan and reach, to closed."""

from datetime import date

from msgspec import Struct

from ledger.decisions.base import Context
from ledger.errors import ProjectIsClosed, UnknownId, UnreadableEvent
from ledger.events.projects import Outcome, ProjectClosed, ProjectKind, ProjectOpened
from ledger.tags import tag

# --- what is known of a project ------------------------------------------------------


class Project(Struct, frozen=True):
    """A project; `position` is the event that opened it, `closed` the one that closed it."""

    id: str
    title: str
    kind: ProjectKind
    opened_on: date
    position: int
    closed_on: date | None = None
    outcome: Outcome | None = None
    closed: int | None = None


def read_project(ctx: Context, project_id: str) -> Project:
    """The project, open or closed. Raises `UnknownId`."""
    entries = ctx.read(tag("project", project_id), ProjectOpened, ProjectClosed)
    if not entries:
        raise UnknownId("project", project_id)
    opened = entries[0].event
    if not isinstance(opened, ProjectOpened):
        raise UnreadableEvent(entries[0].type, position=entries[0].position)
    closed_on, outcome, position = None, None, None
    for entry in entries[1:]:
        if not isinstance(entry.event, ProjectClosed):
            raise UnreadableEvent(entry.type, position=entry.position)
        closed_on, outcome, position = entry.event.on, entry.event.outcome, entry.position
    return Project(
        id=project_id,
        title=opened.title,
        kind=opened.kind,
        opened_on=opened.on,
        position=entries[0].position,
        closed_on=closed_on,
        outcome=outcome,
        closed=position,
    )


def read_open_project(ctx: Context, project_id: str) -> Project:
    """The project, which must be open. Raises `UnknownId`, `ProjectIsClosed`."""
    project = read_project(ctx, project_id)
    if project.closed is not None:
        raise ProjectIsClosed(project_id, position=project.closed)
    return project
