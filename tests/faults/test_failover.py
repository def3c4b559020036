"""The machine of the primary stops while eight programs write; the standby takes its place.

Every commit had waited for the standby. So whatever was acknowledged is there afterwards, once,
in its place; who was left without an answer asks again under the same key and gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from ledger.application import Author, Ledger
from ledger.decisions.projects import OpenProject
from ledger.errors import StorageFailure
from ledger.times import parse_date
from tests.faults.failing_over import PATIENCE_S, follow, open_projects
from tests.postgres_pair import Pair, postgres_pair, until
from tests.terminal import Terminal

WRITERS = 8
ROUNDS = 2
BEFORE, AFTER = 80, 40
"""Acknowledged events before a machine is stopped, and after, in each round."""


@pytest.fixture
def pair() -> Iterator[Pair]:
    with postgres_pair() as made:
        yield made


class Acknowledged:
    """What the writers were told, as they were told it."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.all: list[tuple[str, list[int], bool, list[str]]] = []

    def wait_for(self, more: int) -> None:
        """Until so many more are acknowledged."""
        for _ in range(more):
            self.all.append(self._queue.get(timeout=PATIENCE_S))

    def rest(self, writers: list[Any]) -> None:
        """Whatever else is told before the writers end."""
        while not self._queue.empty() or any(writer.is_alive() for writer in writers):
            try:
                self.all.append(self._queue.get(timeout=0.2))
            except Exception:  # noqa: BLE001  # multiprocessing's own Empty: nothing was told just now
                continue


def test_nothing_acknowledged_is_lost_when_the_primary_dies(pair: Pair, tmp_path: Path) -> None:
    url = pair.url("studio")
    auditor = _open_the_studio(url, tmp_path)
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.failing_over"])
    told, seen = context.Queue(), context.Queue()
    stop, last = context.Event(), context.Value("q", 0)
    writers = [
        context.Process(target=open_projects, args=(url, n, stop, told)) for n in range(WRITERS)
    ]
    watcher = context.Process(target=follow, args=(url, last, seen))
    acknowledged = Acknowledged(told)
    try:
        for process in (watcher, *writers):
            process.start()
        for _ in range(ROUNDS):
            pair.replicate()
            acknowledged.wait_for(BEFORE)
            auditor("audit", "checkpoint")
            acknowledged.wait_for(AFTER)
            pair.fail_over()
            acknowledged.wait_for(AFTER)
            auditor("audit", "checkpoint")  # which reads all that was signed before, and compares
        stop.set()
        acknowledged.rest(writers)
        with Ledger.open(url) as ledger:
            last.value = ledger.log.head() + 1
            _open_project(ledger, "the-last")
        positions = seen.get(timeout=PATIENCE_S)
        for process in (watcher, *writers):
            process.join(PATIENCE_S)
            assert process.exitcode == 0
    finally:
        for process in (watcher, *writers):
            if process.is_alive():
                process.kill()
    auditor("audit", "verify")
    _judge(url, acknowledged, positions)


def _judge(url: str, acknowledged: Acknowledged, seen: list[int]) -> None:
    with Ledger.open(url, read_only=True) as ledger:
        entries = list(ledger.log.stream())
    positions = [entry.position for entry in entries]
    assert positions == list(range(1, len(entries) + 1))
    assert seen == positions, "a follower went on over the change of servers"
    assert [e.recorded_at for e in entries] == sorted(e.recorded_at for e in entries)
    by_key: dict[str, list[int]] = {}
    for entry in entries:
        if entry.request is not None:
            by_key.setdefault(entry.request, []).append(entry.position)
    told = {key: positions for key, positions, _, _ in acknowledged.all}
    assert len(told) == len(acknowledged.all)
    # All that was acknowledged stands where it was said to stand, and nothing stands twice.
    assert told == {key: by_key[key] for key in told}
    assert {key for key in by_key if len(by_key[key]) != 1} == set()
    assert set(by_key) == set(told), "every writer got its answer in the end"
    failures = {words for _, _, _, failed in acknowledged.all for words in failed}
    assert failures, "nobody met the death of a server: then nothing was tested"
    for words in failures:
        assert "postgresql://" in words
        assert "Traceback" not in words


def test_without_a_standby_to_wait_for_events_are_lost_and_the_checkpoint_tells(
    pair: Pair, tmp_path: Path
) -> None:
    """The counter-example: what the test above would see, had the commits not waited."""
    url = pair.url("studio")
    auditor = _open_the_studio(url, tmp_path)
    pair.replicate(how="")
    # The line between the two is cut, as by a network that fails before the machine does.
    pair.standby.set(primary_conninfo="host=/nowhere user=postgres")
    until(
        lambda: pair.primary.ask("SELECT count(*) FROM pg_stat_replication") == (0,),
        "the standby still hears the primary",
    )
    with Ledger.open(url) as ledger:
        for n in range(3):
            _open_project(ledger, f"lost-{n}")
        head = ledger.log.head()
        auditor("audit", "checkpoint")
        pair.fail_over()
        with pytest.raises(StorageFailure, match="no connection"):
            ledger.log.head()
        assert ledger.log.head() == head - 3
    refused = auditor("audit", "checkpoint", code=3)
    assert f"#{head} was signed: 3 events are gone" in refused
    # Also when the ledger has grown over the place: other events are not those that were signed.
    with Ledger.open(url) as ledger:
        for n in range(4):
            _open_project(ledger, f"later-{n}")
    assert "are not those that were signed" in auditor("audit", "checkpoint", code=3)


def _open_the_studio(url: str, folder: Path) -> Callable[..., str]:
    """A new ledger with a key; how its auditor runs commands, whose words come back."""
    terminal = Terminal(url)

    def run(*words: str, code: int = 0) -> str:
        done = terminal.run(*words, "--audit-dir", str(folder / "audit"))
        assert done.code == code, done.err
        return done.err

    terminal.must("init", "--origin", "test/failover")
    run("audit", "key", "new")
    return run


def _open_project(ledger: Ledger, id: str) -> None:
    opened = OpenProject(project=id, title=id, kind="feature", on=parse_date("2025-01-01"))
    ledger.decide(opened, Author("ada"))
