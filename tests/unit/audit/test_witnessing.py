"""Witnesses: what they cosign, what they never do, and what the log accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.audit.checkpoint_store import CheckpointFile
from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.formats.merkle import EMPTY_ROOT, consistency_proof
from ledger.audit.formats.note import Note, Signature, SigningKey
from ledger.audit.refusals import BadNote, Inconsistent, NotProved
from ledger.audit.tree import LogTree
from ledger.audit.witnessing import OtherSize, Request, accept, cosign
from tests.unit.audit.conftest import INSURER, LOG_KEY, ORIGIN, UNION, MadeUpLog, flipped, key_of
from tests.unit.log.conftest import one_line

LOG = MadeUpLog.of(300)
FORK = MadeUpLog([*LOG.all[:30], *(b"another %d" % n for n in range(270))])
KEY = LOG_KEY.verifier

EXAMPLE = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1g\
GzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267U\
Ejw6QUXTS5Rovnzv++qbSzm9Q=
""".encode()


def request(old: int, new: int, log: MadeUpLog = LOG, **signing: object) -> Request:
    """A request as an honest log makes it."""
    proof = consistency_proof(old, new, LogTree(log)) if old else []
    return Request(old, tuple(proof), log.signed(new, **signing))  # type: ignore[arg-type]  # key, origin


class Witness:
    """A witness and its memory."""

    def __init__(self, folder: Path, key: SigningKey = INSURER) -> None:
        self.key = key
        self.seen = CheckpointFile(folder / "seen")
        self.now = 1_700_000_000

    def cosign(self, asked: Request) -> SignedCheckpoint:
        """Answer a request that comes as a file."""
        self.now += 60
        return cosign(
            Request.parse(asked.encode()),
            log=KEY,
            witness=self.key,
            seen=self.seen,
            now=self.now,
        )

    def refuses(self, asked: Request, kind: type[Exception], match: str) -> Exception:
        """Assert that it cosigns nothing, and has seen nothing new."""
        before = self.seen.path.read_bytes() if self.seen.path.exists() else b""
        with pytest.raises(kind, match=match) as refused:
            self.cosign(asked)
        one_line(refused.value)  # type: ignore[arg-type]  # a LedgerError
        assert (self.seen.path.read_bytes() if self.seen.path.exists() else b"") == before
        return refused.value


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    """A witness that has seen nothing."""
    return Witness(tmp_path)


def test_the_example_of_the_specification() -> None:
    asked = Request.parse(EXAMPLE)
    assert (asked.old, len(asked.hashes), asked.signed.size) == (20_852_014, 4, 20_852_163)
    assert asked.encode() == EXAMPLE


def test_from_nothing_on_and_ever_further(witness: Witness) -> None:
    old = 0
    for new in (1, 2, 40, 40, 300):
        cosigned = witness.cosign(request(old, new))
        cosigned.check(KEY, ORIGIN)
        assert list(cosigned.cosigned([INSURER.verifier])) == [INSURER.verifier]
        last = witness.seen.read().last
        assert last == cosigned
        old = new
    assert [one.size for one in witness.seen.read().signed] == [1, 2, 40, 300]


def test_what_was_said_is_said_again_as_it_was(witness: Witness) -> None:
    """A lost answer is asked for again: the cosignature is the same, with the same time."""
    first = witness.cosign(request(0, 40))
    before = witness.seen.path.read_bytes()
    assert witness.cosign(request(40, 40)) == first
    assert witness.seen.path.read_bytes() == before


def test_only_the_log_s_signature_and_its_own_go_on(witness: Witness) -> None:
    stranger = Signature("stranger.example", b"abcd", b"x" * 64)
    asked = request(0, 40)
    signed = asked.signed.adding([stranger, UNION.sign(asked.signed.note.text, 7)])
    cosigned = witness.cosign(Request(0, (), signed))
    assert [one.name for one in cosigned.note.signatures] == [ORIGIN, INSURER.verifier.name]


def test_a_request_that_begins_elsewhere(witness: Witness) -> None:
    """Even an old request sent again: a witness never goes back."""
    first = request(0, 40)
    witness.refuses(request(20, 40), OtherSize, "has cosigned #0, but the request begins at #20")
    witness.cosign(first)
    witness.cosign(request(40, 100))
    for asked in (first, request(40, 100), request(40, 300), request(0, 300), request(99, 300)):
        refused = witness.refuses(asked, OtherSize, "this witness has cosigned #100")
        assert "audit request --since 100" in str(refused)
        assert refused.exit_code == 1  # type: ignore[attr-defined]  # of LedgerError
    witness.cosign(request(100, 300))


def test_a_request_for_an_older_head_is_none(witness: Witness) -> None:
    """Rollback: the specification's 400, before anything else is looked at."""
    witness.cosign(request(0, 100))
    witness.refuses(Request(100, (), LOG.signed(40)), BadNote, "from #100 on is for #40")


