"""Questions about tags as walks along the index.

A question about tags becomes *branches*, a branch one *walk* along the index
`event_tag(tag, type, position)` for each of its types (or one, for any type): a first tag is
walked, further tags are probed. Each walk is ordered by position and limited, so that "the
last move of this crane" costs one seek and not the crane's life. A statement joins up to
`MAX_WALKS` walks with UNION, which keeps every event to one appearance.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from ledger.log.rows import recordable

MAX_WALKS = 32
"""Walks of one statement. SQLite takes 500 in a UNION; planning grows faster."""


class Asked(Protocol):
    """One part of a question: events with all of `tags` and, where it has any, one of `types`."""

    @property
    def tags(self) -> Sequence[str]:
        """Tags, in any order."""

    @property
    def types(self) -> Sequence[str]:
        """Names of event types, in any order."""


class Branch(NamedTuple):
    """The same, sorted, each once. With tags it takes one walk for each type (or one, for any)."""

    tags: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """What decides the SQL: how many tags and how many types."""
        return len(self.tags), len(self.types)

    @property
    def walks(self) -> int:
        """How often the index is walked for it."""
        return max(len(self.types), 1) if self.tags else 1


def branches(asked: Sequence[Asked]) -> tuple[Branch, ...] | None:
    """What answers a question of any of several parts; None where every event matches.

    No branch at all means that nothing can match: a text with a NUL or a lone surrogate is
    never recorded, and PostgreSQL would not even take it as a parameter.
    """
    if not asked:
        return None
    if len(asked) == 1 and len(asked[0].tags) == 1 and len(asked[0].types) <= MAX_WALKS:
        # What a decision asks: a third of the time (3 µs for 10).
        (tag,), types = asked[0].tags, asked[0].types
        if recordable("".join((tag, *types))):
            return (Branch((tag,), _sorted(types)),)
    found: dict[Branch, None] = {}
    for part in asked:
        if not part.tags and not part.types:
            return None
        if not all(map(recordable, part.tags)):
            continue
        tags, types = _sorted(part.tags), _sorted(filter(recordable, part.types))
        if part.types and not types:
            continue
        # More types than one statement takes are more branches.
        for n in range(0, len(types) if tags else 0, MAX_WALKS):
            found[Branch(tags, types[n : n + MAX_WALKS])] = None
        if not tags or not types:
            found[Branch(tags, types)] = None
    # Sorted by shape, so that equal sets of shapes share one compiled statement.
    return tuple(sorted(found, key=lambda branch: branch.shape))


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    given = tuple(texts)
    return given if len(given) < 2 else tuple(sorted(set(given)))


def groups(found: Sequence[Branch]) -> Iterator[list[Branch]]:
    """Cut branches into what one statement takes."""
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
