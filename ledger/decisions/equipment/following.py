"""Equipment follows its booking: reservations and loans go along with what becomes of it.

This looks at what a decision has proposed for bookings, by whatever command, and records what
follows. A reservation of all of a booking's time takes the time that the booking has then; one of
some days moves along with the first day, or stays where it is where the booking only grows or
shrinks, as the plan of its days does. A part that is split off takes along what is reserved for its
days, and a booking that becomes a part of another leaves its reservations to that. Loans that were
due when the booking ended are due at its new end. A booking that is cancelled, released or over
needs nothing: what is reserved for it counts no more.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from ledger.decisions.base import Context, Proposal
from ledger.decisions.bookings.parts import outside
from ledger.decisions.bookings.state import read_booking
from ledger.decisions.equipment.custody import due_with, read_custody
from ledger.decisions.equipment.loans import prolong, prolong_lot
from ledger.decisions.equipment.reservations import new_id, record, release
from ledger.decisions.equipment.reserved import RESERVATIONS, read_reservations
from ledger.decisions.equipment.several import read_item
from ledger.decisions.equipment.stock import read_stock
from ledger.entities.bookings import Booking
from ledger.entities.reservations import Reservation
from ledger.events.base import RecordedEvent
from ledger.events.bookings import (
    BookingConfirmed,
    BookingHeld,
    BookingMerged,
    BookingRescheduled,
)
from ledger.events.equipment import (
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    LoanProlonged,
    StockTransferred,
)
from ledger.tags import mark, tag
from ledger.time.periods import Days, Period

LOANS = (EquipmentCheckedOut, LoanProlonged, EquipmentCheckedIn, StockTransferred)
_RESOLUTION = timedelta(microseconds=1)


def follow_bookings(ctx: Context, proposals: Iterable[Proposal]) -> None:
    """Record what follows for equipment from what is proposed for bookings."""
    moved: dict[str, Period | None] = {}
    parts, merged = list[tuple[str, str]](), list[tuple[str, str]]()
    for proposal in list(proposals):
        event: Any = proposal.event
        match event:
            case BookingMerged() if not proposal.undone:
                merged.append((event.booking, event.into))
            case BookingRescheduled():
                had = event.period if proposal.undone else event.was_period
                moved.setdefault(event.booking, had)
            case BookingHeld() if event.split_from is not None and proposal.corrects is None:
                parts.append((event.split_from, event.booking))
            case BookingHeld() | BookingConfirmed() if proposal.corrects is not None:
                moved.setdefault(event.booking, None)
    about = dict.fromkeys((*(one for one, _ in parts), *moved, *(one for one, _ in merged)))
    if len(about) > 1:
        ctx.read_together([tag("booking", one) for one in about], *RESERVATIONS, *LOANS)
    for whole, part in parts:
        _divide(ctx, whole, part)
    for booking, was in moved.items():
        _move_along(ctx, booking, was)
    for booking, into in merged:
        _leave_to(ctx, booking, into)


def _entries(ctx: Context, booking: str) -> list[RecordedEvent]:
    """All that was ever reserved or lent for a booking: one question, and mostly nothing."""
    return ctx.read(tag("booking", booking), *RESERVATIONS, *LOANS)


def _move_along(ctx: Context, booking_id: str, was: Period | None) -> None:
    if not _entries(ctx, booking_id):
        return
    booking = read_booking(ctx, booking_id)
    for one in read_reservations(ctx, booking_id):
        if one.booking_period != booking.period:
            _take_along(ctx, one, booking)
    if was is not None and was.end != booking.period.end:
        _due_with(ctx, booking, was)


def _take_along(ctx: Context, one: Reservation, booking: Booking) -> None:
    period = moved_along(one.period, one.booking_period, booking.period)
    if period is None:
        release(ctx, one)
        return
    record(ctx, booking, one.id, one, period, was=one)


def moved_along(part: Period, was: Period, now: Period) -> Period | None:
    """Return a part of a booking's time after the booking moved; None if nothing of it is left."""
    if part == was:
        return now
    stays = was.overlaps(now) and len(was.days) != len(now.days)
    shift = timedelta() if stays else now.days.first - was.days.first
    if part.first is not None:
        days = part.days
        moved = Days(days.first + shift, days.last + shift).period(now.zone)
    else:
        moved = Period.between(part.start + shift, part.end + shift, now.zone)
    return clipped(moved, now)


def clipped(part: Period, whole: Period) -> Period | None:
    """Return what of a time lies in another."""
    start, end = max(part.start, whole.start), min(part.end, whole.end)
    return Period.between(start, end, whole.zone) if start < end else None


def _divide(ctx: Context, whole: str, part: str) -> None:
    """Let a part that was split off a booking have what was reserved for its days.

    It claims nothing anew: the whole had it then.
    """
    entries = _entries(ctx, whole)
    if not entries:
        return
    # Things that are out for the whole may be due in the days of the part: it has not got them.
    lent = any(isinstance(entry.event, LOANS) for entry in entries)
    booking = read_booking(ctx, part)
    for one in read_reservations(ctx, whole):
        period = booking.period if one.is_whole else clipped(one.period, booking.period)
        if period is not None:
            id = one.id.replace(f"{whole}/", f"{part}/", 1)
            kept = one if one.period.covers(period) and not lent else None
            record(ctx, booking, id, one, period, was=kept)


def _leave_to(ctx: Context, booking_id: str, into: str) -> None:
    """Leave what was reserved for a booking to the one that it becomes a part of.

    That claims nothing anew, and keeps what it had: where both had the same, the larger number.
    """
    if not _entries(ctx, booking_id):
        return
    booking = read_booking(ctx, into)
    others = read_reservations(ctx, into)
    for one in read_reservations(ctx, booking_id):
        release(ctx, one)
        period = clipped(one.period, booking.period)
        had = [other for other in others if _is_same(other, one)]
        for part, number in () if period is None else _missing(period, one.quantity, had):
            more = replace(one, quantity=number)
            record(ctx, booking, new_id(ctx, booking, one), more, part, was=one)


def _is_same(one: Reservation, other: Reservation) -> bool:
    return (one.equipment, mark(one.kind)) == (other.equipment, mark(other.kind))


def _missing(
    period: Period, quantity: int, had: Sequence[Reservation]
) -> Iterator[tuple[Period, int]]:
    """Yield for which of a time how many are missing, where some are had."""
    if not had:
        yield period, quantity
        return
    first, *others = had
    for part in outside(period, first.period):
        yield from _missing(part, quantity, others)
    both = clipped(first.period, period)
    if both is not None and first.quantity < quantity:
        yield from _missing(both, quantity - first.quantity, others)


# --- loans ---------------------------------------------------------------------------


def _due_with(ctx: Context, booking: Booking, was: Period) -> None:
    """Let what was due when a booking ended be due at its new end."""
    ends, now_due = (was.end, was.end - _RESOLUTION), due_with(booking.period)
    if now_due <= ctx.now:
        return  # it is over: due it stays
    for thing in dict.fromkeys(
        entry.event.equipment  # type: ignore[attr-defined]  # each of these types has one
        for entry in ctx.read(tag("booking", booking.id), *LOANS)
    ):
        item = read_item(ctx, thing)
        if item is None:
            continue
        if item.is_stock:
            for one in read_stock(ctx, thing).pieces:
                if one.lot.booking == booking.id and one.lot.due_at in ends:
                    prolong_lot(ctx, item, one.lot, now_due, ctx.now)
            continue
        out = read_custody(ctx, thing).out
        if out is not None and out.booking == booking.id and out.due_at in ends:
            prolong(ctx, item, now_due, ctx.now)
