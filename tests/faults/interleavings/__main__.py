"""Schedules by the thousand, each judged: `python -m tests.faults.interleavings`.

On SQLite, or with `--store postgres` on a server that is started for it; the small contests in
every order first, then whatever the seeds draw. Prints a line of the table that the docs show, and
exits 1 where a schedule breaks a law: which contest, which seed or choices, and every step.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.interleavings.contests import LARGE, SMALL
from tests.faults.interleavings.search import Search, search
from tests.postgres_server import postgres_server

HEAD = (
    "| database | schedules | steps | seeds | recorded | refused | retries | most looks "
    "| double bookings | no serial order | deliveries | missed or doubled | seconds (CPU) |"
)
AT_ONCE = 20
"""Seeds that are gone through before the next kind has its turn."""


@contextmanager
def _place(store: str, folder: Path) -> Iterator[str]:
    if store == "sqlite":
        yield str(folder / "interleaved.db")
    else:
        with postgres_server() as server:
            where = server.replace("postgresql+psycopg", "postgresql")
            yield f"{where}&schema=interleaved"


def go_through(made: Search, schedules: int, seed: int, *, all_small: bool) -> int:
    """So many schedules, or a few more; the seed after the last. Raises `AssertionError`."""
    figures = made.figures
    for contest in SMALL if all_small else ():
        if figures.schedules < schedules:
            made.all_of(contest, None if contest is SMALL[0] else 2)
    while figures.schedules < schedules:
        seeds = range(seed, seed + AT_ONCE)
        for contest in (*LARGE, *(() if all_small else SMALL)):
            made.drawn(contest, seeds)
        made.subscribers(seeds)
        made.keepers(seeds)
        made.mixtures(seeds)
        seed += AT_ONCE
    return seed


def main() -> int:
    """Run so many schedules, and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="the first of the seeds")
    parser.add_argument("--folder", help="where the ledger is kept meanwhile (in memory, best)")
    given = parser.parse_args()
    begun, used = time.monotonic(), time.process_time()
    memory = Path("/dev/shm")
    folder = given.folder or (str(memory) if memory.is_dir() else None)
    sqlite = given.store == "sqlite"
    with (
        tempfile.TemporaryDirectory(dir=folder) as scratch,
        _place(given.store, Path(scratch)) as where,
        search(where) as made,
    ):
        try:
            after = go_through(made, given.schedules, given.seed, all_small=sqlite)
        except AssertionError:
            traceback.print_exc()
            return 1
    figures = made.figures
    print(HEAD)
    print("| --- |" + " ---: |" * (HEAD.count("|") - 2))
    print(
        f"| {'SQLite' if sqlite else 'PostgreSQL'} | {figures.schedules:,} | {figures.steps:,} "
        f"| {given.seed}–{max(after - 1, given.seed)} "
        f"| {figures.recorded:,} | {figures.refused:,} | {figures.retries:,} "
        f"| {max(figures.looks, default=0)} | 0 | 0 | {figures.delivered:,} | 0 "
        f"| {time.monotonic() - begun:,.0f} ({time.process_time() - used:,.0f}) |"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
