"""Tiles: the tree and its lines as files for other programs (C2SP tlog-tiles).

    tile/<L>/<N>[.p/<W>]          up to 256 hashes of level 8 L, one after another
    tile/entries/<N>[.p/<W>]      up to 256 lines, each after its length (16 bits)

Only a tile that is not full has `.p/<W>`. Pure.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from ledger.audit.formats.merkle import leaf_hash, subtree
from ledger.audit.tree import TILE, Derivation

ENTRIES = "entries"
"""The word in place of the level in the path of an entry bundle."""


def tile_path(level: int | str, n: int, width: int) -> str:
    """The path of a tile: in groups of three digits, `x001/x234/067`."""
    path = f"{n % 1000:03d}"
    while n >= 1000:
        n //= 1000
        path = f"x{n % 1000:03d}/{path}"
    return f"tile/{level}/{path}" + (f".p/{width}" if width < TILE else "")


def tile_files(lines: Iterable[bytes], derivation: Derivation) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of every tile and entry bundle; feed the leaves to `derivation`.

    Each comes as soon as its last line is read, so memory holds one tile per level. A line must
    have at most 65,535 bytes.
    """
    rest, n = iter(lines), 0
    above: list[tuple[int, list[bytes]]] = []  # for each upper level, the tile that is being filled
    while batch := list(islice(rest, TILE)):
        bundle = b"".join(len(line).to_bytes(2, "big") + line for line in batch)
        yield tile_path(ENTRIES, n, len(batch)), bundle
        leaves = [leaf_hash(line) for line in batch]
        yield tile_path(0, n, len(batch)), b"".join(leaves)
        n += 1
        whole, level = derivation.add(leaves), 0
        while whole is not None:
            if level == len(above):
                above.append((0, []))
            index, row = above[level]
            row.append(whole)
            whole, level = None, level + 1
            if len(row) == TILE:
                yield tile_path(level, index, TILE), b"".join(row)
                whole = subtree(row)
                above[level - 1] = (index + 1, [])
    for level, (index, row) in enumerate(above, start=1):
        if row:
            yield tile_path(level, index, len(row)), b"".join(row)
