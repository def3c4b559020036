"""Programs are killed while they catch up and rebuild, a hundred times: nothing half shows.

The demo's log grows a little before each program. After each death the live views are looked
at as they were left: each must answer as a clean fold does to the position that it says.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import pytest
from sqlalchemy import inspect

from ledger.application import Ledger
from ledger.errors import StaleView
from ledger.events import STUDIO_EVENTS, Registry
from ledger.events.base import Header, RecordedEvent, UnknownEvent
from ledger.log.eventlog import EventLog, create_log
from ledger.log.store.store_urls import Place
from ledger.projections import Folding, replay
from ledger.projections import Place as LogPlace
from ledger.projections.engine.store import ViewStore, table_names, views_place
from ledger.projections.querying.live_views import Views
from tests.faults.programs.crash_program import PROJECTIONS, Order
from tests.sources import ROOT

CRASHES = 100
EVENTS = 1_400
SEED = 20230501
TURNS = ("CREATE TABLE", "DROP TABLE", "SET live", "COMMIT")
"""Words of the statements at which generations come, go and take over."""


@pytest.fixture(scope="session")
def story(demo_path: Path) -> list[RecordedEvent]:
    """The demo's first events, but for those of plugins."""
    with Ledger.open(str(demo_path), read_only=True) as ledger:
        entries = ledger.log.stream(0, EVENTS)
        return [e for e in entries if not isinstance(e.event, UnknownEvent)]


