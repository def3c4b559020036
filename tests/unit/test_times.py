"""Days, periods and clock changes: Berlin's March and October, Shanghai's steady clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadTime
from ledger.time.periods import (
    MAX_PERIOD_DAYS,
    Days,
    ManualClock,
    Moment,
    Period,
    SystemClock,
    When,
    check_day,
    check_zone,
    month_bounds,
    parse_date,
    parse_instant,
    start_of_day,
    zone,
)

BERLIN = "Europe/Berlin"
SHANGHAI = "Asia/Shanghai"
BEIRUT = "Asia/Beirut"
"""Its clocks skip midnight itself: 2025-03-30 begins at 01:00."""
HAVANA = "America/Havana"
"""Its clocks repeat midnight: on 2025-11-02 it strikes twice."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestDays:
    def test_both_ends_are_included(self) -> None:
        days = Days.parse("2025-07-01..2025-07-14")
        assert len(days) == len(list(days)) == 14
        assert date(2025, 7, 14) in days
        assert date(2025, 7, 15) not in days
        assert str(days) == "2025-07-01..2025-07-14"

    def test_one_day_is_written_alone(self) -> None:
        assert Days.parse("2025-07-01") == Days.parse(" 2025-07-01..2025-07-01 ")
        assert str(Days.parse("2025-07-01")) == "2025-07-01"

    @pytest.mark.parametrize(
        ("text", "saying"),
        [
            ("2025-07-02..2025-07-01", "2025-07-01 is before 2025-07-02"),
            ("2025-02-30", "is not a date"),
            ("2025-02-29..2025-03-01", "is not a date"),
            ("2025-07-01..", "is not a date"),
            ("..", "is not a date"),
            ("", "is not a date"),
            ("2025-07-01...2025-07-02", "is not a date"),
            ("１２３", "is not a date"),
            ("20250701", "is not a date"),
            ("2025-W27-1", "is not a date"),
            ("1899-12-31", "out of range"),
            ("3000-01-01", "out of range"),
            ("2025-01-01..2035-01-10", "longer than ten years"),
        ],
    )
    def test_a_bad_span_of_days_is_refused(self, text: str, saying: str) -> None:
        with pytest.raises(BadTime, match=saying):
            Days.parse(text)

    def test_ten_years_are_the_longest(self) -> None:
        first = date(2025, 1, 1)
        assert len(Days(first, first + timedelta(days=MAX_PERIOD_DAYS - 1))) == MAX_PERIOD_DAYS
        with pytest.raises(BadTime, match="longer than ten years"):
            Days(first, first + timedelta(days=MAX_PERIOD_DAYS))

    def test_clip_is_what_both_have(self) -> None:
        july = month_bounds("2025-07")
        assert july.clip(Days.parse("2025-07-20..2025-08-03")) == Days.parse(
            "2025-07-20..2025-07-31"
        )
        assert july.clip(Days.parse("2025-08-01")) is None

    def test_month_bounds(self) -> None:
        assert str(month_bounds("2024-02")) == "2024-02-01..2024-02-29"
        assert str(month_bounds("2025-12")) == "2025-12-01..2025-12-31"
        with pytest.raises(BadTime):
            month_bounds("2025-13")


class TestClockChanges:
    @pytest.mark.parametrize(
        ("day", "zone_name", "hours"),
        [
            ("2025-03-30", BERLIN, 23),
            ("2025-10-26", BERLIN, 25),
            ("2025-07-01", BERLIN, 24),
            ("2025-07-01", SHANGHAI, 24),
            ("2025-03-30", BEIRUT, 23),
            ("2025-11-02", HAVANA, 25),
        ],
    )
    def test_a_day_is_one_day_however_long(self, day: str, zone_name: str, hours: int) -> None:
        period = Days.parse(day).period(zone_name)
        assert period.end - period.start == timedelta(hours=hours)
        assert period.days == Days.parse(day)
        assert str(period) == day

    def test_where_midnight_is_skipped_the_day_begins_when_the_clocks_resume(self) -> None:
        start = start_of_day(date(2025, 3, 30), BEIRUT)
        assert start == utc("2025-03-29T22:00")
        assert start.astimezone(zone(BEIRUT)).isoformat() == "2025-03-30T01:00:00+03:00"

    def test_where_midnight_strikes_twice_the_day_begins_at_the_first(self) -> None:
        start = start_of_day(date(2025, 11, 2), HAVANA)
        assert start.astimezone(zone(HAVANA)).isoformat() == "2025-11-02T00:00:00-04:00"

    def test_an_hour_that_does_not_exist(self) -> None:
        with pytest.raises(BadTime, match="does not exist in Europe/Berlin"):
            parse_instant("2025-03-30T02:30", BERLIN)
        assert parse_instant("2025-03-30T03:00", BERLIN) == utc("2025-03-30T01:00")
        assert parse_instant("2025-03-30T02:30", SHANGHAI) == utc("2025-03-29T18:30")

    def test_an_hour_that_happens_twice(self) -> None:
        with pytest.raises(BadTime) as refused:
            parse_instant("2025-10-26T02:30", BERLIN)
        assert refused.value.advice == (
            "Say which: 2025-10-26 02:30+02:00 or 2025-10-26 02:30+01:00"
        )
        assert parse_instant("2025-10-26T02:30:00+02:00", BERLIN) == utc("2025-10-26T00:30")
        assert parse_instant("2025-10-26T02:30:00+01:00", BERLIN) == utc("2025-10-26T01:30")
        assert parse_instant("2025-10-26T03:00", BERLIN) == utc("2025-10-26T02:00")

    def test_a_day_that_a_zone_never_had(self) -> None:
        """Samoa crossed the date line: there was no 30 December 2011."""
        with pytest.raises(BadTime, match="does not exist in Pacific/Apia"):
            Days.parse("2011-12-30").period("Pacific/Apia")
        around = Days.parse("2011-12-29..2011-12-31").period("Pacific/Apia")
        assert around.end - around.start == timedelta(hours=48)

    @given(
        first=st.dates(date(1970, 1, 1), date(2037, 1, 1)),
        length=st.integers(0, 800),
        zone_name=st.sampled_from([BERLIN, SHANGHAI, BEIRUT, HAVANA, "UTC", "Asia/Kathmandu"]),
    )
    def test_days_come_back_from_their_period(
        self, first: date, length: int, zone_name: str
    ) -> None:
        days = Days(first, first + timedelta(days=length))
        period = days.period(zone_name)
        assert period.days == days
        assert str(period) == str(days)
        last = period.end - timedelta(microseconds=1)
        assert (period.months[0], period.months[-1]) == (f"{period.start:%Y-%m}", f"{last:%Y-%m}")


