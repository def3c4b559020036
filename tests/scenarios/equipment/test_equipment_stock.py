"""Stock: pieces that are counted, at several places, in cases, and on loans."""

from __future__ import annotations

import pytest

from ledger.decisions.equipment.items import AddEquipment, RetireEquipment
from ledger.decisions.equipment.loans import CheckOut
from ledger.decisions.equipment.refusals import (
    AlreadyThere,
    NotSoMany,
    NotTogether,
    NotYetRegistered,
    OutInItsCase,
    RetiredForGood,
    WhichLot,
)
from ledger.decisions.equipment.stocktaking import BuyStock, CountStock, FindStock, LoseStock
from ledger.errors import BadInput, BadTime, NothingChanges
from ledger.events import StockTransferred
from ledger.events.equipment import Lot, Pieces
from ledger.testing.scenario import Outcome, Scenario
from tests.scenarios.booking_stories import at
from tests.scenarios.equipment_stories import (
    Known,
    add,
    check_in,
    check_out,
    hand_over,
    july,
    lend,
    move,
    pack,
    prolong,
    service,
    stock,
    store,
    told,
    unpack,
)


@pytest.fixture
def story() -> Scenario:
    """Forty cables on stage 1."""
    return store(stock("cables", 40), *add("case"))


def pieces(story: Scenario) -> dict[str, int]:
    return Known(story).pieces("cables")


def lost(number: int, day: int, **more: str) -> LoseStock:
    return LoseStock(equipment=(f"cables={number}",), at=july(day), **more)


def counted(story: Scenario, number: int, day: int, place: str = "stage-1") -> Outcome:
    decision = CountStock(equipment=(f"cables={number}",), at_place=place, at=july(day))
    return story.when(decision, reason="stock-taking")


# --- places --------------------------------------------------------------------------


def test_some_pieces_are_moved_and_the_tally_goes_with_them(story: Scenario) -> None:
    story.when(move("cables=15", "stage-2", 3)).then(
        StockTransferred(
            equipment="cables",
            at=at("2025-07-03T08:00"),
            how="moved",
            quantity=15,
            origin=Lot(place="stage-1"),
            destination=Lot(place="stage-2"),
            equipment_kind="cable",
            pieces=(Pieces(Lot(place="stage-1"), 25), Pieces(Lot(place="stage-2"), 15)),
            newest_at=at("2025-07-03T08:00"),
        )
    )
    story.and_given(move("cables", "outside:rental", 4, origin="stage-2"))
    assert pieces(story) == {"at stage-1 in the house": 25, "at outside:rental in the house": 15}


def test_which_pieces_are_meant_is_asked_with_the_options_that_tell_them_apart(
    story: Scenario,
) -> None:
    story.and_given(move("cables=15", "stage-2", 3))
    story.when(move("cables=2", "workshop", 4)).refused(
        WhichLot,
        by=story.position,
        saying="pieces of cables are at stage-1 in the house, and at stage-2 in the house",
    )
    story.when(check_out("cables=2", 4)).refused(WhichLot, saying="with --from PLACE")
    story.and_given(check_out("cables=2", 4, from_place="stage-1"))
    story.and_given(check_out("cables=3", 4, "b", from_place="stage-2"))
    story.when(check_in("cables=2", 5)).refused(
        WhichLot, saying="with --from PLACE or --booking BOOKING"
    )
    story.and_given(check_in("cables=2", 5, booking="a"))
    story.and_given(lend("cables=2", 5, "Ben", from_place="stage-2"))
    story.when(check_in("cables=1", 6, from_place="stage-2")).refused(
        WhichLot, saying="with --booking BOOKING or --custodian NAME"
    )
    assert told(story.when(check_in("cables=1", 6, custodian="Ben"))) == [
        "1 cables checked in: at stage-2 out with Ben to at stage-2 in the house"
    ]


def test_no_more_pieces_are_taken_than_there_are(story: Scenario) -> None:
    story.when(move("cables=41", "stage-2", 3)).refused(
        NotSoMany, saying="there are 40 of cables at stage-1 in the house, not 41"
    )
    story.when(move("cables=1", "stage-1", 3, origin="stage-2")).refused(
        NotSoMany, saying="there are 0 of cables at stage-2 in the house (#"
    )
    story.when(check_in("cables=1", 3)).refused(
        NotSoMany, saying="there are 0 of cables out on a loan"
    )
    story.when(unpack("cables=1", 3)).refused(NotSoMany, saying="0 of cables in any case")
    story.when(move("cables=1", "stage-1", 3)).refused(AlreadyThere)
    story.when(check_out("cables=1", 1, at=july(1, 7))).refused(NotYetRegistered)


