"""Sites and their spaces: what can be booked, since when, and when it was closed.

Capacity is recorded in events. A stage that opens in 2025 does not dilute the utilization of 2024,
and one that grew keeps its old area for the old days.
"""

from datetime import date
from typing import ClassVar, Literal

from ledger.events.base import Event
from ledger.tags import buckets, tag
from ledger.time.periods import Period

SITES = "ledger:sites"
"""The tag of all sites together."""
_FACTS = frozenset(
    {"name", "kind", "area_m2", "capacity", "answer_within_hours", "phase", "turnaround_hours"}
)
"""The facts of a space from a day on: each change repeats all of them."""

ClosureKind = Literal["maintenance", "blackout", "calibration"]


class SiteRegistered(Event, frozen=True):
    """A campus, with the zone of its clock and how long a challenged holder has to answer.

    `day_ends` is when the house's day ends: work that begins before that hour belongs to the day
    before.
    """

    site: str
    name: str
    zone: str
    answer_within_hours: int = 24
    local_name: str | None = None
    place: str | None = None
    operator: str | None = None
    day_ends: str = "04:00"

    def tags(self) -> tuple[str, ...]:
        """The site, and that it is one of the ledger's sites."""
        return (tag("site", self.site), SITES)


class SpaceCommissioned(Event, frozen=True):
    """A space came into service.

    `capacity` None is exclusive: one confirmed booking at a time. A number is shared:
    confirmed bookings may together take that many units. `answer_within_hours` overrides
    the site's where set. `zone` is the site's. `kind` is a word of the house's own choice;
    `area_m2` None is not known, or makes no sense, as for a parking lot. A space that is
    `part_of` another one shares its floor. `turnaround_hours` must lie between two productions.
    """

    carried: ClassVar[frozenset[str]] = _FACTS
    settled: ClassVar[frozenset[str]] = frozenset({"space", "site", "zone", "part_of"})

    space: str
    site: str
    zone: str
    name: str
    kind: str
    area_m2: float | None
    in_service_on: date
    capacity: int | None = None
    answer_within_hours: int | None = None
    phase: str | None = None
    turnaround_hours: int | None = None
    part_of: str | None = None

    def tags(self) -> tuple[str, ...]:
        """The space, the one that it is part of, and its site."""
        of = () if self.part_of is None else (tag("space", self.part_of),)
        return (tag("space", self.space), *of, tag("site", self.site))

    def effective(self) -> date:
        """The first day in service."""
        return self.in_service_on


class SpaceChanged(Event, frozen=True):
    """From the day `on`, the space has these facts: all of them, not only the changed ones."""

    carried: ClassVar[frozenset[str]] = _FACTS
    settled: ClassVar[frozenset[str]] = frozenset({"space", "site"})

    space: str
    site: str
    on: date
    name: str
    kind: str
    area_m2: float | None
    capacity: int | None = None
    answer_within_hours: int | None = None
    phase: str | None = None
    turnaround_hours: int | None = None

    def tags(self) -> tuple[str, ...]:
        """The space and its site."""
        return (tag("space", self.space), tag("site", self.site))

    def effective(self) -> date:
        """The first day of the new facts."""
        return self.on


class SpaceDecommissioned(Event, frozen=True):
    """The space left service; `on` is the first day without it."""

    settled: ClassVar[frozenset[str]] = frozenset({"space", "site"})

    space: str
    site: str
    on: date

    def tags(self) -> tuple[str, ...]:
        """The space and its site."""
        return (tag("space", self.space), tag("site", self.site))

    def effective(self) -> date:
        """The first day out of service."""
        return self.on


class SpaceClosed(Event, frozen=True):
    """The space cannot be used for a period. `closure` names it, so that it can be ended."""

    carried: ClassVar[frozenset[str]] = frozenset({"kind"})
    settled: ClassVar[frozenset[str]] = frozenset({"closure", "space"})

    closure: str
    space: str
    kind: ClosureKind
    period: Period

    def tags(self) -> tuple[str, ...]:
        """The closure, the space, and the space's months."""
        return (
            tag("closure", self.closure),
            tag("space", self.space),
            *buckets("space", self.space, self.period.months),
        )

    def effective(self) -> Period:
        """The period closed."""
        return self.period


class SpaceReopened(Event, frozen=True):
    """A closure ended before its time, or was called off.

    `was` is the closure's period until now, `period` the part of it that is open again.
    """

    settled: ClassVar[frozenset[str]] = frozenset({"closure", "space", "kind", "was"})

    closure: str
    space: str
    kind: ClosureKind
    was: Period
    period: Period

    def tags(self) -> tuple[str, ...]:
        """The closure, the space, and the space's months."""
        return (
            tag("closure", self.closure),
            tag("space", self.space),
            *buckets("space", self.space, self.was.months),
        )

    def effective(self) -> Period:
        """The period open again."""
        return self.period
