"""Bookings: the list of them, the queue of holds, and what the shoot days did."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    HoldChallenged,
    HoldPromoted,
    HoldReleased,
    ShootDayReported,
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
)

_UNSET = datetime(1970, 1, 1, tzinfo=UTC)  # every row is written whole: never seen

BookingState = Literal[
    "held", "confirmed", "started", "wrapped", "cancelled", "released", "expired", "lapsed"
]

OneSpace = Annotated[str | None, "only this space"]
OneProject = Annotated[str | None, "only this project"]
At = Annotated[str | None, "as deadlines stand at this time (default: now)"]


# --- what is kept ------------------------------------------------------------------------


class Booking(Row):
    """A booking from its hold to its end, with its time and units of today.

    `rank` and `expires_at` are a hold's. `placed` is the event that put it in its place of
    the queue: its hold, or a move that was more than giving days back.
    """

    booking: str = key()
    space: str = ""
    project: str = ""
    state: BookingState = "held"
    start: datetime = _UNSET
    end: datetime = _UNSET
    zone: str = "UTC"
    units: int = 1
    rank: int | None = None
    expires_at: datetime | None = None
    placed: int = 0

    @property
    def period(self) -> Period:
        """Its time."""
        return Period(self.start, self.end, self.zone)


class Challenge(Row):
    """A later hold (`by`) asked this one to confirm or release; recorded at `position`."""

    booking: str = key()
    by: str = key()
    answer_by: datetime = _UNSET
    position: int = 0


class ShootDay(Row):
    """What a shooting day was meant to do and did. Pages count in eighths."""

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
    """A booking. `times` is its exact time, where it does not take whole days."""

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
    expires_at: datetime | None


class HoldLine(Struct, frozen=True):
    """A live hold. `before` are the live holds that it waits for, best rank first.

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
    expires_at: datetime | None
    challenged_by: tuple[str, ...]
    answer_by: datetime | None
    challenge: Literal["open", "lapsed"] | None


# --- the projection ----------------------------------------------------------------------


