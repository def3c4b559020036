"""Utilization by hand: small histories, with every figure worked out beside them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ledger_utilization import Measure, SpaceUse, Utilization

from ledger.errors import BadTime
from ledger.events import (
    BookingCancelled,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    ShootDayReported,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.events.base import Event
from ledger.projections import fold
from ledger.testing import given
from tests.scenarios.view_stories import (
    OPENED,
    STAGE_1,
    WORKSHOP,
    YONGCHUAN,
    ZONE,
    because,
    closed,
    confirmed,
    day,
    days,
    held,
    seen,
    story,
)

JULY: dict[str, Any] = {"since": day("2025-07-01"), "until": day("2025-07-31")}


def folded(*events: Event) -> Utilization:
    return seen(Utilization, story(*events))


def july(*events: Event) -> SpaceUse:
    """The use of stage 1 in July 2025, 31 days."""
    lines: list[SpaceUse] = folded(*events).utilization(**JULY)
    assert len(lines) == 1
    return lines[0]


def measures(projection: Utilization, **window: Any) -> dict[str, Measure]:
    return {line.measure: line for line in projection.utilization_total(**(window or JULY))}


def reported(on: str, booking: str = "b-1", space: str = "stage-1") -> ShootDayReported:
    return ShootDayReported(
        booking=booking,
        space=space,
        project="resurrection",
        period=days("2025-07-01..2025-07-10"),
        day=day(on),
        setups_planned=20,
        setups_shot=18,
        pages_planned_eighths=24,
        pages_shot_eighths=20,
        shooting_hours=10.5,
    )


def moved(**differs: Any) -> BookingRescheduled:
    usual: dict[str, Any] = {
        "booking": "b-1",
        "space": "stage-1",
        "project": "resurrection",
        "period": days("2025-07-21..2025-07-22"),
        "was_space": "stage-1",
        "was_period": days("2025-07-01..2025-07-10"),
    }
    return BookingRescheduled(**usual | differs)


def test_a_stage_with_a_booking_and_a_closure() -> None:
    line = july(
        confirmed("b-1", "2025-07-01..2025-07-10"),
        closed("2025-07-21..2025-07-31"),
        reported("2025-07-02"),
    )
    # I = 31, U = 11, A = 20, O = 10, one shoot day
    assert line == SpaceUse(
        space="stage-1",
        site="yongchuan",
        kind="stage",
        in_service=31,
        closed=11,
        available=20,
        occupied=10,
        gross=10 / 31,
        net=10 / 20,
        shoot_days=1,
        shoot_intensity=1 / 20,
        idle=False,
    )


def test_holds_never_count() -> None:
    line = july(
        held("b-1", "2025-07-01..2025-07-10"),
        moved(rank=1),
    )
    assert (line.occupied, line.net, line.idle) == (0, 0.0, True)


@pytest.mark.parametrize(
    ("events", "occupied"),
    [
        pytest.param([moved()], 2, id="a moved booking leaves its old days"),
        pytest.param([moved(space="stage-2")], 0, id="and its old space"),
        pytest.param(
            [BookingStarted(booking="b-1", space="stage-1", project="resurrection",
                            period=days("2025-07-01..2025-07-10"), on=day("2025-07-01"))],
            10, id="a started one counts as confirmed"),
        pytest.param(
            [BookingWrapped(booking="b-1", space="stage-1", project="resurrection",
                            period=days("2025-07-01..2025-07-06"), on=day("2025-07-06"),
                            was_period=days("2025-07-01..2025-07-10"))],
            6, id="a wrapped one counts the days that it used"),
        pytest.param(
            [BookingCancelled(booking="b-1", space="stage-1", project="resurrection",
                              period=days("2025-07-01..2025-07-10"))],
            0, id="a cancelled one none"),
    ],
)  # fmt: skip
def test_what_becomes_of_a_confirmed_booking(events: list[Event], occupied: int) -> None:
    assert july(confirmed("b-1", "2025-07-01..2025-07-10"), *events).occupied == occupied


def test_a_shared_day_counts_once_and_so_does_a_day_touched_in_part() -> None:
    line = july(
        confirmed("b-1", "2025-07-01T08:00..2025-07-01T12:00"),
        confirmed("b-2", "2025-07-01T14:00..2025-07-02T02:00"),
    )
    assert line.occupied == 2  # 1 July, and 2 July until two in the morning


def test_a_shared_space_is_occupied_when_one_unit_is() -> None:
    projection = folded(
        WORKSHOP,
        confirmed("b-1", "2025-07-01..2025-07-03", space="workshop", units=1),
        confirmed("b-2", "2025-07-02..2025-07-04", space="workshop", units=3),
    )
    workshop = projection.utilization(**JULY)[1]
    assert (workshop.space, workshop.occupied, workshop.available) == ("workshop", 4, 31)


def test_a_day_closed_twice_counts_once_and_a_day_closed_in_part_not() -> None:
    line = july(
        closed("2025-07-05..2025-07-08", "c-1"),
        closed("2025-07-07..2025-07-10", "c-2", "calibration"),
        SpaceClosed(closure="c-3", space="stage-1", kind="calibration",
                    period=days("2025-07-15T08:00..2025-07-16T20:00")),
    )  # fmt: skip
    assert (line.closed, line.available) == (6, 25)


def test_a_booked_day_that_is_closed_whole_is_not_occupied() -> None:
    line = july(confirmed("b-1", "2025-07-01..2025-07-10"), closed("2025-07-09..2025-07-12"))
    assert (line.available, line.occupied, line.net) == (27, 8, 8 / 27)


def test_closures_that_meet_within_a_day_close_it() -> None:
    line = july(
        SpaceClosed(closure="c-1", space="stage-1", kind="blackout",
                    period=days("2025-07-15T00:00..2025-07-15T09:30")),
        SpaceClosed(closure="c-2", space="stage-1", kind="calibration",
                    period=days("2025-07-15T09:30..2025-07-16T00:00")),
    )  # fmt: skip
    assert line.closed == 1


def reopened(kept: str | None, left: str, was: str) -> SpaceReopened:
    assert kept is None or kept < left
    return SpaceReopened(
        closure="c-1", space="stage-1", kind="maintenance", was=days(was), period=days(left)
    )


def test_a_reopened_space_is_available_again() -> None:
    shut = closed("2025-07-11..2025-07-20")
    early = reopened("2025-07-11", "2025-07-16..2025-07-20", "2025-07-11..2025-07-20")
    off = reopened(None, "2025-07-11..2025-07-15", "2025-07-11..2025-07-15")
    assert [july(shut).closed, july(shut, early).closed] == [10, 5]
    assert july(shut, early, off).closed == 0


def test_without_an_available_day_net_is_undefined() -> None:
    line = july(closed("2025-07-01..2025-07-31"))
    assert (line.gross, line.net, line.shoot_intensity, line.idle) == (0.0, None, None, False)


def test_capacity_is_evented() -> None:
    projection = folded(
        SpaceDecommissioned(space="stage-1", site="yongchuan", on=day("2025-07-11")),
        SpaceCommissioned(
            space="stage-2", site="yongchuan", zone=ZONE, name="Stage 2", kind="stage",
            area_m2=1000.0, in_service_on=day("2025-07-30"),
        ),
        confirmed("b-1", "2025-07-30..2025-08-15", space="stage-2"),
    )  # fmt: skip
    assert [(u.space, u.in_service, u.occupied) for u in projection.utilization(**JULY)] == [
        ("stage-1", 10, 0),
        ("stage-2", 2, 2),
    ]
    june = projection.utilization(since=day("2025-06-01"), until=day("2025-06-30"))
    assert [u.space for u in june] == ["stage-1"]  # what opens in July does not dilute June


def test_a_space_that_grows_keeps_its_old_area_for_its_old_days() -> None:
    grown = SpaceChanged(
        space="stage-1", site="yongchuan", on=day("2025-07-21"), name="Stage 1",
        kind="virtual stage", area_m2=4000.0,
    )  # fmt: skip
    projection = folded(grown, confirmed("b-1", "2025-07-19..2025-07-22"))
    area = measures(projection)["area-weighted net"]
    # occupied 2 d x 3000 + 2 d x 4000; available 20 d x 3000 + 11 d x 4000
    assert (area.numerator, area.denominator) == (14_000.0, 104_000.0)
    assert area.value == 14_000 / 104_000
    (as_stage,) = projection.utilization(**JULY, kind="stage")
    (as_volume,) = projection.utilization(**JULY, kind="virtual stage")
    assert (as_stage.in_service, as_stage.occupied, as_stage.kind) == (20, 2, "stage")
    assert (as_volume.in_service, as_volume.occupied) == (11, 2)
    assert projection.utilization(**JULY, kind="hall") == []


def test_figures_over_all_spaces_sum_first_and_name_the_idle() -> None:
    projection = folded(
        WORKSHOP,
        SpaceCommissioned(space="stage-2", site="yongchuan", zone=ZONE, name="Stage 2",
                          kind="stage", area_m2=1000.0, in_service_on=day("2025-07-22")),
        confirmed("b-1", "2025-07-01..2025-07-20"),
        closed("2025-07-21..2025-07-31"),
        confirmed("b-2", "2025-07-22..2025-07-26", space="stage-2"),
        reported("2025-07-01"), reported("2025-07-02"),
    )  # fmt: skip
    # stage-1: I 31, A 20, O 20; stage-2: I 10, A 10, O 5; workshop: I 31, A 31, O 0
    found = measures(projection)
    shown = {name: (m.numerator, m.denominator, m.value, m.n) for name, m in found.items()}
    assert shown == {
        "gross": (25, 72, 25 / 72, 3),
        "net": (25, 61, 25 / 61, 3),
        "shoot intensity": (2, 61, 2 / 61, 3),
        # 20 d x 3000 + 5 d x 1000, of 20 x 3000 + 10 x 1000 + 31 x 5000
        "area-weighted net": (65_000.0, 225_000.0, 65 / 225, 3),
        "mean gross": (20 / 31 + 0.5, 3, (20 / 31 + 0.5) / 3, 3),
        "median gross": (0.5, 1, 0.5, 3),
        "mean net": (1.5, 3, 0.5, 3),
        "median net": (0.5, 1, 0.5, 3),
        "idle": (1, 3, 1 / 3, 3),
    }
    assert found["idle"].spaces == ("workshop",)
    assert found["median net"].spaces == ("stage-2",)


def test_the_median_of_two_is_between_them() -> None:
    found = measures(folded(WORKSHOP, confirmed("b-1", "2025-07-01..2025-07-31")))
    assert found["median net"].value == 0.5
    assert found["median net"].spaces == ("workshop", "stage-1")


def test_nothing_in_service_is_undefined_and_no_fault() -> None:
    projection = folded()
    window = {"since": day("2020-01-01"), "until": day("2020-12-31")}
    assert projection.utilization(**window) == []
    assert projection.utilization_by_month(**window) == []
    assert {m.value for m in projection.utilization_total(**window)} == {None}
    assert fold(Utilization, []).projection.utilization() == []


def test_a_corrected_report_is_one_shoot_day_and_two_bookings_share_one() -> None:
    told = story(confirmed("b-1", "2025-07-01..2025-07-10"), reported("2025-07-02"))
    first = told.position
    because(told, reported("2025-07-02"), corrects=first)
    told.and_given(reported("2025-07-02", "b-2"), reported("2025-07-03"))
    (line,) = seen(Utilization, told).utilization(**JULY)
    assert line.shoot_days == 2


def test_months_are_cut_by_the_window() -> None:
    projection = folded(
        confirmed("b-1", "2025-06-28..2025-07-03"), closed("2025-07-30..2025-08-15")
    )
    found = projection.utilization_by_month(since=day("2025-06-29"), until=day("2025-08-10"))
    assert [(m.month, m.in_service, m.available, m.occupied, m.net) for m in found] == [
        ("2025-06", 2, 2, 2, 1.0),
        ("2025-07", 31, 29, 3, 3 / 29),
        ("2025-08", 10, 0, 0, None),
    ]


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        (None, None, "2024-08-01", "2025-07-31"),
        ("2025-07-15", None, "2025-07-15", "2025-08-02"),
        (None, "2025-03-31", "2024-04-01", "2025-03-31"),
        ("2026-01-01", None, "2026-01-01", "2026-01-01"),
    ],
)
def test_the_window_that_is_not_said(
    since: str | None, until: str | None, first: str, last: str
) -> None:
    given_window = {"since": since and day(since), "until": until and day(until)}
    found = measures(folded(), **given_window)["gross"]
    assert (found.since, found.until) == (day(first), day(last))


def test_the_default_window_ends_on_the_ledgers_own_clock() -> None:
    # 31 July in UTC, but 1 August in Shanghai: July is over
    told = given().at("2025-07-31T20:00+00:00").and_given(OPENED, YONGCHUAN, STAGE_1)
    projection = seen(Utilization, told)
    assert measures(projection, since=None)["gross"].until == date(2025, 7, 31)


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadTime):
        folded().utilization(since=day("2025-07-31"), until=day("2025-07-01"))


def test_a_site_by_itself() -> None:
    other = SpaceCommissioned(
        space="backlot", site="wuxi", zone=ZONE, name="Backlot", kind="backlot",
        area_m2=9000.0, in_service_on=day("2024-01-01"),
    )  # fmt: skip
    assert [u.space for u in folded(other).utilization(**JULY, site="wuxi")] == ["backlot"]


def test_an_early_hold_of_the_same_booking_does_not_double_it() -> None:
    hold = held("b-1", "2025-07-01..2025-07-10")
    assert july(hold, confirmed("b-1", "2025-07-01..2025-07-10")).occupied == 10
