"""Stock: pieces that are counted, and go from lot to lot.

Whatever happens to some of them is one transfer: from a lot to another, or in or out of the stock.
Each carries the whole stock as it is afterwards, as of everything recorded so far. So the usual
command reads one event. A late one works out the stock of its own time and of each later one from
the transfers since, a month at a time, for no lot may ever have less than none.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.decisions.equipment.contents import read_contents
from ledger.decisions.equipment.counts import counted
from ledger.decisions.equipment.places import check_happened, on_site, registered_by
from ledger.decisions.equipment.refusals import NotSoMany, WhichLot
from ledger.entities.equipment import Item, stock_of, transferred
from ledger.errors import BadInput, UnreadableEvent
from ledger.events.equipment import (
    STOCK,
    EquipmentRegistered,
    Lot,
    Pieces,
    StockChange,
    StockTransferred,
    month_tag,
)
from ledger.events.standing import is_correction
from ledger.tags import tag
from ledger.time.months import months_of


class Stock(Struct, frozen=True):
    """A stock as of everything recorded: its pieces by lot, the latest time, and the entry."""

    pieces: tuple[Pieces, ...]
    newest_at: datetime
    position: int

    def having(self, **wanted: Any) -> list[Pieces]:
        """Return the lots that have these values, such as `place`, `booking`."""
        return [
            one
            for one in self.pieces
            if all(getattr(one.lot, name) == value for name, value in wanted.items())
        ]


def read_stock(ctx: Context, stock: str) -> Stock:
    """Read a stock: the newest transfer, or what it was registered with."""
    newest = ctx.newest(tag("equipment", stock, STOCK), StockTransferred)
    if newest is not None and not is_correction(newest):
        event: Any = newest.event
        if not isinstance(event, StockTransferred):
            raise UnreadableEvent(newest.type, position=newest.position)
        return Stock(event.pieces, event.newest_at, newest.position)
    registered = ctx.last(tag("equipment", stock), EquipmentRegistered)
    if registered is None or not isinstance(registered.event, EquipmentRegistered):
        raise UnreadableEvent(EquipmentRegistered.type_name, position=0)
    pieces, at, position = stock_of(registered.event), registered.event.at, registered.position
    if newest is not None:  # only after a correction
        for entry in ctx.read(tag("equipment", stock, STOCK), StockTransferred):
            event = entry.event
            if not isinstance(event, StockTransferred):
                raise UnreadableEvent(entry.type, position=entry.position)
            pieces, at = transferred(pieces, event), max(at, event.at)
    return Stock(pieces, at, newest.position if newest is not None else position)


def transfer(
    ctx: Context,
    stock: Item,
    how: StockChange,
    quantity: int,
    at: datetime,
    *,
    origin: Lot | None = None,
    destination: Lot | None = None,
) -> None:
    """Record that pieces went from a lot to another. Raises `NotSoMany`, `NotYetHappened`."""
    check_happened(ctx, at, stock.id)
    registered_by(ctx, stock, at)
    known = read_stock(ctx, stock.id)
    event = StockTransferred(
        equipment=stock.id,
        at=at,
        how=how,
        quantity=quantity,
        origin=origin,
        destination=destination,
        equipment_kind=stock.kind,
        pieces=known.pieces,
        newest_at=max(known.newest_at, at),
    )
    if origin is not None:
        _check_enough(ctx, known, event)
    event = replace(event, pieces=transferred(known.pieces, event))
    if event.container is not None:
        event = replace(event, contents=_contents_after(ctx, event))
    if origin is None or destination is None:
        event = replace(event, of_kind=counted(ctx, event, stock.kind))
    ctx.record(event)


def _contents_after(ctx: Context, event: StockTransferred) -> tuple[str, ...]:
    """Return what is in the container afterwards: the stock, as long as any piece of it is."""
    container = event.container or ""
    others = set(read_contents(ctx, container)[0]) - {event.equipment}
    inside = any(one.lot.container == container for one in event.pieces)
    return tuple(sorted(others | {event.equipment} if inside else others))


def _check_enough(ctx: Context, known: Stock, event: StockTransferred) -> None:
    """Check that the lot has that many from then on. Raises `NotSoMany`."""
    assert event.origin is not None
    left = _in_lot(known.pieces, event.origin) - event.quantity
    afterwards = transfers_after(ctx, event.equipment, event.at, known.newest_at)
    # After the last of them there are as many as now; each is undone to see what was before it.
    lowest, at, position = left, event.at, known.position
    if afterwards:
        at, position = afterwards[-1][0].at, afterwards[-1][1]
    for n in range(len(afterwards) - 1, -1, -1):
        left -= _change(afterwards[n][0], event.origin)
        if left < lowest:
            earlier = afterwards[n - 1] if n else None
            lowest, at = left, event.at if earlier is None else earlier[0].at
            position = known.position if earlier is None else earlier[1]
    if lowest < 0:
        raise NotSoMany(
            event.equipment,
            on_site(ctx, at, event.equipment),
            asked=event.quantity,
            there=lowest + event.quantity,
            lot=event.origin,
            position=position,
        )


def transfers_after(
    ctx: Context, stock: str, at: datetime, until: datetime
) -> list[tuple[StockTransferred, int]]:
    """Return the transfers after a time, in effective order, each with its position."""
    if until <= at:
        return []
    found = []
    for month in months_of(at.astimezone(UTC).date(), until.astimezone(UTC).date()):
        day = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)
        for entry in ctx.read(month_tag(stock, day), StockTransferred):
            event = entry.event
            if isinstance(event, StockTransferred) and event.equipment == stock and event.at > at:
                found.append((event, entry.position))
    return sorted(found, key=lambda one: (one[0].at, one[1]))


def pieces_then(ctx: Context, stock: str, lot: Lot, at: datetime) -> int:
    """Return how many pieces a lot had at a time."""
    known = read_stock(ctx, stock)
    later = transfers_after(ctx, stock, at, known.newest_at)
    return _in_lot(known.pieces, lot) - sum(_change(event, lot) for event, _ in later)


def _in_lot(pieces: Iterable[Pieces], lot: Lot) -> int:
    return sum(one.quantity for one in pieces if one.lot == lot)


def _change(event: StockTransferred, lot: Lot) -> int:
    came, went = event.destination == lot, event.origin == lot
    return event.quantity * (int(came) - int(went))


# --- which pieces are meant ----------------------------------------------------------


def in_the_house(ctx: Context, stock: Item, *, place: str | None) -> Pieces:
    """Return the pieces in the house at a place, or at the only place that has any.

    Raises `WhichLot`, `NotSoMany`.
    """
    lots = [
        one
        for one in read_stock(ctx, stock.id).pieces
        if not one.lot.is_out and one.lot.place is not None and place in (None, one.lot.place)
    ]
    return _the_only(ctx, stock, lots, Lot(place=place))


def on_loan(
    ctx: Context,
    stock: Item,
    *,
    booking: str | None,
    custodian: str | None = None,
    place: str | None = None,
) -> list[Pieces]:
    """Return the pieces that are out for a booking or with a person, or all that are.

    They differ in when they are due, the first due first. Pieces in cases come back with these, so
    they are meant only where no others are out. Raises `WhichLot`, `NotSoMany`.
    """
    lots = [
        one
        for one in read_stock(ctx, stock.id).pieces
        if one.lot.is_out
        and booking in (None, one.lot.booking)
        and custodian in (None, one.lot.custodian)
        and place in (None, one.lot.place)
    ]
    lots = [one for one in lots if one.lot.container is None] or lots
    wanted = Lot(place=place, booking=booking, custodian=custodian, due_at=ctx.now)
    first = {replace(one.lot, due_at=None, container=None): one for one in lots}
    _the_only(ctx, stock, tuple(first.values()), wanted)
    return sorted(lots, key=lambda one: str(one.lot.due_at))


def shares(
    ctx: Context, stock: Item, pieces: int | None, lots: Sequence[Pieces]
) -> Iterator[tuple[Lot, int]]:
    """Yield how many of each lot are meant: all, or as many as are asked for, in their order.

    Raises `NotSoMany`.
    """
    there = sum(one.quantity for one in lots)
    left = there if pieces is None else pieces
    if left > there:
        position = read_stock(ctx, stock.id).position
        at = on_site(ctx, ctx.now, stock.id)
        raise NotSoMany(stock.id, at, asked=left, there=there, lot=lots[0].lot, position=position)
    for one in lots:
        if taken := min(left, one.quantity):
            yield one.lot, taken
            left -= taken


def packed_pieces(ctx: Context, stock: Item, *, container: str | None) -> list[Pieces]:
    """Return the pieces in a container, or in the only one that has any.

    They differ in their loans, the first due first. Raises `WhichLot`, `NotSoMany`.
    """
    lots = [
        one
        for one in read_stock(ctx, stock.id).pieces
        if one.lot.container is not None and container in (None, one.lot.container)
    ]
    holders = {one.lot.container: Pieces(Lot(container=one.lot.container), 1) for one in lots}
    wanted = Lot(container=container or "any case")
    _the_only(ctx, stock, tuple(holders.values()), wanted)
    return sorted(lots, key=lambda one: str(one.lot.due_at))


def in_container(ctx: Context, stock: str, container: str) -> list[Pieces]:
    """Return the pieces of a stock that lie in a container."""
    return read_stock(ctx, stock).having(container=container)


def _the_only(ctx: Context, stock: Item, lots: Sequence[Pieces], wanted: Lot) -> Pieces:
    if len(lots) == 1:
        return lots[0]
    position = read_stock(ctx, stock.id).position
    if not lots:
        raise NotSoMany(
            stock.id,
            on_site(ctx, ctx.now, stock.id),
            asked=1,
            there=0,
            lot=wanted,
            position=position,
        )
    raise WhichLot(stock.id, lots=tuple(one.lot for one in lots), position=position)


def number(pieces: int | None, meant: Pieces) -> int:
    """Return how many pieces are meant: the number given, or all of the lot."""
    return meant.quantity if pieces is None else pieces


def needs_number(stock: Item, pieces: int | None) -> int:
    """Return the number that is given. Raises `BadInput` where none is."""
    if pieces is None:
        raise BadInput(
            f"{stock.id} is a stock of several pieces", advice=f"Say how many: {stock.id}=12"
        )
    return pieces
