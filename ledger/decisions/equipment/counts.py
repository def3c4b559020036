"""How many of a kind the house has in service, counted by the events that change it.

Each of these events carries the count as of everything recorded so far (`KindCount`), so that the
newest one tells it, be it of one item or of a thousand. Where that is a correction, or has no
count, it is worked out from all of them.
"""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.errors import UnreadableEvent
from ledger.events.base import Event
from ledger.events.equipment import (
    COUNT,
    Away,
    EquipmentDescribed,
    EquipmentRegistered,
    EquipmentRetired,
    KindCount,
    ServiceCompleted,
    ServicePlanned,
    ServiceStarted,
    StockTransferred,
    kind_tag,
)
from ledger.events.standing import is_correction
from ledger.tags import mark

NONE = KindCount(0)


def read_count(ctx: Context, kind: str) -> KindCount:
    """The count of a kind. One question."""
    bucket = kind_tag(kind, COUNT)
    newest = ctx.newest(bucket)
    if newest is None:
        return NONE
    event: Any = newest.event
    is_former = isinstance(event, EquipmentDescribed) and mark(event.kind) != mark(kind)
    said: KindCount | None = event.of_was_kind if is_former else event.of_kind
    if said is not None and not is_correction(newest):
        return said
    count = NONE
    for entry in ctx.read(bucket):
        if not isinstance(entry.event, _COUNTED):
            raise UnreadableEvent(entry.type, position=entry.position)
        count = after(count, entry.event, kind)
    return count


_COUNTED = (
    EquipmentRegistered,
    EquipmentDescribed,
    EquipmentRetired,
    ServicePlanned,
    ServiceStarted,
    ServiceCompleted,
    StockTransferred,
)


def after(count: KindCount, event: Event, kind: str) -> KindCount:
    """Return the count of a kind after an event that changes it."""
    match event:
        case EquipmentRegistered():
            return _more(count, 1 if event.quantity is None else event.quantity)
        case EquipmentRetired():
            without = tuple(one for one in count.away if one.equipment != event.equipment)
            return _more(replace(count, away=without), -1)
        case StockTransferred():
            came, went = event.destination is not None, event.origin is not None
            return _more(count, event.quantity * (int(came) - int(went)))
        case EquipmentDescribed():
            others = tuple(one for one in count.away if one.equipment != event.equipment)
            if mark(event.kind) != mark(kind):
                return _more(replace(count, away=others), -event.pieces)
            # Its services come along: the count of its new kind, which the event has, tells them.
            told = () if event.of_kind is None else event.of_kind.away
            its = tuple(one for one in told if one.equipment == event.equipment)
            return _more(replace(count, away=(*others, *its)), event.pieces)
        case ServicePlanned():
            period = event.period
            plan = Away(event.equipment, event.kind, period.start, period.end)
            others = tuple(one for one in count.away if one != plan)
            return replace(count, away=others if event.dropped else (*others, plan))
        case ServiceStarted():
            begun = Away(event.equipment, event.kind, event.at, event.until, begun=True)
            return replace(count, away=(*_without(count, event, event.at), begun))
        case ServiceCompleted():
            return replace(count, away=_without(count, event, event.at))
    return count


def counted(ctx: Context, event: Any, kind: str) -> KindCount:
    """Return the count of a kind once an event is recorded, without services that are over."""
    count = after(read_count(ctx, kind), event, kind)
    left = tuple(one for one in count.away if one.begun or one.until is None or ctx.now < one.until)
    return replace(count, away=left)


def _more(count: KindCount, pieces: int) -> KindCount:
    return replace(count, pieces=count.pieces + pieces)


def _without(
    count: KindCount, event: ServiceStarted | ServiceCompleted, at: datetime
) -> tuple[Away, ...]:
    """Those of the other items and services, and what is planned for later."""
    return tuple(
        one
        for one in count.away
        if (one.equipment, one.service) != (event.equipment, event.kind) or at < one.since
    )
