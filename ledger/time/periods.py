"""Time as a studio uses it: half-open periods, site-local days, an injected clock.

A *period* is half-open, `[start, end)`. It is kept as it was booked, in days or in wall times, with
the IANA zone whose clock it goes by; instants are worked out when they are needed. A day is the
site's own: one of 23 or 25 hours is still one day.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Self

from msgspec import Meta, Struct, field

from ledger.errors import BadTime, instant_text
from ledger.time.clocks import Clock as Clock
from ledger.time.clocks import ManualClock as ManualClock
from ledger.time.clocks import SystemClock as SystemClock
from ledger.time.months import months_of
from ledger.time.spoken_days import IN_A_FILE, is_said
from ledger.time.wall_times import as_kept, instant_of_kept
from ledger.time.wall_times import start_of_day as start_of_day
from ledger.time.zones import check_zone as check_zone
from ledger.time.zones import zone as zone

MAX_PERIOD_DAYS = 3_660
"""Ten years: a longer period would carry more month tags than a line should hold."""

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""The years that a studio's calendar has."""

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_RESOLUTION = timedelta(microseconds=1)
_BEHIND, _AHEAD = timedelta(hours=12), timedelta(hours=14)
"""How far clocks on earth are from UTC."""
_WallTime = Annotated[datetime, Meta(tz=True)]
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


def parse_date(text: str) -> date:
    """A calendar date `YYYY-MM-DD`. Raises `BadTime`, also for 30 February."""
    text = text.strip()
    try:
        day = date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        two = _TWO_DAYS.fullmatch(text)
        advice = f"Write {two[1]}..{two[2]}" if two else _form(text, _DATE_FORM)
        raise BadTime(f"{text!r} is not a date", advice=advice) from None
    return check_day(day)


def _form(text: str, form: str) -> str:
    """The advice for a time that cannot be read; only the command line knows a today."""
    return IN_A_FILE if is_said(text) else form


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
        return Period(first=self.first, last=self.last, zone=zone_name)


