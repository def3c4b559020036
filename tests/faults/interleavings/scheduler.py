"""A scheduler that decides, at every seam, who goes on: one schedule is one order of all steps.

Tasks are threads of which one runs at a time. Each stops at the seams: before a statement that
others could notice or be noticed by. Who stops there picks, by the schedule, who goes on; where it
picks itself, no thread is changed. Nobody sleeps and no clock is read, so a schedule can be run
again from the list of its choices.

`Drawn` draws a schedule from a seed. `every` runs all there are, or all with at most so many
preemptions: changes away from a task that could have gone on (Musuvathi and Qadeer, PLDI 2007).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

STEPS = 4_000
"""More steps than any schedule here has: beyond them somebody goes round in circles."""


class Stuck(AssertionError):
    """Nobody can go on, or nobody comes to an end: what no schedule may lead to."""


class Abandoned(BaseException):
    """Ends a task whose schedule is given up; nobody catches it on the way."""


class Chooser(Protocol):
    """Who goes on next."""

    def choose(self, options: Sequence[Task], current: bool) -> int:
        """One of several; `current` says that the first of them is who ran until now."""


class Drawn:
    """A schedule drawn at random: some change often, some rarely."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._stays = self._chance.random()

    def choose(self, options: Sequence[Task], current: bool) -> int:
        """Stay with who runs, or change to anybody."""
        if current and self._chance.random() < self._stays:
            return 0
        return self._chance.randrange(len(options))


class Prefix:
    """The choices of a schedule as far as they are given; then whoever runs goes on."""

    def __init__(self, given: Sequence[int], preemptions: int | None) -> None:
        self._given = given
        self._left = preemptions
        self.chosen: list[int] = []
        self.options: list[int] = []

    def choose(self, options: Sequence[Task], current: bool) -> int:
        """As given, else the first."""
        many = 1 if current and self._left == 0 else len(options)
        at = len(self.chosen)
        choice = self._given[at] if at < len(self._given) else 0
        if current and choice and self._left is not None:
            self._left -= 1
        self.chosen.append(choice)
        self.options.append(many)
        return choice

    def next(self) -> list[int] | None:
        """The schedule after this one, in the order of a tree; None after the last."""
        for at in reversed(range(len(self.chosen))):
            if self.chosen[at] + 1 < self.options[at]:
                return [*self.chosen[:at], self.chosen[at] + 1]
        return None


def every(preemptions: int | None = None) -> Iterator[Prefix]:
    """A chooser for each schedule there is. Run each before asking for the next."""
    given: list[int] | None = []
    while given is not None:
        prefix = Prefix(given, preemptions)
        yield prefix
        given = prefix.next()


