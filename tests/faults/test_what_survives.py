"""Crashes, failing disks, power cuts, cut connections: a few of each, and each mutant is caught.

`make faults` goes through every point of as many programs as it is given time for; here a few
points of each kind. Where there is no C compiler the shim cannot be built: that is said, and the
rest is tested.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.audit.tree import HashFiles
from tests.faults.harness.__main__ import ALL_KINDS, figures_of, start
from tests.faults.harness.figures import Figures, table
from tests.faults.harness.mutants import MUTANTS
from tests.faults.harness.power import Did, Disk, Record
from tests.faults.harness.proxy import Messages
from tests.faults.harness.shim import build, compiler
from tests.sources import ROOT

needs_the_shim = pytest.mark.skipif(
    compiler() is None,
    reason="NO FAULTS ARE TRIED: there is no C compiler (or no Linux) to build the shim with",
)

CAUGHT: tuple[tuple[str, str, str, bool], ...] = (
    ("append without the lock", "two record the same at once", "doubled", False),
    ("append without the lock", "PostgreSQL: two record the same at once", "doubled", True),
    ("condition checked before the lock", "two record the same at once", "doubled", False),
    ("a retry that goes on from a stale read", "two record the same at once", "doubled", False),
    ("progress committed before its rows", "killed at a call: views", "views wrong", False),
    ("recorded time not held back", "killed at a call, clocks jump", "times back", False),
    ("no wait for the disk", "the power goes", "lost", False),
    ("no wait for the journal's removal", "the power goes, rollback journal", "lost", False),
    (
        "a sequence instead of the last position + 1",
        "PostgreSQL: connection cut at a message", "gaps", True,
    ),
    (
        "a backup under its name before it is whole",
        "killed at a call: `backup`, beside a writer", "lost", False,
    ),
    ("a backup that is not waited for", "the power goes: `backup`", "lost", False),
)  # fmt: skip
"""A mutant, a kind of fault that finds it, the harm that it does, whether it needs a server."""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shim, compiled."""
    folder = tmp_path_factory.mktemp("shim")
    folder.chmod(0o755)
    return build(folder)


def tried(shim: Path, folder: Path, *arguments: str) -> list[Figures]:
    """What a worker finds."""
    return figures_of(start(shim, folder, arguments))


@needs_the_shim
@pytest.mark.parametrize(
    ("server", "part"),
    [(False, 0), (False, 1), (False, 2), (True, 0)],
    ids=["files-1", "files-2", "files-3", "server"],
)
def test_a_few_points_of_each_kind_harm_nothing(
    server: bool,
    part: int,
    shim: Path,
    quick_folder: Path,
    record_property: Callable[[str, Any], None],
) -> None:
    points = 4 if server else 6
    arguments = ["--points", str(points), *(["--server"] if server else [])]
    names = ALL_KINDS[server][part :: 1 if server else 3]
    found = tried(shim, quick_folder, *arguments, "--kinds", ";".join(names))
    record_property("faults", "\n".join(table(found)))
    assert [example for figures in found for example in figures.examples] == []
    assert {figures.kind: figures.points for figures in found} == dict.fromkeys(names, points)
    assert sum(figures.acknowledged for figures in found) > 0, "something was at stake"


@needs_the_shim
@pytest.mark.parametrize(("mutant", "kind", "harm", "server"), CAUGHT)
def test_a_broken_ledger_is_found_out(
    mutant: str, kind: str, harm: str, server: bool, shim: Path, quick_folder: Path
) -> None:
    arguments = ["--kinds", kind, "--mutant", mutant, "--until", harm, "--points", "150"]
    (found,) = tried(shim, quick_folder, *arguments, *(["--server"] if server else []))
    assert harm in found.harms, f"{found.points} points and nothing {harm}: {found.examples}"


def test_every_mutant_has_a_kind_that_finds_it() -> None:
    assert {mutant for mutant, *_ in CAUGHT} == set(MUTANTS)


