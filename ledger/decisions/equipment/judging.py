"""Judging equipment after one of its entries was corrected or undone.

Entries that were recorded with the mistaken one are corrected with it: those of the things in a
case that went out, or of a thing that went out by being packed. Later entries that only repeat what
was wrong (the place that a move begins at, the booking that a thing comes back from) repeat what is
right instead. Then the life of the item, of all that was ever in it and of all that it was ever in,
is gone through by effective time, and must be one that can have happened.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.decisions.bookings.state import read_booking
from ledger.decisions.correction_refusals import StandsOnIt
from ledger.decisions.corrections import Mistake
from ledger.decisions.equipment.custody import check_firm
from ledger.decisions.equipment.places import check_happened, check_place, on_site
from ledger.decisions.equipment.promise_refusals import OutsideItsBooking
from ledger.decisions.equipment.refusals import NotSoMany
from ledger.decisions.equipment.reserved import read_reservations
from ledger.entities.equipment import Item, transferred
from ledger.errors import BadTime, Pending
from ledger.events.base import Event, RecordedEvent
from ledger.events.equipment import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentDescribed,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    EquipmentUnpacked,
    LoanProlonged,
    PlaceEvent,
    ServiceCompleted,
    ServiceStarted,
    StockTransferred,
)
from ledger.tags import mark, tag

LOANS = (EquipmentCheckedOut, LoanProlonged, EquipmentCheckedIn)


def judge_equipment(ctx: Context, mistake: Mistake) -> Callable[[], None]:
    """Return what judges an item after a correction."""

    def judge() -> None:
        right = _standing(ctx, mistake)
        _check_values(ctx, mistake, right)
        if isinstance(mistake.event, EquipmentDescribed):
            _check_kind(ctx, mistake, mistake.event, right)
        with_it = _recorded_with(ctx, mistake)
        for entry in with_it:
            _correct_alike(ctx, mistake, entry, right)
        things = {mistake.id, *(entry.event.equipment for entry in with_it)}  # type: ignore[attr-defined]  # each is about an item
        for thing in things:
            _repeat_loans(ctx, mistake, thing, right)
        if isinstance(mistake.event, PlaceEvent):
            _repeat_places(ctx, mistake, right)
        for thing in _related(ctx, things):
            check_life(ctx, thing)

    return judge


def judge_reservation(ctx: Context, mistake: Mistake) -> Callable[[], None]:
    """Return what judges a reservation after a correction: it is within its booking's time.

    That no more is promised than there is, `promises` judges for every command.
    """

    def judge() -> None:
        booking = read_booking(ctx, mistake.event.booking)
        for one in read_reservations(ctx, booking.id):
            # after the wrap the booking's time is what it used of it
            period = one.booking_period if booking.state == "wrapped" else booking.period
            if one.id == mistake.id and not period.covers(one.period):
                raise OutsideItsBooking(
                    one.booking, asked=one.period, period=period, position=booking.placed
                )

    return judge


def judge_subhire(ctx: Context, mistake: Mistake) -> Callable[[], None]:
    """Return what judges a sub-hire after a correction: nothing but `promises`."""
    return lambda: None


# --- what stands now -----------------------------------------------------------------


def _standing(ctx: Context, mistake: Mistake) -> Any:
    """Return the event that stands in the place of the mistake; None if it was taken back."""
    entries = ctx.read(mistake.thing, *mistake.types)
    return next((one.event for one in entries if one.position == mistake.place), None)


def _check_values(ctx: Context, mistake: Mistake, right: Any) -> None:
    """Check what an entry says by itself."""
    if right is None:
        return
    if isinstance(getattr(right, "at", None), datetime):
        check_happened(ctx, right.at, mistake.id)
    for name in ("place", "origin", "destination"):
        place = getattr(right, name, None)
        if isinstance(place, str) and place != getattr(mistake.event, name):
            check_place(ctx, place)
    if isinstance(right, EquipmentCheckedOut | LoanProlonged):
        if right.due_at <= right.at:
            raise BadTime(
                f"{mistake.id} would be due back before it went out", advice="Give a later due_at"
            )
        if right.booking is not None and isinstance(right, EquipmentCheckedOut):
            check_firm(ctx, right.booking, right.at)


def _check_kind(
    ctx: Context, mistake: Mistake, event: EquipmentDescribed, right: Event | None
) -> None:
    """Check that no later entry counts for a kind that the item has not, after all.

    Raises `StandsOnIt`.
    """
    wrong = event.kind if right is None else event.was_kind
    if event.was_kind is None or wrong is None:
        return
    for entry in ctx.read(mistake.thing):
        kinds = (getattr(entry.event, name, None) for name in ("equipment_kind", "was_kind"))
        if entry.position > mistake.place and mark(wrong) in [mark(k) for k in kinds if k]:
            raise StandsOnIt(entry.type, position=entry.said_at)


def _recorded_with(ctx: Context, mistake: Mistake) -> list[RecordedEvent]:
    """Return the loans that one command recorded with a mistaken entry, of things inside.

    They stand beside it, at the same time, and name the container: of a check-out after it, of a
    check-in before it. A thing that was packed into a container that is out, or unpacked from one,
    went out or came back itself.
    """
    event = mistake.event
    if not isinstance(event, (*LOANS, EquipmentPacked, EquipmentUnpacked)):
        return []
    found = []
    for step in (1, -1):
        position = int(mistake.place) + step
        while (entry := ctx.entry(position)) is not None and _is_with(event, entry):
            found.append(entry)
            position += step
    return [stands for entry in found if (stands := _as_it_stands(ctx, entry)) is not None]


def _is_with(event: Any, entry: RecordedEvent) -> bool:
    other = entry.event
    if entry.corrects is not None or not isinstance(other, LOANS) or other.at != event.at:
        return False
    if isinstance(event, EquipmentPacked | EquipmentUnpacked):
        return other.equipment == event.equipment or other.within == event.equipment
    return type(other) is type(event) and other.within == event.equipment


def _as_it_stands(ctx: Context, entry: RecordedEvent) -> RecordedEvent | None:
    thing = tag("equipment", entry.event.equipment)  # type: ignore[attr-defined]  # a loan of an item
    entries = ctx.read(thing, *LOANS)
    return next((one for one in entries if one.position == entry.position), None)


def _correct_alike(ctx: Context, mistake: Mistake, entry: RecordedEvent, right: Any) -> None:
    event: Any = entry.event
    if right is None:
        ctx.record(event, corrects=entry.said_at, undone=True)
        return
    again = _changed(mistake.event, right, event, ("at", "booking", "custodian", "due_at"))
    if again:
        ctx.record(replace(event, **again), corrects=entry.said_at)


def _changed(wrong: Any, right: Any, event: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the fields of an event that repeat a wrong value, with the right ones."""
    found = {}
    for name in names:
        if name not in wrong.__struct_fields__ or name not in event.__struct_fields__:
            continue
        was, now = getattr(wrong, name), getattr(right, name)
        if was != now and getattr(event, name) == was:
            found[name] = now
    return found


