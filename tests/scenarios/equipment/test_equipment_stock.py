"""Stock: pieces at several places, in cases and on loans, and never more than there are."""

from __future__ import annotations

import pytest

from ledger.decisions.equipment.items import RetireEquipment
from ledger.decisions.equipment.refusals import (
    AlreadyThere,
    LaterEntryStands,
    NotSoMany,
    NotTogether,
    NotYetRegistered,
    WhichLot,
)
from ledger.decisions.equipment.stocktaking import FindStock, LoseStock
from ledger.errors import BadInput
from ledger.events.equipment import Lot, Pieces, StockTransferred
from ledger.testing.scenario import Scenario
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
    take_from,
    unpack,
)


@pytest.fixture
def story() -> Scenario:
    """Forty cables on stage 1 (#18)."""
    return house()


def tally(story: Scenario) -> dict[str, int]:
    return Known(story).pieces()


# --- from place to place -----------------------------------------------------------------


def test_a_transfer_says_what_went_where_and_carries_the_whole_stock(story: Scenario) -> None:
    here, there = Lot(place="stage-1"), Lot(place="stage-2")
    story.when(move("cables=15", "stage-2", 3)).then(
        StockTransferred(
            equipment="cables",
            at=july(3).resolve("Asia/Shanghai"),
            how="moved",
            quantity=15,
            origin=here,
            destination=there,
            equipment_kind="cable",
            pieces=(Pieces(here, 25), Pieces(there, 15)),
            newest_at=july(3).resolve("Asia/Shanghai"),
        )
    )


def test_some_are_moved_on_and_the_rest_without_a_number(story: Scenario) -> None:
    story.and_given(
        move("cables=15", "stage-2", 3), take_from("cables=5", "stage-2", "workshop", 4)
    )
    assert tally(story) == {"stage-1": 25, "stage-2": 10, "workshop": 5}
    story.and_given(take_from("cables", "stage-1", "workshop", 5))
    assert tally(story) == {"stage-2": 10, "workshop": 30}


def test_it_must_be_clear_which_are_meant(story: Scenario) -> None:
    story.and_given(move("cables=15", "stage-2", 3), check_out("cables=3", 4, from_place="stage-2"))
    story.when(move("cables=5", "workshop", 5)).refused(
        WhichLot,
        by=story.position,
        saying="pieces of cables are at stage-1 in the house, and at stage-2 in the house",
    )
    story.when(check_out("cables=5", 5)).refused(WhichLot, saying="--from PLACE")
    story.and_given(check_out("cables=3", 4, "b", from_place="stage-2"))
    story.when(check_in("cables=2", 5)).refused(
        WhichLot, saying="at stage-2 out for booking 'a', and at stage-2 out for booking 'b'"
    )


def test_no_more_go_than_there_are(story: Scenario) -> None:
    story.when(move("cables=41", "stage-2", 3)).refused(
        NotSoMany, by=18, saying="there are 40 of cables at stage-1 in the house, not 41"
    )
    story.when(take_from("cables=1", "stage-2", "stage-1", 3)).refused(
        NotSoMany, saying="there are 0 of cables at stage-2 in the house"
    )
    story.when(check_in("cables", 3)).refused(NotSoMany, saying="0 of cables")
    story.when(move("cables=4", "stage-1", 3)).refused(AlreadyThere)
    story.when(move("cables=0", "stage-2", 3)).refused(BadInput, saying="number of pieces")


def test_what_is_for_a_single_item_is_not_for_a_stock(story: Scenario) -> None:
    story.when(move("cables=1", "stage-2", 3, back=4)).refused(BadInput, saying="--return-at")
    story.when(service("cables", "repair", 3)).refused(BadInput, saying="stock")
    story.when(pack("lens-1", "cables", 3)).refused(BadInput, saying="stock")
    story.when(move("lens-1=2", "stage-2", 3)).refused(BadInput, saying="single item")


@pytest.mark.parametrize("quantity", [0, 1_000_001])
def test_a_stock_has_a_number_of_pieces(story: Scenario, quantity: int) -> None:
    story.when(add("tape", quantity=quantity)).refused(BadInput, saying="--quantity")


# --- on loans ----------------------------------------------------------------------------


def test_some_go_out_and_some_come_back(story: Scenario) -> None:
    story.and_given(check_out("cables=12", 3), lend("cables=3", 3, "bo"))
    assert tally(story) == {"stage-1": 25, "stage-1 a/ann": 12, "stage-1 -/bo": 3}
    story.and_given(check_in("cables=5", 4, booking="a"), check_in("cables", 4, custodian="bo"))
    assert tally(story) == {"stage-1": 33, "stage-1 a/ann": 7}
    story.when(check_in("cables=8", 5)).refused(NotSoMany, saying="there are 7")


