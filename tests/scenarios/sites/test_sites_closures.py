"""A space closes for a period and reopens early; bookings come first."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.decisions.site_refusals import ClosureIsOver, SpaceIsBooked, TooFarAhead
from ledger.decisions.spaces import CloseSpace, ReopenSpace
from ledger.errors import AlreadyExists, BadId, BadTime, NotInService, UnknownId
from ledger.events import (
    BookingCancelled,
    BookingRescheduled,
    BookingWrapped,
    SpaceClosed,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.testing import given
from ledger.time.periods import Period, When
from tests.scenarios.campus import (
    RESURRECTION,
    STAGE_1,
    YONGCHUAN,
    ZONE,
    close,
    closed,
    confirmed,
    day,
    days,
    held,
    instant,
)

CAMPUS = (YONGCHUAN, STAGE_1, RESURRECTION)
FIRST = len(CAMPUS) + 1
"""The position of the next event."""


def reopened(was: str, period: str) -> SpaceReopened:
    return SpaceReopened(
        closure="c-1", space="stage-1", kind="maintenance", was=days(was), period=days(period)
    )


class TestClose:
    def test_days_are_closed_on_the_sites_clock_with_an_id_made(self) -> None:
        given(*CAMPUS).when(close("2025-07-01..2025-07-03")).then(
            closed("2025-07-01..2025-07-03", closure="c-1")
        )

    def test_hours_may_be_closed_and_an_id_given(self) -> None:
        given(*CAMPUS).when(
            close("2025-07-01T08:00..2025-07-01T12:00", kind="calibration", closure="led-july")
        ).then(
            SpaceClosed(
                closure="led-july",
                space="stage-1",
                kind="calibration",
                period=Period(
                    instant("2025-07-01T08:00+08:00"), instant("2025-07-01T12:00+08:00"), ZONE
                ),
            )
        )

    def test_two_closures_may_overlap(self) -> None:
        given(*CAMPUS, closed("2025-07-01..2025-07-03")).when(
            close("2025-07-02..2025-07-05", closure="c-2")
        ).then(closed("2025-07-02..2025-07-05", closure="c-2"))

    def test_an_id_made_is_one_that_nobody_has(self) -> None:
        given(*CAMPUS, closed("2025-07-01", closure="c-1")).when(close("2025-08-01")).then(
            closed("2025-08-01", closure="c-2")
        )

    def test_an_id_given_is_used_once(self) -> None:
        given(*CAMPUS, closed("2025-07-01", closure="c-1")).when(
            close("2025-08-01", closure="c-1")
        ).refused(AlreadyExists, by=FIRST)
        given(*CAMPUS).when(close("2025-08-01", closure="July 1")).refused(BadId, saying="july-1")

    def test_the_space_must_be_there_and_in_service(self) -> None:
        given(YONGCHUAN).when(close("2025-07-01")).refused(UnknownId)
        given(*CAMPUS).when(close("2023-04-30..2023-05-02")).refused(
            NotInService, by=2, saying="2023-04-30, only from 2023-05-01"
        )

    def test_nor_is_it_closed_when_it_is_gone(self) -> None:
        gone = SpaceDecommissioned(space="stage-1", site="yongchuan", on=day("2025-08-01"))
        story = given(*CAMPUS, gone)
        story.when(close("2025-07-30..2025-08-01")).refused(
            NotInService, by=FIRST, saying="not in service on 2025-08-01"
        )
        story.when(close("2025-07-30..2025-07-31")).then(closed("2025-07-30..2025-07-31"))

    def test_a_slip_of_the_year_is_caught(self) -> None:
        given(*CAMPUS).at("2025-01-01T00:00Z").when(close("2205-07-01")).refused(
            TooFarAhead, saying="2205-07-01 is too far ahead: the calendar ends on 2035-01-09"
        )

    @pytest.mark.parametrize("when", ["2025-07-03..2025-07-01", "2025-02-30", "soon"])
    def test_a_period_must_be_one(self, when: str) -> None:
        given(*CAMPUS).when(CloseSpace(space="stage-1", when=When(when), kind="blackout")).refused(
            BadTime
        )


class TestCloseWhereSomebodyIs:
    def test_a_confirmed_booking_comes_first(self) -> None:
        given(*CAMPUS, held("b-1", "2025-06-20..2025-07-10")).and_given(
            confirmed("b-1", "2025-06-20..2025-07-10")
        ).when(close("2025-07-10..2025-07-12")).refused(
            SpaceIsBooked,
            by=FIRST + 1,
            saying="booking 'b-1' of project 'resurrection' on 2025-06-20..2025-07-10",
        )

    def test_the_first_of_several_is_named(self) -> None:
        given(
            *CAMPUS,
            confirmed("b-2", "2025-07-05..2025-07-06"),
            confirmed("b-1", "2025-07-01..2025-07-04"),
        ).when(close("2025-07-01..2025-07-31")).refused(
            SpaceIsBooked,
            by=FIRST + 1,
            saying="'b-1' of project 'resurrection' on 2025-07-01..2025-07-04 and 1 more",
        )

    def test_a_burst_pipe_asks_nobody(self) -> None:
        given(*CAMPUS, confirmed("b-1", "2025-07-01..2025-07-10")).when(
            close("2025-07-02", kind="blackout", despite_bookings=True)
        ).then(closed("2025-07-02", kind="blackout"))

    def test_a_hold_does_not_stand_in_the_way(self) -> None:
        given(*CAMPUS, held("b-1", "2025-07-01..2025-07-10")).when(close("2025-07-02")).then(
            closed("2025-07-02")
        )

    def test_nor_does_what_ended_moved_or_lies_beside(self) -> None:
        was = days("2025-07-01..2025-07-10")
        about: dict[str, Any] = {"space": "stage-1", "project": "resurrection"}
        given(
            *CAMPUS,
            confirmed("cancelled", "2025-07-01..2025-07-10"),
            BookingCancelled(booking="cancelled", period=was, **about),
            confirmed("moved", "2025-07-01..2025-07-10"),
            BookingRescheduled(
                booking="moved",
                period=days("2025-09-01..2025-09-10"),
                was_space="stage-1",
                was_period=was,
                **about,
            ),
            confirmed("wrapped-early", "2025-07-01..2025-07-10"),
            BookingWrapped(
                booking="wrapped-early",
                period=days("2025-07-01..2025-07-04"),
                was_period=was,
                on=day("2025-07-04"),
                **about,
            ),
            confirmed("until-the-day-before", "2025-07-04"),
            confirmed("from-the-day-after", "2025-07-07..2025-07-20"),
        ).when(close("2025-07-05..2025-07-06")).then(closed("2025-07-05..2025-07-06"))

    def test_what_it_read_are_its_months_and_what_firms_a_booking(self) -> None:
        outcome = given(*CAMPUS).when(close("2025-07-30..2025-08-01"))
        months = {query.tags for query in outcome.boundary.queries if "Booking" in str(query)}
        assert months == {("space:stage-1@2025-07",), ("space:stage-1@2025-08",)}
        assert not any("BookingHeld" in query.types for query in outcome.boundary.queries)

    def test_despite_bookings_reads_none(self) -> None:
        outcome = given(*CAMPUS).when(close("2025-07-30..2025-08-01", despite_bookings=True))
        assert "Booking" not in str(outcome.boundary)


class TestReopen:
    STORY = (*CAMPUS, closed("2025-07-20..2025-08-10"))

    def test_it_is_open_again_from_a_day_on(self) -> None:
        given(*self.STORY).when(ReopenSpace(closure="c-1", on=day("2025-08-01"))).then(
            reopened("2025-07-20..2025-08-10", "2025-08-01..2025-08-10")
        )

    def test_again_earlier_still(self) -> None:
        given(*self.STORY, reopened("2025-07-20..2025-08-10", "2025-08-01..2025-08-10")).when(
            ReopenSpace(closure="c-1", on=day("2025-07-25"))
        ).then(reopened("2025-07-20..2025-07-31", "2025-07-25..2025-07-31"))

    @pytest.mark.parametrize("on", [None, day("2025-07-20"), day("2025-01-01")])
    def test_it_is_called_off_whole(self, on: date | None) -> None:
        given(*self.STORY).when(ReopenSpace(closure="c-1", on=on)).then(
            reopened("2025-07-20..2025-08-10", "2025-07-20..2025-08-10")
        )

    def test_once_called_off_it_is_over(self) -> None:
        given(*self.STORY).when(ReopenSpace(closure="c-1")).then(
            reopened("2025-07-20..2025-08-10", "2025-07-20..2025-08-10")
        ).when(ReopenSpace(closure="c-1")).refused(
            ClosureIsOver, by=FIRST + 1, saying="was called off"
        )

    def test_after_its_end_nothing_is_left_to_reopen(self) -> None:
        given(*self.STORY).when(ReopenSpace(closure="c-1", on=day("2025-08-11"))).refused(
            ClosureIsOver, by=FIRST, saying="over before 2025-08-11"
        )

    def test_the_closure_must_be_there(self) -> None:
        given(*CAMPUS).when(ReopenSpace(closure="c-9")).refused(UnknownId, saying="closure 'c-9'")

    def test_a_day_out_of_the_calendar(self) -> None:
        given(*self.STORY).when(ReopenSpace(closure="c-1", on=day("0001-01-01"))).refused(BadTime)

    def test_what_reopened_can_close_again(self) -> None:
        given(*self.STORY).when(ReopenSpace(closure="c-1")).then(
            reopened("2025-07-20..2025-08-10", "2025-07-20..2025-08-10")
        ).when(close("2025-07-20..2025-07-21", closure="c-2")).then(
            closed("2025-07-20..2025-07-21", closure="c-2")
        )
