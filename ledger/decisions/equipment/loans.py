"""Commands of loans: check out, lend, prolong, hand over, check in."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.decisions.equipment.contents import all_inside, take_out
from ledger.decisions.equipment.custody import (
    Custody,
    Loan,
    booking_zone,
    check_comes_alone,
    check_firm,
    check_in_pieces,
    check_out_pieces,
    come_back,
    due_with,
    go_out,
    instant,
    loan_of,
    out_inside,
    read_custody,
)
from ledger.decisions.equipment.places import (
    check_happened,
    on_site,
    registered_by,
    resolve_where_it_is,
    standing,
)
from ledger.decisions.equipment.refusals import (
    NotCheckedOut,
    NotInIt,
    OutInItsCase,
    OutOtherwise,
    WhichLot,
    loan_text,
)
from ledger.decisions.equipment.several import SeveralItems, named_items, went_along
from ledger.decisions.equipment.stock import (
    in_container,
    in_the_house,
    number,
    on_loan,
    read_stock,
    shares,
    transfer,
)
from ledger.entities.equipment import Item
from ledger.errors import BadTime, NothingChanges, instant_text
from ledger.events.equipment import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    LoanProlonged,
    Lot,
)
from ledger.tags import check_text
from ledger.time.periods import Deadline, Moment


class CheckOut(SeveralItems, frozen=True, tag="equipment check-out"):
    """Give items to `custodian` for a confirmed or started booking, due back at `due_at`.

    A day as `due_at` means its end; without one they are due when the booking ends. A check-out
    before the booking wrapped may be entered after it has. The contents of a container go with it.
    Pieces of a stock are taken `from_place`.
    """

    takes_along = True

    booking: str
    custodian: str
    due_at: Deadline | None = None
    from_place: str | None = None
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `CheckedOutAlready`, `InService`, `BookingNotFirm` and others."""
        if not went_along(ctx, item.id, EquipmentCheckedOut):
            loan, at = self._loan(ctx, item)
            go_out(ctx, item, loan, at)

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotSoMany`, `WhichLot`, `BookingNotFirm` and others."""
        loan, at = self._loan(ctx, stock)
        meant = in_the_house(ctx, stock, place=self.from_place)
        check_out_pieces(ctx, stock, meant.lot, loan, at, number(pieces, meant))

    def _loan(self, ctx: Context, item: Item) -> tuple[Loan, datetime]:
        at = ctx.now if self.at is None else self._resolve(ctx, self.at)
        booking = check_firm(ctx, self.booking, at)
        check_happened(ctx, at, item.id)
        due_at = (
            due_with(booking.period) if self.due_at is None else self._resolve(ctx, self.due_at)
        )
        if due_at <= at:
            end = instant_text(on_site(ctx, booking.period.end, item.id))
            ended = f"booking {self.booking!r} ended at {end}"
            due = f"the item is due back at {self.due_at}, not after it goes out"
            raise BadTime(
                ended if self.due_at is None else due,
                advice="Say when it is due back: --due-at"
                if self.due_at is None
                else "Give a later --due-at",
            )
        return Loan(check_text("custodian", self.custodian), due_at, self.booking), at

    def _resolve(self, ctx: Context, moment: Moment) -> datetime:
        """On the clock of the booking's site, where no offset is written."""
        if moment.has_offset:
            return moment.resolve("UTC")
        return moment.resolve(booking_zone(ctx, self.booking))


class LendEquipment(SeveralItems, frozen=True, tag="equipment lend"):
    """Lend items to a person, without a booking, due back at `due_at`; a day means its end."""

    takes_along = True

    custodian: str
    due_at: Deadline
    from_place: str | None = None
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `CheckedOutAlready`, `InService` and others."""
        if not went_along(ctx, item.id, EquipmentCheckedOut):
            loan, at = self._loan(ctx, item)
            go_out(ctx, item, loan, at)

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotSoMany`, `WhichLot` and others."""
        loan, at = self._loan(ctx, stock)
        meant = in_the_house(ctx, stock, place=self.from_place)
        check_out_pieces(ctx, stock, meant.lot, loan, at, number(pieces, meant))

    def _loan(self, ctx: Context, item: Item) -> tuple[Loan, datetime]:
        at = instant(ctx, self.at, item.id)
        due_at = resolve_where_it_is(ctx, self.due_at, item.id)
        if due_at <= at:
            raise BadTime(
                f"the item is due back at {self.due_at}, not after it goes out",
                advice="Give a later --due-at",
            )
        return Loan(check_text("custodian", self.custodian), due_at), at


# --- check in ------------------------------------------------------------------------


class CheckIn(SeveralItems, frozen=True, tag="equipment check-in"):
    """Take items back from what they are out for, with what went out in them.

    Things that a container came back `without` stay out, and are in it no longer. Of a stock some
    pieces may come back, of those that are out for a booking or with a custodian.
    """

    takes_along = True

    without: tuple[str, ...] = ()
    booking: str | None = None
    custodian: str | None = None
    from_place: str | None = None
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `NotCheckedOut`, `LaterEntryStands` and others."""
        if went_along(ctx, item.id, EquipmentCheckedIn):
            return
        at = instant(ctx, self.at, item.id)
        registered_by(ctx, item, at)
        custody = read_custody(ctx, item.id)
        if custody.out is None:
            position = None if custody.newest is None else custody.newest.position
            raise NotCheckedOut(item.id, position=position)
        if self.booking not in (None, custody.out.booking) or self.custodian not in (
            None,
            custody.custodian,
        ):
            loan = loan_text(custody.out.booking, custody.custodian)
            raise OutOtherwise(item.id, loan=loan, position=custody.out.position)
        custody.check_not_before(ctx, at)
        check_comes_alone(ctx, item, at)
        leave_out(ctx, item, self.without, at)
        come_back(ctx, item, custody.out, at)

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotSoMany`, `WhichLot` and others."""
        at = instant(ctx, self.at, stock.id)
        out = on_loan(
            ctx, stock, booking=self.booking, custodian=self.custodian, place=self.from_place
        )
        for one in out:
            if one.lot.container is not None:  # they come back with it
                raise OutInItsCase(
                    stock.id,
                    container=one.lot.container,
                    loan=loan_text(one.lot.booking, one.lot.custodian),
                    position=read_stock(ctx, stock.id).position,
                )
        for lot, quantity in list(shares(ctx, stock, pieces, out)):
            check_in_pieces(ctx, stock, lot, at, quantity)


def leave_out(ctx: Context, container: Item, without: Sequence[str], at: datetime) -> None:
    """Take things out of a container that came back without them. They stay out.

    Raises `NotInIt`, `LaterEntryStands` and others.
    """
    inside = list(all_inside(ctx, container.id, at))
    for item, pieces in named_items(ctx, without):
        holders = [holder for thing, holder in inside if thing == item.id]
        if not holders:
            raise NotInIt(item.id, container=container.id, position=item.place.position)
        if not item.is_stock:
            take_out(ctx, item.id, at)
            continue
        if len(holders) > 1:
            position = read_stock(ctx, item.id).position
            lots = [Lot(container=holder) for holder in holders]
            raise WhichLot(item.id, lots=lots, position=position)
        place = standing(ctx, holders[0], at).place
        for lot, quantity in list(
            shares(ctx, item, pieces, in_container(ctx, item.id, holders[0]))
        ):
            outside = replace(lot, container=None, place=place)
            transfer(ctx, item, "unpacked", quantity, at, origin=lot, destination=outside)


class ProlongLoan(SeveralItems, frozen=True, tag="equipment prolong"):
    """Let items that are out be due back at another time, with what is out in them."""

    takes_along = True

    due_at: Deadline
    booking: str | None = None
    custodian: str | None = None
    from_place: str | None = None
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `NotCheckedOut`, `NothingChanges`, `LaterEntryStands` and others."""
        if went_along(ctx, item.id, LoanProlonged):
            return
        at = instant(ctx, self.at, item.id)
        custody = read_custody(ctx, item.id)
        if custody.out is None:
            raise NotCheckedOut(item.id, position=item.place.position)
        due_at = self._due(ctx, item, at)
        if custody.out.due_at == due_at:
            raise NothingChanges(
                f"{item.id} is due back then already", position=custody.out.position
            )
        loan = loan_of(custody.out)
        inside = list(out_inside(ctx, item.id, loan, at))
        prolong(ctx, item, due_at, at)
        for thing, out, _ in inside:
            if isinstance(out, Lot):
                prolong_lot(ctx, thing, out, due_at, at)
            else:
                prolong(ctx, thing, due_at, at)

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotSoMany`, `WhichLot` and others."""
        at = instant(ctx, self.at, stock.id)
        due_at = self._due(ctx, stock, at)
        out = on_loan(
            ctx, stock, booking=self.booking, custodian=self.custodian, place=self.from_place
        )
        changing = [one for one in out if one.lot.due_at != due_at]
        if not changing:
            raise NothingChanges(f"{stock.id} is due back then already", position=None)
        for lot, quantity in list(shares(ctx, stock, pieces, changing)):
            prolong_lot(ctx, stock, lot, due_at, at, quantity)

    def _due(self, ctx: Context, item: Item, at: datetime) -> datetime:
        due_at = resolve_where_it_is(ctx, self.due_at, item.id)
        if due_at <= at:
            raise BadTime(
                f"the item would be due back at {self.due_at}, which is over",
                advice="Give a later --due-at, or check it in: equipment check-in",
            )
        return due_at


def prolong(ctx: Context, item: Item, due_at: datetime, at: datetime) -> None:
    """Record that an item which is out is due back at another time."""
    custody = read_custody(ctx, item.id)
    if custody.out is None or custody.out.due_at is None or custody.out.due_at == due_at:
        return
    custody.check_not_before(ctx, at)
    ctx.record(
        LoanProlonged(
            equipment=item.id,
            at=at,
            booking=custody.out.booking,
            equipment_kind=item.kind,
            due_at=due_at,
            within=custody.out.within,
            custodian=custody.custodian or "",
            was_due_at=custody.out.due_at,
        )
    )


def prolong_lot(
    ctx: Context, stock: Item, lot: Lot, due_at: datetime, at: datetime, pieces: int | None = None
) -> None:
    """Record that pieces of a stock which are out are due back at another time."""
    if lot.due_at == due_at:
        return
    there = sum(one.quantity for one in read_stock(ctx, stock.id).pieces if one.lot == lot)
    later = Loan(lot.custodian or "", due_at, lot.booking).lot(lot.place, lot.container)
    quantity = there if pieces is None else pieces
    transfer(ctx, stock, "prolonged", quantity, at, origin=lot, destination=later)


# --- hand over -----------------------------------------------------------------------


class HandOver(SeveralItems, frozen=True, tag="equipment hand-over"):
    """Make another custodian answer for items, and for what is in them. A loan stays as it is."""

    takes_along = True

    custodian: str
    booking: str | None = None
    from_place: str | None = None
    at: Moment | None = None

    def decide_one(self, ctx: Context, item: Item) -> None:
        """Raises `NothingChanges`, `LaterEntryStands` and others."""
        if went_along(ctx, item.id, CustodyTransferred):
            return
        at = instant(ctx, self.at, item.id)
        registered_by(ctx, item, at)
        custodian = check_text("custodian", self.custodian)
        custody = read_custody(ctx, item.id)
        custody.check_not_before(ctx, at)
        if custody.newest is not None and custody.custodian == custodian:
            raise NothingChanges(
                f"{custodian} has {item.id} already", position=custody.newest.position
            )
        self._record(ctx, item.id, custody, custodian, at)
        if custody.out is None:
            return
        loan = loan_of(custody.out)
        for thing, out, _ in list(out_inside(ctx, item.id, loan, at)):
            if isinstance(out, Lot):
                if out.custodian == custody.custodian:
                    self._pieces(ctx, thing, out, custodian, at)
            elif (its := read_custody(ctx, thing.id)).custodian == custody.custodian:
                its.check_not_before(ctx, at)
                self._record(ctx, thing.id, its, custodian, at)

    def decide_stock(self, ctx: Context, stock: Item, pieces: int | None) -> None:
        """Raises `NotSoMany`, `WhichLot` and others."""
        at = instant(ctx, self.at, stock.id)
        custodian = check_text("custodian", self.custodian)
        out = on_loan(ctx, stock, booking=self.booking, place=self.from_place)
        for lot, quantity in list(shares(ctx, stock, pieces, out)):
            self._pieces(ctx, stock, lot, custodian, at, quantity)

    def _record(
        self, ctx: Context, id: str, custody: Custody, custodian: str, at: datetime
    ) -> None:
        ctx.record(
            CustodyTransferred(equipment=id, at=at, was=custody.custodian, custodian=custodian)
        )

    def _pieces(
        self,
        ctx: Context,
        stock: Item,
        lot: Lot,
        custodian: str,
        at: datetime,
        pieces: int | None = None,
    ) -> None:
        assert lot.due_at is not None
        there = sum(one.quantity for one in read_stock(ctx, stock.id).pieces if one.lot == lot)
        theirs = Loan(custodian, lot.due_at, lot.booking).lot(lot.place, lot.container)
        if theirs == lot:
            raise NothingChanges(f"{custodian} has them already", position=stock.place.position)
        quantity = there if pieces is None else pieces
        transfer(ctx, stock, "handed over", quantity, at, origin=lot, destination=theirs)
