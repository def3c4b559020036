"""Signing a checkpoint: over lines that are read again, and only if it continues all earlier ones.

A log that signs two heads where neither continues the other can no longer be trusted. After a
restore from an older copy that would happen by itself: the log is shorter than what was signed,
grows again, and passes the signed size with other events. So every line is read before anything
is signed, and the root at every size signed before must come out the same.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct

from ledger.audit.checkpoint_store import CheckpointFile, Kept
from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.formats.merkle import HASH_SIZE
from ledger.audit.formats.note import Note, SigningKey
from ledger.audit.refusals import Inconsistent
from ledger.audit.tree import TILE, Derivation, HashFiles, Lines, cut, tiles, upper_levels

Progress = Callable[[int, int], None]
"""Called with the position read so far and the last one."""


class Signed(Struct, frozen=True):
    """A signed head. `new` is False if it had been signed before."""

    signed: SignedCheckpoint
    new: bool
    since: int
    """The size of the checkpoint before; 0 if there was none."""


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

    `head_now` is called once the file is locked: a process that waits for another one to sign
    would otherwise find the log shorter than what was signed in the meantime.

    Raises `Inconsistent` if the lines are not those that were signed before, `BadNote` if a kept
    checkpoint was not signed by this key.
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
        with suppress(OSError):  # the hashes can always be derived again
            keep_hashes(hashes, cut(bytes(leaves)))
    return outcome


def check_reaches(kept: Kept, head: int) -> None:
    """Raise `Inconsistent` if the log is shorter than the last checkpoint."""
    last = kept.last
    if last is not None and head < last.size:
        raise Inconsistent(
            f"the log ends at #{head}, and #{last.size} was signed: "
            f"{last.size - head:,} events are gone",
            advice="It was cut off, or restored from an older copy. Restore a newer copy; to keep "
            "using this one, begin another log with its own audit folder",
            position=head + 1,
        )


def check_roots(kept: Kept, roots: dict[int, bytes]) -> None:
    """Raise `Inconsistent` if a root is not the one that was signed for its size."""
    fine = 0
    for one in kept.signed:
        if roots[one.size] != one.root:
            raise Inconsistent(
                f"the first {one.size:,} events are not those that were signed: their root is "
                f"{b64encode(roots[one.size]).decode()}, but {one.checkpoint} was signed; the "
                f"first difference is after #{fine}",
                advice="See where: audit verify. Nothing was signed",
                position=fine + 1,
            )
        fine = one.size


def keep_hashes(hashes: HashFiles, leaves: Sequence[bytes]) -> None:
    """Keep the hashes of a tree; write only those that are not kept yet. Raises `OSError`."""
    _keep_level(hashes, 0, leaves)
    for level, upper in enumerate(upper_levels(leaves), start=1):
        _keep_level(hashes, level, upper)


def _keep_level(hashes: HashFiles, level: int, true: Sequence[bytes]) -> None:
    for start in range(0, len(true), TILE):
        wanted = list(true[start : start + TILE])
        if hashes.read(level, start, TILE) != wanted:
            # From here on, the file is not this tree's.
            hashes.write(level, start, true[start:])
            return
    if hashes.count(level) > len(true):
        hashes.write(level, len(true), ())
