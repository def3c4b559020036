"""Putting a project right: its title and kind, its days, its milestones; and reopening it."""

from collections.abc import Callable
from datetime import date
from typing import Any

from ledger.decisions.base import Context, Decision
from ledger.decisions.corrections import (
    Mistake,
    check_reason,
    find_standing,
    put_right,
    take_back,
)
from ledger.decisions.past_tense import check_begun
from ledger.decisions.project_refusals import AlreadyReached, BeforeItOpened, NotClosed
from ledger.decisions.projects import read_project
from ledger.entities.projects import MILESTONES
from ledger.errors import BadInput, UnknownId
from ledger.events.projects import (
    MilestonePlanned,
    MilestoneReached,
    ProjectClosed,
    ProjectKind,
    ProjectOpened,
)
from ledger.tags import check_id, check_text, tag
from ledger.time.periods import check_day


def judge_project(ctx: Context, mistake: Mistake) -> Callable[[], None]:
    """Return what judges a project after a correction."""

    def judge() -> None:
        if not ctx.read(mistake.thing, *mistake.types):
            return  # its opening was taken back, and nothing else is known of it
        project = read_project(ctx, mistake.id)
        check_begun(ctx, f"project {project.id!r} cannot have opened", project.opened_on)
        if project.closed_on is not None:
            check_begun(ctx, f"project {project.id!r} cannot have closed", project.closed_on)
            if project.closed_on < project.opened_on:
                raise BeforeItOpened(
                    project.id,
                    project.closed_on,
                    opened_on=project.opened_on,
                    position=project.position,
                )
        _check_milestones(ctx, mistake.thing)

    return judge


def _check_milestones(ctx: Context, thing: str) -> None:
    """Check that each milestone was reached once, on a day that has begun."""
    reached: dict[str, tuple[date, int]] = {}
    for entry in ctx.read(thing, *MILESTONES):
        event: Any = entry.event
        check_id("milestone", event.milestone)
        if isinstance(event, MilestoneReached):
            what = f"milestone {event.milestone!r} cannot be reached"
            check_begun(ctx, what, event.on)
            if event.milestone in reached:
                on, position = reached[event.milestone]
                raise AlreadyReached(event.milestone, on, position=position)
            reached[event.milestone] = event.on, entry.said_at
        elif isinstance(event, MilestonePlanned):
            check_day(event.on)
        else:
            reached.pop(event.milestone, None)


class ChangeProject(Decision, frozen=True, tag="project change"):
    """Put a project's title, kind or opening day right; give only what differs."""

    project: str
    title: str | None = None
    kind: ProjectKind | None = None
    opened_on: date | None = None

    def decide(self, ctx: Context) -> None:
        """Correct its `ProjectOpened`. Raises `UnknownId`, `BadInput`, `NothingChanges`."""
        check_reason(ctx)
        title = None if self.title is None else check_text("title", self.title)
        given = {"title": title, "kind": self.kind, "on": self.opened_on}
        changes = {name: value for name, value in given.items() if value is not None}
        if not changes:
            raise BadInput("no change is given", advice="Give what differs: --title")
        opening = find_standing(ctx, tag("project", self.project), ProjectOpened, judge_project)
        if opening is None:
            raise UnknownId("project", self.project)
        put_right(ctx, opening, changes)


class ReopenProject(Decision, frozen=True, tag="project reopen"):
    """Open a closed project again: its closing is taken back."""

    project: str

    def decide(self, ctx: Context) -> None:
        """Undo its `ProjectClosed`. Raises `UnknownId`, `NotClosed`."""
        check_reason(ctx)
        project = read_project(ctx, self.project)
        thing = tag("project", self.project)
        while closing := find_standing(ctx, thing, ProjectClosed, judge_project):
            take_back(ctx, closing)
        if project.closed is None:
            raise NotClosed(self.project, position=project.position)
