"""A site: its name and clock, who runs it, and how long a challenged holder may think."""

from typing import ClassVar, Self

from ledger.entities.folding import Noun
from ledger.errors import UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.sites import SiteRegistered


class Site(Noun, frozen=True):
    """A campus; `position` is the event that registered it."""

    noun: ClassVar[str] = "site"

    id: str
    name: str
    local_name: str | None
    place: str | None
    operator: str | None
    zone: str
    answer_within_hours: int
    position: int

    @classmethod
    def after(cls, before: Self | None, entry: RecordedEvent) -> Self:
        """The site after its one event."""
        event = entry.event
        if not isinstance(event, SiteRegistered):
            raise UnreadableEvent(entry.type, position=entry.position)
        return cls(
            id=event.site,
            name=event.name,
            local_name=event.local_name,
            place=event.place,
            operator=event.operator,
            zone=event.zone,
            answer_within_hours=event.answer_within_hours,
            position=entry.position,
        )
