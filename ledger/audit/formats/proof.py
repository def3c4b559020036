"""The proof, as a file, that one line is in a log (C2SP tlog-proof v1).

    c2sp.org/tlog-proof@v1
    extra <base64>             the line itself, so that one file is enough
    index <position - 1>
    <sibling hashes, base64, the leaf's first>
    <empty line>
    <checkpoint>

Checking it takes the line and the log's public key, but no ledger. Pure.
"""

from base64 import b64encode

from msgspec import Struct

from ledger.audit.formats.checkpoint import SignedCheckpoint, parse_number
from ledger.audit.formats.merkle import HASH_SIZE, check_inclusion, leaf_hash
from ledger.audit.formats.note import MAX_NOTE, VerifierKey, decode64
from ledger.audit.refusals import DAMAGED, BadNote

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_PROOF = MAX_NOTE + 120_000
"""Bytes of a proof: a checkpoint, 63 hashes, and a line of 65,535 bytes in base64."""


class Proof(Struct, frozen=True):
    """Proves that leaf `index` is in the tree of `signed`. Nothing authenticates `extra`."""

    index: int
    hashes: tuple[bytes, ...]
    signed: SignedCheckpoint
    extra: bytes | None = None

    @property
    def position(self) -> int:
        """The position of the event."""
        return self.index + 1

    def encode(self) -> bytes:
        """The proof as a file holds it."""
        extra = [] if self.extra is None else [f"extra {b64encode(self.extra).decode()}"]
        hashes = [b64encode(one).decode() for one in self.hashes]
        head = "\n".join((HEADER, *extra, f"index {self.index}", *hashes))
        return f"{head}\n\n".encode() + self.signed.encode()

    @classmethod
    def parse(cls, data: bytes) -> "Proof":
        """Parse a proof. Raises `BadNote` for what the format does not allow."""
        if len(data) > MAX_PROOF:
            raise BadNote(f"a proof of {len(data):,} bytes is too large", advice=DAMAGED)
        head, between, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode().split("\n")
        except UnicodeDecodeError:
            lines = []
        if not between or lines[:1] != [HEADER]:
            raise BadNote(f"this is not a proof: it does not begin with {HEADER}", advice=DAMAGED)
        del lines[0]
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode64(lines.pop(0)[6:], "the extra data of a proof")
        if not lines or not lines[0].startswith("index "):
            raise BadNote("a proof has no index", advice=DAMAGED)
        index = parse_number(lines.pop(0)[6:], "the index of a proof")
        if len(lines) > MAX_HASHES:
            raise BadNote(f"a proof has {len(lines):,} hashes", advice=DAMAGED)
        hashes = tuple(decode64(line, "a hash of a proof") for line in lines)
        if any(len(one) != HASH_SIZE for one in hashes):
            raise BadNote("a hash of a proof does not have 32 bytes", advice=DAMAGED)
        return cls(index, hashes, SignedCheckpoint.parse(checkpoint), extra)

    def check(self, line: bytes, log: VerifierKey, origin: str | None = None) -> None:
        """Raise `NotProved` unless the line is at `index` of a tree that the log has signed.

        `line` has no newline. Without `origin`, any log that the key signs for will do.
        """
        self.signed.check(log, origin)
        check_inclusion(
            leaf_hash(line), self.index, self.signed.size, self.signed.root, self.hashes
        )
