"""Checkpoints: signed heads of the tree (C2SP tlog-checkpoint v1.0.0).

    <origin>
    <size: how many events>
    <root, base64>

    — <key name> <signature>

The origin is the ledger's own, from its first event. A log never signs two checkpoints of which
neither continues the other. Pure: what is kept where, `ledger.audit.kept` knows.
"""

import re
from base64 import b64encode
from collections.abc import Sequence

from msgspec import Struct

from ledger.audit.merkle import EMPTY_ROOT, HASH_SIZE, MAX_SIZE
from ledger.audit.note import Note, Signature, VerifierKey, decode64
from ledger.audit.refusals import BadNote

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_DAMAGED = "It was damaged or tampered with: ask for it again"


class Checkpoint(Struct, frozen=True):
    """A head of a log's tree: whose, over how many events, and the root.

    `extensions` are further lines that others may write; this program writes none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> bytes:
        """The text of the note."""
        root = b64encode(self.root).decode()
        return "".join(
            f"{line}\n" for line in (self.origin, self.size, root, *self.extensions)
        ).encode()

    @classmethod
    def parse(cls, text: bytes) -> "Checkpoint":
        """Read a note's text. Raises `BadNote`."""
        lines = text.decode().split("\n")
        if len(lines) < 4 or lines.pop() != "" or not all(lines):
            raise BadNote("a note is no checkpoint: origin, size, root", advice=_DAMAGED)
        root = decode64(lines[2], "the root of a checkpoint")
        if len(root) != HASH_SIZE:
            raise BadNote(f"the root of a checkpoint has {len(root)} bytes", advice=_DAMAGED)
        size = parse_number(lines[1], "the size of a checkpoint")
        if size == 0 and root != EMPTY_ROOT:
            raise BadNote("a checkpoint of no event has a root", advice=_DAMAGED)
        return cls(lines[0], size, root, tuple(lines[3:]))

    def __str__(self) -> str:
        return f"#{self.size}, root {b64encode(self.root).decode()}"


class SignedCheckpoint(Struct, frozen=True):
    """A checkpoint with the signatures that its note carries; whose are true, `check` tells."""

    checkpoint: Checkpoint
    note: Note

    @classmethod
    def parse(cls, data: bytes) -> "SignedCheckpoint":
        """Read a checkpoint as it is kept and sent. Raises `BadNote`."""
        note = Note.parse(data)
        return cls(Checkpoint.parse(note.text), note)

    @property
    def size(self) -> int:
        """How many events it covers."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root of their tree."""
        return self.checkpoint.root

    def encode(self) -> bytes:
        """The note as it is written down."""
        return self.note.encode()

    def adding(self, signatures: Sequence[Signature]) -> "SignedCheckpoint":
        """With further signatures."""
        return SignedCheckpoint(self.checkpoint, self.note.adding(signatures))

    def check(self, log: VerifierKey, origin: str | None = None) -> None:
        """Raise `BadNote` unless the log has signed it, for that origin."""
        if origin is not None and self.checkpoint.origin != origin:
            raise BadNote(
                f"the checkpoint is of the log {self.checkpoint.origin!r}, not of {origin!r}",
                advice="Give a checkpoint of this ledger",
            )
        if log not in self.note.verify([log]):
            names = ", ".join(dict.fromkeys(one.named for one in self.note.signatures))
            raise BadNote(
                f"the checkpoint #{self.size} is not signed by the key {log.named}, but by {names}",
                advice="Give the log's own public key, or find out who signed",
            )

    def cosigned(self, witnesses: Sequence[VerifierKey]) -> dict[VerifierKey, int]:
        """Which of these witnesses have cosigned, and when. Raises `BadNote` for a wrong one."""
        found = self.note.verify(witnesses)
        return {key: time for key, time in found.items() if time is not None}


def key_name(origin: str) -> str:
    """A key name for an origin: the origin itself, but for spaces and + which no name may have."""
    return "-".join(origin.replace("+", " ").split())


def parse_number(text: str, what: str) -> int:
    """A decimal number as the formats write it: no sign, no leading zero. Raises `BadNote`."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise BadNote(f"{what} is no number: {text!r:.40}", advice=_DAMAGED)
    return int(text)
