"""Queries: which walks along the index answer one, and which events fail an append condition.

A query that names tags becomes *branches*, a branch one *walk* along the index
`event_tag(tag, type, position)` for each of its types (or one, for any type): a first tag is
walked, further tags are probed. Each walk is ordered by position and limited, so that "the
last move of this crane" costs one seek and not the crane's life. A statement joins up to
`MAX_WALKS` walks with UNION, which keeps every event to one appearance.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from eventsourcing.persistence import IntegrityError

from ledger.log.rows import recordable, tags_of

MAX_WALKS = 32
"""Walks of one statement. SQLite accepts 500 in a UNION, but planning time grows faster."""


class Asked(Protocol):
    """One part of a query: events with all of `tags` and, if there are any, one of `types`."""

    @property
    def tags(self) -> Sequence[str]:
        """Tags, in any order."""

    @property
    def types(self) -> Sequence[str]:
        """Event types, in any order."""


class Branch(NamedTuple):
    """The same, sorted, each once. With tags it takes one walk per type (or one for any)."""

    tags: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """The number of tags and of types, which decide the SQL."""
        return len(self.tags), len(self.types)

    @property
    def walks(self) -> int:
        """How many walks along the index it takes."""
        return max(len(self.types), 1) if self.tags else 1


def branches(asked: Sequence[Asked]) -> tuple[Branch, ...] | None:
    """Return the branches that answer a query with these parts; None if every event matches.

    No branch at all means that nothing can match: a text with a NUL or a lone surrogate is
    never recorded, and PostgreSQL does not even accept it as a parameter.
    """
    if not asked:
        return None
    found: dict[Branch, None] = {}
    for part in asked:
        if not part.tags and not part.types:
            return None
        if not all(map(recordable, part.tags)):
            continue
        tags, types = _sorted(part.tags), _sorted(filter(recordable, part.types))
        if part.types and not types:
            continue
        # More types than fit one statement become several branches.
        for n in range(0, len(types) if tags else 0, MAX_WALKS):
            found[Branch(tags, types[n : n + MAX_WALKS])] = None
        if not tags or not types:
            found[Branch(tags, types)] = None
    # Sorted by shape, so that equal sets of shapes share one compiled statement.
    return tuple(sorted(found, key=lambda branch: branch.shape))


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))


def groups(found: Sequence[Branch]) -> Iterator[list[Branch]]:
    """Split branches into groups that each fit one statement."""
    group: list[Branch] = []
    walks = 0
    for branch in found:
        if group and walks + branch.walks > MAX_WALKS:
            yield group
            group, walks = [], 0
        group.append(branch)
        walks += branch.walks
    if group:
        yield group


def branch_values(found: Sequence[Branch]) -> list[str]:
    """The last values of `Statements.positions` and `Statements.matching`, for branches."""
    return [text for branch in found for part in branch for text in part]


# --- append conditions ---------------------------------------------------------------


class Unless(NamedTuple):
    """An append condition: no event after `after` matches. An empty `asked` matches any event."""

    asked: Sequence[Asked]
    after: int


class ConditionFailed(IntegrityError):
    """An append condition failed: the recorded event `position` matches it."""

    def __init__(self, position: int) -> None:
        super().__init__(f"event #{position} matches the append condition")
        self.position = position


def matcher(found: Sequence[Branch]) -> Callable[[str, Sequence[str]], bool]:
    """Return a test for whether an event's type and tags match any branch.

    Its cost depends on the event's own tags, not on the number of branches.
    """
    by_first_tag: dict[str | None, list[Branch]] = defaultdict(list)
    for branch in found:
        by_first_tag[branch.tags[0] if branch.tags else None].append(branch)

    def matches(type: str, tags: Sequence[str]) -> bool:
        carried = set(tags)
        return any(
            carried.issuperset(branch.tags) and (not branch.types or type in branch.types)
            for first in (None, *carried)
            for branch in by_first_tag.get(first, ())
        )

    return matches


def check_no_match(found: Sequence[Branch], newer: Iterable[tuple[int, str, str]]) -> None:
    """Raise `ConditionFailed` if any event, given as position, type and tags, matches a branch."""
    matches = matcher(found)
    for position, type, tags in newer:
        if matches(type, tags_of(tags)):
            raise ConditionFailed(position)
