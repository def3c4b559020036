"""The facts of the spaces on a day, and when they are shut."""

from __future__ import annotations

from typing import Any

from ledger_spaces import Spaces

from ledger.events import SpaceChanged, SpaceCommissioned, SpaceDecommissioned, SpaceReopened
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from tests.scenarios.view_stories import (
    WORKSHOP,
    ZONE,
    at,
    because,
    closed,
    day,
    days,
    seen,
    story,
)

VOLUME = SpaceChanged(
    space="stage-1",
    site="yongchuan",
    on=day("2025-08-01"),
    name="LED stage",
    kind="virtual stage",
    area_m2=3200.0,
    phase="phase-1",
)
LEAK = "the roof leaks"
GONE = SpaceDecommissioned(space="stage-1", site="yongchuan", on=day("2026-01-01"))


def campus() -> Scenario:
    """Stage 1 becomes a volume in August and retires in 2026; a closure of ten days in July."""
    told = story(WORKSHOP, VOLUME, GONE)
    return because(told, closed("2025-07-11..2025-07-20"), LEAK)


def reopened(was: str, period: str) -> SpaceReopened:
    return SpaceReopened(
        closure="c-1", space="stage-1", kind="maintenance", was=days(was), period=days(period)
    )


def stage_on(on: str | None, told: Scenario | None = None) -> Any:
    (line,) = seen(Spaces, told or campus()).spaces(on=on and day(on), kind=None, site="yongchuan")[
        :1
    ]
    return line


def test_a_space_is_what_it_was_on_the_day() -> None:
    before, after = stage_on("2025-07-31"), stage_on("2025-08-01")
    assert (before.name, before.kind, before.area_m2) == ("Stage 1", "stage", 3000.0)
    assert (after.name, after.kind, after.area_m2) == ("LED stage", "virtual stage", 3200.0)
    assert (before.use, before.capacity, before.phase) == ("exclusive", None, "phase-1")


def test_a_day_is_in_service_closed_not_yet_or_retired() -> None:
    states = {
        text: stage_on(text).state
        for text in ("2023-04-30", "2023-05-01", "2025-07-11", "2025-07-21", "2026-01-01")
    }
    assert list(states.values()) == ["not yet", "in service", "closed", "in service", "retired"]


def test_a_closed_space_says_why_and_until_when() -> None:
    line = stage_on("2025-07-15")
    assert (line.state, line.why, line.until) == (
        "closed", ("maintenance: the roof leaks",), day("2025-07-20"),
    )  # fmt: skip


def test_a_day_closed_in_part_is_partly_closed() -> None:
    told = story(closed("2025-07-15T08:00..2025-07-15T12:00"))
    assert stage_on("2025-07-15", told).state == "partly closed"
    told.and_given(
        closed("2025-07-15T00:00..2025-07-15T08:00", "c-2"),
        closed("2025-07-15T12:00..2025-07-16T00:00", "c-3"),
    )
    assert stage_on("2025-07-15", told).state == "closed"


def test_today_is_the_day_of_the_last_event_on_the_sites_clock() -> None:
    # 16:30 UTC on 31 July is half past midnight in Chongqing
    told = story(VOLUME, on="2025-07-31T16:30+00:00")
    assert stage_on(None, told).kind == "virtual stage"


def test_today_is_that_of_whoever_asks() -> None:
    spaces = seen(Spaces, story(VOLUME, on="2025-07-31T12:00+08:00"))
    assert [line.kind for line in spaces.spaces()] == ["stage"]
    ask_at(spaces, at("2025-08-01T00:00"))
    assert [line.kind for line in spaces.spaces()] == ["virtual stage"]


def test_a_shared_space_has_its_units_and_its_own_deadline() -> None:
    stage, workshop = seen(Spaces, campus()).spaces(on=day("2025-06-01"))
    assert (workshop.use, workshop.capacity, workshop.answer_within_hours) == ("shared", 4, 48)
    assert stage.answer_within_hours == 24  # the site's


def test_spaces_by_kind_and_state() -> None:
    spaces = seen(Spaces, campus())
    assert [s.space for s in spaces.spaces(kind="virtual stage")] == ["stage-1"]
    assert spaces.spaces(kind="virtual stage", on=day("2025-07-31")) == []
    shut = spaces.spaces(on=day("2025-07-11"), state="closed")
    assert [s.space for s in shut] == ["stage-1"]


def test_the_closures_with_what_became_of_them() -> None:
    told = campus().and_given(
        closed("2025-08-01..2025-08-05", "c-2", "calibration"),
        closed("2025-09-01..2025-09-02", "c-3", "blackout"),
        reopened("2025-07-11..2025-07-20", "2025-07-16..2025-07-20"),
        SpaceReopened(
            closure="c-3", space="stage-1", kind="blackout",
            was=days("2025-09-01..2025-09-02"), period=days("2025-09-01..2025-09-02"),
        ),
    )  # fmt: skip
    lines = seen(Spaces, told).closures()
    shown = [(c.closure, c.state, c.first, c.last, c.days, c.planned_last, c.why) for c in lines]
    assert shown == [
        ("c-1", "over", day("2025-07-11"), day("2025-07-15"), 5, day("2025-07-20"), LEAK),
        ("c-2", "current", day("2025-08-01"), day("2025-08-05"), 5, day("2025-08-05"), None),
        ("c-3", "called off", day("2025-09-01"), day("2025-09-02"), 2, day("2025-09-02"), None),
    ]  # fmt: skip
    assert stage_on("2025-07-16", told).state == "in service"
    assert stage_on("2025-09-01", told).state == "in service"


def test_closures_of_a_time() -> None:
    spaces = seen(Spaces, campus().and_given(closed("2025-09-01..2025-09-02", "c-2")))
    found = [c.closure for c in spaces.closures(since=day("2025-07-20"), until=day("2025-08-31"))]
    assert found == ["c-1"]
    assert [c.closure for c in spaces.closures(state="planned")] == ["c-2"]
    assert spaces.closures(space="workshop") == []


def test_a_site_with_what_is_in_service() -> None:
    told = campus().and_given(
        SpaceCommissioned(
            space="hall", site="yongchuan", zone=ZONE, name="Hall", kind="hall", area_m2=100.0,
            in_service_on=day("2025-10-01"),
        )
    )  # fmt: skip
    spaces = seen(Spaces, told)
    areas = {
        text: [(s.spaces, s.area_m2) for s in spaces.sites(on=day(text))]
        for text in ("2023-04-30", "2025-03-31", "2025-08-01", "2026-01-01")
    }
    assert areas == {
        "2023-04-30": [(0, 0)],
        "2025-03-31": [(1, 3000.0)],
        "2025-08-01": [(2, 8200.0)],  # the stage has grown
        "2026-01-01": [(2, 5100.0)],  # the stage is gone, the hall is there
    }
    (site,) = spaces.sites()
    assert (site.name, site.local_name, site.zone) == (
        "Yongchuan Technology Studio", "永川科技片场", ZONE,
    )  # fmt: skip


def test_as_of_a_position_the_campus_is_as_the_ledger_knew_it_then() -> None:
    told = campus()
    assert [s.space for s in seen(Spaces, told, until=3).spaces()] == ["stage-1"]
    assert stage_on("2025-07-15", story()).state == "in service"
    assert seen(Spaces, told, until=0).spaces() == []
