"""Strike at every place, and print what came of it: `python -m tests.faults.harness`.

`--seconds` is shared by all kinds, `--jobs` workers go through them side by side. Exits with 1
where anything was wrong, and says where: a point that is named can be said again with its seed.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tests.faults.harness.catalogue import FILE_KINDS, SERVER_KINDS
from tests.faults.harness.figures import Figures, merged, table
from tests.faults.harness.shim import build
from tests.sources import ROOT

ALL_KINDS = {False: FILE_KINDS, True: SERVER_KINDS}
"""Their names, on files and on a server: what the seconds are shared by."""


def start(
    shim: Path, folder: Path, arguments: Sequence[str], *, errors: int | None = None
) -> subprocess.Popen[str]:
    """A worker, with the shim under it. Its figures come on its standard output."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "plugins")))
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.harness.worker", "--folder", folder, *arguments],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, "LD_PRELOAD": str(shim)},
    )


def figures_of(worker: subprocess.Popen[str]) -> list[Figures]:
    """What a worker found. Raises `RuntimeError` where it did not come to its end."""
    assert worker.stdout is not None
    found = [msgspec.json.decode(line, type=Figures) for line in worker.stdout]
    worker.stdout.close()
    if worker.wait():
        raise RuntimeError("a worker broke down: see above")
    return found


def quick_folder() -> Path:
    """A folder in memory where there is one: what survives is worked out, not left to a disk."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    begun, parts = time.monotonic(), []
    share = given.seconds / sum(map(len, ALL_KINDS.values()))
    with tempfile.TemporaryDirectory() as made:
        shim = build(Path(made))
        for server in (False, True):
            arguments = ["--seconds", f"{share:.1f}", "--seed", str(given.seed)]
            arguments += ["--server"] if server else []
            workers = [
                start(shim, quick_folder(), [*arguments, "--part", f"{n}/{given.jobs}"])
                for n in range(given.jobs)
            ]
            found = [figures_of(worker) for worker in workers]
            parts += [figures for each in found for figures in each]
            for figures in merged(parts):
                print(f"{figures.kind}: {figures.points:,} {figures.harms}", file=sys.stderr)
    whole = merged(parts)
    print("\n".join(table(whole)))
    programs = sum(figures.programs for figures in whole)
    print(
        f"\n{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {given.jobs} jobs, "
        f"Python {platform.python_version()}, {time.monotonic() - begun:,.0f} s, from seed "
        f"{given.seed}; of {programs // given.jobs:,} programs every point. Printed by: make faults"
    )
    for figures in whole:
        for example in figures.examples:
            print(f"{figures.kind} {example}", file=sys.stderr)
    return 1 if any(figures.harmed for figures in whole) else 0


if __name__ == "__main__":
    sys.exit(main())
