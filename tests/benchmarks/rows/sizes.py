"""Rows `bytes` and `memory`: what a log takes on the disk, and a replay in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import get_topic

from ledger.application import Ledger
from tests.benchmarks.histories import Campus, make_ledger, of_fixed_size
from tests.benchmarks.measuring import LIMIT, OURS, PEER_A, Contenders, Goal, Row
from tests.benchmarks.peers.bare import durable, rows_of
from tests.benchmarks.peers.classic import Classic, StageMonth
from tests.benchmarks.workspace import Bench
from tests.sources import ROOT

MANY, FEW = 2_000_000, 200_000


@contextmanager
def _bytes(bench: Bench) -> Iterator[Contenders]:
    """The file with its indexes, after a checkpoint of its write-ahead log; the lines alone."""
    path = bench.copied(bench.middling)
    _checkpointed(path)
    with Ledger.open(str(path), read_only=True) as ledger:
        head = ledger.log.head()
        lines = sum(map(len, ledger.log.lines()))
    classic = Classic(bench.new("classic.db"), Campus(1, stages=0))
    classic.app.recorder.insert_events(list(_as_stored(path)))
    classic.close()
    _checkpointed(classic.path)
    yield {
        OURS: lambda: path.stat().st_size / head,
        LIMIT: lambda: lines / head,
        PEER_A: lambda: classic.path.stat().st_size / head,
    }


def _as_stored(path: Path) -> Iterator[StoredEvent]:
    """The same payloads as events of aggregates: of a stage and a month, in hundreds."""
    topic = get_topic(StageMonth.Held)  # type: ignore[attr-defined]  # made by the library from the name in @event
    for n, (_, _, _, _, data) in enumerate(rows_of(path)):
        aggregate, version = divmod(n, 100)
        space, month = f"stage-{aggregate}", "2025-07"
        yield StoredEvent(StageMonth.create_id(space, month), version + 1, topic, data)


def _checkpointed(path: Path) -> None:
    connection = durable(path)
    connection.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
    connection.close()


@contextmanager
def _memory(bench: Bench) -> Iterator[Contenders]:
    """A history that changes rows and adds none, replayed by a process of its own."""
    path = bench.new("studio.db")
    head = make_ledger(path, of_fixed_size(bench.size(MANY)))
    few = min(bench.size(FEW), head)
    yield {OURS: partial(peak_mb, REPLAY, path, head), LIMIT: partial(peak_mb, REPLAY, path, few)}


def peak_mb(program: str, *arguments: object) -> float:
    """The most memory that a Python program had, run by a process of its own.

    Not `ru_maxrss`, where the system tells more: on Linux a new program inherits in it what the
    process had that started it, which here has just made a history of millions.
    """
    done = subprocess.run(
        [sys.executable, "-c", program + _PEAK, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return int(done.stdout) / 1024


REPLAY = """
import sys
from ledger.application import Ledger
from ledger.plugin_host.host import PluginHost
from ledger.projections.querying.replaying import Replay

extensions = PluginHost().load().extensions()
with Ledger.open(sys.argv[1], extensions=extensions, read_only=True) as ledger:
    replay = Replay(ledger.log, extensions.projections)
    replay.go(int(sys.argv[2]))
    assert not list(replay.failures())
"""

_PEAK = """
import pathlib, resource, sys
status = pathlib.Path("/proc/self/status")
if status.exists():
    lines = status.read_text().splitlines()
    print(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB, and on macOS bytes
    print(peak // 1024 if sys.platform == "darwin" else peak)
"""

BYTES = Row(
    "bytes",
    "bytes an event on the disk with all indexes, SQLite, beside its line",
    "B",
    (Goal(LIMIT, at_most=2.0),),
    _bytes,
    most_rounds=1,
)
MEMORY = Row(
    "memory",
    "peak memory of a replay into views of fixed size, 2,000,000 events beside 200,000",
    "MB",
    (Goal(LIMIT, at_most=1.2),),
    _memory,
    most_rounds=1,
)