def test_a_log_that_shows_another_history(witness: Witness) -> None:
    witness.cosign(request(0, 40))
    for asked in (request(40, 300, FORK), request(40, 41, FORK)):
        refused = witness.refuses(asked, Inconsistent, "does not continue the one that this wit")
        assert refused.exit_code == 3  # type: ignore[attr-defined]  # of LedgerError
    witness.refuses(Request(40, (), FORK.signed(40)), Inconsistent, "do not agree")
    witness.cosign(request(40, 300))


def test_a_proof_that_is_none(witness: Witness) -> None:
    witness.refuses(Request(0, (LOG.root(),), LOG.signed(40)), Inconsistent, "do not agree")
    witness.cosign(request(0, 40))
    true = request(40, 300)
    for n, one in enumerate(true.hashes):
        for hashes in (
            (*true.hashes[:n], flipped(one, 77), *true.hashes[n + 1 :]),
            (*true.hashes[:n], *true.hashes[n + 1 :]),
            (*true.hashes[:n], one, *true.hashes[n:]),
        ):
            witness.refuses(Request(40, hashes, true.signed), Inconsistent, "does not continue")
    witness.refuses(Request(40, (LOG.root(),), LOG.signed(40)), Inconsistent, "do not agree")
    witness.refuses(Request(40, (), LOG.signed(300)), Inconsistent, "does not continue")
    witness.cosign(true)


def test_what_the_log_has_not_signed(witness: Witness) -> None:
    other = key_of("other.example")
    witness.refuses(request(0, 40, key=other), BadNote, "is not signed by the key")
    signed = LOG.signed(40)
    forged = Signature(KEY.name, KEY.id, b"x" * 64)
    bad = SignedCheckpoint(signed.checkpoint, Note(signed.note.text, (forged,)))
    witness.refuses(Request(0, (), bad), BadNote, "is wrong")
    # Even if another signature of the key is right.
    both = SignedCheckpoint(
        signed.checkpoint, Note(signed.note.text, (*signed.note.signatures, forged))
    )
    witness.refuses(Request(0, (), both), BadNote, "is wrong")


def test_a_request_of_another_log_of_the_same_key(witness: Witness) -> None:
    witness.cosign(request(0, 40))
    for asked in (request(40, 300, origin="second.example"), request(0, 5, origin="second.ex")):
        witness.refuses(asked, BadNote, "not 'studio.example/log'")


def test_a_tree_of_nothing(witness: Witness) -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    signed = SignedCheckpoint(empty, Note.sign(empty.text, LOG_KEY))
    assert witness.cosign(Request(0, (), signed)).size == 0
    assert witness.cosign(request(0, 40)).size == 40


def test_it_is_kept_before_anybody_gets_it(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk, no cosignature goes out that the witness could forget."""
    import os

    def full(opened: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Exception, match="no space left"):
        witness.cosign(request(0, 40))
    monkeypatch.undo()
    assert witness.seen.read().last is None
    witness.cosign(request(0, 40))


def test_a_witness_with_a_new_key_goes_on(tmp_path: Path) -> None:
    """With a new key, it cosigns the last head again."""
    old = Witness(tmp_path)
    old.cosign(request(0, 40))
    new = Witness(tmp_path, UNION)
    again = new.cosign(request(40, 40))
    assert list(again.cosigned([UNION.verifier, INSURER.verifier])) == [UNION.verifier]
    last = new.seen.read().last
    assert last is not None
    assert len(last.cosigned([UNION.verifier, INSURER.verifier])) == 2
    new.cosign(request(40, 300))


def test_what_was_seen_was_signed_by_the_log(witness: Witness) -> None:
    """Another log's file, or a damaged one: the witness does not use it."""
    other = key_of("other.example")
    witness.seen.path.write_bytes(LOG.signed(40, key=other).encode() + b"\n")
    witness.refuses(request(40, 300), BadNote, "is not signed by the key")
    witness.seen.path.write_bytes(b"garbage\n\n" * 2)
    witness.refuses(request(40, 300), BadNote, "note 1")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 0\n",
        b"old 0\n\n",
        EXAMPLE.replace(b"old ", b"Old "),
        EXAMPLE.replace(b"old ", b"old  "),
        EXAMPLE.replace(b"old ", b"old 0"),
        EXAMPLE.replace(b"old ", b"old -"),
        EXAMPLE.replace(b"old ", b"old\t"),
        EXAMPLE.replace(b"old 20852014", b"old "),
        EXAMPLE.replace(b"old 20852014", b"old 20852164"),
        EXAMPLE.replace(b"old 20852014", b"old 99999999999999999999"),
        EXAMPLE.replace(b"kaw=", b"kax="),
        EXAMPLE.replace(b"kaw=", b"kaw"),
        EXAMPLE.replace(b"PlRN", b""),
        EXAMPLE.replace(b"PlRN", b"PlR\xff"),
        EXAMPLE.replace(b"\n", b"\r\n"),
        EXAMPLE.replace(b"old 20852014\n", b"old 20852014\n" + b"A" * 43 + b"=\n"),
        EXAMPLE.replace(b"\n\n", b"\n", 1),
        EXAMPLE[:-1],
        EXAMPLE.replace(b"20852014\n", b"20852014\n" + (b"A" * 43 + b"=\n") * 60),
        EXAMPLE + b"x" * 2_000_000,
    ],
)
def test_what_is_no_request(data: bytes) -> None:
    if data.count(b"A" * 43) == 1:  # one hash too many: well-formed, but not a proof
        assert len(Request.parse(data).hashes) == 5
        return
    with pytest.raises(BadNote) as refused:
        Request.parse(data)
    one_line(refused.value)


