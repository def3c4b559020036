"""Utilization: how much of what could be used was used, by space, in total and by month.

For a space and a window of site-local days:

- I, *in service*: the days on which the space exists for use;
- U, *closed*: the days of I that closures cover from midnight to midnight, each once;
- A, *available*: I - U;
- O, *occupied*: the days of A that a confirmed booking touches, each once, however many
  bookings share it and however few of a shared space's units they take.

A space that divides is occupied when any of it is, and a part when its whole is. In sums it
counts once, with all of it: its parts add neither days nor area.

Gross is O/I and net O/A; a ratio without a denominator is undefined (None), never 0. Net is
also told by hours, of those of A that no closure takes, and by units: of each unit of a shared
space on each day of A, how many were booked at once. Holds never count.

A day is a bit of a whole number below, so that a year of a stage is counted by a few operations on
such numbers, and two bookings that share a day set one bit.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NamedTuple

from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingMerged,
    BookingRescheduled,
    BookingWrapped,
    LedgerOpened,
    ShootDayReported,
)
from ledger.plugin import (
    BadTime,
    Closure,
    FloorPlan,
    Period,
    Projection,
    RecordedEvent,
    Row,
    Space,
    SpaceFacts,
    Spans,
    Struct,
    key,
    month_bounds,
    on,
    start_of_day,
    table,
    view,
)

_DAY = timedelta(days=1)
_ALL_UNITS = 1 << 40
"""More than any space has: what a booking of other floor that is shared takes of a space."""
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)  # every row is written whole: never seen

_DAYS = dict.fromkeys(("in_service", "closed", "available", "occupied", "shoot_days"), "d")
_HOURS = dict.fromkeys(("hours_occupied", "hours_available"), "h")
_UNIT_DAYS = dict.fromkeys(("unit_days_occupied", "unit_days_available"), "unit-d")
_RATIOS = dict.fromkeys(
    ("gross", "net", "net_by_hours", "net_by_units", "shoot_intensity"), "ratio"
)

Since = Annotated[date | None, "first day of the window (default: 12 full months)"]
Until = Annotated[date | None, "last day of the window, included"]
Site = Annotated[str | None, "only the spaces of this site"]
Kind = Annotated[str | None, "only days on which a space was of this kind"]


# --- what is kept ------------------------------------------------------------------------


class Origin(Row):
    """The ledger's own zone: in it, the last recorded event falls on a day."""

    ledger: str = key()
    zone: str = "UTC"


class SpaceRow(Row):
    """A space, with its facts by date."""

    space: str = key()
    site: str = ""
    it: Space | None = None


class ClosureRow(Row):
    """A closure as it stands after its reopenings."""

    space: str = key()
    closure: str = key()
    it: Closure | None = None


class Stay(Row):
    """The days of a confirmed booking, for as long as it counts: once wrapped, those it used."""

    space: str = key()
    booking: str = key()
    period: Period | None = None
    units: int = 1


class ShootDay(Row):
    """A day that was reported as shot, and in which space."""

    booking: str = key()
    day: date = key()
    space: str = ""


# --- what is answered --------------------------------------------------------------------


class SpaceUse(Struct, frozen=True):
    """The use of one space in the window: days, hours and unit-days, with their ratios."""

    space: str
    site: str
    kind: str
    in_service: int
    closed: int
    available: int
    occupied: int
    gross: float | None
    net: float | None
    shoot_days: int
    shoot_intensity: float | None
    idle: bool
    hours_occupied: float
    hours_available: float
    net_by_hours: float | None
    unit_days_occupied: int
    unit_days_available: int
    net_by_units: float | None


class Measure(Struct, frozen=True):
    """A figure over all spaces: `value` is `numerator` / `denominator`, which `of` explains.

    `n` is the number of spaces in it. `spaces` names the idle ones, or the one or two in the
    middle of a median, which is the mean of theirs.
    """

    measure: str
    value: float | None
    numerator: float
    denominator: float
    of: str
    n: int
    spaces: tuple[str, ...]
    since: date
    until: date


class SpaceMonthUse(Struct, frozen=True):
    """The use of one space in one month of the window; days each."""

    space: str
    month: str
    in_service: int
    available: int
    occupied: int
    net: float | None


# --- days as bits ------------------------------------------------------------------------