def test_a_stock_has_pieces_and_is_no_container(story: Scenario) -> None:
    for number in (0, -1, 1_000_001):
        wrong = AddEquipment(equipment="x", name="x", kind="x", at_place="stage-1", quantity=number)
        story.when(wrong).refused(BadInput, saying="--quantity from 1")
    story.when(pack("case", "cables", 3)).refused(BadInput, saying="cables is a stock")
    story.when(service("cables", "repair", 3)).refused(BadInput, saying="equipment count")
    story.when(move("cables=1", "stage-2", 3, return_at=july(4))).refused(BadInput)


# --- loans ---------------------------------------------------------------------------


def test_some_go_out_and_some_of_them_come_back(story: Scenario) -> None:
    story.and_given(check_out("cables=12", 3), check_in("cables=5", 4))
    assert pieces(story) == {"at stage-1 in the house": 33, "at stage-1 out for booking 'a'": 7}
    story.when(check_in("cables=8", 5)).refused(
        NotSoMany, saying="there are 7 of cables at stage-1 out for booking 'a', not 8"
    )
    story.and_given(check_in("cables", 5))
    assert pieces(story) == {"at stage-1 in the house": 40}


def test_scanned_one_by_one_they_are_as_many(story: Scenario) -> None:
    outcome = story.when(check_out(("cables", "cables", "cables=3"), 3))
    assert told(outcome)[0].startswith("5 cables checked out")


def test_those_come_back_first_that_are_due_first(story: Scenario) -> None:
    story.and_given(check_out("cables=3", 3, due_at=july(20)), check_out("cables=3", 3))
    assert [text[0] for text in told(story.when(check_in("cables=4", 4)))] == ["3", "1"]
    assert [one.lot.due_at for one in _out(story)] == [at("2025-07-25T08:00")]


def test_pieces_are_due_later_and_in_other_hands(story: Scenario) -> None:
    story.and_given(check_out("cables=6", 3), hand_over("cables=2", 4, "Ben"))
    story.when(prolong("cables", 5, due=28)).refused(WhichLot, saying="--custodian NAME")
    story.and_given(prolong("cables=1", 5, due=28, custodian="Ben"))
    story.when(prolong("cables", 6, due=25)).refused(WhichLot)
    assert sorted((one.lot.custodian, one.quantity) for one in _out(story)) == [
        ("Ann", 4),
        ("Ben", 1),
        ("Ben", 1),
    ]
    story.when(prolong("cables", 6, due=25, custodian="Ann")).refused(NothingChanges)
    story.when(prolong("cables", 6, due=5, custodian="Ann")).refused(BadTime)


def _out(story: Scenario) -> list[Pieces]:
    (*_, newest) = (e.event for e in story.history.events if isinstance(e.event, StockTransferred))
    return [one for one in newest.pieces if one.lot.is_out]


def test_pieces_that_are_out_are_not_packed_nor_moved(story: Scenario) -> None:
    story.and_given(check_out("cables", 3))
    story.when(pack("cables=2", "case", 4)).refused(NotSoMany, saying="0 of cables")
    story.when(move("cables=2", "stage-2", 4)).refused(NotSoMany)


# --- cases ---------------------------------------------------------------------------


def test_pieces_go_into_a_case_at_their_place(story: Scenario) -> None:
    story.and_given(move("cables=10", "stage-2", 3))
    story.when(pack("cables=4", "case", 4, from_place="stage-2")).refused(
        NotTogether, saying="cables is at stage-2 and case at stage-1"
    )
    story.and_given(pack("cables=4", "case", 4, from_place="stage-1"), move("case", "stage-2", 5))
    assert told(story.when(unpack("cables=3", 6))) == [
        "3 cables unpacked: in case to at stage-2 in the house"
    ]
    assert pieces(story) == {
        "at stage-1 in the house": 26,
        "at stage-2 in the house": 13,
        "in case": 1,
    }