class Task:
    """One who runs: where it stands, and what came of it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seam = ""
        self.resource = ""
        self.ready: Callable[[], bool] | None = None
        self.body: Callable[[], Any] | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.go = threading.Lock()
        self.go.acquire()


class Scheduler:
    """Runs tasks in the order of a schedule, on threads that it keeps between schedules."""

    def __init__(self, most: int) -> None:
        self.trace: list[tuple[int, str]] = []
        self.holders: dict[str, Task] = {}
        self.commits = 0
        self._tasks = [Task(n) for n in range(most)]
        self._by_thread: dict[int, Task] = {}
        self._live: list[Task] = []
        self._chooser: Chooser = Drawn(0)
        self._over = threading.Lock()
        self._over.acquire()
        self._broken: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(task,), daemon=True) for task in self._tasks
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the threads."""
        for task, thread in zip(self._tasks, self._threads, strict=True):
            task.body = None
            task.go.release()
            thread.join()

    def run(self, bodies: Sequence[Callable[[], Any]], chooser: Chooser) -> list[Task]:
        """Run them to their ends; the tasks, with results and errors. Raises `Stuck`."""
        self.trace, self.holders, self.commits, self._broken = [], {}, 0, None
        self._chooser = chooser
        self._live = self._tasks[: len(bodies)]
        tasks = list(self._live)
        for task, body in zip(tasks, bodies, strict=True):
            task.seam, task.resource, task.ready, task.body = "start", "", None, body
            task.result = task.error = None
        self._pass_on(None)
        self._over.acquire()
        if self._broken is not None:
            raise self._broken
        return tasks

    # --- for the seams -----------------------------------------------------------------

    def seam(
        self, name: str, *, resource: str = "", ready: Callable[[], bool] | None = None
    ) -> None:
        """Stop here until the schedule lets this task go on; nothing for who is no task.

        `resource`: a lock that it takes by going on. `ready`: what it waits for.
        """
        task = self._by_thread.get(threading.get_ident())
        if task is None:
            return
        if self._broken is not None:
            raise Abandoned
        task.seam, task.resource, task.ready = name, resource, ready
        if not self._pass_on(task):
            task.go.acquire()
        if self._broken is not None:
            raise Abandoned

    def holds(self, resource: str) -> bool:
        """Whether the task that asks has the lock."""
        holder = self.holders.get(resource)
        return holder is not None and holder is self._by_thread.get(threading.get_ident())

    def let_go(self, resource: str) -> None:
        """The task that calls no longer has the lock, if it had."""
        if self.holds(resource):
            del self.holders[resource]

    def committed(self) -> None:
        """Something was recorded: who waits for that may look."""
        self.commits += 1

    def is_task(self) -> bool:
        """Whether who asks is one of the tasks, under way."""
        return threading.get_ident() in self._by_thread

    # --- inside ------------------------------------------------------------------------

    def _pass_on(self, current: Task | None) -> bool:
        """Let somebody go on; whether it is the one who asks."""
        options = [task for task in self._live if self._can_go_on(task)]
        if not self._live:
            self._over.release()
            return False
        if not options or len(self.trace) > STEPS:
            at = ", ".join(f"{task.number} before {task.seam}" for task in self._live)
            why = "goes round in circles" if options else "can go on"
            self._give_up(Stuck(f"nobody {why}: {at}; {self.trace[-40:]}"))
            return current is not None
        stays = current is not None and current in options
        if stays:
            assert current is not None
            options.remove(current)
            options.insert(0, current)
        chosen = options[self._chooser.choose(options, stays) if len(options) > 1 else 0]
        self.trace.append((chosen.number, chosen.seam))
        if chosen.resource:
            self.holders[chosen.resource] = chosen
        if chosen is current:
            return True
        chosen.go.release()
        return False

    def _can_go_on(self, task: Task) -> bool:
        if task.resource and task.resource in self.holders:
            return False
        return task.ready is None or task.ready()

    def _give_up(self, error: BaseException) -> None:
        """End all where they stand, and then say why."""
        self._broken = error
        for task in self._live:
            if task.go.locked():
                task.go.release()

    def _work(self, task: Task) -> None:
        while True:
            task.go.acquire()
            if task.body is None:
                return
            self._by_thread[threading.get_ident()] = task
            try:
                task.result = task.body()
            except BaseException as error:  # noqa: BLE001  # told to who judges the schedule
                task.error = error
            del self._by_thread[threading.get_ident()]
            for resource in [r for r, holder in self.holders.items() if holder is task]:
                del self.holders[resource]
            self._live = [other for other in self._live if other is not task]
            if self._broken is None:
                self._pass_on(None)
            elif not self._live:
                self._over.release()


_active: list[Scheduler] = []


@contextmanager
def scheduler(most: int) -> Iterator[Scheduler]:
    """A scheduler whose seams are in force."""
    made = Scheduler(most)
    _active.append(made)
    try:
        yield made
    finally:
        _active.pop()
        made.close()


def active() -> Scheduler | None:
    """The scheduler in force."""
    return _active[-1] if _active else None
