"""Database failures as plain messages, each with advice."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ledger.errors import LedgerError, NoLedger, NotALedger, StorageFailure
from ledger.sidecar_paths import expanded

ELSEWHERE = "Name the ledger with --ledger, or make one elsewhere: --ledger PLACE init"
"""Advice where something else is in the ledger's place, and `init` would refuse."""
NOT_THERE = "Make one with: studio-ledger init, or name another with --ledger"
ODD = "Run: doctor"
"""Advice for a failure that is not in the tables below."""
_FREE_SPACE = "Nothing was recorded. Free some space and try again"
_PERMISSION = "Check the owner and the permissions of the file and its folder"
_RESTORE = "Keep the file as it is and restore a backup beside it"

_SQLITE = {
    "SQLITE_FULL": ("the disk of {} is full", _FREE_SPACE),
    "SQLITE_READONLY": ("{} cannot be written: the file or its disk is read-only", _PERMISSION),
    "SQLITE_PERM": ("{} cannot be used: permission denied", _PERMISSION),
    "SQLITE_AUTH": ("{} cannot be used: permission denied", _PERMISSION),
    "SQLITE_CANTOPEN": ("{} cannot be opened", _PERMISSION),
    "SQLITE_BUSY": (
        "{} stayed locked by another program",
        "Nothing was recorded. Close the program that holds it (a backup, a database browser) "
        "and try again",
    ),
    "SQLITE_IOERR": (
        "the disk of {} failed to read or write",
        "Check its free space, its limits and its health, then look at the log",
    ),
    "SQLITE_CORRUPT": ("{} is damaged", _RESTORE),
}

# For a driver that is too old to name the code: how SQLite's own message begins.
_SQLITE_WORDS = {
    "database or disk is full": "SQLITE_FULL",
    "attempt to write a readonly database": "SQLITE_READONLY",
    "access permission denied": "SQLITE_PERM",
    "unable to open database file": "SQLITE_CANTOPEN",
    "database is locked": "SQLITE_BUSY",
    "database disk image is malformed": "SQLITE_CORRUPT",
    "disk I/O error": "SQLITE_IOERR",
    "file is not a database": "SQLITE_NOTADB",
}

INDEX_BYTES = 32_768
"""Disk space that SQLite needs to open a write-ahead-logged file (walformat.html, 2.1)."""

_RECONNECT = "Check that the server is running and the address is right"

_POSTGRES = {
    "08": ("no connection to {}", _RECONNECT),
    "57014": (
        "{} took longer than its server allows",
        "Nothing was recorded. Try again, or raise statement_timeout for this user",
    ),
    "57P05": ("the server of {} closed an idle connection", "Run the command again"),
    "57P": ("the server of {} is starting or stopping", "Try again in a moment"),
    "28": ("{} refused the login", "Check the user and the password"),
    "53100": ("the disk of {} is full", _FREE_SPACE),
    "53": ("the server of {} is out of resources", "Try again in a moment"),
    "40001": (
        "{} cancelled the query to keep up with the primary",
        "Try again; for long queries raise max_standby_streaming_delay on the replica",
    ),
    "55P03": (
        "{} stayed locked by another program",
        "Nothing was recorded. Find what holds the lock: select * from pg_stat_activity",
    ),
    "42501": ("{} cannot be used: permission denied", "Ask its owner for the rights"),
    "25006": ("{} cannot be written: it is read-only here", "Write to the primary server"),
    "XX": ("{} is damaged", _RESTORE),
}


class StorageErrors:
    """Turns a database error into a one-line `LedgerError`. It can be entered again and again.

    `committing`: if a connection breaks during COMMIT, it is unknown whether the events were
    recorded, and the message says so.
    """

    __slots__ = ("_committing", "_where")

    def __init__(self, where: str, *, committing: bool = False) -> None:
        self._where = where
        self._committing = committing

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(error, SQLAlchemyError):
            return
        if not isinstance(error, DBAPIError):
            said = f"{self._where} failed: {_first_line(error)}"
            raise StorageFailure(said, advice=ODD) from error
        failure = _explain(error, self._where)
        if self._committing and error.connection_invalidated:
            failure = StorageFailure(
                f"the connection to {self._where} broke while recording",
                advice="It may have been recorded: look at the log before you try again",
            )
        raise failure from error


