"""The description of an item: its name and kind, where it belongs, and what stands on it."""

from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from ledger.decisions.base import Context, Decision
from ledger.decisions.corrections import check_reason
from ledger.decisions.equipment.counts import counted, read_count
from ledger.decisions.equipment.custody import read_custody
from ledger.decisions.equipment.items import MARKS_AND_NOTES, check_barcode
from ledger.decisions.equipment.places import check_place, registered_by
from ledger.decisions.equipment.refusals import CheckedOutAlready, loan_text
from ledger.decisions.equipment.several import find_item
from ledger.decisions.equipment.stock import read_stock
from ledger.entities.equipment import DESCRIPTION, Item
from ledger.errors import BadInput, NothingChanges
from ledger.events.equipment import EquipmentDescribed, KindCount
from ledger.tags import check_text, mark


class ChangeEquipment(Decision, frozen=True, tag="equipment change"):
    """Change the description of an item or a stock; what is not given stays the same.

    Null clears an optional field. An item that is out keeps its kind, since its loan is counted for
    that.
    """

    equipment: str
    name: str | None = None
    kind: str | None = None
    home: str | UnsetType | None = UNSET
    maker: str | UnsetType | None = UNSET
    serial: str | UnsetType | None = UNSET
    barcode: str | UnsetType | None = UNSET
    owner: str | UnsetType | None = UNSET
    value: str | UnsetType | None = UNSET
    note: str | UnsetType | None = UNSET
    reference: str | UnsetType | None = UNSET

    def decide(self, ctx: Context) -> None:
        """Record `EquipmentDescribed`, with all of the description.

        Raises `NoReason`, `UnknownId`, `RetiredForGood`, `MarkedAlready`, `CheckedOutAlready`,
        `NothingChanges`, `BadInput`, `BadText`.
        """
        check_reason(ctx)
        item = find_item(ctx, self.equipment)
        registered_by(ctx, item, ctx.now)
        given = self._given(ctx)
        if not given:
            raise BadInput("no change is given", advice="Give what differs: --name")
        known = {name: getattr(item, name) for name in DESCRIPTION}
        if known == known | given:
            raise NothingChanges(
                f"{item.id} is described like that already", position=item.newest.position
            )
        check_barcode(ctx, item.id, given.get("barcode"))
        event = EquipmentDescribed(equipment=item.id, at=ctx.now, **(known | given))
        if mark(event.kind) != mark(item.kind):
            event = self._of_both_kinds(ctx, item, event)
        ctx.record(event)

    def _given(self, ctx: Context) -> dict[str, Any]:
        given: dict[str, Any] = {
            name: check_text(name, text)
            for name in ("name", "kind")
            if (text := getattr(self, name)) is not None
        }
        for name in MARKS_AND_NOTES:
            text = getattr(self, name)
            if text is not UNSET:
                given[name] = None if text is None else check_text(name, text)
        if self.home is not UNSET:
            given["home"] = None if self.home is None else check_place(ctx, self.home)
        return given

    def _of_both_kinds(
        self, ctx: Context, item: Item, event: EquipmentDescribed
    ) -> EquipmentDescribed:
        """Return the event with the counts of the kind that it leaves and of that it comes to."""
        pieces = 1
        if item.is_stock:
            stock = read_stock(ctx, item.id)
            pieces = sum(one.quantity for one in stock.pieces)
            for one in stock.pieces:
                if one.lot.is_out:
                    loan = loan_text(one.lot.booking, one.lot.custodian)
                    raise CheckedOutAlready(item.id, loan=loan, position=stock.position)
        else:
            read_custody(ctx, item.id).check_in_house()
        away = tuple(one for one in read_count(ctx, item.kind).away if one.equipment == item.id)
        event = replace(
            event, was_kind=item.kind, pieces=pieces, of_kind=KindCount(pieces, away=away)
        )
        return replace(
            event,
            of_kind=counted(ctx, event, event.kind),
            of_was_kind=counted(ctx, event, item.kind),
        )
