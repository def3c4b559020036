"""A case travels whole: what is in it goes out with it, and comes back with it."""

from __future__ import annotations

import pytest

from ledger.decisions.equipment.items import RetireEquipment
from ledger.decisions.equipment.refusals import (
    CalibrationRunOut,
    CheckedOutAlready,
    InService,
    LaterEntryStands,
    LaterPlaceStands,
    NotCheckedOut,
    NotEmpty,
    NotInIt,
    OutAlready,
    OutInItsCase,
    OutOtherwise,
    WhichLot,
)
from ledger.decisions.equipment.stocktaking import LoseStock
from ledger.testing.scenario import Scenario
from ledger.time.periods import Deadline
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
    """A lens in a pouch in a case, and a camera straight in the case; a spare lens beside it."""
    return store(
        *add("case", "pouch", "lens", "camera", "spare"),
        pack("lens", "pouch", 2),
        pack(("pouch", "camera"), "case", 2),
    )


ALL = ("case", "pouch", "lens", "camera")


# --- out, and back -------------------------------------------------------------------


def test_a_case_goes_out_and_comes_back_with_all_that_is_in_it(story: Scenario) -> None:
    assert told(story.when(check_out("case", 3))) == [
        "case out",
        "camera out in case",
        "pouch out in case",
        "lens out in case",
    ]
    assert told(story.when(check_in("case", 9))) == [
        "camera in in case",
        "pouch in in case",
        "lens in in case",
        "case in",
    ]
    assert Known(story).out(*ALL) == []
    assert told(story.when(check_out("lens", 10, "b"))) == ["lens out"]


