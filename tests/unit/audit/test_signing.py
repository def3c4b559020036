"""Signing: only what continues earlier heads, whatever happened to the log, file or key."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.audit.checkpoint_store import CheckpointFile
from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.formats.merkle import check_consistency, consistency_proof
from ledger.audit.formats.note import Note, Signature, SigningKey
from ledger.audit.refusals import BadNote, Inconsistent
from ledger.audit.signing import Signed, sign_head
from ledger.audit.tree import HashFiles, LogTree
from tests.sources import ROOT
from tests.unit.audit.conftest import INSURER, LOG_KEY, ORIGIN, MadeUpLog, key_of, line_of
from tests.unit.log.conftest import one_line

KEY = LOG_KEY.verifier


class Studio:
    """A log of made-up lines and its audit folder."""

    def __init__(self, folder: Path) -> None:
        self.log = MadeUpLog([])
        self.file = CheckpointFile(folder / "checkpoints")
        self.hashes = HashFiles(folder / "tree")

    def grow(self, size: int, line: Callable[[int], bytes] = line_of) -> None:
        """Grow the log to that many lines."""
        self.log.all += [line(n) for n in range(self.log.head() + 1, size + 1)]

    def sign(self, key: SigningKey = LOG_KEY, origin: str = ORIGIN) -> Signed:
        """Sign the head."""
        return sign_head(
            self.log,
            self.log.head,
            origin=origin,
            key=key,
            file=self.file,
            hashes=self.hashes,
        )

    def refuses(self, kind: type[Exception], match: str) -> None:
        """Nothing is signed, nothing is kept, and the file is as it was."""
        before = self.file.path.read_bytes()
        with pytest.raises(kind, match=match) as refused:
            self.sign()
        assert refused.value.exit_code == 3  # type: ignore[attr-defined]  # of LedgerError
        one_line(refused.value)  # type: ignore[arg-type]  # a LedgerError
        assert self.file.path.read_bytes() == before


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """Signed at 3, 300 and 700 events; 900 are recorded."""
    made = Studio(tmp_path / "studio.audit")
    for size in (3, 300, 700):
        made.grow(size)
        assert made.sign().signed.size == size
    made.grow(900)
    return made


def another(position: int) -> bytes:
    """A line that was never signed."""
    return b"another history, %d" % position


def test_each_head_continues_the_ones_before(studio: Studio) -> None:
    outcome = studio.sign()
    assert (outcome.new, outcome.since, outcome.signed.size) == (True, 700, 900)
    kept = studio.file.read()
    assert kept.last == outcome.signed
    kept.check(KEY, ORIGIN)
    tree = LogTree(studio.log)
    for old, new in zip(kept.signed, kept.signed[1:], strict=False):
        proof = consistency_proof(old.size, new.size, tree)
        check_consistency(old.size, old.root, new.size, new.root, proof)
        assert new.root == studio.log.root(new.size)


def test_the_same_head_again_is_the_same_checkpoint(studio: Studio) -> None:
    first = studio.sign()
    before = studio.file.path.read_bytes()
    again = studio.sign()
    assert (again.new, again.since, again.signed) == (False, 900, first.signed)
    assert studio.file.path.read_bytes() == before
    # All lines are read again: a change is found even if nothing new is signed.
    studio.log.all[5] = another(6)
    studio.refuses(Inconsistent, "are not those that were signed")


def test_a_log_that_was_cut_off(studio: Studio) -> None:
    """As after a restore from an older copy."""
    for size in (699, 300, 1):
        del studio.log.all[size:]
        studio.refuses(Inconsistent, rf"ends at #{size}, and #700 was signed: {700 - size} ev")


@pytest.mark.parametrize("until", [700, 701, 900, 2_000])
def test_a_restored_log_that_grew_again_with_other_events(studio: Studio, until: int) -> None:
    """A fork: longer than what was signed, with another history after #650."""
    del studio.log.all[650:]
    studio.grow(until, another)
    with pytest.raises(Inconsistent) as refused:
        studio.sign()
    assert "the first 700 events are not those" in refused.value.message
    assert "after #300" in refused.value.message
    assert refused.value.position == 301
    studio.refuses(Inconsistent, "the first difference is after #300")


