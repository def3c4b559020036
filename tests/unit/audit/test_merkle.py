"""The tree of RFC 6962 against its own definition, for every size up to 300, bit by bit."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.audit.formats.merkle import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    root_of_inclusion,
    roots_of_consistency,
    subtree,
)
from ledger.audit.refusals import NotProved

SIZES = 300
WHOLE = SIZES if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 24
"""Up to this size every bit of every proof is changed; beyond it one bit of every hash."""

LEAVES = [leaf_hash(b"line %d" % n) for n in range(SIZES)]


def below(size: int) -> int:
    """The largest power of 2 below a size."""
    k = 1
    while k * 2 < size:
        k *= 2
    return k


@cache
def mth(start: int, end: int) -> bytes:
    """MTH(D[start:end]) to the letter of RFC 6962, 2.1."""
    if end - start < 2:
        return LEAVES[start] if start < end else sha256(b"").digest()
    k = start + below(end - start)
    return sha256(b"\x01" + mth(start, k) + mth(k, end)).digest()


def path(m: int, start: int, end: int) -> list[bytes]:
    """PATH(m, D[start:end]) of RFC 6962, 2.1.1."""
    if end - start == 1:
        return []
    k = below(end - start)
    if m < k:
        return [*path(m, start, start + k), mth(start + k, end)]
    return [*path(m - k, start + k, end), mth(start, start + k)]


def subproof(m: int, start: int, end: int, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[start:end], b) of RFC 6962, 2.1.2."""
    if m == end - start:
        return [] if whole else [mth(start, end)]
    k = below(end - start)
    if m <= k:
        return [*subproof(m, start, start + k, whole), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, False), mth(start, start + k)]


class Whole:
    """The nodes of a tree with its leaves in memory."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._known: dict[tuple[int, int], bytes] = {(0, n): one for n, one in enumerate(leaves)}

    def node(self, level: int, index: int) -> bytes:
        if (level, index) not in self._known:
            left, right = (self.node(level - 1, 2 * index + n) for n in (0, 1))
            self._known[level, index] = node_hash(left, right)
        return self._known[level, index]


NODES = Whole(LEAVES)
ROOTS = [mth(0, size) for size in range(SIZES + 1)]


def holds(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether an inclusion proof is accepted."""
    try:
        check_inclusion(leaf, index, size, root, proof)
    except NotProved:
        return False
    return True