class TestPeriod:
    JULY = Days.parse("2025-07-01..2025-07-31").period(SHANGHAI)

    def test_it_is_half_open(self) -> None:
        august = Days.parse("2025-08-01").period(SHANGHAI)
        assert self.JULY.end == august.start
        assert not self.JULY.overlaps(august)
        assert not august.overlaps(self.JULY)
        assert self.JULY.overlaps(Days.parse("2025-07-31..2025-08-01").period(SHANGHAI))

    def test_covers(self) -> None:
        assert self.JULY.covers(self.JULY)
        assert self.JULY.covers(Days.parse("2025-07-02").period(SHANGHAI))
        assert not self.JULY.covers(Days.parse("2025-07-31..2025-08-01").period(SHANGHAI))

    def test_it_has_some_length(self) -> None:
        noon = utc("2025-07-01T12:00")
        for end in (noon, noon - timedelta(hours=1)):
            with pytest.raises(BadTime, match="not after the start"):
                Period(noon, end, SHANGHAI)

    def test_hours_are_shown_with_their_offsets(self) -> None:
        period = Period(utc("2025-10-26T00:30"), utc("2025-10-26T01:30"), BERLIN)
        assert str(period) == "2025-10-26 02:30+02:00..2025-10-26 02:30+01:00"

    def test_an_end_at_midnight_does_not_touch_the_next_day(self) -> None:
        period = When.parse("2025-07-31T20:00..2025-08-01T00:00").resolve(SHANGHAI)
        assert str(period.days) == "2025-07-31"

    def test_its_months_are_those_of_utc(self) -> None:
        assert Days.parse("2025-07-01").period(SHANGHAI).months == ("2025-06", "2025-07")
        july = Period(utc("2025-07-01T00:00"), utc("2025-08-01T00:00"), SHANGHAI)
        assert july.months == ("2025-07",)

    @given(
        starts=st.tuples(*[st.integers(0, 20_000)] * 2),
        hours=st.tuples(*[st.integers(1, 2_000)] * 2),
        zones=st.tuples(*[st.sampled_from([BERLIN, SHANGHAI, "UTC"])] * 2),
    )
    def test_periods_that_overlap_share_a_month_whatever_their_zones(
        self,
        starts: tuple[int, int],
        hours: tuple[int, int],
        zones: tuple[str, str],
    ) -> None:
        year = utc("2024-01-01T00:00")
        one, other = (
            Period(year + timedelta(hours=start), year + timedelta(hours=start + n), zone)
            for start, n, zone in zip(starts, hours, zones, strict=True)
        )
        assert not one.overlaps(other) or set(one.months) & set(other.months)

    def test_it_comes_back_from_json(self) -> None:
        text = msgspec.json.encode(self.JULY)
        assert msgspec.json.decode(text, type=Period) == self.JULY


