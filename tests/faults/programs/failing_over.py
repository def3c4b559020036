"""What the processes do that go on writing, and following, while their server dies."""

from __future__ import annotations

import random
from collections.abc import Callable
from multiprocessing.synchronize import Event
from time import monotonic, sleep
from typing import Any, Protocol, TypeVar

from ledger.application import Author, Ledger
from ledger.decisions.projects import OpenProject
from ledger.errors import StorageFailure
from ledger.time.periods import parse_date

T = TypeVar("T")
PATIENCE_S = 240
PAUSE_S = 0.02


class Results(Protocol):
    """The end of a queue that a process writes to."""

    def put(self, result: Any) -> None:
        """Hand a result to the test."""


def persistently(task: Callable[[], T]) -> tuple[T, list[str]]:
    """What came of it in the end, and how it failed before: as a person who tries again."""
    give_up = monotonic() + PATIENCE_S
    failures: list[str] = []
    while True:
        try:
            return task(), failures
        except StorageFailure as failure:
            failures.append(str(failure))
            if monotonic() > give_up:
                raise
            sleep(PAUSE_S)


def open_projects(url: str, writer: int, stop: Event, results: Results, seed: int = 1) -> None:
    """Open one project after another, each under a key of its own, until told to stop.

    Tells of each, once it is acknowledged: key, positions, whether an earlier try had recorded
    it, and how earlier tries had failed. The seed draws the pauses of whoever lost to another.
    """
    random.seed(f"{seed} {writer}")
    ledger, _ = persistently(lambda: Ledger.open(url))
    with ledger:
        count = 0
        while not stop.is_set():
            key = f"w{writer}-{count}"
            wanted = OpenProject(
                project=key, title=key, kind="feature", on=parse_date("2025-01-01")
            )
            author = Author(f"writer-{writer}", request=key)
            outcome, failures = persistently(lambda: ledger.decide(wanted, author))  # noqa: B023  # called before the loop goes on
            positions = [entry.position for entry in outcome.events]
            results.put((key, positions, outcome.repeated, failures))
            count += 1


def follow(url: str, last: Any, results: Results) -> None:
    """Follow the log from its beginning until the position that `last` comes to hold."""
    seen: list[int] = []
    ledger, _ = persistently(lambda: Ledger.open(url, read_only=True))
    with ledger, ledger.log.follow() as entries:
        while not seen or seen[-1] != last.value:
            entry, _ = persistently(lambda: next(entries))
            seen.append(entry.position)
    results.put(seen)