class Bookings(Projection):
    """Every booking with its state, the challenges between holds, the reported shoot days."""

    version = 1
    booked = table(Booking)
    challenges = table(Challenge)
    reports = table(ShootDay)

    @on(BookingHeld)
    def held(self, event: BookingHeld, entry: RecordedEvent) -> None:
        self.booked.put(
            Booking(
                event.booking,
                event.space,
                event.project,
                "held",
                event.period.start,
                event.period.end,
                event.period.zone,
                event.units,
                event.rank,
                event.expires_at,
                entry.position,
            )
        )

    @on(HoldChallenged)
    def challenged(self, event: HoldChallenged, entry: RecordedEvent) -> None:
        self.challenges.put(Challenge(event.booking, event.by, event.answer_by, entry.position))

    @on(HoldPromoted)
    def promoted(self, event: HoldPromoted, entry: RecordedEvent) -> None:
        self.booked.edit(event.booking).rank = event.rank

    @on(HoldReleased)
    def released(self, event: HoldReleased, entry: RecordedEvent) -> None:
        self.booked.edit(event.booking).state = event.cause

    @on(BookingConfirmed)
    def confirmed(self, event: BookingConfirmed, entry: RecordedEvent) -> None:
        self.booked.put(
            Booking(
                event.booking,
                event.space,
                event.project,
                "confirmed",
                event.period.start,
                event.period.end,
                event.period.zone,
                event.units,
                placed=entry.position,
            )
        )

    @on(BookingRescheduled)
    def rescheduled(self, event: BookingRescheduled, entry: RecordedEvent) -> None:
        booking = self.booked.edit(event.booking)
        booking.space, booking.project = event.space, event.project
        booking.start, booking.end = event.period.start, event.period.end
        booking.zone, booking.units = event.period.zone, event.units
        booking.rank, booking.expires_at = event.rank, event.expires_at
        if event.was_space != event.space or not event.was_period.covers(event.period):
            booking.placed = entry.position

    @on(BookingStarted)
    def started(self, event: BookingStarted, entry: RecordedEvent) -> None:
        self.booked.edit(event.booking).state = "started"

    @on(BookingWrapped)
    def wrapped(self, event: BookingWrapped, entry: RecordedEvent) -> None:
        booking = self.booked.edit(event.booking)
        booking.state = "wrapped"
        booking.start, booking.end = event.period.start, event.period.end

    @on(BookingCancelled)
    def cancelled(self, event: BookingCancelled, entry: RecordedEvent) -> None:
        self.booked.edit(event.booking).state = "cancelled"

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

    @view("Which bookings are there?", units={"days": "d"})
    def bookings(
        self,
        space: OneSpace = None,
        project: OneProject = None,
        state: Annotated[list[BookingState] | None, "only bookings in this state"] = None,
        since: Annotated[date | None, "only bookings that touch this day or a later one"] = None,
        until: Annotated[date | None, "only bookings that touch this day or an earlier one"] = None,
        on: Annotated[date | None, "only bookings that touch this day"] = None,
        at: At = None,
    ) -> list[BookingLine]:
        """Every booking, also those that came to nothing, by first day, space and id."""
        asked = _asked(at)
        first = max((day for day in (since, on) if day is not None), default=date.min)
        last = min((day for day in (until, on) if day is not None), default=date.max)
        lines = []
        for booking in self.booked.rows(space=space, project=project):
            days, now = booking.period.days, self._state(booking, asked)
            if days.first <= last and first <= days.last and (not state or now in state):
                lines.append(_booking_line(booking, days, now))
        return sorted(lines, key=lambda line: (line.first, line.space, line.booking))

    @view("Who waits for what, and until when?")
    def holds(
        self, space: OneSpace = None, project: OneProject = None, at: At = None
    ) -> list[HoldLine]:
        """The live holds by space, first day and rank. A hold whose expiry has passed lives
        no longer; a challenge is open until its answer is due."""
        asked = _asked(at)
        ladders: dict[str, list[Booking]] = {}
        for booking in self.booked.rows(space=space, state="held"):
            if self._state(booking, asked) == "held":
                ladders.setdefault(booking.space, []).append(booking)
        lines = [
            self._hold_line(hold, [o for o in ladder if o.period.overlaps(hold.period)], asked)
            for ladder in ladders.values()
            for hold in ladder
            if project is None or hold.project == project
        ]
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

    def _state(self, booking: Booking, asked: Moment | None) -> BookingState:
        """Its state by then: nobody has to record that a hold's time has run out."""
        over = self._is_past(booking.expires_at, booking.zone, asked)
        return "expired" if booking.state == "held" and over else booking.state

    def _is_past(self, deadline: datetime | None, zone: str, asked: Moment | None) -> bool:
        """Whether a deadline is over at a time, on the clock of that zone, or now."""
        now = self.now if asked is None else asked.resolve(zone)
        return deadline is not None and now is not None and deadline <= now

    def _hold_line(self, hold: Booking, beside: list[Booking], asked: Moment | None) -> HoldLine:
        rank = hold.rank or 0
        before = sorted((o.rank or 0, o.booking) for o in beside if (o.rank or 0) < rank)
        challenges = self._open_challenges(hold, beside)
        due = challenges[0].answer_by if challenges else None
        lapsed = self._is_past(due, hold.zone, asked)
        days = hold.period.days
        return HoldLine(
            space=hold.space,
            first=days.first,
            last=days.last,
            rank=rank,
            booking=hold.booking,
            project=hold.project,
            before=tuple(booking for _, booking in before),
            expires_at=hold.expires_at,
            challenged_by=tuple(challenge.by for challenge in challenges),
            answer_by=due,
            challenge=None if due is None else "lapsed" if lapsed else "open",
        )

    def _open_challenges(self, hold: Booking, beside: list[Booking]) -> list[Challenge]:
        """The challenges that stand against a hold, the one to be answered first foremost.

        They fall with the hold that made them, and when either of the two goes to the back
        of a queue since.
        """
        placed = {other.booking: other.placed for other in beside}
        standing = (
            challenge
            for challenge in self.challenges.rows(booking=hold.booking)
            if challenge.by in placed
            and max(placed[challenge.by], hold.placed) < challenge.position
        )
        return sorted(standing, key=lambda challenge: (challenge.answer_by, challenge.by))


def _asked(at: str | None) -> Moment | None:
    """The time asked about, on each space's own clock unless it has an offset."""
    return None if at is None else Moment.parse(at)


def _booking_line(booking: Booking, days: Days, state: BookingState) -> BookingLine:
    period = booking.period
    return BookingLine(
        booking=booking.booking,
        space=booking.space,
        project=booking.project,
        state=state,
        rank=booking.rank if state == "held" else None,
        first=days.first,
        last=days.last,
        days=len(days),
        times=None if days.period(booking.zone) == period else str(period),
        units=booking.units,
        expires_at=booking.expires_at if state in ("held", "expired") else None,
    )
