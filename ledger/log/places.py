"""Where a ledger is, and the engine that speaks to it.

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

from ledger.companions import expanded
from ledger.errors import BadInput, StorageFailure
from ledger.log.beside import OPTIONS, Seen
from ledger.log.schema import DEFAULT_SCHEMA

LOCK_TIMEOUT_S = 60
"""How long an append waits for another writer before it gives up."""

_SEEN = "studio-ledger seen"
"""Where a connection's record keeps the file that it has open."""

_SILENT = logging.NullHandler()

_FORMS = "Write a path, sqlite:///path, or postgresql://user@host/database"


@dataclass(frozen=True)
class Place:
    """A place that may hold a ledger: an SQLite file, or a schema of a PostgreSQL database.

    `where` names it for a person, without a password.
    """

    where: str
    path: Path | None = None
    url: URL | None = None
    schema: str | None = None

    @classmethod
    def parse(cls, text: str | Path) -> "Place":
        """Read a path or URL. Raises `BadInput` for what is neither."""
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
        raise BadInput(f"a ledger cannot live in {url.drivername!r}", advice=_FORMS)

    @classmethod
    def _file(cls, text: str) -> "Place":
        if text in ("", ":memory:") or "\0" in text:
            raise BadInput(f"{text!r} names no file", advice=_FORMS)
        return cls(where=text, path=expanded(text))

    @classmethod
    def _postgres(cls, url: URL) -> "Place":
        schema = url.query.get("schema", DEFAULT_SCHEMA)
        url = url.difference_update_query(["schema"])
        try:
            shown = url.set(drivername="postgresql").render_as_string(hide_password=True)
            str(schema).encode()
        except UnicodeEncodeError:  # a terminal of another encoding gave half a character
            raise BadInput("the ledger's address is no text", advice=_FORMS) from None
        if not isinstance(schema, str) or not 0 < len(schema.encode()) < 64 or "\0" in schema:
            raise BadInput(f"{schema!r} names no schema", advice="Use one name of 1 to 63 bytes")
        mark = "&" if url.query else "?"
        return cls(where=f"{shown}{mark}schema={schema}", url=url, schema=schema)


# --- SQLite --------------------------------------------------------------------------


@dataclass(frozen=True)
class SqliteInUse:
    """Which SQLite library this program runs on, for `doctor`.

    `wal_reset_bug`: it can lose or corrupt a write-ahead-logged database when two
    connections write and checkpoint at once (sqlite.org/wal.html, "the WAL-reset bug").
    Then a rollback journal is used instead: slower, and safe.
    """

    module: str
    version: str
    wal_reset_bug: bool

    @property
    def journal_mode(self) -> str:
        """The journal mode that ledgers are kept in, as SQLite spells it."""
        return "delete" if self.wal_reset_bug else "wal"


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """3.7.0 to 3.51.2 have it, but for the two branches that it was repaired in."""
    if version[:2] == (3, 44):
        return version < (3, 44, 6)
    if version[:2] == (3, 50):
        return version < (3, 50, 7)
    return (3, 7, 0) <= version <= (3, 51, 2)


def sqlite_module() -> ModuleType:
    """The DBAPI module to use: `pysqlite3` carries a newer SQLite than most systems have."""
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
    """Say which SQLite is used, and whether it is one that cannot be trusted with a WAL."""
    module = sqlite_module()
    return SqliteInUse(
        module=module.__name__.removesuffix(".dbapi2"),
        version=module.sqlite_version,
        wal_reset_bug=has_wal_reset_bug(module.sqlite_version_info),
    )


def sqlite_engine(path: Path, *, mode: str | Callable[[], str]) -> Engine:
    """An engine on an SQLite file. `mode` is one of `ledger.log.beside.OPTIONS`, or gives it.

    Every statement stands alone (autocommit): a transaction is begun and ended in so many
    words, since BEGIN IMMEDIATE is the lock of an append. A connection's `seen` tells which
    file it has open.
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
        with suppress(OSError):  # what is not there is said by SQLite
            record.info[_SEEN] = Seen.now(path, now)
        connection = module.connect(
            f"file:{quote(str(path.absolute()))}?{OPTIONS[now]}",
            uri=True,
            timeout=LOCK_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        # With a write-ahead log it is FULL. With a rollback journal a commit is the journal's
        # removal, and only EXTRA waits for the folder: without that a power cut can bring the
        # journal back, which takes back what was acknowledged.
        connection.execute("PRAGMA synchronous = EXTRA")
        # A memory map turns a failing disk into SIGBUS and shows a stray write in our own
        # process as a change of the log.
        connection.execute("PRAGMA mmap_size = 0")
        if now == "roll back":
            connection.execute("PRAGMA query_only = ON")
        if now == "rw":
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
            _keep_names(path)
        return connection

    @event.listens_for(engine, "checkout")
    def look_again(_connection: object, record: Any, _proxy: object) -> None:
        seen = record.info.get(_SEEN)
        if seen is not None and seen.is_written():
            raise DisconnectionError  # the pool then connects anew, in the mode of this moment

    return engine


def _keep_names(path: Path) -> None:
    """Have the write-ahead log's name on the disk before anything is acknowledged in it.

    SQLite makes that file when it first reads, syncs the folder when it first syncs the file, and
    passes over a failure of the former: a power cut could then take the file, and all in it.
    Raises `StorageFailure`.
    """
    try:
        folder = os.open(path.absolute().parent, os.O_RDONLY)
    except OSError:
        return  # no system that opens folders, or none that is ours to open
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno in (errno.EIO, errno.ENOSPC):  # others say that folders are not synced here
            raise StorageFailure(
                f"the disk of {path} failed to write",
                advice="Nothing was recorded. Check its free space and its health",
            ) from error
    finally:
        os.close(folder)


def seen(connection: Connection) -> Seen | None:
    """The file that a connection has open; None for a server's."""
    found: Seen | None = connection.info.get(_SEEN)
    return found


# --- PostgreSQL ----------------------------------------------------------------------


def postgres_engine(url: URL, *, read_only: bool) -> Engine:
    """An engine on a PostgreSQL database, with positional parameters.

    Raises `StorageFailure` where the driver is not installed.
    """
    # The driver warns of a connection that broke on Python's last-resort handler, which is the
    # terminal, beside the one line that we say ourselves. Whoever logs still gets it.
    logging.getLogger("psycopg").addHandler(_SILENT)
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": 10}
    # A connection that breaks is told in our own words; the driver's would stand beside them.
    logging.getLogger("psycopg").addHandler(logging.NullHandler())
    try:
        engine = create_engine(
            url,
            paramstyle="format",
            isolation_level="AUTOCOMMIT",
            max_overflow=-1,
            # Not that of the database or of PGCLIENTENCODING: with SQL_ASCII the driver
            # would give bytes for texts.
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
