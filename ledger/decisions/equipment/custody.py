"""Who has an item, and whether it is fit for use. Neither changes where it is.

These facts are entered in the order in which they happened, so that the newest event of each
kind is the state: one question, however long the item has been in use. This order is kept
among the facts of custody; among those of one kind of service; and between a check-out and
services of every kind, since an item in service is not given out. An item that is out may
still break, so its service may start then.
"""

from datetime import datetime

from msgspec import Struct

from ledger.decisions.base import Context, Decision
from ledger.decisions.equipment.places import check_happened, on_site, resolve_where_it_is
from ledger.decisions.equipment.refusals import (
    BookingNotFirm,
    CheckedOutAlready,
    InService,
    LaterEntryStands,
    NotCheckedOut,
    NotYetRegistered,
    RetiredForGood,
    ServiceNotOpen,
)
from ledger.entities.bookings import TURNING_POINTS, Booking
from ledger.entities.equipment import CUSTODY_FACTS, SERVICE_FACTS, CustodyFact, ServiceFact
from ledger.errors import BadInput, BadTime, NothingChanges, UnknownId, UnreadableEvent
from ledger.events.bookings import BookingConfirmed, BookingHeld, BookingRescheduled
from ledger.events.equipment import (
    SERVICE_KINDS,
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentRegistered,
    EquipmentRetired,
    ServiceCompleted,
    ServiceKind,
    ServiceStarted,
)
from ledger.tags import check_text, tag
from ledger.time.periods import Moment

# --- what is known -------------------------------------------------------------------


class Custody(Struct, frozen=True):
    """Who has an item. `newest` is its last fact of custody, `out` the check-out that stands."""

    item: str
    newest: CustodyFact | None
    out: CustodyFact | None

    @property
    def custodian(self) -> str | None:
        """Who has it; None if no one in particular does."""
        return None if self.newest is None else self.newest.custodian

    @property
    def booking(self) -> str | None:
        """The booking that it is checked out for."""
        return None if self.out is None else self.out.booking

    def check_not_before(self, ctx: Context, at: datetime) -> None:
        """Raises `LaterEntryStands` where its last fact is later than `at`."""
        if self.newest is not None:
            check_not_before(ctx, self.item, at, self.newest)

    def check_in_house(self) -> None:
        """Raises `CheckedOutAlready`."""
        if self.out is not None and self.out.booking is not None:
            raise CheckedOutAlready(self.item, booking=self.out.booking, position=self.out.position)


def check_not_before(
    ctx: Context, item: str, at: datetime, fact: CustodyFact | ServiceFact
) -> None:
    """Raises `LaterEntryStands` where a fact of the item is later than `at`."""
    if at < fact.at:
        raise LaterEntryStands(
            item, on_site(ctx, at, item), later=on_site(ctx, fact.at, item), position=fact.position
        )


def read_custody(ctx: Context, item: str) -> Custody:
    """Who has the item by the newest entry, and what it is out for. Two questions."""
    newest = ctx.last(tag("equipment", item), *CUSTODY_FACTS)
    if newest is None:
        return Custody(item, None, None)
    # A hand-over leaves a check-out as it is: ask for the check-out itself.
    last = ctx.last(tag("equipment", item), EquipmentCheckedOut, EquipmentCheckedIn)
    out = None if last is None else CustodyFact.of(last)
    if out is not None and out.how == "checked in":
        out = None
    return Custody(item, CustodyFact.of(newest), out)


def read_service(ctx: Context, item: str, kind: ServiceKind) -> ServiceFact | None:
    """The last fact of that kind of service. One question."""
    newest = ctx.last(tag("equipment", item, kind), *SERVICE_FACTS)
    return None if newest is None else ServiceFact.of(newest)


