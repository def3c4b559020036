"""What everyday commands ask of the database does not grow with the log. No clock is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.application import Author, Extensions, Ledger, Outcome
from ledger.auditing import audit_folder
from ledger.decisions.base import Decision, Snapshot
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.equipment.items import MoveEquipment
from ledger.decisions.projects import PlanMilestone
from ledger.events.base import Header, Query, RecordedEvent
from ledger.log.store.store_urls import sqlite_in_use, sqlite_module
from ledger.plugin_host.host import PluginHost
from ledger.projections.querying.live_views import Views
from ledger.time.periods import When
from tests.benchmarks.counting import Counter, Counts
from tests.benchmarks.histories import (
    LAST,
    QUICK,
    Campus,
    day_of,
    history,
    label,
    make_ledger,
    of_fixed_size,
)
from tests.benchmarks.rows.audited import audited
from tests.terminal import Terminal

AUTHOR = Author(actor="scheduler")
SHORT, LONG = QUICK.of(2 * QUICK.a_month_has), QUICK.of(15_000)
PROJECT = f"p-{label(LAST)}-0"


def soon(n: int) -> When:
    return When.parse(str(day_of(LAST + 1, 1) + timedelta(days=20 + n)))


def hold(n: int, stage: int) -> PlaceHold:
    return PlaceHold(
        space=f"stage-{stage}", project=PROJECT, when=soon(n), booking=f"b-{stage}-{n}"
    )


DECISIONS: dict[str, Callable[[int, int], tuple[Decision, ...]]] = {
    "hold": lambda n, of: (hold(n, of),),
    "confirm": lambda n, of: (hold(n, of), ConfirmBookings(booking=(f"b-{of}-{n}",))),
    "release": lambda n, of: (hold(n, of), ReleaseHold(booking=f"b-{of}-{n}")),
    "move": lambda n, of: (hold(n, of), MoveBooking(booking=f"b-{of}-{n}", when=soon(n + 1))),
    "equipment move": lambda n, of: (
        MoveEquipment(equipment=f"item-{3 * of}", to=f"stage-{1 + n % 2}"),
    ),
    "milestone": lambda n, of: (
        PlanMilestone(project=PROJECT, milestone="delivery", on=day_of(LAST + 9 + of, n)),
    ),
}
"""Of each the last one is counted, those before make it possible. The n-th time it is another, and
each `of` has a stage and an item of its own."""

FOLLOWED = ("projects", "utilization")

MOST = {
    "hold": Counts(16, 46, 3_200),
    "hold again": Counts(11, 3, 230),
    "confirm": Counts(18, 68, 5_400),
    "release": Counts(14, 54, 4_300),
    "move": Counts(17, 59, 5_000),
    "equipment move": Counts(14, 5, 720),
    "milestone": Counts(9, 6, 550),
    "catch-up": Counts(20, 44, 750),
    "show": Counts(13, 188, 5_900),
    "prove": Counts(25, 22, 500),
}
"""What each may take at most, in a log of any length. Lower it where it has become less."""

A_PAGE = 4_096 + 24
"""Bytes that a page takes in the write-ahead log."""

A_HEADER = 32


class Counted:
    """The acts on one ledger, each counted the second time: the first one opens and compiles."""

    def __init__(self, where: str, views: Path | None = None) -> None:
        self._where = where
        self._counter = Counter()
        self._extensions = PluginHost().load().extensions()
        self._views = views
        self._file = Path(where) if views is not None else None
        self.counts: dict[str, Counts] = {}
        self.entries: dict[str, int] = {}

    def decide(self, names: Iterable[str] = DECISIONS, of: int = 0) -> None:
        """Count decisions. `entries` are the events and index entries that each wrote."""
        with (
            self._counter.watching(),
            Ledger.open(self._where, extensions=self._extensions) as ledger,
        ):
            numbers = count(1)
            for name in names:
                for number in islice(numbers, 2):
                    *before, last = DECISIONS[name](number, of)
                    for decision in before:
                        ledger.decide(decision, AUTHOR)
                    found: list[Outcome] = []
                    knows_nothing = Ledger(ledger.log, extensions=self._extensions)
                    act = partial(_noting, found, knows_nothing, last)
                    self.counts[name] = self._counter.of(act, self._file)
                self.entries[name] = sum(1 + len(entry.tags) for entry in found[0].events)

    def decide_again(self) -> None:
        """Count holds of one space, as a program takes them that stays: the last of several."""
        with self._counter.watching(), Ledger.open(self._where) as ledger:
            for number in range(4):
                act = partial(ledger.decide, hold(number, 1), AUTHOR)
                self.counts["hold again"] = self._counter.of(act)

    def look(self) -> None:
        """Count what reads: `show`, `prove`, and a catch-up by one event."""
        assert self._file is not None
        self._catch_up()
        with audited(self._file, audit_folder(self._where)) as (audit, _):
            middle = audit.ledger.log.head() // 2
        terminal = Terminal(self._where)
        commands = {
            "show": ("show", f"project:p-{label(LAST - 1)}-0"),
            "prove": ("audit", "prove", str(middle)),
        }
        with self._counter.watching():
            for name, words in commands.items():
                for _ in range(2):
                    self.counts[name] = self._counter.of(partial(terminal.must, *words))

    def _catch_up(self) -> None:
        with Ledger.open(self._where) as ledger:
            _views(ledger, self._extensions, self._views).catch_up(FOLLOWED)
        with self._counter.watching(), Ledger.open(self._where) as ledger:
            views = _views(ledger, self._extensions, self._views)
            for n in (20, 21):
                ledger.decide(DECISIONS["milestone"](n, 0)[-1], AUTHOR)
                self.counts["catch-up"] = self._counter.of(
                    lambda: views.catch_up(FOLLOWED), self._views
                )
            views.close()


def _noting(found: list[Outcome], ledger: Ledger, decision: Decision) -> None:
    found.append(ledger.decide(decision, AUTHOR))


def _views(ledger: Ledger, extensions: Extensions, place: Path | None) -> Views:
    return Views(ledger.log, extensions.projections, place)


Both = tuple[Counted, Counted]


def made(folder: Path, name: str, campus: Campus) -> Path:
    path = folder / f"counted-{name}.db"
    make_ledger(path, history(campus))
    return path


@pytest.fixture(scope="module")
def both(quick_folder: Path) -> Both:
    """The same acts on a log of some hundred events, and on one of thirty thousand."""
    paths = [made(quick_folder, *one) for one in (("short", SHORT), ("long", LONG))]
    short, long = (Counted(str(path), path.with_suffix(".views.db")) for path in paths)
    for counted in (short, long):
        counted.decide()
        counted.decide_again()
        counted.look()
    return short, long


@pytest.mark.parametrize("act", MOST)
def test_an_act_asks_as_much_of_a_long_log_as_of_a_short_one(both: Both, act: str) -> None:
    short, long = (counted.counts[act] for counted in both)
    if act == "prove":  # its share of the last tile of the tree, which may be full or just begun
        assert all(n <= 1.2 * m for n, m in zip(long, short, strict=True))
    else:
        assert short[:3] == long[:3]
    assert min(short[:3]) > 0, "nothing was counted"


@pytest.mark.parametrize("act", MOST)
def test_an_act_asks_no_more_than_it_did(both: Both, act: str) -> None:
    counts, most = both[1].counts[act], MOST[act]
    assert counts.statements <= most.statements
    assert counts.rows <= most.rows
    assert counts.steps <= 1.3 * most.steps, "another SQLite may count a little differently"


@pytest.mark.skipif(sqlite_in_use().journal_mode != "wal", reason="there is no log to measure")
@pytest.mark.parametrize("act", DECISIONS)
def test_a_decision_writes_the_pages_of_its_event_and_tags(both: Both, act: str) -> None:
    """Each row its page; where that is full, its neighbours too, and the one above."""
    for counted in both:
        pages = 3 * counted.entries[act] + 3
        assert 0 < counted.counts[act].written <= pages * A_PAGE + A_HEADER


@pytest.mark.skipif(sqlite_in_use().journal_mode != "wal", reason="there is no log to measure")
def test_a_catch_up_writes_a_few_pages(both: Both) -> None:
    for counted in both:
        assert 0 < counted.counts["catch-up"].written <= 8 * A_PAGE + A_HEADER


def test_a_decision_sends_a_server_as_much_with_a_long_log(postgres_url: str) -> None:
    make_ledger(postgres_url, history(SHORT))
    counted, sent = Counted(postgres_url), []
    for of in range(2):
        counted.decide(of=of)
        sent.append({name: counts.statements for name, counts in counted.counts.items()})
        with Ledger.open(postgres_url) as ledger:
            header = Header(actor=AUTHOR.actor)
            ledger.log.append(
                [(event, header) for _, event in islice(of_fixed_size(4_000), 2, None)]
            )
    assert sent[0] == sent[1]
    assert all(0 < n <= MOST[name].statements + 1 for name, n in sent[0].items()), sent


def test_a_program_that_stays_makes_four_trips_to_a_server(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is new; whether the id is; the lock and what is new by then; the event, its tags and
    the commit, which go in one pipeline."""
    make_ledger(postgres_url, history(SHORT))
    pipelines = 0
    pipeline = psycopg.Connection.pipeline

    def counted(connection: psycopg.Connection[Any]) -> Any:
        nonlocal pipelines
        pipelines += 1
        return pipeline(connection)

    monkeypatch.setattr(psycopg.Connection, "pipeline", counted)
    counts = Counted(postgres_url)
    counts.decide_again()
    assert counts.counts["hold again"].statements == 5
    assert pipelines == 4, "one for each hold, of two statements"


