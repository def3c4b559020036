"""Signing a checkpoint: over lines that were read again, and never beside an earlier one.

A log that signs two heads of which neither continues the other has lost its word. After a restore
from an older copy that would happen by itself: the log is shorter than what was signed, grows
again, and passes the signed size with other events. So every line is read before anything is
signed, and the root at every size signed before has to come out as it was.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct

from ledger.audit.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.kept import CheckpointFile, Kept
from ledger.audit.merkle import HASH_SIZE
from ledger.audit.note import Note, SigningKey
from ledger.audit.refusals import Inconsistent
from ledger.audit.tree import TILE, Derivation, HashFiles, Lines, cut, tiles, upper_levels

Progress = Callable[[int, int], None]
"""Told the position that was read, and the last one."""


class Signed(Struct, frozen=True):
    """What came of it. `new` is False where the head had been signed already."""

    signed: SignedCheckpoint
    new: bool
    since: int
    """The size of the checkpoint before; 0 where there was none."""


def sign_head(
    lines: Lines,
    head_now: Callable[[], int],
    *,
    origin: str,
    key: SigningKey,
    file: CheckpointFile,
    hashes: HashFiles,
    progress: Progress | None = None,
) -> Signed:
    """Sign the tree of the lines so far and keep the checkpoint.

    The head is asked for when the file is held: else whoever waits for another who signs would
    find the log shorter than what was signed meanwhile.

    Raises `Inconsistent` where the lines are not those that were signed before, `BadNote` where
    what is kept was not signed by this key.
    """
    with file.appending() as appending:
        kept = appending.kept
        kept.check(key.verifier, origin)
        head = head_now()
        check_reaches(kept, head)
        derivation = Derivation([*(one.size for one in kept.signed), head])
        leaves = bytearray()
        for tile in tiles(lines(0, head)):
            derivation.add(tile)
            leaves += b"".join(tile)
            if progress is not None:
                progress(len(leaves) // HASH_SIZE, head)
        check_roots(kept, derivation.roots)
        last = kept.last
        if last is not None and last.size == head:
            outcome = Signed(last, new=False, since=last.size)
        else:
            checkpoint = Checkpoint(origin, head, derivation.roots[head])
            signed = SignedCheckpoint(checkpoint, Note.sign(checkpoint.text, key))
            appending.append(signed)
            outcome = Signed(signed, new=True, since=0 if last is None else last.size)
        with suppress(OSError):  # they can always be derived again
            keep_hashes(hashes, cut(bytes(leaves)))
    return outcome


def check_reaches(kept: Kept, head: int) -> None:
    """Raise `Inconsistent` where the log is shorter than what was signed."""
    last = kept.last
    if last is not None and head < last.size:
        raise Inconsistent(
            f"the log ends at #{head}, and #{last.size} was signed: "
            f"{last.size - head:,} events are gone",
            advice="It was cut off, or restored from an older copy. Restore a newer one; to go "
            "on with this one is to begin another log, with an audit folder of its own",
            position=head + 1,
        )


def check_roots(kept: Kept, roots: dict[int, bytes]) -> None:
    """Raise `Inconsistent` where a root is not the one that was signed for that size."""
    fine = 0
    for one in kept.signed:
        if roots[one.size] != one.root:
            raise Inconsistent(
                f"the first {one.size:,} events are not those that were signed: their root is "
                f"{b64encode(roots[one.size]).decode()}, signed was {one.checkpoint}; the first "
                f"difference is after #{fine}",
                advice="See where: audit verify. Nothing was signed",
                position=fine + 1,
            )
        fine = one.size


def keep_hashes(hashes: HashFiles, leaves: Sequence[bytes]) -> None:
    """Keep the hashes of a tree, writing only what is not there. Raises `OSError`."""
    _keep_level(hashes, 0, leaves)
    for level, upper in enumerate(upper_levels(leaves), start=1):
        _keep_level(hashes, level, upper)


def _keep_level(hashes: HashFiles, level: int, true: Sequence[bytes]) -> None:
    for start in range(0, len(true), TILE):
        wanted = list(true[start : start + TILE])
        if hashes.read(level, start, TILE) != wanted:
            # Whatever stands there and after is not this tree's.
            hashes.write(level, start, true[start:])
            return
    if hashes.count(level) > len(true):
        hashes.write(level, len(true), ())
