"""The tree of one log: its lines are the leaves, its interior hashes are kept but never trusted.

Hashes are kept at every eighth level, in one flat file per level: file 0 holds the leaves' hashes,
file 1 those over 256 leaves, and so on: the tiles of C2SP tlog-tiles, one after another. A hash in
between takes 255 hashes to compute. Hashes that are not kept are derived from the lines, so the
files may be missing, short or wrong: a caller that uses them checks its result against a signed
root, and drops the files if it does not hold.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from ledger.audit.formats.merkle import HASH_SIZE, Frontier, leaf_hash, subtree

TILE = 256
"""Hashes of a tile: the leaves of a subtree that is eight levels high."""

LEVELS = 8
"""Levels of the tree from a tile to the one above."""

_HOLE = bytes(HASH_SIZE)
"""Not a hash, but what a file holds if the power failed after it grew and before it was filled."""

Lines = Callable[[int, int], Iterable[bytes]]
"""The lines with after < position <= until, in order."""


class HashFiles:
    """The kept hashes in a folder. Unreadable ones count as not kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, tile_level: int, start: int, count: int) -> list[bytes]:
        """Read up to `count` hashes from `start` on, as many as are kept."""
        found = cut(self._bytes(tile_level, start, count))
        return found[: found.index(_HOLE)] if _HOLE in found else found

    def are(self, hashes: Sequence[bytes], start: int) -> bool:
        """Whether the kept leaf hashes from `start` on, as far as there are any, equal these."""
        data = self._bytes(0, start, len(hashes))
        return b"".join(hashes).startswith(data[: len(data) - len(data) % HASH_SIZE])

    def _bytes(self, tile_level: int, start: int, count: int) -> bytes:
        try:
            with self._file(tile_level).open("rb") as file:
                file.seek(start * HASH_SIZE)
                return file.read(count * HASH_SIZE)
        except (OSError, OverflowError, ValueError):  # the last two: beyond any file
            return b""

    def count(self, tile_level: int = 0) -> int:
        """The number of whole hashes that are kept of a level."""
        try:
            return self._file(tile_level).stat().st_size // HASH_SIZE
        except OSError:
            return 0

    def write(self, tile_level: int, start: int, hashes: Sequence[bytes]) -> None:
        """Write hashes from `start` on, and cut the file after them. Raises `OSError`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(self._file(tile_level), os.O_WRONLY | os.O_CREAT, 0o644)
        with open(opened, "wb") as file:
            file.seek(start * HASH_SIZE)
            file.write(b"".join(hashes))
            file.truncate()
            file.flush()
            # The levels above are written later, so no hash is ever kept without those below.
            os.fsync(file.fileno())

    def drop(self) -> None:
        """Delete all kept hashes."""
        for level in range(HASH_SIZE):
            with suppress(FileNotFoundError):
                self._file(level).unlink()

    def _file(self, tile_level: int) -> Path:
        return self.folder / str(tile_level)


class LogTree:
    """The hashes over the complete subtrees of a log (`merkle.Nodes`), read on demand.

    A proof in a log of a million events reads some 500 lines, or none if hashes are kept.
    """

    def __init__(self, lines: Lines, kept: HashFiles | None = None) -> None:
        self._lines = lines
        self._kept = kept

    def node(self, level: int, index: int) -> bytes:
        """See `merkle.Nodes`."""
        tile_level, above = divmod(level, LEVELS)
        return subtree(self.hashes(tile_level, index << above, 1 << above))

    def hashes(self, tile_level: int, start: int, count: int) -> list[bytes]:
        """The hashes of a tile level: MTH(D[n * 256**level : (n + 1) * 256**level])."""
        found = [] if self._kept is None else self._kept.read(tile_level, start, count)
        first, end = start + len(found), start + count
        if tile_level == 0:
            return found + [leaf_hash(line) for line in self._lines(first, end)]
        return found + [
            subtree(self.hashes(tile_level - 1, n * TILE, TILE)) for n in range(first, end)
        ]


class Derivation:
    """Derives the tree from its leaves, tile by tile, without kept hashes.

    `roots` holds the roots at those `wanted` sizes that were reached.
    """

    def __init__(self, wanted: Iterable[int]) -> None:
        self.roots: dict[int, bytes] = {}
        self._wanted = sorted(set(wanted), reverse=True)
        self._frontier = Frontier()
        self._ended = False
        self._take(0, [])

    @property
    def size(self) -> int:
        """The number of leaves so far in whole tiles."""
        return self._frontier.size

    def add(self, leaves: Sequence[bytes]) -> bytes | None:
        """Add the next tile of leaf hashes; return its own hash if it is full.

        Only the last tile may have fewer than `TILE`.
        """
        assert not self._ended, "a partial tile is the last one"
        before = self.size
        self._take(before + len(leaves), leaves)
        if len(leaves) < TILE:
            self._ended = True
            return None
        whole = subtree(leaves)
        self._frontier.add(whole, LEVELS)
        return whole

    def _take(self, reached: int, leaves: Sequence[bytes]) -> None:
        while self._wanted and self._wanted[-1] <= reached:
            size = self._wanted.pop()
            self.roots[size] = self._frontier.root(leaves[: size - self.size])


def tiles(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the leaf hashes of lines, a tile at a time."""
    rest = iter(lines)
    while leaves := [leaf_hash(line) for line in islice(rest, TILE)]:
        yield leaves


def upper_levels(level: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield the tile levels above one, each the hashes of the whole tiles below."""
    while len(level) >= TILE:
        level = [
            subtree(level[n : n + TILE]) for n in range(0, len(level) - len(level) % TILE, TILE)
        ]
        yield list(level)


def cut(data: bytes) -> list[bytes]:
    """Cut bytes into hashes; drop an incomplete one at the end."""
    end = len(data) - len(data) % HASH_SIZE
    return [data[n : n + HASH_SIZE] for n in range(0, end, HASH_SIZE)]
