"""Spaces: what can be booked, what it is on a day, and when and why it is shut."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from ledger.events import (
    SiteRegistered,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.plugin import Days, Period, Projection, RecordedEvent, Row, Struct, key, on, table, view

_DAY = timedelta(days=1)
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)  # every row is written whole: never seen

SpaceState = Literal["in service", "partly closed", "closed", "not yet", "retired"]
ClosureState = Literal["planned", "current", "over", "called off"]

On = Annotated[date | None, "the day asked about (default: today)"]
SiteId = Annotated[str | None, "only this site"]


# --- what is kept ------------------------------------------------------------------------


class Site(Row):
    """A campus."""

    site: str = key()
    name: str = ""
    local_name: str | None = None
    zone: str = "UTC"
    place: str | None = None
    operator: str | None = None
    answer_within_hours: int = 0


class Space(Row):
    """A space, from its first day in service to the day before `retired_on`."""

    space: str = key()
    site: str = ""
    zone: str = "UTC"
    in_service_on: date | None = None
    retired_on: date | None = None


class Facts(Row):
    """What a space is from the day `since` until its next facts. No capacity: exclusive."""

    space: str = key()
    since: date = key()
    name: str = ""
    kind: str = ""
    area_m2: float = 0.0
    capacity: int | None = None
    answer_within_hours: int | None = None
    phase: str | None = None


class Closure(Row):
    """A closure as it stands, `end` after its reopenings; `planned_end` as it was made."""

    space: str = key()
    closure: str = key()
    kind: str = ""
    start: datetime = _UNSET
    end: datetime = _UNSET
    planned_end: datetime = _UNSET
    called_off: bool = False
    why: str | None = None

    def period(self, zone: str) -> Period:
        """When it is closed; of one that was called off, when it was to be."""
        return Period(self.start, self.planned_end if self.called_off else self.end, zone)


# --- what is answered --------------------------------------------------------------------


class SpaceLine(Struct, frozen=True):
    """A space as it is on a day. `until` is the last day of the closure, where it is shut."""

    space: str
    name: str
    site: str
    phase: str | None
    kind: str
    area_m2: float
    use: Literal["exclusive", "shared"]
    capacity: int | None
    answer_within_hours: int
    in_service_on: date
    retired_on: date | None
    state: SpaceState
    why: tuple[str, ...]
    until: date | None


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
    """A campus, with what is in service there on a day (closed or not)."""

    site: str
    name: str
    local_name: str | None
    place: str | None
    operator: str | None
    zone: str
    answer_within_hours: int
    spaces: int
    area_m2: float


# --- the projection ----------------------------------------------------------------------


class Spaces(Projection):
    """Sites, their spaces with their facts by date, and closures."""

    version = 1
    known_sites = table(Site)
    known_spaces = table(Space)
    facts = table(Facts)
    shut = table(Closure)

    @on(SiteRegistered)
    def registered(self, event: SiteRegistered, entry: RecordedEvent) -> None:
        self.known_sites.put(
            Site(
                event.site,
                event.name,
                event.local_name,
                event.zone,
                event.place,
                event.operator,
                event.answer_within_hours,
            )
        )

    @on(SpaceCommissioned)
    def commissioned(self, event: SpaceCommissioned, entry: RecordedEvent) -> None:
        self.known_spaces.put(Space(event.space, event.site, event.zone, event.in_service_on))
        self._hold(event, event.in_service_on)

    @on(SpaceChanged)
    def changed(self, event: SpaceChanged, entry: RecordedEvent) -> None:
        self._hold(event, event.on)

    def _hold(self, event: SpaceCommissioned | SpaceChanged, since: date) -> None:
        self.facts.put(
            Facts(
                event.space,
                since,
                event.name,
                event.kind,
                event.area_m2,
                event.capacity,
                event.answer_within_hours,
                event.phase,
            )
        )

    @on(SpaceDecommissioned)
    def decommissioned(self, event: SpaceDecommissioned, entry: RecordedEvent) -> None:
        self.known_spaces.edit(event.space).retired_on = event.on

    @on(SpaceClosed)
    def closed(self, event: SpaceClosed, entry: RecordedEvent) -> None:
        start, end = event.period.start, event.period.end
        self.shut.put(
            Closure(event.space, event.closure, event.kind, start, end, end, why=entry.reason)
        )

    @on(SpaceReopened)
    def reopened(self, event: SpaceReopened, entry: RecordedEvent) -> None:
        closure = self.shut.edit(event.space, event.closure)
        if event.was.start < event.period.start:
            closure.end = event.period.start
        else:
            closure.called_off = True

    # --- the views -----------------------------------------------------------------------

    @view(
        "What are the spaces, and can they be used on a day?",
        units={"area_m2": "m²", "answer_within_hours": "h", "capacity": "units"},
        titles={"area_m2": "Area", "answer_within_hours": "Answer within"},
    )
    def spaces(
        self,
        on: On = None,
        site: SiteId = None,
        kind: Annotated[str | None, "only spaces of this kind on that day"] = None,
        state: Annotated[SpaceState | None, "only spaces in this state"] = None,
    ) -> list[SpaceLine]:
        """Every space with its facts of the day, before its first day those of the first."""
        lines = (self._line(space, on) for space in self.known_spaces.rows(site=site))
        return [
            line
            for line in lines
            if line is not None
            and (kind is None or line.kind == kind)
            and (state is None or line.state == state)
        ]

    def _line(self, space: Space, on: date | None) -> SpaceLine | None:
        day = self._day(on, space.zone)
        facts = self._facts_on(space.space, day)
        if facts is None or space.in_service_on is None:
            return None  # its first event cannot be read (a later version wrote it)
        state: SpaceState = "in service"
        closures: list[Closure] = []
        if day < space.in_service_on:
            state = "not yet"
        elif space.retired_on is not None and space.retired_on <= day:
            state = "retired"
        else:
            closures = self._closures_on(space, day)
            if closures:
                state = "closed" if _cover(closures, day, space.zone) else "partly closed"
        site = self.known_sites.get(space.site)
        own = facts.answer_within_hours
        return SpaceLine(
            space=space.space,
            name=facts.name,
            site=space.site,
            phase=facts.phase,
            kind=facts.kind,
            area_m2=facts.area_m2,
            use="exclusive" if facts.capacity is None else "shared",
            capacity=facts.capacity,
            answer_within_hours=(site.answer_within_hours if site else 0) if own is None else own,
            in_service_on=space.in_service_on,
            retired_on=space.retired_on,
            state=state,
            why=tuple(_why(closure) for closure in closures),
            until=max((c.period(space.zone).days.last for c in closures), default=None),
        )

    @view(
        "When is which space shut, and why?",
        units={"days": "d"},
        titles={"planned_last": "Planned last"},
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
        for known in self.known_spaces.rows(site=site, space=space):
            today = self._day(None, known.zone)
            for closure in self.shut.rows(space=known.space):
                line = _closure_line(closure, known.zone, today)
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
                site=site.site,
                name=site.name,
                local_name=site.local_name,
                place=site.place,
                operator=site.operator,
                zone=site.zone,
                answer_within_hours=site.answer_within_hours,
                spaces=len(areas),
                area_m2=sum(areas),
            )
            for site in self.known_sites.rows()
            for areas in (self._areas_in_service(site, self._day(on, site.zone)),)
        ]

    def _areas_in_service(self, site: Site, day: date) -> list[float]:
        areas = []
        for space in self.known_spaces.rows(site=site.site):
            facts = self._facts_on(space.space, day)
            first, gone = space.in_service_on, space.retired_on
            if facts and first and first <= day and (gone is None or day < gone):
                areas.append(facts.area_m2)
        return areas

    def _day(self, on: date | None, zone: str) -> date:
        return on or self.today(zone) or _UNSET.date()

    def _facts_on(self, space: str, day: date) -> Facts | None:
        facts = self.facts.rows(space=space)
        held = [f for f in facts if f.since <= day]
        return held[-1] if held else next(iter(facts), None)

    def _closures_on(self, space: Space, day: date) -> list[Closure]:
        """The closures that touch the day, earliest first."""
        whole = Days(day, day).period(space.zone)
        touching = (
            closure
            for closure in self.shut.rows(space=space.space)
            if not closure.called_off and closure.period(space.zone).overlaps(whole)
        )
        return sorted(touching, key=lambda closure: (closure.start, closure.closure))


def _cover(closures: list[Closure], day: date, zone: str) -> bool:
    """Whether the closures, in order of their start, leave no moment of the day."""
    whole = Days(day, day).period(zone)
    reached = whole.start
    for closure in closures:
        if closure.start <= reached:
            reached = max(reached, closure.end)
    return reached >= whole.end


def _why(closure: Closure) -> str:
    return f"{closure.kind}: {closure.why}" if closure.why else closure.kind


def _closure_line(closure: Closure, zone: str, today: date) -> ClosureLine:
    period = closure.period(zone)
    days = period.days
    state: ClosureState = "current"
    if closure.called_off:
        state = "called off"
    elif today < days.first:
        state = "planned"
    elif days.last < today:
        state = "over"
    return ClosureLine(
        space=closure.space,
        closure=closure.closure,
        kind=closure.kind,
        state=state,
        first=days.first,
        last=days.last,
        days=len(days),
        period=str(period),
        planned_last=Period(closure.start, closure.planned_end, zone).days.last,
        why=closure.why,
    )
