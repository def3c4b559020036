"""Bookings: the list of them, the queue of holds, and what the shoot days did."""

from datetime import date, datetime
from itertools import chain
from typing import Annotated, Any, Literal

from ledger.events import ShootDayReported
from ledger.plugin import (
    Days,
    FloorPlan,
    FullBooking,
    Moment,
    Occupancy,
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

BookingState = Literal[
    "held",
    "confirmed",
    "started",
    "wrapped",
    "cancelled",
    "released",
    "expired",
    "passed",
    "lapsed",
    "merged",
    "overrunning",
    "never started",
]
"""The last two are firm bookings whose days are over, seen from the time that is asked about."""

OneSpace = Annotated[str | None, "only this space"]
OneJob = Annotated[str | None, "only bookings of this job"]
OneProject = Annotated[str | None, "only this project"]
At = Annotated[Moment | None, "as deadlines stand at this time (default: now)"]


# --- what is kept ------------------------------------------------------------------------


class BookingRow(Row):
    """A booking from its hold to its end."""

    booking: str = key()
    space: str = ""
    project: str = ""
    state: str = ""
    it: FullBooking | None = None
    job: str | None = None


class SpaceRow(Row):
    """A space, with its facts by date."""

    space: str = key()
    it: Space | None = None


class ShootDay(Row):
    """The plan and the result of a shooting day. Pages count in eighths."""

    booking: str = key()
    day: date = key()
    space: str = ""
    project: str = ""
    setups_planned: int = 0
    setups_shot: int = 0
    pages_planned_eighths: int = 0
    pages_shot_eighths: int = 0
    shooting_hours: float = 0.0
    corrected: bool = False


# --- what is answered --------------------------------------------------------------------


class BookingLine(Struct, frozen=True):
    """A booking. `times` is its exact time, where it does not take whole days; `job` joins it with
    others."""

    booking: str
    space: str
    project: str
    state: BookingState
    rank: int | None
    first: date
    last: date
    days: int
    times: str | None
    units: int
    job: str | None
    expires_at: datetime | None


class HoldLine(Struct, frozen=True):
    """A live hold. `before` are the live holds that it waits for, best rank first, and `behind`
    the firm bookings beside which it cannot be confirmed.

    `challenged_by` are the holds that pressed it, `answer_by` the earliest of their
    deadlines; `challenge` says whether that is still open or has lapsed.
    """

    space: str
    first: date
    last: date
    rank: int
    booking: str
    project: str
    before: tuple[str, ...]
    behind: tuple[str, ...]
    expires_at: datetime | None
    challenged_by: tuple[str, ...]
    answer_by: datetime | None
    challenge: Literal["open", "lapsed"] | None


# --- the projection ----------------------------------------------------------------------


class Bookings(Projection):
    """Every booking with its state, the challenges between holds, the reported shoot days."""

    version = 1
    booked = table(BookingRow)
    spaces = table(SpaceRow)
    reports = table(ShootDay)

    @on(*(t for t in FullBooking.types() if t is not ShootDayReported))
    def booking_event(self, event: Any, entry: RecordedEvent) -> None:
        for id in FullBooking.ids(event):
            row = self.booked.edit(id)
            if row.it is not None or id == event.booking:
                row.it = it = FullBooking.after(row.it, entry)
                row.space, row.project, row.state = it.space, it.project, it.status
                row.job = it.job

    @on(*Space.types())
    def space_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.spaces.edit(event.space)
        row.it = Space.after(row.it, entry)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        # a corrected report names the same booking and day, and takes the row's place
        self.reports.put(
            ShootDay(
                event.booking,
                event.day,
                event.space,
                event.project,
                event.setups_planned,
                event.setups_shot,
                event.pages_planned_eighths,
                event.pages_shot_eighths,
                event.shooting_hours,
                entry.corrects is not None,
            )
        )

    # --- the views -----------------------------------------------------------------------

    @view(
        "Which bookings are there?", units={"days": "d"}, spare=("rank", "days", "units", "times")
    )
    def bookings(
        self,
        space: OneSpace = None,
        project: OneProject = None,
        state: Annotated[list[BookingState] | None, "only bookings in this state"] = None,
        since: Annotated[date | None, "only bookings that touch this day or a later one"] = None,
        until: Annotated[date | None, "only bookings that touch this day or an earlier one"] = None,
        on: Annotated[date | None, "only bookings that touch this day"] = None,
        job: OneJob = None,
        at: At = None,
    ) -> list[BookingLine]:
        """Every booking, also those that came to nothing, by first day, space and id."""
        first = max((day for day in (since, on) if day is not None), default=date.min)
        last = min((day for day in (until, on) if day is not None), default=date.max)
        lines = []
        for booking in self._bookings(space=space, project=project, job=job):
            days, now = booking.period.days, self._state(booking, at)
            # a late one has two states: what was recorded, and that it is late
            is_asked = not state or now in state or (booking.is_firm and booking.state in state)
            if days.first <= last and first <= days.last and is_asked:
                lines.append(_booking_line(booking, days, now))
        return sorted(lines, key=lambda line: (line.first, line.space, line.booking))

    @view("Who waits for what, and until when?", spare=("challenge", "challenged_by"))
    def holds(
        self, space: OneSpace = None, project: OneProject = None, at: At = None
    ) -> list[HoldLine]:
        """The live holds by space, first day and rank. A hold that has expired, or whose days
        have passed, lives no longer; a challenge is open until its answer is due. A hold behind a
        firm booking cannot be confirmed before that one moves or is cancelled."""
        plan = FloorPlan(row.it for row in self.spaces.rows() if row.it is not None)
        held: dict[str, list[FullBooking]] = {}
        for one in (None,) if space is None else plan.sharing(space):
            for booking in self._bookings(space=one, state="held"):
                if self._state(booking, at) == "held":
                    held.setdefault(booking.space, []).append(booking)
        lines = []
        for hold in chain.from_iterable(held.values()) if space is None else held.get(space, ()):
            if project is None or hold.project == project:
                beside = (o for it in plan.sharing(hold.space) for o in held.get(it, ()))
                near = [other for other in beside if other.period.overlaps(hold.period)]
                lines.append(self._hold_line(hold, plan, near, at))
        return sorted(lines, key=lambda line: (line.space, line.first, line.rank, line.booking))

    @view(
        "What did each shooting day plan and do?",
        units={
            "pages_planned_eighths": "1/8 page",
            "pages_shot_eighths": "1/8 page",
            "shooting_hours": "h",
        },
        titles={"pages_planned_eighths": "Pages planned", "pages_shot_eighths": "Pages shot"},
    )
    def shoot_days(
        self,
        space: OneSpace = None,
        project: OneProject = None,
        booking: Annotated[str | None, "only this booking"] = None,
        since: Annotated[date | None, "first day"] = None,
        until: Annotated[date | None, "last day, included"] = None,
    ) -> list[ShootDay]:
        """The latest report of each day of a booking, by day and space."""
        first, last = since or date.min, until or date.max
        reports = self.reports.rows(booking=booking, space=space, project=project)
        found = (report for report in reports if first <= report.day <= last)
        return sorted(found, key=lambda report: (report.day, report.space, report.booking))

    def _bookings(self, **which: str | None) -> list[FullBooking]:
        return [row.it for row in self.booked.rows(**which) if row.it is not None]

    def _state(self, booking: FullBooking, asked: Moment | None) -> BookingState:
        """Return its state by then: a hold ends without an event, and a firm booking gets late."""
        now = self._by(booking.period.zone, asked)
        return booking.status if now is None else booking.status_at(now)

    def _is_past(self, deadline: datetime | None, zone: str, asked: Moment | None) -> bool:
        """Whether a deadline is over at a time, on the clock of that zone, or now."""
        now = self._by(zone, asked)
        return deadline is not None and now is not None and deadline <= now

    def _by(self, zone: str, asked: Moment | None) -> datetime | None:
        return self.now if asked is None else asked.resolve(zone)

    def _in_the_way(self, hold: FullBooking, plan: FloorPlan) -> list[FullBooking]:
        """The firm bookings beside which a hold does not fit."""
        if hold.space not in plan.spaces:
            return []  # the event that began it cannot be read: a later version wrote it
        sharing = chain.from_iterable(self._bookings(space=it) for it in plan.sharing(hold.space))
        taken = (one for one in sharing if not one.is_off)
        room = Occupancy(plan, hold.space, taken, ())
        return room.in_the_way(hold.period, hold.units, project=hold.project)

    def _hold_line(
        self, hold: FullBooking, plan: FloorPlan, beside: list[FullBooking], asked: Moment | None
    ) -> HoldLine:
        rank = hold.rank or 0
        before = sorted((o.rank or 0, o.id) for o in beside if (o.rank or 0) < rank)
        challenges = standing_challenges(hold, beside)
        due = challenges[0][0] if challenges else None
        lapsed = self._is_past(due, hold.period.zone, asked)
        days = hold.period.days
        return HoldLine(
            space=hold.space,
            first=days.first,
            last=days.last,
            rank=rank,
            booking=hold.id,
            project=hold.project,
            before=tuple(booking for _, booking in before),
            behind=tuple(f"{one.id} ({one.status})" for one in self._in_the_way(hold, plan)),
            expires_at=hold.expires_at,
            challenged_by=tuple(by for _, by in challenges),
            answer_by=due,
            challenge=None if due is None else "lapsed" if lapsed else "open",
        )


def _booking_line(booking: FullBooking, days: Days, state: BookingState) -> BookingLine:
    period = booking.period
    return BookingLine(
        booking=booking.id,
        space=booking.space,
        project=booking.project,
        state=state,
        rank=booking.rank if state == "held" else None,
        first=days.first,
        last=days.last,
        days=len(days),
        times=None if period.first is not None else str(period),
        units=booking.units,
        job=booking.job,
        expires_at=booking.expires_at if state in ("held", "expired", "passed") else None,
    )
