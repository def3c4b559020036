"""The calendar's other views: what is free, what stands in whose way, what happens today."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_bookings import Bookings
from ledger_calendar import Calendar, ConflictLine, FreeLine, TodayLine

from ledger.errors import BadInput
from ledger.events import (
    BookingCancelled,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    HoldChallenged,
    SpaceChanged,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.events.base import Event
from ledger.testing import Scenario
from ledger.time.periods import Moment
from tests.scenarios.view_stories import (
    WORKSHOP,
    at,
    because,
    closed,
    confirmed,
    day,
    days,
    held,
    seen,
    story,
)

WINDOW = {"since": day("2025-09-01"), "until": day("2025-09-14")}


def about(booking: str, when: str, **more: Any) -> dict[str, Any]:
    usual = {"booking": booking, "space": "stage-1", "project": "resurrection"}
    return {**usual, "period": days(when), **more}


def started(booking: str, when: str, on: str, **more: Any) -> BookingStarted:
    return BookingStarted(**about(booking, when, **more), on=day(on))


def free(told: Scenario, **asked: Any) -> list[tuple[str, str]]:
    """The free runs: space and days."""
    lines: list[FreeLine] = seen(Calendar, told).free(**{**WINDOW, **asked})
    return [(line.space, f"{line.first:%m-%d}..{line.last:%m-%d}") for line in lines]


def conflicts(*events: Event, **asked: Any) -> list[ConflictLine]:
    lines: list[ConflictLine] = seen(Calendar, story(*events)).conflicts(**asked)
    return lines


def clashes(*events: Event) -> list[tuple[str, str, str | None, str]]:
    """Who, against what, whose, and on which days."""
    return [
        (line.booking, line.against, line.by, f"{line.first:%m-%d}..{line.last:%m-%d}")
        for line in conflicts(*events)
    ]


def today(*events: Event, **asked: Any) -> list[tuple[str, str]]:
    """On the story's day, 2 August."""
    lines: list[TodayLine] = seen(Calendar, story(*events)).today_(**asked)
    return [(line.what, line.booking) for line in lines]


