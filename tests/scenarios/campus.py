"""The campus of the scenarios: one site, a stage that is exclusive, a workshop that is shared."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ledger.decisions.spaces import ChangeSpace, CloseSpace
from ledger.events import (
    BookingConfirmed,
    BookingHeld,
    ProjectOpened,
    SiteRegistered,
    SpaceClosed,
    SpaceCommissioned,
)
from ledger.time.periods import Days, Period, When

ZONE = "Asia/Shanghai"


def day(text: str) -> date:
    return date.fromisoformat(text)


def days(text: str) -> Period:
    """Whole days on the campus's clock."""
    return Days.parse(text).period(ZONE)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


YONGCHUAN = SiteRegistered(
    site="yongchuan", name="Yongchuan Technology Studio", zone=ZONE, answer_within_hours=24
)
STAGE_1 = SpaceCommissioned(
    space="stage-1",
    site="yongchuan",
    zone=ZONE,
    name="Stage 1",
    kind="stage",
    area_m2=3000.0,
    in_service_on=day("2023-05-01"),
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
)
RESURRECTION = ProjectOpened(
    project="resurrection", title="Resurrection 复活", kind="feature", on=day("2024-11-01")
)


def closed(when: str, closure: str = "c-1", kind: Any = "maintenance") -> SpaceClosed:
    """Stage 1 is closed on whole days."""
    return SpaceClosed(closure=closure, space="stage-1", kind=kind, period=days(when))


def close(when: str, kind: Any = "maintenance", **more: Any) -> CloseSpace:
    return CloseSpace(space="stage-1", when=When.parse(when), kind=kind, **more)


def change(on: str, **differs: Any) -> ChangeSpace:
    return ChangeSpace(space=differs.pop("space", "stage-1"), on=day(on), **differs)


def held(booking: str, when: str, space: str = "stage-1", **more: Any) -> BookingHeld:
    return BookingHeld(
        booking=booking, space=space, project="resurrection", period=days(when), rank=1, **more
    )


def confirmed(booking: str, when: str, space: str = "stage-1", units: int = 1) -> BookingConfirmed:
    return BookingConfirmed(
        booking=booking, space=space, project="resurrection", period=days(when), units=units
    )
