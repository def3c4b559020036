"""Days as people say them, read on a given today."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadTime
from ledger.time.periods import When, parse_date
from ledger.time.spoken_days import Leaning, in_digits, is_said

MONDAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("said", "leaning", "digits"),
    [
        ("today", "past", "2026-11-30"),
        ("Tomorrow", "to come", "2026-12-01"),
        ("yesterday", "past", "2026-11-29"),
        ("+14", "to come", "2026-12-14"),
        ("-3", "past", "2026-11-27"),
        # A weekday is never today: there is a word for today.
        ("mon", "to come", "2026-12-07"),
        ("mon", "this year", "2026-12-07"),
        ("mon", "past", "2026-11-23"),
        ("-mon", "to come", "2026-11-23"),
        ("sunday", "to come", "2026-12-06"),
        ("07-01", "to come", "2027-07-01"),
        ("07-01", "past", "2026-07-01"),
        ("07-01", "this year", "2026-07-01"),
        ("11-30", "to come", "2026-11-30"),
        ("11-30", "past", "2026-11-30"),
        ("12-01", "past", "2025-12-01"),
        ("02-29", "to come", "2028-02-29"),
        ("tomorrow 08:00", "to come", "2026-12-01T08:00"),
        ("todayT08:00+02:00", "past", "2026-11-30T08:00+02:00"),
        ("today..+14", "to come", "2026-11-30..2026-12-14"),
        ("+7..+14", "to come", "2026-12-07..2026-12-14"),
        ("-7..-1", "past", "2026-11-23..2026-11-29"),
        # The end of a period is looked for from its first day on.
        ("fri..mon", "to come", "2026-12-04..2026-12-07"),
        ("2027-05-01..fri", "to come", "2027-05-01..2027-05-07"),
        ("2026-12-20..01-05", "to come", "2026-12-20..2027-01-05"),
        ("12-20..01-05", "this year", "2026-12-20..2027-01-05"),
        # A period that has begun is the one that is meant.
        ("11-25..12-05", "to come", "2026-11-25..2026-12-05"),
        ("07-01..07-14", "to come", "2027-07-01..2027-07-14"),
        ("07-01..07-14", "past", "2026-07-01..2026-07-14"),
        ("mon..wed=prep", "to come", "2026-12-07..2026-12-09=prep"),
        ("mon 08:00..mon 20:00", "to come", "2026-12-07T08:00..2026-12-07T20:00"),
    ],
)
def test_a_said_day_is_a_date(said: str, leaning: Leaning, digits: str) -> None:
    assert is_said(said)
    assert in_digits(said, MONDAY, leaning).text == digits


def test_a_person_reads_the_weekday_of_what_was_said() -> None:
    assert in_digits("mon..+9", MONDAY, "to come").said == "Mon 2026-12-07..Wed 2026-12-09"


@pytest.mark.parametrize("text", ["2026-11-30", "2026-11-30T08:00", "12", "#12", "soon", "", "7-1"])
def test_a_date_and_a_position_are_not_said(text: str) -> None:
    assert not is_said(text)


@pytest.mark.parametrize("text", ["02-30", "13-01", "mon..soon", "2026-13-01..fri"])
def test_a_day_that_no_calendar_has_is_refused(text: str) -> None:
    with pytest.raises(BadTime, match="is not a da"):
        in_digits(text, MONDAY, "to come")


@pytest.mark.parametrize("text", ["+3", "-3", "-3..today"])
def test_a_step_is_refused_where_it_could_be_a_position(text: str) -> None:
    with pytest.raises(BadTime, match="could be days or positions"):
        in_digits(text, MONDAY, "past", steps=False)


@pytest.mark.parametrize("text", ["today", "mon", "+14", "07-01"])
def test_in_a_file_a_day_is_a_date(text: str) -> None:
    for read in (parse_date, When.parse):
        with pytest.raises(BadTime, match="words such as today are read on the command line only"):
            read(text)


_DAYS = st.dates(date(1950, 1, 1), date(2900, 1, 1))


_ENDS = st.sampled_from(
    [
        "today",
        "+9999",
        "-9999",
        "mon",
        "-sun",
        "02-29",
        "12-31",
        "00-00",
        "9999-12-31",
        "1-1",
        "..",
        "",
    ]
)


@given(
    st.one_of(st.text(), st.lists(_ENDS, min_size=1, max_size=3).map("..".join)),
    st.dates(),
    st.sampled_from(["to come", "past", "this year"]),
)
def test_whatever_is_typed_is_a_day_or_refused(text: str, today: date, leaning: Leaning) -> None:
    if not is_said(text):
        return
    try:
        digits = in_digits(text, today, leaning).text
    except BadTime:
        return
    assert not is_said(digits)


@given(today=_DAYS, other=_DAYS)
def test_a_month_and_a_day_are_the_nearest_in_their_direction(today: date, other: date) -> None:
    said = f"{other:%m-%d}"
    ahead = date.fromisoformat(in_digits(said, today, "to come").text)
    back = date.fromisoformat(in_digits(said, today, "past").text)
    assert back <= today <= ahead
    assert f"{ahead:%m-%d}" == f"{back:%m-%d}" == said
    longest = timedelta(days=366 if said != "02-29" else 8 * 366)
    assert ahead - today <= longest
    assert today - back <= longest


@given(today=_DAYS, word=st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
def test_a_weekday_is_within_a_week_and_never_today(today: date, word: str) -> None:
    ahead = date.fromisoformat(in_digits(word, today, "to come").text)
    back = date.fromisoformat(in_digits(word, today, "past").text)
    assert 1 <= (ahead - today).days <= 7
    assert 1 <= (today - back).days <= 7
    assert f"{ahead:%a}".lower() == f"{back:%a}".lower() == word
