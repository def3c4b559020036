"""Proofs as files: every leaf of every tree up to 300, and no single changed bit passes.

`HYPOTHESIS_PROFILE=long` changes far more of them. A second verifier, written from the
specifications, has to agree on all of them.
"""

from __future__ import annotations

import os
import random
from base64 import b64encode
from functools import cache

import pytest

from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.formats.merkle import inclusion_proof
from ledger.audit.formats.note import Note, Signature
from ledger.audit.formats.proof import MAX_HASHES, MAX_PROOF, Proof
from ledger.audit.refusals import BadNote, NotProved
from ledger.audit.tree import LogTree
from tests.unit.audit.conftest import (
    INSURER,
    LOG_KEY,
    ORIGIN,
    UNION,
    MadeUpLog,
    flipped,
    key_of,
    line_of,
)
from tests.unit.audit.independent import accepts

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SIZES = 300
LOG = MadeUpLog.of(SIZES)
KEY = LOG_KEY.verifier


class _Known:
    """The nodes of the whole log, computed once."""

    def __init__(self) -> None:
        self.tree = LogTree(LOG)

    @cache  # noqa: B019  # there is one, and it lives as long as the tests
    def node(self, level: int, index: int) -> bytes:
        return self.tree.node(level, index)


NODES = _Known()


@cache
def head(size: int) -> SignedCheckpoint:
    """The signed head of the first lines."""
    return LOG.signed(size)


def proof_of(size: int, index: int, *, with_line: bool = True) -> Proof:
    """The proof that a line is in the tree of that size."""
    hashes = tuple(inclusion_proof(index, size, NODES))
    return Proof(index, hashes, head(size), line_of(index + 1) if with_line else None)


def proves(data: bytes, line: bytes | None = None) -> bool:
    """Check as `check-proof` does: with the line that is given, or the one in the proof."""
    try:
        proof = Proof.parse(data)
        line = proof.extra if line is None else line
        if line is None:
            return False
        proof.check(line, KEY, ORIGIN)
    except NotProved:
        return False
    return True


def test_every_leaf_of_every_tree_is_proved_by_a_file() -> None:
    """45,150 proofs are written, read back unchanged, and accepted by both verifiers."""
    chance = random.Random(45_150)
    proved = 0
    for size in range(1, SIZES + 1):
        for index in range(size):
            proof = proof_of(size, index)
            data = proof.encode()
            assert Proof.parse(data) == proof
            proof.check(line_of(index + 1), KEY, ORIGIN)
            proved += 1
            if size < 40 or chance.random() < 0.1:
                bare = proof_of(size, index, with_line=False).encode()
                assert accepts(data, None, KEY.text)
                assert accepts(bare, line_of(index + 1), KEY.text)
                assert proves(bare, line_of(index + 1))
                assert not proves(bare)
    assert proved == SIZES * (SIZES + 1) // 2


WHOLE = 20 if LONG else 4
"""Up to this size every bit of every file is changed."""

EDGES = [(300, 0), (300, 299), (256, 128), (257, 256), (255, 254), (129, 128)]


def pairs() -> list[tuple[int, int]]:
    """Sizes and leaves for the proofs that are changed bit by bit."""
    small = [(size, index) for size in range(1, WHOLE + 1) for index in range(size)]
    return [*small, *(EDGES if LONG else EDGES[:2])]


def test_no_bit_of_the_file_can_be_changed() -> None:
    """Header, line, index, hashes, origin, size, root, signature: each bit of each byte."""
    tried = expected = 0
    for size, index in pairs():
        data = proof_of(size, index).encode()
        assert proves(data)
        for bit in range(len(data) * 8):
            assert not proves(flipped(data, bit)), (size, index, bit)
            tried += 1
        expected += len(data) * 8
    assert tried == expected > (700_000 if LONG else 35_000)


def test_no_bit_before_the_checkpoint_can_be_changed() -> None:
    """Many more of these, for the part that the tree protects and not the signature.

    The signature is verified once; then the checkpoint's bytes are compared.
    """
    chance = random.Random(7)
    tried = 0
    most = 64 if LONG else 12
    for size in range(1, SIZES + 1):
        for index in range(size):
            data = proof_of(size, index).encode()
            before = len(data) - len(head(size).encode())
            some = {chance.randrange(before * 8) for _ in range(40 if LONG else 2)}
            for bit in range(before * 8) if size <= most else some:
                assert not _leads_to_the_root(flipped(data, bit), head(size)), (size, index, bit)
                tried += 1
    assert tried > (7_000_000 if LONG else 200_000)


