"""Holds queue for a space; the first may confirm, the others may challenge."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.refusals import (
    AlreadyChallenged,
    AnswerPending,
    BehindHold,
    NotAhead,
    NothingAhead,
    SpaceTaken,
    WrongState,
)
from ledger.errors import AlreadyExists, BadId, BadInput, LedgerError, ProjectIsClosed, UnknownId
from ledger.events import DayPlan, ProjectClosed
from ledger.testing import Scenario
from ledger.time.periods import Moment, When
from tests.scenarios.booking_stories import Told, at, campus, hold

FIRST = Told("first", "2025-07-01..2025-07-10")
SECOND = Told("second", "2025-07-08..2025-07-20", "dragon")
THIRD = Told("third", "2025-07-15..2025-08-05", "comet")
FOURTH = Told("fourth", "2025-08-01..2025-08-31", "lantern")


def queue(count: int = 3) -> Scenario:
    """Holds that overlap like tiles, from July into August. They are #9, #10, #11, #12."""
    told = (
        hold("first", "2025-07-01..2025-07-10"),
        hold("second", "2025-07-08..2025-07-20", "dragon"),
        hold("third", "2025-07-15..2025-08-05", "comet"),
        hold("fourth", "2025-08-01..2025-08-31", "lantern"),
    )
    return campus().and_given(*told[:count])


# --- hold ----------------------------------------------------------------------------


def test_the_first_hold_is_first() -> None:
    campus().when(hold("first", "2025-07-01..2025-07-10")).then(FIRST.held(1))


def test_a_hold_goes_behind_all_that_it_overlaps() -> None:
    (
        campus()
        .when(hold("first", "2025-07-01..2025-07-10"))
        .then(FIRST.held(1))
        .when(hold("second", "2025-07-08..2025-07-20", "dragon"))
        .then(SECOND.held(2))
        .when(hold("third", "2025-07-15..2025-08-05", "comet"))
        .then(THIRD.held(3))
    )


def test_holds_that_touch_are_not_behind_each_other() -> None:
    touching = Told("next", "2025-07-11..2025-07-12", "dragon")
    queue(1).when(hold("next", "2025-07-11..2025-07-12", "dragon")).then(touching.held(1))
    morning = Told("night", "2025-07-10T23:30..2025-07-11T06:00", "dragon")
    queue(1).when(hold("night", "2025-07-10T23:30..2025-07-11T06:00", "dragon")).then(
        morning.held(2)
    )


def test_the_same_days_of_another_space_are_another_queue() -> None:
    other = Told("other", "2025-07-01..2025-07-10", "dragon", space="stage-2")
    queue(1).when(hold("other", "2025-07-01..2025-07-10", "dragon", space="stage-2")).then(
        other.held(1)
    )


def test_a_hold_keeps_its_plan_in_order_and_its_expiry() -> None:
    prep = DayPlan(date(2025, 7, 1), date(2025, 7, 2), "prep")
    shoot = DayPlan(date(2025, 7, 3), date(2025, 7, 5), "shoot")
    wish = hold(
        "first",
        "2025-07-01..2025-07-10",
        plan=(shoot, prep),
        expires_at=Moment.parse("2025-06-10T18:00"),
    )
    campus().when(wish).then(FIRST.held(1, plan=(prep, shoot), expires_at=at("2025-06-10T18:00")))


def test_an_id_is_made_up_where_none_is_given() -> None:
    when = When.parse("2025-07-01")
    outcome = campus().when(PlaceHold(space="stage-1", project="comet", when=when))
    assert outcome.events == (Told("b-1", "2025-07-01", "comet").held(1),)