@pytest.mark.parametrize("position", [1, 3, 4, 256, 257, 300, 301, 512, 699, 700])
def test_one_line_that_was_changed(studio: Studio, position: int) -> None:
    """With the old hashes kept: signing does not trust kept hashes."""
    studio.sign()
    studio.log.all[position - 1] += b" "
    checked = next(size for size in (3, 300, 700) if size >= position)
    studio.refuses(Inconsistent, f"the first {checked} events are not those")
    for path in studio.hashes.folder.iterdir():
        path.unlink()
    studio.refuses(Inconsistent, f"the first {checked} events are not those")


def test_lines_that_were_left_out_put_in_or_exchanged(studio: Studio) -> None:
    whole = list(studio.log.all)
    for changed in (
        whole[:500] + whole[501:],
        [*whole[:500], another(501), *whole[500:]],
        [*whole[:500], whole[501], whole[500], *whole[502:]],
    ):
        studio.log.all = changed
        studio.refuses(Inconsistent, "the first 700 events")
    studio.log.all = whole
    assert studio.sign().new


def test_false_hashes_that_are_kept_are_neither_believed_nor_left(studio: Studio) -> None:
    for path in studio.hashes.folder.iterdir():
        path.write_bytes(b"\0" * path.stat().st_size)
    outcome = studio.sign()
    assert outcome.signed.root == studio.log.root()
    assert studio.hashes.count() == 900
    assert LogTree(studio.log, studio.hashes).node(8, 1) == LogTree(studio.log).node(8, 1)


def test_a_folder_where_no_hash_can_be_kept_hinders_nothing(studio: Studio) -> None:
    for path in studio.hashes.folder.iterdir():
        path.unlink()
    studio.hashes.folder.rmdir()
    studio.hashes.folder.write_bytes(b"")
    assert studio.sign().signed.size == 900


def test_another_key_and_another_ledger(studio: Studio) -> None:
    other = key_of("other.example")
    with pytest.raises(BadNote, match=r"checkpoint 1: .*is not signed by the key other"):
        studio.sign(other)
    # A new key with the old name is another key.
    with pytest.raises(BadNote, match="is not signed by the key"):
        studio.sign(type(LOG_KEY).generate(ORIGIN, 1))
    with pytest.raises(BadNote, match=r"for the log 'studio\.example/log', not 'stage'"):
        studio.sign(origin="stage")
    assert len(studio.file.read().signed) == 3


def forge(size: int, root: bytes, key: SigningKey = LOG_KEY) -> bytes:
    """A checkpoint as the file holds it, of any size and root."""
    checkpoint = Checkpoint(ORIGIN, size, root)
    signed = SignedCheckpoint(checkpoint, Note.sign(checkpoint.text, key))
    return signed.encode() + b"\n"


def test_a_forged_file(studio: Studio) -> None:
    """Forgeries without the key, and with it."""
    true = studio.file.path.read_bytes()
    parts = [forge(size, studio.log.root(size)) for size in (3, 300, 700)]
    assert b"".join(parts) == true
    stranger = forge(800, studio.log.root(800), key_of("other.example"))
    wrong = Signature(KEY.name, KEY.id, b"x" * 64)
    head = Checkpoint(ORIGIN, 800, studio.log.root(800))
    unsigned = SignedCheckpoint(head, Note(head.text, (wrong,))).encode() + b"\n"
    for data, kind, match in (
        (true + stranger, BadNote, "checkpoint 4: .*is not signed by"),
        (true + unsigned, BadNote, "checkpoint 4: .*is wrong"),
        (parts[1] + parts[0] + parts[2], Inconsistent, "is not larger"),
        (true + forge(700, bytes(32)), Inconsistent, "is not larger"),
        (true + forge(2, studio.log.root(2)), Inconsistent, "is not larger"),
        (true + forge(901, bytes(32)), Inconsistent, "ends at #900, and #901"),
        (parts[0] + forge(300, bytes(32)), Inconsistent, "the first 300 .*after #3"),
        (true.replace(b"700", b"701"), BadNote, "checkpoint 3: .*is wrong"),
        (forge(0, bytes(32)), BadNote, "note 1: a checkpoint of no events"),
        (b"garbage\n\n" * 2, BadNote, "note 1"),
    ):
        studio.file.path.write_bytes(data)
        studio.refuses(kind, match)
    # If the file lost a checkpoint, only a copy elsewhere can show that.
    studio.file.path.write_bytes(parts[0])
    assert studio.sign().since == 3


