"""An item or a stock: what it is, where it is and in what, who has it, its services.

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
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Protocol, Self, TypeVar

from ledger.entities.folding import Noun, Part, Saying, Says, with_part
from ledger.errors import UnreadableEvent
from ledger.events.base import Event, RecordedEvent
from ledger.events.equipment import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentDescribed,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    EquipmentUnpacked,
    LoanProlonged,
    Lot,
    Pieces,
    ServiceCompleted,
    ServiceKind,
    ServicePlanned,
    ServiceStarted,
    StockTransferred,
)
from ledger.time.periods import Period

PLACE = "place"

What = Literal["registered", "moved", "packed", "unpacked", "retired"]
How = Literal["checked out", "handed over", "prolonged", "checked in"]

_WHAT: dict[type[Event], What] = {
    EquipmentRegistered: "registered",
    EquipmentMoved: "moved",
    EquipmentPacked: "packed",
    EquipmentUnpacked: "unpacked",
    EquipmentRetired: "retired",
}
_HOW: dict[type[Event], How] = {
    EquipmentCheckedOut: "checked out",
    CustodyTransferred: "handed over",
    LoanProlonged: "prolonged",
    EquipmentCheckedIn: "checked in",
}
_IS_OPEN: dict[type[Event], bool] = {ServiceStarted: True, ServiceCompleted: False}

PLACE_FACTS, CUSTODY_FACTS, SERVICE_FACTS = tuple(_WHAT), tuple(_HOW), tuple(_IS_OPEN)
"""The event types that say where an item was, who has it, and how it is with its services."""


class PlaceFact(Part, frozen=True, tag=True):
    """Where an item was, according to one event.

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
        """Return the fact that an event states about an item. Raises `UnreadableEvent`."""
        event: Any = entry.event
        what = _WHAT.get(type(event))
        if what is None:
            raise UnreadableEvent(entry.type, position=entry.position)
        if what == "moved":
            was, place = event.origin, event.destination
        else:
            was = place = event.place
        if what not in ("packed", "unpacked"):
            return cls(event.at, entry.position, what, was, place, late=not event.latest)
        inside_out = (event.equipment, *event.containers)
        depth = inside_out.index(item)
        around = inside_out[depth + 1] if depth + 1 < len(inside_out) else None
        if depth == 0:
            container = around if what == "packed" else None
            return cls(event.at, entry.position, what, was, place, container, not event.latest)
        late = item not in event.latest_for
        return cls(event.at, entry.position, None, was, place, around, late)

    def told(self, field: str) -> Iterator[Saying]:
        """Yield what it sets apart from the place, which follows from the whole chain (`steps`)."""
        if self.what in ("packed", "unpacked"):
            yield Saying("container", self.container, self.at, self.position)
        elif self.what in ("registered", "retired"):
            status = "in use" if self.what == "registered" else "retired"
            yield Saying("status", status, self.at, self.position)


class CustodyFact(Part, frozen=True, tag=True):
    """Who has an item from then on, and for which booking it is out until when.

    A hand-over leaves a check-out as it is, and says nothing of it. `within` is the container that
    took the item along.
    """

    at: datetime
    position: int
    how: How
    custodian: str | None = None
    booking: str | None = None
    due_at: datetime | None = None
    within: str | None = None

    @property
    def is_out(self) -> bool:
        """Whether the item is out on a loan from then on, as far as the fact says."""
        return self.due_at is not None

    @classmethod
    def of(cls, entry: RecordedEvent) -> Self:
        """Return the fact that an event states about custody. Raises `UnreadableEvent`."""
        event: Any = entry.event
        match _HOW.get(type(event)):
            case "checked out" | "prolonged" as how:
                said = (event.custodian, event.booking, event.due_at, event.within)
                return cls(event.at, entry.position, how, *said)
            case "handed over" as how:
                return cls(event.at, entry.position, how, event.custodian)
            case "checked in" as how:
                return cls(event.at, entry.position, how)
        raise UnreadableEvent(entry.type, position=entry.position)

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
        """Return the fact that an event states about a service. Raises `UnreadableEvent`."""
        event: Any = entry.event
        is_open = _IS_OPEN.get(type(event))
        if is_open is None:
            raise UnreadableEvent(entry.type, position=entry.position)
        valid_until = None if is_open else event.valid_until
        return cls(event.kind, event.at, entry.position, is_open, valid_until)

    def told(self, field: str) -> Iterator[Saying]:
        """How it is with that kind of service."""
        status = "under way" if self.is_open else "completed"
        yield Saying(f"service.{self.kind}", status, self.at, self.position)
        if self.kind == "calibration" and not self.is_open:
            yield Saying("calibrated_until", self.valid_until, self.at, self.position)