@needs_the_shim
def test_the_shim_sees_the_calls_of_this_sqlite_and_of_python(shim: Path, tmp_path: Path) -> None:
    """The wheel's SQLite is linked statically; its calls go through the C library all the same."""
    program = f"""
import os
from pathlib import Path
from ledger.log.store.store_urls import sqlite_module
from tests.faults.harness.shim import Calls, Shim, Strike
sqlite, shim, folder = sqlite_module(), Shim(), Path({str(tmp_path)!r})
db = sqlite.connect(folder / "a.db", isolation_level=None)
for calls in (Calls.WRITES, Calls.SYNCS, Calls.NAMES, Calls.READS):
    shim.arm(folder, calls=calls)
    db.execute("CREATE TABLE t" + str(int(calls)) + " (a)")
    sqlite.connect(folder / "a.db").execute("SELECT * FROM t1").fetchall()
    assert shim.count() > 0, calls
shim.arm(folder, calls=Calls.CHANGES)
with open(folder / "b", "wb") as file:
    file.write(b"b")
    file.flush()
    os.fsync(file.fileno())
os.replace(folder / "b", folder / "c")
assert shim.count() == 4, shim.count()
shim.arm(folder, Strike.FAIL, Calls.WRITES, 1)
try:
    db.execute("INSERT INTO t1 VALUES (1)")
except sqlite.OperationalError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"LD_PRELOAD": str(shim), "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"},
    )
    assert (done.stdout, done.stderr) == ("disk I/O error\n", "")


def write(inode: int, data: bytes, offset: int = 0) -> Record:
    """A write that was written down."""
    return Record(Did.WRITE, "", "", inode, offset, len(data), data)


def fates(folder: Path, *records: Record) -> set[bytes | None]:
    """What may lie at `a` after the power went, over many throws; None where nothing does."""
    found: set[bytes | None] = set()
    for throw in range(200):
        base, into = folder / "base", folder / f"after-{throw}"
        base.mkdir(exist_ok=True)
        into.mkdir()
        disk = Disk(base, random.Random(throw))
        for record in records:
            disk.take(record)
        disk.cut(into)
        found.add((into / "a").read_bytes() if (into / "a").exists() else None)
    return found


def named(did: Did, folder: Path, inode: int = 7) -> Record:
    """A change to the name `a`, or a sync of its file or folder."""
    path = folder / "base" if inode == 0 else folder / "base" / "a"
    return Record(did, str(path), "", inode, 0, 0, b"")


def test_what_was_synced_stands_and_the_rest_may_or_may_not(tmp_path: Path) -> None:
    made, whole = named(Did.CREATE, tmp_path), named(Did.SYNC, tmp_path)
    folder = named(Did.SYNC, tmp_path, 0)
    content = bytes(1_024 * [65])
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    assert fates(tmp_path, made, write(7, content), whole, folder) == {content}
    found = fates(tmp_path / "1", *_moved(tmp_path / "1", write(7, content), synced=False))
    assert {b"", content, None} < found, "some have neither the file nor all of its bytes"
    found = fates(tmp_path / "2", *_moved(tmp_path / "2", write(7, content), synced=True))
    assert found == {None, content}, "a file's own sync does not keep its name"


def _moved(folder: Path, change: Record, *, synced: bool) -> list[Record]:
    return [named(Did.CREATE, folder), change, *([named(Did.SYNC, folder)] if synced else [])]


def test_a_failed_sync_is_not_made_good_by_the_next_one(tmp_path: Path) -> None:
    content = bytes(1_024 * [65])
    begun = [named(Did.CREATE, tmp_path), named(Did.SYNC, tmp_path, 0), write(7, content)]
    both = [named(Did.SYNC_FAILED, tmp_path), named(Did.SYNC, tmp_path)]
    assert b"" in fates(tmp_path, *begun, *both)


def test_messages_are_cut_where_they_end() -> None:
    startup, query = b"\0\0\0\x09abcde", b"Q\0\0\0\x06a\0"
    program = Messages(begins_bare=True)
    assert program.add(startup[:5]) == []
    assert program.add(startup[5:] + query + query[:3]) == [startup, query]
    assert program.add(query[3:]) == [query]


def test_hashes_that_a_power_cut_left_empty_count_as_not_kept(tmp_path: Path) -> None:
    """A file may have grown on the disk before what was written into it got there."""
    hashes, one = HashFiles(tmp_path), bytes(range(32))
    hashes.write(0, 0, [one, one, one])
    with (tmp_path / "0").open("r+b") as file:
        file.seek(32)
        file.write(bytes(32))
    assert hashes.read(0, 0, 3) == [one]
    assert hashes.read(0, 1, 1) == []
    assert hashes.read(0, 2, 1) == [one]
