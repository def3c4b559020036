"""The calendar: what each space does day by day, when it is free, and what stands in the way.

Its views share one fold of the bookings, holds and closures of each space.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Annotated, Any, Literal

from ledger.events import BookingRescheduled, ShootDayReported
from ledger.plugin import (
    BadInput,
    Closure,
    Days,
    FloorPlan,
    FullBooking,
    Moment,
    Occupancy,
    Period,
    Projection,
    RecordedEvent,
    Row,
    Space,
    Struct,
    key,
    on,
    standing_challenges,
    table,
    view,
)

_DAY = timedelta(days=1)
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""After all bookings, and with time left for a turnaround after it."""

CALENDAR_DAYS = 28
"""Days that the calendar shows without `--until`."""

SEARCHED_DAYS = 91
"""Days in which `free` looks without `--until`: thirteen weeks."""

DayState = Literal["confirmed", "closed", "held", "turnaround", "free", "not in service"]
Against = Literal["closure", "out of service", "overrun", "booking", "turnaround"]
Happens = Literal["arriving", "leaving", "overrunning", "never started", "answer due", "expiring"]
_ORDER: tuple[Happens, ...] = (
    "overrunning", "never started", "arriving", "leaving", "answer due", "expiring",
)  # fmt: skip

OneSpace = Annotated[str | None, "only this space"]
OneSite = Annotated[str | None, "only spaces of this site"]
OneProject = Annotated[str | None, "only this project"]
At = Annotated[Moment | None, "as seen from this time (default: now)"]


# --- what is kept ------------------------------------------------------------------------


class Taken(Row):
    """A booking that takes time in a space: a hold, a firm one, or one that has wrapped."""

    space: str = key()
    booking: str = key()
    it: FullBooking | None = None


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


# --- what is answered --------------------------------------------------------------------


class CalendarDay(Struct, frozen=True):
    """A day of a space. `units` are the most taken at once, of a shared space's capacity.

    `backups` are the holds behind the confirmed bookings, by rank.
    """

    space: str
    day: date
    state: DayState
    bookings: tuple[str, ...]
    projects: tuple[str, ...]
    day_types: tuple[str, ...]
    backups: tuple[str, ...]
    closures: tuple[str, ...]
    units: int
    capacity: int | None


class HorizonLine(Struct, frozen=True):
    """How far ahead a space is taken, seen from the day `on`; by which booking at the end."""

    space: str
    on: date
    booked_through: date | None
    booking: str | None
    project: str | None
    first_free: date | None


class FreeLine(Struct, frozen=True):
    """Whole days in a row on which a space can be booked. `holds` want some of them first."""

    first: date
    last: date
    days: int
    space: str
    site: str
    kind: str
    area_m2: float | None
    holds: tuple[str, ...]


class ConflictLine(Struct, frozen=True):
    """A booking or hold that cannot go on as it is: what stands against it, on which days.

    `by` is the closure or the other booking; nothing where the space is out of service. Of a
    booking that is too close for the turnaround, `first` to `last` are its own days.
    """

    booking: str
    space: str
    project: str
    state: str
    against: Against
    by: str | None
    first: date
    last: date
    why: str | None


class TodayLine(Struct, frozen=True):
    """A booking on a day: what happens, or should. `first` to `last` are its days.

    `by` is who challenged a hold, `until` when its answer is due, or the hold expires.
    """

    what: Happens
    space: str
    booking: str
    project: str
    first: date
    last: date
    until: datetime | None
    by: str | None


# --- the projection ----------------------------------------------------------------------


