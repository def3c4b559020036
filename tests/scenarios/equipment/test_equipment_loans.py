"""Loans: for a booking or to a person, one item or several, until when."""

from __future__ import annotations

import pytest

from ledger.decisions.equipment.loans import CheckOut
from ledger.decisions.equipment.refusals import (
    AmbiguousMark,
    BookingNotFirm,
    CheckedOutAlready,
    InService,
    LaterEntryStands,
    NotCheckedOut,
    UnknownItems,
)
from ledger.errors import BadInput, BadText, BadTime, NothingChanges, UnknownId
from ledger.events import EquipmentCheckedIn, EquipmentCheckedOut, LoanProlonged
from ledger.testing.scenario import Scenario
from ledger.time.periods import Deadline, Moment
from tests.scenarios.booking_stories import at, hold
from tests.scenarios.equipment_stories import (
    Known,
    add,
    check_in,
    check_out,
    hand_over,
    july,
    lend,
    prolong,
    service,
    store,
    told,
)


@pytest.fixture
def story() -> Scenario:
    """Three lenses, the first with a barcode and a serial number."""
    return store(*add("one", barcode="4711", serial="SN 1"), *add("two", "three"))


# --- to a person ---------------------------------------------------------------------


def test_an_item_is_lent_to_a_person_and_comes_back(story: Scenario) -> None:
    story.when(lend("one", 3)).then(
        EquipmentCheckedOut(
            equipment="one",
            at=at("2025-07-03T08:00"),
            equipment_kind="lens",
            due_at=at("2025-07-25T08:00"),
            custodian="Ann",
        )
    ).when(check_in("one", 5)).then(
        EquipmentCheckedIn(
            equipment="one",
            at=at("2025-07-05T08:00"),
            equipment_kind="lens",
            due_at=at("2025-07-25T08:00"),
        )
    )


def test_a_loan_to_a_person_stands_in_the_way_of_a_booking(story: Scenario) -> None:
    story.and_given(lend("one", 3))
    story.when(check_out("one", 4)).refused(
        CheckedOutAlready, by=story.position, saying="one is out with Ann"
    )
    story.when(lend("one", 4, "Ben")).refused(CheckedOutAlready, saying="equipment prolong")


def test_a_day_means_its_end_on_the_clock_of_the_place(story: Scenario) -> None:
    (event,) = story.when(lend("one", 3, due_at=Deadline("2025-07-08"))).events
    assert isinstance(event, EquipmentCheckedOut)
    assert event.due_at == at("2025-07-08T23:59:59.999999")


def test_somebody_borrows_it_for_some_time(story: Scenario) -> None:
    story.when(lend("one", 3, " ")).refused(BadText, saying="custodian")
    story.when(lend("one", 3, due_at=july(3))).refused(BadTime, saying="Give a later --due-at")


# --- until when ----------------------------------------------------------------------


def test_without_a_time_it_is_due_when_its_booking_ends(story: Scenario) -> None:
    (event,) = story.when(check_out("one", 3, due_at=None)).events
    assert isinstance(event, EquipmentCheckedOut)
    assert event.due_at == at("2025-07-31T23:59:59.999999"), "at the end of its last day"
    story.and_given(hold("c", "2025-07-30T08:00..2025-07-30T23:00", space="workshop", confirm=True))
    (event,) = story.when(CheckOut(equipment="one", booking="c", custodian="Ann")).events
    assert isinstance(event, EquipmentCheckedOut)
    assert event.due_at == at("2025-07-30T23:00")


def test_a_booking_that_is_over_says_no_time(story: Scenario) -> None:
    story.and_given(hold("c", "2025-07-02..2025-07-04", space="workshop", confirm=True))
    story.when(check_out("one", 9, "c", due_at=None)).refused(
        BadTime, saying="booking 'c' ended at 2025-07-05 00:00+08:00"
    )
    story.when(check_out("one", 9, "c", due_at=None)).refused(BadTime, saying="--due-at")
    assert told(story.when(check_out("one", 9, "c"))) == ["one out"]