class ServicePlan(Part, frozen=True, tag=True):
    """A service that is planned for a period, or was until the plan was dropped."""

    period: Period
    kind: ServiceKind
    position: int
    dropped: bool = False

    @property
    def key(self) -> Any:
        """Its kind and period."""
        return self.kind, self.period

    def told(self, field: str) -> Iterator[Saying]:
        """When it is planned for; nothing once it is dropped."""
        name = f"service-plan.{self.kind}.{self.period.days.first}"
        yield Saying(name, None if self.dropped else self.period, position=self.position)


DESCRIPTION = (
    *("name", "kind", "home", "maker", "serial", "barcode"),
    *("owner", "value", "note", "reference"),
)
"""The fields that describe an item, of its registration and of each later description."""


def _description(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in DESCRIPTION}


def _registered(_: None, event: EquipmentRegistered, entry: RecordedEvent) -> dict[str, Any]:
    fact = PlaceFact.of(entry, event.equipment)
    return {
        **_description(event),
        "id": event.equipment,
        "newest": fact,
        "place": fact,
        "pieces": stock_of(event),
        "is_stock": event.quantity is not None,
    }


def stock_of(event: EquipmentRegistered) -> tuple[Pieces, ...]:
    """Return the pieces that a stock has when it is registered; of a single item none."""
    if event.quantity is None:
        return ()
    return (Pieces(Lot(place=event.place), event.quantity),)


def _described(before: "Item", event: EquipmentDescribed, entry: RecordedEvent) -> dict[str, Any]:
    return _description(event)


def _placed(before: "Item", event: Any, entry: RecordedEvent) -> dict[str, Any]:
    fact = PlaceFact.of(entry, before.id)
    return {
        "newest": fact,
        "place": max(before.place, fact, key=lambda one: one.moment),
        "contents": _contents(before, event),
    }


def _contents(before: "Item", event: Any) -> tuple[str, ...]:
    """Return the things straight in it. The event lists what was there when it was recorded, which
    a correction of another one may have changed."""
    if not isinstance(event, _IN_OUT) or event.container != before.id:
        return before.contents
    contents = set(before.contents)
    goes_in = event.equipment in (event.contents or ())
    (contents.add if goes_in else contents.discard)(event.equipment)
    return tuple(sorted(contents))


_IN_OUT = (EquipmentPacked, EquipmentUnpacked, StockTransferred)


def _transferred(before: "Item", event: StockTransferred, _: RecordedEvent) -> dict[str, Any]:
    if event.equipment != before.id:
        return {"contents": _contents(before, event)}
    return {"pieces": transferred(before.pieces, event)}


def transferred(pieces: tuple[Pieces, ...], event: StockTransferred) -> tuple[Pieces, ...]:
    """Return the lots of a stock after a transfer. A lot may then have fewer than none."""
    held = {one.lot: one.quantity for one in pieces}
    for lot, change in ((event.origin, -event.quantity), (event.destination, event.quantity)):
        if lot is not None:
            held[lot] = held.get(lot, 0) + change
    return tuple(Pieces(lot, held[lot]) for lot in sorted(held, key=str) if held[lot])


def _had(before: "Item", _: Any, entry: RecordedEvent) -> dict[str, Any]:
    fact = CustodyFact.of(entry)
    if before.custody is not None and fact.at < before.custody.at:
        return {"newest": fact}
    if fact.how == "handed over":
        return {"newest": fact, "custody": fact}
    return {"newest": fact, "custody": fact, "out": fact if fact.is_out else None}


def _served(before: "Item", _: Any, entry: RecordedEvent) -> dict[str, Any]:
    fact = ServiceFact.of(entry)
    if any(one.kind == fact.kind and fact.at < one.at for one in before.services):
        return {"newest": fact}
    return {"newest": fact, "services": with_part(before.services, fact)}


