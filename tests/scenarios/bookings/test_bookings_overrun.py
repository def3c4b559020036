"""An overrun is a fact, and a hold whose days are over waits for no one."""

from __future__ import annotations

from datetime import date

from ledger_bookings import Bookings
from ledger_calendar import Calendar
from msgspec.structs import replace

from ledger.decisions.bookings.holds import ConfirmBookings
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import BeforeStart, OutsideBooking, SpaceTaken, WrongState
from ledger.decisions.bookings.shoot_days import ReportShootDay, StartBooking, WrapBooking
from ledger.decisions.correct import CorrectEntry
from ledger.decisions.past_tense import DayToCome
from ledger.decisions.projects import CloseProject
from ledger.events import BookingWrapped
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from ledger.time.periods import Moment
from tests.scenarios.booking_stories import Told, at, campus, hold
from tests.scenarios.view_stories import seen

OLD = Told("old", "2025-07-01..2025-07-10")
NEW = Told("new", "2025-07-11..2025-07-20", "dragon")


def overrunning(now: str = "2025-07-12T18:00+08:00") -> Scenario:
    """#13: the production of 1 to 10 July moved in, and is still there on the 12th."""
    story = campus().and_given(
        hold("old", "2025-07-01..2025-07-10", confirm=True),
        hold("new", "2025-07-11..2025-07-20", "dragon", confirm=True),
    )
    return story.at(now).and_given(StartBooking(booking="old", on=date(2025, 7, 1)))


def test_who_moves_in_is_told_who_is_still_there() -> None:
    story = overrunning()
    told = NEW.started(date(2025, 7, 12))
    start = StartBooking(booking="new", on=date(2025, 7, 12))
    assert story.when(start).events == (replace(told, still_in="old"),)
    story.and_given(WrapBooking(booking="old", on=date(2025, 7, 11)))
    story.when(start).then(told)


def test_a_late_wrap_counts_and_says_whom_it_overran() -> None:
    used = Told("old", "2025-07-01..2025-07-12")
    story = overrunning()
    story.when(WrapBooking(booking="old", on=date(2025, 7, 12))).then(
        used.wrapped(date(2025, 7, 12), "2025-07-01..2025-07-10", overran=("new",))
    ).and_given(ReportShootDay(booking="old", day=date(2025, 7, 11), setups_shot=3))
    calendar = seen(Calendar, story).calendar(
        space="stage-1", since=date(2025, 7, 10), until=date(2025, 7, 13)
    )
    assert [day.bookings for day in calendar] == [
        ("old",),
        ("old", "new"),
        ("old", "new"),
        ("new",),
    ]


def test_a_wrap_that_is_put_right_names_whom_it_overran_then() -> None:
    story = overrunning().and_given(WrapBooking(booking="old", on=date(2025, 7, 10)))
    late = CorrectEntry(position=14, to={"on": "2025-07-12"})
    (*_, told) = story.when(late, reason="they left two days later").events
    assert isinstance(told, BookingWrapped)
    assert told.overran == ("new",)
    story.keep(story.when(late, reason="they left two days later"))
    early = CorrectEntry(position=story.position, to={"on": "2025-07-09"})
    (*_, told) = story.when(early, reason="no, they left early").events
    assert isinstance(told, BookingWrapped)
    assert told.overran == ()


def test_an_overrun_may_use_days_that_nobody_had_and_reach_another_month() -> None:
    story = campus().and_given(hold("old", "2025-07-20..2025-07-29", confirm=True))
    story.at("2025-08-03T18:00+08:00").and_given(StartBooking(booking="old", on=date(2025, 7, 20)))
    used = Told("old", "2025-07-20..2025-08-02")
    story.when(WrapBooking(booking="old", on=date(2025, 8, 2))).then(
        used.wrapped(date(2025, 8, 2), "2025-07-20..2025-07-29")
    ).when(hold("late", "2025-08-02..2025-08-09", "comet", confirm=True)).refused(SpaceTaken)


def test_a_late_wrap_is_still_in_the_past() -> None:
    story = overrunning()
    story.when(WrapBooking(booking="old", on=date(2025, 7, 13))).refused(DayToCome)
    story.when(WrapBooking(booking="old", on=date(2025, 6, 30))).refused(OutsideBooking)


