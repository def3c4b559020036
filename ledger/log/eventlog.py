"""The typed log, the interface to storage for all floors above.

It deals in events, queries and boundaries; the recorder below it in bytes and rows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from ledger.errors import BoundaryBroken, StorageFailure
from ledger.events.base import (
    Boundary,
    Query,
    RecordedEvent,
    Registry,
    format_recorded_at,
    parse_recorded_at,
)
from ledger.log.lines import line
from ledger.log.queries import ConditionFailed, Unless
from ledger.log.recorder import SqlRecorder
from ledger.log.restoring import restored
from ledger.log.round_trip import Proposed, written
from ledger.log.rows import ENDLESS, PAGE, StoredRow, recordable, tags_text
from ledger.log.store.roles import carry_out, check_has_roles, statements
from ledger.log.store.sessions import Session
from ledger.log.store.store_urls import Place
from ledger.log.stores import create_store, open_store
from ledger.log.subscription import Tail
from ledger.log.tag_index import TagIndex
from ledger.time.periods import Clock, SystemClock

STORED_PAGE = 1_024
"""Rows of `stored_pages`: whole tiles of the tree, and few enough for a processor's cache."""

INDEXED_AT_ONCE = 50_000
"""Restored events whose tags are written to the index at once, in key order."""


class EventLog:
    """The open log of one ledger. Safe to share between threads; `close` it.

    `where` names its place for messages, `registry` knows the event types. All failures of
    the store are raised as `StorageFailure`.
    """

    def __init__(self, recorder: SqlRecorder, registry: Registry) -> None:
        self.where = recorder.where
        self.registry = registry
        self._recorder = recorder

    def close(self) -> None:
        """Close the store."""
        self._recorder.close()

    def tell_waiting(self, told: Callable[[], None], *, after_s: float = 3.0) -> None:
        """Call `told` when an append has waited `after_s` seconds for other writers.

        It is called from another thread while the append is still waiting.
        """
        self._recorder.on_wait = (after_s, told)

    def held(self) -> AbstractContextManager[object]:
        """Keep one connection for everything that this thread reads and appends in the block."""
        return self._recorder.held()

    # --- where the log stands ----------------------------------------------------------

    def head(self) -> int:
        """The last position, 0 in an empty log."""
        return self._recorder.head()

    def last(self) -> tuple[int, datetime] | None:
        """The last position and when it was recorded; None in an empty log."""
        last = self._recorder.last()
        return None if last is None else (last[0], parse_recorded_at(last[1]))

    def position_at(self, instant: datetime) -> int:
        """The last position recorded at or before an instant, 0 if there is none.

        Recorded times never go back, so a binary search takes some twenty reads per million.
        """
        wanted = format_recorded_at(instant)
        before, beyond = 0, self.head() + 1
        while beyond - before > 1:
            middle = (before + beyond) // 2
            recorded_at = self._recorder.recorded_at(middle)
            if recorded_at is None:
                raise self._gap(middle)
            if recorded_at <= wanted:
                before = middle
            else:
                beyond = middle
        return before

    # --- reading -----------------------------------------------------------------------

    def read(
        self,
        queries: Sequence[Query],
        *,
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[RecordedEvent]:
        """The events with `after` < position <= `until` that answer any of the queries.

        Each once, oldest first unless `newest_first`, at most `limit`. Without a query every
        event matches. Without `until` the read ends at the current head.
        """
        until = self.head() if until is None else until
        rows = self._recorder.rows(
            queries, after=after, until=until, limit=limit, newest_first=newest_first
        )
        return self._decoded(rows)

    def stream(self, after: int = 0, until: int | None = None) -> Iterator[RecordedEvent]:
        """All events of a range of positions, in order.

        Raises `StorageFailure` if a position is missing or a row cannot be read.
        """
        return self._decoded(self._gapless(after, until))

    def lines(self, after: int = 0, until: int | None = None) -> Iterator[bytes]:
        """The lines of a range of positions in order, without newlines.

        Raises `StorageFailure` if a position is missing or a row cannot become a line.
        """
        for row in self._gapless(after, until):
            try:
                made = line(*row)
            except (TypeError, AttributeError) as error:  # a text instead of bytes, or NULL
                raise self._damaged(row[0], error) from error
            yield made

    def follow(self, queries: Sequence[Query] = (), *, after: int = 0) -> "Following":
        """Events as they are recorded, by any process: each once, in order, without end.

        Those after `after` that answer any of the queries, or all without a query.
        """
        return Following(Tail(self._recorder, queries, after), self.decode)

    def stored(self, after: int = -ENDLESS, until: int = ENDLESS) -> Iterator[StoredRow]:
        """The stored columns in the order of positions, gaps and damage included.

        For verification; everything else reads `stream` or `lines`.
        """
        return self._recorder.rows(after=after, until=until)

    def rows_after(self, after: int, limit: int) -> list[StoredRow]:
        """The first stored rows after a position, at most `limit`."""
        return self._recorder.page(after, limit)

    def last_row(self) -> StoredRow | None:
        """The last stored row, None in an empty log."""
        return next(self._recorder.rows(limit=1, newest_first=True), None)

    def stored_pages(
        self, after: int = -ENDLESS, until: int = ENDLESS
    ) -> Iterator[list[StoredRow]]:
        """The rows of `stored` in lists of `STORED_PAGE`, the last one shorter."""
        while after < until:
            page = self._recorder.page(after, STORED_PAGE, until)
            if page:
                yield page
            if len(page) < STORED_PAGE:
                return
            after = page[-1][0]

    @property
    def tag_index(self) -> TagIndex:
        """The stored tag index, for verification."""
        return self._recorder.tag_index

    def types_of(self, tag: str) -> tuple[str, ...]:
        """The types of the events that carry a tag, sorted, from the index alone."""
        return tuple(self._recorder.tag_index.types_of(tag)) if recordable(tag) else ()

    # --- appending ---------------------------------------------------------------------

    def append(
        self, proposed: Sequence[Proposed], boundary: Boundary | None = None
    ) -> tuple[RecordedEvent, ...]:
        """Record all events or none; return them as recorded.

        Raises `BoundaryBroken` if an event after `boundary.after` answers one of its
        queries, `LineTooLong` for an event too large for one line, and `BadInput` for one
        that would not read back unchanged.
        """
        unless = None
        # A boundary without queries is never broken; a condition without queries always fails.
        if boundary is not None and boundary.queries:
            unless = Unless(boundary.queries, boundary.after)
        events = written(proposed, self.registry)
        try:
            appended = self._recorder.record(events, unless)
        except ConditionFailed as failed:
            assert boundary is not None
            raise BoundaryBroken(after=boundary.after) from failed
        return tuple(
            RecordedEvent.pending(position, appended.recorded_at, event, header, stored.tags)
            for position, ((event, header), stored) in enumerate(
                zip(proposed, events, strict=True), start=appended.first
            )
        )

    # --- inside ------------------------------------------------------------------------

    def _decoded(self, rows: Iterator[StoredRow]) -> Iterator[RecordedEvent]:
        decode = self.registry.decode
        for row in rows:
            try:
                yield decode(*row)
            except (msgspec.MsgspecError, TypeError) as error:
                raise self._damaged(row[0], error) from error

    def decode(self, row: StoredRow) -> RecordedEvent:
        """The event of a stored row. Raises `StorageFailure` if the row cannot be read."""
        try:
            return self.registry.decode(*row)
        except (msgspec.MsgspecError, TypeError) as error:
            raise self._damaged(row[0], error) from error

    def _damaged(self, position: int, error: Exception) -> StorageFailure:
        return StorageFailure(
            f"#{position} of {self.where} is damaged: {error}",
            advice="Look for more damage with: doctor. Then restore a backup",
        )

    def _gapless(self, after: int, until: int | None) -> Iterator[StoredRow]:
        position = max(after, 0)
        head = self.head()
        until = head if until is None else min(until, head)
        for row in self._recorder.rows(after=position, until=until):
            position += 1
            if row[0] != position:
                raise self._gap(position)
            yield row
        if position < until:  # the last ones are missing
            raise self._gap(position + 1)

    def _gap(self, position: int) -> StorageFailure:
        return StorageFailure(
            f"#{position} is missing from {self.where}",
            advice="Look for more damage with: doctor. Then restore a backup",
        )


class Following(Iterator[RecordedEvent]):
    """Events as they are recorded. Blocks in `next()`; `stop()` ends it from any thread."""

    def __init__(self, tail: Tail, decode: Callable[[StoredRow], RecordedEvent]) -> None:
        self._tail = tail
        self._decode = decode

    def __enter__(self) -> "Following":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __next__(self) -> RecordedEvent:
        return self._decode(next(self._tail))

    def stop(self) -> None:
        """End the iteration, even one that is waiting in another thread."""
        self._tail.stop()


# --- opening and making --------------------------------------------------------------


def open_log(
    where: str | Path,
    registry: Registry,
    *,
    clock: Clock | None = None,
    read_only: bool = False,
) -> EventLog:
    """Open the log at a path or URL.

    Raises `NoLedger`, `NotALedger` or `NewerFormat`, and `StorageFailure` if it cannot be
    read. With `read_only` an append fails.
    """
    recorder = open_store(Place.parse(where), clock or SystemClock(), read_only=read_only)
    return EventLog(recorder, registry)


def create_log(
    where: str | Path,
    registry: Registry,
    first: Proposed,
    *,
    clock: Clock | None = None,
    roles: bool = False,
) -> EventLog:
    """Create and open a log that begins with the event `first`; with `roles` on PostgreSQL.

    The log is created completely or not at all, even if interrupted. Raises `LedgerExists` if
    something is there already, `BadInput` for roles in a file.
    """
    place = Place.parse(where)
    if roles:
        check_has_roles(place)
    events = written([first], registry)

    def fill(recorder: SqlRecorder, session: Session) -> None:
        recorder.record_within(session, events, [tags_text(event) for event in events])
        if roles:
            carry_out(session.connection, place, statements(session.connection, place))

    recorder = create_store(place, clock or SystemClock(), fill)
    return EventLog(recorder, registry)


def restore_log(
    where: str | Path,
    registry: Registry,
    lines: Iterable[bytes],
    *,
    clock: Clock | None = None,
    going_on: Callable[[], Proposed | None] = lambda: None,
    in_child: bool = False,
) -> EventLog:
    """Create and open a log from the lines of another, byte for byte, completely or not at all.

    `in_child`: a child process reads and examines the lines while this one writes them. This one
    may read them again from the first, so they must not hold anything open yet.

    `going_on` is called after the last line, before the log takes its place: it may raise, or
    return the next event to record. Raises `BadInput`, with the number of the line, for a line
    that is malformed, out of order, or that no log could hold.
    """

    def pages() -> Iterator[list[StoredRow]]:
        rows = restored(lines, registry)
        while page := list(islice(rows, PAGE)):
            yield page

    def fill(recorder: SqlRecorder, session: Session) -> None:
        indexed = position = 0
        batches = pages()
        if in_child:
            from ledger.processes import made_by_child  # takes 20 ms, for this command only

            batches = made_by_child(pages)
        for batch in batches:
            recorder.insert_untagged(session, batch)
            position = batch[-1][0]
            if position - indexed >= INDEXED_AT_ONCE:
                recorder.tag_index.fill(session, indexed, position)
                indexed = position
        recorder.tag_index.fill(session, indexed, position)
        if (further := going_on()) is not None:
            events = written([further], registry)
            recorder.record_within(session, events, [tags_text(event) for event in events])

    recorder = create_store(Place.parse(where), clock or SystemClock(), fill)
    return EventLog(recorder, registry)