# --- planted growth ----------------------------------------------------------------------


def _holds(
    folder: Path, planted: str, plant: Callable[[Path], None] = lambda _: None
) -> list[Counts]:
    """The counts of a hold, on a short log and on one that is more than twice as long."""
    found = []
    for name, campus in (("little", SHORT), ("more", QUICK.of(5 * QUICK.a_month_has))):
        path = made(folder, f"{name} {planted}", campus)
        plant(path)
        counted = Counted(str(path), path.with_suffix(".views.db"))
        counted.decide(["hold"])
        found.append(counted.counts["hold"])
    return found


def _without_its_index(path: Path) -> None:
    """The tag index as a heap: the same rows, and every question walks all of them."""
    connection = sqlite_module().connect(str(path), isolation_level=None)
    for statement in (
        "CREATE TABLE heap AS SELECT * FROM event_tag",
        "DROP TABLE event_tag",
        "ALTER TABLE heap RENAME TO event_tag",
    ):
        connection.execute(statement)
    connection.close()


def test_without_planted_growth_a_hold_costs_the_same(quick_folder: Path) -> None:
    little, more = _holds(quick_folder, "none")
    assert little[:3] == more[:3]


def test_an_index_that_is_not_used_is_found(quick_folder: Path) -> None:
    little, more = _holds(quick_folder, "no index", _without_its_index)
    assert more.steps > 1.5 * little.steps
    assert (more.statements, more.rows) == (little.statements, little.rows)


def test_a_decision_that_reads_all_is_found(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_all(self: Snapshot, query: Query, *, last: bool = False) -> list[RecordedEvent]:
        every = self._history.read([], until=self.head)
        found = [entry for entry in every if query.matches(entry.type, entry.tags)]
        return found[-1:] if last else found

    monkeypatch.setattr(Snapshot, "ask", read_all)
    little, more = _holds(quick_folder, "reads all")
    assert more.rows > 1.5 * little.rows
