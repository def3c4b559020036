"""An item: what it is, where it is and in what, who has it for which booking, its services.

Place, custody and services are facts of their own, and no event about one of them changes
another. All go by effective time. The place is the only one that follows from the events of
other things, too: what lies in a container is where the container is, at every time, and moves
with it.

A *place fact* of an item is an event that says where it was: its own registration, moves,
packing, unpacking and retirement; and, if it is a container, whatever was put into it or taken
out of it, however deep, since that happened where the container was. In effective order, those
of one instant by position, they are the item's *chain*.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Generic, Literal, NamedTuple, Protocol, Self, TypeVar

from msgspec.structs import replace

from ledger.entities.folding import Noun, Part, Saying, types_of, with_part
from ledger.errors import UnreadableEvent
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
    PlaceEvent,
    ServiceCompleted,
    ServiceEvent,
    ServiceKind,
    ServiceStarted,
)

PLACE_FACTS = tuple(t for t in types_of("equipment") if issubclass(t, PlaceEvent))
CUSTODY = (EquipmentCheckedOut, EquipmentCheckedIn, CustodyTransferred)
SERVICES = tuple(t for t in types_of("equipment") if issubclass(t, ServiceEvent))

PLACE = "place"

What = Literal["registered", "moved", "packed", "unpacked", "retired"]


class PlaceFact(Part, frozen=True, tag=True):
    """What one event says of where one item was.

    Just before, the item was at `was`. From `at` on it is at `place`; or, where `container` is
    not None, wherever that is. `what` is None where a packing bears witness to a container
    around; `late`: a fact of a later time was known of the item.
    """

    at: datetime
    position: int
    what: What | None
    was: str
    place: str
    container: str | None = None
    late: bool = False

    @property
    def moment(self) -> tuple[datetime, int]:
        """Its place in effective order; of one instant, in that of the log."""
        return self.at, self.position

    @property
    def retired(self) -> bool:
        """Whether the item left the studio."""
        return self.what == "retired"

    @classmethod
    def of(cls, entry: RecordedEvent, item: str) -> Self:
        """What an event says of an item. Raises `UnreadableEvent`."""
        event, position = entry.event, entry.position
        match event:
            case EquipmentRegistered():
                return cls(event.at, position, "registered", event.place, event.place)
            case EquipmentMoved():
                late = not event.latest
                return cls(event.at, position, "moved", event.origin, event.destination, None, late)
            case EquipmentRetired():
                return cls(event.at, position, "retired", event.place, event.place)
            case EquipmentPacked() | EquipmentUnpacked():
                what: What = "packed" if isinstance(event, EquipmentPacked) else "unpacked"
                inside_out = (event.equipment, *event.containers)
                depth = inside_out.index(item)
                around = inside_out[depth + 1] if depth + 1 < len(inside_out) else None
                if depth == 0 and what == "unpacked":
                    around = None
                late = not (event.latest if depth == 0 else item in event.latest_for)
                return cls(
                    event.at,
                    position,
                    None if depth else what,
                    event.place,
                    event.place,
                    around,
                    late,
                )
        raise UnreadableEvent(entry.type, position=position)

    def told(self, field: str) -> Iterator[Saying]:
        """What it sets beside the place, which the whole chain tells (`steps`)."""
        if self.what in ("packed", "unpacked"):
            yield Saying("container", self.container, self.at, self.position)
        elif self.what in ("registered", "retired"):
            status = "in use" if self.what == "registered" else "retired"
            yield Saying("status", status, self.at, self.position)


class CustodyFact(Part, frozen=True, tag=True):
    """Who has an item from then on, and for which booking it is out until when.

    A hand-over leaves a check-out as it is, and says nothing of it.
    """

    at: datetime
    position: int
    how: Literal["checked out", "handed over", "checked in"]
    custodian: str | None = None
    booking: str | None = None
    due_at: datetime | None = None

    @classmethod
    def of(cls, entry: RecordedEvent) -> Self:
        """What an event says of who has its item. Raises `UnreadableEvent`."""
        position = entry.position
        match entry.event:
            case EquipmentCheckedOut() as event:
                return cls(
                    event.at, position, "checked out", event.custodian, event.booking, event.due_at
                )
            case CustodyTransferred() as event:
                return cls(event.at, position, "handed over", event.custodian)
            case EquipmentCheckedIn() as event:
                return cls(event.at, position, "checked in")
        raise UnreadableEvent(entry.type, position=position)

    def told(self, field: str) -> Iterator[Saying]:
        """Who has it; and what it is out for, where that changes."""
        names = ("custodian",) if self.how == "handed over" else ("custodian", "booking", "due_at")
        for name in names:
            yield Saying(name, getattr(self, name), self.at, self.position)


class ServiceFact(Part, frozen=True, tag=True):
    """A service of a kind began, or was completed; a calibration may be valid until a time."""

    kind: ServiceKind
    at: datetime
    position: int
    is_open: bool
    valid_until: datetime | None = None

    @classmethod
    def of(cls, entry: RecordedEvent) -> Self:
        """What an event says of a service. Raises `UnreadableEvent`."""
        match entry.event:
            case ServiceStarted() as event:
                return cls(event.kind, event.at, entry.position, True)
            case ServiceCompleted() as event:
                return cls(event.kind, event.at, entry.position, False, event.valid_until)
        raise UnreadableEvent(entry.type, position=entry.position)

    def told(self, field: str) -> Iterator[Saying]:
        """How it is with that kind of service."""
        status = "under way" if self.is_open else "completed"
        yield Saying(f"service.{self.kind}", status, self.at, self.position)
        if self.kind == "calibration" and not self.is_open:
            yield Saying("calibrated_until", self.valid_until, self.at, self.position)


class Item(Noun, frozen=True):
    """An item as it stands after all that is on record, whenever it was entered.

    `place` is the last of its chain, `custody` the last fact of who has it, and `out` the
    check-out that stands. `services` has the last fact of each kind. `newest` is what the event
    said that was recorded last. `contents` lie straight in it.
    """

    noun: ClassVar[str] = "equipment"
    untold: ClassVar[frozenset[str]] = frozenset({"id", "place", "custody", "out", "services"})

    id: str
    newest: PlaceFact | CustodyFact | ServiceFact
    name: str
    kind: str
    home: str | None
    maker: str | None
    place: PlaceFact
    custody: CustodyFact | None = None
    out: CustodyFact | None = None
    services: tuple[ServiceFact, ...] = ()
    contents: tuple[str, ...] = ()

    @property
    def in_service(self) -> tuple[ServiceKind, ...]:
        """The kinds of service that it is in."""
        return tuple(one.kind for one in self.services if one.is_open)

    @classmethod
    def ids(cls, event: Event) -> tuple[str, ...]:
        """The item; of a packing the container, too.

        It also bears witness where the containers around that were; they knew that before.
        """
        if isinstance(event, EquipmentPacked | EquipmentUnpacked):
            return event.equipment, event.container
        return super().ids(event)

    @classmethod
    def after(cls, before: Self | None, entry: RecordedEvent) -> Self | None:
        """The item after an event of its own, or of what lies in it."""
        event = entry.event
        if isinstance(event, EquipmentRegistered):
            fact = PlaceFact.of(entry, event.equipment)
            return cls(event.equipment, fact, event.name, event.kind, event.home, event.maker, fact)
        if not isinstance(event, EquipmentEvent):
            raise UnreadableEvent(entry.type, position=entry.position)
        if isinstance(event, PlaceEvent):
            return before and before._placed(event, PlaceFact.of(entry, before.id))
        if isinstance(event, ServiceEvent):
            return before and before._served(ServiceFact.of(entry))
        custody = CustodyFact.of(entry)
        return before and before._had(custody)

    def _placed(self, event: PlaceEvent, fact: PlaceFact) -> Self:
        contents = set(self.contents)
        match event:
            case EquipmentPacked() if event.container == self.id:
                contents.add(event.equipment)
            case EquipmentUnpacked() if event.container == self.id:
                contents.discard(event.equipment)
        place = max(self.place, fact, key=lambda one: one.moment)
        return replace(self, newest=fact, place=place, contents=tuple(sorted(contents)))

    def _had(self, fact: CustodyFact) -> Self:
        if self.custody is not None and fact.at < self.custody.at:
            return replace(self, newest=fact)
        out = self.out
        if fact.how != "handed over":
            out = fact if fact.how == "checked out" else None
        return replace(self, newest=fact, custody=fact, out=out)

    def _served(self, fact: ServiceFact) -> Self:
        if any(one.kind == fact.kind and fact.at < one.at for one in self.services):
            return replace(self, newest=fact)
        return replace(self, newest=fact, services=with_part(self.services, fact))


# --- along the containers ----------------------------------------------------------------


class Placed(Protocol):
    """What the way of an item is made of: a place fact, or a row that is made of one."""

    @property
    def at(self) -> datetime:
        """Since when."""

    @property
    def position(self) -> int:
        """The event that says so."""

    @property
    def container(self) -> str | None:
        """What the item is in from then on."""


F = TypeVar("F", bound=Placed)
Moment = tuple[datetime, int]


class Step(NamedTuple, Generic[F]):
    """A fact on the way of an item. `via` is the container that took it along; `known`, the
    position from which on it was known that the item lay in there."""

    fact: F
    via: str | None
    known: int


def steps(
    chains: Mapping[str, Sequence[F]],
    item: str,
    start: Moment | None = None,
    end: Moment | None = None,
    depth: int = 0,
) -> Iterator[Step[F]]:
    """The way of an item: its own facts, and those of its containers while it lay inside.

    `chains` are the facts of items, each item's in effective order. Of a container, only what
    lies between the moments `start` and `end` counts: the item's own fact says where it was when
    it was put in.
    """
    own = chains.get(item, ())
    inside: str | None = None
    known = 0
    for n, fact in enumerate(own):
        moment = fact.at, fact.position
        # Whoever bore witness later that it lay in there told nothing new of that.
        known = min(known, fact.position) if fact.container == inside else fact.position
        inside = fact.container
        if end is not None and moment >= end:
            return
        if start is None or start < moment:
            yield Step(fact, None, fact.position)
        if inside is None or depth > len(chains):
            continue
        following = (own[n + 1].at, own[n + 1].position) if n + 1 < len(own) else None
        first = moment if start is None else max(start, moment)
        last = min((m for m in (end, following) if m is not None), default=None)
        if last is None or first < last:
            for step in steps(chains, inside, first, last, depth + 1):
                yield Step(step.fact, step.via or inside, max(step.known, known))


def outermost(fact: F, around: "Mapping[str, Sequence[F]]") -> F:
    """The fact that says where an item is: its own, or that of the outermost container."""
    seen: set[str] = set()
    while fact.container is not None and fact.container not in seen and around.get(fact.container):
        seen.add(fact.container)
        fact = around[fact.container][-1]
    return fact
