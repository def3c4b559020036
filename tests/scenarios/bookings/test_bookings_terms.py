"""Holds change and keep their place: terms, the house's rank, parts, and two that become one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import (
    BehindHold,
    DayWasReported,
    EquipmentIsOut,
    GivesBackAll,
    HeldByAnother,
    NoSuchRank,
    NotAlike,
    NotItsTime,
    StaysWhereItStarted,
    StaysWithItsProject,
    TooManyUnits,
    WrongState,
)
from ledger.decisions.bookings.shoot_days import ReportShootDay, StartBooking
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.bookings.terms import ChangeBooking, RankHold
from ledger.decisions.equipment.items import AddEquipment
from ledger.decisions.equipment.loans import CheckOut
from ledger.decisions.projects import CloseProject
from ledger.errors import AlreadyExists, BadInput, BadText, NothingChanges, ProjectIsClosed
from ledger.events import BookingMerged, DayPlan, HoldRanked
from ledger.testing import Scenario
from ledger.time.periods import Deadline, Moment, When
from tests.scenarios.booking_stories import Told, at, campus, hold

FIRST = Told("first", "2025-07-01..2025-07-10")
SECOND = Told("second", "2025-07-08..2025-07-20", "dragon")
THIRD = Told("third", "2025-07-09..2025-07-12", "comet")


def three_holds() -> Scenario:
    """#9 to #11 overlap on 9 and 10 July, at the ranks 1 to 3."""
    return campus().and_given(
        hold("first", "2025-07-01..2025-07-10"),
        hold("second", "2025-07-08..2025-07-20", "dragon"),
        hold("third", "2025-07-09..2025-07-12", "comet"),
    )


def firm() -> Scenario:
    """#9 and #10: 1 to 10 July is confirmed."""
    return campus().and_given(hold("first", "2025-07-01..2025-07-10", confirm=True))


def started(on: str = "2025-07-05T09:00+08:00") -> Scenario:
    """The production of 1 to 10 July moved in on the first (#11)."""
    return firm().at(on).and_given(StartBooking(booking="first", on=date(2025, 7, 1)))


def change(booking: str, **terms: Any) -> ChangeBooking:
    """To change its terms."""
    return ChangeBooking(booking=booking, **terms)


def back(booking: str, when: str, **more: Any) -> GiveBackDays:
    """To give these days back."""
    return GiveBackDays(booking=booking, when=When.parse(when), **more)


def ranked(told: Told, was: int, rank: int, cause: Any = "displaced") -> HoldRanked:
    """Its rank is set, or it moves down."""
    return HoldRanked(**told._always, was_rank=was, rank=rank, cause=cause)


# --- terms ---------------------------------------------------------------------------


def test_an_expiry_is_prolonged_and_the_place_kept() -> None:
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10", expires_at=Deadline("2025-06-10")),
        hold("second", "2025-07-08..2025-07-20", "dragon"),
        ChallengeHolds(booking="second"),
    )
    later = FIRST.moved(
        "2025-07-01..2025-07-10", rank=1, keeps_place=True, expires_at=at("2025-06-20")
    )
    story.when(change("first", expires_at=Deadline("2025-06-20T00:00"))).then(later)
    never = FIRST.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True)
    story.when(change("first", expires_at=None)).then(never)
    due = story.at("2025-06-03T10:00+08:00").when(ConfirmBookings(booking="second"))
    due.then(FIRST.released("lapsed"), SECOND.confirmed())


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({}, NothingChanges),
        ({"units": 1}, NothingChanges),
        ({"units": 2}, TooManyUnits),
        ({"units": 0}, BadInput),
        ({"note": "two\nlines"}, BadText),
        ({"expires_at": Moment("2025-05-31")}, BadInput),
    ],
)
def test_terms_that_cannot_be(terms: dict[str, Any], refusal: type[Exception]) -> None:
    outcome = three_holds().when(change("first", **terms))
    assert type(outcome.refusal) is refusal


def test_an_expired_hold_is_not_prolonged() -> None:
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10", expires_at=Deadline("2025-06-10"))
    )
    story.at("2025-06-11T09:00+08:00").when(change("first", expires_at=None)).refused(
        WrongState, by=9, saying="is expired"
    )
    firm().when(change("first", expires_at=Deadline("2025-06-20"))).refused(WrongState, by=10)


