"""A space: the facts that hold of it, each from a day on, and its days in service.

A change holds from its first day until that of the next change, whichever was recorded first.
So a late correction of an early day leaves the later days as they are, and what a stage became
in 2025 does not touch its bookings of 2024.
"""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Self

from msgspec import field
from msgspec.structs import replace

from ledger.entities.folding import Noun, Part, Saying
from ledger.errors import UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.sites import SpaceChanged, SpaceCommissioned, SpaceDecommissioned, SpaceKind
from ledger.times import Days

FACTS = ("name", "kind", "area_m2", "capacity", "answer_within_hours", "phase")
"""What may be otherwise from a day on. A change says all of them, not only what differs."""


class SpaceFacts(Part, frozen=True):
    """What a space is from the day `on`, until the day of the next facts.

    `capacity` None is exclusive. `answer_within_hours` None: as its site says.
    """

    on: date
    position: int
    name: str
    kind: SpaceKind
    area_m2: float
    capacity: int | None
    answer_within_hours: int | None
    phase: str | None

    def told(self, field: str) -> Iterator[Saying]:
        """Each of them, since its day."""
        for name in FACTS:
            yield Saying(name, getattr(self, name), self.on, self.position)


class Space(Noun, frozen=True):
    """A space with all its facts, in the order of their days.

    `position` is the event that commissioned it, `decommissioned` the one that retired it.
    It is in service from `in_service_on`; `decommissioned_on` is the first day without it.
    """

    noun: ClassVar[str] = "space"
    untold: ClassVar[frozenset[str]] = frozenset({"id", "position", "decommissioned"})

    id: str
    site: str
    zone: str
    in_service_on: date
    position: int
    facts: tuple[SpaceFacts, ...]
    decommissioned_on: date | None = field(name="out_of_service_on", default=None)
    decommissioned: int | None = None

    @classmethod
    def after(cls, before: Self | None, entry: RecordedEvent) -> Self | None:
        """The space after an event. Of two changes of one day the later one is better informed."""
        match entry.event:
            case SpaceCommissioned() as event:
                return cls(
                    id=event.space,
                    site=event.site,
                    zone=event.zone,
                    in_service_on=event.in_service_on,
                    position=entry.position,
                    facts=(_facts(event, event.in_service_on, entry.position),),
                )
            case SpaceChanged() as event:
                if before is None:
                    return None
                others = [one for one in before.facts if one.on != event.on]
                facts = [*others, _facts(event, event.on, entry.position)]
                return replace(before, facts=tuple(sorted(facts, key=lambda one: one.on)))
            case SpaceDecommissioned() as event:
                return before and replace(
                    before, decommissioned_on=event.on, decommissioned=entry.position
                )
        raise UnreadableEvent(entry.type, position=entry.position)

    def in_service(self, day: date) -> bool:
        """Whether it can be used at all on that day, closures apart."""
        return self.in_service_on <= day and (
            self.decommissioned_on is None or day < self.decommissioned_on
        )

    def facts_on(self, day: date) -> SpaceFacts:
        """What it is on that day; before its first day, what it is going to be."""
        held = [facts for facts in self.facts if facts.on <= day]
        return held[-1] if held else self.facts[0]

    def facts_during(self, days: Days) -> tuple[SpaceFacts, ...]:
        """All that it is on any of those days, in order: one entry where nothing changes.

        Whoever needs a capacity for a whole booking looks at each of them.
        """
        later = (facts for facts in self.facts if days.first < facts.on <= days.last)
        return (self.facts_on(days.first), *later)


def _facts(event: SpaceCommissioned | SpaceChanged, on: date, position: int) -> SpaceFacts:
    return SpaceFacts(on, position, *(getattr(event, name) for name in FACTS))