class TestFree:
    def test_whole_days_in_a_row_on_which_a_space_is_open_and_not_booked(self) -> None:
        told = story(
            confirmed("b-1", "2025-09-03..2025-09-05"),
            confirmed("b-2", "2025-09-08T22:00..2025-09-09T02:00"),
            closed("2025-09-11T08:00..2025-09-11T12:00"),
            SpaceDecommissioned(space="stage-1", site="yongchuan", on=day("2025-09-14")),
        )
        assert free(told) == [
            ("stage-1", "09-01..09-02"),
            ("stage-1", "09-06..09-07"),
            ("stage-1", "09-10..09-10"),
            ("stage-1", "09-12..09-13"),
        ]
        assert free(told, days=2) == [
            ("stage-1", "09-01..09-02"),
            ("stage-1", "09-06..09-07"),
            ("stage-1", "09-12..09-13"),
        ]
        assert free(told, days=3) == []

    def test_a_day_before_a_space_is_in_service_is_not_free(self) -> None:
        assert free(story(), since=day("2023-04-29"), until=day("2023-05-02")) == [
            ("stage-1", "05-01..05-02")
        ]

    def test_what_is_held_is_free_and_says_who_comes_first(self) -> None:
        told = story(
            held("b-2", "2025-09-02..2025-09-03", rank=2),
            held("b-1", "2025-09-03..2025-09-04"),
            held("b-3", "2025-09-05", expires_at=at("2025-08-02T11:00")),
        )
        (line,) = seen(Calendar, told).free(**WINDOW)
        assert (line.first, line.last, line.days) == (*WINDOW.values(), 14)
        assert line.holds == ("b-1", "b-2"), "by rank, and not the one that expired"

    def test_a_space_is_asked_for_by_kind_area_site_and_id(self) -> None:
        told = story(WORKSHOP)
        assert free(told, kind="workshop") == [("workshop", "09-01..09-14")]
        assert free(told, area=4000.0) == [("workshop", "09-01..09-14")]
        assert free(told, area=3000.0, kind="stage") == [("stage-1", "09-01..09-14")]
        assert free(told, space="stage-1") == [("stage-1", "09-01..09-14")]
        assert len(free(told, site="yongchuan")) == 2
        assert free(told, site="elsewhere") == []

    def test_a_stage_that_grew_is_found_by_its_area_of_the_day(self) -> None:
        grown = SpaceChanged(
            space="stage-1", site="yongchuan", on=day("2025-09-10"), name="Stage 1",
            kind="stage", area_m2=4000.0,
        )  # fmt: skip
        assert free(story(grown), area=3500.0) == [("stage-1", "09-10..09-14")]

    def test_a_shared_space_is_free_while_it_has_so_many_units(self) -> None:
        told = story(WORKSHOP, confirmed("b-1", "2025-09-03", space="workshop", units=2))
        assert free(told, space="workshop", units=2) == [("workshop", "09-01..09-14")]
        assert free(told, space="workshop", units=3) == [
            ("workshop", "09-01..09-02"),
            ("workshop", "09-04..09-14"),
        ]
        assert free(told, space="workshop", units=5) == []
        assert free(told, space="stage-1", units=2) == [], "an exclusive space is one unit"

    def test_days_given_back_are_free_again(self) -> None:
        told = story(
            confirmed("b-1", "2025-09-01..2025-09-14"),
            BookingWrapped(
                **about("b-1", "2025-09-01..2025-09-12"), on=day("2025-09-12"),
                was_period=days("2025-09-01..2025-09-14"),
            ),
        )  # fmt: skip
        assert free(told) == [("stage-1", "09-13..09-14")]
        told.and_given(BookingCancelled(**about("b-1", "2025-09-01..2025-09-12")))
        assert free(told) == [("stage-1", "09-01..09-14")]

    def test_a_stay_that_overruns_is_in_the_way_until_it_is_wrapped(self) -> None:
        july, window = "2025-07-20..2025-07-30", {"since": day("2025-07-29"), "until": None}
        told = story(confirmed("late", july), started("late", july, "2025-07-20"))
        assert free(told, **window) == [("stage-1", "08-03..10-27")], "today is 2 August"
        assert free(told, **window, at=Moment.parse("2025-08-01")) == [("stage-1", "08-02..10-27")]
        told.and_given(
            BookingWrapped(**about("late", july), on=day("2025-07-30"), was_period=days(july))
        )
        assert free(told, **window) == [("stage-1", "07-31..10-27")]

    def test_who_overruns_a_shared_space_takes_its_own_units(self) -> None:
        july = "2025-07-20..2025-07-30"
        told = story(
            WORKSHOP,
            confirmed("late", july, space="workshop", units=3),
            started("late", july, "2025-07-20", space="workshop"),
        )
        window = {"space": "workshop", "since": day("2025-07-30"), "until": day("2025-08-05")}
        assert free(told, **window) == [("workshop", "07-30..08-05")]
        assert free(told, **window, units=2) == [("workshop", "08-03..08-05")]

    def test_who_never_started_is_not_in_the_way_once_its_days_are_over(self) -> None:
        told = story(confirmed("absent", "2025-07-20..2025-07-30"))
        assert free(told, since=day("2025-07-29")) == [("stage-1", "07-31..09-14")]

    def test_without_a_window_it_is_thirteen_weeks_from_today(self) -> None:
        (line,) = seen(Calendar, story()).free()
        assert (line.first, line.days) == (day("2025-08-02"), 91)

    @pytest.mark.parametrize("asked", [{"days": 0}, {"units": 0}, {"days": -3}])
    def test_less_than_one_is_refused(self, asked: dict[str, int]) -> None:
        with pytest.raises(BadInput, match="less than one"):
            free(story(), **asked)


