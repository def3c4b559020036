"""SQLite files after a crash, for read-only users, and when another file has taken their place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from ledger.errors import StorageFailure
from ledger.log import stores
from ledger.log.recorder import SqlRecorder
from ledger.log.store.health import examine
from ledger.log.store.store_urls import Place, sqlite_module
from ledger.log.stores import open_store
from ledger.time.periods import SystemClock
from tests.unit.log.conftest import creating, made_up, one_line, opening
from tests.unit.log.test_filesystems import _as_nobody

INSERT = "INSERT INTO event VALUES (?, '2999-01-01T00:00:00.000000Z', 'A', '[]', ?)"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may read, unlike pytest's own."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    try:
        yield made
    finally:
        made.chmod(0o755)
        shutil.rmtree(made)


def _crashed(there: Path, journal_mode: str, statements: Callable[[int], bool]) -> Path:
    """A copy of what is on the disk during an append, as if the machine had crashed then."""
    path = there.with_name("alive") / "studio.db"
    path.parent.mkdir()
    try:
        with creating(path) as made:
            made.append([made_up(1)])
        with closing(sqlite_module().connect(path, isolation_level=None)) as file:
            file.execute(f"PRAGMA journal_mode = {journal_mode}")
            file.execute("PRAGMA cache_size = 1")  # so that an append reaches the file early
            file.execute("BEGIN IMMEDIATE")
            for n in range(2, 200):
                file.execute(INSERT, (n, b"x" * 3_000))
                if statements(n):
                    file.execute("COMMIT")
                    break
            for each in path.parent.iterdir():
                shutil.copy(each, there)
                (there / each.name).chmod(0o644)
    finally:
        shutil.rmtree(path.parent)
    return there / "studio.db"


@pytest.fixture
def unmerged(folder: Path) -> Path:
    """#1 is in the file; #2 and #3 were acknowledged and are in the log beside it."""
    (folder / "studio").mkdir()
    return _crashed(folder / "studio", "wal", lambda n: n == 3)


@pytest.fixture
def interrupted(folder: Path) -> Path:
    """#1 is recorded; half of a larger append is in the file."""
    (folder / "studio").mkdir()
    return _crashed(folder / "studio", "delete", lambda n: False)


def _read_only_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))


def _read(path: Path, *, read_only: bool = True) -> list[int]:
    with opening(path, read_only=read_only) as reader:
        return [row[0] for row in reader.rows(until=1_000)]


def _not_read(path: Path) -> str:
    with pytest.raises(StorageFailure) as failed:
        _read(path)
    with pytest.raises(StorageFailure):
        examine(str(path))
    return one_line(failed.value)