def _leads_to_the_root(data: bytes, signed: SignedCheckpoint) -> bool:
    try:
        proof = Proof.parse(data)
        if proof.signed != signed or proof.extra is None:
            return False
        Unsigned(proof).check(proof.extra)
    except NotProved:
        return False
    return True


class Unsigned:
    """A proof with a checkpoint whose signature was checked before."""

    def __init__(self, proof: Proof) -> None:
        self.proof = proof

    def check(self, line: bytes) -> None:
        """As `Proof.check`, without the key."""
        from ledger.audit.formats.merkle import check_inclusion, leaf_hash

        signed = self.proof.signed
        check_inclusion(
            leaf_hash(line), self.proof.index, signed.size, signed.root, self.proof.hashes
        )


def test_no_bit_of_any_checkpoint_can_be_changed() -> None:
    """Every bit of the checkpoint, once per tree; in CI for every 60th tree."""
    tried = 0
    for size in range(1, SIZES + 1) if LONG else (*range(1, SIZES, 60), SIZES):
        data = proof_of(size, size - 1).encode()
        before = len(data) - len(head(size).encode())
        for bit in range(before * 8, len(data) * 8):
            assert not proves(flipped(data, bit)), (size, bit)
            tried += 1
    assert tried > (400_000 if LONG else 8_000)


def test_no_bit_of_the_line_beside_it_can_be_changed() -> None:
    tried = 0
    for size, index in pairs():
        proof, line = proof_of(size, index, with_line=False), line_of(index + 1)
        for bit in range(len(line) * 8):
            with pytest.raises(NotProved, match="does not lead"):
                proof.check(flipped(line, bit), KEY, ORIGIN)
            tried += 1
        for other in (line + b"\n", line[:-1], b"", line_of(index + 2), b"\0" + line):
            with pytest.raises(NotProved):
                proof.check(other, KEY, ORIGIN)
    assert tried > 3_000


def test_two_verifiers_agree_on_every_changed_bit() -> None:
    """With a witness that both verifiers know, and one that neither knows.

    Both ignore the line of the unknown one, as the specification demands, changed or not.
    """
    known, unknown = INSURER, UNION
    proof = proof_of(11, 6)
    signed = proof.signed.adding([known.sign(proof.signed.note.text, 1_700_000_000)])
    data = Proof(proof.index, proof.hashes, signed, proof.extra).encode()
    stranger = unknown.sign(signed.note.text, 1_700_000_000)
    data += stranger.line.encode()
    refused = agreed = 0
    for bit in range(len(data) * 8):
        changed = flipped(data, bit)
        ours = witnessed(changed)
        assert ours == accepts(changed, None, KEY.text, [known.verifier.text], 1), bit
        refused += not ours
        agreed += ours
    last_line = len(stranger.line.encode()) * 8
    assert 0 < agreed < last_line
    assert refused + agreed == len(data) * 8
    first = len(data) * 8 - last_line
    assert not any(witnessed(flipped(data, bit)) for bit in range(first - 8, first))


def witnessed(data: bytes) -> bool:
    """Proved, and cosigned by the insurer."""
    try:
        proof = Proof.parse(data)
        proof.check(proof.extra or b"", KEY, ORIGIN)
        return INSURER.verifier in proof.signed.cosigned([INSURER.verifier])
    except NotProved:
        return False


def _changed_lines(data: bytes) -> list[bytes]:
    """Changes to the structure: lines left out, doubled, exchanged, cut and lengthened."""
    lines = data.split(b"\n")
    found = []
    for n, one in enumerate(lines):
        found.append([*lines[:n], *lines[n + 1 :]])
        found.append([*lines[:n], one, *lines[n:]])
        found += [[*lines[:n], changed, *lines[n + 1 :]] for changed in (
            one + b" ", b" " + one, one + b"\r", one[:-1], one + b"=", one.lower(), one + b"0",
            one.replace(b" ", b"  "), one.replace(b" ", b" 0"), one.replace(b" ", b" +"),
            one.replace(b" ", b"\t"), b"extra aGVsbG8=", b"index 6",
        )]  # fmt: skip
        found += [
            [*lines[:n], lines[m], *lines[n + 1 : m], one, *lines[m + 1 :]]
            for m in range(n + 1, len(lines))
        ]
    return [b"\n".join(one) for one in found]


