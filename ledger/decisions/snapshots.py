"""Where a decision begins: the log as it is, and what earlier decisions were answered by it."""

import threading
from datetime import datetime

from ledger.decisions.answers import MOST_TOLD, Answers
from ledger.decisions.base import Snapshot
from ledger.errors import NotALedger
from ledger.events.base import parse_recorded_at
from ledger.log.eventlog import EventLog


class Snapshots(threading.local):
    """The snapshots of one log, for whatever thread: each keeps answers of its own."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._known: Answers | None = None

    def take(self) -> tuple[Snapshot, datetime]:
        """The log as it is, and when its last event was recorded. Raises `NotALedger`."""
        if self._known is None:
            # A command takes one decision: what it is answered is kept for nobody.
            self._known = Answers()
            last = self._log.last()
            if last is None:
                raise _not_a_ledger()
            return Snapshot(self._log, last[0]), last[1]
        head = self._known.head
        told = self._log.rows_after(head - 1, MOST_TOLD) if head else []
        if not self._known.follow(told, self._log.decode):
            told = self._log.last_row()
            if not told:
                raise _not_a_ledger()
            self._known = Answers(told[0])
        head, recorded_at, *_ = told[-1]
        return Snapshot(self._log, head, self._known), parse_recorded_at(recorded_at)


def _not_a_ledger() -> NotALedger:
    return NotALedger("the log has no first event", advice="Run: doctor")
