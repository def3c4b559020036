"""A series: the same hours or days again and again, on the clock of the site."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import count, islice, pairwise

from ledger.errors import BadInput
from ledger.events.bookings import DayPlan
from ledger.time.periods import Days, Moment, When, check_day, has_hour

MAX_SERIES = 366
"""Most bookings of one command: every day of a year."""

_EVERY = re.compile(r"(?:(?P<number>[1-9]\d?) )?(?P<unit>day|week|month)s?", re.ASCII)


def repeated(when: When, every: str, until: date) -> list[tuple[When, timedelta]]:
    """Return the periods of a series, each with how many days it is after the first.

    They begin on `until` or before. Of a series by the month, those months are left out that do
    not have its day. Raises `BadInput`, `BadTime`.
    """
    first = _first_day(when)
    if check_day(until) < first:
        raise BadInput(
            f"the series would end on {until}, before its first day {first}",
            advice="Give a later day with --until",
        )
    # One more than there may be, to notice it without counting to the year 2999.
    days = list(islice(_days(first, every, until), MAX_SERIES + 1))
    found = [(_shifted(when, day - first), day - first) for day in days]
    for (one, _), (following, shift) in pairwise(found):
        if one.resolve("UTC").overlaps(following.resolve("UTC")):
            raise BadInput(
                f"{one} cannot repeat after {shift.days} days: it is longer than that",
                advice="Give a shorter period, or repeat it less often with --every",
            )
    return found


def later(plan: Sequence[DayPlan], shift: timedelta) -> tuple[DayPlan, ...]:
    """Return a plan of days, moved along by that time."""
    return tuple(DayPlan(part.first + shift, part.last + shift, part.type) for part in plan)


def _days(first: date, every: str, until: date) -> Iterator[date]:
    match = _EVERY.fullmatch(every)
    if match is None:
        raise BadInput(
            f"{every!r} does not say how often", advice="Write day, week, '2 weeks' or month"
        )
    number, unit = int(match["number"] or 1), match["unit"]
    if unit == "month":
        yield from _same_day(first, number, until)
        return
    step = timedelta(days=number * (7 if unit == "week" else 1))
    day = first
    while day <= until:
        yield day
        day += step


def _same_day(first: date, step: int, until: date) -> Iterator[date]:
    """Yield that day of each month, or of each second or third."""
    for number in count(0, step):
        years, month = divmod(first.month - 1 + number, 12)
        begins = date(first.year + years, month + 1, 1)
        if begins > until:
            return
        day = begins + timedelta(days=first.day - 1)
        if day.month == begins.month and day <= until:
            yield day


def _first_day(when: When) -> date:
    return date.fromisoformat(when.text[:10])


def _shifted(when: When, shift: timedelta) -> When:
    """Return a period some days later, at the same hours. Raises `BadInput`, `BadTime`."""
    if not has_hour(when.text):
        days = Days.parse(when.text)
        return When.parse(str(Days(days.first + shift, days.last + shift)))
    return When.parse("..".join(_moved_on(end.strip(), shift) for end in when.text.split("..")))


def _moved_on(text: str, shift: timedelta) -> str:
    if Moment(text).has_offset:
        raise BadInput(
            f"{text} has an offset, but a series goes by the clock of the site",
            advice="Leave out the offset, such as +08:00",
        )
    return f"{date.fromisoformat(text[:10]) + shift}{text[10:]}"
