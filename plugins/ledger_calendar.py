"""The calendar: what each space does day by day, and how far ahead it is booked."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    BookingWrapped,
    DayPlan,
    HoldPromoted,
    HoldReleased,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.plugin import (
    Days,
    Moment,
    Period,
    Projection,
    RecordedEvent,
    Row,
    Struct,
    key,
    on,
    table,
    view,
    zone,
)

_DAY = timedelta(days=1)
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)  # every row is written whole: never seen

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)

CALENDAR_DAYS = 28
"""How many days the calendar shows where nobody says until when."""

DayState = Literal["confirmed", "closed", "held", "free", "not in service"]

OneSpace = Annotated[str | None, "only this space"]
OneSite = Annotated[str | None, "only spaces of this site"]
At = Annotated[str | None, "as seen from this time (default: now)"]


# --- what is kept ------------------------------------------------------------------------


class Taken(Row):
    """The time that a booking takes in a space: a hold's, or a firm one's.

    Firm is what was confirmed; once wrapped it has the time that it used.
    """

    space: str = key()
    booking: str = key()
    project: str = ""
    state: Literal["held", "firm", "wrapped"] = "held"
    start: datetime = _UNSET
    end: datetime = _UNSET
    units: int = 1
    plan: tuple[DayPlan, ...] = ()
    rank: int = 0
    expires_at: datetime | None = None

    def touches(self, period: Period) -> bool:
        """Whether it takes any of that time."""
        return self.start < period.end and period.start < self.end

    def lives(self, now: datetime) -> bool:
        """Whether it is no hold that has expired by then."""
        return self.expires_at is None or now < self.expires_at

    def type_of(self, day: date) -> str:
        """What a day is for: a shoot day, unless the plan says otherwise."""
        return next((p.type for p in self.plan if p.first <= day <= p.last), "shoot")


class Space(Row):
    """A space, from its first day in service to the day before `retired_on`."""

    space: str = key()
    site: str = ""
    zone: str = "UTC"
    in_service_on: date | None = None
    retired_on: date | None = None

    def in_service(self, day: date) -> bool:
        """Whether it can be used on that day, closures apart."""
        return (self.in_service_on is not None and self.in_service_on <= day) and (
            self.retired_on is None or day < self.retired_on
        )


class Capacity(Row):
    """How many units a space has from the day `since`; None is exclusive."""

    space: str = key()
    since: date = key()
    capacity: int | None = None


class Closure(Row):
    """What is left of a closure after its reopenings."""

    space: str = key()
    closure: str = key()
    kind: str = ""
    start: datetime = _UNSET
    end: datetime = _UNSET


# --- what is answered --------------------------------------------------------------------


class CalendarDay(Struct, frozen=True):
    """A day of a space. `units` are the most taken at once, of a shared space's capacity."""

    space: str
    day: date
    state: DayState
    bookings: tuple[str, ...]
    projects: tuple[str, ...]
    day_types: tuple[str, ...]
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


# --- the projection ----------------------------------------------------------------------


