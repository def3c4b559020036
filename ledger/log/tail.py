"""The tail of a log: what is recorded, as it is recorded, each once, in order, for ever."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from eventsourcing.dcb.api import DCBQuery, DCBSequencedEvent, DCBSubscription

from ledger.log.beside import WrittenMeanwhile
from ledger.log.branches import Asked
from ledger.log.rows import StoredRow, sequenced
from ledger.log.waiting import Waker

if TYPE_CHECKING:
    from ledger.log.recorder import SqlRecorder

POLL_S = 0.05
"""Seconds between looks for another process's appends. Our own wake the tail."""

_BUFFER = 500


class Tail(Iterator[StoredRow]):
    """Blocks in `next()` until a matching event is there or `stop()` was called.

    Nothing can be missed: positions become visible in order, so whatever is read up to a
    head is all there is up to that head.
    """

    def __init__(self, recorder: "SqlRecorder", asked: Sequence[Asked], after: int) -> None:
        self._recorder = recorder
        self._asked = asked
        self._seen = after
        self._stopped = False
        self._woken = Waker()
        self._buffer: deque[StoredRow] = deque()
        recorder.listen(self._woken)

    def stop(self) -> None:
        """End the iteration, also one that waits in another thread."""
        self._stopped = True
        self._recorder.unlisten(self._woken)
        self._woken.set()

    def __next__(self) -> StoredRow:
        while not self._stopped:
            if self._buffer:
                return self._buffer.popleft()
            # Cleared before looking: an append after the look sets it again.
            self._woken.clear()
            if not self._fetch() and not self._stopped:
                self._woken.wait(POLL_S)
        raise StopIteration

    def _fetch(self) -> bool:
        """Buffer what was recorded since; whether the log had grown."""
        try:
            head = self._recorder.head()
            if head <= self._seen:
                return False
            rows = list(
                self._recorder.rows(self._asked, after=self._seen, until=head, limit=_BUFFER)
            )
        except WrittenMeanwhile:
            # Where a reader may make no file, somebody begins to record: just what we wait for.
            return False
        self._buffer.extend(rows)
        # A full buffer may leave events behind; otherwise all up to the head is seen, also
        # what the query does not match.
        self._seen = self._buffer[-1][0] if len(self._buffer) == _BUFFER else head
        return True


class Subscription(DCBSubscription[Any]):
    """The tail as eventsourcing's port gives it out."""

    def __init__(self, recorder: "SqlRecorder", query: DCBQuery | None, after: int | None) -> None:
        super().__init__(recorder, query, after)
        self._tail = Tail(recorder, () if query is None else query.items, after or 0)

    def stop(self) -> None:
        """End the iteration, also one that waits in another thread."""
        super().stop()
        self._tail.stop()

    def __next__(self) -> DCBSequencedEvent:
        return sequenced(next(self._tail))
