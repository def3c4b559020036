"""A naive studio: every event, sorted by when it happened, folded from the beginning each time.

It knows nothing of tags, buckets, `latest`, tallies or questions. The decisions, with a few reads,
must find the same as this model, which looks at everything. After each instant it holds the laws of
cases: what is in one that is out, is out on the same loan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from msgspec import Struct

from ledger.events import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    EquipmentUnpacked,
    Event,
    LoanProlonged,
    ServiceCompleted,
    ServiceStarted,
    StockTransferred,
)
from ledger.events.equipment import EquipmentEvent, Lot

CUSTODY = (EquipmentCheckedOut, EquipmentCheckedIn, CustodyTransferred, LoanProlonged)
SERVICE = (ServiceStarted, ServiceCompleted)
PACKING = (EquipmentPacked, EquipmentUnpacked)


class Contradiction(Exception):
    """An event that contradicts the others."""


class Out(Struct, frozen=True):
    """What an item is out for: `who` took it, or had it when the loan was last prolonged."""

    booking: str | None
    who: str
    due_at: datetime
    within: str | None

    def is_of(self, other: Out | Lot) -> bool:
        """Whether both are for one booking, or with one person."""
        if self.booking is not None or other.booking is not None:
            return self.booking == other.booking
        return self.who == (other.who if isinstance(other, Out) else other.custodian)


class Studio:
    """The places, custodians, services and lots of all equipment after some events."""

    def __init__(self) -> None:
        self.place: dict[str, str] = {}
        self.container: dict[str, str] = {}
        self.retired: set[str] = set()
        self.custodian: dict[str, str] = {}
        self.out: dict[str, Out] = {}
        self.service: set[tuple[str, str]] = set()
        self.lots: dict[str, dict[Lot, int]] = {}
        self.total: dict[str, int] = {}

    def where(self, item: str) -> str:
        """The place of the outermost container, or of the item itself."""
        return self.place[(self.around(item) or [item])[-1]]

    def around(self, item: str) -> list[str]:
        """The containers of an item, innermost first."""
        found: list[str] = []
        while item in self.container:
            item = self.container[item]
            if item in found:
                raise Contradiction(f"{item} lies in itself")
            found.append(item)
        return found

    def inside(self, item: str) -> list[str]:
        """The things directly in a container, stocks with any piece in it among them."""
        things = [thing for thing, container in self.container.items() if container == item]
        stocks = [stock for stock in self.lots if self.in_container(stock, item)]
        return sorted(things + stocks)

    def deep(self, item: str) -> list[tuple[str, str]]:
        """All that is in a container, each with what it lies straight in."""
        return [one for thing in self.inside(item) for one in ((thing, item), *self.deep(thing))]

    def in_container(self, stock: str, container: str) -> list[tuple[Lot, int]]:
        """The lots of a stock that lie in a container."""
        lots = self.lots[stock].items()
        return [(lot, n) for lot, n in sorted(lots, key=str) if lot.container == container and n]

    def happen(self, event: EquipmentEvent) -> None:
        """Apply an event. Raises `Contradiction`."""
        item = event.equipment
        if isinstance(event, EquipmentRegistered):
            self.need(item not in self.place, "registered once")
            self.place[item] = event.place
            if event.quantity is not None:
                self.total[item] = event.quantity
                self.lots[item] = defaultdict(int, {Lot(place=event.place): event.quantity})
            return
        self.need(item in self.place, "registered first")
        self.need(item not in self.retired, "nothing after retirement")
        if isinstance(event, StockTransferred):
            self._transferred(event)
        elif isinstance(event, (EquipmentMoved, EquipmentRetired, *PACKING)):
            self._place_changes(event)
        else:
            self._use_changes(event)

    def _place_changes(self, event: EquipmentEvent) -> None:
        item = event.equipment
        match event:
            case EquipmentMoved():
                self.need(item not in self.container, "what is packed makes no moves")
                self.need(self.place[item] == event.origin, "a move is from where it was")
                self.need(event.origin != event.destination, "a move moves")
                self.place[item] = event.destination
            case EquipmentPacked():
                container = event.containers[0]
                self.need(item not in self.container, "packed once")
                self.need(container in self.place, "the container is registered")
                self.need(container not in self.retired, "the container is in use")
                self.need(item not in [container, *self.around(container)], "not in itself")
                self.need(self.where(item) == self.where(container), "together")
                self.need(event.place == self.where(item), "the place packed at")
                self.container[item] = container
                self.need(list(event.containers) == self.around(item), "all containers")
            case EquipmentUnpacked():
                self.need(list(event.containers) == self.around(item) != [], "all containers")
                self.need(event.place == self.where(item), "the place unpacked at")
                self.place[item] = event.place
                del self.container[item]
            case EquipmentRetired():
                self.need(item not in self.container, "retired unpacked")
                self.need(not self.inside(item), "retired empty")
                self.need(item not in self.out, "retired while in house")
                self.need(not any(name == item for name, _ in self.service), "retired fit")
                self.need(event.place == self.place[item], "the place retired at")
                self.retired.add(item)

    def _use_changes(self, event: EquipmentEvent) -> None:
        item = event.equipment
        match event:
            case EquipmentCheckedOut():
                self.need(item not in self.out, "out once")
                self.need(not any(name == item for name, _ in self.service), "fit for use")
                self.out[item] = Out(event.booking, event.custodian, event.due_at, event.within)
                self.custodian[item] = event.custodian
            case LoanProlonged():
                out = self._out(item, event.booking)
                self.need(out.due_at == event.was_due_at != event.due_at, "due at another time")
                self.need(self.custodian[item] == event.custodian, "prolonged for who has it")
                self.out[item] = Out(event.booking, event.custodian, event.due_at, event.within)
            case EquipmentCheckedIn():
                self.need(self._out(item, event.booking).due_at == event.due_at, "was due then")
                del self.out[item], self.custodian[item]
            case CustodyTransferred():
                self.need(self.custodian.get(item) == event.was, "handed over by who had it")
                self.need(event.was != event.custodian, "a hand-over changes hands")
                self.custodian[item] = event.custodian
            case ServiceStarted():
                self.need((item, event.kind) not in self.service, "started once")
                self.service.add((item, event.kind))
            case ServiceCompleted():
                self.need((item, event.kind) in self.service, "started before done")
                self.service.remove((item, event.kind))

    def _out(self, item: str, booking: str | None) -> Out:
        self.need(item in self.out, "it is out")
        self.need(self.out[item].booking == booking, "out for that")
        return self.out[item]

    def _transferred(self, event: StockTransferred) -> None:
        lots = self.lots[event.equipment]
        self.need(event.quantity > 0 and event.origin != event.destination, "something changes")
        for lot, change in ((event.origin, -event.quantity), (event.destination, event.quantity)):
            if lot is None:
                continue
            self.total[event.equipment] += change
            lots[lot] += change
            self.need(lots[lot] >= 0, "no lot has fewer than none")
            if event.how in ("packed", "unpacked") and lot.place is not None:
                around = event.container or ""
                self.need(around in self.place and around not in self.retired, "a case in use")
                self.need(self.where(around) == lot.place, "pieces and their case together")

    def hold_the_laws(self) -> None:
        """Check what holds after each instant. Raises `Contradiction`."""
        for stock, lots in self.lots.items():
            self.need(sum(lots.values()) == self.total[stock], "lots add up")
            for lot, number in lots.items():
                if lot.container is not None and number:
                    out = self.out.get(lot.container)
                    self.need(lot.is_out == (out is not None), "pieces are out with their case")
                    self.need(out is None or lot.booking == out.booking, "pieces: its loan")
        for thing, container in self.container.items():
            if container in self.out:
                self.need(thing in self.out, "all in a case that is out is out")
                same = self.out[thing].booking == self.out[container].booking
                self.need(same, "all in a case is out on one loan")

    @staticmethod
    def need(holds: bool, what: str) -> None:
        """Raises `Contradiction`."""
        if not holds:
            raise Contradiction(what)


def studio(
    events: Iterable[Event], until: datetime | None = None, *, within_a_command: bool = False
) -> Studio:
    """Return the studio after all events up to and including a time. Raises `Contradiction`.

    Between the events of one command the laws of cases need not hold.
    """
    happened = [event for event in events if isinstance(event, EquipmentEvent)]
    # A stable sort: of events at one instant, the one recorded first happened first.
    happened.sort(key=lambda event: event.at)
    found = Studio()
    for at, at_once in groupby(happened, key=lambda event: event.at):
        if until is not None and at > until:
            break
        for event in at_once:
            found.happen(event)
        if not within_a_command:
            found.hold_the_laws()
    return found


def fits(events: Sequence[Event], more: Sequence[Event]) -> bool:
    """Whether all events are consistent, and those that must be entered in order are."""
    so_far = list(events)
    for event in more:
        assert isinstance(event, EquipmentEvent)
        if not _in_order(so_far, event):
            return False
        so_far.append(event)
    try:
        studio(so_far)
    except Contradiction:
        return False
    return True


def about(event: Event) -> tuple[str, ...]:
    """The things whose place an event tells, or whose contents."""
    if not isinstance(event, EquipmentEvent):
        return ()
    around = getattr(event, "container", None)
    return (event.equipment, *getattr(event, "containers", ()), *([around] if around else ()))


def _in_order(events: Sequence[Event], new: EquipmentEvent) -> bool:
    """Whether custody, and each kind of service, are entered in order; see `custody`."""

    def later(*types: type[Event], kind: str | None = None) -> bool:
        return any(
            isinstance(event, types)
            and isinstance(event, EquipmentEvent)
            and event.equipment == new.equipment
            and event.at > new.at
            and kind in (None, getattr(event, "kind", None))
            for event in events
        )

    match new:
        case EquipmentCheckedOut():
            return not later(*CUSTODY, *SERVICE, EquipmentRetired)
        case EquipmentCheckedIn() | CustodyTransferred() | LoanProlonged():
            return not later(*CUSTODY, EquipmentRetired)
        case ServiceStarted():
            return not later(*SERVICE, EquipmentRetired, kind=new.kind) and not later(
                EquipmentCheckedOut, EquipmentRetired
            )
        case ServiceCompleted():
            return not later(*SERVICE, kind=new.kind) and not later(EquipmentRetired)
        case EquipmentRetired():
            return not any(
                isinstance(event, EquipmentEvent)
                and event.at > new.at
                and new.equipment in about(event)
                for event in events
            )
    return True
