"""Billing: the working days and hours that each project took, by space and type of day.

A booking counts once it is confirmed and as long as it is not cancelled; after the wrap, for the
time that it used. Its working days are those of `working_days`: a night shoot is one of them.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

from ledger.events import ShootDayReported
from ledger.plugin import (
    FullBooking,
    Projection,
    RecordedEvent,
    Row,
    Site,
    Space,
    Struct,
    key,
    on,
    parse_day_ends,
    table,
    view,
    working_days,
)

ALL = "all"

DayType = Literal["prep", "pre-light", "shoot", "strike", "dark", "hold"]

Since = Annotated[date | None, "first working day (default: the first there is)"]
Until = Annotated[date | None, "last working day, included (default: today)"]
OneProject = Annotated[str | None, "only this project"]
OneSpace = Annotated[str | None, "only this space"]
OneSite = Annotated[str | None, "only spaces of this site"]
OneType = Annotated[DayType | None, "only days of this type"]


# --- what is kept ------------------------------------------------------------------------


class SiteRow(Row):
    """A campus, which says when its day ends."""

    site: str = key()
    it: Site | None = None


class SpaceRow(Row):
    """The site of a space."""

    space: str = key()
    site: str = ""


class Stay(Row):
    """A booking from its hold on."""

    booking: str = key()
    project: str = ""
    it: FullBooking | None = None


# --- what is answered --------------------------------------------------------------------


class BillingLine(Struct, frozen=True):
    """Working days and hours of a project in a space, of one type; `all` where they are summed.

    A day of a space counts once, however many bookings of the project share it. Unit-days are its
    units, the most on a day, for each of the days; unit-hours are the hours of each unit.
    """

    project: str
    space: str
    day_type: str
    days: int
    hours: float
    unit_days: int
    unit_hours: float
    first: date
    last: date


class BillingDay(Struct, frozen=True):
    """A working day of a booking. `times` is its exact time, where it does not take whole days."""

    project: str
    space: str
    day: date
    day_type: str
    booking: str
    hours: float
    units: int
    times: str | None


class _Worked(NamedTuple):
    day: date
    day_type: str
    booking: FullBooking
    hours: float


# --- the projection ----------------------------------------------------------------------


class Billing(Projection):
    """Firm bookings, with the spaces and sites that say how their days are counted."""

    version = 1
    sites = table(SiteRow)
    spaces = table(SpaceRow)
    stays = table(Stay)

    @on(*Site.types())
    def site_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.sites.edit(event.site)
        row.it = Site.after(row.it, entry)

    @on(*Space.types())
    def space_event(self, event: Any, entry: RecordedEvent) -> None:
        self.spaces.edit(event.space).site = event.site

    @on(*(t for t in FullBooking.types() if t is not ShootDayReported))
    def booking_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.stays.edit(event.booking)
        row.it = it = FullBooking.after(row.it, entry)
        row.project = it.project
        if it.is_off:
            self.stays.delete(it.id)

    # --- the views -----------------------------------------------------------------------

    @view(
        "Which days and hours are there to bill, by project, space and type of day?",
        units={"days": "d", "hours": "h", "unit_days": "unit-d", "unit_hours": "unit-h"},
        spare=("unit_days", "unit_hours"),
    )
    def billing(
        self,
        since: Since = None,
        until: Until = None,
        project: OneProject = None,
        space: OneSpace = None,
        site: OneSite = None,
        day_type: OneType = None,
        by: Annotated[
            Literal["project-space-type", "project-space", "project-type", "project", "space"],
            "one row for each of these",
        ] = "project-space-type",
    ) -> list[BillingLine]:
        """Working days: a stay booked by the clock has one for each 24 hours begun, counted for
        the day on which the house's day began, so that 20:00 to 06:00 is one."""
        groups: dict[tuple[str, str, str], list[_Worked]] = {}
        for one in self._worked(since, until, project, space, site, day_type):
            line = (
                one.booking.project if "project" in by else ALL,
                one.booking.space if "space" in by else ALL,
                one.day_type if "type" in by else ALL,
            )
            groups.setdefault(line, []).append(one)
        return [_line(*name, worked) for name, worked in sorted(groups.items())]

    @view("Which working days does a bill count?", units={"hours": "h"}, spare=("times",))
    def billing_days(
        self,
        since: Since = None,
        until: Until = None,
        project: OneProject = None,
        space: OneSpace = None,
        site: OneSite = None,
        day_type: OneType = None,
    ) -> list[BillingDay]:
        """Each working day of each booking, by project, day and space: what `billing` sums."""
        lines = (
            BillingDay(
                project=one.booking.project,
                space=one.booking.space,
                day=one.day,
                day_type=one.day_type,
                booking=one.booking.id,
                hours=one.hours,
                units=one.booking.units,
                times=_times(one.booking),
            )
            for one in self._worked(since, until, project, space, site, day_type)
        )
        return sorted(lines, key=lambda line: (line.project, line.day, line.space, line.booking))

    def _worked(
        self,
        since: date | None,
        until: date | None,
        project: str | None,
        space: str | None,
        site: str | None,
        day_type: str | None,
    ) -> Iterator[_Worked]:
        if since is not None or until is not None:
            self.note(f"{since or 'the first day'} to {until or 'today'}")
        sites = {row.site: row.it for row in self.sites.rows()}
        spaces = {row.space: row for row in self.spaces.rows(space=space, site=site)}
        for stay in self.stays.rows(project=project):
            it = stay.it
            if it is None or it.is_held or it.space not in spaces:
                continue
            house = sites.get(spaces[it.space].site)
            if house is None:
                continue  # its first event cannot be read: a later version wrote it
            last = until or self.today(it.period.zone) or date.min
            for worked in working_days(it.period, parse_day_ends(house.day_ends)):
                type_of_day = it.day_type(max(worked.day, it.period.days.first))
                if (since or date.min) <= worked.day <= last and day_type in (None, type_of_day):
                    yield _Worked(worked.day, type_of_day, it, worked.hours)


def _line(project: str, space: str, day_type: str, worked: list[_Worked]) -> BillingLine:
    units: dict[tuple[str, str, date], int] = {}
    for one in worked:
        day = (one.booking.project, one.booking.space, one.day)
        units[day] = max(units.get(day, 0), one.booking.units)
    return BillingLine(
        project=project,
        space=space,
        day_type=day_type,
        days=len(units),
        hours=_sum(one.hours for one in worked),
        unit_days=sum(units.values()),
        unit_hours=_sum(one.hours * one.booking.units for one in worked),
        first=min(one.day for one in worked),
        last=max(one.day for one in worked),
    )


def _sum(hours: Iterable[float]) -> float:
    return round(sum(hours), 4)


def _times(booking: FullBooking) -> str | None:
    period = booking.period
    return None if period.first is not None else str(period)