# --- entries that repeat it ----------------------------------------------------------


def _repeat_loans(ctx: Context, mistake: Mistake, thing: str, right: Any) -> None:
    """Let the later entries of a loan repeat what is right, up to the next check-out."""
    wrong = mistake.event
    if right is None or not isinstance(
        wrong, EquipmentCheckedOut | LoanProlonged | CustodyTransferred
    ):
        return
    changed = {
        name: (getattr(wrong, name), getattr(right, name))
        for name in ("booking", "custodian", "due_at")
        if name in wrong.__struct_fields__ and getattr(wrong, name) != getattr(right, name)
    }
    for entry in ctx.read(tag("equipment", thing), *LOANS, CustodyTransferred):
        event: Any = entry.event
        if entry.position <= mistake.place or event.equipment != thing or event.at < right.at:
            continue
        if isinstance(event, EquipmentCheckedOut):
            if event.within == mistake.id and event.at == right.at:
                continue
            return
        again: dict[str, Any] = {}
        for name, (was, now) in list(changed.items()):
            for field in ("was" if name == "custodian" else f"was_{name}", name):
                if field in event.__struct_fields__ and getattr(event, field) == was:
                    again[field] = now
                elif field == name and name in event.__struct_fields__:
                    changed.pop(name, None)
        if again:
            ctx.record(replace(event, **again), corrects=entry.said_at)


_SAYS_WHO = (EquipmentCheckedOut, LoanProlonged, CustodyTransferred)


