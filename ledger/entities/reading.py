"""Reading an entity: its own events by its tag, and what its containers went through.

A tag is carried by more than the entity's own events: that of a stage by each of its
bookings, over ten years. So the types are asked for, and nothing else is read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from ledger.entities.bookings import FullBooking
from ledger.entities.closures import Closure
from ledger.entities.equipment import PLACE, PLACE_FACTS, Item, PlaceFact, steps
from ledger.entities.facts import Entity, Fact, in_order
from ledger.entities.folding import Noun, Saying, Since
from ledger.entities.projects import FullProject
from ledger.entities.reservations import Reservation, SubHire
from ledger.entities.sites import Site
from ledger.entities.spaces import Space
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Query, RecordedEvent, UnknownEvent, type_names
from ledger.events.standing import is_correction, place_of, standing
from ledger.tags import tag


class Log(Protocol):
    """The part of a log that is used here."""

    def read(
        self, queries: Sequence[Query], *, after: int = 0, until: int | None = None
    ) -> Iterator[RecordedEvent]:
        """The events of positions after < p <= until that answer any of the queries."""

    def types_of(self, tag: str) -> Sequence[str]:
        """The types of the events that carry a tag."""


KINDS: dict[str, type[Noun]] = {
    noun.noun: noun
    for noun in (FullBooking, Item, Reservation, SubHire, FullProject, Space, Closure, Site)
}
"""The nouns, in the order in which a report tells of them."""

EVENT = "event"
"""Field of an event that no noun can take, and kind of one that names nothing."""

_STUDIO = frozenset(event_type.type_name for event_type in STUDIO_EVENTS)
_ABOUT_THE_LOG = ("request", "batch", "ledger")


def is_other(entry: RecordedEvent) -> bool:
    """Whether an event is a plugin's, or one of a later version that cannot be read."""
    return entry.type not in _STUDIO or isinstance(entry.event, UnknownEvent)


def touched(entry: RecordedEvent) -> list[tuple[str, str]]:
    """Return the entities that an event mentions, as kind and id.

    A plugin's event may be about several things; each of its tags names one. An event of the
    studio's own that cannot be read is about what its first tag names.
    """
    if not is_other(entry):
        return [(kind, id) for kind, noun in KINDS.items() for id in noun.ids(entry.event)]
    named = [t.partition(":")[::2] for t in entry.tags if "@" not in t]
    found = [(kind, id) for kind, id in named if kind not in _ABOUT_THE_LOG]
    if entry.type in _STUDIO or "." not in entry.type:
        found = found[:1]
    return found or [(EVENT, str(entry.position))]


class Records(NamedTuple):
    """The events of an entity, oldest first, and of the containers that it was ever in."""

    kind: str
    id: str
    entries: Sequence[RecordedEvent]
    containers: Mapping[str, Sequence[RecordedEvent]]

    def at(self, until: int) -> Entity:
        """The entity as the ledger knew it at a position."""
        mine = [entry for entry in self.entries if entry.position <= until]
        facts = _folded(self.kind, self.id, mine)
        fields = {name: in_order(found) for name, found in facts.items()}
        if self.kind == Item.noun:
            # A container's steps are among the item's own, in effective order. A stock is in
            # several places, which its pieces say.
            fields[PLACE] = () if "pieces" in fields else _no_repeats(self._places(until))
        return Entity(self.kind, self.id, {name: f for name, f in fields.items() if f})

    def _places(self, until: int) -> Iterator[Fact]:
        chains: dict[str, list[PlaceFact]] = {}
        entries: dict[int, RecordedEvent] = {}
        for item, found in {self.id: self.entries, **self.containers}.items():
            known = [entry for entry in found if entry.position <= until]
            # what says so now, as of the other fields: the correction, where there is one
            entries.update((one.position, getattr(one, "said_by", one)) for one in standing(known))
            chains[item] = _chain(standing(known), item)
        for fact, _, via, known_since in steps(chains, self.id):
            yield Fact(fact.place, entries[fact.position], known_since, fact.at, via)


