"""Occupancy of a space: its bookings and closures together, and the time they leave free.

A firm booking has its time, a hold only waits for it. A closure that covers part of a day leaves
the rest of that day. The bookings and closures of spaces that share its floor count as well.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Self

from ledger.entities.bookings import FullBooking
from ledger.entities.closures import Closure
from ledger.entities.floor_plans import FloorPlan, Wanted, shortages
from ledger.time.periods import Days, Period, zone


class Occupancy:
    """The bookings that take time in a space, by rank and start, and its closures.

    They include those of the spaces that share its floor by the plan.
    """

    def __init__(
        self,
        plan: FloorPlan,
        space: str,
        taken: Iterable[FullBooking],
        closures: Iterable[Closure],
    ) -> None:
        self.plan = plan
        self.space = plan[space]
        self.taken = sorted(taken, key=lambda one: (one.rank or 0, one.period.start, one.id))
        self.closures = sorted(closures, key=lambda one: (one.period.start, one.id))

    @property
    def own(self) -> list[FullBooking]:
        """The bookings of the space itself."""
        return [one for one in self.taken if one.space == self.space.id]

    def within(self, period: Period) -> Self:
        """The same, without what lies outside a period and the turnaround around it."""
        near = self.plan.around(period)
        return type(self)(
            self.plan,
            self.space.id,
            [one for one in self.taken if one.period.overlaps(near)],
            [one for one in self.closures if one.period.overlaps(period)],
        )

    def firm(self, period: Period, *, but: str = "") -> list[FullBooking]:
        """The firm bookings that take any of a period, wrapped ones included."""
        return [
            one
            for one in self.taken
            if not one.is_held and one.id != but and one.period.overlaps(period)
        ]

    def holds(self, period: Period) -> list[FullBooking]:
        """The holds that want any of a period, best rank first."""
        return [one for one in self.taken if one.is_held and one.period.overlaps(period)]

    def in_the_way(
        self, period: Period, units: int = 1, *, project: str = "", but: str = ""
    ) -> list[FullBooking]:
        """The firm bookings beside which `units` do not fit throughout a period; none if they fit.

        In a shared space those of the moments that are too full. They include those that need
        turnaround before or after the period, but for those of its `project`.
        """
        near = self.plan.around(period)
        firm = self.firm(near, but=but)
        wanted = Wanted(self.space.id, project, period, units)
        found = {one.id for lack in shortages(self.plan, wanted, firm) for one in lack.by}
        return [one for one in firm if one.id in found]

    def peak(self, period: Period) -> int:
        """The most units that firm bookings take at one moment of a period.

        One of another space that shares the floor takes them all.
        """
        all_of_it = self.space.facts_on(period.days.first).capacity or 1
        firm = [
            (one.period, one.units if one.space == self.space.id else all_of_it)
            for one in self.firm(period)
        ]
        starts = {max(taken.start, period.start) for taken, _ in firm}
        return max((sum(n for p, n in firm if p.start <= s < p.end) for s in starts), default=0)

    def has_room(self, day: date, units: int = 1) -> bool:
        """Whether some of a day is open, and that many units of it are not booked."""
        whole = self.whole(day)
        if not self.space.in_service(day) or Closure.cover(self.closures, whole):
            return False
        return not self.in_the_way(whole, units)

    def is_free_all(self, day: date, units: int = 1) -> bool:
        """Whether that many units can be had from midnight to midnight."""
        whole = self.whole(day)
        if any(one.period.overlaps(whole) for one in self.closures):
            return False
        return self.fits(day, units) and self.has_room(day, units)

    def fits(self, day: date, units: int) -> bool:
        """Whether the empty space has that many units on a day."""
        capacity = self.space.facts_on(day).capacity
        return units <= (1 if capacity is None else capacity)

    def out_of_service(self, days: Days) -> Days | None:
        """The first to the last of these days on which the space is not in service, if any."""
        outside = [day for day in days if not self.space.in_service(day)]
        return Days(outside[0], outside[-1]) if outside else None

    def whole(self, day: date) -> Period:
        """The day on the site's clock."""
        return Days(day, day).period(self.space.zone)

    def day_of(self, instant: datetime) -> date:
        """The day of an instant on the site's clock."""
        return instant.astimezone(zone(self.space.zone)).date()