class Calendar(Projection):
    """The time that holds and firm bookings take, beside what each space offers."""

    version = 1
    taken = table(Taken)
    spaces = table(SpaceRow)
    closures = table(ClosureRow)

    @on(*(t for t in FullBooking.types() if t is not ShootDayReported))
    def booking_event(self, event: Any, entry: RecordedEvent) -> None:
        was = event.was_space if isinstance(event, BookingRescheduled) else event.space
        for id in FullBooking.ids(event):
            row = self.taken.edit(was, id)
            if row.it is None and id != event.booking:
                continue  # a challenger whose hold cannot be read
            row.it = it = FullBooking.after(row.it, entry)
            if it.is_off or it.space != was:
                self.taken.delete(was, id)
            if not it.is_off and it.space != was:
                self.taken.put(Taken(it.space, id, it))

    @on(*Space.types())
    def space_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.spaces.edit(event.space)
        row.site, row.it = event.site, Space.after(row.it, entry)

    @on(*Closure.types())
    def closure_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.closures.edit(event.space, event.closure)
        row.it = Closure.after(row.it, entry)

    # --- the views -----------------------------------------------------------------------

    @view("What is each space doing, day by day?")
    def calendar(
        self,
        space: OneSpace = None,
        site: OneSite = None,
        since: Annotated[date | None, "first day (default: today)"] = None,
        until: Annotated[date | None, "last day, included (default: four weeks)"] = None,
        at: At = None,
    ) -> list[CalendarDay]:
        """One row a space and day. A day that a confirmed booking touches is confirmed; one
        that closures cover whole is closed; one with a live hold alone is held; one that no
        production can have, since another has it before or after, is turnaround. A booking that
        should have wrapped has its days up to today."""
        lines = []
        for room, now in self._rooms(space, site, at):
            window = _window(since, until, room.day_of(now), CALENDAR_DAYS)
            self.note(f"{window.first} to {window.last}")
            whole = window.period(room.space.zone)
            near = room.within(whole)
            lines += [_calendar_day(near, day) for day in window]
        return lines

    @view("How far ahead is each space booked?")
    def booked_through(
        self, space: OneSpace = None, site: OneSite = None, at: At = None
    ) -> list[HorizonLine]:
        """Per space, from today on: the last day with a confirmed booking that has not wrapped,
        and the first day after today with room."""
        return [_horizon(room, room.day_of(now)) for room, now in self._rooms(space, site, at)]

    @view(
        "Which spaces are free, and when?",
        units={"days": "d", "area_m2": "m²"},
        titles={"area_m2": "Area"},
        spare=("site",),
    )
    def free(
        self,
        days: Annotated[int, "only this many whole days in a row, or more"] = 1,
        since: Annotated[date | None, "first day (default: today)"] = None,
        until: Annotated[date | None, "last day, included (default: thirteen weeks)"] = None,
        kind: Annotated[str | None, "only spaces of this kind"] = None,
        area: Annotated[float | None, "only spaces of at least this many m²"] = None,
        units: Annotated[int, "only with this many units of a shared space"] = 1,
        site: OneSite = None,
        space: OneSpace = None,
        at: At = None,
    ) -> list[FreeLine]:
        """The days on which a space is in service, open and not booked from midnight to
        midnight, nor needed for the turnaround. A stay that overruns has the days up to today,
        until it is wrapped. Held days are free: the holds that come first are named."""
        _check_at_least_one("days", days)
        _check_at_least_one("units", units)
        lines = []
        for room, now in self._rooms(space, site, at):
            window = _window(since, until, room.day_of(now), SEARCHED_DAYS)
            self.note(f"{window.first} to {window.last}")
            near = room.within(window.period(room.space.zone))
            lines += [
                _free_line(near, run)
                for run in _free_runs(near, window, kind, area, units)
                if len(run) >= days
            ]
        return sorted(lines, key=lambda line: (line.first, line.space))

    @view("Which bookings clash with a closure, an overrun, or each other?")
    def conflicts(
        self,
        space: OneSpace = None,
        site: OneSite = None,
        project: OneProject = None,
        at: At = None,
    ) -> list[ConflictLine]:
        """The bookings and holds, not over, that meet a closure, days out of service, a stay
        that overran, or more bookings than fit. One row for each of these."""
        lines = [
            line
            for room, now in self._rooms(space, site, at, late_stay=False)
            for one in room.own
            if one.state != "wrapped" and now < one.period.end
            for line in _conflicts(room, one, room.day_of(now))
            if project in (None, line.project)
        ]
        return sorted(lines, key=lambda line: (line.first, line.space, line.booking, line.against))

    @view("What happens today, and what should have happened?")
    def today_(
        self,
        on: Annotated[date | None, "another day (default: today)"] = None,
        space: OneSpace = None,
        site: OneSite = None,
    ) -> list[TodayLine]:
        """Bookings whose first or last day it is, that have not wrapped or never started in
        time, and holds that expire or owe an answer by then; first what is late."""
        lines: list[TodayLine] = []
        for room, now in self._rooms(space, site, None, late_stay=False):
            day = on or room.day_of(now)
            for one in room.own:
                lines += _happening(room, one, day)
        return sorted(
            lines, key=lambda line: (_ORDER.index(line.what), line.space, line.first, line.booking)
        )

    def _rooms(
        self, space: str | None, site: str | None, at: Moment | None, *, late_stay: bool = True
    ) -> list[tuple[Occupancy, datetime]]:
        """The spaces, each with the time that is asked about on its clock.

        A hold that has ended by then takes nothing, even if no event says so. A stay that overruns
        has its space until the end of that day; without `late_stay`, for its own days only.
        """
        # a space whose first event cannot be read, since a later version wrote it, is left out
        plan = FloorPlan(row.it for row in self.spaces.rows() if row.it is not None)
        rooms = []
        for known in self.spaces.rows(site=site, space=space):
            if known.it is None:
                continue
            now = (self.now or _UNSET) if at is None else at.resolve(known.it.zone)
            sharing = plan.sharing(known.space)
            found = (row.it for it in sharing for row in self.taken.rows(space=it))
            taken = (one for one in found if one is not None and not one.is_over(now))
            closures = (row.it for it in sharing for row in self.closures.rows(space=it))
            room = Occupancy(
                plan,
                known.space,
                (one.as_of(now) for one in taken) if late_stay else taken,
                (one for one in closures if one is not None and one.left is not None),
            )
            rooms.append((room, now))
        return rooms


