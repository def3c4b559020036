"""Where everything is, in effective order: late entries, containers, custody, service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ledger_equipment import Equipment, ItemLine

from ledger.errors import BadInput
from ledger.events import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    EquipmentUnpacked,
    ServiceCompleted,
    ServiceStarted,
)
from ledger.events.base import Event
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from ledger.time.periods import Moment
from tests.scenarios.view_stories import at, day, seen, story


def added(equipment: str, when: str = "2025-07-01T08:00", place: str = "stage-1") -> Event:
    return EquipmentRegistered(
        equipment=equipment, at=at(when), name=equipment.title(), kind="camera", place=place,
        home="workshop",
    )  # fmt: skip


def moved(equipment: str, when: str, origin: str, to: str, latest: bool = True) -> Event:
    return EquipmentMoved(
        equipment=equipment, at=at(when), origin=origin, destination=to, latest=latest
    )


def packing(equipment: str, when: str, place: str, *containers: str) -> dict[str, Any]:
    return {
        "equipment": equipment, "at": at(when), "place": place, "containers": containers,
        "latest_for": containers, "contents": (),
    }  # fmt: skip


def packed(equipment: str, when: str, place: str, *containers: str) -> Event:
    return EquipmentPacked(**packing(equipment, when, place, *containers))


def unpacked(equipment: str, when: str, place: str, *containers: str) -> Event:
    return EquipmentUnpacked(**packing(equipment, when, place, *containers))


def where(told: Scenario, equipment: str = "cam-a", **asked: Any) -> ItemLine:
    lines: list[ItemLine] = seen(Equipment, told).equipment(equipment=equipment, **asked)
    assert len(lines) == 1
    return lines[0]


def test_an_item_is_where_it_was_last_moved() -> None:
    told = story(added("cam-a"), moved("cam-a", "2025-07-05T09:00", "stage-1", "outside:rental"))
    line = where(told)
    assert (line.place, line.container, line.home) == ("outside:rental", None, "workshop")
    assert line.since == at("2025-07-05T09:00")


def test_a_late_entry_goes_where_it_happened() -> None:
    told = story(
        added("cam-a"),
        moved("cam-a", "2025-07-20T09:00", "stage-1", "stage-2"),
        # entered afterwards: it had been out for two days before
        moved("cam-a", "2025-07-05T09:00", "stage-1", "outside:rental", latest=False),
        moved("cam-a", "2025-07-07T09:00", "outside:rental", "stage-1", latest=False),
    )
    assert where(told).place == "stage-2"
    places = {text: where(told, on=day(text)).place for text in (
        "2025-07-04", "2025-07-05", "2025-07-06", "2025-07-07", "2025-07-20",
    )}  # fmt: skip
    assert list(places.values()) == [
        "stage-1", "outside:rental", "outside:rental", "stage-1", "stage-2",
    ]  # fmt: skip
    steps = seen(Equipment, told).equipment_moves(equipment="cam-a")
    assert [(s.position, s.what, s.place, s.late) for s in steps] == [
        (4, "registered", "stage-1", False),
        (6, "moved", "outside:rental", True),
        (7, "moved", "stage-1", True),
        (5, "moved", "stage-2", False),
    ]
    assert {s.recorded_at for s in steps} == {at("2025-08-02T12:00")}


def test_before_the_late_entry_the_ledger_knew_no_better() -> None:
    told = story(
        added("cam-a"), moved("cam-a", "2025-07-05T09:00", "stage-1", "stage-2", latest=False)
    )
    assert seen(Equipment, told, until=4).equipment(on=day("2025-07-05"))[0].place == "stage-1"
    assert where(told, on=day("2025-07-05")).place == "stage-2"


def test_at_one_instant_the_later_position_holds() -> None:
    told = story(
        added("cam-a"),
        moved("cam-a", "2025-07-05T09:00", "stage-1", "stage-2"),
        moved("cam-a", "2025-07-05T09:00", "stage-2", "workshop"),
    )
    assert where(told).place == "workshop"
    steps = seen(Equipment, told).equipment_moves()
    assert [step.place for step in steps] == ["stage-1", "stage-2", "workshop"]


def test_at_an_exact_time_and_on_a_whole_day() -> None:
    told = story(added("cam-a"), moved("cam-a", "2025-07-05T09:00", "stage-1", "stage-2"))
    assert where(told, at=Moment.parse("2025-07-05T08:59")).place == "stage-1"
    assert where(told, at=Moment.parse("2025-07-05T09:00")).place == "stage-2"
    assert where(told, at=Moment.parse("2025-07-05T01:00+00:00")).place == "stage-2"
    assert seen(Equipment, told).equipment(on=day("2025-06-30")) == []
    with pytest.raises(BadInput):
        seen(Equipment, told).equipment(on=day("2025-07-05"), at=Moment.parse("2025-07-05T09:00"))


def boxed() -> Scenario:
    """A lens in a case in a truck, which drives out and back; the lens is out by then."""
    return story(
        *(added(item) for item in ("case-1", "lens-1", "truck-1")),
        packed("lens-1", "2025-07-02T08:00", "stage-1", "case-1"),
        packed("case-1", "2025-07-03T08:00", "stage-1", "truck-1"),
        moved("truck-1", "2025-07-04T08:00", "stage-1", "outside:desert"),
        unpacked("lens-1", "2025-07-05T08:00", "outside:desert", "case-1", "truck-1"),
        moved("truck-1", "2025-07-06T08:00", "outside:desert", "stage-1"),
    )


def test_what_is_packed_is_where_its_container_is() -> None:
    told = boxed()
    lens = where(told, "lens-1", on=day("2025-07-04"))
    assert (lens.place, lens.container) == ("outside:desert", "case-1")
    assert where(told, "case-1").place == "stage-1"
    assert where(told, "case-1").container == "truck-1"
    lens = where(told, "lens-1")
    assert (lens.place, lens.container) == ("outside:desert", None)
    found = seen(Equipment, told).equipment(place="stage-1")
    assert [line.equipment for line in found] == ["case-1", "truck-1"]


def test_the_steps_of_a_container_are_steps_of_what_is_inside() -> None:
    steps = seen(Equipment, boxed()).equipment_moves(equipment="lens-1")
    assert [(s.what, s.place, s.inside, s.container) for s in steps] == [
        ("registered", "stage-1", None, None),
        ("packed", "stage-1", None, "case-1"),
        ("moved", "outside:desert", "case-1", None),
        ("unpacked", "outside:desert", None, None),
    ]
    case = seen(Equipment, boxed()).equipment_moves(
        equipment="case-1", since=day("2025-07-04"), until=day("2025-07-05")
    )
    assert [(s.what, s.place) for s in case] == [("moved", "outside:desert")]


def out(when: str = "2025-07-10T08:00", due: str = "2025-07-20T18:00") -> Event:
    return EquipmentCheckedOut(
        equipment="cam-a",
        at=at(when),
        booking="b-1",
        custodian="Li Na",
        due_at=at(due),
        equipment_kind="camera",
    )


def test_who_has_it_for_what_and_until_when() -> None:
    told = story(added("cam-a"))
    assert (where(told).custodian, where(told).booking) == (None, None)
    told.and_given(out())
    line = where(told)
    assert (line.custodian, line.booking, line.due_at) == ("Li Na", "b-1", at("2025-07-20T18:00"))
    told.and_given(
        CustodyTransferred(
            equipment="cam-a", at=at("2025-07-12T08:00"), was="Li Na", custodian="Wang Wei"
        )
    )
    line = where(told)
    assert (line.custodian, line.booking, line.place) == ("Wang Wei", "b-1", "stage-1")
    assert where(told, on=day("2025-07-11")).custodian == "Li Na"
    told.and_given(
        EquipmentCheckedIn(
            equipment="cam-a",
            at=at("2025-07-15T08:00"),
            booking="b-1",
            equipment_kind="camera",
            due_at=datetime(2025, 7, 1, tzinfo=UTC),
        )
    )
    line = where(told)
    assert (line.custodian, line.booking, line.due_at, line.overdue) == (None, None, None, False)
    assert [x.equipment for x in seen(Equipment, told).equipment(booking="b-1")] == []


def test_overdue_is_against_the_time_asked_about() -> None:
    told = story(added("cam-a"), out())
    assert where(told).overdue  # the last event is of August
    assert not where(told, on=day("2025-07-19")).overdue
    assert where(told, on=day("2025-07-20")).overdue


def test_what_is_due_becomes_overdue_though_nothing_is_recorded() -> None:
    out = EquipmentCheckedOut(
        equipment="cam-a", at=at("2025-08-01T08:00"), booking="b-1", custodian="Wang Wei",
        due_at=at("2025-08-05T18:00"), equipment_kind="camera")  # fmt: skip
    told = story(added("cam-a"), out)

    def seen_at(now: str) -> tuple[bool, int, int]:
        equipment = seen(Equipment, told)
        ask_at(equipment, at(now))
        (item,), (due,), (had,) = equipment.equipment(), equipment.due_back(), equipment.custody()
        assert item.overdue == due.overdue
        return due.overdue, due.late, had.days

    assert seen_at("2025-08-05T18:00") == (False, 0, 4)
    assert seen_at("2025-08-05T18:01") == (True, 0, 4)
    assert seen_at("2025-08-07T18:00") == (True, 2, 6)


def test_services_and_calibrations() -> None:
    told = story(
        added("cam-a"),
        ServiceStarted(
            equipment="cam-a", at=at("2025-07-10T08:00"), kind="repair", equipment_kind="camera"),
        ServiceStarted(
            equipment="cam-a", at=at("2025-07-10T09:00"), kind="calibration",
            equipment_kind="camera"),
        ServiceCompleted(
            equipment="cam-a", at=at("2025-07-11T09:00"), kind="calibration",
            valid_until=at("2026-01-01"), equipment_kind="camera"),
    )  # fmt: skip
    assert where(told, on=day("2025-07-10")).service == ("calibration", "repair")
    line = where(told)
    assert (line.service, line.calibrated_until) == (("repair",), at("2026-01-01"))
    assert where(told, on=day("2025-07-09")).service == ()


def test_a_retired_item_is_shown_as_such() -> None:
    gone = EquipmentRetired(
        equipment="cam-a", at=at("2025-07-10T08:00"), place="stage-1", equipment_kind="camera"
    )
    told = story(added("cam-a"), gone)
    assert (where(told).retired, where(told).place) == (True, "stage-1")
    assert not where(told, on=day("2025-07-09")).retired


def test_items_of_a_kind() -> None:
    told = story(added("cam-a"))
    assert [x.name for x in seen(Equipment, told).equipment(kind="camera")] == ["Cam-A"]
    assert seen(Equipment, told).equipment(kind="crane") == []
