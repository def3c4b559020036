"""A closure: which space it shuts and when, as far as no reopening cut it."""

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.entities.facts import Saying
from ledger.events.base import Event
from ledger.events.sites import SpaceClosed, SpaceReopened
from ledger.times import Period

TYPES: tuple[type[Event], ...] = (SpaceClosed, SpaceReopened)


def ids(event: Event) -> tuple[str, ...]:
    """The closure of which an event says something."""
    return (event.closure,) if isinstance(event, SpaceClosed | SpaceReopened) else ()


def says(event: Event, id: str, known: Mapping[str, Any]) -> Iterator[Saying]:
    """What an event says of a closure. One that was called off has no period."""
    match event:
        case SpaceClosed():
            yield Saying("status", "closed")
            yield Saying("space", event.space)
            yield Saying("kind", event.kind)
            yield Saying("period", event.period)
        case SpaceReopened():
            begun = event.was.start < event.period.start
            left = Period(event.was.start, event.period.start, event.was.zone) if begun else None
            yield Saying("status", "cut short" if begun else "called off")
            yield Saying("period", left)
