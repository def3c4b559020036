"""The rules of an LED volume: a free day between productions, and a calibration that lasts."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_calibration import RULES, NoFreeDay, NotCalibrated

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import StartBooking, WrapBooking
from ledger.decisions.bookings.splits import GiveBackDays
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.events import (
    EquipmentRegistered,
    EquipmentRetired,
    ProjectOpened,
    SpaceCommissioned,
)
from ledger.testing import Outcome, Scenario, given
from ledger.time.periods import Deadline, Moment, When
from tests.scenarios.view_stories import OPENED, STAGE_1, YONGCHUAN, ZONE, at, day

VOLUME = SpaceCommissioned(
    space="volume", site="yongchuan", zone=ZONE, name="Volume", kind="virtual stage",
    area_m2=3000.0, in_service_on=day("2025-01-01"),
)  # fmt: skip
NOW = "2025-07-01T08:00+08:00"


def wall(
    equipment: str = "wall", kind: str = "LED volume", place: str = "volume", home: Any = "volume"
) -> EquipmentRegistered:
    return EquipmentRegistered(
        equipment=equipment, at=at("2025-01-02T08:00"), name="Wall", kind=kind, place=place,
        home=home,
    )  # fmt: skip


def campus(*items: Any) -> Scenario:
    """A virtual stage with these items, two projects, and the rules in force."""
    return Scenario(rules=RULES).at(NOW).and_given(
        OPENED, YONGCHUAN, STAGE_1, VOLUME, *items,
        ProjectOpened(project="one", title="One", kind="feature", on=day("2025-01-01")),
        ProjectOpened(project="two", title="Two", kind="feature", on=day("2025-01-01")),
    )  # fmt: skip


def book(booking: str, when: str, project: str = "one", space: str = "volume") -> PlaceHold:
    return PlaceHold(
        space=space, project=project, when=When.parse(when), booking=booking, confirm=True
    )


def hold(booking: str, when: str, project: str = "one") -> PlaceHold:
    return PlaceHold(space="volume", project=project, when=When.parse(when), booking=booking)


def calibrated(until: str | None, on: str = "2025-06-30") -> list[Decision]:
    valid = None if until is None else Deadline.parse(until)
    return [
        ServiceEquipment(equipment="wall", kind="calibration", at=Moment.parse(f"{on}T09:00")),
        ServiceEquipment(
            equipment="wall", kind="calibration", at=Moment.parse(f"{on}T17:00"), done=True,
            valid_until=valid,
        ),
    ]  # fmt: skip


def start(told: Scenario, on: str = "2025-07-01", booking: str = "b-1") -> Outcome:
    return told.when(StartBooking(booking=booking, on=day(on)))


# --- a free day --------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["2025-07-11..2025-07-14", "2025-06-20..2025-06-30"])
def test_two_productions_leave_a_day_between_them(when: str) -> None:
    told = campus(wall()).and_given(book("b-1", "2025-07-01..2025-07-10"))
    first = told.position
    outcome = told.when(book("b-2", when, "two"))
    outcome.refused(NoFreeDay, by=first, saying="booking 'b-1' of project 'one'")
    assert isinstance(outcome.refusal, NoFreeDay)
    assert outcome.refusal.rule == "led-free-day"


@pytest.mark.parametrize("when", ["2025-07-12..2025-07-14", "2025-06-20..2025-06-29"])
def test_with_a_free_day_it_is_confirmed(when: str) -> None:
    told = campus(wall()).and_given(book("b-1", "2025-07-01..2025-07-10"))
    assert told.when(book("b-2", when, "two")).refusal is None


def test_the_same_production_goes_on_without_one() -> None:
    told = campus(wall()).and_given(book("b-1", "2025-07-01..2025-07-10"))
    assert told.when(book("b-2", "2025-07-11..2025-07-14")).refusal is None


def test_half_a_day_is_no_free_day() -> None:
    told = campus(wall()).and_given(book("b-1", "2025-07-01T08:00..2025-07-10T12:00"))
    told.when(book("b-2", "2025-07-10T18:00..2025-07-12T18:00", "two")).refused(NoFreeDay)
    told.when(book("b-2", "2025-07-11T18:00..2025-07-12T18:00", "two")).refused(NoFreeDay)
    assert told.when(book("b-2", "2025-07-12T00:00..2025-07-12T18:00", "two")).refusal is None


def test_over_the_end_of_a_month_too() -> None:
    told = campus(wall()).and_given(book("b-1", "2025-07-20..2025-07-31"))
    told.when(book("b-2", "2025-08-01..2025-08-05", "two")).refused(NoFreeDay)


def test_holds_may_stand_side_by_side_until_one_is_confirmed() -> None:
    told = campus(wall()).and_given(
        hold("b-1", "2025-07-01..2025-07-10"), hold("b-2", "2025-07-11..2025-07-14", "two")
    )
    told.and_given(ConfirmBookings(booking="b-1"))
    told.when(ConfirmBookings(booking="b-2")).refused(NoFreeDay, by=told.position)


def test_two_that_are_confirmed_at_once_see_each_other() -> None:
    told = campus(wall()).and_given(
        hold("b-1", "2025-07-01..2025-07-10"), hold("b-2", "2025-07-11..2025-07-14", "two")
    )
    told.when(ConfirmBookings(booking=("b-1", "b-2"))).refused(NoFreeDay)


def test_two_productions_trade_their_weeks() -> None:
    told = campus(wall()).and_given(
        book("b-1", "2025-07-01..2025-07-09"), book("b-2", "2025-07-11..2025-07-19", "two")
    )
    early = MoveBooking(booking="b-2", when=When.parse("2025-07-01..2025-07-09"))
    late = MoveBooking(booking="b-1", when=When.parse("2025-07-11..2025-07-19"))
    told.when(early).refused()
    assert told.when(early, late).refusal is None
    told.and_given(book("b-3", "2025-07-25..2025-07-28", "two"))
    beside = MoveBooking(booking="b-1", when=When.parse("2025-07-16..2025-07-24"))
    told.when(early, beside).refused(NoFreeDay)
    told.when(early, beside, GiveBackDays("b-1", When.parse("2025-07-16"))).refused(NoFreeDay)
    assert told.when(early, beside, GiveBackDays("b-1", When.parse("2025-07-24"))).refusal is None


def test_a_firm_booking_does_not_move_up_to_another() -> None:
    told = campus(wall()).and_given(
        book("b-1", "2025-07-01..2025-07-10"), book("b-2", "2025-07-20..2025-07-24", "two")
    )
    move = MoveBooking(booking="b-2", when=When.parse("2025-07-11..2025-07-15"))
    told.when(move).refused(NoFreeDay)
    move = MoveBooking(booking="b-2", when=When.parse("2025-07-12..2025-07-15"))
    assert told.when(move).refusal is None


def test_days_given_back_early_are_free() -> None:
    told = campus(wall()).and_given(*calibrated("2025-09-01"))
    told.and_given(book("b-1", "2025-07-01..2025-07-10"))
    told.and_given(StartBooking(booking="b-1", on=day("2025-07-01")))
    told.at("2025-07-08T20:00+08:00").and_given(WrapBooking(booking="b-1", on=day("2025-07-08")))
    assert told.when(book("b-2", "2025-07-10..2025-07-14", "two")).refusal is None


def test_a_neighbour_from_before_the_rules_keeps_nobody_where_it_is() -> None:
    before = campus(wall())
    before.rules = ()
    before.and_given(
        book("b-1", "2025-07-01..2025-07-10"), book("b-2", "2025-07-11..2025-07-20", "two")
    )
    before.rules = RULES
    shorter = MoveBooking(booking="b-2", when=When.parse("2025-07-11..2025-07-15"))
    assert before.when(shorter).refusal is None


# --- a calibration -----------------------------------------------------------------------


def test_a_booking_starts_on_a_calibration_that_lasts_to_its_end() -> None:
    told = campus(wall()).and_given(*calibrated("2025-07-10"))
    told.and_given(book("b-1", "2025-07-01..2025-07-10"))
    assert start(told).refusal is None


def test_it_is_made_without_one_and_does_not_start() -> None:
    told = campus(wall()).and_given(book("b-1", "2025-07-01..2025-07-10"))
    outcome = start(told)
    outcome.refused(NotCalibrated, by=5, saying="it never was")
    assert "equipment service wall --kind calibration" in str(outcome.refusal)
    assert "--valid-until 2025-07-10" in str(outcome.refusal)


@pytest.mark.parametrize(
    ("until", "says"),
    [
        ("2025-07-10T18:00", "valid until 2025-07-10 18:00"),
        ("2025-07-09", "valid until 2025-07-09 23:59"),
        (None, "does not say until when"),
    ],
)
def test_one_that_ends_too_early_is_named(until: str | None, says: str) -> None:
    told = campus(wall()).and_given(*calibrated(until))
    calibration = told.position
    told.and_given(book("b-1", "2025-07-01..2025-07-10"))
    start(told).refused(NotCalibrated, by=calibration, saying=says)


def test_one_that_is_open_is_not_done() -> None:
    told = campus(wall()).and_given(*calibrated("2025-09-01"))
    told.and_given(
        book("b-1", "2025-07-01..2025-07-10"),
        ServiceEquipment(equipment="wall", kind="calibration"),
    )
    start(told).refused(NotCalibrated, by=told.position, saying="is open since 2025-07-01 08:00")


def test_a_repair_is_no_calibration() -> None:
    told = campus(wall()).and_given(*calibrated("2025-09-01"))
    told.and_given(
        ServiceEquipment(equipment="wall", kind="repair"), book("b-1", "2025-07-01..2025-07-10")
    )
    assert start(told).refusal is None


def test_every_item_is_asked_about() -> None:
    told = campus(wall(), wall("ceiling", "LED ceiling", home=None))
    told.and_given(*calibrated("2025-09-01"), book("b-1", "2025-07-01..2025-07-10"))
    start(told).refused(NotCalibrated, by=6, saying="'ceiling'")


def test_a_running_booking_is_extended_only_as_far_as_the_calibration_goes() -> None:
    told = campus(wall()).and_given(*calibrated("2025-07-13"))
    told.and_given(book("b-1", "2025-07-01..2025-07-10"))
    told.and_given(StartBooking(booking="b-1", on=day("2025-07-01")))

    def extended(last: str) -> Outcome:
        return told.when(MoveBooking(booking="b-1", when=When.parse(f"2025-07-01..{last}")))

    assert extended("2025-07-13").refusal is None
    extended("2025-07-14").refused(NotCalibrated)
    assert extended("2025-07-08").refusal is None


def test_a_booking_that_has_not_started_moves_without_one() -> None:
    told = campus(wall()).and_given(book("b-1", "2025-07-01..2025-07-10"))
    later = MoveBooking(booking="b-1", when=When.parse("2025-07-05..2025-07-20"))
    assert told.when(later).refusal is None


# --- whom it does not concern ------------------------------------------------------------


@pytest.mark.parametrize(
    "items",
    [
        [],
        [wall(kind="crane")],
        [wall(kind="pulled curtain")],
        [wall(place="stage-1")],
        [wall(home="stage-1")],
        [
            wall(),
            EquipmentRetired(
                equipment="wall", at=at("2025-02-01T08:00"), place="volume", equipment_kind="camera"
            ),
        ],
    ],
    ids=["nothing", "a crane", "letters of it", "registered elsewhere", "on a visit", "retired"],
)
def test_a_stage_without_led_equipment_is_free(items: list[Any]) -> None:
    told = campus(*items).and_given(book("b-1", "2025-07-01..2025-07-10"))
    assert told.when(book("b-2", "2025-07-11..2025-07-14", "two")).refusal is None
    assert start(told).refusal is None


def test_a_practical_stage_is_free_whatever_stands_there() -> None:
    told = campus(wall(place="stage-1", home="stage-1"))
    told.and_given(book("b-1", "2025-07-01..2025-07-10", space="stage-1"))
    assert told.when(book("b-2", "2025-07-11..2025-07-14", "two", "stage-1")).refusal is None
    assert start(told).refusal is None


def test_without_the_rules_nothing_is_refused() -> None:
    told = given().at(NOW).and_given(
        OPENED, YONGCHUAN, VOLUME, wall(),
        ProjectOpened(project="one", title="One", kind="feature", on=day("2025-01-01")),
        book("b-1", "2025-07-01..2025-07-10"),
    )  # fmt: skip
    assert start(told).refusal is None


# --- what they read ----------------------------------------------------------------------


def test_they_read_the_months_of_the_booking_and_the_days_beside_it() -> None:
    told = campus(wall())
    outcome = told.when(book("b-1", "2025-07-31..2025-08-10"))
    buckets = {tag for query in outcome.boundary.queries for tag in query.tags if "@" in tag}
    assert {tag for tag in buckets if tag.startswith("space:")} == {
        "space:volume@2025-07",
        "space:volume@2025-08",
    }


def test_a_calibration_that_comes_in_between_is_seen() -> None:
    told = campus(wall()).and_given(*calibrated("2025-09-01"))
    told.and_given(book("b-1", "2025-07-01..2025-07-10"))
    tags = {tag for query in start(told).boundary.queries for tag in query.tags}
    assert "equipment:wall@calibration" in tags
