"""The file of checkpoints: only ever longer, whole whatever interrupts, one signer at a time."""

from __future__ import annotations

import os
import re
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.audit.checkpoint import SignedCheckpoint
from ledger.audit.kept import CheckpointFile, Kept
from ledger.audit.note import Note, Signature
from ledger.audit.refusals import BadNote, Inconsistent
from ledger.errors import StorageFailure
from tests.sources import ROOT
from tests.unit.audit.conftest import INSURER, LOG_KEY, ORIGIN, UNION, MadeUpLog, key_of
from tests.unit.log.conftest import one_line
from tests.unit.log.test_disks import _as_nobody, _files_no_larger_than, _run

LOG = MadeUpLog.of(40)
SIGNED = [LOG.signed(size) for size in (3, 8, 40)]


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    """A place for checkpoints, two folders deep, that is not there yet."""
    return CheckpointFile(tmp_path / "studio.audit" / "checkpoints")


def append(file: CheckpointFile, *signed: SignedCheckpoint) -> Kept:
    """Append, and say what was there before."""
    with file.appending() as appending:
        for one in signed:
            appending.append(one)
        return appending.kept


def with_witness(signed: SignedCheckpoint, *keys: object) -> SignedCheckpoint:
    """The checkpoint with cosignatures."""
    return signed.adding([key.sign(signed.note.text, 7) for key in keys])  # type: ignore[attr-defined]  # SigningKeys


def test_nothing_is_nothing(file: CheckpointFile) -> None:
    assert file.read() == Kept()
    assert file.read().last is None
    assert not file.path.parent.exists()


def test_it_is_read_as_it_was_appended_and_bytes_before_never_change(file: CheckpointFile) -> None:
    grown = b""
    for number, one in enumerate(SIGNED, start=1):
        assert append(file, one).signed == tuple(SIGNED[: number - 1])
        now = file.path.read_bytes()
        assert now == grown + one.encode() + b"\n"
        grown = now
    kept = file.read()
    assert (kept.signed, kept.unfinished, kept.last) == (tuple(SIGNED), 0, SIGNED[-1])
    kept.check(LOG_KEY.verifier, ORIGIN)
    with file.appending():
        pass
    assert file.path.read_bytes() == grown


def test_cosignatures_are_put_together_with_their_checkpoint(file: CheckpointFile) -> None:
    """Appended later, in any order, twice: each stands once, and the order is that of signing."""
    append(file, *SIGNED)
    before = file.path.read_bytes()
    one = SIGNED[0]
    insurer, union = (key.sign(one.note.text, 7) for key in (INSURER, UNION))
    for signatures in ((union,), (insurer,), (insurer, union)):
        append(file, SignedCheckpoint(one.checkpoint, Note(one.note.text, signatures)))
    assert file.path.read_bytes().startswith(before)
    kept = file.read()
    assert [each.size for each in kept.signed] == [3, 8, 40]
    assert kept.signed[0] == one.adding([union, insurer])
    assert kept.signed[0].cosigned([INSURER.verifier, UNION.verifier]) == {
        INSURER.verifier: 7,
        UNION.verifier: 7,
    }
    kept.check(LOG_KEY.verifier, ORIGIN)


def test_a_write_that_was_cut_off_at_every_byte(file: CheckpointFile) -> None:
    """Unfinished, and taken back; but a whole note without its empty line was signed, and stays."""
    append(file, *SIGNED[:2])
    before = file.path.read_bytes()
    last = SIGNED[2].encode() + b"\n"
    for length in range(len(last)):
        file.path.write_bytes(before + last[:length])
        kept = file.read()
        if length == len(last) - 1:
            assert (kept.signed, kept.unfinished) == (tuple(SIGNED), 0)
            assert append(file).signed == tuple(SIGNED)
            assert file.path.read_bytes() == before + last
            file.path.write_bytes(before + last[:length])
            append(file, with_witness(SIGNED[2], INSURER))
            assert file.read().signed == (*SIGNED[:2], with_witness(SIGNED[2], INSURER))
            continue
        assert (kept.signed, kept.unfinished) == (tuple(SIGNED[:2]), length)
        # Who only reads takes nothing back.
        assert file.path.read_bytes() == before + last[:length]
        assert append(file, SIGNED[2]).signed == tuple(SIGNED[:2])
        assert file.path.read_bytes() == before + last


