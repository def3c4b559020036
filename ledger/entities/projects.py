"""A project: its title and kind, whether it is open, and its milestones."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, ClassVar, Literal

from msgspec import field
from msgspec.structs import replace

from ledger.entities.folding import Noun, Part, Saying, Says, nothing, with_part
from ledger.errors import UnreadableEvent
from ledger.events.base import Event, RecordedEvent
from ledger.events.projects import (
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    Outcome,
    ProjectClosed,
    ProjectKind,
    ProjectOpened,
)


class Milestone(Part, frozen=True):
    """A milestone: the day planned, the day reached, each with its event.

    `first_planned_on` is what was planned before anybody moved it. Without any day it is
    withdrawn.
    """

    name: str
    first_planned_on: date | None = None
    planned_on: date | None = None
    planned: int | None = None
    reached_on: date | None = None
    reached: int | None = None

    @property
    def stands(self) -> bool:
        """Whether it is planned or reached."""
        return self.planned_on is not None or self.reached_on is not None

    def told(self, field: str) -> Iterator[Saying]:
        """Its two days."""
        yield Saying(f"planned.{self.name}", self.planned_on, position=self.planned)
        yield Saying(f"reached.{self.name}", self.reached_on, position=self.reached)


_STONES: dict[type[Event], Callable[[Milestone, Any, int], Milestone]] = {
    MilestonePlanned: lambda known, event, at: replace(
        known,
        first_planned_on=known.first_planned_on or event.on,
        planned_on=event.on,
        planned=at,
    ),
    MilestoneReached: lambda known, event, at: replace(known, reached_on=event.on, reached=at),
    MilestoneWithdrawn: lambda known, event, at: Milestone(known.name),
}

MILESTONES = tuple(_STONES)


def milestones_after(before: tuple[Milestone, ...], entry: RecordedEvent) -> tuple[Milestone, ...]:
    """The milestones of a project after an event about one. Raises `UnreadableEvent`."""
    event: Any = entry.event
    step = _STONES.get(type(event))
    if step is None:
        raise UnreadableEvent(entry.type, position=entry.position)
    blank = Milestone(event.milestone)
    known = next((one for one in before if one.name == event.milestone), blank)
    return with_part(before, step(known, event, entry.position))


def _opened(_: None, event: ProjectOpened, entry: RecordedEvent) -> dict[str, Any]:
    return {
        "id": event.project,
        "state": "open",
        "title": event.title,
        "kind": event.kind,
        "opened_on": event.on,
        "position": entry.position,
    }


def _closed(_: "Project", event: ProjectClosed, entry: RecordedEvent) -> dict[str, Any]:
    return {
        "state": "closed",
        "closed_on": event.on,
        "outcome": event.outcome,
        "closed": entry.position,
    }


class Project(Noun, frozen=True):
    """A project without its milestones.

    `position` is the event that opened it, `closed` the one that closed it.
    """

    noun: ClassVar[str] = "project"
    says: ClassVar[Mapping[type[Event], Says]] = {
        ProjectOpened: _opened,
        ProjectClosed: _closed,
        **dict.fromkeys(MILESTONES, nothing),
    }
    begins: ClassVar[frozenset[type[Event]]] = frozenset({ProjectOpened})
    untold: ClassVar[frozenset[str]] = frozenset({"id", "position", "closed"})

    id: str
    state: Literal["open", "closed"] = field(name="status")
    title: str
    kind: ProjectKind
    opened_on: date
    position: int
    closed_on: date | None = None
    outcome: Outcome | None = None
    closed: int | None = None

    def is_active(self, day: date) -> bool:
        """Whether it was open at the end of a day."""
        return self.opened_on <= day and (self.closed_on is None or day < self.closed_on)


def _milestone(before: "FullProject", _: Any, entry: RecordedEvent) -> dict[str, Any]:
    return {"milestones": milestones_after(before.milestones, entry)}


class FullProject(Project, frozen=True):
    """A project with its milestones."""

    says: ClassVar[Mapping[type[Event], Says]] = {
        **Project.says,
        **dict.fromkeys(MILESTONES, _milestone),
    }

    milestones: tuple[Milestone, ...] = ()
