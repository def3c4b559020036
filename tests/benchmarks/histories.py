"""Histories of a made-up campus, large and quickly made, of which every event is a legal one.

A month is like every other: so many bookings of a day on each stage, most of them shot; so many
moves of each item; projects that open, plan, reach and close. So a history of two million events
is one of twenty thousand that began earlier, and both end on the same day.

The events are made directly and not commanded, which would take an hour. What the rules would
have made of the commands is the same: `test_histories.py` commands a small one and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from ledger.events import (
    STUDIO_EVENTS,
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    EquipmentMoved,
    EquipmentRegistered,
    Event,
    HoldReleased,
    LedgerOpened,
    MilestonePlanned,
    MilestoneReached,
    ProjectClosed,
    ProjectOpened,
    ShootDayReported,
    SiteRegistered,
    SpaceCommissioned,
)
from ledger.events.base import Header, Registry, format_recorded_at, recorded_tags
from ledger.events.equipment import KindCount
from ledger.log.recorder import SqlRecorder
from ledger.log.rows import StoredRow
from ledger.log.store.sessions import Session
from ledger.log.store.store_urls import Place
from ledger.log.stores import create_store
from ledger.time.periods import Days, Period, SystemClock

ZONE = "Asia/Shanghai"
HEADER = Header(actor="scheduler")
ORIGIN = "campus.example"
LAST = 2034 * 12 + 5
"""June 2034, counted in months: every history ends with it, its bookings reach into July.

