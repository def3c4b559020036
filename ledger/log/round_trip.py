"""Encoding events for the log, and refusing any that would not read back unchanged."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from eventsourcing.dcb.api import DCBEvent
from msgspec import Struct

from ledger.errors import BadInput
from ledger.events.base import Event, Header, Registry, recorded_tags
from ledger.log.lines import NESTED_TOO_DEEPLY, is_too_deep

Proposed = tuple[Event, Header]
"""An event to record, and the header with its actor and reason."""


def written(proposed: Sequence[Proposed], registry: Registry) -> list[DCBEvent]:
    """Encode events for the port. Raises `BadInput` for one that would not read back unchanged.

    msgspec checks types when it decodes, not when Python constructs an object: it writes `NaN`
    as null, and a text in place of a number, and then no program could read the event. So
    each is decoded again before it is recorded.
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
        deep = is_too_deep(data)
        kept = not deep and (back == event or _same(event, back))
        why = NESTED_TOO_DEEPLY if deep else "it would not read back unchanged"
    except RecursionError:
        kept, why = False, NESTED_TOO_DEEPLY
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        kept, why = False, f"{error}"
    if not kept:
        raise BadInput(
            f"a {event.type_name} cannot be recorded: {why}",
            advice="Give each field a value of its declared type: no NaN, no lone surrogates",
        )
    return data


def _same(given: Any, back: Any) -> bool:
    """Whether two values mean the same, although Python calls them unequal.

    A list may be given where a tuple is declared, and a time in an hour that occurs twice in
    its zone equals no time of another zone (PEP 495).
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
