"""The pick list of a booking: what to bring, where it is, and what is in the way."""

from __future__ import annotations

from typing import Any

from ledger_reservations import PickLine, Reservations

from ledger.events import EquipmentRetired
from ledger.events.equipment import Lot
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from tests.scenarios.view_stories import at, held, seen, story
from tests.scenarios.views.test_view_custody import out
from tests.scenarios.views.test_view_equipment import added, moved, packed, unpacked
from tests.scenarios.views.test_view_reservations import firm, reserved
from tests.scenarios.views.test_view_service_due import began, ended
from tests.scenarios.views.test_view_stock import CASE, STAGE, cables, loan, took


def picked(told: Scenario, **asked: Any) -> list[PickLine]:
    lines: list[PickLine] = seen(Reservations, told).pick_list(**{"booking": "b-1"} | asked)
    return lines


def brief(told: Scenario) -> list[tuple[str | None, int, str, str | None]]:
    return [(x.equipment, x.quantity, x.state, x.why) for x in picked(told)]


def test_what_is_in_the_way_of_a_thing() -> None:
    told = story(
        *(added(item) for item in ("a", "b", "c", "d", "e", "f")),
        *firm("b-1"),
        *(reserved("b-1", item) for item in ("a", "b", "c", "d", "e", "f")),
        moved("a", "2025-07-05T08:00", "stage-1", "outside:rental"),
        out("b", "2025-08-01T08:00", "2025-08-08T00:00"),
        out("c", "2025-08-01T08:00", "2025-08-20T12:00", booking="b-9"),
        began("d", "2025-08-01T08:00", until="2025-08-06T12:00"),
        EquipmentRetired(
            equipment="e", at=at("2025-07-10T08:00"), place="stage-1", equipment_kind="camera"
        ),
        began("f", "2025-07-01T09:00", "calibration"),
        ended("f", "2025-07-01T10:00", "calibration", "2025-07-20T00:00"),
    )
    assert brief(told) == [
        ("a", 1, "ready", None),
        ("b", 1, "out", None),
        ("c", 1, "away", "out for b-9, due 2025-08-20"),
        ("d", 1, "in service", "repair until 2025-08-06"),
        ("e", 1, "missing", "retired"),
        ("f", 1, "needs calibration", "ran out 2025-07-20"),
    ]
    assert picked(told)[0].place == "outside:rental"
    assert picked(told, booking="b-2") == []


def test_a_case_is_picked_with_what_is_in_it_now() -> None:
    """The lens was reserved in it and has been taken out; a filter was put in since."""
    told = story(
        *(added(item) for item in ("case-1", "lens-1", "lens-2", "filter")),
        packed("lens-1", "2025-07-02T08:00", "stage-1", "case-1"),
        packed("lens-2", "2025-07-02T08:00", "stage-1", "case-1"),
        cables(),
        took("packed", 12, "2025-07-03T08:00", STAGE, CASE),
        *firm("b-1"),
        reserved("b-1", "case-1"),
        reserved("b-1", "lens-1", within="case-1"),
        reserved("b-1", "lens-2", within="case-1"),
        unpacked("lens-2", "2025-08-01T08:00", "stage-1", "case-1"),
        packed("filter", "2025-08-01T09:00", "stage-1", "case-1"),
        moved("case-1", "2025-08-01T10:00", "stage-1", "workshop"),
    )
    lines = picked(told)
    assert [(x.equipment, x.quantity, x.state, x.place, x.container) for x in lines] == [
        ("case-1", 1, "ready", "workshop", None),
        ("filter", 1, "ready", "workshop", "case-1"),
        ("cables", 12, "ready", "workshop", "case-1"),
        ("lens-1", 1, "ready", "workshop", "case-1"),
        ("lens-2", 1, "missing", "stage-1", None),
    ]
    assert lines[4].why == "not in case-1"
    assert [x.reservation is None for x in lines] == [False, True, True, False, False]


def test_pieces_of_a_stock_are_out_ready_or_missing() -> None:
    told = story(
        cables(20),
        *firm("b-1"),
        reserved("b-1", "cables", 25, kind="cable"),
        took("checked out", 8, "2025-08-01T08:00", STAGE, loan(STAGE, "2025-08-08T00:00")),
        took("moved", 4, "2025-08-01T09:00", STAGE, Lot(place="workshop")),
    )
    assert [(x.quantity, x.state, x.place, x.why) for x in picked(told)] == [
        (8, "out", "stage-1", None),
        (8, "ready", "stage-1", None),
        (4, "ready", "workshop", None),
        (5, "missing", None, "20 of 25 are there"),
    ]


def test_of_a_kind_what_is_out_counts_and_the_rest_is_to_choose() -> None:
    told = story(
        *(added(item) for item in ("a", "b", "c")),
        *firm("b-1"),
        reserved("b-1", "a"),
        reserved("b-1", quantity=3),
    )
    assert brief(told) == [("a", 1, "ready", None), (None, 3, "to choose", None)]
    assert picked(told)[1].kind == "camera"
    told.and_given(*(out(item, "2025-08-01T08:00", "2025-08-08T00:00") for item in ("a", "b")))
    assert brief(told) == [
        ("a", 1, "out", None),
        ("b", 1, "out", None),
        (None, 2, "to choose", None),
    ]


def test_what_is_out_and_was_not_reserved_stands_at_the_end() -> None:
    told = story(
        added("a"),
        cables(),
        *firm("b-1"),
        out("a", "2025-08-01T08:00", "2025-08-08T00:00"),
        took("checked out", 8, "2025-08-01T08:00", STAGE, loan(STAGE, "2025-08-08T00:00")),
    )
    assert brief(told) == [("a", 1, "out", "not reserved"), ("cables", 8, "out", "not reserved")]


def test_what_is_still_out_when_the_time_is_over_was_reserved() -> None:
    told = story(
        added("a"),
        *firm("b-1", "2025-07-20..2025-07-25"),
        reserved("b-1", "a", when="2025-07-20..2025-07-25"),
        out("a", "2025-07-20T08:00", "2025-07-26T00:00"),
    )
    assert brief(told) == [("a", 1, "out", None)]
    assert picked(told, booking=None) == []


def test_without_a_booking_those_that_are_firm_and_soon_are_picked() -> None:
    told = story(
        *(added(item) for item in ("a", "b", "c", "d")),
        *firm("b-1"),
        *firm("b-2", "2025-08-02..2025-08-03", "stage-2"),
        held("b-3", "2025-08-02..2025-08-03", space="stage-3"),
        *firm("b-4", "2025-09-01..2025-09-03", "stage-4"),
        reserved("b-1", "a"),
        reserved("b-2", "b", when="2025-08-02..2025-08-03"),
        reserved("b-3", "c", when="2025-08-02..2025-08-03"),
        reserved("b-4", "d", when="2025-09-01..2025-09-03"),
    )
    assert [x.booking for x in picked(told, booking=None)] == ["b-2", "b-1"]
    assert [x.booking for x in picked(told, booking=None, days=60)] == ["b-2", "b-1", "b-4"]
    assert [x.equipment for x in picked(told, booking="b-3")] == ["c"], "a pencil, if asked for"
    reservations = seen(Reservations, told)
    ask_at(reservations, at("2025-08-04T00:00"))
    assert [x.booking for x in reservations.pick_list()] == ["b-1"], "the other one is over"
