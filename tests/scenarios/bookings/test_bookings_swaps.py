"""A batch is judged by how it ends: productions swap stages, a space is emptied and closed."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import HeldByAnother, SpaceFull, SpaceTaken
from ledger.decisions.bookings.shoot_days import CancelBooking
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.bookings.terms import ChangeBooking
from ledger.decisions.site_refusals import SpaceIsBooked
from ledger.decisions.spaces import ChangeSpace, CloseSpace, RetireSpace
from ledger.events import BookingConfirmed, BookingRescheduled, SpaceClosed
from ledger.testing import Scenario
from ledger.time.periods import Moment, When
from tests.scenarios.booking_stories import Told, campus, hold

DAYS = "2027-03-01..2027-03-10"
A = Told("a", DAYS, space="stage-2")
B = Told("b", DAYS, "dragon", space="stage-1")


def firm(booking: str, space: str, project: str = "dragon", when: str = DAYS) -> Decision:
    """To hold and confirm a space at once."""
    return hold(booking, when, project, space=space, confirm=True)


def move(booking: str, space: str | None = None, when: str | None = None) -> MoveBooking:
    """To move it."""
    return MoveBooking(booking=booking, space=space, when=When.parse(when) if when else None)


@pytest.fixture
def two() -> Scenario:
    """#9 to #12: `a` has stage 1, `b` has stage 2, on the same days."""
    return campus().and_given(firm("a", "stage-1", "resurrection"), firm("b", "stage-2"))


# --- stages ------------------------------------------------------------------------------


def test_two_productions_swap_their_stages(two: Scenario) -> None:
    two.when(move("a", "stage-2"), move("b", "stage-1")).then(
        A.moved(DAYS, was_space="stage-1"), B.moved(DAYS, was_space="stage-2")
    )


def test_one_move_alone_is_refused_as_ever(two: Scenario) -> None:
    two.when(move("a", "stage-2")).refused(SpaceTaken, by=12, saying="'b'")


def test_three_productions_rotate(two: Scenario) -> None:
    two.and_given(firm("c", "workshop"))
    outcome = two.when(move("a", "stage-2"), move("b", "workshop"), move("c", "stage-1"))
    assert [type(event) for event in outcome.events] == [BookingRescheduled] * 3


def test_two_bookings_swap_their_days(two: Scenario) -> None:
    later = "2027-03-08..2027-03-17"
    two.and_given(firm("c", "stage-1", when="2027-03-11..2027-03-20"))
    outcome = two.when(move("a", when=later), move("c", when="2027-03-18..2027-03-27"))
    assert outcome.refusal is None


def test_a_swap_that_does_not_work_out_is_refused(two: Scenario) -> None:
    two.and_given(firm("c", "stage-1", when="2027-03-11..2027-03-20"))
    two.when(move("a", "stage-2"), move("b", "stage-1", "2027-03-05..2027-03-14")).refused(
        SpaceTaken, by=14, saying="'c'"
    )
    two.when(move("a", "stage-2"), move("c", "stage-2")).refused(SpaceTaken, by=12, saying="'b'")


def test_it_does_not_matter_that_the_booking_was_there_in_between(two: Scenario) -> None:
    two.when(move("a", "stage-2"), move("a", when="2027-04-01..2027-04-10")).then(
        A.moved(DAYS, was_space="stage-1"),
        Told("a", "2027-04-01..2027-04-10", space="stage-2").moved(DAYS, was_space="stage-2"),
    )


def test_what_it_kept_there_is_still_checked(two: Scenario) -> None:
    two.when(move("a", "stage-2"), move("a", when="2027-03-05..2027-03-14")).refused(SpaceTaken)
    back = GiveBackDays(booking="a", when=When.parse("2027-03-01..2027-03-05"))
    two.when(move("a", "stage-2"), back).refused(SpaceTaken)


