"""Races for one slot, and deliveries beside writers: `python -m tests.faults.races`.

64 processes want the same days of a stage, round after round: one gets them, 63 learn who did.
Meanwhile 8 processes append what concerns nobody, without a condition, and subscribers follow the
log from its first event to its last. The processes live through all rounds, so that a thousand
take minutes. Prints the table that the docs show, a line for each database; exits 1 where a law
was broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ledger.application import Author, Ledger
from ledger.events import BookingConfirmed, MilestonePlanned
from ledger.events.base import Header
from tests.faults.printed import printed_by
from tests.faults.programs.racing import (
    FIRST_DAY,
    PATIENCE_S,
    ROUNDS_A_STAGE,
    append_without_condition,
    book_same_days,
    command,
    subscribe,
)
from tests.postgres_server import postgres_server

RACERS = 64
WRITERS = 8


@dataclass
class Race:
    """What came of it: by round what each racer was told, how many events each writer appended,
    the positions that each subscriber was given, and what is stored."""

    rounds: int
    told: dict[int, list[Any]]
    appended: list[int]
    seen: list[list[int]]
    positions: list[int] = field(default_factory=list)
    milestones: int = 0
    confirmed: dict[int, str] = field(default_factory=dict)

    def broken_laws(self) -> Iterator[str]:
        """What is not as it must be; nothing, where all is well."""
        if self.positions != list(range(1, len(self.positions) + 1)):
            yield "a position is missing"
        if self.milestones != sum(self.appended) + 1:
            yield f"{sum(self.appended) + 1} were appended, {self.milestones} are stored"
        for n, seen in enumerate(self.seen):
            if seen != self.positions:
                yield f"subscriber {n} was given {len(seen)} events of {len(self.positions)}"
        if len(self.confirmed) != self.rounds or len(self.told) != self.rounds:
            yield f"{len(self.confirmed)} bookings in {self.rounds} rounds"
        for number, outcomes in self.told.items():
            yield from self._broken_in(number, outcomes)

    def _broken_in(self, number: int, outcomes: list[Any]) -> Iterator[str]:
        won = [one for one in outcomes if one[1] == "won"]
        if len(won) != 1 or len(outcomes) != RACERS:
            yield f"round {number}: {len(won)} of {len(outcomes)} won"
            return
        winner, _, position, _ = won[0]
        booking = f"b-{number}-{winner}"
        if self.confirmed.get(position) != booking:
            yield f"round {number}: #{position} is not {booking}"
        for racer, kind, in_the_way, message in outcomes:
            if racer != winner and (kind, in_the_way) != ("refused", position):
                yield f"round {number}: racer {racer} was told {kind}: {message}"
            elif racer != winner and booking not in message:
                yield f"round {number}: racer {racer} was not told who won: {message}"


def race(
    url: str, rounds: int, *, subscribers: int = 1, pause_s: float = 0.005, seed: int = 1
) -> Race:
    """Make a studio at a place and run everybody. The seed draws the pauses that they make."""
    _open_the_studio(url, stages=1 + rounds // ROUNDS_A_STAGE)
    made = _run(url, rounds, subscribers, pause_s, seed)
    with Ledger.open(url) as ledger:
        for entry in ledger.log.stream():
            made.positions.append(entry.position)
            if isinstance(entry.event, BookingConfirmed):
                made.confirmed[entry.position] = entry.event.booking
            made.milestones += isinstance(entry.event, MilestonePlanned)
    return made


def _open_the_studio(url: str, stages: int) -> None:
    author = Author("admin")
    with Ledger.create(url, origin="test/race", author=author) as ledger:
        commands: tuple[dict[str, Any], ...] = (
            {"do": "site add", "site": "campus", "name": "Campus", "zone": "Asia/Shanghai"},
            *(
                {
                    "do": "space add",
                    "space": f"stage-{n}",
                    "site": "campus",
                    "name": f"Stage {n}",
                    "kind": "stage",
                    "area_m2": 3000,
                    "in_service_on": "2020-01-01",
                }
                for n in range(1, stages + 1)
            ),
            {
                "do": "project open",
                "project": "the-race",
                "title": "The race",
                "kind": "feature",
                "on": "2020-01-01",
            },
        )
        for fields in commands:
            ledger.decide(command(ledger, **fields), author)


def _run(url: str, rounds: int, subscribers: int, pause_s: float, seed: int) -> Race:
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.programs.racing"])
    bookings, counts, positions = context.Queue(), context.Queue(), context.Queue()
    start, stop, last = context.Barrier(RACERS), context.Event(), context.Value("q", 0)
    watchers = [
        context.Process(target=subscribe, args=(url, last, positions)) for _ in range(subscribers)
    ]
    writers = [
        context.Process(target=append_without_condition, args=(url, n, stop, counts, pause_s, seed))
        for n in range(WRITERS)
    ]
    racers = [
        context.Process(target=book_same_days, args=(url, n, rounds, start, bookings, seed))
        for n in range(RACERS)
    ]
    everybody = [*watchers, *writers, *racers]
    try:
        for process in everybody:
            process.start()
        outcomes: dict[int, list[Any]] = defaultdict(list)
        for _ in range(RACERS * rounds):
            number, *outcome = bookings.get(timeout=PATIENCE_S)
            outcomes[number].append(tuple(outcome))
        stop.set()
        appended = [counts.get(timeout=PATIENCE_S) for _ in writers]
        with Ledger.open(url) as ledger:
            # One more event after all others: the subscriber ends when it has seen it.
            ended = MilestonePlanned(project="the-race", milestone="over", on=FIRST_DAY)
            last.value = ledger.log.head() + 1
            ledger.log.append([(ended, Header(actor="admin"))])
        seen = [positions.get(timeout=PATIENCE_S) for _ in watchers]
        for process in everybody:
            process.join(PATIENCE_S)
            if process.exitcode != 0:
                raise RuntimeError(f"{process.name} ended with {process.exitcode}")
    finally:
        for process in everybody:
            if process.is_alive():
                process.kill()
    return Race(rounds, outcomes, appended, seen)


# --- as a command ----------------------------------------------------------------------

HEAD = (
    "| database | rounds | contenders | double bookings | refused, told who won "
    "| events of 8 writers | subscribers | deliveries missed or doubled | seconds |"
)


@contextmanager
def _places(folder: Path) -> Iterator[list[tuple[str, str]]]:
    with postgres_server() as server:
        where = server.replace("postgresql+psycopg", "postgresql")
        yield [("SQLite", str(folder / "races.db")), ("PostgreSQL", f"{where}&schema=races")]


def main() -> int:
    """Race on both databases, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--subscribers", type=int, default=4)
    parser.add_argument("--folder", help="where the SQLite ledger is kept meanwhile")
    given = parser.parse_args()
    broken, first = 0, time.monotonic()
    print(HEAD)
    print("| --- |" + " ---: |" * (HEAD.count("|") - 2), flush=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder, _places(Path(folder)) as places:
        for name, url in places:
            begun = time.monotonic()
            made = race(
                url, given.rounds, subscribers=given.subscribers, pause_s=0.05, seed=given.seed
            )
            for law in made.broken_laws():
                broken += 1
                print(f"{name}: {law}", file=sys.stderr)
            refused = sum(one[1] == "refused" for one in chain(*made.told.values()))
            doubled = len(made.confirmed) - len(made.told)
            missed = sum(len(made.positions) - len(seen) for seen in made.seen)
            print(
                f"| {name} | {given.rounds:,} | {RACERS} | {doubled} | {refused:,} "
                f"| {sum(made.appended):,} | {len(made.seen)} | {missed} "
                f"| {time.monotonic() - begun:,.0f} |",
                flush=True,
            )
    command = f"make races ROUNDS={given.rounds} SEED={given.seed}"
    print(f"\n{printed_by(command, seed=given.seed, seconds=time.monotonic() - first)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
