"""Limits in plain SQL: the same statements without anything of ours, on the same SQLite.

Nothing here checks a rule, or a line, or an order. It is what nobody can do without who wants the
same bytes on the same disk, or from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from ledger.events import STUDIO_EVENTS
from ledger.events.base import Event, format_recorded_at
from ledger.log.rows import StoredRow
from ledger.log.store.store_urls import sqlite_module
from ledger.time.periods import SystemClock
from tests.benchmarks.holds import Hold

E = TypeVar("E", bound=Event)

INSERT_EVENT = "INSERT INTO event VALUES (?, ?, ?, ?, ?)"
INSERT_TAG = "INSERT INTO event_tag VALUES (?, ?, ?)"
_LAST = "SELECT position, recorded_at FROM event ORDER BY position DESC LIMIT 1"
_ALL = "SELECT position, recorded_at, type, tags, data FROM event WHERE position <= ? ORDER BY 1"
_NEWS = "SELECT * FROM event WHERE position > ? ORDER BY position LIMIT 32"
_FOUND = (
    "SELECT e.position, e.recorded_at, e.type, e.tags, e.data"
    " FROM event_tag t JOIN event e ON e.position = t.position WHERE t.tag = ?"
)
_TABLES = (
    "CREATE TABLE event (position INTEGER PRIMARY KEY, recorded_at TEXT NOT NULL,"
    " type TEXT NOT NULL, tags TEXT NOT NULL, data BLOB NOT NULL)",
    "CREATE TABLE event_tag (tag TEXT, type TEXT, position INTEGER,"
    " PRIMARY KEY (tag, type, position)) WITHOUT ROWID",
)


def durable(path: Path, journal: str = "wal") -> Any:
    """A plain connection, every commit of which waits for the disk."""
    connection = sqlite_module().connect(str(path), isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("PRAGMA synchronous = full")
    return connection


class Decider:
    """The reads and the inserts of a decision, on a copy of the same ledger.

    With `follows` only those of a program that knows the answers of earlier decisions: what is
    new, and whether the id is. It does not do what makes the others needless.
    """

    def __init__(self, path: Path, *, follows: bool = False) -> None:
        self._connection = durable(path)
        self._follows = follows
        self._head = 1

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def take(self, hold: Hold) -> None:
        """Ask what the decision asks, record what it records."""
        run = self._connection.execute
        if self._follows:
            run(_NEWS, (self._head - 1,)).fetchall()
        else:
            run(_LAST).fetchone()
        for question in hold.questions[:1] if self._follows else hold.questions:
            types = f" AND t.type IN ({','.join('?' * len(question.types))})"
            newest = " DESC LIMIT 1" if question.last else ""
            run(
                f"{_FOUND}{types if question.types else ''} ORDER BY t.position{newest}",
                (question.tag, *question.types),
            ).fetchall()
        now = format_recorded_at(SystemClock().now())
        run("BEGIN IMMEDIATE")
        position = self._head = run(_LAST).fetchone()[0] + 1
        tags = msgspec.json.encode(hold.tags).decode()
        run(INSERT_EVENT, (position, now, hold.type, tags, hold.data.encode()))
        self._connection.executemany(INSERT_TAG, [(t, hold.type, position) for t in hold.tags])
        run("COMMIT")


# --- in bulk -----------------------------------------------------------------------------


def rows_of(path: Path, after: int = 0) -> list[StoredRow]:
    """The stored rows of a ledger from there on."""
    connection = sqlite_module().connect(str(path))
    try:
        rows: list[StoredRow] = connection.execute(_ALL, (2**62,)).fetchall()
        return rows[after:]
    finally:
        connection.close()


def tags_of_rows(rows: Sequence[StoredRow]) -> list[tuple[str, str, int]]:
    """What the tag index says of rows."""
    decode = msgspec.json.Decoder(list[str]).decode
    return [(tag, type, position) for position, _, type, tags, _ in rows for tag in decode(tags)]


def without_guards(path: Path) -> Path:
    """Take a ledger's triggers away: to write past them is no part of a limit."""
    connection = durable(path)
    named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in named:
        connection.execute(f"DROP TRIGGER {name}")
    connection.close()
    return path


def insert(
    path: Path, rows: Sequence[StoredRow], tags: Sequence[tuple[str, str, int]], *, new: bool
) -> None:
    """Write rows and their tags in one transaction; `new`: to a file that is not there yet.

    A new file needs no write-ahead log: its rollback journal is as good as empty.
    """
    connection = durable(path, "delete" if new else "wal")
    connection.execute("BEGIN IMMEDIATE")
    for statement in _TABLES if new else ():
        connection.execute(statement)
    connection.executemany(INSERT_EVENT, rows)
    connection.executemany(INSERT_TAG, tags)
    connection.execute("COMMIT")
    connection.close()


# --- reading -----------------------------------------------------------------------------


class _Data(Struct, Generic[E], frozen=True):
    """The `data` column: who, and the event itself, typed."""

    actor: str
    schema: int
    payload: E
    reason: str | None = None
    request: str | None = None
    batch: str | None = None


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    event_type.type_name: msgspec.json.Decoder(_Data[event_type])  # type: ignore[valid-type]  # a type made at run time
    for event_type in STUDIO_EVENTS
}


def decode(path: Path, until: int) -> int:
    """Read and decode the events up to a position; how many."""
    count, decoders = 0, _DECODERS
    for _, _, type, _, data in _selected(path, until):
        decoders[type].decode(data)
        count += 1
    return count


def hash_lines(path: Path) -> int:
    """Read the rows, put the lines together and hash each; how many."""
    count, form = 0, b'{"v":1,"position":%d,"recorded_at":"%b","type":"%b","tags":%b,"data":%b}'
    for position, recorded_at, type, tags, data in _selected(path, 2**62):
        line = form % (position, recorded_at.encode(), type.encode(), tags.encode(), data)
        sha256(line).digest()
        count += 1
    return count


def _selected(path: Path, until: int) -> Iterator[StoredRow]:
    connection = sqlite_module().connect(str(path))
    try:
        yield from connection.execute(_ALL, (until,))
    finally:
        connection.close()
