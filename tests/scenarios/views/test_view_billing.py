"""Sums to bill from: days and hours by project, space and type of day."""

from __future__ import annotations

from typing import Any

from ledger_billing import Billing, BillingDay, BillingLine
from msgspec.structs import replace

from ledger.events import BookingCancelled, BookingRescheduled, BookingWrapped, DayPlan
from ledger.events.base import Event
from ledger.testing import given
from tests.scenarios.view_stories import (
    OPENED,
    STAGE_1,
    WORKSHOP,
    YONGCHUAN,
    confirmed,
    day,
    days,
    held,
    seen,
    story,
)
from tests.terminal import Terminal, studio


def bill(*events: Event, **asked: Any) -> list[BillingLine]:
    """On 2 August 2025."""
    lines: list[BillingLine] = seen(Billing, story(*events)).billing(**asked)
    return lines


def sums(*events: Event, **asked: Any) -> list[tuple[str, str, str, int, float]]:
    return [
        (line.project, line.space, line.day_type, line.days, line.hours)
        for line in bill(*events, **asked)
    ]


def planned(*parts: tuple[str, str, Any]) -> dict[str, Any]:
    return {"plan": tuple(DayPlan(day(first), day(last), type) for first, last, type in parts)}


def test_days_and_hours_by_project_space_and_type_of_day() -> None:
    plan = planned(
        ("2025-07-01", "2025-07-02", "prep"),
        ("2025-07-03", "2025-07-03", "pre-light"),
        ("2025-07-06", "2025-07-06", "dark"),
        ("2025-07-10", "2025-07-10", "strike"),
    )
    assert sums(confirmed("b-1", "2025-07-01..2025-07-10", **plan)) == [
        ("resurrection", "stage-1", "dark", 1, 24),
        ("resurrection", "stage-1", "pre-light", 1, 24),
        ("resurrection", "stage-1", "prep", 2, 48),
        ("resurrection", "stage-1", "shoot", 5, 120),
        ("resurrection", "stage-1", "strike", 1, 24),
    ]


def test_a_night_shoot_is_one_working_day_of_ten_hours() -> None:
    night = confirmed("b-1", "2025-07-01T20:00..2025-07-02T06:00")
    assert sums(night) == [("resurrection", "stage-1", "shoot", 1, 10)]
    assert sums(night, since=day("2025-07-02")) == [], "it is of the first of July"


def test_when_the_day_ends_is_the_sites_to_say() -> None:
    early = confirmed("b-1", "2025-07-02T05:00..2025-07-02T09:00")
    found = seen(Billing, story(early)).billing_days()
    assert [line.day for line in found] == [day("2025-07-02")]
    late_house = replace(YONGCHUAN, day_ends="06:00")
    told = given().at("2025-08-02T12:00+08:00").and_given(OPENED, late_house, STAGE_1, early)
    assert [line.day for line in seen(Billing, told).billing_days()] == [day("2025-07-01")]


def test_two_bookings_of_an_hour_on_one_day_are_one_day_and_two_hours() -> None:
    (line,) = bill(
        confirmed("b-1", "2025-07-03T09:00..2025-07-03T10:00"),
        confirmed("b-2", "2025-07-03T11:00..2025-07-03T12:00"),
    )
    assert (line.days, line.hours, line.first, line.last) == (
        1, 2, day("2025-07-03"), day("2025-07-03"),
    )  # fmt: skip


def test_units_of_a_shared_space_are_counted_beside() -> None:
    (line,) = bill(WORKSHOP, confirmed("b-1", "2025-07-01..2025-07-02", space="workshop", units=3))
    assert (line.days, line.hours, line.unit_days, line.unit_hours) == (2, 48, 6, 144)


def test_what_counts_is_confirmed_not_cancelled_and_what_it_used() -> None:
    about: dict[str, Any] = {"booking": "b-1", "space": "stage-1", "project": "resurrection"}
    was = days("2025-07-01..2025-07-10")
    firm = confirmed("b-1", "2025-07-01..2025-07-10")
    wrapped = BookingWrapped(
        **about, period=days("2025-07-01..2025-07-08"), on=day("2025-07-08"), was_period=was
    )
    moved = BookingRescheduled(
        **about, period=days("2025-07-20"), was_space="stage-1", was_period=was
    )
    shoot = ("resurrection", "stage-1", "shoot")
    assert sums(held("b-1", "2025-07-01..2025-07-10")) == []
    assert sums(firm) == [(*shoot, 10, 240)]
    assert sums(firm, wrapped) == [(*shoot, 8, 192)]
    assert sums(firm, moved) == [(*shoot, 1, 24)]
    assert sums(firm, BookingCancelled(**about, period=was)) == []


def test_days_to_come_are_billed_only_if_asked_for() -> None:
    ahead = confirmed("b-1", "2025-08-01..2025-08-10")
    assert [line.days for line in bill(ahead)] == [2]
    assert [line.days for line in bill(ahead, until=day("2025-08-10"))] == [10]
    assert bill(ahead, since=day("2025-08-03")) == []


def test_one_row_for_each_project_space_or_type() -> None:
    events = (
        WORKSHOP,
        confirmed("b-1", "2025-07-01..2025-07-02", **planned(("2025-07-01",) * 2 + ("prep",))),
        confirmed("b-2", "2025-07-01..2025-07-03", space="workshop"),
        confirmed("b-3", "2025-07-03", project="dragon"),
    )
    assert sums(*events, by="project") == [
        ("dragon", "all", "all", 1, 24),
        ("resurrection", "all", "all", 5, 120),
    ]
    assert sums(*events, by="space") == [
        ("all", "stage-1", "all", 3, 72),
        ("all", "workshop", "all", 3, 72),
    ]
    assert sums(*events, by="project-type") == [
        ("dragon", "all", "shoot", 1, 24),
        ("resurrection", "all", "prep", 1, 24),
        ("resurrection", "all", "shoot", 4, 96),
    ]
    assert sums(*events, project="dragon") == [("dragon", "stage-1", "shoot", 1, 24)]
    assert sums(*events, space="workshop", site="yongchuan", day_type="shoot") == [
        ("resurrection", "workshop", "shoot", 3, 72)
    ]
    assert sums(*events, site="elsewhere") == []


def test_each_day_of_a_bill_can_be_seen() -> None:
    found: list[BillingDay] = seen(
        Billing, story(confirmed("b-1", "2025-07-01T20:00..2025-07-02T06:00"))
    ).billing_days()
    (line,) = found
    assert (line.day, line.booking, line.hours, line.units) == (day("2025-07-01"), "b-1", 10, 1)
    assert line.times is not None


class TestTheHourOnTheCommandLine:
    def test_a_site_says_when_its_day_ends(self, sqlite_url: str) -> None:
        terminal: Terminal = studio(sqlite_url)
        words = ("site", "add", "west", "--name", "West", "--zone", "Europe/Berlin")
        (event,) = terminal.must(*words, "--day-ends", "06:30", "--json").data
        assert event["payload"]["day_ends"] == "06:30"

    def test_an_impossible_hour_is_refused_and_nothing_recorded(self, sqlite_url: str) -> None:
        terminal: Terminal = studio(sqlite_url)
        before = len(terminal.lines())
        words = ("site", "add", "west", "--name", "West", "--zone", "Europe/Berlin")
        for hour in ("25:00", "13:00", "4", "noon"):
            done = terminal.run(*words, "--day-ends", hour)
            assert done.code == 2, hour
            assert "HH:MM" in done.err or "00:00 to 12:00" in done.err
        assert len(terminal.lines()) == before
