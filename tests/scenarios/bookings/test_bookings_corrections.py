"""A booking that was recorded wrong is put right, as far as its days are still free."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import (
    DayWasReported,
    FollowsByItself,
    HeldByAnother,
    MovesInstead,
    SaysOtherwise,
    SpaceTaken,
    StartsTooLate,
)
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.correction_refusals import (
    AlreadyCorrected,
    NoReason,
    NotCorrectable,
    StandsOnIt,
    TakenBack,
)
from ledger.decisions.past_tense import DayToCome
from ledger.decisions.projects import CloseProject
from ledger.errors import BadInput, NothingChanges, ProjectIsClosed, UnknownId
from ledger.events import BookingHeld, HoldPromoted, HoldRanked, LedgerOpened
from ledger.testing import Scenario
from ledger.time.periods import When
from tests.scenarios.booking_stories import AUGUST, campus, days, hold

WHY = "a slip of the pen"


def july(day: int) -> date:
    """A day of July."""
    return date(2025, 7, day)


def confirmed() -> Scenario:
    """#9 holds and #10 confirms 1 to 10 July. It is August."""
    story = campus().and_given(hold("shoot", "2025-07-01..2025-07-10", confirm=True))
    return story.at(AUGUST)


def wrapped() -> Scenario:
    """#11 starts on the 2nd, #12 wraps on the 5th."""
    return confirmed().and_given(
        StartBooking(booking="shoot", on=july(2)), WrapBooking(booking="shoot", on=july(5))
    )


def correct(position: int, **to: Any) -> CorrectEntry:
    """Put an entry right."""
    return CorrectEntry(position=position, to=to)


def undo(position: int) -> UndoEntry:
    """Take an entry back."""
    return UndoEntry(position=position)


def also(story: Scenario, *decisions: Decision) -> Scenario:
    """The story after further commands, each with a reason."""
    for decision in decisions:
        outcome = story.when(decision, reason=WHY)
        assert outcome.refusal is None, outcome.refusal
        story.keep(outcome)
    return story


# --- a wrap ------------------------------------------------------------------------------


def test_a_wrap_typed_too_early_is_dated_otherwise_while_its_days_are_free() -> None:
    story = wrapped()
    (right,) = story.when(correct(12, on="2025-07-08"), reason=WHY).events
    assert getattr(right, "period", None) == days("2025-07-01..2025-07-08")
    also(story, correct(12, on="2025-07-08"))
    taken = hold("late", "2025-07-08..2025-07-09", "dragon", confirm=True)
    story.when(taken).refused(SpaceTaken, by=10, saying="'shoot'")
    story.when(hold("late", "2025-07-09..2025-07-12", "dragon", confirm=True)).then(
        *story.when(hold("late", "2025-07-09..2025-07-12", "dragon", confirm=True)).events
    )


def test_days_that_a_wrap_gave_back_and_another_has_are_not_taken_again() -> None:
    story = wrapped().and_given(hold("next", "2025-07-07..2025-07-12", "dragon", confirm=True))
    story.when(undo(12), reason=WHY).refused(SpaceTaken, saying="'next'")
    story.when(correct(12, on="2025-07-08"), reason=WHY).refused(SpaceTaken, saying="'next'")
    also(story, correct(12, on="2025-07-06"))
    also(story, CancelBooking(booking="next"), undo(15))  # the correction, then all is as before


def test_a_first_hold_on_these_days_keeps_a_wrap_from_being_undone() -> None:
    story = campus().and_given(hold("shoot", "2025-07-01..2025-07-10", confirm=True))
    story = story.at("2025-07-06T10:00+08:00").and_given(
        StartBooking(booking="shoot", on=july(2)),
        WrapBooking(booking="shoot", on=july(5)),
        hold("next", "2025-07-07..2025-07-12", "dragon"),
    )
    story.when(undo(12), reason=WHY).refused(HeldByAnother, saying="'next'")


def test_an_undone_wrap_leaves_a_running_booking_that_wraps_again() -> None:
    story = also(wrapped(), undo(12))
    story.when(WrapBooking(booking="shoot", on=july(9))).then(
        *story.when(WrapBooking(booking="shoot", on=july(9))).events
    )


@pytest.mark.parametrize(
    ("on", "refusal"),
    [("2025-07-01", StartsTooLate), ("soon", BadInput)],
)
def test_a_wrap_is_dated_within_its_booking(on: str, refusal: type[Exception]) -> None:
    wrapped().when(correct(12, on=on), reason=WHY).refused(refusal)  # type: ignore[arg-type]  # all are


def test_a_reported_day_stays_in_the_booking() -> None:
    story = also(wrapped(), ReportShootDay(booking="shoot", day=july(5), setups_shot=3))
    story.when(correct(12, on="2025-07-04"), reason=WHY).refused(DayWasReported, by=13)
    also(story, correct(13, day="2025-07-04"), correct(12, on="2025-07-04"))


