"""Checkpoints: signed heads of the tree (C2SP tlog-checkpoint v1.0.0).

    <origin>
    <size: how many events>
    <root, base64>

    — <key name> <signature>

The origin is the ledger's own, from its first event. Of any two checkpoints that a log signs, the
larger continues the smaller. Pure: `ledger.audit.checkpoint_store` knows where they are kept.
"""

import re
from base64 import b64encode
from collections.abc import Sequence

from msgspec import Struct

from ledger.audit.formats.merkle import EMPTY_ROOT, HASH_SIZE, MAX_SIZE
from ledger.audit.formats.note import Note, Signature, VerifierKey, decode64
from ledger.audit.refusals import DAMAGED, BadNote

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(Struct, frozen=True):
    """A head of a log's tree: the log's origin, the number of events, and the root.

    `extensions` are further lines that other programs may write; this one writes none.
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
        """Parse a note's text. Raises `BadNote`."""
        lines = text.decode().split("\n")
        if len(lines) < 4 or lines.pop() != "" or not all(lines):
            raise BadNote("a note is not a checkpoint: origin, size, root", advice=DAMAGED)
        root = decode64(lines[2], "the root of a checkpoint")
        if len(root) != HASH_SIZE:
            raise BadNote(f"the root of a checkpoint has {len(root)} bytes", advice=DAMAGED)
        size = parse_number(lines[1], "the size of a checkpoint")
        if size == 0 and root != EMPTY_ROOT:
            raise BadNote("a checkpoint of no events has the wrong root", advice=DAMAGED)
        return cls(lines[0], size, root, tuple(lines[3:]))

    def __str__(self) -> str:
        return f"#{self.size}, root {b64encode(self.root).decode()}"


class SignedCheckpoint(Struct, frozen=True):
    """A checkpoint with its note's signatures, which only `check` and `cosigned` verify."""

    checkpoint: Checkpoint
    note: Note

    @classmethod
    def parse(cls, data: bytes) -> "SignedCheckpoint":
        """Parse a checkpoint as it is kept and sent. Raises `BadNote`."""
        note = Note.parse(data)
        return cls(Checkpoint.parse(note.text), note)

    @property
    def size(self) -> int:
        """How many events it covers."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root of the tree over those events."""
        return self.checkpoint.root

    def encode(self) -> bytes:
        """The note as a file holds it."""
        return self.note.encode()

    def adding(self, signatures: Sequence[Signature]) -> "SignedCheckpoint":
        """The checkpoint with further signatures."""
        return SignedCheckpoint(self.checkpoint, self.note.adding(signatures))

    def check(self, log: VerifierKey, origin: str | None = None) -> None:
        """Raise `BadNote` unless the log has signed it, for that origin."""
        if origin is not None and self.checkpoint.origin != origin:
            raise BadNote(
                f"the checkpoint is for the log {self.checkpoint.origin!r}, not {origin!r}",
                advice="Give a checkpoint of this ledger",
            )
        if log not in self.note.verify([log]):
            names = ", ".join(dict.fromkeys(one.named for one in self.note.signatures))
            raise BadNote(
                f"the checkpoint #{self.size} is not signed by the key {log.named}, but by {names}",
                advice="Give the log's own public key, or find out who signed",
            )

    def cosigned(self, witnesses: Sequence[VerifierKey]) -> dict[VerifierKey, int]:
        """Map each witness that has cosigned to when. Raises `BadNote` for a wrong signature."""
        found = self.note.verify(witnesses)
        return {key: time for key, time in found.items() if time is not None}


def key_name(origin: str) -> str:
    """A key name for an origin: the origin without spaces and +, which no key name may have."""
    return "-".join(origin.replace("+", " ").split())


def parse_number(text: str, what: str) -> int:
    """Parse a decimal number as the formats write it: unsigned, no leading zero.

    Raises `BadNote`.
    """
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise BadNote(f"{what} is not a number: {text!r:.40}", advice=DAMAGED)
    return int(text)
