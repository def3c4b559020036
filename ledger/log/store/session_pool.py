"""The sessions of a log, borrowed for one read or append, or for a whole decision.

Between two uses one session rests here and not in SQLAlchemy's pool: borrowing a connection
there and returning it takes 40 µs, a twentieth of a decision. (`Borrowed` is a class for the
same reason: a context manager from a generator takes 2 µs more.)
"""

import os
import threading
import weakref
from contextlib import suppress
from types import TracebackType
from typing import Protocol

from sqlalchemy import Engine

from ledger.log.store.failures import StorageErrors
from ledger.log.store.sessions import Session


class _OfThread(threading.local):
    """The session that the current thread holds."""

    session: Session | None = None


class SessionPool:
    """The sessions of one engine. Safe to share between threads."""

    def __init__(self, engine: Engine, where: str) -> None:
        self.of_thread = _OfThread()
        self.errors = StorageErrors(where)
        self.engine = engine
        self.process = os.getpid()
        self._resting: list[Session] = []

    def renew(self) -> None:
        """In a forked child: leave the connections to the parent."""
        leave_to_parent(self.engine, *self._resting)
        self._resting = []
        self.of_thread = _OfThread()
        self.process = os.getpid()

    def close(self) -> None:
        """Close the connections. The next use opens a new one."""
        with suppress(IndexError):  # two threads may have released one at the same moment
            while True:
                self._resting.pop().connection.close()
        self.engine.dispose()

    def acquire(self) -> Session:
        """Return a session that is not in use."""
        try:
            session = self._resting.pop()
        except IndexError:
            return self._open()
        if session.is_usable():
            return session
        session.connection.close()
        return self._open()

    def _open(self) -> Session:
        connection = self.engine.connect()
        try:
            return Session(connection)
        except BaseException:
            connection.close()
            raise

    def release(self, session: Session) -> None:
        """Keep the session for the next use, or close it if one is kept already."""
        session.roll_back()
        if session.connection.invalidated:
            session.connection.close()
            with suppress(IndexError):  # cut by the same cause
                cut = self._resting.pop()
                cut.connection.invalidate()
                cut.connection.close()
        elif self._resting:
            session.connection.close()
        else:
            self._resting.append(session)


class Borrowed:
    """A session for a block: the one that the thread holds, or else one that is not in use.

    Database errors are raised as `LedgerError`. `hold`: until the end of the block the thread
    uses this session for everything.
    """

    __slots__ = ("_before", "_hold", "_mine", "_pool", "_process")

    def __init__(self, pool: SessionPool, *, hold: bool = False) -> None:
        self._pool = pool
        self._hold = hold
        self._process = pool.process
        self._before: Session | None = None
        self._mine: Session | None = None

    def __enter__(self) -> Session:
        pool = self._pool
        session = self._before = pool.of_thread.session
        if session is None:
            with pool.errors:
                session = self._mine = pool.acquire()
        if self._hold:
            pool.of_thread.session = session
        return session

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pool = self._pool
        if self._process != pool.process:
            leave_open(self._mine)  # a child forked inside the block has reached its end
        else:
            if self._hold:
                pool.of_thread.session = self._before
            if self._mine is not None:
                with pool.errors:
                    pool.release(self._mine)
        pool.errors.__exit__(kind, error, traceback)


# --- forks ---------------------------------------------------------------------------
#
# A process may fork while a ledger is open, as multiprocessing does on Linux. A connection
# belongs to one process: two that share one to PostgreSQL get each other's answers. And a lock
# that a thread of the parent held at that moment is never released in the child. So the child
# begins with connections and locks of its own.


class Renewable(Protocol):
    """An object that holds connections or locks."""

    def renew(self) -> None:
        """Start over in a forked child, leaving alone what belongs to the parent."""


_open: "weakref.WeakSet[Renewable]" = weakref.WeakSet()

_parents: list[object] = []
"""Pools and connections inherited from the parent. Kept, since garbage collection would close a
connection, and with it the parent's."""


def renew_in_child(one: Renewable) -> None:
    """Renew an object, for as long as it lives, in every child forked from now on."""
    _open.add(one)


def leave_to_parent(engine: Engine, *borrowed: object) -> None:
    """Have an engine open new connections, and leave its own and the borrowed ones open."""
    leave_open(engine.pool, *borrowed)
    engine.dispose(close=False)


def leave_open(*inherited: object) -> None:
    """Keep pools or connections open for as long as this process lives."""
    _parents.extend(inherited)


def _renew_all() -> None:
    for one in tuple(_open):
        one.renew()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_renew_all)
