"""UTC months, `YYYY-MM`: the buckets by which periods and instants are found.

Of UTC and not of a site: two periods that overlap share an instant, and so a UTC month, whatever a
later release of the time zone rules says of the site's days.
"""

from datetime import UTC, datetime


def months_touched(start: datetime, end: datetime) -> tuple[str, ...]:
    """The UTC months from an instant to before another, `YYYY-MM`, in order."""
    first, last = _month_number(start), _month_number(end)
    end = end if end.tzinfo is UTC else end.astimezone(UTC)
    if end.day == 1 and not (end.hour or end.minute or end.second or end.microsecond):
        last -= 1  # it ends where that month begins
    return tuple(map(_month_text, range(first, last + 1)))


def _month_number(instant: datetime) -> int:
    """The UTC month of an instant, counted from the year 0."""
    in_utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return in_utc.year * 12 + in_utc.month - 1


def _month_text(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


def month_of(instant: datetime) -> str:
    """The UTC month of an instant, `YYYY-MM`."""
    return _month_text(_month_number(instant))
