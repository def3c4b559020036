"""How many of a kind the house has, as the newest event that changes it says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ledger.decisions.base import Context, Snapshot
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.equipment.counts import read_count
from ledger.decisions.equipment.descriptions import ChangeEquipment
from ledger.decisions.equipment.fitness import PlanServicing
from ledger.decisions.equipment.items import RetireEquipment
from ledger.decisions.equipment.stocktaking import BuyStock, FindStock, LoseStock
from ledger.events.base import Header
from ledger.events.equipment import Away, EquipmentRegistered, KindCount
from ledger.testing.scenario import Scenario, given
from ledger.time.periods import Deadline, When
from tests.scenarios.equipment_house import (
    Known,
    add,
    check_out,
    house,
    july,
    move,
    pack,
    service,
)


@pytest.fixture
def story() -> Scenario:
    """Two lenses, and forty cables."""
    return house()


def instant(day: float) -> datetime:
    return july(day).resolve("Asia/Shanghai")


def plan(equipment: str, when: str, *, drop: bool = False) -> PlanServicing:
    return PlanServicing(equipment=equipment, kind="calibration", when=When.parse(when), drop=drop)


def away(story: Scenario, kind: str = "lens") -> list[tuple[str, str]]:
    return [(one.equipment, one.service) for one in Known(story).count(kind).away]


def test_each_piece_and_item_counts_once(story: Scenario) -> None:
    known = Known(story)
    assert known.count("lens") == KindCount(2)
    assert known.count("cable") == KindCount(40)
    assert known.count("drone") == KindCount(0)
    assert known.count(" Lens ") == KindCount(2)


def test_loans_moves_and_packings_do_not_count(story: Scenario) -> None:
    story.and_given(pack("cables=9", "case", 3), check_out(("case", "lens-1"), 4))
    story.and_given(move("cables=3", "stage-2", 5))
    assert Known(story).count("cable") == KindCount(40)
    assert Known(story).count("lens") == KindCount(2)


def test_what_is_bought_found_lost_or_retired_counts(story: Scenario) -> None:
    for command, pieces in (
        (BuyStock(equipment="cables=10", at_place="stage-2"), 50),
        (FindStock(equipment="cables=1", at_place="stage-1"), 51),
        (LoseStock(equipment="cables=4", from_place="stage-1"), 47),
        (RetireEquipment(equipment="cables=7", from_place="stage-2"), 40),
    ):
        story.and_given(command)
        assert Known(story).count("cable") == KindCount(pieces)
    story.and_given(add("cable-drum", "cable"))
    assert Known(story).count("cable") == KindCount(41)


def test_a_service_counts_from_its_start_until_it_is_done(story: Scenario) -> None:
    until = Deadline("2025-07-30")
    story.and_given(service("lens-1", "repair", 3, until=until), service("lens-2", "quarantine", 4))
    assert Known(story).count("lens") == KindCount(
        2,
        (
            Away("lens-1", "repair", instant(3), until.resolve("Asia/Shanghai"), begun=True),
            Away("lens-2", "quarantine", instant(4), begun=True),
        ),
    )
    story.and_given(service("lens-1", "repair", 5, done=True))
    assert away(story) == [("lens-2", "quarantine")]


def test_a_plan_counts_until_it_is_dropped_begun_or_over(story: Scenario) -> None:
    first, second = "2025-08-01..2025-08-03", "2025-09-01..2025-09-03"
    story.and_given(plan("lens-1", first), plan("lens-1", second), plan("lens-2", first))
    assert away(story) == [
        ("lens-1", "calibration"), ("lens-1", "calibration"), ("lens-2", "calibration"),
    ]  # fmt: skip
    story.and_given(plan("lens-2", first, drop=True))
    assert away(story) == [("lens-1", "calibration")] * 2
    story.at("2025-08-02T12:00+08:00").and_given(
        service("lens-1", "calibration", 31),
    )
    assert [one.begun for one in Known(story).count("lens").away] == [False, False, True]
    story.at("2025-08-05T12:00+08:00").and_given(add("lens-3"))
    assert [one.begun for one in Known(story).count("lens").away] == [False, True]


def test_what_is_retired_is_away_no_more(story: Scenario) -> None:
    story.and_given(plan("lens-1", "2025-08-01"), RetireEquipment(equipment="lens-1"))
    assert Known(story).count("lens") == KindCount(1)


def test_an_item_of_another_kind_takes_its_services_along(story: Scenario) -> None:
    story.and_given(add("zoom", "zoom"), service("lens-1", "repair", 3))
    outcome = story.when(ChangeEquipment(equipment="lens-1", kind="zoom"), reason="a zoom")
    assert outcome.refusal is None, outcome.refusal
    story.keep(outcome)
    assert Known(story).count("lens") == KindCount(1)
    assert Known(story).count("zoom").pieces == 2
    assert away(story, "zoom") == [("lens-1", "repair")]
    story.and_given(service("lens-1", "repair", 4, done=True))
    assert Known(story).count("zoom") == KindCount(2)


# --- after a correction ------------------------------------------------------------------


def put_right(story: Scenario, command: Any) -> None:
    outcome = story.when(command, reason="a slip")
    assert outcome.refusal is None, outcome.refusal
    story.keep(outcome)


def test_after_a_correction_it_is_worked_out_anew(story: Scenario) -> None:
    story.and_given(BuyStock(equipment="cables=10", at_place="stage-2"))
    bought = story.position
    story.and_given(LoseStock(equipment="cables=4", from_place="stage-1"))
    put_right(story, CorrectEntry(position=bought, to={"quantity": 6}))
    assert Known(story).count("cable") == KindCount(42)
    put_right(story, UndoEntry(position=bought + 1))
    assert Known(story).count("cable") == KindCount(46)
    story.and_given(FindStock(equipment="cables=1", at_place="stage-1"))
    assert Known(story).count("cable") == KindCount(47)


def test_a_service_taken_back_is_none(story: Scenario) -> None:
    story.and_given(service("lens-1", "repair", 3), service("lens-2", "repair", 4))
    put_right(story, UndoEntry(position=story.position - 1))
    assert away(story) == [("lens-2", "repair")]
    story.and_given(service("lens-2", "repair", 5, done=True))
    assert Known(story).count("lens") == KindCount(2)


# --- what it costs -----------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 1000])
def test_a_thousand_items_cost_as_one(many: int) -> None:
    story = given(
        *(
            EquipmentRegistered(
                equipment=f"lens-{n}",
                at=instant(1),
                name="L",
                kind="lens",
                place="outside:store",
                of_kind=KindCount(n + 1),
            )
            for n in range(many)
        )
    )
    snapshot = Snapshot(story.history, story.position)
    ctx = Context(snapshot, now=instant(2), new_id=str, header=Header(actor="reader"))
    answered = 0
    ask = snapshot.ask

    def counting(*args: Any, **more: Any) -> Any:
        nonlocal answered
        found = ask(*args, **more)
        answered += len(found)
        return found

    snapshot.ask = counting  # type: ignore[method-assign]  # only to count
    assert read_count(ctx, "lens") == KindCount(many)
    assert answered == 1
