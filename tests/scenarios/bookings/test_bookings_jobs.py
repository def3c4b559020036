"""Jobs: several spaces at once, held, confirmed, moved and cancelled as one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.job_refusals import (
    IsAJob,
    JobIsOver,
    NotAtOneTime,
    OtherProject,
    SomeRefused,
)
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import (
    BehindHold,
    NotItsTime,
    SpaceTaken,
    WrongState,
)
from ledger.decisions.bookings.shoot_days import CancelBooking, StartBooking, WrapBooking
from ledger.decisions.bookings.splits import GiveBackDays, SplitBooking
from ledger.decisions.bookings.terms import ChangeBooking, RankHold
from ledger.errors import AlreadyExists, BadId, BadInput, ProjectIsClosed, UnknownId
from ledger.events import BookingConfirmed, BookingHeld, BookingRescheduled, ProjectClosed
from ledger.events.base import Event
from ledger.testing import Scenario
from ledger.time.periods import Moment, When
from tests.scenarios.booking_stories import Told, campus, hold

DAYS = "2027-03-01..2027-03-10"
SPACES = ("stage-1", "stage-2", "workshop")


def job(name: str | None = "tour", *spaces: str, when: str = DAYS, **more: Any) -> PlaceHold:
    """To hold several spaces as one."""
    terms: dict[str, Any] = {"project": "resurrection", **more}
    return PlaceHold(booking=name, space=spaces or SPACES, when=When.parse(when), **terms)


def told(number: int, when: str = DAYS) -> Told:
    """The booking of the job's space of that number."""
    return Told(f"tour-{number}", when, space=SPACES[number - 1])


def ids(events: Sequence[Event]) -> list[str]:
    """The bookings that events are about."""
    return [str(getattr(event, "booking", "")) for event in events]


@pytest.fixture
def tour() -> Scenario:
    """#9 to #11: the job holds three spaces."""
    return campus().and_given(job())


# --- hold --------------------------------------------------------------------------------


def test_each_space_has_a_booking_and_each_a_rank_in_its_own_ladder() -> None:
    story = campus().and_given(hold("early", DAYS, "dragon", space="stage-2"))
    story.when(job()).then(
        told(1).held(1, job="tour"), told(2).held(2, job="tour"), told(3).held(1, job="tour")
    )
    assert job().is_batch


def test_a_job_without_a_name_gets_one() -> None:
    outcome = campus().when(job(None, "stage-1", "stage-2"))
    assert ids(outcome.events) == ["j-1-1", "j-1-2"]
    assert {event.tags()[-1] for event in outcome.events} == {"job:j-1"}


def test_one_space_in_a_list_is_a_booking_like_any_other() -> None:
    one = job("tour", "stage-1")
    assert not one.is_batch
    campus().when(one).then(Told("tour", DAYS).held(1))


def test_all_are_confirmed_or_none_is_held() -> None:
    story = campus().and_given(
        hold("theirs", "2027-03-05", "dragon", space="stage-2", confirm=True)
    )
    refused = story.when(job(confirm=True)).refused(SomeRefused, by=10, saying="1 of 3 bookings")
    refused.when(job(confirm=True)).refused(
        saying=f"stage-2 on {DAYS}: space 'stage-2' is confirmed for booking 'theirs'"
    )
    outcome = campus().when(job(confirm=True))
    assert [type(event) for event in outcome.events] == [BookingHeld, BookingConfirmed] * 3


def test_a_refusal_lists_everything_that_stands_in_the_way() -> None:
    story = campus().and_given(
        hold("firm", "2027-03-05", "dragon", space="stage-2", confirm=True),
        hold("held", "2027-03-06", "dragon"),
    )
    error = story.when(job(confirm=True)).refusal
    assert isinstance(error, SomeRefused)
    assert [type(one) for one in error.refused.values()] == [BehindHold, SpaceTaken]
    assert list(error.refused) == [f"stage-1 on {DAYS}", f"stage-2 on {DAYS}"]


