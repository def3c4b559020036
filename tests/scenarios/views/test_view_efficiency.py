"""Output per shooting hour: sums first, then one division, each with what is behind it."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_efficiency import Efficiency, Figure

from ledger.events import ShootDayReported, SpaceChanged, SpaceCommissioned
from ledger.events.base import Event
from ledger.testing import Scenario
from tests.scenarios.view_stories import ZONE, because, day, days, seen, story


def space(id: str, kind: Any) -> Event:
    return SpaceCommissioned(
        space=id, site="yongchuan", zone=ZONE, name=id, kind=kind, area_m2=1000.0,
        in_service_on=day("2025-01-01"),
    )  # fmt: skip


VOLUME, SET = space("volume", "virtual stage"), space("set-1", "set studio")


def shot(
    where: str, on: str, setups: int, pages: int, hours: float, booking: str = ""
) -> ShootDayReported:
    return ShootDayReported(
        booking=booking or f"b-{where}", space=where, project="p",
        period=days("2025-07-01..2025-07-31"), day=day(on), setups_planned=99, setups_shot=setups,
        pages_planned_eighths=99, pages_shot_eighths=pages, shooting_hours=hours,
    )  # fmt: skip


def figures(told: Scenario, **asked: Any) -> dict[tuple[str, str], Figure]:
    return {(f.output, f.role): f for f in seen(Efficiency, told).efficiency(**asked)}


def test_a_figure_is_a_sum_by_a_sum_with_what_is_behind_it() -> None:
    told = story(
        VOLUME, SET,
        shot("volume", "2025-07-01", 10, 20, 4.0), shot("volume", "2025-07-02", 20, 30, 8.0),
        shot("stage-1", "2025-07-01", 5, 8, 5.0), shot("set-1", "2025-07-01", 25, 10, 10.0),
    )  # fmt: skip
    found = figures(told)
    assert list(found) == [
        ("setups", "compared"), ("setups", "baseline"), ("pages", "compared"),
        ("pages", "baseline"),
    ]  # fmt: skip
    volume = found["setups", "compared"]
    assert (volume.numerator, volume.shooting_hours, volume.per_hour) == (30, 12.0, 2.5)
    assert (volume.days, volume.bookings, volume.of) == (2, 1, "virtual stage")
    practical = found["setups", "baseline"]
    assert (practical.numerator, practical.shooting_hours, practical.per_hour) == (30, 15.0, 2.0)
    assert (practical.days, practical.bookings) == (2, 2)
    assert practical.of == "stage + set studio"
    assert (volume.ratio, practical.ratio) == (1.25, 1.0)
    pages = found["pages", "compared"]
    assert (pages.numerator, pages.unit) == (50, "1/8 page / h")
    assert pages.ratio == pytest.approx((50 / 12) / (18 / 15))


def test_without_hours_a_figure_is_undefined_and_so_is_its_ratio() -> None:
    found = figures(story(VOLUME, shot("volume", "2025-07-01", 10, 20, 4.0)))
    assert found["setups", "compared"].per_hour == 2.5
    assert found["setups", "compared"].ratio is None
    assert found["setups", "baseline"].per_hour is None
    assert found["setups", "baseline"].shooting_hours == 0.0


def test_a_baseline_that_shot_nothing_is_no_measure() -> None:
    told = story(
        VOLUME, shot("volume", "2025-07-01", 10, 20, 4.0), shot("stage-1", "2025-07-01", 0, 0, 8.0)
    )
    found = figures(told)
    assert found["setups", "baseline"].per_hour == 0.0
    assert found["setups", "compared"].ratio is None


def test_a_report_without_hours_is_in_neither_sum() -> None:
    told = story(shot("stage-1", "2025-07-01", 9, 9, 0.0), shot("stage-1", "2025-07-02", 6, 9, 3.0))
    practical = figures(told)["setups", "baseline"]
    assert (practical.numerator, practical.per_hour, practical.days) == (6, 2.0, 1)
    assert practical.days_without_hours == 1


def test_a_corrected_report_takes_the_place_of_the_first() -> None:
    told = story(shot("stage-1", "2025-07-01", 9, 9, 3.0))
    because(told, shot("stage-1", "2025-07-01", 12, 9, 4.0), corrects=told.position)
    practical = figures(told)["setups", "baseline"]
    assert (practical.numerator, practical.shooting_hours, practical.days) == (12, 4.0, 1)


def test_two_productions_of_a_day_are_one_day_and_two_bookings() -> None:
    told = story(
        shot("stage-1", "2025-07-01", 9, 9, 3.0, "a"), shot("stage-1", "2025-07-01", 9, 9, 3.0, "b")
    )
    practical = figures(told)["setups", "baseline"]
    assert (practical.days, practical.bookings, practical.numerator) == (1, 2, 18)


def test_the_window_holds_both_its_ends() -> None:
    told = story(*(shot("stage-1", f"2025-07-0{n}", n, n, 1.0) for n in (1, 2, 3, 4)))
    asked = {"since": day("2025-07-02"), "until": day("2025-07-03")}
    assert figures(told, **asked)["setups", "baseline"].numerator == 5


def test_a_space_counts_as_what_it_was_on_the_day() -> None:
    told = story(
        SpaceChanged(
            space="stage-1", site="yongchuan", on=day("2025-07-02"), name="Stage 1",
            kind="virtual stage", area_m2=3000.0,
        ),
        shot("stage-1", "2025-07-01", 2, 2, 2.0), shot("stage-1", "2025-07-02", 6, 2, 2.0),
    )  # fmt: skip
    found = figures(told)
    assert found["setups", "baseline"].numerator == 2
    assert found["setups", "compared"].numerator == 6
    by_space = seen(Efficiency, told).efficiency_by_space()
    assert [(f.kind, f.output, f.numerator) for f in by_space] == [
        ("stage", "setups", 2), ("stage", "pages", 2),
        ("virtual stage", "setups", 6), ("virtual stage", "pages", 2),
    ]  # fmt: skip


def test_the_kinds_can_be_chosen() -> None:
    told = story(
        VOLUME, SET, shot("volume", "2025-07-01", 10, 20, 4.0),
        shot("stage-1", "2025-07-01", 5, 8, 5.0), shot("set-1", "2025-07-01", 25, 10, 10.0),
    )  # fmt: skip
    found = figures(told, kind=["set studio"], baseline=["stage"])
    assert (found["setups", "compared"].of, found["setups", "compared"].ratio) == (
        "set studio",
        2.5,
    )
    both = figures(told, kind=["set studio", "set studio"], baseline=["stage", "virtual stage"])
    assert both["setups", "compared"].numerator == 25, "a kind named twice counts once"
    assert both["setups", "baseline"].shooting_hours == 9.0


def test_each_space_stands_against_all_practical_stages() -> None:
    told = story(
        VOLUME, SET, shot("volume", "2025-07-01", 10, 20, 4.0),
        shot("stage-1", "2025-07-01", 5, 8, 5.0), shot("set-1", "2025-07-01", 25, 10, 10.0),
    )  # fmt: skip
    projection = seen(Efficiency, told)
    found = {f.space: f for f in projection.efficiency_by_space() if f.output == "setups"}
    assert found["volume"].ratio == 2.5 / 2.0
    assert found["stage-1"].ratio == 0.5
    assert [f.space for f in projection.efficiency_by_space(space="set-1")] == ["set-1", "set-1"]
    assert projection.efficiency_by_space(space="set-1", baseline=["set studio"])[0].ratio == 1.0
