"""The files beside an SQLite file, and how to read it without missing what they hold.

After a crash the newest events may be in the write-ahead log beside the file, or the file
may hold half of an append that the journal beside it rolls back. SQLite repairs both by
itself where it may write. Where it may not, a file is read *immutable* only if nothing
lies beside it: SQLite then reads no other file, and assumes that no process writes.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import StorageFailure
from ledger.log.store.failures import left_beside, no_room

OPTIONS = {
    "rwc": "mode=rwc",
    "rw": "mode=rw",
    "ro": "mode=ro",
    "roll back": "mode=rw",
    "immutable": "mode=ro&immutable=1",
}
"""The SQLite URI parameters of each mode. `roll back` may only undo an interrupted append."""


def reading_mode(path: Path) -> str:
    """Return the mode, a key of `OPTIONS`, in which a file can be read as it is now.

    `immutable` is for a write-ahead-logged file that has nothing beside it, in a folder where
    no file can be created: to read such a file SQLite creates two more, which fails on a
    read-only or full disk and in another user's folder.
    """
    if left_beside(path, "-journal"):
        # Of an append that is under way, or of one that crashed: SQLite can tell.
        return "roll back" if _may_write(path) else "ro"
    if left_beside(path, "-wal") or not is_write_ahead_logged(path):
        return "ro"
    if cannot_change(path) or no_room(path):
        return "immutable"
    if _may_make_beside(path):
        return "ro"
    # While a process has the file open both exist, and SQLite need not create them.
    in_use = all(path.with_name(path.name + end).exists() for end in ("-wal", "-shm"))
    return "ro" if in_use else "immutable"


def cannot_change(path: Path) -> bool:
    """Whether the file's disk is mounted read-only."""
    with suppress(OSError):  # opening the file reports a missing or foreign one
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    return False


def is_write_ahead_logged(path: Path) -> bool:
    """As the header says (sqlite.org/fileformat.html, "File format version numbers")."""
    with suppress(OSError), path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"
    return False


def _may_make_beside(path: Path) -> bool:
    return _may(path.absolute().parent, os.W_OK | os.X_OK)


def _may_write(path: Path) -> bool:
    return _may(path, os.W_OK) and _may_make_beside(path) and not no_room(path)


def _may(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


@dataclass(frozen=True)
class OpenFile:
    """A file as it was when a connection was opened on it.

    `state` is what any write would change; it is empty unless the file is read as immutable.
    """

    path: Path
    identity: tuple[int, int]
    state: tuple[int, ...] = ()

    @classmethod
    def now(cls, path: Path, mode: str) -> "OpenFile":
        """The file as it is now. Raises `OSError` if it is gone."""
        found = path.stat()
        state: tuple[int, ...] = ()
        if mode == "immutable":
            beside = (_size(path, "-wal"), _size(path, "-journal"))
            state = (found.st_size, found.st_mtime_ns, *beside)
        return cls(path, (found.st_dev, found.st_ino), state)

    def is_replaced(self) -> bool:
        """Whether the file is gone or was replaced. About a microsecond."""
        try:
            found = os.stat(self.path)  # on every append: half the time of Path.stat
        except OSError:
            return True
        return (found.st_dev, found.st_ino) != self.identity

    def is_written(self) -> bool:
        """Whether the file was written to after it was opened as immutable."""
        try:
            return bool(self.state) and OpenFile.now(self.path, "immutable") != self
        except OSError:
            return True


def check_not_replaced(file: OpenFile | None, where: str) -> None:
    """Raise `StorageFailure` if an open file was replaced or removed.

    Events recorded into it would be acknowledged, and then lost.
    """
    if file is not None and file.is_replaced():
        raise StorageFailure(
            f"{where} was removed, or replaced by another file, while it was open",
            advice="Nothing was recorded. Check which file is the right one, then open it again",
        )


class WrittenMeanwhile(StorageFailure):
    """A file was written to while it was read as immutable: repeat the read."""


def check_not_written(file: OpenFile | None, where: str) -> None:
    """Raise `WrittenMeanwhile` if a file was written to while it was read as immutable."""
    if file is not None and file.is_written():
        raise WrittenMeanwhile(
            f"{where} was written to while it was read",
            advice="Nothing is wrong with it. Run the command again",
        )


def _size(path: Path, end: str) -> int:
    try:
        return path.with_name(path.name + end).stat().st_size
    except OSError:
        return -1
