"""How many of a kind there are, and which are away: told by the newest entry, however many."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ledger.decisions.base import Context, Decision, Snapshot
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.equipment.counts import after
from ledger.decisions.equipment.descriptions import ChangeEquipment
from ledger.decisions.equipment.fitness import PlanServicing, ServiceEquipment
from ledger.decisions.equipment.items import AddEquipment, RetireEquipment
from ledger.decisions.equipment.refusals import PlannedAlready, ServiceNotPlanned
from ledger.decisions.equipment.stocktaking import BuyStock, LoseStock
from ledger.events.base import Header
from ledger.events.equipment import COUNT, Away, KindCount, ServiceKind, kind_tag
from ledger.testing.scenario import Scenario
from ledger.time.periods import When
from tests.scenarios.booking_stories import at, days
from tests.scenarios.equipment_stories import (
    Known,
    add,
    check_out,
    july,
    move,
    pack,
    service,
    stock,
    store,
)


@pytest.fixture
def story() -> Scenario:
    return store(*add("one", "two"))


def count(story: Scenario, kind: str = "lens") -> KindCount:
    """The count as the newest entry tells it, which is the one that all entries add up to."""
    known = Known(story).count(kind)
    assert known == _worked_out(story, kind)
    return known


def _worked_out(story: Scenario, kind: str) -> KindCount:
    """The same from all that is on record, as it is after a correction."""
    found = KindCount(0)
    for entry in Known(story).ctx.read(kind_tag(kind, COUNT)):
        found = after(found, entry.event, kind)
    now = story.clock.now()
    left = (one for one in found.away if one.begun or one.until is None or now < one.until)
    return KindCount(found.pieces, tuple(left))


def away(item: str, kind: ServiceKind, since: datetime, until: datetime | None = None) -> Away:
    return Away(item, kind, since, until, begun=True)


def planned(item: str, kind: ServiceKind, when: str) -> Away:
    period = days(when)
    return Away(item, kind, period.start, period.end)


def plan(item: str, when: str, *, drop: bool = False) -> PlanServicing:
    return PlanServicing(equipment=item, kind="repair", when=When.parse(when), drop=drop)


# --- after each event ----------------------------------------------------------------


def test_items_and_pieces_add_to_their_kind_however_it_is_spelled(story: Scenario) -> None:
    assert count(story) == KindCount(2)
    story.and_given(*add("three", kind=" LENS "), *add("lenses", kind="Lens", quantity=5))
    assert count(story, "lens") == count(story, "LENS") == KindCount(8)
    assert count(story, "camera") == KindCount(0)


def test_what_retires_or_is_lost_is_not_counted(story: Scenario) -> None:
    story.and_given(RetireEquipment(equipment="one", at=july(9)), stock("cables", 40))
    assert count(story) == KindCount(1)
    story.and_given(
        LoseStock(equipment=("cables=2",), at=july(3)),
        BuyStock(equipment=("cables=10",), at_place="stage-1", at=july(4)),
        RetireEquipment(equipment=("cables=5",), at=july(5)),
    )
    assert count(story, "cable") == KindCount(43)


def test_what_moves_goes_out_or_is_packed_is_counted_as_before(story: Scenario) -> None:
    story.and_given(stock("cables", 40), *add("case", kind="case"))
    before = count(story, "cable"), count(story)
    story.and_given(
        move("cables=3", "stage-2", 3),
        check_out("cables=5", 4, from_place="stage-1"),
        pack("cables=5", "case", 4, from_place="stage-1"),
        check_out(("case", "one"), 5),
    )
    assert (count(story, "cable"), count(story)) == before


def test_what_is_in_service_is_away_until_it_is_done(story: Scenario) -> None:
    story.and_given(service("one", "repair", 3, until=july(30, 23)))
    story.and_given(service("two", "quarantine", 4))
    assert count(story) == KindCount(
        2,
        (
            away("one", "repair", at("2025-07-03T08:00"), at("2025-07-30T23:00")),
            away("two", "quarantine", at("2025-07-04T08:00")),
        ),
    )
    story.and_given(service("one", "repair", 5, done=True))
    assert [one.equipment for one in count(story).away] == ["two"]
    story.and_given(service("two", "quarantine", 6, done=True))
    assert count(story) == KindCount(2)


def test_what_is_planned_is_away_for_that_time(story: Scenario) -> None:
    august = "2025-08-04..2025-08-06"
    story.and_given(plan("one", august))
    assert count(story) == KindCount(2, (planned("one", "repair", august),))
    story.when(plan("one", august)).refused(PlannedAlready, saying="repair of one is planned")
    story.and_given(plan("one", "2025-09-01..2025-09-02"))
    story.and_given(plan("one", august, drop=True))
    assert [one.since for one in count(story).away] == [at("2025-09-01T00:00")]
    story.when(plan("one", august, drop=True)).refused(
        ServiceNotPlanned, saying="no repair of one is planned"
    )


def test_a_service_begins_in_the_place_of_its_plan(story: Scenario) -> None:
    story.and_given(plan("one", "2025-08-04..2025-08-06"), plan("one", "2025-09-01..2025-09-02"))
    story.at("2025-08-05T12:00+08:00").and_given(ServiceEquipment(equipment="one", kind="repair"))
    assert [(one.begun, one.since) for one in count(story).away] == [
        (False, at("2025-09-01T00:00")),
        (True, at("2025-08-05T12:00")),
    ]


def test_a_plan_that_is_over_counts_no_more(story: Scenario) -> None:
    story.and_given(plan("one", "2025-08-04..2025-08-06"))
    story.at("2025-08-08T12:00+08:00").and_given(*add("three"))
    assert count(story) == KindCount(3)


def test_what_retires_is_not_away(story: Scenario) -> None:
    story.and_given(plan("one", "2025-08-04..2025-08-06"))
    story.and_given(RetireEquipment(equipment="one", at=july(9)))
    assert count(story) == KindCount(1)


def test_what_changes_its_kind_takes_its_services_along(story: Scenario) -> None:
    story.and_given(*add("zoom", kind="zoom"), service("one", "repair", 3))
    story.and_given(plan("two", "2025-08-04..2025-08-06"))
    change = ChangeEquipment(equipment="one", kind="zoom")
    story.keep(story.when(change, reason="it was mistaken for a prime"))
    assert [one.equipment for one in Known(story).count("lens").away] == ["two"]
    assert Known(story).count("lens").pieces == 1
    assert count(story, "zoom") == KindCount(2, (away("one", "repair", at("2025-07-03T08:00")),))
    story.and_given(service("one", "repair", 4, done=True))
    assert count(story, "zoom") == KindCount(2)


# --- after a correction --------------------------------------------------------------


def correct(story: Scenario, position: int, **to: Any) -> None:
    outcome = story.when(CorrectEntry(position=position, to=to), reason="slip of the pen")
    assert outcome.refusal is None, outcome.refusal
    story.keep(outcome)


def undo(story: Scenario, position: int) -> None:
    outcome = story.when(UndoEntry(position=position), reason="slip of the pen")
    assert outcome.refusal is None, outcome.refusal
    story.keep(outcome)


def test_after_a_correction_it_is_worked_out_anew(story: Scenario) -> None:
    story.and_given(service("one", "repair", 3, until=july(20)))
    started = story.position
    correct(story, started, until="2025-07-25T12:00+08:00")
    assert Known(story).count("lens").away[0].until == at("2025-07-25T12:00")
    story.and_given(*add("three"))
    assert Known(story).count("lens").away[0].until == at("2025-07-25T12:00"), "and carried on"
    undo(story, story.position - 1)
    assert Known(story).count("lens").away[0].until == at("2025-07-20T08:00")


def test_what_is_taken_back_was_never_counted(story: Scenario) -> None:
    story.and_given(stock("cables", 40), LoseStock(equipment=("cables=4",), at=july(3)))
    undo(story, story.position)
    assert Known(story).count("cable") == KindCount(40)
    story.and_given(BuyStock(equipment=("cables=1",), at_place="stage-1", at=july(4)))
    assert Known(story).count("cable") == KindCount(41)
    story.and_given(RetireEquipment(equipment="one", at=july(9)))
    undo(story, story.position)
    assert Known(story).count("lens") == KindCount(2)


# --- how much it reads ---------------------------------------------------------------


class Counting(Snapshot):
    """A snapshot that counts the events that it looks up."""

    looked_up = 0

    def ask(self, query: Any, *, last: bool = False) -> Any:
        found = super().ask(query, last=last)
        self.looked_up += len(found)
        return found


@pytest.mark.parametrize(
    "decision",
    [
        AddEquipment(equipment="new", name="new", kind="lens", at_place="stage-1"),
        ServiceEquipment(equipment="two", kind="repair"),
        RetireEquipment(equipment="two"),
        PlanServicing(equipment="two", kind="repair", when=When.parse("2025-08-04..2025-08-06")),
    ],
    ids=lambda one: one.words(),
)
def test_a_thousand_items_of_a_kind_cost_as_much_as_two(decision: Decision) -> None:
    costs = []
    for others in (0, 1000):
        story = store(*add("one", "two"))
        story.and_given(*add(*(f"lens-{n}" for n in range(others))))
        snapshot = Counting(story.history, story.position)
        ctx = Context(snapshot, now=story.clock.now(), new_id=str, header=Header(actor="reader"))
        decision.decide(ctx)
        costs.append((snapshot.looked_up, len(snapshot.boundary.queries)))
    assert costs[0] == costs[1]