def continues(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a consistency proof is accepted."""
    try:
        check_consistency(old, old_root, new, new_root, proof)
    except NotProved:
        return False
    return True


def flipped(data: bytes, bit: int) -> bytes:
    """Bytes with one bit changed."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_the_known_vectors_of_the_rfc() -> None:
    """Roots from certificate-transparency's own tests: eight leaves, and the empty tree."""
    data = [
        b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43",
        bytes.fromhex("5051525354555657"), bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
    ]  # fmt: skip
    leaves = [leaf_hash(one) for one in data]
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaves[0].hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert subtree(leaves).hex() == (
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


def test_roots_are_those_of_the_definition() -> None:
    frontier = Frontier()
    for size in range(SIZES + 1):
        assert root(size, NODES) == subtree(LEAVES[:size]) == frontier.root() == ROOTS[size]
        if size < SIZES:
            frontier.add(LEAVES[size])


def test_a_frontier_takes_whole_subtrees_and_a_rest() -> None:
    frontier = Frontier()
    for n in range(0, 288, 32):
        for rest in range(33):
            assert frontier.root(LEAVES[n : n + rest]) == ROOTS[n + rest]
        frontier.add(subtree(LEAVES[n : n + 32]), level=5)
    assert frontier.root(LEAVES[288:]) == ROOTS[SIZES]


def test_every_leaf_of_every_tree_is_proved_and_no_changed_bit_passes() -> None:
    """Sizes 1 to 300: proof, leaf, root and index; see `test_proof.py` for size and line."""
    chance = random.Random(6962)
    proved = refused = 0
    for size in range(1, SIZES + 1):
        for index in range(size):
            proof = inclusion_proof(index, size, NODES)
            assert proof == path(index, 0, size)
            check_inclusion(LEAVES[index], index, size, ROOTS[size], proof)
            proved += 1
            bits = range(256) if size <= WHOLE else [chance.randrange(256)]
            for bit in bits:
                for n in range(len(proof)):
                    wrong = [*proof[:n], flipped(proof[n], bit), *proof[n + 1 :]]
                    assert root_of_inclusion(LEAVES[index], index, size, wrong) != ROOTS[size]
                    refused += 1
                leaf = flipped(LEAVES[index], bit)
                assert root_of_inclusion(leaf, index, size, proof) != ROOTS[size]
                refused += 1
            for other in (index ^ 1 << bit for bit in range(9)):
                assert not holds(LEAVES[index], other, size, ROOTS[size], proof)
            assert not holds(LEAVES[index], index, size, flipped(ROOTS[size], bits[0]), proof)
            assert not holds(LEAVES[index], index, size, ROOTS[size], [*proof, LEAVES[0]])
            assert not proof or not holds(LEAVES[index], index, size, ROOTS[size], proof[1:])
            assert not proof or not holds(LEAVES[index], index, size, ROOTS[size], proof[:-1])
    assert proved == SIZES * (SIZES + 1) // 2
    assert refused > 300_000


def test_every_tree_is_proved_to_continue_every_smaller_one() -> None:
    chance = random.Random(2012)
    for new in range(1, SIZES + 1):
        for old in range(new + 1):
            proof = consistency_proof(old, new, NODES)
            assert proof == (subproof(old, 0, new, True) if old else [])
            check_consistency(old, ROOTS[old], new, ROOTS[new], proof)
            for n, one in enumerate(proof):
                wrong = [*proof[:n], flipped(one, chance.randrange(256)), *proof[n + 1 :]]
                assert roots_of_consistency(old, ROOTS[old], new, wrong) != (ROOTS[old], ROOTS[new])
            if old:
                wrong_old, wrong_new = flipped(ROOTS[old], 7), flipped(ROOTS[new], 7)
                assert not continues(old, wrong_old, new, ROOTS[new], proof)
                assert not continues(old, ROOTS[old], new, wrong_new, proof)
            assert not continues(old, ROOTS[old], new, ROOTS[new], [*proof, EMPTY_ROOT])
            assert not proof or not continues(old, ROOTS[old], new, ROOTS[new], proof[:-1])


@given(st.integers(2, SIZES), st.data())
def test_a_history_that_was_rewritten_is_not_consistent(size: int, data: st.DataObject) -> None:
    """If an event changed after the old head was signed, no proof can join the two."""
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    leaves = [*LEAVES[:changed], leaf_hash(b"another line"), *LEAVES[changed + 1 : size]]
    forged = Whole(leaves)
    with pytest.raises(NotProved):
        check_consistency(
            old, ROOTS[old], size, subtree(leaves), consistency_proof(old, size, forged)
        )


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (1, 2**63)])
def test_what_cannot_be_is_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, size, NODES)
    with pytest.raises(NotProved):
        check_inclusion(LEAVES[0], index, size, ROOTS[3], [])


def test_hashes_of_another_length_and_sizes_that_shrink_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot begin"):
        consistency_proof(4, 3, NODES)
    with pytest.raises(NotProved, match="cannot begin"):
        check_consistency(4, ROOTS[4], 3, ROOTS[3], [])
    with pytest.raises(NotProved, match="32 bytes"):
        check_inclusion(LEAVES[0], 0, 2, ROOTS[2], [LEAVES[1][:31]])
    with pytest.raises(NotProved, match="do not agree"):
        check_consistency(0, ROOTS[1], 3, ROOTS[3], [])