def _folded(kind: str, id: str, entries: Iterable[RecordedEvent]) -> dict[str, list[Fact]]:
    """Return the facts of each field: its values that differ after an event from those before."""
    noun = KINDS.get(kind)
    facts: dict[str, list[Fact]] = {}
    told: dict[tuple[str, Since], Saying] = {}
    thing: Noun | None = None
    if noun is Item:
        facts[PLACE] = []  # the first thing to be asked of an item
    seen: list[RecordedEvent] = []
    for entry in entries:
        position = entry.position
        seen.append(entry)
        if is_other(entry):
            if (kind, id) in touched(entry):
                _take_back(facts, entry)
                if entry.undone:
                    continue
                facts[f"{EVENT}.{position}"] = [Fact(entry.event, entry, position)]
            continue
        if noun is None:
            continue
        place = None
        if is_correction(entry):
            place = place_of(entry)
            thing, sayings = _put_right(noun, id, seen)
            sayings |= _no_more(told, sayings, facts)
        else:
            thing = _after(noun, id, thing, entry)
            sayings = {} if thing is None else _by_key(thing.told())
        for key, said in sayings.items():
            never = said.value is None and said.since is None and key not in told
            again = said == told.get(key) and (place is None or said.position != place)
            if never or again:
                continue
            told[key] = said
            fact = Fact(said.value, entry, position, said.since)
            facts.setdefault(said.field, []).append(fact)
    return facts


def _after(noun: type[Noun], id: str, thing: Noun | None, entry: RecordedEvent) -> Noun | None:
    if thing is None and noun.ids(entry.event)[:1] != (id,):
        return None
    return noun.after(thing, entry)


Sayings = dict[tuple[str, Since], Saying]


def _by_key(sayings: Iterable[Saying]) -> Sayings:
    return {(said.field, said.since): said for said in sayings}


def _put_right(
    noun: type[Noun], id: str, entries: Sequence[RecordedEvent]
) -> tuple[Noun | None, Sayings]:
    """Return the thing after a correction, the last of these events, and all that stands of it."""
    thing: Noun | None = None
    sayings: Sayings = {}
    for entry in standing(entries):
        if not is_other(entry):
            thing = _after(noun, id, thing, entry)
            sayings |= {} if thing is None else _by_key(thing.told())
    return thing, sayings


def _no_more(told: Sayings, stands: Sayings, facts: dict[str, list[Fact]]) -> Sayings:
    """Return an empty value for each field whose value stands no longer.

    A value that held from a day on is dropped: the one before it holds on.
    """
    gone = [key for key in told if key not in stands]
    for field, since in gone:
        if since is not None:
            facts[field] = [fact for fact in facts[field] if fact.since != since]
            del told[field, since]
    return {(field, None): Saying(field, None) for field, since in gone if since is None}


def _take_back(facts: dict[str, list[Fact]], entry: RecordedEvent) -> None:
    """Drop the event that a correction stands in the place of, and its earlier corrections."""
    place = place_of(entry)
    for field, (fact, *_) in list(facts.items()):
        if field.startswith(f"{EVENT}.") and place_of(fact.entry) == place:
            del facts[field]


def _chain(entries: Iterable[RecordedEvent], item: str) -> list[PlaceFact]:
    """The place facts of an item among these events, in effective order."""
    found = (PlaceFact.of(e, item) for e in entries if isinstance(e.event, PLACE_FACTS))
    return sorted(found, key=lambda fact: fact.moment)


def _no_repeats(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    found: list[Fact] = []
    for fact in facts:
        if not found or fact.value != found[-1].value:
            found.append(fact)
    return tuple(found)


# --- reading -----------------------------------------------------------------------------


def read_records(log: Log, kind: str, id: str, until: int) -> Records:
    """Read the events of an entity up to a position. There may be none.

    One question for its types, one for its events, and for an item one more for each
    container that it was ever in, or that such a container was in.
    """
    if kind == EVENT and id.isdecimal():
        at = int(id)
        return Records(kind, id, tuple(log.read([], after=at - 1, until=min(at, until))), {})
    entries = tuple(log.read(_own(log, kind, id), until=until))
    containers: dict[str, Sequence[RecordedEvent]] = {}
    if kind == Item.noun:
        left = _containers(entries, id)
        while left:
            name = left.pop()
            if name not in containers and name != id:
                containers[name] = tuple(log.read([_places(name)], until=until))
                left |= _containers(containers[name], name)
    return Records(kind, id, entries, containers)


def _own(log: Log, kind: str, id: str) -> list[Query]:
    mine = tag(kind, id)
    noun = KINDS.get(kind)
    if noun is None:
        return [Query((mine,))]
    others = [name for name in log.types_of(mine) if name not in _STUDIO]
    return [Query((mine,), (*type_names(noun.types()), *others))]


def _places(item: str) -> Query:
    return Query((tag("equipment", item),), type_names(PLACE_FACTS))


def _containers(entries: Sequence[RecordedEvent], item: str) -> set[str]:
    return {fact.container for fact in _chain(entries, item) if fact.container is not None}
