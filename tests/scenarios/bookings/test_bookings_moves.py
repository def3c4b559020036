"""Bookings move: holds to the back of another queue, firm bookings where there is room."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import (
    BehindHold,
    ClosedDays,
    DayWasReported,
    HeldByAnother,
    OutsideBooking,
    SpaceTaken,
    StaysWhereItStarted,
    TooManyUnits,
    WrongState,
)
from ledger.decisions.bookings.shoot_days import CancelBooking, ReportShootDay, StartBooking
from ledger.errors import BadInput, NotInService, ProjectIsClosed, UnknownId
from ledger.events import DayPlan, ProjectClosed, SiteRegistered, SpaceClosed, SpaceCommissioned
from ledger.testing import Scenario
from ledger.time.periods import Moment, When
from tests.scenarios.booking_stories import AUGUST, Told, at, campus, days, hold

FIRST = Told("first", "2025-07-01..2025-07-10")
SECOND = Told("second", "2025-07-08..2025-07-20", "dragon")


def move(booking: str, when: str | None = None, **more: object) -> MoveBooking:
    """To move it."""
    return MoveBooking(booking=booking, when=When.parse(when) if when else None, **more)  # type: ignore[arg-type]  # only fields of the command


def two_holds() -> Scenario:
    """#9 and #10 overlap on 8 to 10 July."""
    return campus().and_given(
        hold("first", "2025-07-01..2025-07-10"), hold("second", "2025-07-08..2025-07-20", "dragon")
    )


def firm_and_hold() -> Scenario:
    """#10 confirms 1 to 10 July; #12 holds 8 to 20 July behind it."""
    return two_holds().and_given(ConfirmBookings(booking="first"))


# --- holds ---------------------------------------------------------------------------


def test_a_hold_that_moves_goes_to_the_back_of_the_queue() -> None:
    later = Told("first", "2025-07-09..2025-07-18")
    two_holds().when(move("first", "2025-07-09..2025-07-18")).then(
        later.moved("2025-07-01..2025-07-10", rank=2), SECOND.promoted(2, 1)
    )


def test_a_hold_that_only_gives_days_back_keeps_its_place() -> None:
    shorter = Told("first", "2025-07-02..2025-07-08")
    two_holds().when(move("first", "2025-07-02..2025-07-08")).then(
        shorter.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True)
    )
    away = Told("first", "2025-07-01..2025-07-07")
    two_holds().when(move("first", "2025-07-01..2025-07-07")).then(
        away.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True), SECOND.promoted(2, 1)
    )


def test_a_hold_gains_by_giving_back_the_days_on_which_it_was_behind() -> None:
    shorter = Told("second", "2025-07-11..2025-07-20", "dragon")
    two_holds().when(move("second", "2025-07-11..2025-07-20")).then(
        shorter.moved("2025-07-08..2025-07-20", rank=1, keeps_place=True)
    )


def test_a_hold_moves_to_another_space_and_month() -> None:
    story = two_holds().and_given(hold("there", "2025-09-01..2025-09-10", "comet", space="stage-2"))
    there = Told("first", "2025-09-05..2025-09-14", space="stage-2")
    story.when(move("first", "2025-09-05..2025-09-14", space="stage-2")).then(
        there.moved("2025-07-01..2025-07-10", rank=2), SECOND.promoted(2, 1)
    )


def test_a_hold_keeps_its_expiry_and_its_units() -> None:
    story = campus().and_given(
        hold(
            "bays",
            "2025-07-01",
            space="workshop",
            units=2,
            expires_at=Moment.parse("2025-06-20"),
        )
    )
    moved = Told("bays", "2025-07-02", space="workshop")
    story.when(move("bays", "2025-07-02")).then(
        moved.moved(
            "2025-07-01", was_space="workshop", rank=1, units=2, expires_at=at("2025-06-20")
        )
    )
    story.when(move("bays", "2025-07-03", space="stage-1")).refused(TooManyUnits, by=2)
    story.when(move("bays", "2025-07-04"), now="2025-06-20T09:00+08:00").refused(
        WrongState, saying="expired"
    )


def test_a_move_voids_the_challenges_of_both_sides() -> None:
    """The second pressed the first, then moved by a day: it has to press again."""
    story = two_holds().and_given(
        ChallengeHolds(booking="second"), move("second", "2025-07-09..2025-07-21")
    )
    confirm = ConfirmBookings(booking="second")
    story.when(confirm, now="2025-06-05T09:00+08:00").refused(BehindHold, by=9)


