"""Histories: whether tables were folded from this log, or from another in its place.

A ledger may be restored from an older copy, replaced by another, or find the views of its neighbour
where its own would be. Then the events that the rows came from are not in this log, and the rows
must not be shown.
"""

from hashlib import sha256
from typing import Protocol

from ledger.projections.folds import Failure, Log

TAIL = 16
"""The last lines that tell one history from another. One would do while clocks advance; where the
recorded time stood still (a clock set back), two branches may end in equal lines."""


class Place(Protocol):
    """How far a fold has come, and in which history."""

    @property
    def position(self) -> int:
        """The last event applied."""

    @property
    def failure(self) -> Failure | None:
        """The event that it could not apply."""

    @property
    def ledger(self) -> str:
        """`History.ledger` at that time."""

    @property
    def tail(self) -> str:
        """`History.tail` of the last event seen: applied, or refused."""


class History:
    """The history that a log holds. It caches what it reads: make a new one for each question,
    since a log may be replaced while it is open."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._tails: dict[int, str] = {}

    @property
    def ledger(self) -> str:
        """The ledger's identity: the SHA-256 of its first line in hex; empty in an empty log."""
        return self.tail(1)

    def tail(self, position: int) -> str:
        """The SHA-256 in hex of the last lines up to a position; empty where there is none."""
        found = self._tails.get(position)
        if found is None:
            found = self._read(position)
            if found:  # a missing line may still be recorded
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
        """Whether this log holds every event that a fold saw, as far as the lines tell."""
        seen = fold.position if fold.failure is None else fold.failure.position
        if seen == 0:
            return True
        return fold.ledger == self.ledger and fold.tail == self.tail(seen)
