"""Laws of each shipped projection: batches make the whole, a prefix is the past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_billing import Billing
from ledger_bookings import Bookings
from ledger_calendar import Calendar
from ledger_claims import ClaimRecorded, Claims, ClaimWithdrawn
from ledger_efficiency import Efficiency
from ledger_equipment import Equipment
from ledger_expo import ExhibitorRegistered, Expo, ExpoAnnounced, PartAdded, Presented
from ledger_projects import Projects
from ledger_reservations import Reservations
from ledger_spaces import Spaces
from ledger_utilization import Utilization
from msgspec import Struct

from ledger.events import (
    EquipmentMoved,
    EquipmentRegistered,
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    ProjectClosed,
    ProjectOpened,
)
from ledger.events.base import Event, RecordedEvent
from ledger.projections import Folding, Projection, fold
from ledger.testing import recorded
from ledger.time.periods import Days, Moment, Period
from tests.properties.models.space_lives import (
    DIVIDED,
    FIRST,
    ZONE,
    Model,
    at,
    histories,
    hours,
    windows,
)

SHIPPED: tuple[type[Projection], ...] = (
    Billing,
    Bookings,
    Calendar,
    Claims,
    Efficiency,
    Equipment,
    Expo,
    Projects,
    Reservations,
    Spaces,
    Utilization,
)
REQUIRED: dict[str, dict[str, Any]] = {}
"""Parameters of the views that require them; so far none."""


@st.composite
def studios(draw: st.DrawFn) -> list[RecordedEvent]:
    """Spaces and bookings, and among them a project and an item that moves."""
    events = draw(histories())
    others: list[Event] = [
        ProjectOpened(project="p", title="P", kind="feature", on=FIRST),
        MilestonePlanned(project="p", milestone="prep", on=date(2025, 3, 1)),
        MilestoneReached(project="p", milestone="prep", on=date(2025, 3, 2)),
        MilestoneWithdrawn(project="p", milestone="prep"),
        ProjectClosed(project="p", on=date(2025, 4, 1), outcome="completed"),
        ExpoAnnounced(expo="x", title="X", project="p"),
        PartAdded(expo="x", part="ai", kind="area", title="AI"),
        ExhibitorRegistered(expo="x", exhibitor="a", name="A", area="ai", technologies=("AI",)),
        Presented(expo="x", kind="technology", title="AI"),
        *(
            ClaimRecorded(
                claim=f"c-{n}", metric=metric, comparison="at-least", value=1.0, unit="",
                publisher="P", published_on=date(2025, 1, 1), source="S", subject="x",
            )
            for n, metric in enumerate(("site area", "projects serviced", "expo exhibitors"))
        ),
        ClaimWithdrawn(claim=f"c-{draw(st.integers(0, 3))}"),
        EquipmentRegistered(equipment="e", at=at(0), name="E", kind="crane", place="stage-1"),
        *(
            EquipmentMoved(
                equipment="e", at=at(draw(hours)), origin="stage-1", destination=f"stage-{n}",
                latest=False,
            )
            for n in range(draw(st.integers(0, 3)))
        ),
    ]  # fmt: skip
    for event in others:
        events.insert(draw(st.integers(3, len(events))), event)
    return recorded(*events)


def answers(projection: Projection) -> dict[str, list[Struct]]:
    """Return the answer of every view of a projection, without any filter."""
    return {
        name: view.call(projection, REQUIRED.get(name, {}))
        for name, view in type(projection).views.items()
    }


def in_pieces(
    projection: type[Projection], entries: Sequence[RecordedEvent], sizes: Sequence[int]
) -> Projection:
    """Fold in batches of these sizes, each settled before the next."""
    folding, rest = Folding(projection.open()), list(entries)
    for size in (*sizes, len(rest)):
        assert folding.apply(rest[:size]) is None
        rest = rest[size:]
        for table in folding.tables:
            table.settle()
    folding.seal()
    return folding.projection


@pytest.mark.parametrize("projection", SHIPPED, ids=lambda p: p.name)
@settings(max_examples=20)
@given(entries=studios(), sizes=st.lists(st.integers(1, 9), max_size=8), stop=st.integers(1, 40))
def test_pieces_make_the_whole_and_a_prefix_is_the_past(
    projection: type[Projection], entries: list[RecordedEvent], sizes: list[int], stop: int
) -> None:
    for prefix in (entries, entries[:stop]):
        once = answers(fold(projection, prefix).projection)
        assert answers(in_pieces(projection, prefix, sizes)) == once
        assert answers(in_pieces(projection, prefix, [1] * len(prefix))) == once


@pytest.mark.parametrize("projection", SHIPPED, ids=lambda p: p.name)
def test_nothing_recorded_is_answered_with_nothing_and_no_fault(
    projection: type[Projection],
) -> None:
    empty = answers(fold(projection, []).projection)
    totals = {
        "utilization-total",
        "project-total",
        "efficiency",
    }  # figures of nothing: zero, or undefined
    assert {name for name, rows in empty.items() if rows} <= totals


@given(histories() | histories(DIVIDED), windows)
def test_the_calendar_is_that_of_the_naive_model(
    events: list[Event], window: tuple[date, date]
) -> None:
    model = Model.of(events)
    calendar = fold(Calendar, recorded(*events)).projection
    for line in calendar.calendar(since=window[0], until=window[1]):
        assert line.state == state_by_hand(model, line.space, line.day), line
        wanted = [b for b, it in model.firm.items() if meets(model, line.space, line.day, it)]
        if line.state == "confirmed":
            assert sorted(line.bookings) == sorted(wanted)


def meets(model: Model, space: str, day: date, taken: tuple[str, Period]) -> bool:
    """Whether a booking has some of the floor of a space on a day."""
    return taken[0] in model.sharing(space) and day in set(taken[1].days)


def state_by_hand(model: Model, space: str, day: date) -> str:
    if not model.in_service(space, day):
        return "not in service"
    if model.is_occupied(space, day):
        return "confirmed"
    if model.is_covered(model.sharing(space), day):
        return "closed"
    if any(meets(model, space, day, (where, p)) for where, p, _ in model.held.values()):
        return "held"
    whole = Days(day, day).period(ZONE)
    beside = model.touched(space)
    return "free" if all(model.keeps_free((space, whole), it) for it in beside) else "turnaround"


@given(histories() | histories(DIVIDED), windows)
def test_what_is_free_is_what_nobody_has_closes_or_needs(
    events: list[Event], window: tuple[date, date]
) -> None:
    model = Model.of(events)
    lines = fold(Calendar, recorded(*events)).projection.free(since=window[0], until=window[1])
    told = {(line.space, day) for line in lines for day in Days(line.first, line.last)}
    by_hand = set()
    for space in model.first:
        sharing = model.sharing(space)
        shut = [period for where, period in model.closures.values() if where in sharing]
        for day in Days(*window):
            whole = Days(day, day).period(ZONE)
            if not model.in_service(space, day) or any(whole.overlaps(one) for one in shut):
                continue
            if all(model.keeps_free((space, whole), it) for it in model.touched(space)):
                by_hand.add((space, day))
    assert told == by_hand


@given(histories() | histories(DIVIDED), windows)
def test_the_first_free_day_is_that_of_the_naive_model(
    events: list[Event], window: tuple[date, date]
) -> None:
    model = Model.of(events)
    calendar = fold(Calendar, recorded(*events)).projection
    for line in calendar.booked_through(at=Moment(f"{window[0]}T12:00")):
        ahead = (window[0] + timedelta(days=n) for n in range(1, 200))
        by_hand = (day for day in ahead if has_room(model, line.space, day))
        assert line.first_free == next(by_hand, None)


def has_room(model: Model, space: str, day: date) -> bool:
    """Whether some of a day is open, and nobody has it or needs it."""
    if not model.in_service(space, day) or model.is_covered(model.sharing(space), day):
        return False
    whole = Days(day, day).period(ZONE)
    return all(model.keeps_free((space, whole), it) for it in model.touched(space))


@given(histories() | histories(DIVIDED))
def test_a_hold_waits_for_whom_it_shares_time_and_floor_with(events: list[Event]) -> None:
    model = Model.of(events)
    bookings = fold(Bookings, recorded(*events)).projection
    lines = bookings.holds()
    assert {line.booking for line in lines} == set(model.held)
    for line in lines:
        space, period, rank = model.held[line.booking]
        sharing = model.sharing(space)
        before = [
            (other_rank, other)
            for other, (where, when, other_rank) in model.held.items()
            if where in sharing and when.overlaps(period) and other_rank < rank
        ]
        assert line.before == tuple(other for _, other in sorted(before))
        firm = {
            b for b, (where, p) in model.firm.items() if where in sharing and p.overlaps(period)
        }
        assert {one.split()[0] for one in line.behind} == firm
    for space in model.first:
        assert bookings.holds(space=space) == [line for line in lines if line.space == space]
