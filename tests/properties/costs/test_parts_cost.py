"""What a decision on a part of a stage reads: each space of the division once, and no life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.events import (
    BookingConfirmed,
    BookingHeld,
    BookingWrapped,
    Event,
    HoldPromoted,
    ProjectOpened,
    SiteRegistered,
    SpaceCommissioned,
)
from ledger.events.base import Header
from ledger.time.periods import Days, When
from tests.properties.costs.test_bookings_cost import ZONE, CountingHistory, cost

SPACES = (1, 2, 4, 8)
"""How many spaces a division has: the whole and its parts; 1 is a stage that does not divide."""

A_MONTH, FIRM = 12, 6
"""Bookings per month and space, one day each, and how many of them are firm."""

A_LADDER = A_MONTH + FIRM
"""Their events."""


def _booked(space: str, year: int, month: int) -> Iterator[Event]:
    for day in range(1, A_MONTH + 1):
        on = date(year, month, day)
        always: dict[str, Any] = {
            "booking": f"{space}-{on}",
            "space": space,
            "project": "film",
            "period": Days(on, on).period(ZONE),
        }
        yield BookingHeld(**always, rank=1)
        if day <= FIRM:
            yield BookingConfirmed(**always)


def _history(spaces: int, years: int, *, divided: bool = True) -> CountingHistory:
    """A division, and so many years of bookings before and after July 2025 in each space.

    Or, if it is not `divided`, as many spaces that have nothing to do with each other.
    """
    events: list[Event] = [
        SiteRegistered(site="campus", name="Campus", zone=ZONE),
        ProjectOpened(project="film", title="Film", kind="feature", on=date(1950, 1, 1)),
    ]
    ids = [f"s-{n}" for n in range(spaces)]
    for id in ids:
        part_of = "s-0" if divided and id != "s-0" else None
        events.append(
            SpaceCommissioned(
                space=id, site="campus", zone=ZONE, name=id, kind="stage", area_m2=3000.0,
                in_service_on=date(1950, 1, 1), part_of=part_of, turnaround_hours=24,
            )
        )  # fmt: skip
    for year in range(2025 - years, 2026 + years):
        for month in range(1, 13):
            events += [event for id in ids for event in _booked(id, year, month)]
    history = CountingHistory()
    history.append([(event, Header(actor="scheduler")) for event in events])
    return history


@pytest.fixture(scope="module")
def a_year() -> dict[int, CountingHistory]:
    """By number of spaces."""
    return {spaces: _history(spaces, years=0) for spaces in SPACES}


@pytest.fixture(scope="module")
def twenty_years() -> CountingHistory:
    """Four spaces: seventeen thousand events."""
    return _history(4, years=10)


def _decisions(space: str) -> tuple[Decision, ...]:
    """A hold, and what asks for room: a confirm at once, a confirm, a move of a firm booking."""
    later = When.parse("2025-07-25")
    return (
        PlaceHold(space=space, project="film", when=When.parse("2025-07-05..2025-07-11")),
        ReleaseHold(booking=f"{space}-2025-07-10"),
        PlaceHold(space=space, project="film", when=later, confirm=True),
        ConfirmBookings(booking=f"{space}-2025-07-10"),
        MoveBooking(booking=f"{space}-2025-07-05", when=later),
    )


EACH = range(len(_decisions("")))


def _read_of_months(
    history: CountingHistory, decision: Decision, kind: type[Event]
) -> tuple[int, int]:
    """How many months of spaces a decision asks about for such events, and reads events for it."""
    asked = [
        query
        for query in cost(history, decision)[1]
        if kind.type_name in query.types and "@" in query.tags[0]
    ]
    return len(asked), sum(len(list(history.read([query]))) for query in asked)


@pytest.mark.parametrize("which", EACH)
def test_a_decision_on_a_part_reads_a_month_and_no_life(
    a_year: dict[int, CountingHistory], twenty_years: CountingHistory, which: int
) -> None:
    decision = _decisions("s-1")[which]
    assert cost(a_year[4], decision) == cost(twenty_years, decision)


@pytest.mark.parametrize("which", EACH)
@pytest.mark.parametrize("spaces", SPACES[1:])
def test_the_ladder_of_a_part_costs_one_month_for_each_space(
    a_year: dict[int, CountingHistory], spaces: int, which: int
) -> None:
    """18 events for a space alone, 72 where it is one of four."""
    alone, part = _decisions("s-0")[which], _decisions("s-1")[which]
    assert _read_of_months(a_year[1], alone, HoldPromoted) == (1, A_LADDER)
    assert _read_of_months(a_year[spaces], part, HoldPromoted) == (spaces, spaces * A_LADDER)
    assert cost(a_year[spaces], part)[0] <= spaces * cost(a_year[1], alone)[0]


@pytest.mark.parametrize("which", EACH[2:])
@pytest.mark.parametrize("spaces", SPACES[1:])
def test_room_for_a_part_is_asked_of_it_and_its_whole_alone(
    a_year: dict[int, CountingHistory], spaces: int, which: int
) -> None:
    """The other parts have floor of their own. Who wants the whole has to ask them all."""
    part, whole = _decisions("s-1")[which], _decisions("s-0")[which]
    assert _read_of_months(a_year[spaces], part, BookingWrapped) == (2, 2 * FIRM)
    assert _read_of_months(a_year[spaces], whole, BookingWrapped) == (spaces, spaces * FIRM)


# --- a job ---------------------------------------------------------------------------------


def _job(spaces: int, *, confirm: bool) -> PlaceHold:
    ids = tuple(f"s-{n}" for n in range(spaces))
    when = When.parse("2025-07-25")
    return PlaceHold(space=ids, project="film", when=when, booking="job", confirm=confirm)


@pytest.mark.parametrize("confirm", [False, True])
def test_a_job_of_n_spaces_reads_n_times_what_one_reads(confirm: bool) -> None:
    short, long = (_history(4, years=years, divided=False) for years in (0, 3))
    one = PlaceHold(
        space="s-0", project="film", when=When.parse("2025-07-25"), booking="b", confirm=confirm
    )
    alone, job = cost(short, one), cost(short, _job(4, confirm=confirm))
    # the site and the project are the same for all, and read once
    assert 3 * alone[0] < job[0] <= 4 * alone[0]
    assert len(job[1]) <= 4 * len(alone[1]) + 2, "two more questions: whether the job has an id"
    assert cost(long, _job(4, confirm=confirm)) == job
