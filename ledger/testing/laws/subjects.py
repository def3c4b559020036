"""The subject of a contract, and the cases that it is tried with."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

from ledger.events.base import RecordedEvent, UnknownEvent
from ledger.log.store.store_urls import Place
from ledger.projections import Projection
from ledger.testing.drawing.commands import CAMPUS
from ledger.testing.laws.contents import LiveTables, Parameters, Seen, ShownLog, fold_whole, look
from ledger.testing.laws.oracles import Oracle
from ledger.testing.laws.restarts import Memory


class Part(NamedTuple):
    """A stretch of the log: up to event number `until`, with `batch` events per transaction."""

    until: int
    batch: int


class Case:
    """A drawn history, where to stop on the way, and which events are unreadable."""

    def __init__(
        self,
        entries: Sequence[RecordedEvent],
        parts: Sequence[Part],
        unreadable: frozenset[int],
    ) -> None:
        self.entries = entries
        most = len(entries)
        self.parts = tuple(Part(min(p.until, most), p.batch) for p in sorted(parts))
        self.unreadable = unreadable

    def __repr__(self) -> str:
        return f"<a history of {len(self.entries)} events>"

    def story(self) -> str:
        """Return the history in readable form, without the campus that all of them share."""
        begins = len(CAMPUS) + 1
        lines = [f"    {_line(entry)}" for entry in self.entries[begins:]]
        if self.entries[:begins]:
            lines.insert(0, f"    #1 to #{begins}: the ledger and the campus of all histories")
        if self.parts:
            lines.append(f"    stopped at {', '.join(f'#{part.until}' for part in self.parts)}")
        return "\n".join(lines)


def _line(entry: RecordedEvent) -> str:
    """Return an event on one line, without default values, and periods as days."""
    event = entry.event
    if isinstance(event, UnknownEvent):
        return f"#{entry.position} {entry.type}, which is unreadable"
    fields = ((f, getattr(event, f.name)) for f in msgspec.structs.fields(event))
    told = (f"{f.name}={v}" for f, v in fields if v != f.default)
    corrects = "" if entry.corrects is None else f", correcting #{entry.corrects}"
    return f"#{entry.position} {entry.type} {' '.join(told)}{corrects}"


class Subject:
    """The subject of a contract: a projection, with its author's parameters and oracles."""

    def __init__(
        self,
        projection: type[Projection],
        parameters: Parameters,
        oracle: Mapping[str, Oracle],
    ) -> None:
        self.projection = projection
        self.parameters = parameters
        self.oracle = oracle

    @cached_property
    def memory(self) -> Memory:
        """Its modules' state before the first event."""
        return Memory(self.projection)

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules with its own code."""
        classes = (c for c in self.projection.__mro__ if c not in Projection.__mro__)
        return tuple(dict.fromkeys(c.__module__ for c in classes))

    def remembered(self) -> str:
        """Return a hint that names the changed state of its modules."""
        changed = self.memory.changed()
        return f"\n  Meanwhile {', '.join(changed)} changed." if changed else ""

    def whole(self, entries: Sequence[RecordedEvent]) -> Seen:
        """Return the tables and answers after one fold, by a program that has just started."""
        self.memory.restore()
        return look(fold_whole(self.projection, entries), self.parameters)


class Live(NamedTuple):
    """Tables in a database, the log that they follow, and where they are."""

    tables: LiveTables
    log: ShownLog
    place: Place


@contextmanager
def live_tables(subject: Subject, case: Case) -> Iterator[Live]:
    """Provide separate tables for the case, until the block ends."""
    subject.memory.restore()
    with tempfile.TemporaryDirectory(prefix="studio-ledger-") as folder:
        log = ShownLog(case.entries)
        path = Path(folder) / "studio.views.db"
        tables = LiveTables(subject.projection, log, path)
        try:
            yield Live(tables, log, Place.parse(path))
        finally:
            tables.close()
