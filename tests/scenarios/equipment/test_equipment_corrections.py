"""Moves, loans, packing, service and stock are put right, as bookings are."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from ledger.decisions.base import Context, Snapshot
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.correction_refusals import NoReason, StandsOnIt
from ledger.decisions.equipment.contents import read_contents
from ledger.decisions.equipment.counts import read_count
from ledger.decisions.equipment.custody import read_custody
from ledger.decisions.equipment.fitness import ServiceEquipment, read_service
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut, HandOver, ProlongLoan
from ledger.decisions.equipment.places import place_at
from ledger.decisions.equipment.refusals import BookingNotFirm, NotSoMany, NotYetHappened
from ledger.decisions.equipment.stock import read_stock
from ledger.errors import BadInput, BadTime, UnknownId
from ledger.events.base import Header
from ledger.testing.scenario import Outcome, Scenario
from ledger.time.periods import Deadline, Moment
from tests.scenarios.booking_stories import campus, hold

NOW = "2025-07-10T12:00+08:00"


def add(equipment: str, kind: str = "lens", **more: Any) -> AddEquipment:
    """To add an item on stage 1, or a stock."""
    at = Moment("2025-07-01T08:00")
    return AddEquipment(
        equipment=equipment, name=equipment, kind=kind, at_place="stage-1", at=at, **more
    )


def move(equipment: str, to: str, at: str, **more: Any) -> MoveEquipment:
    return MoveEquipment(equipment=equipment, to=to, at=Moment(at), **more)


def check_out(equipment: str, at: str, booking: str = "a", custodian: str = "ann") -> CheckOut:
    return CheckOut(
        equipment=equipment,
        booking=booking,
        custodian=custodian,
        due_at=Deadline("2025-07-20"),
        at=Moment(at),
    )


@pytest.fixture
def house() -> Scenario:
    """#9 to #12: two firm bookings; #13 to #16: a case, two lenses, forty cables."""
    return (
        campus()
        .and_given(
            hold("a", "2025-07-01..2025-07-31", space="stage-1", confirm=True),
            hold("b", "2025-07-01..2025-07-31", "dragon", space="stage-2", confirm=True),
        )
        .at(NOW)
        .and_given(
            add("case", "case"), add("lens-1"), add("lens-2"), add("cables", "cable", quantity=40)
        )
    )


class Known:
    """What the ledger knows of the equipment now."""

    def __init__(self, story: Scenario) -> None:
        snapshot = Snapshot(story.history, story.position)
        header = Header(actor="reader")
        self.ctx = Context(snapshot, now=story.clock.now(), new_id=str, header=header)

    def place(self, item: str) -> str:
        return place_at(self.ctx, item, self.ctx.now)

    def out(self, item: str) -> tuple[str | None, str | None] | None:
        """The booking and the custodian."""
        custody = read_custody(self.ctx, item)
        return None if custody.out is None else (custody.out.booking, custody.custodian)

    def pieces(self, stock: str) -> dict[str, int]:
        return {
            f"{one.lot.place or one.lot.container}/{one.lot.booking or '-'}": one.quantity
            for one in read_stock(self.ctx, stock).pieces
        }


def correct(story: Scenario, position: int, **to: Any) -> Outcome:
    return story.when(CorrectEntry(position=position, to=to), reason="slip of the pen")


def undo(story: Scenario, position: int) -> Outcome:
    return story.when(UndoEntry(position=position), reason="slip of the pen")


def kept(story: Scenario, outcome: Outcome) -> Known:
    """Record what a correction proposes, and look."""
    if outcome.refusal is not None:
        raise AssertionError(str(outcome.refusal)) from outcome.refusal
    story.keep(outcome)
    return Known(story)


# --- places ------------------------------------------------------------------------------


def test_a_move_went_elsewhere_and_the_next_one_began_there(house: Scenario) -> None:
    house.and_given(move("lens-1", "stage-2", "2025-07-02T08:00"))
    first = house.position
    house.and_given(move("lens-1", "workshop", "2025-07-03T08:00"))
    kept(house, correct(house, first, destination="outside:rental"))
    known = Known(house)
    assert known.place("lens-1") == "workshop"
    late = move("lens-1", "stage-1", "2025-07-02T20:00", return_at=Moment("2025-07-02T21:00"))
    assert house.when(late).events[0].origin == "outside:rental"  # type: ignore[attr-defined]  # a move


