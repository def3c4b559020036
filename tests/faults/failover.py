"""The primary's machine stops, again and again, under writers: `python -m tests.faults.failover`.

Eight programs write under request keys and one follows, while the primary is killed with all its
processes and the standby that every commit had waited for takes its place; then a new standby is
made, and so on. Prints the table that the docs show; exits 1 where a law was broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Any

from ledger.application import Author, Ledger
from ledger.decisions.projects import OpenProject
from ledger.events.base import RecordedEvent
from ledger.time.periods import parse_date
from tests.faults.printed import printed_by
from tests.faults.programs.failing_over import PATIENCE_S, follow, open_projects
from tests.postgres_pair import Pair, postgres_pair
from tests.terminal import Terminal

WRITERS = 8
BEFORE, AFTER = (50, 110), (20, 60)
"""Acknowledged events before a machine is stopped, and after, in each round: at least, at most."""

Told = tuple[str, list[int], bool, list[str]]
"""Request key, positions, whether an earlier try had recorded it, how earlier tries had failed."""


class Auditor:
    """Whoever signs the ledger, from a machine that does not stop."""

    def __init__(self, url: str, folder: Path) -> None:
        self._terminal = Terminal(url)
        self._own = ("--audit-dir", str(folder / "audit"))

    def run(self, *words: str) -> tuple[int, str]:
        """The exit code of a command, and its words."""
        done = self._terminal.run(*words, *self._own)
        return done.code, done.err

    def must(self, *words: str, code: int = 0) -> str:
        """The words of a command that has to end so."""
        ended, said = self.run(*words)
        assert ended == code, said
        return said


def open_the_studio(url: str, folder: Path) -> Auditor:
    """A new ledger with a key; who signs it."""
    auditor = Auditor(url, folder)
    Terminal(url).must("init", "--origin", "test/failover")
    auditor.must("audit", "key", "new")
    return auditor


def open_project(ledger: Ledger, id: str) -> None:
    """Record one event."""
    opened = OpenProject(project=id, title=id, kind="feature", on=parse_date("2025-01-01"))
    ledger.decide(opened, Author("ada"))


@dataclass
class FailedOver:
    """What came of it: what the writers were told, what the follower saw, what is stored.

    `refused` are the words of an auditor whose checkpoint did not continue the one before, or who
    found something in the end.
    """

    rounds: int
    told: list[Told] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    entries: list[RecordedEvent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def by_key(self) -> dict[str, list[int]]:
        """Where each request key stands in the log."""
        found: dict[str, list[int]] = {}
        for entry in self.entries:
            if entry.request is not None:
                found.setdefault(entry.request, []).append(entry.position)
        return found

    @property
    def lost(self) -> list[str]:
        """What was acknowledged and does not stand where it was said to stand."""
        found = self.by_key
        return [key for key, positions, _, _ in self.told if found.get(key) != positions]

    @property
    def doubled(self) -> list[str]:
        """Keys that stand twice, or were acknowledged twice."""
        found = [key for key, positions in self.by_key.items() if len(positions) != 1]
        times = Counter(key for key, *_ in self.told)
        return [*found, *(key for key, count in times.items() if count > 1)]

    @property
    def gaps(self) -> int:
        """Positions that are missing."""
        positions = [entry.position for entry in self.entries]
        return max(positions, default=0) - len(set(positions))

    @property
    def failures(self) -> list[str]:
        """How tries had failed that were repeated."""
        return [words for *_, failed in self.told for words in failed]

    def broken_laws(self) -> Iterator[str]:
        """What is not as it must be; nothing, where all is well."""
        positions = [entry.position for entry in self.entries]
        if positions != list(range(1, len(positions) + 1)):
            yield "a position is missing"
        if self.seen != positions:
            yield f"the follower was given {len(self.seen)} events of {len(positions)}"
        times = [entry.recorded_at for entry in self.entries]
        if times != sorted(times):
            yield "a recorded time goes back"
        yield from (f"{key} was acknowledged and is lost" for key in self.lost)
        yield from (f"{key} stands twice" for key in self.doubled)
        yield from (
            f"of {key} nobody was told" for key in set(self.by_key) - {key for key, *_ in self.told}
        )
        if not self.failures:
            yield "nobody met the death of a server: then nothing was tried"
        for words in self.failures:
            if "postgresql://" not in words or "Traceback" in words:
                yield f"somebody was told: {words}"
        yield from self.refused


class _Telling:
    """What the writers tell, as they are told it."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.all: list[Told] = []

    def wait_for(self, more: int) -> None:
        """Until so many more are acknowledged."""
        for _ in range(more):
            self.all.append(self._queue.get(timeout=PATIENCE_S))

    def rest(self, writers: Sequence[Any]) -> None:
        """Whatever else is told before the writers end."""
        while not self._queue.empty() or any(writer.is_alive() for writer in writers):
            try:
                self.all.append(self._queue.get(timeout=0.2))
            except Empty:
                continue


