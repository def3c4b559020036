"""A firm booking starts, reports its shoot days, wraps; or it is called off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import (
    AlreadyReported,
    BeforeStart,
    DayWasReported,
    NothingToCorrect,
    OutsideBooking,
    ShotAlready,
    WrongState,
)
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)
from ledger.decisions.past_tense import DayToCome
from ledger.errors import BadInput, UnknownId
from ledger.testing import Scenario, correcting
from ledger.time.periods import When
from tests.scenarios.booking_stories import AUGUST, Told, campus, hold

SHOOT = Told("shoot", "2025-07-01..2025-07-10")


def july(day: int) -> date:
    """A day of July."""
    return date(2025, 7, day)


def confirmed() -> Scenario:
    """#9 holds and #10 confirms 1 to 10 July. It is August."""
    story = campus().and_given(hold("shoot", "2025-07-01..2025-07-10", confirm=True))
    return story.at(AUGUST)


MOVED_IN = StartBooking(booking="shoot", on=july(2))


def started() -> Scenario:
    """#11: the production moved in on 2 July."""
    return confirmed().and_given(MOVED_IN)


# --- start ---------------------------------------------------------------------------


def test_the_production_moves_in_on_one_of_its_days() -> None:
    story = confirmed()
    story.when(StartBooking(booking="shoot", on=july(1))).then(SHOOT.started(july(1)))


@pytest.mark.parametrize("day", [date(2025, 6, 30), july(11)])
def test_it_does_not_move_in_before_or_after(day: date) -> None:
    confirmed().when(StartBooking(booking="shoot", on=day)).refused(
        OutsideBooking, by=9, saying="which has 2025-07-01..2025-07-10"
    )


# --- only what has happened ----------------------------------------------------------

LAST_OF_2_JULY = "2025-07-02T23:59:59+08:00"
"""On the campus; in Kiritimati the 3rd has long begun."""

FIRST_OF_3_JULY = "2025-07-03T00:00+08:00"
"""On the campus; in Berlin it is still the 2nd."""


@pytest.mark.parametrize(
    ("before", "decision", "saying"),
    [
        ([], StartBooking(booking="shoot", on=july(3)), "cannot have started"),
        (
            [MOVED_IN],
            ReportShootDay(booking="shoot", day=july(3), setups_shot=0),
            "cannot have shot",
        ),
        ([MOVED_IN], WrapBooking(booking="shoot", on=july(3)), "cannot have wrapped"),
    ],
)
def test_a_day_is_told_once_it_has_begun_at_the_space(
    before: list[Decision], decision: Decision, saying: str
) -> None:
    story = campus().and_given(hold("shoot", "2025-07-01..2025-07-10", confirm=True))
    story.at(LAST_OF_2_JULY).and_given(*before)
    story.when(decision).refused(
        DayToCome,
        saying=f"{saying} on 2025-07-03: today is 2025-07-02 at site yongchuan (Asia/Shanghai)",
    )
    assert story.when(decision, now=FIRST_OF_3_JULY).refusal is None


# --- report --------------------------------------------------------------------------


def test_a_shoot_day_is_reported() -> None:
    figures: dict[str, Any] = {
        "setups_planned": 20,
        "setups_shot": 18,
        "pages_planned_eighths": 24,
        "pages_shot_eighths": 21,
        "shooting_hours": 10.5,
    }
    report = ReportShootDay(booking="shoot", day=july(3), **figures)
    started().when(report).then(SHOOT.reported(july(3), **figures))


def test_a_second_report_of_a_day_says_which_it_corrects_and_replaces_it() -> None:
    report = ReportShootDay(booking="shoot", day=july(3), setups_shot=18)
    story = started().and_given(report)
    story.when(report).refused(AlreadyReported, by=12, saying="--corrects 12")

    def corrected(position: int) -> ReportShootDay:
        return ReportShootDay(booking="shoot", day=july(3), setups_shot=19, corrects=position)

    story.when(corrected(11)).refused(AlreadyReported, by=12)
    nineteen = SHOOT.reported(july(3), setups_shot=19)
    story.when(corrected(12)).then(correcting(12, nineteen))
    story.when(corrected(12)).refused(AlreadyReported, by=13)
    story.when(corrected(13)).then(correcting(12, nineteen))


