"""64 processes want the same days of one stage: one gets them, 63 learn who did.

The long run is `python -m tests.faults.races`; here are 50 rounds, on each database.
"""

from __future__ import annotations

from tests.faults.races import race

ROUNDS = 50


def test_one_of_64_gets_the_days_in_each_of_50_rounds(ledger_url: str) -> None:
    made = race(ledger_url, ROUNDS)
    assert list(made.broken_laws()) == []
    assert len(made.confirmed) == ROUNDS
