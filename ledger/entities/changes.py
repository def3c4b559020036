"""Compare entities between two positions: two folds of each, and their differences.

An entity is compared if an event in between is about it, and an item also if a container that
it was in moved. A field that was changed and changed back is reported, too: a reader who asks
about changes should not hear that there were none.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from msgspec import Struct

from ledger.entities.equipment import PLACE
from ledger.entities.facts import Entity, Fact
from ledger.entities.reading import KINDS, Log, Records, read_records, touched
from ledger.events.base import Query, type_names
from ledger.events.equipment import CONTENTS, EquipmentPacked
from ledger.tags import tag

Name = tuple[str, str]
"""Kind and id of an entity."""


class Change(Struct, frozen=True):
    """The change of a field.

    `before` and `after` are the last values that are known for it, also where they hold only
    from a day to come; None where there is none. `fact` is what set the value after, and
    `steps` are all the facts that came in between, in the order in which they hold. `kept`:
    after them the value is what it was before.
    """

    field: str
    before: Any
    after: Any
    fact: Fact
    steps: tuple[Fact, ...]

    @property
    def change(self) -> Literal["added", "changed", "removed", "kept"]:
        """In a word."""
        if self.before == self.after:
            return "kept"
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


class EntityChanges(Struct, frozen=True):
    """The changes of an entity. `new`: nothing was known of it before."""

    entity: Entity
    new: bool
    changes: tuple[Change, ...]


def changes(log: Log, after: int, until: int, tags: Iterable[str] = ()) -> list[EntityChanges]:
    """Return the changes of each entity by the events of positions after < p <= until.

    By kind, then id. With `tags`, of the entities that the events with all of them speak of,
    and of those that the tags name. Read are these events, and of each entity its own up to
    `until`.
    """
    tags = tuple(tags)
    queries = [Query(tags)] if tags else []
    named = (t.partition(":")[::2] for t in tags if "@" not in t)
    names: dict[Name, None] = {(kind, id): None for kind, id in named if kind in KINDS}
    for entry in log.read(queries, after=after, until=until):
        names.update(dict.fromkeys(touched(entry)))
    found: dict[Name, EntityChanges] = {}
    left = sorted(names)
    while left:
        name = left.pop()
        if name in found:
            continue
        made = _between(read_records(log, *name, until), after, until)
        if made is None:
            continue
        found[name] = made
        if name[0] == "equipment" and any(change.field == PLACE for change in made.changes):
            left += [("equipment", item) for item in _packed_in(log, name[1], until)]
    return [found[name] for name in sorted(found, key=_in_a_report)]


def between(before: Entity, after: Entity) -> tuple[Change, ...]:
    """Return the differences between two folds of an entity, the second of more events."""
    return tuple(_changes(before, after))


def _between(records: Records, after: int, until: int) -> EntityChanges | None:
    old, new = records.at(after), records.at(until)
    differing = tuple(_with_cause(change, records, after) for change in between(old, new))
    return EntityChanges(new, not old.fields, differing) if differing else None


def _with_cause(change: Change, records: Records, after: int) -> Change:
    """Give a change its cause, also where no fact of its own made it.

    If a late entry took the item out of its container before that moved, the item never came to
    the place that it had. The last recorded event of the item and its containers set that right.
    """
    if change.steps:
        return change
    around = (entry for entries in records.containers.values() for entry in entries)
    later = [e for e in (*records.entries, *around) if e.position > after]
    entry = max(later, key=lambda entry: entry.position)
    fact = Fact(change.after, entry, entry.position)
    return Change(change.field, change.before, change.after, fact, (fact,))


def _changes(old: Entity, new: Entity) -> Iterator[Change]:
    for field, facts in new.fields.items():
        before = old.fields.get(field, ())
        said = {fact.said for fact in before}
        steps = tuple(fact for fact in facts if fact.said not in said)
        if not steps and len(before) == len(facts):
            continue
        if all(fact.value is None for fact in (*before, *steps)):
            continue  # that a new space has no phase is nothing new
        was, last = before[-1].value if before else None, facts[-1]
        # A late entry between two facts leaves the last one as it was.
        cause = last if was != last.value or not steps else steps[-1]
        yield Change(field, was, last.value, cause, steps)


def _packed_in(log: Log, container: str, until: int) -> Iterator[str]:
    """Yield the items that were ever put directly into a container."""
    bucket = tag("equipment", container, CONTENTS)
    for entry in log.read([Query((bucket,), type_names((EquipmentPacked,)))], until=until):
        if isinstance(entry.event, EquipmentPacked):
            yield entry.event.equipment


def _in_a_report(name: Name) -> tuple[int, str, int, str]:
    kind, id = name
    place = list(KINDS).index(kind) if kind in KINDS else len(KINDS)
    return place, kind, len(id) if kind == "event" else 0, id
