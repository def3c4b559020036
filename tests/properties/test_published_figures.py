"""Laws of the efficiency and claims plugins, against a naive calculation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_claims import ClaimRecorded, Claims
from ledger_efficiency import PRACTICAL, VIRTUAL, Efficiency

from ledger.events import LedgerOpened, ShootDayReported, SpaceChanged, SpaceCommissioned
from ledger.events.base import Event, Header, RecordedEvent
from ledger.projections import fold
from ledger.testing import MemoryHistory, recorded
from ledger.time.periods import ManualClock, start_of_day
from tests.properties.models.space_lives import (
    DIVIDED,
    FIRST,
    SPACES,
    ZONE,
    Model,
    at,
    histories,
    periods,
    windows,
)

METRICS = {
    "site area": "m²",
    "projects serviced": "projects",
    "booked through": "date",
    "shooting efficiency gain": "ratio",
}


@st.composite
def reports(draw: st.DrawFn) -> Event:
    period = draw(periods())
    return ShootDayReported(
        booking=f"r-{draw(st.integers(0, 2))}",
        space=draw(st.sampled_from(SPACES)),
        project="p",
        period=period,
        day=FIRST + timedelta(days=draw(st.integers(0, 5))),
        setups_planned=1,
        setups_shot=draw(st.integers(0, 30)),
        pages_planned_eighths=1,
        pages_shot_eighths=draw(st.integers(0, 60)),
        shooting_hours=draw(st.sampled_from((0.0, 0.5, 4.0, 10.5))),
    )


@st.composite
def shooting_lives(draw: st.DrawFn) -> list[Event]:
    """Lives of spaces, with reports among them, some for a day that already has one."""
    events = draw(histories())
    for report in draw(st.lists(reports(), max_size=12)):
        events.insert(draw(st.integers(len(SPACES), len(events))), report)
    return events


def naive_rate(events: Sequence[Event], kinds: Sequence[str], window: tuple[date, date]) -> Any:
    """Return setups and hours from each day's last report, one by one."""
    model = Model.of(list(events))
    latest: dict[tuple[str, date], ShootDayReported] = {}
    for event in events:
        if isinstance(event, ShootDayReported):
            latest[event.booking, event.day] = event
    setups, hours, days = 0, 0.0, set()
    for report in latest.values():
        kind = model.facts_on(report.space, report.day).kind
        if kind in kinds and report.shooting_hours and window[0] <= report.day <= window[1]:
            setups += report.setups_shot
            hours += report.shooting_hours
            days.add((report.space, report.day))
    return setups, hours, len(days)


@given(shooting_lives(), windows)
def test_efficiency_is_the_naive_reckoning(events: list[Event], window: tuple[date, date]) -> None:
    projection = fold(Efficiency, recorded(*events)).projection
    found = {
        f.role: f
        for f in projection.efficiency(since=window[0], until=window[1])
        if f.output == "setups"
    }
    rates = {}
    for role, kinds in (("compared", VIRTUAL), ("baseline", PRACTICAL)):
        setups, hours, days = naive_rate(events, kinds, window)
        figure = found[role]
        assert (figure.numerator, figure.shooting_hours, figure.days) == (setups, hours, days)
        rates[role] = figure.per_hour
        assert figure.per_hour == (setups / hours if hours else None)
    if rates["compared"] is None or not rates["baseline"]:
        assert found["compared"].ratio is None
    else:
        assert found["compared"].ratio == pytest.approx(rates["compared"] / rates["baseline"])


def claim(metric: str, on: date) -> Event:
    value = date(2025, 3, 1) if metric == "booked through" else 1.0
    return ClaimRecorded(
        claim=metric.replace(" ", "-"), metric=metric, comparison="equals", value=value,
        unit=METRICS[metric], publisher="P", published_on=on, source="S",
    )  # fmt: skip


def logged(events: Sequence[Event], hours: Sequence[int]) -> MemoryHistory:
    """Return the events, each recorded `hours` after the one before."""
    clock = ManualClock(at(0))
    history = MemoryHistory(clock=clock, types=(ClaimRecorded,))
    now = at(0)
    for event, passed in zip(events, hours, strict=True):
        now += timedelta(hours=passed)
        clock.set(now)
        history.append([(event, Header(actor="a"))])
    return history


def said(entries: Sequence[RecordedEvent]) -> dict[str, tuple[Any, str, str]]:
    lines = fold(Claims, entries).projection.claims()
    return {line.metric: (line.derived, line.verdict, line.parts) for line in lines}


@given(shooting_lives(), st.data())
def test_what_is_recorded_after_the_day_of_a_claim_changes_nothing(
    events: list[Event], data: st.DataObject
) -> None:
    opened = LedgerOpened(origin="o", format=1, demo=False, zone=ZONE)
    told = [opened, *events]
    hours = data.draw(
        st.lists(st.integers(0, 30), min_size=len(told), max_size=len(told)), label="hours"
    )
    on = FIRST + timedelta(days=data.draw(st.integers(0, 12), label="published after"))
    claims = [claim(metric, on) for metric in METRICS]
    history = logged(told, hours)
    end: datetime = start_of_day(on + timedelta(days=1), ZONE)
    known = [entry for entry in history.events if entry.recorded_at < end] or history.events[:1]
    then = said([*known, *_after(known, claims)])
    afterwards = said([*history.events, *_after(history.events, claims)])
    assert afterwards == then

    model_of = [entry.event for entry in known if entry.event is not opened]
    commissioned = {e.space for e in model_of if isinstance(e, SpaceCommissioned)}
    model = Model()
    for event in model_of:
        # a change may have been drawn for a day before its space began
        if not isinstance(event, SpaceChanged) or event.space in commissioned:
            model.apply(event)
    of_spaces = [model.facts_on(s, on).area_m2 for s in commissioned if model.in_service(s, on)]
    areas = [area for area in of_spaces if area is not None]
    assert then["site area"][0] == (pytest.approx(sum(areas)) if areas else None)


@given(histories(DIVIDED), windows)
def test_the_area_of_a_site_counts_no_floor_twice(
    events: list[Event], window: tuple[date, date]
) -> None:
    on, model = window[0], Model.of(events)
    told = [LedgerOpened(origin="o", format=1, demo=False, zone=ZONE), *events]
    history = logged([*told, claim("site area", on)], [0] * (len(told) + 1))
    wholes = [s for s, whole in model.part_of.items() if whole is None and model.in_service(s, on)]
    areas = [model.facts_on(space, on).area_m2 for space in wholes]
    known = [area for area in areas if area is not None]
    assert said(history.events)["site area"][0] == (sum(known) if known else None)


def _after(entries: Sequence[RecordedEvent], claims: Sequence[Event]) -> list[RecordedEvent]:
    """The claims, recorded a year later."""
    clock = ManualClock(entries[-1].recorded_at + timedelta(days=365))
    history = MemoryHistory(clock=clock, types=(ClaimRecorded,))
    return history.append([(one, Header(actor="a")) for one in claims])
