"""The purpose of a booking's days: a plan with an entry for each run of days of one type."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from ledger.events.bookings import DayPlan

_DAY = timedelta(days=1)


def change_plan(plan: Iterable[DayPlan], changes: Iterable[DayPlan]) -> tuple[DayPlan, ...]:
    """Return a plan after changes of the days that they name, and of no other.

    Runs of one type that now touch become one.
    """
    named = tuple(changes)
    kept = [part for old in plan for part in _without(old, named)]
    changed: list[DayPlan] = []
    for part in sorted((*kept, *named), key=lambda part: part.first):
        before = changed[-1] if changed else None
        if before is not None and before.type == part.type and before.last + _DAY == part.first:
            changed[-1] = DayPlan(before.first, part.last, part.type)
        else:
            changed.append(part)
    return tuple(changed)


def _without(part: DayPlan, named: Iterable[DayPlan]) -> Iterator[DayPlan]:
    """Yield the days of a part that no change names, in order."""
    first = part.first
    for change in sorted(named, key=lambda change: change.first):
        if change.last < first or part.last < change.first:
            continue
        if first < change.first:
            yield DayPlan(first, change.first - _DAY, part.type)
        first = change.last + _DAY
    if first <= part.last:
        yield DayPlan(first, part.last, part.type)