def test_another_project_takes_over_a_hold_in_its_place() -> None:
    lantern = Told("first", "2025-07-01..2025-07-10", "lantern")
    handed = lantern.moved(
        "2025-07-01..2025-07-10", rank=1, keeps_place=True, was_project="resurrection"
    )
    story = three_holds().when(change("first", project="lantern")).then(handed)
    assert story.when(_close("resurrection")).refusal is None
    assert story.when(_close("lantern")).refusal is not None
    story.and_given(ReleaseHold(booking="third"), _close("comet"))
    story.when(change("first", project="comet")).refused(ProjectIsClosed)
    started().when(change("first", project="lantern")).refused(StaysWithItsProject, by=11)


def _close(project: str) -> CloseProject:
    return CloseProject(project=project, on=date(2025, 5, 31), outcome="cancelled")


def test_fewer_units_keep_the_place_and_more_do_not() -> None:
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10", space="workshop", units=2),
        hold("second", "2025-07-08..2025-07-20", "dragon", space="workshop"),
    )
    shop = Told("first", "2025-07-01..2025-07-10", space="workshop")
    was: Any = {"was": "2025-07-01..2025-07-10", "was_space": "workshop"}
    story.when(change("first", units=1)).then(shop.moved(**was, rank=1, keeps_place=True))
    behind = Told("second", "2025-07-08..2025-07-20", "dragon", space="workshop")
    story.when(change("first", units=3)).then(
        shop.moved(**was, rank=2, units=3), behind.promoted(2, 1)
    )


def test_a_firm_booking_takes_more_units_only_past_no_hold() -> None:
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10", space="workshop", confirm=True),
        hold("second", "2025-07-08..2025-07-20", "dragon", space="workshop"),
    )
    story.when(change("first", units=3)).refused(HeldByAnother, by=11)
    assert story.when(change("first", units=2)).refusal is None


def test_a_note_and_a_contact_are_kept_by_what_follows() -> None:
    story = campus().and_given(hold("first", "2025-07-01..2025-07-10", contact="Wang, 555"))
    told: Any = {"note": "night shoot", "contact": "Wang, 555"}
    story.when(change("first", note="night shoot")).then(
        FIRST.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True, **told)
    )
    later = Told("first", "2025-07-02..2025-07-11").moved("2025-07-01..2025-07-10", rank=1, **told)
    story.when(MoveBooking(booking="first", when=When.parse("2025-07-02..2025-07-11"))).then(later)


# --- the house's rank ----------------------------------------------------------------


def test_the_house_puts_a_hold_first_with_a_reason() -> None:
    story = three_holds()
    story.when(RankHold(booking="third", rank=1)).refused(BadInput, saying="--reason")
    story.when(RankHold(booking="third", rank=1), reason="the star's only days").then(
        ranked(THIRD, 3, 1, "set"), ranked(FIRST, 1, 2), ranked(SECOND, 2, 3)
    )
    assert story.when(ConfirmBookings(booking="third")).refusal is None


def test_the_house_puts_a_hold_back_and_the_others_move_up() -> None:
    three_holds().when(RankHold(booking="first", rank=3), reason="late payer").then(
        ranked(FIRST, 1, 3, "set"), SECOND.promoted(2, 1), THIRD.promoted(3, 2)
    )


def test_a_rank_that_is_not_there() -> None:
    story = three_holds()
    story.when(RankHold(booking="first", rank=4), reason="so").refused(
        NoSuchRank, by=9, saying="the ranks on its days are 1, 2, 3"
    )
    story.when(RankHold(booking="first", rank=0), reason="so").refused(NoSuchRank)
    story.when(RankHold(booking="first", rank=1), reason="so").refused(NothingChanges, by=9)
    story.and_given(ConfirmBookings(booking="first"))
    story.when(RankHold(booking="first", rank=2), reason="so").refused(WrongState)


def test_whom_the_house_ranks_begins_anew_and_challenges_are_void() -> None:
    story = three_holds().and_given(ChallengeHolds(booking="second"))
    story.keep(story.when(RankHold(booking="first", rank=2), reason="so"))
    story.keep(story.when(RankHold(booking="first", rank=1), reason="and back"))
    story.at("2025-06-10T09:00+08:00").when(ConfirmBookings(booking="second")).refused(
        BehindHold, saying="Challenge it"
    )


# --- parts ---------------------------------------------------------------------------


def test_some_days_are_confirmed_and_the_rest_stays_held_in_its_place() -> None:
    part = Told("first", "2025-07-03..2025-07-05")
    before, after = (
        Told("first-2", "2025-07-01..2025-07-02"),
        Told("first-3", "2025-07-06..2025-07-10"),
    )
    some = ConfirmBookings(booking="first", when=When.parse("2025-07-03..2025-07-05"))
    three_holds().when(some).then(
        part.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True),
        before.held(1, split_from="first"),
        after.held(1, split_from="first"),
        part.confirmed(),
    ).when(ConfirmBookings(booking="second")).refused(BehindHold, saying="'first-3'")


