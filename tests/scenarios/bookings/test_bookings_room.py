"""Whether a space can take a booking: service, closed days, capacity; and what conflicts."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, ReleaseHold
from ledger.decisions.bookings.refusals import (
    BehindHold,
    ClosedDays,
    SpaceFull,
    SpaceTaken,
    TooManyUnits,
)
from ledger.decisions.bookings.shoot_days import CancelBooking, ReportShootDay, StartBooking
from ledger.decisions.site_refusals import TooFarAhead
from ledger.errors import NotInService
from ledger.events import (
    Event,
    SpaceChanged,
    SpaceClosed,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.testing import Scenario
from tests.scenarios.booking_stories import Told, campus, days, hold

CALIBRATION = SpaceClosed(
    closure="c-1", space="stage-1", kind="calibration", period=days("2025-07-05..2025-07-08")
)


# --- in service, open ----------------------------------------------------------------


def test_not_before_the_first_day_in_service() -> None:
    campus().when(hold("b", "2023-12-31..2024-01-02")).refused(NotInService, by=2)
    campus().when(hold("b", "2024-01-01..2024-01-02")).then(
        Told("b", "2024-01-01..2024-01-02").held(1)
    )


def test_not_after_the_last() -> None:
    story = campus().and_given(
        SpaceDecommissioned(space="stage-1", site="yongchuan", on=date(2025, 8, 1))
    )
    story.when(hold("b", "2025-07-30..2025-08-01")).refused(
        NotInService, by=9, saying="not in service on 2025-08-01"
    )
    assert story.when(hold("b", "2025-07-30..2025-07-31")).refusal is None


def test_not_in_a_year_that_must_be_a_slip() -> None:
    campus().when(hold("b", "2525-07-01")).refused(TooFarAhead)


def test_not_on_closed_days() -> None:
    story = campus().and_given(CALIBRATION)
    story.when(hold("b", "2025-07-01..2025-07-05")).refused(
        ClosedDays, by=9, saying="(calibration, closure 'c-1')"
    )
    assert story.when(hold("b", "2025-07-01..2025-07-04")).refusal is None
    reopened = SpaceReopened(
        closure="c-1",
        space="stage-1",
        kind="calibration",
        was=days("2025-07-05..2025-07-08"),
        period=days("2025-07-05..2025-07-08"),
    )
    assert story.and_given(reopened).when(hold("b", "2025-07-05")).refusal is None


def test_a_hold_that_was_there_before_the_closure_waits_until_it_is_over() -> None:
    story = campus().and_given(hold("b", "2025-07-01..2025-07-05"), CALIBRATION)
    story.when(ConfirmBookings(booking="b")).refused(ClosedDays, by=10, saying="space reopen")


# --- capacity ------------------------------------------------------------------------


def bays(booking: str, when: str, units: int, *, confirm: bool = True) -> Decision:
    """Bays of the workshop, which has three."""
    return hold(booking, when, space="workshop", units=units, confirm=confirm)


def test_units_that_the_space_never_has() -> None:
    campus().when(hold("b", "2025-07-01", units=2)).refused(TooManyUnits, saying="is exclusive")
    campus().when(bays("b", "2025-07-01", 4)).refused(TooManyUnits, by=4, saying="has 3 units")


def test_a_shared_space_takes_bookings_until_it_is_full_at_some_instant() -> None:
    story = campus().and_given(bays("a", "2025-07-01..2025-07-10", 1))
    story.and_given(bays("b", "2025-07-05..2025-07-06", 1))
    story.when(bays("c", "2025-07-02..2025-07-20", 2)).refused(
        SpaceFull, by=12, saying="has 1 of 3 units free at 2025-07-05 00:00+08:00, not 2"
    )
    assert story.when(bays("c", "2025-07-02..2025-07-20", 1)).refusal is None
    assert story.when(bays("c", "2025-07-07..2025-07-20", 2)).refusal is None


def test_holds_stand_in_nobodys_way_while_there_is_room_for_all() -> None:
    story = campus().and_given(bays("thinking", "2025-07-01..2025-07-10", 2, confirm=False))
    one, two = (Told(b, "2025-07-03..2025-07-04", space="workshop") for b in ("one", "two"))
    story.when(bays("one", "2025-07-03..2025-07-04", 1)).then(one.held(2), one.confirmed())
    story.when(bays("two", "2025-07-03..2025-07-04", 1)).refused(BehindHold, by=9)
    story.and_given(
        bays("two", "2025-07-03..2025-07-04", 1, confirm=False), ChallengeHolds(booking="two")
    )
    story.when(ConfirmBookings(booking="two"), now="2025-06-03T09:00+08:00").then(
        Told("thinking", "2025-07-01..2025-07-10", space="workshop").released("lapsed"),
        two.confirmed(),
    )


def test_capacity_goes_by_date() -> None:
    """From 8 July the workshop has one bay less; a booking that spans it must fit throughout."""
    smaller = SpaceChanged(
        space="workshop",
        site="yongchuan",
        on=date(2025, 7, 8),
        name="Workshop",
        kind="workshop",
        area_m2=2000.0,
        capacity=2,
    )
    story = campus().and_given(smaller, bays("a", "2025-07-01..2025-07-10", 1))
    assert story.when(bays("b", "2025-07-01..2025-07-07", 2)).refusal is None
    story.when(bays("b", "2025-07-01..2025-07-08", 2)).refused(
        SpaceFull, by=11, saying="at 2025-07-08 00:00+08:00"
    )
    story.when(bays("b", "2025-07-01..2025-07-08", 3)).refused(TooManyUnits, by=9)


def test_a_hold_that_has_become_too_large_challenges_nobody() -> None:
    """It holds three bays; from 1 July the workshop has two."""
    story = campus().and_given(
        bays("a", "2025-07-01..2025-07-10", 1, confirm=False),
        bays("b", "2025-07-01..2025-07-10", 3, confirm=False),
        SpaceChanged(
            space="workshop",
            site="yongchuan",
            on=date(2025, 7, 1),
            name="Workshop",
            kind="workshop",
            area_m2=2000.0,
            capacity=2,
        ),
    )
    story.when(ChallengeHolds(booking="b")).refused(TooManyUnits, by=11)


def test_an_exclusive_space_is_taken_from_the_first_to_the_last_instant() -> None:
    story = campus().and_given(hold("a", "2025-07-01T08:00..2025-07-01T20:00", confirm=True))
    story.when(hold("b", "2025-07-01T19:59..2025-07-01T22:00", confirm=True)).refused(
        SpaceTaken, by=10
    )
    assert story.when(hold("b", "2025-07-01T20:00..2025-07-01T22:00", confirm=True)).refusal is None


def test_a_day_is_not_given_twice_when_the_time_zone_rules_change() -> None:
    """March was booked at +08:00. Were the rules +09:00 now, April would begin before its end."""
    march = Told("a", "2026-03-01..2026-03-31")
    story = campus("Asia/Tokyo").and_given(march.held(1), march.confirmed())
    story.when(hold("b", "2026-04-01..2026-04-02", confirm=True)).refused(SpaceTaken, by=10)


# --- conflicts ------------------------------------------------------------------------


def july() -> Scenario:
    """A hold and a firm booking in July, both of stage 1; a firm one on stage 2.

    It is the 11th, the middle of the hold.
    """
    story = campus().and_given(
        hold("asked", "2025-07-10..2025-07-12"),
        hold("firm", "2025-07-01..2025-07-05", "dragon", confirm=True),
        hold("other", "2025-07-01..2025-07-31", "comet", space="stage-2", confirm=True),
    )
    return story.at("2025-07-11T09:00+08:00")


def _broken(story: Scenario, decision: Decision, *between: Event | Decision) -> bool:
    outcome = story.when(decision)
    assert outcome.refusal is None
    head = story.position
    story.and_given(*between)
    return any(story.history.read(outcome.boundary.queries, after=head))


HOLD = hold("new", "2025-07-15..2025-07-20", "lantern")
CONFIRM = ConfirmBookings(booking="asked")
START = StartBooking(booking="firm", on=date(2025, 7, 1))


@pytest.mark.parametrize(
    ("decision", "between"),
    [
        (HOLD, hold("b", "2025-07-15", "comet", space="stage-2")),
        (HOLD, hold("b", "2025-08-02", "comet")),
        (HOLD, START),
        (HOLD, CancelBooking(booking="firm")),
        (CONFIRM, START),
        (CONFIRM, CancelBooking(booking="other")),
        (CONFIRM, hold("b", "2025-06-30", "resurrection")),
        (START, hold("b", "2025-07-01", "comet")),
        (START, CONFIRM),
        (ReleaseHold(booking="asked"), CancelBooking(booking="firm")),
    ],
)
def test_what_does_not_matter_does_not_disturb(decision: Decision, between: Decision) -> None:
    assert not _broken(july(), decision, between)


@pytest.mark.parametrize(
    ("decision", "between"),
    [
        (HOLD, hold("b", "2025-07-20", "comet")),
        (HOLD, hold("new", "2025-09-15", "comet", space="stage-2")),
        (HOLD, CALIBRATION),
        (CONFIRM, hold("b", "2025-07-12", "comet")),
        (CONFIRM, ReleaseHold(booking="asked")),
        (START, CancelBooking(booking="firm")),
    ],
)
def test_what_matters_does(decision: Decision, between: Decision | Event) -> None:
    assert _broken(july(), decision, between)


def test_reports_of_two_days_do_not_disturb_each_other_but_two_of_one_day_do() -> None:
    def report(day: int) -> ReportShootDay:
        return ReportShootDay(booking="firm", day=date(2025, 7, day), setups_shot=0)

    assert not _broken(july().and_given(START), report(2), report(3))
    assert _broken(july().and_given(START), report(2), report(2))