# --- the calendar, and how far ahead -----------------------------------------------------


def _calendar_day(room: Occupancy, day: date) -> CalendarDay:
    whole = room.whole(day)
    near = room.within(whole)
    shown = near.firm(whole)
    units = near.peak(whole)
    state: DayState = "free"
    if not room.space.in_service(day):
        state = "not in service"
    elif shown:
        state = "confirmed"
    elif Closure.cover(near.closures, whole):
        state = "closed"
    elif near.holds(whole):
        state, shown = "held", near.holds(whole)
    elif between := near.in_the_way(whole):
        state, shown = "turnaround", between
    return CalendarDay(
        space=room.space.id,
        day=day,
        state=state,
        bookings=_listed(one.id for one in shown),
        projects=_listed(one.project for one in shown),
        day_types=_listed(one.day_type(day) for one in shown if day in one.period.days),
        backups=() if state != "confirmed" else _listed(one.id for one in near.holds(whole)),
        closures=_listed(one.kind for one in near.closures),
        units=units,
        capacity=room.space.facts_on(day).capacity,
    )


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _window(since: date | None, until: date | None, today: date, usual: int) -> Days:
    """The days asked about: without an end, as many as is usual."""
    if since is None:
        since = today if until is None else min(today, until)
    return Days(since, since + (usual - 1) * _DAY if until is None else until)


def _horizon(room: Occupancy, today: date) -> HorizonLine:
    live = [one for one in room.taken if one.is_firm and today <= one.period.days.last]
    last = max(live, key=lambda one: (one.period.end, one.id), default=None)
    return HorizonLine(
        space=room.space.id,
        on=today,
        booked_through=last.period.days.last if last else None,
        booking=last.id if last else None,
        project=last.project if last else None,
        first_free=_first_free(room, today + _DAY),
    )


def _first_free(room: Occupancy, day: date) -> date | None:
    """The first free day from `day` on; None where the space retires before."""
    ahead = room.within(Period.between(room.whole(day).start, _NEVER, room.space.zone))
    periods = [room.plan.around(one.period) for one in ahead.taken]
    periods += [one.period for one in ahead.closures]
    ends = [period.days.last + _DAY for period in periods]
    horizon = max([day, room.space.in_service_on, *ends])
    while day <= horizon:
        if ahead.has_room(day):
            return day
        day += _DAY
    return None


# --- free --------------------------------------------------------------------------------


def _check_at_least_one(name: str, number: int) -> None:
    if number < 1:
        raise BadInput(f"--{name} {number} is less than one", advice="Give 1 or more")


def _free_runs(
    room: Occupancy, window: Days, kind: str | None, area: float | None, units: int
) -> Iterator[Days]:
    """The longest runs of free days on which the space is of that kind and area."""

    def is_free(day: date) -> bool:
        facts = room.space.facts_on(day)
        fits = kind in (None, facts.kind) and (area is None or area <= (facts.area_m2 or 0.0))
        return fits and room.is_free_all(day, units)

    for free, run in groupby(window, is_free):
        if free:
            days = list(run)
            yield Days(days[0], days[-1])