def test_a_move_of_the_wrong_item_is_taken_back(house: Scenario) -> None:
    house.and_given(move("lens-1", "stage-2", "2025-07-02T08:00"))
    known = kept(house, undo(house, house.position))
    assert known.place("lens-1") == "stage-1"
    assert house.when(move("lens-1", "workshop", "2025-07-04T08:00")).events


def test_a_move_that_a_packing_bears_witness_of_stands(house: Scenario) -> None:
    house.and_given(
        move("lens-1", "stage-2", "2025-07-02T08:00"), move("case", "stage-2", "2025-07-02T08:00")
    )
    moved = house.position
    house.and_given(PackEquipment(equipment="lens-1", container="case"))
    packed = house.position
    undo(house, moved).refused(StandsOnIt, by=packed)
    correct(house, moved, destination="workshop").refused(StandsOnIt)


def test_contents_come_out_where_the_case_was_in_truth(house: Scenario) -> None:
    house.and_given(
        PackEquipment(equipment="lens-1", container="case", at=Moment("2025-07-02T08:00")),
        move("case", "stage-2", "2025-07-03T08:00"),
    )
    moved = house.position
    house.and_given(UnpackEquipment(equipment="lens-1", at=Moment("2025-07-04T08:00")))
    known = kept(house, correct(house, moved, destination="workshop"))
    assert (known.place("case"), known.place("lens-1")) == ("workshop", "workshop")


def test_values_are_checked_as_ever(house: Scenario) -> None:
    house.and_given(move("lens-1", "stage-2", "2025-07-02T08:00"))
    correct(house, house.position, destination="nowhere").refused(UnknownId)
    correct(house, house.position, destination="stage-1").refused(StandsOnIt)
    correct(house, house.position, at="2025-08-02T08:00").refused(NotYetHappened)
    correct(house, house.position, origin="workshop").refused(BadInput)
    house.when(UndoEntry(position=house.position)).refused(NoReason)


def test_a_time_may_change_within_the_order_of_things(house: Scenario) -> None:
    house.and_given(
        move("lens-1", "stage-2", "2025-07-02T08:00"),
        move("lens-1", "workshop", "2025-07-04T08:00"),
    )
    second = house.position
    correct(house, second, at="2025-07-01T20:00").refused(StandsOnIt)
    known = kept(house, correct(house, second, at="2025-07-03T08:00"))
    assert known.place("lens-1") == "workshop"


# --- loans -------------------------------------------------------------------------------


def test_a_case_went_out_for_another_booking_with_all_that_is_in_it(house: Scenario) -> None:
    house.and_given(
        PackEquipment(equipment="lens-1", container="case", at=Moment("2025-07-02T08:00")),
        check_out("case", "2025-07-05T08:00"),
    )
    out = house.position - 1
    house.and_given(HandOver(equipment="case", custodian="cy", at=Moment("2025-07-06T08:00")))
    known = kept(house, correct(house, out, booking="b", custodian="bo"))
    assert known.out("case") == known.out("lens-1") == ("b", "cy")


def test_a_check_out_taken_back_brings_the_contents_back(house: Scenario) -> None:
    house.and_given(
        PackEquipment(equipment="lens-1", container="case", at=Moment("2025-07-02T08:00")),
        check_out("case", "2025-07-05T08:00"),
    )
    known = kept(house, undo(house, house.position - 1))
    assert known.out("case") is known.out("lens-1") is None
    assert house.when(check_out("lens-1", "2025-07-06T08:00", "b")).events


def test_a_check_out_with_a_return_on_record_stands(house: Scenario) -> None:
    house.and_given(check_out("lens-1", "2025-07-05T08:00"))
    out = house.position
    house.and_given(CheckIn(equipment="lens-1", at=Moment("2025-07-06T08:00")))
    undo(house, out).refused(StandsOnIt, by=house.position)
    known = kept(house, undo(house, house.position))
    assert known.out("lens-1") == ("a", "ann")


