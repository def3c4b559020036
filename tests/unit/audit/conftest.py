"""Keys that are the same in every run, a log of made-up lines, and its signed checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.audit.checkpoint_store import CheckpointFile, Kept
from ledger.audit.formats.checkpoint import Checkpoint, SignedCheckpoint
from ledger.audit.formats.merkle import leaf_hash, subtree
from ledger.audit.formats.note import COSIGNATURE, LOG, KeyType, Note, SigningKey

ORIGIN = "studio.example/log"


def key_of(name: str, type: KeyType = LOG) -> SigningKey:
    """A key derived from its name."""
    seed = sha256(f"{name} {type}".encode()).digest()
    return SigningKey(name, type, Ed25519PrivateKey.from_private_bytes(seed))


LOG_KEY = key_of(ORIGIN)
INSURER, UNION, MINISTRY = (
    key_of(name, COSIGNATURE)
    for name in ("insurer.example/w1", "union.example", "ministry.example")
)


def line_of(position: int) -> bytes:
    """A line; its content does not matter to the tree."""
    return b'{"v":1,"position":%d,"data":"event %d"}' % (position, position)


class MadeUpLog:
    """Lines in memory, as the log returns them; remembers which were read."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.all = list(lines)
        self.read: list[tuple[int, int]] = []

    @classmethod
    def of(cls, size: int) -> MadeUpLog:
        """Make a log of that many lines."""
        return cls(map(line_of, range(1, size + 1)))

    def __call__(self, after: int, until: int) -> Iterator[bytes]:
        self.read.append((after, until))
        return iter(self.all[after:until])

    def head(self) -> int:
        """The position of the last line."""
        return len(self.all)

    def root(self, size: int | None = None) -> bytes:
        """The root of the first lines, or of all."""
        return subtree([leaf_hash(line) for line in self.all[:size]])

    def signed(
        self, size: int | None = None, key: SigningKey = LOG_KEY, origin: str = ORIGIN
    ) -> SignedCheckpoint:
        """The checkpoint of the first lines, or of all."""
        size = self.head() if size is None else size
        checkpoint = Checkpoint(origin, size, self.root(size))
        return SignedCheckpoint(checkpoint, Note.sign(checkpoint.text, key))


def flipped(data: bytes, bit: int) -> bytes:
    """Bytes with one bit changed."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    """A path for checkpoints, two folders deep, that does not exist yet."""
    return CheckpointFile(tmp_path / "studio.audit" / "checkpoints")


def append(file: CheckpointFile, *signed: SignedCheckpoint) -> Kept:
    """Append checkpoints; return what was there before."""
    with file.appending() as appending:
        for one in signed:
            appending.append(one)
        return appending.kept
