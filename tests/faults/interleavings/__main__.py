"""Schedules by the thousand, each judged: `python -m tests.faults.interleavings`.

Prints a line of the table that the docs show, and exits 1 where a schedule breaks a law: which
contest, which seed or choices, and every step.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.faults.interleavings.contests import LARGE, SMALL
from tests.faults.interleavings.search import search

HEAD = (
    "| schedules | steps | seeds | recorded | refused | retries | most looks | double bookings "
    "| no serial order | deliveries | missed or doubled | seconds (CPU) |"
)


def main() -> int:
    """Run so many schedules, and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="the first of the seeds")
    parser.add_argument("--folder", help="where the ledger is kept meanwhile (in memory, best)")
    given = parser.parse_args()
    begun, used = time.monotonic(), time.process_time()
    memory = Path("/dev/shm")
    place = given.folder or (str(memory) if memory.is_dir() else None)
    with tempfile.TemporaryDirectory(dir=place) as folder, search(Path(folder)) as made:
        figures = made.figures
        seed = given.seed
        try:
            for contest in SMALL:
                if figures.schedules < given.schedules:
                    made.all_of(contest, None if contest is SMALL[0] else 2)
            while figures.schedules < given.schedules:
                seeds = range(seed, seed + 20)
                for contest in LARGE:
                    made.drawn(contest, seeds)
                made.subscribers(seeds)
                made.keepers(seeds)
                seed += 20
        except AssertionError:
            traceback.print_exc()
            return 1
    print(HEAD)
    print("|" + " ---: |" * (HEAD.count("|") - 1))
    print(
        f"| {figures.schedules:,} | {figures.steps:,} | {given.seed}–{max(seed - 1, given.seed)} "
        f"| {figures.recorded:,} | {figures.refused:,} | {figures.retries:,} "
        f"| {max(figures.looks, default=0)} | 0 | 0 | {figures.delivered:,} | 0 "
        f"| {time.monotonic() - begun:,.0f} ({time.process_time() - used:,.0f}) |"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
