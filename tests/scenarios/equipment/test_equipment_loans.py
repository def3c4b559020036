"""Loans: to a person, longer than said, due with the booking, and of several things at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.equipment.refusals import (
    CheckedOutAlready,
    InService,
    LaterEntryStands,
    NotCheckedOut,
    NotYetRegistered,
)
from ledger.errors import BadInput, BadText, BadTime, NothingChanges, UnknownId
from ledger.events import EquipmentCheckedIn, EquipmentCheckedOut, LoanProlonged
from ledger.testing.scenario import Scenario
from ledger.time.periods import Deadline, When
from tests.scenarios.booking_stories import hold
from tests.scenarios.equipment_house import (
    Known,
    add,
    check_in,
    check_out,
    hand_over,
    house,
    lend,
    prolong,
    service,
)


@pytest.fixture
def story() -> Scenario:
    return house()


def end_of(day: int) -> datetime:
    return Deadline(f"2025-07-{day}").resolve("Asia/Shanghai")


def eight(day: int) -> datetime:
    """Eight in the morning there."""
    return datetime(2025, 7, day, tzinfo=UTC)


# --- to a person -------------------------------------------------------------------------


def test_an_item_is_lent_to_a_person_and_comes_back(story: Scenario) -> None:
    story.when(lend("lens-1", 3)).then(
        EquipmentCheckedOut(
            equipment="lens-1",
            at=eight(3),
            booking=None,
            custodian="ann",
            due_at=end_of(20),
            equipment_kind="lens",
        )
    ).when(check_in("lens-1", 4)).then(
        EquipmentCheckedIn(
            equipment="lens-1",
            at=eight(4),
            booking=None,
            due_at=end_of(20),
            equipment_kind="lens",
        )
    )


def test_what_is_lent_is_out_for_nobody_else(story: Scenario) -> None:
    story.and_given(lend("lens-1", 3))
    out = story.position
    story.when(lend("lens-1", 4, "bo")).refused(CheckedOutAlready, by=out, saying="with ann")
    story.when(check_out("lens-1", 4)).refused(CheckedOutAlready, by=out)


def test_a_loan_has_a_person_and_an_end_after_its_beginning(story: Scenario) -> None:
    story.when(lend("lens-1", 21)).refused(BadTime, saying="--due-at")
    story.when(lend("lens-1", 3, " ")).refused(BadText, saying="custodian")
    story.when(lend("lens-9", 3)).refused(UnknownId, saying="lens-9")


def test_what_is_in_service_is_not_lent(story: Scenario) -> None:
    story.and_given(service("lens-1", "repair", 2))
    story.when(lend("lens-1", 3)).refused(InService)


def test_who_took_over_has_it_and_may_take_no_more_for_it(story: Scenario) -> None:
    story.and_given(lend("lens-1", 3), hand_over("lens-1", 4, "bo"))
    assert Known(story).out("lens-1") == "-/bo"
    story.when(lend("lens-1", 5, "cy")).refused(CheckedOutAlready, saying="with bo")
    story.and_given(prolong("lens-1", 6, 24))
    assert Known(story).out("lens-1") == "-/bo"


# --- due ---------------------------------------------------------------------------------


def test_without_a_day_it_is_due_with_the_last_day_of_its_booking(story: Scenario) -> None:
    (event,) = story.when(check_out("lens-1", 3)).events
    assert event.due_at == end_of(31)  # type: ignore[attr-defined]  # a check-out


def test_a_booking_of_hours_ends_at_its_hour(story: Scenario) -> None:
    hours = "2025-07-28T09:00..2025-07-28T18:00"
    story.and_given(hold("c", hours, "comet", space="workshop", confirm=True))
    (event,) = story.when(check_out("lens-1", 3, "c")).events
    assert event.due_at == datetime(2025, 7, 28, 10, tzinfo=UTC)  # type: ignore[attr-defined]  # a check-out


def test_nothing_goes_out_for_a_booking_that_is_over_by_then(story: Scenario) -> None:
    story.and_given(hold("c", "2025-07-26", "comet", space="workshop", confirm=True))
    story.at("2025-07-29T12:00+08:00")
    story.when(check_out("lens-1", 28, "c")).refused(BadTime, saying="due back")


def test_what_is_due_with_its_booking_moves_with_it(story: Scenario) -> None:
    story.and_given(check_out("lens-1", 3), check_out("lens-2", 3, due_at=Deadline("2025-07-20")))
    events = story.when(MoveBooking(booking="a", when=When.parse("2025-07-01..2025-08-05"))).events
    (later,) = [event for event in events if isinstance(event, LoanProlonged)]
    assert (later.equipment, later.was_due_at) == ("lens-1", end_of(31))
    assert later.due_at == Deadline("2025-08-05").resolve("Asia/Shanghai")


# --- longer ------------------------------------------------------------------------------


def test_an_item_is_kept_longer_or_shorter(story: Scenario) -> None:
    story.and_given(lend("lens-1", 3)).when(prolong("lens-1", 4, 24)).then(
        LoanProlonged(
            equipment="lens-1",
            at=eight(4),
            booking=None,
            custodian="ann",
            was_due_at=end_of(20),
            due_at=end_of(24),
            equipment_kind="lens",
        )
    ).when(prolong("lens-1", 5, 24)).refused(NothingChanges).and_given(prolong("lens-1", 5, 10))
    story.when(check_in("lens-1", 4)).refused(LaterEntryStands)
    (event,) = story.when(check_in("lens-1", 6)).events
    assert event.due_at == end_of(10)  # type: ignore[attr-defined]  # a check-in


def test_only_what_is_out_is_kept_longer_and_not_until_a_day_that_is_over(story: Scenario) -> None:
    story.when(prolong("lens-1", 4, 24)).refused(NotCheckedOut)
    story.and_given(lend("lens-1", 3)).when(prolong("lens-1", 12, 11)).refused(
        BadTime, saying="is over"
    )


def test_a_loan_is_prolonged_in_order(story: Scenario) -> None:
    story.and_given(lend("lens-1", 3), hand_over("lens-1", 6, "bo"))
    story.when(prolong("lens-1", 5, 24)).refused(LaterEntryStands, by=story.position)


# --- several at once ---------------------------------------------------------------------


def test_several_go_out_and_come_back_at_once(story: Scenario) -> None:
    several = ("lens-1", "lens-2", "cables=12")
    story.and_given(lend(several, 3))
    known = Known(story)
    assert known.outs("lens-1", "lens-2") == ["-/ann", "-/ann"]
    assert known.pieces() == {"stage-1": 28, "stage-1 -/ann": 12}
    story.and_given(prolong(several, 4, 22), hand_over(several, 5, "bo"))
    assert Known(story).pieces() == {"stage-1": 28, "stage-1 -/bo": 12}
    story.and_given(check_in(several, 6))
    assert Known(story).pieces() == {"stage-1": 40}


@pytest.mark.parametrize(
    ("last", "refusal"),
    [("pouch", InService), ("drone", UnknownId), ("late", NotYetRegistered)],
)
def test_all_go_out_or_none(story: Scenario, last: str, refusal: type[Exception]) -> None:
    story.and_given(service("pouch", "repair", 2), add("late", day=9))
    before = story.position
    for command in (check_out(("lens-1", "cables=3", last), 3), lend(("lens-1", last), 3)):
        outcome = story.when(command)
        outcome.refused(refusal, saying=last)  # type: ignore[arg-type]  # each is one of the ledger's
        assert outcome.proposals == ()
    assert (story.position, Known(story).out("lens-1")) == (before, None)


def test_all_come_back_or_none(story: Scenario) -> None:
    story.and_given(check_out("lens-1", 3))
    story.when(check_in(("lens-1", "lens-2"), 4)).refused(NotCheckedOut, saying="lens-2")


def test_each_is_named_once(story: Scenario) -> None:
    story.when(check_out(("lens-1", "lens-1"), 3)).refused(BadInput, saying="twice")
    story.when(check_out((), 3)).refused(BadInput)
