"""A space: the facts that hold of it, each from a day on, and its days in service.

A change holds from its first day until that of the next change, whichever was recorded first.
So a late correction of an early day leaves the later days as they are, and what a stage became
in 2025 does not touch its bookings of 2024.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, ClassVar

from msgspec import field

from ledger.entities.folding import Noun, Part, Saying, Says, with_part
from ledger.events.base import Event, RecordedEvent
from ledger.events.sites import SpaceChanged, SpaceCommissioned, SpaceDecommissioned
from ledger.time.periods import Days

FACTS = (
    "name",
    "kind",
    "area_m2",
    "capacity",
    "answer_within_hours",
    "phase",
    "turnaround_hours",
)
"""The facts that may change from a day on. A change states all of them."""


class SpaceFacts(Part, frozen=True):
    """The facts of a space from the day `on`, until the day of the next facts.

    `capacity` None is exclusive. `answer_within_hours` None: as its site says. Between two
    productions it needs `turnaround_hours`.
    """

    on: date
    position: int
    name: str
    kind: str
    area_m2: float | None
    capacity: int | None
    answer_within_hours: int | None
    phase: str | None
    turnaround_hours: int | None = None

    def told(self, field: str) -> Iterator[Saying]:
        """Yield each of them, since its day."""
        for name in FACTS:
            yield Saying(name, getattr(self, name), self.on, self.position)


def facts_of(one: Any) -> dict[str, Any]:
    """Return the facts that an event, a command or the facts of a day state, by name."""
    return {name: getattr(one, name) for name in FACTS}


def _facts(event: SpaceCommissioned | SpaceChanged, on: date, entry: RecordedEvent) -> SpaceFacts:
    return SpaceFacts(on, entry.position, **facts_of(event))


def _commissioned(
    before: "Space | None", event: SpaceCommissioned, entry: RecordedEvent
) -> dict[str, Any]:
    if before is not None and before.id != event.space:
        return {}  # a part of it, which is a space of its own
    return {
        "id": event.space,
        "site": event.site,
        "zone": event.zone,
        "in_service_on": event.in_service_on,
        "part_of": event.part_of,
        "position": entry.position,
        "facts": (_facts(event, event.in_service_on, entry),),
    }


def _changed(before: "Space", event: SpaceChanged, entry: RecordedEvent) -> dict[str, Any]:
    """Of two changes of one day the later one is the better informed."""
    facts = with_part(before.facts, _facts(event, event.on, entry))
    return {"facts": tuple(sorted(facts, key=lambda one: one.on))}


class Space(Noun, frozen=True):
    """A space with all its facts, in the order of their days.

    `position` is the event that commissioned it, `decommissioned` the one that retired it.
    It is in service from `in_service_on`; `decommissioned_on` is the first day without it.
    `part_of` is the space whose floor it shares.
    """

    noun: ClassVar[str] = "space"
    says: ClassVar[Mapping[type[Event], Says]] = {
        SpaceCommissioned: _commissioned,
        SpaceChanged: _changed,
        SpaceDecommissioned: lambda _, event, entry: {
            "decommissioned_on": event.on,
            "decommissioned": entry.position,
        },
    }
    begins: ClassVar[frozenset[type[Event]]] = frozenset({SpaceCommissioned})
    untold: ClassVar[frozenset[str]] = frozenset({"id", "position", "decommissioned"})

    id: str
    site: str
    zone: str
    in_service_on: date
    position: int
    facts: tuple[SpaceFacts, ...]
    decommissioned_on: date | None = field(name="out_of_service_on", default=None)
    decommissioned: int | None = None
    part_of: str | None = None

    def in_service(self, day: date) -> bool:
        """Whether it can be used at all on that day, closures apart."""
        return self.in_service_on <= day and (
            self.decommissioned_on is None or day < self.decommissioned_on
        )

    def facts_on(self, day: date) -> SpaceFacts:
        """Return the facts of that day; before the first day, the first facts."""
        held = [facts for facts in self.facts if facts.on <= day]
        return held[-1] if held else self.facts[0]

    def facts_during(self, days: Days) -> tuple[SpaceFacts, ...]:
        """Return the facts of those days, in order: one entry if nothing changes.

        A capacity for a whole booking has to be checked against each of them.
        """
        later = (facts for facts in self.facts if days.first < facts.on <= days.last)
        return (self.facts_on(days.first), *later)
