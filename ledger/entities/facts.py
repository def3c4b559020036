"""Facts: the values that a field had, each with the event that set it.

The facts of a field stand in the order in which they hold. For most fields that is the order
of recording: a booking is confirmed from the moment when that was recorded. A change in the
studio with a time of its own, such as a move, goes by that *effective* time: a late entry stands
where it happened, and the current place is that of the latest move, not of the latest note.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from ledger.entities.folding import Since
from ledger.events.base import Event, RecordedEvent
from ledger.events.bookings import BookingStarted, BookingWrapped
from ledger.tags import tag
from ledger.time.periods import Period


class Fact(Struct, frozen=True):
    """A value of a field, and the event that set it.

    `since` is the effective time from which it holds, where the field goes by that. `known` is
    the position from which on the ledger had the value: that of the event, or a later one
    where only that made the event count (a lens was entered late into a case that had moved).
    `via` is the container by whose move an item came to its place.
    """

    value: Any
    entry: RecordedEvent
    known: int
    since: Since = None
    via: str | None = None

    @property
    def said(self) -> tuple[Since, int]:
        """Its identity among the facts of its field: the same in every fold."""
        return self.since, self.entry.position


class Entity(Struct, frozen=True):
    """One thing as the ledger knew it: its fields, each with its facts in order.

    A field is named `name`, or `name.part` where there are several of it: `shoot-day.2025-07-03`,
    `planned.picture-wrap`. An event that no field could take is one of its own, `event.812`.
    """

    kind: str
    id: str
    fields: Mapping[str, tuple[Fact, ...]]

    @property
    def tag(self) -> str:
        """Its tag."""
        return tag(self.kind, self.id)

    def current(self, field: str, on: date | None = None) -> Fact | None:
        """The fact that holds: the last one, or the last that held on a day.

        A space may be told today what it will be next year: it is not so yet. Where all is
        still to come, the first fact stands for it.
        """
        facts = self.fields.get(field, ())
        begun = [f for f in facts if on is None or not _is_after(f.since, on)]
        return begun[-1] if begun else facts[0] if facts else None

    def before(self, field: str, fact: Fact) -> Any:
        """The value that the field had before that fact; None where it had none."""
        facts = self.fields[field]
        place = facts.index(fact)
        return facts[place - 1].value if place else None


def _is_after(since: Since, day: date) -> bool:
    return isinstance(since, date) and not isinstance(since, datetime) and since > day


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Facts in the order in which they hold, each that only repeats the one before left out.

    Repeating a value sets nothing: a confirmation carries the booking's units, a packing confirms
    a place. The absence of a value is left out, too, as long as there never was one; but where
    facts go by effective time it holds from a day: a stage is exclusive until the day on which it
    has a capacity. A correction counts even if it repeats the value.
    """
    found: list[Fact] = []
    for fact in sorted(facts, key=_order):
        first = not found and (fact.value is not None or fact.since is not None)
        if first or (found and (fact.value != found[-1].value or fact.entry.corrects)):
            found.append(fact)
    return tuple(found)


def _order(fact: Fact) -> tuple[Any, ...]:
    return (fact.entry.position,) if fact.since is None else (fact.since, fact.entry.position)


def effective(fact: Fact) -> Period | datetime | date | None:
    """Return when a fact holds in the studio; None if that is not known."""
    return fact.since if fact.since is not None else happened(fact.entry.event)


def happened(event: Event) -> Period | datetime | date | None:
    """Return when an event happens in the studio: its own effective time, except for a start or a
    wrap, which carry the booking's period but happen on a day.
    """
    if isinstance(event, BookingStarted | BookingWrapped):
        return event.on
    return event.effective()
