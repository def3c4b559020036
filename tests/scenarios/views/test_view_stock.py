"""Stock: pieces in lots, each at a place or in a container, and on a loan of its own."""

from __future__ import annotations

from typing import Any

from ledger_equipment import Equipment

from ledger.events import EquipmentRegistered, StockTransferred
from ledger.events.base import Event
from ledger.events.equipment import Lot, StockChange
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from tests.scenarios.view_stories import at, day, seen, story
from tests.scenarios.views.test_view_equipment import added, moved, out

STAGE, SHOP, CASE = Lot(place="stage-1"), Lot(place="workshop"), Lot(container="case-1")


def loan(lot: Lot, due: str, who: str = "Li Na", booking: str | None = "b-1") -> Lot:
    return Lot(
        place=lot.place, container=lot.container, booking=booking, custodian=who, due_at=at(due)
    )


def cables(quantity: int = 40) -> Event:
    return EquipmentRegistered(
        equipment="cables", at=at("2025-07-01T08:00"), name="Cables", kind="cable",
        place="stage-1", quantity=quantity,
    )  # fmt: skip


def took(
    how: StockChange, quantity: int, when: str, origin: Lot | None, to: Lot | None
) -> StockTransferred:
    return StockTransferred(
        equipment="cables", at=at(when), how=how, quantity=quantity, origin=origin,
        destination=to, equipment_kind="cable", pieces=(), newest_at=at(when),
    )  # fmt: skip


def lots(told: Scenario, **asked: Any) -> list[tuple[str, str | None, int]]:
    return [(x.place, x.container, x.quantity) for x in seen(Equipment, told).stock(**asked)]


def scattered() -> Scenario:
    """Twelve in a case that drives off, eight in the workshop, five out with Li Na."""
    return story(
        added("case-1"),
        cables(),
        took("moved", 8, "2025-07-02T08:00", STAGE, SHOP),
        took("packed", 12, "2025-07-03T08:00", STAGE, CASE),
        took("checked out", 5, "2025-07-04T08:00", STAGE, loan(STAGE, "2025-07-20T18:00")),
        moved("case-1", "2025-07-05T08:00", "stage-1", "outside:desert"),
    )


def test_each_lot_of_a_stock_is_a_row() -> None:
    told = scattered()
    assert lots(told) == [
        ("stage-1", None, 15),
        ("workshop", None, 8),
        ("outside:desert", "case-1", 12),
        ("stage-1", None, 5),
    ]
    lines = seen(Equipment, told).equipment(equipment="cables")
    assert [(x.place, x.quantity, x.booking) for x in lines] == [
        ("stage-1", 15, None),
        ("workshop", 8, None),
        ("outside:desert", 12, None),
        ("stage-1", 5, "b-1"),
    ]
    assert lines[1].since == at("2025-07-02T08:00")
    found = seen(Equipment, told).equipment
    assert [x.quantity for x in found(equipment="cables", available=True)] == [15, 8, 12]
    assert [x.quantity for x in found(booking="b-1")] == [5]
    assert found(equipment="case-1")[0].quantity is None


def test_a_stock_on_an_earlier_day_and_at_a_place() -> None:
    told = scattered()
    assert lots(told, on=day("2025-07-02")) == [("stage-1", None, 32), ("workshop", None, 8)]
    assert lots(told, on=day("2025-07-04"))[2] == ("stage-1", "case-1", 12)
    assert lots(told, place="workshop") == [("workshop", None, 8)]
    assert lots(told, equipment="case-1") == [], "a single item has no lots"


def test_what_is_bought_lost_or_retired_changes_the_count() -> None:
    told = story(
        cables(10),
        took("lost", 2, "2025-07-02T08:00", STAGE, None),
        took("bought", 5, "2025-07-03T08:00", None, SHOP),
        took("found", 1, "2025-07-04T08:00", None, STAGE),
    )
    assert lots(told) == [("stage-1", None, 9), ("workshop", None, 5)]
    steps = seen(Equipment, told).equipment_moves()
    assert [(s.what, s.place, s.quantity) for s in steps] == [
        ("registered", "stage-1", 10),
        ("lost", "stage-1", 2),
        ("bought", "workshop", 5),
        ("found", "stage-1", 1),
    ]


