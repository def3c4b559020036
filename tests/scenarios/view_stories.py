"""A small campus for the views' scenarios: its events by hand, and what folds of them answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeVar

from ledger.events import (
    BookingConfirmed,
    BookingHeld,
    LedgerOpened,
    ProjectOpened,
    SiteRegistered,
    SpaceClosed,
    SpaceCommissioned,
)
from ledger.events.base import Event, Header
from ledger.projections import Projection, fold
from ledger.testing import Scenario, given
from ledger.time.periods import Moment, Period, When

ZONE = "Asia/Shanghai"
P = TypeVar("P", bound=Projection)


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    """An instant on the campus's clock."""
    return Moment.parse(text).resolve(ZONE)


def days(text: str) -> Period:
    """Whole days, or exact times, on the campus's clock."""
    return When.parse(text).resolve(ZONE)


OPENED = LedgerOpened(origin="yongchuan", format=1, demo=False, zone=ZONE)
YONGCHUAN = SiteRegistered(
    site="yongchuan",
    name="Yongchuan Technology Studio",
    zone=ZONE,
    answer_within_hours=24,
    local_name="永川科技片场",
)
STAGE_1 = SpaceCommissioned(
    space="stage-1",
    site="yongchuan",
    zone=ZONE,
    name="Stage 1",
    kind="stage",
    area_m2=3000.0,
    in_service_on=day("2023-05-01"),
    phase="phase-1",
)
WORKSHOP = SpaceCommissioned(
    space="workshop",
    site="yongchuan",
    zone=ZONE,
    name="Workshop",
    kind="workshop",
    area_m2=5000.0,
    in_service_on=day("2025-04-01"),
    capacity=4,
    answer_within_hours=48,
)
RESURRECTION = ProjectOpened(
    project="resurrection", title="Resurrection 复活", kind="feature", on=day("2024-11-01")
)


def closed(when: str, closure: str = "c-1", kind: Any = "maintenance") -> SpaceClosed:
    """Stage 1 is closed."""
    return SpaceClosed(closure=closure, space="stage-1", kind=kind, period=days(when))


def held(booking: str, when: str, rank: int = 1, **more: Any) -> BookingHeld:
    """A hold on stage 1, or another space."""
    usual: dict[str, Any] = {"space": "stage-1", "project": "resurrection"}
    return BookingHeld(booking=booking, period=days(when), rank=rank, **usual | more)


def confirmed(booking: str, when: str, **more: Any) -> BookingConfirmed:
    """A firm booking of stage 1, or another space."""
    usual: dict[str, Any] = {"space": "stage-1", "project": "resurrection"}
    return BookingConfirmed(booking=booking, period=days(when), **usual | more)


def story(*events: Event, on: str = "2025-08-02T12:00+08:00") -> Scenario:
    """The ledger, the site and stage 1, then these events, all recorded at one time."""
    return given().at(on).and_given(OPENED, YONGCHUAN, STAGE_1, *events)


def because(told: Scenario, event: Event, reason: str | None = None, **header: Any) -> Scenario:
    """The story goes on with an event that has a reason, or corrects another."""
    told.history.append([(event, Header(actor="scheduler", reason=reason, **header))])
    return told


def seen(projection: type[P], told: Scenario, until: int | None = None) -> P:
    """The projection folded over the story, or over its first events, ready to be asked."""
    return fold(projection, told.history.events[:until]).projection
