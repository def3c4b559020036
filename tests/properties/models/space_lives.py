"""Drawn lives of spaces and bookings, and the facts of each day, found hour by hour.

The histories are drawn event by event, more wildly than the decisions would allow: what is
true for these is true for every legal one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    BookingWrapped,
    ShootDayReported,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
    SpaceDecommissioned,
    SpaceReopened,
)
from ledger.events.base import Event
from ledger.time.periods import Period, zone

ZONE = "Europe/Berlin"  # its clocks go forward within the window: a day of 23 hours
FIRST = date(2025, 2, 15)
SPACES = ("stage-1", "stage-2", "workshop")
KINDS = ("stage", "virtual stage")
HOUR = timedelta(hours=1)

hours = st.integers(0, 75 * 24)
"""Hours since the first day, on the clock of UTC, so that no wall time is skipped."""


def at(hour: int) -> datetime:
    return datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + hour * HOUR


def local_day(hour: int) -> date:
    return at(hour).astimezone(zone(ZONE)).date()


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Whole days, or any hours."""
    start = draw(hours)
    length = draw(st.sampled_from((5, 24, 48, 200, 700)))
    period = Period(at(start), at(start + length), ZONE)
    return period.days.period(ZONE) if draw(st.booleans()) else period


@dataclass
class Model:
    """All known facts, kept as simply as possible."""

    first: dict[str, date] = field(default_factory=dict)
    retired: dict[str, date] = field(default_factory=dict)
    facts: dict[str, dict[date, tuple[str, float]]] = field(default_factory=dict)
    closures: dict[str, tuple[str, Period]] = field(default_factory=dict)
    firm: dict[str, tuple[str, Period]] = field(default_factory=dict)
    shot: dict[tuple[str, date], str] = field(default_factory=dict)

    @classmethod
    def of(cls, events: list[Event]) -> Model:
        """Return the facts after these events."""
        model = cls()
        for event in events:
            model.apply(event)
        return model

    def apply(self, event: Event) -> None:
        match event:
            case SpaceCommissioned():
                self.first[event.space] = event.in_service_on
                self.facts[event.space] = {event.in_service_on: (event.kind, event.area_m2)}
            case SpaceChanged():
                self.facts[event.space][event.on] = (event.kind, event.area_m2)
            case SpaceDecommissioned():
                self.retired[event.space] = event.on
            case SpaceClosed():
                self.closures[event.closure] = (event.space, event.period)
            case SpaceReopened():
                del self.closures[event.closure]
                if event.was.start < event.period.start:
                    kept = Period(event.was.start, event.period.start, ZONE)
                    self.closures[event.closure] = (event.space, kept)
            case BookingConfirmed() | BookingWrapped():
                self.firm[event.booking] = (event.space, event.period)
            case BookingRescheduled() if event.rank is None:
                self.firm[event.booking] = (event.space, event.period)
            case BookingCancelled():
                del self.firm[event.booking]
            case ShootDayReported():
                self.shot[event.booking, event.day] = event.space

    def in_service(self, space: str, day: date) -> bool:
        gone = self.retired.get(space)
        return self.first[space] <= day and (gone is None or day < gone)

    def is_closed(self, space: str, day: date) -> bool:
        """Whether every hour of the day is in some closure."""
        start = datetime(day.year, day.month, day.day, tzinfo=zone(ZONE)).astimezone(UTC)
        next_day = day + timedelta(days=1)
        end = datetime(next_day.year, next_day.month, next_day.day, tzinfo=zone(ZONE))
        moments = [start + n * HOUR for n in range((end.astimezone(UTC) - start) // HOUR)]
        ours = [period for where, period in self.closures.values() if where == space]
        return all(any(p.start <= m < p.end for p in ours) for m in moments)

    def is_occupied(self, space: str, day: date) -> bool:
        return any(where == space and day in set(p.days) for where, p in self.firm.values())

    def facts_on(self, space: str, day: date) -> tuple[str, float]:
        facts = self.facts[space]
        return facts[max((d for d in facts if d <= day), default=min(facts))]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Spaces, closures, bookings with their lives, shoot days: any order of lives."""
    events: list[Event] = []
    for space in SPACES:
        on = local_day(draw(st.integers(0, 40 * 24)))
        events.append(
            SpaceCommissioned(
                space=space, site="site", zone=ZONE, name=space, kind=draw(st.sampled_from(KINDS)),
                area_m2=float(draw(st.integers(100, 5000))), in_service_on=on,
            )
        )  # fmt: skip
    makers: tuple[Callable[[st.DrawFn, int], list[Event]], ...] = (_space_life, _closure, _booking)
    for number in range(draw(st.integers(4, 16))):
        events += draw(st.sampled_from(makers))(draw, number)
    return events


def _space_life(draw: st.DrawFn, number: int) -> list[Event]:
    space, on = draw(st.sampled_from(SPACES)), local_day(draw(st.integers(41 * 24, 75 * 24)))
    if draw(st.booleans()):
        return [SpaceDecommissioned(space=space, site="site", on=on)]
    return [
        SpaceChanged(
            space=space, site="site", on=on, name=space, kind=draw(st.sampled_from(KINDS)),
            area_m2=float(draw(st.integers(100, 5000))),
        )
    ]  # fmt: skip


def _closure(draw: st.DrawFn, number: int) -> list[Event]:
    space, period = draw(st.sampled_from(SPACES)), draw(periods())
    about: dict[str, Any] = {"closure": f"c-{number}", "space": space, "kind": "maintenance"}
    events: list[Event] = [SpaceClosed(**about, period=period)]
    if draw(st.booleans()):
        length = (period.end - period.start) // HOUR
        kept = draw(st.integers(0, length - 1)) * HOUR
        opened = Period(period.start + kept, period.end, ZONE)
        events.append(SpaceReopened(**about, was=period, period=opened))
    return events


def _booking(draw: st.DrawFn, number: int) -> list[Event]:
    space, period = draw(st.sampled_from(SPACES)), draw(periods())
    about: dict[str, Any] = {"booking": f"b-{number}", "project": "p"}
    events: list[Event] = [BookingHeld(**about, space=space, period=period, rank=1)]

    def moved(rank: int | None) -> None:
        nonlocal space, period
        was_space, was_period = space, period
        space, period = draw(st.sampled_from(SPACES)), draw(periods())
        events.append(
            BookingRescheduled(
                **about, space=space, period=period, was_space=was_space,
                was_period=was_period, rank=rank,
            )
        )  # fmt: skip

    if draw(st.booleans()):
        moved(rank=2)
    if draw(st.integers(0, 3)) == 0:
        return events  # it stays a hold
    events.append(BookingConfirmed(**about, space=space, period=period))
    if draw(st.booleans()):
        moved(rank=None)
    shot = draw(st.lists(st.sampled_from([*period.days][:9]), max_size=4))
    events += [_report(about, space, period, on) for on in shot]
    ending = draw(st.sampled_from(("wrapped", "cancelled", "goes on")))
    if ending == "cancelled":
        events.append(BookingCancelled(**about, space=space, period=period))
    if ending == "wrapped":
        used = Period(period.start, period.start + (period.end - period.start) / 2, ZONE)
        events.append(
            BookingWrapped(
                **about, space=space, period=used, was_period=period, on=used.days.last
            )
        )  # fmt: skip
    return events


def _report(about: dict[str, Any], space: str, period: Period, on: date) -> Event:
    return ShootDayReported(
        **about, space=space, period=period, day=on, setups_planned=1, setups_shot=1,
        pages_planned_eighths=1, pages_shot_eighths=1, shooting_hours=1.0,
    )  # fmt: skip


windows = st.tuples(st.integers(-10, 60), st.sampled_from((0, 6, 40, 80))).map(
    lambda w: (FIRST + timedelta(days=w[0]), FIRST + timedelta(days=w[0] + w[1]))
)
