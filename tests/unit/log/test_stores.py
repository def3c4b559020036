"""Creating and opening a ledger: other files, unusable ledgers, and a killed creation."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from ledger.errors import (
    BadInput,
    LedgerExists,
    NewerFormat,
    NoLedger,
    NotALedger,
    StorageFailure,
)
from ledger.log import stores
from ledger.log.store import store_urls as places
from ledger.log.store.store_urls import Place, has_wal_reset_bug, sqlite_in_use, sqlite_module
from ledger.log.stores import create_store
from ledger.time.periods import SystemClock
from tests.unit.log.conftest import creating, made_up, one_line, opening

ByHand = Callable[[str], list[Any]]


# --- what is in its place -------------------------------------------------------------


def test_a_missing_ledger(ledger_url: str) -> None:
    with pytest.raises(NoLedger) as refused, opening(ledger_url):
        pass
    assert type(refused.value) is NoLedger
    assert "init" in one_line(refused.value)
    assert refused.value.exit_code == 10


def test_a_creation_never_overwrites(ledger_url: str) -> None:
    with creating(ledger_url) as first:
        first.append([made_up(1)])
        with pytest.raises(LedgerExists), creating(ledger_url):
            pass
        assert first.head() == 1


def test_a_ledger_of_a_newer_format(ledger_url: str, by_hand: ByHand) -> None:
    with creating(ledger_url):
        pass
    on_postgres = "://" in ledger_url
    by_hand("UPDATE ledger_format SET format = 2" if on_postgres else "PRAGMA user_version = 2")
    for read_only in (False, True):
        with (
            pytest.raises(NewerFormat, match=r"format 2, but this program reads only up to 1.*Up"),
            opening(ledger_url, read_only=read_only),
        ):
            pass


def test_a_database_that_is_not_a_ledger(ledger_url: str, by_hand: ByHand) -> None:
    if "://" in ledger_url:
        by_hand(f'CREATE SCHEMA "{make_url(ledger_url).query["schema"]}"')
    by_hand("CREATE TABLE invoices (n INTEGER)")
    with pytest.raises(NotALedger), opening(ledger_url):
        pass
    with pytest.raises(LedgerExists), creating(ledger_url):
        pass
    assert by_hand("SELECT * FROM invoices") == []


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n", b"SQLite format 3\0", b"x" * 8192])
def test_a_file_that_is_not_a_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "holiday.png"
    path.write_bytes(content)
    for read_only in (False, True):
        with pytest.raises(NotALedger) as refused, opening(path, read_only=read_only):
            pass
        one_line(refused.value)
    assert path.read_bytes() == content


def test_a_folder_is_not_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(NotALedger, match="folder"), opening(tmp_path):
        pass


def test_a_schema_prepared_by_an_administrator(postgres_url: str) -> None:
    engine = places.postgres_engine(Place.parse(postgres_url).url, read_only=False)  # type: ignore[arg-type]  # a URL has one
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE SCHEMA "{Place.parse(postgres_url).schema}"')
    engine.dispose()
    with pytest.raises(NoLedger), opening(postgres_url):
        pass
    with creating(postgres_url) as recorder:
        assert recorder.append([made_up(1)]) == 1


@pytest.mark.parametrize(
    "text", ["", "sqlite://", "sqlite:///:memory:", "mysql://h/d", "http://x", "postgresql://h:x/d"]
)
def test_invalid_addresses(text: str) -> None:
    with pytest.raises(BadInput, match="Write a path, sqlite:///path, or postgresql://"):
        Place.parse(text)


def test_a_password_is_never_shown() -> None:
    place = Place.parse("postgresql://anna:secret@db/studio?schema=s")
    assert place.where == "postgresql://anna:***@db/studio?schema=s"
    assert Place.parse("postgresql://db/studio").schema == "studio_ledger"


def test_a_server_that_does_not_answer() -> None:
    where = "postgresql://anna:secret@127.0.0.1:1/studio"
    with pytest.raises(StorageFailure, match="no connection") as failed, opening(where):
        pass
    assert "secret" not in one_line(failed.value)
    assert failed.value.exit_code == 74


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        pytest.raises(StorageFailure, match=r"pip install 'studio-ledger\[postgres\]'"),
        opening("postgresql://h/d"),
    ):
        pass


# --- the file -------------------------------------------------------------------------


def test_only_the_owner_can_read_a_new_file(sqlite_url: str) -> None:
    folder = Path(sqlite_url).parent
    old = os.umask(0)
    try:
        with creating(sqlite_url) as recorder:
            recorder.append([made_up(1)])
            assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    finally:
        os.umask(old)
    assert [path.name for path in folder.iterdir()] == ["studio.db"]


def test_the_journal_mode_is_safe_with_this_sqlite(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with creating(sqlite_url) as recorder, recorder._connected() as session:
        mode = session.connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        assert mode == sqlite_in_use().journal_mode
        assert session.connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 3  # EXTRA
        assert session.connection.exec_driver_sql("PRAGMA mmap_size").scalar() in (0, None)
        assert session.connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 60_000
    # The same file with an SQLite that has the bug, without it, and with it again.
    for bug, mode in ((True, "delete"), (False, "wal"), (True, "delete")):
        there = places.SqliteInUse("sqlite3", "3.0.0", bug)
        monkeypatch.setattr(stores, "sqlite_in_use", lambda there=there: there)
        with opening(sqlite_url) as opened, opened._connected() as session:
            assert session.connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == mode


@pytest.mark.parametrize(
    ("version", "bug"),
    [
        ((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True),
        ((3, 44, 6), False), ((3, 45, 0), True), ((3, 50, 6), True), ((3, 50, 7), False),
        ((3, 51, 0), True), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 53, 4), False),
    ],
)  # fmt: skip
def test_which_sqlite_has_the_wal_reset_bug(version: tuple[int, ...], bug: bool) -> None:
    assert has_wal_reset_bug(version) is bug


def test_a_damaged_file(sqlite_url: str) -> None:
    with creating(sqlite_url) as recorder:
        recorder.append([made_up(n, f"x:{n}") for n in range(400)])
    whole = Path(sqlite_url).read_bytes()
    Path(sqlite_url).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageFailure, match="is damaged") as failed, opening(sqlite_url) as cut:
        list(cut.rows(until=400))
    assert "backup" in one_line(failed.value)
    Path(sqlite_url).write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StorageFailure, match="is damaged"), opening(sqlite_url) as scratched:
        list(scratched.rows(until=400))


def test_a_read_only_log_refuses_appends(ledger_url: str) -> None:
    with creating(ledger_url) as made, opening(ledger_url, read_only=True) as reader:
        made.append([made_up(1)])
        with pytest.raises(StorageFailure, match="read-only") as failed:
            reader.append([made_up(2)])
        one_line(failed.value)
        assert made.append([made_up(2)]) == 2
        assert reader.head() == 2


def test_a_file_locked_by_another_program(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LOCK_TIMEOUT_S", 0.05)
    with (
        creating(sqlite_url) as recorder,
        closing(sqlite_module().connect(sqlite_url, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageFailure, match="locked by another program") as failed:
            recorder.append([made_up(1)])
        assert "Nothing was recorded" in one_line(failed.value)
        other.execute("ROLLBACK")
        assert recorder.append([made_up(1)]) == 1


def test_a_lock_held_too_long_on_postgres(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "LOCK_TIMEOUT_S", 0.05)
    with creating(postgres_url) as holder, opening(postgres_url) as waiter:
        with holder._connected() as connection:
            holder.lock(connection)
            with pytest.raises(StorageFailure, match="locked by another program"):
                waiter.append([made_up(1)])
        assert waiter.append([made_up(1)]) == 1


def test_a_file_that_appears_while_the_ledger_is_created(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(sqlite_url)

    def create_it_first(recorder: object, connection: object) -> None:
        path.write_bytes(b"mine")

    def no_hard_links(*_: object) -> None:
        raise OSError("not supported")

    for _ in range(2):
        with pytest.raises(LedgerExists):
            create_store(Place.parse(path), SystemClock(), create_it_first)
        assert path.read_bytes() == b"mine"
        assert [each.name for each in path.parent.iterdir()] == ["studio.db"]
        path.unlink()
        monkeypatch.setattr(os, "link", no_hard_links)
    with creating(path) as recorder:
        assert recorder.append([made_up(1)]) == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_name_that_could_not_be_taken_is_free_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without hard links the name is claimed first, and then the disk may fail."""

    def failing(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "link", failing)
    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(StorageFailure, match="cannot be written"), creating(sqlite_url):
        pass
    assert list(Path(sqlite_url).parent.iterdir()) == []
    monkeypatch.undo()
    with creating(sqlite_url):
        pass


