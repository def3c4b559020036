"""A plan of days after a change: the model is one type for each day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from ledger.decisions.bookings.day_plans import change_plan
from ledger.events.bookings import DayPlan, DayType

FIRST = date(2025, 7, 1)


@st.composite
def plans(draw: st.DrawFn) -> tuple[DayPlan, ...]:
    """Up to four runs of days, in order, none of which share a day."""
    ends = sorted(draw(st.sets(st.integers(0, 20), max_size=8)))
    pairs = list(zip(ends[::2], ends[1::2], strict=False))
    types = draw(st.lists(st.sampled_from(get_args(DayType)), min_size=4, max_size=4))
    return tuple(
        DayPlan(FIRST + timedelta(first), FIRST + timedelta(last), type)
        for (first, last), type in zip(pairs, types, strict=False)
    )


def _by_day(plan: tuple[DayPlan, ...]) -> dict[date, str]:
    return {
        part.first + timedelta(n): part.type
        for part in plan
        for n in range((part.last - part.first).days + 1)
    }


@given(plans(), plans())
def test_a_change_sets_the_days_it_names_and_no_other(
    plan: tuple[DayPlan, ...], changes: tuple[DayPlan, ...]
) -> None:
    changed = change_plan(plan, changes)
    assert _by_day(changed) == _by_day(plan) | _by_day(changes)
    for before, after in pairwise(changed):
        assert before.last < after.first
        assert before.type != after.type or before.last + timedelta(1) < after.first
    assert change_plan(changed, changes) == changed
