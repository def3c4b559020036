"""Working days: which day a night belongs to, and how many a long stay has."""

from __future__ import annotations

from datetime import time

import pytest

from ledger.errors import BadTime
from ledger.time.periods import When
from ledger.time.working_days import parse_day_ends, working_days

FOUR = time(4)


def counted(when: str, ends: time = FOUR, zone: str = "Europe/Berlin") -> list[tuple[str, float]]:
    found = working_days(When.parse(when).resolve(zone), ends)
    return [(f"{one.day:%m-%d}", one.hours) for one in found]


def test_whole_days_are_those_days_of_23_to_25_hours() -> None:
    assert counted("2026-10-24..2026-10-26") == [("10-24", 24), ("10-25", 25), ("10-26", 24)]
    assert counted("2026-03-29") == [("03-29", 23)]


def test_a_night_shoot_is_one_day_that_of_its_evening() -> None:
    assert counted("2026-10-01T20:00..2026-10-02T06:00") == [("10-01", 10)]


@pytest.mark.parametrize(
    ("start", "day"), [("03:59", "10-01"), ("04:00", "10-02"), ("00:00", "10-01")]
)
def test_what_begins_before_the_day_ends_belongs_to_the_day_before(start: str, day: str) -> None:
    assert counted(f"2026-10-02T{start}..2026-10-02T05:00")[0][0] == day


def test_days_that_gave_their_last_hours_back_are_still_those_days() -> None:
    assert counted("2026-10-02T00:00..2026-10-04T12:00") == [
        ("10-02", 24), ("10-03", 24), ("10-04", 12),
    ]  # fmt: skip
    assert counted("2026-10-02T00:00..2026-10-02T12:00") == [("10-02", 12)]
    assert counted("2026-10-02T00:00..2026-10-02T11:59")[0][0] == "10-01"


def test_each_24_hours_begun_are_a_day() -> None:
    assert counted("2026-10-01T08:00..2026-10-03T20:00") == [
        ("10-01", 24), ("10-02", 24), ("10-03", 12),
    ]  # fmt: skip
    assert counted("2026-10-01T20:00..2026-10-03T06:00") == [("10-01", 24), ("10-02", 10)]


def test_where_the_clocks_change_a_day_goes_by_the_wall() -> None:
    assert counted("2026-10-24T20:00..2026-10-25T20:00") == [("10-24", 25)]
    assert counted("2026-03-28T02:30..2026-03-29T06:00", time(0)) == [("03-28", 24), ("03-29", 2.5)]


def test_a_house_may_end_its_day_at_another_hour() -> None:
    assert counted("2026-10-02T05:00..2026-10-02T08:00", time(6)) == [("10-01", 3)]
    assert counted("2026-10-02T00:30..2026-10-02T08:00", time(0)) == [("10-02", 7.5)]


@pytest.mark.parametrize("text", ["", "4", "04", "24:00", "4:00", "04:60", "04:00:00", "four"])
def test_what_is_no_hour_is_refused(text: str) -> None:
    with pytest.raises(BadTime, match="is not an hour"):
        parse_day_ends(text)


def test_a_day_ends_by_noon() -> None:
    assert parse_day_ends("12:00") == time(12)
    with pytest.raises(BadTime, match="next afternoon"):
        parse_day_ends("12:01")
