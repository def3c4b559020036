"""Projects, their milestones, and how many were serviced."""

from __future__ import annotations

from typing import Any

from ledger_projects import CountLine, Projects

from ledger.events import (
    BookingCancelled,
    BookingHeld,
    BookingStarted,
    BookingWrapped,
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    ProjectClosed,
    ProjectOpened,
    ShootDayReported,
)
from ledger.events.base import Event
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from tests.scenarios.view_stories import (
    RESURRECTION,
    at,
    because,
    confirmed,
    day,
    days,
    seen,
    story,
)


def opened(project: str, on: str, kind: Any = "feature") -> ProjectOpened:
    return ProjectOpened(project=project, title=project.title(), kind=kind, on=day(on))


def closed(project: str, on: str) -> ProjectClosed:
    return ProjectClosed(project=project, on=day(on), outcome="completed")


def about(booking: str, when: str, project: str, space: str = "stage-1") -> dict[str, Any]:
    return {"booking": booking, "space": space, "project": project, "period": days(when)}


def ran(booking: str, when: str, project: str) -> list[Event]:
    """A booking confirmed and started on its first day."""
    started = BookingStarted(**about(booking, when, project), on=days(when).days.first)
    return [confirmed(booking, when, project=project), started]


def planned(milestone: str, on: str, project: str = "resurrection") -> MilestonePlanned:
    return MilestonePlanned(project=project, milestone=milestone, on=day(on))


def reached(milestone: str, on: str, project: str = "resurrection") -> MilestoneReached:
    return MilestoneReached(project=project, milestone=milestone, on=day(on))


def reported(booking: str, on: str, space: str = "stage-1") -> ShootDayReported:
    return ShootDayReported(
        **about(booking, "2025-05-01..2025-05-10", "resurrection", space), day=day(on),
        setups_planned=1, setups_shot=1, pages_planned_eighths=8, pages_shot_eighths=8,
        shooting_hours=10.0,
    )  # fmt: skip


def line(told: Scenario, project: str = "resurrection") -> Any:
    (found,) = seen(Projects, told).projects(project=project)
    return found


# --- projects ----------------------------------------------------------------------------


def test_a_project_with_what_was_done_for_it() -> None:
    told = story(
        RESURRECTION,
        *ran("b-1", "2025-05-01..2025-05-10", "resurrection"),
        confirmed("b-2", "2025-05-01..2025-05-10", space="workshop"),
        reported("b-1", "2025-05-01"),
        reported("b-1", "2025-05-02"),
        reported("b-2", "2025-05-02", "workshop"),
        reported("b-3", "2025-05-02"),  # the same stage and day as b-1
        planned("delivery", "2025-09-30"),
        reached("award", "2025-05-20"),
    )
    found = line(told)
    assert (found.title, found.kind, found.state) == ("Resurrection 复活", "feature", "active")
    assert (found.bookings, found.serviced_on, found.shoot_days) == (2, day("2025-05-01"), 3)
    assert (found.milestones_planned, found.milestones_reached) == (1, 1)
    told.and_given(closed("resurrection", "2025-08-01"))
    assert (line(told).state, line(told).outcome) == ("closed", "completed")


def test_serviced_is_started_or_wrapped_and_not_called_off() -> None:
    told = story(RESURRECTION)
    assert line(told).serviced_on is None
    told.and_given(BookingHeld(**about("b-1", "2025-05-01", "resurrection"), rank=1))
    assert (line(told).bookings, line(told).serviced_on) == (0, None)
    told.and_given(confirmed("b-1", "2025-05-01"))
    assert (line(told).bookings, line(told).serviced_on) == (1, None)
    told.and_given(*ran("b-2", "2025-06-01..2025-06-03", "resurrection"))
    assert line(told).serviced_on == day("2025-06-01")
    told.and_given(
        BookingWrapped(
            **about("b-1", "2025-05-01", "resurrection"), on=day("2025-05-01"),
            was_period=days("2025-05-01"),
        )
    )  # fmt: skip
    assert line(told).serviced_on == day("2025-05-01")
    told.and_given(BookingCancelled(**about("b-2", "2025-06-01..2025-06-03", "resurrection")))
    told.and_given(BookingCancelled(**about("b-1", "2025-05-01", "resurrection")))
    assert (line(told).bookings, line(told).serviced_on) == (0, None)


def test_a_start_late_in_the_booking_is_the_day_of_service() -> None:
    told = story(
        RESURRECTION,
        confirmed("b-1", "2024-12-30..2025-01-05"),
        BookingStarted(
            **about("b-1", "2024-12-30..2025-01-05", "resurrection"), on=day("2025-01-02")
        ),
        BookingWrapped(
            **about("b-1", "2024-12-30..2025-01-03", "resurrection"), on=day("2025-01-03"),
            was_period=days("2024-12-30..2025-01-05"),
        ),
    )  # fmt: skip
    assert line(told).serviced_on == day("2025-01-02")


def test_projects_by_kind_state_and_service() -> None:
    told = story(
        opened("b", "2025-01-01", "series"),
        opened("a", "2025-02-01"),
        closed("a", "2025-03-01"),
        *ran("b-1", "2025-02-01", "b"),
    )
    projects = seen(Projects, told)
    assert [x.project for x in projects.projects()] == ["b", "a"]
    assert [x.project for x in projects.projects(kind="feature")] == ["a"]
    assert [x.project for x in projects.projects(state="active")] == ["b"]
    assert [x.project for x in projects.projects(serviced=False)] == ["a"]
    assert [x.project for x in projects.projects(serviced=True)] == ["b"]


# --- milestones --------------------------------------------------------------------------


