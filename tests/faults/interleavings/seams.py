"""Where a task stops: at each statement that others could notice, or be noticed by.

A statement is a seam, unless its task has the lock: then its commit is the next one. On SQLite
the lock is `BEGIN IMMEDIATE`; on PostgreSQL the advisory lock of an append, and for views the
first statement of a transaction that writes, since that locks the row of its progress. A task
that would have to wait for the database itself would wait for ever: who could let it go on
stands still. So whoever takes a lock here is one whom the database lets pass at once.

That the lock of an append keeps others away is seen here too, before the database's own guards
are asked: from its beginning to its end nobody else inserts or commits an event (`Unlocked`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, Pool, event

from ledger import application
from ledger.log import subscription as tail
from ledger.log.store.sessions import Session
from ledger.log.store.store_urls import open_file
from tests.faults.interleavings.scheduler import active

LOCK = "lock"
"""The name of the seam before the lock of an append is taken."""


class Unlocked(AssertionError):
    """Two appends at once: what the one lock is there to prevent."""


def seam(name: str, *, resource: str = "") -> None:
    """Stop, where a scheduler is in force."""
    scheduler = active()
    if scheduler is not None:
        scheduler.seam(name, resource=resource)


def committed() -> None:
    """Something was committed."""
    scheduler = active()
    if scheduler is not None:
        scheduler.committed()


def let_go(resource: str) -> None:
    """A lock is free again, if the task that calls had it."""
    scheduler = active()
    if scheduler is not None:
        scheduler.let_go(resource)


class _Woken:
    """In place of the event that a tail waits for: set by any commit, of whatever program."""

    def __init__(self) -> None:
        self._seen = 0

    def set(self) -> None:
        """Nothing: see `wait`."""

    def clear(self) -> None:
        """What is recorded from now on is news."""
        scheduler = active()
        self._seen = scheduler.commits if scheduler is not None else 0

    def wait(self, timeout: float) -> None:
        """Until somebody has recorded something since."""
        scheduler = active()
        if scheduler is not None:
            scheduler.seam("wait", ready=lambda: scheduler.commits > self._seen)


@contextmanager
def seams() -> Iterator[None]:
    """Have every statement on a real database be a seam, and nobody sleep."""
    appends = _Appends()
    listeners: tuple[tuple[Any, str, Any], ...] = (
        (Engine, "before_cursor_execute", _before),
        (Engine, "before_cursor_execute", appends.before),
        (Engine, "after_cursor_execute", appends.after),
        (Engine, "after_cursor_execute", _after),
        (Pool, "connect", _impatient),
        (Pool, "checkin", appends.given_back),
        (Pool, "checkin", _given_back),
    )
    with ExitStack() as stack:
        for target, name, listener in listeners:
            event.listen(target, name, listener)
            stack.callback(event.remove, target, name, listener)
        roll_back = Session.roll_back

        def ended(session: Session) -> None:
            roll_back(session)
            _ended(appends, session)

        stack.enter_context(patch.object(Session, "roll_back", ended))
        # A retry waits for nobody, and a tail for whoever commits.
        paused = SimpleNamespace(sleep=lambda seconds: seam("pause"))
        stack.enter_context(patch.object(application, "time", paused))
        stack.enter_context(patch.object(tail, "Waker", _Woken))
        yield


def _before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
    scheduler = active()
    if scheduler is None or not scheduler.is_task():
        return
    file = _file(connection)
    word = statement.split(None, 1)[0]
    locks = _locks(statement, word, file, connection)
    if locks:
        scheduler.seam(LOCK if locks != VIEWS else word, resource=locks)
        connection.info[_TAKEN] = locks
    elif word == "BEGIN" and not file:
        return  # a server's transaction sees nothing before its first question
    elif word == "COMMIT" or not scheduler.holds(connection.info.get(_TAKEN, "")):
        scheduler.seam(word)


LOG, VIEWS = "the log", "the views"
"""On a server: what stands for the advisory lock, and for the rows of progress."""
_TAKEN = "taken"


def _locks(statement: str, word: str, file: str, connection: Any) -> str:
    """The lock that a statement takes; empty where it takes none."""
    if file:
        return file if statement.startswith("BEGIN IMMEDIATE") else ""
    if "pg_advisory_xact_lock" in statement:
        return LOG
    if word in ("INSERT", "UPDATE", "DELETE") and "_views." in statement:
        return "" if connection.info.get(_TAKEN) == VIEWS else VIEWS
    return ""


def _after(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
    scheduler = active()
    if scheduler is not None and statement in ("COMMIT", "ROLLBACK"):
        if statement == "COMMIT":
            scheduler.committed()
        scheduler.let_go(connection.info.pop(_TAKEN, ""))


def _ended(appends: _Appends, session: Session) -> None:
    """What a driver rolled back, of which no listener hears."""
    if not session.connection.invalidated:
        record: Any = session.connection
        appends.given_back(None, record)
        _given_back(None, record)


def _given_back(_connection: Any, record: Any) -> None:
    scheduler = active()
    if scheduler is not None and _TAKEN in record.info:
        scheduler.let_go(record.info.pop(_TAKEN))


def _impatient(connection: Any, _record: Any) -> None:
    if hasattr(connection, "set_trace_callback"):  # SQLite's
        connection.execute("PRAGMA busy_timeout = 100")  # a mutant may run into a real lock


def _file(connection: Any) -> str:
    """The file that a connection has open; empty for a server's."""
    if "file" not in connection.info:
        opened = open_file(connection)
        connection.info["file"] = "" if opened is None else str(opened.path)
    return str(connection.info["file"])


_INSERTS = re.compile(r"INSERT INTO (?:\S+\.)?event\b")


class _Appends:
    """Who is at an append: from `BEGIN`, or the lock if there is one, to its end."""

    def __init__(self) -> None:
        self._recorded = 0
        self._inserting: Any = None

    def before(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        """Note where it begins, and look when it inserts. Raises `Unlocked`."""
        scheduler, info = active(), connection.info
        if scheduler is None or not scheduler.is_task():
            return
        if statement.startswith("BEGIN") or "pg_advisory_xact_lock" in statement:
            info["recorded"] = self._recorded
        elif _INSERTS.search(statement):
            if self._inserting is not None and self._inserting is not info:
                raise Unlocked("somebody else has inserted, and not come to an end")
            if info["recorded"] != self._recorded:
                raise Unlocked("somebody else has recorded since this append began")
            self._inserting = info

    def after(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        """Note where it ends."""
        if statement in ("COMMIT", "ROLLBACK") and self._inserting is connection.info:
            self._recorded += statement == "COMMIT"
            self._inserting = None

    def given_back(self, _connection: Any, record: Any) -> None:
        """One that failed ends here."""
        if self._inserting is record.info:
            self._inserting = None