class Calendar(Projection):
    """The time that holds and firm bookings take, beside what each space offers."""

    version = 1
    taken = table(Taken)
    spaces = table(Space)
    capacities = table(Capacity)
    closures = table(Closure)

    @on(BookingHeld)
    def held(self, event: BookingHeld, entry: RecordedEvent) -> None:
        self._take(event, "held", event.rank, event.expires_at)

    @on(BookingConfirmed)
    def confirmed(self, event: BookingConfirmed, entry: RecordedEvent) -> None:
        self._take(event, "firm")

    @on(BookingRescheduled)
    def rescheduled(self, event: BookingRescheduled, entry: RecordedEvent) -> None:
        if event.was_space != event.space:
            self.taken.delete(event.was_space, event.booking)
        if event.rank is None:
            self._take(event, "firm")
        else:
            self._take(event, "held", event.rank, event.expires_at)

    def _take(
        self,
        event: BookingHeld | BookingConfirmed | BookingRescheduled,
        state: Literal["held", "firm"],
        rank: int = 0,
        expires_at: datetime | None = None,
    ) -> None:
        self.taken.put(
            Taken(
                event.space,
                event.booking,
                event.project,
                state,
                event.period.start,
                event.period.end,
                event.units,
                event.plan,
                rank,
                expires_at,
            )
        )

    @on(HoldPromoted)
    def promoted(self, event: HoldPromoted, entry: RecordedEvent) -> None:
        self.taken.edit(event.space, event.booking).rank = event.rank

    @on(BookingWrapped)
    def wrapped(self, event: BookingWrapped, entry: RecordedEvent) -> None:
        taken = self.taken.edit(event.space, event.booking)
        taken.state = "wrapped"
        taken.start, taken.end = event.period.start, event.period.end

    @on(HoldReleased, BookingCancelled)
    def gone(self, event: HoldReleased | BookingCancelled, entry: RecordedEvent) -> None:
        self.taken.delete(event.space, event.booking)

    @on(SpaceCommissioned)
    def commissioned(self, event: SpaceCommissioned, entry: RecordedEvent) -> None:
        self.spaces.put(Space(event.space, event.site, event.zone, event.in_service_on))
        self.capacities.put(Capacity(event.space, event.in_service_on, event.capacity))

    @on(SpaceChanged)
    def changed(self, event: SpaceChanged, entry: RecordedEvent) -> None:
        self.capacities.put(Capacity(event.space, event.on, event.capacity))

    @on(SpaceDecommissioned)
    def decommissioned(self, event: SpaceDecommissioned, entry: RecordedEvent) -> None:
        self.spaces.edit(event.space).retired_on = event.on

    @on(SpaceClosed)
    def closed(self, event: SpaceClosed, entry: RecordedEvent) -> None:
        period = event.period
        self.closures.put(Closure(event.space, event.closure, event.kind, period.start, period.end))

    @on(SpaceReopened)
    def reopened(self, event: SpaceReopened, entry: RecordedEvent) -> None:
        if event.was.start < event.period.start:
            self.closures.edit(event.space, event.closure).end = event.period.start
        else:
            self.closures.delete(event.space, event.closure)

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
        that closures cover whole is closed; one with a live hold alone is held."""
        lines = []
        for room, now in self._rooms(space, site, at):
            window = _window(since, until, room.day_of(now))
            self.note(f"{window.first} to {window.last}")
            whole = window.period(room.space.zone)
            near = room.within(whole.start, whole.end)
            lines += [_calendar_day(near, day) for day in window]
        return lines

    @view("How far ahead is each space booked?")
    def booked_through(
        self, space: OneSpace = None, site: OneSite = None, at: At = None
    ) -> list[HorizonLine]:
        """Per space, from today on: the last day with a confirmed booking that has not wrapped,
        and the first day after today with room."""
        return [_horizon(room, room.day_of(now)) for room, now in self._rooms(space, site, at)]

    def _rooms(
        self, space: str | None, site: str | None, at: str | None
    ) -> list[tuple["_Room", datetime]]:
        """The spaces, each with the time that is asked about on its clock.

        A hold whose time has run out by then takes nothing, though nobody recorded that.
        """
        asked = None if at is None else Moment.parse(at)
        rooms = []
        for known in self.spaces.rows(site=site, space=space):
            if known.in_service_on is None:
                continue
            now = (self.now or _UNSET) if asked is None else asked.resolve(known.zone)
            room = _Room(
                known,
                [taken for taken in self.taken.rows(space=known.space) if taken.lives(now)],
                self.closures.rows(space=known.space),
                self.capacities.rows(space=known.space),
            )
            rooms.append((room, now))
        return rooms


# --- a space and its time ----------------------------------------------------------------


class _Room:
    """What a space has to offer: the time that is taken, its closures and its units."""

    def __init__(
        self,
        space: Space,
        taken: Iterable[Taken],
        closures: Iterable[Closure],
        capacities: list[Capacity],
    ) -> None:
        self.space = space
        self.taken = sorted(taken, key=lambda one: (one.rank, one.start, one.booking))
        self.closures = sorted(closures, key=lambda one: (one.start, one.closure))
        self._capacities = capacities

    def within(self, start: datetime, end: datetime) -> "_Room":
        """The same, without what lies outside these instants."""
        return _Room(
            self.space,
            [one for one in self.taken if one.start < end and start < one.end],
            [one for one in self.closures if one.start < end and start < one.end],
            self._capacities,
        )

    def firm(self, period: Period) -> list[Taken]:
        """The confirmed bookings that take any of a period, wrapped ones included."""
        return [one for one in self.taken if one.state != "held" and one.touches(period)]

    def capacity(self, day: date) -> int | None:
        """How many units there are on the day, None where the space is exclusive."""
        held = [one for one in self._capacities if one.since <= day] or self._capacities[:1]
        return held[-1].capacity if held else None

    def closed(self, whole: Period) -> bool:
        """Whether closures, one alone or several that meet, leave no moment of a day."""
        reached = whole.start
        for closure in self.closures:
            if closure.start <= reached:
                reached = max(reached, closure.end)
        return reached >= whole.end

    def is_free(self, day: date) -> bool:
        """Whether somebody can still have the day, or a unit of it."""
        whole = self.whole(day)
        if not self.space.in_service(day) or self.closed(whole):
            return False
        firm, capacity = self.firm(whole), self.capacity(day)
        return not firm if capacity is None else _peak(firm, whole) < capacity

    def whole(self, day: date) -> Period:
        """The day on the site's clock."""
        return Days(day, day).period(self.space.zone)

    def day_of(self, instant: datetime) -> date:
        """The day of an instant on the site's clock."""
        return instant.astimezone(zone(self.space.zone)).date()

    def last_day(self, one: Taken | Closure) -> date:
        """The last day that a booking or a closure touches."""
        return Period(one.start, one.end, self.space.zone).days.last


