"""Series: the same hours or days again and again, all or none."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.decisions.bookings.holds import PlaceHold
from ledger.decisions.bookings.job_refusals import SomeRefused
from ledger.errors import BadInput, UnknownId
from ledger.events import BookingHeld, DayPlan
from ledger.testing import Outcome
from ledger.time.periods import Period, When
from tests.scenarios.booking_stories import campus, hold


def series(
    when: str, every: str | None, until: str | None, *, space: Any = "stage-1", **more: Any
) -> PlaceHold:
    """To hold a space again and again."""
    terms: dict[str, Any] = {"booking": "tv", "project": "dragon", **more}
    last = None if until is None else date.fromisoformat(until)
    return PlaceHold(space=space, when=When.parse(when), every=every, until=last, **terms)


def periods(outcome: Outcome) -> list[Period]:
    """The periods that were held."""
    assert outcome.refusal is None, outcome.refusal
    return [event.period for event in outcome.events if isinstance(event, BookingHeld)]


def firsts(outcome: Outcome) -> list[str]:
    """The first day of each booking, as month and day."""
    return [f"{period.days.first:%m-%d}" for period in periods(outcome)]


@pytest.mark.parametrize(
    ("when", "every", "until", "days"),
    [
        ("2027-03-01", "day", "2027-03-04", ["03-01", "03-02", "03-03", "03-04"]),
        ("2027-03-01", "week", "2027-03-22", ["03-01", "03-08", "03-15", "03-22"]),
        ("2027-03-01", "week", "2027-03-21", ["03-01", "03-08", "03-15"]),
        ("2027-03-01..2027-03-05", "2 weeks", "2027-04-01", ["03-01", "03-15", "03-29"]),
        ("2027-01-31", "month", "2027-08-31", ["01-31", "03-31", "05-31", "07-31", "08-31"]),
        ("2027-01-29..2027-02-02", "2 months", "2027-06-01", ["01-29", "03-29", "05-29"]),
        ("2027-11-15", "3 months", "2028-02-15", ["11-15", "02-15"]),
        ("2027-03-01", "week", "2027-03-01", ["03-01"]),
    ],
)
def test_a_series_repeats(when: str, every: str, until: str, days: list[str]) -> None:
    assert firsts(campus().when(series(when, every, until))) == days


def test_its_bookings_are_a_job_and_keep_their_length_and_plan() -> None:
    prep = DayPlan(date(2027, 3, 1), date(2027, 3, 1), "prep")
    asked = series("2027-03-01..2027-03-03", "week", "2027-03-08", plan=(prep,), note="B unit")
    first, second = campus().when(asked).events
    assert isinstance(first, BookingHeld)
    assert isinstance(second, BookingHeld)
    assert (first.booking, second.booking, first.job, second.job) == ("tv-1", "tv-2", "tv", "tv")
    assert second.plan == (DayPlan(date(2027, 3, 8), date(2027, 3, 8), "prep"),)
    assert (str(second.period), second.note) == ("2027-03-08..2027-03-10", "B unit")
    assert asked.is_batch


def test_hours_stay_the_same_on_the_wall_across_a_clock_change() -> None:
    story = campus("Europe/Berlin")
    hours = series("2027-03-21T08:00..2027-03-21T20:00", "week", "2027-04-04")
    assert [str(period) for period in periods(story.when(hours))] == [
        "2027-03-21 08:00+01:00..2027-03-21 20:00+01:00",
        "2027-03-28 08:00+02:00..2027-03-28 20:00+02:00",
        "2027-04-04 08:00+02:00..2027-04-04 20:00+02:00",
    ]
    night = series("2027-03-26T20:00..2027-03-27T04:00", "day", "2027-03-28")
    assert [f"{(p.end - p.start).seconds // 3600} h" for p in periods(story.when(night))] == [
        "8 h",
        "7 h",
        "8 h",
    ]


def test_an_hour_that_a_clock_change_skips_stands_in_the_way() -> None:
    hours = series("2027-03-21T02:30..2027-03-21T06:00", "week", "2027-04-04")
    campus("Europe/Berlin").when(hours).refused(
        SomeRefused, saying="2027-03-28T02:30 does not exist in Europe/Berlin"
    )


def test_several_spaces_repeat_as_one() -> None:
    asked = series("2027-03-01", "week", "2027-03-08", space=("stage-1", "workshop"))
    held = campus().when(asked).events
    assert [(getattr(e, "booking", ""), getattr(e, "space", "")) for e in held] == [
        ("tv-1", "stage-1"),
        ("tv-2", "workshop"),
        ("tv-3", "stage-1"),
        ("tv-4", "workshop"),
    ]


def test_all_or_none_and_the_error_lists_what_stands_in_the_way() -> None:
    story = campus().and_given(
        hold("one", "2027-03-08", confirm=True), hold("two", "2027-03-20..2027-03-23", confirm=True)
    )
    asked = series("2027-03-01..2027-03-02", "week", "2027-04-05", confirm=True)
    error = story.when(asked).refusal
    assert isinstance(error, SomeRefused)
    assert list(error.refused) == [
        "stage-1 on 2027-03-08..2027-03-09",
        "stage-1 on 2027-03-22..2027-03-23",
    ]
    assert str(error).startswith(
        "2 of 6 bookings cannot be made, so none is: stage-1 on 2027-03-08"
    )
    assert "confirmed for booking 'two' on 2027-03-20..2027-03-23 (#12)" in str(error)
    assert error.exit_code == 1


def test_a_long_list_is_cut_short() -> None:
    story = campus().and_given(hold("all", "2027-03-01..2027-03-31", confirm=True))
    every_day = series("2027-03-01", "day", "2027-03-31", confirm=True)
    story.when(every_day).refused(SomeRefused, saying="31 of 31")
    story.when(every_day).refused(SomeRefused, saying="; and 21 more")


def test_a_series_is_added_to_a_job() -> None:
    story = campus().and_given(series("2027-03-01", "week", "2027-03-08"))
    more = series("2027-03-15", "week", "2027-03-22", booking=None, job="tv")
    assert [getattr(e, "booking", "") for e in story.when(more).events] == ["tv-3", "tv-4"]
    story.when(series("2027-03-15", "week", "2027-03-22", booking=None, job="vt")).refused(
        UnknownId, saying="no job 'vt'"
    )


@pytest.mark.parametrize(
    ("wrong", "saying"),
    [
        (series("2027-03-01", "week", None), "both --every and --until"),
        (series("2027-03-01", None, "2027-04-01"), "both --every and --until"),
        (series("2027-03-01", "fortnight", "2027-04-01"), "'2 weeks' or month"),
        (series("2027-03-01", "0 weeks", "2027-04-01"), "'0 weeks' does not say how often"),
        (series("2027-03-01", "week", "2027-02-28"), "before its first day 2027-03-01"),
        (series("2027-03-01", "day", "2028-03-01"), "more than 366"),
        (
            series("2027-03-01", "day", "2027-09-30", space=("stage-1", "stage-2")),
            "more than 366",
        ),
        (series("2027-03-01..2027-03-08", "week", "2027-04-01"), "it is longer than that"),
        (
            series("2027-03-01T08:00+01:00..2027-03-01T09:00+01:00", "week", "2027-04-01"),
            "Leave out the offset",
        ),
        (series("2027-03-01", "week", "3027-04-01"), "the year of 3027-04-01 is out of range"),
    ],
)
def test_bad_input_makes_no_series(wrong: PlaceHold, saying: str) -> None:
    campus().when(wrong).refused(BadInput, saying=saying)


def test_a_year_of_days_is_the_most() -> None:
    assert len(series("2027-03-01", "day", "2028-02-29").occurrences()) == 366


def test_overnight_hours_repeat_every_day() -> None:
    assert len(series("2027-03-01T20:00..2027-03-02T20:00", "day", "2027-03-05").occurrences()) == 5
