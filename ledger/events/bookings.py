"""Bookings: the hold ladder, the confirmed booking, and the days it shot.

Every event of a booking says which space, project and period it is about, so that the events of one
month of one space are enough to know the month's bookings.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Literal, Self

from msgspec import Struct
from msgspec.structs import replace

from ledger.events.base import Event
from ledger.tags import buckets, tag
from ledger.time.periods import Days, Period

_STANDING = frozenset({"space", "project", "period", "units", "plan", "expires_at"})
"""How a booking stands: each of its events repeats it."""

DayType = Literal["prep", "pre-light", "shoot", "strike", "dark", "hold"]
ReleaseCause = Literal["released", "expired", "passed", "lapsed"]
RankCause = Literal["set", "displaced"]


class DayPlan(Struct, frozen=True):
    """The use of the days `first` to `last`, both included."""

    first: date
    last: date
    type: DayType


class BookingEvent(Event, frozen=True):
    """The fields of every booking event. `period` is the booking's after the event."""

    booking: str
    space: str
    project: str
    period: Period

    carried: ClassVar[frozenset[str]] = _STANDING
    settled: ClassVar[frozenset[str]] = _STANDING | {"booking"}

    def tags(self) -> tuple[str, ...]:
        """The booking, its project, its space, and the space's months."""
        return (
            tag("booking", self.booking),
            tag("project", self.project),
            tag("space", self.space),
            *buckets("space", self.space, self.period.months),
        )

    def effective(self) -> Period | datetime | date | None:
        """The booking's period."""
        return self.period


class BookingHeld(BookingEvent, frozen=True):
    """A hold was placed, at this rank among the live holds that it overlaps.

    `plan` says what its days are for; a day without an entry is a shoot day. `units` are taken from
    a shared space's capacity. After `expires_at` the hold is over. `contact` is whom to ask about
    it. A part of another booking, with a place of its own from now on, names it in `split_from`.
    Bookings that were made as one have the same `job`.
    """

    settled: ClassVar[frozenset[str]] = frozenset({"booking", "rank", "job"})

    rank: int
    units: int = 1
    expires_at: datetime | None = None
    plan: tuple[DayPlan, ...] = ()
    note: str | None = None
    contact: str | None = None
    split_from: str | None = None
    job: str | None = None

    def tags(self) -> tuple[str, ...]:
        """The booking's, and its job."""
        return super().tags() if self.job is None else (*super().tags(), tag("job", self.job))


class HoldChallenged(BookingEvent, frozen=True):
    """A later hold (`by`) asks this one to confirm or to release by `answer_by`."""

    by: str
    answer_by: datetime

    def tags(self) -> tuple[str, ...]:
        """The booking's, and the challenger."""
        return (*super().tags(), tag("booking", self.by))


class HoldReleased(BookingEvent, frozen=True):
    """A hold ended.

    Its holder released it, it expired, its days passed, or it let a challenge lapse.
    """

    cause: ReleaseCause


class HoldPromoted(BookingEvent, frozen=True):
    """A hold moved up, since one ahead ended."""

    was_rank: int
    rank: int


class HoldRanked(BookingEvent, frozen=True):
    """The house set a hold's rank, or the hold moved down: one was put ahead of it, or an undo
    brought it back behind others.

    A hold whose rank is set begins anew: challenges by it and against it are void.
    """

    was_rank: int
    rank: int
    cause: RankCause


class BookingConfirmed(BookingEvent, frozen=True):
    """The booking is firm."""

    units: int = 1
    plan: tuple[DayPlan, ...] = ()


class BookingRescheduled(BookingEvent, frozen=True):
    """The booking has new terms: its time, its space, or anything else that a hold states.

    `rank` is its new one where it is still a hold, None where it is confirmed. A hold that
    `keeps_place` stays as senior as it was. `was_project` is set if another project had it.
    """

    settled: ClassVar[frozenset[str]] = BookingEvent.settled - {"space", "period", "plan"} | {
        "rank",
        "was_space",
        "was_period",
    }

    was_space: str
    was_period: Period
    rank: int | None = None
    keeps_place: bool = False
    units: int = 1
    expires_at: datetime | None = None
    plan: tuple[DayPlan, ...] = ()
    note: str | None = None
    contact: str | None = None
    was_project: str | None = None

    def tags(self) -> tuple[str, ...]:
        """The tags of where it is now, and of the space, months and project that it left."""
        left = (
            tag("space", self.was_space),
            *buckets("space", self.was_space, self.was_period.months),
            *(() if self.was_project is None else (tag("project", self.was_project),)),
        )
        return tuple(dict.fromkeys((*super().tags(), *left)))


class BookingStarted(BookingEvent, frozen=True):
    """The production moved in. `still_in` is the booking that has not left, though it should have.

    It started before in the same space, its time was over, and it had not wrapped.
    """

    on: date
    still_in: str | None = None


class ShootDayReported(BookingEvent, frozen=True):
    """The plan and the result of one shooting day. Pages count in eighths.

    A second report of a day names in its header the one that it corrects, and replaces it.
    """

    carried: ClassVar[frozenset[str]] = frozenset({"space", "project"})

    day: date
    setups_planned: int
    setups_shot: int
    pages_planned_eighths: int
    pages_shot_eighths: int
    shooting_hours: float

    def tags(self) -> tuple[str, ...]:
        """The booking and its bucket of that day, the project, the space and its month."""
        day = self.day.isoformat()
        return (
            tag("booking", self.booking),
            tag("booking", self.booking, day),
            tag("project", self.project),
            tag("space", self.space),
            tag("space", self.space, day[:7]),
        )

    def effective(self) -> date:
        """The day shot."""
        return self.day


class BookingWrapped(BookingEvent, frozen=True):
    """The production moved out after the day `on`; `period` is the time that it used.

    Days of `was_period` that it gives back early are free again. An overrun ends after
    `was_period`: `overran` are the firm bookings whose time it used.
    """

    settled: ClassVar[frozenset[str]] = BookingEvent.settled | {"was_period"}

    on: date
    was_period: Period
    units: int = 1
    overran: tuple[str, ...] = ()

    @staticmethod
    def used(was: Period, on: date) -> Period:
        """The time that a booking used if `on` was its last day, which an overrun may be late."""
        midnight = Days(on, on).period(was.zone).end
        end = midnight if was.days.last < on else min(was.end, midnight)
        return Period.between(was.start, max(end, was.start + timedelta(hours=1)), was.zone)

    def corrected(self, changes: Mapping[str, Any]) -> Self:
        """With the period that it used until then."""
        event = super().corrected(changes)
        return replace(event, period=self.used(event.was_period, event.on))

    def tags(self) -> tuple[str, ...]:
        """The booking's, and the months that it gives back."""
        given_back = buckets("space", self.space, self.was_period.months)
        return tuple(dict.fromkeys((*super().tags(), *given_back)))


class BookingCancelled(BookingEvent, frozen=True):
    """A confirmed booking is off; its days are free again."""


class BookingMerged(BookingEvent, frozen=True):
    """The booking became a part of another one of its project, `into`, which has its days now."""

    into: str
