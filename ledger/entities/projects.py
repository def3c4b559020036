"""A project: its title and kind, whether it is open, and its milestones."""

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.entities.facts import Saying
from ledger.events.base import Event
from ledger.events.projects import (
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    ProjectClosed,
    ProjectOpened,
)

TYPES: tuple[type[Event], ...] = (
    ProjectOpened,
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    ProjectClosed,
)

PLANNED, REACHED = "planned", "reached"
"""Fields of each milestone, `planned.picture-wrap`: the day."""


def ids(event: Event) -> tuple[str, ...]:
    """The project of which an event says something."""
    return (event.project,) if isinstance(event, TYPES) else ()  # type: ignore[attr-defined]  # each of TYPES has a project


def says(event: Event, id: str, known: Mapping[str, Any]) -> Iterator[Saying]:
    """What an event says of a project. `known` are its values by the events recorded before."""
    match event:
        case ProjectOpened():
            yield Saying("status", "open")
            yield Saying("title", event.title)
            yield Saying("kind", event.kind)
            yield Saying("opened_on", event.on)
        case MilestonePlanned():
            yield Saying(f"{PLANNED}.{event.milestone}", event.on)
        case MilestoneReached():
            yield Saying(f"{REACHED}.{event.milestone}", event.on)
        case MilestoneWithdrawn():
            for field in (f"{PLANNED}.{event.milestone}", f"{REACHED}.{event.milestone}"):
                if known.get(field) is not None:
                    yield Saying(field, None)
        case ProjectClosed():
            yield Saying("status", "closed")
            yield Saying("closed_on", event.on)
            yield Saying("outcome", event.outcome)
