"""The Merkle tree of RFC 6962, section 2.1, with SHA-256: roots, and proofs of two kinds.

    MTH({})  = SHA-256()
    MTH({d}) = SHA-256(0x00 || d)
    MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n])),  k the largest power of 2 below n

An *inclusion proof* shows that a leaf stands at an index of a tree, a *consistency proof* that a
tree begins with all the leaves of an earlier one. Both are some log2(n) hashes.

Everything here is a pure function of hashes and needs the standard library alone. The owner of a
tree provides `Nodes`: the hash over any complete subtree.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from ledger.audit.refusals import NotProved

HASH_SIZE = 32
"""Bytes of a hash."""

EMPTY_ROOT = sha256().digest()
"""The root of a tree without leaves."""

MAX_SIZE = 2**63 - 1
"""The most leaves of a tree (C2SP tlog-tiles has 63 levels)."""


class Nodes(Protocol):
    """Provides the hashes over a tree's complete subtrees."""

    def node(self, level: int, index: int) -> bytes:
        """MTH(D[index * 2**level : (index + 1) * 2**level]); at level 0, a leaf's hash."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an interior node."""
    return sha256(b"\1" + left + right).digest()


def subtree(hashes: Sequence[bytes]) -> bytes:
    """MTH over leaf hashes, or over the hashes of complete subtrees of one size.

    `EMPTY_ROOT` over none.
    """
    row = list(hashes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        # Pair from the left; an odd one at the end moves up unchanged. That is MTH: each complete
        # subtree becomes one hash, and the rest joins it at the largest power of 2.
        paired = [sha256(b"\1" + row[n] + row[n + 1]).digest() for n in range(0, len(row) - 1, 2)]
        row = paired if len(row) % 2 == 0 else [*paired, row[-1]]
    return row[0]


class Frontier:
    """The right edge of a growing tree: some log2(n) hashes, enough to extend it or get a root."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []
        self.size = 0
        """Leaves so far."""

    def add(self, hash: bytes, level: int = 0) -> None:
        """Append a complete subtree of 2**level leaves; `size` must be a multiple of that."""
        assert self.size % (1 << level) == 0, "a subtree begins at a multiple of its size"
        self.size += 1 << level
        while self._peaks and self._peaks[-1][0] == level:
            hash = node_hash(self._peaks.pop()[1], hash)
            level += 1
        self._peaks.append((level, hash))

    def root(self, rest: Sequence[bytes] = ()) -> bytes:
        """The root of the tree; with `rest`, of the tree with these further leaf hashes.

        They must be fewer than the leaves of the smallest subtree appended so far.
        """
        hashes = [hash for _, hash in self._peaks]
        if rest:
            hashes.append(subtree(rest))
        if not hashes:
            return EMPTY_ROOT
        root = hashes.pop()
        while hashes:
            root = node_hash(hashes.pop(), root)
        return root


# --- making proofs -----------------------------------------------------------------------


def root(size: int, nodes: Nodes) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return EMPTY_ROOT if size == 0 else _range_hash(0, size, nodes)


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` leaves: siblings, the leaf's first.

    RFC 6962, 2.1.1. Raises `ValueError` unless 0 <= index < size.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range_hash(middle, end, nodes))
            end = middle
        else:
            proof.append(_range_hash(start, middle, nodes))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """The proof that the tree of `new` leaves begins with that of `old`.

    RFC 6962, 2.1.2; empty where `old` is 0 or equal to `new`. Raises `ValueError` unless
    0 <= old <= new.
    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise ValueError(f"a tree of {new} cannot begin with one of {old}")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_range_hash(middle, end, nodes))
            end = middle
        else:
            proof.append(_range_hash(start, middle, nodes))
            start = middle
    if start > 0:  # else it is the old root, which the verifier has
        proof.append(_range_hash(start, end, nodes))
    return proof[::-1]


def _split(size: int) -> int:
    """The number of leaves on the left: the largest power of 2 below a size of 2 or more."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_hash(start: int, end: int, nodes: Nodes) -> bytes:
    """MTH over leaves start..end, where `start` is a point of a split."""
    hashes: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        hashes.append(nodes.node(level, start >> level))
        start += 1 << level
    whole = hashes.pop()
    while hashes:
        whole = node_hash(hashes.pop(), whole)
    return whole


# --- checking proofs ---------------------------------------------------------------------


def check_inclusion(
    leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise `NotProved` unless the proof leads from a leaf's hash to the root.

    RFC 9162, 2.1.3.2. Root and size must come from one signature: some proofs lead to the same
    root at two sizes.
    """
    _check_hashes([leaf, root, *proof])
    if not 0 <= index < size <= MAX_SIZE:
        raise NotProved(f"a tree of {size} has no leaf {index}", advice=_FORGED)
    if root_of_inclusion(leaf, index, size, proof) != root:
        raise NotProved(
            f"the proof does not lead from this line to the root of the {size:,} events",
            advice=_FORGED,
        )


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a proof leads to. Raises `NotProved` for a proof of the wrong length."""
    position, last = index, size - 1
    hash = leaf
    rest = list(proof)[::-1]
    while last > 0:
        # On the right edge, a node without a sibling moves up unchanged.
        if position % 2 == 1 or position < last:
            if not rest:
                raise NotProved("the proof is too short", advice=_FORGED)
            sibling = rest.pop()
            hash = node_hash(sibling, hash) if position % 2 == 1 else node_hash(hash, sibling)
        position, last = position // 2, last // 2
    if rest:
        raise NotProved("the proof is too long", advice=_FORGED)
    return hash


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise `NotProved` unless the tree of `new` leaves begins with that of `old`."""
    _check_hashes([old_root, new_root, *proof])
    if not 0 <= old <= new <= MAX_SIZE:
        raise NotProved(f"a tree of {new} cannot begin with one of {old}", advice=_FORGED)
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected or (new == 0 and new_root != EMPTY_ROOT):
            raise NotProved(f"the two trees of {old:,} and {new:,} do not agree", advice=_FORGED)
        return
    if roots_of_consistency(old, old_root, new, proof) != (old_root, new_root):
        raise NotProved(
            f"the tree of {new:,} events does not begin with that of {old:,}", advice=_FORGED
        )


def roots_of_consistency(
    old: int, old_root: bytes, new: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The old and the new root that a proof leads to, 0 < old < new. Raises `NotProved`."""
    rest = list(proof)[::-1]

    def following() -> bytes:
        if not rest:
            raise NotProved("the proof is too short", advice=_FORGED)
        return rest.pop()

    # The last complete subtree of the old tree, as an index among the subtrees of its size. Each
    # halving gives the parent's index.
    position, last = old - 1, new - 1
    while position % 2 == 1:
        position, last = position // 2, last // 2
    older = newer = old_root if position == 0 else following()
    while last > 0:
        if position % 2 == 1:
            left = following()
            older, newer = node_hash(left, older), node_hash(left, newer)
        elif position < last:
            newer = node_hash(newer, following())
        position, last = position // 2, last // 2
    if rest:
        raise NotProved("the proof is too long", advice=_FORGED)
    return older, newer


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(hash) != HASH_SIZE for hash in hashes):
        raise NotProved(f"a hash does not have {HASH_SIZE} bytes", advice=_FORGED)


_FORGED = "The proof or the checkpoint was changed: ask for both again"
