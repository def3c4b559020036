"""Putting right: what a correction changes in the tables of a projection.

A handler sees one event at a time and cannot go back. So where a correction arrives, the few
events of its thing are folded twice, into tables of their own: as they stood before it, and as
they stand after it. The rows that differ are the correction, and they replace those in the real
tables. An author writes nothing for that; it holds for every handler whose rows depend on the
events of one thing alone. Where other things have a part in a row, only the columns that differ
are set, and numbers are counted on.

The events are read by the tag of the thing. They are a part of the prefix that the projection
folds, so its rows stay a pure function of that.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct

from ledger.errors import LedgerError
from ledger.events.base import Query, RecordedEvent, UnknownEvent
from ledger.events.standing import about, standing, things
from ledger.projections.projection import Projection
from ledger.projections.rows import Key
from ledger.projections.tables import Table

Apply = Callable[[Projection, Iterable[RecordedEvent]], None]


class History(Protocol):
    """The part of a log that is read again: the events of one thing, by its tag."""

    def read(
        self, queries: Sequence[Query], *, after: int = 0, until: int | None = None
    ) -> Iterator[RecordedEvent]:
        """Return the events with `after` < position <= `until` that answer any of the queries."""


class SeenEvents:
    """The events that a fold in memory has seen, for a fold that has no log."""

    def __init__(self) -> None:
        self.events: list[RecordedEvent] = []

    def read(
        self, queries: Sequence[Query], *, after: int = 0, until: int | None = None
    ) -> Iterator[RecordedEvent]:
        """Return those that answer any of the queries."""
        for entry in self.events:
            if not after < entry.position <= (entry.position if until is None else until):
                continue
            if any(query.matches(entry.type, entry.tags) for query in queries):
                yield entry


class Readings(Struct, frozen=True):
    """The standing events of the things that a correction is about, before it and after it.

    Of their events, those that the projection handles.
    """

    correction: RecordedEvent
    before: Sequence[RecordedEvent]
    after: Sequence[RecordedEvent]

    def retold(self) -> Iterator[RecordedEvent]:
        """Yield what stands, each event as if it were recorded with the correction.

        For a projection that keeps what was on record at which time.
        """
        at = self.correction
        for one in self.after:
            yield RecordedEvent(at.position, at._recorded_at, one.type, one._tags, one.data)  # noqa: SLF001  # its own kind


class NotSeparate(LedgerError):
    """A row was made from the events of several things, and a correction cannot be told apart."""


def readings(history: History, correction: RecordedEvent, types: Iterable[str]) -> Readings:
    """Return what stood of its things before a correction, and what stands after it.

    An event that cannot be read was passed over when it came, and so it is here: a correction that
    was not understood has changed no row.
    """
    names = tuple(sorted(types))
    found: dict[int, RecordedEvent] = {}
    for thing in things(correction):
        carrying = history.read([Query((thing,), names)], until=correction.position)
        found.update((entry.position, entry) for entry in about(carrying, thing))
    entries = [
        entry for _, entry in sorted(found.items()) if entry.event.__class__ is not UnknownEvent
    ]
    earlier = [entry for entry in entries if entry.position < correction.position]
    return Readings(correction, standing(earlier), standing(entries))


def put_right(projection: Projection, both: Readings, apply: Apply) -> None:
    """Bring the difference between two readings into the tables of a projection."""
    was, now = (_folded(type(projection), entries, apply) for entries in (both.before, both.after))
    for name in projection.tables:
        real: Table[Any] = projection.__dict__[name]
        old, new = was[name], now[name]
        for key in dict.fromkeys((*old, *new)):
            if old.get(key) != new.get(key):
                _settle(real, key, old.get(key), new.get(key))


def _folded(
    projection: type[Projection], entries: Iterable[RecordedEvent], apply: Apply
) -> dict[str, dict[Key, Any]]:
    scratch = projection.open()
    apply(scratch, entries)
    return {
        name: {table.layout.key_of(row): row for row in table.held()}
        for name in projection.tables
        for table in (scratch.__dict__[name],)
    }


def _settle(table: Table[Any], key: Key, old: Any, new: Any) -> None:
    """Put the new row where the old one is."""
    real = table.get(*key)
    if real is None or real == old:
        if new is None:
            table.delete(*key)
        else:
            table.put(new)
        return
    blank = table.layout.new(key)
    before, after = old or blank, new or blank
    for name in table.layout.names:
        was, now, there = (getattr(row, name) for row in (before, after, real))
        if was != now:
            setattr(real, name, _merged(table, name, was, now, there))
    table.put(real)


def _merged(table: Table[Any], name: str, was: Any, now: Any, there: Any) -> Any:
    """Return the value of a column that other things have a part in, too."""
    if there == was:
        return now
    numbers = (int, float)
    if all(isinstance(v, numbers) and not isinstance(v, bool) for v in (was, now, there)):
        return there + now - was
    raise NotSeparate(
        f"{table.name}.{name} holds {there!r}, made from the events of several things, so that a "
        f"correction from {was!r} to {now!r} cannot be told apart",
        advice="Keep a row for each thing and add up in the view, or write put_right(self, both)",
    )
