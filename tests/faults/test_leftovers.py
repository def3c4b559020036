"""What a killed program has left is named and cleared; what is in use is neither."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from ledger.application import Author, Ledger
from ledger.decisions.projects import OpenProject
from ledger.errors import StorageFailure
from ledger.log.store.stale_builds import building_beside, clear_leftovers, leftovers
from ledger.log.store.store_urls import Place
from ledger.log.stores import create_store
from ledger.time.periods import SystemClock
from tests.terminal import Terminal

WHO = Author("ana")
EVENTS = 3_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A ledger of some megabytes: copying it takes a while."""
    where = str(tmp_path_factory.mktemp("large") / "studio.db")
    with Ledger.create(where, origin="studio.example", author=WHO) as ledger:
        ledger.apply(
            (
                (
                    n,
                    OpenProject(
                        project=f"p-{n}", title="片" * 180, kind="short", on=date(2025, 1, 1)
                    ),
                )
                for n in range(1, EVENTS)
            ),
            WHO,
        )
    return Terminal(where)


def hidden(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.name.startswith(".")}


@contextmanager
def backup_under_way(ledger: Terminal, target: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that makes a backup, and has begun to write it."""
    program = subprocess.Popen(
        ledger.command("backup", str(target)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        while not any(
            f.name.endswith(".new") and f.stat().st_size for f in target.parent.iterdir()
        ):
            assert program.poll() is None, "it was quicker than we could look"
        yield program
    finally:
        program.kill()
        program.communicate()


def test_a_killed_backup_is_cleared_by_the_next_one(large: Terminal, tmp_path: Path) -> None:
    with backup_under_way(large, tmp_path / "one.db") as program:
        program.send_signal(signal.SIGKILL)
        program.wait()
    left = hidden(tmp_path)
    assert any(name.endswith(".new") for name in left)
    assert not (tmp_path / "one.db").exists()
    large.must("backup", str(tmp_path / "two.db"))
    assert {file.name for file in tmp_path.iterdir()} == {"two.db"}
    assert Terminal(str(tmp_path / "two.db")).lines() == large.lines()


def test_a_backup_that_only_takes_long_is_let_alone(large: Terminal, tmp_path: Path) -> None:
    """Its age says nothing: it may be stopped for hours."""
    with backup_under_way(large, tmp_path / "slow.db") as program:
        program.send_signal(signal.SIGSTOP)
        before = hidden(tmp_path)
        for name in before:
            os.utime(tmp_path / name, (0, 0))
        assert leftovers(tmp_path) == []
        large.must("backup", str(tmp_path / "quick.db"))
        assert before <= hidden(tmp_path)
        program.send_signal(signal.SIGCONT)
        assert program.wait(60) == 0
    assert {file.name for file in tmp_path.iterdir()} == {"quick.db", "slow.db"}
    assert Terminal(str(tmp_path / "slow.db")).lines() == large.lines()


def killed_while_it_is_made(path: Path) -> None:
    """A program that makes a ledger, and is killed when its first event is to be written."""
    child = os.fork()
    if child == 0:
        create_store(
            Place.parse(path), SystemClock(), lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        )
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def test_a_killed_init_is_named_by_doctor_and_cleared_by_the_next(tmp_path: Path) -> None:
    first, second = Terminal(str(tmp_path / "a.db")), Terminal(str(tmp_path / "b.db"))
    first.must("init", "--origin", "a")
    killed_while_it_is_made(tmp_path / "b.db")
    left = hidden(tmp_path)
    assert len(left) >= 2, "the file and its lock"
    told = [one for one in first.must("doctor", "--json").data if one["check"] == "leftovers"]
    assert [one["state"] for one in told] == ["warn"]
    assert told[0]["found"].startswith(min(left, key=len))
    assert str(tmp_path) in told[0]["advice"]
    assert hidden(tmp_path) == left, "doctor changes nothing"
    second.must("init", "--origin", "b")
    assert not hidden(tmp_path)
    assert "leftovers" not in first.must("doctor").out


def test_a_second_name_of_a_ledger_that_was_made_is_cleared_too(tmp_path: Path) -> None:
    """Killed after the file took its name: it has two, and removing one leaves the other."""
    terminal = Terminal(str(tmp_path / "studio.db"))
    terminal.must("init", "--origin", "a")
    killed_while_it_is_made(tmp_path / "other.db")
    (building,) = leftovers(tmp_path)
    building.unlink()
    os.link(tmp_path / "studio.db", building)
    assert terminal.run("init", "--origin", "again").code == 1
    assert not hidden(tmp_path)
    terminal.must("doctor")
    assert len(terminal.lines()) == 1


def test_without_a_lock_beside_it_a_file_is_named_and_left(tmp_path: Path) -> None:
    orphan = tmp_path / f".studio.db.{'0f' * 8}.new"
    orphan.write_bytes(b"somebody's")
    (tmp_path / ".hidden").write_bytes(b"")
    (tmp_path / f"visible.{'0f' * 8}.new.lock").write_bytes(b"")
    clear_leftovers(tmp_path)
    assert leftovers(tmp_path) == [orphan]
    assert len(list(tmp_path.iterdir())) == 3


def test_nothing_is_left_where_the_making_fails(tmp_path: Path) -> None:
    with building_beside(tmp_path / "a") as building:
        assert leftovers(tmp_path) == []
        building.write_bytes(b"a")
        building.with_name(f"{building.name}-wal").write_bytes(b"a")
    with pytest.raises(KeyError), building_beside(tmp_path / "a"):
        raise KeyError
    with pytest.raises(StorageFailure, match="does not exist"):
        Ledger.create(str(tmp_path / "gone" / "a.db"), origin="a", author=WHO)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_was_taken_for_a_leftover_before_it_was_locked_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    flock = fcntl.flock
    cleared: list[Path] = []

    def late(file: int, how: int) -> None:
        if not cleared:
            cleared.extend(tmp_path.iterdir())
            for path in cleared:
                path.unlink()
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with building_beside(tmp_path / "a") as building:
        (lock,) = tmp_path.iterdir()
        assert lock.name == f"{building.name}.lock"
        assert lock not in cleared
        assert leftovers(tmp_path) == []
