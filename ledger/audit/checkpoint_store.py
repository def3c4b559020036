"""The file of checkpoints: append-only, and outside the database that they vouch for.

Each checkpoint is the note as it was signed, followed by an empty line. Later cosignatures are
appended as the same note with those signatures; a reader merges notes with the same text. So the
file is only ever appended to, and the operating system can enforce that (`chattr +a`).

A log keeps its own checkpoints in such a file, and a witness those that it has cosigned.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from ledger.audit.formats.checkpoint import SignedCheckpoint
from ledger.audit.formats.note import VerifierKey
from ledger.audit.refusals import BadNote, Inconsistent
from ledger.errors import StorageFailure

_END = b"\n\n"
_SIGNED = "\n— ".encode()
_CONTROL = re.compile(rb"[^\0\n\x20-\xff]")  # a power cut may leave zeros
_AS_IT_WAS = "Another program has written to the file: restore it from a copy"


class Kept(Struct, frozen=True):
    """The checkpoints in a file, in the order in which they were signed.

    `unfinished` counts the bytes at the end that are not a whole checkpoint: a write was cut off,
    or the file was.
    """

    signed: tuple[SignedCheckpoint, ...] = ()
    unfinished: int = 0

    @property
    def last(self) -> SignedCheckpoint | None:
        """The newest; None if there is none."""
        return self.signed[-1] if self.signed else None

    def encode(self) -> bytes:
        """The content of a file that holds just these."""
        return b"".join(one.encode() + b"\n" for one in self.signed)

    def covering(self, position: int) -> SignedCheckpoint | None:
        """The first checkpoint that covers an event; None if none does."""
        return next((one for one in self.signed if one.size >= position), None)

    def check(self, log: VerifierKey, origin: str) -> None:
        """Raise unless all are signed by the log and each is larger than the one before.

        Whether it also continues that one, only the lines can say. Raises `BadNote` or
        `Inconsistent`.
        """
        before = None
        for number, one in enumerate(self.signed, start=1):
            try:
                one.check(log, origin)
            except BadNote as error:
                error.where = error.where or f"checkpoint {number}"
                raise
            if before is not None and one.size <= before.size:
                raise Inconsistent(
                    f"the checkpoint {one.checkpoint} follows {before.checkpoint} "
                    "but is not larger",
                    advice="Two histories were signed: compare with a checkpoint kept elsewhere",
                    position=one.size,
                )
            before = one


class CheckpointFile:
    """The file of checkpoints at a path; it may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Kept:
        """Read the checkpoints; there are none if the file does not exist.

        Raises `BadNote` for what is not a checkpoint, `StorageFailure` if the file is unreadable.
        """
        try:
            return self._parse(self.path.read_bytes())
        except FileNotFoundError:
            return Kept()
        except OSError as error:
            raise self.failure("read", error) from error

    @contextmanager
    def appending(self) -> Iterator["Appending"]:
        """Lock the file, read it, and append to it.

        The remains of a write that was cut off are removed first: its caller never got an answer.
        Raises as `read` does.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise self.failure("opened", error) from error
        try:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX)
                with open(opened, "rb", closefd=False) as file:
                    data = file.read()
                kept = self._parse(data)
                whole = data[: len(data) - kept.unfinished]
                if not kept.signed:
                    # The file is new, or a crash came before its name was synced.
                    sync_name(self.path)
                if kept.unfinished:
                    os.ftruncate(opened, len(whole))
                if whole and not whole.endswith(_END):
                    os.write(opened, b"\n")
            except OSError as error:
                raise self.failure("written", error) from error
            yield Appending(self, opened, kept)
        finally:
            os.close(opened)  # which also releases the lock

    def _parse(self, data: bytes) -> Kept:
        whole, _, unfinished = data.rpartition(_END)
        parts = whole.split(_END) if whole else []
        # A signed checkpoint is never removed, or another could be signed in its place: a whole
        # signature line stays, even if an editor removed the empty line after it.
        if len(parts) % 2 == 1:  # the last text has no empty line after its signatures
            lines, whole_line, torn = unfinished.rpartition(b"\n")
            if whole_line:
                parts.append(lines)
                unfinished = torn
            else:
                unfinished = parts.pop() + _END + unfinished
        elif _SIGNED in unfinished:
            raise self._foreign("a signed note in the file is not a checkpoint")
        if _CONTROL.search(unfinished):
            raise self._foreign("the file does not end in a checkpoint or the beginning of one")
        found: dict[bytes, SignedCheckpoint] = {}
        for number, (text, lines) in enumerate(zip(parts[::2], parts[1::2], strict=True), start=1):
            try:
                one = SignedCheckpoint.parse(text + _END + lines + b"\n")
            except BadNote as error:
                error.where = f"{self.path}, note {number}"
                raise
            before = found.get(one.note.text)
            found[one.note.text] = one if before is None else before.adding(one.note.signatures)
        return Kept(tuple(found.values()), len(unfinished))

    def _foreign(self, message: str) -> BadNote:
        wrong = BadNote(message, advice=_AS_IT_WAS)
        wrong.where = str(self.path)
        return wrong

    def failure(self, done: str, error: OSError) -> StorageFailure:
        """The error for a file that cannot be `done`: read, opened or written."""
        return StorageFailure(
            f"{self.path} cannot be {done}: {(error.strerror or str(error)).lower()}",
            advice="Check the disk and the file's permissions",
        )


class Appending:
    """A locked file of checkpoints. `kept` is its content."""

    def __init__(self, file: CheckpointFile, opened: int, kept: Kept) -> None:
        self.kept = kept
        self._file = file
        self._opened = opened

    def append(self, signed: SignedCheckpoint) -> None:
        """Append a checkpoint, or further signatures for one that is there.

        It is on the disk when this returns. If writing fails, the file is as it was.
        """
        before = os.fstat(self._opened).st_size
        rest = signed.encode() + b"\n"
        try:
            while rest:
                rest = rest[os.write(self._opened, rest) :]
            os.fsync(self._opened)
        except OSError as error:
            with suppress(OSError):  # then the next `appending` does it
                os.ftruncate(self._opened, before)
            raise self._file.failure("written", error) from error


def sync_name(path: Path) -> None:
    """Sync the name of a path, and of each folder above it, to the disk.

    Syncing a file does not include those, and a power cut can lose a new folder with its content.
    """
    for folder in path.absolute().parents:
        with suppress(OSError):  # if a folder cannot be synced, the file's own sync must do
            opened = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
