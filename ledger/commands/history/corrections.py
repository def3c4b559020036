"""Corrections: the event each corrects, how they differ, and an event's later corrections."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ledger.commands.entries import COLUMNS, about, payload, rows
from ledger.commands.event_text import FOR_THE_INDEX, difference_words
from ledger.events.base import Query, RecordedEvent, UnknownEvent
from ledger.log.eventlog import EventLog
from ledger.terminal.sheets import Column, Format, Sheet, Style, can_encode

_TAGS_ASKED = 64
"""Most tags to look up in the index; with more, reading the log costs no more."""

_COLUMNS = (
    Column("position", "#", number=True),
    Column("recorded_at", "Recorded", fixed=True),
    Column("actor", "Actor"),
    Column("about", "About", fixed=True),
    Column("effective", "Effective", fixed=True),
    Column("differences", "Correction", fold=True),
    Column("corrects", "Corrects", number=True),
    Column("corrected_recorded_at", "Of", fixed=True),
    Column("corrected_actor", "By"),
    Column("type", "Type", detail=True),
    Column("corrected_type", "Corrected type", detail=True),
    Column("reason", "Reason", detail=True),
    Column("chain", "Chain", detail=True),
)
_OBJECTS = tuple(
    Column(name, name.title(), detail=True)
    for name in ("correction", "corrected", "differences", "chain")
)


class Difference(Struct, frozen=True):
    """A field that the correction changes; None where one of the two events lacks it."""

    field: str
    before: Any
    after: Any


class Pair(Struct, frozen=True):
    """A correction and the event that it corrects, None if the log has no such event.

    `chain` holds the positions from the first mistaken event to this correction.
    """

    correction: RecordedEvent
    corrected: RecordedEvent | None
    differences: tuple[Difference, ...]
    chain: tuple[int, ...]


def pair(log: EventLog, correction: RecordedEvent) -> Pair:
    """Return a correction with the event it corrects, and the chain of corrections before it."""
    corrected = entry = _corrected_by(log, correction)
    chain = [correction.position]
    while entry is not None:  # positions only decrease, so this ends
        chain.append(entry.position)
        entry = _corrected_by(log, entry)
    differ = () if corrected is None else tuple(differences(corrected, correction))
    return Pair(correction, corrected, differ, tuple(reversed(chain)))


def _corrected_by(log: EventLog, entry: RecordedEvent) -> RecordedEvent | None:
    position = entry.corrects
    # A correction comes after its target, whatever a plugin wrote.
    if position is None or not 1 <= position < entry.position:
        return None
    return next(log.read([], after=position - 1, until=position), None)


# --- later corrections -----------------------------------------------------------------


def later_corrections(log: EventLog, entry: RecordedEvent, *, until: int) -> list[RecordedEvent]:
    """Return the events up to a position that correct an event, directly or through others.

    No index leads from an event to its corrections, and none is needed: a correction is
    about the same thing as the mistake. It carries the same tag of a booking, project or item,
    because decisions about that thing find both events by this tag. So this reads the events
    that share the mistake's stored tags, even if no loaded code knows its type. (A plugin's
    correction that shares none is found only in the whole log, as with `log --corrections`.)
    """
    known = {entry.position}
    found = []
    for later in log.read(_sharing(entry.tags), after=entry.position, until=until):
        if later.corrects in known:
            found.append(later)
            known.add(later.position)
    return found


def corrected_among(log: EventLog, entries: Iterable[RecordedEvent], *, until: int) -> set[int]:
    """Return positions corrected by events up to `until`, with all of those among `entries`.

    A few tags are looked up in the index, as above; with many, the log is read from the first
    entry on.
    """
    tags: dict[str, None] = {}
    first = None
    for entry in entries:
        first = entry.position if first is None else first
        tags.update(dict.fromkeys(_lasting(entry.tags)))
        if len(tags) > _TAGS_ASKED or not entry.tags:
            tags = {}
            break
    if first is None:
        return set()
    later = log.read([Query((tag,)) for tag in tags], after=first, until=until)
    return {entry.corrects for entry in later if entry.corrects is not None}


def _sharing(tags: Sequence[str]) -> list[Query]:
    """Queries for the events that share one of the tags; without tags, for all events."""
    return [Query((tag,)) for tag in _lasting(tags)]


def _lasting(tags: Sequence[str]) -> list[str]:
    """The tags of things, without their bucket tags and those of the command itself."""
    things = [t for t in tags if "@" not in t and not t.startswith(("request:", "batch:"))]
    return things or list(tags)


# --- what differs ----------------------------------------------------------------------


def differences(before: RecordedEvent, after: RecordedEvent) -> Iterator[Difference]:
    """Yield the fields in which two events differ, in the order of the later one.

    If their types differ (a milestone reached, then withdrawn), the type comes first.
    """
    if before.type != after.type:
        yield Difference("type", before.type, after.type)
    old, new = _fields(before), _fields(after)
    for name in dict.fromkeys((*new, *old)):
        was, now = old.get(name), new.get(name)
        if was != now and name not in FOR_THE_INDEX:
            yield Difference(name, was, now)


def _fields(entry: RecordedEvent) -> Mapping[str, Any]:
    """The fields of an event by name; of an unknown type, as they are stored."""
    event = entry.event
    if isinstance(event, UnknownEvent):
        stored = msgspec.json.decode(payload(entry))
        return stored if isinstance(stored, dict) else {"payload": stored}
    return {name: getattr(event, name) for name in event.__struct_fields__}


def in_words(found: Iterable[Difference], zone: str) -> str:
    """The differences for a person: `setups shot 11 → 12, pages shot 2 → 2 3/8`."""
    style = Style(zone, ascii_only=not can_encode("→", sys.stdout.encoding or "utf-8"))
    return ", ".join(difference_words(d.field, d.before, d.after, style) for d in found)


# --- as rows ---------------------------------------------------------------------------


def pairs_sheet(pairs: Iterable[Pair], zone: str, format: Format, log: EventLog) -> Sheet:
    """A row for each pair: whole events in JSON, otherwise what an auditor compares."""
    if format in ("json", "jsonl"):
        return Sheet(_OBJECTS, (_objects(pair, zone, log) for pair in pairs), zone)
    return Sheet(_COLUMNS, (_row(pair, zone, format) for pair in pairs), zone)


def sample(entries: Iterable[RecordedEvent], zone: str) -> list[tuple[Any, ...]]:
    """Rows as wide as such pairs, to set the widths of a table before its rows arrive."""
    usual = Difference("what differs", "so much", "that much, because: an actor says why")
    return [
        _row(Pair(entry, entry, (usual,), (entry.position,)), zone, "table") for entry in entries
    ]


def _row(pair: Pair, zone: str, format: Format) -> tuple[Any, ...]:
    correction, corrected = pair.correction, pair.corrected
    differ: Any = told(pair, zone) if format == "table" else pair.differences
    held = correction.event.effective()
    if held is None and corrected is not None:  # a withdrawal has no day of its own
        held = corrected.event.effective()
    return (
        correction.position,
        correction.recorded_at,
        correction.actor,
        about(correction),
        None if held is None else str(held),
        differ,
        correction.corrects,
        None if corrected is None else corrected.recorded_at,
        None if corrected is None else corrected.actor,
        correction.type,
        None if corrected is None else corrected.type,
        correction.reason,
        " ".join(map(str, pair.chain)),
    )


def told(pair: Pair, zone: str) -> str:
    """The differences and the reason, and any corrections before this one."""
    parts = [in_words(pair.differences, zone) or "nothing differs"]
    if pair.corrected is None:
        parts = [f"there is no #{pair.correction.corrects} before it"]
    if len(pair.chain) > 2:
        earlier = ", ".join(f"#{position}" for position in pair.chain[:-1])
        parts.append(f"after {earlier}")
    if pair.correction.reason:
        parts.append(f"because: {pair.correction.reason}")
    return ", ".join(parts)


def _objects(pair: Pair, zone: str, log: EventLog) -> tuple[Any, ...]:
    corrected = None if pair.corrected is None else as_object(pair.corrected, zone, log)
    return as_object(pair.correction, zone, log), corrected, pair.differences, pair.chain


def as_object(entry: RecordedEvent, zone: str, log: EventLog) -> dict[str, Any]:
    """An event as `log --json` gives it."""
    (row,) = rows([entry], zone, log=log)
    return {column.name: value for column, value in zip(COLUMNS, row, strict=True)}
