"""Spaces: what can be booked, what it is on a day, and when and why it is shut."""

from datetime import date
from typing import Annotated, Any, Literal

from ledger.plugin import (
    Closure,
    Days,
    FloorPlan,
    Projection,
    RecordedEvent,
    Row,
    Site,
    Space,
    Struct,
    key,
    on,
    table,
    view,
)

SpaceState = Literal["in service", "partly closed", "closed", "not yet", "retired"]
ClosureState = Literal["planned", "current", "over", "called off"]

On = Annotated[date | None, "the day asked about (default: today)"]
SiteId = Annotated[str | None, "only this site"]


# --- what is kept ------------------------------------------------------------------------


class SiteRow(Row):
    """A campus."""

    site: str = key()
    it: Site | None = None


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


class SpaceLine(Struct, frozen=True):
    """A space as it is on a day. `until` is the last day of the closure, where it is shut.

    It is shut with its whole, and a whole is shut while a part of it is.
    """

    space: str
    name: str
    site: str
    phase: str | None
    kind: str
    area_m2: float | None
    use: Literal["exclusive", "shared"]
    capacity: int | None
    answer_within_hours: int
    in_service_on: date
    retired_on: date | None
    state: SpaceState
    why: tuple[str, ...]
    until: date | None
    part_of: str | None
    turnaround_hours: int | None


class ClosureLine(Struct, frozen=True):
    """A closure: `first` to `last` are the days that it touches, `period` its exact time."""

    space: str
    closure: str
    kind: str
    state: ClosureState
    first: date
    last: date
    days: int
    period: str
    planned_last: date
    why: str | None


class SiteLine(Struct, frozen=True):
    """A campus, with what is in service there on a day (closed or not).

    `without_area` counts the spaces that `area_m2` leaves out, since none is known of them. The
    area of a space that divides is counted once, without its parts'.
    """

    site: str
    name: str
    local_name: str | None
    place: str | None
    operator: str | None
    zone: str
    answer_within_hours: int
    spaces: int
    area_m2: float
    without_area: int


# --- the projection ----------------------------------------------------------------------