def test_pieces_in_a_case_go_nowhere_without_it(story: Scenario) -> None:
    story.and_given(pack("cables", "case", 3))
    story.when(check_out("cables=2", 4)).refused(NotSoMany)
    story.when(move("cables=2", "stage-2", 4)).refused(NotSoMany)
    story.and_given(check_out("case", 4))
    story.when(check_in("cables=2", 5)).refused(OutInItsCase, saying="equipment unpack cables")


# --- more, and fewer -----------------------------------------------------------------


def test_pieces_are_lost_found_bought_counted_and_retired(story: Scenario) -> None:
    story.and_given(
        lost(3, 3),
        FindStock(equipment=("cables=1",), at_place="workshop", at=july(4)),
        BuyStock(equipment=("cables=20",), at_place="stage-1", at=july(5)),
        RetireEquipment(equipment=("cables=7",), from_place="stage-1", at=july(6)),
    )
    assert pieces(story) == {"at stage-1 in the house": 50, "at workshop in the house": 1}
    assert told(counted(story, 48, 7)) == ["2 cables lost: at stage-1 in the house"]
    assert counted(story, 48, 7).events == ()
    story.and_given(check_out("cables=8", 8, from_place="stage-1"))
    story.and_given(LoseStock(equipment=("cables=1",), booking="a", at=july(9)))
    assert sum(pieces(story).values()) == 48


# --- entered late --------------------------------------------------------------------


def test_a_late_loss_is_checked_against_all_that_happened_since(story: Scenario) -> None:
    """On the 6th there were forty; on the 10th all but five went out, to come back on the 20th."""
    story.and_given(check_out("cables=35", 10))
    by = story.position
    story.and_given(check_in("cables=35", 20))
    assert pieces(story) == {"at stage-1 in the house": 40}
    story.when(lost(6, 6)).refused(
        NotSoMany,
        by=by,
        saying="at 2025-07-10 08:00+08:00 there are 5 of cables at stage-1 in the house, not 6",
    )
    assert told(story.when(lost(5, 6)))
    story.when(lost(1, 6)).refused(NotSoMany, by=by, saying="there are 0 of cables")
    assert told(story.when(lost(35, 20)))
    story.when(lost(1, 21)).refused(NotSoMany)


def test_a_late_purchase_does_not_help_before_it(story: Scenario) -> None:
    story.and_given(BuyStock(equipment=("cables=10",), at_place="stage-1", at=july(9)))
    story.when(move("cables=45", "stage-2", 8)).refused(
        NotSoMany, saying="at 2025-07-08 08:00+08:00 there are 40 of cables"
    )
    assert told(story.when(move("cables=45", "stage-2", 9)))
    assert told(story.when(lost(1, 8, from_place="stage-1")))


def test_a_late_loan_counts_what_was_there_then(story: Scenario) -> None:
    story.and_given(move("cables=30", "stage-2", 10))
    story.when(CheckOut(
        equipment="cables=20", booking="a", custodian="Ann", from_place="stage-1", at=july(5)
    )).refused(NotSoMany, by=story.position, saying="at 2025-07-10")  # fmt: skip
    assert told(story.when(check_out("cables=10", 5, from_place="stage-1")))
    assert pieces(story) == {
        "at stage-1 out for booking 'a'": 10,
        "at stage-2 in the house": 30,
    }


def test_a_count_of_an_earlier_day_leaves_what_came_later(story: Scenario) -> None:
    story.and_given(move("cables=30", "stage-2", 10))
    assert told(counted(story, 38, 5)) == ["2 cables lost: at stage-1 in the house"]
    assert pieces(story) == {"at stage-1 in the house": 8, "at stage-2 in the house": 30}


def test_entries_of_one_stock_in_one_batch_see_each_other(story: Scenario) -> None:
    story.when(lost(30, 3), check_out("cables=11", 4)).refused(NotSoMany, saying="there are 10")
    outcome = story.when(lost(30, 3), check_out("cables=10", 4))
    assert len(told(outcome)) == 2
    assert pieces(story) == {"at stage-1 out for booking 'a'": 10}


def test_nothing_goes_into_a_case_that_retired_since(story: Scenario) -> None:
    story.and_given(RetireEquipment(equipment="case", at=july(9)))
    story.when(pack("cables=2", "case", 5)).refused(RetiredForGood, saying="case was retired")
