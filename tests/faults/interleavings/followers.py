"""Those who follow a log while others append: subscribers, and the programs that keep views.

A subscriber is given each event once, in order. Of two programs that keep one view's tables, never
both apply an event; and whoever reads the tables meanwhile finds those of one place in the log,
the one that they say: all rows up to there, and none beyond.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ledger.events import MilestonePlanned
from ledger.events.base import Header, RecordedEvent
from ledger.log.eventlog import EventLog
from ledger.log.store.store_urls import Place
from ledger.plugin import Projection, Row, key, on, table, view
from ledger.projections.engine.store import views_place
from ledger.projections.querying.live_views import Answer, Views
from tests.faults.interleavings.contests import FIRST_DAY, Done, mixture, mixture_group, run
from tests.faults.interleavings.scheduler import Chooser, Scheduler
from tests.faults.interleavings.worlds import TASKS, World

APPENDS = 2
"""Appends of each writer: first one event, then two."""

Body = Callable[[], Any]


def run_subscribers(number: int, world: World, scheduler: Scheduler, chooser: Chooser) -> int:
    """Two writers, two subscribers; how many events were delivered. Raises `AssertionError`."""
    before = world.logs[0].head()
    count = 2 * sum(range(1, APPENDS + 1))

    def follow(log: EventLog) -> list[int]:
        with log.follow(after=before) as entries:
            return [next(entries).position for _ in range(count)]

    bodies: list[Body] = [
        *(_writer(world.logs[n], f"w{number}-{n}") for n in (0, 1)),
        *(lambda log=world.logs[n]: follow(log) for n in (2, 3)),
    ]
    results = _results(scheduler, bodies, chooser)
    for seen in results[2:]:
        assert seen == list(range(before + 1, before + 1 + count)), "missed, doubled or disordered"
    return 2 * count


# --- views -----------------------------------------------------------------------------


class Told(Row):
    """An event that was applied: how often, and after which one."""

    group: str = key()
    position: int = key()
    times: int = 0
    after: int = 0


class Newest(Row):
    """The event that was applied last, of each group, and how many there were."""

    group: str = key()
    position: int = 0
    count: int = 0


class Tally(Projection):
    """Counts each event; a second count, a missing one, another order would show."""

    told = table(Told)
    newest = table(Newest)

    @on(MilestonePlanned)
    def planned(self, event: MilestonePlanned, entry: RecordedEvent) -> None:
        """One more."""
        newest = self.newest.edit(event.project)
        row = self.told.edit(event.project, entry.position)
        row.times += 1
        row.after = newest.position
        newest.position = entry.position
        newest.count += 1

    @view("What was applied?")
    def tally(self, group: str) -> list[Told]:
        """The events of a group."""
        return self.told.rows(group=group)

    @view("What was applied last?")
    def last(self, group: str) -> list[Newest]:
        """The newest of a group."""
        return self.newest.rows(group=group)


class Keepers:
    """Programs that keep the view's tables, each with a log and a store of its own."""

    def __init__(self, world: World) -> None:
        place = views_place(Place.parse(world.where))
        self.world = world
        self.views = [Views(log, [Tally], place, batch=2) for log in world.logs]
        for one in self.views:
            one.catch_up()

    def close(self) -> None:
        """Let go of the stores."""
        for one in self.views:
            one.close()


@contextmanager
def keepers(world: World) -> Iterator[Keepers]:
    """The programs, all caught up."""
    made = Keepers(world)
    try:
        yield made
    finally:
        made.close()


def run_keepers(number: int, made: Keepers, scheduler: Scheduler, chooser: Chooser) -> int:
    """A writer, two programs that keep the tables, one that reads them; events applied.

    Raises `AssertionError`.
    """
    group = f"g{number}"
    before = made.world.logs[0].head()

    def read() -> list[tuple[Answer, Answer]]:
        views = made.views[3]
        return [
            (
                views.answer("tally", {"group": group}, fresh=False),
                views.answer("last", {"group": group}, fresh=False),
            )
            for _ in range(2)
        ]

    bodies: list[Body] = [
        _writer(made.world.logs[0], group),
        made.views[1].catch_up,
        made.views[2].catch_up,
        read,
    ]
    *_, answers = _results(scheduler, bodies, chooser)
    for tally, last in answers:
        _check(made.world.logs[0], before, group, tally, last)
    made.views[1 + number % 2].catch_up()
    tally = made.views[3].answer("tally", {"group": group}, fresh=False)
    last = made.views[3].answer("last", {"group": group}, fresh=False)
    assert tally.as_of == made.world.logs[0].head()
    _check(made.world.logs[0], before, group, tally, last)
    return len(tally.rows)


def _check(log: EventLog, before: int, group: str, tally: Answer, last: Answer) -> None:
    """Each event up to where the answer says that it is, once, and in order."""

    def positions(answer: Answer) -> list[int]:
        return [
            e.position
            for e in log.stream(before, answer.as_of)
            if isinstance(e.event, MilestonePlanned) and e.event.project == group
        ]

    wanted = positions(tally)
    befores = [0, *wanted][: len(wanted)]
    expected = [Told(group, p, 1, after) for p, after in zip(wanted, befores, strict=True)]
    assert tally.rows == expected, f"as of #{tally.as_of}"
    wanted = positions(last)
    newest = [Newest(group, wanted[-1], len(wanted))] if wanted else []
    assert last.rows == newest, f"as of #{last.as_of}"


def run_mixture(
    number: int, seed: int, made: Keepers, scheduler: Scheduler, chooser: Chooser
) -> tuple[list[Done], int]:
    """Two to five at once, drawn: decisions, programs that keep the view, one that follows.

    What came of the decisions, judged as in any contest, and how many events were applied or
    delivered. Raises `AssertionError`.
    """
    chance = random.Random(f"who {seed}")
    contest, keeping = mixture(chance), chance.randint(1, 2)
    log, before, group = made.world.logs[4], made.world.logs[0].head(), mixture_group(number)
    seen: list[int] = []

    def follow() -> None:
        with log.follow(after=before) as entries:
            seen.append(next(entries).position)  # as many as are sure to come

    followers: list[Body] = [follow] if len(contest.acts(number)) + keeping < TASKS else []
    beside = [*(one.catch_up for one in made.views[:keeping]), *followers]
    rehearsed = bool(seed % 2)
    outcomes = run(contest, number, made.world, scheduler, chooser, beside, rehearsed=rehearsed)
    assert seen == [before + 1] * len(followers), "missed, doubled or disordered"
    made.views[number % keeping].catch_up()
    tally = made.views[3].answer("tally", {"group": group}, fresh=False)
    last = made.views[3].answer("last", {"group": group}, fresh=False)
    assert tally.as_of == log.head()
    _check(log, before, group, tally, last)
    return outcomes, len(tally.rows) + len(seen)


# --- shared ----------------------------------------------------------------------------


def _writer(log: EventLog, group: str) -> Body:
    def write() -> None:
        for size in range(1, APPENDS + 1):
            log.append(
                [
                    (
                        MilestonePlanned(project=group, milestone=f"m{size}-{n}", on=FIRST_DAY),
                        Header(actor="bo"),
                    )
                    for n in range(size)
                ]
            )

    return write


def _results(scheduler: Scheduler, bodies: Sequence[Body], chooser: Chooser) -> list[Any]:
    tasks = scheduler.run(bodies, chooser)
    for task in tasks:
        if task.error is not None:
            raise AssertionError(f"task {task.number} ended in {task.error!r}") from task.error
    return [task.result for task in tasks]
