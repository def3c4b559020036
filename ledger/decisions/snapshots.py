"""Where a decision begins: the log as it is, and what earlier decisions were answered by it."""

import threading
from datetime import datetime

from ledger.decisions.answers import MOST_FOLLOWED, KnownAnswers
from ledger.decisions.base import Snapshot
from ledger.errors import NotALedger
from ledger.events.base import parse_recorded_at
from ledger.log.eventlog import EventLog


class Snapshots(threading.local):
    """The snapshots of one log, for whatever thread: each keeps answers of its own."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._known: KnownAnswers | None = None

    def take(self) -> tuple[Snapshot, datetime]:
        """The log as it is, and when its last event was recorded. Raises `NotALedger`."""
        if self._known is None:
            # A command takes one decision: what it is answered is kept for nobody.
            self._known = KnownAnswers()
            last = self._log.last()
            if last is None:
                raise _not_a_ledger()
            return Snapshot(self._log, last[0]), last[1]
        # What is interrupted while it follows is not gone on with: it may know an event twice.
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
