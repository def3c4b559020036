"""A case goes out, stays out and comes back with everything that is in it."""

from __future__ import annotations

import pytest

from ledger.decisions.equipment.items import RetireEquipment
from ledger.decisions.equipment.refusals import (
    CalibrationRunOut,
    CheckedOutAlready,
    InService,
    LaterEntryStands,
    LaterPlaceStands,
    NotEmpty,
    NotInIt,
    OutAlready,
    OutInItsCase,
)
from ledger.decisions.equipment.stocktaking import LoseStock
from ledger.events import EquipmentCheckedIn, EquipmentCheckedOut, EquipmentPacked
from ledger.events.equipment import StockTransferred
from ledger.testing.scenario import Scenario
from ledger.time.periods import Deadline
from tests.scenarios.equipment_house import (
    Known,
    add,
    check_in,
    check_out,
    hand_over,
    house,
    july,
    lend,
    move,
    pack,
    prolong,
    service,
    unpack,
)


@pytest.fixture
def story() -> Scenario:
    """Both lenses are in the case since the 2nd (#19, #20)."""
    return house().and_given(pack(("lens-1", "lens-2"), "case", 2))


ALL = ("case", "lens-1", "lens-2")


# --- out ---------------------------------------------------------------------------------


def test_each_thing_inside_goes_out_by_an_entry_of_its_own(story: Scenario) -> None:
    outcome = story.when(check_out("case", 3))
    found = [(event.equipment, event.within, event.booking) for event in outcome.events]  # type: ignore[attr-defined]  # each is a check-out
    assert {type(event) for event in outcome.events} == {EquipmentCheckedOut}
    assert found == [("case", None, "a"), ("lens-1", "case", "a"), ("lens-2", "case", "a")]


def test_a_case_in_a_case_goes_out_with_the_outermost(story: Scenario) -> None:
    story.and_given(pack("case", "truck", 3), pack("pouch", "truck", 3))
    outcome = story.when(check_out("truck", 4))
    within = {event.equipment: event.within for event in outcome.events}  # type: ignore[attr-defined]  # each is a check-out
    assert within == {
        "truck": None,
        **dict.fromkeys(("case", "lens-1", "lens-2", "pouch"), "truck"),
    }


def test_contents_that_are_out_for_another_booking_keep_the_case_in(story: Scenario) -> None:
    story.and_given(check_out("lens-2", 3, "b"))
    out = story.position
    story.when(check_out("case", 4)).refused(
        OutAlready, by=out, saying="lens-2, which is in case, is out for booking 'b'"
    )
    story.and_given(unpack("lens-2", 4), check_out("case", 5))
    assert Known(story).outs(*ALL) == ["a/ann", "a/ann", "b/ann"]


def test_contents_that_are_out_for_the_same_booking_stay_so(story: Scenario) -> None:
    story.and_given(check_out("lens-2", 3))
    outcome = story.when(check_out("case", 4))
    assert [event.equipment for event in outcome.events] == ["case", "lens-1"]  # type: ignore[attr-defined]  # each is a check-out
    story.and_given(check_out("case", 4), check_in("case", 5))
    assert Known(story).outs(*ALL) == [None, None, None]


