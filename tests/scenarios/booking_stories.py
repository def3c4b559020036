"""The campus on which the booking scenarios play, and short words for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ledger.decisions.bookings.holds import PlaceHold
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
    ProjectOpened,
    ShootDayReported,
    SiteRegistered,
    SpaceCommissioned,
)
from ledger.testing import Scenario, given
from ledger.time.periods import Moment, Period, When

ZONE = "Asia/Shanghai"
HOUR = "2025-06-01T09:00+08:00"
"""When a scenario plays, unless it says otherwise."""

AUGUST = "2025-08-01T09:00+08:00"
"""When the bookings of July are over, and what they did can be told."""


def campus(zone: str = ZONE) -> Scenario:
    """Positions 1 to 8: a site, stages 1 and 2, a workshop for three, four projects.

    Stage 2 gives a challenged holder 48 hours, the others the site's 24.
    """
    spaces = (("stage-1", None, None), ("stage-2", None, 48), ("workshop", 3, None))
    return given(
        SiteRegistered(site="yongchuan", name="Yongchuan", zone=zone),
        *(
            SpaceCommissioned(
                space=space,
                site="yongchuan",
                zone=zone,
                name=space.title(),
                kind="stage",
                area_m2=3000.0,
                in_service_on=date(2024, 1, 1),
                capacity=capacity,
                answer_within_hours=hours,
            )
            for space, capacity, hours in spaces
        ),
        *(
            ProjectOpened(project=project, title=project, kind="feature", on=date(2025, 1, 1))
            for project in ("resurrection", "dragon", "comet", "lantern")
        ),
    ).at(HOUR)


def days(text: str) -> Period:
    """The period of whole days, or of exact times, on the campus."""
    return When.parse(text).resolve(ZONE)


def at(text: str) -> datetime:
    """An instant on the campus's clock."""
    return Moment.parse(text).resolve(ZONE)


def hold(
    booking: str, when: str, project: str = "resurrection", *, space: str = "stage-1", **more: Any
) -> PlaceHold:
    """Hold a space, stage 1 unless another is named."""
    return PlaceHold(booking=booking, space=space, project=project, when=When.parse(when), **more)


class Told:
    """A booking whose events are to be told: what each of them says in any case."""

    def __init__(
        self, booking: str, when: str, project: str = "resurrection", *, space: str = "stage-1"
    ) -> None:
        self._always: dict[str, Any] = {
            "booking": booking,
            "space": space,
            "project": project,
            "period": days(when),
        }

    def held(self, rank: int, **more: Any) -> BookingHeld:
        """It was held at that rank."""
        return BookingHeld(**self._always, rank=rank, **more)

    def challenged(self, by: str, answer_by: str) -> HoldChallenged:
        """It was challenged."""
        return HoldChallenged(**self._always, by=by, answer_by=at(answer_by))

    def released(self, cause: Any = "released") -> HoldReleased:
        """Its hold ended."""
        return HoldReleased(**self._always, cause=cause)

    def promoted(self, was_rank: int, rank: int) -> HoldPromoted:
        """It moved up."""
        return HoldPromoted(**self._always, was_rank=was_rank, rank=rank)

    def confirmed(self, **more: Any) -> BookingConfirmed:
        """It is firm."""
        return BookingConfirmed(**self._always, **more)

    def moved(self, was: str, *, was_space: str = "stage-1", **more: Any) -> BookingRescheduled:
        """It moved there from that period."""
        return BookingRescheduled(**self._always, was_space=was_space, was_period=days(was), **more)

    def started(self, on: date) -> BookingStarted:
        """The production moved in."""
        return BookingStarted(**self._always, on=on)

    def reported(self, day: date, **figures: Any) -> ShootDayReported:
        """It shot."""
        nothing: dict[str, Any] = dict.fromkeys(
            ("setups_planned", "setups_shot", "pages_planned_eighths", "pages_shot_eighths"), 0
        )
        return ShootDayReported(
            **self._always, day=day, **{**nothing, "shooting_hours": 0.0, **figures}
        )

    def wrapped(self, on: date, was: str, **more: Any) -> BookingWrapped:
        """The production moved out."""
        return BookingWrapped(**self._always, on=on, was_period=days(was), **more)

    def cancelled(self) -> BookingCancelled:
        """It is off."""
        return BookingCancelled(**self._always)