class TestWhen:
    def test_days_or_hours(self) -> None:
        assert When.parse("2025-07-01..2025-07-02").resolve(SHANGHAI) == Days.parse(
            "2025-07-01..2025-07-02"
        ).period(SHANGHAI)
        hours = When.parse("2025-07-01T08:00..2025-07-01T10:00+00:00").resolve(SHANGHAI)
        assert (hours.start, hours.end) == (utc("2025-07-01T00:00"), utc("2025-07-01T10:00"))

    def test_a_day_and_an_hour_may_be_mixed(self) -> None:
        period = When.parse("2025-07-01..2025-07-02T12:00").resolve(SHANGHAI)
        assert period.start == utc("2025-06-30T16:00")
        assert period.end == utc("2025-07-02T04:00")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "soon",
            "2025-07-01T08:00",
            "2025-07-01T08:00..",
            "2025-07-01T08:00..2025-07-01T08:00",
            "2025-07-02T08:00..2025-07-01T08:00",
            "2025-07-01T25:00..2025-07-02T08:00",
            "2025-07-01T08:00..2035-12-01T08:00",
            "2025-02-30T08:00..2025-03-01T08:00",
            "T..T",
            "0001-01-01T00:00+14:00..2025-01-01T00:00",
            "2999-12-31T23:00-12:00..2999-12-31T23:30-12:00x",
        ],
    )
    def test_a_bad_period_is_refused(self, text: str) -> None:
        with pytest.raises(BadTime):
            When.parse(text)

    def test_what_is_one_only_on_another_clock_is_found_when_the_zone_is_known(self) -> None:
        written = When.parse("2025-03-30T02:30..2025-03-30T06:00")
        with pytest.raises(BadTime, match="does not exist"):
            written.resolve(BERLIN)

    def test_the_two_forms_of_the_command_line(self) -> None:
        assert When.of(days="2025-07-01") == When("2025-07-01")
        assert When.of(start="2025-07-01", end="2025-07-02T18:00") == When(
            "2025-07-01..2025-07-02T18:00"
        )
        for forms in (
            {},
            {"start": "2025-07-01"},
            {"end": "2025-07-01"},
            {"days": "2025-07-01", "start": "2025-07-01"},
        ):
            with pytest.raises(BadTime, match="exactly one period is needed"):
                When.of(**forms)

    def test_an_end_is_an_hour(self) -> None:
        """Some take `--from A --to B` to include B, and some do not."""
        for start in ("2025-07-01", "2025-07-01T08:00"):
            with pytest.raises(BadTime, match="2025-07-03 does not say at what hour"):
                When.of(start=start, end="2025-07-03")

    def test_it_is_a_value(self) -> None:
        assert {When("a"), When("a")} == {When("a")}
        assert When("a") != Moment("a")
        assert repr(When("a")) == "When('a')"


class TestMoment:
    def test_a_day_is_its_start(self) -> None:
        assert Moment.parse(" 2025-07-01 ").resolve(SHANGHAI) == utc("2025-06-30T16:00")

    def test_an_offset_is_kept(self) -> None:
        moment = Moment.parse("2025-07-01T08:00+02:00")
        assert moment.has_offset
        assert moment.resolve(SHANGHAI) == utc("2025-07-01T06:00")
        small = Moment.parse("2025-07-01t08:00z")
        assert small.has_offset
        assert small.resolve(SHANGHAI) == utc("2025-07-01T08:00")
        assert not Moment.parse("2025-07-01T08:00").has_offset
        assert not Moment.parse("2025-07-01").has_offset

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "noon",
            "2025-02-30T08:00",
            "2025-07-01T08:60",
            "2025-07-01T8:00",
            "20250701T0800",
            "2025-W27-2T08:00",
            "2025-07-01T08:00+08",
            "2025-07-01T08:00+25:00",
        ],
    )
    def test_what_is_none(self, text: str) -> None:
        with pytest.raises(BadTime):
            Moment.parse(text)


class TestZones:
    @pytest.mark.parametrize(
        "name", ["", "Mars/Base", "Asia", "../etc/passwd", "a\0b", "\ud800", "x" * 5000, "/"]
    )
    def test_an_unknown_name_is_refused(self, name: str) -> None:
        with pytest.raises(BadTime, match="no time zone"):
            zone(name)
        with pytest.raises(BadTime, match="no time zone"):
            check_zone(name)

    def test_a_name_is_spelt_as_the_database_has_it(self) -> None:
        assert check_zone(SHANGHAI) == SHANGHAI
        with pytest.raises(BadTime, match="Did you mean Asia/Shanghai"):
            check_zone("asia/shanghai")

    def test_a_clock_of_this_machine_alone_is_refused(self) -> None:
        with pytest.raises(BadTime):
            check_zone("localtime")


class TestDatesOutOfRange:
    def test_a_date_that_came_from_json(self) -> None:
        assert check_day(date(1900, 1, 1)) == date(1900, 1, 1)
        for day in (date(1899, 12, 31), date(3000, 1, 1), date.min, date.max):
            with pytest.raises(BadTime, match="out of range"):
                check_day(day)

    def test_a_date_is_trimmed(self) -> None:
        assert parse_date(" 2025-07-01\n") == date(2025, 7, 1)


class TestClocks:
    def test_the_machines_is_in_utc(self) -> None:
        assert SystemClock().now().tzinfo is UTC

    def test_a_manual_one_stands_until_it_is_moved(self) -> None:
        clock = ManualClock(datetime(2025, 7, 1, 8, tzinfo=timezone(timedelta(hours=8))))
        assert clock.now() == clock.now() == utc("2025-07-01T00:00")
        clock.advance(timedelta(hours=2))
        assert clock.now() == utc("2025-07-01T02:00")
        clock.set(utc("2025-06-01T00:00"))
        assert clock.now() == utc("2025-06-01T00:00")
