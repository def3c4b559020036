"""What a killed program leaves of a file that it was making, and how to tell it from one in use.

A ledger is made in a hidden file beside its place, `.studio.db.….new`, and takes its name when it
is whole. Who makes it holds a lock meanwhile, on a file of its own beside that, `….new.lock`: not
on the file itself, which SQLite locks in ways that a second lock on it may get into. A system lets
go of a dead program's locks, however it died. So a lock that nobody holds tells of a leftover,
where an age would only tell of a slow disk.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600
"""A ledger is its owner's alone until the owner says otherwise."""

_MADE = re.compile(r"(?P<building>\..+\.[0-9a-f]{16}\.new)(?P<end>|-journal|-wal|-shm|\.lock)")
_BESIDE = ("", "-journal", "-wal", "-shm")


@contextmanager
def building_beside(path: Path) -> Iterator[Path]:
    """A new name beside a path, under a lock; whatever has it afterwards is gone.

    Raises `OSError` where nothing can be made there.
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
    """Remove what programs have left in a folder that were killed while they made a file there.

    What a living one still makes stays, and so does whatever cannot be removed: it is hidden, and
    in nobody's way.
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
    """The same by name, to look at; also those without a lock beside them, which are not cleared.

    A lock that cannot be asked for counts as held.
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
    """The open lock of a new name; None where somebody was looking at it meanwhile."""
    file = _lock_of(building)
    lock = os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    except OSError:
        return lock  # a disk without locks: what is left there is never cleared
    else:
        with suppress(FileNotFoundError):  # taken for a leftover before it was locked
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
    """All that belongs to it, the lock last: until then it tells what the rest is."""
    with suppress(OSError):
        for end in _BESIDE:
            building.with_name(building.name + end).unlink(missing_ok=True)
        _lock_of(building).unlink(missing_ok=True)