class _Window(Struct, frozen=True):
    """Days to count, first and last included: as many as a studio's life has."""

    first: date
    last: date

    @property
    def months(self) -> Iterator[str]:
        """The months that it touches, `YYYY-MM`."""
        numbers = [day.year * 12 + day.month - 1 for day in (self.first, self.last)]
        for number in range(numbers[0], numbers[1] + 1):
            yield f"{number // 12:04}-{number % 12 + 1:02}"


def _bits(first: date, last: date, window: _Window) -> int:
    """A bit for each of the days `first` to `last` that lies in the window, the first lowest."""
    if last < window.first or window.last < first:
        return 0  # as nearly all of a long history
    low = max((first - window.first).days, 0)
    high = (min(last, window.last) - window.first).days
    return ((1 << (high - low + 1)) - 1) << low if low <= high else 0


def _touched(stays: list["_Taken"]) -> int:
    """The days that a stay touches."""
    bits = 0
    for stay in stays:
        bits |= stay.days
    return bits


def _runs(bits: int, window: _Window) -> Iterator[tuple[date, date]]:
    """The days as runs without a gap, each from its first to its last."""
    first = window.first
    while bits:
        skipped = (bits & -bits).bit_length() - 1
        bits >>= skipped
        length = (bits ^ (bits + 1)).bit_length() - 1
        bits >>= length
        first += skipped * _DAY
        yield first, first + (length - 1) * _DAY
        first += length * _DAY


def _covered(closures: Iterable[Closure], window: _Window) -> int:
    """The days that closures cover whole, one alone or several that meet."""
    bits = 0
    for period in _joined(c.left for c in closures if c.left is not None):
        touched = period.days
        whole = touched.period(period.zone)
        first = touched.first + _DAY * (whole.start < period.start)
        last = touched.last - _DAY * (period.end < whole.end)
        bits |= _bits(first, last, window)
    return bits


def _joined(periods: Iterable[Period]) -> list[Period]:
    """The same time as periods that do not meet."""
    joined: list[Period] = []
    for period in sorted(periods, key=lambda one: (one.start, one.end)):
        if joined and period.start <= joined[-1].end:
            start, end = joined[-1].start, max(joined[-1].end, period.end)
            joined[-1] = Period.between(start, end, period.zone)
        else:
            joined.append(period)
    return joined


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


class _Taken(NamedTuple):
    """The time of a confirmed booking, its days as bits, and how many units it takes.

    One of another space that shares the floor takes them all.
    """

    days: int
    start: datetime
    end: datetime
    units: int


class _Tally(NamedTuple):
    """The days of one space as bits; `facts` says on which of them it had which facts.

    On the days `own` a booking of the space, or of its whole, took all of it.
    """

    space: str
    site: str
    kind: str
    in_service: int
    closed: int
    occupied: int
    shot: int
    facts: list[tuple[int, SpaceFacts]]
    window: _Window
    zone: str
    stays: list[_Taken]
    shut: list[tuple[datetime, datetime]]
    own: int
    parts: "list[_Tally]"
    is_part: bool

    @property
    def available(self) -> int:
        return self.in_service & ~self.closed

    def gross(self) -> float | None:
        return _ratio(self.occupied.bit_count(), self.in_service.bit_count())

    def net(self) -> float | None:
        return _ratio(self.occupied.bit_count(), self.available.bit_count())

    def m2_days(self, days: int) -> float:
        """The area of the space summed over those days on which it has one."""
        return sum((f.area_m2 or 0.0) * (days & held).bit_count() for held, f in self.facts)

    def m2_days_occupied(self, days: int) -> float:
        """The area that bookings of the space or of its parts took, summed over those days."""
        rest = days & ~self.own
        return self.m2_days(days & self.own) + sum(
            part.m2_days_occupied(rest & part.available) for part in self.parts
        )

    def hours(self) -> tuple[float, float]:
        """The hours of the available days that bookings took, and those that no closure took."""
        days = Spans(
            (start_of_day(first, self.zone), start_of_day(last + _DAY, self.zone))
            for first, last in _runs(self.available, self.window)
        )
        shut, taken = Spans(self.shut), Spans((stay.start, stay.end) for stay in self.stays)
        used = days & taken
        return used.hours - (used & shut).hours, days.hours - (days & shut).hours

    def unit_days(self) -> tuple[int, int]:
        """The units of each available day that were booked at once, and those that there are."""
        booked = there_are = 0
        for held, facts in self.facts:
            days = held & self.available
            if facts.capacity is None:
                booked += (days & self.occupied).bit_count()
                there_are += days.bit_count()
            else:
                there_are += days.bit_count() * facts.capacity
                booked += sum(min(n, facts.capacity) for n in self._units(days & self.occupied))
        return booked, there_are

    def _units(self, days: int) -> Iterator[int]:
        """The most units that are booked at one moment of each of these days."""
        for first, last in _runs(days, self.window):
            for n in range((last - first).days + 1):
                day = first + n * _DAY
                begins = start_of_day(day, self.zone)
                bit = _bits(day, day, self.window)
                stays = [stay for stay in self.stays if stay.days & bit]
                moments = {max(stay.start, begins) for stay in stays}
                yield max(sum(s.units for s in stays if s.start <= at < s.end) for at in moments)


