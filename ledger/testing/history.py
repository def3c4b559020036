"""A log in memory: for scenarios, and as the plain model to compare the real log with."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from ledger.errors import BoundaryBroken
from ledger.events import STUDIO_EVENTS
from ledger.events.base import (
    Boundary,
    Event,
    Header,
    Query,
    RecordedEvent,
    Registry,
    UnknownEvent,
    format_recorded_at,
    recorded_tags,
)
from ledger.time.periods import Clock, ManualClock

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
"""The default start of a history."""


class MemoryHistory:
    """Events in a list, read and appended to like the real log.

    Each event is encoded and decoded on its way in, so that a decision reads exactly what a
    stored line would give it. An unregistered type, such as a plugin's, is registered with
    its first event.
    """

    def __init__(self, *, clock: Clock | None = None, types: Iterable[type[Event]] = ()) -> None:
        self.clock: Clock = clock or ManualClock(BEGINNING)
        self.registry = Registry((*STUDIO_EVENTS, *types))
        self.events: list[RecordedEvent] = []

    def append(
        self, entries: Sequence[tuple[Event, Header]], boundary: Boundary | None = None
    ) -> list[RecordedEvent]:
        """Record events, all or none. Raises `BoundaryBroken`.

        A boundary without a question is never broken.
        """
        if boundary is not None and boundary.queries:
            for _ in self.read(boundary.queries, after=boundary.after, limit=1):
                raise BoundaryBroken(after=boundary.after)
        recorded = [
            self._record(len(self.events) + n, event, header)
            for n, (event, header) in enumerate(entries, start=1)
        ]
        self.events += recorded
        return recorded

    def _record(self, position: int, event: Event, header: Header) -> RecordedEvent:
        if event.type_name not in self.registry and not isinstance(event, UnknownEvent):
            self.registry.add(type(event))
        now = self.clock.now()
        if self.events:
            now = max(now, self.events[-1].recorded_at)
        tags = msgspec.json.encode(recorded_tags(event, header)).decode()
        data = self.registry.encode(event, header)
        return self.registry.decode(position, format_recorded_at(now), event.type_name, tags, data)

    def read(
        self,
        queries: Sequence[Query],
        *,
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[RecordedEvent]:
        """Return the events with `after` < position <= `until` that answer any of the queries.

        Without any query, every event answers.
        """
        found = [
            entry
            for entry in self.events[after:until]
            if not queries or any(query.matches(entry.type, entry.tags) for query in queries)
        ]
        if newest_first:
            found.reverse()
        yield from found[:limit]

    def types_of(self, tag: str) -> tuple[str, ...]:
        """Return the types of the events that carry a tag, sorted."""
        return tuple(sorted({entry.type for entry in self.events if tag in entry.tags}))

    def head(self) -> int:
        """Return the last position, 0 while there is none."""
        return len(self.events)

    def last(self) -> tuple[int, datetime] | None:
        """Return the last position and its recorded time, None while there is none."""
        return (self.head(), self.events[-1].recorded_at) if self.events else None
