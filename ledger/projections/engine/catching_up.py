"""Catching up: put each event through every projection that is behind, exactly once.

One stream of events is fanned out to all projections. Each batch is one transaction: each
projection claims its progress (compare and set), its handlers run, its rows are written. A process
that finds the progress moved has lost a race: it drops what it held in memory, and goes on from
where the other process got to.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection

from ledger.errors import StorageFailure
from ledger.events.base import RecordedEvent
from ledger.projections.engine.log_identity import History
from ledger.projections.engine.sql_tables import SqlShelf
from ledger.projections.engine.store import Generation, ViewStore
from ledger.projections.faults import BadRow
from ledger.projections.folds import BATCH, Failure, Folding, Log
from ledger.projections.projection import Projection
from ledger.projections.tables import Table

Progress = Callable[[int, int], None]
"""Called from time to time with the position reached and the head."""

MANY_ROWS = 8_000
"""After a batch that writes more rows than this, the next one is shorter."""

MOST_ROWS = 20_000
"""A transaction ends after this many rows, even in the middle of a batch: events that each touch
thousands would otherwise fill the memory or hold the lock for minutes."""

_SHORTEST = 50


class Follower:
    """One generation of a projection that follows the log.

    It keeps the rows that it touched in memory, between batches and between catch-ups. They stay
    valid until another process moves the progress, which the next claim detects.
    """

    def __init__(
        self,
        store: ViewStore,
        projection: type[Projection],
        generation: Generation,
        history: History,
    ) -> None:
        self.projection = projection
        self.history = history  # of the log that is followed
        self.generation = generation
        self.gone = False  # the generation was dropped meanwhile
        self.lost_races = 0
        self._store = store
        tables = store.tables(projection, generation)
        self._shelves = {
            name: SqlShelf(tables[name], declared.layout)
            for name, declared in projection.tables.items()
        }
        self._committed = generation
        self._start(generation)

    @property
    def position(self) -> int:
        """The last event applied, as far as this process knows."""
        return self._folding.position

    @property
    def stopped(self) -> bool:
        """Whether it can follow no further: quarantined, or dropped."""
        return self.gone or self.generation.failure is not None

    def committed(self) -> None:
        """Note that the transaction was committed."""
        self._committed = self.generation

    def rolled_back(self) -> None:
        """Go back to the last commit, and drop the rows in memory."""
        self._start(self._committed)

    def apply(self, connection: Connection, entries: Sequence[RecordedEvent]) -> int:
        """Apply the events after `position` in the transaction; return how many rows it wrote.

        Where they touch very many rows (`MOST_ROWS`) only some are applied: see `position`.
        """
        last = entries[-1]
        before, before_at = self.position, self.generation.recorded_at
        if not self._store.claim(
            connection,
            self.generation,
            last.position,
            last.recorded_at,
            ledger=self.history.ledger,
            tail=self.history.tail(last.position),
        ):
            self._lost(connection)
            return 0
        for shelf in self._shelves.values():
            shelf.connection = connection
        unread = self._folding.unread
        applied, failure = self._fold(entries)
        if failure is not None:
            good = [e for e in entries if e.position < failure.position]
            self._restart(before, unread)
            applied, again = self._fold(good)
            assert again is None, "the same events through the same handlers fail alike"
            assert len(applied) == len(good), "and touch as many rows"
        position, at = before, before_at
        if applied:
            position, at = applied[-1].position, applied[-1].recorded_at
        if position != last.position or failure is not None or self._folding.unread != unread:
            self._store.note(
                connection,
                self.generation,
                position=position,
                recorded_at=at,
                tail=self._tail(position, failure),
                unread=self._folding.unread,
                failure=failure,
            )
        written = self._write()
        self._moved(position, at, failure)
        return written

    # --- inside ------------------------------------------------------------------------

    def _start(self, generation: Generation) -> None:
        self.generation = generation
        self._restart(generation.position, generation.unread)

    def _restart(self, position: int, unread: int) -> None:
        tables: list[Table[Any]] = [
            Table(name, declared.layout, self._shelves[name], empty=position == 0)
            for name, declared in self.projection.tables.items()
        ]
        self._folding = Folding(self.projection.open(tables), position, unread)

    def _fold(
        self, entries: Sequence[RecordedEvent]
    ) -> tuple[Sequence[RecordedEvent], Failure | None]:
        """Put events through the handlers, and check that their rows can be stored.

        Return the events applied: all, or those up to the row limit.
        """
        before, unread = self._folding.position, self._folding.unread
        taken, piece = 0, 1
        while taken < len(entries) and (written := self._folding.written()) < MOST_ROWS:
            if taken:  # as many as still fit, judging by the rows so far
                room = (MOST_ROWS - written) * taken // max(written, 1)
                piece = max(1, min(2 * piece, room))
            failure = self._folding.apply(entries[taken : taken + piece])
            if failure is not None:
                return entries[:taken], failure
            taken += piece
        entries = entries[:taken]
        try:
            for table in self._folding.tables:
                table.check_all()
        except BadRow:
            # a bad row shows only now; go through the events again to find the one that wrote it
            self._restart(before, unread)
            failure = self._folding.apply_singly(entries)
            if failure is None:
                raise
            return entries, failure
        return entries, None

    def _write(self) -> int:
        count = 0
        for table in self._folding.tables:
            rows, gone = table.drain()
            self._shelves[table.name].write(rows, gone)
            table.trim()
            count += len(rows) + len(gone)
        return count

    def _lost(self, connection: Connection) -> None:
        self.lost_races += 1
        found = self._store.find(connection, self.generation.projection, self.generation.generation)
        if found is None or not self.history.holds(found):
            self.gone = True
        else:
            self._start(found)

    def _moved(self, position: int, at: datetime | None, failure: Failure | None) -> None:
        self.generation = msgspec.structs.replace(
            self.generation,
            position=position,
            recorded_at=at,
            ledger=self.history.ledger,
            tail=self._tail(position, failure),
            unread=self._folding.unread,
            failure=failure,
        )

    def _tail(self, position: int, failure: Failure | None) -> str:
        return self.history.tail(position if failure is None else failure.position)


def follow(
    store: ViewStore,
    log: Log,
    followers: Sequence[Follower],
    head: int,
    *,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> None:
    """Bring followers up to the position `head`, or to where they stop.

    Raises `StorageFailure` where the log cannot be read or the views cannot be written; nothing of
    the current batch is then kept.
    """
    while behind := [f for f in followers if not f.stopped and f.position < head]:
        if not _one_stream(store, log, behind, head, batch, progress):
            raise StorageFailure(
                f"the log ends before #{head}, which it had just now", advice="Run: doctor"
            )


def _one_stream(
    store: ViewStore,
    log: Log,
    followers: Sequence[Follower],
    head: int,
    batch: int,
    progress: Progress | None,
) -> bool:
    """Apply one stream of events; return whether there were any."""
    # in the same order in every process, so that no two wait for each other
    followers = sorted(followers, key=lambda f: f.projection.name)
    start = min(f.position for f in followers)
    stream = log.stream(start, head)
    size, last = batch, start
    while entries := list(islice(stream, size)):
        last = entries[-1].position
        most = _one_batch(store, followers, entries)
        if progress is not None:
            progress(last, head)
        size = max(size // 2, min(_SHORTEST, batch)) if most > MANY_ROWS else min(size * 2, batch)
        if all(f.stopped or f.position >= head for f in followers):
            break
    return last > start


def _one_batch(
    store: ViewStore, followers: Sequence[Follower], entries: Sequence[RecordedEvent]
) -> int:
    """Apply a batch, in one transaction unless it touches very many rows. Return the most rows that
    one projection wrote."""
    first, last = entries[0].position, entries[-1].position
    written = dict.fromkeys(range(len(followers)), 0)
    # a follower that lost a race may be anywhere; a gap waits for the next stream
    while behind := [
        (n, f) for n, f in enumerate(followers) if first - 1 <= f.position < last and not f.stopped
    ]:
        try:
            with store.writing() as connection:
                for n, follower in behind:
                    rest = entries[follower.position - first + 1 :]
                    written[n] += follower.apply(connection, rest)
        except BaseException:
            for _, follower in behind:
                follower.rolled_back()
            raise
        for _, follower in behind:
            follower.committed()
    return max(written.values())
