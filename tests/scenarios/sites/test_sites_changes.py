"""A space changes from a day on, and leaves service; neither takes room from bookings."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.decisions.site_refusals import (
    AlreadyRetired,
    BadAmount,
    SpaceIsBooked,
    TooFarAhead,
)
from ledger.decisions.spaces import RetireSpace
from ledger.errors import BadInput, BadText, BadTime, NothingChanges, NotInService, UnknownId
from ledger.events import SpaceChanged, SpaceDecommissioned
from ledger.testing import given
from tests.scenarios.campus import (
    RESURRECTION,
    STAGE_1,
    WORKSHOP,
    YONGCHUAN,
    change,
    confirmed,
    day,
    held,
)

CAMPUS = (YONGCHUAN, STAGE_1, WORKSHOP, RESURRECTION)
FIRST = len(CAMPUS) + 1
"""The position of the next event."""


def changed(on: str, **facts: Any) -> SpaceChanged:
    """Stage 1 with all its facts."""
    stage: dict[str, Any] = {"name": "Stage 1", "kind": "stage", "area_m2": 3000.0}
    return SpaceChanged(space="stage-1", site="yongchuan", on=day(on), **stage | facts)


def workshop(on: str, **facts: Any) -> SpaceChanged:
    usual: dict[str, Any] = {
        "name": "Workshop",
        "kind": "workshop",
        "area_m2": 5000.0,
        "capacity": 4,
    }
    return SpaceChanged(space="workshop", site="yongchuan", on=day(on), **usual | facts)


def retire(on: str, space: str = "stage-1") -> RetireSpace:
    return RetireSpace(space=space, on=day(on))


def retired(on: str) -> SpaceDecommissioned:
    return SpaceDecommissioned(space="stage-1", site="yongchuan", on=day(on))


class TestChange:
    def test_it_says_what_differs_and_the_event_says_all(self) -> None:
        given(*CAMPUS).when(change("2025-01-01", area_m2=3400.0)).then(
            changed("2025-01-01", area_m2=3400.0)
        )

    def test_everything_may_differ(self) -> None:
        new: dict[str, Any] = {
            "name": "Volume 1 虚拟",
            "kind": "virtual stage",
            "area_m2": 2900.5,
            "capacity": 2,
            "answer_within_hours": 48,
            "phase": "phase-2",
        }
        given(*CAMPUS).when(change("2025-01-01", **new)).then(changed("2025-01-01", **new))

    def test_what_may_be_absent_is_cleared_with_nothing(self) -> None:
        given(
            *CAMPUS, changed("2024-01-01", capacity=3, phase="phase-1", answer_within_hours=48)
        ).when(change("2025-01-01", capacity=None, phase=None, answer_within_hours=None)).then(
            changed("2025-01-01")
        )

    def test_a_change_is_of_what_held_on_its_day(self) -> None:
        """A late entry for June 2024 does not carry over the facts of 2025."""
        given(*CAMPUS, changed("2025-01-01", area_m2=3400.0, name="Stage One")).when(
            change("2024-06-01", phase="phase-1")
        ).then(changed("2024-06-01", phase="phase-1"))

    def test_a_second_change_of_a_day_starts_from_the_first(self) -> None:
        given(*CAMPUS, changed("2025-01-01", area_m2=3400.0)).when(
            change("2025-01-01", name="Stage One")
        ).then(changed("2025-01-01", area_m2=3400.0, name="Stage One"))

    def test_the_first_day_may_be_put_right(self) -> None:
        given(*CAMPUS).when(change("2023-05-01", area_m2=3100.0)).then(
            changed("2023-05-01", area_m2=3100.0)
        )

    def test_no_change_is_none(self) -> None:
        given(*CAMPUS).when(change("2025-01-01")).refused(BadInput, saying="no change is given")
        given(*CAMPUS).when(change("2025-01-01", area_m2=3000.0)).refused(
            NothingChanges, by=2, saying="already has these facts on 2025-01-01"
        )

    def test_its_sites_own_policy_said_of_the_space_is_a_change(self) -> None:
        given(*CAMPUS).when(change("2025-01-01", answer_within_hours=24)).then(
            changed("2025-01-01", answer_within_hours=24)
        )

    def test_it_must_be_there_and_in_service(self) -> None:
        given(YONGCHUAN).when(change("2025-01-01", area_m2=1.0)).refused(UnknownId)
        given(*CAMPUS).when(change("2023-04-30", area_m2=1.0)).refused(NotInService, by=2)
        given(*CAMPUS, retired("2025-01-01")).when(change("2025-01-01", area_m2=1.0)).refused(
            NotInService, by=FIRST
        )

    @pytest.mark.parametrize(
        ("differs", "refusal"),
        [
            ({"area_m2": 0.0}, BadAmount),
            ({"area_m2": float("nan")}, BadAmount),
            ({"capacity": 0}, BadAmount),
            ({"answer_within_hours": 0}, BadAmount),
            ({"name": ""}, BadText),
            ({"phase": "\x07"}, BadText),
        ],
    )
    def test_what_cannot_be(self, differs: Any, refusal: Any) -> None:
        given(*CAMPUS).when(change("2025-01-01", **differs)).refused(refusal)

    def test_a_day_out_of_the_calendar(self) -> None:
        given(*CAMPUS).when(change("1899-12-31", area_m2=1.0)).refused(BadTime)


class TestLessRoom:
    """A change that takes units away looks for bookings that need them."""

    BUSY = (
        *CAMPUS,
        confirmed("b-1", "2025-06-01..2025-06-20", space="workshop", units=2),
        confirmed("b-2", "2025-06-10..2025-06-30", space="workshop", units=1),
    )

    def test_units_that_are_taken_stay(self) -> None:
        given(*self.BUSY).when(change("2025-05-01", space="workshop", capacity=2)).refused(
            SpaceIsBooked, by=FIRST, saying="room for 2 units only from 2025-05-01"
        )

    def test_units_that_nobody_takes_may_go(self) -> None:
        given(*self.BUSY).when(change("2025-05-01", space="workshop", capacity=3)).then(
            workshop("2025-05-01", capacity=3)
        )

    def test_they_may_go_when_the_booking_is_over(self) -> None:
        given(*self.BUSY).when(change("2025-06-21", space="workshop", capacity=1)).then(
            workshop("2025-06-21", capacity=1)
        )

    def test_an_exclusive_space_has_room_for_one(self) -> None:
        given(*self.BUSY).when(change("2025-06-11", space="workshop", capacity=None)).refused(
            SpaceIsBooked, by=FIRST, saying="one booking only"
        )
        given(*self.BUSY).when(change("2025-06-21", space="workshop", capacity=None)).then(
            workshop("2025-06-21", capacity=None)
        )

    def test_only_until_the_next_change(self) -> None:
        given(*self.BUSY, workshop("2025-06-01", capacity=5)).when(
            change("2025-05-01", space="workshop", capacity=1)
        ).then(workshop("2025-05-01", capacity=1))

    def test_more_room_reads_no_booking(self) -> None:
        outcome = given(*self.BUSY).when(change("2025-05-01", space="workshop", capacity=9))
        assert "Booking" not in str(outcome.boundary)


class TestRetire:
    def test_a_space_leaves_service(self) -> None:
        given(*CAMPUS).when(retire("2025-08-01")).then(retired("2025-08-01"))

    def test_it_may_have_been_a_mistake_from_the_first_day(self) -> None:
        given(*CAMPUS).when(retire("2023-05-01")).then(retired("2023-05-01"))
        given(*CAMPUS).when(retire("2023-04-30")).refused(NotInService, by=2)

    def test_once(self) -> None:
        given(*CAMPUS, retired("2025-08-01")).when(retire("2025-09-01")).refused(
            AlreadyRetired, by=FIRST, saying="already retired, on 2025-08-01"
        )

    def test_it_must_be_there(self) -> None:
        given(YONGCHUAN).when(retire("2025-08-01")).refused(UnknownId)

    def test_not_while_a_booking_lies_after(self) -> None:
        given(*CAMPUS, confirmed("b-1", "2026-03-01..2026-03-10")).when(
            retire("2025-08-01")
        ).refused(SpaceIsBooked, by=FIRST, saying="'b-1' of project 'resurrection'")

    def test_the_last_day_of_use_counts(self) -> None:
        story = given(*CAMPUS, confirmed("b-1", "2025-07-01..2025-08-01"))
        story.when(retire("2025-08-01")).refused(SpaceIsBooked, by=FIRST)
        story.when(retire("2025-08-02")).then(retired("2025-08-02"))

    def test_a_booking_years_ahead_is_found(self) -> None:
        given(*CAMPUS, confirmed("b-1", "2034-12-01..2034-12-02")).at("2025-01-01T00:00Z").when(
            retire("2025-08-01")
        ).refused(SpaceIsBooked, by=FIRST)

    def test_one_of_long_ago_too_when_it_is_recorded_late(self) -> None:
        given(*CAMPUS, confirmed("b-1", "2023-06-01..2023-06-02")).at("2034-01-01T00:00Z").when(
            retire("2023-05-02")
        ).refused(SpaceIsBooked, by=FIRST)

    def test_a_hold_does_not_stand_in_the_way(self) -> None:
        given(*CAMPUS, held("b-1", "2026-03-01..2026-03-10")).when(retire("2025-08-01")).then(
            retired("2025-08-01")
        )

    def test_a_slip_of_the_year_is_caught(self) -> None:
        given(*CAMPUS).at("2025-01-01T00:00Z").when(retire("2205-08-01")).refused(TooFarAhead)
