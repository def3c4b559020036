"""Bookings: the hold ladder, the confirmed booking, and the days it shot.

Every event of a booking says which space, project and period it is about, so that the events of one
month of one space are enough to know the month's bookings.
"""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from ledger.events.base import Event
from ledger.tags import buckets, tag
from ledger.time.periods import Period

DayType = Literal["prep", "pre-light", "shoot", "strike", "dark", "hold"]
ReleaseCause = Literal["released", "expired", "lapsed"]


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
    a shared space's capacity. After `expires_at` the hold is over.
    """

    rank: int
    units: int = 1
    expires_at: datetime | None = None
    plan: tuple[DayPlan, ...] = ()


class HoldChallenged(BookingEvent, frozen=True):
    """A later hold (`by`) asks this one to confirm or to release by `answer_by`."""

    by: str
    answer_by: datetime

    def tags(self) -> tuple[str, ...]:
        """The booking's, and the challenger."""
        return (*super().tags(), tag("booking", self.by))


class HoldReleased(BookingEvent, frozen=True):
    """A hold ended: its holder released it, it expired, or it let a challenge lapse."""

    cause: ReleaseCause


class HoldPromoted(BookingEvent, frozen=True):
    """A hold moved up the ladder, since one ahead of it ended."""

    was_rank: int
    rank: int


class BookingConfirmed(BookingEvent, frozen=True):
    """The booking is firm."""

    units: int = 1
    plan: tuple[DayPlan, ...] = ()


class BookingRescheduled(BookingEvent, frozen=True):
    """The booking moved in time, to another space, or both.

    `rank` is its new one where it is still a hold, None where it is confirmed.
    """

    was_space: str
    was_period: Period
    rank: int | None = None
    units: int = 1
    expires_at: datetime | None = None
    plan: tuple[DayPlan, ...] = ()

    def tags(self) -> tuple[str, ...]:
        """The tags of where it is now, and of the space and months that it left."""
        left = (
            tag("space", self.was_space),
            *buckets("space", self.was_space, self.was_period.months),
        )
        return tuple(dict.fromkeys((*super().tags(), *left)))


class BookingStarted(BookingEvent, frozen=True):
    """The production moved in."""

    on: date


class ShootDayReported(BookingEvent, frozen=True):
    """The plan and the result of one shooting day. Pages count in eighths.

    A second report of a day names in its header the one that it corrects, and replaces it.
    """

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
    """The production moved out after the day `on`; `period` is what it used of `was_period`.

    Days that it gives back early are free again.
    """

    on: date
    was_period: Period
    units: int = 1

    def tags(self) -> tuple[str, ...]:
        """The booking's, and the months that it gives back."""
        given_back = buckets("space", self.space, self.was_period.months)
        return tuple(dict.fromkeys((*super().tags(), *given_back)))


class BookingCancelled(BookingEvent, frozen=True):
    """A confirmed booking is off; its days are free again."""
