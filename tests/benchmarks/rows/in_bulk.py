"""Rows `apply` and `import`: many events in one transaction, beside a bare `executemany`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from ledger.application import Ledger
from ledger.audit.exports.export import write_export
from ledger.audit.exports.export_reader import Exported
from ledger.auditing import AuditFolder
from ledger.export_import import take_over
from tests.benchmarks.histories import LAST, Campus, day_of, label
from tests.benchmarks.holds import AUTHOR, Hold
from tests.benchmarks.measuring import LIMIT, OURS, Contenders, Goal, Row
from tests.benchmarks.peers.bare import insert, rows_of, tags_of_rows, without_guards
from tests.benchmarks.rows.audited import audited
from tests.benchmarks.workspace import Bench

COMMANDS = 10_000


@contextmanager
def _applying(bench: Bench) -> Iterator[Contenders]:
    """Holds on all stages, day after day; each round on a fresh copy of the same ledger."""
    count = bench.size(COMMANDS)
    ready = bench.copied(bench.small)
    with Ledger.open(str(ready)) as ledger:
        head = ledger.log.head()
        lines = [ledger.wire.encode(hold.decision) for hold in _holds(bench.campus(20_000), count)]
        ledger.apply(ledger.wire.read(lines), AUTHOR)
    rows = rows_of(ready, head)
    tags = tags_of_rows(rows)
    assert len(rows) == count
    unguarded = without_guards(bench.copied(bench.small))

    def apply(path: Path) -> None:
        with Ledger.open(str(path)) as ledger:
            ledger.apply(ledger.wire.read(lines), AUTHOR)

    yield {
        OURS: lambda: _rate(count, apply, bench.copied(bench.small)),
        LIMIT: lambda: _rate(
            count, lambda path: insert(path, rows, tags, new=False), bench.copied(unguarded)
        ),
    }


def _holds(campus: Campus, count: int) -> Iterator[Hold]:
    for n in range(count):
        days, stage = divmod(n, campus.stages)
        yield Hold(
            booking=f"b-{n}",
            space=f"stage-{stage}",
            project=f"p-{label(LAST)}-{stage % campus.projects}",
            day=f"{day_of(LAST + 2, 1) + timedelta(days=days)}",
        )


def _rate(count: int, act: Callable[[Path], object], path: Path) -> float:
    begun = time.perf_counter()
    act(path)
    rate = count / (time.perf_counter() - begun)
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    return rate


@contextmanager
def _importing(bench: Bench) -> Iterator[Contenders]:
    """An export of the middling ledger becomes a ledger; its signatures and hashes are checked."""
    folder = bench.new("export")
    with audited(bench.middling, bench.new("audit")) as (audit, key):
        kept = audit.kept(key.verifier)
        write_export(folder, lines=audit.ledger.log.lines, kept=kept, key=key, tables=())
    rows = rows_of(bench.middling)
    tags = tags_of_rows(rows)

    def take(path: Path) -> None:
        beside = AuditFolder(path.with_name(f"{path.name}.audit"))
        beside.path.mkdir()
        take_over(
            str(path),
            Exported.open(folder, key.verifier),
            checkpoints=beside.checkpoints.path,
            public=beside.public_file,
        )
        for file in (beside.checkpoints.path, beside.public_file):
            file.unlink()
        beside.path.rmdir()

    yield {
        OURS: lambda: _rate(len(rows), take, bench.new("imported.db")),
        LIMIT: lambda: _rate(
            len(rows), lambda path: insert(path, rows, tags, new=True), bench.new("bare.db")
        ),
    }


APPLY = Row(
    "apply",
    "commands in one batch, every rule checked, SQLite",
    "/s",
    (Goal(LIMIT, at_least=0.08),),
    _applying,
)
IMPORT = Row(
    "import",
    "events of an export, hashes verified, SQLite",
    "/s",
    (Goal(LIMIT, at_least=0.6),),
    _importing,
)
