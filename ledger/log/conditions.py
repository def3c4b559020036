"""The condition of an append: what nobody may have recorded since."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from eventsourcing.persistence import IntegrityError

from ledger.log.branches import Asked, Branch
from ledger.log.rows import tags_of


class Unless(NamedTuple):
    """An append condition: no event after `after` matches. Nothing asked matches every event."""

    asked: Sequence[Asked]
    after: int


class ConditionFailed(IntegrityError):
    """An append condition failed: `position` is a recorded event that it matches."""

    def __init__(self, position: int) -> None:
        super().__init__(f"event #{position} matches the append condition")
        self.position = position


def matcher(found: Sequence[Branch]) -> Callable[[str, Sequence[str]], bool]:
    """Whether an event's type and tags match any branch, at the cost of its own tags."""
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


def check_none(found: Sequence[Branch], newer: Iterable[tuple[int, str, str]]) -> None:
    """Raise `ConditionFailed` if any event, given as position, type and tags, matches a branch."""
    matches = matcher(found)
    for position, type, tags in newer:
        if matches(type, tags_of(tags)):
            raise ConditionFailed(position)