class Spaces(Projection):
    """Sites, their spaces with their facts by date, and closures."""

    version = 1
    known_sites = table(SiteRow)
    known_spaces = table(SpaceRow)
    shut = table(ClosureRow)

    @on(*Site.types())
    def site_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.known_sites.edit(event.site)
        row.it = Site.after(row.it, entry)

    @on(*Space.types())
    def space_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.known_spaces.edit(event.space)
        row.site, row.it = event.site, Space.after(row.it, entry)

    @on(*Closure.types())
    def closure_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.shut.edit(event.space, event.closure)
        row.it = Closure.after(row.it, entry)

    # --- the views -----------------------------------------------------------------------

    @view(
        "What are the spaces, and can they be used on a day?",
        units={
            "area_m2": "m²",
            "answer_within_hours": "h",
            "capacity": "units",
            "turnaround_hours": "h",
        },
        titles={
            "area_m2": "Area",
            "answer_within_hours": "Answer within",
            "turnaround_hours": "Turnaround",
        },
    )
    def spaces(
        self,
        on: On = None,
        site: SiteId = None,
        kind: Annotated[str | None, "only spaces of this kind on that day"] = None,
        state: Annotated[SpaceState | None, "only spaces in this state"] = None,
    ) -> list[SpaceLine]:
        """Every space with its facts of the day, before its first day those of the first."""
        plan = FloorPlan(self._spaces())
        lines = (self._line(space, plan, on) for space in self._spaces(site=site))
        return [
            line
            for line in lines
            if (kind is None or line.kind == kind) and (state is None or line.state == state)
        ]

    def _line(self, space: Space, plan: FloorPlan, on: date | None) -> SpaceLine:
        day = self._day(on, space.zone)
        facts = space.facts_on(day)
        whole = Days(day, day).period(space.zone)
        state: SpaceState = "in service"
        closures: list[Closure] = []
        if day < space.in_service_on:
            state = "not yet"
        elif not space.in_service(day):
            state = "retired"
        else:
            known = (c for one in plan.sharing(space.id) for c in self._closures(one))
            closures = [c for c in known if c.left and c.left.overlaps(whole)]
            if closures:
                state = "closed" if Closure.cover(closures, whole) else "partly closed"
        own, site = facts.answer_within_hours, self.known_sites.get(space.site)
        sites = site.it.answer_within_hours if site is not None and site.it is not None else 0
        return SpaceLine(
            space=space.id,
            name=facts.name,
            site=space.site,
            phase=facts.phase,
            kind=facts.kind,
            area_m2=facts.area_m2,
            use="exclusive" if facts.capacity is None else "shared",
            capacity=facts.capacity,
            answer_within_hours=sites if own is None else own,
            in_service_on=space.in_service_on,
            retired_on=space.decommissioned_on,
            state=state,
            why=tuple(_why(closure) for closure in closures),
            until=max((c.period.days.last for c in closures), default=None),
            part_of=space.part_of,
            turnaround_hours=facts.turnaround_hours,
        )

    @view(
        "When is which space shut, and why?",
        units={"days": "d"},
        titles={"planned_last": "Planned last"},
        spare=("days", "planned_last", "period"),
    )
    def closures(
        self,
        space: Annotated[str | None, "only this space"] = None,
        site: SiteId = None,
        since: Annotated[date | None, "only what is shut on this day or later"] = None,
        until: Annotated[date | None, "only what is shut on this day or before"] = None,
        state: Annotated[ClosureState | None, "only closures in this state"] = None,
    ) -> list[ClosureLine]:
        """Every closure, by space and time; one that was called off keeps its planned days."""
        lines = []
        for known in self._spaces(site=site, space=space):
            today = self._day(None, known.zone)
            for closure in self._closures(known.id):
                line = _closure_line(closure, today)
                if (
                    (since is None or since <= line.last)
                    and (until is None or line.first <= until)
                    and (state is None or line.state == state)
                ):
                    lines.append(line)
        return sorted(lines, key=lambda line: (line.space, line.first, line.period))

    @view(
        "Which sites are there, and how much is in service?",
        units={"area_m2": "m²", "answer_within_hours": "h"},
        titles={"area_m2": "Area", "answer_within_hours": "Answer within"},
    )
    def sites(self, on: On = None) -> list[SiteLine]:
        """Every site with the number and the area of its spaces in service on the day."""
        return [
            SiteLine(
                site=site.id,
                name=site.name,
                local_name=site.local_name,
                place=site.place,
                operator=site.operator,
                zone=site.zone,
                answer_within_hours=site.answer_within_hours,
                spaces=sum(it.in_service(day) for it in self._spaces(site=site.id)),
                area_m2=sum(area for area in areas if area is not None),
                without_area=areas.count(None),
            )
            for row in self.known_sites.rows()
            if (site := row.it) is not None
            for day in (self._day(on, site.zone),)
            for areas in (self._areas_in_service(site, day),)
        ]

    def _areas_in_service(self, site: Site, day: date) -> list[float | None]:
        spaces = [space for space in self._spaces(site=site.id) if space.part_of is None]
        return [space.facts_on(day).area_m2 for space in spaces if space.in_service(day)]

    def _day(self, on: date | None, zone: str) -> date:
        return on or self.today(zone) or date(1970, 1, 1)

    def _spaces(self, **which: str | None) -> list[Space]:
        """Those that began with an event which can be read: a later version may have written it."""
        return [row.it for row in self.known_spaces.rows(**which) if row.it is not None]

    def _closures(self, space: str) -> list[Closure]:
        """The closures of a space, earliest first."""
        found = [row.it for row in self.shut.rows(space=space) if row.it is not None]
        return sorted(found, key=lambda closure: (closure.period.start, closure.id))


def _why(closure: Closure) -> str:
    return f"{closure.kind}: {closure.why}" if closure.why else closure.kind


def _closure_line(closure: Closure, today: date) -> ClosureLine:
    period, days = closure.period, closure.period.days
    state: ClosureState = "current"
    if closure.left is None:
        state = "called off"
    elif today < days.first:
        state = "planned"
    elif days.last < today:
        state = "over"
    return ClosureLine(
        space=closure.space,
        closure=closure.id,
        kind=closure.kind,
        state=state,
        first=days.first,
        last=days.last,
        days=len(days),
        period=str(period),
        planned_last=closure.planned.days.last,
        why=closure.why,
    )