def test_the_overrun_keeps_the_next_booking_from_nothing_that_was_its_own() -> None:
    story = overrunning().and_given(WrapBooking(booking="old", on=date(2025, 7, 12)))
    shorter = Told("new", "2025-07-11..2025-07-18", "dragon")
    story.when(MoveBooking(booking="new", to=Moment("2025-07-18"))).then(
        shorter.moved("2025-07-11..2025-07-20")
    )
    assert story.when(MoveBooking(booking="new", to=Moment("2025-07-22"))).refusal is None


def test_a_view_says_who_is_late() -> None:
    story = overrunning()
    bookings = seen(Bookings, story)
    ask_at(bookings, at("2025-07-12T18:00"))
    assert {line.booking: line.state for line in bookings.bookings()} == {
        "old": "overrunning", "new": "confirmed",
    }  # fmt: skip
    ask_at(bookings, at("2025-07-21T18:00"))
    assert [line.booking for line in bookings.bookings(state=["never started"])] == ["new"]
    assert [line.booking for line in bookings.bookings(state=["started"])] == ["old"]
    days = seen(Calendar, overrunning()).calendar(
        space="stage-1",
        since=date(2025, 7, 10),
        until=date(2025, 7, 12),
        at=Moment.parse("2025-07-11T18:00"),
    )
    assert [day.bookings for day in days] == [("old",), ("old", "new"), ("new",)]


# --- holds whose days are over -------------------------------------------------------


def test_a_hold_whose_days_are_over_has_passed() -> None:
    story = campus().and_given(
        hold("gone", "2025-06-01..2025-06-05"),
        hold("next", "2025-06-04..2025-06-20", "dragon"),
        hold("other", "2025-06-12..2025-06-30", "comet"),
    )
    story.at("2025-06-06T09:00+08:00")
    bookings = seen(Bookings, story)
    ask_at(bookings, at("2025-06-06T09:00"))
    assert {line.booking: line.before for line in bookings.holds()} == {
        "next": (), "other": ("next",),
    }  # fmt: skip
    assert [line.booking for line in bookings.bookings(state=["passed"])] == ["gone"]
    story.when(MoveBooking(booking="gone", to=Moment("2025-06-04"))).refused(
        WrongState, saying="is passed, not held (#9). If its days were used: booking confirm gone"
    )
    gone = Told("gone", "2025-06-01..2025-06-05")
    after = Told("next", "2025-06-04..2025-06-20", "dragon")
    story.when(ConfirmBookings(booking="next")).then(
        gone.released("passed"),
        after.promoted(2, 1),
        Told("other", "2025-06-12..2025-06-30", "comet").promoted(3, 2),
        after.confirmed(),
        Told("other", "2025-06-12..2025-06-30", "comet").promoted(2, 1),
    )


def test_a_hold_of_days_that_are_over_waits_for_nothing() -> None:
    story = campus().and_given(hold("past", "2025-05-01..2025-05-05"))
    bookings = seen(Bookings, story)
    ask_at(bookings, at("2025-06-06T09:00"))
    assert bookings.holds() == []
    close = CloseProject(project="resurrection", on=date(2025, 5, 31), outcome="completed")
    assert story.when(close).refusal is None


def test_a_hold_that_has_passed_is_confirmed_if_its_days_were_used() -> None:
    story = campus().and_given(
        hold("other", "2025-06-01..2025-06-20", "dragon"),
        hold("used", "2025-06-01..2025-06-05"),
        hold("also", "2025-06-01..2025-06-05", "comet"),
    )
    story.at("2025-06-06T09:00+08:00")
    used = Told("used", "2025-06-01..2025-06-05")
    also = Told("also", "2025-06-01..2025-06-05", "comet")
    story.when(ConfirmBookings(booking="used")).then(
        also.released("passed"), used.confirmed()
    ).when(ConfirmBookings(booking="also")).refused(SpaceTaken)
    story.and_given(StartBooking(booking="used", on=date(2025, 6, 1)))
    later = story.when(WrapBooking(booking="used", on=date(2025, 6, 4)))
    assert later.refusal is None


def test_the_day_of_a_start_is_kept() -> None:
    story = overrunning("2025-07-05T09:00+08:00")
    story.when(ReportShootDay(booking="old", day=date(2025, 7, 6), setups_shot=1)).refused(
        DayToCome
    )
    story = campus().and_given(hold("old", "2025-07-01..2025-07-10", confirm=True))
    story.at("2025-07-05T09:00+08:00").and_given(StartBooking(booking="old", on=date(2025, 7, 3)))
    story.when(WrapBooking(booking="old", on=date(2025, 7, 2))).refused(BeforeStart)
