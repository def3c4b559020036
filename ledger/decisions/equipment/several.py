"""Commands for one item, or for several: all or none.

An item is named by its id, or by what stands on it: a barcode, a serial number, the reference of
another system. So a list from a scanner is a list of items.
"""

from collections.abc import Iterator, Sequence

from ledger.decisions.base import Context, Decision
from ledger.decisions.equipment.refusals import AmbiguousMark
from ledger.entities.equipment import Item
from ledger.errors import BadInput, UnknownId
from ledger.events.equipment import EquipmentDescribed, EquipmentRegistered, EquipmentRetired
from ledger.tags import mark, tag

DESCRIBED = (EquipmentRegistered, EquipmentDescribed, EquipmentRetired)
"""The few events that say what an item is, and whether it still is. No move is among them."""


class SeveralItems(Decision, frozen=True):
    """Base of the decisions that take an item or several.

    Each is an id, a barcode, a serial number or a reference; of a stock also `ID=PIECES`. One
    that is named several times counts that many pieces of a stock.
    """

    equipment: str | tuple[str, ...]

    @property
    def is_batch(self) -> bool:
        """Several are recorded under one batch id."""
        return not isinstance(self.equipment, str) and len(self.equipment) > 1

    def decide(self, ctx: Context) -> None:
        """Decide for each item, all or none. Raises `BadInput`, `UnknownId`, `AmbiguousMark`."""
        named = (self.equipment,) if isinstance(self.equipment, str) else self.equipment
        found = list(named_items(ctx, named))
        if not found:
            raise BadInput("no item is named", advice="Give the id or the barcode of one")
        for item, pieces in found:
            if item.is_stock:
                self.decide_stock(ctx, item, pieces)
            else:
                self.decide_one(ctx, item)

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Read, check and record for one item."""
        raise NotImplementedError

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Read, check and record for pieces of a stock; None: no number was given."""
        raise BadInput(
            f"{stock.id} is a stock, and {self.words()} is for a single item",
            advice="See what can be done with a stock: equipment --help",
        )


def named_items(ctx: Context, named: Sequence[str]) -> Iterator[tuple[Item, int | None]]:
    """Yield each item that is named, once, with the number of pieces that is given.

    Raises `UnknownId`, `AmbiguousMark`, `BadInput`.
    """
    found: dict[str, Item] = {}
    pieces: dict[str, list[int | None]] = {}
    for text in named:
        item, given = _with_pieces(ctx, text)
        found[item.id] = item
        pieces.setdefault(item.id, []).append(given)
    for id, item in found.items():
        numbers = pieces[id]
        if not item.is_stock:
            if len(numbers) > 1:
                raise BadInput(f"{id} is named twice", advice="Give each item once")
            if numbers != [None]:
                raise BadInput(
                    f"{id} is a single item, not a stock", advice="Leave out the number of pieces"
                )
        if numbers == [None]:
            yield item, None
        else:
            yield item, sum(1 if one is None else one for one in numbers)


def _with_pieces(ctx: Context, text: str) -> tuple[Item, int | None]:
    name, equals, number = text.rpartition("=")
    if equals and number.isdecimal():
        if not 1 <= int(number[:10]) <= MOST_PIECES:
            raise BadInput(
                f"{text!r} is not a number of pieces", advice=f"Give 1 to {MOST_PIECES:,}"
            )
        return find_item(ctx, name), int(number)
    return find_item(ctx, text), None


MOST_PIECES = 1_000_000


def find_item(ctx: Context, text: str) -> Item:
    """Return an item by its id, or else by what stands on it.

    As described now; its place is that of its registration, or where it was retired. Raises
    `UnknownId`, `AmbiguousMark`.
    """
    item = read_item(ctx, text)
    if item is not None:
        return item
    found = items_marked(ctx, text)
    if not found:
        raise UnknownId("equipment", text)
    if len(found) > 1:
        raise AmbiguousMark(text, items=tuple(one.id for one in found))
    return found[0]


def read_item(ctx: Context, id: str) -> Item | None:
    """Return an item as it is described, or None. One question, and no move disturbs it."""
    if " " in id or "@" in id:
        return None  # no id, and no tag could hold it
    entries = ctx.read(tag("equipment", id), *DESCRIBED)
    entries = [entry for entry in entries if entry.event.equipment == id]  # type: ignore[attr-defined]  # each of these types has one
    return Item.fold(entries) if entries else None


def items_marked(ctx: Context, text: str) -> list[Item]:
    """Return the items whose barcode, serial number or reference is that text, retired ones last.

    A retired item is among them only where no other is.
    """
    wanted = mark(text)
    if not wanted:
        return []
    ids = dict.fromkeys(
        entry.event.equipment  # type: ignore[attr-defined]  # each of these types has one
        for entry in ctx.read(tag("mark", wanted), EquipmentRegistered, EquipmentDescribed)
    )
    items = [item for id in ids if (item := read_item(ctx, id)) is not None]
    mine = [
        item
        for item in items
        if any(
            one is not None and mark(one) == wanted
            for one in (item.barcode, item.serial, item.reference)
        )
    ]
    return [item for item in mine if not item.place.retired] or mine