class TestConflicts:
    def test_a_closure_stands_against_the_bookings_and_holds_that_it_meets(self) -> None:
        told = because(
            story(
                confirmed("k-1", "2025-09-01..2025-09-03"),
                held("k-2", "2025-09-04..2025-09-06"),
                confirmed("k-3", "2025-09-09"),
            ),
            closed("2025-09-02..2025-09-08", kind="blackout"),
            reason="power cut",
        )
        lines = seen(Calendar, told).conflicts()
        assert [(one.booking, one.state, one.first, one.last) for one in lines] == [
            ("k-1", "confirmed", day("2025-09-02"), day("2025-09-03")),
            ("k-2", "held", day("2025-09-04"), day("2025-09-06")),
        ]
        assert {(one.against, one.by, one.why) for one in lines} == {
            ("closure", "c-1", "blackout: power cut")
        }

    def test_a_closure_called_off_or_a_booking_moved_away_is_no_conflict(self) -> None:
        assert clashes(
            confirmed("b-1", "2025-09-01"),
            closed("2025-09-01"),
            SpaceReopened(
                closure="c-1", space="stage-1", kind="maintenance", was=days("2025-09-01"),
                period=days("2025-09-01"),
            ),
        ) == []  # fmt: skip
        assert clashes(
            confirmed("b-1", "2025-09-01"),
            closed("2025-09-01"),
            BookingRescheduled(
                **about("b-1", "2025-09-02"), was_space="stage-1", was_period=days("2025-09-01")
            ),
        ) == []  # fmt: skip

    def test_a_retirement_stands_against_the_days_that_follow(self) -> None:
        retired = SpaceDecommissioned(space="stage-1", site="yongchuan", on=day("2025-09-03"))
        (line,) = conflicts(confirmed("b-1", "2025-09-01..2025-09-05"), retired)
        assert (line.against, line.by, line.first, line.last) == (
            "out of service", None, day("2025-09-03"), day("2025-09-05"),
        )  # fmt: skip
        assert line.why == "retired on 2025-09-03"

    def test_who_has_not_wrapped_stands_against_who_comes_next(self) -> None:
        events = (
            confirmed("ov", "2025-07-01..2025-07-31"),
            started("ov", "2025-07-01..2025-07-31", "2025-07-01"),
            confirmed("nx", "2025-08-01..2025-08-20"),
        )
        assert clashes(*events) == [("nx", "overrun", "ov", "08-01..08-02")]
        wrapped = BookingWrapped(
            **about("ov", "2025-07-01..2025-07-31"), on=day("2025-07-31"),
            was_period=days("2025-07-01..2025-07-31"),
        )  # fmt: skip
        assert clashes(*events, wrapped) == []

    def test_a_stay_that_wrapped_late_stands_against_the_one_whose_days_it_used(self) -> None:
        late = BookingWrapped(
            **about("ov", "2025-07-20..2025-08-04"), on=day("2025-08-04"),
            was_period=days("2025-07-20..2025-08-01"), overran=("nx",),
        )  # fmt: skip
        events = (
            confirmed("ov", "2025-07-20..2025-08-01"),
            confirmed("nx", "2025-08-02..2025-08-09"),
        )
        changed = BookingRescheduled(
            **about("nx", "2025-08-02..2025-08-09"), note="hello", was_space="stage-1",
            was_period=days("2025-08-02..2025-08-09"),
        )  # fmt: skip
        assert clashes(*events, late) == [("nx", "booking", "ov", "08-02..08-04")]
        assert clashes(*events, late, changed) == [("nx", "booking", "ov", "08-02..08-04")]

    def test_a_correction_that_leaves_too_few_units_stands_against_the_later_booking(self) -> None:
        shrunk = SpaceChanged(
            space="workshop", site="yongchuan", on=day("2025-09-02"), name="Workshop",
            kind="workshop", area_m2=5000.0, capacity=2,
        )  # fmt: skip
        both = (
            confirmed("b-1", "2025-09-01..2025-09-03", space="workshop", units=2),
            confirmed("b-2", "2025-09-02..2025-09-03", space="workshop", units=2),
        )
        assert clashes(WORKSHOP, *both) == []
        assert clashes(WORKSHOP, *both, shrunk) == [("b-2", "booking", "b-1", "09-02..09-03")]

    def test_what_is_over_is_no_conflict(self) -> None:
        assert clashes(confirmed("b-1", "2025-07-01"), closed("2025-07-01")) == []

    def test_one_space_site_or_project_can_be_asked_for(self) -> None:
        events = (confirmed("b-1", "2025-09-01"), closed("2025-09-01"))
        assert len(conflicts(*events, space="stage-1", project="resurrection")) == 1
        assert conflicts(*events, space="workshop") == []
        assert conflicts(*events, project="dragon") == []
        assert conflicts(*events, site="elsewhere") == []


