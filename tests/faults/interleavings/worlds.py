"""Where schedules are run: the library's recorder in memory, the real one on each database.

A world gives each task a ledger of its own, as a program of its own would have opened it. All
worlds have the same seams (`seams.py`): each read, the lock of an append, its commit. So one
schedule can be run in several, and must come to the same end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBSequencedEvent,
)
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.persistence import IntegrityError

from ledger.application import Author, Ledger
from ledger.errors import StorageFailure
from ledger.events import STUDIO_EVENTS, LedgerOpened
from ledger.events.base import Header, Registry, format_recorded_at
from ledger.events.ledgers import FORMAT
from ledger.log.eventlog import EventLog, create_log, open_log
from ledger.log.queries import Asked, ConditionFailed, Unless
from ledger.log.recorder import Appended, SqlRecorder
from ledger.log.round_trip import written
from ledger.log.rows import ENDLESS, StoredRow, tags_text
from ledger.time.periods import ManualClock
from tests.faults.interleavings.seams import LOCK, committed, let_go, seam
from tests.faults.programs.racing import command

NOW = datetime(2025, 1, 1, tzinfo=UTC)
APART = timedelta(days=14)
REGISTRY = Registry(STUDIO_EVENTS)
TASKS = 5
IN_MEMORY = "memory"

SQUARES = {
    "stage-1": "a",
    "stage-2": "b",
    "stage-3": "cd",
    "left": "c",
    "right": "d",
    "stage-4": "e",
}
"""The floor of each space, as letters: stage 3 has two halves."""

PART_OF = {"left": "stage-3", "right": "stage-3"}
TURNAROUND_HOURS = 24
"""What stage 4 needs between two projects."""

_BASE: tuple[dict[str, Any], ...] = (
    {"do": "site add", "site": "campus", "name": "Campus", "zone": "Asia/Shanghai"},
    *(
        {
            "do": "space add",
            "space": space,
            "site": "campus",
            "name": space,
            "kind": "stage",
            "area_m2": 1500 * len(squares),
            "in_service_on": "2020-01-01",
            "part_of": PART_OF.get(space),
            "turnaround_hours": TURNAROUND_HOURS if space == "stage-4" else None,
        }
        for space, squares in SQUARES.items()
    ),
    *(
        {
            "do": "project open",
            "project": project,
            "title": project,
            "kind": "feature",
            "on": "2020-01-01",
        }
        for project in ("the-film", "the-series")
    ),
)
OPENED = (LedgerOpened(origin="test", format=FORMAT, demo=False, zone="UTC"), Header(actor="admin"))


class Clock(ManualClock):
    """A clock that stands still during a schedule, and goes on between two of them.

    Each has days of its own, and a booking may not lie too far ahead.
    """

    def __init__(self) -> None:
        super().__init__(NOW)

    def turn_to(self, number: int) -> None:
        """The time of the schedule of that number."""
        self.set(NOW + number * APART)


class MemoryRecorder:
    """The library's recorder as the oracle: what `EventLog` asks of the real one, and seams."""

    where = IN_MEMORY

    def __init__(self, clock: Clock, entries: Sequence[DCBSequencedEvent] = ()) -> None:
        self._oracle = InMemoryDCBRecorder()
        if entries:
            self._oracle.append([entry.event for entry in entries])
        self._at = format_recorded_at(clock.now())

    def close(self) -> None:
        """Nothing is open."""

    def last(self) -> tuple[int, str] | None:
        """As `SqlRecorder.last`."""
        seam("SELECT")
        return self._last()

    def head(self) -> int:
        """As `SqlRecorder.head`."""
        last = self.last()
        return 0 if last is None else last[0]

    def rows(
        self,
        asked: Sequence[Asked] = (),
        *,
        after: int = 0,
        until: int = ENDLESS,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[StoredRow]:
        """As `SqlRecorder.rows`, in one page."""
        if after >= until:
            return
        seam("SELECT")
        found = [e for e in self._oracle.read(_query(asked), after=after) if e.position <= until]
        for entry in (found[::-1] if newest_first else found)[:limit]:
            of = entry.event
            yield entry.position, self._at, of.type, tags_text(of), of.data

    def page(self, after: int, limit: int) -> list[StoredRow]:
        """As `SqlRecorder.page`."""
        return list(self.rows(after=after, limit=limit))

    def held(self) -> AbstractContextManager[None]:
        """As `SqlRecorder.held`: there is no connection."""
        return nullcontext()

    def record(self, events: Sequence[DCBEvent], unless: Unless | None = None) -> Appended:
        """As `SqlRecorder.record`. The oracle's own append has the last word."""
        self.lock()
        try:
            condition = None
            if unless is not None:
                query = _query(unless.asked)
                condition = DCBAppendCondition(query, unless.after)
                for hit in self._oracle.read(query, after=unless.after, limit=1):
                    raise ConditionFailed(hit.position)
            seam("COMMIT")
            try:
                last = self._oracle.append(events, condition)
            except IntegrityError as error:
                raise StorageFailure(f"the lock did not hold: {error}") from error
            committed()
        finally:
            let_go(IN_MEMORY)
        return Appended(last - len(events) + 1, last, self._at)

    def lock(self) -> None:
        """The one lock of an append."""
        seam(LOCK, resource=IN_MEMORY)

    def listen(self, listener: object) -> None:
        """Nobody is woken: a tail waits for a commit of anybody (`_Woken`)."""

    unlisten = listen

    def _last(self) -> tuple[int, str] | None:
        events = self._oracle.events
        return (events[-1].position, self._at) if events else None


def _query(asked: Sequence[Asked]) -> DCBQuery:
    return DCBQuery([DCBQueryItem(list(part.types), list(part.tags)) for part in asked])


class World:
    """Ledgers over one log, one for each task; `where` it is, for those that keep views beside."""

    def __init__(self, name: str, logs: Sequence[EventLog], clock: Clock, where: str = "") -> None:
        self.name = name
        self.logs = logs
        self.clock = clock
        self.where = where

    def ledger(self, task: int) -> Ledger:
        """A ledger as the program of a task has it open."""
        return over(self.logs[task], self.clock)


def over(log: EventLog, clock: Clock) -> Ledger:
    """A ledger over a log."""
    return Ledger(log, clock=clock, new_id=lambda prefix: "made")


def memory_log(clock: Clock) -> EventLog:
    """A log in memory that holds the base."""
    return EventLog(cast(SqlRecorder, MemoryRecorder(clock, _base())), REGISTRY)


def memory_world(number: int = 0) -> World:
    """A new one, at the time of that schedule: all its logs are the same recorder."""
    clock = Clock()
    clock.turn_to(number)
    return World("memory", [memory_log(clock)] * TASKS, clock)


@contextmanager
def real_world(where: str) -> Iterator[World]:
    """A ledger at a path or URL where none is yet, opened by each task for itself."""
    with ExitStack() as stack:
        clock = Clock()
        create_log(where, REGISTRY, OPENED, clock=clock).close()
        logs = [open_log(where, REGISTRY, clock=clock) for _ in range(TASKS)]
        for log in logs:
            stack.callback(log.close)
        _fill(over(logs[0], clock))
        yield World("PostgreSQL" if "://" in where else "SQLite", logs, clock, where)


def _fill(ledger: Ledger) -> None:
    for fields in _BASE:
        ledger.decide(command(ledger, **fields), Author("admin"))


_made: list[DCBSequencedEvent] = []


def _base() -> list[DCBSequencedEvent]:
    if not _made:
        clock = Clock()
        recorder = MemoryRecorder(clock)
        recorder.record(written([OPENED], REGISTRY))
        _fill(over(EventLog(cast(SqlRecorder, recorder), REGISTRY), clock))
        _made.extend(recorder._oracle.events)
    return _made