def _repeat_places(ctx: Context, mistake: Mistake, right: Any) -> None:
    """Let the next places of an item begin where it was left, as far as they repeat the mistake."""
    wrong: Any = mistake.event
    left = wrong.destination if isinstance(wrong, EquipmentMoved) else wrong.place
    if right is None:
        now = wrong.origin if isinstance(wrong, EquipmentMoved) else left
    else:
        now = right.destination if isinstance(right, EquipmentMoved) else right.place
    if left == now:
        return
    start = wrong.at if right is None else right.at
    _begin_at(ctx, mistake.id, left, now, (start, int(mistake.place)))


def _begin_at(ctx: Context, item: str, left: str, now: str, after: tuple[datetime, int]) -> None:
    for entry in _chain(ctx, item):
        event: Any = entry.event
        if (event.at, entry.position) <= after:
            continue
        if isinstance(event, EquipmentMoved):
            if event.origin == left:
                ctx.record(replace(event, origin=now), corrects=entry.said_at)
            return
        if event.place != left or isinstance(event, EquipmentRegistered):
            return
        ctx.record(replace(event, place=now), corrects=entry.said_at)
        if isinstance(event, EquipmentUnpacked) and event.equipment != item:
            _begin_at(ctx, event.equipment, left, now, (event.at, entry.position))


def _chain(ctx: Context, item: str) -> list[RecordedEvent]:
    """The place facts of an item that stand, by effective time."""
    entries = ctx.read(tag("equipment", item), *_PLACES)
    mine = [one for one in entries if item in (one.event.equipment, *_around(one.event))]  # type: ignore[attr-defined]  # a place fact
    return sorted(mine, key=lambda one: (one.event.at, one.position))  # type: ignore[attr-defined]  # a place fact


_PLACES = (
    EquipmentRegistered,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentUnpacked,
    EquipmentRetired,
)


def _around(event: Any) -> tuple[str, ...]:
    return event.containers if isinstance(event, EquipmentPacked | EquipmentUnpacked) else ()


# --- a life that can have happened ---------------------------------------------------


def _related(ctx: Context, things: set[str]) -> set[str]:
    """The things, all that was ever straight in them, and all that they were ever straight in."""
    found = set(things)
    for thing in things:
        for entry in ctx.read(tag("equipment", thing), EquipmentPacked, EquipmentUnpacked):
            event: Any = entry.event
            if event.equipment == thing:
                found.add(event.container)
            elif event.container == thing:
                found.add(event.equipment)
    return found


class _Life(Struct):
    """An item at a time, while its life is gone through."""

    begun: bool = False
    over: bool = False
    place: str = ""
    container: str | None = None
    out: Any = None
    in_service: set[str] = set()
    valid_until: datetime | None = None


def check_life(ctx: Context, item: str) -> None:
    """Check that the entries of an item can have happened. Raises `StandsOnIt`, `NotSoMany`."""
    entries = ctx.read(tag("equipment", item), *Item.types())
    mine = [one for one in entries if _at(one) is not None and _is_about(one, item)]
    mine.sort(key=lambda one: (_at(one), one.position))
    if any(isinstance(one.event, StockTransferred) for one in mine if _of(one) == item):
        _check_stock(ctx, item, mine)
        return
    life = _Life()
    stages: list[tuple[datetime, str | None, Any]] = []
    for entry in mine:
        if not _follows(life, entry, item):
            raise StandsOnIt(entry.type, position=_cited(entry))
        stages.append((_at(entry), life.container, life.out))
    for holder in {container for _, container, _ in stages if container is not None}:
        _check_with(ctx, stages, holder)


def _at(entry: RecordedEvent) -> Any:
    return getattr(entry.event, "at", None)


def _of(entry: RecordedEvent) -> str:
    return str(entry.event.equipment)  # type: ignore[attr-defined]  # an event of equipment


def _is_about(entry: RecordedEvent, item: str) -> bool:
    return _of(entry) == item or item in _around(entry.event)


def _follows(life: _Life, entry: RecordedEvent, item: str) -> bool:
    """Take an entry into a life; False where it cannot have happened."""
    event: Any = entry.event
    if isinstance(event, EquipmentRegistered):
        life.begun, life.place = True, event.place
        return True
    if not life.begun or life.over:
        return False
    if _of(entry) != item:  # it bears witness where a container around was
        return life.container is not None or life.place == event.place
    step = _STEPS.get(type(event))
    return step is None or step(life, event)


