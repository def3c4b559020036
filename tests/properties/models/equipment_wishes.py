"""What a command about equipment should record, as the naive studio sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from ledger.decisions.base import Decision
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import (
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut, HandOver, LendEquipment, ProlongLoan
from ledger.decisions.equipment.stocktaking import LoseStock
from ledger.events import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRetired,
    EquipmentUnpacked,
    Event,
    LoanProlonged,
    ServiceCompleted,
    ServiceStarted,
    StockTransferred,
)
from ledger.events.equipment import EquipmentEvent, Lot
from tests.properties.models.equipment_model import Out, Studio, studio


class Senseless(Exception):
    """A command that makes no sense then."""


def expected(events: Sequence[Event], command: Decision) -> list[EquipmentEvent] | None:
    """Return the events of a command; None if it makes no sense.

    Flags that only help reading, such as `latest`, are left at their defaults here.
    """
    try:
        return list(Wishes(events, command).events())
    except Senseless:
        return None


class Wishes:
    """A command, and the studio at its time and after all that is on record."""

    def __init__(self, events: Sequence[Event], command: Any) -> None:
        self.command = command
        self.at: datetime = command.at.resolve("UTC")
        self.item, _, pieces = command.equipment.partition("=")
        self.pieces = int(pieces) if pieces else 0
        self.then: Studio = studio(events, until=self.at)
        self.end: Studio = studio(events)
        need(self.item in self.then.place)

    def events(self) -> Iterator[EquipmentEvent]:
        if self.item in self.end.lots:
            return _OF_STOCK[type(self.command)](self)
        return _OF_ITEMS[type(self.command)](self)

    def kind(self, item: str) -> str:
        return "cable" if item in self.end.lots else "kit"

    # --- single items ----------------------------------------------------------------

    def moved(self) -> Iterator[EquipmentEvent]:
        place = self.then.where(self.item)
        yield self._move(self.at, place, self.command.to)
        if self.command.return_at is not None:
            back = self.command.return_at.resolve("UTC")
            need(back > self.at)
            yield self._move(back, self.command.to, place)

    def _move(self, at: datetime, origin: str, to: str) -> EquipmentEvent:
        return EquipmentMoved(
            equipment=self.item, at=at, origin=origin, destination=to, latest=False
        )

    def packed(self) -> Iterator[EquipmentEvent]:
        container = self.command.container
        need(container in self.then.place and container not in self.end.lots)
        around = (container, *self.then.around(container))
        yield self._packing(EquipmentPacked, around)
        out, its = self.then.out.get(container), self.then.out.get(self.item)
        if out is not None and its is None:
            who = self.then.custodian[container]
            yield from self._goes(out.booking, who, out.due_at, out.within or container)
        need(out is None or its is None or out.is_of(its))

    def unpacked(self) -> Iterator[EquipmentEvent]:
        around = tuple(self.then.around(self.item))
        need(bool(around))
        yield self._packing(EquipmentUnpacked, around)
        out = self.then.out.get(self.item)
        along = out is not None and out.within is not None and around[0] in self.then.out
        if along and not self.command.still_out:
            yield from self._comes()

    def _packing(self, type: Any, around: tuple[str, ...]) -> EquipmentEvent:
        found: EquipmentEvent = type(
            equipment=self.item,
            at=self.at,
            place=self.then.where(self.item),
            containers=around,
            latest_for=(),
            contents=(),
        )
        return found

    def went_out(self) -> Iterator[EquipmentEvent]:
        booking = getattr(self.command, "booking", None)
        return self._goes(booking, self.command.custodian, self.command.due_at.resolve("UTC"), None)

    def _goes(
        self, booking: str | None, who: str, due_at: datetime, within: str | None
    ) -> Iterator[EquipmentEvent]:
        loan = Out(booking, who, due_at, None)
        need(self.item not in self.then.out)
        yield self._check_out(self.item, loan, within)
        for thing, holder in self.then.deep(self.item):
            if thing in self.end.lots:
                for lot, number in self.end.in_container(thing, holder):
                    if not lot.is_out:
                        yield self.transfer(thing, "checked out", number, lot, lent(lot, loan))
                    need(not lot.is_out or loan.is_of(lot))
            elif thing in self.then.out:
                need(loan.is_of(self.then.out[thing]))
            else:
                yield self._check_out(thing, loan, within or self.item)

    def _check_out(self, item: str, loan: Out, within: str | None) -> EquipmentEvent:
        return EquipmentCheckedOut(
            equipment=item,
            at=self.at,
            booking=loan.booking,
            custodian=loan.who,
            due_at=loan.due_at,
            equipment_kind=self.kind(item),
            within=within,
        )

    def came_in(self) -> Iterator[EquipmentEvent]:
        need(not self.then.around(self.item) or self.then.container[self.item] not in self.then.out)
        return self._comes()

    def _comes(self) -> Iterator[EquipmentEvent]:
        need(self.item in self.then.out)
        for thing, lot, number in self._out_inside():
            if lot is None:
                yield self._check_in(thing, self.item)
            else:
                yield self.transfer(thing, "checked in", number, lot, home(lot))
        yield self._check_in(self.item, None)

    def _check_in(self, item: str, within: str | None) -> EquipmentEvent:
        out = self.then.out[item]
        return EquipmentCheckedIn(
            equipment=item,
            at=self.at,
            booking=out.booking,
            due_at=out.due_at,
            equipment_kind=self.kind(item),
            within=within,
        )

    def _out_inside(self) -> Iterator[tuple[str, Lot | None, int]]:
        """Yield what is in an item that is out, each stock by its lots."""
        booking = self.then.out[self.item].booking
        for thing, holder in self.then.deep(self.item):
            if thing in self.end.lots:
                for lot, number in self.end.in_container(thing, holder):
                    if lot.is_out and lot.booking == booking:
                        yield thing, lot, number
            elif thing in self.then.out and self.then.out[thing].booking == booking:
                yield thing, None, 1

    def handed_over(self) -> Iterator[EquipmentEvent]:
        was, who = self.then.custodian.get(self.item), self.command.custodian
        yield self._hand_over(self.item, was, who)
        if self.item not in self.then.out:
            return
        for thing, lot, number in self._out_inside():
            if lot is not None and lot.custodian == was:
                other = replace(lot, custodian=who)
                yield self.transfer(thing, "handed over", number, lot, other)
            elif lot is None and self.then.custodian[thing] == was:
                yield self._hand_over(thing, was, who)

    def _hand_over(self, item: str, was: str | None, who: str) -> EquipmentEvent:
        return CustodyTransferred(equipment=item, at=self.at, was=was, custodian=who)

    def prolonged(self) -> Iterator[EquipmentEvent]:
        need(self.item in self.then.out)
        due_at = self.command.due_at.resolve("UTC")
        need(due_at > self.at and due_at != self.then.out[self.item].due_at)
        yield self._prolong(self.item, due_at)
        for thing, lot, number in self._out_inside():
            if lot is not None and lot.due_at != due_at:
                yield self.transfer(thing, "prolonged", number, lot, replace(lot, due_at=due_at))
            elif lot is None and self.then.out[thing].due_at != due_at:
                yield self._prolong(thing, due_at)

    def _prolong(self, item: str, due_at: datetime) -> EquipmentEvent:
        out = self.then.out[item]
        return LoanProlonged(
            equipment=item,
            at=self.at,
            booking=out.booking,
            custodian=self.then.custodian[item],
            due_at=due_at,
            was_due_at=out.due_at,
            equipment_kind=self.kind(item),
            within=out.within,
        )

    def served(self) -> Iterator[EquipmentEvent]:
        type = ServiceCompleted if self.command.done else ServiceStarted
        yield type(
            equipment=self.item,
            at=self.at,
            kind=self.command.kind,
            equipment_kind=self.kind(self.item),
        )

    def retired(self) -> Iterator[EquipmentEvent]:
        yield EquipmentRetired(
            equipment=self.item,
            at=self.at,
            place=self.then.where(self.item),
            equipment_kind=self.kind(self.item),
        )

    # --- pieces ----------------------------------------------------------------------

    def transfer(
        self, stock: str, how: Any, number: int, origin: Lot | None, destination: Lot | None
    ) -> EquipmentEvent:
        return StockTransferred(
            equipment=stock,
            at=self.at,
            how=how,
            quantity=number,
            origin=origin,
            destination=destination,
            equipment_kind=self.kind(stock),
            pieces=(),
            newest_at=self.at,
        )

    def _loose(self) -> Lot:
        """The pieces in the house at a place. As of now, whenever it is."""
        place = getattr(self.command, "from_place", None) or self.command.origin
        need(self.end.lots[self.item].get(Lot(place=place), 0) > 0)
        return Lot(place=place)

    def pieces_moved(self) -> Iterator[EquipmentEvent]:
        lot = self._loose()
        need(lot.place != self.command.to)
        yield self.transfer(self.item, "moved", self.pieces, lot, Lot(place=self.command.to))

    def pieces_packed(self) -> Iterator[EquipmentEvent]:
        lot, container = self._loose(), self.command.container
        need(container in self.then.place and container not in self.end.lots)
        inside = Lot(container=container)
        yield self.transfer(self.item, "packed", self.pieces, lot, inside)
        out = self.then.out.get(container)
        if out is not None:
            loan = Out(out.booking, self.then.custodian[container], out.due_at, None)
            yield self.transfer(self.item, "checked out", self.pieces, inside, lent(inside, loan))

    def pieces_unpacked(self) -> Iterator[EquipmentEvent]:
        container = self.command.container
        lots = self.end.in_container(self.item, container)
        need(bool(lots))
        place = self.then.where(container)
        for lot, number in self._shares(lots):
            outside = replace(lot, container=None, place=place)
            yield self.transfer(self.item, "unpacked", number, lot, outside)
            if lot.is_out and not self.command.still_out:
                yield self.transfer(self.item, "checked in", number, outside, home(outside))

    def pieces_out(self) -> Iterator[EquipmentEvent]:
        lot = self._loose()
        booking = getattr(self.command, "booking", None)
        due_at = self.command.due_at.resolve("UTC")
        loan = Out(booking, self.command.custodian, due_at, None)
        yield self.transfer(self.item, "checked out", self.pieces, lot, lent(lot, loan))

    def pieces_in(self) -> Iterator[EquipmentEvent]:
        lots = [
            (lot, number)
            for lot, number in sorted(self.end.lots[self.item].items(), key=str)
            if number and lot.is_out and lot.container is None
            if self.command.booking in (None, lot.booking)
            if self.command.from_place in (None, lot.place)
        ]
        need(len({replace(lot, due_at=None) for lot, _ in lots}) == 1)
        for lot, number in self._shares(lots):
            yield self.transfer(self.item, "checked in", number, lot, home(lot))

    def pieces_lost(self) -> Iterator[EquipmentEvent]:
        yield self.transfer(self.item, "lost", self.pieces, self._loose(), None)

    def _shares(self, lots: list[tuple[Lot, int]]) -> list[tuple[Lot, int]]:
        """As many as are asked for, those first that are due first."""
        left, found = self.pieces, []
        for lot, number in sorted(lots, key=lambda one: str(one[0].due_at)):
            if taken := min(left, number):
                found.append((lot, taken))
            left -= taken
        need(left == 0)
        return found


def need(holds: bool) -> None:
    """Raises `Senseless`."""
    if not holds:
        raise Senseless


def home(lot: Lot) -> Lot:
    """The lot of the same pieces in the house."""
    return Lot(place=lot.place, container=lot.container)


def lent(lot: Lot, loan: Out) -> Lot:
    """The lot of the same pieces on a loan."""
    return replace(lot, booking=loan.booking, custodian=loan.who, due_at=loan.due_at)


Wish = Callable[[Wishes], Iterator[EquipmentEvent]]

_OF_ITEMS: dict[type[Decision], Wish] = {
    MoveEquipment: Wishes.moved,
    PackEquipment: Wishes.packed,
    UnpackEquipment: Wishes.unpacked,
    CheckOut: Wishes.went_out,
    LendEquipment: Wishes.went_out,
    CheckIn: Wishes.came_in,
    HandOver: Wishes.handed_over,
    ProlongLoan: Wishes.prolonged,
    ServiceEquipment: Wishes.served,
    RetireEquipment: Wishes.retired,
}
_OF_STOCK: dict[type[Decision], Wish] = {
    MoveEquipment: Wishes.pieces_moved,
    PackEquipment: Wishes.pieces_packed,
    UnpackEquipment: Wishes.pieces_unpacked,
    CheckOut: Wishes.pieces_out,
    LendEquipment: Wishes.pieces_out,
    CheckIn: Wishes.pieces_in,
    LoseStock: Wishes.pieces_lost,
}
