"""Measure, and print the table: `python -m tests.benchmarks`, or `make bench`.

`--row` names rows, several with commas between. `--quick` runs every row with little of everything
and measures nothing that may be quoted. It is a table and no gate: it ends with 0 also where a
row is not reached, unless `--strict` asks for 3. `--shares` tells where the time goes instead.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.benchmarks.catalogue import ROWS
from tests.benchmarks.machine import machine
from tests.benchmarks.measuring import PEERS, Measured, Row, measure
from tests.benchmarks.shares import HERE
from tests.benchmarks.shares import report as report_shares
from tests.benchmarks.table import table
from tests.benchmarks.workspace import Bench
from tests.sources import ROOT

QUICK_WARNING = "**A quick run, with little of everything: not to be quoted.**"


def main(words: Sequence[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--row", default="", help=f"of {', '.join(row.name for row in ROWS)}")
    parser.add_argument("--rounds", type=int, help="5, or 3 of a quick run")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument(
        "--shares", action="store_true", help="where our time goes, of rows of this process"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / f"bench-{os.getpid()}")
    given = parser.parse_args(words)
    rows = _chosen(given.row, parser)
    if given.shares:
        rows = [row for row in rows if row.name in HERE]
        if not rows:
            parser.error(f"--shares: of these rows none runs here; {', '.join(HERE)} do")
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {what}", file=sys.stderr, flush=True)

    with Bench(given.folder, quick=given.quick, rounds=given.rounds, say=say) as bench:
        if given.shares:
            print(
                "\n".join(machine(given.folder, None)), *report_shares(rows, bench, say), sep="\n"
            )
            return 0
        results = [measure(row, bench, say) for row in rows]
        ran_on = machine(given.folder, bench.postgres_version)
    print("\n".join(report(results, ran_on, quick=given.quick, seconds=time.monotonic() - begun)))
    failed = any(result.verdict() in ("not reached", "not measured") for result in results)
    return 3 if given.strict and failed else 0


def report(
    results: Sequence[Measured], about: Iterable[str], *, quick: bool, seconds: float
) -> list[str]:
    """The table, headed by what it was measured on."""
    counts = {len(f) for result in results for f in result.figures.values() if result.repeats}
    rounds = " to ".join(str(n) for n in sorted({min(counts, default=1), max(counts, default=1)}))
    return [
        *([QUICK_WARNING, ""] if quick else []),
        f"{'; '.join(about)}. Medians of {rounds} alternating rounds, with the lowest and the "
        f"highest ratio. Took {seconds:,.0f} s.",
        "",
        *table(results),
        "",
        f"Peers: {'; '.join(f'{name} {peer}' for name, peer in PEERS.items())}.",
    ]


def _chosen(named: str, parser: argparse.ArgumentParser) -> list[Row]:
    known = {row.name: row for row in ROWS}
    names = [name.strip() for name in named.split(",") if name.strip()] or list(known)
    for name in names:
        if name not in known:
            parser.error(f"there is no row {name!r}; there are {', '.join(known)}")
    return [known[name] for name in names]


if __name__ == "__main__":
    sys.exit(main())