def test_what_was_acknowledged_is_read_on_a_read_only_disk(
    unmerged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unmerged.parent.chmod(0o555)
    _read_only_disk(monkeypatch)
    with _as_nobody():
        assert _read(unmerged) == [1, 2, 3]
        assert _read(unmerged, read_only=False) == [1, 2, 3]
        assert examine(str(unmerged)).last == 3
    unmerged.parent.chmod(0o755)


def test_events_beside_the_file_that_cannot_be_read_are_reported(
    unmerged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the index file, which cannot be created there."""
    unmerged.with_name("studio.db-shm").unlink()
    unmerged.parent.chmod(0o555)
    with _as_nobody():
        said = _not_read(unmerged)
        _read_only_disk(monkeypatch)
        assert _not_read(unmerged) == said
    assert "Copy it and studio.db-wal together" in said
    unmerged.parent.chmod(0o755)
    assert _read(unmerged) == [1, 2, 3]


def test_an_interrupted_append_is_rolled_back_by_a_reader_that_may_write(
    interrupted: Path,
) -> None:
    with opening(interrupted, read_only=True) as reader:
        assert [row[0] for row in reader.rows(until=1_000)] == [1]
        with pytest.raises(StorageFailure, match="read-only"):
            reader.append([made_up(2)])
    assert [each.name for each in interrupted.parent.iterdir()] == ["studio.db"]


def test_an_interrupted_append_is_never_shown(
    interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted.parent.chmod(0o555)
    with _as_nobody():
        said = _not_read(interrupted)
        _read_only_disk(monkeypatch)
        assert _not_read(interrupted) == said
    assert "interrupted append" in said
    assert "Copy it and studio.db-journal together" in said
    interrupted.parent.chmod(0o755)
    assert _read(interrupted) == [1]


# --- an auditor in another user's folder -------------------------------------------------


@pytest.fixture
def theirs(folder: Path) -> Iterator[Path]:
    """A closed ledger with #1, which others may read but not write."""
    path = folder / "studio.db"
    with creating(path) as made:
        made.append([made_up(1)])
    with closing(sqlite_module().connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = wal")
    path.chmod(0o644)
    folder.chmod(0o555)
    yield path
    folder.chmod(0o755)


def _record(path: Path, n: int) -> None:
    """Append as the owner, in a short-lived program."""
    path.parent.chmod(0o755)
    with closing(sqlite_module().connect(path, isolation_level=None)) as file:
        file.execute(INSERT, (n, b"x"))
    path.parent.chmod(0o555)


def test_an_auditor_reads_a_ledger_that_is_not_open(theirs: Path) -> None:
    with _as_nobody():
        assert _read(theirs) == [1]
        assert examine(str(theirs)).last == 1
        with (
            pytest.raises(StorageFailure, match="read-only"),
            opening(theirs, read_only=True) as reader,
        ):
            reader.append([made_up(2)])


def test_an_auditor_sees_what_is_recorded_meanwhile(theirs: Path) -> None:
    with _as_nobody():
        reader = open_store(Place.parse(theirs), SystemClock(), read_only=True)
    with closing(reader):
        for n in (2, 3):
            with _as_nobody():
                assert reader.head() == n - 1
            _record(theirs, n)
        theirs.parent.chmod(0o755)
        with closing(sqlite_module().connect(theirs, isolation_level=None)) as owner:
            owner.execute(INSERT, (4, b"x"))
            for each in theirs.parent.iterdir():
                each.chmod(0o644)
            theirs.parent.chmod(0o555)
            with _as_nobody():
                assert reader.head() == 4
            owner.execute(INSERT, (5, b"x"))
            with _as_nobody():
                assert reader.head() == 5


def test_a_page_that_was_written_to_during_the_read_is_refused(theirs: Path) -> None:
    with _as_nobody():
        reader = open_store(Place.parse(theirs), SystemClock(), read_only=True)
    with closing(reader):
        with pytest.raises(StorageFailure, match="written to while it was read"), _as_nobody():
            _read_slowly(reader, theirs)
        with _as_nobody():
            assert reader.head() == 2


def _read_slowly(reader: SqlRecorder, path: Path) -> None:
    with reader._reading():
        os.seteuid(os.getuid())
        _record(path, 2)


# --- another file in its place ----------------------------------------------------------


def _replace(path: Path) -> None:
    """Replace the file, as when a backup is restored over an open ledger."""
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    copy.replace(path)


@pytest.mark.parametrize("change", [_replace, Path.unlink], ids=["replaced", "removed"])
def test_nothing_is_recorded_into_a_file_that_is_gone(
    sqlite_url: str, change: Callable[[Path], None]
) -> None:
    with creating(sqlite_url) as recorder:
        recorder.append([made_up(1)])
        change(Path(sqlite_url))
        with pytest.raises(StorageFailure, match="replaced by another file") as failed:
            recorder.append([made_up(2)])
        assert "Nothing was recorded" in one_line(failed.value)
        assert recorder.head() == 1


# --- created, but cannot be opened -------------------------------------------------------


def test_a_ledger_that_could_not_be_opened_is_not_created(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "no_room", lambda path: True)
    with (
        pytest.raises(StorageFailure, match=r"is full\. Nothing was recorded"),
        creating(sqlite_url),
    ):
        pass
    assert list(Path(sqlite_url).parent.iterdir()) == []


def test_a_ledger_that_was_created_but_cannot_be_opened_is_reported(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StorageFailure("the disk is full", advice="Nothing was recorded")

    with monkeypatch.context() as patched:
        patched.setattr(stores, "open_store", fails)
        with pytest.raises(StorageFailure) as failed, creating(ledger_url):
            pass
    said = one_line(failed.value)
    assert "was created, but cannot be opened: the disk is full" in said
    assert "do not create it again" in said
    assert "Nothing was recorded" not in said
    with opening(ledger_url) as there:
        assert there.head() == 0
