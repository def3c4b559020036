"""Corrections: which event each puts right, what differs, and which later ones correct an event."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ledger.commands.entries import COLUMNS, about, payload, rows
from ledger.commands.sheets import Column, Format, Sheet, Style, can_encode
from ledger.commands.wording import FOR_THE_INDEX, difference_words
from ledger.events.base import Query, RecordedEvent, UnknownEvent
from ledger.log.eventlog import EventLog

_TAGS_ASKED = 64
"""So many tags are asked of the index; beyond, reading on from there is no dearer."""

_COLUMNS = (
    Column("position", "#", number=True),
    Column("recorded_at", "Recorded", fixed=True),
    Column("actor", "Actor"),
    Column("about", "About", fixed=True),
    Column("effective", "Effective", fixed=True),
    Column("differences", "What was put right", fold=True),
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
    """A field that the correction says otherwise; None where one of the two does not have it."""

    field: str
    before: Any
    after: Any


class Pair(Struct, frozen=True):
    """A correction and the event that it corrects, None where the log has none there.

    `chain` are the positions from the first mistaken event to this correction.
    """

    correction: RecordedEvent
    corrected: RecordedEvent | None
    differences: tuple[Difference, ...]
    chain: tuple[int, ...]


def pair(log: EventLog, correction: RecordedEvent) -> Pair:
    """A correction, with what it corrects and what that had corrected in its turn."""
    corrected = entry = _corrected_by(log, correction)
    chain = [correction.position]
    while entry is not None:  # each is earlier than the one before, so it ends
        chain.append(entry.position)
        entry = _corrected_by(log, entry)
    differ = () if corrected is None else tuple(differences(corrected, correction))
    return Pair(correction, corrected, differ, tuple(reversed(chain)))


def _corrected_by(log: EventLog, entry: RecordedEvent) -> RecordedEvent | None:
    position = entry.corrects
    # What is at or after the correction it cannot correct, whatever a plugin wrote.
    if position is None or not 1 <= position < entry.position:
        return None
    return next(log.read([], after=position - 1, until=position), None)


# --- which later events correct it -----------------------------------------------------


def later_corrections(log: EventLog, entry: RecordedEvent, *, until: int) -> list[RecordedEvent]:
    """The events up to a position that correct an event, and those that correct these.

    There is no index from an event to what corrects it, and none is needed: a correction
    is about the same thing as the mistake. It carries the mistake's tag of its booking, project
    or item, since whoever decides about that thing finds it by the tag, mistaken event and
    correction alike. So the tags of the mistake are asked for, as they are stored, whether or
    not a code is there that knows the type. (A plugin whose correction shares none of them
    would be found by reading the whole log alone, as `log --corrections` does.)
    """
    known = {entry.position}
    found = []
    for later in log.read(_sharing(entry.tags), after=entry.position, until=until):
        if later.corrects in known:
            found.append(later)
            known.add(later.position)
    return found


def corrected_among(log: EventLog, entries: Iterable[RecordedEvent], *, until: int) -> set[int]:
    """The positions that events up to a position correct; all of those among the `entries`.

    Of few entries the tags are asked for, as above; of many the log is read from the first on.
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
    """All events that share one of the tags; of an event without a tag, all events."""
    return [Query((tag,)) for tag in _lasting(tags)]


def _lasting(tags: Sequence[str]) -> list[str]:
    """The tags of things, without those of their months and of the command of that moment."""
    things = [t for t in tags if "@" not in t and not t.startswith(("request:", "batch:"))]
    return things or list(tags)


# --- what differs ----------------------------------------------------------------------


def differences(before: RecordedEvent, after: RecordedEvent) -> Iterator[Difference]:
    """The fields in which two events differ, in the order of the later one.

    Of different types (a milestone reached, then withdrawn) the type is the first of them.
    """
    if before.type != after.type:
        yield Difference("type", before.type, after.type)
    old, new = _fields(before), _fields(after)
    for name in dict.fromkeys((*new, *old)):
        was, now = old.get(name), new.get(name)
        if was != now and name not in FOR_THE_INDEX:
            yield Difference(name, was, now)


def _fields(entry: RecordedEvent) -> Mapping[str, Any]:
    """What an event says, by field; of one that nobody can read, what is stored."""
    event = entry.event
    if isinstance(event, UnknownEvent):
        stored = msgspec.json.decode(payload(entry))
        return stored if isinstance(stored, dict) else {"payload": stored}
    return {name: getattr(event, name) for name in event.__struct_fields__}


def in_words(found: Iterable[Difference], zone: str) -> str:
    """The differences for a person: `setups shot 11 → 12, pages shot 2 → 2 3/8`."""
    arrow = "→" if can_encode("→", sys.stdout.encoding or "utf-8") else "->"
    style = Style(zone, ascii_only=arrow != "→")
    return ", ".join(difference_words(d.field, d.before, d.after, arrow, style) for d in found)


# --- as rows ---------------------------------------------------------------------------


def pairs_sheet(pairs: Iterable[Pair], zone: str, format: Format, log: EventLog) -> Sheet:
    """A row for each pair: whole events in JSON, else what an auditor compares."""
    if format in ("json", "jsonl"):
        return Sheet(_OBJECTS, (_objects(pair, zone, log) for pair in pairs), zone)
    return Sheet(_COLUMNS, (_row(pair, zone, format) for pair in pairs), zone)


def sample(entries: Iterable[RecordedEvent], zone: str) -> list[tuple[Any, ...]]:
    """Rows as wide as pairs of such events, for a table whose rows are still to come."""
    usual = Difference("what differs", "so much", "that much, because: somebody says why")
    return [
        _row(Pair(entry, entry, (usual,), (entry.position,)), zone, "table") for entry in entries
    ]


def _row(pair: Pair, zone: str, format: Format) -> tuple[Any, ...]:
    correction, corrected = pair.correction, pair.corrected
    differ: Any = told(pair, zone) if format == "table" else pair.differences
    held = correction.event.effective()
    if held is None and corrected is not None:  # what takes an event back has no day of its own
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
    """What was put right and why, and where it was not the first time."""
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
