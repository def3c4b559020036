"""Copying a ledger at one moment into a new SQLite file, while other processes write.

SQLite itself copies a file (VACUUM INTO), within one read transaction: no writer has to wait,
and none can make the copy start over, as with SQLite's backup API. A ledger on a server is
read in one repeatable-read transaction and written as the same lines. Either way the result is a
ledger in one file, with nothing beside it, that can be opened, verified and restored anywhere.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from ledger.errors import LedgerExists, StorageFailure
from ledger.events.base import Registry
from ledger.log.eventlog import EventLog
from ledger.log.recorder import SqlRecorder
from ledger.log.rows import ENDLESS, PAGE, StoredRow
from ledger.log.store import schema
from ledger.log.store.failures import StorageErrors
from ledger.log.store.sessions import Session
from ledger.log.store.sqlite_recovery import check_not_written, reading_mode
from ledger.log.store.statements import Statements
from ledger.log.store.store_urls import Place, open_file, postgres_engine, sqlite_engine
from ledger.log.stores import built
from ledger.time.periods import SystemClock

Progress = Callable[[int, int], None]
"""Called with the position read so far and the last position."""

_STEPS = 50_000
"""Steps of SQLite's virtual machine between two checks for Ctrl-C."""


def copy_log(
    source: Place,
    target: Path,
    registry: Registry,
    check: Callable[[EventLog], None],
    progress: Progress | None = None,
) -> None:
    """Copy the ledger at a place, as it is at one moment, to a new file.

    `check` is called with the finished copy before it takes its name, and may raise: so the file
    is there complete, synced and checked, or not at all. Raises `LedgerExists` if the file
    exists and `StorageFailure` if something cannot be read or written; the ledger is unharmed.
    """
    where = str(target)
    if os.path.lexists(target):
        raise LedgerExists(where, advice="A backup never overwrites a file: name a new one")
    with built(target, where) as building:
        if source.path is not None:
            _copy_file(source.path, source.where, building, where)
        else:
            _copy_schema(source, building, where, progress)
        _check(building, where, registry, check)
        _sync(building)


def _check(
    building: Path, where: str, registry: Registry, check: Callable[[EventLog], None]
) -> None:
    tables = schema.tables()
    engine = sqlite_engine(building, mode="ro")
    try:
        with StorageErrors(where), engine.connect() as connection:
            schema.check_format(connection, tables, where)
        check(EventLog(SqlRecorder(engine, tables, SystemClock(), where), registry))
    finally:
        engine.dispose()


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


# --- from a file -----------------------------------------------------------------------


def _copy_file(path: Path, named: str, building: Path, where: str) -> None:
    """Have SQLite copy the file. A failure is mostly the new file's disk."""
    engine = sqlite_engine(path, mode=lambda: reading_mode(path))
    try:
        with StorageErrors(where), engine.connect() as connection:
            # The mode `roll back` sets it, and it forbids VACUUM INTO too, although that writes
            # only the new file.
            connection.exec_driver_sql("PRAGMA query_only = OFF")
            with _stopping(connection):
                connection.exec_driver_sql("VACUUM INTO ?", (str(building.absolute()),))
            check_not_written(open_file(connection), named)
    finally:
        engine.dispose()


@contextmanager
def _stopping(connection: Connection) -> Iterator[None]:
    """Let Ctrl-C end a long statement, on a connection that runs no other.

    Python handles signals only between two of its own instructions, so SQLite has to call
    Python now and then. SQLite takes an exception there for "stop", and drops it.
    """
    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(lambda: 0, _STEPS)
    try:
        yield
    except OperationalError as error:
        if str(error.orig) == "interrupted":
            raise KeyboardInterrupt from None
        raise


# --- from a server ---------------------------------------------------------------------


def _copy_schema(source: Place, building: Path, where: str, progress: Progress | None) -> None:
    tables = schema.tables()
    engine = sqlite_engine(building, mode="rw")
    try:
        with StorageErrors(where), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            schema.create(connection, tables)
            copy = SqlRecorder(engine, tables, SystemClock(), where)
            for page, head in _pages(source):
                try:
                    copy.insert_rows(Session(connection), page)
                except (msgspec.MsgspecError, TypeError, ValueError) as error:
                    raise StorageFailure(
                        f"#{page[0][0]} of {source.where}, or a later event, is damaged: {error}",
                        advice="No copy was made. Find the damage with: audit verify",
                    ) from error
                if progress is not None:
                    progress(page[-1][0], head)
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


def _pages(source: Place) -> Iterator[tuple[list[StoredRow], int]]:
    """The stored rows as of one moment, a page at a time, each with the last position."""
    assert source.url is not None
    tables = schema.tables(source.schema)
    engine = postgres_engine(source.url, read_only=True)
    page = Statements(tables, engine.dialect).page(False)
    last = Statements(tables, engine.dialect).last
    after = -ENDLESS
    try:
        with StorageErrors(source.where), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            session = Session(connection)
            found = session.row(last)
            head = 0 if found is None else int(found[0])
            while rows := session.rows(page, after, ENDLESS, PAGE):
                yield rows, head
                after = rows[-1][0]
    finally:
        engine.dispose()
