"""Files that a killed program left unfinished, and how to tell them from files in use.

A ledger is built in a hidden file beside its place, `.studio.db.….new`, which takes its name when
complete. Meanwhile the program that builds it holds a lock on a separate file beside that,
`….new.lock`: a lock on the file itself could collide with SQLite's own locks. The system releases
the locks of a dead program, however it died. So a lock that is free shows that the file is no
longer in use, where its age might only show a slow disk.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600
"""Only the owner can read a new ledger, until the owner changes its mode."""

_MADE = re.compile(r"(?P<building>\..+\.[0-9a-f]{16}\.new)(?P<end>|-journal|-wal|-shm|\.lock)")
_BESIDE = ("", "-journal", "-wal", "-shm")


@contextmanager
def building_beside(path: Path) -> Iterator[Path]:
    """A new, locked name beside a path; a file that still has this name at the end is removed.

    Raises `OSError` if no file can be created there.
    """
    building, lock = _new_name(path), None
    try:
        while (lock := _locked(building)) is None:
            building = _new_name(path)
        yield building
    finally:
        _remove(building)
        if lock is not None:
            os.close(lock)


def clear_leftovers(folder: Path) -> None:
    """Remove the unfinished files in a folder whose programs were killed.

    Files of running programs stay, and so do files that cannot be removed: they are hidden and
    do no harm.
    """
    for building in _buildings(folder):
        with suppress(OSError):
            lock = os.open(_lock_of(building), os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(building)
            finally:
                os.close(lock)


def leftovers(folder: Path) -> list[Path]:
    """The paths of unfinished files, including those without a lock file, which are not cleared.

    A lock that cannot be tested counts as held.
    """
    found = []
    for building in _buildings(folder):
        try:
            lock = os.open(_lock_of(building), os.O_RDONLY)
        except FileNotFoundError:
            found.append(building)
            continue
        except OSError:
            continue
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            found.append(building)
        os.close(lock)
    return found


def _new_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")


def _locked(building: Path) -> int | None:
    """Take the lock of a new name; None if another process tested it meanwhile."""
    file = _lock_of(building)
    lock = os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    except OSError:
        return lock  # a disk without locks: leftovers there are never cleared
    else:
        with suppress(FileNotFoundError):  # removed as a leftover before it was locked
            if os.path.samestat(os.stat(file), os.fstat(lock)):
                return lock
    file.unlink(missing_ok=True)
    os.close(lock)
    return None


def _buildings(folder: Path) -> list[Path]:
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = filter(None, map(_MADE.fullmatch, names))
    return [folder / name for name in sorted({match["building"] for match in found})]


def _lock_of(building: Path) -> Path:
    return building.with_name(f"{building.name}.lock")


def _remove(building: Path) -> None:
    """Remove an unfinished file and all beside it; the lock last, since it marks the others."""
    with suppress(OSError):
        for end in _BESIDE:
            building.with_name(building.name + end).unlink(missing_ok=True)
        _lock_of(building).unlink(missing_ok=True)
