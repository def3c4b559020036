"""A space: the facts that hold of it, each from a day on, and its days in service."""

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.entities.facts import Saying
from ledger.events.base import Event
from ledger.events.sites import SpaceChanged, SpaceCommissioned, SpaceDecommissioned

TYPES: tuple[type[Event], ...] = (SpaceCommissioned, SpaceChanged, SpaceDecommissioned)

FACTS = ("name", "kind", "area_m2", "capacity", "answer_within_hours", "phase")
"""What may be otherwise from a day on. A change says all of them, not only what differs."""


def ids(event: Event) -> tuple[str, ...]:
    """The space of which an event says something: not of its closures and bookings."""
    return (event.space,) if isinstance(event, TYPES) else ()  # type: ignore[attr-defined]  # each of TYPES has a space


def says(event: Event, id: str, known: Mapping[str, Any]) -> Iterator[Saying]:
    """What an event says of a space. Of one day that was said last holds."""
    match event:
        case SpaceCommissioned():
            yield Saying("site", event.site)
            yield Saying("zone", event.zone)
            yield Saying("in_service_on", event.in_service_on)
            for name in FACTS:
                yield Saying(name, getattr(event, name), event.in_service_on)
        case SpaceChanged():
            for name in FACTS:
                yield Saying(name, getattr(event, name), event.on)
        case SpaceDecommissioned():
            yield Saying("out_of_service_on", event.on)