def test_a_stock_without_a_piece_is_retired() -> None:
    told = story(cables(3), took("retired", 3, "2025-07-02T08:00", STAGE, None))
    (line,) = seen(Equipment, told).equipment()
    assert (line.quantity, line.retired, line.place) == (0, True, "stage-1")
    assert lots(told) == []
    assert seen(Equipment, told).idle_equipment(days=0) == []


def test_the_moves_of_pieces_are_steps_and_late_ones_are_marked() -> None:
    told = story(
        cables(),
        took("moved", 8, "2025-07-05T08:00", STAGE, SHOP),
        took("moved", 2, "2025-07-02T08:00", STAGE, SHOP),
    )
    steps = seen(Equipment, told).equipment_moves(equipment="cables")
    assert [(s.at, s.origin, s.place, s.quantity, s.late) for s in steps[1:]] == [
        (at("2025-07-02T08:00"), "stage-1", "workshop", 2, True),
        (at("2025-07-05T08:00"), "stage-1", "workshop", 8, False),
    ]
    packed = seen(Equipment, scattered()).equipment_moves(equipment="cables")[2]
    assert (packed.what, packed.place, packed.container) == ("packed", "stage-1", "case-1")


def lent() -> Scenario:
    """Twenty out with Li Na in two goes, prolonged; six of them go on to Wang Wei; ten are back."""
    first, second = loan(STAGE, "2025-07-20T18:00"), loan(STAGE, "2025-07-30T18:00")
    return story(
        cables(),
        took("checked out", 12, "2025-07-02T08:00", STAGE, first),
        took("checked out", 8, "2025-07-03T08:00", STAGE, first),
        took("prolonged", 20, "2025-07-04T08:00", first, second),
        took("handed over", 6, "2025-07-05T08:00", second, loan(STAGE, "2025-07-30T18:00", "Wang")),
        took("checked in", 14, "2025-07-10T08:00", second, STAGE),
    )


def test_what_somebody_has_of_a_stock_is_one_stretch() -> None:
    lines = seen(Equipment, lent()).custody(equipment="cables")
    assert [(x.custodian, x.how, x.quantity, x.since, x.until) for x in lines] == [
        ("Li Na", "checked out", 20, at("2025-07-02T08:00"), at("2025-07-10T08:00")),
        ("Wang", "handed over", 6, at("2025-07-05T08:00"), None),
    ]
    assert {x.due_at for x in lines} == {at("2025-07-30T18:00")}


def test_pieces_that_are_out_are_due_back() -> None:
    equipment = seen(Equipment, lent())
    (line,) = equipment.due_back()
    assert (line.equipment, line.quantity, line.custodian) == ("cables", 6, "Wang")
    then = equipment.due_back(on=day("2025-07-02"))
    assert [(x.quantity, x.due_at) for x in then] == [(12, at("2025-07-20T18:00"))]


def test_pieces_in_a_case_that_is_out_stand_under_it() -> None:
    told = story(
        added("cam-a"),
        cables(),
        out(),
        took("packed", 12, "2025-07-09T08:00", STAGE, Lot(container="cam-a")),
        took(
            "checked out", 12, "2025-07-10T08:00", Lot(container="cam-a"),
            loan(Lot(container="cam-a"), "2025-07-20T18:00"),
        ),
    )  # fmt: skip
    lines = seen(Equipment, told).due_back()
    assert [(x.equipment, x.within, x.quantity) for x in lines] == [
        ("cam-a", None, None),
        ("cables", "cam-a", 12),
    ]


def test_a_stock_is_idle_when_no_piece_of_it_is_out() -> None:
    equipment = seen(Equipment, story(cables(), took("moved", 25, "2025-07-03T12:00", STAGE, SHOP)))
    (line,) = equipment.idle_equipment(days=0)
    assert (line.place, line.last_use, line.idle) == ("workshop", "moved", 30)
    assert seen(Equipment, lent()).idle_equipment(days=0) == []


def test_pieces_become_overdue_though_nothing_is_recorded() -> None:
    equipment = seen(Equipment, scattered())
    assert [x.overdue for x in equipment.due_back()] == [True]
    ask_at(equipment, at("2025-08-05T18:00"))
    assert [x.late for x in equipment.due_back()] == [16]
