"""Goes through the points of kinds of fault and prints their figures, a JSON line a kind.

`python -m tests.faults.harness.worker`, started with the shim preloaded. It works alone, so that
it can fork at any time.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from sqlalchemy import Dialect

import ledger.log.recorder
from ledger.log.store.schema import Tables
from ledger.log.store.statements import Statements
from tests.faults.harness.catalogue import kinds
from tests.faults.harness.figures import Figures
from tests.faults.harness.kinds import Kind, Point
from tests.faults.harness.shim import Shim
from tests.faults.harness.worlds import FileWorld


def go_through(
    kind: Kind, seed: int, part: tuple[int, int], go_on: Callable[[Figures], bool]
) -> Figures:
    """Points of a kind, from the programs of `seed`, `seed` + 1 … on, until told to stop.

    `part` is (n, of): every of-th point, from the n-th.
    """
    figures = Figures(kind.name)
    while True:
        points = shuffled(kind.points(seed), f"{kind.name} {seed}")[part[0] :: part[1]]
        if not points and not go_on(figures):  # fewer points than workers
            return figures
        figures.seeds.add(seed)
        for point in points:
            if not go_on(figures):
                return figures
            figures.count(tuple(point), *kind.strike(point))
        figures.programs += 1
        seed += 1


def shuffled(points: list[Point], seed: str) -> list[Point]:
    """In an order that is the same for a seed. Points that share a recording stay together."""
    chance = random.Random(seed)
    groups: dict[int, list[Point]] = {}
    for point in points:
        groups.setdefault(point.how // 100, []).append(point)
    order = list(groups.values())
    chance.shuffle(order)
    for group in order:
        chance.shuffle(group)
    return [point for group in order for point in group]


def compile_once() -> None:
    """Have every ledger of a place share its compiled statements, also those of forked children.

    A program compiles them once in its life; here one lives for a tenth of a second.
    """
    made: dict[tuple[str, str | None], Statements] = {}

    def statements(place: Tables, dialect: Dialect) -> Statements:
        key = (dialect.name, place.schema)
        if key not in made:
            if len(made) > 20:  # a server's ledgers are made anew now and then
                made.clear()
            made[key] = Statements(place, dialect)
        return made[key]

    vars(ledger.log.recorder)["Statements"] = statements


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default="", help="names, separated by ';'; all without")
    parser.add_argument("--server", action="store_true", help="the kinds on a server")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--points", type=int, default=0, help="of each kind; 0: by time")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each kind")
    parser.add_argument("--part", default="0/1", help="n/of: every of-th point, from the n-th")
    parser.add_argument("--mutant", default="", help="break the ledger in this way")
    parser.add_argument("--until", default="", help="stop when this harm was done")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    part, parts = map(int, given.part.split("/"))
    compile_once()
    with TemporaryDirectory(dir=given.folder, prefix="faults-") as scratch:
        world = FileWorld(Path(scratch), Shim(), given.mutant)
        with kinds(world, Path(scratch), server=given.server) as found:
            for name in given.kinds.split(";") if given.kinds else found:
                until = time.monotonic() + given.seconds

                def go_on(figures: Figures, until: float = until) -> bool:
                    if given.until in figures.harms:
                        return False
                    if given.points:
                        return bool(figures.points < given.points)
                    return time.monotonic() < until

                figures = go_through(found[name], given.seed, (part, parts), go_on)
                print(msgspec.json.encode(figures).decode(), flush=True)


if __name__ == "__main__":
    main()
