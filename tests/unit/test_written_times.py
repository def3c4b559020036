"""Times as messages print them and as users type them: printed times can be typed back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.errors import BadTime
from ledger.time.periods import Moment, Period, When, clock_text, last_instant, parse_instant

SHANGHAI, BEIRUT, HAVANA = "Asia/Shanghai", "Asia/Beirut", "America/Havana"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestWhatIsPrinted:
    @pytest.mark.parametrize("zone_name", [SHANGHAI, HAVANA])
    @pytest.mark.parametrize(
        "text", ["2025-07-01T08:00", "2025-07-01T08:00:31", "2025-11-02T05:30"]
    )
    def test_it_can_be_typed_back(self, text: str, zone_name: str) -> None:
        instant = utc(text)
        shown = clock_text(instant, zone_name)
        assert parse_instant(shown, "UTC") == instant
        assert Moment.parse(shown).resolve(BEIRUT) == instant
        period = Period(instant, instant + timedelta(hours=1), zone_name)
        assert When.parse(str(period)).resolve(zone_name) == period

    def test_it_is_on_the_sites_clock_and_says_the_offset(self) -> None:
        assert clock_text(utc("2025-07-01T08:00"), SHANGHAI) == "2025-07-01 16:00+08:00"
        assert clock_text(utc("2025-07-01T08:00:05")) == "2025-07-01 08:00:05+00:00"

    def test_a_space_stands_for_the_t(self) -> None:
        assert parse_instant("2025-07-01 08:00", SHANGHAI) == utc("2025-07-01T00:00")
        when = When.of(start="2025-07-01 08:00", end="2025-07-01 10:00")
        assert when.resolve(SHANGHAI).start == utc("2025-07-01T00:00")
        with pytest.raises(BadTime, match="happens twice"):
            parse_instant("2025-10-26 02:30", "Europe/Berlin")

    @pytest.mark.parametrize(
        ("text", "last"),
        [
            ("2025-07-01", "2025-07-01T15:59:59.999999"),
            ("2025-07-01 08:00", "2025-07-01T00:00:59.999999"),
            ("2025-07-01T08:00Z", "2025-07-01T08:00:59.999999"),
            ("2025-07-01T08:00:31", "2025-07-01T00:00:31"),
        ],
    )
    def test_the_last_instant_of_what_is_written(self, text: str, last: str) -> None:
        assert last_instant(text, SHANGHAI) == utc(last)


class TestWhatWasMeant:
    @pytest.mark.parametrize("text", ["tomorrow", "next Tuesday", "7", ""])
    def test_a_bad_period_is_answered_with_both_forms(self, text: str) -> None:
        with pytest.raises(BadTime, match="is not a period") as bad:
            When.parse(text)
        assert "2025-07-01..2025-07-14" in bad.value.advice

    @pytest.mark.parametrize("between", ["-", " to ", " - ", "/", "–"])
    def test_two_days_without_their_dots(self, between: str) -> None:
        with pytest.raises(BadTime) as bad:
            When.parse(f"2025-07-01{between}2025-07-14")
        assert bad.value.advice == "Write 2025-07-01..2025-07-14"

    @pytest.mark.parametrize("text", ["noon", "2026-03-01+08:00", "08:00", "2025-7-1"])
    def test_a_bad_time_is_answered_with_the_forms(self, text: str) -> None:
        with pytest.raises(BadTime, match="is neither a day nor a time") as bad:
            Moment.parse(text)
        for form in ("2025-07-01T08:00", "'2025-07-01 08:00'", "+08:00", "a day, 2025-07-01"):
            assert form in bad.value.advice
