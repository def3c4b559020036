"""Where a ledger is stored, and the SQLAlchemy engine for it.

A place is a path, `sqlite:///path`, or `postgresql://user@host/database?schema=name`.
"""

import errno
import importlib
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import QueuePool

from ledger.errors import BadInput, StorageFailure
from ledger.log.store.schema import DEFAULT_SCHEMA
from ledger.log.store.sqlite_recovery import OPTIONS, OpenFile
from ledger.sidecar_paths import expanded

LOCK_TIMEOUT_S = 60
"""How long an append waits for other writers before it fails."""

_OPEN_FILE = "studio-ledger open file"
"""The key for the open file in a connection's `info`."""

_SILENT = logging.NullHandler()

_FORMS = "Write a path, sqlite:///path, or postgresql://user@host/database"


@dataclass(frozen=True)
class Place:
    """A place that may hold a ledger: an SQLite file, or a schema of a PostgreSQL database.

    `where` names it in messages, without a password.
    """

    where: str
    path: Path | None = None
    url: URL | None = None
    schema: str | None = None

    @classmethod
    def parse(cls, text: str | Path) -> "Place":
        """Parse a path or URL. Raises `BadInput` if it is neither."""
        if isinstance(text, Path):
            return cls(where=str(text), path=text)
        if "://" not in text:
            return cls._file(text)
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise BadInput("the ledger's address cannot be read", advice=_FORMS) from None
        if url.drivername == "sqlite":
            return cls._file(url.database or "")
        if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
            return cls._postgres(url.set(drivername="postgresql+psycopg"))
        raise BadInput(f"a ledger cannot be kept in {url.drivername!r}", advice=_FORMS)

    @classmethod
    def _file(cls, text: str) -> "Place":
        if text in ("", ":memory:") or "\0" in text:
            raise BadInput(f"{text!r} does not name a file", advice=_FORMS)
        return cls(where=text, path=expanded(text))

    @classmethod
    def _postgres(cls, url: URL) -> "Place":
        schema = url.query.get("schema", DEFAULT_SCHEMA)
        url = url.difference_update_query(["schema"])
        try:
            shown = url.set(drivername="postgresql").render_as_string(hide_password=True)
            str(schema).encode()
        except UnicodeEncodeError:  # a lone surrogate, from a terminal with another encoding
            raise BadInput("the ledger's address is not valid text", advice=_FORMS) from None
        if not isinstance(schema, str) or not 0 < len(schema.encode()) < 64 or "\0" in schema:
            raise BadInput(
                f"{schema!r} is not a schema name", advice="Use one name of 1 to 63 bytes"
            )
        mark = "&" if url.query else "?"
        return cls(where=f"{shown}{mark}schema={schema}", url=url, schema=schema)


# --- SQLite --------------------------------------------------------------------------