def test_a_cosignature_that_was_cut_off_at_every_byte(file: CheckpointFile) -> None:
    """The log's own signature was told to somebody; the checkpoint is never lost with it."""
    append(file, *SIGNED)
    before = file.path.read_bytes()
    two = with_witness(SIGNED[2], INSURER, UNION)
    last = Note(two.note.text, two.note.signatures[1:]).encode() + b"\n"
    for length in range(len(last)):
        file.path.write_bytes(before + last[:length])
        assert [one.size for one in file.read().signed] == [3, 8, 40]
        append(file)
        assert file.path.read_bytes().startswith(before)
        kept = file.read()
        assert kept.unfinished == 0
        assert [one.size for one in kept.signed] == [3, 8, 40]
        have = kept.signed[-1].cosigned([INSURER.verifier, UNION.verifier])
        assert len(have) == sum(
            one.line.encode() in last[:length] for one in two.note.signatures[1:]
        )


def test_a_file_that_an_editor_has_tidied(file: CheckpointFile) -> None:
    """It strips the empty line at the end; what was signed is signed all the same."""
    append(file, *SIGNED)
    whole = file.path.read_bytes()
    file.path.write_bytes(whole.rstrip(b"\n") + b"\n")
    assert file.read().signed == tuple(SIGNED)
    append(file)
    assert file.path.read_bytes() == whole


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda d: d.replace(b"\n", b"\r\n"), "something is signed there"),
        (lambda d: bytes(range(256)), "nor the beginning of one"),
        (lambda d: b"\x1b[2J", "nor the beginning of one"),
        (lambda d: d + bytes(range(32)), "nor the beginning of one"),
        (lambda d: d.replace(b"\n\n", b"\n"), "something is signed there"),
        (lambda d: d.replace(b"\n", b"\r"), "nor the beginning of one"),
        (lambda d: d.replace(b"\n\n", b"\n \n"), "something is signed there"),
        (lambda d: b"\n" + d, "note 1"),
        (lambda d: b"# checkpoints\n\n" + d, "note 1"),
        (lambda d: d.replace(b"\n8\n", b"\n08\n"), "note 2.*no number"),
        (lambda d: d.replace(b"studio", b"stud\xffo"), "note 1.*not UTF-8"),
        (lambda d: d.replace(b"\n\n", b"\n\n\n"), "note"),
        (lambda d: b"\0" * 200 + d, "note 1"),
    ],
)
def test_what_is_no_file_of_checkpoints(  # type: ignore[no-untyped-def]  # a lambda
    file: CheckpointFile, spoil, match: str
) -> None:
    """Said where; and nobody signs beside it, nor takes anything back."""
    append(file, *SIGNED)
    spoiled = spoil(file.path.read_bytes())
    file.path.write_bytes(spoiled)
    for attempt in (file.read, lambda: append(file)):
        with pytest.raises(BadNote) as refused:
            attempt()
        assert str(file.path) in one_line(refused.value)
        assert re.search(match, str(refused.value))
    assert file.path.read_bytes() == spoiled


def test_zeros_at_the_end_are_taken_back(file: CheckpointFile) -> None:
    """As some file systems leave them after a power cut, for what was not yet on the disk."""
    append(file, *SIGNED)
    whole = file.path.read_bytes()
    for zeros in (1, 40, 4_096):
        file.path.write_bytes(whole + b"\0" * zeros)
        assert file.read().unfinished == zeros
        assert append(file).signed == tuple(SIGNED)
        assert file.path.read_bytes() == whole