def test_a_milestone_is_planned_moved_overdue_and_reached_late() -> None:
    told = story(RESURRECTION, planned("delivery", "2025-07-15"), planned("release", "2025-09-01"))
    delivery, release = seen(Projects, told).milestones()
    assert (delivery.state, release.state, delivery.late) == ("overdue", "planned", None)
    told.and_given(planned("delivery", "2025-07-25"), reached("delivery", "2025-07-28"))
    delivery, _ = seen(Projects, told).milestones(project="resurrection")
    assert delivery.state == "reached"
    assert (delivery.first_planned_on, delivery.planned_on, delivery.late) == (
        day("2025-07-15"), day("2025-07-25"), 3,
    )  # fmt: skip
    assert [m.milestone for m in seen(Projects, told).milestones(state="planned")] == ["release"]


def test_a_milestone_is_early_unplanned_corrected_or_withdrawn() -> None:
    told = story(
        RESURRECTION,
        planned("prep", "2025-02-10"),
        reached("prep", "2025-02-08"),
        reached("award", "2025-05-20"),
    )
    because(told, reached("award", "2025-05-24"), corrects=told.position)
    prep, award = seen(Projects, told).milestones()
    assert (prep.late, award.late, award.planned_on) == (-2, None, None)
    assert award.reached_on == day("2025-05-24")
    told.and_given(MilestoneWithdrawn(project="resurrection", milestone="award"))
    assert [m.milestone for m in seen(Projects, told).milestones()] == ["prep"]


def test_a_milestone_of_today_is_not_overdue() -> None:
    told = story(RESURRECTION, planned("delivery", "2025-08-02"))
    projects = seen(Projects, told)
    assert [m.state for m in projects.milestones()] == ["planned"]
    assert [m.state for m in projects.milestones(on=day("2025-08-03"))] == ["overdue"]
    ask_at(projects, at("2025-08-03T00:00"))
    assert [m.state for m in projects.milestones()] == ["overdue"]


# --- counts ------------------------------------------------------------------------------


def busy() -> Projects:
    """Three projects over three years; the last event is of August 2025."""
    return seen(
        Projects,
        story(
            opened("a", "2023-05-10"),
            *ran("b-1", "2023-12-20..2024-01-10", "a"),
            *ran("b-2", "2024-06-01..2024-06-02", "a"),
            closed("a", "2024-12-31"),
            opened("b", "2024-02-01", "series"),
            *ran("b-3", "2025-01-05..2025-01-06", "b"),
            opened("c", "2025-03-01"),
            confirmed("b-4", "2025-09-01", project="c"),
            planned("delivery", "2024-03-01", "a"),
            reached("delivery", "2025-01-02", "a"),
            planned("release", "2026-02-01", "b"),
        ),
    )


def counted(lines: list[CountLine]) -> dict[tuple[str, str], tuple[int | None, ...]]:
    """Year and kind: opened, serviced, closed, active, milestones planned and reached."""
    return {
        (x.year, x.kind): (
            x.opened, x.serviced, x.closed, x.active, x.milestones_planned, x.milestones_reached,
        )
        for x in lines
    }  # fmt: skip


def test_counts_by_year_and_kind() -> None:
    assert counted(busy().project_counts()) == {
        ("2023", "feature"): (1, 1, 0, 1, 0, 0),
        ("2024", "feature"): (0, 0, 1, 0, 1, 0),  # closed on the last day of the year
        ("2024", "series"): (1, 0, 0, 1, 0, 0),
        ("2025", "feature"): (1, 0, 0, 1, 0, 1),
        ("2025", "series"): (0, 1, 0, 1, 0, 0),
        ("2026", "series"): (0, 0, 0, None, 1, 0),  # a year to come
    }


def test_counts_by_year_by_kind_and_in_all() -> None:
    projects = busy()
    assert counted(projects.project_counts(by="year")) == {
        ("2023", "all"): (1, 1, 0, 1, 0, 0),
        ("2024", "all"): (1, 0, 1, 1, 1, 0),
        ("2025", "all"): (1, 1, 0, 2, 0, 1),
        ("2026", "all"): (0, 0, 0, None, 1, 0),
    }
    assert counted(projects.project_counts(by="kind")) == {
        ("all", "feature"): (2, 1, 1, 1, 1, 1),
        ("all", "series"): (1, 1, 0, 1, 1, 0),
    }
    assert counted(projects.project_total()) == {("all", "all"): (3, 2, 1, 2, 2, 1)}
    assert counted(projects.project_total(kind="series")) == {("all", "series"): (1, 1, 0, 1, 1, 0)}


def test_counts_of_one_year_or_one_kind() -> None:
    projects = busy()
    assert counted(projects.project_counts(year=2025, by="kind")) == {
        ("2025", "feature"): (1, 0, 0, 1, 0, 1),
        ("2025", "series"): (0, 1, 0, 1, 0, 0),
    }
    assert [x.year for x in projects.project_counts(kind="series")] == ["2024", "2025", "2026"]
    assert projects.project_counts(year=2019) == []


def test_as_of_an_earlier_day_the_year_is_not_over() -> None:
    told = story(opened("a", "2025-01-05"), on="2025-02-01T09:00+08:00")
    assert counted(seen(Projects, told).project_counts()) == {
        ("2025", "feature"): (1, 0, 0, 1, 0, 0)
    }
    told.and_given(closed("a", "2025-02-02"))  # as early as the calendar has it somewhere
    told.at("2025-03-01T09:00+08:00").and_given(opened("b", "2025-03-01"))
    assert counted(seen(Projects, told).project_counts()) == {
        ("2025", "feature"): (2, 0, 1, 1, 0, 0)
    }


def test_nothing_opened_counts_nothing() -> None:
    assert seen(Projects, story()).project_counts() == []
    assert counted(seen(Projects, story()).project_total()) == {("all", "all"): (0,) * 6}
