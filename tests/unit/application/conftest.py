"""A small ledger in a file, and the commands that make a studio of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from ledger.application import Author, Ledger
from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold
from ledger.decisions.projects import OpenProject
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace
from ledger.time.periods import ManualClock, When

ZONE = "Asia/Shanghai"
OPENED = datetime(2025, 6, 1, 4, tzinfo=UTC)
"""Noon on the campus."""

ADA = Author("ada", reason="as agreed on the telephone")


@pytest.fixture
def clock() -> ManualClock:
    """The studio's clock: noon of 1 June 2025 until a test sets it."""
    return ManualClock(OPENED)


@pytest.fixture
def ledger(sqlite_url: str, clock: ManualClock) -> Iterator[Ledger]:
    """A ledger in a file, with only position 1."""
    with Ledger.create(
        sqlite_url, origin="campus", zone_name=ZONE, author=ADA, clock=clock
    ) as made:
        yield made


def project(name: str, title: str = "复活") -> OpenProject:
    """Open a project."""
    return OpenProject(project=name, title=title, kind="feature", on=date(2025, 3, 1))


STUDIO: list[Decision] = [
    AddSite(site="campus", name="Campus", zone=ZONE),
    AddSpace(
        space="stage-1",
        site="campus",
        name="Stage 1",
        kind="stage",
        area_m2=3000,
        in_service_on=date(2024, 1, 1),
    ),
    project("resurrection"),
    PlaceHold(
        space="stage-1", project="resurrection", when=When.parse("2025-07-01..2025-07-10"),
        booking="b-1",
    ),
    ConfirmBookings(booking="b-1"),
]  # fmt: skip
"""A site, a stage on it, a project, its hold on the stage, which is confirmed."""
