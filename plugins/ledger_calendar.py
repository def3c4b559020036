"""The calendar: what each space does day by day, and how far ahead it is booked."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from ledger.events import BookingRescheduled, ShootDayReported
from ledger.plugin import (
    Closure,
    Days,
    FullBooking,
    Moment,
    Period,
    Projection,
    RecordedEvent,
    Row,
    Space,
    Struct,
    key,
    on,
    table,
    view,
    zone,
)

_DAY = timedelta(days=1)
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)

CALENDAR_DAYS = 28
"""Days that the calendar shows without `--until`."""

DayState = Literal["confirmed", "closed", "held", "free", "not in service"]

OneSpace = Annotated[str | None, "only this space"]
OneSite = Annotated[str | None, "only spaces of this site"]
At = Annotated[str | None, "as seen from this time (default: now)"]


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
        that closures cover whole is closed; one with a live hold alone is held."""
        lines = []
        for room, now in self._rooms(space, site, at):
            window = _window(since, until, room.day_of(now))
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

    def _rooms(
        self, space: str | None, site: str | None, at: str | None
    ) -> list[tuple["_Room", datetime]]:
        """The spaces, each with the time that is asked about on its clock.

        A hold that has expired by then takes nothing, even if no event says so.
        """
        asked = None if at is None else Moment.parse(at)
        rooms = []
        for known in self.spaces.rows(site=site, space=space):
            if known.it is None:
                continue  # its first event cannot be read: a later version wrote it
            now = (self.now or _UNSET) if asked is None else asked.resolve(known.it.zone)
            taken = (row.it for row in self.taken.rows(space=known.space))
            closures = (row.it for row in self.closures.rows(space=known.space))
            room = _Room(
                known.it,
                (one for one in taken if one is not None and not one.is_expired(now)),
                (one for one in closures if one is not None and one.left is not None),
            )
            rooms.append((room, now))
        return rooms


# --- a space and its time ----------------------------------------------------------------


class _Room:
    """The time that is taken in a space, and its closures."""

    def __init__(
        self,
        space: Space,
        taken: Iterable[FullBooking],
        closures: Iterable[Closure],
    ) -> None:
        self.space = space
        self.taken = sorted(taken, key=lambda one: (one.rank or 0, one.period.start, one.id))
        self.closures = sorted(closures, key=lambda one: (one.period.start, one.id))

    def within(self, period: Period) -> "_Room":
        """The same, without what lies outside a period."""
        return _Room(
            self.space,
            [one for one in self.taken if one.period.overlaps(period)],
            [one for one in self.closures if one.period.overlaps(period)],
        )

    def firm(self, period: Period) -> list[FullBooking]:
        """The confirmed bookings that take any of a period, wrapped ones included."""
        return [one for one in self.taken if not one.is_held and one.period.overlaps(period)]

    def is_free(self, day: date) -> bool:
        """Whether the day, or a unit of it, is still available."""
        whole = self.whole(day)
        if not self.space.in_service(day) or Closure.cover(self.closures, whole):
            return False
        firm, capacity = self.firm(whole), self.space.facts_on(day).capacity
        return not firm if capacity is None else _peak(firm, whole) < capacity

    def whole(self, day: date) -> Period:
        """The day on the site's clock."""
        return Days(day, day).period(self.space.zone)

    def day_of(self, instant: datetime) -> date:
        """The day of an instant on the site's clock."""
        return instant.astimezone(zone(self.space.zone)).date()


def _peak(taken: list[FullBooking], whole: Period) -> int:
    """The most units that are taken at one moment of a day."""
    periods = [(one.period, one.units) for one in taken]
    starts = {max(period.start, whole.start) for period, _ in periods}
    return max((sum(n for p, n in periods if p.start <= s < p.end) for s in starts), default=0)


def _calendar_day(room: _Room, day: date) -> CalendarDay:
    whole = room.whole(day)
    near = room.within(whole)
    shown = near.firm(whole)
    units = _peak(shown, whole)
    state: DayState = "free"
    if not room.space.in_service(day):
        state = "not in service"
    elif shown:
        state = "confirmed"
    elif Closure.cover(near.closures, whole):
        state = "closed"
    elif near.taken:
        state, shown = "held", near.taken
    return CalendarDay(
        space=room.space.id,
        day=day,
        state=state,
        bookings=_listed(one.id for one in shown),
        projects=_listed(one.project for one in shown),
        day_types=_listed(one.day_type(day) for one in shown),
        closures=_listed(one.kind for one in near.closures),
        units=units,
        capacity=room.space.facts_on(day).capacity,
    )


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _window(since: date | None, until: date | None, today: date) -> Days:
    if since is None:
        since = today if until is None else min(today, until)
    return Days(since, since + (CALENDAR_DAYS - 1) * _DAY if until is None else until)


def _horizon(room: _Room, today: date) -> HorizonLine:
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


def _first_free(room: _Room, day: date) -> date | None:
    """The first free day from `day` on; None where the space retires before."""
    ahead = room.within(Period(room.whole(day).start, _NEVER, room.space.zone))
    periods = [one.period for one in ahead.taken] + [one.period for one in ahead.closures]
    ends = [period.days.last + _DAY for period in periods]
    horizon = max([day, room.space.in_service_on, *ends])
    while day <= horizon:
        if ahead.is_free(day):
            return day
        day += _DAY
    return None