def test_who_only_gives_days_back_stays_challenged() -> None:
    story = two_holds().and_given(
        ChallengeHolds(booking="second"), move("first", "2025-07-01..2025-07-09")
    )
    shorter = Told("first", "2025-07-01..2025-07-09")
    story.when(ConfirmBookings(booking="second"), now="2025-06-05T09:00+08:00").then(
        shorter.released("lapsed"), SECOND.confirmed()
    )


# --- firm bookings -------------------------------------------------------------------


def test_a_firm_booking_moves_to_free_days() -> None:
    story = firm_and_hold()
    june = Told("first", "2025-06-20..2025-06-29")
    story.when(move("first", "2025-06-20..2025-06-29")).then(
        june.moved("2025-07-01..2025-07-10")
    ).when(ConfirmBookings(booking="second")).then(SECOND.confirmed())


def test_a_firm_booking_does_not_pass_who_holds_the_further_days() -> None:
    story = firm_and_hold()
    story.when(move("first", "2025-07-01..2025-07-11")).refused(
        HeldByAnother, by=10, saying="hold the further days too and challenge"
    )
    earlier = Told("first", "2025-06-29..2025-07-09")
    story.when(move("first", "2025-06-29..2025-07-09")).then(
        earlier.moved("2025-07-01..2025-07-10")
    )


def test_a_firm_booking_takes_no_days_of_another() -> None:
    story = firm_and_hold().and_given(
        hold("june", "2025-06-20..2025-06-30", "comet", confirm=True),
        hold("there", "2025-07-10", "comet", space="stage-2", confirm=True),
    )
    story.when(move("first", "2025-06-30..2025-07-10")).refused(SpaceTaken, by=14)
    story.when(move("first", space="stage-2")).refused(SpaceTaken, by=16)


def test_what_has_started_can_change_its_end() -> None:
    started = (StartBooking(booking="first", on=date(2025, 7, 3)),)
    report = ReportShootDay(booking="first", day=date(2025, 7, 6), setups_shot=0)
    story = (
        campus()
        .at(AUGUST)
        .and_given(hold("first", "2025-07-01..2025-07-10", confirm=True), *started, report)
    )
    longer, shorter = "2025-07-01..2025-08-02", "2025-07-01..2025-07-06"
    story.when(move("first", longer)).then(Told("first", longer).moved("2025-07-01..2025-07-10"))
    story.when(move("first", shorter)).then(Told("first", shorter).moved(longer))
    story.when(move("first", "2025-07-02..2025-07-10")).refused(StaysWhereItStarted, by=11)
    story.when(move("first", space="stage-2")).refused(StaysWhereItStarted, by=11)
    story.when(move("first", "2025-07-01..2025-07-05")).refused(DayWasReported, by=12)
    story.when(move("first", "2025-07-01..2025-07-02")).refused(OutsideBooking, by=11)


def test_what_was_confirmed_in_time_expires_no_more() -> None:
    story = campus().and_given(
        hold("first", "2025-07-01..2025-07-10", expires_at=Moment.parse("2025-06-20")),
        ConfirmBookings(booking="first"),
    )
    moved = Told("first", "2025-07-02..2025-07-11").moved("2025-07-01..2025-07-10")
    story.when(move("first", "2025-07-02..2025-07-11"), now="2025-06-21T09:00+08:00").then(moved)


# --- either --------------------------------------------------------------------------


def test_a_move_goes_only_where_a_booking_can_be() -> None:
    closed = SpaceClosed(
        closure="c-1", space="stage-1", kind="calibration", period=days("2025-08-01..2025-08-05")
    )
    over = ProjectClosed(project="dragon", on=date(2025, 6, 1), outcome="cancelled")
    story = two_holds().and_given(closed)
    story.when(move("first", "2025-07-30..2025-08-02")).refused(ClosedDays, by=11)
    story.when(move("first", "2023-07-30..2023-08-02")).refused(NotInService, by=2)
    story.when(move("first", space="stage-9")).refused(UnknownId)
    story.when(move("unknown", "2025-07-30")).refused(UnknownId)
    story.when(move("first", "2025-07-01..2025-07-10", space="stage-1")).refused(BadInput)
    story.when(move("first")).refused(BadInput, saying="has 'stage-1' on 2025-07-01..2025-07-10")
    story.and_given(over).when(move("second", "2025-07-09")).refused(ProjectIsClosed, by=12)