def test_a_start_after_a_reported_day_names_the_report() -> None:
    story = also(wrapped(), ReportShootDay(booking="shoot", day=july(3), setups_shot=3))
    story.when(correct(11, on="2025-07-04"), reason=WHY).refused(
        StartsTooLate, by=13, saying="a shoot day is on record for 2025-07-03"
    )


def test_what_a_correction_of_the_project_carried_on_is_not_undone_alone() -> None:
    story = also(wrapped(), ReportShootDay(booking="shoot", day=july(3), setups_shot=3))
    corrected = story.when(correct(9, project="dragon"), reason=WHY)
    first = story.position + 1
    story.keep(corrected)
    for position in range(first + 1, story.position + 1):
        story.when(undo(position), reason=WHY).refused(SaysOtherwise, saying="'dragon'")
    also(story, undo(first))


# --- a start, a cancellation, a release ----------------------------------------------------


def test_a_start_is_dated_otherwise_but_not_after_the_wrap_nor_in_the_future() -> None:
    story = also(wrapped(), correct(11, on="2025-07-04"))
    story.when(correct(13, on="2025-07-06"), reason=WHY).refused(StartsTooLate)
    early = confirmed().at("2025-07-03T09:00+08:00")
    also(early, StartBooking(booking="shoot", on=july(2)))
    early.when(correct(11, on="2025-07-04"), reason=WHY).refused(DayToCome)


def test_what_stands_on_an_entry_is_undone_first() -> None:
    story = wrapped()
    story.when(undo(11), reason=WHY).refused(StandsOnIt, by=12, saying="undo 12")
    story.when(undo(9), reason=WHY).refused(StandsOnIt, by=10)
    also(story, undo(12), undo(11), undo(10), undo(9))
    story.when(StartBooking(booking="shoot", on=july(2))).refused(UnknownId)


def test_an_undone_cancellation_has_its_days_again_if_they_are_free() -> None:
    story = confirmed().and_given(CancelBooking(booking="shoot"))
    taken = also(confirmed().and_given(CancelBooking(booking="shoot")),
                 hold("next", "2025-07-05..2025-07-06", "dragon", confirm=True))  # fmt: skip
    taken.when(undo(11), reason=WHY).refused(SpaceTaken, saying="'next'")
    also(story, undo(11))
    story.when(hold("next", "2025-07-05", "dragon", confirm=True)).refused(SpaceTaken)
    story.when(StartBooking(booking="shoot", on=july(1))).then(
        *story.when(StartBooking(booking="shoot", on=july(1))).events
    )


def test_a_hold_that_is_back_goes_behind_those_that_hold_its_days_now() -> None:
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10"),  # 9
        hold("second", "2025-07-05..2025-07-12", "dragon"),  # 10
        ReleaseHold(booking="first"),  # 11, and 12: second moves up
    )
    found = story.when(undo(11), reason=WHY).events
    assert isinstance(found[-1], HoldRanked)
    assert (found[-1].booking, found[-1].was_rank, found[-1].rank) == ("first", 1, 2)
    also(story, undo(11))
    story.when(ConfirmBookings(booking="first")).refused(saying="rank 1")
    story.when(ConfirmBookings(booking="second")).then(
        *story.when(ConfirmBookings(booking="second")).events
    )


def test_a_hold_that_nobody_took_the_place_of_is_as_it_was() -> None:
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10"), ReleaseHold(booking="first")
    )
    assert len(story.when(undo(10), reason=WHY).events) == 1


def test_an_undone_hold_lets_those_behind_it_move_up() -> None:
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10"), hold("second", "2025-07-05", "dragon")
    )
    found = story.when(undo(9), reason=WHY).events
    assert isinstance(found[0], BookingHeld)
    assert isinstance(found[1], HoldPromoted)
    assert (found[1].booking, found[1].rank) == ("second", 1)


def test_a_rank_follows_from_others() -> None:
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10"),
        hold("second", "2025-07-05", "dragon"),
        ReleaseHold(booking="first"),
    )
    story.when(undo(12), reason=WHY).refused(FollowsByItself)


# --- its project, units, days, space -------------------------------------------------------


def test_the_right_project_is_carried_on_to_what_repeats_it() -> None:
    story = wrapped()
    found = story.when(correct(9, project="dragon"), reason=WHY)
    assert [type(event).__name__ for event in found.events] == [
        "BookingHeld",
        "BookingConfirmed",
        "BookingStarted",
        "BookingWrapped",
    ]
    assert {getattr(event, "project", "") for event in found.events} == {"dragon"}
    also(story, correct(9, project="dragon"))
    also(story, CloseProject(project="resurrection", on=july(20), outcome="completed"))
    also(story, undo(13))  # and back, though that is closed: the stay is over
    confirmed().when(correct(9, project="nobody"), reason=WHY).refused(UnknownId)


