"""Real processes at one log: no gap, nothing missed, one winner."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from eventsourcing.dcb.api import DCBQueryItem

from ledger.log.recorder import SqlRecorder
from ledger.log.store.store_urls import Place
from ledger.log.stores import create_store
from ledger.time.periods import SystemClock

ROOT = Path(__file__).parents[2]
WRITERS = 8


@pytest.fixture
def recorder(ledger_url: str) -> Iterator[SqlRecorder]:
    made = create_store(Place.parse(ledger_url), SystemClock(), lambda recorder, connection: None)
    with closing(made):
        yield made


def run_together(tasks: list[list[str]]) -> list[list[int]]:
    """Start a process for each task, all at once; the numbers that each printed."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.programs.log_writer", *task],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for task in tasks
        ]
        for process in processes:
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        printed = [process.communicate(timeout=60)[0] for process in processes]
        assert [process.returncode for process in processes] == [0] * len(processes)
    return [[int(line) for line in text.split()] for text in printed]


def test_eight_processes_leave_no_gap_and_a_subscriber_misses_nothing(
    recorder: SqlRecorder, ledger_url: str
) -> None:
    count = 30
    events = WRITERS * sum(n % 3 + 1 for n in range(count))
    writers = [["append", ledger_url, str(n), str(count)] for n in range(WRITERS)]
    seen, *acknowledged = run_together([["watch", ledger_url, str(events)], *writers])
    assert seen == list(range(1, events + 1))
    rows = list(recorder.rows(until=recorder.head()))
    assert [row[0] for row in rows] == seen
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    for n, positions in enumerate(acknowledged):
        assert positions == sorted(positions)
        mine = recorder.rows([DCBQueryItem([], [f"writer:{n}"])], until=events)
        found = [(row[0], int(row[4])) for row in mine]
        # Each append stands together, and where its writer was told.
        assert positions == [max(p for p, of in found if of == n) for n in range(count)]
        assert all(
            [p for p, of in found if of == m] == list(range(last - m % 3, last + 1))
            for m, last in enumerate(positions)
        )


def test_a_race_has_one_winner_each_round(recorder: SqlRecorder, ledger_url: str) -> None:
    rounds = 15
    racers = [["race", ledger_url, str(n), str(rounds)] for n in range(WRITERS)]
    # Others append without a condition meanwhile, which must change none of it.
    others = [["append", ledger_url, f"other-{n}", "20"] for n in range(2)]
    answers = run_together([*racers, *others])
    wins = Counter(n for won in answers[:WRITERS] for n in won)
    assert wins == Counter(range(rounds))
    rows = list(recorder.rows(until=recorder.head()))
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row[2] == "Won" for row in rows) == rounds
