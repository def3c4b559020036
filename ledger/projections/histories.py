"""Histories: whether tables were folded from this log, or from another in its place.

A ledger may be restored from an older copy, replaced by another, or find the views of its
neighbour where its own would be. Then the events that the rows came from are no more, and
the rows are not to be shown.
"""

from hashlib import sha256
from typing import Protocol

from ledger.projections.folds import Failure, Log

TAIL = 16
"""Lines that tell one history from another. One would do for clocks that go on; where the
recorded time stood still (a clock put back), two branches may end in equal lines."""


class Place(Protocol):
    """How far a fold came, and of which history."""

    @property
    def position(self) -> int:
        """The last event applied."""

    @property
    def failure(self) -> Failure | None:
        """The event that it could not take."""

    @property
    def ledger(self) -> str:
        """`History.ledger` of then."""

    @property
    def tail(self) -> str:
        """`History.tail` of the last event seen: applied, or refused."""


class History:
    """The history that a log holds. It remembers what it looked up: take a new one each time
    that somebody asks, for a log may be replaced while it is open."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._tails: dict[int, str] = {}

    @property
    def ledger(self) -> str:
        """Which ledger it is: the SHA-256 of its first line in hex; empty in an empty log."""
        return self.tail(1)

    def tail(self, position: int) -> str:
        """The SHA-256 in hex of the last lines up to a position; empty where there is none."""
        found = self._tails.get(position)
        if found is None:
            found = self._read(position)
            if found:  # what is not there may come
                self._tails[position] = found
        return found

    def _read(self, position: int) -> str:
        if not 0 < position <= self._log.head():
            return ""
        digest = sha256()
        for line in self._log.lines(max(position - TAIL, 0), position):
            digest.update(line + b"\n")
        return digest.hexdigest()

    def holds(self, fold: Place) -> bool:
        """Whether every event that a fold saw, so far as lines tell, stands in this log."""
        seen = fold.position if fold.failure is None else fold.failure.position
        if seen == 0:
            return True
        return fold.ledger == self.ledger and fold.tail == self.tail(seen)
