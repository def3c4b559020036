"""What the processes do that race for equipment; `equipment_races` counts what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any, NamedTuple

from ledger.application import Author, Ledger
from ledger.errors import LedgerError, Refused
from tests.faults.programs.racing import PATIENCE_S, ROUNDS_A_STAGE, Results, command


@dataclass(frozen=True)
class Prize:
    """Something to have: `there` pieces, of which `promised` are promised before the race.

    `wants` are the wishes, which racers have in turn, each as `equipment reserve` is given it.
    """

    name: str
    thing: str
    wants: tuple[str, ...]
    number: int = 1
    there: int = 1
    promised: int = 0

    def wanted(self, number: int, racer: int) -> str:
        """The wish of a racer in a round; who has which changes from round to round."""
        return self.wants[(number + racer) % len(self.wants)]


CRANE = Prize("the only crane", "crane", ("crane",))
CABLES = Prize("the last three of forty cables", "cables", ("cables=3",), 3, 40, 37)
CASE = Prize("a case, and a camera in it", "camera", ("case", "camera"))
PRIZES = (CRANE, CABLES, CASE)


def of_round(number: int, text: str) -> str:
    """Equipment, or a hall, of one round: no booking may lie more than ten years ahead."""
    name, equals, pieces = text.partition("=")
    return f"{name}-{1 + number // ROUNDS_A_STAGE}{equals}{pieces}"


def is_by_confirming(number: int) -> bool:
    """Whether the racers of a round have pencilled what they want, and confirm."""
    return bool(number % 2)


class Told(NamedTuple):
    """What a racer was told: that he has it, or why he has not."""

    racer: int
    kind: str
    message: str


def compete(
    url: str, prize: Prize, racer: int, rounds: int, start: Barrier, results: Results
) -> None:
    """In every round try to get what is wanted, at the same moment as all the others."""
    with Ledger.open(url) as ledger:
        for number in range(rounds):
            booking = f"b-{number}-{racer}"
            fields: dict[str, Any] = {"do": "booking confirm", "booking": booking}
            if not is_by_confirming(number):
                wanted = of_round(number, prize.wanted(number, racer))
                fields = {"do": "equipment reserve", "booking": booking, "equipment": [wanted]}
            decision = command(ledger, **fields)
            start.wait(PATIENCE_S)
            try:
                ledger.decide(decision, Author(f"racer-{racer}"))
                told = Told(racer, "won", "")
            except Refused as refusal:
                told = Told(racer, "refused", str(refusal))
            except LedgerError as error:
                told = Told(racer, type(error).__name__, str(error))
            results.put((number, told))
