"""Where checkpoints are kept: an append-only file, outside the database that they speak for.

Each checkpoint is the note as it was signed, and an empty line. Cosignatures that come later are
appended as the same note with those signatures; a reader puts notes of one text together. So the
file is only ever appended to, and may be made so for the operating system (`chattr +a`).

The log keeps its own checkpoints in such a file, a witness those that it has cosigned.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from ledger.audit.checkpoint import SignedCheckpoint
from ledger.audit.note import VerifierKey
from ledger.audit.refusals import BadNote, Inconsistent
from ledger.errors import StorageFailure

_END = b"\n\n"
_SIGNED = "\n— ".encode()
_CONTROL = re.compile(rb"[^\0\n\x20-\xff]")  # of zeros is what a power cut may leave
_AS_IT_WAS = "Something else has written to the file: restore it from a copy"


class Kept(Struct, frozen=True):
    """What a file holds: checkpoints in the order in which they were signed.

    `unfinished` counts the bytes at the end that are no whole checkpoint: a write was cut off,
    or the file was.
    """

    signed: tuple[SignedCheckpoint, ...] = ()
    unfinished: int = 0

    @property
    def last(self) -> SignedCheckpoint | None:
        """The newest; None where there is none."""
        return self.signed[-1] if self.signed else None

    def encode(self) -> bytes:
        """The file that holds just these."""
        return b"".join(one.encode() + b"\n" for one in self.signed)

    def covering(self, position: int) -> SignedCheckpoint | None:
        """The first checkpoint that an event is in; None where none is."""
        return next((one for one in self.signed if one.size >= position), None)

    def check(self, log: VerifierKey, origin: str) -> None:
        """Raise unless all are signed by the log and each can continue the one before.

        Whether it does, only the lines can say. Raises `BadNote` or `Inconsistent`.
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
                    f"the checkpoints {before.checkpoint} and {one.checkpoint} do not follow "
                    "one upon the other",
                    advice="Two histories were signed: compare with a checkpoint kept elsewhere",
                    position=one.size,
                )
            before = one


class CheckpointFile:
    """The file of checkpoints at a path; it need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Kept:
        """What it holds; nothing where it is not there.

        Raises `BadNote` for what is no checkpoint, `StorageFailure` where it cannot be read.
        """
        try:
            return self._parse(self.path.read_bytes())
        except FileNotFoundError:
            return Kept()
        except OSError as error:
            raise self.failure("read", error) from error

    @contextmanager
    def appending(self) -> Iterator["Appending"]:
        """Hold the file alone; look at what it holds, and append.

        What a write that was cut off has left at the end is taken back first: nobody was told of
        it. Raises as `read` does.
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
                    # Whoever made it, now or before a crash: nobody has waited for its name yet.
                    sync_name(self.path)
                if kept.unfinished:
                    os.ftruncate(opened, len(whole))
                if whole and not whole.endswith(_END):
                    os.write(opened, b"\n")
            except OSError as error:
                raise self.failure("written", error) from error
            yield Appending(self, opened, kept)
        finally:
            os.close(opened)  # which also lets go of the lock

    def _parse(self, data: bytes) -> Kept:
        whole, _, unfinished = data.rpartition(_END)
        parts = whole.split(_END) if whole else []
        # What was signed is never taken back, or another could be signed in its place: a whole
        # line of a signature stays, though an editor took the empty line after it away.
        if len(parts) % 2 == 1:  # the last one has its text, and what signatures?
            lines, whole_line, torn = unfinished.rpartition(b"\n")
            if whole_line:
                parts.append(lines)
                unfinished = torn
            else:
                unfinished = parts.pop() + _END + unfinished
        elif _SIGNED in unfinished:
            raise self._foreign("something is signed there that is no checkpoint")
        if _CONTROL.search(unfinished):
            raise self._foreign("what stands at its end is no checkpoint, nor the beginning of one")
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
        """What is said where the file cannot be `done`."""
        return StorageFailure(
            f"{self.path} cannot be {done}: {(error.strerror or str(error)).lower()}",
            advice="Check the disk, and who may write there",
        )


class Appending:
    """A file of checkpoints that is held alone. `kept` is what it holds."""

    def __init__(self, file: CheckpointFile, opened: int, kept: Kept) -> None:
        self.kept = kept
        self._file = file
        self._opened = opened

    def append(self, signed: SignedCheckpoint) -> None:
        """Add a checkpoint, or one that is there with further signatures.

        It is on the disk when this returns; where it cannot be, the file is as it was.
        """
        before = os.fstat(self._opened).st_size
        rest = signed.encode() + b"\n"
        try:
            while rest:
                rest = rest[os.write(self._opened, rest) :]
            os.fsync(self._opened)
        except OSError as error:
            with suppress(OSError):  # then the next one takes it back
                os.ftruncate(self._opened, before)
            raise self._file.failure("written", error) from error


def sync_name(path: Path) -> None:
    """Wait until a path is on the disk: its name, and that of each folder above it.

    A file's own sync does not wait for those, and a folder just made may be gone with all in it.
    """
    for folder in path.absolute().parents:
        with suppress(OSError):  # where a folder cannot be synced, the file's own sync must do
            opened = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
