"""Projects: which there are, their milestones, and how many the studio serviced."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingMerged,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    LedgerOpened,
    ShootDayReported,
)
from ledger.plugin import (
    FullProject,
    Milestone,
    Projection,
    RecordedEvent,
    Row,
    Struct,
    key,
    on,
    table,
    view,
)

ALL = "all"
ProjectState = Literal["active", "closed"]
MilestoneState = Literal["planned", "overdue", "reached"]

OneKind = Annotated[str | None, "only projects of this kind"]
OneProject = Annotated[str | None, "only this project"]


# --- what is kept ------------------------------------------------------------------------


class Origin(Row):
    """The ledger's own zone: in it, the last recorded event falls on a day."""

    ledger: str = key()
    zone: str = "UTC"


class ProjectRow(Row):
    """A project with its milestones."""

    project: str = key()
    kind: str = ""
    it: FullProject | None = None


class Stay(Row):
    """A confirmed booking that was not called off; serviced from the day it moved in."""

    booking: str = key()
    project: str = ""
    serviced_on: date | None = None


class ShootDay(Row):
    """A day that was reported as shot, and in which space."""

    booking: str = key()
    day: date = key()
    project: str = ""
    space: str = ""


# --- what is answered --------------------------------------------------------------------


class ProjectLine(Struct, frozen=True):
    """A project with what the studio did for it.

    `bookings` are confirmed and not called off; a project is serviced from the first day
    on which one of them moved in. A space and day that were shot count once.
    """

    project: str
    title: str
    kind: str
    state: ProjectState
    opened_on: date
    closed_on: date | None
    outcome: str | None
    bookings: int
    serviced_on: date | None
    shoot_days: int
    milestones_planned: int
    milestones_reached: int


class MilestoneLine(Struct, frozen=True):
    """A milestone. `late` is from the day planned to the day reached, early is negative."""

    project: str
    milestone: str
    state: MilestoneState
    first_planned_on: date | None
    planned_on: date | None
    reached_on: date | None
    late: int | None


class CountLine(Struct, frozen=True):
    """Projects of a kind in a year, each column by its own day.

    Opened, first serviced and closed in the year; active at its end, or today where
    the year is not over (None in a year to come); milestones planned for, and reached on, a
    day of the year. The year `all` is all years, active is then today.
    """

    year: str
    kind: str
    opened: int
    serviced: int
    closed: int
    active: int | None
    milestones_planned: int
    milestones_reached: int


class _Days(NamedTuple):
    """The days of one project that a count is made of."""

    project: FullProject
    serviced_on: date | None
    planned: list[date]
    reached: list[date]


# --- the projection ----------------------------------------------------------------------


class Projects(Projection):
    """Projects, the bookings that serviced them, their shoot days and milestones."""

    version = 1
    origins = table(Origin)
    known = table(ProjectRow)
    stays = table(Stay)
    shot = table(ShootDay)

    @on(LedgerOpened)
    def ledger_opened(self, event: LedgerOpened, entry: RecordedEvent) -> None:
        self.origins.edit("").zone = event.zone

    @on(*FullProject.types())
    def project_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.known.edit(event.project)
        row.it = FullProject.after(row.it, entry)
        row.kind = row.it.kind if row.it is not None else ""

    @on(BookingConfirmed)
    def confirmed(self, event: BookingConfirmed, entry: RecordedEvent) -> None:
        self.stays.edit(event.booking).project = event.project

    @on(BookingRescheduled)
    def rescheduled(self, event: BookingRescheduled, entry: RecordedEvent) -> None:
        if event.rank is None:  # another project may have it now
            self.stays.edit(event.booking).project = event.project

    @on(BookingStarted)
    def started(self, event: BookingStarted, entry: RecordedEvent) -> None:
        self.stays.edit(event.booking).serviced_on = event.on

    @on(BookingWrapped)
    def wrapped(self, event: BookingWrapped, entry: RecordedEvent) -> None:
        stay = self.stays.edit(event.booking)
        if stay.serviced_on is None:  # its start was not recorded
            stay.serviced_on = event.period.days.first

    @on(BookingCancelled, BookingMerged)
    def cancelled(self, event: BookingCancelled | BookingMerged, entry: RecordedEvent) -> None:
        self.stays.delete(event.booking)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        # a corrected report names the same booking and day, and takes the row's place
        day = self.shot.edit(event.booking, event.day)
        day.project, day.space = event.project, event.space

    # --- the views -----------------------------------------------------------------------

    @view("Which projects are there, and what was done for them?", units={"shoot_days": "d"})
    def projects(
        self,
        project: OneProject = None,
        kind: OneKind = None,
        state: Annotated[ProjectState | None, "only projects in this state"] = None,
        serviced: Annotated[bool | None, "only projects (not) serviced yet"] = None,
    ) -> list[ProjectLine]:
        """Every project by the day it was opened."""
        stays = _grouped(self.stays.rows(project=project))
        shot = _grouped(self.shot.rows(project=project))
        lines = [
            _project_line(one, stays.get(one.id, []), shot.get(one.id, []))
            for one in self._projects(project=project, kind=kind)
        ]
        return sorted(
            (
                line
                for line in lines
                if state in (None, line.state) and serviced in (None, line.serviced_on is not None)
            ),
            key=lambda line: (line.opened_on, line.project),
        )

    @view("Which milestones are planned, reached, late?", units={"late": "d"})
    def milestones(
        self,
        project: OneProject = None,
        state: Annotated[MilestoneState | None, "only milestones in this state"] = None,
        on: Annotated[date | None, "overdue or not on this day (default: today)"] = None,
    ) -> list[MilestoneLine]:
        """The milestones of each project by day: reached, or else planned. Overdue is what
        was planned for a day before that, and was not reached."""
        today = on or self._today()
        lines = [
            _milestone_line(one.id, stone, today)
            for one in self._projects(project=project)
            for stone in one.milestones
            if stone.stands
        ]
        return sorted(
            (line for line in lines if state in (None, line.state)),
            key=lambda line: (
                line.project,
                line.reached_on or line.planned_on or date.max,
                line.milestone,
            ),
        )

    @view("How many projects were opened, serviced, closed, by kind and year?")
    def project_counts(
        self,
        kind: OneKind = None,
        year: Annotated[int | None, "only this year"] = None,
        by: Annotated[
            Literal["year-and-kind", "year", "kind"], "one row for each of these"
        ] = "year-and-kind",
    ) -> list[CountLine]:
        """A row for each year and kind in which there was a project to count."""
        counted, today = self._counted(kind), self._today()
        if by == "kind":
            spans = [(str(year or ALL), *_span(counted, year, today))]
        else:
            first, last = _span(counted, year, today)
            years = range(first.year, last.year + 1)
            spans = [(str(one), date(one, 1, 1), date(one, 12, 31)) for one in years]
        kinds = [kind or ALL] if by == "year" else sorted({one.project.kind for one in counted})
        lines = [_count(counted, span, one_kind, today) for span in spans for one_kind in kinds]
        return [line for line in lines if _counts_something(line)]

    @view("How many projects were opened, serviced, closed in all?")
    def project_total(self, kind: OneKind = None) -> list[CountLine]:
        """One row over all years, up to today."""
        counted, today = self._counted(kind), self._today()
        return [_count(counted, (ALL, *_span(counted, None, today)), kind or ALL, today)]

    # --- inside --------------------------------------------------------------------------

    def _today(self) -> date:
        origin = self.origins.get("")
        # before the first event nothing is counted
        return self.today(origin.zone if origin else "UTC") or date(1970, 1, 1)

    def _projects(self, **which: str | None) -> list[FullProject]:
        return [row.it for row in self.known.rows(**which) if row.it is not None]

    def _counted(self, kind: str | None) -> list[_Days]:
        stays = _grouped(self.stays.rows())
        return [
            _Days(
                project,
                _serviced_on(stays.get(project.id, [])),
                [s.planned_on for s in project.milestones if s.planned_on],
                [s.reached_on for s in project.milestones if s.reached_on],
            )
            for project in self._projects(kind=kind)
        ]