# --- the projection ----------------------------------------------------------------------


class Utilization(Projection):
    """How much of the available days of the spaces confirmed bookings occupied."""

    version = 1
    origins = table(Origin)
    known_spaces = table(SpaceRow)
    closures = table(ClosureRow)
    stays = table(Stay)
    shot = table(ShootDay)

    @on(LedgerOpened)
    def opened(self, event: LedgerOpened, entry: RecordedEvent) -> None:
        self.origins.edit("").zone = event.zone

    @on(*Space.types())
    def space_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.known_spaces.edit(event.space)
        row.site, row.it = event.site, Space.after(row.it, entry)

    @on(*Closure.types())
    def closure_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.closures.edit(event.space, event.closure)
        row.it = Closure.after(row.it, entry)

    @on(BookingConfirmed, BookingRescheduled, BookingWrapped)
    def stays_for(
        self, event: BookingConfirmed | BookingRescheduled | BookingWrapped, entry: RecordedEvent
    ) -> None:
        if isinstance(event, BookingRescheduled):
            if event.rank is not None:
                return  # still a hold
            if event.was_space != event.space:
                self.stays.delete(event.was_space, event.booking)
        stay = self.stays.edit(event.space, event.booking)
        stay.period, stay.units = event.period, event.units

    @on(BookingCancelled, BookingMerged)
    def cancelled(self, event: BookingCancelled | BookingMerged, entry: RecordedEvent) -> None:
        self.stays.delete(event.space, event.booking)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        # a corrected report names the same booking and day, and takes the row's place
        self.shot.edit(event.booking, event.day).space = event.space

    # --- the views -----------------------------------------------------------------------

    @view(
        "How much of each space was used?",
        units=_DAYS | _HOURS | _UNIT_DAYS | _RATIOS,
        spare=(
            *("site", "kind", "in_service", "closed", "shoot_days", "shoot_intensity", "idle"),
            *_HOURS,
            *_UNIT_DAYS,
        ),
    )
    def utilization(
        self, since: Since = None, until: Until = None, site: Site = None, kind: Kind = None
    ) -> list[SpaceUse]:
        """Every space in service in the window: gross is occupied by in service, net is
        occupied by available, shoot intensity is shoot days by available. Net by hours and by
        units tell what a day says too roughly: a day of two hours, one unit of three."""
        return [
            SpaceUse(
                space=tally.space,
                site=tally.site,
                kind=tally.kind,
                in_service=tally.in_service.bit_count(),
                closed=tally.closed.bit_count(),
                available=tally.available.bit_count(),
                occupied=tally.occupied.bit_count(),
                gross=tally.gross(),
                net=tally.net(),
                shoot_days=tally.shot.bit_count(),
                shoot_intensity=_ratio(tally.shot.bit_count(), tally.available.bit_count()),
                idle=not tally.occupied and bool(tally.available),
                hours_occupied=hours[0],
                hours_available=hours[1],
                net_by_hours=_ratio(*hours),
                unit_days_occupied=unit_days[0],
                unit_days_available=unit_days[1],
                net_by_units=_ratio(*unit_days),
            )
            for tally in self._tallies(self._window(since, until), site, kind)
            for hours, unit_days in ((tally.hours(), tally.unit_days()),)
        ]

    @view("How much of the whole campus was used?")
    def utilization_total(
        self, since: Since = None, until: Until = None, site: Site = None, kind: Kind = None
    ) -> list[Measure]:
        """Sums over all spaces first, then one division; mean and median over the spaces'
        own ratios; the idle spaces last."""
        window = self._window(since, until)
        tallies = self._tallies(window, site, kind)
        return list(_measures(tallies, window))

    @view(
        "How much of each space was used, month by month?",
        units=dict.fromkeys(("in_service", "available", "occupied"), "d") | {"net": "ratio"},
    )
    def utilization_by_month(
        self, since: Since = None, until: Until = None, site: Site = None, kind: Kind = None
    ) -> list[SpaceMonthUse]:
        """A row for each space and month of the window; a month that the window cuts counts
        the days inside."""
        window = self._window(since, until)
        months = [
            (month, _bits(days.first, days.last, window))
            for month in window.months
            for days in (month_bounds(month),)
        ]
        return [
            SpaceMonthUse(
                space=tally.space,
                month=month,
                in_service=(tally.in_service & bits).bit_count(),
                available=(tally.available & bits).bit_count(),
                occupied=(tally.occupied & bits).bit_count(),
                net=_ratio(
                    (tally.occupied & bits).bit_count(), (tally.available & bits).bit_count()
                ),
            )
            for tally in self._tallies(window, site, kind)
            for month, bits in months
        ]

    def _window(self, since: date | None, until: date | None) -> _Window:
        """The days asked for; without any, the 12 full months before the last event's day.

        With `since` alone the window ends on that day; with `until` alone it begins eleven
        months before the month of `until`.
        """
        if self.at is None:
            today = until or since or _UNSET.date()
        else:
            origin = self.origins.get("")
            today = self.at.day(origin.zone if origin else "UTC")
        if until is None:
            until = today.replace(day=1) - _DAY if since is None else max(since, today)
        if since is None:
            year, month = divmod(until.year * 12 + until.month - 1 - 11, 12)
            since = date(year, month + 1, 1)
        self.note(f"{since} to {until}")
        if until < since:
            raise BadTime(f"{until} is before {since}", advice="Give the earlier day first")
        return _Window(since, until)

    def _tallies(self, window: _Window, site: str | None, kind: str | None) -> list[_Tally]:
        """The days of every space that was in service in the window (as that kind)."""
        shot: dict[str, int] = {}
        for report in self.shot.rows():
            shot[report.space] = shot.get(report.space, 0) | _bits(report.day, report.day, window)
        plan = FloorPlan(
            row.it
            for row in self.known_spaces.rows(site=site)
            if row.it is not None  # else its first event cannot be read: a later version wrote it
        )
        tallies = {id: self._tally(plan, it, window, kind, shot) for id, it in plan.spaces.items()}
        return [_among(tally, tallies, plan) for tally in tallies.values() if tally.in_service]

    def _tally(
        self, plan: FloorPlan, space: Space, window: _Window, kind: str | None, shot: dict[str, int]
    ) -> _Tally:
        sharing = plan.sharing(space.id)
        of_it = (space.id, *(whole.id for whole in plan.wholes(space.id)))
        facts = _facts_by_days(space, window)
        gone = space.decommissioned_on
        last = window.last if gone is None else gone - _DAY
        in_service = _bits(space.in_service_on, last, window)
        if kind is not None:
            in_service &= sum(days for days, held in facts if held.kind == kind)
        closures = [
            row.it for one in of_it for row in self.closures.rows(space=one) if row.it is not None
        ]
        closed = in_service & _covered(closures, window)
        taken = {
            one: [
                _Taken(bits, p.start, p.end, row.units if one == space.id else _ALL_UNITS)
                for row in self.stays.rows(space=one)
                if (p := row.period) is not None
                and (bits := _bits(p.days.first, p.days.last, window))
            ]
            for one in sharing
        }
        stays = [stay for one in sharing for stay in taken[one]]
        all_of_it = [stay for one in of_it for stay in taken[one]]
        shot_days = 0
        for one in sharing:
            shot_days |= shot.get(one, 0)
        return _Tally(
            space=space.id,
            site=space.site,
            kind=next((held.kind for days, held in reversed(facts) if days & in_service), ""),
            in_service=in_service,
            closed=closed,
            occupied=in_service & ~closed & _touched(stays),
            shot=shot_days & in_service,
            facts=facts,
            window=window,
            zone=space.zone,
            stays=stays,
            shut=[(c.left.start, c.left.end) for c in closures if c.left is not None],
            own=_touched(all_of_it),
            parts=[],
            is_part=False,
        )