# --- killed during the creation ----------------------------------------------------------

KILLED = """
import os, signal, sys
from ledger.log.store.store_urls import Place
from ledger.log.recorder import SqlRecorder
from ledger.log import stores
from ledger.time.periods import SystemClock
from eventsourcing.dcb.api import DCBEvent

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def fill(recorder, connection):
    recorder.record_within(connection, [DCBEvent("A", b"")], ["[]"])
    if sys.argv[2] == "before commit":
        die()

if sys.argv[2] == "before it is in place":
    stores._put_in_place = die
stores.create_store(Place.parse(sys.argv[1]), SystemClock(), fill)
"""


@pytest.mark.parametrize(
    ("ledger_url", "moment"),
    [
        ("sqlite", "before commit"),
        ("sqlite", "before it is in place"),
        ("postgres", "before commit"),  # which is what puts it in place there
    ],
    indirect=["ledger_url"],
)
def test_a_killed_creation_leaves_no_ledger(ledger_url: str, moment: str) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, ledger_url, moment], cwd=Path.cwd(), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(NoLedger) as refused, opening(ledger_url):
        pass
    assert type(refused.value) is NoLedger
    with creating(ledger_url) as recorder:
        assert recorder.append([made_up(1)]) == 1


def test_the_systems_sqlite_is_used_if_it_is_the_only_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pysqlite3", None)
    monkeypatch.setitem(sys.modules, "pysqlite3.dbapi2", None)
    assert sqlite_module() is sqlite3.dbapi2
    assert sqlite_in_use().module == "sqlite3"


def test_nothing_is_recorded_in_a_folder_that_cannot_be_synced(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite ignores the failure, and a power cut could lose the write-ahead log."""
    creating_once(sqlite_url)
    fsync, folders = os.fsync, []

    def failing(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            folders.append(file)
            raise OSError(errno.EIO, "Input/output error")
        fsync(file)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageFailure, match="failed to write"), opening(sqlite_url):
        pass
    assert folders
    with opening(sqlite_url, read_only=True) as reading:
        assert reading.head() == 0


def creating_once(where: str) -> None:
    """Create an empty log and close it."""
    with creating(where):
        pass
