"""The contract of projections can fail: each mutant is caught by the law that is meant for it.

A mutant is a whole plugin of one file, loaded as a ledger would load it. What it breaks is
in its docstring.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.events import BookingCancelled, BookingConfirmed, BookingRescheduled, RecordedEvent
from ledger.plugin import Projection
from ledger.plugin_host.host import Plugin, PluginHost
from ledger.testing import LawBroken, projection_contract
from ledger.testing.laws.laws import LAWS
from ledger.testing.laws.oracles import Oracle

MUTANTS = Path(__file__).parent / "mutants"

CAUGHT: dict[str, tuple[str, str]] = {
    "numbers_its_rows": ("replay", "in the second one"),
    "counts_its_batches": ("batches", "occasions: "),
    "remembers_holders": ("no_other_state", "Changed outside of its tables: _RANKS"),
    "counts_newcomers": ("restarts", "then continued"),
    "peeks_at_the_future": ("as_of", "asked later as of #"),
    "counts_again": ("redelivery", "rolled back once and comes again"),
    "wants_every_event": ("unknown_events", "fails at #"),
    "hours_by_the_clock": ("purity", "a clock: datetime.now, in reported (hours_by_the_clock.py:"),
    "draws_lots": ("purity", "chance: random."),
    "asks_the_network": ("purity", "something outside the process: socket."),
    "orders_by_hash": ("order_of_sets", "with other hashes of texts"),
    "writes_in_a_view": ("views_answer", "a view writes to the table projects"),
    "edits_copies": ("events_stay", "changes cancelled of a row of bookings"),
    "changes_events": ("events_stay", "changes the event #"),
    "forgets_reschedules": ("oracles", "where the oracle expects"),
}
"""By mutant: the law that is meant for it, and words of what the author is told."""


def booked_days(entries: Iterable[RecordedEvent]) -> list[Mapping[str, Any]]:
    """The days of all firm bookings, worked out naively."""
    days: dict[str, dict[str, str | date]] = {}
    for entry in entries:
        event = entry.event
        moved = isinstance(event, BookingRescheduled) and event.rank is None
        if moved or isinstance(event, BookingConfirmed):
            assert isinstance(event, BookingRescheduled | BookingConfirmed)
            first, last = event.period.days.first, event.period.days.last
            days[event.booking] = {"booking": event.booking, "first": first, "last": last}
        elif isinstance(event, BookingCancelled):
            del days[event.booking]
    return list(days.values())


ORACLES: dict[str, Mapping[str, Oracle]] = {"forgets_reschedules": {"booked-days": booked_days}}


@pytest.fixture(scope="module")
def mutants() -> dict[str, Plugin]:
    """Every mutant, loaded."""
    loaded = PluginHost(folders=[MUTANTS], packages=False).load()
    assert not loaded.failures
    return {plugin.found.name: plugin for plugin in loaded.plugins}


def told(projection: type[Projection], law: str, mutant: str) -> str:
    """What the author is told by the test of a law; the history that shows it is among it."""
    contract = projection_contract(projection, oracle=ORACLES.get(mutant))
    test = getattr(contract(), f"test_{law}")
    with pytest.raises(LawBroken) as broken:
        test()
    return "\n".join([str(broken.value), *getattr(broken.value, "__notes__", ())])


@pytest.mark.parametrize("mutant", CAUGHT)
def test_a_mutant_is_caught_by_its_law(mutants: dict[str, Plugin], mutant: str) -> None:
    (projection,) = mutants[mutant].projections
    law, words = CAUGHT[mutant]
    said = told(projection, law, mutant)
    assert words in said
    assert "To fix it: " in said


def test_every_law_has_its_mutant_and_every_mutant_its_law(mutants: dict[str, Plugin]) -> None:
    assert set(mutants) == set(CAUGHT)
    assert {law for law, _ in CAUGHT.values()} == set(LAWS)
    for name, (law, _) in CAUGHT.items():
        text = (MUTANTS / f"{name}.py").read_text(encoding="utf-8")
        assert re.search(rf'^"""MUTANT: [^"]*[Cc]aught\s+by\s+(?:its\s+)?`{law}`', text), name


def test_the_story_of_a_forgotten_reschedule_is_two_or_three_commands_long(
    mutants: dict[str, Plugin],
) -> None:
    (projection,) = mutants["forgets_reschedules"].projections
    story = told(projection, "oracles", "forgets_reschedules").partition("that shows it:")[2]
    types = re.findall(r"#\d+ (\w+) booking=", story)
    # a move, or a part that was split off, with two events of its own
    assert types[:3] == ["BookingHeld", "BookingConfirmed", "BookingRescheduled"], story
    assert len(types) <= 5, story
