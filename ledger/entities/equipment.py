"""An item: what it is, where it is and in what, who has it for which booking, its services.

Place, custodian and container are three fields, and no event about one of them changes
another. All three go by effective time. The place is the only value that follows from the
events of other things, too: what lies in a container is where the container is, at every
time, and moves with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from ledger.entities.facts import Fact, Saying
from ledger.events.base import Event, RecordedEvent
from ledger.events.equipment import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentEvent,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    EquipmentUnpacked,
    ServiceCompleted,
    ServiceStarted,
)

PLACE_TYPES: tuple[type[Event], ...] = (
    EquipmentRegistered,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentUnpacked,
    EquipmentRetired,
)

TYPES: tuple[type[Event], ...] = (
    *PLACE_TYPES,
    EquipmentCheckedOut,
    EquipmentCheckedIn,
    CustodyTransferred,
    ServiceStarted,
    ServiceCompleted,
)

PLACE, CONTENTS = "place", "contents"


def ids(event: Event) -> tuple[str, ...]:
    """The items of which an event says something: a packing of its container, too.

    It also bears witness where the containers around that were; they knew that before.
    """
    if isinstance(event, EquipmentPacked | EquipmentUnpacked):
        return event.equipment, event.container
    return (event.equipment,) if isinstance(event, EquipmentEvent) else ()


def says(event: Event, id: str, known: Mapping[str, Any]) -> Iterator[Saying]:
    """What an event says of an item, but for its place (`place_facts`)."""
    if not isinstance(event, EquipmentEvent):
        return
    if event.equipment != id:
        yield from _contents(event, id, known)
        return
    at = event.at
    match event:
        case EquipmentRegistered():
            yield Saying("status", "in use", at)
            for name in ("name", "kind", "home", "maker"):
                yield Saying(name, getattr(event, name))
        case EquipmentPacked():
            yield Saying("container", event.container, at)
        case EquipmentUnpacked():
            yield Saying("container", None, at)
        case EquipmentRetired():
            yield Saying("status", "retired", at)
        case _:
            yield from _custody(event)


def _custody(event: EquipmentEvent) -> Iterator[Saying]:
    """Who has it, and its services. A hand-over leaves a check-out as it is."""
    at = event.at
    match event:
        case EquipmentCheckedOut():
            yield Saying("custodian", event.custodian, at)
            yield Saying("booking", event.booking, at)
            yield Saying("due_at", event.due_at, at)
        case EquipmentCheckedIn():
            for name in ("custodian", "booking", "due_at"):
                yield Saying(name, None, at)
        case CustodyTransferred():
            yield Saying("custodian", event.custodian, at)
        case ServiceStarted():
            yield Saying(f"service.{event.kind}", "under way", at)
        case ServiceCompleted():
            yield Saying(f"service.{event.kind}", "completed", at)
            if event.kind == "calibration":
                yield Saying("calibrated_until", event.valid_until, at)


def _contents(event: EquipmentEvent, id: str, known: Mapping[str, Any]) -> Iterator[Saying]:
    """What lies straight in a container. In the order of recording, which is right for the
    present: each packing was the last of its item's chain."""
    inside = set(known.get(CONTENTS) or ())
    match event:
        case EquipmentPacked() if event.container == id:
            inside.add(event.equipment)
        case EquipmentUnpacked() if event.container == id:
            inside.discard(event.equipment)
        case _:
            return
    yield Saying(CONTENTS, tuple(sorted(inside)) or None)


# --- places ------------------------------------------------------------------------------


class PlaceFact(Struct, frozen=True):
    """What one event says of where an item was: from `at` on at `place`, or in `container`."""

    at: datetime
    entry: RecordedEvent
    place: str
    container: str | None = None

    @property
    def moment(self) -> tuple[datetime, int]:
        """Its place in effective order; of one instant, in that of the log."""
        return self.at, self.entry.position


Chains = Mapping[str, list[PlaceFact]]
"""The place facts of items, each item's in effective order."""


def place_facts(entries: Iterable[RecordedEvent], item: str) -> list[PlaceFact]:
    """The place facts of an item among these events, in effective order."""
    found = (_place_fact(entry, item) for entry in entries)
    return sorted((f for f in found if f is not None), key=lambda fact: fact.moment)


def _place_fact(entry: RecordedEvent, item: str) -> PlaceFact | None:
    event = entry.event
    match event:
        case EquipmentRegistered() | EquipmentRetired():
            return PlaceFact(event.at, entry, event.place)
        case EquipmentMoved():
            return PlaceFact(event.at, entry, event.destination)
        case EquipmentPacked() | EquipmentUnpacked():
            inside_out = (event.equipment, *event.containers)
            depth = inside_out.index(item)
            around = inside_out[depth + 1] if depth + 1 < len(inside_out) else None
            out = depth == 0 and isinstance(event, EquipmentUnpacked)
            return PlaceFact(event.at, entry, event.place, None if out else around)
    return None


def steps(chains: Chains, item: str) -> Iterator[Fact]:
    """Where an item was, one place after the other, in its container and out of it."""
    return _steps(chains, item, None, None, 0)


def _steps(
    chains: Chains,
    item: str,
    start: tuple[datetime, int] | None,
    end: tuple[datetime, int] | None,
    depth: int,
) -> Iterator[Fact]:
    """The steps after the moment `start` and before `end`. Where the item was at `start`, its
    container bears witness; whatever moved it later comes from the facts that stood by then."""
    own = chains.get(item, [])
    inside: str | None = None
    inside_known = 0
    for n, fact in enumerate(own):
        # Whoever bore witness later that it lay in there told nothing new of that.
        same = fact.container == inside
        inside_known = min(inside_known, fact.entry.position) if same else fact.entry.position
        inside = fact.container
        following = own[n + 1].moment if n + 1 < len(own) else None
        if start is None or start < fact.moment:
            if end is not None and fact.moment >= end:
                return
            yield Fact(fact.place, fact.entry, fact.entry.position, fact.at)
        if fact.container is None or depth > len(chains):
            continue
        first = fact.moment if start is None else max(start, fact.moment)
        last = min((m for m in (end, following) if m is not None), default=None)
        if last is not None and last <= first:
            continue
        for step in _steps(chains, fact.container, first, last, depth + 1):
            known = max(step.known, inside_known)
            yield Fact(step.value, step.entry, known, step.since, step.via or fact.container)