@pytest.mark.parametrize(
    ("wrong", "refusal", "saying"),
    [
        (job("tour", "stage-1", "stage-1"), BadInput, "one twice"),
        (PlaceHold(space=(), project="dragon", when=When.parse(DAYS)), BadInput, "no space"),
        (job("tour", "stage-1", "stage-9"), UnknownId, "stage-9"),
        (job(project="nobody"), UnknownId, "nobody"),
        (job("Tour!"), BadId, "'Tour!' is not a valid job id"),
        (job("t" * 64), BadId, "booking id"),
        (job(units=2), SomeRefused, "2 of 3"),
    ],
    ids=["twice", "none", "space", "project", "name", "long", "units"],
)
def test_bad_input_makes_no_job(wrong: Decision, refusal: Any, saying: str) -> None:
    campus().when(wrong).refused(refusal, saying=saying)


def test_a_closed_project_gets_no_job() -> None:
    closed = ProjectClosed(project="resurrection", on=date(2025, 5, 1), outcome="completed")
    campus().and_given(closed).when(job()).refused(ProjectIsClosed)


def test_jobs_and_bookings_share_one_namespace(tour: Scenario) -> None:
    tour.when(hold("tour", "2027-05-01")).refused(AlreadyExists, saying="job 'tour'")
    tour.when(job()).refused(AlreadyExists, saying="job 'tour'")
    tour.and_given(hold("solo", "2027-05-01"))
    tour.when(job("solo")).refused(AlreadyExists, saying="booking 'solo'")
    tour.and_given(hold("next-2", "2027-06-01"))
    tour.when(job("next", when="2027-05-01")).refused(AlreadyExists, saying="booking 'next-2'")


# --- adding to a job -----------------------------------------------------------------------


def test_a_hold_is_added_to_a_job(tour: Scenario) -> None:
    later = hold("more", "2027-03-12", space="stage-2", job="tour")
    tour.when(later).then(Told("more", "2027-03-12", space="stage-2").held(1, job="tour"))
    unnamed = PlaceHold(
        space=("stage-1", "stage-2"), project="resurrection", when=When("2027-04-01"), job="tour"
    )
    assert ids(tour.when(unnamed).events) == ["tour-5", "tour-6"]


def test_only_its_own_project_adds_to_a_job_that_there_is(tour: Scenario) -> None:
    tour.when(hold("more", "2027-03-12", "dragon", job="tour")).refused(
        OtherProject, saying="'resurrection', not 'dragon'"
    )
    tour.when(hold("more", "2027-03-12", job="toru")).refused(UnknownId, saying="no job 'toru'")
    tour.when(hold("more", "2027-03-12", job="more")).refused(UnknownId, saying="no job 'more'")
    tour.when(job("x", job="tour")).refused(BadInput, saying="are numbered")


def test_a_job_begins_with_a_booking_that_is_named_after_it() -> None:
    campus().when(hold("gig-3", DAYS, job="gig")).then(Told("gig-3", DAYS).held(1, job="gig"))
    story = campus().and_given(hold("gig", DAYS))
    story.when(hold("gig-3", DAYS, job="gig")).refused(AlreadyExists)


# --- all of them at once -------------------------------------------------------------------


def test_a_job_is_confirmed_moved_and_cancelled_as_one(tour: Scenario) -> None:
    april = "2027-04-01..2027-04-10"
    tour.when(ConfirmBookings(booking="tour")).then(*(told(n).confirmed() for n in (1, 2, 3)))
    tour.when(MoveBooking(booking="tour", when=When(april))).then(
        *(told(n, april).moved(DAYS, was_space=SPACES[n - 1]) for n in (1, 2, 3))
    )
    tour.when(CancelBooking(booking="tour")).then(*(told(n, april).cancelled() for n in (1, 2, 3)))
    tour.when(CancelBooking(booking="tour")).refused(JobIsOver, saying="every booking of job")


def test_those_that_are_over_are_left_out(tour: Scenario) -> None:
    tour.when(ReleaseHold(booking="tour-2")).then(told(2).released())
    tour.when(ConfirmBookings(booking="tour")).then(told(1).confirmed(), told(3).confirmed())


def test_the_rest_of_a_job_may_be_in_another_state(tour: Scenario) -> None:
    tour.and_given(ConfirmBookings(booking="tour-1"))
    tour.when(ConfirmBookings(booking="tour")).refused(WrongState, saying="'tour-1' is confirmed")
    tour.when(ConfirmBookings(booking=("tour-2", "tour-3"))).then(
        told(2).confirmed(), told(3).confirmed()
    )


