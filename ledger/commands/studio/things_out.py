"""Things that are out: after the booking that they were for ended or moved, or long before it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ledger.events import (
    BookingCancelled,
    BookingRescheduled,
    BookingWrapped,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    LoanProlonged,
    StockTransferred,
)
from ledger.events.base import Event, RecordedEvent
from ledger.tags import tag
from ledger.time.periods import zone

if TYPE_CHECKING:
    from ledger.application import Author, Ledger
    from ledger.decisions.base import Context

_NAMED = 3
"""Most things that are named."""

_EARLY = timedelta(days=1)
"""Things may go out so long before a booking begins."""


def still_out(
    ledger: "Ledger", entries: Iterable[RecordedEvent], author: "Author"
) -> Iterator[str]:
    """Yield a sentence for each booking that ended or moved with things still out for it."""
    over = {
        entry.event.booking: told  # type: ignore[attr-defined]  # each of these types has one
        for entry in entries
        if not entry.undone and (told := _over(entry.event))
    }
    if not over:
        return
    ctx = ledger.looking(author)
    for booking, told in over.items():
        found = _out_for(ctx, booking)
        if found:
            alone = [one.item for one in found if not one.is_inside]  # the others come along
            first = " ".join(alone[:_NAMED] or [found[0].item])
            yield (
                f"{_are(found)} still out for {booking}, which {told}: "
                f"equipment check-in {first}; or keep them: equipment prolong"
            )


def _over(event: Event) -> str:
    match event:
        case BookingWrapped():
            return "has wrapped"
        case BookingCancelled():
            return "is cancelled"
        case BookingRescheduled() if event.rank is None:
            was = event.was_space, event.was_period
            return "" if was == (event.space, event.period) else "has moved"
    return ""


class _Out(NamedTuple):
    """A thing that is out, with its pieces if it is a stock."""

    is_inside: bool
    item: str
    pieces: int | None = None

    def rank(self) -> tuple[bool, bool]:
        """Its place in a list: those by themselves first, single items before pieces."""
        return self.is_inside, self.pieces is not None

    def __str__(self) -> str:
        return self.item if self.pieces is None else f"{self.pieces} of {self.item}"


def _out_for(ctx: "Context", booking: str) -> list[_Out]:
    from ledger.decisions.equipment.custody import read_custody
    from ledger.decisions.equipment.stock import read_stock

    loans = (EquipmentCheckedOut, LoanProlonged, EquipmentCheckedIn, StockTransferred)
    stocks = dict[str, bool]()
    for entry in ctx.read(tag("booking", booking), *loans):
        if isinstance(entry.event, loans):
            stocks[entry.event.equipment] = isinstance(entry.event, StockTransferred)
    found = []
    for item, is_stock in stocks.items():
        if is_stock:
            lots = read_stock(ctx, item).having(booking=booking)
            pieces = sum(one.quantity for one in lots)
            if pieces:
                is_inside = all(one.lot.container is not None for one in lots)
                found.append(_Out(is_inside, item, pieces))
            continue
        out = read_custody(ctx, item).out
        if out is not None and out.booking == booking:
            found.append(_Out(out.within is not None, item))
    return sorted(found, key=_Out.rank)


def _are(things: Sequence[_Out]) -> str:
    """Name things: `case-1 is`, `12 things (case-1, 10 of cables, lamp and 9 more) are`."""
    named = ", ".join(map(str, things[:_NAMED]))
    if len(things) == 1:
        return f"{named} {'is' if things[0].pieces in (None, 1) else 'are'}"
    more = len(things) - _NAMED
    return f"{len(things)} things ({named}{f' and {more} more' if more > 0 else ''}) are"


# --- out early -----------------------------------------------------------------------


def out_early(
    ledger: "Ledger", entries: Iterable[RecordedEvent], author: "Author"
) -> Iterator[str]:
    """Yield a sentence for each booking that begins long after things went out for it."""
    went: dict[tuple[str, datetime], dict[str, _Out]] = {}
    for entry in entries:
        event = entry.event
        match event:
            case EquipmentCheckedOut() if event.booking is not None and not entry.undone:
                out = _Out(event.within is not None, event.equipment)
                went.setdefault((event.booking, event.at), {})[out.item] = out
            case StockTransferred(how="checked out") if event.destination is not None:
                lot, item = event.destination, event.equipment
                if lot.booking is not None and not entry.undone:
                    told = went.setdefault((lot.booking, event.at), {})
                    before = told[item].pieces or 0 if item in told else 0
                    inside = lot.container is not None
                    told[item] = _Out(inside, item, before + event.quantity)
    if not went:
        return
    from ledger.decisions.bookings.state import read_booking

    ctx = ledger.looking(author)
    for (booking, at), things in went.items():
        period = read_booking(ctx, booking).period
        if period.start - at > _EARLY:
            on, clock = period.days.first, zone(period.zone)
            days = (on - at.astimezone(clock).date()).days
            listed = sorted(things.values(), key=_Out.rank)
            yield f"{booking} begins on {on}: {_are(listed)} out {days} days before"
