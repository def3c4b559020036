"""Working days: a night shoot is one day of work, though two days of the calendar.

The house's day ends some hours after midnight. Work that begins before then belongs to the day
before. Time booked by the clock is one working day for each 24 hours begun, counted from the hour
at which it starts; time booked in whole days is those days, also what is left of them after
their last hours were given back: from midnight on, half a day or more.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

from ledger.errors import BadTime
from ledger.time.periods import Period, start_of_day
from ledger.time.zones import zone

DAY_ENDS = "04:00"
"""When a house's day ends, unless its site says otherwise."""

_LATEST = time(12)
_HOUR = re.compile(r"[0-2]\d:[0-5]\d", re.ASCII)
_DAY = timedelta(days=1)


def parse_day_ends(text: str) -> time:
    """Read the hour at which a house's day ends, `04:00`. Raises `BadTime`."""
    text = text.strip()
    try:
        ends = time.fromisoformat(text if _HOUR.fullmatch(text) else "")
    except ValueError:
        raise BadTime(f"{text!r} is not an hour", advice="Write HH:MM, such as 04:00") from None
    if ends > _LATEST:
        raise BadTime(
            f"a day that ends at {text} ends on the next afternoon",
            advice="Give an hour from 00:00 to 12:00",
        )
    return ends


class WorkingDay(Struct, frozen=True):
    """A working day of a booking: the day that it counts for, and the hours in it."""

    day: date
    hours: float


def working_days(period: Period, day_ends: time) -> Iterator[WorkingDay]:
    """Yield the working days of a period, in order, where the house's day ends at that hour."""
    days = period.days
    if period.first is not None:
        for day in days:
            yield WorkingDay(
                day, _hours(*(start_of_day(d, period.zone) for d in (day, day + _DAY)))
            )
        return
    tz = zone(period.zone)
    wall = period.start.astimezone(tz).replace(tzinfo=None)
    is_left_of_days = wall.time() == time.min and period.end - period.start >= _DAY / 2
    day = wall.date() - _DAY * (wall.time() < day_ends and not is_left_of_days)
    begun = period.start
    while begun < period.end:
        wall += _DAY
        # the same hour of the next day; where the clocks jump over it, the moment after
        until = min(wall.replace(tzinfo=tz).astimezone(UTC), period.end)
        yield WorkingDay(day, _hours(begun, until))
        day, begun = day + _DAY, until


def _hours(start: datetime, end: datetime) -> float:
    return (end - start) / timedelta(hours=1)
