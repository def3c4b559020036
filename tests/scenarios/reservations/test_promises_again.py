"""Promises that were broken once: each by a second thought, or by what a booking became."""

from __future__ import annotations

from datetime import date

from ledger.decisions.bookings.shoot_days import StartBooking, WrapBooking
from ledger.decisions.bookings.splits import MergeBookings, SplitBooking
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.equipment.descriptions import ChangeEquipment
from ledger.decisions.equipment.items import PackEquipment
from ledger.decisions.equipment.loans import CheckIn, LendEquipment
from ledger.decisions.equipment.promise_refusals import (
    NotEnough,
    OutsideItsBooking,
    PromisedAway,
)
from ledger.decisions.equipment.reservations import (
    ReleaseEquipment,
    ReserveEquipment,
    SubHireEquipment,
)
from ledger.decisions.equipment.stocktaking import LoseStock
from ledger.errors import BadInput
from ledger.time.periods import Deadline, Moment
from tests.scenarios.booking_stories import hold
from tests.scenarios.reservations.test_reservations import (
    add,
    check_out,
    move,
    new_house,
    reserve,
    reserved,
    started,
)


def test_a_longer_time_taken_back_by_an_undo_may_be_another_s_by_now() -> None:
    story = new_house().and_given(
        reserve("a", "crane"), reserve("a", "crane", when="2027-03-01..2027-03-05")
    )
    undo = UndoEntry(position=story.position)
    assert story.when(undo, reason="slip").events
    story = story.and_given(reserve("b", "crane"))
    story.when(undo, reason="slip").refused(PromisedAway)
    longer = CorrectEntry(position=undo.position, to={"period": "2027-03-01..2027-03-09"})
    story.when(longer, reason="slip").refused(PromisedAway)


def test_a_wrap_taken_back_needs_what_it_left_to_others() -> None:
    story = new_house().and_given(reserve("a", "crane")).at("2027-03-02T09:00+08:00")
    story = story.and_given(
        StartBooking(booking="a", on=date(2027, 3, 1)),
        WrapBooking(booking="a", on=date(2027, 3, 2)),
    )
    undo = UndoEntry(position=story.position)
    story = story.and_given(reserve("b", "crane"))
    story.when(undo, reason="slip").refused(PromisedAway)


def test_a_loan_to_a_person_stands_again() -> None:
    story = started(new_house()).and_given(
        LendEquipment(equipment="crane", custodian="cy", due_at=Deadline("2027-03-12")),
        CheckIn(equipment="crane"),
    )
    undo = UndoEntry(position=story.position)
    assert story.when(undo, reason="slip").events
    story = story.and_given(reserve("b", "crane"))
    story.when(undo, reason="slip").refused(PromisedAway)


def test_a_hire_that_covers_a_part_of_a_shortage_is_welcome_and_is_not_moved_away() -> None:
    story = new_house().and_given(
        reserve("a", "cables=40"), LoseStock(equipment="cables=5", from_place="stage-1")
    )
    hire = SubHireEquipment(what="cables=3", supplier="Rental", booking="a", subhire="h-1")
    story = story.and_given(hire)
    away = CorrectEntry(position=story.position, to={"period": "2027-05-01..2027-05-02"})
    story.when(away, reason="slip").refused(NotEnough)


def test_an_item_that_is_promised_by_name_stays_of_its_kind() -> None:
    story = new_house().and_given(reserve("a", "cam-1"))
    lens = ChangeEquipment(equipment="cam-1", kind="lens")
    story.when(lens, reason="it is one").refused(PromisedAway)
    assert new_house().when(lens, reason="it is one").events


def test_a_part_does_not_get_what_is_out_for_the_whole() -> None:
    story = started(new_house().and_given(reserve("a", "crane"))).and_given(
        check_out("a", "crane", due="2027-03-09")
    )
    split = SplitBooking(booking="a", at=Moment("2027-03-09"), rest="a2")
    story.when(split).refused(PromisedAway, saying="out for booking 'a'")


def test_a_reservation_is_not_taken_back_to_days_that_its_booking_left() -> None:
    story = new_house().and_given(reserve("a", "crane"), move("a", "2027-02-01..2027-02-10"))
    story.when(UndoEntry(position=story.position), reason="slip").refused(OutsideItsBooking)


def test_a_case_with_two_pouches_is_reserved_with_the_cables_of_both() -> None:
    story = new_house().and_given(
        add("case", "case"),
        add("left", "pouch"),
        add("right", "pouch"),
        PackEquipment(equipment="cables=3", container="left"),
        PackEquipment(equipment="cables=4", container="right"),
        PackEquipment(equipment=("left", "right"), container="case"),
        reserve("a", "case", "cables=5"),
    )
    assert sorted(n for id, (_, n) in reserved(story, "a").items() if "cable" in id) == [5, 7]


def test_a_kind_is_named_once_and_an_item_beside_its_case_means_it_once() -> None:
    twice = ReserveEquipment(booking="a", kind=("camera=1", "Camera=1"))
    new_house().when(twice).refused(BadInput, saying="named twice")
    story = new_house().and_given(
        add("case", "case"),
        PackEquipment(equipment="cam-1", container="case"),
        reserve("a", "case", "cam-1"),
    )
    assert set(reserved(story, "a")) == {"case", "cam-1"}


def test_all_its_days_take_the_place_of_some_of_them() -> None:
    story = new_house().and_given(
        reserve("b", "crane", when="2027-03-08..2027-03-09"),
        reserve("b", "crane", when="2027-03-15..2027-03-16"),
        reserve("b", "crane"),
    )
    assert reserved(story, "b") == {"crane": ("2027-03-08..2027-03-20", 1)}


def test_a_further_reservation_has_an_id_that_none_before_it_had() -> None:
    story = new_house().and_given(
        reserve("a", "crane", when="2027-03-01..2027-03-03"), ReleaseEquipment(booking="a")
    )
    released = story.position
    story = story.and_given(reserve("a", "crane", when="2027-03-08..2027-03-10"))
    story.keep(story.when(UndoEntry(position=released), reason="slip"))
    assert reserved(story, "a") == {
        "crane": ("2027-03-01..2027-03-03", 1),
        "crane/2": ("2027-03-08..2027-03-10", 1),
    }


def test_a_merge_keeps_the_days_and_the_larger_number_of_both() -> None:
    story = new_house().and_given(
        hold("d", "2027-03-11..2027-03-12", confirm=True),
        reserve("a", "cables=5"),
        reserve("d", "cables=7"),
        MergeBookings(bookings=("a", "d")),
    )
    assert reserved(story, "a") == {
        "cables": ("2027-03-01..2027-03-12", 5),
        "cables/2": ("2027-03-11..2027-03-12", 2),
    }