def test_a_correction_keeps_what_it_does_not_say() -> None:
    figures: dict[str, Any] = {"setups_planned": 20, "setups_shot": 18, "shooting_hours": 10.5}
    told = ReportShootDay(booking="shoot", day=july(3), **figures)
    right = ReportShootDay(
        booking="shoot", day=july(3), setups_shot=19, pages_shot_eighths=8, corrects=12
    )
    said = figures | {"setups_shot": 19, "pages_shot_eighths": 8}
    started().and_given(told).when(right).then(
        correcting(12, SHOOT.reported(july(3), **said))
    ).when(ReportShootDay(booking="shoot", day=july(3), setups_planned=0, corrects=13)).then(
        correcting(12, SHOOT.reported(july(3), **said | {"setups_planned": 0}))
    )


def test_a_report_says_something() -> None:
    story = started()
    silent = ReportShootDay(booking="shoot", day=july(3))
    story.when(silent).refused(BadInput, saying="no figure")
    story.and_given(ReportShootDay(booking="shoot", day=july(3), setups_shot=18))
    story.when(ReportShootDay(booking="shoot", day=july(3), corrects=12)).refused(BadInput)
    story.when(ReportShootDay(booking="shoot", day=july(4), setups_shot=0)).then(
        SHOOT.reported(july(4))
    )


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2025, 3, 30), 23.0), (date(2025, 3, 31), 24.0), (date(2025, 10, 26), 25.0)],
)
def test_no_day_shoots_longer_than_its_clock_has_hours(day: date, hours: float) -> None:
    """When the clocks go forward a day has 23 hours, and when they go back 25."""
    when = f"{day}..{day + timedelta(days=1)}"
    story = (
        campus("Europe/Berlin")
        .and_given(hold("shoot", when, confirm=True))
        .at("2025-11-01T12:00+01:00")
        .and_given(StartBooking(booking="shoot", on=day))
    )
    longer = ReportShootDay(booking="shoot", day=day, shooting_hours=hours + 0.5)
    story.when(longer).refused(BadInput, saying=f"Give a number from 0 to {hours:g}")
    assert story.when(replace(longer, shooting_hours=hours)).refusal is None


def test_a_refusal_names_the_last_that_changed_the_booking() -> None:
    story = campus().and_given(
        hold("shoot", "2025-07-01..2025-07-10"),
        MoveBooking(booking="shoot", when=When.parse("2025-07-02..2025-07-11")),
    )
    story.when(CancelBooking(booking="shoot")).refused(WrongState, by=10, saying="is held")
    done = started().and_given(WrapBooking(booking="shoot", on=july(8)))
    done.when(ReportShootDay(booking="shoot", day=july(9), setups_shot=1)).refused(
        OutsideBooking, by=12, saying="which has 2025-07-01..2025-07-08"
    )


def test_there_is_nothing_to_correct_on_a_day_without_a_report() -> None:
    report = ReportShootDay(booking="shoot", day=july(4), setups_shot=0, corrects=12)
    story = started().and_given(ReportShootDay(booking="shoot", day=july(3), setups_shot=0))
    story.when(report).refused(NothingToCorrect, by=12, saying="not a report of 2025-07-04")


def test_days_that_cannot_be_reported() -> None:
    story = started()
    story.when(ReportShootDay(booking="shoot", day=july(1), setups_shot=0)).refused(
        BeforeStart, by=11
    )
    story.when(ReportShootDay(booking="shoot", day=july(11), setups_shot=0)).refused(
        OutsideBooking, by=9
    )


def test_the_last_report_may_come_after_the_wrap() -> None:
    story = started().and_given(WrapBooking(booking="shoot", on=july(8)))
    used = Told("shoot", "2025-07-01..2025-07-08")
    story.when(ReportShootDay(booking="shoot", day=july(8), setups_shot=0)).then(
        used.reported(july(8))
    )
    story.when(ReportShootDay(booking="shoot", day=july(9), setups_shot=0)).refused(OutsideBooking)


@pytest.mark.parametrize(
    "figures",
    [
        {"setups_planned": -1},
        {"setups_shot": 100_000},
        {"pages_planned_eighths": -8},
        {"pages_shot_eighths": -1},
        {"shooting_hours": -0.5},
        {"shooting_hours": 24.5},
        {"shooting_hours": float("nan")},
        {"shooting_hours": float("inf")},
    ],
)
def test_figures_that_no_day_has(figures: dict[str, Any]) -> None:
    report = ReportShootDay(booking="shoot", day=july(3), **figures)
    started().when(report).refused(BadInput, saying="Give a number from 0 to")


# --- wrap ----------------------------------------------------------------------------


