"""Broken ledgers, planted in a child: each breaks one promise, and has to be caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from ledger.errors import BoundaryBroken
from ledger.events.base import Boundary
from ledger.log import copying
from ledger.log.eventlog import EventLog
from ledger.log.recorder import Appended, SqlRecorder
from ledger.log.store.sessions import Session
from ledger.projections.engine.store import ViewStore


def replace(owner: Any, **methods: Callable[..., Any]) -> None:
    """Put other methods in place of those of a class or an object."""
    for name, method in methods.items():
        setattr(owner, name, method)


def append_without_the_lock() -> None:
    """An append begins a transaction and does not wait for anybody."""

    def lock(self: SqlRecorder, session: Session, *_: Any) -> None:
        session.run("BEGIN")

    replace(SqlRecorder, lock=lock)


def condition_before_the_lock() -> None:
    """The condition is looked at first, and then the lock is waited for."""
    record = SqlRecorder.record

    def first_look(self: SqlRecorder, events: Any, unless: Any = None) -> Appended:
        if unless is not None:
            with self._connected() as session:
                last = self._last(session) or (0, "")
                self._check_condition(session, unless, last[0])
        return record(self, events, None)

    replace(SqlRecorder, record=first_look)


def positions_from_a_sequence() -> None:
    """PostgreSQL's own sequence gives the positions, and no trigger says that they have gaps."""
    within = SqlRecorder.record_within

    def record_within(
        self: SqlRecorder, session: Session, events: Any, *args: Any, **named: Any
    ) -> Appended:
        last = self._last(session) or (0, "")
        schema = self._statements._tables.schema
        with self._sessions.engine.connect() as own:  # a sequence knows of no transaction
            own.exec_driver_sql(f"ALTER TABLE {schema}.event DISABLE TRIGGER event_in_order")
            own.exec_driver_sql(
                f"CREATE SEQUENCE IF NOT EXISTS {schema}.positions START {last[0] + 1}"
            )
            next_one = f"SELECT nextval('{schema}.positions')"
            taken = [own.exec_driver_sql(next_one).scalar_one() for _ in events]
        replace(self, _last=lambda _: (taken[0] - 1, last[1]))
        try:
            return within(self, session, events, *args, **named)
        finally:
            del self._last

    replace(SqlRecorder, record_within=record_within)


def progress_before_rows() -> None:
    """The progress is committed by itself, and the rows after it."""
    claim = ViewStore.claim

    def claimed(self: ViewStore, connection: Connection, *args: Any, **named: Any) -> bool:
        moved = claim(self, connection, *args, **named)
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(self._begin[0])
        return moved

    replace(ViewStore, claim=claimed)


def unclamped_time() -> None:
    """The recorded time is that of the machine's clock, wherever it has gone."""
    last = SqlRecorder._last
    within = SqlRecorder.record_within

    def record_within(self: SqlRecorder, session: Session, *args: Any, **named: Any) -> Appended:
        def forgetful(session: Session) -> tuple[int, str] | None:
            found = last(self, session)
            return None if found is None else (found[0], "")

        replace(self, _last=forgetful)
        try:
            return within(self, session, *args, **named)
        finally:
            del self._last

    replace(SqlRecorder, record_within=record_within)


def fsync_off() -> None:
    """SQLite does not wait for the disk."""

    @event.listens_for(Engine, "connect")
    def hurry(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")


def journal_removed_and_not_waited_for() -> None:
    """SQLite waits for its files and not for the folder, which a rollback journal needs."""

    @event.listens_for(Engine, "connect")
    def hurry(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous = FULL")


def stale_retry() -> None:
    """A decision that lost is not taken again: what it proposed is appended at the new head."""
    append = EventLog.append

    def stubborn(
        self: EventLog, proposed: Sequence[Any], boundary: Boundary | None = None
    ) -> tuple[Any, ...]:
        while True:
            try:
                return append(self, proposed, boundary)
            except BoundaryBroken:
                assert boundary is not None
                boundary = Boundary(boundary.queries, self.head())

    replace(EventLog, append=stubborn)


def backup_under_its_own_name() -> None:
    """A backup is written where it is to be, and checked there."""

    @contextmanager
    def built(path: Path, where: str) -> Iterator[Path]:
        path.touch(0o600)
        yield path

    vars(copying)["built"] = built


def backup_not_waited_for() -> None:
    """Neither SQLite nor the ledger waits until a backup is on the disk."""
    vars(copying)["_sync"] = lambda path: None
    fsync_off()


MUTANTS: dict[str, Callable[[], None]] = {
    "append without the lock": append_without_the_lock,
    "condition checked before the lock": condition_before_the_lock,
    "a sequence instead of the last position + 1": positions_from_a_sequence,
    "progress committed before its rows": progress_before_rows,
    "recorded time not held back": unclamped_time,
    "no wait for the disk": fsync_off,
    "no wait for the journal's removal": journal_removed_and_not_waited_for,
    "a retry that goes on from a stale read": stale_retry,
    "a backup under its name before it is whole": backup_under_its_own_name,
    "a backup that is not waited for": backup_not_waited_for,
}


def plant(name: str) -> None:
    """Break this process's ledger; an empty name breaks nothing."""
    if name:
        MUTANTS[name]()
