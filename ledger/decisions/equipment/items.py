"""Equipment: an item's place and container, from its registration to its retirement.

Who has an item and whether it is fit for use are separate facts (`custody`): a move changes
neither, and neither of them moves anything.

A *late entry* happened before an event of the same chain that is already recorded. It is
accepted where the chain stays consistent: each later fact must still find the item where it
says. A move there and back fits between two facts; a single late move never does, since
the next fact has the item at its old place. Packing and unpacking are entered in order, item
by item: every later fact of an item says what it is packed in.
"""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from ledger.decisions.base import Context, Decision, check_unused
from ledger.decisions.equipment.contents import (
    check_newest,
    pieces_after,
    read_contents,
    take_out,
)
from ledger.decisions.equipment.counts import counted
from ledger.decisions.equipment.custody import (
    check_same_loan,
    come_back,
    custody_then,
    go_out,
    instant,
    loan_of,
    read_custody,
)
from ledger.decisions.equipment.fitness import check_fit
from ledger.decisions.equipment.places import (
    check_happened,
    check_place,
    on_site,
    resolve,
    resolve_where_it_is,
    standing_in_use,
)
from ledger.decisions.equipment.refusals import (
    AlreadyThere,
    InsideItself,
    LaterPlaceStands,
    MarkedAlready,
    NotEmpty,
    NotInIt,
    NotThere,
    NotTogether,
    StillPacked,
)
from ledger.decisions.equipment.several import (
    MOST_PIECES,
    SeveralItems,
    find_item,
    items_marked,
    went_along,
)
from ledger.decisions.equipment.stock import in_the_house, number, packed_pieces, shares, transfer
from ledger.entities.equipment import Item
from ledger.errors import BadInput, BadTime
from ledger.events.equipment import (
    OUTSIDE,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    Lot,
)
from ledger.tags import check_id, check_text
from ledger.time.periods import Moment


