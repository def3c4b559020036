"""Utilization: how much of what could be used was used, by space, in total and by month.

For a space and a window of site-local days:

- I, *in service*: the days on which the space exists for use;
- U, *closed*: the days of I that closures cover from midnight to midnight, each once;
- A, *available*: I - U;
- O, *occupied*: the days of A that a confirmed booking touches, each once, however many
  bookings share it and however few of a shared space's units they take.

Gross is O/I and net O/A; a ratio without a denominator is undefined (None), never 0. Holds
never count. A day is a bit of a whole number below, so that a year of a stage is counted
by a few operations on such numbers, and two bookings that share a day set one bit.
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
    Closure,
    Days,
    Period,
    Projection,
    RecordedEvent,
    Row,
    Space,
    SpaceFacts,
    Struct,
    key,
    month_bounds,
    on,
    table,
    view,
)

_DAY = timedelta(days=1)
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)  # every row is written whole: never seen

_DAYS = dict.fromkeys(("in_service", "closed", "available", "occupied", "shoot_days"), "d")
_RATIOS = dict.fromkeys(("gross", "net", "shoot_intensity"), "ratio")

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
    """A confirmed booking, for as long as it counts: once wrapped, the time it used."""

    space: str = key()
    booking: str = key()
    start: datetime = _UNSET
    end: datetime = _UNSET


class ShootDay(Row):
    """A day that was reported as shot, and in which space."""

    booking: str = key()
    day: date = key()
    space: str = ""


# --- what is answered --------------------------------------------------------------------


class SpaceUse(Struct, frozen=True):
    """The use of one space in the window; days each, with the ratios of them."""

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


def _bits(first: date, last: date, window: Days) -> int:
    """A bit for each of the days `first` to `last` that lies in the window, the first lowest."""
    low = max((first - window.first).days, 0)
    high = min((last - window.first).days, len(window) - 1)
    return ((1 << (high - low + 1)) - 1) << low if low <= high else 0


def _touched(rows: list[Stay], zone: str, window: Days) -> int:
    """The days that a stay touches."""
    bounds, bits = window.period(zone), 0
    for row in rows:
        if row.start < bounds.end and bounds.start < row.end:
            days = Period(row.start, row.end, zone).days
            bits |= _bits(days.first, days.last, window)
    return bits


def _covered(closures: Iterable[Closure], window: Days) -> int:
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
            joined[-1] = Period(start, end, period.zone)
        else:
            joined.append(period)
    return joined


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


class _Tally(NamedTuple):
    """The days of one space as bits; `areas` says on which of them it had which area."""

    space: str
    site: str
    kind: str
    in_service: int
    closed: int
    occupied: int
    shot: int
    areas: tuple[tuple[int, float], ...]

    @property
    def available(self) -> int:
        return self.in_service & ~self.closed

    def gross(self) -> float | None:
        return _ratio(self.occupied.bit_count(), self.in_service.bit_count())

    def net(self) -> float | None:
        return _ratio(self.occupied.bit_count(), self.available.bit_count())

    def m2_days(self, days: int) -> float:
        """The area of the space summed over those days."""
        return sum(area_m2 * (days & held).bit_count() for held, area_m2 in self.areas)


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
        stay.start, stay.end = event.period.start, event.period.end

    @on(BookingCancelled, BookingMerged)
    def cancelled(self, event: BookingCancelled | BookingMerged, entry: RecordedEvent) -> None:
        self.stays.delete(event.space, event.booking)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        # a corrected report names the same booking and day, and takes the row's place
        self.shot.edit(event.booking, event.day).space = event.space

    # --- the views -----------------------------------------------------------------------

    @view("How much of each space was used?", units=_DAYS | _RATIOS)
    def utilization(
        self, since: Since = None, until: Until = None, site: Site = None, kind: Kind = None
    ) -> list[SpaceUse]:
        """Every space in service in the window: gross is occupied by in service, net is
        occupied by available, shoot intensity is shoot days by available."""
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
            )
            for tally in self._tallies(self._window(since, until), site, kind)
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
            for month in window.period("UTC").months
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

    def _window(self, since: date | None, until: date | None) -> Days:
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
        return Days(since, until)

    def _tallies(self, window: Days, site: str | None, kind: str | None) -> list[_Tally]:
        """The days of every space that was in service in the window (as that kind)."""
        shot: dict[str, int] = {}
        for report in self.shot.rows():
            shot[report.space] = shot.get(report.space, 0) | _bits(report.day, report.day, window)
        tallies = (
            self._tally(row.it, window, kind, shot.get(row.space, 0))
            for row in self.known_spaces.rows(site=site)
            if row.it is not None  # else its first event cannot be read: a later version wrote it
        )
        return [tally for tally in tallies if tally.in_service]

    def _tally(self, space: Space, window: Days, kind: str | None, shot: int) -> _Tally:
        facts = _facts_by_days(space, window)
        gone = space.decommissioned_on
        last = window.last if gone is None else gone - _DAY
        in_service = _bits(space.in_service_on, last, window)
        if kind is not None:
            in_service &= sum(days for days, held in facts if held.kind == kind)
        closures = (row.it for row in self.closures.rows(space=space.id) if row.it is not None)
        closed = in_service & _covered(closures, window)
        stays = self.stays.rows(space=space.id)
        return _Tally(
            space=space.id,
            site=space.site,
            kind=next((held.kind for days, held in reversed(facts) if days & in_service), ""),
            in_service=in_service,
            closed=closed,
            occupied=in_service & ~closed & _touched(stays, space.zone, window),
            shot=shot & in_service,
            areas=tuple((days, held.area_m2) for days, held in facts),
        )


def _facts_by_days(space: Space, window: Days) -> list[tuple[int, SpaceFacts]]:
    """The facts of a space with the days on which they hold, which do not overlap."""
    starts = [window.first, *(held.on for held in space.facts[1:])]  # the first also before
    ends = [*(held.on - _DAY for held in space.facts[1:]), window.last]
    return [
        (_bits(first, last, window), held)
        for first, last, held in zip(starts, ends, space.facts, strict=True)
    ]


def _days(bits: Iterable[int]) -> int:
    return sum(one.bit_count() for one in bits)


def _measures(tallies: list[_Tally], window: Days) -> Iterator[Measure]:
    usable = [t for t in tallies if t.available]
    occupied, available = _days(t.occupied for t in usable), _days(t.available for t in usable)
    sums = (
        ("gross", "occupied / in-service days", occupied, _days(t.in_service for t in tallies)),
        ("net", "occupied / available days", occupied, available),
        ("shoot intensity", "shoot / available days", _days(t.shot for t in tallies), available),
        (
            "area-weighted net",
            "occupied / available m²·days",
            sum(t.m2_days(t.occupied) for t in usable),
            sum(t.m2_days(t.available) for t in usable),
        ),
    )
    for name, of, numerator, denominator in sums:
        n = len(tallies if name == "gross" else usable)
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