def _peak(taken: list[Taken], whole: Period) -> int:
    """The most units that are taken at one moment of a day."""
    starts = {max(one.start, whole.start) for one in taken}
    return max((sum(t.units for t in taken if t.start <= s < t.end) for s in starts), default=0)


def _calendar_day(room: _Room, day: date) -> CalendarDay:
    whole = room.whole(day)
    near = room.within(whole.start, whole.end)
    shown = near.firm(whole)
    units = _peak(shown, whole)
    state: DayState = "free"
    if not room.space.in_service(day):
        state = "not in service"
    elif shown:
        state = "confirmed"
    elif near.closed(whole):
        state = "closed"
    elif near.taken:
        state, shown = "held", near.taken
    return CalendarDay(
        space=room.space.space,
        day=day,
        state=state,
        bookings=_listed(one.booking for one in shown),
        projects=_listed(one.project for one in shown),
        day_types=_listed(one.type_of(day) for one in shown),
        closures=_listed(one.kind for one in near.closures),
        units=units,
        capacity=room.capacity(day),
    )


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _window(since: date | None, until: date | None, today: date) -> Days:
    if since is None:
        since = today if until is None else min(today, until)
    return Days(since, since + (CALENDAR_DAYS - 1) * _DAY if until is None else until)


def _horizon(room: _Room, today: date) -> HorizonLine:
    live = [one for one in room.taken if one.state == "firm" and today <= room.last_day(one)]
    last = max(live, key=lambda one: (one.end, one.booking), default=None)
    return HorizonLine(
        space=room.space.space,
        on=today,
        booked_through=room.last_day(last) if last else None,
        booking=last.booking if last else None,
        project=last.project if last else None,
        first_free=_first_free(room, today + _DAY),
    )


def _first_free(room: _Room, day: date) -> date | None:
    """The first free day from `day` on; None where the space retires before."""
    ahead = room.within(room.whole(day).start, _NEVER)
    ends = [*map(room.last_day, ahead.taken), *map(room.last_day, ahead.closures)]
    horizon = max([day, room.space.in_service_on or day, *(end + _DAY for end in ends)])
    while day <= horizon:
        if ahead.is_free(day):
            return day
        day += _DAY
    return None
