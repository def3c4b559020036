"""Work in several processes: all results come, in order, and no process outlives its reader."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ledger import processes
from ledger.processes import Stopped, made_by_child, side_by_side, usable_processes
from tests.sources import ROOT

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux", reason="elsewhere everything is done by one process"
    ),
    # A test runner may have threads; the product itself does not fork beside threads.
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def numbers(first: int, count: int, step: int = 1) -> Iterator[tuple[int, int]]:
    for n in range(first, first + step * count, step):
        yield n, os.getpid()


def failing(after: int) -> Iterator[tuple[int, int]]:
    yield from numbers(0, after)
    raise ValueError("this comes up again where the rest is done")


def asleep() -> Iterator[int]:
    time.sleep(600)
    yield 1


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 10_000


def gone(pid: int, within_s: float = 20) -> bool:
    """Whether a process ends by then."""
    for _ in range(int(within_s * 20)):
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            time.sleep(0.05)
            continue
        return True
    return False


def test_what_each_makes_comes_in_order_from_a_process_of_its_own() -> None:
    with side_by_side([partial(numbers, first, 1_000, 3) for first in range(3)]) as told:
        found = [next(told[n % 3]) for n in range(3_000)]
        assert all(next(one, None) is None for one in told)
    assert [n for n, _ in found] == list(range(3_000))
    pids = {pid for _, pid in found}
    assert len(pids) == 3
    assert os.getpid() not in pids
    assert all(map(gone, pids))


def test_what_is_large_comes_whole() -> None:
    with side_by_side([lambda: [bytes([n]) * 3_000_000 for n in range(3)]]) as (told,):
        assert [(one[0], len(one)) for one in told] == [(n, 3_000_000) for n in range(3)]


def test_a_failed_process_is_noticed_after_its_results() -> None:
    with side_by_side([partial(failing, 4)]) as (told,):
        assert [next(told)[0] for _ in range(4)] == [0, 1, 2, 3]
        with pytest.raises(Stopped):
            next(told)


def test_one_that_makes_nothing_is_done() -> None:
    with side_by_side([partial(numbers, 0, 0)]) as (told,):
        assert list(told) == []


def test_a_killed_process_is_noticed() -> None:
    with side_by_side([endless, endless]) as told:
        next(told[0])
        for child in multiprocessing.active_children():
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
        for one in told:
            with pytest.raises(Stopped):
                for _ in one:
                    pass


def test_a_reader_that_stops_leaves_no_process_behind() -> None:
    pids: list[int | None] = []

    def stop() -> None:
        with side_by_side([endless, endless]) as told:
            pids.extend(child.pid for child in multiprocessing.active_children())
            next(told[1])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stop()
    assert len(pids) == 2
    assert all(pid is not None and gone(pid) for pid in pids)


PARENT = """
import multiprocessing
from ledger.processes import side_by_side
from tests.unit.test_processes import endless
with side_by_side([endless] * 3) as told:
    next(told[0])
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    for _ in told[1]:
        pass
"""


@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_with_a_parent_that_is_ended_all_end(with_signal: signal.Signals, tmp_path: Path) -> None:
    with (tmp_path / "said").open("w+") as said:
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=said, text=True, cwd=ROOT
        )
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.send_signal(with_signal)
        parent.wait(timeout=30)
        parent.stdout.close()
        said.seek(0)
        words = said.read()
    assert len(pids) == 3
    assert all(map(gone, pids))
    assert words.count("Traceback") == (with_signal == signal.SIGINT), "the children say nothing"


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "usable_processes", lambda: 2)


def test_work_is_done_beside_this_process(two_cores: None, monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(made_by_child(partial(numbers, 0, 500)))
    assert [n for n, _ in found] == list(range(500))
    assert len({pid for _, pid in found} - {os.getpid()}) == 1
    monkeypatch.setattr(processes, "usable_processes", lambda: 1)
    assert {pid for _, pid in made_by_child(partial(numbers, 0, 500))} == {os.getpid()}


def test_what_is_left_when_it_ends_early_is_done_here(two_cores: None) -> None:
    here = os.getpid()

    def killed() -> Iterator[tuple[int, int]]:
        for n, pid in numbers(0, 100):
            if n == 40 and pid != here:
                os.kill(pid, signal.SIGKILL)
            yield n, pid

    found = list(made_by_child(killed))
    assert [n for n, _ in found] == list(range(100))
    assert [pid == here for _, pid in found] == [False] * 40 + [True] * 60


def test_an_error_beside_is_raised_here(two_cores: None) -> None:
    made = made_by_child(partial(failing, 7))
    assert [next(made)[0] for _ in range(7)] == list(range(7))
    with pytest.raises(ValueError, match="comes up again"):
        next(made)


@pytest.mark.parametrize("refused", ["fork", "pipe"])
def test_where_no_process_can_be_begun_the_work_is_done_here(
    refused: str, two_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> Any:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, refused, none)
    assert {pid for _, pid in made_by_child(partial(numbers, 0, 10))} == {os.getpid()}


def test_a_daemonic_process_has_no_children() -> None:
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)

    def look() -> None:
        sending.send([usable_processes(), *(n for n, _ in made_by_child(partial(numbers, 0, 5)))])

    child = context.Process(target=look, daemon=True)
    child.start()
    assert receiving.recv() == [1, 0, 1, 2, 3, 4]
    child.join()


def test_a_handler_of_the_parent_does_not_keep_a_child_alive() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with side_by_side([asleep]):
            time.sleep(0.2)
            begun = time.monotonic()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert time.monotonic() - begun < 60


def test_beside_threads_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(3)))
    assert usable_processes() == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(200)))
    assert usable_processes() == processes.MOST
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert usable_processes() == 1
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert usable_processes() == 1