# --- accepting a cosignature -------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    """The log's own checkpoints, of 40 and 300 events."""
    made = CheckpointFile(tmp_path / "checkpoints")
    with made.appending() as appending:
        for size in (40, 300):
            appending.append(LOG.signed(size))
    return made


def by(signed: SignedCheckpoint, *keys: SigningKey, time: int = 7) -> SignedCheckpoint:
    """A checkpoint as witnesses send it back."""
    lines = [key.sign(signed.note.text, time) for key in keys]
    return SignedCheckpoint.parse(signed.adding(lines).encode())


def taken(file: CheckpointFile, cosigned: SignedCheckpoint, *witnesses: SigningKey) -> list[str]:
    """Accept it; return the names of those who cosigned."""
    keys = [one.verifier for one in witnesses]
    return [one.name for one in accept(cosigned, log=KEY, witnesses=keys, file=file)]


def test_a_cosignature_is_appended_once(file: CheckpointFile) -> None:
    before = file.path.read_bytes()
    for _ in range(2):
        assert taken(file, by(LOG.signed(40), INSURER), INSURER, UNION) == ["insurer.example/w1"]
    once = file.path.read_bytes()
    assert once.startswith(before)
    # Another time from the same witness adds nothing; another witness does.
    assert taken(file, by(LOG.signed(40), INSURER, time=8), INSURER)
    assert file.path.read_bytes() == once
    assert len(taken(file, by(LOG.signed(40), INSURER, UNION), INSURER, UNION)) == 2
    kept = file.read()
    assert [one.size for one in kept.signed] == [40, 300]
    assert kept.signed[0].cosigned([INSURER.verifier, UNION.verifier]) == {
        INSURER.verifier: 7,
        UNION.verifier: 7,
    }
    kept.check(KEY, ORIGIN)


def test_only_what_a_trusted_witness_has_signed_is_taken(file: CheckpointFile) -> None:
    before = file.path.read_bytes()
    cosigned = by(LOG.signed(40), UNION)
    with pytest.raises(NotProved, match=r"cosigned by union\.example, and by none"):
        taken(file, cosigned, INSURER)
    with pytest.raises(NotProved, match="cosigned by no witness"):
        taken(file, LOG.signed(40), INSURER)
    with pytest.raises(NotProved):
        taken(file, LOG.signed(40), LOG_KEY)  # the log cannot witness itself
    key = INSURER.verifier
    forged = cosigned.adding([Signature(key.name, key.id, b"x" * 72)])
    with pytest.raises(BadNote, match="is wrong"):
        taken(file, forged, INSURER, UNION)
    assert file.path.read_bytes() == before
    stranger = Signature("stranger.example", b"abcd", b"x" * 64)
    taken(file, by(LOG.signed(40), INSURER, UNION).adding([stranger]), INSURER)
    last = file.read().signed[0].note.signatures
    assert [one.name for one in last] == [ORIGIN, "insurer.example/w1"]


def test_a_checkpoint_that_this_log_never_signed(file: CheckpointFile) -> None:
    """It is signed with the log's key: the key leaked, or the file lost a checkpoint."""
    before = file.path.read_bytes()
    for foreign in (FORK.signed(300), LOG.signed(200), LOG.signed(40, origin="second.example")):
        with pytest.raises(Inconsistent, match="is not among those kept") as refused:
            taken(file, by(foreign, INSURER), INSURER)
        assert refused.value.exit_code == 3
        one_line(refused.value)
    with pytest.raises(BadNote, match="is not signed by"):
        taken(file, by(LOG.signed(40, key=key_of("other.example")), INSURER), INSURER)
    assert file.path.read_bytes() == before


def test_the_whole_way_by_files(tmp_path: Path, file: CheckpointFile) -> None:
    """Two witnesses with their own memories, and a request for each."""
    for key, since in ((INSURER, 0), (UNION, 0)):
        folder = tmp_path / key.verifier.name.replace("/", "-")
        folder.mkdir()
        answer = Witness(folder, key).cosign(request(since, 300)).encode()
        assert taken(file, SignedCheckpoint.parse(answer), INSURER, UNION) == [key.verifier.name]
    last = file.read().last
    assert last is not None
    assert len(last.cosigned([INSURER.verifier, UNION.verifier])) == 2
