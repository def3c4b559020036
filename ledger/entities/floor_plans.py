"""Floor plans: which spaces share floor, and when a booking does not fit beside others.

A space can be part of another one, as half of a stage is. Who has the whole has its parts, and who
has a part keeps everyone else from the whole. Two parts leave each other alone.

Between two productions a space may need time, its *turnaround*: neither has it then. The bookings
of one project need none between them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from ledger.entities.spaces import Space
from ledger.time.periods import Period, start_of_day, zone


class Taking(Protocol):
    """Takes units of a space for a time, or wants to: a hold, a firm booking."""

    @property
    def space(self) -> str: ...

    @property
    def project(self) -> str: ...

    @property
    def period(self) -> Period: ...

    @property
    def units(self) -> int: ...


class Wanted(Struct, frozen=True):
    """The time and units that a command would take."""

    space: str
    project: str
    period: Period
    units: int


class FloorPlan:
    """Some spaces, with all that they share floor with."""

    def __init__(self, spaces: Iterable[Space]) -> None:
        self.spaces = {space.id: space for space in spaces}
        self._parts: dict[str, list[Space]] = defaultdict(list)
        for space in self.spaces.values():
            if space.part_of is not None:
                self._parts[space.part_of].append(space)

    def __getitem__(self, space: str) -> Space:
        return self.spaces[space]

    def wholes(self, space: str) -> Iterator[Space]:
        """Yield the space that this one is part of, and on to the one that is part of none."""
        known = self.spaces.get(space)
        while known is not None and (known := self.spaces.get(known.part_of or "")) is not None:
            yield known

    def parts(self, space: str) -> Iterator[Space]:
        """Yield the parts of a space, and theirs."""
        for part in self._parts.get(space, ()):
            yield part
            yield from self.parts(part.id)

    def sharing(self, space: str) -> tuple[str, ...]:
        """Return the spaces that share floor with one: itself, then its wholes and its parts."""
        if not self._parts:
            return (space,)
        others = (*self.wholes(space), *self.parts(space))
        return (space, *(one.id for one in others))

    def turnaround(self, before: Taking, after: Taking) -> timedelta:
        """Return the time that must pass between two bookings, by the facts of the last day.

        A part needs what its whole needs. Of two spaces that share floor the more demanding counts.
        """
        if before.project == after.project:
            return timedelta()
        day = before.period.days.last
        named = {before.space, after.space}
        spaces = [self.spaces[one] for one in named]
        if self._parts:
            spaces += [whole for one in named for whole in self.wholes(one)]
        return timedelta(hours=max(one.facts_on(day).turnaround_hours or 0 for one in spaces))

    def around(self, period: Period) -> Period:
        """Return a period with the longest turnaround on both sides."""
        hours = max(
            one.turnaround_hours or 0 for space in self.spaces.values() for one in space.facts
        )
        if not hours:
            return period
        turnaround = timedelta(hours=hours)
        return Period.between(period.start - turnaround, period.end + turnaround, period.zone)


T = TypeVar("T", bound=Taking)


class Shortage(Struct, Generic[T], frozen=True):
    """A moment at which there is too little room beside others (`by`), which take `taken` units.

    `capacity` is None if one booking at a time can have the space, or another space is taken
    that shares its floor.
    """

    at: datetime
    taken: int
    capacity: int | None
    by: tuple[T, ...]


def shortages(plan: FloorPlan, wanted: Taking, taken: Iterable[T]) -> Iterator[Shortage[T]]:
    """Yield the moments at which what is wanted does not fit beside what is taken.

    Room only becomes less where the time that two keep from each other begins, or where the
    space's capacity changes: no other moments need a check.
    """
    beside = [found for one in taken if (found := _between(plan, wanted, one)) is not None]
    if not beside:
        return
    space, tz = plan[wanted.space], zone(wanted.period.zone)
    first, last = min(start for start, _, _ in beside), max(end for _, end, _ in beside)
    changes = (start_of_day(facts.on, wanted.period.zone) for facts in space.facts)
    moments = {start for start, _, _ in beside} | {at for at in changes if first < at < last}
    for at in sorted(moments):
        by = tuple(one for start, end, one in beside if start <= at < end)
        used = sum(one.units for one in by)
        capacity = space.facts_on(at.astimezone(tz).date()).capacity
        if any(one.space != wanted.space for one in by):
            capacity = None
        if used if capacity is None else used + wanted.units > capacity:
            yield Shortage(at, used, capacity, by)


def _between(plan: FloorPlan, wanted: Taking, one: T) -> tuple[datetime, datetime, T] | None:
    """Return the time in which two are in each other's way, turnaround included."""
    start = max(one.period.start, wanted.period.start)
    end = min(
        one.period.end + plan.turnaround(one, wanted),
        wanted.period.end + plan.turnaround(wanted, one),
    )
    return (start, end, one) if start < end else None
