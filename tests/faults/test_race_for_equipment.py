"""64 processes want the only crane, three of the last cables, or a case and the camera in it.

The long run is `python -m tests.faults.equipment_races`; here are a few rounds on each database.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.events import BookingConfirmed, EquipmentReserved
from ledger.time.periods import Days
from tests.faults.equipment_races import RACERS, Race, race
from tests.faults.programs.racing_for_equipment import CABLES, CRANE, PRIZES, Prize, Told

ROUNDS = 4


@pytest.mark.parametrize("prize", PRIZES, ids=lambda prize: str(prize.name))
def test_one_of_64_has_it_and_the_others_are_told_who(ledger_url: str, prize: Prize) -> None:
    made = race(ledger_url, prize, ROUNDS)
    assert list(made.broken_laws()) == []
    assert sum(one.total() for one in made.promised().values()) == ROUNDS * (
        prize.promised + prize.number
    )


# --- the laws can be broken --------------------------------------------------------------


def _raced(prize: Prize, *winners: int, named: int | None = None) -> Race:
    """One round: these have it, and the others were told of one of them."""
    period = Days(date(2030, 1, 1), date(2030, 1, 5)).period("UTC")
    events: list[Any] = []
    has = {str(one): prize.number for one in winners}
    for name, quantity in (has | ({"before": prize.promised} if prize.promised else {})).items():
        booking = f"b-0-{name}"
        events += [
            BookingConfirmed(booking=booking, space="hall", project="film", period=period),
            EquipmentReserved(
                reservation=f"{booking}/it",
                booking=booking,
                equipment=f"{prize.thing}-1",
                equipment_kind="kind",
                quantity=quantity,
                period=period,
                booking_period=period,
            ),
        ]
    who = winners[0] if named is None else named
    told = [
        Told(n, "won", "") if n in winners else Told(n, "refused", f"booking 'b-0-{who}' has it")
        for n in range(RACERS)
    ]
    return Race(prize, 1, {0: told}, events)


_FAILED = Told(5, "Conflict", "booking 'b-0-3' has it")


@pytest.mark.parametrize(
    ("made", "broken"),
    [
        (_raced(CRANE, 3), ""),
        (_raced(CABLES, 3), ""),
        (_raced(CRANE, 3, 4), "1 pieces are promised"),
        (_raced(CABLES, 3, 4), "3 pieces are promised"),
        (_raced(CRANE, 3, named=4), "not told who has it"),
        (_raced(CRANE, 3, named=30), "not told who has it"),
        (replace(_raced(CRANE, 3), events=[]), "['b-0-3'] won, [] have it"),
        (replace(_raced(CRANE, 3), events=_raced(CRANE, 4).events), "won, ['b-0-4'] have"),
        (replace(_raced(CRANE, 3), told={0: [_FAILED, *_raced(CRANE, 3).told[0][1:]]}), "not told"),
        (replace(_raced(CRANE, 3), told={}), "0 rounds of 1"),
    ],
)  # fmt: skip
def test_a_broken_law_is_told(made: Race, broken: str) -> None:
    laws = list(made.broken_laws())
    assert any(broken in law for law in laws) if broken else not laws, laws