def test_a_torn_file_is_gone_on_with(studio: Studio) -> None:
    whole = studio.file.path.read_bytes()
    studio.file.path.write_bytes(whole[:-30])
    assert studio.sign().since == 300
    kept = studio.file.read()
    assert [one.size for one in kept.signed] == [3, 300, 900]
    assert kept.unfinished == 0


def test_cosignatures_in_the_file_hinder_nothing(studio: Studio) -> None:
    with studio.file.appending() as appending:
        last = appending.kept.last
        assert last is not None
        signature = INSURER.sign(last.note.text, 7)
        appending.append(SignedCheckpoint(last.checkpoint, Note(last.note.text, (signature,))))
    assert studio.sign().since == 700


def test_the_head_is_asked_for_when_the_file_is_held(studio: Studio) -> None:
    """While one signer waits for another, the log grows: the head must be read after waiting."""
    held: list[bool] = []

    def head() -> int:
        probe = subprocess.run(
            [sys.executable, "-c", _PROBE, str(studio.file.path)], cwd=ROOT, check=False
        )
        held.append(probe.returncode == 1)
        return studio.log.head()

    sign_head(studio.log, head, origin=ORIGIN, key=LOG_KEY, file=studio.file, hashes=studio.hashes)
    assert held == [True]


_PROBE = """
import fcntl, sys
with open(sys.argv[1]) as file:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(1)
"""

_SIGNER = """
import sys, pathlib
from tests.unit.audit.conftest import MadeUpLog
from tests.unit.audit.test_signing import Studio
studio = Studio(pathlib.Path(sys.argv[1]))
for _ in range(12):
    # What others have signed meanwhile was recorded before.
    size = max([int(sys.argv[2]), *(one.size for one in studio.file.read().signed)])
    studio.log.all = MadeUpLog.of(size + 300).all
    studio.log.head = lambda: max(
        [size, *((one.size + 1) for one in studio.file.read().signed)]
    )
    studio.sign()
"""


def test_processes_that_sign_at_once_sign_one_history(tmp_path: Path) -> None:
    folder = tmp_path / "studio.audit"
    started = [
        subprocess.Popen([sys.executable, "-c", _SIGNER, str(folder), str(size)], cwd=ROOT)
        for size in (1, 2, 3)
    ]
    assert [one.wait(120) for one in started] == [0, 0, 0]
    kept = CheckpointFile(folder / "checkpoints").read()
    kept.check(KEY, ORIGIN)
    log = MadeUpLog.of(400)
    assert len(kept.signed) == 36
    assert [one.root for one in kept.signed] == [log.root(one.size) for one in kept.signed]


def test_progress_goes_from_tile_to_tile(studio: Studio) -> None:
    told: list[tuple[int, int]] = []
    sign_head(
        studio.log,
        studio.log.head,
        origin=ORIGIN,
        key=LOG_KEY,
        file=studio.file,
        hashes=studio.hashes,
        progress=lambda done, of: told.append((done, of)),
    )
    assert told == [(256, 900), (512, 900), (768, 900), (900, 900)]