def test_what_is_over_moves_no_more() -> None:
    firm_and_hold().and_given(CancelBooking(booking="first")).when(
        move("first", "2025-09-01")
    ).refused(WrongState, by=13)


def test_whole_days_stay_whole_days_in_another_zone() -> None:
    story = two_holds().and_given(
        SiteRegistered(site="babelsberg", name="Babelsberg", zone="Europe/Berlin"),
        SpaceCommissioned(
            space="halle-1",
            site="babelsberg",
            zone="Europe/Berlin",
            name="Halle 1",
            kind="stage",
            area_m2=900.0,
            in_service_on=date(2020, 1, 1),
        ),
        hold("night", "2025-07-01T20:00..2025-07-02T04:00", "comet", space="stage-2"),
    )
    berlin = When.parse("2025-07-01..2025-07-10").resolve("Europe/Berlin")
    moved = story.when(move("first", space="halle-1")).events[0]
    assert moved.period == berlin  # type: ignore[attr-defined]  # it is a BookingRescheduled
    exact = story.when(move("night", space="halle-1")).events[0].period  # type: ignore[attr-defined]  # it is one too
    night = days("2025-07-01T20:00..2025-07-02T04:00")
    assert (exact.start, exact.end, exact.zone) == (night.start, night.end, "Europe/Berlin")


def _plan(*parts: tuple[str, str, str]) -> tuple[DayPlan, ...]:
    return tuple(
        DayPlan(date.fromisoformat(first), date.fromisoformat(last), kind)  # type: ignore[arg-type]  # a day type, below
        for first, last, kind in parts
    )


PLAN = _plan(("2025-07-01", "2025-07-02", "prep"), ("2025-07-09", "2025-07-10", "strike"))
ALONG = _plan(("2025-07-05", "2025-07-06", "prep"), ("2025-07-13", "2025-07-14", "strike"))
STAYS = _plan(("2025-07-02", "2025-07-02", "prep"), ("2025-07-09", "2025-07-10", "strike"))
CUT = _plan(("2025-08-01", "2025-08-02", "prep"))


@pytest.mark.parametrize(
    ("when", "plan"),
    [
        pytest.param("2025-07-05..2025-07-14", ALONG, id="as long as before"),
        pytest.param("2025-07-02..2025-07-12", STAYS, id="longer where it is"),
        pytest.param("2025-08-01..2025-08-05", CUT, id="shorter and elsewhere"),
    ],
)
def test_a_plan_moves_along(when: str, plan: tuple[DayPlan, ...]) -> None:
    story = campus().and_given(hold("first", "2025-07-01..2025-07-10", plan=PLAN))
    story.when(move("first", when)).then(
        Told("first", when).moved("2025-07-01..2025-07-10", rank=1, plan=plan)
    )


def test_a_plan_changes_on_the_days_it_names_and_on_no_other() -> None:
    story = campus().and_given(hold("first", "2025-07-01..2025-07-10", plan=PLAN))
    longer = _plan(("2025-07-01", "2025-07-03", "prep"))
    story.when(move("first", plan=longer)).then(
        FIRST.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True, plan=(*longer, PLAN[1]))
    )
    third = _plan(("2025-07-03", "2025-07-03", "prep"))
    story.when(move("first", plan=third)).refused(BadInput, saying="or a --plan")
    dark = _plan(("2025-07-02", "2025-07-09", "dark"))
    story.when(move("first", plan=dark)).then(
        FIRST.moved(
            "2025-07-01..2025-07-10",
            rank=1,
            keeps_place=True,
            plan=_plan(
                ("2025-07-01", "2025-07-01", "prep"),
                ("2025-07-02", "2025-07-09", "dark"),
                ("2025-07-10", "2025-07-10", "strike"),
            ),
        )
    )
    story.when(move("first", plan=_plan(("2025-07-05", "2025-07-16", "dark")))).refused(
        BadInput, saying="not all in 2025-07-01..2025-07-10"
    )


def test_a_plan_is_cleared_only_when_told() -> None:
    story = campus().and_given(hold("first", "2025-07-01..2025-07-10", plan=PLAN))
    story.when(move("first", clear_plan=True)).then(
        FIRST.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True, plan=())
    )
    dark = _plan(("2025-07-05", "2025-07-06", "dark"))
    story.when(move("first", plan=dark, clear_plan=True)).then(
        FIRST.moved("2025-07-01..2025-07-10", rank=1, keeps_place=True, plan=dark)
    )