def test_some_days_are_confirmed_and_the_rest_is_let_go() -> None:
    part = Told("first", "2025-07-03..2025-07-05")
    some = ConfirmBookings(booking="first", when=When.parse("2025-07-03..2025-07-05"), let_go=True)
    three_holds().when(some).then(
        part.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True),
        SECOND.promoted(2, 1),
        THIRD.promoted(3, 2),
        part.confirmed(),
    )


def test_which_days_can_be_confirmed() -> None:
    when = When.parse("2025-07-03..2025-07-11")
    story = three_holds()
    story.when(ConfirmBookings(booking="first", when=when)).refused(NotItsTime, by=9)
    story.when(ConfirmBookings(booking=("first", "second"), when=when)).refused(BadInput)
    story.when(ConfirmBookings(booking="first", let_go=True)).refused(BadInput)
    inside = When.parse("2025-07-09..2025-07-10")
    story.when(ConfirmBookings(booking="second", when=inside)).refused(BehindHold, by=9)


def test_a_challenge_goes_on_against_each_part() -> None:
    story = three_holds().and_given(ChallengeHolds(booking="second"))
    late = Told("first-2", "2025-07-09..2025-07-10")
    early = Told("first", "2025-07-01..2025-07-08")
    story.when(SplitBooking(booking="first", at=Moment("2025-07-09"))).then(
        early.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True),
        late.held(1, split_from="first"),
        late.challenged("second", "2025-06-02T09:00"),
    )
    story.at("2025-06-03T09:00+08:00").when(ConfirmBookings(booking="second")).then(
        early.released("lapsed"), late.released("lapsed"), SECOND.confirmed(), THIRD.promoted(3, 1)
    )


def test_a_hiatus_leaves_two_bookings_and_the_days_between_are_free() -> None:
    one = Told("first", "2025-07-01..2025-07-04")
    rest = Told("autumn", "2025-07-08..2025-07-10")
    plan = (DayPlan(date(2025, 7, 10), date(2025, 7, 10), "strike"),)
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10", plan=plan, confirm=True),
        hold("between", "2025-07-05..2025-07-07", "dragon"),
    )
    story.when(back("first", "2025-07-05..2025-07-07", rest="autumn")).then(
        one.moved("2025-07-01..2025-07-10"),
        rest.held(1, plan=plan, split_from="first"),
        rest.confirmed(plan=plan),
    )
    assert story.when(ConfirmBookings(booking="between")).refusal is None


def test_days_are_given_back_at_either_end() -> None:
    story = firm()
    early = Told("first", "2025-07-04..2025-07-10").moved("2025-07-01..2025-07-10")
    assert story.when(back("first", "2025-07-01..2025-07-03")).events == (early,)
    story.when(back("first", "2025-07-01..2025-07-03", rest="x")).refused(BadInput, saying="--rest")
    story.when(back("first", "2025-07-01..2025-07-10")).refused(
        GivesBackAll, saying="booking cancel first"
    )
    story.when(back("first", "2025-07-10..2025-07-11")).refused(NotItsTime)
    story.when(back("first", "2025-07-04", rest="first")).refused(AlreadyExists)
    story.when(SplitBooking(booking="first", at=Moment("2025-07-01"))).refused(BadInput)


def test_a_running_booking_keeps_what_it_did() -> None:
    story = started("2025-07-05T09:00+08:00").and_given(
        ReportShootDay(booking="first", day=date(2025, 7, 4), setups_shot=3)
    )
    story.when(back("first", "2025-07-01")).refused(StaysWhereItStarted)
    story.when(back("first", "2025-07-03")).refused(DayWasReported)
    rest = Told("first-2", "2025-07-08..2025-07-10")
    story.when(back("first", "2025-07-06..2025-07-07")).then(
        Told("first", "2025-07-01..2025-07-05").moved("2025-07-01..2025-07-10"),
        rest.held(1, split_from="first"),
        rest.confirmed(),
    )


# --- merging -------------------------------------------------------------------------


def merged(told: Told, into: str) -> BookingMerged:
    """It is a part of another one now."""
    return BookingMerged(**told._always, into=into)


def test_two_stays_of_one_project_become_one() -> None:
    more = Told("more", "2025-07-11..2025-07-12")
    story = started().and_given(hold("more", "2025-07-11..2025-07-12", confirm=True))
    whole = Told("first", "2025-07-01..2025-07-12")
    story.when(MergeBookings(bookings=("first", "more"))).then(
        merged(more, "first"), whole.moved("2025-07-01..2025-07-10")
    ).when(ReleaseHold(booking="more")).refused(WrongState, saying="merged")
    story = started().and_given(hold("more", "2025-07-11..2025-07-12", confirm=True))
    story.when(MergeBookings(bookings=("more", "first"))).refused(WrongState)


