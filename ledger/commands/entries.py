"""Recorded events as rows, and in words."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ledger.commands.event_text import what
from ledger.events.base import Event, RecordedEvent, UnknownEvent
from ledger.terminal.sheets import Column, Sheet
from ledger.time.periods import Period

if TYPE_CHECKING:
    from ledger.log.eventlog import EventLog

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
"""Columns that a write shows: its user knows already when and by whom."""


def sheet(
    entries: Iterable[RecordedEvent],
    zone: str,
    *,
    columns: Sequence[Column] = COLUMNS,
    lines: Iterable[bytes] = (),
    recorded: bool = True,
    log: "EventLog | None" = None,
) -> Sheet:
    """Events as they come, one row each. Those of a dry run have no position yet."""
    return Sheet(columns, rows(entries, zone, recorded=recorded, log=log), zone, lines)


def rows(
    entries: Iterable[RecordedEvent],
    zone: str,
    *,
    recorded: bool = True,
    log: "EventLog | None" = None,
) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each event, in the order of `COLUMNS`. For `log` see `wording.what`."""
    for entry in entries:
        yield (
            entry.position if recorded else None,
            entry.recorded_at if recorded else None,
            entry.type,
            about(entry),
            what(entry, zone, log),
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
    """The tag of the thing that the event is about: its first."""
    return entry.tags[0] if entry.tags else ""


def _thing(entry: RecordedEvent) -> str:
    """The id of that thing; the ledger itself has none."""
    kind, _, id = about(entry).partition(":")
    return "" if kind == "ledger" else id


def payload(entry: RecordedEvent) -> Any:
    """The event's own data, in the current schema; of an unknown type, as stored."""
    event = entry.event
    return event.payload if isinstance(event, UnknownEvent) else event


def in_words(type_name: str) -> str:
    """`BookingConfirmed` as `booking confirmed`; a plugin's `expo.…` keeps its prefix."""
    prefix, dot, name = type_name.rpartition(".")
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
    return f"{prefix}{dot}{words}"


def sentence(entries: Sequence[RecordedEvent], *, repeated: bool, dry_run: bool) -> str:
    """The result of a command, in one sentence."""
    if not entries:
        return "nothing to record: this is already so"
    kinds = list(dict.fromkeys(in_words(entry.type) for entry in entries))
    things = list(dict.fromkeys(filter(None, map(_thing, entries))))
    of = f" ({', '.join(things)})" if 0 < len(things) <= 3 else ""
    listed = ", ".join(kinds) + of
    if dry_run:
        return f"dry run, nothing recorded; would record: {listed}"
    first, last = entries[0].position, entries[-1].position
    where = f"#{first}" if first == last else f"#{first} to #{last}"
    if repeated:
        return f"already done under this request, as {where}: {listed}"
    return f"recorded {where}: {listed}"


def interval(event: Event, zone: str) -> tuple[datetime, datetime] | None:
    """The effective time of an event, `[start, end]`, or None. A day is `zone`'s."""
    from datetime import timedelta

    from ledger.time.periods import start_of_day

    match event.effective():
        case Period() as period:
            return period.start, period.end - timedelta(microseconds=1)
        case datetime() as instant:
            return instant, instant
        case date() as day:
            end = start_of_day(day + timedelta(days=1), zone)
            return start_of_day(day, zone), end - timedelta(microseconds=1)
    return None