def test_a_thing_in_a_case_that_is_out_goes_out_on_no_other_loan(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    story.when(check_out("lens", 4, "b")).refused(
        OutInItsCase, saying="lens is in case, which is out for booking 'a'"
    )
    story.when(lend("pouch", 4)).refused(OutInItsCase, saying="equipment unpack pouch")


def test_a_case_does_not_go_out_with_a_thing_that_is_out_on_another_loan(story: Scenario) -> None:
    story.and_given(check_out("lens", 3, "b"))
    by = story.position
    story.when(check_out("case", 4)).refused(
        OutAlready, by=by, saying="lens, which is in pouch, is out for booking 'b'"
    )
    story.when(lend("case", 4)).refused(OutAlready)
    story.and_given(unpack("lens", 4))
    assert Known(story).out("lens") == ["lens"], "a case in the house takes nothing back"
    assert "lens out in case" not in told(story.when(check_out("case", 4)))


def test_what_is_out_on_that_loan_already_joins_its_case(story: Scenario) -> None:
    story.and_given(check_out("lens", 3))
    assert told(story.when(check_out("case", 4))) == [
        "case out",
        "camera out in case",
        "pouch out in case",
    ]
    story.when(check_in("lens", 5)).refused(OutInItsCase, saying="equipment unpack lens")
    assert "lens in in case" in told(story.when(check_in("case", 9)))


def test_a_thing_that_is_not_fit_keeps_its_case_in_the_house(story: Scenario) -> None:
    story.and_given(service("lens", "repair", 3))
    story.when(check_out("case", 4)).refused(InService, saying="lens has been in repair")
    story.and_given(service("lens", "repair", 4, done=True))
    story.and_given(service("camera", "calibration", 4))
    done = service("camera", "calibration", 5, done=True, valid_until=Deadline("2025-07-08"))
    story.and_given(done)
    story.when(check_out("case", 9)).refused(
        CalibrationRunOut, saying="equipment service camera --kind calibration"
    )
    assert told(story.when(check_out("case", 6)))


def test_a_thing_in_it_does_not_come_back_by_itself(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    story.when(check_in("camera", 5)).refused(
        OutInItsCase, saying="Unpack it first: equipment unpack camera"
    )
    assert told(story.when(unpack("camera", 5))) == ["camera unpacked", "camera in"]


def test_a_list_of_a_case_and_of_what_is_in_it_means_each_once(story: Scenario) -> None:
    scanned = ("lens", "camera", "case", "pouch")
    assert len(told(story.when(check_out(scanned, 3)))) == 4
    assert len(told(story.when(prolong(scanned, 4, due=26)))) == 4
    assert len(told(story.when(hand_over(scanned, 5, "Ben")))) == 4
    assert told(story.when(move(scanned, "stage-2", 6))) == ["case moved"]
    assert len(told(story.when(check_in(scanned, 9)))) == 4
    assert Known(story).out(*ALL) == []


def test_an_item_comes_back_from_the_loan_that_is_named(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    story.when(check_in("case", 5, booking="b")).refused(
        OutOtherwise, saying="case is out for booking 'a'"
    )
    story.when(check_in("case", 5, custodian="Ben")).refused(OutOtherwise, saying="--custodian")
    assert told(story.when(check_in("case", 5, booking="a", custodian="Ann")))


# --- packing and unpacking, away from home --------------------------------------------


def test_what_is_put_into_a_case_that_is_out_goes_out(story: Scenario) -> None:
    story.and_given(check_out("case", 3), hand_over("case", 4, "Ben"))
    assert told(story.when(pack("spare", "pouch", 5))) == ["spare packed", "spare out in case"]
    known = Known(story)
    assert (known.custodian("spare"), known.due("spare")) == ("Ben", "25")
    assert "spare in in case" in told(story.when(check_in("case", 9)))


def test_a_case_in_a_case_takes_its_contents_out_when_it_is_put_in(story: Scenario) -> None:
    story.and_given(*add("truck"), check_out("truck", 3))
    assert told(story.when(pack("case", "truck", 4))) == [
        "case packed",
        "case out in truck",
        "camera out in truck",
        "pouch out in truck",
        "lens out in truck",
    ]
    assert told(story.when(unpack("case", 5))) == [
        "case unpacked",
        "camera in in case",
        "pouch in in case",
        "lens in in case",
        "case in",
    ]


def test_what_is_not_fit_or_out_elsewhere_is_not_put_into_it(story: Scenario) -> None:
    story.and_given(check_out("case", 3), service("spare", "quarantine", 3))
    story.when(pack("spare", "case", 4)).refused(InService, saying="quarantine")
    story.and_given(service("spare", "quarantine", 4, done=True), check_out("spare", 5, "b"))
    story.when(pack("spare", "case", 6)).refused(
        OutAlready, by=story.position, saying="equipment unpack spare"
    )


def test_what_is_out_on_that_loan_is_put_in_and_stays_out_by_itself(story: Scenario) -> None:
    story.and_given(check_out("case", 3), check_out("spare", 4))
    assert told(story.when(pack("spare", "case", 5))) == ["spare packed"]
    assert told(story.when(unpack("spare", 6))) == ["spare unpacked"]
    assert Known(story).out("spare") == ["spare"]


def test_what_is_still_out_is_out_by_itself(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    assert told(story.when(unpack("lens", 4, still_out=True))) == ["lens unpacked"]
    assert told(story.when(check_in("case", 5))) == [
        "camera in in case",
        "pouch in in case",
        "case in",
    ]
    assert Known(story).out(*ALL) == ["lens"]
    story.and_given(pack("lens", "pouch", 6))
    assert told(story.when(unpack("lens", 7))) == ["lens unpacked"], "the pouch is in the house"
    assert told(story.when(check_in("lens", 8))) == ["lens in"]


def test_a_case_comes_back_without_a_thing_which_stays_out(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    assert told(story.when(check_in("case", 9, without=("lens",)))) == [
        "lens unpacked",
        "camera in in case",
        "pouch in in case",
        "case in",
    ]
    assert Known(story).out(*ALL) == ["lens"]
    assert told(story.when(check_in("lens", 12))) == ["lens in"]


def test_a_pouch_that_is_left_out_keeps_what_is_in_it(story: Scenario) -> None:
    story.and_given(check_out("case", 3), check_in("case", 9, without=("pouch",)))
    assert Known(story).out(*ALL) == ["pouch", "lens"]
    assert told(story.when(check_in("pouch", 10))) == ["lens in in pouch", "pouch in"]


def test_a_case_comes_back_only_without_what_was_in_it(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    story.when(check_in("case", 9, without=("spare",))).refused(
        NotInIt, saying="spare is not in case"
    )


# --- other hands, and longer ---------------------------------------------------------


def test_contents_go_into_other_hands_and_are_due_with_their_case(story: Scenario) -> None:
    story.and_given(check_out("case", 3))
    assert len(told(story.when(hand_over("case", 4, "Ben")))) == 4
    assert {Known(story).custodian(item) for item in ALL} == {"Ben"}
    assert told(story.when(prolong("case", 5, due=28)))[1:] == [
        "camera prolonged in case",
        "pouch prolonged in case",
        "lens prolonged in case",
    ]
    assert {Known(story).due(item) for item in ALL} == {"28"}


def test_what_another_has_stays_with_them_and_still_comes_back_with_its_case(
    story: Scenario,
) -> None:
    """A loan to a person is known by that person; its case is, after it was handed over, too."""
    story.and_given(lend("case", 3), hand_over("lens", 4, "Cem"), prolong("case", 5, due=28))
    story.and_given(hand_over("case", 6, "Ben"))
    known = Known(story)
    assert (known.custodian("lens"), known.custodian("pouch")) == ("Cem", "Ben")
    story.and_given(check_in("case", 9))
    assert Known(story).out(*ALL) == []


# --- stock in a case -----------------------------------------------------------------


@pytest.fixture
def cabled(story: Scenario) -> Scenario:
    """Forty cables, of which eight are in the case and four in the pouch."""
    return story.and_given(
        stock("cables", 40), pack(("cables=8",), "case", 2), pack(("cables=4",), "pouch", 2)
    )


def test_pieces_go_out_and_come_back_with_their_case(cabled: Scenario) -> None:
    first = told(cabled.when(check_out("case", 3)))
    assert "8 cables checked out: in case to in case out for booking 'a'" in first
    assert "4 cables checked out: in pouch to in pouch out for booking 'a'" in first
    cabled.when(check_in(("cables=2",), 4)).refused(
        OutInItsCase, saying="cables is in case, which is out for booking 'a'"
    )
    cabled.and_given(check_in("case", 9))
    assert Known(cabled).pieces("cables") == {
        "at stage-1 in the house": 28,
        "in case": 8,
        "in pouch": 4,
    }


def test_pieces_go_in_and_come_out_where_their_case_is_away(cabled: Scenario) -> None:
    cabled.and_given(check_out("case", 3), hand_over("case", 3, "Ben"))
    assert told(cabled.when(pack(("cables=5",), "case", 4))) == [
        "5 cables packed: at stage-1 in the house to in case",
        "5 cables checked out: in case to in case out for booking 'a'",
    ]
    cabled.and_given(move("case", "stage-2", 5))
    assert told(cabled.when(unpack(("cables=6",), 6, container="case"))) == [
        "6 cables unpacked: in case out for booking 'a' to at stage-2 out for booking 'a'",
        "6 cables checked in: at stage-2 out for booking 'a' to at stage-2 in the house",
    ]
    assert told(cabled.when(unpack(("cables=2",), 6, container="case", still_out=True))) == [
        "2 cables unpacked: in case out for booking 'a' to at stage-2 out for booking 'a'"
    ]
    cabled.and_given(check_in("case", 9))
    assert Known(cabled).pieces("cables") == {
        "at stage-1 in the house": 23,
        "at stage-2 in the house": 6,
        "at stage-2 out for booking 'a'": 2,
        "in case": 5,
        "in pouch": 4,
    }


def test_a_case_comes_back_without_some_pieces(cabled: Scenario) -> None:
    cabled.and_given(check_out("case", 3))
    cabled.when(check_in("case", 9, without=("cables=3",))).refused(
        WhichLot, saying="in case, and in pouch"
    )
    cabled.and_given(unpack(("cables=4",), 9, container="pouch"))
    cabled.and_given(check_in("case", 9, without=("cables=3",)))
    assert Known(cabled).pieces("cables") == {
        "at stage-1 in the house": 32,
        "at stage-1 out for booking 'a'": 3,
        "in case": 5,
    }


def test_pieces_in_two_cases_are_asked_about(cabled: Scenario) -> None:
    cabled.when(unpack(("cables=2",), 3)).refused(
        WhichLot, saying="pieces of cables are in case, and in pouch (#"
    )
    cabled.when(unpack(("cables=2",), 3)).refused(WhichLot, saying="with --container ITEM")


def test_pieces_are_in_other_hands_and_due_with_their_case(cabled: Scenario) -> None:
    cabled.and_given(lend("case", 3), prolong("case", 4, due=28))
    handed = told(cabled.when(hand_over("case", 5, "Ben")))
    assert "8 cables handed over: in case out with Ann to in case out with Ben" in handed
    cabled.and_given(check_in("case", 9))
    assert "in case" in Known(cabled).pieces("cables")


def test_a_case_whose_pieces_are_lost_is_empty(story: Scenario) -> None:
    story.and_given(*add("box"), stock("clamps", 3), pack("clamps", "box", 2), check_out("box", 3))
    story.and_given(LoseStock(equipment=("clamps=3",), booking="a", at=july(4)))
    story.and_given(check_in("box", 5))
    assert [e.equipment for e in story.when(RetireEquipment(equipment="box")).events] == ["box"]  # type: ignore[attr-defined]  # a retirement


# --- entered late --------------------------------------------------------------------


def test_a_case_goes_out_late_only_with_what_was_in_it_then(story: Scenario) -> None:
    """The spare went in on the 9th, the pouch was put in later but is entered as of the 4th."""
    story.and_given(pack("spare", "case", 9), *add("bag"), pack("bag", "case", 4))
    story.when(check_out("case", 6)).refused(LaterEntryStands, saying="2025-07-09 08:00+08:00")
    assert told(story.when(check_out("case", 9)))


def test_pieces_that_went_in_late_do_not_hide_those_that_came_out_since(story: Scenario) -> None:
    story.and_given(stock("cables", 40), pack(("cables=8",), "case", 3))
    story.and_given(unpack(("cables=2",), 9), pack(("cables=1",), "case", 4))
    story.when(check_out("case", 6)).refused(LaterEntryStands, saying="2025-07-09 08:00+08:00")
    assert "7 cables checked out: in case to in case out for booking 'a'" in told(
        story.when(check_out("case", 9))
    )


def test_a_thing_joins_its_case_only_from_when_it_was_out(story: Scenario) -> None:
    story.and_given(check_out("lens", 9))
    story.when(check_out("case", 5)).refused(LaterEntryStands, saying="2025-07-09")
    story.and_given(check_out("case", 9))
    story.and_given(check_out("spare", 12))
    story.when(pack("spare", "case", 10)).refused(LaterEntryStands, saying="2025-07-12")
    assert told(story.when(pack("spare", "case", 12)))


def test_a_thing_comes_back_late_only_if_it_was_in_nothing_since(story: Scenario) -> None:
    story.and_given(check_out(("case", "spare"), 3), pack("spare", "case", 9))
    story.when(check_in("spare", 6)).refused(LaterEntryStands, saying="2025-07-09")
    story.and_given(unpack("spare", 12, still_out=True))
    story.when(check_in("spare", 10)).refused(OutInItsCase, saying="spare is in case")
    assert told(story.when(check_in("spare", 12))) == ["spare in"]


def test_a_case_is_packed_and_unpacked_in_order_with_its_loans(story: Scenario) -> None:
    story.and_given(check_out("case", 6), check_in("case", 9))
    story.when(pack("spare", "case", 7)).refused(LaterEntryStands, saying="2025-07-09")
    story.when(unpack("camera", 7)).refused(LaterEntryStands, saying="2025-07-09")
    assert told(story.when(unpack("camera", 9))) == ["camera unpacked"]


def test_a_case_was_where_pieces_went_in(story: Scenario) -> None:
    """As single things do, they bear witness to their case, and to all that it is in."""
    story.and_given(stock("cables", 40), pack(("cables=8",), "pouch", 9))
    by = story.position
    story.when(move("case", "stage-2", 5)).refused(LaterPlaceStands, by=by, saying="stage-1")
    story.when(move("case", "stage-2", 5, return_at=july(10))).refused(LaterPlaceStands, by=by)
    away = story.when(move("case", "stage-2", 5, return_at=july(8)))
    assert told(away) == ["case moved", "case moved"]
    story.when(unpack("pouch", 6)).refused(LaterEntryStands, by=by)
    story.and_given(unpack("pouch", 12))
    story.when(move("case", "stage-2", 9)).refused(LaterPlaceStands)
    assert told(story.when(move("case", "stage-2", 9, return_at=july(11))))


def test_a_case_did_not_retire_before_pieces_went_in(story: Scenario) -> None:
    story.and_given(*add("box"), stock("cables", 40), pack(("cables=8",), "box", 5))
    retire = RetireEquipment(equipment="box", at=july(8))
    story.when(retire).refused(NotEmpty, saying="cables inside")
    story.and_given(unpack("cables", 9))
    story.when(retire).refused(LaterEntryStands, saying="2025-07-09")
    assert story.when(RetireEquipment(equipment="box", at=july(9))).events


def test_it_is_clear_what_is_out(story: Scenario) -> None:
    story.when(check_in("case", 3)).refused(NotCheckedOut, saying="case is not checked out")
    story.and_given(check_out("case", 3))
    story.when(check_out("case", 4)).refused(
        CheckedOutAlready, saying="case is out for booking 'a'"
    )
