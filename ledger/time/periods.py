"""Time as a studio uses it: half-open periods, site-local days, an injected clock.

A *period* is half-open, `[start, end)`, between two aware datetimes kept in UTC, and it
remembers the IANA zone whose days it counts. A day is the site's own: one of 23 or 25
hours is still one day.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Self

from msgspec import Struct

from ledger.errors import BadTime, instant_text
from ledger.time.clocks import Clock as Clock
from ledger.time.clocks import ManualClock as ManualClock
from ledger.time.clocks import SystemClock as SystemClock
from ledger.time.months import months_touched
from ledger.time.zones import check_zone as check_zone
from ledger.time.zones import zone as zone

MAX_PERIOD_DAYS = 3_660
"""Ten years: a longer period would carry more month tags than a line should hold."""

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""The years that a studio's calendar has."""

_DAY = timedelta(days=1)
_RESOLUTION = timedelta(microseconds=1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
"""The forms that are read here, of the many in ISO 8601: with a T, or with a space as this program
prints it."""
_HOUR = re.compile(r"\d[Tt ]\d", re.ASCII)
_A_MINUTE = re.compile(r"[Tt ]\d\d:\d\d(?!:)", re.ASCII)
_TWO_DAYS = re.compile(rf"({_DATE.pattern})\D{{1,5}}({_DATE.pattern})", re.ASCII)

TIME_FORMS = "Write 2025-07-01T08:00 or '2025-07-01 08:00', where needed with an offset: +08:00"


def start_of_day(day: date, zone_name: str) -> datetime:
    """The first instant of a site-local day, in UTC.

    Where a clock change skips midnight, the day begins when the clocks resume; where it
    repeats midnight, at the first one.
    """
    return datetime.combine(day, time(), tzinfo=zone(zone_name)).astimezone(UTC)


def parse_date(text: str) -> date:
    """A calendar date `YYYY-MM-DD`. Raises `BadTime`, also for 30 February."""
    text = text.strip()
    try:
        day = date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        two = _TWO_DAYS.fullmatch(text)
        advice = f"Write {two[1]}..{two[2]}" if two else _DATE_FORM
        raise BadTime(f"{text!r} is not a date", advice=advice) from None
    return check_day(day)


_DATE_FORM = "Write YYYY-MM-DD, a day that the calendar has"


def check_day(day: date) -> date:
    """Return a day of the years 1900 to 2999. Raises `BadTime` for any other.

    A date from JSON does not pass through `parse_date`; one of the year 1 has no start in UTC.
    """
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadTime(
            f"the year of {day} is out of range", advice=f"Use {FIRST_YEAR} to {LAST_YEAR}"
        )
    return day


def parse_instant(text: str, zone_name: str) -> datetime:
    """An exact time, in UTC: with an offset as written, without one on the site's clock.

    Raises `BadTime` for what cannot be read, for a wall time that a clock change skips,
    and for one that it repeats (an offset tells the two apart).
    """
    text = text.strip()
    try:
        # Not every Python's fromisoformat takes a lower-case z.
        value = datetime.fromisoformat(text.upper() if _INSTANT.fullmatch(text) else "")
    except ValueError:
        raise BadTime(f"{text!r} is not a time", advice=TIME_FORMS) from None
    check_day(value.date())
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    first = value.replace(tzinfo=zone(zone_name))
    second = first.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(first.tzinfo).replace(tzinfo=None) != value:
        raise BadTime(
            f"{text} does not exist in {zone_name}: the clocks jump over it",
            advice="Choose a time before or after the change",
        )
    early, late = clock_text(first), clock_text(second)
    raise BadTime(
        f"{text} happens twice in {zone_name}: the clocks go back",
        advice=f"Say which: {early} or {late}",
    )


def clock_text(instant: datetime, zone_name: str | None = None) -> str:
    """An instant as every message shows it, with its offset: `2025-07-01 08:00+08:00`.

    On the clock of that zone; without one, on the instant's own clock. It can be typed back as it
    is.
    """
    local = instant if zone_name is None else instant.astimezone(zone(zone_name))
    return instant_text(local)


def has_hour(text: str) -> bool:
    """Whether a written time says more than a day."""
    return _HOUR.search(text) is not None


def last_instant(text: str, zone_name: str) -> datetime:
    """The last instant of a written day, or of a minute as tables print it.

    Typing back the time that an event is listed with thus includes that event. Raises `BadTime`.
    """
    text = text.strip()
    if not has_hour(text):
        day = Moment.parse(text).resolve(zone_name).astimezone(zone(zone_name)).date()
        return start_of_day(day + _DAY, zone_name) - _RESOLUTION
    instant = parse_instant(text, zone_name)
    if _A_MINUTE.search(text):
        return instant + timedelta(minutes=1) - _RESOLUTION
    return instant


class Days(Struct, frozen=True, order=True):
    """Whole site-local days, `first` and `last` both included. Written `A..B`."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadTime(
                f"{self.last} is before {self.first}", advice="Give the earlier day first"
            )
        if (self.last - self.first).days >= MAX_PERIOD_DAYS:
            raise BadTime(
                f"{self} is longer than ten years", advice="Split it into shorter periods"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2025-07-01..2025-07-14`, or a single day. Raises `BadTime`."""
        first, dots, last = text.partition("..")
        return cls(parse_date(first), parse_date(last if dots else first))

    def __str__(self) -> str:
        return f"{self.first}..{self.last}" if self.last != self.first else f"{self.first}"

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        for n in range(len(self)):
            yield self.first + n * _DAY

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def clip(self, other: "Days") -> "Days | None":
        """The days in both, None where there are none."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Days(first, last) if first <= last else None

    def period(self, zone_name: str) -> "Period":
        """From the first day's first instant to the end of the last day.

        Raises `BadTime` for a day that the zone skipped, as Samoa did 30 December 2011.
        """
        start = start_of_day(self.first, zone_name)
        end = start_of_day(self.last + _DAY, zone_name)
        if end <= start:
            raise BadTime(
                f"{self} does not exist in {zone_name}: its calendar skipped it",
                advice="Choose another day",
            )
        return Period(start, end, zone_name)


class Period(Struct, frozen=True, gc=False):
    """`[start, end)` in UTC, with the zone whose days it counts."""

    start: datetime
    end: datetime
    zone: str

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise BadTime(
                f"the end {clock_text(self.end, self.zone)} is not after "
                f"the start {clock_text(self.start, self.zone)}",
                advice="Give the earlier time first",
            )

    def overlaps(self, other: "Period") -> bool:
        """Whether an instant lies in both. Touching periods do not overlap."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: "Period") -> bool:
        """Whether all of `other` lies in this one."""
        return self.start <= other.start and other.end <= self.end

    @property
    def days(self) -> Days:
        """The site-local days that it touches."""
        return _days(self.start, self.end, self.zone)

    @property
    def months(self) -> tuple[str, ...]:
        """The UTC months that it touches, `YYYY-MM`, in order: the buckets it is found in.

        Of UTC and not of the site: two periods that overlap share an instant, and so a UTC
        month, whatever a later release of the time zone rules says of the site's days.
        """
        return _months(self.start, self.end)

    def __str__(self) -> str:
        """Whole days as `A..B`; anything else as wall times with their offsets."""
        days = self.days
        if days.period(self.zone) == self:
            return str(days)
        return "..".join(clock_text(end, self.zone) for end in (self.start, self.end))


# Cached, since row `as-of` of the benchmarks otherwise has 0.87 of its rate, and `apply` 0.90.
@lru_cache(maxsize=4096)
def _days(start: datetime, end: datetime, zone_name: str) -> Days:
    tz = zone(zone_name)
    return Days(start.astimezone(tz).date(), (end - _RESOLUTION).astimezone(tz).date())


# Cached for the tags of a booking's events: else row `verify` has 0.84 of its rate.
_months = lru_cache(maxsize=4096)(months_touched)


class _Written:
    """Text that a person wrote about time, checked, and resolved once a zone is known."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and str(other) == self.text

    def __hash__(self) -> int:
        return hash(self.text)


class Moment(_Written):
    """A written instant: `2025-07-01T08:00`, with or without an offset, or a day for its start.

    A space may stand for the T: that is how times are printed.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check what can be checked without a zone. Raises `BadTime`."""
        moment = cls(text.strip())
        moment.resolve("UTC")
        return moment

    @property
    def has_offset(self) -> bool:
        """Whether it is the same instant on every clock: `2025-07-01T08:00+08:00`."""
        return has_hour(self.text) and datetime.fromisoformat(self.text.upper()).tzinfo is not None

    def resolve(self, zone_name: str) -> datetime:
        """The instant on that site's clock, in UTC. Raises `BadTime`."""
        if has_hour(self.text):
            return parse_instant(self.text, zone_name)
        if not _DATE.fullmatch(self.text.strip()):
            raise BadTime(
                f"{self.text!r} is neither a day nor a time",
                advice=f"{TIME_FORMS}; or a day, 2025-07-01",
            )
        return start_of_day(parse_date(self.text), zone_name)


class When(_Written):
    """A written period, before the site's zone is known.

    `2025-07-01..2025-07-14` (whole days, both included), or
    `2025-07-01T08:00..2025-07-01T20:00` (exact, half-open; an offset is allowed).
    """

    __slots__ = ()

    @classmethod
    def of(
        cls, *, days: str | None = None, start: str | None = None, end: str | None = None
    ) -> Self:
        """Read one of the command line's two forms. Raises `BadTime` unless exactly one is given.

        An end needs an hour: a day alone would not say whether that day is included.
        """
        if days is not None and start is None and end is None:
            return cls.parse(days)
        if days is None and start is not None and end is not None:
            if _DATE.fullmatch(end.strip()):
                raise BadTime(
                    f"--to {end} does not say at what hour",
                    advice=f"Write {end.strip()}T18:00, or whole days with --days A..B",
                )
            return cls.parse(f"{Moment.parse(start)}..{Moment.parse(end)}")
        raise BadTime(
            "exactly one period is needed", advice="Give either --days A..B or both --from and --to"
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check what can be checked without a zone. Raises `BadTime`."""
        when = cls(text.strip())
        when.resolve("UTC")
        return when

    def resolve(self, zone_name: str) -> Period:
        """The period on that site's clock. Raises `BadTime`."""
        return _resolved(self.text, zone_name)


# Cached, since a command's is resolved to parse, check and decide it: else row `apply` has 0.67 of
# its rate.
@lru_cache(maxsize=1024)
def _resolved(text: str, zone_name: str) -> Period:
    if not has_hour(text):
        _check_days(text)
        return Days.parse(text).period(zone_name)
    first, dots, last = text.partition("..")
    if not dots:
        raise BadTime(
            f"{text!r} has no end",
            advice="Write START..END, such as 2025-07-01T08:00..2025-07-01T20:00",
        )
    ends = Moment(first).resolve(zone_name), Moment(last).resolve(zone_name)
    if (ends[1] - ends[0]).days > MAX_PERIOD_DAYS:
        raise BadTime(f"{text} is longer than ten years", advice="Split it into shorter periods")
    return Period(*ends, zone_name)


def _check_days(text: str) -> None:
    """Refuse text without any date, and say how a period is written."""
    if re.search(r"\d{4}-\d\d-\d\d", text, re.ASCII) is None:
        raise BadTime(
            f"{text!r} is not a period",
            advice="Write whole days as 2025-07-01..2025-07-14, or one day as 2025-07-01",
        )


def month_bounds(month: str) -> Days:
    """The days of `YYYY-MM`. Raises `BadTime`."""
    first = parse_date(f"{month}-01")
    following = (first.replace(day=28) + 4 * _DAY).replace(day=1)
    return Days(first, following - _DAY)