def test_all_or_none_where_the_second_is_refused(tour: Scenario) -> None:
    tour.and_given(hold("firm", "2027-04-05", "dragon", space="stage-2", confirm=True))
    tour.and_given(ConfirmBookings(booking="tour"))
    tour.when(MoveBooking(booking="tour", when=When("2027-04-01..2027-04-10"))).refused(
        SpaceTaken, saying="space 'stage-2' is confirmed for booking 'firm'"
    )


def test_a_part_of_a_booking_stays_in_its_job(tour: Scenario) -> None:
    tour.and_given(SplitBooking(booking="tour-1", at=Moment("2027-03-06")))
    outcome = tour.when(ReleaseHold(booking="tour"))
    assert ids(outcome.events) == ["tour-1", "tour-2", "tour-3", "tour-1-2"]


def test_several_are_named_one_by_one_or_with_a_job(tour: Scenario) -> None:
    tour.and_given(hold("solo", "2027-05-01"))
    both = ReleaseHold(booking=("tour", "solo"))
    assert both.is_batch
    assert ids(tour.when(both).events) == ["tour-1", "tour-2", "tour-3", "solo"]
    tour.when(ReleaseHold(booking=("tour", "tour-2"))).refused(BadInput, saying="named twice")
    tour.when(ReleaseHold(booking=())).refused(BadInput, saying="no booking is named")
    tour.when(ReleaseHold(booking=("solo", "toru"))).refused(UnknownId, saying="toru")


@pytest.mark.parametrize(
    "alone",
    [
        ConfirmBookings(booking="tour", when=When("2027-03-02")),
        ChallengeHolds(booking="tour", against=("early",)),
        GiveBackDays(booking="tour", when=When("2027-03-05"), rest="x"),
    ],
    ids=["confirm", "challenge", "give-back"],
)
def test_what_is_for_one_is_refused_for_several(tour: Scenario, alone: Decision) -> None:
    tour.when(alone).refused(BadInput, saying="is for one booking, and 3 are named")


def test_only_bookings_of_one_time_move_to_one_time(tour: Scenario) -> None:
    tour.and_given(GiveBackDays(booking="tour-2", when=When("2027-03-01")))
    to_april = MoveBooking(booking="tour", when=When("2027-04-01..2027-04-10"))
    tour.when(to_april).refused(NotAtOneTime, saying="'tour-2' 2027-03-02..2027-03-10")
    shorter = tour.when(MoveBooking(booking="tour", to=Moment("2027-03-08")))
    assert [type(event) for event in shorter.events] == [BookingRescheduled] * 3


def test_a_job_gives_days_back_changes_starts_and_wraps(tour: Scenario) -> None:
    back = tour.when(GiveBackDays(booking="tour", when=When("2027-03-09..2027-03-10")))
    assert ids(back.events) == ["tour-1", "tour-2", "tour-3"]
    tour.when(GiveBackDays(booking="tour", when=When("2027-03-11"))).refused(NotItsTime)
    noted = tour.when(ChangeBooking(booking="tour", note="loading dock B"))
    assert {getattr(event, "note", None) for event in noted.events} == {"loading dock B"}
    tour.and_given(ConfirmBookings(booking="tour")).at("2027-03-12T09:00+08:00")
    first, last = (Moment(day).resolve("UTC").date() for day in ("2027-03-01", "2027-03-10"))
    tour.and_given(StartBooking(booking="tour", on=first))
    assert ids(tour.when(WrapBooking(booking="tour", on=last)).events) == [
        "tour-1",
        "tour-2",
        "tour-3",
    ]


def test_a_command_for_one_names_the_bookings_of_a_job(tour: Scenario) -> None:
    tour.when(RankHold(booking="tour", rank=1), reason="the house").refused(
        IsAJob, saying="tour-1, tour-2, tour-3"
    )
    tour.when(SplitBooking(booking="tour", at=Moment("2027-03-05"))).refused(IsAJob)


def test_the_stages_of_one_command_may_be_swapped_round() -> None:
    """`booking move` of two that end where the other one was, without a batch file."""
    story = campus().and_given(
        hold("a", "2027-03-01..2027-03-05", confirm=True),
        hold("b", "2027-03-06..2027-03-10", confirm=True),
    )
    story.when(MoveBooking(booking="a", to=Moment("2027-03-07"))).refused(SpaceTaken)
    both = MoveBooking(booking=("a", "b"), space="stage-2")
    assert story.when(both).refusal is None