@pytest.mark.parametrize(
    ("wish", "refusal", "saying"),
    [
        (hold("first", "2025-09-01"), AlreadyExists, "'first' already exists (#9)"),
        (hold("My booking", "2025-09-01"), BadId, "'my-booking'"),
        (hold("b", "2025-09-01", "unknown"), UnknownId, "no project 'unknown'"),
        (hold("b", "2025-09-01", space="stage-9"), UnknownId, "no space 'stage-9'"),
        (hold("b", "2025-09-01", units=0), BadInput, "at least one"),
        (
            hold("b", "2025-09-01", expires_at=Moment.parse("2025-05-30")),
            BadInput,
            "would already have expired, at 2025-05-30",
        ),
        (
            hold("b", "2025-09-01", confirm=True, expires_at=Moment.parse("2025-06-30")),
            BadInput,
            "--expires-at and --confirm",
        ),
    ],
)
def test_a_hold_that_cannot_be(wish: PlaceHold, refusal: type[LedgerError], saying: str) -> None:
    queue(1).when(wish).refused(refusal, saying=saying)


def test_nothing_is_held_for_a_closed_project() -> None:
    closed = ProjectClosed(project="dragon", on=date(2025, 5, 1), outcome="cancelled")
    campus().and_given(closed).when(hold("b", "2025-09-01", "dragon")).refused(
        ProjectIsClosed, by=9
    )


@pytest.mark.parametrize(
    ("first", "last", "saying"),
    [
        (2, 1, "before they begin"),
        (9, 11, "not all in 2025-07-01..2025-07-10"),
        (3, 4, "planned both as prep and as shoot"),
    ],
)
def test_a_plan_that_cannot_be(first: int, last: int, saying: str) -> None:
    month = date(2025, 7, 10)
    prep = DayPlan(month.replace(day=1), month.replace(day=3), "prep")
    wrong = DayPlan(month.replace(day=first), month.replace(day=last), "shoot")
    wish = hold("first", "2025-07-01..2025-07-10", plan=(prep, wrong))
    campus().when(wish).refused(BadInput, saying=saying)


# --- release, and the ripple ---------------------------------------------------------


def test_when_one_leaves_those_behind_move_up_into_the_next_months() -> None:
    queue(4).when(ReleaseHold(booking="first")).then(
        FIRST.released(), SECOND.promoted(2, 1), THIRD.promoted(3, 2), FOURTH.promoted(4, 3)
    )


def test_who_is_still_behind_somebody_stays() -> None:
    """Two are behind a third; when the middle one leaves, the last moves up by only one."""
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10"),
        hold("between", "2025-07-01..2025-07-10", "dragon"),
        hold("last", "2025-07-05..2025-07-06", "comet"),
        hold("early", "2025-07-01..2025-07-02", "lantern"),
    )
    story.when(ReleaseHold(booking="between")).then(
        Told("between", "2025-07-01..2025-07-10", "dragon").released(),
        Told("last", "2025-07-05..2025-07-06", "comet").promoted(3, 2),
        Told("early", "2025-07-01..2025-07-02", "lantern").promoted(3, 2),
    )


def test_a_release_of_what_is_no_hold() -> None:
    story = queue(1)
    story.when(ReleaseHold(booking="unknown")).refused(UnknownId, saying="no booking 'unknown'")
    story.and_given(ReleaseHold(booking="first"))
    story.when(ReleaseHold(booking="first")).refused(
        WrongState, by=10, saying="is released, not held (#10). Place a new hold"
    )


# --- expiry --------------------------------------------------------------------------


def expiring() -> Scenario:
    """#9 expires on 10 June; #10 is behind it."""
    return campus().and_given(
        hold("first", "2025-07-01..2025-07-10", expires_at=Moment.parse("2025-06-10")),
        hold("second", "2025-07-08..2025-07-20", "dragon"),
    )


def test_an_expired_hold_is_released_by_the_next_who_meets_it() -> None:
    wish = hold("third", "2025-07-15..2025-08-05", "comet")
    expiring().when(wish, now="2025-06-09T23:59+08:00").then(THIRD.held(3))
    expiring().when(wish, now="2025-06-10T00:00+08:00").then(
        FIRST.released("expired"), SECOND.promoted(2, 1), THIRD.held(2)
    )