def test_a_live_booking_is_not_put_on_a_closed_project() -> None:
    story = also(confirmed(), CloseProject(project="dragon", on=july(20), outcome="cancelled"))
    story.when(correct(9, project="dragon"), reason=WHY).refused(ProjectIsClosed)


def test_the_right_space_of_a_stay_must_have_been_free() -> None:
    story = also(wrapped(), correct(9, space="stage-2"))
    story.when(
        hold("x", "2025-07-02..2025-07-03", "dragon", space="stage-2", confirm=True)
    ).refused(SpaceTaken)
    also(story, hold("y", "2025-07-02..2025-07-03", "dragon", confirm=True))
    story.when(undo(13), reason=WHY).refused(SpaceTaken, saying="'y'")


def test_a_hold_moves_instead() -> None:
    story = campus().and_given(hold("first", "2025-07-01..2025-07-10"))
    story.when(correct(9, period="2025-07-02..2025-07-11"), reason=WHY).refused(
        MovesInstead, saying="booking move first"
    )
    also(story, correct(9, expires_at="2025-06-20"), correct(10, expires_at=""))


def test_a_move_of_a_firm_booking_is_undone_if_its_old_days_are_free() -> None:
    moved = hold_moved(also(campus(), hold("shoot", "2025-07-01..2025-07-10", confirm=True)))
    also(moved, undo(11))
    moved = hold_moved(also(campus(), hold("shoot", "2025-07-01..2025-07-10", confirm=True)))
    also(moved, hold("next", "2025-07-03", "dragon", confirm=True))
    moved.when(undo(11), reason=WHY).refused(SpaceTaken, saying="'next'")


def hold_moved(story: Scenario) -> Scenario:
    """#11 moves the booking to 8 to 17 July."""
    return also(story, MoveBooking(booking="shoot", when=When.parse("2025-07-08..2025-07-17")))


# --- reports -------------------------------------------------------------------------------


def test_a_report_is_put_right_and_taken_back_and_the_day_reported_again() -> None:
    story = also(
        confirmed(),
        StartBooking(booking="shoot", on=july(1)),
        ReportShootDay(booking="shoot", day=july(3), setups_shot=8),
        correct(12, setups_shot=9),
    )
    story.when(correct(13, setups_shot=-1), reason=WHY).refused(BadInput)
    story.when(correct(13, day="2025-07-12"), reason=WHY).refused(DayWasReported)
    also(story, undo(13), undo(14), undo(15))
    # 13 corrected, 14 took that back, 15 brought it back, 16 took it back again
    story.when(undo(12), reason=WHY).refused(AlreadyCorrected, by=16, saying="16")
    also(story, undo(16), undo(17))


# --- in general ----------------------------------------------------------------------------


def test_a_correction_has_a_reason_and_changes_something() -> None:
    story = wrapped()
    story.when(correct(12, on="2025-07-06")).refused(NoReason, saying="--reason")
    story.when(undo(12)).refused(NoReason)
    story.when(correct(12, on="2025-07-05"), reason=WHY).refused(NothingChanges, by=12)
    story.when(correct(12), reason=WHY).refused(BadInput, saying="FIELD=VALUE")
    story.when(correct(99, on="2025-07-05"), reason=WHY).refused(BadInput, saying="#99")
    story.when(undo(0), reason=WHY).refused(BadInput)
    story.when(correct(12, onn="2025-07-05"), reason=WHY).refused(
        BadInput, saying="Did you mean on"
    )
    story.when(correct(12, booking="b"), reason=WHY).refused(BadInput)
    story.when(correct(9, units="many"), reason=WHY).refused(BadInput)


def test_the_last_word_is_corrected_and_nothing_that_was_taken_back() -> None:
    story = also(wrapped(), correct(12, on="2025-07-06"))
    story.when(correct(12, on="2025-07-07"), reason=WHY).refused(AlreadyCorrected, by=13)
    also(story, correct(13, on="2025-07-07"), undo(14), undo(15))
    story = also(wrapped(), undo(12))
    story.when(correct(13, on="2025-07-07"), reason=WHY).refused(TakenBack, by=13, saying="undo 13")
    also(story, undo(13))


def test_the_ledger_itself_is_not_corrected_so() -> None:
    opened = LedgerOpened(origin="yongchuan", format=1, demo=False, zone="Asia/Shanghai")
    campus().and_given(opened).when(undo(9), reason=WHY).refused(NotCorrectable)


def test_a_batch_sees_its_own_corrections() -> None:
    story = wrapped()
    outcome = story.when(
        undo(12), WrapBooking(booking="shoot", on=july(9)), correct(14, on="2025-07-08"), reason=WHY
    )
    assert outcome.refusal is None, outcome.refusal
    assert outcome.proposals[-1].corrects == 14
    story.keep(outcome)
    story.when(hold("x", "2025-07-08", "dragon", confirm=True)).refused(SpaceTaken)
