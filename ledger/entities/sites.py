"""A site: its name and clock, who runs it, and how long a challenged holder may think."""

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.entities.facts import Saying
from ledger.events.base import Event
from ledger.events.sites import SiteRegistered

TYPES: tuple[type[Event], ...] = (SiteRegistered,)


def ids(event: Event) -> tuple[str, ...]:
    """The site of which an event says something."""
    return (event.site,) if isinstance(event, SiteRegistered) else ()


def says(event: Event, id: str, known: Mapping[str, Any]) -> Iterator[Saying]:
    """What an event says of a site."""
    if isinstance(event, SiteRegistered):
        for name in ("name", "local_name", "place", "operator", "zone", "answer_within_hours"):
            yield Saying(name, getattr(event, name))
