"""A naive studio: every event, sorted by when it happened, folded from the beginning each time.

It knows nothing of tags, buckets, `latest` or questions. The decisions, with a few reads, must
find the same as this model, which looks at everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from msgspec.structs import replace

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

CUSTODY = (EquipmentCheckedOut, LoanProlonged, EquipmentCheckedIn, CustodyTransferred)
SERVICE = (ServiceStarted, ServiceCompleted)
PACKING = (EquipmentPacked, EquipmentUnpacked)


class Contradiction(Exception):
    """An event that contradicts the others."""


class Out(NamedTuple):
    """What an item is out for; `within` is the container that took it along."""

    booking: str | None
    due_at: datetime
    within: str | None


class Studio:
    """The places, custodians and services of all items after some events."""

    def __init__(self) -> None:
        self.place: dict[str, str] = {}
        self.container: dict[str, str] = {}
        self.retired: set[str] = set()
        self.custodian: dict[str, str] = {}
        self.out: dict[str, Out] = {}
        self.service: set[tuple[str, str]] = set()
        self.valid_until: dict[str, datetime | None] = {}
        self.lots: dict[tuple[str, Lot], int] = {}

    def where(self, item: str) -> str:
        """The place of the outermost container, or of the item itself."""
        outermost = (self.around(item) or [item])[-1]
        self.need(outermost in self.place, "registered first")
        return self.place[outermost]

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
        """The things directly in a container."""
        singles = [thing for thing, container in self.container.items() if container == item]
        return singles + sorted({stock for stock, lot in self.lots if lot.container == item})

    def deep(self, item: str) -> Iterator[str]:
        """The single items in a container, however deep."""
        for thing, container in list(self.container.items()):
            if container == item:
                yield thing
                yield from self.deep(thing)

    def lots_in(self, *containers: str) -> list[tuple[str, Lot, int]]:
        """The pieces that lie straight in any of them."""
        return [
            (stock, lot, n) for (stock, lot), n in self.lots.items() if lot.container in containers
        ]

    def loan(self, item: str) -> tuple[str | None, str | None] | None:
        """The booking; or, where it is for none, the person."""
        out = self.out.get(item)
        if out is None:
            return None
        return out.booking, None if out.booking else self.custodian.get(item)

    def happen(self, event: EquipmentEvent) -> None:
        """Apply an event. Raises `Contradiction`."""
        item = event.equipment
        if isinstance(event, EquipmentRegistered):
            self.need(item not in self.place, "registered once")
            self.place[item] = event.place
            if event.quantity is not None:
                self.lots[item, Lot(place=event.place)] = event.quantity
            return
        self.need(item in self.place, "registered first")
        self.need(item not in self.retired, "nothing after retirement")
        if isinstance(event, StockTransferred):
            self._pieces_change(event)
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
                until = self.valid_until.get(item)
                self.need(until is None or event.at < until, "calibrated when out")
                self.out[item] = Out(event.booking, event.due_at, event.within)
                self.custodian[item] = event.custodian
            case LoanProlonged():
                self.need(item in self.out, "out before it is prolonged")
                self.need(self.out[item].due_at == event.was_due_at != event.due_at, "due before")
                self.need(self.out[item].booking == event.booking, "of the loan")
                self.need(self.custodian[item] == event.custodian, "by who has it")
                self.out[item] = self.out[item]._replace(due_at=event.due_at)
            case EquipmentCheckedIn():
                self.need(item in self.out, "out before in")
                self.need(self.out[item][:2] == (event.booking, event.due_at), "back from its loan")
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
                if event.kind == "calibration":
                    self.valid_until[item] = event.valid_until

    def _pieces_change(self, event: StockTransferred) -> None:
        """A move changes no loan, and a loan moves nothing."""
        origin, destination = event.origin, event.destination
        assert origin is not None
        assert destination is not None
        stock, loan = event.equipment, (origin.booking, origin.custodian, origin.due_at)
        there, then = (origin.place, origin.container), (destination.place, destination.container)
        match event.how:
            case "moved" | "packed" | "unpacked":
                same = loan == (destination.booking, destination.custodian, destination.due_at)
                self.need(same, "a move changes no loan")
                self.need(there != then, "a move moves")
                for outside, inside in ((there, then), (then, there)):
                    if inside[1] is not None:
                        self.need(inside[1] not in self.retired, "the container is in use")
                        self.need(outside == (self.where(inside[1]), None), "pieces are with it")
            case "checked out" | "checked in" | "handed over" | "prolonged":
                self.need(there == then, "a loan moves nothing")
                was, now = event.how != "checked out", event.how != "checked in"
                self.need((origin.is_out, destination.is_out) == (was, now), "out or not")
                self.need(origin != destination, "it changes something")
        for lot, change in ((origin, -event.quantity), (destination, event.quantity)):
            self.lots[stock, lot] = self.lots.get((stock, lot), 0) + change
            self.need(self.lots[stock, lot] >= 0, f"no fewer than none of {stock} in {lot}")
            if self.lots[stock, lot] == 0:
                del self.lots[stock, lot]

    def keep_the_laws(self) -> None:
        """Nothing is in the house in a container that is out, or out on another loan."""
        for thing, container in self.container.items():
            around = self.loan(container)
            if around is not None:
                its = self.loan(thing)
                self.need(its is not None, f"{thing} is in the house in {container}, which is out")
                self.need(its is None or its[0] == around[0], f"{thing} is out on two loans")
        for stock, lot in self.lots:
            if lot.container is None:
                continue
            out = self.out.get(lot.container)
            self.need(lot.is_out == (out is not None), f"{stock} as {lot.container}")
            self.need(out is None or out.booking == lot.booking, f"{stock} is out on two loans")

    @staticmethod
    def need(holds: bool, what: str) -> None:
        """Raises `Contradiction`."""
        if not holds:
            raise Contradiction(what)


def studio(events: Iterable[Event], until: datetime | None = None) -> Studio:
    """Return the studio after all events up to and including a time. Raises `Contradiction`."""
    happened = [event for event in events if isinstance(event, EquipmentEvent)]
    # A stable sort: of events at one instant, the one recorded first happened first.
    happened.sort(key=lambda event: event.at)
    found = Studio()
    for at, together in groupby(happened, key=lambda event: event.at):
        if until is not None and until < at:
            break
        for event in together:
            found.happen(event)
        # Of one instant, things go one after another: the packing, then the loan.
        found.keep_the_laws()
    return found


def fits(events: Sequence[Event], more: Sequence[Event]) -> bool:
    """Whether all events are consistent, and those that must be entered in order are."""
    so_far = list(events)
    for event in more:
        assert isinstance(event, EquipmentEvent)
        if not in_order(so_far, event):
            return False
        so_far.append(event)
    try:
        studio(so_far)
    except Contradiction:
        return False
    return True


def in_order(events: Sequence[Event], new: EquipmentEvent) -> bool:
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
                and new.equipment in (event.equipment, *getattr(event, "containers", ()))
                for event in events
            )
    return True


# --- what a command does, with everything inside -----------------------------------------


def goes_out(
    then: Studio, item: str, at: datetime, custodian: str, out: Out
) -> list[EquipmentEvent] | None:
    """The item and its contents go out, but what is out on that loan already; None if some of it
    is out on another."""
    wanted = (out.booking, None if out.booking else custodian)
    inside = list(then.deep(item))
    events: list[EquipmentEvent] = []
    for thing in (item, *inside):
        if thing != item and then.loan(thing) is not None:
            if then.loan(thing) != wanted:
                return None
            continue
        events.append(
            EquipmentCheckedOut(
                equipment=thing,
                at=at,
                booking=out.booking,
                custodian=custodian,
                due_at=out.due_at,
                within=out.within if thing == item else out.within or item,
                equipment_kind="kit",
            )
        )
    for stock, lot, n in then.lots_in(item, *inside):
        if lot.is_out:
            continue
        theirs = replace(lot, booking=out.booking, custodian=custodian, due_at=out.due_at)
        events.append(pieces(stock, at, "checked out", n, lot, theirs))
    return events


def comes_back(then: Studio, item: str, at: datetime) -> list[EquipmentEvent]:
    """The item and what is out with it come back."""
    loan = then.loan(item)
    assert loan is not None
    inside = list(then.deep(item))
    events: list[EquipmentEvent] = [
        EquipmentCheckedIn(
            equipment=thing,
            at=at,
            booking=then.out[thing].booking,
            due_at=then.out[thing].due_at,
            within=None if thing == item else item,
            equipment_kind="kit",
        )
        for thing in (item, *inside)
        if then.loan(thing) == loan
    ]
    for stock, lot, n in then.lots_in(item, *inside):
        if lot.is_out and loan == (lot.booking, None if lot.booking else lot.custodian):
            home = Lot(place=lot.place, container=lot.container)
            events.append(pieces(stock, at, "checked in", n, lot, home))
    return events


def pieces(
    stock: str, at: datetime, how: Any, quantity: int, origin: Lot, destination: Lot
) -> StockTransferred:
    """A transfer, without the tally that it carries."""
    return StockTransferred(
        equipment=stock,
        at=at,
        how=how,
        quantity=quantity,
        origin=origin,
        destination=destination,
        equipment_kind="kit",
        pieces=(),
        newest_at=at,
    )