def test_a_loan_of_pieces_is_handed_over_and_prolonged_in_part(story: Scenario) -> None:
    story.and_given(check_out("cables=12", 3), hand_over("cables=4", 4, "bo", booking="a"))
    assert tally(story) == {"stage-1": 28, "stage-1 a/ann": 8, "stage-1 a/bo": 4}
    story.and_given(prolong("cables=3", 5, 29, custodian="ann"))
    assert Known(story).pieces()["stage-1"] == 28
    story.and_given(check_in("cables=8", 6, custodian="ann"))
    assert tally(story) == {"stage-1": 36, "stage-1 a/bo": 4}


def test_pieces_taken_from_two_places_come_back_to_each(story: Scenario) -> None:
    story.and_given(
        move("cables=15", "stage-2", 3),
        check_out("cables=10", 4, from_place="stage-1"),
        check_out("cables=10", 4, from_place="stage-2"),
    )
    story.and_given(check_in("cables=10", 5, from_place="stage-2"), check_in("cables", 6))
    assert tally(story) == {"stage-1": 25, "stage-2": 15}


# --- entered late ------------------------------------------------------------------------


def test_what_went_late_must_not_be_missing_later(story: Scenario) -> None:
    story.and_given(check_out("cables=30", 10))
    later = story.position
    for command in (
        move("cables=11", "stage-2", 5),
        lend("cables=11", 5, "bo"),
        pack("cables=11", "case", 5),
        LoseStock(equipment="cables=11", at=july(5)),
        RetireEquipment(equipment="cables=11", at=july(5)),
    ):
        story.when(command).refused(NotSoMany, by=later, saying="there are 10 of cables")
    story.and_given(move("cables=10", "stage-2", 5))
    assert tally(story) == {"stage-1 a/ann": 30, "stage-2": 10}


def test_a_late_transfer_is_judged_by_each_time_after_it(story: Scenario) -> None:
    """From the 10th to the 12th only ten are there, though all of them are now."""
    story.and_given(check_out("cables=30", 10), check_in("cables=30", 12))
    story.when(move("cables=11", "stage-2", 9)).refused(NotSoMany, saying="there are 10")
    story.when(move("cables=11", "stage-2", 11)).refused(NotSoMany, saying="there are 10")
    story.and_given(move("cables=11", "stage-2", 12))


def test_a_late_find_lets_more_go_later_and_none_before(story: Scenario) -> None:
    story.and_given(move("cables=40", "workshop", 10))
    story.and_given(FindStock(equipment="cables=2", at_place="stage-1", at=july(4)))
    story.when(take_from("cables=3", "stage-1", "stage-2", 5)).refused(NotSoMany)
    story.and_given(take_from("cables=2", "stage-1", "stage-2", 5))
    assert tally(story) == {"workshop": 40, "stage-2": 2}


def test_nothing_went_before_the_stock_was_there(story: Scenario) -> None:
    story.and_given(add("tape", "tape", day=6, quantity=9))
    story.when(move("tape=2", "stage-2", 5)).refused(NotYetRegistered)


def test_late_months_later_it_is_still_found(story: Scenario) -> None:
    story.at("2026-03-01T12:00+08:00")
    story.and_given(move("cables=35", "stage-2", 10))
    story.when(check_out("cables=6", 9, from_place="stage-1")).refused(NotSoMany, saying="are 5")


# --- in cases ----------------------------------------------------------------------------


def test_pieces_go_only_into_a_case_that_is_with_them(story: Scenario) -> None:
    story.and_given(move("case", "stage-2", 3))
    story.when(pack("cables=5", "case", 4)).refused(NotTogether, saying="case at stage-2")
    story.and_given(
        move("cables=6", "stage-2", 4), pack("cables=5", "case", 5, from_place="stage-2")
    )
    assert tally(story) == {"stage-1": 34, "stage-2": 1, "case": 5}
    assert Known(story).inside("case") == ("cables",)


def test_pieces_come_out_of_the_case_that_is_meant(story: Scenario) -> None:
    story.and_given(pack("cables=5", "case", 3), pack("cables=4", "pouch", 3))
    story.when(unpack("cables=2", 4)).refused(WhichLot, saying="--container ITEM")
    story.and_given(unpack("cables=2", 4, container="pouch"), unpack("cables", 5, container="case"))
    assert tally(story) == {"stage-1": 38, "pouch": 2}
    story.when(unpack("cables=3", 6)).refused(NotSoMany, saying="there are 2 of cables in pouch")


def test_what_is_in_a_case_is_not_taken_from_the_place(story: Scenario) -> None:
    story.and_given(pack("cables=35", "case", 3))
    story.when(check_out("cables=6", 4)).refused(NotSoMany, saying="there are 5")


def test_pieces_in_a_case_that_goes_out_late_must_be_in_it_still(story: Scenario) -> None:
    story.and_given(pack("cables=9", "case", 3), unpack("cables=2", 10))
    unpacked = story.position
    story.when(check_out("case", 5)).refused(LaterEntryStands, by=unpacked)
    story.and_given(check_out("case", 10))
    assert tally(story) == {"stage-1": 33, "case a/ann": 7}
