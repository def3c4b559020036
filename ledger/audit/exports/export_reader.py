"""Reading an export: nothing in it is believed before it is checked.

The log has signed the manifest and the checkpoints. The lines are checked while they are read,
against the manifest's hash and the root of every checkpoint. Tiles, views and the rest are for
other programs, and `verify_export.py` checks them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path

from msgspec import Struct

from ledger.audit.checkpoint_store import CheckpointFile, Kept
from ledger.audit.exports.export import HEADER
from ledger.audit.formats.checkpoint import Checkpoint
from ledger.audit.formats.note import Note, VerifierKey
from ledger.audit.refusals import BadNote, Inconsistent, NotProved
from ledger.audit.signing import Progress, check_roots
from ledger.audit.tree import TILE, Derivation
from ledger.errors import BadInput, StorageFailure
from ledger.log.lines import LINE_LIMIT

MANIFEST = "manifest"
_LINES = "lines.jsonl"
MAX_MANIFEST = 1 << 25
"""Bytes of a manifest, enough for some 300,000 files, or 38,000,000 events."""

_DAMAGED = "It was damaged or tampered with: ask for the export again"


class Manifest(Struct, frozen=True):
    """The content of an export's manifest: its checkpoint, and the hash of each file."""

    checkpoint: Checkpoint
    hashes: dict[str, str]

    @classmethod
    def parse(cls, data: bytes, log: VerifierKey) -> "Manifest":
        """Parse a manifest that the log has signed. Raises `BadNote`."""
        note = Note.parse(data, MAX_MANIFEST)
        if log not in note.verify([log]):
            names = ", ".join(one.name for one in note.signatures)
            raise BadNote(
                f"the manifest is not signed by the key {log.name}, but by {names}",
                advice="Give the log's own public key, or find out who signed",
            )
        kind, *lines = note.text.decode().split("\n")
        if kind != HEADER:
            raise BadNote(f"the manifest is not an export's: {kind!r:.40}", advice=_DAMAGED)
        checkpoint = Checkpoint.parse("".join(f"{one}\n" for one in lines[:3]).encode())
        files = [line.partition("  ")[::2] for line in lines[3:-1]]
        return cls(checkpoint, {path: digest for digest, path in files})


class Exported:
    """An export in a folder, with its manifest and checkpoints signed by the log."""

    def __init__(self, folder: Path, log: VerifierKey, manifest: Manifest, kept: Kept) -> None:
        self.folder = folder
        self.log = log
        self.manifest = manifest
        self.kept = kept

    @classmethod
    def open(cls, folder: Path, log: VerifierKey) -> "Exported":
        """Read the manifest and the checkpoints, and check them with the log's public key.

        Raises `BadNote` or `Inconsistent` if the log did not sign them, `NotProved` if a file is
        missing or changed.
        """
        with _reading(folder / MANIFEST), (folder / MANIFEST).open("rb") as file:
            manifest = Manifest.parse(file.read(MAX_MANIFEST + 1), log)
        found = cls(folder, log, manifest, Kept())
        found.check_hash("checkpoints")
        kept = CheckpointFile(folder / "checkpoints").read()
        kept.check(log, manifest.checkpoint.origin)
        if kept.unfinished or kept.last is None or kept.last.checkpoint != manifest.checkpoint:
            raise Inconsistent(
                "the newest checkpoint of the export is not that of its manifest",
                advice=_DAMAGED,
            )
        return cls(folder, log, manifest, kept)

    def check_hash(self, path: str) -> None:
        """Raise `NotProved` unless a file has the hash that the manifest gives."""
        hash = sha256()
        with _reading(self.folder / path), (self.folder / path).open("rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                hash.update(piece)
        self._compare(path, hash.hexdigest())

    def lines(self, progress: Progress | None = None) -> Iterator[bytes]:
        """Yield every line, without its newline.

        Raises `NotProved` after the last one if these are not the signed lines: whatever was made
        of them must then be thrown away.
        """
        size = self.manifest.checkpoint.size
        derivation, hash, read = Derivation(one.size for one in self.kept.signed), sha256(), 0
        with _reading(self.folder / _LINES), (self.folder / _LINES).open("rb") as file:
            rest = iter(lambda: file.readline(LINE_LIMIT + 1), b"")
            while batch := list(islice(rest, TILE)):
                read += len(batch)
                if read > size:
                    raise Inconsistent(f"{_LINES} goes on after #{size}", advice=_DAMAGED)
                hash.update(b"".join(batch))
                lines = [line.removesuffix(b"\n") for line in batch]
                derivation.add([sha256(b"\0" + line).digest() for line in lines])  # `leaf_hash`
                yield from lines
                if progress is not None:
                    progress(read, size)
        self._compare(_LINES, hash.hexdigest())
        if read < size:
            raise Inconsistent(f"{_LINES} ends at #{read}, before #{size}", advice=_DAMAGED)
        check_roots(self.kept, derivation.roots)

    def _compare(self, path: str, digest: str) -> None:
        if self.manifest.hashes.get(path) != digest:
            raise NotProved(f"{path} is not the file that the manifest names", advice=_DAMAGED)


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise NotProved(f"{file} is not a file", advice=_DAMAGED) from None
    except OSError as error:
        raise StorageFailure(
            f"{file} cannot be read: {(error.strerror or str(error)).lower()}",
            advice="Check its permissions",
        ) from error


def check_is_export(folder: Path) -> None:
    """Raise `BadInput` for a folder without a manifest."""
    if not (folder / MANIFEST).is_file():
        raise BadInput(
            f"{folder} is not an export: it has no manifest",
            advice="Name a folder that audit export has written, or a file",
        )
