"""Creating a ledger's store, completely and never over anything, and opening one.

An SQLite ledger is built in a temporary file beside its place and then linked there, in
one step that fails if something exists. A PostgreSQL ledger is built in one transaction.
So if the creation is killed, either the complete ledger exists, with its first event, or
none.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy import text as sql
from sqlalchemy.exc import OperationalError

from ledger.errors import LedgerExists, NoLedger, NotALedger, StorageFailure
from ledger.log.recorder import SqlRecorder
from ledger.log.store import schema
from ledger.log.store.failures import (
    ELSEWHERE,
    NOT_THERE,
    StorageErrors,
    file_errors,
    full,
    left_beside,
    no_room,
)
from ledger.log.store.sessions import Session
from ledger.log.store.sqlite_recovery import cannot_change, reading_mode
from ledger.log.store.stale_builds import PRIVATE, building_beside, clear_leftovers
from ledger.log.store.store_urls import (
    LOCK_TIMEOUT_S,
    Place,
    postgres_engine,
    sqlite_engine,
    sqlite_in_use,
)
from ledger.time.periods import Clock

Fill = Callable[[SqlRecorder, Session], None]
"""Writes the first events, inside the transaction that makes the ledger."""


def create_store(place: Place, clock: Clock, fill: Fill) -> SqlRecorder:
    """Create a ledger with the events that `fill` writes, and open it.

    Raises `LedgerExists` if something is there already, and `StorageFailure` if the ledger
    cannot be created, or (the message says so) was created but cannot be opened.
    """
    if place.path is not None:
        _create_file(place.path, place.where, clock, fill)
    else:
        _create_schema(place, clock, fill)
    try:
        return open_store(place, clock)
    except StorageFailure as failure:
        raise StorageFailure(
            f"{place.where} was created, but cannot be opened: {failure.message}",
            advice="The ledger is complete; fix that and use it, do not create it again",
        ) from failure


def open_store(place: Place, clock: Clock, *, read_only: bool = False) -> SqlRecorder:
    """Open an existing ledger.

    Raises `NoLedger`, `NotALedger` or `NewerFormat`, and `StorageFailure` if it cannot be
    used. A file on a read-only or full disk can be read.
    """
    tables = schema.tables(place.schema)
    if place.path is not None:
        engine = _open_file(place.path, place.where, read_only=read_only)
    else:
        engine = _open_schema(place, read_only=read_only)
    try:
        with StorageErrors(place.where), engine.connect() as connection:
            schema.check_format(connection, tables, place.where)
            if place.path is not None and not read_only:
                _settle_journal(connection, place.path, place.where)
    except BaseException:
        engine.dispose()
        raise
    return SqlRecorder(engine, tables, clock, place.where)


# --- SQLite --------------------------------------------------------------------------


def _create_file(path: Path, where: str, clock: Clock, fill: Fill) -> None:
    with built(path, where) as building:
        _fill_file(building, where, clock, fill)


@contextmanager
def built(path: Path, where: str) -> Iterator[Path]:
    """A new, private and empty file beside a path, to fill in the block; it then takes the path.

    That is one step, which fails if something is there. Nothing else is left behind, except by
    a kill, whose leftovers the next call here removes. Raises `LedgerExists`, and
    `StorageFailure` if the file cannot be written.
    """
    clear_leftovers(path.parent)
    if os.path.lexists(path):
        raise LedgerExists(where)
    for end in ("-journal", "-wal"):
        if (left := left_beside(path, end)) is not None:
            # SQLite would apply it to the new file.
            raise StorageFailure(
                f"{left.name} lies beside {where}, left by a file that is gone",
                advice="Move it away first: it may still be needed",
            )
    with file_errors(where), building_beside(path) as building:
        os.close(os.open(building, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        yield building
        if no_room(building):  # it could not be opened, nor recognized as a ledger
            raise full(where)
        _put_in_place(building, path, where)


def _fill_file(building: Path, where: str, clock: Clock, fill: Fill) -> None:
    tables = schema.tables()
    engine = sqlite_engine(building, mode="rw")
    try:
        with StorageErrors(where), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            schema.create(connection, tables)
            fill(SqlRecorder(engine, tables, clock, where), Session(connection))
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql(f"PRAGMA journal_mode = {sqlite_in_use().journal_mode}")
    finally:
        # Closing the last connection also writes back and removes a write-ahead log.
        engine.dispose()


def _put_in_place(building: Path, path: Path, where: str) -> None:
    try:
        os.link(building, path)
    except FileExistsError:
        raise LedgerExists(where) from None
    except OSError:
        # A file system without hard links. Claim the name first, so that of two concurrent
        # creations only one continues.
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        except FileExistsError:
            raise LedgerExists(where) from None
        try:
            os.replace(building, path)
        except OSError:
            path.unlink()  # an empty file would block the next try
            raise
    with suppress(OSError):  # if a folder cannot be synced, the file's own sync must do
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _open_file(path: Path, where: str, *, read_only: bool) -> Engine:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except (FileNotFoundError, NotADirectoryError):
        raise NoLedger(
            f"no ledger at {where}",
            advice=NOT_THERE,
        ) from None
    except IsADirectoryError:
        raise NotALedger(f"{where} is a folder, not a ledger", advice=ELSEWHERE) from None
    except OSError as error:
        raise StorageFailure(
            f"{where} cannot be read: {error.strerror}",
            advice="Check the owner and the permissions of the file and its folder",
        ) from error
    if empty:
        raise NotALedger(f"{where} is empty, not a ledger", advice=ELSEWHERE)
    if read_only or cannot_change(path):
        return sqlite_engine(path, mode=lambda: reading_mode(path))
    return sqlite_engine(path, mode="rw")


def _settle_journal(connection: Connection, path: Path, where: str) -> None:
    """Give the file the journal mode that is safe with this SQLite.

    A ledger may come from a machine with another SQLite. The mode can only change while no
    other connection has the file open.
    """
    sqlite = sqlite_in_use()
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    if mode == sqlite.journal_mode:
        return
    connection.exec_driver_sql("PRAGMA busy_timeout = 2000")
    try:
        mode = connection.exec_driver_sql(
            f"PRAGMA journal_mode = {sqlite.journal_mode}"
        ).scalar_one()
    except OperationalError:
        pass  # in use or read-only: an append will report it
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_S * 1000}")
    if mode == "wal" and sqlite.wal_reset_bug and os.access(path, os.W_OK):
        raise StorageFailure(
            f"{where} is in use by a newer SQLite, and SQLite {sqlite.version} could damage it",
            advice="Install a fixed one: pip install pysqlite3",
        )


# --- PostgreSQL ----------------------------------------------------------------------


def _create_schema(place: Place, clock: Clock, fill: Fill) -> None:
    assert place.url is not None
    tables = schema.tables(place.schema)
    engine = postgres_engine(place.url, read_only=False)
    try:
        with StorageErrors(place.where), engine.connect() as connection:
            _check_encoding(connection, place.where)
            recorder = SqlRecorder(engine, tables, clock, place.where)
            session = Session(connection)
            recorder.lock(session)
            # Under the lock, so that of two concurrent creations one finds the other's.
            if _relations(connection, place.schema):
                raise LedgerExists(place.where)
            schema.create(connection, tables)
            fill(recorder, session)
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


def _open_schema(place: Place, *, read_only: bool) -> Engine:
    assert place.url is not None
    engine = postgres_engine(place.url, read_only=read_only)
    try:
        with StorageErrors(place.where), engine.connect() as connection:
            _check_encoding(connection, place.where)
            found = _relations(connection, place.schema)
        if not found:
            raise NoLedger(
                f"no ledger at {place.where}",
                advice=NOT_THERE,
            )
        if "ledger_format" not in found:
            raise NotALedger(f"{place.where} holds something else", advice=ELSEWHERE)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _check_encoding(connection: Connection, where: str) -> None:
    """Raise `StorageFailure` unless the database stores all of Unicode.

    `SQL_ASCII` takes any bytes and returns bytes; `LATIN1` refuses a Chinese title.
    """
    encoding = str(connection.exec_driver_sql("SHOW server_encoding").scalar_one())
    if encoding != "UTF8":
        raise StorageFailure(
            f"the database of {where} keeps text in {encoding}, but a ledger needs UTF8",
            advice="Create one: CREATE DATABASE studio ENCODING 'UTF8' TEMPLATE template0",
        )


def _relations(connection: Connection, name: str | None) -> set[str]:
    """The relations in a PostgreSQL schema; none in one that an administrator has prepared."""
    found = connection.execute(
        sql(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = :name"
        ),
        {"name": name},
    )
    return set(found.scalars())