def test_whose_and_in_which_order(file: CheckpointFile) -> None:
    append(file, *SIGNED)
    with pytest.raises(BadNote, match=r"checkpoint 1: .*is not signed by"):
        file.read().check(key_of("other.example").verifier, ORIGIN)
    with pytest.raises(BadNote, match=r"checkpoint 1: .*not of 'other'"):
        file.read().check(LOG_KEY.verifier, "other")
    forged = Signature(LOG_KEY.verifier.name, LOG_KEY.verifier.id, b"x" * 64)
    bad = SignedCheckpoint(SIGNED[1].checkpoint, Note(SIGNED[1].note.text, (forged,)))
    with pytest.raises(BadNote, match=r"checkpoint 2: .*is wrong"):
        Kept((SIGNED[0], bad)).check(LOG_KEY.verifier, ORIGIN)
    other = MadeUpLog(LOG.all[::-1]).signed(8)
    for pair in ((SIGNED[1], SIGNED[0]), (SIGNED[1], other)):
        with pytest.raises(Inconsistent, match="do not follow one upon the other"):
            Kept(pair).check(LOG_KEY.verifier, ORIGIN)


def test_folders_and_places_where_nothing_can_be(file: CheckpointFile, tmp_path: Path) -> None:
    file.path.mkdir(parents=True)
    in_a_file = tmp_path / "plain"
    in_a_file.write_bytes(b"")
    for one in (file, CheckpointFile(in_a_file / "checkpoints")):
        with pytest.raises(StorageFailure) as refused:
            append(one)
        assert refused.value.exit_code == 74
        one_line(refused.value)
    with pytest.raises(StorageFailure, match="cannot be read"):
        file.read()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may enter too; pytest's own are closed to them."""
    import shutil
    import tempfile

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
    """`ulimit -f` in the middle of a record, at several places of it: the file is as it was."""
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
        room = 4_096 - len(before)  # of the page that the file has; then there is no other
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
    """Half of it is there; the next one takes it back, and a checkpoint of the same size goes."""
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
    """And so are the file's name and its folder's, the first time."""
    synced: list[str] = []
    real = os.fsync

    def watched(opened: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{opened}")).name)
        real(opened)

    if not Path("/proc/self/fd").exists():
        pytest.skip("which file a descriptor is, only Linux tells here")
    monkeypatch.setattr(os, "fsync", watched)
    append(file, SIGNED[0])
    assert synced == ["studio.audit", file.path.parent.parent.name, "checkpoints"]
    append(file, SIGNED[1])
    assert synced[3:] == ["checkpoints"]


_HOLDER = """
import sys, pathlib
from ledger.audit.kept import CheckpointFile
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
    """A second process waits until the first lets go; who only reads does not wait."""
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
from ledger.audit.kept import CheckpointFile
from tests.unit.audit.conftest import LOG_KEY, ORIGIN
from ledger.audit.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.note import Note
file = CheckpointFile(pathlib.Path(sys.argv[1]))
for n in range(40):
    with file.appending() as appending:
        size = appending.kept.last.size + 1 if appending.kept.last else 1
        checkpoint = Checkpoint(ORIGIN, size, bytes(32))
        appending.append(SignedCheckpoint(checkpoint, Note.sign(checkpoint.text, LOG_KEY)))
"""


def test_three_processes_append_one_row_of_sizes(file: CheckpointFile) -> None:
    """Each looks at the last and adds one more: without the lock two would sign the same size."""
    started = [
        subprocess.Popen([sys.executable, "-c", _APPENDER, str(file.path)], cwd=ROOT)
        for _ in range(3)
    ]
    assert [one.wait(120) for one in started] == [0, 0, 0]
    kept = file.read()
    kept.check(LOG_KEY.verifier, ORIGIN)
    assert [one.size for one in kept.signed] == list(range(1, 121))


def test_the_limit_of_file_sizes_is_as_it_was() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