@pytest.mark.parametrize(
    "gone",
    [
        CancelBooking(booking="b"),
        GiveBackDays(booking="b", when=When.parse("2027-03-01..2027-03-09")),
    ],
    ids=["cancelled", "shortened"],
)
def test_who_takes_the_days_may_come_first(two: Scenario, gone: Decision) -> None:
    take = move("a", "stage-2", "2027-03-01..2027-03-09")
    assert two.when(take, gone).refusal is None


def test_the_time_is_checked_where_it_went_on_to_a_part(two: Scenario) -> None:
    """What was split off, or merged, has the time now, and did not have it before."""
    split = SplitBooking(booking="a", at=Moment.parse("2027-03-06"))
    half = GiveBackDays(booking="b", when=When.parse("2027-03-01..2027-03-05"))
    two.when(move("a", "stage-2"), split, half).refused(SpaceTaken)
    two.and_given(firm("before", "stage-2", "resurrection", "2027-02-20..2027-02-28"))
    merge = MergeBookings(bookings=("before", "a"))
    two.when(move("a", "stage-2"), merge).refused(SpaceTaken)
    assert two.when(move("a", "stage-2"), merge, CancelBooking(booking="b")).refusal is None


def test_a_hold_is_confirmed_before_its_days_are_free(two: Scenario) -> None:
    two.and_given(hold("behind", DAYS, "comet", space="stage-2"))
    confirm = ConfirmBookings(booking="behind")
    two.when(confirm).refused(SpaceTaken, by=12)
    outcome = two.when(confirm, CancelBooking(booking="b"))
    assert isinstance(outcome.events[0], BookingConfirmed)
    two.when(firm("new", "stage-1", "comet"), CancelBooking(booking="b")).refused(SpaceTaken, by=10)


def test_holds_stand_in_the_way_of_a_swap_as_of_any_move(two: Scenario) -> None:
    two.and_given(hold("behind", DAYS, "comet", space="stage-2"))
    two.when(move("a", "stage-2"), move("b", "stage-1")).refused(HeldByAnother, saying="behind")


# --- shared spaces -----------------------------------------------------------------------


def test_units_are_counted_at_the_end() -> None:
    story = campus().and_given(
        hold("a", DAYS, space="workshop", units=2, confirm=True),
        hold("b", DAYS, "dragon", space="workshop", confirm=True),
    )
    more = ChangeBooking(booking="b", units=2)
    story.when(more).refused(SpaceFull)
    story.when(more, ChangeBooking(booking="a", units=3)).refused(SpaceFull)
    assert story.when(more, ChangeBooking(booking="a", units=1)).refusal is None


# --- what takes room away ----------------------------------------------------------------


def test_a_space_closes_in_the_batch_that_empties_it(two: Scenario) -> None:
    close = CloseSpace(space="stage-1", when=When.parse(DAYS), kind="maintenance", closure="c")
    two.when(close).refused(SpaceIsBooked, by=10)
    outcome = two.when(close, move("a", "stage-1", "2027-04-01..2027-04-10"))
    assert [type(event) for event in outcome.events] == [SpaceClosed, BookingRescheduled]
    two.when(close, move("a", "stage-1", "2027-03-08..2027-03-17")).refused()
    two.when(close, firm("c", "stage-2", when="2027-06-01")).refused(SpaceIsBooked, by=10)


def test_a_space_retires_or_shrinks_in_the_batch_that_empties_it(two: Scenario) -> None:
    away = move("a", "workshop")
    assert two.when(RetireSpace(space="stage-1", on=date(2027, 3, 1)), away).refusal is None
    two.and_given(firm("c", "workshop"), firm("d", "workshop"))
    shrink = ChangeSpace(space="workshop", on=date(2027, 3, 1), capacity=1)
    two.when(shrink).refused(SpaceIsBooked)
    two.when(shrink, away).refused()
    assert two.when(shrink, CancelBooking(booking="c")).refusal is None