class Programs:
    """Starts programs and tells what came of them."""

    def __init__(self) -> None:
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.programs.crash_program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "plugins")))},
        )

    def run(self, order: Order) -> str:
        """One program, to its end: `killed` or `done`."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self._nursery.stdin.flush()
        return self._nursery.stdout.readline().strip()

    def close(self) -> None:
        """Send them home."""
        self._nursery.communicate(timeout=60)


@pytest.fixture
def run() -> Iterator[Callable[[Order], str]]:
    programs = Programs()
    yield programs.run
    programs.close()


class Witness:
    """Folds beside the programs, one event after the other and never interrupted."""

    def __init__(self, log: EventLog, views: Views) -> None:
        self._log = log
        self._views = views
        self._folds = {p.name: Folding(p.open()) for p in PROJECTIONS}
        self.reached: Counter[str] = Counter()

    def check(self, view_name: str) -> bool:
        """Whether the view answered; what it answered must be what a fold says."""
        view = self._views.view(view_name)
        try:
            answer = self._views.answer(view_name, fresh=False)
        except StaleView:
            assert not self.reached[view.projection], "it had answered before"
            return False
        assert answer.failure is None
        assert answer.as_of >= self.reached[view.projection], "no progress is ever lost"
        self.reached[view.projection] = answer.as_of
        folding = self._folds[view.projection]
        assert folding.apply(list(self._log.stream(folding.position, answer.as_of))) is None
        for table in folding.tables:
            table.settle()
        if answer.recorded_at is None:
            assert not folding.position
            return True
        with folding.asked(LogPlace(answer.as_of, answer.recorded_at)) as projection:
            assert answer.rows == view.call(projection, {}), f"{view_name} as of #{answer.as_of}"
        return True


def draw(chance: random.Random, ledger: str) -> Order:
    """A program: two of five catch up, the others rebuild some or find that the code changed."""
    rebuild: list[str] = []
    if chance.random() < 0.4:
        names = [projection.name for projection in PROJECTIONS]
        rebuild = chance.sample(names, chance.choice((1, 2, len(names))))
    at_a_step = chance.random() < 0.75
    turning = at_a_step and chance.random() < 0.5
    return Order(
        ledger=ledger,
        version=1 + (chance.random() < 0.25),
        batch=chance.choice((1, 7, 64, 1_000)),
        rebuild=rebuild,
        # even over the orders of magnitude: the first steps are the making of tables
        step=int(2 ** chance.uniform(0, 4 if turning else 13)) if at_a_step else None,
        among=chance.choice(TURNS) if turning else "",
        seconds=None if at_a_step else chance.uniform(0.005, 0.3),
    )


def test_after_a_hundred_crashes_every_view_is_that_of_a_clean_replay(
    ledger_url: str,
    story: list[RecordedEvent],
    run: Callable[[Order], str],
    record_property: Callable[[str, Any], None],
) -> None:
    begun, chance = perf_counter(), random.Random(SEED)
    first = story[0]
    log = create_log(ledger_url, Registry(STUDIO_EVENTS), (first.event, header(first)))
    place = views_place(Place.parse(ledger_url))
    views = Views(log, PROJECTIONS, place)
    witness = Witness(log, views)
    ended: Counter[str] = Counter()
    portion = len(story) // CRASHES
    while ended["killed"] < CRASHES:
        rest = story[log.head() : log.head() + portion]
        if rest:
            log.append([(entry.event, header(entry)) for entry in rest])
        order = draw(chance, ledger_url)
        end = run(order)
        assert end in ("killed", "done"), order
        ended[end] += 1
        if end == "killed":
            ended["killed in a rebuild" if order.rebuild else "killed in catching up"] += 1
            ended["killed by the clock" if order.step is None else "killed at a step"] += 1
            ended["of them at a turn of generations"] += order.among != ""
        for projection in chance.sample(PROJECTIONS, 3):
            name = chance.choice(list(projection.views))
            ended["answers compared"] += witness.check(name)
        assert sum(ended[end] for end in ("killed", "done")) < 10 * CRASHES
    assert min(ended["killed in a rebuild"], ended["killed in catching up"]) > CRASHES // 10
    assert min(ended["killed by the clock"], ended["killed at a step"]) > CRASHES // 10
    ended["generations made"] = sum(newest(place).values())
    ended["least position reached"] = min(witness.reached.values())
    assert ended["least position reached"] > len(story) // 4, "they came on between the deaths"
    assert ended["generations made"] > 2 * len(PROJECTIONS), "and began anew now and then"
    check_all(views, log)
    views.rebuild()
    check_all(views, log)
    assert leftovers(place) == set(), "what a killed rebuild left was picked up or thrown away"
    views.close()
    log.close()
    figures = {**ended, "events": len(story), "seconds": round(perf_counter() - begun, 1)}
    record_property("crashes", figures)
    print(f"seed {SEED}: " + ", ".join(f"{name} {count}" for name, count in figures.items()))


def header(entry: RecordedEvent) -> Header:
    """Who recorded it, without the request: the ledger under test is another."""
    return Header(actor=entry.actor, reason=entry.reason, batch=entry.batch)


def check_all(views: Views, log: EventLog) -> None:
    """Every view, caught up, is that of a replay, row for row; and so are the tables."""
    for projection in PROJECTIONS:
        folded = replay(projection, log)
        assert folded.failure is None
        for view in projection.views.values():
            answer = views.answer(view.name)
            assert answer.as_of == log.head()
            assert answer.rows == view.call(folded.projection, {}), view.name


def newest(place: Place) -> dict[str, int]:
    """The number of the newest generation of each projection."""
    store = ViewStore(place)
    with store.reading() as connection:
        found = store.generations(connection)
    store.close()
    return {name: max(g.generation for g in mine) for name, mine in found.items()}


def leftovers(place: Place) -> set[str]:
    """Database tables that belong to no generation, or to one that does not answer."""
    store = ViewStore(place)
    try:
        with store.reading() as connection:
            found = [g for mine in store.generations(connection).values() for g in mine]
            tables = set(inspect(connection).get_table_names(schema=store.schema))
        live = {name for g in found if g.live for name in table_names(g)}
        return tables - live - {"progress"} | {g.projection for g in found if not g.live}
    finally:
        store.close()