def _among(tally: _Tally, tallies: dict[str, _Tally], plan: FloorPlan) -> _Tally:
    """The tally with those of its parts, if it is in sums, or as a part of one that is."""
    parts = [tallies[part.id] for part in plan.parts(tally.space) if part.part_of == tally.space]
    return tally._replace(
        parts=[_among(part, tallies, plan) for part in parts],
        is_part=any(tallies[whole.id].in_service for whole in plan.wholes(tally.space)),
    )


def _facts_by_days(space: Space, window: _Window) -> list[tuple[int, SpaceFacts]]:
    """The facts of a space with the days on which they hold, which do not overlap."""
    starts = [window.first, *(held.on for held in space.facts[1:])]  # the first also before
    ends = [*(held.on - _DAY for held in space.facts[1:]), window.last]
    return [
        (_bits(first, last, window), held)
        for first, last, held in zip(starts, ends, space.facts, strict=True)
    ]


def _days(bits: Iterable[int]) -> int:
    return sum(one.bit_count() for one in bits)


def _sums(pairs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    numerator = denominator = 0.0
    for one, other in pairs:
        numerator, denominator = numerator + one, denominator + other
    return numerator, denominator


def _no_area(tallies: Iterable[_Tally]) -> list[str]:
    return [tally.space for tally in tallies if not tally.m2_days(tally.available)]


def _without_area(tallies: Iterable[_Tally]) -> str:
    """How many spaces a figure by area leaves out."""
    none = len(_no_area(tallies))
    return f", {none} space{'s' * (none > 1)} without an area" if none else ""


def _measures(tallies: list[_Tally], window: _Window) -> Iterator[Measure]:
    tallies = [tally for tally in tallies if not tally.is_part]
    usable = [t for t in tallies if t.available]
    occupied, available = _days(t.occupied for t in usable), _days(t.available for t in usable)
    sums = (
        ("gross", "occupied / in-service days", occupied, _days(t.in_service for t in tallies)),
        ("net", "occupied / available days", occupied, available),
        ("shoot intensity", "shoot / available days", _days(t.shot for t in tallies), available),
        ("net by hours", "occupied / available hours", *_sums(t.hours() for t in usable)),
        ("net by units", "booked / available unit-days", *_sums(t.unit_days() for t in usable)),
        (
            "area-weighted net",
            f"occupied / available m²·days{_without_area(usable)}",
            sum(t.m2_days_occupied(t.occupied) for t in usable),
            sum(t.m2_days(t.available) for t in usable),
        ),
    )
    for name, of, numerator, denominator in sums:
        n = len(tallies if name == "gross" else usable)
        n -= len(_no_area(usable)) if name == "area-weighted net" else 0
        value = _ratio(numerator, denominator)
        yield Measure(name, value, numerator, denominator, of, n, (), window.first, window.last)
    for name, ratios in (
        ("gross", sorted((t.gross() or 0.0, t.space) for t in tallies)),
        ("net", sorted((t.net() or 0.0, t.space) for t in usable)),
    ):
        for measure, chosen in (
            ("mean", ratios),
            ("median", ratios[(len(ratios) - 1) // 2 : len(ratios) // 2 + 1]),
        ):
            yield Measure(
                measure=f"{measure} {name}",
                value=_ratio(sum(ratio for ratio, _ in chosen), len(chosen)),
                numerator=sum(ratio for ratio, _ in chosen),
                denominator=len(chosen),
                of=f"sum of {name} / spaces",
                n=len(ratios),
                spaces=() if measure == "mean" else tuple(space for _, space in chosen),
                since=window.first,
                until=window.last,
            )
    idle = [t.space for t in usable if not t.occupied]
    yield Measure(
        measure="idle",
        value=_ratio(len(idle), len(usable)),
        numerator=len(idle),
        denominator=len(usable),
        of="idle / available spaces",
        n=len(usable),
        spaces=tuple(idle),
        since=window.first,
        until=window.last,
    )
