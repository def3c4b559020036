"""Several processes read a log with the same result as one, whatever it holds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.audit.tree import TILE
from ledger.audit.verification import batches as module
from ledger.audit.verification.batches import Batch, Needs, SummarizedBatch, read_batches
from ledger.errors import StorageFailure
from ledger.events import STUDIO_EVENTS
from ledger.events.base import Registry
from ledger.log.eventlog import EventLog, open_log
from ledger.log.rows import ENDLESS
from ledger.log.store.store_urls import sqlite_module
from tests.benchmarks.histories import QUICK, history, make_ledger

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process reads all"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

ALL = Needs(plain=True, leaves=True, tags=True, names_log=True)
LENGTH = 9 * TILE + 17


@pytest.fixture(scope="module")
def whole(quick_folder: Path) -> Path:
    """A sound ledger of nine batches and a bit."""
    path = quick_folder / "whole.db"
    told = (one for n, one in enumerate(history(QUICK.of(4 * LENGTH))) if n < LENGTH)
    assert make_ledger(path, told) == LENGTH
    return path


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a stretch two batches long, so that there are four."""
    monkeypatch.setattr(module, "STRETCH", 2 * TILE)


@dataclass
class Opened:
    """A log, and the positions that this process has read."""

    log: EventLog
    read: list[int]


@pytest.fixture
def opened(whole: Path, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens a copy of the ledger in which some statements were run past the guards."""
    logs: list[EventLog] = []

    def copy(*statements: str) -> Opened:
        path = tmp_path / f"{len(logs)}.db"
        path.write_bytes(whole.read_bytes())
        connection: Any = sqlite_module().connect(str(path), isolation_level=None)
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in connection.execute(triggers).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.close()
        log = open_log(path, Registry(STUDIO_EVENTS), read_only=True)
        logs.append(log)
        made = Opened(log, [])
        walk = log.stored_pages

        def counted(after: int = -ENDLESS, until: int = ENDLESS) -> Iterator[Any]:
            for page in walk(after, until):
                made.read.extend(row[0] for row in page)
                yield page

        log.stored_pages = counted  # type: ignore[method-assign]  # to see what is read
        return made

    yield copy
    for log in logs:
        log.close()


def told(batches: Iterator[Batch], registry: Registry) -> list[Any]:
    return [
        (
            batch.first, batch.last, batch.count, batch.is_gapless, batch.times,
            batch.is_plain(registry), batch.leaves, batch.tag_count, batch.names_log,
            list(batch.rows), batch.lines,
        )
        for batch in batches
    ]  # fmt: skip


DAMAGE = {
    "none": (),
    "a line": ("UPDATE event SET data = '{}' WHERE position = 700",),
    "a column": ("UPDATE event SET tags = x'ff' WHERE position = 300",),
    "no tags": ("UPDATE event SET tags = 'none' WHERE position = 1000",),
    "tags that a database refuses": (
        r"""UPDATE event SET tags = '["a:\u0000"]' WHERE position = 1000""",
    ),
    "a time": ("UPDATE event SET recorded_at = '2099-01-01' WHERE position = 513",),
    "an order": (
        "UPDATE event SET recorded_at = '2001-01-01T00:00:00.000000Z' WHERE position = 9",
    ),
    "a second opening": ("UPDATE event SET type = 'LedgerOpened' WHERE position = 1500",),
    "a gap": ("DELETE FROM event WHERE position BETWEEN 600 AND 610",),
    "a large gap": ("DELETE FROM event WHERE position BETWEEN 513 AND 1100",),
    "a gap at the end of a stretch": ("DELETE FROM event WHERE position = 1024",),
    "the end": ("DELETE FROM event WHERE position > 1024",),
    "the beginning": ("DELETE FROM event WHERE position < 5",),
    "before the first": ("UPDATE event SET position = -4 WHERE position = 2321",),
    "zero": ("UPDATE event SET position = 0 WHERE position = 2321",),
    "far away": ("UPDATE event SET position = 900000 WHERE position = 2321",),
    "everything": ("DELETE FROM event",),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("after", [None, 256, 700])
def test_several_see_what_one_sees(
    damage: str, after: int | None, opened: Callable[..., Opened]
) -> None:
    log = opened(*DAMAGE[damage]).log
    alone = told(read_batches(log, ALL, after=after, processes=1), log.registry)
    for count in (2, 3, 8):
        batches = read_batches(log, ALL, after=after, processes=count)
        assert told(batches, log.registry) == alone


def test_what_others_read_is_not_read_here(opened: Callable[..., Opened]) -> None:
    one = opened()
    batches = list(read_batches(one.log, ALL, processes=2))
    assert [type(batch) for batch in batches] == [SummarizedBatch] * 8 + [Batch] * 2
    assert one.read == list(range(8 * TILE + 1, LENGTH + 1))
    assert all(batch.is_plain(one.log.registry) for batch in batches[1:])


def test_from_a_gap_on_everything_is_read_here(opened: Callable[..., Opened]) -> None:
    one = opened(*DAMAGE["a gap at the end of a stretch"])
    batches = list(read_batches(one.log, ALL, processes=2))
    assert [type(batch) for batch in batches[:3]] == [SummarizedBatch, SummarizedBatch, Batch]
    assert one.read == [n for n in range(2 * TILE + 1, LENGTH + 1) if n != 1024]


def test_a_short_log_is_read_by_one(
    opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "usable_processes", lambda: 2)
    one = opened()
    list(read_batches(one.log, ALL))
    assert len(one.read) == LENGTH


def test_whoever_is_killed_is_replaced(
    opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened()
    look = module._look

    def killed(log: EventLog, needs: Needs, share: list[tuple[int, int]]) -> Iterator[Any]:
        yield next(iter(look(log, needs, share)))
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(module, "_look", killed)
    batches = list(read_batches(one.log, ALL, processes=2))
    assert sum(batch.count for batch in batches) == LENGTH
    assert [type(batch) for batch in batches[:5]] == [*[SummarizedBatch] * 4, Batch]


def test_what_fails_there_fails_here_with_its_words(
    opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened()
    with closing(one.log):
        walk = one.log.stored_pages

        def failing(after: int, until: int = ENDLESS) -> Iterator[Any]:
            if after >= 4 * TILE:
                raise StorageFailure("the disk failed")
            yield from walk(after, until)

        monkeypatch.setattr(one.log, "stored_pages", failing)
        seen = read_batches(one.log, ALL, processes=2)
        with pytest.raises(StorageFailure, match="the disk failed"):
            list(seen)


def test_the_processes_end_when_nobody_reads_on(opened: Callable[..., Opened]) -> None:
    seen = read_batches(opened().log, ALL, processes=2)
    assert isinstance(next(seen), SummarizedBatch)
    seen.close()  # type: ignore[attr-defined]  # a generator
    assert multiprocessing.active_children() == []