def _free_line(room: Occupancy, run: Days) -> FreeLine:
    facts = room.space.facts_on(run.first)
    return FreeLine(
        first=run.first,
        last=run.last,
        days=len(run),
        space=room.space.id,
        site=room.space.site,
        kind=facts.kind,
        area_m2=facts.area_m2,
        holds=tuple(one.id for one in room.holds(run.period(room.space.zone))),
    )


# --- conflicts ---------------------------------------------------------------------------


def _conflicts(room: Occupancy, one: FullBooking, today: date) -> Iterator[ConflictLine]:
    """Everything from today on that a booking cannot go on beside."""

    def line(against: Against, by: str | None, days: Days, why: str | None) -> ConflictLine:
        return ConflictLine(
            booking=one.id,
            space=one.space,
            project=one.project,
            state=one.status,
            against=against,
            by=by,
            first=days.first,
            last=days.last,
            why=why,
        )

    mine = one.period
    for closure in room.closures:
        if closure.period.overlaps(mine) and today <= closure.period.days.last:
            why = f"{closure.kind}: {closure.why}" if closure.why else closure.kind
            yield line("closure", closure.id, _shared(closure.period, mine), why)
    outside = room.out_of_service(mine.days)
    if outside is not None and today <= outside.last:
        gone = room.space.decommissioned_on
        retired = gone is not None and gone <= outside.last
        since = f"retired on {gone}" if retired else f"in service on {room.space.in_service_on}"
        yield line("out of service", None, outside, since)
    if not one.is_firm:
        return
    for other in room.in_the_way(mine, one.units, project=one.project, but=one.id):
        comes_later = (other.placed, other.id) > (one.placed, one.id)
        if comes_later and other.state != "wrapped":
            continue  # of two, the one that came later is told, unless it is over
        if other.period.overlaps(mine):
            yield line("booking", other.id, _shared(other.period, mine), f"{other.status}")
        else:
            yield line("turnaround", other.id, mine.days, f"{other.status} on {other.period}")
    for other in room.taken:
        if other.state == "started" and other.id != one.id and other.period.end <= mine.start:
            late = Days(other.period.days.last, max(today, other.period.days.last))
            still_in = late.period(mine.zone)
            if still_in.overlaps(mine) and not _fits_beside(room, one, other):
                yield line("overrun", other.id, _shared(still_in, mine), "has not wrapped")


def _fits_beside(room: Occupancy, one: FullBooking, other: FullBooking) -> bool:
    capacity = room.space.facts_on(one.period.days.first).capacity
    return one.space == other.space and capacity is not None and one.units + other.units <= capacity


def _shared(one: Period, other: Period) -> Days:
    """The days on which both are."""
    both = Period.between(max(one.start, other.start), min(one.end, other.end), other.zone)
    return both.days


# --- today -------------------------------------------------------------------------------


def _happening(room: Occupancy, one: FullBooking, day: date) -> Iterable[TodayLine]:
    days = one.period.days
    if one.is_held:
        return _owed(room, one, day)
    what: list[Happens] = []
    if one.state == "started" and days.last < day:
        what = ["overrunning"]
    elif one.state == "confirmed" and days.first < day:
        what = ["never started"]
    elif one.is_firm and days.first == day:
        what = ["arriving"]
    if one.is_firm and days.last == day:
        what = [*what, "leaving"]
    return [_today_line(one, each) for each in what]


def _owed(room: Occupancy, hold: FullBooking, day: date) -> Iterator[TodayLine]:
    end = room.whole(day).end
    beside = [other for other in room.holds(hold.period) if other.id != hold.id]
    for answer_by, challenger in standing_challenges(hold, beside)[:1]:
        if answer_by <= end:
            yield _today_line(hold, "answer due", answer_by, challenger)
    if hold.expires_at is not None and hold.expires_at <= end:
        yield _today_line(hold, "expiring", hold.expires_at)


def _today_line(
    one: FullBooking, what: Happens, until: datetime | None = None, by: str | None = None
) -> TodayLine:
    days = one.period.days
    return TodayLine(
        what=what,
        space=one.space,
        booking=one.id,
        project=one.project,
        first=days.first,
        last=days.last,
        until=until,
        by=by,
    )
