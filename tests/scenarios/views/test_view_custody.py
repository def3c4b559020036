"""Who had it when, what is due back, and what stands idle."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ledger_equipment import Equipment

from ledger.events import (
    BookingCancelled,
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentRetired,
    LoanProlonged,
    ServiceStarted,
)
from ledger.events.base import Event
from ledger.testing import Scenario
from tests.scenarios.view_stories import at, confirmed, day, seen, story
from tests.scenarios.views.test_view_equipment import added, boxed, moved


def out(
    item: str,
    when: str,
    due: str,
    who: str = "Li Na",
    booking: str | None = "b-1",
    within: str | None = None,
) -> Event:
    return EquipmentCheckedOut(
        equipment=item,
        at=at(when),
        booking=booking,
        custodian=who,
        due_at=at(due),
        equipment_kind="camera",
        within=within,
    )


def back(item: str, when: str, booking: str = "b-1") -> Event:
    return EquipmentCheckedIn(
        equipment=item,
        at=at(when),
        booking=booking,
        equipment_kind="camera",
        due_at=datetime(2025, 7, 1, tzinfo=UTC),
    )


def handed(item: str, when: str, who: str, was: str | None = "Li Na") -> Event:
    return CustodyTransferred(equipment=item, at=at(when), was=was, custodian=who)


def in_hands() -> Scenario:
    """Out, handed over, back; then kept without a booking. Until 2 August."""
    return story(
        added("cam-a"),
        out("cam-a", "2025-07-10T08:00", "2025-07-20T18:00"),
        handed("cam-a", "2025-07-12T08:00", "Wang Wei"),
        back("cam-a", "2025-07-21T08:00"),
        handed("cam-a", "2025-07-25T12:00", "Zhao", was=None),
    )


# --- custody -----------------------------------------------------------------------------


def test_custody_is_told_stretch_by_stretch() -> None:
    lines = seen(Equipment, in_hands()).custody()
    assert [(x.custodian, x.how, x.booking, x.since, x.until, x.days) for x in lines] == [
        ("Li Na", "checked out", "b-1", at("2025-07-10T08:00"), at("2025-07-12T08:00"), 2),
        ("Wang Wei", "handed over", "b-1", at("2025-07-12T08:00"), at("2025-07-21T08:00"), 9),
        ("Zhao", "handed over", None, at("2025-07-25T12:00"), None, 8),
    ]
    assert [x.due_at for x in lines] == [at("2025-07-20T18:00"), at("2025-07-20T18:00"), None]
    assert [x.position for x in lines] == [5, 6, 8]


def test_custody_can_be_asked_by_person_booking_and_days() -> None:
    equipment = seen(Equipment, in_hands())

    def names(**asked: Any) -> list[str]:
        return [line.custodian for line in equipment.custody(**asked)]

    assert names(custodian="Zhao") == ["Zhao"]
    assert names(booking="b-1") == ["Li Na", "Wang Wei"]
    assert names(equipment="cam-b") == []
    assert names(since=day("2025-07-12"), until=day("2025-07-12")) == ["Li Na", "Wang Wei"]
    assert names(since=day("2025-07-13")) == ["Wang Wei", "Zhao"]
    assert names(until=day("2025-07-09")) == []
    assert names(since=day("2025-08-02")) == ["Zhao"], "who has it still, has it then"


def prolonged(item: str, when: str, due: str, was: str, who: str = "Li Na") -> Event:
    return LoanProlonged(
        equipment=item, at=at(when), booking="b-1", equipment_kind="camera", due_at=at(due),
        custodian=who, was_due_at=at(was),
    )  # fmt: skip


def test_a_loan_that_is_prolonged_stays_one_with_the_due_time_of_now() -> None:
    told = story(
        added("cam-a"),
        out("cam-a", "2025-07-10T08:00", "2025-07-20T18:00"),
        prolonged("cam-a", "2025-07-15T08:00", "2025-07-25T18:00", "2025-07-20T18:00"),
        handed("cam-a", "2025-07-16T08:00", "Wang Wei"),
        prolonged("cam-a", "2025-07-18T08:00", "2025-08-09T18:00", "2025-07-25T18:00", "Wang Wei"),
    )
    lines = seen(Equipment, told).custody()
    assert [(x.custodian, x.since, x.due_at) for x in lines] == [
        ("Li Na", at("2025-07-10T08:00"), at("2025-07-25T18:00")),
        ("Wang Wei", at("2025-07-16T08:00"), at("2025-08-09T18:00")),
    ]
    (due,) = seen(Equipment, told).due_back()
    assert (due.due_at, due.out_since, due.overdue) == (
        at("2025-08-09T18:00"),
        at("2025-07-10T08:00"),
        False,
    )


# --- due back ----------------------------------------------------------------------------


def lent() -> Scenario:
    return story(
        *(added(item) for item in ("cam-a", "cam-b", "cam-c", "cam-d")),
        out("cam-a", "2025-07-10T08:00", "2025-08-10T18:00"),
        out("cam-b", "2025-07-11T08:00", "2025-07-30T12:00", booking="b-2"),
        out("cam-c", "2025-07-12T08:00", "2025-07-20T12:00"),
        back("cam-c", "2025-07-31T12:00"),
        handed("cam-b", "2025-07-15T08:00", "Wang Wei"),
        moved("cam-b", "2025-07-16T08:00", "stage-1", "stage-2"),
    )


def test_what_is_overdue_stands_before_the_rest() -> None:
    lines = seen(Equipment, lent()).due_back()
    assert [(x.equipment, x.overdue, x.late) for x in lines] == [
        ("cam-b", True, 3),
        ("cam-a", False, 0),
    ]
    overdue = lines[0]
    assert (overdue.custodian, overdue.booking, overdue.place) == ("Wang Wei", "b-2", "stage-2")
    assert overdue.out_since == at("2025-07-11T08:00")


def test_due_back_on_an_earlier_day() -> None:
    equipment = seen(Equipment, lent())
    then = equipment.due_back(on=day("2025-07-21"))
    assert [(x.equipment, x.overdue) for x in then] == [
        ("cam-c", True),
        ("cam-b", False),
        ("cam-a", False),
    ]
    assert equipment.due_back(on=day("2025-07-09")) == []


def test_a_loan_to_a_person_is_due_back_too() -> None:
    lent = out("cam-a", "2025-07-10T08:00", "2025-07-20T18:00", booking=None)
    (line,) = seen(Equipment, story(added("cam-a"), lent)).due_back()
    assert (line.custodian, line.booking, line.over, line.late) == ("Li Na", None, None, 12)
    assert seen(Equipment, story(added("cam-a"), lent)).equipment(available=True) == []


def test_what_went_out_in_a_case_stands_under_it() -> None:
    when, due = "2025-07-10T08:00", "2025-07-20T18:00"
    told = story(
        *(added(item) for item in ("a-lens", "case", "z-cam")),
        out("case", when, due),
        out("a-lens", when, due, within="case"),
        out("z-cam", when, due),
    )
    lines = seen(Equipment, told).due_back()
    assert [(x.equipment, x.within) for x in lines] == [
        ("case", None),
        ("a-lens", "case"),
        ("z-cam", None),
    ]
    assert seen(Equipment, told).idle_equipment(days=0) == []


def test_due_back_can_be_asked_for_some() -> None:
    equipment = seen(Equipment, lent())

    def items(**asked: Any) -> list[str]:
        return [line.equipment for line in equipment.due_back(**asked)]

    assert items(overdue=True) == ["cam-b"]
    assert items(overdue=False) == ["cam-a"]
    assert items(custodian="Li Na") == ["cam-a"]
    assert items(booking="b-2") == ["cam-b"]
    assert items(kind="crane") == []


# --- idle --------------------------------------------------------------------------------


def test_what_nobody_used_for_so_many_days_is_idle() -> None:
    told = story(
        added("old"),  # registered on 1 July, the last event is of 2 August
        added("moved"),
        moved("moved", "2025-07-20T12:00", "stage-1", "stage-2"),
        added("lent"),
        out("lent", "2025-07-05T08:00", "2025-07-06T18:00"),
        back("lent", "2025-07-08T12:00"),
        added("out"),
        out("out", "2025-07-02T08:00", "2025-07-06T18:00"),
        added("gone"),
        EquipmentRetired(
            equipment="gone", at=at("2025-07-02T08:00"), place="stage-1", equipment_kind="camera"
        ),
    )
    equipment = seen(Equipment, told)
    lines = equipment.idle_equipment(days=0)
    assert [(x.equipment, x.last_use, x.idle) for x in lines] == [
        ("old", "registered", 32),
        ("lent", "checked in", 25),
        ("moved", "moved", 13),
    ]
    assert [x.equipment for x in equipment.idle_equipment()] == ["old"]
    assert [x.equipment for x in equipment.idle_equipment(days=25)] == ["old", "lent"]
    assert [x.equipment for x in equipment.idle_equipment(days=26)] == ["old"]
    assert [x.place for x in equipment.idle_equipment(days=0, place="stage-2")] == ["stage-2"]
    assert equipment.idle_equipment(days=0, kind="crane") == []


def test_what_travels_inside_a_container_is_used() -> None:
    lines = {x.equipment: x for x in seen(Equipment, boxed()).idle_equipment(days=0)}
    assert lines["lens-1"].last_used == at("2025-07-05T08:00")
    assert (lines["case-1"].last_used, lines["case-1"].last_use) == (
        at("2025-07-06T08:00"),
        "moved",
    )
    assert (lines["case-1"].place, lines["case-1"].container) == ("stage-1", "truck-1")


def test_a_late_entry_counts_from_when_it_happened() -> None:
    told = story(
        added("cam-a"),
        moved("cam-a", "2025-07-30T12:00", "stage-1", "stage-2"),
        moved("cam-a", "2025-07-05T12:00", "stage-1", "workshop", latest=False),
        moved("cam-a", "2025-07-06T12:00", "workshop", "stage-1", latest=False),
    )
    (line,) = seen(Equipment, told).idle_equipment(days=0)
    assert (line.idle, line.last_used) == (3, at("2025-07-30T12:00"))


# --- bookings that are over, and what is left to check out ---------------------------------


def test_what_is_out_for_a_booking_that_is_over_says_so() -> None:
    firm = confirmed("b-1", "2025-07-10..2025-07-20")
    about: dict[str, Any] = {
        "booking": "b-1",
        "space": "stage-1",
        "project": "resurrection",
        "period": firm.period,
    }
    told = story(firm, added("cam-a"), out("cam-a", "2025-07-10T08:00", "2025-07-30T18:00"))
    assert [line.over for line in seen(Equipment, told).due_back()] == [None]
    told.and_given(BookingCancelled(**about))
    assert [line.over for line in seen(Equipment, told).due_back()] == ["cancelled"]


def test_what_can_be_checked_out_is_not_out_in_service_or_retired() -> None:
    told = story(
        added("cam-a"),
        added("cam-b"),
        added("cam-c"),
        added("cam-d"),
        out("cam-a", "2025-07-10T08:00", "2025-07-30T18:00"),
        ServiceStarted(
            equipment="cam-b", at=at("2025-07-10T08:00"), kind="repair", equipment_kind="camera"
        ),
        EquipmentRetired(
            equipment="cam-c", at=at("2025-07-10T08:00"), place="stage-1", equipment_kind="camera"
        ),
    )
    equipment = seen(Equipment, told)
    assert [line.equipment for line in equipment.equipment(available=True)] == ["cam-d"]
    assert len(equipment.equipment(available=False)) == 3
    assert len(equipment.equipment()) == 4
