"""A small projection and a small log, for the tests of the SDK."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Struct

from ledger.events import STUDIO_EVENTS, Event, ProjectOpened, Registry, ShootDayReported
from ledger.events.base import Header, Query, RecordedEvent, format_recorded_at
from ledger.log.lines import line
from ledger.plugin import Period, Projection, Row, key, on, table, view

PERIOD = Period.between(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC), "UTC")
START = datetime(2025, 1, 1, 8, tzinfo=UTC)


def shoot_day(space: str, day: int, hours: float = 8.0) -> ShootDayReported:
    """A report of the n-th day of 2025."""
    return ShootDayReported(
        booking="b-1",
        space=space,
        project="p-1",
        period=PERIOD,
        day=date(2025, 1, 1) + timedelta(days=day),
        setups_planned=10,
        setups_shot=9,
        pages_planned_eighths=24,
        pages_shot_eighths=20,
        shooting_hours=hours,
    )


def project(name: str) -> ProjectOpened:
    """A project was opened."""
    return ProjectOpened(project=name, title=name.title(), kind="feature", on=date(2025, 1, 1))


class SampleLog:
    """A log in memory, decoded as the real one decodes: an event an hour."""

    def __init__(self, events: Sequence[Event] = (), *types: type[Event]) -> None:
        self.registry = Registry((*STUDIO_EVENTS, *types))
        self.stored: list[tuple[int, str, str, str, bytes]] = []
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Record an event."""
        data = self.registry.encode(event, Header(actor="test"))
        self.add_raw(event.type_name, data)

    def add_raw(self, type_name: str, data: bytes) -> None:
        """Record an event that may not be readable."""
        position = len(self.stored) + 1
        at = format_recorded_at(START + timedelta(hours=position))
        self.stored.append((position, at, type_name, "[]", data))

    def head(self) -> int:
        """The last position."""
        return len(self.stored)

    def last(self) -> tuple[int, datetime] | None:
        """The last position and its time."""
        if not self.stored:
            return None
        position, at, *_ = self.stored[-1]
        return position, datetime.fromisoformat(at)

    def stream(self, after: int = 0, until: int | None = None) -> Iterator[RecordedEvent]:
        """The events in order."""
        for row in self.stored[after:until]:
            yield self.registry.decode(*row)

    def read(
        self, queries: Sequence[Query], *, after: int = 0, until: int | None = None
    ) -> Iterator[RecordedEvent]:
        """The events that answer any of the queries."""
        for entry in SampleLog.stream(self, after, until):
            if any(query.matches(entry.type, entry.tags) for query in queries):
                yield entry

    def lines(self, after: int = 0, until: int | None = None) -> Iterator[bytes]:
        """Their lines."""
        for row in self.stored[after:until]:
            yield line(*row)


class SpaceMonth(Row):
    """Hours of a space in a month."""

    space: str = key()
    month: str = key()
    hours: float = 0.0
    days: tuple[date, ...] = ()


class Tally(Row):
    """A count of something."""

    what: str = key()
    count: int = 0


class Share(Struct, frozen=True):
    """A result row that no table holds."""

    space: str
    share: float


class CrewHours(Projection):
    """Shooting hours per space and month."""

    months = table(SpaceMonth)
    tallies = table(Tally)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """Add up."""
        row = self.months.edit(event.space, f"{event.day:%Y-%m}")
        row.hours += event.shooting_hours
        row.days = (*row.days, event.day)

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Count, and forget the space that a project is named after."""
        self.tallies.edit(event.kind).count += 1
        for row in self.months.rows(space=event.project):
            self.months.delete(row.space, row.month)

    @view("Crew hours by space and month", units={"hours": "h"})
    def crew_hours(
        self, space: Annotated[str | None, "only this space"] = None
    ) -> list[SpaceMonth]:
        """The hours that were shot."""
        return self.months.rows(space=space)

    @view("Shares of spaces", titles={"share": "Share of all"})
    def shares(self, order: Literal["space", "share"] = "space") -> list[Share]:
        """Each space's share of all hours."""
        total = sum(row.hours for row in self.months.rows())
        spaces = sorted({row.space for row in self.months.rows()})
        shares = [Share(s, sum(r.hours for r in self.months.rows(space=s)) / total) for s in spaces]
        return sorted(shares, key=lambda s: getattr(s, order))
