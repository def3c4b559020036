"""Copying a ledger while others write: one moment of it, into a new SQLite file.

A file is copied by SQLite itself (VACUUM INTO): within one read transaction, so that no writer has
to wait and none can make it begin again, as SQLite's backup API would. A ledger on a server is
read in one repeatable-read transaction and written as the same lines. Either way a ledger in one
file comes of it, with nothing beside it, that can be opened, verified and restored to anywhere.
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
from ledger.log import schema
from ledger.log.beside import check_not_written, reading_mode
from ledger.log.eventlog import EventLog
from ledger.log.failures import StorageErrors
from ledger.log.places import Place, postgres_engine, seen, sqlite_engine
from ledger.log.recorder import SqlRecorder
from ledger.log.rows import ENDLESS, PAGE, StoredRow
from ledger.log.sessions import Session
from ledger.log.statements import Statements
from ledger.log.stores import built
from ledger.times import SystemClock

Progress = Callable[[int, int], None]
"""Told the position that was read, and the last one."""

_STEPS = 50_000
"""Steps of SQLite's machine between two looks at whether somebody has said stop."""


def copy_log(
    source: Place,
    target: Path,
    registry: Registry,
    check: Callable[[EventLog], None],
    progress: Progress | None = None,
) -> None:
    """Copy the ledger at a place, as it is at one moment, to a file that is not there yet.

    `check` is shown the finished copy before it takes its name, and may raise: so the file is
    there whole, on the disk and checked, or not at all. Raises `LedgerExists` for a file that is
    there and `StorageFailure` for what cannot be read or written; the ledger is unharmed.
    """
    where = str(target)
    if os.path.lexists(target):
        raise LedgerExists(where, advice="A backup is never written over another: name a new file")
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
    """Let SQLite copy it. What fails then is mostly the new file's disk."""
    engine = sqlite_engine(path, mode=lambda: reading_mode(path))
    try:
        with StorageErrors(where), engine.connect() as connection:
            # Set where a crash has left something that may only be taken back; VACUUM INTO
            # writes nothing but the new file, and is refused with it all the same.
            connection.exec_driver_sql("PRAGMA query_only = OFF")
            with _stopping(connection):
                connection.exec_driver_sql("VACUUM INTO ?", (str(building.absolute()),))
            check_not_written(seen(connection), named)
    finally:
        engine.dispose()


@contextmanager
def _stopping(connection: Connection) -> Iterator[None]:
    """Ctrl-C ends a long statement, on a connection that is not used for another.

    Python runs the handlers of signals between two of its own instructions, so now and then
    SQLite has to let it do some. What is raised there SQLite takes for "stop", and loses.
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
                        f"#{page[0][0]} of {source.where}, or one of the next, is damaged: {error}",
                        advice="See which: audit verify. No copy was made",
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
