"""The shipped views on a real ledger: commands in, live answers out, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from ledger_bookings import Bookings
from ledger_calendar import Calendar
from ledger_claims import Claims
from ledger_efficiency import Efficiency
from ledger_equipment import Equipment
from ledger_expo import Expo
from ledger_projects import Projects
from ledger_reservations import Reservations
from ledger_spaces import Spaces
from ledger_utilization import Utilization

from ledger.application import Author, Extensions, Ledger
from ledger.time.periods import ManualClock
from tests.scenarios.view_stories import ZONE, at, day

SHIPPED = (
    Bookings, Calendar, Claims, Efficiency, Equipment, Expo, Projects, Reservations, Spaces,
    Utilization,
)  # fmt: skip
SCHEDULER = Author("scheduler")
COMMANDS: list[dict[str, Any]] = [
    {"do": "site add", "site": "yongchuan", "name": "Yongchuan", "zone": ZONE},
    {
        "do": "space add", "space": "stage-1", "site": "yongchuan", "name": "Stage 1",
        "kind": "stage", "area_m2": 3000, "in_service_on": "2023-05-01",
    },
    {
        "do": "project open", "project": "resurrection", "title": "Resurrection 复活",
        "kind": "feature", "on": "2025-01-01",
    },
    {
        "do": "booking hold", "booking": "b-1", "space": "stage-1", "project": "resurrection",
        "when": "2025-08-01..2025-08-10",
    },
    {
        "do": "booking hold", "booking": "b-2", "space": "stage-1", "project": "resurrection",
        "when": "2025-08-05..2025-08-12",
    },
    {"do": "booking challenge", "booking": "b-2"},
    {"do": "booking release", "booking": "b-1"},
    {"do": "booking confirm", "booking": "b-2"},
    {"do": "booking start", "booking": "b-2", "on": "2025-08-05"},
    {
        "do": "equipment add", "equipment": "led-volume", "name": "LED volume", "kind": "LED",
        "at_place": "stage-1", "at": "2025-08-02T08:00",
    },
]  # fmt: skip


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(at("2025-08-05T12:00"))


@pytest.fixture
def ledger(ledger_url: str, clock: ManualClock) -> Iterator[Ledger]:
    """A ledger on which these commands were given, one after the other."""
    with Ledger.create(
        ledger_url,
        origin="yongchuan",
        zone_name=ZONE,
        author=SCHEDULER,
        extensions=Extensions(projections=SHIPPED),
        clock=clock,
    ) as opened:
        yield opened


def rows(ledger: Ledger, name: str, as_of: int | None = None, **asked: Any) -> list[Any]:
    return ledger.view(name, asked, as_of=None if as_of is None else str(as_of)).rows


def test_every_live_answer_is_that_of_a_fold_to_the_same_position(ledger: Ledger) -> None:
    live: dict[tuple[str, int], list[Any]] = {}
    for _, decision in ledger.wire.read(json.dumps(one).encode() for one in COMMANDS):
        ledger.decide(decision, SCHEDULER)
        for name in ledger.views.views:
            live[name, ledger.log.head()] = rows(ledger, name)
    assert len(live) == len(COMMANDS) * 34
    for (name, position), answer in live.items():
        assert rows(ledger, name, as_of=position) == answer, f"{name} as of #{position}"


def test_the_views_tell_the_story(ledger: Ledger) -> None:
    for _, decision in ledger.wire.read(json.dumps(one).encode() for one in COMMANDS):
        ledger.decide(decision, SCHEDULER)
    (challenged, _) = rows(ledger, "holds", as_of=7)
    assert (challenged.challenged_by, challenged.challenge) == (("b-2",), "open")
    assert rows(ledger, "holds") == []
    (horizon,) = rows(ledger, "booked-through")
    assert (horizon.booked_through, horizon.first_free) == (day("2025-08-12"), day("2025-08-13"))
    (use,) = rows(ledger, "utilization", since="2025-08-01", until="2025-08-31")
    assert (use.occupied, use.available) == (8, 31)
    assert [p.serviced for p in rows(ledger, "project-total")] == [1]
    assert [e.place for e in rows(ledger, "equipment")] == ["stage-1"]
    assert {b.state for b in rows(ledger, "bookings", state=["started"])} == {"started"}


def test_a_live_answer_is_of_now_and_that_as_of_a_time_is_of_then(
    ledger: Ledger, clock: ManualClock
) -> None:
    """No event says that a deadline has passed; the views know all the same."""
    for _, decision in ledger.wire.read(json.dumps(one).encode() for one in COMMANDS):
        ledger.decide(decision, SCHEDULER)
        if ledger.log.head() == 7:
            break  # b-2 asked b-1, on 5 August at noon, to answer within 24 hours
    clock.set(at("2025-08-06T11:59"))

    def challenge(as_of: str | None = None) -> str | None:
        found: list[Any] = ledger.view("holds", as_of=as_of).rows
        return str(found[0].challenge)

    assert challenge() == "open"
    clock.set(at("2025-08-09T08:00"))
    assert challenge() == "lapsed"
    assert challenge("7") == "open", "a position is seen from when it was recorded"
    assert challenge("2025-08-05") == "open"
    assert challenge("2025-08-06T11:00") == "open"
    assert challenge("2025-08-06T12:00") == "lapsed"

    def today(as_of: str) -> date:
        found: list[Any] = ledger.view("booked-through", as_of=as_of).rows
        return date.fromisoformat(str(found[0].on))

    assert today("2025-08-07") == day("2025-08-07")
    assert today("2030-01-01") == day("2025-08-09"), "nothing is seen from the future"
