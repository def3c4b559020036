"""The file of checkpoints: it only grows, survives interruptions, and has one signer at a time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger.audit.checkpoint_store import CheckpointFile, Kept
from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.formats.note import Note, Signature, SigningKey
from ledger.audit.refusals import BadNote, Inconsistent
from ledger.errors import StorageFailure
from tests.unit.audit.conftest import INSURER, LOG_KEY, ORIGIN, UNION, MadeUpLog, append, key_of
from tests.unit.log.conftest import one_line

LOG = MadeUpLog.of(40)
SIGNED = [LOG.signed(size) for size in (3, 8, 40)]


def with_witness(signed: SignedCheckpoint, *keys: SigningKey) -> SignedCheckpoint:
    """The checkpoint with cosignatures."""
    return signed.adding([key.sign(signed.note.text, 7) for key in keys])


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
    """Appended later, in any order, twice: each counts once, in the order of signing."""
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
    """An unfinished note is removed; a whole one without its empty line was signed, and stays."""
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
        # Reading alone removes nothing.
        assert file.path.read_bytes() == before + last[:length]
        assert append(file, SIGNED[2]).signed == tuple(SIGNED[:2])
        assert file.path.read_bytes() == before + last


def test_a_cosignature_that_was_cut_off_at_every_byte(file: CheckpointFile) -> None:
    """Others may have the log's signature, so the checkpoint is never removed."""
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
    """It strips the empty line at the end; the checkpoint still counts as signed."""
    append(file, *SIGNED)
    whole = file.path.read_bytes()
    file.path.write_bytes(whole.rstrip(b"\n") + b"\n")
    assert file.read().signed == tuple(SIGNED)
    append(file)
    assert file.path.read_bytes() == whole


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda d: d.replace(b"\n", b"\r\n"), "a signed note in the file is not"),
        (lambda d: bytes(range(256)), "or the beginning of one"),
        (lambda d: b"\x1b[2J", "or the beginning of one"),
        (lambda d: d + bytes(range(32)), "or the beginning of one"),
        (lambda d: d.replace(b"\n\n", b"\n"), "a signed note in the file is not"),
        (lambda d: d.replace(b"\n", b"\r"), "or the beginning of one"),
        (lambda d: d.replace(b"\n\n", b"\n \n"), "a signed note in the file is not"),
        (lambda d: b"\n" + d, "note 1"),
        (lambda d: b"# checkpoints\n\n" + d, "note 1"),
        (lambda d: d.replace(b"\n8\n", b"\n08\n"), "note 2.*not a number"),
        (lambda d: d.replace(b"studio", b"stud\xffo"), "note 1.*not UTF-8"),
        (lambda d: d.replace(b"\n\n", b"\n\n\n"), "note"),
        (lambda d: b"\0" * 200 + d, "note 1"),
    ],
)
def test_what_is_no_file_of_checkpoints(  # type: ignore[no-untyped-def]  # a lambda
    file: CheckpointFile, spoil, match: str
) -> None:
    """The message says where; nothing is signed or removed."""
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
    """Some file systems leave zeros after a power cut, for data not yet on the disk."""
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
    with pytest.raises(BadNote, match=r"checkpoint 1: .*not 'other'"):
        file.read().check(LOG_KEY.verifier, "other")
    forged = Signature(LOG_KEY.verifier.name, LOG_KEY.verifier.id, b"x" * 64)
    bad = SignedCheckpoint(SIGNED[1].checkpoint, Note(SIGNED[1].note.text, (forged,)))
    with pytest.raises(BadNote, match=r"checkpoint 2: .*is wrong"):
        Kept((SIGNED[0], bad)).check(LOG_KEY.verifier, ORIGIN)
    other = MadeUpLog(LOG.all[::-1]).signed(8)
    for pair in ((SIGNED[1], SIGNED[0]), (SIGNED[1], other)):
        with pytest.raises(Inconsistent, match="but is not larger"):
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
