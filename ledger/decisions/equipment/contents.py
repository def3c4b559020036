"""The contents of a container: they go where the container goes, out on a loan and back with it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ledger.decisions.base import Context
from ledger.decisions.equipment.places import Standing, on_site, standing_in_use
from ledger.decisions.equipment.refusals import LaterEntryStands, NotPacked
from ledger.errors import UnreadableEvent
from ledger.events.base import RecordedEvent
from ledger.events.equipment import (
    CONTENTS,
    EquipmentPacked,
    EquipmentUnpacked,
    StockTransferred,
)
from ledger.events.standing import is_correction
from ledger.tags import tag

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
    if newest is not None:
        event: Any = newest.event
        if at < event.at:
            raise LaterEntryStands(
                container,
                on_site(ctx, at, container),
                later=on_site(ctx, event.at, container),
                position=newest.position,
            )
    return contents


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
        raise LaterEntryStands(
            item.item,
            on_site(ctx, at, item.item),
            later=on_site(ctx, item.later.at, item.item),
            position=item.later.position,
        )
