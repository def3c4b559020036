"""Rows `postgres-1` and `postgres-8`: decisions of one writer, and of eight, on a server.

Each writer is a process of its own with a connection of its own, and has stages that no other
has. All of them stand ready before a round begins; it ends when the last one is done.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Self

import msgspec
from eventsourcing.dcb.api import DCBEvent

from ledger.application import Ledger
from ledger.log.rows import StoredRow, tags_of
from tests.benchmarks.histories import history, make_ledger
from tests.benchmarks.holds import Hold, draw, prepared
from tests.benchmarks.measuring import OURS, PEER_B, PEER_C, Contenders, Goal, Row
from tests.benchmarks.peers.bare import rows_of
from tests.benchmarks.peers.umadb_server import NotThere, umadb
from tests.benchmarks.workspace import Bench
from tests.benchmarks.writer import dcb_recorder
from tests.sources import ROOT

A_ROUND, WARM = 240, 40
"""Holds of all writers together."""


class Writers:
    """Several processes that take holds. `files` has those of each, as `writer.py` wants them."""

    def __init__(self, command: Sequence[str], files: Sequence[Path]) -> None:
        self._taken = 0
        self._programs = [
            subprocess.Popen(
                [*command, str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            for file in files
        ]

    def __enter__(self) -> Self:
        for program in self._programs:
            self._hear(program, "ready")
        return self

    def __exit__(self, *_: object) -> None:
        for program in self._programs:
            for pipe in (program.stdin, program.stdout):
                if pipe is not None:
                    pipe.close()
            program.wait(timeout=60)

    def take(self, each: int) -> float:
        """Each takes so many of its next holds; how many they were a second, all together."""
        begun = time.perf_counter()
        for program in self._programs:
            assert program.stdin is not None
            program.stdin.write(f"{self._taken} {self._taken + each}\n")
            program.stdin.flush()
        for program in self._programs:
            self._hear(program, "done")
        self._taken += each
        return each * len(self._programs) / (time.perf_counter() - begun)

    def _hear(self, program: subprocess.Popen[str], expected: str) -> None:
        assert program.stdout is not None
        if (heard := program.stdout.readline().strip()) != expected:
            raise RuntimeError(f"a writer said {heard!r} and not {expected!r}")


@contextmanager
def _contenders(bench: Bench, *, writers: int) -> Iterator[Contenders]:
    writers = min(writers, 2) if bench.quick else writers
    each, warm = max(bench.size(A_ROUND) // writers, 1), bench.size(WARM) // writers
    files = _files(bench, writers, warm + each * bench.rounds)
    rows = rows_of(bench.small)
    with ExitStack() as until_end:

        def writing(command: Sequence[str]) -> Callable[[], float]:
            started = until_end.enter_context(Writers(command, files))
            started.take(warm)
            return partial(started.take, each)

        python = [sys.executable, "-m", "tests.benchmarks.writer"]
        ready: dict[str, Callable[[], float] | str] = {
            OURS: writing([*python, "ledger", _ledger(bench)]),
            PEER_B: writing([*python, "dcb", _dcb(bench, rows)]),
        }
        events = [
            {"type": type, "tags": tags_of(tags), "data": data.decode()}
            for _, _, type, tags, data in rows
        ]
        try:
            ready[PEER_C] = writing(until_end.enter_context(umadb(bench, events)))
        except NotThere as absent:
            ready[PEER_C] = str(absent)
        yield ready


def _files(bench: Bench, writers: int, each: int) -> list[Path]:
    """The holds of each writer, in a file. Writer n has every stage of n, n + writers, …"""
    campus = bench.campus(20_000)
    drawn: list[list[Hold]] = [[] for _ in range(writers)]
    for hold in draw(campus, 4 * writers * each, seed=writers):
        mine = drawn[int(hold.space.removeprefix("stage-")) % writers]
        if len(mine) < each:
            mine.append(hold)
    files = []
    with Ledger.open(str(bench.small), read_only=True) as ledger:
        for holds in drawn:
            assert len(holds) == each
            files.append(bench.new("holds.jsonl"))
            lines = map(msgspec.json.encode, prepared(ledger, holds))
            files[-1].write_bytes(b"\n".join(lines))
    return files


def _ledger(bench: Bench) -> str:
    """A new ledger on the server that has lived through the same as the small one."""
    url = bench.new_database()
    make_ledger(url, history(bench.campus(20_000)))
    return url


def _dcb(bench: Bench, rows: Sequence[StoredRow]) -> str:
    """A new database for peer (b), with the same events."""
    url = bench.new_database()
    recorder = dcb_recorder(url, new=True)
    events = (DCBEvent(type, data, tags_of(tags)) for _, _, type, tags, data in rows)
    while batch := list(islice(events, 1_000)):
        recorder.append(batch)
    return url


def _row(writers: int) -> Row:
    one = writers == 1
    return Row(
        f"postgres-{writers}",
        f"durable decisions, {writers} writer{'' if one else 's'}, PostgreSQL",
        "/s",
        (Goal(PEER_B, at_least=2),),
        partial(_contenders, writers=writers),
    )


POSTGRES_1 = _row(1)
POSTGRES_8 = _row(8)
