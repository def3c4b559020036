"""Schedules by the thousand: every one of the small contests, drawn ones of the large."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice

from tests.faults.interleavings.contests import Contest, Done, run
from tests.faults.interleavings.followers import (
    keepers,
    run_keepers,
    run_mixture,
    run_subscribers,
)
from tests.faults.interleavings.scheduler import (
    Chooser,
    Drawn,
    Prefix,
    Scheduler,
    Task,
    every,
    scheduler,
)
from tests.faults.interleavings.seams import seams
from tests.faults.interleavings.worlds import TASKS, World, memory_world, real_world


@dataclass
class Figures:
    """What was run. A schedule that breaks a law raises, and is in no figure."""

    schedules: int = 0
    steps: int = 0
    looks: Counter[int] = field(default_factory=Counter)
    recorded: int = 0
    refused: int = 0
    delivered: int = 0

    def add(self, outcomes: list[Done], steps: int) -> None:
        """One schedule of a contest."""
        self.schedules += 1
        self.steps += steps
        self.looks.update(len(one.looks) for one in outcomes)
        self.refused += sum(one.refusal is not None for one in outcomes)
        self.recorded += sum(bool(one.events) and not one.repeated for one in outcomes)

    @property
    def retries(self) -> int:
        """Looks after the first, of all."""
        return sum((looks - 1) * times for looks, times in self.looks.items() if looks)


class Search:
    """Runs schedules on a database and in memory, each on things of its own."""

    def __init__(self, real: World, tasks: Scheduler) -> None:
        self.figures = Figures()
        self.also_in_memory = True
        self._real = real
        self._scheduler = tasks
        self._number = 0

    def all_of(self, contest: Contest, preemptions: int | None = None) -> int:
        """Every schedule, in both worlds; how many there are."""
        count = 0
        for chooser in every(preemptions):
            self.one(contest, chooser, f"choices {chooser.chosen}")
            count += 1
        return count

    def drawn(self, contest: Contest, seeds: range) -> None:
        """A schedule for each seed, in both worlds; of every other seed a rehearsed one."""
        for seed in seeds:
            self.one(contest, Drawn(seed), f"seed {seed}", rehearsed=bool(seed % 2))

    def one(
        self, contest: Contest, chooser: Chooser, named: str, *, rehearsed: bool = False
    ) -> None:
        """One schedule: on the database, and again in memory, which must come to the same."""
        self._number += 1
        said: list[list[object]] = []
        traces: list[list[tuple[int, str]]] = []
        for world in self._worlds():
            again = chooser if not traces else _Again(traces[0], self._scheduler)
            try:
                outcomes = run(
                    contest, self._number, world, self._scheduler, again, rehearsed=rehearsed
                )
            except AssertionError as error:
                error.add_note(f"{contest.name}, {world.name}, {named}")
                error.add_note(f"task and seam: {self._scheduler.trace}")
                raise
            said.append([one.said for one in outcomes])
            traces.append(self._scheduler.trace)
            self.figures.add(outcomes, len(self._scheduler.trace))
        assert traces[0] == traces[-1], f"{contest.name}, {named}: other steps in memory"
        assert said[0] == said[-1], f"{contest.name}, {named}: the oracle comes to another end"

    def _worlds(self) -> list[World]:
        return [self._real, *([memory_world(self._number)] if self.also_in_memory else [])]

    def subscribers(self, seeds: range) -> None:
        """Subscribers beside writers: a schedule for each seed, in both worlds."""
        for seed in seeds:
            self._number += 1
            for world in self._worlds():
                chooser = Drawn(seed)
                try:
                    self.figures.delivered += run_subscribers(
                        self._number, world, self._scheduler, chooser
                    )
                except AssertionError as error:
                    error.add_note(f"subscribers, {world.name}, seed {seed}")
                    raise
                self._count()

    def keepers(self, seeds: range, preemptions: int | None = None, most: int = 0) -> None:
        """Programs that keep a view: a schedule for each seed, and the first of all there are."""
        with keepers(self._real) as made:
            drawn: Iterator[Chooser] = (Drawn(seed) for seed in seeds)
            for chooser in chain(drawn, _each(preemptions, most)):
                self._number += 1
                try:
                    self.figures.delivered += run_keepers(
                        self._number, made, self._scheduler, chooser
                    )
                except AssertionError as error:
                    error.add_note(f"keepers, {vars(chooser)}; {self._scheduler.trace}")
                    raise
                self._count()

    def mixtures(self, seeds: range) -> None:
        """Decisions, keepers of a view and a follower together: a schedule for each seed."""
        with keepers(self._real) as made:
            for seed in seeds:
                self._number += 1
                try:
                    outcomes, delivered = run_mixture(
                        self._number, seed, made, self._scheduler, Drawn(seed)
                    )
                except AssertionError as error:
                    error.add_note(f"a mixture, {self._real.name}, seed {seed}")
                    error.add_note(f"task and seam: {self._scheduler.trace}")
                    raise
                self.figures.delivered += delivered
                self.figures.add(outcomes, len(self._scheduler.trace))

    def _count(self) -> None:
        self.figures.schedules += 1
        self.figures.steps += len(self._scheduler.trace)


class _Again:
    """The same schedule once more: who went on at each step, as far as he still can."""

    def __init__(self, trace: list[tuple[int, str]], tasks: Scheduler) -> None:
        self._trace = trace
        self._scheduler = tasks

    def choose(self, options: Sequence[Task], current: bool) -> int:
        """Who went on then. Where the steps are others, the traces will tell."""
        at = len(self._scheduler.trace)
        wanted = self._trace[at][0] if at < len(self._trace) else -1
        return next((n for n, task in enumerate(options) if task.number == wanted), 0)


def _each(preemptions: int | None, most: int) -> Iterator[Prefix]:
    return islice(every(preemptions), most)


@contextmanager
def search(where: str) -> Iterator[Search]:
    """A search over a ledger at a path or URL where none is yet, with its seams in force."""
    with seams(), scheduler(TASKS) as tasks, real_world(where) as real:
        yield Search(real, tasks)
