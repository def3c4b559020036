"""The start of a decision: the log as it is, and its answers to earlier decisions."""

import threading
from datetime import datetime

from ledger.decisions.base import Snapshot
from ledger.errors import NotALedger
from ledger.events.base import parse_recorded_at
from ledger.known_answers import MOST_FOLLOWED, KnownAnswers
from ledger.log.eventlog import EventLog


class Snapshots(threading.local):
    """The snapshots of one log, for any thread: each thread keeps its own answers."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._known: KnownAnswers | None = None

    def take(self) -> tuple[Snapshot, datetime]:
        """Return the log as it is, and the time of its last event. Raises `NotALedger`."""
        if self._known is None:
            # A command takes one decision: no later one would use its answers.
            self._known = KnownAnswers()
            last = self._log.last()
            if last is None:
                raise _not_a_ledger()
            return Snapshot(self._log, last[0]), last[1]
        # Answers interrupted while they follow the log are not used: they may hold an event twice.
        known, self._known = self._known, KnownAnswers()
        rows = self._log.rows_after(known.head - 1, MOST_FOLLOWED) if known.head else []
        if known.follow(rows, self._log.decode):
            newest = rows[-1]
        else:
            last_row = self._log.last_row()
            if last_row is None:
                raise _not_a_ledger()
            newest = last_row
            known = KnownAnswers(newest)
        self._known = known
        head, recorded_at, *_ = newest
        return Snapshot(self._log, head, known), parse_recorded_at(recorded_at)


def _not_a_ledger() -> NotALedger:
    return NotALedger("the log has no first event", advice="Run: doctor")