def _moved(life: _Life, event: EquipmentMoved) -> bool:
    fits = life.container is None and event.origin == life.place != event.destination
    life.place = event.destination
    return fits


def _packed(life: _Life, event: EquipmentPacked) -> bool:
    fits = life.container is None and event.place == life.place
    life.container = event.container
    return fits


def _unpacked(life: _Life, event: EquipmentUnpacked) -> bool:
    fits = life.container == event.container
    life.container, life.place = None, event.place
    return fits


def _retired(life: _Life, event: EquipmentRetired) -> bool:
    life.over = True
    return life.container is None and event.place == life.place and life.out is None


def _checked_out(life: _Life, event: EquipmentCheckedOut) -> bool:
    worn = life.valid_until is not None and life.valid_until <= event.at
    fits = life.out is None and not life.in_service and not worn
    life.out = event
    return fits


def _prolonged(life: _Life, event: LoanProlonged) -> bool:
    fits = life.out is not None and life.out.booking == event.booking
    life.out = event
    return fits


def _checked_in(life: _Life, event: EquipmentCheckedIn) -> bool:
    fits = life.out is not None and life.out.booking == event.booking
    life.out = None
    return fits


def _started(life: _Life, event: ServiceStarted) -> bool:
    fits = event.kind not in life.in_service
    life.in_service = life.in_service | {event.kind}
    return fits


def _completed(life: _Life, event: ServiceCompleted) -> bool:
    fits = event.kind in life.in_service
    life.in_service = life.in_service - {event.kind}
    if event.kind == "calibration":
        life.valid_until = event.valid_until
    return fits


_STEPS: dict[type[Event], Callable[[_Life, Any], bool]] = {
    EquipmentMoved: _moved,
    EquipmentPacked: _packed,
    EquipmentUnpacked: _unpacked,
    EquipmentRetired: _retired,
    EquipmentCheckedOut: _checked_out,
    LoanProlonged: _prolonged,
    EquipmentCheckedIn: _checked_in,
    ServiceStarted: _started,
    ServiceCompleted: _completed,
}
"""The step of each event: it takes the event into a life, and says whether that fits."""


def _check_with(
    ctx: Context, stages: Sequence[tuple[datetime, str | None, Any]], holder: str
) -> None:
    """Check that a thing is out with its container whenever that is. Raises `StandsOnIt`.

    `stages` are the times at which the thing's container or loan changed, and both then.
    """
    loans = [one for one in ctx.read(tag("equipment", holder), *LOANS) if _of(one) == holder]
    loans.sort(key=lambda one: (_at(one), one.position))
    for at in sorted({at for at, _, _ in stages} | {_at(one) for one in loans}):
        stage = next((one for one in reversed(stages) if one[0] <= at), None)
        loan = next((one for one in reversed(loans) if _at(one) <= at), None)
        if stage is None or loan is None or stage[1] != holder:
            continue
        out, mine = loan.event, stage[2]
        if isinstance(out, EquipmentCheckedIn):
            continue
        if mine is None or mine.booking != out.booking:  # type: ignore[attr-defined]  # a loan
            raise StandsOnIt(loan.type, position=_cited(loan))


def _cited(entry: RecordedEvent) -> int:
    """The position to name: where this same command put it right, that of its first entry."""
    return entry.position if isinstance(entry.said_at, Pending) else entry.said_at


def _check_stock(ctx: Context, stock: str, entries: Sequence[RecordedEvent]) -> None:
    """Check that no lot ever has fewer than none. Raises `NotSoMany`."""
    pieces: Any = ()
    for entry in entries:
        event: Any = entry.event
        if isinstance(event, EquipmentRegistered):
            pieces = Item.fold([entry]).pieces
        elif isinstance(event, StockTransferred) and event.equipment == stock:
            pieces = transferred(pieces, event)
            for one in pieces:
                if one.quantity < 0:
                    raise NotSoMany(
                        stock,
                        on_site(ctx, event.at, stock),
                        asked=event.quantity,
                        there=event.quantity + one.quantity,
                        lot=one.lot,
                        position=entry.said_at,
                    )