def test_a_wrap_gives_the_later_days_back() -> None:
    story = started().when(WrapBooking(booking="shoot", on=july(7)))
    used = Told("shoot", "2025-07-01..2025-07-07")
    rest = Told("rest", "2025-07-08..2025-07-12", "dragon")
    (
        story.then(used.wrapped(july(7), was="2025-07-01..2025-07-10"))
        .when(hold("rest", "2025-07-08..2025-07-12", "dragon", confirm=True))
        .then(rest.held(1), rest.confirmed())
        .when(hold("more", "2025-07-07..2025-07-07", "dragon", confirm=True))
        .refused(by=10, saying="'shoot' on 2025-07-01..2025-07-07")
    )


def test_a_wrap_on_the_last_day_ends_when_the_booking_ends() -> None:
    exact = Told("night", "2025-07-20T18:00..2025-07-22T06:00")
    story = (
        campus()
        .at(AUGUST)
        .and_given(
            hold("night", "2025-07-20T18:00..2025-07-22T06:00", confirm=True),
            StartBooking(booking="night", on=july(20)),
        )
    )
    story.when(WrapBooking(booking="night", on=july(22))).then(
        exact.wrapped(july(22), was="2025-07-20T18:00..2025-07-22T06:00")
    )


def test_a_wrap_is_no_earlier_than_what_was_done() -> None:
    story = started().and_given(ReportShootDay(booking="shoot", day=july(6), setups_shot=0))
    story.when(WrapBooking(booking="shoot", on=july(1))).refused(BeforeStart, by=11)
    story.when(WrapBooking(booking="shoot", on=july(5))).refused(DayWasReported, by=12)


# --- cancel --------------------------------------------------------------------------


@pytest.mark.parametrize("story", [confirmed, started])
def test_a_cancelled_booking_frees_its_days(story: Callable[[], Scenario]) -> None:
    backup = Told("backup", "2025-07-05..2025-08-20", "dragon")
    (
        story()
        .and_given(hold("backup", "2025-07-05..2025-08-20", "dragon"))
        .when(CancelBooking(booking="shoot"))
        .then(SHOOT.cancelled())
        .when(ConfirmBookings(booking="backup"))
        .then(backup.confirmed())
    )


def test_a_booking_that_shot_wraps_and_is_not_called_off() -> None:
    story = started().and_given(ReportShootDay(booking="shoot", day=july(3), setups_shot=0))
    story.when(CancelBooking(booking="shoot")).refused(
        ShotAlready, by=12, saying="on 2025-07-03, so it cannot be called off (#12). Wrap it"
    )
    story.and_given(ReportShootDay(booking="shoot", day=july(2), setups_shot=0))
    story.when(CancelBooking(booking="shoot")).refused(ShotAlready, by=13)


def test_a_report_comes_between_a_cancellation_and_its_record() -> None:
    """A cancel depends on there being no report; one that is filed meanwhile conflicts."""
    story = started()
    cancel = story.when(CancelBooking(booking="shoot"))
    head = story.position
    story.and_given(ReportShootDay(booking="shoot", day=july(3), setups_shot=0))
    assert any(story.history.read(cancel.boundary.queries, after=head))


# --- the states ----------------------------------------------------------------------

LIVES = {
    "held": campus().and_given(hold("shoot", "2025-07-01..2025-07-10")),
    "released": campus().and_given(
        hold("shoot", "2025-07-01..2025-07-10"), ReleaseHold(booking="shoot")
    ),
    "confirmed": confirmed(),
    "started": started(),
    "wrapped": started().and_given(WrapBooking(booking="shoot", on=july(8))),
    "cancelled": confirmed().and_given(CancelBooking(booking="shoot")),
}
STEPS: dict[str, tuple[Decision, set[str]]] = {
    "confirm": (ConfirmBookings(booking="shoot"), {"held"}),
    "release": (ReleaseHold(booking="shoot"), {"held"}),
    "start": (MOVED_IN, {"confirmed"}),
    "report": (ReportShootDay(booking="shoot", day=july(3), setups_shot=0), {"started", "wrapped"}),
    "wrap": (WrapBooking(booking="shoot", on=july(8)), {"started"}),
    "cancel": (CancelBooking(booking="shoot"), {"confirmed", "started"}),
}


@pytest.mark.parametrize("state", LIVES)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_has_its_states(state: str, step: str) -> None:
    decision, possible = STEPS[step]
    outcome = LIVES[state].when(decision)
    if state in possible:
        assert outcome.refusal is None
        return
    outcome.refused(WrongState, by=LIVES[state].position, saying=f"'shoot' is {state}, not ")
    assert isinstance(outcome.refusal, WrongState)
    assert outcome.refusal.advice


@pytest.mark.parametrize("step", STEPS)
def test_no_step_without_a_booking(step: str) -> None:
    campus().when(STEPS[step][0]).refused(UnknownId, saying="view bookings")
