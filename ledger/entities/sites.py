"""A site: its name and clock, who runs it, and how long a challenged holder may think."""

from collections.abc import Mapping
from typing import ClassVar

from ledger.entities.folding import Noun, Says
from ledger.events.base import Event
from ledger.events.sites import SiteRegistered


class Site(Noun, frozen=True):
    """A campus; `position` is the event that registered it."""

    noun: ClassVar[str] = "site"
    says: ClassVar[Mapping[type[Event], Says]] = {
        SiteRegistered: lambda _, event, entry: {
            "id": event.site,
            "name": event.name,
            "local_name": event.local_name,
            "place": event.place,
            "operator": event.operator,
            "zone": event.zone,
            "answer_within_hours": event.answer_within_hours,
            "day_ends": event.day_ends,
            "position": entry.position,
        }
    }
    begins: ClassVar[frozenset[type[Event]]] = frozenset({SiteRegistered})

    id: str
    name: str
    local_name: str | None
    place: str | None
    operator: str | None
    zone: str
    answer_within_hours: int
    day_ends: str
    position: int
