"""Folding: a thing is the result of its events, applied one after the other.

Each noun has one frozen Struct and one step, `after`. Decisions fold the few event types that
they ask for with it, projections keep the Struct in their rows, and blame compares what a thing
says of itself before and after each event. So an event is read in one place, and a step that
does not know one of its noun's events raises.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, ClassVar, Self, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.errors import UnreadableEvent
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


class Part(Struct, frozen=True, omit_defaults=True, gc=False):
    """One of several parts of a thing, such as a milestone. Its first field is its key."""

    @property
    def key(self) -> Any:
        """Its key among the parts."""
        return getattr(self, self.__struct_fields__[0])

    def told(self, field: str) -> Iterator[Saying]:
        """Yield the values of the part, under the name of that field."""
        raise NotImplementedError


Says = Callable[[Any, Any, RecordedEvent], dict[str, Any]]
"""From the thing before an event (None if it begins with it), the event and its record to the
fields that the event sets."""


class Noun(Struct, frozen=True, omit_defaults=True, gc=False):
    """Base of the entities: each holds everything that its events say.

    `noun` is the kind of thing: the tag's, and the first field of each of its events. `says` has
    for each of its event types the fields that it sets; a thing begins with one of `begins`.
    `told` lists the fields under their encoded names, those in `first` before the others, without
    those in `untold`.
    """

    noun: ClassVar[str]
    says: ClassVar[Mapping[type[Event], Says]]
    begins: ClassVar[frozenset[type[Event]]]
    first: ClassVar[tuple[str, ...]] = ()
    untold: ClassVar[frozenset[str]] = frozenset({"id", "position"})

    @classmethod
    def types(cls) -> tuple[type[Event], ...]:
        """Return the event types of this noun."""
        return tuple(cls.says)

    @classmethod
    def ids(cls, event: Event) -> tuple[str, ...]:
        """Return the ids of the things that an event mentions; first the one that it is about."""
        return (getattr(event, cls.noun),) if type(event) in cls.says else ()

    @classmethod
    def after(cls, before: Self | None, entry: RecordedEvent) -> Self | None:
        """Return the thing after an event; None if the event that it begins with was not seen.

        Raises `UnreadableEvent` for an event type that the noun does not know.
        """
        event = entry.event
        says = cls.says.get(event.__class__)
        if says is None:
            raise UnreadableEvent(entry.type, position=entry.position)
        if before is not None:
            return replace(before, **says(before, event, entry))
        if event.__class__ in cls.begins:
            return cls(**says(None, event, entry))
        return None

    @classmethod
    def fold(cls, entries: Iterable[RecordedEvent]) -> Self:
        """Return the thing after all these events, oldest first. Raises `UnreadableEvent`."""
        thing: Self | None = None
        for entry in entries:
            thing = cls.after(thing, entry)
            if thing is None:
                raise UnreadableEvent(entry.type, position=entry.position)
        if thing is None:
            raise UnreadableEvent(cls.noun, position=0)
        return thing

    def told(self) -> Iterator[Saying]:
        """Yield the value of each field. A part that is left out stays as it was."""
        for name, field in _told_fields(type(self)):
            value = getattr(self, name)
            parts = value if isinstance(value, tuple) else (value,)
            if parts and isinstance(parts[0], Part):
                for part in parts:
                    yield from part.told(field)
            else:
                yield Saying(field, None if value == () else value)


def nothing(before: Any, event: Any, entry: RecordedEvent) -> dict[str, Any]:
    """Set no field: for an event that a Struct knows and keeps nothing of."""
    return {}


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
