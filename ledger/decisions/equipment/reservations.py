"""Reserving equipment for a booking, and covering a shortage from outside.

A reservation needs no check of its own: whatever claims equipment is judged by `promises`.
"""

from collections.abc import Iterator

from msgspec import Struct

from ledger.decisions.base import Context, Decision, check_unused
from ledger.decisions.bookings.state import read_booking, require
from ledger.decisions.equipment.contents import all_inside
from ledger.decisions.equipment.places import own_zone, registered_by
from ledger.decisions.equipment.promise_refusals import NotReserved, OutsideItsBooking
from ledger.decisions.equipment.reserved import RESERVATIONS, read_reservations
from ledger.decisions.equipment.several import MOST_PIECES, named_items, read_item
from ledger.decisions.equipment.stock import in_container, needs_number
from ledger.entities.bookings import Booking
from ledger.entities.equipment import Item
from ledger.entities.reservations import Reservation, SubHire
from ledger.errors import BadInput, NothingChanges, UnknownId
from ledger.events.reservations import (
    EquipmentReserved,
    EquipmentSubHired,
    ReservationReleased,
)
from ledger.tags import check_id, check_text, mark, tag
from ledger.time.periods import Period, When


class ReserveEquipment(Decision, frozen=True, tag="equipment reserve"):
    """Reserve items for a booking, or a number of a kind: for all its time, or some of it.

    An item is an id, a barcode, a serial number or a reference, of a stock `ID=PIECES`; a kind is
    `KIND=NUMBER`. A case is reserved with everything in it. While the booking is a hold this is a
    pencil; it is firm once the booking is. Reserved again, the same has other days or another
    number; for days apart from those that it has, it is reserved in addition.
    """

    booking: str
    equipment: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    when: When | None = None

    @property
    def is_batch(self) -> bool:
        """Several are recorded under one batch id."""
        return len(self.equipment) + len(self.kind) > 1

    def decide(self, ctx: Context) -> None:
        """Record `EquipmentReserved`.

        Raises `UnknownId`, `WrongState`, `OutsideItsBooking`, `NothingChanges`, `BadInput`, and as
        `promises` judges `PromisedAway`, `NotEnough`.
        """
        if not self.equipment and not self.kind:
            raise BadInput("nothing is named", advice="Give items, or a number of a kind: --kind")
        booking = read_booking(ctx, self.booking)
        require(booking, "held", "confirmed", "started")
        period = booking.period
        if self.when is not None:
            period = self.when.resolve(booking.period.zone)
            if not booking.period.covers(period):
                raise OutsideItsBooking(
                    booking.id, asked=period, period=booking.period, position=booking.placed
                )
        known = read_reservations(ctx, booking.id)
        for item, pieces in named_items(ctx, self.equipment):
            registered_by(ctx, item, ctx.now)
            quantity = needs_number(item, pieces) if item.is_stock else 1
            reserve(ctx, booking, period, known, _what(item, quantity))
            for what in _inside(ctx, item):
                reserve(ctx, booking, period, known, what)
        for what in self._kinds():
            reserve(ctx, booking, period, known, what)

    def _kinds(self) -> Iterator["What"]:
        found: dict[str, What] = {}
        for text in self.kind:
            kind, number = kind_and_number(text)
            if mark(kind) in found:
                raise BadInput(f"{kind} is named twice", advice="Give each kind once")
            found[mark(kind)] = What(kind, number)
        yield from found.values()


class What(Struct, frozen=True):
    """Something to reserve: a number of a kind or of a stock, or an item; `within` a case."""

    kind: str
    quantity: int
    equipment: str | None = None
    within: str | None = None
    is_single: bool = False

    def is_same(self, one: Reservation) -> bool:
        """Whether a reservation is of the same thing; pieces in a case are another thing."""
        if self.equipment is None:
            return one.equipment is None and mark(one.kind) == mark(self.kind)
        return one.equipment == self.equipment and (self.is_single or one.within == self.within)


def _what(item: Item, quantity: int, within: str | None = None) -> What:
    return What(item.kind, quantity, item.id, within, is_single=not item.is_stock)


