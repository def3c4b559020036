"""Drawn commands about the bookings of a small studio, and what the studio has."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st
from msgspec import Struct

from ledger.events import (
    Event,
    ProjectOpened,
    SiteRegistered,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
)
from ledger.time.periods import Period, When
from tests.properties.models.booking_model import (
    ANSWER_HOURS,
    CAPACITY,
    CLOSED,
    FIRST_DAY,
    PART_OF,
    SLOTS,
    TURNAROUND,
    ZONE,
    wall,
)

NEEDS = {
    "challenge": ("held",),
    "confirm": ("held",),
    "release": ("held",),
    "move": ("held", "confirmed", "started"),
    "start": ("confirmed",),
    "report": ("started", "wrapped"),
    "wrap": ("started",),
    "cancel": ("confirmed", "started"),
    "change": ("held", "confirmed", "started"),
    "rank": ("held",),
    "give back": ("held", "confirmed", "started"),
    "split": ("held", "confirmed", "started"),
    "merge": ("held", "confirmed", "started"),
    "part": ("held",),
}
"""The states in which a command's booking gives it a chance."""

VERBS = (
    "hold", "hold", "hold", "book", "hold job", "book job", "move", "move", *NEEDS,
    "on job", "on job",
)  # fmt: skip


class Wish(Struct, frozen=True):
    """A draft of a command; its `pick` numbers stand for existing bookings."""

    verb: str
    pick: int
    other: int
    space: str
    start: int
    length: int
    units: int
    expires_in_hours: int | None


WISHES = st.builds(
    Wish,
    verb=st.sampled_from(VERBS),
    pick=st.integers(0, 30),
    other=st.integers(0, 30),
    space=st.sampled_from(["stage-1", "stage-1", *CAPACITY]),
    start=st.integers(0, SLOTS - 30),
    length=st.integers(1, 30),
    units=st.sampled_from([1, 1, 1, 2]),
    expires_in_hours=st.sampled_from([None, None, 12, 40]),
)


def studio() -> list[Event]:
    """Two stages, one that divides, a workshop for three, and two projects that never end."""
    happened: list[Event] = [
        SiteRegistered(site="campus", name="Campus", zone=ZONE),
        *(
            ProjectOpened(project=project, title=project, kind="feature", on=date(2025, 1, 1))
            for project in ("film", "series")
        ),
    ]
    for space, capacity in CAPACITY.items():
        happened.append(
            SpaceCommissioned(
                space=space,
                site="campus",
                zone=ZONE,
                name=space,
                kind="stage",
                area_m2=1000.0,
                in_service_on=date(2024, 1, 1),
                capacity=capacity,
                answer_within_hours=ANSWER_HOURS[space],
                part_of=PART_OF.get(space),
            )
        )
    for space, (hours, since) in TURNAROUND.items():
        happened.append(_needs_turnaround(space, hours, FIRST_DAY + timedelta(days=since // 2)))
    for space, slots in CLOSED.items():
        period = period_of(min(slots), max(slots) + 1)
        happened.append(
            SpaceClosed(closure=f"c-{space}", space=space, kind="maintenance", period=period)
        )
    return happened


def _needs_turnaround(space: str, hours: int, on: date) -> SpaceChanged:
    return SpaceChanged(
        space=space,
        site="campus",
        on=on,
        name=space,
        kind="stage",
        area_m2=1000.0,
        capacity=CAPACITY[space],
        answer_within_hours=ANSWER_HOURS[space],
        turnaround_hours=hours,
    )


def when_of(start: int, end: int) -> When:
    """These half days, as a command has them."""
    return When.parse(f"{wall(start)}..{wall(end)}")


def period_of(start: int, end: int) -> Period:
    """These half days, as an event has them."""
    return when_of(start, end).resolve(ZONE)
