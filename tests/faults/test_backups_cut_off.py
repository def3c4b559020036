"""A backup or a restore that is cut off: nothing half is left, and the ledger is unharmed."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from ledger.application import Author, Ledger
from ledger.backups import Known, back_up, restore
from ledger.decisions.projects import OpenProject
from ledger.errors import StorageFailure
from tests.roles import admin, schema_of
from tests.terminal import Terminal

WHO = Author("ana")
EVENTS = 3_000
TITLE = "片" * 180


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A ledger of some megabytes: copying it takes a while."""
    where = str(tmp_path_factory.mktemp("large") / "studio.db")
    with Ledger.create(where, origin="studio.example", author=WHO) as ledger:
        ledger.apply(
            (
                (n, OpenProject(project=f"p-{n}", title=TITLE, kind="short", on=date(2025, 1, 1)))
                for n in range(1, EVENTS)
            ),
            WHO,
        )
    return Terminal(where)


@pytest.fixture(scope="module")
def copy(large: Terminal) -> str:
    """A backup of it."""
    made = Path(large.ledger).with_name("copy.db")
    back_up(large.ledger, made, Known())
    return str(made)


def _interrupted(work: Callable[[], object], after_s: float) -> int:
    """Do it in a child, and say Ctrl-C to it after a while: 0 done, 130 interrupted, else 70."""
    begun, begins = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.write(begins, b"!")
            work()
            code = 0
        except KeyboardInterrupt:
            code = 130
        finally:
            os._exit(code)
    os.close(begins)
    os.read(begun, 1)
    select.select([begun], [], [], after_s)  # no longer than until it ends
    os.close(begun)
    os.kill(child, signal.SIGINT)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _is_whole(file: Path) -> None:
    assert len(Terminal(str(file)).lines()) == EVENTS


DOINGS = ("backup", "restore", "backup of a server", "restore to a server")


@pytest.mark.parametrize("doing", DOINGS)
def test_ctrl_c_leaves_all_or_nothing(
    large: Terminal, copy: str, postgres_url: str, tmp_path: Path, doing: str
) -> None:
    if doing == "backup of a server":
        restore(copy, postgres_url, Known())
    ended = []
    for milliseconds in (1, 3, 10, 20, 40, 80, 120, 180, 250, 350, 500, 700, 1_000, 6_000):
        new = tmp_path / f"{milliseconds}.db"
        source = postgres_url if doing == "backup of a server" else large.ledger
        where = postgres_url if doing == "restore to a server" else str(new)

        def work(source: str = source, new: Path = new, where: str = where) -> None:
            if doing.startswith("backup"):
                back_up(source, new, Known())
            else:
                restore(copy, where, Known())

        ended.append(_interrupted(work, milliseconds / 1_000))
        assert ended[-1] in (0, 130)
        there = Terminal(where).run("log", "--limit", "1").code
        assert there in ((0,) if ended[-1] == 0 else (0, 10))
        if there == 0:  # it was quicker, or Python has lost the signal, as it may
            assert len(Terminal(where).lines()) == EVENTS
            for gone in (new, *tmp_path.glob(f"{new.name}-*")):
                gone.unlink(missing_ok=True)
            if doing == "restore to a server":
                admin(postgres_url, "DROP SCHEMA {} CASCADE", schema_of(postgres_url))
        assert not list(tmp_path.iterdir()), "something half is left"
    assert ended.count(130) > 2, "it was hardly interrupted: this shows nothing"
    assert ended[-1] == 0
    assert len(large.lines()) == EVENTS
    large.must("doctor")


def test_a_killed_backup_leaves_nothing_by_its_name(large: Terminal, tmp_path: Path) -> None:
    for milliseconds in (100, 300, 500, 700, 900):
        target = tmp_path / f"{milliseconds}.db"
        child = subprocess.Popen(
            large.command("backup", str(target)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(milliseconds / 1_000)
        child.send_signal(signal.SIGKILL)
        child.wait()
        if target.exists():
            _is_whole(target)
        # What a kill leaves is hidden, and nobody's ledger.
        assert all(f.name.startswith(".") for f in tmp_path.iterdir() if f.suffix == ".new")
    large.must("doctor")
    large.must("backup", str(tmp_path / "after.db"))
    _is_whole(tmp_path / "after.db")


@contextmanager
def _files_no_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("doing", DOINGS[:3])
def test_a_disk_that_takes_no_more(
    large: Terminal, copy: str, postgres_url: str, tmp_path: Path, doing: str
) -> None:
    if doing == "backup of a server":
        restore(copy, postgres_url, Known())
    new = tmp_path / "new.db"
    for size in (0, 4_096, 100_000, 1_000_000):
        with _files_no_larger_than(size), pytest.raises(StorageFailure) as failed:  # noqa: PT012 - two ways to fail
            if doing == "restore":
                restore(copy, str(new), Known())
            else:
                back_up(postgres_url if "server" in doing else copy, new, Known())
        assert str(new) in failed.value.message, "it names the file that could not be written"
        assert not list(tmp_path.iterdir())
    large.must("doctor")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB; where we may mount none, the tests above show the same by a limit."""
    at = tmp_path / "disk"
    at.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(at)],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted here, only root on Linux may: {error}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True, capture_output=True)


def test_a_full_disk(large: Terminal, small_disk: Path) -> None:
    done = large.run("backup", str(small_disk / "copy.db"))
    assert (done.code, done.out) == (74, "")
    assert f"the disk of {small_disk / 'copy.db'} is full" in done.err
    assert not list(small_disk.iterdir())


def test_a_read_only_disk(large: Terminal, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, capture_output=True)
    done = large.run("backup", str(small_disk / "copy.db"))
    assert (done.code, done.out) == (74, "")
    assert "read-only" in done.err


def test_a_ledger_on_a_read_only_disk_can_be_backed_up(
    large: Terminal, small_disk: Path, tmp_path: Path
) -> None:
    with Ledger.create(str(small_disk / "studio.db"), origin="a", author=WHO):
        pass
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, capture_output=True)
    terminal = Terminal(str(small_disk / "studio.db"))
    terminal.must("backup", str(tmp_path / "copy.db"))
    assert Terminal(str(tmp_path / "copy.db")).lines() == terminal.lines()


def test_what_lies_beside_a_new_name_is_not_taken_for_its_journal(
    large: Terminal, tmp_path: Path
) -> None:
    """SQLite rolls back, into whatever has the name, the journal that it finds beside it."""
    (tmp_path / "copy.db-journal").write_bytes(b"of a file that is gone")
    done = large.run("backup", str(tmp_path / "copy.db"))
    assert (done.code, "copy.db-journal lies beside" in done.err) == (74, True)
    assert [file.name for file in tmp_path.iterdir()] == ["copy.db-journal"]