class AddEquipment(Decision, frozen=True, tag="equipment add"):
    """Track an item from `at` on, first at `at_place`. A container is an item like any other.

    With `quantity` it is a stock of that many pieces under one id. `home` is the place where it
    belongs. It is found by its `serial` number, its `barcode` and its `reference` elsewhere, too.
    """

    equipment: str
    name: str
    kind: str
    at_place: str
    home: str | None = None
    maker: str | None = None
    quantity: int | None = None
    serial: str | None = None
    barcode: str | None = None
    owner: str | None = None
    value: str | None = None
    note: str | None = None
    reference: str | None = None
    at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Record `EquipmentRegistered`.

        Raises `AlreadyExists`, `UnknownId`, `NotYetHappened`, `MarkedAlready`.
        """
        check_id("equipment", self.equipment)
        check_unused(ctx, "equipment", self.equipment, EquipmentRegistered)
        if self.quantity is not None and not 1 <= self.quantity <= MOST_PIECES:
            raise BadInput(
                f"a stock cannot have {self.quantity} pieces",
                advice=f"Give --quantity from 1 to {MOST_PIECES:,}",
            )
        place = check_place(ctx, self.at_place)
        home = None if self.home is None else check_place(ctx, self.home)
        at = ctx.now
        if self.at is not None:
            on_the_clock_of = home if home and place.startswith(OUTSIDE) else place
            at = resolve(ctx, self.at, on_the_clock_of)
        check_barcode(ctx, self.equipment, self.barcode)
        event = EquipmentRegistered(
            equipment=self.equipment,
            at=check_happened(ctx, at, self.equipment),
            name=check_text("name", self.name),
            kind=check_text("kind", self.kind),
            place=place,
            home=home,
            quantity=self.quantity,
        )
        event = replace(event, **free_texts(self))
        ctx.record(replace(event, of_kind=counted(ctx, event, event.kind)))


MARKS_AND_NOTES = ("maker", "serial", "barcode", "owner", "value", "note", "reference")
"""The fields of a description that are free text, and may be left out."""


def free_texts(given: Any) -> dict[str, str]:
    """Return the free texts that are given, checked. Raises `BadText`."""
    found = {name: getattr(given, name) for name in MARKS_AND_NOTES}
    return {name: check_text(name, text) for name, text in found.items() if text is not None}


def check_barcode(ctx: Context, equipment: str, barcode: str | None) -> None:
    """Check that no other item in use has that barcode. Raises `MarkedAlready`."""
    if barcode is None:
        return
    for other in items_marked(ctx, barcode):
        if other.id != equipment and not other.place.retired:
            raise MarkedAlready(
                equipment, text=barcode, other=other.id, position=other.place.position
            )


class MoveEquipment(SeveralItems, frozen=True, tag="equipment move"):
    """Move items, with everything in them, to a place.

    `origin` asserts where they came from; of a stock it says which pieces. With `return_at` an item
    went there and came back.
    """

    takes_along = True

    to: str
    at: Moment | None = None
    origin: str | None = None
    return_at: Moment | None = None

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotSoMany`, `WhichLot`, `AlreadyThere` and others."""
        destination = check_place(ctx, self.to)
        origin = None if self.origin is None else check_place(ctx, self.origin)
        if self.return_at is not None:
            raise BadInput("--return-at is for a single item", advice="Move the pieces back later")
        at = self._instant(ctx, stock.id, self.at, origin)
        meant = in_the_house(ctx, stock, place=origin)
        if meant.lot.place == destination:
            raise AlreadyThere(
                stock.id,
                on_site(ctx, at, stock.id),
                place=destination,
                position=stock.place.position,
            )
        there = replace(meant.lot, place=destination)
        quantity = number(pieces, meant)
        transfer(ctx, stock, "moved", quantity, at, origin=meant.lot, destination=there)

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `StillPacked`, `NotThere`, `AlreadyThere`, `LaterPlaceStands` and others."""
        equipment = item.id
        destination = check_place(ctx, self.to)
        origin = None if self.origin is None else check_place(ctx, self.origin)
        at = check_happened(ctx, self._instant(ctx, equipment, self.at, origin), equipment)
        now = standing_in_use(ctx, equipment, at)
        if now.around is not None:
            around = list(now.outwards)[-1].item
            if went_along(ctx, around, EquipmentMoved):
                return
            raise StillPacked(equipment, container=now.around.item, position=now.fact.position)
        if origin is not None and origin != now.place:
            raise NotThere(
                equipment,
                on_site(ctx, at, equipment),
                said=origin,
                was=now.place,
                position=now.fact.position,
            )
        if destination == now.place:
            raise AlreadyThere(
                equipment,
                on_site(ctx, at, equipment),
                place=destination,
                position=now.fact.position,
            )
        back = None
        if self.return_at is not None:
            back = self._instant(ctx, equipment, self.return_at, origin)
            check_happened(ctx, back, equipment)
            if back <= at:
                raise BadTime(
                    f"the return at {self.return_at} is not after the move",
                    advice="Give a later --return-at",
                )
        # A later fact at the instant of the return comes first: it happened while the item
        # was away.
        if now.later is not None and (back is None or now.later.at <= back):
            raise LaterPlaceStands(
                equipment,
                destination,
                later=on_site(ctx, now.later.at, equipment),
                was=now.later.was,
                position=now.later.position,
            )
        pieces: Any = pieces_after(ctx, equipment, at, back)
        if pieces is not None:
            raise LaterPlaceStands(
                equipment,
                destination,
                later=on_site(ctx, pieces.event.at, equipment),
                was=now.place,
                position=pieces.position,
            )
        moves = [(at, now.place, destination)]
        if back is not None:
            moves.append((back, destination, now.place))
        for when, left, came in moves:
            ctx.record(
                EquipmentMoved(
                    equipment=equipment,
                    at=when,
                    origin=left,
                    destination=came,
                    latest=now.later is None,
                )
            )

    def _instant(
        self, ctx: Context, equipment: str, moment: Moment | None, origin: str | None
    ) -> datetime:
        if moment is None:
            return ctx.now
        if origin is not None:
            return resolve(ctx, moment, origin, self.to, item=equipment)
        return resolve_where_it_is(ctx, moment, equipment, self.to)


class PackEquipment(SeveralItems, frozen=True, tag="equipment pack"):
    """Put items, with everything in them, into a container at the same place.

    Into one that is out, they go out with it. Pieces of a stock are taken `from_place`.
    """

    container: str
    from_place: str | None = None
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `StillPacked`, `NotTogether`, `InsideItself`, `LaterEntryStands` and others."""
        equipment, holder = item.id, find_item(ctx, self.container)
        at = instant(ctx, self.at, equipment)
        stands = standing_in_use(ctx, equipment, at)
        if holder.id == equipment:
            raise InsideItself(equipment, holder.id, position=None)
        if stands.around is not None:
            raise StillPacked(
                equipment, container=stands.around.item, position=stands.fact.position
            )
        check_newest(ctx, stands, at)
        # An item packed late is inside from then on, so not in a container retired since.
        container = standing_in_use(ctx, _container(holder), at, for_good=True)
        levels = list(container.outwards)
        for level in levels:
            if level.around is not None and level.around.item == equipment:
                raise InsideItself(equipment, holder.id, position=level.fact.position)
        if stands.place != container.place:
            raise NotTogether(
                equipment,
                stands.place,
                container=holder.id,
                its_place=container.place,
                position=max(stands.fact.position, levels[-1].fact.position),
            )
        contents, _ = read_contents(ctx, holder.id)
        ctx.record(
            EquipmentPacked(
                equipment=equipment,
                at=at,
                place=stands.place,
                containers=tuple(level.item for level in levels),
                latest_for=tuple(level.item for level in levels if level.later is None),
                contents=tuple(sorted({*contents, equipment})),
            )
        )
        _join(ctx, item, holder.id, at)

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotTogether`, `NotSoMany`, `WhichLot` and others."""
        holder = find_item(ctx, self.container)
        at = instant(ctx, self.at, stock.id)
        container = standing_in_use(ctx, _container(holder), at, for_good=True)
        meant = in_the_house(ctx, stock, place=self.from_place)
        if meant.lot.place != container.place:
            raise NotTogether(
                stock.id,
                str(meant.lot.place),
                container=holder.id,
                its_place=container.place,
                position=container.fact.position,
            )
        inside, quantity = Lot(container=holder.id), number(pieces, meant)
        transfer(ctx, stock, "packed", quantity, at, origin=meant.lot, destination=inside)
        custody = custody_then(ctx, holder.id, at)
        if custody.out is not None:
            lot = loan_of(custody.out, custody.custodian).lot(container=holder.id)
            transfer(ctx, stock, "checked out", quantity, at, origin=inside, destination=lot)


def _container(holder: Item) -> str:
    if holder.is_stock:
        raise BadInput(
            f"{holder.id} is a stock, and nothing can be packed into it",
            advice="Add the container as an item of its own: equipment add",
        )
    return holder.id


def _join(ctx: Context, item: Item, container: str, at: datetime) -> None:
    """Let an item go out with the container that it was put into, if that is out.

    Raises `OutAlready`, `LaterEntryStands`, and what `go_out` raises.
    """
    around = custody_then(ctx, container, at)
    if around.out is None:
        return
    its, loan = custody_then(ctx, item.id, at), loan_of(around.out, around.custodian)
    if its.out is None:
        go_out(ctx, item, loan, at, within=around.out.within or container)
    else:
        check_same_loan(its, loan, container)


class UnpackEquipment(SeveralItems, frozen=True, tag="equipment unpack"):
    """Take items out of their container, at the container's place.

    Out of a container that is out they come back, unless they are `still_out`: then they are out by
    themselves. Pieces of a stock come out of the `container`, or the only one that has any.
    """

    container: str | None = None
    still_out: bool = False
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `NotPacked`, `LaterEntryStands` and others."""
        at = instant(ctx, self.at, item.id)
        custody = read_custody(ctx, item.id)
        stood = take_out(ctx, item.id, at)
        assert stood.around is not None
        holder = stood.around.item
        if self.container is not None and find_item(ctx, self.container).id != holder:
            raise NotInIt(item.id, container=self.container, position=stood.fact.position)
        around = custody_then(ctx, holder, at)
        out = custody.out
        # One that was out before it was put in stays out, as does one out of a case in the house.
        came_along = out is not None and out.within is not None and around.out is not None
        if out is not None and came_along and not self.still_out:
            come_back(ctx, item, out, at)

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotSoMany`, `WhichLot` and others."""
        at = instant(ctx, self.at, stock.id)
        holder = find_item(ctx, self.container).id if self.container is not None else None
        packed = packed_pieces(ctx, stock, container=holder)
        container = packed[0].lot.container or ""
        custody_then(ctx, container, at)
        place = standing_in_use(ctx, container, at).place
        for lot, quantity in list(shares(ctx, stock, pieces, packed)):
            outside = replace(lot, container=None, place=place)
            transfer(ctx, stock, "unpacked", quantity, at, origin=lot, destination=outside)
            if outside.is_out and not self.still_out:
                home = Lot(place=place)
                transfer(ctx, stock, "checked in", quantity, at, origin=outside, destination=home)


class RetireEquipment(SeveralItems, frozen=True, tag="equipment retire"):
    """Retire items: they leave the studio for good. Of a stock, pieces `from_place`."""

    from_place: str | None = None
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `StillPacked`, `NotEmpty`, `CheckedOutAlready`, `InService` and others."""
        at = instant(ctx, self.at, item.id)
        stands = standing_in_use(ctx, item.id, at)
        check_newest(ctx, stands, at)
        if stands.around is not None:
            raise StillPacked(item.id, container=stands.around.item, position=stands.fact.position)
        contents, newest = read_contents(ctx, item.id)
        if newest is not None and contents:
            raise NotEmpty(item.id, contents=contents, position=newest.position)
        custody = read_custody(ctx, item.id)
        custody.check_in_house()
        custody.check_not_before(ctx, at)
        check_fit(ctx, item.id, at, to_retire=True)
        event = EquipmentRetired(
            equipment=item.id,
            at=at,
            place=stands.place,
            equipment_kind=item.kind,
        )
        ctx.record(replace(event, of_kind=counted(ctx, event, item.kind)))

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotSoMany`, `WhichLot` and others."""
        at = instant(ctx, self.at, stock.id)
        meant = in_the_house(ctx, stock, place=self.from_place)
        transfer(ctx, stock, "retired", number(pieces, meant), at, origin=meant.lot)
