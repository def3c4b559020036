"""Months, `YYYY-MM`: the buckets by which periods and instants are found.

Of a period the months of its days as they are kept: no release of the time zone rules changes them.
"""

from datetime import UTC, date, datetime


def months_of(first: date, last: date) -> tuple[str, ...]:
    """Return the months from one day to another, `YYYY-MM`, in order."""
    begins, ends = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return tuple(map(_month_text, range(begins, ends + 1)))


def _month_text(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


def month_of(instant: datetime) -> str:
    """The UTC month of an instant, `YYYY-MM`."""
    in_utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return _month_text(in_utc.year * 12 + in_utc.month - 1)