def test_a_loan_says_the_right_day_and_the_next_one_is_left_alone(house: Scenario) -> None:
    house.and_given(check_out("lens-1", "2025-07-02T08:00"))
    first = house.position
    house.and_given(
        ProlongLoan(
            equipment="lens-1", due_at=Deadline("2025-07-25"), at=Moment("2025-07-03T08:00")
        ),
        CheckIn(equipment="lens-1", at=Moment("2025-07-04T08:00")),
        check_out("lens-1", "2025-07-05T08:00"),
    )
    correct(house, first, due_at="2025-07-01T08:00").refused(BadTime)
    outcome = correct(house, first, custodian="bo", due_at="2025-07-15T08:00")
    assert len(outcome.events) == 2  # the loan, and its prolongation
    assert kept(house, outcome).out("lens-1") == ("a", "ann")


def test_a_loan_is_for_a_booking_that_was_firm(house: Scenario) -> None:
    house.and_given(
        check_out("lens-1", "2025-07-05T08:00"), hold("c", "2025-07-20", "comet", space="workshop")
    )
    correct(house, 17, booking="c").refused(BookingNotFirm)
    correct(house, 17, booking="x").refused(UnknownId)


# --- packing -----------------------------------------------------------------------------


def test_a_packing_into_the_wrong_case_is_taken_back(house: Scenario) -> None:
    house.and_given(
        PackEquipment(equipment="lens-1", container="case", at=Moment("2025-07-02T08:00"))
    )
    packed = house.position
    house.and_given(
        PackEquipment(equipment="lens-2", container="case", at=Moment("2025-07-02T09:00"))
    )
    known = kept(house, undo(house, packed))
    assert read_contents(known.ctx, "case")[0] == ("lens-2",)
    house.when(RetireEquipment(equipment="case")).refused(saying="lens-2")
    house.and_given(UnpackEquipment(equipment="lens-2"))
    assert house.when(RetireEquipment(equipment="case")).events


def test_a_packing_into_a_case_that_was_out_takes_its_loan_back_too(house: Scenario) -> None:
    house.and_given(
        check_out("case", "2025-07-02T08:00"),
        PackEquipment(equipment="lens-1", container="case", at=Moment("2025-07-03T08:00")),
    )
    assert Known(house).out("lens-1") == ("a", "ann")
    known = kept(house, undo(house, house.position - 1))
    assert known.out("lens-1") is None


def test_a_loan_of_a_thing_in_a_case_that_is_out_stands_with_it(house: Scenario) -> None:
    house.and_given(
        PackEquipment(equipment="lens-1", container="case", at=Moment("2025-07-02T08:00")),
        check_out("case", "2025-07-05T08:00"),
    )
    undo(house, house.position).refused(StandsOnIt)
    correct(house, house.position, booking="b").refused(StandsOnIt)


# --- service, counts and stock -----------------------------------------------------------


def test_a_service_was_of_another_day_or_of_another_item(house: Scenario) -> None:
    repair = ServiceEquipment(equipment="lens-1", kind="repair", at=Moment("2025-07-02T08:00"))
    house.and_given(repair)
    started = house.position
    house.and_given(check_out("lens-2", "2025-07-05T08:00"))
    known = kept(house, undo(house, started))
    assert read_service(known.ctx, "lens-1", "repair") is None
    assert read_count(known.ctx, "lens").away == ()
    assert house.when(check_out("lens-1", "2025-07-06T08:00")).events


def test_a_retirement_taken_back_counts_again(house: Scenario) -> None:
    house.and_given(RetireEquipment(equipment="lens-1"))
    assert read_count(Known(house).ctx, "lens").pieces == 1
    known = kept(house, undo(house, house.position))
    assert read_count(known.ctx, "lens").pieces == 2
    house.and_given(add("lens-3"))
    assert read_count(Known(house).ctx, "lens").pieces == 3


def test_pieces_that_were_counted_wrongly(house: Scenario) -> None:
    house.and_given(move("cables=30", "stage-2", "2025-07-02T08:00"))
    moved = house.position
    house.and_given(
        replace(check_out("cables=10", "2025-07-03T08:00", "b"), from_place="stage-2"),
    )
    correct(house, moved, quantity=9).refused(NotSoMany)
    undo(house, moved).refused(NotSoMany)
    known = kept(house, correct(house, moved, quantity=12))
    assert known.pieces("cables") == {"stage-1/-": 28, "stage-2/-": 2, "stage-2/b": 10}
    house.and_given(move("cables=2", "stage-1", "2025-07-05T08:00", origin="stage-2"))
    assert Known(house).pieces("cables") == {"stage-1/-": 30, "stage-2/b": 10}
