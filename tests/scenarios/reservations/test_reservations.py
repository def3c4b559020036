"""Equipment that is promised ahead: never to two, never more than there is, along with bookings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger.decisions.base import Context, Decision, Snapshot
from ledger.decisions.bookings.holds import ConfirmBookings, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import WrongState
from ledger.decisions.bookings.shoot_days import CancelBooking
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.equipment.fitness import PlanServicing, ServiceEquipment
from ledger.decisions.equipment.items import AddEquipment, PackEquipment, RetireEquipment
from ledger.decisions.equipment.loans import CheckIn, CheckOut, LendEquipment, ProlongLoan
from ledger.decisions.equipment.promise_refusals import (
    NotEnough,
    NotReserved,
    OutsideItsBooking,
    PromisedAway,
)
from ledger.decisions.equipment.reservations import (
    DropSubHire,
    ReleaseEquipment,
    ReserveEquipment,
    SubHireEquipment,
)
from ledger.decisions.equipment.reserved import read_reservations
from ledger.errors import BadInput, NothingChanges, UnknownId
from ledger.events import BookingRescheduled, EquipmentReserved, LoanProlonged, ReservationReleased
from ledger.events.base import Header
from ledger.testing.scenario import Outcome, Scenario
from ledger.time.periods import Deadline, Moment, When
from tests.scenarios.booking_stories import campus, days, hold

TICK = timedelta(microseconds=1)
FIRST, SECOND = "2027-03-01..2027-03-10", "2027-03-08..2027-03-20"


def add(equipment: str, kind: str = "camera", **more: Any) -> AddEquipment:
    """To add an item on stage 1, or with a quantity a stock."""
    return AddEquipment(equipment=equipment, name=equipment, kind=kind, at_place="stage-1", **more)


def reserve(booking: str, *equipment: str, kind: str = "", when: str = "") -> ReserveEquipment:
    """To reserve items, or a number of a kind."""
    return ReserveEquipment(
        booking=booking,
        equipment=equipment,
        kind=(kind,) if kind else (),
        when=When.parse(when) if when else None,
    )


def move(booking: str, when: str) -> MoveBooking:
    return MoveBooking(booking=booking, when=When.parse(when))


def check_out(booking: str, *equipment: str, due: str | None = None) -> CheckOut:
    return CheckOut(
        equipment=equipment,
        booking=booking,
        custodian="ann",
        due_at=None if due is None else Deadline(due),
    )


def new_house() -> Scenario:
    """Two firm bookings that overlap on 8 to 10 March, and a hold; a crane, cameras, cables."""
    return campus().and_given(
        hold("a", FIRST, space="stage-1", confirm=True),
        hold("b", SECOND, "dragon", space="stage-2", confirm=True),
        hold("c", FIRST, "comet", space="workshop"),
        add("crane", "crane"),
        add("cam-1"),
        add("cam-2"),
        add("cables", "cable", quantity=40),
    )


@pytest.fixture
def house() -> Scenario:
    return new_house()


def reserved(story: Scenario, booking: str) -> dict[str, tuple[str, int]]:
    """What is reserved for a booking: days and number, by id."""
    snapshot = Snapshot(story.history, story.position)
    ctx = Context(snapshot, now=story.clock.now(), new_id=str, header=Header(actor="reader"))
    return {
        one.id.partition("/")[2]: (str(one.period), one.quantity)
        for one in read_reservations(ctx, booking)
    }


# --- one item ----------------------------------------------------------------------------


def test_an_item_is_promised_for_the_days_of_its_booking(house: Scenario) -> None:
    house.when(reserve("a", "crane")).then(
        EquipmentReserved(
            reservation="a/crane",
            booking="a",
            equipment="crane",
            equipment_kind="crane",
            quantity=1,
            period=days(FIRST),
            booking_period=days(FIRST),
        )
    )


def test_no_two_firm_bookings_have_one_item_on_the_same_day(house: Scenario) -> None:
    story = house.and_given(reserve("a", "crane"))
    story.when(reserve("b", "crane")).refused(PromisedAway, saying="promised to booking 'a'")
    story.when(reserve("b", "crane", when="2027-03-10..2027-03-12")).refused(PromisedAway)
    assert story.when(reserve("b", "crane", when="2027-03-11..2027-03-12")).events


def test_a_hold_pencils_what_another_has_and_cannot_be_confirmed_with_it(house: Scenario) -> None:
    story = house.and_given(reserve("a", "crane"), reserve("c", "crane"))
    story.when(ConfirmBookings(booking="c")).refused(PromisedAway, saying="crane is promised to")
    free = story.and_given(ReleaseEquipment(booking="a"))
    assert free.when(ConfirmBookings(booking="c")).events


def test_two_pencils_and_the_first_to_confirm_has_it(house: Scenario) -> None:
    story = house.and_given(
        hold("d", FIRST, "lantern", space="workshop"), reserve("c", "crane"), reserve("d", "crane")
    ).and_given(ConfirmBookings(booking="d"))
    story.when(ConfirmBookings(booking="c")).refused(PromisedAway, saying="'d'")


def test_it_is_reserved_within_its_booking_and_for_a_live_one(house: Scenario) -> None:
    house.when(reserve("a", "crane", when="2027-03-09..2027-03-11")).refused(OutsideItsBooking)
    house.when(reserve("x", "crane")).refused(UnknownId)
    house.when(reserve("a", "nothing")).refused(UnknownId)
    house.when(reserve("a")).refused(BadInput)
    over = house.and_given(ReleaseHold(booking="c"))
    over.when(reserve("c", "crane")).refused(WrongState)


def test_reserving_again_changes_the_days_and_days_apart_are_added(house: Scenario) -> None:
    story = house.and_given(reserve("b", "crane", when="2027-03-08..2027-03-10"))
    story.when(reserve("b", "crane", when="2027-03-08..2027-03-10")).refused(NothingChanges)
    story = story.and_given(
        reserve("b", "crane", when="2027-03-09..2027-03-11"),
        reserve("b", "crane", when="2027-03-15..2027-03-16"),
    )
    assert reserved(story, "b") == {
        "crane": ("2027-03-09..2027-03-11", 1),
        "crane/2": ("2027-03-15..2027-03-16", 1),
    }


def test_what_is_released_is_free(house: Scenario) -> None:
    story = house.and_given(reserve("a", "crane", "cam-1"))
    story.when(ReleaseEquipment(booking="a", equipment=("cam-2",))).refused(NotReserved)
    story = story.and_given(ReleaseEquipment(booking="a", equipment=("crane",)))
    assert set(reserved(story, "a")) == {"cam-1"}
    assert story.when(reserve("b", "crane")).events
    story.when(ReleaseEquipment(booking="b")).refused(NotReserved)


# --- a kind, and a stock -----------------------------------------------------------------


def test_never_more_of_a_kind_is_promised_than_there_is(house: Scenario) -> None:
    story = house.and_given(reserve("a", kind="camera=1"), reserve("b", "cam-1"))
    story.when(reserve("b", kind="camera=1")).refused(NotEnough, saying="booking 'b' 2")
    assert story.when(reserve("b", kind="Camera=1", when="2027-03-11..2027-03-20")).events
    story.when(reserve("a", kind="camera=2")).refused(NotEnough)


def test_a_new_camera_can_be_promised_at_once(house: Scenario) -> None:
    story = house.and_given(reserve("a", kind="camera=2"))
    story.when(reserve("b", kind="camera")).refused(NotEnough)
    assert story.and_given(add("cam-3")).when(reserve("b", kind="camera")).events


def test_pieces_of_a_stock_are_promised_up_to_what_there_is(house: Scenario) -> None:
    story = house.and_given(reserve("a", "cables=30"))
    story.when(reserve("b", "cables=11")).refused(NotEnough, saying="40 of cables")
    story = story.and_given(reserve("b", "cables=10"))
    story.when(reserve("b", "cables")).refused(BadInput, saying="cables=12")
    story.when(reserve("a", "cables=31")).refused(NotEnough)
    assert reserved(story.and_given(reserve("a", "cables=5")), "a") == {"cables": (FIRST, 5)}


def test_a_sub_hire_covers_a_shortage_and_is_not_dropped_while_it_is_needed(
    house: Scenario,
) -> None:
    hire = SubHireEquipment(what="camera=1", supplier="Rental", booking="b", subhire="h-1")
    house.when(SubHireEquipment(what="camera=1", supplier="Rental")).refused(BadInput)
    story = house.and_given(reserve("a", kind="camera=2"), hire, reserve("b", kind="camera=1"))
    story.when(DropSubHire(subhire="h-1")).refused(NotEnough)
    story = story.and_given(ReleaseEquipment(booking="b"), DropSubHire(subhire="h-1"))
    story.when(DropSubHire(subhire="h-1")).refused(NothingChanges)
    story.when(reserve("b", kind="camera=1")).refused(NotEnough)
    story.when(SubHireEquipment(what="cam-1=1", supplier="Rental", booking="b")).refused(BadInput)


def test_a_planned_service_takes_an_item_out_of_what_can_be_promised(house: Scenario) -> None:
    plan = PlanServicing(
        equipment="cam-1", kind="repair", when=When.parse("2027-03-05..2027-03-06")
    )
    story = house.and_given(plan)
    story.when(reserve("a", "cam-1")).refused(PromisedAway, saying="in repair")
    story.when(reserve("a", kind="camera=2")).refused(NotEnough)
    assert story.when(reserve("b", kind="camera=2")).events
    promised = new_house().and_given(reserve("a", "cam-1"))
    promised.when(plan).refused(PromisedAway, saying="promised to booking 'a'")
    counted = new_house().and_given(reserve("a", kind="camera=2"))
    counted.when(plan).refused(NotEnough)


def test_a_promised_item_does_not_retire(house: Scenario) -> None:
    story = house.and_given(reserve("a", "crane"), reserve("b", kind="camera=2"))
    story.when(RetireEquipment(equipment="crane")).refused(PromisedAway)
    story.when(RetireEquipment(equipment="cam-1")).refused(NotEnough)
    assert story.when(RetireEquipment(equipment="cables=40")).events
    late = story.and_given(ReleaseEquipment(booking="a"))
    assert late.when(RetireEquipment(equipment="crane")).events


# --- along with the booking --------------------------------------------------------------


def test_a_move_takes_its_reservations_along_and_says_what_stands_in_the_way(
    house: Scenario,
) -> None:
    story = house.and_given(
        reserve("a", "crane"),
        reserve("a", "cam-1", when="2027-03-02..2027-03-03"),
        reserve("b", "crane", when="2027-03-11..2027-03-12"),
    )
    story.when(move("a", "2027-03-02..2027-03-11")).refused(
        PromisedAway, saying="crane is promised to booking 'b'"
    )
    story = story.and_given(move("a", "2027-02-01..2027-02-10"))
    assert reserved(story, "a") == {
        "crane": ("2027-02-01..2027-02-10", 1),
        "cam-1": ("2027-02-02..2027-02-03", 1),
    }
    assert story.when(reserve("b", "crane", when="2027-03-08..2027-03-12")).events


def test_days_stay_where_a_booking_grows_and_go_where_it_gives_them_back(house: Scenario) -> None:
    story = house.and_given(
        reserve("a", "crane"),
        reserve("a", "cam-1", when="2027-03-02..2027-03-03"),
        reserve("a", "cam-2", when="2027-03-09..2027-03-10"),
        GiveBackDays(booking="a", when=When.parse("2027-03-03..2027-03-10")),
    )
    assert reserved(story, "a") == {
        "crane": ("2027-03-01..2027-03-02", 1),
        "cam-1": ("2027-03-02", 1),
    }
    assert story.when(reserve("b", "crane", "cam-2")).events


def test_two_bookings_trade_their_days_and_the_one_crane(house: Scenario) -> None:
    story = house.and_given(
        reserve("a", "crane"), reserve("b", "crane", when="2027-03-11..2027-03-20")
    )
    outcome = story.when(move("b", "2027-02-01..2027-02-13"), move("a", "2027-03-11..2027-03-20"))
    assert outcome.refusal is None
    swapped = story.when(move("a", "2027-03-08..2027-03-17"), move("b", "2027-02-20..2027-03-04"))
    assert swapped.refusal is None


@pytest.mark.parametrize("gone", [CancelBooking(booking="a"), ReleaseEquipment(booking="a")])
def test_a_cancellation_frees_what_was_reserved(house: Scenario, gone: Decision) -> None:
    story = house.and_given(reserve("a", "crane"), gone)
    assert story.when(reserve("b", "crane")).events


def test_a_cancellation_taken_back_needs_the_crane_again(house: Scenario) -> None:
    story = house.and_given(reserve("a", "crane"), CancelBooking(booking="a"))
    cancelled = story.position
    story = story.and_given(reserve("b", "crane"))
    story.when(UndoEntry(position=cancelled), reason="slip").refused(PromisedAway)


def test_a_split_divides_what_is_reserved(house: Scenario) -> None:
    story = house.and_given(
        reserve("a", "crane"),
        reserve("a", "cam-1", when="2027-03-04..2027-03-07"),
        SplitBooking(booking="a", at=Moment("2027-03-06"), rest="a2"),
    )
    assert reserved(story, "a") == {
        "crane": ("2027-03-01..2027-03-05", 1),
        "cam-1": ("2027-03-04..2027-03-05", 1),
    }
    assert reserved(story, "a2") == {
        "crane": ("2027-03-06..2027-03-10", 1),
        "cam-1": ("2027-03-06..2027-03-07", 1),
    }


def test_merged_bookings_have_what_each_had(house: Scenario) -> None:
    story = house.and_given(
        reserve("a", "crane"),
        SplitBooking(booking="a", at=Moment("2027-03-06"), rest="a2"),
        reserve("a2", "cables=7"),
        MergeBookings(bookings=("a", "a2")),
    )
    assert reserved(story, "a") == {"crane": (FIRST, 1), "cables": ("2027-03-06..2027-03-10", 7)}
    assert reserved(story, "a2") == {}


# --- cases -------------------------------------------------------------------------------


def test_a_case_is_promised_with_what_is_in_it(house: Scenario) -> None:
    story = house.and_given(
        add("case", "case"),
        PackEquipment(equipment="cam-1", container="case"),
        PackEquipment(equipment="cables=10", container="case"),
        reserve("a", "case"),
    )
    assert set(reserved(story, "a")) == {"case", "cam-1", "cables"}
    story.when(reserve("b", "cam-1")).refused(PromisedAway, saying="in case")
    story.when(reserve("b", "cables=31")).refused(NotEnough)
    story.when(reserve("b", kind="camera=2")).refused(NotEnough)
    freed = story.and_given(ReleaseEquipment(booking="a", equipment=("case",)))
    assert reserved(freed, "a") == {}


def test_a_case_is_not_promised_with_a_thing_that_another_has(house: Scenario) -> None:
    story = house.and_given(
        add("case", "case"),
        PackEquipment(equipment="cam-1", container="case"),
        reserve("b", "cam-1"),
    )
    story.when(reserve("a", "case")).refused(PromisedAway, saying="cam-1 is promised")


# --- loans -------------------------------------------------------------------------------


def started(house: Scenario) -> Scenario:
    """The house on 8 March, with both bookings under way."""
    return house.at("2027-03-08T09:00+08:00")


def test_what_is_promised_to_another_does_not_go_out(house: Scenario) -> None:
    story = started(house.and_given(reserve("b", "crane")))
    story.when(check_out("a", "crane")).refused(PromisedAway, saying="promised to booking 'b'")
    assert story.when(check_out("b", "crane")).events
    person = LendEquipment(equipment="crane", custodian="cy", due_at=Deadline("2027-03-09"))
    story.when(person).refused(PromisedAway)


def test_it_may_go_out_until_it_is_promised(house: Scenario) -> None:
    story = started(house.and_given(reserve("b", "crane", when="2027-03-10..2027-03-12")))
    story = story.and_given(check_out("a", "crane", due="2027-03-09"))
    late = ProlongLoan(equipment="crane", due_at=Deadline("2027-03-10"))
    story.when(late).refused(PromisedAway, saying="'b'")


def test_a_case_does_not_go_out_with_a_thing_that_is_promised_to_another(house: Scenario) -> None:
    story = house.and_given(
        add("case", "case"), reserve("a", "case"), reserve("b", "cam-1")
    ).and_given(PackEquipment(equipment="cam-1", container="case"))
    started(story).when(check_out("a", "case")).refused(PromisedAway, saying="cam-1 is promised")


def test_what_is_out_is_not_promised_twice_and_counts_for_its_kind(house: Scenario) -> None:
    story = started(house.and_given(reserve("a", kind="camera=1"), reserve("b", kind="camera=1")))
    story = story.and_given(check_out("a", "cam-1"))
    story.when(check_out("a", "cam-2")).refused(NotEnough)
    story = story.and_given(check_out("b", "cam-2"))
    story.when(reserve("b", kind="camera=2")).refused(NotEnough)
    assert (
        story.and_given(CheckIn(equipment="cam-1"), ReleaseEquipment(booking="a"))
        .when(reserve("b", kind="camera=2"))
        .events
    )


def test_a_loan_that_is_due_with_its_booking_follows_it(house: Scenario) -> None:
    story = started(house).and_given(check_out("b", "crane"), check_out("b", "cables=3"))
    outcome = story.when(move("b", "2027-03-08..2027-03-25"))
    assert [event for event in outcome.events if isinstance(event, LoanProlonged)]
    assert any(getattr(event, "how", "") == "prolonged" for event in outcome.events)


# --- corrections -------------------------------------------------------------------------


def test_a_reservation_is_corrected_within_what_there_is(house: Scenario) -> None:
    story = house.and_given(reserve("a", "cables=30"))

    def correct(**to: Any) -> Outcome:
        return story.when(CorrectEntry(position=story.position, to=to), reason="slip")

    correct(quantity=41).refused(NotEnough)
    correct(period="2027-03-09..2027-03-12").refused(OutsideItsBooking)
    story.keep(correct(quantity=20))
    assert reserved(story, "a") == {"cables": (FIRST, 20)}


def test_a_release_taken_back_needs_the_item_again(house: Scenario) -> None:
    story = house.and_given(reserve("a", "crane"), ReleaseEquipment(booking="a"))
    undo = UndoEntry(position=story.position)
    assert isinstance(story.when(undo, reason="slip").events[0], ReservationReleased)
    story.and_given(reserve("b", "crane")).when(undo, reason="slip").refused(PromisedAway)


def test_a_move_taken_back_takes_reservations_and_loans_back(house: Scenario) -> None:
    story = started(house.and_given(reserve("b", "crane"))).and_given(check_out("b", "crane"))
    story.and_given(move("b", "2027-03-08..2027-03-25"))
    moved = next(
        entry.position
        for entry in story.history.read([])
        if isinstance(entry.event, BookingRescheduled)
    )
    story.keep(story.when(UndoEntry(position=moved), reason="slip"))
    assert reserved(story, "b") == {"crane": (SECOND, 1)}
    loans = [e.event for e in story.history.read([]) if isinstance(e.event, LoanProlonged)]
    assert [loan.due_at for loan in loans] == [days(SECOND[:12] + "2027-03-25").end - TICK,
                                               days(SECOND).end - TICK]  # fmt: skip


def test_what_broke_while_it_is_out_is_claimed_once_and_may_stay_longer(house: Scenario) -> None:
    story = started(house).and_given(
        check_out("a", "cam-1", due="2027-03-09"),
        ServiceEquipment(equipment="cam-1", kind="repair"),
        check_out("b", "cam-2"),
    )
    later = ProlongLoan(equipment="cam-1", due_at=Deadline("2027-03-10"))
    assert story.when(later).events
    story.when(reserve("b", "cam-1", when="2027-03-11..2027-03-12")).refused(
        PromisedAway, saying="in repair"
    )
