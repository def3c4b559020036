"""Who has an item, and for which booking it is out. None of it changes where the item is.

A loan is for a booking, or to a person alone. The contents of a container go out with it, each
thing by an entry of its own. Anything packed into a container that is out goes out then, and comes
back when it is unpacked, unless it stays out by itself.

All that is in a container which is out is out on the same loan, at every time. So nothing comes
back by itself from inside such a container. A thing may go out by itself out of a case in the
house; the case then goes out on the same loan, or not at all.

These facts are entered in the order in which they happened, so that the newest event of each kind
is the state: one question, however long the item has been in use. This order is kept among the
facts of custody; between them and the packing of the item, and of the container that goes out; and
between a check-out and services of every kind, since an item in service is not given out.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from ledger.decisions.base import Context
from ledger.decisions.equipment.contents import all_inside, check_packed_by
from ledger.decisions.equipment.fitness import check_fit
from ledger.decisions.equipment.places import (
    check_happened,
    on_site,
    registered_by,
    resolve_where_it_is,
    standing,
)
from ledger.decisions.equipment.refusals import (
    BookingNotFirm,
    CheckedOutAlready,
    LaterEntryStands,
    OutAlready,
    OutInItsCase,
    loan_text,
)
from ledger.decisions.equipment.several import read_item
from ledger.decisions.equipment.stock import (
    in_container,
    transfer,
)
from ledger.entities.bookings import TURNING_POINTS, Booking
from ledger.entities.equipment import CUSTODY_FACTS, CustodyFact, Item
from ledger.errors import UnknownId
from ledger.events.bookings import BookingConfirmed, BookingHeld, BookingRescheduled
from ledger.events.equipment import (
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    LoanProlonged,
    Lot,
)
from ledger.tags import tag
from ledger.time.periods import Moment, Period

_RESOLUTION = timedelta(microseconds=1)

# --- what is known -------------------------------------------------------------------


class Custody(Struct, frozen=True):
    """Who has an item. `newest` is its last fact of custody, `out` the loan that stands."""

    item: str
    newest: CustodyFact | None
    out: CustodyFact | None

    @property
    def custodian(self) -> str | None:
        """Who has it; None if no one in particular does."""
        return None if self.newest is None else self.newest.custodian

    def check_not_before(self, ctx: Context, at: datetime) -> None:
        """Raises `LaterEntryStands` where its last fact is later than `at`."""
        if self.newest is not None and at < self.newest.at:
            raise LaterEntryStands(
                self.item,
                on_site(ctx, at, self.item),
                later=on_site(ctx, self.newest.at, self.item),
                position=self.newest.position,
            )

    def check_in_house(self, *, packed: bool = False) -> None:
        """Raises `CheckedOutAlready`; `OutInItsCase` where it went with the case that it is in."""
        if self.out is None:
            return
        loan = loan_text(self.out.booking, self.custodian)
        if packed and self.out.within is not None:
            raise OutInItsCase(
                self.item, container=self.out.within, loan=loan, position=self.out.position
            )
        raise CheckedOutAlready(self.item, loan=loan, position=self.out.position)


def read_custody(ctx: Context, item: str) -> Custody:
    """Who has the item by the newest entry, and what it is out for. Two questions."""
    newest = ctx.last(tag("equipment", item), *CUSTODY_FACTS)
    if newest is None:
        return Custody(item, None, None)
    fact = CustodyFact.of(newest)
    if fact.how == "handed over":  # leaves a loan as it is: ask for the loan itself
        last = ctx.last(
            tag("equipment", item), EquipmentCheckedOut, LoanProlonged, EquipmentCheckedIn
        )
        out = None if last is None else CustodyFact.of(last)
    else:
        out = fact
    return Custody(item, fact, out if out is not None and out.is_out else None)


class Loan(Struct, frozen=True):
    """The loan that something goes out on."""

    custodian: str
    due_at: datetime
    booking: str | None = None

    def is_of(self, out: "Loan | Lot") -> bool:
        """Whether something is out for the same booking, or with the same person."""
        if self.booking is not None or out.booking is not None:
            return out.booking == self.booking
        return out.custodian == self.custodian

    def takes(self, out: CustodyFact | Lot) -> bool:
        """Whether something inside a container that is out on it is out on it, too.

        A thing that was lent to a person may have been handed over to another since.
        """
        return out.booking == self.booking

    def lot(self, place: str | None = None, container: str | None = None) -> Lot:
        """The lot of pieces that are out on it."""
        return Lot(
            place=place,
            container=container,
            booking=self.booking,
            custodian=self.custodian,
            due_at=self.due_at,
        )


def loan_of(out: CustodyFact, custodian: str | None = None) -> Loan:
    """The loan that something is out on; in other hands, if it was handed over."""
    assert out.due_at is not None
    return Loan(custodian or out.custodian or "", out.due_at, out.booking)


# --- out, with everything inside -----------------------------------------------------


def go_out(
    ctx: Context, item: Item, loan: Loan, at: datetime, *, within: str | None = None
) -> None:
    """Let an item go out, with everything in it. Things that are out on that loan already stay so.

    `within` is the container that takes it along, for all of them.

    Raises `CheckedOutAlready`, `OutInItsCase`, `OutAlready`, `InService`, `CalibrationRunOut`,
    `LaterEntryStands` and what `registered_by` raises.
    """
    _send(ctx, item, loan, at, within=within)
    for thing, holder in list(all_inside(ctx, item.id, at)):
        inside = read_item(ctx, thing)
        if inside is None:
            raise UnknownId("equipment", thing)
        if inside.is_stock:
            for one in in_container(ctx, thing, holder):
                if not one.lot.is_out:
                    check_out_pieces(ctx, inside, one.lot, loan, at, one.quantity)
                elif not loan.is_of(one.lot):
                    raise OutAlready(
                        thing,
                        container=holder,
                        loan=loan_text(one.lot.booking, one.lot.custodian),
                        position=None,
                    )
            continue
        custody = custody_then(ctx, thing, at)
        if custody.out is None:
            _send(ctx, inside, loan, at, within=within or item.id)
        else:
            check_same_loan(custody, loan, holder)


def check_same_loan(custody: Custody, loan: Loan, container: str) -> None:
    """Check that a thing which is out is out on the loan of its container. Raises `OutAlready`.

    A loan to a person is with the one that it was handed over to last.
    """
    out = custody.out
    if out is not None and not loan.is_of(loan_of(out, custody.custodian)):
        raise OutAlready(
            custody.item,
            container=container,
            loan=loan_text(out.booking, custody.custodian),
            position=out.position,
        )


def _send(ctx: Context, item: Item, loan: Loan, at: datetime, *, within: str | None) -> None:
    registered_by(ctx, item, at)
    custody = read_custody(ctx, item.id)
    if custody.out is not None:
        custody.check_in_house(packed=standing(ctx, item.id, at).around is not None)
    custody.check_not_before(ctx, at)
    check_fit(ctx, item.id, at)
    ctx.record(
        EquipmentCheckedOut(
            equipment=item.id,
            at=at,
            booking=loan.booking,
            custodian=loan.custodian,
            equipment_kind=item.kind,
            due_at=loan.due_at,
            within=within,
        )
    )


def check_comes_alone(ctx: Context, item: Item, at: datetime) -> None:
    """Check that an item is not inside a container that is out. Raises `OutInItsCase`."""
    stands = standing(ctx, item.id, at)
    if stands.around is None:
        return
    out = custody_then(ctx, stands.around.item, at).out
    if out is not None:
        loan = loan_text(out.booking, out.custodian)
        raise OutInItsCase(
            item.id, container=stands.around.item, loan=loan, position=stands.fact.position
        )


def custody_then(ctx: Context, item: str, at: datetime) -> Custody:
    """Who has an item. Raises `LaterEntryStands` if that changed after `at`."""
    custody = read_custody(ctx, item)
    custody.check_not_before(ctx, at)
    return custody


def come_back(
    ctx: Context, item: Item, out: CustodyFact, at: datetime, *, within: str | None = None
) -> None:
    """Let an item come back, with everything in it that is out on the same loan."""
    check_packed_by(ctx, item.id, at)
    loan = loan_of(out)
    for thing, inside_out, holder in out_inside(ctx, item.id, loan, at):
        if isinstance(inside_out, Lot):
            pieces = sum(
                one.quantity for one in in_container(ctx, thing.id, holder) if one.lot == inside_out
            )
            check_in_pieces(ctx, thing, inside_out, at, pieces)
        else:
            _take_back(ctx, thing, inside_out, at, within=within or item.id)
    _take_back(ctx, item, out, at, within=within)


def _take_back(
    ctx: Context, item: Item, out: CustodyFact, at: datetime, *, within: str | None
) -> None:
    registered_by(ctx, item, at)
    read_custody(ctx, item.id).check_not_before(ctx, at)
    assert out.due_at is not None
    ctx.record(
        EquipmentCheckedIn(
            equipment=item.id,
            at=at,
            booking=out.booking,
            equipment_kind=item.kind,
            due_at=out.due_at,
            within=within,
        )
    )


def out_inside(
    ctx: Context, container: str, loan: Loan, at: datetime
) -> Iterator[tuple[Item, CustodyFact | Lot, str]]:
    """Yield what is in a container and out on a loan: the thing, how it is out, what holds it."""
    for thing, holder in list(all_inside(ctx, container, at)):
        item = read_item(ctx, thing)
        if item is None:
            raise UnknownId("equipment", thing)
        if item.is_stock:
            for one in in_container(ctx, thing, holder):
                if one.lot.is_out and loan.takes(one.lot):
                    yield item, one.lot, holder
            continue
        out = read_custody(ctx, thing).out
        if out is not None and loan.takes(out):
            yield item, out, holder


def check_out_pieces(
    ctx: Context, stock: Item, origin: Lot, loan: Loan, at: datetime, quantity: int
) -> None:
    """Record that pieces of a stock went out. Raises `NotSoMany`."""
    transfer(
        ctx,
        stock,
        "checked out",
        quantity,
        at,
        origin=origin,
        destination=loan.lot(origin.place, origin.container),
    )


def check_in_pieces(ctx: Context, stock: Item, origin: Lot, at: datetime, quantity: int) -> None:
    """Record that pieces of a stock came back to where they lie. Raises `NotSoMany`."""
    home = Lot(place=origin.place, container=origin.container)
    transfer(ctx, stock, "checked in", quantity, at, origin=origin, destination=home)


# --- the booking ---------------------------------------------------------------------


def check_firm(ctx: Context, booking_id: str, at: datetime) -> Booking:
    """The booking is confirmed or started, or was until it wrapped after `at`.

    One question: the newest of its turning points. Raises `UnknownId`, `BookingNotFirm`.
    """
    entry = ctx.last(tag("booking", booking_id), *TURNING_POINTS)
    if entry is None:
        raise UnknownId("booking", booking_id)
    booking = Booking.after(None, entry)
    if booking.is_firm or (booking.state == "wrapped" and at < booking.period.end):
        return booking
    state = "only a hold" if booking.is_held else booking.state
    raise BookingNotFirm(booking_id, state, position=entry.position)


def due_with(period: Period) -> datetime:
    """Return when something is due that is due with its booking: of days, at the end of the last
    one."""
    return period.end if period.last is None else period.end - _RESOLUTION


def booking_zone(ctx: Context, booking_id: str) -> str:
    """The zone where the booking is: it may have moved to another site since."""
    entry = ctx.last(tag("booking", booking_id), BookingHeld, BookingConfirmed, BookingRescheduled)
    if entry is None:
        raise UnknownId("booking", booking_id)
    return Booking.after(None, entry).period.zone


def instant(ctx: Context, moment: Moment | None, item: str) -> datetime:
    """The instant of a command about an item, which is not still to come."""
    at = ctx.now if moment is None else resolve_where_it_is(ctx, moment, item)
    return check_happened(ctx, at, item)
