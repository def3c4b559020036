"""The recorder: eventsourcing's DCB port on SQLAlchemy Core, for SQLite and PostgreSQL.

**One lock for every append.** An append, conditional or not, takes the one lock of its
log, and only then reads the last position, takes the next ones and commits. So positions
have no gaps, and events become visible in the order of their positions: once a reader has
seen position N, no smaller one appears. (Sequences guarantee neither: a subscriber could
pass position 7 while 6 is still being committed, and miss it.)

**Reads need no transaction.** Recorded events never change, so a read that stops at the
head it saw when it began gives the same result whatever is appended meanwhile. Its pages
are fetched separately: a slow reader keeps no snapshot open.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from heapq import merge
from itertools import chain, islice
from typing import Any, NamedTuple

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBRecorder,
)
from eventsourcing.persistence import ProgrammingError
from sqlalchemy import Engine

from ledger.errors import LineTooLong, StorageFailure
from ledger.events.base import format_recorded_at
from ledger.log.lines import LINE_LIMIT, line_size
from ledger.log.queries import (
    Asked,
    Branch,
    ConditionFailed,
    Unless,
    branch_values,
    branches,
    check_no_match,
    groups,
)
from ledger.log.rows import ENDLESS, PAGE, Read, StoredRow, deduplicated, index_rows, tags_text
from ledger.log.store.failures import StorageErrors
from ledger.log.store.schema import Tables
from ledger.log.store.session_pool import SessionPool, renew_in_child
from ledger.log.store.sessions import Session
from ledger.log.store.sqlite_recovery import check_not_replaced, check_not_written
from ledger.log.store.statements import Statement, Statements, lock_statements
from ledger.log.subscription import Subscription
from ledger.log.tag_index import TagIndex
from ledger.log.wakeup import Waker, notifying
from ledger.time.periods import Clock

IN_MEMORY = 128
"""A condition is checked in memory against at most this many newer events, else by index."""

TAGS_IN_ONE_TRIP = 16
"""The most tags that are written in one statement with their event, to save a round trip."""


class Appended(NamedTuple):
    """The positions `first` to `last` that an append recorded, all at one instant."""

    first: int
    last: int
    recorded_at: str


class SqlRecorder(DCBRecorder):
    """Reads, appends and subscribes. Safe to share between threads.

    A forked child can keep using it, with its own connections.

    Beyond the port: `read` takes `until` and `newest_first`, `rows` gives stored columns.
    Database errors are raised as `ledger.errors.StorageFailure`.
    """

    def __init__(self, engine: Engine, tables: Tables, clock: Clock, where: str) -> None:
        self.where = where
        self._clock = clock
        self._statements = Statements(tables, engine.dialect)
        self._lock = lock_statements(engine.dialect.name, tables)
        self._in_one_trip = engine.dialect.name == "postgresql"
        self.tag_index = TagIndex(tables, engine.dialect, self._reading)
        # Threads of one process queue here, since SQLite polls its own lock.
        self._append_turn = threading.Lock()
        self._sessions = SessionPool(engine, where)
        self._committing = StorageErrors(where, committing=True)
        self._listeners: set[Waker] = set()
        self.on_wait: tuple[float, Callable[[], None]] | None = None
        """Seconds of waiting for the lock, and what to call then from another thread."""
        renew_in_child(self)

    def renew(self) -> None:
        """In a forked child: leave the connections to the parent, and use a new lock."""
        self._sessions.renew()
        self._append_turn = threading.Lock()

    def close(self) -> None:
        """Close the connections. Using the recorder reopens them."""
        self._sessions.close()

    # --- reading ---------------------------------------------------------------------

    def last(self) -> tuple[int, str] | None:
        """Position and recorded time of the last event; None in an empty log."""
        found = self._fetched(self._statements.last)
        return (found[0][0], found[0][1]) if found else None

    def head(self) -> int:
        """The last position, 0 in an empty log."""
        last = self.last()
        return last[0] if last is not None else 0

    def recorded_at(self, position: int) -> str | None:
        """When the event at a position was recorded; None if there is none."""
        found = self._fetched(self._statements.recorded_at, position)
        return found[0][0] if found else None

    def page(self, after: int, limit: int, until: int = ENDLESS) -> list[StoredRow]:
        """The first rows with `after` < position <= `until`, at most `limit`."""
        return self._fetched(self._statements.page(False), after, until, limit)

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int | None = None,
        limit: int | None = None,
        until: int | None = None,
        newest_first: bool = False,
    ) -> Read:
        """Events after `after`, up to and including `until`, that match the query.

        Ascending, or descending with `newest_first`; at most `limit`; each event once.
        """
        head = self.head() if limit is None else 0
        stop = min(ENDLESS if until is None else until, head if limit is None else ENDLESS)
        rows = self.rows(
            _items(query), after=after or 0, until=stop, limit=limit, newest_first=newest_first
        )
        return Read(rows, head=head or None, limited=limit is not None)

    def rows(
        self,
        asked: Sequence[Asked] = (),
        *,
        after: int = 0,
        until: int = ENDLESS,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[StoredRow]:
        """The same as stored columns, fetched a page at a time; all rows if `asked` is empty.

        Without `until` the rows include those appended meanwhile.
        """
        found = branches(asked)
        if found is None:
            rows = self._pages(None, after, until, limit, newest_first)
        elif len(found) == 1:
            return self._pages(found, after, until, limit, newest_first)
        else:
            sign = -1 if newest_first else 1
            parts = [
                self._pages(group, after, until, limit, newest_first) for group in groups(found)
            ]
            if len(parts) == 1:
                return parts[0]
            rows = deduplicated(merge(*parts, key=lambda row: sign * row[0]))
        return rows if limit is None else islice(rows, max(limit, 0))

    def _pages(
        self,
        group: Sequence[Branch] | None,
        after: int,
        until: int,
        limit: int | None,
        newest_first: bool,
    ) -> Iterator[StoredRow]:
        values: list[str] = []
        if group is None:
            statement = self._statements.page(newest_first)
        else:
            shapes = tuple(branch.shape for branch in group)
            statement = self._statements.matching(shapes, newest_first)
            values = branch_values(group)
        left = ENDLESS if limit is None else limit
        while left > 0 and after < until:
            size = min(PAGE, left)
            page: list[StoredRow] = self._fetched(statement, after, until, size, *values)
            for row in page:
                if row[4] is None:  # the LEFT JOIN found it in the index only
                    raise StorageFailure(
                        f"the tag index of {self.where} names #{row[0]}, which is missing",
                        advice="Look for more damage with: doctor. Then restore a backup",
                    )
                yield row
            if len(page) < size:
                return
            left -= size
            if newest_first:
                until = page[-1][0] - 1
            else:
                after = page[-1][0]

    # --- appending -------------------------------------------------------------------

    def append(
        self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None
    ) -> int:
        """Append all events or none; return the last one's position.

        Raises the library's `IntegrityError` if an event matches the condition, its
        `ProgrammingError` for no events, `LineTooLong` and `BadInput` for events that
        cannot be stored.
        """
        if condition is None:
            return self.record(events).last
        asked = _items(condition.fail_if_events_match)
        return self.record(events, Unless(asked, condition.after or 0)).last

    def record(self, events: Sequence[DCBEvent], unless: Unless | None = None) -> Appended:
        """Append, and return all positions and the recorded time."""
        if not events:
            raise ProgrammingError("an append needs at least one event")
        texts = [tags_text(event) for event in events]
        with self._append_turn, self._connected() as session:
            try:
                self.lock(session, None if unless is None else unless.after)
                appended = self.record_within(session, events, texts, unless, then_commit=True)
            except BaseException:
                session.roll_back()  # the session may be held for longer than this append
                raise
            finally:
                session.newer = None
        for listener in tuple(self._listeners):
            listener.set()
        return appended

    def lock(self, session: Session, after: int | None = None) -> None:
        """Begin a transaction and wait for the log's one lock, which its end releases.

        A server returns in the same trip what was recorded from `after` on (`Session.newer`):
        while one writer has the lock, all others wait for each of its round trips.
        """
        with notifying(self.on_wait):
            if after is not None and self._in_one_trip:
                look = self._statements.from_position(after, IN_MEMORY + 2)
                found = session.last_rows("; ".join((*self._lock, look)))
                session.newer = found if 0 < len(found) < IN_MEMORY + 2 else None
                return
            for statement in self._lock:
                session.run(statement)

    def record_within(
        self,
        session: Session,
        events: Sequence[DCBEvent],
        tag_texts: Sequence[str],
        unless: Unless | None = None,
        *,
        then_commit: bool = False,
    ) -> Appended:
        """Append inside a transaction that holds the lock, and commit it if asked to."""
        last, last_recorded_at = self._last(session) or (0, "")
        if unless is not None:
            self._check_condition(session, unless, last)
        # Recorded time never goes back, even when the machine's clock does.
        recorded_at = max(format_recorded_at(self._clock.now()), last_recorded_at)
        self.insert_rows(
            session,
            [
                (position, recorded_at, event.type, text, event.data)
                for position, (event, text) in enumerate(
                    zip(events, tag_texts, strict=True), start=last + 1
                )
            ],
            then_commit=then_commit,
        )
        return Appended(last + 1, last + len(events), recorded_at)

    def insert_rows(
        self, session: Session, rows: list[StoredRow], *, then_commit: bool = False
    ) -> None:
        """Write rows unchanged, and their tags. Raises `LineTooLong` before it writes.

        To a server one event, its tags and the commit go in one trip, since others wait for it.
        """
        for row in rows:
            if (size := line_size(*row)) > LINE_LIMIT:
                raise LineTooLong(row[2], size=size, limit=LINE_LIMIT)
        index = index_rows(rows)
        if len(rows) == 1 and 0 < len(index) <= TAGS_IN_ONE_TRIP:
            together = self._statements.insert_one(len(index))
            if together is not None:
                statement = (together.sql, together.bind(*rows[0], *chain.from_iterable(index)))
                if then_commit:
                    self._commit(session, statement)
                else:
                    session.run(*statement)
                return
        self.insert_untagged(session, rows)
        if index:
            session.insert(self._statements.insert_tag.sql, index)
        if then_commit:
            self._commit(session)

    def _commit(self, session: Session, *before: tuple[str, Sequence[Any]]) -> None:
        check_not_replaced(session.file, self.where)
        with self._committing:
            session.run_all(*before, ("COMMIT", ()))

    def insert_untagged(self, session: Session, rows: list[StoredRow]) -> None:
        """Write rows unchanged, none too long; `tag_index.fill` writes their tags."""
        session.insert(self._statements.insert_event.sql, rows)

    def _check_condition(self, session: Session, unless: Unless, last: int) -> None:
        after = unless.after
        if after >= last:
            # Nothing was appended since the decision read: the usual case, which needs no
            # statement however many queries the decision has read.
            return
        found = branches(unless.asked)
        if found is None:
            raise ConditionFailed(last)
        if last - after <= IN_MEMORY:
            newer = session.newer and [
                (row[0], *row[2:]) for row in session.newer if row[0] > after
            ]
            # A few newer events are cheaper to fetch and test than to find by index, and
            # the cost does not depend on the number of queries.
            if newer is None:
                newer = session.rows(self._statements.newer, after)
            check_no_match(found, newer)
            return
        for group in groups(found):
            statement = self._statements.positions(tuple(branch.shape for branch in group))
            hit = session.row(statement, after, last, 1, *branch_values(group))
            if hit is not None:
                raise ConditionFailed(hit[0])

    # --- subscribing -----------------------------------------------------------------

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> Subscription:
        """Events as they are recorded, by any process: each once, in order, without end."""
        return Subscription(self, query, after)

    def listen(self, listener: Waker) -> None:
        """Set `listener` after every append through this recorder."""
        self._listeners.add(listener)

    def unlisten(self, listener: Waker) -> None:
        """Stop setting it."""
        self._listeners.discard(listener)

    # --- connections -----------------------------------------------------------------

    def held(self) -> AbstractContextManager[Session]:
        """Keep one connection for everything that this thread reads and appends in the block."""
        return self._sessions.borrowed(hold=True)

    def _connected(self) -> AbstractContextManager[Session]:
        return self._sessions.borrowed()

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        """A session for one read, which fails if an immutable file was written to meanwhile."""
        with self._connected() as session:
            yield session
            check_not_written(session.file, self.where)

    def _fetched(self, statement: Statement, *values: Any) -> list[Any]:
        session = self._sessions.of_thread.session
        if session is None:
            with self._reading() as session:
                return session.rows(statement, *values)
        rows = session.rows(statement, *values)  # `held` turns what it raises into a `LedgerError`
        check_not_written(session.file, self.where)
        return rows

    def _last(self, session: Session) -> tuple[int, str] | None:
        row = session.newer[-1] if session.newer else session.row(self._statements.last)
        return None if row is None else (row[0], row[1])


def _items(query: DCBQuery | None) -> Sequence[Asked]:
    return () if query is None else query.items
