"""A closure: which space it shuts and when, as far as no reopening cut it."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from msgspec import field

from ledger.entities.folding import Noun, Says
from ledger.events.base import Event, RecordedEvent
from ledger.events.sites import ClosureKind, SpaceClosed, SpaceReopened
from ledger.time.periods import Period


def left_of(event: SpaceReopened) -> Period | None:
    """Return what is left of a closure after a reopening; None if all of it was called off."""
    was = event.was
    begun = was.start < event.period.start
    return Period(was.start, event.period.start, was.zone) if begun else None


def _closed(_: None, event: SpaceClosed, entry: RecordedEvent) -> dict[str, Any]:
    return {
        "id": event.closure,
        "state": "closed",
        "space": event.space,
        "kind": event.kind,
        "left": event.period,
        "planned": event.period,
        "position": entry.position,
        "why": entry.reason,
    }


def _reopened(_: "Closure", event: SpaceReopened, entry: RecordedEvent) -> dict[str, Any]:
    left = left_of(event)
    return {"state": "called off" if left is None else "cut short", "left": left}


class Closure(Noun, frozen=True):
    """A closure as it stands after its reopenings; `position` is the event that closed.

    `left` is None once it was called off, `planned` the period as it was made, `why` the reason
    that the closing was recorded with.
    """

    noun: ClassVar[str] = "closure"
    says: ClassVar[Mapping[type[Event], Says]] = {SpaceClosed: _closed, SpaceReopened: _reopened}
    begins: ClassVar[frozenset[type[Event]]] = frozenset({SpaceClosed})
    untold: ClassVar[frozenset[str]] = frozenset({"id", "planned", "why", "position"})

    id: str
    state: Literal["closed", "cut short", "called off"] = field(name="status")
    space: str
    kind: ClosureKind
    left: Period | None = field(name="period")
    planned: Period
    position: int
    why: str | None

    @property
    def period(self) -> Period:
        """When the space is closed; of a closure that was called off, when it was to be."""
        return self.left or self.planned

    @staticmethod
    def cover(closures: "Iterable[Closure]", period: Period) -> bool:
        """Whether closures, one alone or several that meet, cover a whole period."""
        reached = period.start
        for closure in sorted(closures, key=lambda one: one.period.start):
            if closure.left is not None and closure.left.start <= reached:
                reached = max(reached, closure.left.end)
        return reached >= period.end


def live_closures(entries: Iterable[RecordedEvent]) -> list[Closure]:
    """Return the closures of these events that were not called off, earliest first."""
    found: dict[str, Closure | None] = {}
    for entry in entries:
        for id in Closure.ids(entry.event):
            found[id] = Closure.after(found.get(id), entry)
    live = (one for one in found.values() if one is not None and one.left is not None)
    return sorted(live, key=lambda closure: (closure.period.start, closure.position))
