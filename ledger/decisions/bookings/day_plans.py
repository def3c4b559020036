"""The purpose of a booking's days: a plan with an entry for each run of days of one type."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from ledger.errors import BadInput
from ledger.events.bookings import DayPlan
from ledger.time.periods import Days, Period

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


def check_plan(plan: Iterable[DayPlan], period: Period) -> tuple[DayPlan, ...]:
    """Return the day types in the order of their days. Raises `BadInput`."""
    days = period.days
    ordered = tuple(sorted(plan, key=lambda part: part.first))
    before: DayPlan | None = None
    for part in ordered:
        if part.last < part.first:
            raise BadInput(
                f"the {part.type} days end on {part.last}, before they begin on {part.first}",
                advice="Write the first day first",
            )
        if part.first not in days or part.last not in days:
            raise BadInput(
                f"the {part.type} days {Days(part.first, part.last)} are not all in {days}",
                advice="Plan only days of the booking",
            )
        if before is not None and part.first <= before.last:
            raise BadInput(
                f"{part.first} is planned both as {before.type} and as {part.type}",
                advice="Give each day one type",
            )
        before = part
    return ordered
