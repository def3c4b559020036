"""Turnaround: the time that a space needs between two productions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ledger_calendar import Calendar

from ledger.decisions.bookings.holds import ConfirmBookings
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import SpaceFull, TurnaroundNeeded
from ledger.decisions.bookings.terms import ChangeBooking
from ledger.decisions.spaces import AddSpace, ChangeSpace
from ledger.testing import Scenario
from ledger.time.periods import Moment, When
from tests.scenarios.booking_stories import campus, hold
from tests.scenarios.view_stories import seen
from tests.terminal import studio


def with_turnaround(hours: int = 24, space: str = "stage-1") -> Scenario:
    """The campus, whose stage 1 needs a day between two productions."""
    return campus().and_given(ChangeSpace(space=space, on=date(2024, 2, 1), turnaround_hours=hours))


def firm(booking: str, when: str, project: str = "resurrection", **more: Any) -> Any:
    return hold(booking, when, project, confirm=True, **more)


BETWEEN = "2025-07-05..2025-07-10"


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        ("2025-07-01..2025-07-04", False),  # ends at the midnight at which the other begins
        ("2025-07-01..2025-07-03", True),
        ("2025-07-11..2025-07-12", False),
        ("2025-07-12..2025-07-13", True),
        ("2025-07-03..2025-07-04T12:00", False),
    ],
)
@pytest.mark.parametrize("reversed", [False, True])
def test_two_productions_keep_the_turnaround(other: str, fits: bool, reversed: bool) -> None:
    first, second = (other, BETWEEN) if reversed else (BETWEEN, other)
    story = with_turnaround().and_given(firm("b-1", first))
    outcome = story.when(firm("b-2", second, "dragon"))
    if fits:
        assert outcome.events
    else:
        outcome.refused(TurnaroundNeeded, by=11, saying="needs 24 hours between two productions")


def test_the_bookings_of_one_project_need_none() -> None:
    story = with_turnaround().and_given(firm("b-1", BETWEEN))
    assert story.when(firm("b-2", "2025-07-11")).events
    story = story.and_given(firm("b-2", "2025-07-11"))
    story.when(ChangeBooking(booking="b-2", project="dragon")).refused(
        TurnaroundNeeded, saying="'b-1' has it before"
    )


def test_a_booking_neither_moves_nor_grows_into_it() -> None:
    story = with_turnaround().and_given(
        firm("b-1", BETWEEN), firm("b-2", "2025-07-14..2025-07-15", "dragon")
    )
    story.when(MoveBooking(booking="b-2", when=When.parse("2025-07-11"))).refused(TurnaroundNeeded)
    story.when(MoveBooking(booking="b-1", when=When.parse("2025-07-05..2025-07-13"))).refused(
        TurnaroundNeeded, saying="'b-2' has it after"
    )
    assert story.when(MoveBooking(booking="b-2", when=When.parse("2025-07-12"))).events


def test_a_hold_is_placed_in_it_and_not_confirmed() -> None:
    story = with_turnaround().and_given(firm("b-1", BETWEEN), hold("b-2", "2025-07-11", "dragon"))
    story.when(ConfirmBookings(booking="b-2")).refused(TurnaroundNeeded)


def test_it_holds_from_the_day_of_its_facts() -> None:
    story = campus().and_given(
        ChangeSpace(space="stage-1", on=date(2025, 8, 1), turnaround_hours=24),
        firm("b-1", "2025-07-01..2025-07-20"),
        firm("b-2", "2025-08-01..2025-08-20"),
    )
    assert story.when(firm("b-3", "2025-07-21", "dragon")).events
    story.when(firm("b-3", "2025-08-21", "dragon")).refused(TurnaroundNeeded)


def test_it_may_be_longer_than_a_month_of_the_calendar() -> None:
    story = with_turnaround(720).and_given(firm("b-1", "2025-07-01..2025-07-31"))
    story.when(firm("b-2", "2025-08-30", "dragon")).refused(TurnaroundNeeded, saying="720 hours")
    assert story.when(firm("b-2", "2025-08-31", "dragon")).events


def test_units_of_a_shared_space_are_turned_around_one_by_one() -> None:
    story = with_turnaround(24, "workshop").and_given(
        firm("b-1", BETWEEN, space="workshop", units=2)
    )
    assert story.when(firm("b-2", "2025-07-11", "dragon", space="workshop", units=1)).events
    story.when(firm("b-2", "2025-07-11", "dragon", space="workshop", units=2)).refused(
        TurnaroundNeeded
    )
    story.when(firm("b-2", "2025-07-10", "dragon", space="workshop", units=2)).refused(SpaceFull)


def test_a_half_keeps_the_turnaround_of_its_whole() -> None:
    story = with_turnaround().and_given(
        AddSpace(
            space="left", site="yongchuan", name="Left", kind="stage", part_of="stage-1",
            in_service_on=date(2024, 6, 1),
        ),
        firm("b-1", BETWEEN),
    )  # fmt: skip
    story.when(firm("b-2", "2025-07-11", "dragon", space="left")).refused(TurnaroundNeeded)
    story.when(firm("b-2", "2025-07-04", "dragon", space="left")).refused(TurnaroundNeeded)


def test_the_first_free_day_is_after_it() -> None:
    story = with_turnaround(36).and_given(firm("b-1", BETWEEN))
    lines = seen(Calendar, story).booked_through(at=Moment("2025-07-05T12:00"))
    (line,) = (one for one in lines if one.space == "stage-1")
    assert line.booked_through == date(2025, 7, 10)
    assert line.first_free == date(2025, 7, 13)


def test_two_productions_in_a_half_keep_the_turnaround_of_its_whole() -> None:
    story = with_turnaround().and_given(
        AddSpace(
            space="left", site="yongchuan", name="Left", kind="stage", part_of="stage-1",
            in_service_on=date(2024, 6, 1),
        ),
        firm("b-1", BETWEEN, space="left"),
    )  # fmt: skip
    story.when(firm("b-2", "2025-07-11", "dragon", space="left")).refused(TurnaroundNeeded)
    assert story.when(firm("b-2", "2025-07-12", "dragon", space="left")).events


def test_on_the_command_line_it_is_given_and_cleared(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    terminal.must("space", "change", "stage-1", "--on", "2024-02-01", "--turnaround", "12")
    terminal.must(
        "project", "open", "night", "--title", "N", "--kind", "feature", "--on", "2024-01-01"
    )
    terminal.must("booking", "hold", "stage-1", "night", "--days", "2027-03-01", "--confirm")
    days = ("booking", "hold", "stage-1", "wild", "--days", "2027-03-02", "--confirm")
    before = terminal.lines()
    refused = terminal.run(*days)
    assert refused.code == 1
    assert "space 'stage-1' needs 12 hours between two productions" in refused.err
    assert "has it before on 2027-03-01 (#" in refused.err
    assert terminal.lines() == before
    for bad, told in (("0", "0 is not a possible turnaround"), ("soon", "is not a whole number")):
        done = terminal.run("space", "change", "stage-1", "--turnaround", bad)
        assert done.code == 2
        assert told in done.err
    assert terminal.lines() == before
    assert "12 h" in terminal.must("show", "space:stage-1").out
    terminal.must("space", "change", "stage-1", "--on", "2024-02-01", "--turnaround", "none")
    terminal.must(*days)