@contextmanager
def file_errors(where: str) -> Iterator[None]:
    """Turn an `OSError` into a `StorageFailure` while a ledger is created."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: (f"the disk of {where} is full", _FREE_SPACE),
            errno.EROFS: (f"{where} cannot be written: its disk is read-only", _PERMISSION),
            errno.EACCES: (f"{where} cannot be written: permission denied", _PERMISSION),
            errno.EPERM: (f"{where} cannot be written: permission denied", _PERMISSION),
            errno.ENOENT: (f"the folder of {where} does not exist", "Make it first"),
            errno.ENOTDIR: (f"the parent of {where} is not a directory", "Choose another place"),
        }
        message, advice = reasons.get(
            error.errno or 0, (f"{where} cannot be written: {error.strerror}", "")
        )
        raise StorageFailure(message, advice=advice) from error


def no_room(path: str | Path) -> bool:
    """Whether the disk of a file is too full to create anything beside it."""
    with suppress(OSError, AttributeError):  # not every system tells
        found = os.statvfs(expanded(path).absolute().parent)
        return found.f_bavail * found.f_frsize < INDEX_BYTES
    return False


def full(where: str) -> StorageFailure:
    """The failure for a file whose disk is full."""
    message, advice = _SQLITE["SQLITE_FULL"]
    return StorageFailure(message.format(where), advice=advice)


def left_beside(path: str | Path, end: str) -> Path | None:
    """The file with that ending beside an SQLite file, unless it is missing or empty."""
    path = expanded(path)
    beside = path.with_name(path.name + end)
    with suppress(OSError):
        return beside if beside.stat().st_size else None
    return None


def _left_by_a_crash(name: str, where: str) -> StorageFailure | None:
    """The failure if SQLite can neither repair nor use what a crash left beside the file."""
    journal = left_beside(where, "-journal") if name.startswith("SQLITE_READONLY") else None
    if journal is not None:
        return StorageFailure(
            f"{where} holds an interrupted append and is not writable, so it cannot be rolled back",
            advice=f"Copy it and {journal.name} together to a writable folder, and read the copy",
        )
    log = left_beside(where, "-wal") if name.startswith("SQLITE_CANTOPEN") else None
    if log is not None:
        return StorageFailure(
            f"the newest events of {where} are in {log.name}, which cannot be read where it is",
            advice=f"Copy it and {log.name} together to a writable folder, and read the copy",
        )
    return None


def _explain(error: DBAPIError, where: str) -> LedgerError:
    cause = error.orig
    words = _first_line(cause) if cause is not None else _first_line(error)
    if hasattr(cause, "sqlstate"):
        return _explain_postgres(getattr(cause, "sqlstate", None), words, where)
    name = getattr(cause, "sqlite_errorname", None) or next(
        (code for start, code in _SQLITE_WORDS.items() if words.startswith(start)), ""
    )
    if name == "SQLITE_NOTADB":
        return NotALedger(
            f"{where} is not a ledger, or its beginning was overwritten", advice=ELSEWHERE
        )
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and no_room(where):
        # SQLite failed to create or extend a file beside the ledger, and does not say why.
        name = "SQLITE_FULL"
    if (left := _left_by_a_crash(name, where)) is not None:
        return left
    for code, (message, advice) in _SQLITE.items():
        if name.startswith(code):
            return StorageFailure(message.format(where), advice=advice)
    return StorageFailure(f"{where} failed: {words}", advice=ODD)


def _explain_postgres(state: str | None, words: str, where: str) -> LedgerError:
    if state is None:  # never reached a server
        return StorageFailure(f"no connection to {where}: {words}", advice=_RECONNECT)
    if state in ("3D000", "3F000", "42P01"):
        return NoLedger(f"no ledger at {where}", advice=NOT_THERE)
    for code, (message, advice) in _POSTGRES.items():
        if state.startswith(code):
            return StorageFailure(message.format(where), advice=advice)
    return StorageFailure(f"{where} failed: {words}", advice=ODD)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