def _planned(before: "Item", event: ServicePlanned, entry: RecordedEvent) -> dict[str, Any]:
    part = ServicePlan(event.period, event.kind, entry.position, event.dropped)
    return {"planned": with_part(before.planned, part)}


class Item(Noun, frozen=True):
    """An item as it stands after all that is on record, whenever it was entered.

    `place` is the last of its chain, `custody` the last fact of who has it, and `out` the
    check-out that stands. `services` has the last fact of each kind, `planned` those to come.
    `newest` is what the event said that was recorded last. `contents` lie straight in it. A stock
    has `pieces`, in lots.
    """

    noun: ClassVar[str] = "equipment"
    says: ClassVar[Mapping[type[Event], Says]] = {
        **dict.fromkeys(PLACE_FACTS, _placed),
        **dict.fromkeys(CUSTODY_FACTS, _had),
        **dict.fromkeys(SERVICE_FACTS, _served),
        EquipmentRegistered: _registered,
        EquipmentDescribed: _described,
        ServicePlanned: _planned,
        StockTransferred: _transferred,
    }
    begins: ClassVar[frozenset[type[Event]]] = frozenset({EquipmentRegistered})
    untold: ClassVar[frozenset[str]] = frozenset(
        {"id", "place", "custody", "out", "services", "is_stock"}
    )

    id: str
    newest: PlaceFact | CustodyFact | ServiceFact
    name: str
    kind: str
    home: str | None
    maker: str | None
    place: PlaceFact
    serial: str | None = None
    barcode: str | None = None
    owner: str | None = None
    value: str | None = None
    note: str | None = None
    reference: str | None = None
    custody: CustodyFact | None = None
    out: CustodyFact | None = None
    services: tuple[ServiceFact, ...] = ()
    planned: tuple[ServicePlan, ...] = ()
    contents: tuple[str, ...] = ()
    pieces: tuple[Pieces, ...] = ()
    is_stock: bool = False

    @property
    def in_service(self) -> tuple[ServiceKind, ...]:
        """The kinds of service that it is in."""
        return tuple(one.kind for one in self.services if one.is_open)

    @classmethod
    def ids(cls, event: Event) -> tuple[str, ...]:
        """The item; of a packing the container, too.

        It also bears witness where the containers around that were; they knew that before.
        """
        if isinstance(event, EquipmentPacked | EquipmentUnpacked | StockTransferred):
            within = event.container
            return (event.equipment,) if within is None else (event.equipment, within)
        return super().ids(event)


# --- along the containers ----------------------------------------------------------------


class Placed(Protocol):
    """A place fact, or a row made from one."""

    @property
    def at(self) -> datetime:
        """When it happened."""

    @property
    def position(self) -> int:
        """The position of its event."""

    @property
    def container(self) -> str | None:
        """The container that the item is in from then on."""


F = TypeVar("F", bound=Placed)
Moment = tuple[datetime, int]


class Step(NamedTuple, Generic[F]):
    """A fact on the way of an item.

    `inside` is the item's own container, where that was taken along, and `via` the one around it
    that moved. `known` is the position from which on it was known that the item lay in there.
    """

    fact: F
    inside: str | None
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
        # A later event that only confirms the container adds nothing to that.
        known = min(known, fact.position) if fact.container == inside else fact.position
        inside = fact.container
        if end is not None and moment >= end:
            return
        if start is None or start < moment:
            yield Step(fact, None, None, fact.position)
        if inside is None or depth > len(chains):
            continue
        following = (own[n + 1].at, own[n + 1].position) if n + 1 < len(own) else None
        first = moment if start is None else max(start, moment)
        last = min((m for m in (end, following) if m is not None), default=None)
        if last is None or first < last:
            for step in steps(chains, inside, first, last, depth + 1):
                yield Step(step.fact, inside, step.via or inside, max(step.known, known))


def outermost(chains: Mapping[str, Sequence[F]], fact: F) -> F:
    """Return the fact that says where an item is at the end of the chains: its own, or that of the
    outermost container."""
    seen: set[str] = set()
    while fact.container is not None and fact.container not in seen and chains.get(fact.container):
        seen.add(fact.container)
        fact = chains[fact.container][-1]
    return fact
