"""How long a connection is used: for one read or append, or for all that a decision asks.

Between two uses one connection rests here instead of in SQLAlchemy's pool: to borrow it there and
to give it back takes 40 µs, a twentieth of a decision. (A use is a class for the same reason: a
generator that is a context manager takes 2 µs more.)
"""

import threading
from contextlib import suppress
from types import TracebackType

from sqlalchemy import Engine

from ledger.log.failures import StorageErrors
from ledger.log.forks import leave_to_parent
from ledger.log.sessions import Session


class _Held(threading.local):
    """The session that a thread holds."""

    session: Session | None = None


class Uses:
    """The sessions of one engine. Safe to share between threads."""

    def __init__(self, engine: Engine, where: str) -> None:
        self.held = _Held()
        self.errors = StorageErrors(where)
        self.engine = engine
        self._resting: list[Session] = []

    def renew(self) -> None:
        """In a forked child: leave the connections to the parent."""
        leave_to_parent(self.engine, *self._resting, self.held.session)
        self._resting = []
        self.held = _Held()

    def close(self) -> None:
        """Give the connections back to the database. The next use opens another one."""
        with suppress(IndexError):  # two threads may have had one rest at the same moment
            while True:
                self._resting.pop().connection.close()
        self.engine.dispose()

    def begin(self) -> Session:
        """A session that nobody uses."""
        with suppress(IndexError):
            session = self._resting.pop()
            if session.can_go_on():
                return session
            session.connection.close()
        connection = self.engine.connect()
        try:
            return Session(connection)
        except BaseException:
            connection.close()
            raise

    def end(self, session: Session) -> None:
        """Have it rest, or give it back to the pool where one is resting already."""
        session.roll_back()
        if self._resting or session.connection.invalidated:
            session.connection.close()
        else:
            self._resting.append(session)


class Use:
    """A session for a block: the one that the thread holds, else one that nobody uses.

    Whatever the database raises is explained. `hold`: until the end of the block the thread
    uses this session for everything.
    """

    __slots__ = ("_before", "_hold", "_mine", "_uses")

    def __init__(self, uses: Uses, *, hold: bool = False) -> None:
        self._uses = uses
        self._hold = hold
        self._before: Session | None = None
        self._mine: Session | None = None

    def __enter__(self) -> Session:
        uses = self._uses
        session = self._before = uses.held.session
        if session is None:
            with uses.errors:
                session = self._mine = uses.begin()
        if self._hold:
            uses.held.session = session
        return session

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        uses = self._uses
        if self._hold:
            uses.held.session = self._before
        if self._mine is not None:
            with uses.errors:
                uses.end(self._mine)
        uses.errors.__exit__(kind, error, traceback)
