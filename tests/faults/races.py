"""Races for one slot, and deliveries beside writers: `python -m tests.faults.races`.

64 processes want the same days of a stage, round after round: one gets them, 63 learn who did. Then
some want the whole of a stage and others a half: one gets the whole, or at most one each half. Then
each wants three of six stages, as a job: all of them or none.
Meanwhile 8 processes append what concerns nobody, without a condition, and subscribers follow the
log from its first event to its last. The processes live through all rounds, so that a thousand
take minutes. Prints the table that the docs show, a line for each contest and database; exits 1
where a law was broken.
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
from itertools import chain, combinations
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ledger.application import Author, Ledger
from ledger.events import BookingConfirmed, BookingHeld, MilestonePlanned
from ledger.events.base import Header
from tests.faults.printed import printed_by
from tests.faults.programs.racing import (
    CONTESTS,
    FIRST_DAY,
    PATIENCE_S,
    ROUNDS_A_STAGE,
    Contest,
    Told,
    append_without_condition,
    command,
    compete,
    subscribe,
)
from tests.postgres_server import postgres_server

RACERS = 64
WRITERS = 8


@dataclass
class Race:
    """What came of it: by round what each racer was told, how many events each writer appended,
    the positions that each subscriber was given, and what is stored."""

    contest: Contest
    rounds: int
    told: dict[int, list[Told]]
    appended: list[int]
    seen: list[list[int]]
    positions: list[int] = field(default_factory=list)
    milestones: int = 0
    confirmed: dict[int, tuple[str, str]] = field(default_factory=dict)
    """The booking and its space, by position."""

    held: list[str] = field(default_factory=list)
    """The bookings that were held, as each is before it is confirmed."""

    def won(self, number: int) -> list[Told]:
        """The winners of a round."""
        return [one for one in self.told[number] if one.kind == "won"]

    @property
    def doubled(self) -> int:
        """How often a square of the floor was won twice."""
        return sum(
            len(self.contest.floor(number, one.racer) & self.contest.floor(number, other.racer))
            for number in self.told
            for one, other in combinations(self.won(number), 2)
        )

    def broken_laws(self) -> Iterator[str]:
        """What is not as it must be; nothing, where all is well."""
        if self.positions != list(range(1, len(self.positions) + 1)):
            yield "a position is missing"
        if self.milestones != sum(self.appended) + 1:
            yield f"{sum(self.appended) + 1} were appended, {self.milestones} are stored"
        for n, seen in enumerate(self.seen):
            if seen != self.positions:
                yield f"subscriber {n} was given {len(seen)} events of {len(self.positions)}"
        told = [p for number in self.told for one in self.won(number) for p in one.positions]
        if sorted(told) != sorted(self.confirmed) or len(self.told) != self.rounds:
            yield f"{len(told)} bookings were won in {self.rounds} rounds, not those stored"
        confirmed = [booking for booking, _ in self.confirmed.values()]
        if sorted(self.held) != sorted(confirmed):
            yield f"{len(self.held)} bookings were held, and {len(confirmed)} confirmed"
        if self.doubled:
            yield f"{self.doubled} double bookings"
        for number, outcomes in self.told.items():
            yield from self._broken_in(number, outcomes)

    def _broken_in(self, number: int, outcomes: list[Told]) -> Iterator[str]:
        won = self.won(number)
        if not won or len(outcomes) != RACERS:
            yield f"round {number}: {len(won)} of {len(outcomes)} won"
        winners = {position: one for one in won for position in one.positions}
        for one in won:
            stored = [self.confirmed[p] for p in one.positions if p in self.confirmed]
            if dict(stored) != self.contest.bookings(number, one.racer):
                yield f"round {number}: {one} has {stored}"
        for one in outcomes:
            if one.kind == "won":
                continue
            # one position: nobody is told of two who stand in the way
            winner = winners.get(one.positions[0]) if one.kind == "refused" else None
            wanted = self.contest.floor(number, one.racer)
            if winner is None or not wanted & self.contest.floor(number, winner.racer):
                yield f"round {number}: {one} lost to nobody"
            elif not any(b in one.message for b in self.contest.bookings(number, winner.racer)):
                yield f"round {number}: {one} was not told who won"


def race(
    url: str,
    contest: Contest,
    rounds: int,
    *,
    subscribers: int = 1,
    pause_s: float = 0.005,
    seed: int = 1,
) -> Race:
    """Make a studio at a place and run everybody. The seed draws the pauses that they make."""
    _open_the_studio(url, contest, stages=1 + rounds // ROUNDS_A_STAGE)
    made = _run(url, contest, rounds, subscribers, pause_s, seed)
    with Ledger.open(url) as ledger:
        for entry in ledger.log.stream():
            made.positions.append(entry.position)
            if isinstance(entry.event, BookingConfirmed):
                made.confirmed[entry.position] = entry.event.booking, entry.event.space
            if isinstance(entry.event, BookingHeld):
                made.held.append(entry.event.booking)
            made.milestones += isinstance(entry.event, MilestonePlanned)
    return made


def _open_the_studio(url: str, contest: Contest, stages: int) -> None:
    author = Author("admin")
    with Ledger.create(url, origin="test/race", author=author) as ledger:
        commands: tuple[dict[str, Any], ...] = (
            {"do": "site add", "site": "campus", "name": "Campus", "zone": "Asia/Shanghai"},
            *(_space(contest, space, n) for n in range(1, stages + 1) for space in contest.squares),
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


def _space(contest: Contest, space: str, number: int) -> dict[str, Any]:
    whole, squares = next(iter(contest.squares)), contest.squares
    is_part = set(squares[space]) < set(squares[whole])
    return {
        "do": "space add",
        "space": f"{space}-{number}",
        "site": "campus",
        "name": f"{space} {number}",
        "kind": "stage",
        "area_m2": 1500 * len(squares[space]),
        "in_service_on": "2020-01-01",
        "part_of": f"{whole}-{number}" if is_part else None,
    }


def _run(
    url: str, contest: Contest, rounds: int, subscribers: int, pause_s: float, seed: int
) -> Race:
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
        context.Process(target=compete, args=(url, contest, n, rounds, start, bookings, seed))
        for n in range(RACERS)
    ]
    everybody = [*watchers, *writers, *racers]
    try:
        for process in everybody:
            process.start()
        outcomes: dict[int, list[Told]] = defaultdict(list)
        for _ in range(RACERS * rounds):
            number, told = bookings.get(timeout=PATIENCE_S)
            outcomes[number].append(told)
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
    return Race(contest, rounds, outcomes, appended, seen)


# --- as a command ----------------------------------------------------------------------

HEAD = (
    "| contest | database | rounds | contenders | double bookings | refused, told who won "
    "| events of 8 writers | subscribers | deliveries missed or doubled | seconds |"
)


@contextmanager
def _places(folder: Path) -> Iterator[list[tuple[Contest, str, str]]]:
    """The contests, each on both databases."""
    with postgres_server() as server:
        where = server.replace("postgresql+psycopg", "postgresql")
        yield [
            (contest, database, url)
            for n, contest in enumerate(CONTESTS)
            for database, url in (
                ("SQLite", str(folder / f"races-{n}.db")),
                ("PostgreSQL", f"{where}&schema=races_{n}"),
            )
        ]


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
    print("| --- | --- |" + " ---: |" * (HEAD.count("|") - 3), flush=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder, _places(Path(folder)) as places:
        for contest, name, url in places:
            begun = time.monotonic()
            made = race(
                url,
                contest,
                given.rounds,
                subscribers=given.subscribers,
                pause_s=0.05,
                seed=given.seed,
            )
            for law in made.broken_laws():
                broken += 1
                print(f"{contest.name}, {name}: {law}", file=sys.stderr)
            refused = sum(one.kind == "refused" for one in chain(*made.told.values()))
            missed = sum(len(made.positions) - len(seen) for seen in made.seen)
            print(
                f"| {contest.name} | {name} | {given.rounds:,} | {RACERS} "
                f"| {made.doubled} | {refused:,} "
                f"| {sum(made.appended):,} | {len(made.seen)} | {missed} "
                f"| {time.monotonic() - begun:,.0f} |",
                flush=True,
            )
    command = f"make races ROUNDS={given.rounds} SEED={given.seed}"
    print(f"\n{printed_by(command, seed=given.seed, seconds=time.monotonic() - first)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