def _inside(ctx: Context, container: Item) -> Iterator[What]:
    """Yield everything in a container now, each once, with the number of its pieces there."""
    if container.is_stock:
        return
    found: dict[str, What] = {}
    for thing, holder in list(all_inside(ctx, container.id, ctx.now)):
        item = read_item(ctx, thing)
        if item is None:
            raise UnknownId("equipment", thing)
        if not item.is_stock:
            found[thing] = _what(item, 1, container.id)
            continue
        # the same stock may lie in several cases of one
        before = found[thing].quantity if thing in found else 0
        pieces = sum(one.quantity for one in in_container(ctx, thing, holder))
        found[thing] = _what(item, before + pieces, container.id)
    yield from found.values()


def kind_and_number(text: str) -> tuple[str, int]:
    """Read `KIND=NUMBER`; without a number one is meant. Raises `BadInput`."""
    kind, equals, number = text.rpartition("=")
    if not equals:
        kind, number = text, "1"
    if not number.isdecimal() or not 1 <= int(number[:10]) <= MOST_PIECES:
        raise BadInput(
            f"{text!r} is not a kind and a number", advice="Write KIND=NUMBER, such as camera=2"
        )
    return check_text("kind", kind), int(number)


def reserve(
    ctx: Context, booking: Booking, period: Period, known: list[Reservation], what: What
) -> None:
    """Record a reservation, or that it has another time or number.

    `known` are the booking's, and have it afterwards. Others of the same that it overlaps are off:
    it takes their place.
    """
    own = [one for one in known if what.is_same(one) and one.period.overlaps(period)]
    before = own[0] if own else None
    if [(one.period, one.quantity) for one in own] == [(period, what.quantity)]:
        # Who names a case and what is in it means each thing once.
        if what.within is None and own[0].position:
            raise NothingChanges(
                f"{what.equipment or what.kind} is reserved like that already",
                position=own[0].position,
            )
        return
    for one in own[1:]:
        release(ctx, one)
    id = new_id(ctx, booking, what) if before is None else before.id
    record(ctx, booking, id, what, period, was=before)
    known[:] = [one for one in known if one not in own]
    known.append(
        Reservation(
            id=id,
            booking=booking.id,
            equipment=what.equipment,
            kind=what.kind,
            quantity=what.quantity,
            period=period,
            booking_period=booking.period,
            within=what.within,
            position=0,
        )
    )


def record(
    ctx: Context,
    booking: Booking,
    id: str,
    what: What | Reservation,
    period: Period,
    *,
    was: Reservation | None = None,
) -> None:
    """Record a reservation of a booking for a time; `was` is what it was before."""
    ctx.record(
        EquipmentReserved(
            reservation=id,
            booking=booking.id,
            equipment=what.equipment,
            equipment_kind=what.kind,
            quantity=what.quantity,
            period=period,
            booking_period=booking.period,
            within=what.within,
            was_period=None if was is None else was.period,
            was_quantity=None if was is None else was.quantity,
        )
    )


def new_id(ctx: Context, booking: Booking, what: What | Reservation) -> str:
    """Return the id of a further reservation: none that is off has it, which may be taken back."""
    name = what.equipment if what.equipment is not None else f"any-{mark(what.kind)}"
    taken = {
        entry.event.reservation  # type: ignore[attr-defined]  # each of these types has one
        for entry in ctx.recorded(tag("booking", booking.id), *RESERVATIONS)
    }
    first = f"{booking.id}/{name}"
    return next(
        id for id in (first, *(f"{first}/{n}" for n in range(2, len(taken) + 3))) if id not in taken
    )


