"""A project: its title and kind, whether it is open, and its milestones."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal, Self

from msgspec import field
from msgspec.structs import replace

from ledger.entities.folding import Noun, Part, Saying, with_part
from ledger.errors import UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.projects import (
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    Outcome,
    ProjectClosed,
    ProjectKind,
    ProjectOpened,
)

MILESTONES = (MilestonePlanned, MilestoneReached, MilestoneWithdrawn)


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


def milestones_after(before: tuple[Milestone, ...], entry: RecordedEvent) -> tuple[Milestone, ...]:
    """The milestones of a project after an event about one. Raises `UnreadableEvent`."""
    event, at = entry.event, entry.position
    if not isinstance(event, MILESTONES):
        raise UnreadableEvent(entry.type, position=at)
    blank = Milestone(event.milestone)
    known = next((one for one in before if one.name == event.milestone), blank)
    match event:
        case MilestonePlanned():
            first = known.first_planned_on or event.on
            known = replace(known, first_planned_on=first, planned_on=event.on, planned=at)
        case MilestoneReached():
            known = replace(known, reached_on=event.on, reached=at)
        case MilestoneWithdrawn():
            known = blank
    return with_part(before, known)


class Project(Noun, frozen=True):
    """A project without its milestones.

    `position` is the event that opened it, `closed` the one that closed it.
    """

    noun: ClassVar[str] = "project"
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

    @classmethod
    def after(cls, before: Self | None, entry: RecordedEvent) -> Self | None:
        """The project after an event."""
        match entry.event:
            case ProjectOpened() as event:
                return cls(
                    id=event.project,
                    state="open",
                    title=event.title,
                    kind=event.kind,
                    opened_on=event.on,
                    position=entry.position,
                )
            case ProjectClosed() as event:
                return before and replace(
                    before,
                    state="closed",
                    closed_on=event.on,
                    outcome=event.outcome,
                    closed=entry.position,
                )
            case MilestonePlanned() | MilestoneReached() | MilestoneWithdrawn():
                return before
        raise UnreadableEvent(entry.type, position=entry.position)


class FullProject(Project, frozen=True):
    """A project with its milestones."""

    milestones: tuple[Milestone, ...] = ()

    @classmethod
    def after(cls, before: Self | None, entry: RecordedEvent) -> Self | None:
        """The project after an event."""
        after = super().after(before, entry)
        if after is None or not isinstance(entry.event, MILESTONES):
            return after
        return replace(after, milestones=milestones_after(after.milestones, entry))
