"""What is in service, planned, or needs a calibration; and what an item is found by."""

from __future__ import annotations

from typing import Any

from ledger_equipment import Equipment

from ledger.events import (
    EquipmentDescribed,
    EquipmentRegistered,
    EquipmentRetired,
    ServiceCompleted,
    ServicePlanned,
    ServiceStarted,
)
from ledger.events.base import Event
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from tests.scenarios.view_stories import at, days, seen, story
from tests.scenarios.views.test_view_equipment import added, out


def began(item: str, when: str, kind: Any = "repair", until: str | None = None) -> Event:
    return ServiceStarted(
        equipment=item, at=at(when), kind=kind, equipment_kind="camera",
        until=None if until is None else at(until),
    )  # fmt: skip


def ended(item: str, when: str, kind: Any = "repair", valid: str | None = None) -> Event:
    return ServiceCompleted(
        equipment=item, at=at(when), kind=kind, equipment_kind="camera",
        valid_until=None if valid is None else at(valid),
    )  # fmt: skip


def plan(item: str, when: str, kind: Any = "repair", dropped: bool = False) -> Event:
    return ServicePlanned(
        equipment=item, kind=kind, period=days(when), dropped=dropped, equipment_kind="camera"
    )


def due(told: Scenario, **asked: Any) -> list[tuple[str, str, str, bool]]:
    lines = seen(Equipment, told).service_due(**asked)
    return [(x.equipment, x.what, x.service, x.overdue) for x in lines]


def test_what_needs_service_soonest_stands_first() -> None:
    """Seen from 2 August 2025."""
    told = story(
        *(added(item) for item in ("cam-a", "cam-b", "cam-c", "cam-d", "cam-e")),
        began("cam-a", "2025-07-20T08:00", until="2025-08-01T18:00"),
        plan("cam-b", "2025-08-10..2025-08-12", "calibration"),
        began("cam-c", "2025-07-01T09:00", "calibration"),
        ended("cam-c", "2025-07-01T10:00", "calibration", "2025-08-09T00:00"),
        plan("cam-d", "2025-10-01..2025-10-02"),
        began("cam-e", "2025-07-30T09:00", "quarantine"),
    )
    assert due(told) == [
        ("cam-a", "in service", "repair", True),
        ("cam-e", "in service", "quarantine", False),
        ("cam-c", "calibration ends", "calibration", False),
        ("cam-b", "planned", "calibration", False),
    ]
    assert [line[0] for line in due(told, days=7)] == ["cam-a", "cam-e", "cam-c"]
    assert [line[0] for line in due(told, days=90)][-1] == "cam-d"
    assert due(told, kind="crane") == []
    (line,) = seen(Equipment, told).service_due(equipment="cam-a")
    assert (line.at, line.until) == (at("2025-07-20T08:00"), at("2025-08-01T18:00"))


def test_a_plan_goes_when_it_is_dropped_or_begun() -> None:
    told = story(added("cam-a"), plan("cam-a", "2025-07-20..2025-07-22"))
    assert due(told) == [("cam-a", "planned", "repair", True)], "it should have begun"
    dropped = story(
        added("cam-a"),
        plan("cam-a", "2025-07-20..2025-07-22"),
        plan("cam-a", "2025-07-20..2025-07-22", dropped=True),
    )
    assert due(dropped) == []
    told.and_given(began("cam-a", "2025-07-20T09:00"), ended("cam-a", "2025-07-21T09:00"))
    assert due(told) == []


def test_a_service_of_another_kind_or_before_leaves_the_plan() -> None:
    told = story(
        added("cam-a"),
        plan("cam-a", "2025-08-20..2025-08-22", "calibration"),
        began("cam-a", "2025-08-01T09:00", "calibration"),
        ended("cam-a", "2025-08-01T10:00", "calibration"),
        began("cam-a", "2025-08-21T09:00"),
        ended("cam-a", "2025-08-21T10:00"),
    )
    assert due(told) == [("cam-a", "planned", "calibration", False)]


def test_a_calibration_that_has_run_out_is_overdue_and_the_item_not_available() -> None:
    told = story(
        added("cam-a"),
        began("cam-a", "2025-07-01T09:00", "calibration"),
        ended("cam-a", "2025-07-01T10:00", "calibration", "2025-08-05T00:00"),
    )
    equipment = seen(Equipment, told)
    assert [x.equipment for x in equipment.equipment(available=True)] == ["cam-a"]
    assert [x.overdue for x in equipment.service_due()] == [False]
    ask_at(equipment, at("2025-08-06T00:00"))
    assert equipment.equipment(available=True) == []
    assert [x.overdue for x in equipment.service_due()] == [True]


def test_what_is_out_says_so_and_what_is_retired_needs_nothing() -> None:
    told = story(added("cam-a"), out(), began("cam-a", "2025-07-12T08:00"))
    (line,) = seen(Equipment, told).service_due()
    assert (line.booking, line.custodian, line.place) == ("b-1", "Li Na", "stage-1")
    gone = EquipmentRetired(
        equipment="cam-a", at=at("2025-07-10T08:00"), place="stage-1", equipment_kind="camera"
    )
    assert due(story(added("cam-a"), plan("cam-a", "2025-08-10..2025-08-12"), gone)) == []


def test_what_is_in_service_is_not_idle() -> None:
    told = story(added("cam-a"), began("cam-a", "2025-07-02T08:00"))
    assert seen(Equipment, told).idle_equipment(days=0) == []
    told.and_given(ended("cam-a", "2025-07-03T08:00"))
    assert [x.equipment for x in seen(Equipment, told).idle_equipment(days=0)] == ["cam-a"]


def test_an_item_is_found_by_what_stands_on_it_and_described_as_of_now() -> None:
    told = story(
        added("cam-b"),
        EquipmentRegistered(
            equipment="cam-a", at=at("2025-07-01T08:00"), name="Cam A", kind="camera",
            place="stage-1", serial="SN 4711", barcode="0815", reference="asset 9",
        ),
    )  # fmt: skip

    def found(named: str) -> list[str]:
        return [x.equipment for x in seen(Equipment, told).equipment(equipment=named)]

    assert [found(text) for text in ("cam-a", "0815", "sn  4711", "Asset 9")] == [["cam-a"]] * 4
    assert found("4711") == []
    described = EquipmentDescribed(
        equipment="cam-a", at=at("2025-07-05T08:00"), name="A camera", kind="film camera",
        owner="Dawa", value="9,000 €", was_kind="camera",
    )  # fmt: skip
    told.and_given(described)
    (line,) = seen(Equipment, told).equipment(kind="film camera")
    assert (line.name, line.owner, line.value, line.serial) == ("A camera", "Dawa", "9,000 €", None)
    assert found("0815") == [], "the description is all of it"
