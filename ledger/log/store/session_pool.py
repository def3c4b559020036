"""The sessions of a log, borrowed for one read or append, or for a whole decision."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
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
        self._errors = StorageErrors(where)
        self.engine = engine
        self._process = os.getpid()

    def renew(self) -> None:
        """In a forked child: leave the connections to the parent."""
        leave_to_parent(self.engine)
        self.of_thread = _OfThread()
        self._process = os.getpid()

    def close(self) -> None:
        """Close the connections. The next use opens a new one."""
        self.engine.dispose()

    @contextmanager
    def borrowed(self, *, hold: bool = False) -> Iterator[Session]:
        """A session for a block: the one that the thread holds, or else one that is not in use.

        Database errors are raised as `LedgerError`. `hold`: until the end of the block the thread
        uses this session for everything.
        """
        process, held = self._process, self.of_thread.session
        with self._errors:
            session = self._open() if held is None else held
            if hold:
                self.of_thread.session = session
            try:
                yield session
            finally:
                if process != self._process:
                    leave_open(session)  # a child forked inside the block has reached its end
                else:
                    if hold:
                        self.of_thread.session = held
                    if held is None:
                        session.close()

    def _open(self) -> Session:
        connection = self.engine.connect()
        try:
            return Session(connection)
        except BaseException:
            connection.close()
            raise


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


def leave_to_parent(engine: Engine) -> None:
    """Have an engine open new connections, and leave its own ones open."""
    leave_open(engine.pool)
    engine.dispose(close=False)


def leave_open(*inherited: object) -> None:
    """Keep pools or connections open for as long as this process lives."""
    _parents.extend(inherited)


def _renew_all() -> None:
    for one in tuple(_open):
        one.renew()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_renew_all)
