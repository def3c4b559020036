"""The tail of a log: events as they are recorded, each once, in order, without end."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from eventsourcing.dcb.api import DCBQuery, DCBSequencedEvent, DCBSubscription

from ledger.log.queries import Asked
from ledger.log.rows import StoredRow, sequenced
from ledger.log.store.sqlite_recovery import WrittenMeanwhile
from ledger.log.wakeup import Waker

POLL_S = 0.05
"""Seconds between checks for another process's appends. Our own appends wake the tail."""

_BUFFER = 500


class Followed(Protocol):
    """The part of a recorder that a tail uses."""

    def head(self) -> int:
        """The last position, 0 in an empty log."""

    def rows(
        self, asked: Sequence[Asked], *, after: int, until: int, limit: int
    ) -> Iterator[StoredRow]:
        """The first matching rows with `after` < position <= `until`."""

    def listen(self, listener: Waker) -> None:
        """Set `listener` after every append."""

    def unlisten(self, listener: Waker) -> None:
        """Stop setting it."""


class Tail(Iterator[StoredRow]):
    """Blocks in `next()` until there is a matching event or `stop()` is called.

    Nothing can be missed: positions become visible in order, so a read up to a head sees
    everything up to that head.
    """

    def __init__(self, recorder: Followed, asked: Sequence[Asked], after: int) -> None:
        self._recorder = recorder
        self._asked = asked
        self._seen = after
        self._stopped = False
        self._woken = Waker()
        self._buffer: deque[StoredRow] = deque()
        recorder.listen(self._woken)

    def stop(self) -> None:
        """End the iteration, even one that is waiting in another thread."""
        self._stopped = True
        self._recorder.unlisten(self._woken)
        self._woken.set()

    def __next__(self) -> StoredRow:
        while not self._stopped:
            if self._buffer:
                return self._buffer.popleft()
            # Cleared before the fetch: an append after the fetch sets it again.
            self._woken.clear()
            if not self._fetch() and not self._stopped:
                self._woken.wait(POLL_S)
        raise StopIteration

    def _fetch(self) -> bool:
        """Buffer the events recorded since the last fetch; return whether the log has grown."""
        try:
            head = self._recorder.head()
            if head <= self._seen:
                return False
            rows = list(
                self._recorder.rows(self._asked, after=self._seen, until=head, limit=_BUFFER)
            )
        except WrittenMeanwhile:
            # The file was read as immutable, and now another process records: try again.
            return False
        self._buffer.extend(rows)
        # A full buffer may leave events behind. Otherwise everything up to the head is seen,
        # including what the query does not match.
        self._seen = self._buffer[-1][0] if len(self._buffer) == _BUFFER else head
        return True


class Subscription(DCBSubscription[Any]):
    """A tail with the interface of eventsourcing's port."""

    def __init__(self, recorder: Followed, query: DCBQuery | None, after: int | None) -> None:
        super().__init__(recorder, query, after)
        self._tail = Tail(recorder, () if query is None else query.items, after or 0)

    def stop(self) -> None:
        """End the iteration, even one that is waiting in another thread."""
        super().stop()
        self._tail.stop()

    def __next__(self) -> DCBSequencedEvent:
        return sequenced(next(self._tail))
