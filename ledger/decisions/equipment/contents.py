"""The contents of a container: they go where the container goes, out on a loan and back with it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ledger.decisions.base import Context
from ledger.decisions.equipment.places import Standing, on_site, standing, standing_in_use
from ledger.decisions.equipment.refusals import LaterEntryStands, NotPacked
from ledger.errors import UnreadableEvent
from ledger.events.base import Event, RecordedEvent
from ledger.events.equipment import (
    CONTENTS,
    EquipmentPacked,
    EquipmentUnpacked,
    StockTransferred,
)
from ledger.events.standing import is_correction
from ledger.tags import buckets, tag
from ledger.time.months import months_of

IN_OUT = (EquipmentPacked, EquipmentUnpacked, StockTransferred)


def read_contents(ctx: Context, container: str) -> tuple[tuple[str, ...], RecordedEvent | None]:
    """Return what is directly in a container, and the newest entry, which says so.

    The newest by position is right: each packing and unpacking, however late it is entered,
    is the last of its item's chain, so it stays true from then on. This takes one question,
    however much has been packed and unpacked; only after a correction are all of them read.
    """
    bucket = tag("equipment", container, CONTENTS)
    newest = ctx.newest(bucket, *IN_OUT)
    if newest is None:
        return (), None
    if not is_correction(newest):
        return _contents(newest), newest
    inside: set[str] = set()
    for entry in ctx.read(bucket, *IN_OUT):
        event: Any = entry.event
        goes_in = event.equipment in _contents(entry)
        (inside.add if goes_in else inside.discard)(event.equipment)
    return tuple(sorted(inside)), newest


def _contents(entry: RecordedEvent) -> tuple[str, ...]:
    if not isinstance(entry.event, IN_OUT) or entry.event.contents is None:
        raise UnreadableEvent(entry.type, position=entry.position)
    return entry.event.contents


def contents_then(ctx: Context, container: str, at: datetime) -> tuple[str, ...]:
    """Return what is directly in a container, which must not have changed after `at`.

    Raises `LaterEntryStands`.
    """
    contents, newest = read_contents(ctx, container)
    if newest is not None:  # the newest by position may be an early one that was entered late
        for entry, event in goings_after(ctx, container, at, *IN_OUT):
            if event.container == container:
                raise _later(ctx, container, at, event.at, entry.position)
    return contents


def goings_after(
    ctx: Context, item: str, at: datetime, *types: type[Event]
) -> list[tuple[RecordedEvent, Any]]:
    """Return what went into or came out of something after a time, or did so itself, in order.

    Asks for the months from then to now, and nothing where that is now: no entry is of a later
    time.
    """
    if ctx.now <= at:
        return []
    months = months_of(at.astimezone(UTC).date(), ctx.now.astimezone(UTC).date())
    entries = ctx.read(buckets("equipment", item, months), *types)
    found: list[tuple[RecordedEvent, Any]] = [(entry, entry.event) for entry in entries]
    return sorted((one for one in found if at < one[1].at), key=lambda one: one[1].at)


def check_packed_by(ctx: Context, item: str, at: datetime) -> None:
    """Check that an item was not packed or unpacked after a time: it goes out, and comes back, with
    what it is in. Raises `LaterEntryStands`."""
    for entry, event in goings_after(ctx, item, at, EquipmentPacked, EquipmentUnpacked):
        if event.equipment == item:
            raise _later(ctx, item, at, event.at, entry.position)


def pieces_after(
    ctx: Context, item: str, at: datetime, until: datetime | None = None
) -> RecordedEvent | None:
    """Return the first entry after a time of pieces that went into an item or came out of it.

    However deep: where the pieces were, there was the item. Packed single items bear witness to
    every container around them, and pieces only to their own, so these are gone through.
    """
    if ctx.now <= at:
        return None
    found = [
        (event.at, entry.position, entry)
        for holder in _holders(ctx, item, at, set())
        for entry, event in goings_after(ctx, holder, at, StockTransferred)
        if event.container == holder
        and event.how != "lost"
        and (until is None or event.at <= until)
        and any(level.item == item for level in standing(ctx, holder, event.at).outwards)
    ]
    return min(found)[2] if found else None


def _holders(ctx: Context, item: str, at: datetime, seen: set[str]) -> set[str]:
    """Return the item and all in it that ever held anything, now or after that time."""
    contents, newest = read_contents(ctx, item)
    if newest is not None and item not in seen:
        seen.add(item)
        left = goings_after(ctx, item, at, EquipmentUnpacked)
        for thing in (*contents, *(event.equipment for _, event in left)):
            _holders(ctx, thing, at, seen)
    return seen


def _later(
    ctx: Context, item: str, at: datetime, later: datetime, position: int
) -> LaterEntryStands:
    return LaterEntryStands(
        item, on_site(ctx, at, item), later=on_site(ctx, later, item), position=position
    )


def all_inside(ctx: Context, container: str, at: datetime) -> Iterator[tuple[str, str]]:
    """Yield everything in a container, however deep: the thing, and what it lies straight in.

    Raises `LaterEntryStands` where that changed after `at`.
    """
    for thing in contents_then(ctx, container, at):
        yield thing, container
        yield from all_inside(ctx, thing, at)


def take_out(ctx: Context, item: str, at: datetime) -> Standing:
    """Record that an item came out of its container, and return how it stood in it.

    Raises `NotPacked`, `LaterEntryStands` and others.
    """
    stood = standing_in_use(ctx, item, at)
    if stood.around is None:
        raise NotPacked(item, on_site(ctx, at, item), position=stood.fact.position)
    check_newest(ctx, stood, at)
    levels = list(stood.around.outwards)
    contents, _ = read_contents(ctx, stood.around.item)
    ctx.record(
        EquipmentUnpacked(
            equipment=item,
            at=at,
            place=stood.place,
            containers=tuple(level.item for level in levels),
            latest_for=tuple(level.item for level in levels if level.later is None),
            contents=tuple(thing for thing in contents if thing != item),
        )
    )
    return stood


def check_newest(ctx: Context, item: Standing, at: datetime) -> None:
    """Check that nothing later is on record of an item's place. Raises `LaterEntryStands`."""
    if item.later is not None:
        raise _later(ctx, item.item, at, item.later.at, item.later.position)
    pieces: Any = pieces_after(ctx, item.item, at)
    if pieces is not None:
        raise _later(ctx, item.item, at, pieces.event.at, pieces.position)