class Period(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A half-open stretch of time as it was booked, and the zone whose clock it goes by.

    Whole days are kept as `first` and `last`, both included; hours as the wall times at both ends,
    each with the offset that it had when it was recorded. The instants `start` and `end` are worked
    out by the zone rules of today, so that a day stays that day when these change. A wall time
    counts as it is written; its offset only says which of two equal ones is meant.
    Make one with `Days.period` or `Period.between`.
    """

    first: date | None = None
    last: date | None = None
    wall_start: _WallTime | None = field(name="start", default=None)
    wall_end: _WallTime | None = field(name="end", default=None)
    zone: str

    def __post_init__(self) -> None:
        first, last, start, end = self.first, self.last, self.wall_start, self.wall_end
        if first is not None and last is not None and start is end is None:
            if last < first:
                raise BadTime(f"{last} is before {first}", advice="Give the earlier day first")
        elif start is None or end is None or first is not None or last is not None:
            raise BadTime("a period has either days or hours", advice="Give both of its ends")
        elif end <= start:
            raise _ends_early(start, end, self.zone)

    @classmethod
    def between(cls, start: datetime, end: datetime, zone_name: str) -> Self:
        """From one instant to before another.

        Kept as days where both are the first instants of a day. Raises `BadTime`.
        """
        if end <= start:
            raise _ends_early(start, end, zone_name)
        tz = zone(zone_name)
        opens, closes = start.astimezone(tz), end.astimezone(tz)
        first, after = opens.date(), closes.date()
        if start == start_of_day(first, zone_name) and end == start_of_day(after, zone_name):
            return cls(first=first, last=after - _DAY, zone=zone_name)
        return cls(wall_start=as_kept(opens), wall_end=as_kept(closes), zone=zone_name)

    @property
    def start(self) -> datetime:
        """The first instant in it, in UTC."""
        if self.first is not None:
            return start_of_day(self.first, self.zone)
        assert self.wall_start is not None
        return instant_of_kept(self.wall_start, self.zone)

    @property
    def end(self) -> datetime:
        """The first instant after it, in UTC."""
        if self.last is not None:
            return start_of_day(self.last + _DAY, self.zone)
        assert self.wall_end is not None
        return instant_of_kept(self.wall_end, self.zone)

    @property
    def moved_by(self) -> timedelta:
        """How much later it begins, or else ends, than its recorded offsets say; of days none."""
        if self.wall_start is None or self.wall_end is None:
            return timedelta()
        shifts = (self.start - self.wall_start, self.end - self.wall_end)
        return next((shift for shift in shifts if abs(shift) >= _MINUTE), timedelta())

    def overlaps(self, other: "Period") -> bool:
        """Whether an instant lies in both. Touching periods do not overlap."""
        if self.zone == other.zone and self.last is not None and other.last is not None:
            return self.first <= other.last and other.first <= self.last  # type: ignore[operator]  # with a last day there is a first
        return self.start < other.end and other.start < self.end

    def covers(self, other: "Period") -> bool:
        """Whether all of `other` lies in this one."""
        return self.start <= other.start and other.end <= self.end

    @property
    def days(self) -> Days:
        """The site-local days that it touches."""
        if self.first is not None and self.last is not None:
            return _days(self.first, self.last)
        assert self.wall_start is not None
        assert self.wall_end is not None
        return _days(self.wall_start.date(), (self.wall_end - _RESOLUTION).date())

    @property
    def months(self) -> tuple[str, ...]:
        """The months of its days, `YYYY-MM`, in order: the buckets under which it is found.

        They follow from what is kept, and so stay the same under other zone rules.
        """
        if self.first is not None and self.last is not None:
            return _months(self.first, self.last)
        days = self.days
        return _months(days.first, days.last)

    @property
    def months_to_read(self) -> tuple[str, ...]:
        """The months in which each period that overlaps this one is found, whatever its zone.

        So the months that it touches on the clocks furthest behind and ahead of UTC: where it is
        still July in one zone, it may be two days into August in another.
        """
        return _months_anywhere(self.start, self.end)

    def __str__(self) -> str:
        """Whole days as `A..B`; anything else as wall times with their offsets."""
        if self.first is not None:
            return str(self.days)
        return "..".join(clock_text(end, self.zone) for end in (self.start, self.end))


def _ends_early(start: datetime, end: datetime, zone_name: str) -> BadTime:
    return BadTime(
        f"the end {clock_text(end, zone_name)} is not after "
        f"the start {clock_text(start, zone_name)}",
        advice="Give the earlier time first",
    )


# One decision asks for a booking's days about six times: without the cache row `as-of` of the
# benchmarks has 0.87 of its rate, and `apply` 0.90; without that of the months, `verify` 0.84.
_days = lru_cache(maxsize=4096)(Days)
_months = lru_cache(maxsize=4096)(months_of)


@lru_cache(maxsize=4096)
def _months_anywhere(start: datetime, end: datetime) -> tuple[str, ...]:
    return months_of((start - _BEHIND).date(), (end + _AHEAD - _RESOLUTION).date())


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
                advice=_form(self.text, f"{TIME_FORMS}; or a day, 2025-07-01"),
            )
        return start_of_day(parse_date(self.text), zone_name)


class Deadline(Moment):
    """A written instant by which something is over: a day alone means the end of that day."""

    __slots__ = ()

    def resolve(self, zone_name: str) -> datetime:
        """The instant on that site's clock, in UTC; of a day its last one. Raises `BadTime`."""
        instant = super().resolve(zone_name)
        return instant if has_hour(self.text) else last_instant(self.text, zone_name)


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
    return Period.between(*ends, zone_name)


def _check_days(text: str) -> None:
    """Refuse text without any date, and say how a period is written."""
    if re.search(r"\d{4}-\d\d-\d\d", text, re.ASCII) is None:
        raise BadTime(
            f"{text!r} is not a period",
            advice=_form(
                text, "Write whole days as 2025-07-01..2025-07-14, or one day as 2025-07-01"
            ),
        )


def month_bounds(month: str) -> Days:
    """The days of `YYYY-MM`. Raises `BadTime`."""
    first = parse_date(f"{month}-01")
    following = (first.replace(day=28) + 4 * _DAY).replace(day=1)
    return Days(first, following - _DAY)
