"""A ledger that was damaged, or whose disk is full: what the terminal says when one looks."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.terminal import Done, Terminal, studio

LOOKS = (
    ("view", "spaces"), ("log", "--limit", "1"), ("show", "2"), ("show", "stage-1"),
    ("views", "status"), ("doctor",),
)  # fmt: skip


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file, of ten events."""
    return studio(sqlite_url)


def _change(terminal: Terminal, *statements: str) -> None:
    """What somebody does to the file who gets past the guard, and puts the guard back."""
    with closing(sqlite3.connect(terminal.ledger)) as database:
        guards = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = guards.fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)
        for _, sql in triggers:
            database.execute(sql)
        database.commit()


def _events(done: Done) -> list[tuple[str, str]]:
    return [(row["state"], row["found"]) for row in done.data if row["check"] == "events"]


def _set(position: int, data: str) -> str:
    return f"UPDATE event SET data = CAST({data} AS BLOB) WHERE position = {position}"


def test_the_doctor_reads_every_event(terminal: Terminal) -> None:
    filler = b"".join(
        b'{"do":"project open","project":"p-%d","title":"P","kind":"short","on":"2025-01-01"}\n' % n
        for n in range(1_001)
    )
    terminal.must("apply", "-", stdin=filler)
    assert _events(terminal.must("doctor", "--json")) == [("ok", "all 1,011 read")]
    _change(terminal, _set(6, "'no JSON'"))
    done = terminal.run("doctor", "--json")
    assert done.code == 3
    ((state, found),) = _events(done)
    assert state == "bad"
    assert "#6" in found
    quick = terminal.must("doctor", "--quick", "--json")
    assert _events(quick) == [("ok", "the newest 1,000 read")], "and it says that these are not all"


def test_the_doctor_knows_what_was_never_written_so(terminal: Terminal) -> None:
    """JSON it still is, and of today's schema, but no booking that this program recorded."""
    _change(terminal, _set(7, 'replace(data, \'"project":"wild"\', \'"project":7\')'))
    done = terminal.run("doctor", "--json")
    assert done.code == 3
    assert _events(done)[0][0] == "bad"
    assert "#7 BookingHeld" in _events(done)[0][1]


def test_the_doctor_compares_the_two_places_that_say_the_format(terminal: Terminal) -> None:
    _change(terminal, _set(1, "replace(data, '\"format\":1', '\"format\":9')"))
    done = terminal.run("doctor", "--json")
    assert done.code == 3
    found = {row["check"]: (row["state"], row["found"]) for row in done.data}
    assert found["format"] == ("bad", "format 1, but #1 says 9")


@pytest.mark.parametrize("position", [5, 9])
def test_a_missing_event_is_damage_and_not_our_bug(terminal: Terminal, position: int) -> None:
    _change(terminal, f"DELETE FROM event WHERE position = {position}")
    done = terminal.run("show", str(position))
    assert done.code == 74
    assert f"#{position} is missing from {terminal.ledger}" in done.err
    assert terminal.must("show", str(position + 1)).out
    found = terminal.run("doctor", "--json")
    assert found.code == 3
    assert f"#{position} is missing" in _events(found)[0][1]


# --- disks -----------------------------------------------------------------------------------


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with a ledger on it that nobody has open, and not one byte free."""
    if shutil.which("mount") is None:
        pytest.skip("no disk can be mounted here; the next test needs none")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here, only root on Linux may; the next test needs none")
    try:
        studio(str(disk / "studio.db"))
        with (disk / "ballast").open("wb", buffering=0) as ballast:
            for size in (4_096, 1):
                while True:
                    try:
                        ballast.write(b"x" * size)
                    except OSError:
                        break
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_on_a_full_disk_one_can_look_and_not_record(full_disk: Path) -> None:
    terminal = Terminal(str(full_disk / "studio.db"))
    for words in LOOKS:
        done = terminal.program(*words)
        assert done.code == 0, f"{words}: {done.err}"
        assert done.out
    refused = terminal.program("booking", "release", "b-2")
    assert refused.code == 74
    assert f"the disk of {terminal.ledger} is full. Nothing was recorded." in refused.err
    (full_disk / "ballast").unlink()
    terminal.must("booking", "release", "b-2")


def test_where_no_file_can_be_made_beside_it_it_is_read_as_it_stands(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk: reading makes no file beside the ledger."""
    real = os.statvfs(terminal.ledger)
    full = SimpleNamespace(f_flag=real.f_flag, f_frsize=real.f_frsize, f_bavail=0)
    for beside in Path(terminal.ledger).parent.glob("*.db-*"):
        beside.unlink()
    before = sorted(Path(terminal.ledger).parent.iterdir())
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    for words in (("log",), ("show", "2"), ("views", "status"), ("doctor",)):
        terminal.must(*words)
    assert sorted(Path(terminal.ledger).parent.iterdir()) == before


def test_the_status_of_views_makes_nothing(terminal: Terminal) -> None:
    views = Path(terminal.ledger).with_suffix(".views.db")
    assert {row["state"] for row in terminal.must("views", "status", "--json").data} == {"new"}
    assert not views.exists()
    terminal.must("view", "spaces")
    found = {r["projection"]: r["state"] for r in terminal.must("views", "status", "--json").data}
    assert found["spaces"] == "live"
    views.write_bytes(b"no database at all, whatever it is called")
    done = terminal.run("views", "status")
    assert done.code == 74
    assert "Delete it" in done.err