def test_two_verifiers_agree_on_every_changed_line() -> None:
    """Only the proof itself is accepted, and the one with the same signature twice."""
    tried = 0
    for data in (proof_of(11, 6).encode(), proof_of(1, 0).encode()):
        twice = data + data[data.rindex(b"\n", 0, -1) + 1 :]
        for one in _changed_lines(data):
            ours = proves(one)
            assert ours == accepts(one, None, KEY.text), one
            assert ours == (one in (data, twice)), one
            tried += 1
    assert tried > 300


def test_the_line_is_in_extra_and_extra_proves_nothing() -> None:
    """Another line in `extra` is refused, unless a line is given: then that one counts."""
    proof = proof_of(11, 6)
    forged = Proof(proof.index, proof.hashes, proof.signed, line_of(8))
    assert not proves(forged.encode())
    assert proves(forged.encode(), line_of(7))


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        (lambda d: d.replace(b"@v1", b"@v2", 1), "does not begin with"),
        (lambda d: b"\n" + d, "does not begin with"),
        (lambda d: b"\xef\xbb\xbf" + d, "does not begin with"),
        (lambda d: d.replace(b"\n", b"\r\n"), "does not begin with"),
        (lambda d: d.replace(b"index", b"\xff\xff", 1), "does not begin with"),
        (lambda d: d.replace(b"index", b"Index", 1), "no index"),
        (lambda d: d.replace(b"index 6", b"index 06", 1), "not a number"),
        (lambda d: d.replace(b"index 6", b"index -6", 1), "not a number"),
        (lambda d: d.replace(b"index 6\n", b"index 6\neHh4eA==\n"), "32 bytes"),
        (
            lambda d: d.replace(b"index 6\n", b"index 6\n" + 64 * (b64encode(b"x" * 32) + b"\n")),
            "hashes",
        ),
        (lambda d: d + b" " * MAX_PROOF, "too large"),
        (lambda d: d[: d.index(b"\n\n") + 2], "no signature"),
        (lambda d: d[: d.index(b"\n\n") + 1], "does not begin|no signature"),
        (lambda d: b"", "does not begin"),
    ],
)  # fmt: skip
def test_what_is_no_proof(changed, match: str) -> None:  # type: ignore[no-untyped-def]  # of lambdas alone
    with pytest.raises(BadNote, match=match):
        Proof.parse(changed(proof_of(11, 6).encode()))


def test_a_proof_is_of_one_log_and_one_head() -> None:
    proof, line = proof_of(11, 6), line_of(7)
    with pytest.raises(BadNote, match=r"not 'other\.example'"):
        proof.check(line, KEY, "other.example")
    with pytest.raises(BadNote, match="is not signed by"):
        proof.check(line, key_of("other.example").verifier)
    for other in (10, 12, 300):
        moved = Proof(proof.index, proof.hashes, head(other), line)
        with pytest.raises(NotProved):
            moved.check(line, KEY, ORIGIN)
    unsigned = Checkpoint(ORIGIN, 11, head(11).root)
    stranger = Signature(KEY.name, b"abcd", b"x" * 64)
    alone = Proof(
        6, proof.hashes, SignedCheckpoint(unsigned, Note(unsigned.text, (stranger,))), line
    )
    with pytest.raises(BadNote, match="is not signed by"):
        Proof.parse(alone.encode()).check(line, KEY, ORIGIN)


def test_the_deepest_proof() -> None:
    """A tree of 2**63 - 1 leaves has paths of 63 hashes; no tree has longer ones."""
    assert MAX_HASHES == 63
    signed = Checkpoint(ORIGIN, 2**63 - 1, bytes(32))
    note = Note.sign(signed.text, LOG_KEY)
    deep = Proof(2**62, (b"h" * 32,) * 63, SignedCheckpoint(signed, note), b"l" * 65_535)
    data = deep.encode()
    assert len(data) < MAX_PROOF
    with pytest.raises(NotProved, match=r"lead|long|short"):
        Proof.parse(data).check(b"l" * 65_535, KEY, ORIGIN)