class TestToday:
    def test_who_comes_and_goes_is_late_or_never_came(self) -> None:
        assert today(
            confirmed("comes", "2025-08-02..2025-08-05"),
            confirmed("goes", "2025-07-20..2025-08-02"),
            started("goes", "2025-07-20..2025-08-02", "2025-07-20"),
            confirmed("late", "2025-07-01..2025-07-31"),
            started("late", "2025-07-01..2025-07-31", "2025-07-01"),
            confirmed("absent", "2025-07-30..2025-08-10"),
            confirmed("later", "2025-08-03"),
        ) == [
            ("overrunning", "late"),
            ("never started", "absent"),
            ("arriving", "comes"),
            ("leaving", "goes"),
        ]  # fmt: skip

    def test_a_booking_of_one_day_comes_and_goes(self) -> None:
        assert today(confirmed("b-1", "2025-08-02")) == [("arriving", "b-1"), ("leaving", "b-1")]

    def test_a_wrapped_or_cancelled_booking_does_nothing(self) -> None:
        assert today(
            confirmed("b-1", "2025-08-02"),
            BookingCancelled(**about("b-1", "2025-08-02")),
            confirmed("b-2", "2025-08-02"),
            BookingWrapped(
                **about("b-2", "2025-08-02"), on=day("2025-08-02"), was_period=days("2025-08-02")
            ),
        ) == []  # fmt: skip

    def test_an_answer_is_due_and_a_hold_expires_until_the_end_of_the_day(self) -> None:
        def challenged(answer_by: str) -> HoldChallenged:
            return HoldChallenged(**about("b-1", "2025-09-01"), by="b-2", answer_by=at(answer_by))

        holds = (held("b-1", "2025-09-01"), held("b-2", "2025-09-01", rank=2))
        assert today(*holds, challenged("2025-08-02T20:00")) == [("answer due", "b-1")]
        assert today(*holds, challenged("2025-08-03T00:00")) == [("answer due", "b-1")]
        assert today(*holds, challenged("2025-08-03T10:00")) == []
        assert today(*holds, challenged("2025-08-03T10:00"), on=day("2025-08-03")) == [
            ("answer due", "b-1")
        ]
        ends = held("b-3", "2025-09-01", expires_at=at("2025-08-02T18:00"))
        assert today(ends) == [("expiring", "b-3")]
        assert today(ends, on=day("2025-08-01")) == []

    def test_a_line_says_until_when_and_who_asked(self) -> None:
        told = story(
            held("b-1", "2025-09-01"),
            held("b-2", "2025-09-01", rank=2),
            HoldChallenged(
                **about("b-1", "2025-09-01"), by="b-2", answer_by=at("2025-08-02T20:00")
            ),
        )
        (line,) = seen(Calendar, told).today_(space="stage-1", site="yongchuan")
        assert (line.until, line.by) == (at("2025-08-02T20:00"), "b-2")


class TestBackups:
    EVENTS = (
        confirmed("a-1", "2025-09-01..2025-09-05"),
        held("a-2", "2025-09-03..2025-09-07"),
        held("a-3", "2025-09-07", rank=2),
    )

    def test_a_hold_behind_a_firm_booking_says_so(self) -> None:
        lines = seen(Bookings, story(*self.EVENTS)).holds()
        assert [(line.booking, line.behind) for line in lines] == [
            ("a-2", ("a-1 (confirmed)",)),
            ("a-3", ()),
        ]

    def test_the_calendar_names_the_holds_behind_a_firm_booking(self) -> None:
        told = seen(Calendar, story(*self.EVENTS))
        lines = told.calendar(since=day("2025-09-02"), until=day("2025-09-06"))
        assert [(line.bookings, line.backups) for line in lines] == [
            (("a-1",), ()),
            (("a-1",), ("a-2",)),
            (("a-1",), ("a-2",)),
            (("a-1",), ("a-2",)),
            (("a-2",), ()),
        ]

    def test_in_a_shared_space_a_hold_is_behind_only_what_leaves_no_room(self) -> None:
        told = story(
            WORKSHOP,
            confirmed("b-1", "2025-09-01", space="workshop", units=2),
            held("b-2", "2025-09-01", space="workshop", units=2),
            held("b-3", "2025-09-01", space="workshop", units=3, rank=2),
        )
        lines = seen(Bookings, told).holds(space="workshop")
        assert [line.behind for line in lines] == [(), ("b-1 (confirmed)",)]