def test_a_loan_is_prolonged_and_shortened(story: Scenario) -> None:
    story.and_given(check_out("one", 3), hand_over("one", 4, "Ben"))
    story.when(prolong("one", 5, due=28)).then(
        LoanProlonged(
            equipment="one",
            at=at("2025-07-05T08:00"),
            booking="a",
            equipment_kind="lens",
            due_at=at("2025-07-28T08:00"),
            custodian="Ben",
            was_due_at=at("2025-07-25T08:00"),
        )
    )
    assert told(story.when(prolong("one", 6, due=7))) == ["one prolonged"]
    assert told(story.when(check_in("one", 8))) == ["one in"]


def test_only_what_is_out_is_prolonged_to_another_time(story: Scenario) -> None:
    story.when(prolong("one", 3, due=28)).refused(NotCheckedOut)
    story.and_given(lend("one", 3), hand_over("one", 4, "Ben"))
    story.when(prolong("one", 5, due=25)).refused(NothingChanges)
    story.when(prolong("one", 5, due=4)).refused(BadTime, saying="equipment check-in")
    story.when(prolong("one", 3, due=28)).refused(LaterEntryStands, saying="2025-07-04")
    story.and_given(check_in("one", 6))
    story.when(prolong("one", 7, due=28)).refused(NotCheckedOut)


# --- several at once -----------------------------------------------------------------


def test_several_go_out_and_come_back_all_or_none(story: Scenario) -> None:
    story.and_given(service("three", "repair", 3))
    story.when(check_out(("one", "two", "three"), 4)).refused(InService, saying="three")
    assert Known(story).out("one", "two", "three") == []
    story.and_given(service("three", "repair", 4, done=True))
    outcome = story.when(check_out(("one", "two", "three"), 4))
    assert told(outcome) == ["one out", "two out", "three out"]
    story.and_given(check_in("two", 5))
    story.when(check_in(("one", "two"), 6)).refused(NotCheckedOut, saying="two")
    assert told(story.when(check_in(("one", "three"), 6))) == ["one in", "three in"]


def test_an_item_is_named_by_what_stands_on_it(story: Scenario) -> None:
    assert told(story.when(check_out(("4711", "two"), 4))) == ["one out", "two out"]
    assert told(story.when(check_in("sn 1", 5))) == ["one in"]
    story.and_given(*add("four", serial="SN 1"))
    story.when(check_out("SN 1", 6)).refused(AmbiguousMark, saying="four and one")


def test_each_is_named_once_and_known(story: Scenario) -> None:
    story.when(check_out(("one", "4711"), 4)).refused(BadInput, saying="one is named twice")
    story.when(check_out(("one", "drone"), 4)).refused(UnknownId, saying="drone")
    story.when(check_out(("crane", "drone"), 4)).refused(UnknownItems, saying="'crane', 'drone'")
    story.when(check_out((), 4)).refused(BadInput, saying="no item is named")
    story.when(check_out("one=2", 4)).refused(BadInput, saying="one is a single item")


def test_a_batch_lends_what_came_back_in_it(story: Scenario) -> None:
    story.and_given(check_out("one", 3))
    outcome = story.when(check_in("one", 5), lend(("one", "two"), 5))
    assert told(outcome) == ["one in", "one out", "two out"]


def test_nothing_goes_out_for_what_is_not_firm(story: Scenario) -> None:
    story.and_given(hold("c", "2025-08-02..2025-08-04", space="workshop"))
    story.when(CheckOut(equipment=("one", "two"), booking="c", custodian="Ann")).refused(
        BookingNotFirm, saying="booking confirm c"
    )


def test_the_hour_of_a_check_out_is_read_on_the_clock_of_its_booking(story: Scenario) -> None:
    outcome = story.when(check_out("one", 3, at=Moment("2025-07-03T08:00")))
    assert outcome.events[0].effective() == at("2025-07-03T08:00")
