"""Drawn lives of spaces and bookings, and the facts of each day, found hour by hour.

The histories are drawn event by event, more wildly than the decisions would allow: what is
true for these is true for every legal one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

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
from ledger.events.bookings import BookingEvent
from ledger.time.periods import Period, start_of_day, zone

ZONE = "Europe/Berlin"  # its clocks go forward within the window: a day of 23 hours
FIRST = date(2025, 2, 15)
SPACES = ("stage-1", "stage-2", "workshop")
APART: Mapping[str, str | None] = dict.fromkeys(SPACES)
DIVIDED: Mapping[str, str | None] = {
    "stage-1": None, "left": "stage-1", "right": "stage-1", "corner": "right",
}  # fmt: skip
"""Spaces, each with the one that it is a part of."""

KINDS = ("stage", "virtual stage")
HOUR = timedelta(hours=1)
_TURNAROUNDS = st.sampled_from((None, 12, 36))
_AREAS = st.none() | st.integers(100, 5000).map(float)

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
    period = Period.between(at(start), at(start + length), ZONE)
    return period.days.period(ZONE) if draw(st.booleans()) else period


class Facts(NamedTuple):
    """What a space is from a day on."""

    kind: str
    area_m2: float | None
    turnaround_hours: int | None

    @classmethod
    def of(cls, event: SpaceCommissioned | SpaceChanged) -> Facts:
        """Those that an event tells."""
        return cls(event.kind, event.area_m2, event.turnaround_hours)


@dataclass
class Model:
    """All known facts, kept as simply as possible."""

    first: dict[str, date] = field(default_factory=dict)
    retired: dict[str, date] = field(default_factory=dict)
    part_of: dict[str, str | None] = field(default_factory=dict)
    facts: dict[str, dict[date, Facts]] = field(default_factory=dict)
    closures: dict[str, tuple[str, Period]] = field(default_factory=dict)
    firm: dict[str, tuple[str, Period]] = field(default_factory=dict)
    held: dict[str, tuple[str, Period, int]] = field(default_factory=dict)
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
                self.part_of[event.space] = event.part_of
                self.facts[event.space] = {event.in_service_on: Facts.of(event)}
            case SpaceChanged():
                self.facts[event.space][event.on] = Facts.of(event)
            case SpaceDecommissioned():
                self.retired[event.space] = event.on
            case ShootDayReported():
                self.shot[event.booking, event.day] = event.space
            case BookingEvent():
                self._apply_to_a_booking(event)
            case SpaceClosed():
                self.closures[event.closure] = (event.space, event.period)
            case SpaceReopened():
                del self.closures[event.closure]
                if event.was.start < event.period.start:
                    kept = Period.between(event.was.start, event.period.start, ZONE)
                    self.closures[event.closure] = (event.space, kept)

    def _apply_to_a_booking(self, event: BookingEvent) -> None:
        match event:
            case BookingHeld():
                self.held[event.booking] = (event.space, event.period, event.rank)
            case BookingRescheduled() if event.rank is not None:
                self.held[event.booking] = (event.space, event.period, event.rank)
            case BookingConfirmed() | BookingWrapped():
                self.held.pop(event.booking, None)
                self.firm[event.booking] = (event.space, event.period)
            case BookingRescheduled():
                self.firm[event.booking] = (event.space, event.period)
            case BookingCancelled():
                del self.firm[event.booking]

    def in_service(self, space: str, day: date) -> bool:
        gone = self.retired.get(space)
        return self.first[space] <= day and (gone is None or day < gone)

    def wholes(self, space: str) -> Iterator[str]:
        """The spaces that one is a part of."""
        whole = self.part_of[space]
        while whole is not None:
            yield whole
            whole = self.part_of[whole]

    def sharing(self, space: str) -> set[str]:
        """The space, its wholes and its parts."""
        parts = {one for one in self.part_of if space in self.wholes(one)}
        return {space, *self.wholes(space), *parts}

    def is_closed(self, space: str, day: date) -> bool:
        """Whether every hour of the day is in some closure of the space or of its wholes."""
        return self.is_covered({space, *self.wholes(space)}, day)

    def is_covered(self, spaces: set[str], day: date) -> bool:
        """Whether every hour of the day is in some closure of one of the spaces."""
        start = start_of_day(day, ZONE)
        hours = (start_of_day(day + timedelta(days=1), ZONE) - start) // HOUR
        ours = [period for where, period in self.closures.values() if where in spaces]
        return all(any(p.start <= start + n * HOUR < p.end for p in ours) for n in range(hours))

    def touched(self, space: str) -> list[tuple[str, Period]]:
        """The firm bookings that have any of its floor."""
        return [it for it in self.firm.values() if it[0] in self.sharing(space)]

    def is_occupied(self, space: str, day: date) -> bool:
        return any(day in set(p.days) for _, p in self.touched(space))

    def keeps_free(self, one: tuple[str, Period], other: tuple[str, Period]) -> bool:
        """Whether two productions leave each other time enough, whichever comes first."""
        (before, early), (after, late) = sorted((one, other), key=lambda it: it[1].start)
        on = early.days.last
        spaces = {before, after, *self.wholes(before), *self.wholes(after)}
        hours = max(self.facts_on(space, on).turnaround_hours or 0 for space in spaces)
        return early.end + hours * HOUR <= late.start

    def facts_on(self, space: str, day: date) -> Facts:
        facts = self.facts[space]
        return facts[max((d for d in facts if d <= day), default=min(facts))]


@st.composite
def histories(draw: st.DrawFn, spaces: Mapping[str, str | None] = APART) -> list[Event]:
    """Spaces, closures, bookings with their lives, shoot days: any order of lives."""
    events: list[Event] = []
    for space, part_of in spaces.items():
        on = local_day(draw(st.integers(0, 40 * 24)))
        events.append(
            SpaceCommissioned(
                space=space, site="site", zone=ZONE, name=space, kind=draw(st.sampled_from(KINDS)),
                area_m2=draw(_AREAS), in_service_on=on, part_of=part_of,
                turnaround_hours=draw(_TURNAROUNDS),
            )
        )  # fmt: skip
    makers: tuple[Callable[[st.DrawFn, Sequence[str], int], list[Event]], ...] = (
        _space_life,
        _closure,
        _booking,
    )
    for number in range(draw(st.integers(4, 16))):
        events += draw(st.sampled_from(makers))(draw, tuple(spaces), number)
    return events


def _space_life(draw: st.DrawFn, ids: Sequence[str], number: int) -> list[Event]:
    space, on = draw(st.sampled_from(ids)), local_day(draw(st.integers(41 * 24, 75 * 24)))
    if draw(st.booleans()):
        return [SpaceDecommissioned(space=space, site="site", on=on)]
    return [
        SpaceChanged(
            space=space, site="site", on=on, name=space, kind=draw(st.sampled_from(KINDS)),
            area_m2=draw(_AREAS),
            turnaround_hours=draw(_TURNAROUNDS),
        )
    ]  # fmt: skip


def _closure(draw: st.DrawFn, ids: Sequence[str], number: int) -> list[Event]:
    space, period = draw(st.sampled_from(ids)), draw(periods())
    about: dict[str, Any] = {"closure": f"c-{number}", "space": space, "kind": "maintenance"}
    events: list[Event] = [SpaceClosed(**about, period=period)]
    if draw(st.booleans()):
        length = (period.end - period.start) // HOUR
        kept = draw(st.integers(0, length - 1)) * HOUR
        opened = Period.between(period.start + kept, period.end, ZONE)
        events.append(SpaceReopened(**about, was=period, period=opened))
    return events


def _booking(draw: st.DrawFn, ids: Sequence[str], number: int) -> list[Event]:
    space, period = draw(st.sampled_from(ids)), draw(periods())
    about: dict[str, Any] = {"booking": f"b-{number}", "project": "p"}
    events: list[Event] = [BookingHeld(**about, space=space, period=period, rank=1)]

    def moved(rank: int | None) -> None:
        nonlocal space, period
        was_space, was_period = space, period
        space, period = draw(st.sampled_from(ids)), draw(periods())
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
        used = Period.between(period.start, period.start + (period.end - period.start) / 2, ZONE)
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