@dataclass(frozen=True)
class SqliteInUse:
    """The SQLite library that this program uses.

    `wal_reset_bug`: it can lose or corrupt a write-ahead-logged database when two
    connections write and checkpoint at once (sqlite.org/wal.html, "the WAL-reset bug").
    Then a rollback journal is used instead, which is slower but safe.
    """

    module: str
    version: str
    wal_reset_bug: bool

    @property
    def journal_mode(self) -> str:
        """The journal mode for ledgers, as SQLite spells it."""
        return "delete" if self.wal_reset_bug else "wal"


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether a version is in 3.7.0 to 3.51.2 and not in a branch with the fix."""
    if version[:2] == (3, 44):
        return version < (3, 44, 6)
    if version[:2] == (3, 50):
        return version < (3, 50, 7)
    return (3, 7, 0) <= version <= (3, 51, 2)


def sqlite_module() -> ModuleType:
    """The DBAPI module to use: `pysqlite3` has a newer SQLite than most systems."""
    system: ModuleType = sqlite3.dbapi2
    try:
        carried = importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return system
    if has_wal_reset_bug(carried.sqlite_version_info) and not has_wal_reset_bug(
        system.sqlite_version_info
    ):
        return system
    return carried


def sqlite_in_use() -> SqliteInUse:
    """The SQLite library in use, and whether it has the WAL-reset bug."""
    module = sqlite_module()
    return SqliteInUse(
        module=module.__name__.removesuffix(".dbapi2"),
        version=module.sqlite_version,
        wal_reset_bug=has_wal_reset_bug(module.sqlite_version_info),
    )


def sqlite_engine(path: Path, *, mode: str | Callable[[], str]) -> Engine:
    """An engine on an SQLite file. `mode` is a key of `sqlite_recovery.OPTIONS`, or returns one.

    Every statement stands alone (autocommit): transactions have explicit statements, since
    BEGIN IMMEDIATE is the lock of an append. `open_file` tells which file a connection has open.
    """
    module = sqlite_module()
    engine = create_engine(
        "sqlite://",
        module=module,
        isolation_level="AUTOCOMMIT",
        poolclass=QueuePool,
        max_overflow=-1,
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, record: Any, _args: object, _parameters: object) -> Any:
        now = mode if isinstance(mode, str) else mode()
        with suppress(OSError):  # SQLite reports a missing file
            record.info[_OPEN_FILE] = OpenFile.now(path, now)
        connection = module.connect(
            f"file:{quote(str(path.absolute()))}?{OPTIONS[now]}",
            uri=True,
            timeout=LOCK_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        # With a write-ahead log EXTRA is the same as FULL. With a rollback journal a commit is
        # the removal of the journal, and only EXTRA syncs the folder: without that a power cut
        # can bring the journal back, which would roll back an acknowledged append.
        connection.execute("PRAGMA synchronous = EXTRA")
        # A memory map would turn a disk failure into SIGBUS, and a stray write in this process
        # into a change of the log.
        connection.execute("PRAGMA mmap_size = 0")
        if now == "roll back":
            connection.execute("PRAGMA query_only = ON")
        if now == "rw":
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
            _keep_names(path)
        return connection

    @event.listens_for(engine, "checkout")
    def look_again(_connection: object, record: Any, _proxy: object) -> None:
        file = record.info.get(_OPEN_FILE)
        if file is not None and file.is_written():
            raise DisconnectionError  # the pool then reconnects, in the mode that fits now

    return engine


def _keep_names(path: Path) -> None:
    """Sync the folder, so that the write-ahead log has its name before an append uses it.

    SQLite creates that file at its first read, syncs the folder when it first syncs the file, and
    ignores a failure to sync the folder: a power cut could then lose the file and all in it.
    Raises `StorageFailure`.
    """
    try:
        folder = os.open(path.absolute().parent, os.O_RDONLY)
    except OSError:
        return  # the system cannot open folders, or this user may not
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno in (errno.EIO, errno.ENOSPC):  # others: folders cannot be synced here
            raise StorageFailure(
                f"the disk of {path} failed to write",
                advice="Nothing was recorded. Check its free space and its health",
            ) from error
    finally:
        os.close(folder)


def open_file(connection: Connection) -> OpenFile | None:
    """The file that a connection has open; None for a server."""
    found: OpenFile | None = connection.info.get(_OPEN_FILE)
    return found


# --- PostgreSQL ----------------------------------------------------------------------


def postgres_engine(url: URL, *, read_only: bool) -> Engine:
    """An engine on a PostgreSQL database, with positional parameters.

    Raises `StorageFailure` if the driver is not installed.
    """
    # Without a handler, the driver's warning of a broken connection would go to the terminal,
    # beside our own message. A program that configures logging still gets it.
    logging.getLogger("psycopg").addHandler(_SILENT)
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": 10}
    try:
        engine = create_engine(
            url,
            paramstyle="format",
            isolation_level="AUTOCOMMIT",
            max_overflow=-1,
            # Not the encoding of the database or of PGCLIENTENCODING: with SQL_ASCII the
            # driver would return bytes instead of texts.
            connect_args={"client_encoding": "utf8", **patience},
        )
    except ModuleNotFoundError as error:
        raise StorageFailure(
            f"the PostgreSQL driver is missing ({error.name})",
            advice="Install it: pip install 'studio-ledger[postgres]'",
        ) from None

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'")
            if read_only:
                cursor.execute("SET default_transaction_read_only = on")

    return engine
