"""Who has an item, and whether it is fit for use. Neither changes where it is.

These facts are entered in the order in which they happened, so that the newest event of
each kind is the state: one question, however long the item has been in use. What is
in order with what: the facts of custody among themselves; those of one kind of service
among themselves; and a check-out with services of every kind, since an item in service is
not given out. An item that is out may still break, so its service may start then.
"""

from datetime import datetime

from msgspec import Struct

from ledger.decisions.base import Context, Decision
from ledger.decisions.equipment_refusals import (
    BookingNotFirm,
    CheckedOutAlready,
    InService,
    LaterEntryStands,
    NotCheckedOut,
    NotYetRegistered,
    RetiredForGood,
    ServiceNotOpen,
)
from ledger.decisions.places import check_happened, on_site, resolve_where_it_is
from ledger.errors import BadInput, BadTime, NothingChanges, UnknownId, UnreadableEvent
from ledger.events.base import Event
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    HoldReleased,
)
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
from ledger.times import Moment

# --- what is known -------------------------------------------------------------------


class Entry(Struct, frozen=True):
    """A fact of custody or service that stands: its time and position."""

    at: datetime
    position: int

    def check_not_before(self, ctx: Context, item: str, at: datetime) -> None:
        """Raises `LaterEntryStands` where it is later than `at`."""
        if at < self.at:
            raise LaterEntryStands(
                item,
                on_site(ctx, at, item),
                later=on_site(ctx, self.at, item),
                position=self.position,
            )


class Custody(Struct, frozen=True):
    """Who has an item. `newest` is its last fact of custody.

    `booking` is what it is checked out for since `out`; all None where it is not.
    """

    item: str
    custodian: str | None = None
    newest: Entry | None = None
    booking: str | None = None
    out: Entry | None = None

    def check_not_before(self, ctx: Context, at: datetime) -> None:
        """Raises `LaterEntryStands` where its last fact is later than `at`."""
        if self.newest is not None:
            self.newest.check_not_before(ctx, self.item, at)

    def check_in_house(self) -> None:
        """Raises `CheckedOutAlready`."""
        if self.out is not None and self.booking is not None:
            raise CheckedOutAlready(self.item, booking=self.booking, position=self.out.position)


def read_custody(ctx: Context, item: str) -> Custody:
    """Who has the item by the newest entry, and what it is out for. Two questions."""
    newest = ctx.last(
        tag("equipment", item), EquipmentCheckedOut, EquipmentCheckedIn, CustodyTransferred
    )
    if newest is None:
        return Custody(item)
    match newest.event:
        case EquipmentCheckedOut() | CustodyTransferred() as event:
            custodian: str | None = event.custodian
        case EquipmentCheckedIn() as event:
            custodian = None
        case _:
            raise UnreadableEvent(newest.type, position=newest.position)
    entry = Entry(event.at, newest.position)
    # A hand-over leaves a check-out as it is: ask for the check-out itself.
    last = ctx.last(tag("equipment", item), EquipmentCheckedOut, EquipmentCheckedIn)
    if last is None or isinstance(last.event, EquipmentCheckedIn):
        return Custody(item, custodian, entry)
    if not isinstance(last.event, EquipmentCheckedOut):
        raise UnreadableEvent(last.type, position=last.position)
    out = Entry(last.event.at, last.position)
    return Custody(item, custodian, entry, last.event.booking, out)


def read_service(ctx: Context, item: str, kind: ServiceKind) -> tuple[Entry | None, bool]:
    """The last fact of that kind of service, and whether one is open. One question."""
    newest = ctx.last(tag("equipment", item, kind), ServiceStarted, ServiceCompleted)
    if newest is None:
        return None, False
    if not isinstance(newest.event, ServiceStarted | ServiceCompleted):
        raise UnreadableEvent(newest.type, position=newest.position)
    entry = Entry(newest.event.at, newest.position)
    return entry, isinstance(newest.event, ServiceStarted)


def check_fit(ctx: Context, item: str, at: datetime) -> None:
    """No service is open, and none was over only after `at`.

    Raises `InService` and `LaterEntryStands`.
    """
    for kind in SERVICE_KINDS:
        entry, is_open = read_service(ctx, item, kind)
        if entry is not None and is_open:
            raise InService(item, kind, since=on_site(ctx, entry.at, item), position=entry.position)
        if entry is not None:
            entry.check_not_before(ctx, item, at)


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

    What went out before the booking wrapped may be entered after it has. It goes out alone:
    what a container holds is checked out item by item.
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
    """Somebody else answers for an item from now on. A check-out stays as it is."""

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


_NOT_FIRM: dict[type[Event], str] = {
    BookingHeld: "only a hold",
    HoldReleased: "released",
    BookingCancelled: "cancelled",
}


def check_firm(ctx: Context, booking: str, at: datetime) -> None:
    """The booking is confirmed or started, or was until it wrapped after `at`.

    One question: the newest of the events that make it firm, move it or end it. Raises
    `UnknownId`, `BookingNotFirm`.
    """
    entry = ctx.last(
        tag("booking", booking),
        *_NOT_FIRM,
        BookingConfirmed,
        BookingRescheduled,
        BookingStarted,
        BookingWrapped,
    )
    if entry is None:
        raise UnknownId("booking", booking)
    match entry.event:
        case BookingConfirmed() | BookingStarted() | BookingRescheduled(rank=None):
            return
        case BookingRescheduled():
            state = "only a hold"
        case BookingWrapped() as event:
            if at < event.period.end:
                return
            state = "wrapped"
        case event:
            if type(event) not in _NOT_FIRM:
                raise UnreadableEvent(entry.type, position=entry.position)
            state = _NOT_FIRM[type(event)]
    raise BookingNotFirm(booking, state, position=entry.position)


def _booking_zone(ctx: Context, booking: str) -> str:
    """The zone where the booking is: it may have moved to another site since."""
    entry = ctx.last(tag("booking", booking), BookingHeld, BookingConfirmed, BookingRescheduled)
    if entry is None:
        raise UnknownId("booking", booking)
    if not isinstance(entry.event, BookingEvent):
        raise UnreadableEvent(entry.type, position=entry.position)
    return entry.event.period.zone


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
        entry, is_open = read_service(ctx, self.equipment, self.kind)
        if entry is not None:
            if is_open and not self.done:
                raise InService(
                    self.equipment,
                    self.kind,
                    since=on_site(ctx, entry.at, self.equipment),
                    position=entry.position,
                )
            entry.check_not_before(ctx, self.equipment, at)
        if self.done:
            if not is_open:
                position = None if entry is None else entry.position
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
        if last is None:
            return
        if not isinstance(last.event, EquipmentCheckedOut):
            raise UnreadableEvent(last.type, position=last.position)
        Entry(last.event.at, last.position).check_not_before(ctx, self.equipment, at)


def _instant(ctx: Context, moment: Moment | None, item: str) -> datetime:
    at = ctx.now if moment is None else resolve_where_it_is(ctx, moment, item)
    return check_happened(ctx, at, item)
