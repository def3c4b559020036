"""What the racing processes do; the test that starts them counts what came of it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from multiprocessing.synchronize import Barrier, Event
from time import sleep
from typing import Any, NamedTuple, Protocol

from ledger.application import Author, Ledger
from ledger.decisions.base import Decision
from ledger.errors import LedgerError, Refused
from ledger.events import BookingConfirmed, MilestonePlanned
from ledger.events.base import Header

PATIENCE_S = 300
FIRST_DAY = date(2030, 1, 1)
ROUNDS_A_STAGE = 200


class Results(Protocol):
    """The end of a queue that a racer writes to."""

    def put(self, result: Any) -> None:
        """Hand a result to the test."""


def command(ledger: Ledger, **fields: Any) -> Decision:
    """A decision in the form of a batch file."""
    import json

    return ledger.wire.decode(json.dumps(fields).encode())


@dataclass(frozen=True)
class Contest:
    """What the racers want: in each round the same days, of spaces that share floor or do not.

    `squares` has the floor of each space, as letters; a space is a part of the first if that has
    its squares too. `wants` are the lists of spaces that racers want, in turn. All of a racer's
    squares are his, or none.
    """

    name: str
    squares: Mapping[str, str]
    wants: tuple[tuple[str, ...], ...]

    def wanted(self, number: int, racer: int) -> tuple[str, ...]:
        """The spaces that a racer wants in a round. Who wants what changes from round to round."""
        return self.wants[(number + racer) % len(self.wants)]

    def floor(self, number: int, racer: int) -> frozenset[str]:
        """The squares that he wants."""
        return frozenset("".join(self.squares[one] for one in self.wanted(number, racer)))

    def bookings(self, number: int, racer: int) -> dict[str, str]:
        """The spaces that he has if he wins, by booking."""
        return {f"b-{number}-{racer}": round_space(number, *self.wanted(number, racer))}

    def fields(self, number: int, racer: int) -> dict[str, Any]:
        """His command, in the form of a batch file."""
        ((booking, space),) = self.bookings(number, racer).items()
        return {
            "do": "booking hold",
            "booking": booking,
            "space": space,
            "project": "the-race",
            "when": round_days(number),
            "confirm": True,
        }


class JobContest(Contest):
    """Each wants several spaces as a job: a booking of each of them, all or none."""

    def bookings(self, number: int, racer: int) -> dict[str, str]:
        """The spaces that he has if he wins, by booking: those of a job are numbered."""
        wanted = enumerate(self.wanted(number, racer), 1)
        return {f"b-{number}-{racer}-{n}": round_space(number, space) for n, space in wanted}

    def fields(self, number: int, racer: int) -> dict[str, Any]:
        """His command: `booking` names the job."""
        return {
            "do": "booking hold",
            "booking": f"b-{number}-{racer}",
            "space": list(self.bookings(number, racer).values()),
            "project": "the-race",
            "when": round_days(number),
            "confirm": True,
        }


ONE_STAGE = Contest("one stage", {"stage": "a"}, (("stage",),))
HALVES = Contest(
    "a stage and its halves",
    {"stage": "ab", "left": "a", "right": "b"},
    (("left",), ("stage",), ("right",), ("stage",)),
)
JOBS = JobContest(
    "three of six stages, as a job",
    {one: one for one in "abcdef"},
    tuple(combinations("abcdef", 3)),
)
CONTESTS = (ONE_STAGE, HALVES, JOBS)


def round_space(number: int, space: str) -> str:
    """A space of one round: no booking may lie more than ten years ahead."""
    return f"{space}-{1 + number // ROUNDS_A_STAGE}"


def round_days(number: int) -> str:
    """The days of one round; every round has days of its own, five rounds share a month."""
    first = FIRST_DAY + timedelta(days=6 * (number % ROUNDS_A_STAGE))
    return f"{first}..{first + timedelta(days=4)}"


def compete(
    url: str,
    contest: Contest,
    racer: int,
    rounds: int,
    start: Barrier,
    results: Results,
    seed: int = 1,
) -> None:
    """In every round try to book what is wanted, at the same moment as all the others.

    The seed draws the pauses of whoever lost to another.
    """
    random.seed(f"{seed} {racer}")
    with Ledger.open(url) as ledger:
        for number in range(rounds):
            wanted = command(ledger, **contest.fields(number, racer))
            start.wait(PATIENCE_S)
            results.put((number, Told(racer, *_attempt(ledger, wanted, f"racer-{racer}"))))


class Told(NamedTuple):
    """What a racer was told: that he won at these positions, or that one stood in the way."""

    racer: int
    kind: str
    positions: tuple[int, ...]
    message: str


def _attempt(ledger: Ledger, wanted: Decision, actor: str) -> tuple[str, tuple[int, ...], str]:
    """What came of it, the positions that won or stood in the way, and what was said."""
    try:
        events = ledger.decide(wanted, Author(actor)).events
        won = tuple(e.position for e in events if isinstance(e.event, BookingConfirmed))
        return "won", won, ""
    except Refused as refusal:
        return "refused", (refusal.position or 0,), str(refusal)
    except LedgerError as error:
        return type(error).__name__, (), str(error)


def append_without_condition(
    url: str, writer: int, stop: Event, results: Results, pause_s: float = 0.005, seed: int = 1
) -> None:
    """Keep appending events that no racer reads; tells how many it appended.

    It pauses for as long on average, by the seed.
    """
    chance = random.Random(f"{seed} writer {writer}")
    header = Header(actor=f"writer-{writer}")
    count = 0
    with Ledger.open(url) as ledger:
        while not stop.is_set():
            event = MilestonePlanned(
                project=f"elsewhere-{writer}", milestone=f"day-{count}", on=FIRST_DAY
            )
            ledger.log.append([(event, header)])
            count += 1
            sleep(chance.uniform(0, 2 * pause_s))
    results.put(count)


def subscribe(url: str, last: Any, results: Results) -> None:
    """Follow the log from its beginning until the position that `last` comes to hold."""
    seen: list[int] = []
    with Ledger.open(url, read_only=True) as ledger, ledger.log.follow() as entries:
        for entry in entries:
            seen.append(entry.position)
            if entry.position == last.value:
                break
    results.put(seen)