def check_fit(ctx: Context, item: str, at: datetime) -> None:
    """No service is open, and none was over only after `at`.

    Raises `InService` and `LaterEntryStands`.
    """
    for kind in SERVICE_KINDS:
        fact = read_service(ctx, item, kind)
        if fact is not None and fact.is_open:
            raise InService(item, kind, since=on_site(ctx, fact.at, item), position=fact.position)
        if fact is not None:
            check_not_before(ctx, item, at, fact)


def check_in_use(ctx: Context, item: str, at: datetime) -> None:
    """The item is registered by then, and not retired (however late this is entered).

    Raises `UnknownId`, `NotYetRegistered`, `RetiredForGood`. One question, and no move
    disturbs it.
    """
    entry = ctx.last(tag("equipment", item), EquipmentRegistered, EquipmentRetired)
    if entry is None:
        raise UnknownId("equipment", item)
    match entry.event:
        case EquipmentRetired() as event:
            raise RetiredForGood(item, since=on_site(ctx, event.at, item), position=entry.position)
        case EquipmentRegistered() as event:
            if at < event.at:
                raise NotYetRegistered(
                    item,
                    on_site(ctx, at, item),
                    since=on_site(ctx, event.at, item),
                    position=entry.position,
                )
        case _:
            raise UnreadableEvent(entry.type, position=entry.position)


# --- check out, hand over, check in --------------------------------------------------


class CheckOut(Decision, frozen=True, tag="equipment check-out"):
    """Give an item to `custodian` for a confirmed or started booking, due back at `due_at`.

    A check-out before the booking wrapped may be entered after it has. The item goes out alone:
    the contents of a container are checked out item by item.
    """

    equipment: str
    booking: str
    custodian: str
    due_at: Moment
    at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Raises `CheckedOutAlready`, `InService`, `BookingNotFirm` and others."""
        at = ctx.now if self.at is None else self._resolve(ctx, self.at)
        check_firm(ctx, self.booking, at)
        check_happened(ctx, at, self.equipment)
        check_in_use(ctx, self.equipment, at)
        due_at = self._resolve(ctx, self.due_at)
        if due_at <= at:
            raise BadTime(
                f"the item is due back at {self.due_at}, not after it goes out",
                advice="Give a later --due-at",
            )
        custody = read_custody(ctx, self.equipment)
        custody.check_in_house()
        custody.check_not_before(ctx, at)
        check_fit(ctx, self.equipment, at)
        ctx.record(
            EquipmentCheckedOut(
                equipment=self.equipment,
                at=at,
                booking=self.booking,
                custodian=check_text("custodian", self.custodian),
                due_at=due_at,
            )
        )

    def _resolve(self, ctx: Context, moment: Moment) -> datetime:
        """On the clock of the booking's site, where no offset is written."""
        if moment.has_offset:
            return moment.resolve("UTC")
        return moment.resolve(_booking_zone(ctx, self.booking))


class CheckIn(Decision, frozen=True, tag="equipment check-in"):
    """Take an item back from the booking that it is checked out for."""

    equipment: str
    at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Raises `NotCheckedOut`, `LaterEntryStands` and others."""
        at = _instant(ctx, self.at, self.equipment)
        check_in_use(ctx, self.equipment, at)
        custody = read_custody(ctx, self.equipment)
        if custody.booking is None:
            position = None if custody.newest is None else custody.newest.position
            raise NotCheckedOut(self.equipment, position=position)
        custody.check_not_before(ctx, at)
        ctx.record(EquipmentCheckedIn(equipment=self.equipment, at=at, booking=custody.booking))


class HandOver(Decision, frozen=True, tag="equipment hand-over"):
    """Make another custodian answer for an item. A check-out stays as it is."""

    equipment: str
    custodian: str
    at: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Raises `NothingChanges`, `LaterEntryStands` and others."""
        at = _instant(ctx, self.at, self.equipment)
        check_in_use(ctx, self.equipment, at)
        custodian = check_text("custodian", self.custodian)
        custody = read_custody(ctx, self.equipment)
        custody.check_not_before(ctx, at)
        if custody.newest is not None and custody.custodian == custodian:
            raise NothingChanges(
                f"{custodian} has {self.equipment} already", position=custody.newest.position
            )
        ctx.record(
            CustodyTransferred(
                equipment=self.equipment, at=at, was=custody.custodian, custodian=custodian
            )
        )


