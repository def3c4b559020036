"""A row of the table: who is measured, in which order, and whether what is to be reached was.

The contenders of a row take turns, A B C A B C …, so that a machine that slows down slows all of
them down. A ratio is taken within each round, between neighbours in time; what counts is the median
of these ratios, and beside it stand the lowest and the highest.
"""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from tests.benchmarks.workspace import Bench

OURS = "studio-ledger"
LIMIT = "limit"
"""The least work that could do the same; or, where growth is measured, the same on a small log."""

PEER_A = "(a)"
PEER_B = "(b)"
PEER_C = "(c)"
PEER_D = "(d)"
PEERS = {
    PEER_A: "eventsourcing, classic application",
    PEER_B: "eventsourcing, DCB on PostgreSQL",
    PEER_C: "UmaDB",
    PEER_D: "plain SQL, of no more than a program that stays sends",
}

Contender = Callable[[], float]
"""One round of somebody: their figure, in the row's unit."""

Contenders = Mapping[str, Contender | str]
"""Who takes part, by name. A text says why somebody does not."""

PATIENCE_S, FEWEST = 100.0, 3
"""A row whose rounds have taken so many seconds ends when it has had the fewest of them."""

Verdict = Literal["reached", "not reached", "not measured", "for comparison"]


@dataclass(frozen=True)
class Goal:
    """What our figure divided by somebody's is to be, at least or at most."""

    against: str
    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        bound = f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"
        return f"{bound} × {self.against}"

    def holds(self, ratio: float) -> bool:
        """Whether a ratio is what it is to be."""
        return (self.at_least is None or ratio >= self.at_least) and (
            self.at_most is None or ratio <= self.at_most
        )


@dataclass(frozen=True)
class Row:
    """One question. `contenders` makes everything ready, and takes it away after the last round.

    `unit` is that of all figures. `most_rounds` is for what takes long and comes out the same
    each time.
    """

    name: str
    what: str
    unit: str
    goals: Sequence[Goal]
    contenders: Callable[[Bench], AbstractContextManager[Contenders]]
    most_rounds: int | None = None


class Spread(NamedTuple):
    """A median, and how far the rounds went to either side of it."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """Of at least one figure."""
        return cls(median(figures), min(figures), max(figures))


@dataclass
class Measured:
    """What came of a row: each contender's figures, round by round."""

    row: Row
    figures: dict[str, list[float]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0

    @property
    def repeats(self) -> bool:
        """Whether it is a row whose figures differ from round to round."""
        return self.row.most_rounds is None

    def ratio(self, against: str) -> Spread | None:
        """Our figure to somebody's, round by round; None where one of the two has none."""
        ours, theirs = self.figures.get(OURS), self.figures.get(against)
        if not ours or not theirs:
            return None
        return Spread.of([mine / other for mine, other in zip(ours, theirs, strict=True)])

    def verdict(self) -> Verdict:
        """Whether all goals of the row were reached."""
        if not self.row.goals:
            return "for comparison"
        ratios = [(goal, self.ratio(goal.against)) for goal in self.row.goals]
        if self.error or any(ratio is None for _, ratio in ratios):
            return "not measured"
        reached = all(ratio is not None and goal.holds(ratio.middle) for goal, ratio in ratios)
        return "reached" if reached else "not reached"


def measure(row: Row, bench: Bench, say: Callable[[str], None]) -> Measured:
    """Measure a row. What breaks is told in the result, and the other rows go on."""
    measured, begun = Measured(row), time.monotonic()
    rounds = bench.rounds if row.most_rounds is None else min(bench.rounds, row.most_rounds)
    try:
        with row.contenders(bench) as contenders:
            measured.absent = {n: why for n, why in contenders.items() if isinstance(why, str)}
            taking_part = {n: one for n, one in contenders.items() if not isinstance(one, str)}
            say(f"{row.name}: ready after {time.monotonic() - begun:.1f} s")
            first = time.monotonic()
            for number in range(rounds):
                if number >= FEWEST and time.monotonic() - first > PATIENCE_S:
                    say(f"{row.name}: ends early, it has taken too long")
                    break
                for name, contender in taking_part.items():
                    gc.collect()
                    measured.figures.setdefault(name, []).append(contender())
                figures = (f"{name} {f[-1]:,.4g}" for name, f in measured.figures.items())
                say(f"{row.name}: round {number + 1} of {rounds}: {', '.join(figures)}")
    except Exception as error:  # noqa: BLE001  # whatever breaks in one row, the others are measured
        say(traceback.format_exc())
        measured.error = f"{type(error).__name__}: {error}"
    measured.seconds = time.monotonic() - begun
    say(f"{row.name}: {measured.verdict()}, after {measured.seconds:.1f} s")
    return measured