def test_a_split_is_undone_by_a_merge() -> None:
    story = three_holds().and_given(
        SplitBooking(booking="first", at=Moment("2025-07-05"), rest="late")
    )
    late = Told("late", "2025-07-05..2025-07-10")
    story.when(MergeBookings(bookings=("first", "late"))).then(
        merged(late, "first"), FIRST.moved("2025-07-01..2025-07-04", rank=1)
    )


def test_a_merged_hold_is_behind_all_who_were_ahead_of_either() -> None:
    story = three_holds().and_given(hold("late", "2025-07-11..2025-07-14"))
    late = Told("late", "2025-07-11..2025-07-14")
    whole = Told("first", "2025-07-01..2025-07-14")
    story.when(MergeBookings(bookings=("first", "late"))).then(
        merged(late, "first"),
        whole.moved("2025-07-01..2025-07-10", rank=3),
        SECOND.promoted(2, 1),
        THIRD.promoted(3, 2),
    )


def test_what_cannot_be_one() -> None:
    story = firm().and_given(
        hold("dragons", "2025-07-11..2025-07-12", "dragon", confirm=True),
        hold("gap", "2025-07-14..2025-07-15", confirm=True),
        hold("held", "2025-07-11..2025-07-12"),
    )
    story.when(MergeBookings(bookings=("first", "dragons"))).refused(NotAlike, saying="project")
    story.when(MergeBookings(bookings=("first", "gap"))).refused(BadInput, saying="neither has")
    story.when(MergeBookings(bookings=("first", "held"))).refused(WrongState)
    story.when(MergeBookings(bookings=("first",))).refused(BadInput)


def test_equipment_that_is_out_comes_back_before_a_merge() -> None:
    story = started().and_given(
        hold("more", "2025-07-11..2025-07-12", confirm=True),
        AddEquipment("crane", "Crane", "crane", "stage-1", at=Moment("2025-06-01")),
        CheckOut(
            equipment="crane",
            booking="more",
            custodian="Wang",
            due_at=Deadline("2025-07-12T18:00"),
            at=Moment("2025-07-05T08:00"),
        ),
    )
    story.when(MergeBookings(bookings=("first", "more"))).refused(EquipmentIsOut, saying="'crane'")


# --- a stay that grows ---------------------------------------------------------------


def test_a_running_stay_takes_up_its_own_hold() -> None:
    more = Told("more", "2025-07-11..2025-07-13")
    story = started().and_given(hold("more", "2025-07-11..2025-07-13"))
    longer = Told("first", "2025-07-01..2025-07-13")
    story.when(MoveBooking(booking="first", to=Moment("2025-07-13"))).then(
        merged(more, "first"), longer.moved("2025-07-01..2025-07-10")
    )
    story = started().and_given(hold("more", "2025-07-11..2025-07-13"))
    some = Told("first", "2025-07-01..2025-07-12")
    story.when(MoveBooking(booking="first", to=Moment("2025-07-12"))).then(
        Told("more", "2025-07-13").moved("2025-07-11..2025-07-13", rank=1, keeps_place=True),
        some.moved("2025-07-01..2025-07-10"),
    )


def test_it_passes_those_behind_its_own_hold_and_no_one_ahead_of_it() -> None:
    behind = started().and_given(
        hold("more", "2025-07-11..2025-07-13"), hold("b", "2025-07-12..2025-07-15", "dragon")
    )
    longer = MoveBooking(booking="first", to=Moment("2025-07-13"))
    assert behind.when(longer).refusal is None
    behind.when(MoveBooking(booking="first", to=Moment("2025-07-14"))).refused(
        HeldByAnother, saying="'b'"
    )
    ahead = started().and_given(
        hold("a", "2025-07-12..2025-07-15", "dragon"), hold("more", "2025-07-11..2025-07-13")
    )
    ahead.when(longer).refused(HeldByAnother, saying="'a'")


def test_a_new_end_keeps_the_start() -> None:
    story = firm()
    hours = Told("first", "2025-07-01T00:00..2025-07-09T18:00")
    story.when(MoveBooking(booking="first", to=Moment("2025-07-09T18:00"))).then(
        hours.moved("2025-07-01..2025-07-10")
    )
    both = MoveBooking(
        booking="first", to=Moment("2025-07-09"), when=When.parse("2025-07-01..2025-07-09")
    )
    assert isinstance(firm().when(both).refusal, BadInput)
    assert firm().when(MoveBooking(booking="first", to=Moment("2025-06-30"))).refusal is not None
