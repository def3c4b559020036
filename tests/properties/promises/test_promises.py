"""Promises are kept, over drawn histories: a naive judge counts after each command.

Whatever the command, no decision makes more promised than there is; what broke or was lost before
may leave a shortage, which no decision makes worse.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from ledger.decisions.base import Decision
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.equipment import promises
from ledger.entities.promises import Claims
from ledger.errors import InternalError
from ledger.events import ServiceCompleted, ServiceStarted, StockTransferred
from ledger.testing.scenario import Scenario
from tests.properties.models.promise_judge import House, Thing, judged
from tests.properties.models.promise_wishes import (
    BREAKAGES,
    FIRST,
    LENGTH,
    WISHES,
    ZONE,
    Studio,
    Wish,
    house,
)

NOONS = [
    datetime.combine(FIRST + timedelta(days=day), time(12), ZoneInfo(ZONE))
    for day in range(-3, 2 * LENGTH)
]


def shortages(known: House, now: datetime) -> dict[tuple[datetime, Thing], int]:
    """What is missing at the noons from now on."""
    return {
        (noon, thing): number
        for noon in NOONS
        if noon > now
        for thing, number in known.excess(noon).items()
    }


def _is_of_a_fact(story: Scenario, command: Decision) -> bool:
    """Whether it corrects what was said of a breakage, or of a loss."""
    if not isinstance(command, UndoEntry | CorrectEntry):
        return False
    event: Any = story.history.events[command.position - 1].event
    return isinstance(event, ServiceStarted | ServiceCompleted) or (
        isinstance(event, StockTransferred) and event.how in ("lost", "found")
    )


def play(wishes: list[Wish]) -> None:
    """Give these commands, one after the other, each judged. Raises `AssertionError`."""
    story = house()
    for wish in wishes:
        if wish.verb == "wait":
            story.at(story.clock.now() + timedelta(hours=20 * wish.length))
            continue
        command, reason = Studio(story).command(wish)
        outcome = story.when(command, reason=reason)
        if outcome.refusal is not None:
            assert not isinstance(outcome.refusal, InternalError), outcome.refusal
            note(f"refused: {command}: {type(outcome.refusal).__name__}")
            continue
        note(f"#{story.position + 1} {command}")
        now, before = story.clock.now(), judged(story.history.events)
        story.keep(outcome)
        after = judged(story.history.events)
        had, has = shortages(before, now), shortages(after, now)
        if wish.verb not in BREAKAGES and not _is_of_a_fact(story, command):
            worse = {key: number for key, number in has.items() if number > had.get(key, 0)}
            assert not worse, f"{command} makes more promised than there is: {worse}"
        assert not after.outside(), f"{command}: not in the time of its booking"


@given(st.lists(WISHES, min_size=10, max_size=40))
def test_no_decision_makes_more_promised_than_there_is(wishes: list[Wish]) -> None:
    play(wishes)


# --- the judge finds what is planted -------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "name", "instead"),
    [
        (promises, "taken_by", lambda ctx, proposal: iter(())),
        (promises, "_firm", lambda ctx, claims, start, end: iter(())),
        (Claims, "loans", lambda self: iter(())),
    ],
    ids=["nothing is judged", "no promise counts", "nothing that is out counts"],
)
def test_a_planted_fault_is_found(
    where: Any, name: str, instead: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, instead)
    searched = settings(max_examples=300, phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError, match="more promised than there is"):
        searched(given(st.lists(WISHES, min_size=30, max_size=60))(play))()
