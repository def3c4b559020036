"""Projects: from opening, through the milestones that they plan and reach, to closing."""

from datetime import date

from ledger.decisions.base import Context, Decision, check_unused
from ledger.decisions.past_tense import ANYWHERE_ON_EARTH, check_begun
from ledger.decisions.project_refusals import (
    AlreadyReached,
    BeforeItOpened,
    NotPlanned,
    ProjectHasBookings,
    ReachedElsewhere,
)
from ledger.entities.bookings import TURNING_POINTS, Booking
from ledger.entities.projects import MILESTONES, Milestone, Project, milestones_after
from ledger.errors import (
    NothingChanges,
    ProjectIsClosed,
    UnknownId,
)
from ledger.events.projects import (
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    Outcome,
    ProjectClosed,
    ProjectKind,
    ProjectOpened,
)
from ledger.tags import check_id, check_text, tag
from ledger.time.periods import check_day

# --- what is known of a project ------------------------------------------------------


def read_project(ctx: Context, project_id: str) -> Project:
    """Return the project, open or closed. Raises `UnknownId`."""
    entries = ctx.read(tag("project", project_id), ProjectOpened, ProjectClosed)
    if not entries:
        raise UnknownId("project", project_id)
    return Project.fold(entries)


def read_open_project(ctx: Context, project_id: str) -> Project:
    """Return the project, which must be open. Raises `UnknownId`, `ProjectIsClosed`."""
    project = read_project(ctx, project_id)
    if project.closed is not None:
        raise ProjectIsClosed(project_id, position=project.closed)
    return project


def read_milestones(ctx: Context, project_id: str) -> dict[str, Milestone]:
    """Return the milestones that a project plans or has reached, by name.

    Reads the project's few milestones and none of its bookings.
    """
    found: tuple[Milestone, ...] = ()
    for entry in ctx.read(tag("project", project_id), *MILESTONES):
        found = milestones_after(found, entry)
    return {one.name: one for one in found if one.stands}


# --- commands ------------------------------------------------------------------------


class OpenProject(Decision, frozen=True, tag="project open"):
    """Open a project that the studio works for. `title` may be in any script."""

    project: str
    title: str
    kind: ProjectKind
    on: date

    def decide(self, ctx: Context) -> None:
        """Record `ProjectOpened`. Raises `AlreadyExists`, `DayToCome`."""
        check_id("project", self.project)
        title = check_text("title", self.title)
        _check_past(ctx, f"project {self.project!r} cannot have opened", self.on)
        check_unused(ctx, "project", self.project, ProjectOpened)
        ctx.record(ProjectOpened(project=self.project, title=title, kind=self.kind, on=self.on))


class PlanMilestone(Decision, frozen=True, tag="project plan"):
    """Plan a milestone for a day; planning it again moves it.

    A closed project may still plan and reach milestones: a release or an award comes long
    after the studio's own work is over.
    """

    project: str
    milestone: str
    on: date

    def decide(self, ctx: Context) -> None:
        """Record `MilestonePlanned`. Raises `UnknownId`, `AlreadyReached`, `NothingChanges`."""
        check_id("milestone", self.milestone)
        check_day(self.on)
        read_project(ctx, self.project)
        known = read_milestones(ctx, self.project).get(self.milestone)
        if known is not None and known.reached_on is not None and known.reached is not None:
            raise AlreadyReached(self.milestone, known.reached_on, position=known.reached)
        if known is not None and known.planned_on == self.on and known.planned is not None:
            raise NothingChanges(
                f"milestone {self.milestone!r} is already planned for {self.on}",
                position=known.planned,
            )
        ctx.record(MilestonePlanned(project=self.project, milestone=self.milestone, on=self.on))


class ReachMilestone(Decision, frozen=True, tag="project reach"):
    """Report that a milestone was reached, planned or not.

    `corrects` is the position of an earlier report, with another day.
    """

    project: str
    milestone: str
    on: date
    corrects: int | None = None

    def decide(self, ctx: Context) -> None:
        """Record `MilestoneReached`.

        Raises `UnknownId`, `DayToCome`, `AlreadyReached`, `ReachedElsewhere`,
        `NothingChanges`.
        """
        check_id("milestone", self.milestone)
        _check_past(ctx, f"milestone {self.milestone!r} cannot be reached", self.on)
        read_project(ctx, self.project)
        known = read_milestones(ctx, self.project).get(self.milestone)
        if self.corrects is not None:
            stands = None if known is None else known.reached
            if self.corrects != stands:
                raise ReachedElsewhere(self.milestone, named=self.corrects, position=stands)
        if known is not None and known.reached_on is not None and known.reached is not None:
            if known.reached_on == self.on:
                raise NothingChanges(
                    f"milestone {self.milestone!r} was already reached on {self.on}",
                    position=known.reached,
                )
            if self.corrects is None:
                raise AlreadyReached(self.milestone, known.reached_on, position=known.reached)
        ctx.record(
            MilestoneReached(project=self.project, milestone=self.milestone, on=self.on),
            corrects=self.corrects,
        )


class WithdrawMilestone(Decision, frozen=True, tag="project withdraw"):
    """Withdraw a planned milestone, or one that was reported but not reached."""

    project: str
    milestone: str

    def decide(self, ctx: Context) -> None:
        """Record `MilestoneWithdrawn`. Raises `UnknownId`, `NotPlanned`."""
        read_project(ctx, self.project)
        milestones = read_milestones(ctx, self.project)
        known = milestones.get(self.milestone)
        if known is None:
            raise NotPlanned(self.project, self.milestone, known=tuple(milestones))
        ctx.record(
            MilestoneWithdrawn(project=self.project, milestone=self.milestone),
            corrects=known.reached,
        )


class CloseProject(Decision, frozen=True, tag="project close"):
    """Close a project: the studio's work for it ended on a day, with an outcome."""

    project: str
    on: date
    outcome: Outcome

    def decide(self, ctx: Context) -> None:
        """Record `ProjectClosed`.

        Raises `ProjectIsClosed`, `BeforeItOpened`, `DayToCome`, and `ProjectHasBookings`
        while anything is held, confirmed or running for it.
        """
        _check_past(ctx, f"project {self.project!r} cannot have closed", self.on)
        project = read_open_project(ctx, self.project)
        if self.on < project.opened_on:
            raise BeforeItOpened(
                project.id, self.on, opened_on=project.opened_on, position=project.position
            )
        live = live_bookings(ctx, self.project)
        if live:
            raise ProjectHasBookings(
                project.id,
                booking=live[0].id,
                state=live[0].state,
                more=len(live) - 1,
                position=live[0].newest,
            )
        ctx.record(ProjectClosed(project=project.id, on=self.on, outcome=self.outcome))


def live_bookings(ctx: Context, project_id: str) -> list[Booking]:
    """Return a project's held, confirmed and running bookings, in the order of their holds.

    Reads the turning points of the project's own bookings: no other project's, and none of
    its shoot days. A hold that has expired is over, released or not.
    """
    found: dict[str, Booking] = {}
    for entry in ctx.read(tag("project", project_id), *TURNING_POINTS):
        for id in Booking.ids(entry.event):
            found[id] = Booking.after(found.get(id), entry)
    return [
        booking
        for booking in found.values()
        if booking.is_firm or (booking.is_held and not booking.is_expired(ctx.now))
    ]


def _check_past(ctx: Context, what: str, on: date) -> None:
    """Check that the day has begun somewhere on earth: a project has no zone.

    Raises `DayToCome`.
    """
    check_begun(ctx, what, on, zone_name=ANYWHERE_ON_EARTH)