def test_an_expired_hold_cannot_be_confirmed() -> None:
    expiring().when(ConfirmBookings(booking="first"), now="2025-06-11T09:00+08:00").refused(
        WrongState, by=9, saying="is expired, not held (#9). Place a new hold"
    )


def test_who_was_behind_an_expired_hold_confirms_at_once() -> None:
    expiring().when(ConfirmBookings(booking="second"), now="2025-06-11T09:00+08:00").then(
        FIRST.released("expired"), SECOND.promoted(2, 1), SECOND.confirmed()
    )


def test_to_release_an_expired_hold_is_to_note_that_it_expired() -> None:
    expiring().when(ReleaseHold(booking="first"), now="2025-06-11T09:00+08:00").then(
        FIRST.released("expired"), SECOND.promoted(2, 1)
    )


# --- confirm -------------------------------------------------------------------------


def test_the_first_confirms_and_the_others_stay_as_backups() -> None:
    (
        queue(3)
        .when(ConfirmBookings(booking="first"))
        .then(FIRST.confirmed(), SECOND.promoted(2, 1), THIRD.promoted(3, 2))
        .when(ConfirmBookings(booking="second"))
        .refused(
            SpaceTaken, by=12, saying="confirmed for booking 'first' on 2025-07-01..2025-07-10"
        )
    )


def test_the_second_may_not_pass_the_first() -> None:
    queue(2).when(ConfirmBookings(booking="second")).refused(
        BehindHold, by=9, saying="booking challenge second --against first"
    )


def test_a_booking_is_held_and_confirmed_in_one() -> None:
    plan = (DayPlan(date(2025, 7, 2), date(2025, 7, 3), "prep"),)
    wish = hold("first", "2025-07-01..2025-07-10", plan=plan, confirm=True)
    campus().when(wish).then(FIRST.held(1, plan=plan), FIRST.confirmed(plan=plan))


def test_to_confirm_at_once_is_not_to_pass_a_hold_either() -> None:
    wish = hold("second", "2025-07-08..2025-07-20", "dragon", confirm=True)
    queue(1).when(wish).refused(BehindHold, by=9, saying="Place a hold and challenge it")


def test_nobody_overlaps_what_is_confirmed_but_anybody_may_hold_behind_it() -> None:
    story = campus().and_given(hold("first", "2025-07-01..2025-07-10", confirm=True))
    wish = hold("second", "2025-07-08..2025-07-20", "dragon", confirm=True)
    story.when(wish).refused(SpaceTaken, by=10, saying="'first'")
    story.when(hold("second", "2025-07-08..2025-07-20", "dragon")).then(SECOND.held(1))


def test_several_are_confirmed_together_or_not_at_all() -> None:
    story = campus().and_given(
        hold("stage", "2025-07-01..2025-07-10"),
        hold("shop", "2025-06-20..2025-07-10", space="workshop", units=2),
        hold("rival", "2025-06-25..2025-06-30", "dragon", space="stage-2"),
        hold("late", "2025-06-25..2025-06-30", space="stage-2"),
    )
    all_three = ConfirmBookings(booking=("stage", "shop", "late"))
    story.when(all_three).refused(BehindHold, by=11)
    assert ConfirmBookings(booking=("stage", "shop")).is_batch
    story.when(ConfirmBookings(booking=("stage", "shop"))).then(
        Told("stage", "2025-07-01..2025-07-10").confirmed(),
        Told("shop", "2025-06-20..2025-07-10", space="workshop").confirmed(units=2),
    )


@pytest.mark.parametrize(
    ("bookings", "saying"), [((), "no booking is named"), (("first", "first"), "named twice")]
)
def test_what_is_confirmed_is_named_once(bookings: tuple[str, ...], saying: str) -> None:
    queue(1).when(ConfirmBookings(booking=bookings)).refused(BadInput, saying=saying)


