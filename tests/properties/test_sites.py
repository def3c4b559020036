"""A space by date against simple models that keep an entry for every day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from ledger.decisions.base import Context, Decision, Snapshot
from ledger.decisions.site_refusals import ClosureIsOver, SpaceIsBooked
from ledger.decisions.sites import closures, read_answer_hours, read_space
from ledger.decisions.spaces import (
    AddSpace,
    ChangeSpace,
    CloseSpace,
    ReopenSpace,
    RetireSpace,
)
from ledger.entities.spaces import Space, SpaceFacts
from ledger.errors import NothingChanges
from ledger.events import BookingConfirmed, SiteRegistered, SpaceChanged
from ledger.events.base import Header
from ledger.testing import Scenario
from ledger.testing import given as history_of
from ledger.time.periods import Days, When

ZONE = "Europe/Berlin"
FIRST = date(2025, 3, 1)
"""The clocks go forward within the days that are drawn."""
LENGTH = 70

SITE = SiteRegistered(site="berlin", name="Berlin", zone=ZONE)
HALL = AddSpace(
    space="hall",
    site="berlin",
    name="Hall",
    kind="hall",
    area_m2=1.0,
    in_service_on=FIRST,
    capacity=3,
)

numbers = st.integers(0, LENGTH - 1)
spans = st.tuples(numbers, numbers).map(sorted)
"""The first and the last day of something, counted from `FIRST`."""


def nth(number: int) -> date:
    return FIRST + timedelta(days=number)


def number_of(day: date) -> int:
    return (day - FIRST).days


def days(span: Sequence[int]) -> Days:
    return Days(nth(span[0]), nth(span[1]))


def read_through(story: Scenario) -> Context:
    return Context(
        Snapshot(story.history, story.position),
        now=story.clock.now(),
        new_id=lambda _: "1",
        header=Header(actor="reader"),
    )


def attempt(story: Scenario, decision: Decision, *refusals: type[Exception]) -> bool:
    """Return whether it was recorded. Any refusal other than these fails the test."""
    outcome = story.when(decision)
    if outcome.refusal is not None:
        assert isinstance(outcome.refusal, refusals), outcome.refusal
        return False
    story.keep(outcome)
    return True


# --- facts by date -------------------------------------------------------------------


@given(changes=st.lists(st.tuples(numbers, st.integers(1, 9)), max_size=8), span=spans)
def test_facts_on_a_day_are_those_noted_for_the_day(
    changes: list[tuple[int, int]], span: list[int]
) -> None:
    """The model notes the area on each day until the next change known by then."""
    story = history_of(SITE, HALL)
    noted = [1.0] * LENGTH
    changed: set[int] = set()
    for number, area in changes:
        change = ChangeSpace(space="hall", on=nth(number), area_m2=float(area))
        if attempt(story, change, NothingChanges):
            until = min((other for other in changed if other > number), default=LENGTH)
            noted[number:until] = [float(area)] * (until - number)
            changed.add(number)
        else:
            assert noted[number] == area
    space = read_space(read_through(story), "hall")
    assert [space.facts_on(nth(n)).area_m2 for n in range(LENGTH)] == noted
    # The facts during some days are those of each day, each once and in order.
    held: list[SpaceFacts] = []
    for day in days(span):
        if not held or held[-1] != space.facts_on(day):
            held.append(space.facts_on(day))
    assert list(space.facts_during(days(span))) == held


@given(
    changes=st.lists(st.tuples(numbers, st.sampled_from([None, 12, 48]), st.booleans()), max_size=6)
)
def test_who_has_no_time_to_answer_of_its_own_has_its_sites(
    changes: list[tuple[int, int | None, bool]],
) -> None:
    story = history_of(SITE, HALL)
    for number, own, exclusive in changes:
        change = ChangeSpace(
            space="hall",
            on=nth(number),
            answer_within_hours=own,
            capacity=None if exclusive else 3,
        )
        attempt(story, change, NothingChanges)
    ctx = read_through(story)
    space = read_space(ctx, "hall")
    events = [e for e in story.history.events if isinstance(e.event, SpaceChanged)]
    for n in range(LENGTH):
        facts = space.facts_on(nth(n))
        source = [e for e in events if e.position == facts.position]
        own = source[0].event.answer_within_hours if source else None  # type: ignore[attr-defined]  # only SpaceChanged is in the list
        assert facts.answer_within_hours == own
        assert read_answer_hours(ctx, space, nth(n)) == (own if own is not None else 24)


# --- closures ------------------------------------------------------------------------

closings = st.tuples(st.just("close"), spans)
reopenings = st.tuples(st.just("reopen"), st.integers(0, 5), st.none() | numbers)


@given(steps=st.lists(closings | reopenings, max_size=12), span=spans)
def test_closures_of_a_period_are_the_days_that_stayed_shut(
    steps: list[tuple[Any, ...]], span: list[int]
) -> None:
    story = history_of(SITE, HALL)
    shut: list[set[int]] = []
    for step in steps:
        if step[0] == "close":
            decision: Decision = CloseSpace(
                space="hall",
                when=When(str(days(step[1]))),
                kind="maintenance",
                closure=f"c-{len(shut)}",
            )
            assert attempt(story, decision)
            shut.append(set(range(step[1][0], step[1][1] + 1)))
        elif step[1] < len(shut):
            _, which, number = step
            on = None if number is None else nth(number)
            stays = {n for n in shut[which] if number is not None and n < number}
            done = attempt(story, ReopenSpace(closure=f"c-{which}", on=on), ClosureIsOver)
            assert done == (stays != shut[which])
            shut[which] = stays
    period = days(span).period(ZONE)
    found = closures(read_through(story), ["hall"], period)
    asked = set(range(span[0], span[1] + 1))
    expected = {f"c-{n}": which for n, which in enumerate(shut) if which & asked}
    assert {c.id: {number_of(day) for day in c.period.days} for c in found} == expected
    event(f"{len(found)} closures found")


# --- capacity -------------------------------------------------------------------------

confirms = st.tuples(st.just("confirm"), spans, st.integers(1, 3))
capacities = st.tuples(st.just("capacity"), numbers, st.sampled_from([None, 1, 2, 3, 4]))


class Room:
    """For each day, the capacity and the units taken."""

    def __init__(self) -> None:
        self.there: list[int | None] = [3] * LENGTH
        self.taken = [0] * LENGTH
        self.changed: set[int] = set()
        self.booked = 0

    def confirm(self, story: Scenario, span: list[int], units: int) -> None:
        """Book if it fits, as a confirm would."""
        among = range(span[0], span[1] + 1)
        if all(self.taken[n] + units <= (self.there[n] or 1) for n in among):
            self.booked += 1
            story.and_given(
                BookingConfirmed(
                    booking=f"b-{self.booked}",
                    space="hall",
                    project="p",
                    period=days(span).period(ZONE),
                    units=units,
                )
            )
            for n in among:
                self.taken[n] += units

    def change(self, story: Scenario, number: int, capacity: int | None) -> None:
        """Change the capacity, which is refused exactly if it would be too little."""
        until = min((other for other in self.changed if other > number), default=LENGTH)
        fits = all(self.taken[n] <= (capacity or 1) for n in range(number, until))
        same = self.there[number] == capacity
        less = (capacity or 1) < (self.there[number] or 1)
        change = ChangeSpace(space="hall", on=nth(number), capacity=capacity)
        done = attempt(story, change, NothingChanges if same else SpaceIsBooked)
        assert done == (not same and (fits or not less))
        if done:
            self.there[number:until] = [capacity] * (until - number)
            self.changed.add(number)


@given(steps=st.lists(confirms | capacities, max_size=12), retired=numbers)
def test_room_is_taken_away_only_where_nobody_has_it(
    steps: list[tuple[Any, ...]], retired: int
) -> None:
    story = history_of(SITE, HALL)
    room = Room()
    for step in steps:
        if step[0] == "confirm":
            room.confirm(story, step[1], step[2])
        else:
            room.change(story, step[1], step[2])
    assert all(taken <= (there or 1) for taken, there in zip(room.taken, room.there, strict=True))
    space: Space = read_space(read_through(story), "hall")
    assert [space.facts_on(nth(n)).capacity for n in range(LENGTH)] == room.there
    used_after = any(room.taken[retired:])
    assert attempt(story, RetireSpace(space="hall", on=nth(retired)), SpaceIsBooked) != used_after
    event("retired" if not used_after else "still booked")
