"""A full disk, a read-only disk, a limit on a file's size: one clear line, all or nothing."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from ledger.errors import StorageFailure
from ledger.log.recorder import SqlRecorder
from ledger.log.store.health import examine
from ledger.log.store.store_urls import sqlite_in_use
from tests.unit.log.conftest import creating, made_up, one_line, opening


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB. Where it cannot be mounted, the test is skipped; each has a
    sibling that needs no disk of its own and runs everywhere."""
    at = tmp_path / "disk"
    at.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(at))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted here, only root on Linux may: {error}")
    try:
        yield at
    finally:
        _run("umount", "-l", str(at))  # also when a failed test still holds a file there


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _append_until_it_fails(recorder: SqlRecorder) -> tuple[int, StorageFailure]:
    """How many appends were acknowledged, and why the next one was not."""
    for n in range(10_000):
        try:
            recorder.append([made_up(n, *(f"x:{n}-{m}" for m in range(100)))])
        except StorageFailure as failure:
            return n, failure
    raise AssertionError("the disk was never full")


def _fill_it(path: Path, *, pages: int | None = None) -> None:
    """Append until the disk is full: the last append fails, and those before it stay."""
    with creating(path) as recorder:
        if pages is not None:
            with recorder._connected() as session:
                session.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        recorded, failure = _append_until_it_fails(recorder)
        assert "is full. Nothing was recorded" in one_line(failure)
        assert recorder.head() == recorded > 0
        assert len(list(recorder.tag_index.entries())) == recorded * 100
    with opening(path, read_only=True) as again:
        assert [row[0] for row in again.rows(until=10_000)] == list(range(1, recorded + 1))


def test_a_full_disk_records_all_or_nothing(small_disk: Path) -> None:
    _fill_it(small_disk / "studio.db")


def test_a_full_file_records_all_or_nothing(sqlite_url: str) -> None:
    """SQLite reports the same for a file that has reached its maximum of pages."""
    _fill_it(Path(sqlite_url), pages=40)


@contextmanager
def _files_no_larger_than(size: int) -> Iterator[None]:
    """`ulimit -f`: the write fails with EFBIG, in the middle of a page or of a commit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_file_that_may_not_grow(sqlite_url: str) -> None:
    with creating(sqlite_url) as recorder:
        with _files_no_larger_than(150_000):
            recorded, failure = _append_until_it_fails(recorder)
        one_line(failure)
        assert recorder.head() == recorded > 0
        assert recorder.append([made_up(0)]) == recorded + 1


def test_no_room_for_a_first_page(tmp_path: Path) -> None:
    with (
        _files_no_larger_than(5_000),
        pytest.raises(StorageFailure, match="failed to read or write"),
        creating(tmp_path / "studio.db"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_no_room_to_make_a_ledger(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 250 * 1024)
    with pytest.raises(StorageFailure, match="is full"), creating(small_disk / "studio.db"):
        pass
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_a_read_only_disk_can_be_read(small_disk: Path) -> None:
    path = small_disk / "studio.db"
    with creating(path) as made:
        made.append([made_up(1)])
    _run("mount", "-o", "remount,ro", str(small_disk))
    for read_only in (True, False):
        with opening(path, read_only=read_only) as reader:
            assert reader.head() == 1
    _healthy(path)
    with pytest.raises(StorageFailure, match=r"read-only"), opening(path) as writer:
        writer.append([made_up(2)])
    with pytest.raises(StorageFailure, match=r"read-only"), creating(small_disk / "other.db"):
        pass


def _healthy(path: Path) -> None:
    health = examine(str(path))
    assert (health.events, health.last, health.missing_triggers, health.damage) == (1, 1, (), "")
    assert health.journal_mode == sqlite_in_use().journal_mode


def test_a_disk_that_says_it_is_read_only_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Like a read-only mount: no file can be created, and the system reports a read-only disk."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "studio.db"
    try:
        with creating(path) as made:
            made.append([made_up(1)])
        path.chmod(0o444)
        folder.chmod(0o555)
        _as_on_a_read_only_disk(path, monkeypatch)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def _as_on_a_read_only_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(path)
    flags = SimpleNamespace(f_flag=real.f_flag | os.ST_RDONLY)
    monkeypatch.setattr(os, "statvfs", lambda _: flags)
    with _as_nobody():
        for read_only in (True, False):
            with opening(path, read_only=read_only) as reader:
                assert reader.head() == 1
        _healthy(path)
        with pytest.raises(StorageFailure, match=r"read-only"), opening(path) as writer:
            writer.append([made_up(2)])
        assert [each.name for each in path.parent.iterdir()] == ["studio.db"]


def test_a_missing_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageFailure, match=r"folder .* does not exist"),
        creating(tmp_path / "nowhere" / "studio.db"),
    ):
        pass


NOBODY = 65_534


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Step down from root, which may do everything; any other user lacks the rights already."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def _refused(work: Callable[[], object]) -> str:
    with pytest.raises(StorageFailure) as failed, _as_nobody():
        work()
    return one_line(failed.value)


def test_permission_denied() -> None:
    folder = Path(tempfile.mkdtemp())  # other users cannot enter pytest's own folders
    try:
        folder.chmod(0o755)
        _permission_denied(folder / "studio.db")
    finally:
        shutil.rmtree(folder)


def _permission_denied(path: Path) -> None:
    with creating(path) as made:
        made.append([made_up(1)])
    path.chmod(0)

    def open_it() -> None:
        with opening(path):
            pass

    assert "Permission denied" in _refused(open_it)
    path.chmod(0o444)
    path.parent.chmod(0o555)

    def append() -> None:
        with opening(path) as opened:
            opened.append([made_up(2)])

    def create() -> None:
        with creating(path.with_name("other.db")):
            pass

    try:
        assert "cannot be" in _refused(append)
        assert "permission denied" in _refused(create)
    finally:
        path.parent.chmod(0o755)
