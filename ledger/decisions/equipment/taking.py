"""The claims that a decision makes anew, each of a kind of equipment and for a time.

Each event that makes claims, or takes something out of what there is, says so here; and so does one
that is corrected or taken back, where more is claimed by what stands then. Time that was claimed
before is left out, so that a breakage does not keep a booking from its other changes.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from ledger.decisions.base import Context, Proposal
from ledger.decisions.bookings.parts import outside
from ledger.decisions.bookings.state import booking_entries
from ledger.decisions.equipment.custody import read_custody
from ledger.decisions.equipment.reserved import RESERVATIONS, read_reservations
from ledger.entities.bookings import Booking
from ledger.entities.promises import Holder
from ledger.entities.reservations import Reservation
from ledger.errors import Pending
from ledger.events.base import Event
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingHeld,
    BookingMerged,
    BookingWrapped,
)
from ledger.events.equipment import (
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentDescribed,
    EquipmentRegistered,
    EquipmentRetired,
    LoanProlonged,
    Lot,
    ServicePlanned,
    StockTransferred,
    kind_tag,
)
from ledger.events.reservations import (
    PROMISED,
    EquipmentReserved,
    EquipmentSubHired,
    ReservationReleased,
)
from ledger.events.standing import place_of
from ledger.time.periods import Period


class Taken(Struct, frozen=True):
    """Time for which equipment is claimed anew: of an item, or of any of a kind.

    `holder` is who claims it; None for what takes it out of use.
    """

    kind: str
    equipment: str | None
    start: datetime
    end: datetime
    holder: Holder | None = None


def taken_by(ctx: Context, proposal: Proposal) -> Iterator[Taken]:
    """Yield what a proposed event claims anew."""
    event: Any = proposal.event
    if proposal.corrects is None:
        claims = _TAKEN.get(type(event))
        return iter(()) if claims is None else claims(ctx, event)
    anew = _TAKEN_ANEW.get(type(event))
    return iter(()) if anew is None else anew(ctx, _mistaken(ctx, proposal), proposal)


# --- what happens ----------------------------------------------------------------------


def _reserved(_: Context, event: EquipmentReserved) -> Iterator[Taken]:
    was, period = event.was_period, event.period
    more = event.was_quantity is None or event.was_quantity < event.quantity
    holder = Holder(booking=event.booking)
    for part in (period,) if was is None or more else outside(period, was):
        yield Taken(event.equipment_kind, event.equipment, part.start, part.end, holder)


def _confirmed(ctx: Context, event: BookingConfirmed) -> Iterator[Taken]:
    if not _is_new(ctx, event.booking):
        yield from _all_of(ctx, event)


def _is_new(ctx: Context, booking: str) -> bool:
    """Whether a booking begins in this decision: then nothing is reserved for it."""
    return any(
        isinstance(one.event, BookingHeld) and one.event.booking == booking for one in ctx.proposals
    )


def _all_of(ctx: Context, event: BookingEvent, but: Period | None = None) -> Iterator[Taken]:
    """Yield all that is reserved for a booking, or as far as it is outside of a time."""
    holder = Holder(booking=event.booking)
    for one in read_reservations(ctx, event.booking):
        for part in (one.period,) if but is None else outside(one.period, but):
            yield Taken(one.kind, one.equipment, part.start, part.end, holder)


def _lent(event: EquipmentCheckedOut | LoanProlonged, start: datetime) -> Iterator[Taken]:
    if start < event.due_at:
        holder = Holder.of(event)
        yield Taken(event.equipment_kind, event.equipment, start, event.due_at, holder)


def _of_stock(ctx: Context, event: StockTransferred) -> Iterator[Taken]:
    """Pieces that go out, or leave the stock for good by a decision."""
    lot, origin = event.destination, event.origin
    if event.how == "retired":
        yield from promised_ahead(ctx, event.equipment_kind)
    elif lot is not None and event.how in ("checked out", "prolonged"):
        had = origin.due_at if origin is not None else None
        yield from _lot(event, lot, event.at if had is None else had)


def _lot(event: StockTransferred, lot: Lot | None, start: datetime) -> Iterator[Taken]:
    """Yield the time that the pieces of a lot are out, from an instant on."""
    if lot is not None and lot.due_at is not None and start < lot.due_at:
        holder = Holder.of(lot)
        yield Taken(event.equipment_kind, event.equipment, start, lot.due_at, holder)


def _planned(_: Context, event: ServicePlanned) -> Iterator[Taken]:
    if not event.dropped:
        start, end = event.period.start, event.period.end
        yield Taken(event.equipment_kind, event.equipment, start, end)


def _described(ctx: Context, event: EquipmentDescribed) -> Iterator[Taken]:
    if event.was_kind is not None:
        yield from promised_ahead(ctx, event.was_kind)


def _hired(_: Context, event: EquipmentSubHired) -> Iterator[Taken]:
    """A hire claims nothing; one that is dropped leaves less."""
    if not event.quantity:
        yield _hire(event, event.period)


def _hire(event: EquipmentSubHired, period: Period) -> Taken:
    return Taken(event.equipment_kind, event.equipment, period.start, period.end)


_TAKEN: dict[type[Event], Callable[[Context, Any], Iterator[Taken]]] = {
    EquipmentReserved: _reserved,
    BookingConfirmed: _confirmed,
    EquipmentCheckedOut: lambda _, event: _lent(event, event.at),
    LoanProlonged: lambda _, event: _lent(event, event.was_due_at),
    StockTransferred: _of_stock,
    ServicePlanned: _planned,
    EquipmentRetired: lambda ctx, event: promised_ahead(ctx, event.equipment_kind),
    EquipmentDescribed: _described,
    EquipmentSubHired: _hired,
}
"""The claims that an event makes, or what it takes away from what there is."""


def promised_ahead(ctx: Context, kind: str) -> Iterator[Taken]:
    """Yield all time to come for which anything of a kind is reserved.

    Reads every reservation of the kind that there ever was: only for what is seldom, such as a
    retirement.
    """
    found: dict[str, Reservation] = {}
    for entry in ctx.read(kind_tag(kind, PROMISED), *RESERVATIONS):
        event: Any = entry.event
        after = Reservation.after(found.get(event.reservation), entry)
        if after is not None:
            found[event.reservation] = after
    for one in found.values():
        if not one.is_released and ctx.now < one.period.end:
            yield Taken(kind, one.equipment, one.period.start, one.period.end)


# --- what is corrected or taken back ---------------------------------------------------


def _mistaken(ctx: Context, proposal: Proposal) -> Any:
    """Return the event that stood where this one stands now; None if none did."""
    event, place = proposal.event, proposal.corrects
    said = [
        one for one in ctx.recorded(event.tags()[0], type(event)) if int(place_of(one)) == place
    ]
    before = [one for one in said if not isinstance(one.position, Pending)] or said[-2:-1]
    return before[-1].event if before and not before[-1].undone else None


def _reserved_anew(ctx: Context, was: Any, proposal: Proposal) -> Iterator[Taken]:
    """All that is reserved now, but for the time that the mistake had: it was claimed then.

    Not by what the event says of the reservation before it: others may have taken since what that
    one left.
    """
    event: Any = proposal.event
    for one in read_reservations(ctx, event.booking):
        if one.id != event.reservation:
            continue
        had = isinstance(was, EquipmentReserved) and was.quantity >= one.quantity
        holder = Holder(booking=one.booking)
        for part in outside(one.period, was.period) if had else (one.period,):
            yield Taken(one.kind, one.equipment, part.start, part.end, holder)


def _booked_anew(ctx: Context, was: Any, proposal: Proposal) -> Iterator[Taken]:
    """A booking that is firm again claims all, and one that has more time again claims that.

    Where it only has other terms, its reservations follow, and claim by themselves.
    """
    event: Any = proposal.event
    entries = booking_entries(ctx, event.booking)
    booking = Booking.fold(entries) if entries else None
    if booking is None or booking.is_held or booking.is_off:
        return
    if isinstance(was, BookingWrapped):
        yield from _all_of(ctx, event, was.period)
    elif was is None or proposal.undone:
        yield from _all_of(ctx, event)


def _lent_anew(ctx: Context, was: Any, proposal: Proposal) -> Iterator[Taken]:
    """A loan that stands again, or is longer than the mistake had it."""
    event: Any = proposal.event
    out = read_custody(ctx, event.equipment).out
    if out is None or out.due_at is None:
        return
    holder, start = Holder.of(out), out.at
    if isinstance(was, EquipmentCheckedOut | LoanProlonged) and Holder.of(was) == holder:
        start = was.due_at
    if start < out.due_at:
        yield Taken(event.equipment_kind, event.equipment, start, out.due_at, holder)


def _stock_anew(ctx: Context, was: Any, proposal: Proposal) -> Iterator[Taken]:
    """Pieces that are out again, or were retired or never bought. Losses are facts."""
    event: Any = proposal.event
    more = not proposal.undone and (was is None or was.quantity < event.quantity)
    if (event.how == "retired" and more) or (event.how == "bought" and not more):
        yield from promised_ahead(ctx, event.equipment_kind)
    yield from _lot(event, event.destination if more else event.origin, event.at)


def _planned_anew(_: Context, was: Any, proposal: Proposal) -> Iterator[Taken]:
    """A plan that stands again, or for other days; or the days that are not dropped any more."""
    event: Any = proposal.event
    period = event.period
    if event.dropped and not proposal.undone:
        period = None if was is None else was.period
    if period is not None and (event.dropped or not proposal.undone):
        yield Taken(event.equipment_kind, event.equipment, period.start, period.end)


def _described_anew(ctx: Context, _: Any, proposal: Proposal) -> Iterator[Taken]:
    """The item is of its former kind again: there is one less of the other."""
    event: Any = proposal.event
    if event.was_kind is not None:
        yield from promised_ahead(ctx, event.kind if proposal.undone else event.was_kind)


def _one_less(ctx: Context, proposal: Proposal, *, undone: bool) -> Iterator[Taken]:
    """An item that was never there, or is retired again."""
    event: Any = proposal.event
    if proposal.undone == undone:
        kind = event.kind if isinstance(event, EquipmentRegistered) else event.equipment_kind
        yield from promised_ahead(ctx, kind)


def _hired_anew(_: Context, was: Any, proposal: Proposal) -> Iterator[Taken]:
    """The time for which less is hired than before."""
    event: Any = proposal.event
    if was is None:
        return
    if proposal.undone:
        parts = [event.period] if event.quantity else []
    else:
        less = event.quantity < was.quantity
        parts = [was.period] if less else list(outside(was.period, event.period))
    for part in parts:
        yield _hire(event, part)


_TAKEN_ANEW: dict[type[Event], Callable[[Context, Any, Proposal], Iterator[Taken]]] = {
    EquipmentReserved: _reserved_anew,
    ReservationReleased: _reserved_anew,
    BookingConfirmed: _booked_anew,
    BookingCancelled: _booked_anew,
    BookingMerged: _booked_anew,
    BookingWrapped: _booked_anew,
    EquipmentCheckedOut: _lent_anew,
    LoanProlonged: _lent_anew,
    EquipmentCheckedIn: _lent_anew,
    StockTransferred: _stock_anew,
    ServicePlanned: _planned_anew,
    EquipmentRegistered: lambda ctx, _, proposal: _one_less(ctx, proposal, undone=True),
    EquipmentRetired: lambda ctx, _, proposal: _one_less(ctx, proposal, undone=False),
    EquipmentDescribed: _described_anew,
    EquipmentSubHired: _hired_anew,
}
"""The claims that are made, or made again, by what stands after a correction. Each is given the
event that stood before, if any did."""
