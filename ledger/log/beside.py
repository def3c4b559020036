"""What lies beside an SQLite file, and how the file can be read without passing over any of it.

After a crash the newest events may stand in the write-ahead log beside the file, or the file
may hold half of a recording that the journal beside it takes back. SQLite puts both right by
itself, where it may write. Where it may not, a file is read *immutable* only if nothing
lies beside it: SQLite then looks at nothing else, and believes that nobody writes.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import StorageFailure
from ledger.log.failures import left_beside, no_room

OPTIONS = {
    "rwc": "mode=rwc",
    "rw": "mode=rw",
    "ro": "mode=ro",
    "roll back": "mode=rw",
    "immutable": "mode=ro&immutable=1",
}
"""What a mode is in an SQLite URI. `roll back` may write what a crash broke off, no more."""


def reading_mode(path: Path) -> str:
    """The mode, a key of `OPTIONS`, in which a file can be read as it is at this moment.

    `immutable` is for a write-ahead-logged file that has nothing beside it and where nothing
    can be made beside it: to read such a file SQLite makes two more, which a read-only disk,
    a full one and somebody else's folder cannot take.
    """
    if left_beside(path, "-journal"):
        # Of somebody who is recording, or of one that crashed: SQLite can tell.
        return "roll back" if _may_write(path) else "ro"
    if left_beside(path, "-wal") or not is_write_ahead_logged(path):
        return "ro"
    if cannot_change(path) or no_room(path):
        return "immutable"
    if _may_make_beside(path):
        return "ro"
    # Somebody who has the file open keeps both; SQLite then needs to make neither.
    in_use = all(path.with_name(path.name + end).exists() for end in ("-wal", "-shm"))
    return "ro" if in_use else "immutable"


def cannot_change(path: Path) -> bool:
    """Whether the file's disk is mounted read-only."""
    with suppress(OSError):  # what is not there, or not ours, is said by the opening
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    return False


def is_write_ahead_logged(path: Path) -> bool:
    """As the file itself has it (sqlite.org/fileformat.html, "File format version numbers")."""
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
class Seen:
    """A file as it was when a connection was opened on it.

    `state` is what would change if anybody wrote to it, of an immutable one; else empty.
    """

    path: Path
    identity: tuple[int, int]
    state: tuple[int, ...] = ()

    @classmethod
    def now(cls, path: Path, mode: str) -> "Seen":
        """The file as it is. Raises `OSError` where it is gone."""
        found = path.stat()
        state: tuple[int, ...] = ()
        if mode == "immutable":
            beside = (_size(path, "-wal"), _size(path, "-journal"))
            state = (found.st_size, found.st_mtime_ns, *beside)
        return cls(path, (found.st_dev, found.st_ino), state)

    def is_replaced(self) -> bool:
        """Whether the file is gone, or another one in its place. About a microsecond."""
        try:
            found = os.stat(self.path)  # for every append: half of Path.stat
        except OSError:
            return True
        return (found.st_dev, found.st_ino) != self.identity

    def is_written(self) -> bool:
        """Whether somebody wrote to what was opened as immutable."""
        try:
            return bool(self.state) and Seen.now(self.path, "immutable") != self
        except OSError:
            return True


def check_still_there(seen: Seen | None, where: str) -> None:
    """Raise `StorageFailure` where a file that is open was replaced or removed.

    What is recorded into it then would be acknowledged, and found by nobody.
    """
    if seen is not None and seen.is_replaced():
        raise StorageFailure(
            f"{where} was removed, or replaced by another file, while it was open",
            advice="Nothing was recorded. Open it again, and see first which file is the right one",
        )


class WrittenMeanwhile(StorageFailure):
    """A file was written to while it was read as immutable: the same read will do, once more."""


def check_not_written(seen: Seen | None, where: str) -> None:
    """Raise `WrittenMeanwhile` where a file was written to while it was read as immutable."""
    if seen is not None and seen.is_written():
        raise WrittenMeanwhile(
            f"{where} was written to while it was read",
            advice="Nothing is wrong with it. Say it again",
        )


def _size(path: Path, end: str) -> int:
    try:
        return path.with_name(path.name + end).stat().st_size
    except OSError:
        return -1
