"""Commands for one item, or for several: all or none.

An item is named by its id, or by what stands on it: a barcode, a serial number, the reference of
another system. So a list from a scanner is a list of items.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from ledger.decisions.base import Context, Decision
from ledger.decisions.equipment.places import standing
from ledger.decisions.equipment.refusals import AmbiguousMark, UnknownItems
from ledger.entities.equipment import Item
from ledger.errors import BadInput, LedgerError, UnknownId
from ledger.events.base import Event
from ledger.events.equipment import EquipmentDescribed, EquipmentRegistered, EquipmentRetired
from ledger.tags import mark, tag

DESCRIBED = (EquipmentRegistered, EquipmentDescribed, EquipmentRetired)
"""The few events that say what an item is, and whether it still is. No move is among them."""


class SeveralItems(Decision, frozen=True):
    """Base of the decisions that take an item or several.

    Each is an id, a barcode, a serial number or a reference; of a stock also `ID=PIECES`. One
    that is named several times counts that many pieces of a stock.
    """

    takes_along: ClassVar[bool] = False
    """Whether it happens to what is in an item, too: then a case comes before what is in it."""

    equipment: str | tuple[str, ...]

    @property
    def is_batch(self) -> bool:
        """Several are recorded under one batch id."""
        return not isinstance(self.equipment, str) and len(self.equipment) > 1

    def decide(self, ctx: Context) -> None:
        """Decide for each item, all or none. Raises `BadInput`, `UnknownId`, `AmbiguousMark`."""
        found = self.items(ctx)
        if self.takes_along and len(found) > 1:
            found.sort(key=lambda one: _depth(ctx, one[0]))
        for item, pieces in found:
            with naming(self.named, item.id, ctx):
                if item.is_stock:
                    self.decide_stock(ctx, item, pieces)
                else:
                    self.decide_one(ctx, item)

    @property
    def named(self) -> tuple[str, ...]:
        """The items as they were named."""
        return (self.equipment,) if isinstance(self.equipment, str) else self.equipment

    def items(self, ctx: Context, *, least: int = 1) -> list[tuple[Item, int | None]]:
        """Return what is named, as `named_items` does. Raises `BadInput` where nothing is."""
        found = list(named_items(ctx, self.named, least=least))
        if not found:
            raise BadInput("no item is named", advice="Give the id or the barcode of one")
        return found

    def names_of(self, ctx: Context, ids: Sequence[str]) -> tuple[str, ...]:
        """Return the names by which these items were given."""
        return tuple(text for text in self.named if _with_pieces(ctx, text)[0].id in ids)

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Read, check and record for one item."""
        raise NotImplementedError

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Read, check and record for pieces of a stock; None: no number was given."""
        raise BadInput(
            f"{stock.id} is a stock, and {self.words()} is for a single item",
            advice="Name single items",
        )


def _depth(ctx: Context, item: Item) -> int:
    return 0 if item.is_stock else len(list(standing(ctx, item.id, ctx.now).outwards))


def went_along(ctx: Context, item: str, *types: type[Event]) -> bool:
    """Whether this command has done to an item what it does, with a case around it.

    Who scans a case and then all that is in it names each thing twice, and means it once.
    """
    return any(
        isinstance(one.event, types) and getattr(one.event, "equipment", None) == item
        for one in ctx.proposals
    )


@contextmanager
def naming(named: Sequence[str], id: str, ctx: Context) -> Iterator[None]:
    """Let an error say by which names its item was given, so that a list can show the lines."""
    try:
        yield
    except LedgerError as error:
        if not error.about:
            error.about = tuple(text for text in named if _with_pieces(ctx, text)[0].id == id)
        raise


def named_items(
    ctx: Context, named: Sequence[str], *, least: int = 1
) -> Iterator[tuple[Item, int | None]]:
    """Yield each item that is named, once, with the number of pieces that is given.

    Raises `UnknownId`, `UnknownItems` with all of them, `AmbiguousMark`, `BadInput`.
    """
    found: dict[str, Item] = {}
    given: dict[str, list[tuple[str, int | None]]] = {}
    unknown: dict[str, UnknownId] = {}
    for text in named:
        try:
            item, pieces = _with_pieces(ctx, text, least)
        except UnknownId as error:
            unknown[text] = error
            continue
        except LedgerError as error:
            error.about = (text,)
            raise
        found[item.id] = item
        given.setdefault(item.id, []).append((text, pieces))
    if unknown:
        first = next(iter(unknown.values()))
        codes = dict.fromkeys(one.id for one in unknown.values())
        refused = first if len(codes) == 1 else UnknownItems(codes=tuple(codes))
        refused.about = tuple(unknown)
        raise refused
    for id, item in found.items():
        texts, numbers = zip(*given[id], strict=True)
        if not item.is_stock:
            _check_single(id, texts, numbers)
            yield item, None
        elif numbers == (None,):
            yield item, None
        else:
            yield item, sum(1 if one is None else one for one in numbers)


def _check_single(id: str, texts: Sequence[str], numbers: Sequence[int | None]) -> None:
    if len(texts) > 1:
        error = BadInput(f"{id} is named twice", advice="Give each item once")
    elif numbers[0] not in (None, 1):
        error = BadInput(
            f"{id} is a single item, not a stock", advice="Leave out the number of pieces"
        )
    else:
        return
    error.about = tuple(texts)
    raise error


_NUMBERED = re.compile(r"(.*\S)(\s*[=,;]\s*|\s+)([0-9]+)", re.DOTALL)


def is_numbered(text: str) -> bool:
    """Whether a text may end in a number of pieces: `ID=3`, `CODE,3`, `CODE 3`."""
    return _NUMBERED.fullmatch(text) is not None


def _with_pieces(ctx: Context, text: str, least: int = 0) -> tuple[Item, int | None]:
    numbered = _NUMBERED.fullmatch(text)
    if numbered is None:
        return find_item(ctx, text), None
    name, sign, number = numbered.groups()
    # A name may end in a number itself: `SN 12` is not twelve of SN.
    whole, split = (text, 1), (name, int(number[:10]))
    first, second = (split, whole) if sign == "=" else (whole, split)
    try:
        item, pieces = find_item(ctx, first[0]), first[1]
    except UnknownId as error:
        try:
            item, pieces = find_item(ctx, second[0]), second[1]
        except UnknownId:
            raise (error if first is split else UnknownId("equipment", name)) from None
    if not least <= pieces <= MOST_PIECES:
        raise BadInput(
            f"{text!r} is not a number of pieces", advice=f"Give {least} to {MOST_PIECES:,}"
        )
    return item, pieces


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
