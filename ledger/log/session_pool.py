"""The sessions of a log: borrowed for one read or append, or for all that a decision asks.

Between two uses one of them rests here instead of in SQLAlchemy's pool: to borrow a connection
there and to give it back takes 40 µs, a twentieth of a decision. (`Borrowed` is a class for the
same reason: a generator that is a context manager takes 2 µs more.)
"""

import os
import threading
from contextlib import suppress
from types import TracebackType

from sqlalchemy import Engine

from ledger.log.failures import StorageErrors
from ledger.log.forks import leave_open, leave_to_parent
from ledger.log.sessions import Session


class _OfThread(threading.local):
    """The session that a thread holds."""

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
        """Give the connections back to the database. The next use opens another one."""
        with suppress(IndexError):  # two threads may have had one rest at the same moment
            while True:
                self._resting.pop().connection.close()
        self.engine.dispose()

    def acquire(self) -> Session:
        """A session that nobody uses."""
        try:
            session = self._resting.pop()
        except IndexError:
            return self._open()
        if session.can_go_on():
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
        """Have it rest, or give it back to the pool where one is resting already."""
        session.roll_back()
        if session.connection.invalidated:
            session.connection.close()
            with suppress(IndexError):  # it was cut by the same
                cut = self._resting.pop()
                cut.connection.invalidate()
                cut.connection.close()
        elif self._resting:
            session.connection.close()
        else:
            self._resting.append(session)


class Borrowed:
    """A session for a block: the one that the thread holds, else one that nobody uses.

    Whatever the database raises is explained. `hold`: until the end of the block the thread
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
            leave_open(self._mine)  # a child that was forked inside of the block comes to its end
        else:
            if self._hold:
                pool.of_thread.session = self._before
            if self._mine is not None:
                with pool.errors:
                    pool.release(self._mine)
        pool.errors.__exit__(kind, error, traceback)
