"""Events as they are written down: only what is read again as it was."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from eventsourcing.dcb.api import DCBEvent
from msgspec import Struct

from ledger.errors import BadInput
from ledger.events.base import Event, Header, Registry, recorded_tags

Proposed = tuple[Event, Header]
"""An event to record, and who records it and why."""


def written(proposed: Sequence[Proposed], registry: Registry) -> list[DCBEvent]:
    """The events as the port takes them. Raises `BadInput` for one that cannot be kept.

    msgspec checks types where it decodes, not where Python calls: `NaN` is written as null,
    a text stands where a number is declared, and from then on the event is one that nobody
    can read. So each is decoded again before it is recorded. That costs a microsecond an
    event (measured 0.8 to 1.2), where an append that waits for the disk takes hundreds.
    """
    return [
        DCBEvent(
            event.type_name, _data(event, header, registry), list(recorded_tags(event, header))
        )
        for event, header in proposed
    ]


def _data(event: Event, header: Header, registry: Registry) -> bytes:
    if not event.type_name:
        raise BadInput(f"{type(event).__name__} has no type name", advice="Give it a type_name")
    try:
        data = registry.encode(event, header)
        if event.type_name in registry:
            back = registry.decode(0, "", event.type_name, "[]", data).event
        else:
            back = msgspec.json.decode(msgspec.json.encode(event), type=type(event))
        kept = back == event or _same(event, back)
        why = "it would not be read again as it is"
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        kept = False
        why = f"{error}"
    if not kept:
        raise BadInput(
            f"a {event.type_name} cannot be recorded: {why}",
            advice="Give each field a value of its declared type: no NaN, no half characters",
        )
    return data


def _same(given: Any, back: Any) -> bool:
    """Whether two differ in nothing that matters, for the few that Python calls unequal.

    A list may stand where a tuple is declared, and an hour that comes twice, told by its
    zone, equals no time of another zone at all (PEP 495).
    """
    if isinstance(given, Struct):
        return type(given) is type(back) and all(
            _same(getattr(given, name), getattr(back, name)) for name in given.__struct_fields__
        )
    if isinstance(given, list | tuple) and isinstance(back, list | tuple):
        return len(given) == len(back) and all(map(_same, given, back))
    if isinstance(given, dict) and isinstance(back, dict):
        return given.keys() == back.keys() and all(_same(given[key], back[key]) for key in given)
    if isinstance(given, datetime) and isinstance(back, datetime) and given.tzinfo and back.tzinfo:
        return given.astimezone(UTC) == back.astimezone(UTC)
    return bool(given == back)
