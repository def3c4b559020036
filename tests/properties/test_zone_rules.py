"""A law: what was booked stays what it was when the time zone rules change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_bookings import Bookings
from ledger_calendar import Calendar
from ledger_utilization import Utilization
from msgspec import Struct

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)
from ledger.decisions.projects import OpenProject
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace, CloseSpace, ReopenSpace, RetireSpace
from ledger.events.base import Header, RecordedEvent, recorded_tags
from ledger.projections import fold
from ledger.testing.scenario import Scenario
from ledger.time.periods import When
from tests import zone_rules

ZONE = "Europe/Berlin"
FIRST = date(2025, 7, 24)
"""Drawn days lie around the turn of a month in summer."""
NOON = "2025-08-03T10:00Z"
SPACES = ("stage", "hall")

CAMPUS: tuple[Decision, ...] = (
    AddSite(site="main", name="Main", zone=ZONE),
    AddSpace(
        space="stage", site="main", name="Stage", kind="stage", area_m2=900.0,
        in_service_on=date(2025, 1, 1),
    ),
    AddSpace(
        space="hall", site="main", name="Hall", kind="hall", area_m2=500.0,
        in_service_on=date(2025, 1, 1), capacity=2,
    ),
    OpenProject(project="one", title="One", kind="feature", on=date(2025, 1, 1)),
    OpenProject(project="two", title="Two", kind="series", on=date(2025, 1, 1)),
)  # fmt: skip


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


@st.composite
def periods(draw: st.DrawFn) -> When:
    first = draw(st.integers(0, 14))
    last = first + draw(st.integers(0, 5))
    if draw(st.booleans()):
        return When(f"{day(first)}..{day(last)}")
    opens, closes = draw(st.sampled_from([(0, 8), (6, 12), (12, 18), (18, 23), (8, 0)]))
    last += opens >= closes
    return When(f"{day(first)}T{opens:02}:00..{day(last)}T{closes:02}:00")


@st.composite
def commands(draw: st.DrawFn) -> Decision:
    booking = draw(st.sampled_from([f"b-{n}" for n in range(6)]))
    on = day(draw(st.integers(0, 14)))
    spaces = st.sampled_from(SPACES)
    match draw(st.sampled_from("hhhhbbccmmsswrxylkoq")):
        case "h" | "b" as how:
            return PlaceHold(
                space=draw(spaces), project=draw(st.sampled_from(("one", "two"))),
                when=draw(periods()), booking=booking, confirm=how == "b",
            )  # fmt: skip
        case "c":
            return ConfirmBookings(booking=(booking,))
        case "m":
            return MoveBooking(booking=booking, when=draw(periods()), space=draw(spaces))
        case "s":
            return StartBooking(booking=booking, on=on)
        case "w":
            return WrapBooking(booking=booking, on=on)
        case "r":
            return ReportShootDay(booking=booking, day=on, setups_shot=3)
        case "x":
            return CancelBooking(booking=booking)
        case "y":
            return ReleaseHold(booking=booking)
        case "l":
            return ChallengeHolds(booking=booking)
        case "k":
            return CloseSpace(
                space=draw(spaces), when=draw(periods()), kind="maintenance", closure=f"c-{booking}"
            )
        case "o":
            return ReopenSpace(closure=f"c-{booking}", on=draw(st.sampled_from((None, on))))
        case _:
            return RetireSpace(space=draw(spaces), on=on + timedelta(days=7))


def told(decisions: Sequence[Decision]) -> tuple[Scenario, list[Any]]:
    """The story of these commands, and of each what it recorded or which rule refused it."""
    story = Scenario().at("2025-03-01T10:00Z").and_given(*CAMPUS).at(NOON)
    outcomes: list[Any] = []
    for decision in decisions:
        outcome = story.when(decision)
        if outcome.refusal is not None:
            by = getattr(outcome.refusal, "position", None)
            outcomes.append((type(outcome.refusal).__name__, by))
        else:
            outcomes.append([plain(event) for event in outcome.events])
            story.keep(outcome)
    return story, outcomes


def plain(event: Any) -> Any:
    """An event without the offsets of its hours, which are those of the day of recording."""
    said = {name: getattr(event, name) for name in event.__struct_fields__}
    for name in ("period", "was_period", "was"):
        if name in said:
            kept = said[name]
            walls = [w and w.replace(tzinfo=None) for w in (kept.wall_start, kept.wall_end)]
            said[name] = (kept.first, kept.last, *walls)
    return (event.type_name, said)


def figures(entries: Sequence[RecordedEvent]) -> dict[str, list[Struct]]:
    """The answers of the views of days."""
    at = {"at": NOON}
    window = {"since": FIRST - timedelta(days=30), "until": FIRST + timedelta(days=40)}
    asked: list[tuple[Any, str, dict[str, Any]]] = [
        (Bookings, "bookings", at),
        (Bookings, "holds", at),
        (Calendar, "calendar", at | window),
        (Calendar, "booked-through", at),
        (Utilization, "utilization", window),
        (Utilization, "utilization-by-month", window),
        (Utilization, "utilization-total", window),
    ]
    found: dict[str, list[Any]] = {}
    for projection, name, parameters in asked:
        folded = fold(projection, entries).projection
        found[name] = projection.views[name].call(folded, parameters)
    # Of a day that a clock change makes longer the hours change, and its figures in days do not.
    found["utilization"] = [
        {n: getattr(row, n) for n in row.__struct_fields__ if "hours" not in n}
        for row in found["utilization"]
    ]
    found["utilization-total"] = [
        row for row in found["utilization-total"] if "hours" not in row.measure
    ]
    found["bookings"] = [
        {n: getattr(row, n) for n in row.__struct_fields__ if n != "times"}
        for row in found["bookings"]
    ]
    return found


RULES = (
    zone_rules.NO_SUMMER_TIME,
    zone_rules.ALWAYS_SUMMER_TIME,
    zone_rules.EARLIER_SUMMER,
)


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=40)
@given(decisions=st.lists(commands(), max_size=14), further=st.lists(commands(), max_size=6))
def test_the_same_days_ranks_refusals_and_figures(
    rule: str, decisions: list[Decision], further: list[Decision]
) -> None:
    story, outcomes = told(decisions)
    entries = story.history.events
    before = figures(entries)
    more = [_judged(story, decision) for decision in further]
    with zone_rules.rules(ZONE, rule):
        assert figures(entries) == before
        for entry in entries:
            assert recorded_tags(entry.event, Header(actor="x")) == entry.tags
        assert [_judged(story, decision) for decision in further] == more
        assert told(decisions)[1] == outcomes


def _judged(story: Scenario, decision: Decision) -> Any:
    """The events that a command would record now, or the rule that refuses it."""
    outcome = story.when(decision)
    if outcome.refusal is not None:
        return type(outcome.refusal).__name__, getattr(outcome.refusal, "position", None)
    return [plain(event) for event in outcome.events]