def check_firm(ctx: Context, booking_id: str, at: datetime) -> None:
    """The booking is confirmed or started, or was until it wrapped after `at`.

    One question: the newest of its turning points. Raises `UnknownId`, `BookingNotFirm`.
    """
    entry = ctx.last(tag("booking", booking_id), *TURNING_POINTS)
    if entry is None:
        raise UnknownId("booking", booking_id)
    booking = Booking.after(None, entry)
    if booking.is_firm or (booking.state == "wrapped" and at < booking.period.end):
        return
    state = "only a hold" if booking.is_held else booking.state
    raise BookingNotFirm(booking_id, state, position=entry.position)


def _booking_zone(ctx: Context, booking_id: str) -> str:
    """The zone where the booking is: it may have moved to another site since."""
    entry = ctx.last(tag("booking", booking_id), BookingHeld, BookingConfirmed, BookingRescheduled)
    if entry is None:
        raise UnknownId("booking", booking_id)
    return Booking.after(None, entry).period.zone


# --- service -------------------------------------------------------------------------


class ServiceEquipment(Decision, frozen=True, tag="equipment service"):
    """Take an item out of use for repair, calibration or quarantine; with `done`, end that.

    `valid_until` is the end of what a calibration vouches for.
    """

    equipment: str
    kind: ServiceKind
    at: Moment | None = None
    done: bool = False
    valid_until: Moment | None = None

    def decide(self, ctx: Context) -> None:
        """Raises `InService`, `ServiceNotOpen`, `LaterEntryStands` and others."""
        at = _instant(ctx, self.at, self.equipment)
        check_in_use(ctx, self.equipment, at)
        fact = read_service(ctx, self.equipment, self.kind)
        is_open = fact is not None and fact.is_open
        if fact is not None:
            if is_open and not self.done:
                raise InService(
                    self.equipment,
                    self.kind,
                    since=on_site(ctx, fact.at, self.equipment),
                    position=fact.position,
                )
            check_not_before(ctx, self.equipment, at, fact)
        if self.done:
            if not is_open:
                position = None if fact is None else fact.position
                raise ServiceNotOpen(self.equipment, self.kind, position=position)
            valid_until = self._valid_until(ctx, at)
            ctx.record(
                ServiceCompleted(
                    equipment=self.equipment, at=at, kind=self.kind, valid_until=valid_until
                )
            )
        else:
            self._valid_until(ctx, at)
            self._check_not_out_after(ctx, at)
            ctx.record(ServiceStarted(equipment=self.equipment, at=at, kind=self.kind))

    def _valid_until(self, ctx: Context, at: datetime) -> datetime | None:
        if self.valid_until is None:
            return None
        if not self.done or self.kind != "calibration":
            raise BadInput(
                "only a calibration that is done is valid until a time",
                advice="Leave out --valid-until",
            )
        until = resolve_where_it_is(ctx, self.valid_until, self.equipment)
        if until <= at:
            raise BadTime(
                f"the calibration is valid until {self.valid_until}, not after it is done",
                advice="Give a later --valid-until",
            )
        return until

    def _check_not_out_after(self, ctx: Context, at: datetime) -> None:
        """It was not given out later: that would have been out of a service still open."""
        last = ctx.last(tag("equipment", self.equipment), EquipmentCheckedOut)
        if last is not None:
            check_not_before(ctx, self.equipment, at, CustodyFact.of(last))


def _instant(ctx: Context, moment: Moment | None, item: str) -> datetime:
    at = ctx.now if moment is None else resolve_where_it_is(ctx, moment, item)
    return check_happened(ctx, at, item)
