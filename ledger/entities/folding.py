"""Folding: a thing is what its events say of it, one event after the other.

Each noun has one frozen Struct and one step, `after`. Decisions fold the few event types that
they ask for with it, projections keep the Struct in their rows, and blame compares what a thing
says of itself before and after each event. So an event is read in one place, and a step that
does not know one of its noun's events raises.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any, ClassVar, Self, TypeVar

from msgspec import Struct

from ledger.errors import UnreadableEvent
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Event, RecordedEvent

Since = date | datetime | None


class Saying(Struct, frozen=True):
    """A field of a thing and its value. None: it has no value, or no longer.

    `since` is the time from which the value holds, for a field that goes by effective time.
    `position` is that of the event where saying the same value again counts, as a correction does.
    """

    field: str
    value: Any
    since: Since = None
    position: int | None = None


class Part(Struct, frozen=True):
    """What a thing may have several of, such as milestones. Its first field tells it apart."""

    @property
    def key(self) -> Any:
        """What tells it apart from the others."""
        return getattr(self, self.__struct_fields__[0])

    def told(self, field: str) -> Iterator[Saying]:
        """What it says of itself, as a part of that field."""
        raise NotImplementedError


class Noun(Struct, frozen=True):
    """Base of what things are: everything that their events say.

    `noun` is the kind of thing: the tag's, and the first field of each of its events. What a
    thing tells of itself are its fields under their encoded names, those in `first` before the
    others and those in `untold` not at all.
    """

    noun: ClassVar[str]
    first: ClassVar[tuple[str, ...]] = ()
    untold: ClassVar[frozenset[str]] = frozenset({"id", "position"})

    @classmethod
    def types(cls) -> tuple[type[Event], ...]:
        """The studio's event types that are about such a thing."""
        return types_of(cls.noun)

    @classmethod
    def ids(cls, event: Event) -> tuple[str, ...]:
        """The things that an event says something of; first the one that it is about."""
        return (getattr(event, cls.noun),) if isinstance(event, cls.types()) else ()

    @classmethod
    def after(cls, before: Self | None, entry: RecordedEvent) -> Self | None:
        """The thing after an event; None as long as the event that it begins with was not seen.

        Raises `UnreadableEvent` for an event that says nothing of such a thing.
        """
        raise NotImplementedError

    @classmethod
    def fold(cls, entries: Iterable[RecordedEvent]) -> Self:
        """The thing after all these events, oldest first. Raises `UnreadableEvent`."""
        thing: Self | None = None
        for entry in entries:
            thing = cls.after(thing, entry)
            if thing is None:
                raise UnreadableEvent(entry.type, position=entry.position)
        if thing is None:
            raise UnreadableEvent(cls.noun, position=0)
        return thing

    def told(self) -> Iterator[Saying]:
        """What the thing says of itself. A part that is not told stays as it was."""
        for name, field in _told_fields(type(self)):
            value = getattr(self, name)
            parts = value if isinstance(value, tuple) else (value,)
            if parts and isinstance(parts[0], Part):
                for part in parts:
                    yield from part.told(field)
            else:
                yield Saying(field, None if value == () else value)


@lru_cache
def types_of(noun: str) -> tuple[type[Event], ...]:
    """The studio's event types that are about a noun: their first field names it."""
    return tuple(t for t in STUDIO_EVENTS if t.__struct_fields__[0] == noun)


@lru_cache
def _told_fields(noun: type[Noun]) -> tuple[tuple[str, str], ...]:
    names = dict(zip(noun.__struct_fields__, noun.__struct_encode_fields__, strict=True))
    order = (*noun.first, *(name for name in names if name not in noun.first))
    return tuple((name, names[name]) for name in order if name not in noun.untold)


P = TypeVar("P", bound=Part)


def with_part(parts: tuple[P, ...], part: P) -> tuple[P, ...]:
    """The parts with this one, in the place of the one with its key."""
    if all(one.key != part.key for one in parts):
        return (*parts, part)
    return tuple(part if one.key == part.key else one for one in parts)
