"""Stock-taking: the number of pieces that a stock has, put in order with what was counted.

A count is of the pieces that lie loose at a place, in the house: those in a case are counted when
that is unpacked, and those on a loan when they come back.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ledger.decisions.base import Context
from ledger.decisions.corrections import check_reason
from ledger.decisions.equipment.places import (
    check_place,
    registered_by,
    resolve_where_it_is,
    standing_in_use,
)
from ledger.decisions.equipment.refusals import NotFoundThere
from ledger.decisions.equipment.several import MOST_PIECES, SeveralItems, naming
from ledger.decisions.equipment.stock import (
    in_the_house,
    needs_number,
    on_loan,
    pieces_then,
    read_stock,
    shares,
    transfer,
)
from ledger.entities.equipment import Item
from ledger.errors import BadInput
from ledger.events.equipment import Lot, StockChange
from ledger.time.periods import Moment


class CountStock(SeveralItems, frozen=True, tag="equipment count"):
    """Say how many pieces of stocks were counted at a place: the difference was found or lost.

    Stocks that are not named are not counted. Single items may be among what was counted where the
    ledger has them there.
    """

    at_place: str
    at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Record `StockTransferred` for each difference; nothing where there is none.

        Raises `NotFoundThere`, `NoReason`, `UnknownId` and others.
        """
        place = check_place(ctx, self.at_place)
        found = self.items(ctx, least=0)
        self._check_singles(ctx, [item for item, _ in found if not item.is_stock], place)
        for item, pieces in found:
            if item.is_stock:
                with naming(self.named, item.id, ctx):
                    self._put_in_order(ctx, item, needs_number(item, pieces), place)

    def _put_in_order(self, ctx: Context, stock: Item, counted: int, place: str) -> None:
        at = _instant(ctx, self.at, stock, place)
        registered_by(ctx, stock, at)
        lot = Lot(place=place)
        difference = counted - pieces_then(ctx, stock.id, lot, at)
        if difference == 0:
            return
        check_reason(ctx)
        if difference < 0:
            transfer(ctx, stock, "lost", -difference, at, origin=lot)
        else:
            _add(ctx, stock, "found", difference, at, place)

    def _check_singles(self, ctx: Context, items: Sequence[Item], place: str) -> None:
        elsewhere = list[Elsewhere]()
        for item in items:
            with naming(self.named, item.id, ctx):
                at = _instant(ctx, self.at, item, place)
                stands = standing_in_use(ctx, item.id, at)
                if stands.place != place:
                    levels = [level.item for level in stands.outwards]
                    elsewhere.append(Elsewhere(item.id, stands.place, levels[1:]))
        if elsewhere:
            error = NotFoundThere(place=place, items=elsewhere)
            error.about = self.names_of(ctx, [one.item for one in elsewhere])
            raise error


class Elsewhere(Struct, frozen=True):
    """An item that the ledger has elsewhere, and the containers around it."""

    item: str
    place: str
    around: list[str]

    def __str__(self) -> str:
        return f"{self.item} at {self.place}" + (f" in {self.around[0]}" if self.around else "")


class LoseStock(SeveralItems, frozen=True, tag="equipment lost"):
    """Take pieces of stocks out of the count, since they are lost: in the house, or on a loan."""

    booking: str | None = None
    custodian: str | None = None
    from_place: str | None = None
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `BadInput`: a single item that is lost retires."""
        raise _single(item, f"Retire it: equipment retire {item.id}")

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotSoMany`, `WhichLot`, `BadInput` and others."""
        quantity = needs_number(stock, pieces)
        at = _instant(ctx, self.at, stock)
        if self.booking is None and self.custodian is None:
            meant = in_the_house(ctx, stock, place=self.from_place)
            transfer(ctx, stock, "lost", quantity, at, origin=meant.lot)
            return
        out = on_loan(
            ctx, stock, booking=self.booking, custodian=self.custodian, place=self.from_place
        )
        for lot, number in list(shares(ctx, stock, quantity, out)):
            transfer(ctx, stock, "lost", number, at, origin=lot)


class FindStock(SeveralItems, frozen=True, tag="equipment found"):
    """Count pieces of stocks in that were found at a place, and were not counted there."""

    at_place: str
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `BadInput`: a single item is moved to where it was found."""
        raise _single(item, f"Record where it is: equipment move {item.id} --to {self.at_place}")

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `UnknownId`, `BadInput` and others."""
        place, quantity = check_place(ctx, self.at_place), needs_number(stock, pieces)
        _add(ctx, stock, "found", quantity, _instant(ctx, self.at, stock, place), place)


class BuyStock(SeveralItems, frozen=True, tag="equipment buy"):
    """Count pieces of stocks in that were bought, and are at a place now."""

    at_place: str
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `BadInput`: another single item has an id of its own."""
        raise _single(item, "Add the new one under its own id: equipment add")

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `UnknownId`, `BadInput` and others."""
        place, quantity = check_place(ctx, self.at_place), needs_number(stock, pieces)
        _add(ctx, stock, "bought", quantity, _instant(ctx, self.at, stock, place), place)


def _single(item: Item, advice: str) -> BadInput:
    return BadInput(f"{item.id} is a single item, not a stock", advice=advice)


def _add(
    ctx: Context, stock: Item, how: StockChange, quantity: int, at: datetime, place: str
) -> None:
    there = sum(one.quantity for one in read_stock(ctx, stock.id).pieces)
    if there + quantity > MOST_PIECES:
        raise BadInput(
            f"{stock.id} would have {there + quantity:,} pieces",
            advice=f"A stock has at most {MOST_PIECES:,}",
        )
    transfer(ctx, stock, how, quantity, at, destination=Lot(place=place))


def _instant(ctx: Context, moment: Moment | None, item: Item, *places: str) -> datetime:
    return ctx.now if moment is None else resolve_where_it_is(ctx, moment, item.id, *places)
