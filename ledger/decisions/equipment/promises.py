"""Promises are kept: no decision leaves more promised than there is.

A reservation is firm if its booking is, so a promise can be made in many ways: by a reservation for
a firm booking, by confirming one, by moving it, by a check-out or a longer loan, and by taking
something out of use that was promised. Whatever a decision was, this module judges the kinds and
times that it claims anew (`taking`).

Pieces that break, or are lost, are facts and are not refused: the promises that they break are
shortages, which the command tells of.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ledger.decisions.base import Context, Proposal
from ledger.decisions.equipment.counts import read_count
from ledger.decisions.equipment.places import on_site, own_zone
from ledger.decisions.equipment.promise_refusals import NotEnough, PromisedAway
from ledger.decisions.equipment.several import read_item
from ledger.decisions.equipment.stock import read_stock
from ledger.decisions.equipment.taking import Taken, taken_by
from ledger.entities.bookings import TURNING_POINTS, Booking
from ledger.entities.promises import CLAIMS, Claim, Claims, Holder, KindBook, Shortage
from ledger.tags import buckets, mark, tag
from ledger.time.periods import Period, zone


def keep_promises(ctx: Context, proposals: Iterable[Proposal]) -> None:
    """Judge what a decision proposes. Raises `PromisedAway`, `NotEnough`.

    In a batch by its end: two bookings may trade their cranes. The claims of one holder to a kind
    for a time are judged together: a case takes along fifty lenses.
    """
    together: dict[Any, tuple[Taken, dict[str, None]]] = {}
    for proposal in list(proposals):
        for taken in taken_by(ctx, proposal):
            key = mark(taken.kind), taken.start, taken.end, taken.holder
            _, items = together.setdefault(key, (taken, {}))
            if taken.equipment is not None:
                items[taken.equipment] = None
    for taken, items in together.values():
        ctx.check_by_the_end(lambda one=taken, of=tuple(items): check_taken(ctx, one, of))  # type: ignore[misc]  # bound as they are now


# --- the judgement -------------------------------------------------------------------


def check_taken(ctx: Context, taken: Taken, items: Sequence[str] = ()) -> None:
    """Check that what is claimed for a time is there. Raises `PromisedAway`, `NotEnough`.

    `items` are all that are claimed for it, where that is not only the one that `taken` names.
    """
    start = max(taken.start, ctx.now)
    if taken.end <= start:
        return
    if not items and taken.equipment is not None:
        items = (taken.equipment,)
    book = read_book(ctx, taken.kind, start, taken.end, items)
    short = book.shortage(start, taken.end, items)
    if short is not None:
        raise refusal(ctx, book, short, taken)


def read_book(
    ctx: Context, kind: str, start: datetime, end: datetime, items: Iterable[str] = ()
) -> KindBook:
    """Read what is firmly claimed of a kind in a time, and how much there is: also of some items.

    Asks for the kind's claims in the months of that time, its count, the turning points of the
    bookings that have a reservation then (of all at once), and for each of the items what it is.
    """
    months = Period.between(start, end, "UTC").months_to_read
    claims = Claims.of(ctx.read(list(buckets("kind", mark(kind), months)), *CLAIMS))
    pieces, stocks = dict[str, int](), set[str]()
    for thing in items:
        item = read_item(ctx, thing)
        if item is None:
            continue
        if item.is_stock:
            stocks.add(thing)
            pieces[thing] = sum(one.quantity for one in read_stock(ctx, thing).pieces)
        if item.place.retired or mark(item.kind) != mark(kind):
            pieces[thing] = 0  # it is not of this kind any more, whatever was promised of it
    return KindBook(
        kind=kind,
        count=read_count(ctx, kind),
        claims=(*claims.loans(), *_firm(ctx, claims, start, end)),
        hired=tuple(claims.hired.values()),
        pieces=pieces,
        stocks=frozenset(stocks),
        now=ctx.now,
    )


def _firm(ctx: Context, claims: Claims, start: datetime, end: datetime) -> Iterator[Claim]:
    """Yield the claims of the reservations in a time whose bookings are firm.

    Each is for as long as its booking has its time. One question a booking, all at once.
    """
    reserved = [
        one
        for one in claims.reservations.values()
        if one.period.start < end and start < one.period.end
    ]
    bookings: dict[str, Booking] = {}
    for entry in ctx.read_together(
        [tag("booking", id) for id in dict.fromkeys(one.booking for one in reserved)],
        *TURNING_POINTS,
    ):
        id: str = entry.event.booking  # type: ignore[attr-defined]  # each of these types has one
        bookings[id] = Booking.after(bookings.get(id), entry)
    for one in reserved:
        booking = bookings.get(one.booking)
        if booking is None or not (booking.is_firm or booking.state == "wrapped"):
            continue
        begins = max(one.period.start, booking.period.start)
        ends = min(one.period.end, booking.period.end)
        if begins < ends:
            holder = Holder(booking=one.booking)
            yield Claim(
                holder, one.equipment, one.quantity, begins, ends, one.position, within=one.within
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