def test_contents_are_out_once(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    story.when(check_out("lens-1", 4, "b")).refused(OutInItsCase, saying="is in case")
    story.when(lend("lens-1", 4)).refused(OutInItsCase)


@pytest.mark.parametrize("kind", ["quarantine", "repair"])
def test_a_case_stays_while_something_in_it_is_in_service(story: Scenario, kind: str) -> None:
    story.and_given(service("lens-2", kind, 3))
    story.when(check_out("case", 4)).refused(InService, by=story.position, saying="lens-2")
    story.and_given(unpack("lens-2", 4), check_out("case", 5))
    assert Known(story).outs(*ALL) == ["a/ann", "a/ann", None]


def test_a_case_stays_while_a_calibration_in_it_has_run_out(story: Scenario) -> None:
    story.and_given(
        service("lens-1", "calibration", 3),
        service("lens-1", "calibration", 4, done=True, valid_until=Deadline("2025-07-10")),
    )
    story.when(check_out("case", 11)).refused(CalibrationRunOut, saying="lens-1")
    story.and_given(check_out("case", 9))


def test_what_is_packed_into_a_case_that_is_out_goes_out_then(story: Scenario) -> None:
    story.and_given(add("filter"), check_out("case", 3))
    outcome = story.when(pack("filter", "case", 4))
    assert [type(event) for event in outcome.events] == [EquipmentPacked, EquipmentCheckedOut]
    assert outcome.events[1].within == "case"  # type: ignore[attr-defined]  # a check-out
    story.keep(outcome)
    assert Known(story).out("filter") == "a/ann"


def test_a_full_pouch_goes_into_a_case_that_is_out(story: Scenario) -> None:
    story.and_given(add("filter"), pack("filter", "pouch", 2), check_out("case", 3))
    story.and_given(pack("pouch", "case", 4))
    assert Known(story).outs("pouch", "filter") == ["a/ann", "a/ann"]
    story.and_given(unpack("pouch", 5))
    assert Known(story).outs("pouch", "filter", "case") == [None, None, "a/ann"]


def test_what_may_not_go_out_is_not_packed_into_what_is_out(story: Scenario) -> None:
    story.and_given(add("filter"), service("filter", "quarantine", 2), check_out("case", 3))
    story.when(pack("filter", "case", 4)).refused(InService)
    story.and_given(check_out("pouch", 3, "b"))
    story.when(pack("pouch", "case", 4)).refused(OutAlready, saying="booking 'b'")


# --- unpacked ----------------------------------------------------------------------------


def test_what_is_unpacked_from_a_case_that_is_out_comes_back(story: Scenario) -> None:
    story.and_given(check_out("case", 3), unpack("lens-1", 4))
    assert Known(story).outs(*ALL) == ["a/ann", None, "a/ann"]
    story.and_given(check_out("lens-1", 5, "b"))


def test_or_stays_out_by_itself(story: Scenario) -> None:
    story.and_given(check_out("case", 3), unpack("lens-1", 4, still_out=True), check_in("case", 5))
    assert Known(story).outs(*ALL) == [None, "a/ann", None]
    story.when(check_out("lens-1", 6, "b")).refused(CheckedOutAlready, saying="check-in lens-1")
    story.and_given(check_in("lens-1", 6))


def test_what_went_out_by_itself_stays_out_when_unpacked(story: Scenario) -> None:
    story.and_given(check_out("lens-1", 3), check_out("case", 4), unpack("lens-1", 5))
    assert Known(story).outs(*ALL) == ["a/ann", "a/ann", "a/ann"]


def test_unpacking_in_the_house_ends_no_loan(story: Scenario) -> None:
    """The lens was left out on location, and the case that it was put into since never went."""
    story.and_given(check_out("case", 3), check_in("case", 4, without=("lens-1",)))
    story.and_given(pack("lens-1", "pouch", 5), unpack("lens-1", 6))
    assert Known(story).out("lens-1") == "a/ann"


def test_unpacking_names_the_container_that_it_means(story: Scenario) -> None:
    story.when(unpack("lens-1", 3, container="pouch")).refused(NotInIt)
    assert story.when(unpack("lens-1", 3, container="case")).events


# --- back --------------------------------------------------------------------------------


def test_everything_comes_back_with_the_case(story: Scenario) -> None:
    story.and_given(pack("case", "truck", 3), check_out("truck", 4))
    outcome = story.when(check_in("truck", 5))
    assert {type(event) for event in outcome.events} == {EquipmentCheckedIn}
    story.keep(outcome)
    assert Known(story).outs("truck", *ALL) == [None] * 4


def test_a_case_comes_back_without_something(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    story.when(check_in("case", 4, without=("pouch",))).refused(NotInIt, saying="pouch")
    story.and_given(check_in("case", 4, without=("lens-2",)))
    known = Known(story)
    assert known.outs(*ALL) == [None, None, "a/ann"]
    assert known.inside("case") == ("lens-1",)
    story.and_given(check_in("lens-2", 5), pack("lens-2", "case", 6))
    assert Known(story).outs(*ALL) == [None, None, None]


def test_a_case_in_the_truck_stays_out_with_all_that_is_in_it(story: Scenario) -> None:
    story.and_given(pack("case", "truck", 3), check_out("truck", 4))
    story.and_given(check_in("truck", 5, without=("case",)))
    assert Known(story).outs("truck", *ALL) == [None, "a/ann", "a/ann", "a/ann"]
    story.and_given(check_in("case", 6))
    assert Known(story).outs(*ALL) == [None, None, None]


def test_nothing_in_a_case_that_is_out_comes_back_by_itself(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    story.when(check_in("lens-1", 4)).refused(OutInItsCase, saying="unpack lens-1")


def test_a_scanned_list_may_name_what_is_inside_too(story: Scenario) -> None:
    story.and_given(check_out(("lens-1", "case", "lens-2"), 3))
    assert Known(story).outs(*ALL) == ["a/ann"] * 3
    story.and_given(check_in(("lens-2", "case", "lens-1"), 4))
    assert Known(story).outs(*ALL) == [None] * 3


# --- handed over, and kept longer --------------------------------------------------------


def test_the_next_custodian_has_the_contents_too(story: Scenario) -> None:
    story.and_given(check_out("case", 3), hand_over("lens-2", 4, "cy"))
    story.and_given(hand_over("case", 5, "bo"))
    assert Known(story).outs(*ALL) == ["a/bo", "a/bo", "a/cy"]


def test_a_case_lent_to_a_person_and_handed_over_comes_back_whole(story: Scenario) -> None:
    story.and_given(pack("cables=10", "case", 2), lend("case", 3), hand_over("case", 4, "bo"))
    assert Known(story).outs(*ALL) == ["-/bo"] * 3
    assert Known(story).pieces() == {"stage-1": 30, "case -/bo": 10}
    story.and_given(add("filter"), pack("filter", "case", 5), prolong("case", 6, 24))
    story.and_given(pack("cables=5", "case", 7))
    assert Known(story).pieces() == {"stage-1": 25, "case -/bo": 15}
    story.and_given(check_in("case", 8))
    assert Known(story).outs(*ALL, "filter") == [None] * 4
    assert Known(story).pieces() == {"stage-1": 25, "case": 15}


def test_the_contents_are_due_with_the_case(story: Scenario) -> None:
    story.and_given(
        pack("cables=10", "case", 2), check_out("case", 3, due_at=Deadline("2025-07-20"))
    )
    outcome = story.when(prolong("case", 4, 24))
    lots = [event.destination for event in outcome.events if isinstance(event, StockTransferred)]
    singles = [event.due_at for event in outcome.events if not isinstance(event, StockTransferred)]  # type: ignore[attr-defined]  # each is of a loan
    assert len(singles) == 3
    assert {*singles, *(lot.due_at for lot in lots if lot is not None)} == {
        Deadline("2025-07-24").resolve("Asia/Shanghai")
    }


# --- stock in a case ---------------------------------------------------------------------


def test_pieces_in_a_case_go_with_it(story: Scenario) -> None:
    story.and_given(pack("cables=10", "case", 2), check_out("case", 3))
    assert Known(story).pieces() == {"stage-1": 30, "case a/ann": 10}
    story.when(check_in("cables=5", 4)).refused(OutInItsCase, saying="cables is in case")
    story.and_given(unpack("cables=4", 4), pack("cables=1", "case", 5))
    assert Known(story).pieces() == {"stage-1": 33, "case a/ann": 7}
    story.and_given(check_in("case", 6, without=("cables=2",)))
    assert Known(story).pieces() == {"stage-1": 33, "stage-1 a/ann": 2, "case": 5}
    story.and_given(check_in("cables", 7))
    assert Known(story).pieces() == {"stage-1": 35, "case": 5}


def test_pieces_out_on_another_loan_keep_no_case_in(story: Scenario) -> None:
    story.and_given(pack("cables=10", "case", 2), check_out("cables=30", 3, "b"))
    story.and_given(check_out("case", 4))
    assert Known(story).pieces() == {"stage-1 b/ann": 30, "case a/ann": 10}


def test_pieces_come_out_where_the_case_is(story: Scenario) -> None:
    story.and_given(pack("cables=10", "case", 2), move("case", "stage-2", 3), unpack("cables", 4))
    assert Known(story).pieces() == {"stage-1": 30, "stage-2": 10}
    assert "cables" not in Known(story).inside("case")


def test_pieces_lost_in_a_case_are_in_it_no_longer(story: Scenario) -> None:
    story.and_given(pack("cables=10", "pouch", 2), check_out("pouch", 3))
    story.and_given(LoseStock(equipment="cables=10", booking="a", at=july(4)), check_in("pouch", 5))
    known = Known(story)
    assert (known.pieces(), known.inside("pouch")) == ({"stage-1": 30}, ())
    story.and_given(RetireEquipment(equipment="pouch", at=july(6)))


def test_a_case_with_pieces_inside_is_not_retired(story: Scenario) -> None:
    story.and_given(pack("cables=10", "pouch", 2))
    story.when(RetireEquipment(equipment="pouch", at=july(3))).refused(NotEmpty, saying="cables")


# --- entered late ------------------------------------------------------------------------


def test_a_case_goes_out_late_only_with_what_was_in_it_then(story: Scenario) -> None:
    """The filter went in on the 5th, which was entered after that lens-2 came out on the 10th."""
    story.and_given(add("filter"), unpack("lens-2", 10))
    out = story.position
    story.and_given(pack("filter", "case", 5))
    story.when(check_out("case", 7)).refused(LaterEntryStands, by=out)
    story.and_given(check_out("case", 10))


def test_a_case_goes_out_late_only_before_its_contents_did(story: Scenario) -> None:
    story.and_given(check_out("lens-1", 9))
    out = story.position
    story.when(check_out("case", 7)).refused(LaterEntryStands, by=out)
    story.and_given(check_out("case", 9))


def test_a_thing_out_by_itself_was_not_in_a_case_that_was_out_before(story: Scenario) -> None:
    story.and_given(check_out("case", 3), add("filter"), check_out("filter", 9))
    story.when(pack("filter", "case", 7)).refused(LaterEntryStands, by=story.position)
    story.and_given(pack("filter", "case", 9))
    assert Known(story).out("filter") == "a/ann"


def test_nothing_came_back_late_that_was_packed_into_what_was_out(story: Scenario) -> None:
    story.and_given(check_out("case", 3), add("filter"), check_out("filter", 4))
    story.and_given(pack("filter", "case", 6))
    packed = story.position
    story.and_given(unpack("filter", 8))
    story.when(check_in("filter", 5)).refused(LaterEntryStands, by=packed)
    story.and_given(check_in("filter", 8))


def test_packing_late_is_in_order_with_the_loans_of_the_case(story: Scenario) -> None:
    story.and_given(add("filter"), check_out("case", 5))
    story.when(pack("filter", "case", 4)).refused(LaterEntryStands)
    story.when(pack("cables=4", "case", 4)).refused(LaterEntryStands)
    story.when(unpack("lens-1", 4)).refused(LaterEntryStands)


def test_pieces_bear_witness_where_their_case_was(story: Scenario) -> None:
    story.and_given(pack("cables=10", "pouch", 10))
    packed = story.position
    story.when(move("pouch", "stage-2", 5)).refused(LaterPlaceStands, by=packed)
    story.when(pack("pouch", "truck", 5)).refused(LaterEntryStands, by=packed)
    story.and_given(unpack("cables", 11))
    story.when(RetireEquipment(equipment="pouch", at=july(5))).refused(LaterEntryStands)
    story.and_given(move("pouch", "stage-2", 11))


def test_pieces_deep_inside_bear_witness_too(story: Scenario) -> None:
    story.and_given(pack("case", "truck", 3), pack("cables=10", "case", 10))
    packed = story.position
    story.when(move("truck", "stage-2", 5)).refused(LaterPlaceStands, by=packed)
    story.when(unpack("case", 5)).refused(LaterEntryStands, by=packed)
    story.and_given(unpack("case", 12))
    story.when(move("truck", "stage-2", 5, back=11)).refused(LaterPlaceStands, by=packed)
    story.when(move("truck", "stage-2", 5, back=12.5)).refused(LaterPlaceStands)
    story.and_given(move("truck", "stage-2", 12))


def test_a_late_move_of_a_case_stays_between_its_packings(story: Scenario) -> None:
    story.and_given(add("filter"), pack("filter", "case", 10))
    story.when(move("case", "stage-2", 5)).refused(LaterPlaceStands)
    story.and_given(move("case", "stage-2", 5, back=6))