It is ahead, so that July is to come: a hold of days that are over has passed.
"""

Told = tuple[datetime, Event]
"""An event and when it was recorded."""


@dataclass(frozen=True)
class Campus:
    """How much there is of everything, and how long it goes on.

    Of the `a_month` bookings of a stage every fifth stays a hold and is released. Each item moves
    on every third day.
    """

    months: int
    stages: int = 60
    items: int = 200
    projects: int = 10
    a_month: int = 20

    @property
    def a_month_has(self) -> int:
        """About how many events a month has."""
        confirmed = self.a_month - self.a_month // 5
        bookings = self.stages * (confirmed * 5 + self.a_month // 5 * 2)
        return bookings + self.items * 28 // 3 + self.projects * 5

    def of(self, events: int) -> Campus:
        """The same campus for as many whole months as have about so many events."""
        return replace(self, months=max(1, round(events / self.a_month_has)))


QUICK = Campus(months=1, stages=4, items=6, projects=2)
"""For trying out: a month has some hundred events."""


def history(campus: Campus) -> Iterator[Told]:
    """What a campus lived through, in the order in which it was recorded, from `LedgerOpened`."""
    first = LAST - campus.months + 1
    yield from _founded(campus, first)
    for month in range(first, LAST + 1):
        for day in range(1, 29):
            morning = _morning(month, day)
            events = chain(
                _projects(campus, month, first, day),
                _shot(campus, month, day) if month > first else (),
                _moved(campus, month, day),
                _placed(campus, month, day),
            )
            for n, event in enumerate(events):
                yield morning + timedelta(seconds=1, milliseconds=40 * n), event


def long_lives(months: int) -> Iterator[Told]:
    """A stage and an item of so many months, and a stage and an item of the last one alone.

    Each has 20 bookings, or moves, a month.
    """
    first = LAST - months + 1
    at = _morning(first - 1, 1)
    yield at, LedgerOpened(origin=ORIGIN, format=1, demo=False, zone=ZONE)
    yield at, SiteRegistered(site="campus", name="永川 Campus", zone=ZONE)
    for n, name in enumerate(("old", "new")):
        yield at, _commissioned(name, n, at.date())
        yield at, _registered(f"item-{name}", at, "stage-old", n + 1)
    yield at, ProjectOpened(project="film", title="Film 电影", kind="feature", on=at.date())
    for month in range(first, LAST + 1):
        for day in range(1, 21):
            morning = _morning(month, day)
            for n, name in enumerate(("old", "new") if month == LAST else ("old",)):
                here, there = ("stage-old", "stage-new")[:: 1 if day % 2 else -1]
                about = _booking(month + 1, day, name, "film")
                for event in (
                    BookingHeld(**about, rank=1),
                    BookingConfirmed(**about),
                    EquipmentMoved(
                        equipment=f"item-{name}", at=morning, latest=True, origin=here,
                        destination=there,
                    ),
                ):  # fmt: skip
                    yield morning + timedelta(seconds=1 + n), event


def _month_and_year(month: int) -> tuple[int, int]:
    return month // 12, month % 12 + 1


def day_of(month: int, day: int) -> date:
    """A day of a month that is counted as `LAST` is."""
    return date(*_month_and_year(month), day)


def _morning(month: int, day: int) -> datetime:
    """Noon on the campus."""
    return datetime(*_month_and_year(month), day, 4, tzinfo=UTC)


def label(month: int) -> str:
    """`2025-06`."""
    return f"{day_of(month, 1):%Y-%m}"


def _founded(campus: Campus, first: int) -> Iterator[Told]:
    at = _morning(first - 1, 1)
    yield at, LedgerOpened(origin=ORIGIN, format=1, demo=False, zone=ZONE)
    yield at, SiteRegistered(site="campus", name="永川 Campus", zone=ZONE)
    for n in range(campus.stages):
        yield at, _commissioned(str(n), n, at.date())
    for n in range(campus.items):
        yield at, _registered(f"item-{n}", at, _place(campus, n, _days(first, 0)), n + 1)


def _commissioned(name: str, n: int, on: date) -> SpaceCommissioned:
    return SpaceCommissioned(
        space=f"stage-{name}", site="campus", zone=ZONE, name=f"Stage {name} 号棚", kind="stage",
        area_m2=1000.0 + 10 * n, in_service_on=on,
    )  # fmt: skip


def _registered(item: str, at: datetime, place: str, number: int) -> EquipmentRegistered:
    """The item of that number."""
    return EquipmentRegistered(
        equipment=item, at=at, name=f"LED panel {item}", kind="LED wall", place=place, home=place,
        of_kind=KindCount(number),
    )  # fmt: skip


def _place(campus: Campus, item: int, days: int) -> str:
    """Where an item is in the evening of a day, counted as `_days` does."""
    return f"stage-{(item + (days - item % 3) // 3) % campus.stages}"


def _projects(campus: Campus, month: int, first: int, day: int) -> Iterator[Event]:
    """On the 1st they open and plan; three months later they have shot, and close."""
    on = day_of(month, 1)
    for n in range(campus.projects) if day == 1 else ():
        project = f"p-{label(month)}-{n}"
        yield ProjectOpened(project=project, title=f"Film {n} 电影", kind="feature", on=on)
        yield MilestonePlanned(project=project, milestone="picture-wrap", on=day_of(month + 2, 28))
        yield MilestonePlanned(project=project, milestone="release", on=day_of(month + 12, 15))
        if month - 3 >= first:
            over = f"p-{label(month - 3)}-{n}"
            yield MilestoneReached(project=over, milestone="picture-wrap", on=on)
            yield ProjectClosed(project=over, on=on, outcome="completed")


def _moved(campus: Campus, month: int, day: int) -> Iterator[Event]:
    """Every third item goes to the next stage."""
    days = _days(month, day)
    for item in range(days % 3, campus.items, 3):
        yield EquipmentMoved(
            equipment=f"item-{item}",
            at=_morning(month, day),
            latest=True,
            origin=_place(campus, item, days - 1),
            destination=_place(campus, item, days),
        )


def _days(month: int, day: int) -> int:
    """The days that things are moved on, counted through: 28 a month."""
    return month * 28 + day


def _booking(month: int, day: int, stage: int | str, project: str) -> dict[str, Any]:
    period = _whole_day(month, day)
    return {
        "booking": f"b-{day_of(month, day)}-{stage}",
        "space": f"stage-{stage}",
        "project": project,
        "period": period,
    }


@lru_cache(maxsize=128)
def _whole_day(month: int, day: int) -> Period:
    on = day_of(month, day)
    return Days(on, on).period(ZONE)


def _stays_a_hold(day: int) -> bool:
    return day % 5 == 0


def _placed(campus: Campus, month: int, day: int) -> Iterator[Event]:
    """A day of the next month is held on each stage, and confirmed or let go at once."""
    for stage in range(campus.stages) if day <= campus.a_month else ():
        project = f"p-{label(month)}-{stage % campus.projects}"
        about = _booking(month + 1, day, stage, project)
        yield BookingHeld(**about, rank=1)
        if _stays_a_hold(day):
            yield HoldReleased(**about, cause="released")
        else:
            yield BookingConfirmed(**about)


def _shot(campus: Campus, month: int, day: int) -> Iterator[Event]:
    """On the day itself: moved in, shot, moved out."""
    if day > campus.a_month or _stays_a_hold(day):
        return
    on = day_of(month, day)
    for stage in range(campus.stages):
        about = _booking(month, day, stage, f"p-{label(month - 1)}-{stage % campus.projects}")
        yield BookingStarted(**about, on=on)
        yield ShootDayReported(
            **about, day=on, setups_planned=20, setups_shot=15 + (day + stage) % 8,
            pages_planned_eighths=24, pages_shot_eighths=20 + day % 6, shooting_hours=9.5,
        )  # fmt: skip
        yield BookingWrapped(**about, on=on, was_period=about["period"])


def of_fixed_size(events: int) -> Iterator[Told]:
    """So many events that change rows of views and add none: plans that move from day to day."""
    begun = _morning(LAST - 12, 1)
    yield begun, LedgerOpened(origin=ORIGIN, format=1, demo=False, zone=ZONE)
    yield begun, SiteRegistered(site="campus", name="永川 Campus", zone=ZONE)
    for n in range(FIXED):
        yield begun, _commissioned(str(n), n, begun.date())
    for n in range(FIXED):
        yield (
            begun,
            ProjectOpened(
                project=f"p-{n}", title=f"Film {n} 电影", kind="feature", on=begun.date()
            ),
        )
    held = [_booking(LAST, 1 + n % 28, n, f"p-{n}") for n in range(FIXED)]
    for about in held:
        yield begun, BookingHeld(**about, rank=1)
    for n in range(events - 2 - 3 * FIXED):
        at, which = begun + timedelta(seconds=n), n % FIXED
        if n // FIXED % 2:
            yield (
                at,
                MilestonePlanned(
                    project=f"p-{which}", milestone="release", on=day_of(LAST, 1 + n // FIXED % 28)
                ),
            )
            continue
        was = held[which]["period"]
        held[which]["period"] = _whole_day(LAST, 1 + (n // FIXED + 1 + which) % 28)
        yield (
            at,
            BookingRescheduled(
                **held[which], was_space=held[which]["space"], was_period=was, rank=1
            ),
        )


FIXED = 200
"""Spaces, projects and bookings of a history of fixed size."""


# --- as a ledger ---------------------------------------------------------------------------


def stored(told: Iterable[Told], registry: Registry | None = None) -> Iterator[StoredRow]:
    """The rows that a log keeps of them."""
    registry = registry or Registry(STUDIO_EVENTS)
    encode_tags = msgspec.json.Encoder().encode
    for position, (at, event) in enumerate(told, start=1):
        tags = encode_tags(recorded_tags(event, HEADER)).decode()
        data = registry.encode(event, HEADER)
        yield position, format_recorded_at(at), event.type_name, tags, data


def make_ledger(where: str | Path, told: Iterable[Told]) -> int:
    """Make a ledger of them, in one transaction, through the log's own inserts; its head."""
    head = 0

    def fill(recorder: SqlRecorder, session: Session) -> None:
        nonlocal head
        if session.connection.dialect.name == "sqlite":
            session.run("PRAGMA cache_size = -500000")  # kB: the index grows in all places at once
        rows = stored(told)
        while batch := list(islice(rows, 5_000)):
            recorder.insert_rows(session, batch)
            head = batch[-1][0]

    create_store(Place.parse(where), SystemClock(), fill).close()
    return head
