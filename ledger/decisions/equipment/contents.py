"""The contents of a container: they go where the container goes, out on a loan and back with it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ledger.decisions.base import Context
from ledger.decisions.equipment.places import Standing, on_site, standing_in_use
from ledger.decisions.equipment.refusals import LaterEntryStands, NotPacked
from ledger.entities.equipment import PLACE_FACTS
from ledger.errors import UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.equipment import (
    CONTENTS,
    LATEST,
    EquipmentPacked,
    EquipmentUnpacked,
    StockTransferred,
)
from ledger.events.standing import is_correction
from ledger.tags import tag
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
    if newest is not None and at < ctx.now:
        check_pieces(ctx, container, at)
        for entry in packings_after(ctx, container, at):
            if entry.event.container == container:  # type: ignore[attr-defined]  # each is a packing
                raise _later(ctx, container, at, entry)
    return contents


def packings_after(ctx: Context, item: str, at: datetime) -> Iterator[RecordedEvent]:
    """Yield the packings after a time of an item, and of all that bear witness for it.

    The newest by position is not always the last of these: a thing may have gone in late, after
    another that went in or came out later is on record.
    """
    newest = ctx.last(tag("equipment", item, LATEST), *PLACE_FACTS)
    if newest is None:
        return
    end: Any = newest.event
    if end.at <= at:
        return
    for month in months_of(at.astimezone(UTC).date(), end.at.astimezone(UTC).date()):
        for entry in ctx.read(f"equipment:{item}@{month}", EquipmentPacked, EquipmentUnpacked):
            if at < entry.event.at:  # type: ignore[attr-defined]  # each is a packing
                yield entry


def check_pieces(ctx: Context, container: str, at: datetime) -> None:
    """Check that no pieces of a stock went into a container, or came out, after a time.

    They go in and out in order, so that the newest entry is the last. Raises `LaterEntryStands`.
    """
    last = ctx.last(tag("equipment", container, CONTENTS), StockTransferred)
    if last is not None and at < last.event.at:  # type: ignore[attr-defined]  # a transfer
        raise _later(ctx, container, at, last)


def check_pieces_inside(ctx: Context, item: str, at: datetime) -> None:
    """As `check_pieces`, of everything that was in an item since then, however deep.

    Pieces bear witness of no place, as an item does that is packed: so a container is not moved
    late, before pieces went into it or came out. Raises `LaterEntryStands`.
    """
    if at >= ctx.now:
        return
    inside, newest = read_contents(ctx, item)
    if newest is None:
        return
    check_pieces(ctx, item, at)
    left = [
        entry.event.equipment  # type: ignore[attr-defined]  # each is a packing
        for entry in packings_after(ctx, item, at)
        if entry.event.container == item  # type: ignore[attr-defined]  # each is a packing
    ]
    for thing in dict.fromkeys((*inside, *left)):
        check_pieces_inside(ctx, thing, at)


def _later(ctx: Context, item: str, at: datetime, later: RecordedEvent) -> LaterEntryStands:
    event: Any = later.event
    return LaterEntryStands(
        item, on_site(ctx, at, item), later=on_site(ctx, event.at, item), position=later.position
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
    check_pieces_inside(ctx, item, at)
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
        raise LaterEntryStands(
            item.item,
            on_site(ctx, at, item.item),
            later=on_site(ctx, item.later.at, item.item),
            position=item.later.position,
        )
