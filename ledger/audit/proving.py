"""Making proofs from a log's lines and its kept hashes; each is checked before it is given out."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from ledger.audit.checkpoint_store import Kept
from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.formats.merkle import (
    Nodes,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)
from ledger.audit.formats.policy import Policy
from ledger.audit.formats.proof import Proof
from ledger.audit.refusals import Inconsistent, NotCovered, NotProved
from ledger.audit.tree import HashFiles, Lines, LogTree

T = TypeVar("T")


def prove_line(
    lines: Lines,
    position: int,
    signed: SignedCheckpoint,
    hashes: HashFiles,
    *,
    with_line: bool = True,
) -> Proof:
    """The proof that the event at a position is in a signed tree; `with_line` includes the line.

    Raises `Inconsistent` if the lines are not the signed ones.
    """
    line = next(iter(lines(position - 1, position)))

    def attempt(nodes: Nodes) -> Proof:
        found = inclusion_proof(position - 1, signed.size, nodes)
        check_inclusion(leaf_hash(line), position - 1, signed.size, signed.root, found)
        return Proof(position - 1, tuple(found), signed, line if with_line else None)

    return _untrusting(lines, hashes, signed, attempt)


def prove_continuation(
    lines: Lines, old: SignedCheckpoint | None, new: SignedCheckpoint, hashes: HashFiles
) -> list[bytes]:
    """The proof that a signed tree continues an earlier one; empty without an earlier one.

    Raises `Inconsistent` if the lines are not the signed ones.
    """
    if old is None:
        return []
    before = old

    def attempt(nodes: Nodes) -> list[bytes]:
        found = consistency_proof(before.size, new.size, nodes)
        check_consistency(before.size, before.root, new.size, new.root, found)
        return found

    return _untrusting(lines, hashes, new, attempt)


def choose(kept: Kept, position: int, policy: Policy | None = None) -> SignedCheckpoint:
    """The checkpoint to prove an event with: the newest that satisfies the policy, or the newest.

    Raises `NotCovered`.
    """
    covering: Sequence[SignedCheckpoint] = [one for one in kept.signed if one.size >= position]
    if not covering:
        last = kept.last
        until = "there is none" if last is None else f"the last one ends at #{last.size}"
        raise NotCovered(
            f"no checkpoint covers #{position}: {until}", advice="Sign one: audit checkpoint"
        )
    if policy is not None:
        for one in reversed(covering):
            with suppress(NotProved):
                policy.check(one)
                return one
    return covering[-1]


def _untrusting(
    lines: Lines, hashes: HashFiles, signed: SignedCheckpoint, attempt: Callable[[Nodes], T]
) -> T:
    """Try with the kept hashes, and again without them if the proof does not hold."""
    with suppress(NotProved):
        return attempt(LogTree(lines, hashes))
    try:
        made = attempt(LogTree(lines))
    except NotProved as error:
        raise Inconsistent(
            f"the lines are not those of the checkpoint {signed.checkpoint}",
            advice="See where they differ: audit verify",
        ) from error
    with suppress(OSError):
        hashes.drop()
    return made
