"""Promises are kept: no decision leaves more promised than there is.

A reservation is firm if its booking is, so a promise can be made in many ways: by a reservation for
a firm booking, by confirming one, by moving it, by a check-out or a longer loan, and by taking
something out of use that was promised. This module looks at what a decision has proposed, whatever
the decision was, and judges the kinds and times that it claims anew. Time that was claimed before
is not judged again, so that a breakage does not keep a booking from its other changes.

Pieces that break, or are lost, are facts and are not refused: the promises that they break are
shortages, which the command tells of.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from ledger.decisions.base import Context, Proposal
from ledger.decisions.bookings.parts import outside
from ledger.decisions.equipment.counts import read_count
from ledger.decisions.equipment.places import on_site, own_zone
from ledger.decisions.equipment.promise_refusals import NotEnough, PromisedAway
from ledger.decisions.equipment.reserved import RESERVATIONS, read_reservations
from ledger.decisions.equipment.several import read_item
from ledger.decisions.equipment.stock import read_stock
from ledger.entities.bookings import TURNING_POINTS, Booking
from ledger.entities.promises import CLAIMS, Claim, Claims, Holder, KindBook, Shortage
from ledger.entities.reservations import Reservation
from ledger.events.base import Event
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingHeld,
)
from ledger.events.equipment import (
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentDescribed,
    EquipmentRetired,
    LoanEvent,
    LoanProlonged,
    ServicePlanned,
    StockTransferred,
    kind_tag,
)
from ledger.events.reservations import (
    PROMISED,
    EquipmentReserved,
    EquipmentSubHired,
    ReservationEvent,
    ReservationReleased,
)
from ledger.tags import buckets, mark, tag
from ledger.time.periods import Period, zone


class Taken(Struct, frozen=True):
    """Time for which equipment is claimed anew: of an item, or of any of a kind.

    `holder` is who claims it; None for what takes it out of use.
    """

    kind: str
    equipment: str | None
    start: datetime
    end: datetime
    holder: Holder | None = None


def keep_promises(ctx: Context, proposals: Iterable[Proposal]) -> None:
    """Judge what a decision proposes. Raises `PromisedAway`, `NotEnough`.

    In a batch by its end: two bookings may trade their cranes.
    """
    for proposal in list(proposals):
        for taken in _taken(ctx, proposal):
            ctx.check_by_the_end(lambda one=taken: check_taken(ctx, one))  # type: ignore[misc]  # bound as it is now


def _taken(ctx: Context, proposal: Proposal) -> Iterator[Taken]:
    claims = (_TAKEN_BY_UNDOING if proposal.undone else _TAKEN).get(type(proposal.event))
    return iter(()) if claims is None else claims(ctx, proposal.event)


def _reserved(_: Context, event: EquipmentReserved) -> Iterator[Taken]:
    was, period = event.was_period, event.period
    more = event.was_quantity is None or event.was_quantity < event.quantity
    for part in (period,) if was is None or more else outside(period, was):
        yield _of(event, part)


def _of(event: ReservationEvent, period: Period) -> Taken:
    holder = Holder(booking=event.booking)
    return Taken(event.equipment_kind, event.equipment, period.start, period.end, holder)


def _confirmed(ctx: Context, event: BookingConfirmed) -> Iterator[Taken]:
    if not _is_new(ctx, event.booking):
        yield from _all_of(ctx, event)


def _all_of(ctx: Context, event: BookingEvent) -> Iterator[Taken]:
    for one in read_reservations(ctx, event.booking):
        holder = Holder(booking=event.booking)
        yield Taken(one.kind, one.equipment, one.period.start, one.period.end, holder)


def _lent(event: LoanEvent, start: datetime) -> Iterator[Taken]:
    if start < event.due_at:
        holder = Holder.of(event)
        yield Taken(event.equipment_kind, event.equipment, start, event.due_at, holder)


def _of_stock(ctx: Context, event: StockTransferred) -> Iterator[Taken]:
    """Pieces that go out, or leave the stock for good by a decision."""
    lot, origin = event.destination, event.origin
    if event.how == "retired":
        yield from promised_ahead(ctx, event.equipment_kind)
    elif lot is not None and lot.due_at is not None and event.how in ("checked out", "prolonged"):
        had = origin.due_at if origin is not None else None
        start = event.at if had is None else had
        if start < lot.due_at:
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
    yield Taken(event.equipment_kind, event.equipment, event.period.start, event.period.end)


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

_TAKEN_BY_UNDOING: dict[type[Event], Callable[[Context, Any], Iterator[Taken]]] = {
    BookingCancelled: _all_of,
    ReservationReleased: lambda _, event: iter((_of(event, event.period),)),
    EquipmentCheckedIn: lambda _, event: _lent(event, event.at),
    EquipmentSubHired: _hired,
}
"""The claims that are made again where an event is taken back."""


def _is_new(ctx: Context, booking: str) -> bool:
    """Whether a booking begins in this decision: then nothing is reserved for it."""
    return any(
        isinstance(one.event, BookingHeld) and one.event.booking == booking for one in ctx.proposals
    )


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


# --- the judgement -------------------------------------------------------------------


def check_taken(ctx: Context, taken: Taken) -> None:
    """Check that what is claimed for a time is there. Raises `PromisedAway`, `NotEnough`."""
    start = max(taken.start, ctx.now)
    if taken.end <= start:
        return
    book = read_book(ctx, taken.kind, start, taken.end)
    items = () if taken.equipment is None else (taken.equipment,)
    short = book.shortage(start, taken.end, items)
    if short is not None:
        raise refusal(ctx, book, short, taken)


def read_book(ctx: Context, kind: str, start: datetime, end: datetime) -> KindBook:
    """Read what is firmly claimed of a kind in a time, and how much there is.

    Asks for the kind's claims in the months of that time, its count, the turning points of each
    booking that has a reservation then, and the pieces of each stock that is claimed.
    """
    months = Period.between(start, end, "UTC").months_to_read
    claims = Claims.of(ctx.read(list(buckets("kind", mark(kind), months)), *CLAIMS))
    found = list(claims.loans())
    for one in claims.reservations.values():
        if one.period.start < end and start < one.period.end:
            found += _firm(ctx, one)
    pieces, stocks = dict[str, int](), set[str]()
    for thing in {one.equipment for one in found if one.equipment is not None}:
        item = read_item(ctx, thing)
        if item is not None and item.is_stock:
            stocks.add(thing)
            pieces[thing] = sum(one.quantity for one in read_stock(ctx, thing).pieces)
        elif item is not None and item.place.retired:
            pieces[thing] = 0
    return KindBook(
        kind=kind,
        count=read_count(ctx, kind),
        claims=tuple(found),
        hired=tuple(claims.hired.values()),
        pieces=pieces,
        stocks=frozenset(stocks),
        now=ctx.now,
    )


def _firm(ctx: Context, one: Reservation) -> Iterator[Claim]:
    """Yield the claim of a reservation if its booking is firm: for as long as that has its time."""
    entry = ctx.last(tag("booking", one.booking), *TURNING_POINTS)
    if entry is None:
        return
    booking = Booking.after(None, entry)
    if not booking.is_firm and booking.state != "wrapped":
        return
    start = max(one.period.start, booking.period.start)
    end = min(one.period.end, booking.period.end)
    if start < end:
        holder = Holder(booking=one.booking)
        yield Claim(
            holder, one.equipment, one.quantity, start, end, one.position, within=one.within
        )


def refusal(
    ctx: Context, book: KindBook, short: Shortage, taken: Taken
) -> PromisedAway | NotEnough:
    """Return the refusal that names what stands in the way."""
    item, clock = short.equipment, zone(own_zone(ctx))
    others = [one for one in short.by if one.holder != taken.holder]
    if item is not None and item not in book.stocks:
        for away in short.away if taken.holder is not None else ():
            return PromisedAway(
                item,
                claim=f"in {away.service}",
                start=on_site(ctx, away.since, item),
                until=on_site(ctx, away.until or taken.end, item),
                position=None,
            )
        for one in others:
            inside = f" in {one.within}" if one.within else ""
            return PromisedAway(
                item,
                claim=f"{'out for' if one.is_out else 'promised to'} {one.holder}{inside}",
                start=on_site(ctx, one.start, item),
                until=on_site(ctx, one.end, item),
                position=one.position,
            )
    claimed = book.claimed(short.at, item)
    return NotEnough(
        item or book.kind,
        at=short.at.astimezone(clock),
        there=short.there,
        claimed=tuple(f"{holder} {number}" for holder, number in sorted(claimed.items())),
        position=max((one.position for one in others or short.by), default=None),
    )