class ReleaseEquipment(Decision, frozen=True, tag="equipment release"):
    """Release what is reserved for a booking: these items and kinds, or all of it.

    A case is released with what was reserved in it.
    """

    booking: str
    equipment: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()

    @property
    def is_batch(self) -> bool:
        """Releases are recorded under one batch id."""
        return len(self.equipment) + len(self.kind) != 1

    def decide(self, ctx: Context) -> None:
        """Record `ReservationReleased`. Raises `UnknownId`, `NotReserved`."""
        known = read_reservations(ctx, self.booking)
        if not known:
            read_booking(ctx, self.booking)
            raise NotReserved("anything", booking=self.booking, position=None)
        if not self.equipment and not self.kind:
            for one in known:
                release(ctx, one)
            return
        gone: dict[str, Reservation] = {}
        for item, _ in named_items(ctx, self.equipment):
            found = [one for one in known if item.id in (one.equipment, one.within)]
            gone |= self._these(item.id, found)
        for kind in self.kind:
            found = [o for o in known if o.equipment is None and mark(o.kind) == mark(kind)]
            gone |= self._these(kind, found)
        for one in gone.values():
            release(ctx, one)

    def _these(self, what: str, found: list[Reservation]) -> dict[str, Reservation]:
        if not found:
            raise NotReserved(what, booking=self.booking, position=None)
        return {one.id: one for one in found}


def release(ctx: Context, one: Reservation) -> None:
    """Record that a reservation is off."""
    ctx.record(
        ReservationReleased(
            reservation=one.id,
            booking=one.booking,
            equipment=one.equipment,
            equipment_kind=one.kind,
            quantity=one.quantity,
            period=one.period,
            booking_period=one.booking_period,
            within=one.within,
        )
    )


class SubHireEquipment(Decision, frozen=True, tag="equipment sub-hire"):
    """Hire a number of a kind, or of a stock, from a supplier for some days.

    `what` is `KIND=NUMBER`, or `STOCK=NUMBER` of a stock's id. Hired for a `booking`, it has the
    booking's days unless others are given. `subhire` is the id; None generates one.
    """

    what: str
    supplier: str
    when: When | None = None
    booking: str | None = None
    subhire: str | None = None

    def decide(self, ctx: Context) -> None:
        """Record `EquipmentSubHired`. Raises `BadInput`, `BadId`, `AlreadyExists`."""
        name, number = kind_and_number(self.what)
        item = read_item(ctx, name)
        if item is not None and not item.is_stock:
            raise BadInput(
                f"{name} is a single item, which has no further pieces",
                advice=f"Hire another of its kind: equipment sub-hire '{item.kind}={number}'",
            )
        if self.subhire is None:
            id = ctx.new_id("subhire", "h")
        else:
            id = check_id("subhire", self.subhire)
            check_unused(ctx, "subhire", id, EquipmentSubHired)
        ctx.record(
            EquipmentSubHired(
                subhire=id,
                equipment=None if item is None else item.id,
                equipment_kind=name if item is None else item.kind,
                quantity=number,
                period=self._period(ctx),
                supplier=check_text("supplier", self.supplier),
                booking=self.booking,
            )
        )

    def _period(self, ctx: Context) -> Period:
        """The days on the clock of the booking's site, or the ledger's own. Raises `BadInput`."""
        booking = None if self.booking is None else read_booking(ctx, self.booking).period
        if self.when is not None:
            return self.when.resolve(booking.zone if booking is not None else own_zone(ctx))
        if booking is None:
            raise BadInput(
                "neither days nor a booking are given", advice="Give --for BOOKING, or --days A..B"
            )
        return booking


class DropSubHire(Decision, frozen=True, tag="equipment drop-hire"):
    """Drop a sub-hire: the equipment is not hired, after all."""

    subhire: str

    def decide(self, ctx: Context) -> None:
        """Record `EquipmentSubHired` of none. Raises `UnknownId`, `NothingChanges`, `NotEnough`."""
        entries = ctx.read(tag("subhire", self.subhire), EquipmentSubHired)
        if not entries:
            raise UnknownId("subhire", self.subhire)
        hire = SubHire.fold(entries)
        if not hire.quantity:
            raise NothingChanges(f"{hire.id} is dropped already", position=hire.position)
        ctx.record(
            EquipmentSubHired(
                subhire=hire.id,
                equipment=hire.equipment,
                equipment_kind=hire.kind,
                quantity=0,
                period=hire.period,
                supplier=hire.supplier,
                booking=hire.booking,
            )
        )