def fail_over(pair: Pair, folder: Path, rounds: int, seed: int = 1) -> FailedOver:
    """Run everybody through so many deaths of a primary. The seed says after how many events."""
    chance = random.Random(seed)
    url = pair.url("studio")
    auditor = open_the_studio(url, folder)
    made = FailedOver(rounds)
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.programs.failing_over"])
    told, seen = context.Queue(), context.Queue()
    stop, last = context.Event(), context.Value("q", 0)
    writers = [
        context.Process(target=open_projects, args=(url, n, stop, told, seed))
        for n in range(WRITERS)
    ]
    watcher = context.Process(target=follow, args=(url, last, seen))
    telling = _Telling(told)

    def sign(*words: str) -> None:
        code, said = auditor.run("audit", *words)
        made.refused += [said] if code else []

    try:
        for process in (watcher, *writers):
            process.start()
        for _ in range(rounds):
            pair.replicate()
            telling.wait_for(chance.randint(*BEFORE))
            sign("checkpoint")
            telling.wait_for(chance.randint(*AFTER))
            pair.fail_over()
            telling.wait_for(chance.randint(*AFTER))
            sign("checkpoint")  # which reads all that was signed before, and compares
        stop.set()
        telling.rest(writers)
        with Ledger.open(url) as ledger:
            last.value = ledger.log.head() + 1
            open_project(ledger, "the-last")
            made.entries = list(ledger.log.stream())
        made.seen = seen.get(timeout=PATIENCE_S)
        for process in (watcher, *writers):
            process.join(PATIENCE_S)
            if process.exitcode != 0:
                raise RuntimeError(f"{process.name} ended with {process.exitcode}")
    finally:
        for process in (watcher, *writers):
            if process.is_alive():
                process.kill()
    made.told = telling.all
    sign("verify")
    return made


# --- as a command ----------------------------------------------------------------------

HEAD = (
    "| failovers | acknowledged | lost | doubled | gaps | tries that failed meanwhile "
    "| unknown outcomes, settled by the key | checkpoints that did not continue |"
)


def main() -> int:
    """Fail over, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, postgres_pair() as pair:
        made = fail_over(pair, Path(folder), given.rounds, given.seed)
    broken = list(made.broken_laws())
    for law in broken:
        print(law, file=sys.stderr)
    settled = sum(repeated for _, _, repeated, _ in made.told)
    print(HEAD)
    print("|" + " ---: |" * (HEAD.count("|") - 1))
    print(
        f"| {made.rounds} | {len(made.told):,} | {len(made.lost)} | {len(made.doubled)} "
        f"| {made.gaps} | {len(made.failures):,} | {settled} | {len(made.refused)} |"
    )
    command = f"make failover ROUNDS={given.rounds} SEED={given.seed}"
    print(f"\n{printed_by(command, seed=given.seed, seconds=time.monotonic() - begun)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
