"""Utilization against a naive model: sets of days, walked one by one."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_utilization import Utilization

from ledger.events.base import Event
from ledger.projections import fold
from ledger.testing import recorded
from ledger.time.periods import start_of_day
from tests.properties.models.space_lives import (
    DIVIDED,
    KINDS,
    ZONE,
    Model,
    histories,
    windows,
)


def rows_by_hand(model: Model, since: date, until: date) -> list[tuple[Any, ...]]:
    """The utilization view, day by day."""
    window = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    rows = []
    for space in sorted(model.first):
        sharing = model.sharing(space)
        days = [day for day in window if model.in_service(space, day)]
        available = [day for day in days if not model.is_closed(space, day)]
        occupied = [day for day in available if model.is_occupied(space, day)]
        shot = {d for (_, d), where in model.shot.items() if where in sharing and d in set(days)}
        if days:
            rows.append((space, len(days), len(available), len(occupied), len(shot)))
    return rows


def hours_by_hand(model: Model, space: str, since: date, until: date) -> tuple[float, float]:
    """The hours booked and open on available days, half an hour after the other."""
    booked = is_open = 0
    closed = {space, *model.wholes(space)}
    shut = [period for where, period in model.closures.values() if where in closed]
    taken = [period for _, period in model.touched(space)]
    for n in range((until - since).days + 1):
        day = since + timedelta(days=n)
        if not model.in_service(space, day) or model.is_closed(space, day):
            continue
        at, end = (start_of_day(day + timedelta(days=d), ZONE) for d in (0, 1))
        while at < end:
            if not any(p.start <= at < p.end for p in shut):
                is_open += 1
                booked += any(p.start <= at < p.end for p in taken)
            at += timedelta(minutes=30)
    return booked / 2, is_open / 2


@given(histories() | histories(DIVIDED), windows)
def test_every_figure_is_that_of_the_naive_model(
    events: list[Event], window: tuple[date, date]
) -> None:
    since, until = window
    model = Model.of(events)
    projection = fold(Utilization, recorded(*events)).projection
    rows = projection.utilization(since=since, until=until)
    expected = rows_by_hand(model, since, until)
    assert [
        (r.space, r.in_service, r.available, r.occupied, r.shoot_days) for r in rows
    ] == expected
    for row in rows:
        assert row.in_service == row.available + row.closed
        assert row.gross == row.occupied / row.in_service
        assert row.net == (row.occupied / row.available if row.available else None)
        assert row.idle == (row.available > 0 and row.occupied == 0)
        assert row.unit_days_occupied == row.occupied, "no space is shared"
        assert row.unit_days_available == row.available
        hours = hours_by_hand(model, row.space, since, until)
        assert (row.hours_occupied, row.hours_available) == pytest.approx(hours)
    _check_total(projection, model, expected, since, until)
    _check_months(projection, expected, since, until)


def _check_total(
    projection: Utilization,
    model: Model,
    expected: list[tuple[Any, ...]],
    since: date,
    until: date,
) -> None:
    """A space counts once, with its parts: only those that are part of none are summed."""
    counted = {row[0] for row in expected}
    expected = [row for row in expected if not counted & set(model.wholes(row[0]))]
    total = {m.measure: m for m in projection.utilization_total(since=since, until=until)}
    occupied = sum(row[3] for row in expected)
    available = sum(row[2] for row in expected)
    assert (total["net"].numerator, total["net"].denominator) == (occupied, available)
    assert total["gross"].denominator == sum(row[1] for row in expected)
    assert total["shoot intensity"].value == (
        sum(row[4] for row in expected) / available if available else None
    )
    nets = [row[3] / row[2] for row in expected if row[2]]
    assert total["median net"].value == (pytest.approx(median(nets)) if nets else None)
    area = [0.0, 0.0]
    day = since
    while day <= until:
        for space in {row[0] for row in expected}:
            if model.in_service(space, day) and not model.is_closed(space, day):
                area[0] += _area_occupied(model, space, day)
                area[1] += model.facts_on(space, day).area_m2 or 0.0
        day += timedelta(days=1)
    weighted = total["area-weighted net"]
    assert [weighted.numerator, weighted.denominator] == area


def _area_occupied(model: Model, space: str, day: date) -> float:
    """All of it for a booking of itself or of its whole, otherwise that of its parts."""
    own = {space, *model.wholes(space)}
    if any(where in own and day in set(period.days) for where, period in model.firm.values()):
        return model.facts_on(space, day).area_m2 or 0.0
    return sum(
        _area_occupied(model, part, day)
        for part, whole in model.part_of.items()
        if whole == space and model.in_service(part, day) and not model.is_closed(part, day)
    )


def _check_months(
    projection: Utilization, expected: list[tuple[Any, ...]], since: date, until: date
) -> None:
    """The months add up to the window."""
    months = projection.utilization_by_month(since=since, until=until)
    for space, in_service, available, occupied, _ in expected:
        ours = [m for m in months if m.space == space]
        sums = [sum(c) for c in zip(*((m.in_service, m.available, m.occupied) for m in ours))]  # noqa: B905 - rows of one type
        assert sums == [in_service, available, occupied]


@given(histories() | histories(DIVIDED), st.sampled_from(KINDS), windows)
def test_a_kind_counts_only_the_days_on_which_a_space_was_of_it(
    events: list[Event], kind: str, window: tuple[date, date]
) -> None:
    model = Model.of(events)
    days = [window[0] + timedelta(days=n) for n in range((window[1] - window[0]).days + 1)]
    projection = fold(Utilization, recorded(*events)).projection
    rows = projection.utilization(since=window[0], until=window[1], kind=kind)
    expected = {
        space: sum(
            model.in_service(space, d) and model.facts_on(space, d).kind == kind for d in days
        )
        for space in model.first
    }
    assert {r.space: r.in_service for r in rows} == {s: n for s, n in expected.items() if n}
