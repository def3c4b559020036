"""The file of checkpoints on full and closed disks, under a kill, and between processes."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.audit.checkpoint_store import CheckpointFile, Kept
from ledger.audit.formats.note import Signature
from ledger.errors import StorageFailure
from tests.sources import ROOT
from tests.unit.audit.conftest import LOG_KEY, ORIGIN, MadeUpLog, append
from tests.unit.log.conftest import one_line
from tests.unit.log.test_filesystems import _as_nobody, _files_no_larger_than, _run

LOG = MadeUpLog.of(40)
SIGNED = [LOG.signed(size) for size in (3, 8, 40)]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_who_may_not_write_there(open_folder: Path) -> None:
    file = CheckpointFile(open_folder / "checkpoints")
    append(file, *SIGNED)
    file.path.chmod(0o444)
    open_folder.chmod(0o555)
    with _as_nobody():
        assert file.read().signed == tuple(SIGNED)
        with pytest.raises(StorageFailure, match="cannot be opened: permission denied"):
            append(file)
        with pytest.raises(StorageFailure, match="cannot be opened: permission denied"):
            append(CheckpointFile(open_folder / "new" / "checkpoints"))
    file.path.chmod(0)
    with _as_nobody(), pytest.raises(StorageFailure, match="cannot be read: permission denied"):
        file.read()


def test_a_file_that_may_not_grow(file: CheckpointFile) -> None:
    """`ulimit -f` at several places in the middle of a record: the file is as it was."""
    append(file, *SIGNED[:2])
    before = file.path.read_bytes()
    for room in (0, 1, 60, len(SIGNED[2].encode())):
        with _files_no_larger_than(len(before) + room):
            with pytest.raises(StorageFailure, match="cannot be written: file too large") as full:
                append(file, SIGNED[2])
            assert file.read().signed == tuple(SIGNED[:2])
        one_line(full.value)
        assert file.path.read_bytes() == before
    append(file, SIGNED[2])
    assert file.read().signed == tuple(SIGNED)


def test_a_full_disk(tmp_path: Path) -> None:
    at = tmp_path / "disk"
    at.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(at))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted here, only root on Linux may: {error}")
    try:
        file = CheckpointFile(at / "audit" / "checkpoints")
        append(file, *SIGNED[:2])
        before = file.path.read_bytes()
        room = 4_096 - len(
            before
        )  # within the page that the file has; the disk has no further page
        with pytest.raises(OSError, match="No space left"):
            (at / "ballast").write_bytes(b"x" * 64 * 1024)
        large = SIGNED[2].adding([Signature(f"w{n}", b"abcd", b"x" * 100) for n in range(40)])
        assert len(large.encode()) > room
        with pytest.raises(StorageFailure, match="no space left"):
            append(file, large)
        assert file.path.read_bytes() == before
        (at / "ballast").unlink()
        append(file, large)
        assert file.read().signed == (*SIGNED[:2], large)
    finally:
        _run("umount", "-l", str(at))


def test_a_signer_that_is_killed_in_a_write(
    file: CheckpointFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a record is there; the next append removes it and can sign the same size."""
    append(file, SIGNED[0])
    real = os.write

    class Killed(BaseException):
        pass

    def half(opened: int, data: bytes) -> int:
        real(opened, data[: len(data) // 2])
        raise Killed

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(Killed):
        append(file, SIGNED[1])
    monkeypatch.setattr(os, "write", real)
    assert file.read().unfinished
    append(file, SIGNED[1])
    assert file.read() == Kept(tuple(SIGNED[:2]))


def test_short_writes_are_gone_on_with(
    file: CheckpointFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda opened, data: real(opened, data[:7]))
    append(file, *SIGNED)
    assert file.read() == Kept(tuple(SIGNED))


def test_it_is_on_the_disk_when_append_returns(
    file: CheckpointFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So are the names of the file and of the folders above it, the first time."""
    synced: list[str] = []
    real = os.fsync

    def watched(opened: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{opened}")).name)
        real(opened)

    if not Path("/proc/self/fd").exists():
        pytest.skip("which file a descriptor is, only Linux tells here")
    monkeypatch.setattr(os, "fsync", watched)
    append(file, SIGNED[0])
    above = [folder.name for folder in file.path.absolute().parents]
    assert above[0] == "studio.audit"
    assert synced == [*above, "checkpoints"]
    append(file, SIGNED[1])
    assert synced == [*above, "checkpoints", "checkpoints"]


_HOLDER = """
import sys, pathlib
from ledger.audit.checkpoint_store import CheckpointFile
print("there", flush=True)
with CheckpointFile(pathlib.Path(sys.argv[1])).appending() as appending:
    print("held", flush=True)
    sys.stdin.readline()
    print("let go", flush=True)
"""


@contextmanager
def _somebody_holds(path: Path) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with started:
        assert started.stdout is not None
        assert started.stdout.readline() == "there\n"
        assert started.stdout.readline() == "held\n"
        try:
            yield started
        finally:
            started.kill()


def test_two_do_not_append_at_once(file: CheckpointFile) -> None:
    """A second process waits until the first releases the lock; a reader does not wait."""
    append(file, SIGNED[0])
    with _somebody_holds(file.path) as first, _waiting_for(file.path) as second:
        assert file.read().signed == (SIGNED[0],)
        assert second.stdout is not None
        assert second.stdout.readline() == "there\n"
        assert select.select([second.stdout], [], [], 0.7)[0] == []
        assert first.stdin is not None
        first.stdin.write("\n")
        first.stdin.flush()
        assert second.stdout.readline() == "held\n"


@contextmanager
def _waiting_for(path: Path) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with started:
        try:
            yield started
        finally:
            started.kill()


def test_a_killed_holder_holds_nobody_up(file: CheckpointFile) -> None:
    with _somebody_holds(file.path) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
        append(file, SIGNED[0])
    assert file.read().signed == (SIGNED[0],)


_APPENDER = """
import sys, pathlib
from ledger.audit.checkpoint_store import CheckpointFile
from tests.unit.audit.conftest import LOG_KEY, ORIGIN
from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.formats.note import Note
file = CheckpointFile(pathlib.Path(sys.argv[1]))
for n in range(40):
    with file.appending() as appending:
        size = appending.kept.last.size + 1 if appending.kept.last else 1
        checkpoint = Checkpoint(ORIGIN, size, bytes(32))
        appending.append(SignedCheckpoint(checkpoint, Note.sign(checkpoint.text, LOG_KEY)))
"""


def test_three_processes_append_one_row_of_sizes(file: CheckpointFile) -> None:
    """Each reads the last and adds one: without the lock, two would sign the same size."""
    started = [
        subprocess.Popen([sys.executable, "-c", _APPENDER, str(file.path)], cwd=ROOT)
        for _ in range(3)
    ]
    assert [one.wait(120) for one in started] == [0, 0, 0]
    kept = file.read()
    kept.check(LOG_KEY.verifier, ORIGIN)
    assert [one.size for one in kept.signed] == list(range(1, 121))
