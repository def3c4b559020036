"""The calendar of a space, and how far ahead it is booked."""

from __future__ import annotations

from typing import Any

from ledger_calendar import Calendar, CalendarDay, HorizonLine

from ledger.events import (
    BookingCancelled,
    BookingRescheduled,
    BookingWrapped,
    DayPlan,
    HoldReleased,
    SpaceChanged,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.events.base import Event
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from tests.scenarios.view_stories import (
    WORKSHOP,
    at,
    closed,
    confirmed,
    day,
    days,
    held,
    seen,
    story,
)


def stage(told: Scenario, window: str, space: str = "stage-1") -> list[CalendarDay]:
    first, last = (day(text) for text in window.split(".."))
    lines: list[CalendarDay] = seen(Calendar, told).calendar(space=space, since=first, until=last)
    return lines


def states(told: Scenario, window: str) -> list[str]:
    return [line.state for line in stage(told, window)]


def horizon(*events: Event, space: str = "stage-1", **more: Any) -> HorizonLine:
    lines: list[HorizonLine] = seen(Calendar, story(*events, **more)).booked_through(space=space)
    assert len(lines) == 1
    return lines[0]


def about(booking: str, when: str) -> dict[str, Any]:
    return {
        "booking": booking,
        "space": "stage-1",
        "project": "resurrection",
        "period": days(when),
    }


def test_each_day_is_confirmed_closed_held_or_free() -> None:
    told = story(
        confirmed("b-1", "2025-09-01..2025-09-02"),
        held("b-2", "2025-09-02..2025-09-03"),
        closed("2025-09-04"),
        SpaceDecommissioned(space="stage-1", site="yongchuan", on=day("2025-09-06")),
    )
    assert states(told, "2025-09-01..2025-09-06") == [
        "confirmed", "confirmed", "held", "closed", "free", "not in service",
    ]  # fmt: skip


def test_a_day_says_whose_it_is_and_what_for() -> None:
    plan = (DayPlan(day("2025-09-01"), day("2025-09-01"), "prep"),)
    told = story(
        confirmed("b-1", "2025-09-01..2025-09-02", plan=plan),
        held("b-3", "2025-09-03", rank=2, project="dragon"),
        held("b-2", "2025-09-03"),
        closed("2025-09-02T00:00..2025-09-02T06:00"),
    )
    first, second, third = stage(told, "2025-09-01..2025-09-03")
    assert (first.bookings, first.projects, first.day_types) == (
        ("b-1",), ("resurrection",), ("prep",),
    )  # fmt: skip
    assert first.closures == ()
    assert (second.day_types, second.closures, second.state) == (
        ("shoot",), ("maintenance",), "confirmed",
    )  # fmt: skip
    assert (third.bookings, third.projects) == (("b-2", "b-3"), ("resurrection", "dragon"))


def test_a_shared_space_counts_the_units_taken_at_once() -> None:
    told = story(
        WORKSHOP,
        confirmed("b-1", "2025-09-01T08:00..2025-09-01T12:00", space="workshop", units=2),
        confirmed("b-2", "2025-09-01T12:00..2025-09-01T18:00", space="workshop", units=3),
        confirmed("b-3", "2025-09-01T10:00..2025-09-02T10:00", space="workshop", units=1),
    )
    first, second = stage(told, "2025-09-01..2025-09-02", "workshop")
    assert (first.units, first.capacity, second.units) == (4, 4, 1)


def test_what_moves_wraps_early_or_is_off_gives_its_days_back() -> None:
    told = story(confirmed("b-1", "2025-09-01..2025-09-02"), held("b-2", "2025-09-03"))
    told.and_given(
        BookingRescheduled(
            **about("b-1", "2025-09-04..2025-09-05"), was_space="stage-1",
            was_period=days("2025-09-01..2025-09-02"),
        ),
        HoldReleased(**about("b-2", "2025-09-03"), cause="released"),
    )  # fmt: skip
    window = "2025-09-01..2025-09-05"
    assert states(told, window) == ["free", "free", "free", "confirmed", "confirmed"]
    told.and_given(
        BookingWrapped(
            **about("b-1", "2025-09-04"), on=day("2025-09-04"),
            was_period=days("2025-09-04..2025-09-05"),
        )
    )  # fmt: skip
    assert states(told, window) == ["free", "free", "free", "confirmed", "free"]
    told.and_given(BookingCancelled(**about("b-1", "2025-09-04")))
    assert states(told, window) == ["free"] * 5


def test_what_moves_to_another_space_leaves_the_first() -> None:
    told = story(
        WORKSHOP,
        confirmed("b-1", "2025-09-01", space="workshop"),
        BookingRescheduled(
            **about("b-1", "2025-09-01"), was_space="workshop", was_period=days("2025-09-01")
        ),
    )
    assert states(told, "2025-09-01..2025-09-01") == ["confirmed"]
    assert [line.state for line in stage(told, "2025-09-01..2025-09-01", "workshop")] == ["free"]


def test_a_closure_that_ends_early_and_a_hold_that_expires_leave_free_days() -> None:
    told = story(
        closed("2025-09-01..2025-09-02"),
        SpaceReopened(
            closure="c-1", space="stage-1", kind="maintenance",
            was=days("2025-09-01..2025-09-02"), period=days("2025-09-02"),
        ),
        held("b-1", "2025-09-03", expires_at=at("2025-08-02T11:00")),
    )  # fmt: skip
    assert states(told, "2025-09-01..2025-09-03") == ["closed", "free", "free"]


def test_without_a_window_it_is_four_weeks_from_the_day_of_the_last_event() -> None:
    lines = seen(Calendar, story()).calendar()
    assert (lines[0].day, lines[-1].day, len(lines)) == (
        day("2025-08-02"), day("2025-08-29"), 28,
    )  # fmt: skip
    assert seen(Calendar, story()).calendar(site="elsewhere") == []


# --- booked through ----------------------------------------------------------------------


def test_booked_through_the_last_confirmed_day() -> None:
    line = horizon(
        confirmed("b-1", "2025-08-01..2025-08-10"),
        confirmed("b-2", "2025-10-01..2026-03-31", project="dragon"),
        held("b-3", "2026-04-01..2026-04-30"),
    )
    assert line == HorizonLine(
        space="stage-1",
        on=day("2025-08-02"),
        booked_through=day("2026-03-31"),
        booking="b-2",
        project="dragon",
        first_free=day("2025-08-11"),
    )


def test_the_first_free_day_is_neither_booked_nor_closed() -> None:
    line = horizon(confirmed("b-1", "2025-08-01..2025-08-10"), closed("2025-08-11..2025-08-15"))
    assert line.first_free == day("2025-08-16")
    assert horizon().first_free == day("2025-08-03")


def test_a_wrapped_booking_and_one_that_is_over_book_nothing_ahead() -> None:
    line = horizon(
        confirmed("b-1", "2025-07-01..2025-07-10"),
        confirmed("b-2", "2025-08-01..2025-08-31"),
        BookingWrapped(
            **about("b-2", "2025-08-01..2025-08-02"), on=day("2025-08-02"),
            was_period=days("2025-08-01..2025-08-31"),
        ),
    )  # fmt: skip
    assert (line.booked_through, line.booking, line.first_free) == (None, None, day("2025-08-03"))


def test_a_shared_space_is_free_while_a_unit_is() -> None:
    line = horizon(
        WORKSHOP,
        confirmed("b-1", "2025-08-01..2025-08-20", space="workshop", units=3),
        confirmed("b-2", "2025-08-01..2025-08-10", space="workshop", units=1),
        SpaceChanged(
            space="workshop", site="yongchuan", on=day("2025-08-15"), name="Workshop",
            kind="workshop", area_m2=5000.0, capacity=3,
        ),
        space="workshop",
    )  # fmt: skip
    assert (line.booked_through, line.first_free) == (day("2025-08-20"), day("2025-08-11"))


def test_a_space_that_retires_before_it_is_free_has_no_free_day() -> None:
    line = horizon(
        confirmed("b-1", "2025-08-01..2025-08-31"),
        SpaceDecommissioned(space="stage-1", site="yongchuan", on=day("2025-09-01")),
    )
    assert (line.booked_through, line.first_free) == (day("2025-08-31"), None)


def test_a_space_that_is_not_in_service_yet_is_free_from_its_first_day() -> None:
    line = horizon(WORKSHOP, space="workshop", on="2025-03-01T12:00+08:00")
    assert line.first_free == day("2025-04-01")


# --- now ---------------------------------------------------------------------------------


def test_time_goes_on_though_nothing_is_recorded() -> None:
    """The last event is of 2 August, noon; the hold of the 20th expires on the 4th."""
    told = story(
        confirmed("b-1", "2025-08-01..2025-08-10"),
        held("b-2", "2025-08-20", expires_at=at("2025-08-04T18:00")),
    )
    calendar = seen(Calendar, told)
    ask_at(calendar, at("2025-08-05T00:30"))
    assert calendar.calendar()[0].day == day("2025-08-05")
    assert {line.state for line in calendar.calendar()} == {"confirmed", "free"}
    assert [line.on for line in calendar.booked_through()] == [day("2025-08-05")]
    assert calendar.booked_through(at="2025-08-03T23:59")[0].on == day("2025-08-03")
    asked = calendar.calendar(at="2025-08-04T17:59", until=day("2025-08-20"))
    assert (asked[0].day, asked[-1].state) == (day("2025-08-04"), "held")
    assert calendar.calendar(since=day("2025-08-20"), at="2025-08-04T18:00")[0].state == "free"
    (ahead,) = calendar.booked_through(at="2025-08-11")
    assert (ahead.on, ahead.booked_through) == (day("2025-08-11"), None)
