"""Recorded events as rows, and in words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from ledger.commands.sheets import Column, Sheet, Style
from ledger.events.base import Event, RecordedEvent, UnknownEvent
from ledger.times import Period

COLUMNS = (
    Column("position", "#", number=True),
    Column("recorded_at", "Recorded", fixed=True),
    Column("type", "Type", fixed=True),
    Column("about", "About", fixed=True),
    Column("what", "What", fold=True),
    Column("actor", "Actor"),
    Column("reason", "Reason", detail=True),
    Column("request", "Request", detail=True),
    Column("corrects", "Corrects", detail=True),
    Column("batch", "Batch", detail=True),
    Column("schema", "Schema", detail=True),
    Column("tags", "Tags", detail=True),
    Column("payload", "Payload", detail=True),
)

RECORDED_COLUMNS = tuple(
    replace(column, detail=column.detail or column.name in ("recorded_at", "actor"))
    for column in COLUMNS
)
"""What a write shows of its events: when and by whom is known at that moment."""


def sheet(
    entries: Iterable[RecordedEvent],
    zone: str,
    *,
    columns: Sequence[Column] = COLUMNS,
    lines: Iterable[bytes] = (),
    recorded: bool = True,
) -> Sheet:
    """Events as they come, one row each. What a dry run shows has no position yet."""
    return Sheet(columns, rows(entries, zone, recorded=recorded), zone, lines)


def rows(
    entries: Iterable[RecordedEvent], zone: str, *, recorded: bool = True
) -> Iterator[tuple[Any, ...]]:
    """A row for each event, in the order of `COLUMNS`."""
    for entry in entries:
        yield (
            entry.position if recorded else None,
            entry.recorded_at if recorded else None,
            entry.type,
            about(entry),
            what(entry, zone),
            entry.actor,
            entry.reason,
            entry.request,
            entry.corrects,
            entry.batch,
            entry.schema,
            entry.tags,
            payload(entry),
        )


def about(entry: RecordedEvent) -> str:
    """The tag of what the event is about: its first."""
    return entry.tags[0] if entry.tags else ""


def payload(entry: RecordedEvent) -> Any:
    """The event's own data: what is stored, in today's schema."""
    event = entry.event
    return event.payload if isinstance(event, UnknownEvent) else event


def what(entry: RecordedEvent, zone: str) -> str:
    """The event in a line for a person: what differs from its defaults, name and value.

    Instants are shown on the clock of `zone`, a period on its own site's.
    """
    event = entry.event
    if isinstance(event, UnknownEvent):
        return _as_stored(entry, event, Style(zone))
    known = about(entry).partition(":")[2]
    style = Style(zone)
    parts = [
        _part(field.name, getattr(event, field.name), style)
        for field in msgspec.structs.fields(type(event))
        if not _is_default(event, field) and getattr(event, field.name) != known
    ]
    if entry.corrects is not None:
        parts.append(f"corrects #{entry.corrects}")
    if entry.reason:
        parts.append(f"because: {entry.reason}")
    return ", ".join(parts)


def _as_stored(entry: RecordedEvent, event: UnknownEvent, style: Style) -> str:
    """A plugin's event, told without the plugin: what is stored, name and value."""
    stored = bytes(event.payload)
    if "." not in entry.type:
        return f"(unknown to this program) {stored.decode('utf-8', 'replace')}"
    known = about(entry).partition(":")[2]
    fields: dict[str, Any] = msgspec.json.decode(stored)
    parts = [
        _part(name, value if isinstance(value, str | int | float) else _compact(value), style)
        for name, value in fields.items()
        if value not in (None, [], {}) and value != known
    ]
    if entry.reason:
        parts.append(f"because: {entry.reason}")
    return ", ".join(parts)


def _compact(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _is_default(event: Event, field: Any) -> bool:
    value = getattr(event, field.name)
    return value is None or value == () or value == field.default


def _part(name: str, value: Any, style: Style) -> str:
    words = name.replace("_", " ")
    if isinstance(value, Period):
        return str(value) if name == "period" else f"{words} {value}"
    if isinstance(value, bool):
        return words if value else f"not {words}"
    if isinstance(value, tuple):
        return f"{words} {'; '.join(_item(item, style) for item in value)}"
    return f"{words} {style.text(value)}"


def _item(value: Any, style: Style) -> str:
    if isinstance(value, Struct):
        return " ".join(style.text(getattr(value, name)) for name in value.__struct_fields__)
    return style.text(value)


def in_words(type_name: str) -> str:
    """`BookingConfirmed` as `booking confirmed`; a plugin's `expo.…` keeps its prefix."""
    prefix, dot, name = type_name.rpartition(".")
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
    return f"{prefix}{dot}{words}"


def sentence(entries: Sequence[RecordedEvent], *, repeated: bool, dry_run: bool) -> str:
    """What came of a command, in one sentence."""
    if not entries:
        return "nothing to record: it stands so already"
    kinds = list(dict.fromkeys(in_words(entry.type) for entry in entries))
    things = list(dict.fromkeys(about(entry).partition(":")[2] for entry in entries))
    of = f" ({', '.join(things)})" if 0 < len(things) <= 3 else ""
    listed = ", ".join(kinds) + of
    if dry_run:
        return f"dry run, nothing recorded; it would be: {listed}"
    first, last = entries[0].position, entries[-1].position
    where = f"#{first}" if first == last else f"#{first} to #{last}"
    if repeated:
        return f"done before under this request, as {where}: {listed}"
    return f"recorded {where}: {listed}"


def interval(event: Event, zone: str) -> tuple[datetime, datetime] | None:
    """When an event held, `[start, end]`; None where it does not say. A day is `zone`'s."""
    from datetime import timedelta

    from ledger.times import start_of_day

    match event.effective():
        case Period() as period:
            return period.start, period.end - timedelta(microseconds=1)
        case datetime() as instant:
            return instant, instant
        case date() as day:
            end = start_of_day(day + timedelta(days=1), zone)
            return start_of_day(day, zone), end - timedelta(microseconds=1)
    return None