def test_a_closed_project_confirms_nothing() -> None:
    closed = ProjectClosed(project="resurrection", on=date(2025, 5, 1), outcome="completed")
    queue(1).and_given(closed).when(ConfirmBookings(booking="first")).refused(
        ProjectIsClosed, by=10
    )


# --- challenge -----------------------------------------------------------------------


def test_a_challenged_holder_has_the_hours_of_the_space_or_else_of_the_site() -> None:
    queue(2).when(ChallengeHolds(booking="second")).then(
        FIRST.challenged("second", "2025-06-02T09:00")
    )
    there = campus().and_given(
        hold("first", "2025-07-01", space="stage-2"), hold("second", "2025-07-01", space="stage-2")
    )
    there.when(ChallengeHolds(booking="second")).then(
        Told("first", "2025-07-01", space="stage-2").challenged("second", "2025-06-03T09:00")
    )


def test_all_who_are_ahead_are_asked_unless_some_are_named() -> None:
    story = queue(2).and_given(hold("all", "2025-07-09..2025-07-09", "comet"))
    both = (
        FIRST.challenged("all", "2025-06-02T09:00"),
        SECOND.challenged("all", "2025-06-02T09:00"),
    )
    story.when(ChallengeHolds(booking="all", against=("second",))).then(both[1])
    story.when(ChallengeHolds(booking="all")).then(both[0])
    story.when(ChallengeHolds(booking="all")).refused(AlreadyChallenged, by=13)


def test_the_challenged_answers_by_confirming() -> None:
    (
        queue(2)
        .and_given(ChallengeHolds(booking="second"))
        .when(ConfirmBookings(booking="first"))
        .then(FIRST.confirmed(), SECOND.promoted(2, 1))
    )


def test_a_challenge_lapses_when_the_time_is_over() -> None:
    story = queue(3).and_given(ChallengeHolds(booking="second"))
    confirm = ConfirmBookings(booking="second")
    story.when(confirm, now="2025-06-02T08:59+08:00").refused(
        AnswerPending, by=12, saying="may answer until 2025-06-02 09:00+08:00"
    )
    story.when(confirm, now="2025-06-02T09:00+08:00").then(
        FIRST.released("lapsed"), SECOND.confirmed(), THIRD.promoted(3, 1)
    )


def test_only_whom_one_challenged_oneself_lapses() -> None:
    """Another booking's challenge of the same hold does not count."""
    story = queue(2).and_given(
        hold("third", "2025-07-10", "comet"), ChallengeHolds(booking="second")
    )
    story.when(ConfirmBookings(booking="third"), now="2025-06-09T09:00+08:00").refused(
        BehindHold, by=9
    )


def test_challenges_that_go_nowhere() -> None:
    story = queue(3)
    story.when(ChallengeHolds(booking="first")).refused(
        NothingAhead, saying="booking confirm first"
    )
    story.when(ChallengeHolds(booking="third", against=("first",))).refused(
        NotAhead, by=9, saying="not ahead of 'third'"
    )
    story.when(ChallengeHolds(booking="second", against=("third",))).refused(NotAhead, by=11)
    story.when(ChallengeHolds(booking="second", against=("unknown",))).refused(UnknownId)
    story.and_given(ReleaseHold(booking="first"))
    story.when(ChallengeHolds(booking="second", against=("first",))).refused(WrongState, by=12)
    story.when(ChallengeHolds(booking="first")).refused(WrongState, by=12)


def test_who_cannot_confirm_anyway_is_not_pressed() -> None:
    """The days are already taken: the challenged hold could not answer by confirming."""
    story = queue(2).and_given(ConfirmBookings(booking="first"))
    story.and_given(hold("third", "2025-07-10..2025-07-12", "comet"))
    story.when(ChallengeHolds(booking="third")).refused(SpaceTaken, by=11)