P = TypeVar("P", Stay, ShootDay)


def _grouped(rows: list[P]) -> dict[str, list[P]]:
    groups: dict[str, list[P]] = {}
    for row in rows:
        groups.setdefault(row.project, []).append(row)
    return groups


def _serviced_on(stays: list[Stay]) -> date | None:
    """The first day on which a booking of the project moved in."""
    return min((stay.serviced_on for stay in stays if stay.serviced_on), default=None)


def _project_line(project: FullProject, stays: list[Stay], shot: list[ShootDay]) -> ProjectLine:
    return ProjectLine(
        project=project.id,
        title=project.title,
        kind=project.kind,
        state="active" if project.closed_on is None else "closed",
        opened_on=project.opened_on,
        closed_on=project.closed_on,
        outcome=project.outcome,
        bookings=len(stays),
        serviced_on=_serviced_on(stays),
        shoot_days=len({(report.space, report.day) for report in shot}),
        milestones_planned=sum(stone.planned_on is not None for stone in project.milestones),
        milestones_reached=sum(stone.reached_on is not None for stone in project.milestones),
    )


def _milestone_line(project: str, stone: Milestone, today: date) -> MilestoneLine:
    state: MilestoneState = "reached"
    if stone.reached_on is None:
        late = stone.planned_on is not None and stone.planned_on < today
        state = "overdue" if late else "planned"
    return MilestoneLine(
        project=project,
        milestone=stone.name,
        state=state,
        first_planned_on=stone.first_planned_on,
        planned_on=stone.planned_on,
        reached_on=stone.reached_on,
        late=(stone.reached_on - stone.planned_on).days
        if stone.reached_on and stone.planned_on
        else None,
    )


def _span(counted: list[_Days], year: int | None, today: date) -> tuple[date, date]:
    """The first and last day of the years to count: every year with a date, and today's."""
    if year is not None:
        return date(year, 1, 1), date(year, 12, 31)
    days = [today]
    for one in counted:
        dates = (one.project.opened_on, one.project.closed_on, one.serviced_on)
        days += [day for day in (*dates, *one.planned, *one.reached) if day is not None]
    return date(min(days).year, 1, 1), date(max(days).year, 12, 31)


def _count(counted: list[_Days], span: tuple[str, date, date], kind: str, today: date) -> CountLine:
    name, first, last = span
    until = min(last, today)
    ours = [one for one in counted if kind in (ALL, one.project.kind)]

    def within(days: Iterable[date | None]) -> int:
        return sum(day is not None and first <= day <= last for day in days)

    return CountLine(
        year=name,
        kind=kind,
        opened=within(one.project.opened_on for one in ours),
        serviced=within(one.serviced_on for one in ours),
        closed=within(one.project.closed_on for one in ours),
        active=sum(one.project.is_active(until) for one in ours) if first <= until else None,
        milestones_planned=within(day for one in ours for day in one.planned),
        milestones_reached=within(day for one in ours for day in one.reached),
    )


def _counts_something(line: CountLine) -> bool:
    numbers = (line.opened, line.serviced, line.closed, line.active)
    return any((*numbers, line.milestones_planned, line.milestones_reached))
