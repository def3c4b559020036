"""Try every surface for a time, and print what came of it: `make fuzz SECONDS=60 SEED=1`.

One Markdown table: surface, engine, inputs tried, refused, accepted, findings. What was found
follows it, each with the input that shows it; then the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.fuzz.engines import engine_here, run
from tests.sources import ROOT

SHOWN = 400
"""Bytes of an input that a finding shows."""


def main() -> int:
    """Read the command line, try, and print."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("--seconds", type=float, default=60, help="for each surface")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--engine", choices=("atheris", "hypothesis"), default=engine_here())
    asked.add_argument("--surface", action="append", help="only this; several may be named")
    asked.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.alone:
        run(given.surface[0], given.engine, given.seconds, given.seed, Path.cwd())
    from tests.fuzz.catalogue import SURFACES

    found: dict[str, dict[str, str]] = {}
    print("| surface | engine | inputs tried | refused | accepted | findings |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for name in given.surface or SURFACES:
        came = tried(name, given.engine, given.seconds, given.seed)
        found[name] = came["findings"]
        numbers = " | ".join(f"{came[key]:,}" for key in ("tried", "refused", "accepted"))
        print(f"| {name} | {given.engine} | {numbers} | {len(found[name])} |", flush=True)
    for name, findings in found.items():
        for kind, data in findings.items():
            print(f"\n{name}: {kind}\n    {bytes.fromhex(data)[:SHOWN]!r}")
    return 1 if any(found.values()) else 0


def tried(name: str, engine: str, seconds: float, seed: int) -> dict[str, Any]:
    """What came of trying a surface, in a process of its own; an end that is none is a finding."""
    words = ["--surface", name, "--engine", engine, "--seconds", str(seconds), "--seed", str(seed)]
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz", "--alone", *words],
            cwd=folder,
            env=_environment(folder),
            capture_output=True,
            check=False,
            timeout=seconds + 600,
        )
    if done.returncode == 0:
        came: dict[str, Any] = json.loads(done.stdout)
        return came
    told = done.stderr.partition(b"ERROR: libFuzzer")[0][-SHOWN:]
    died = {f"the process ended with {done.returncode}": told.hex()}
    return {"tried": 0, "refused": 0, "accepted": 0, "findings": died}


def _environment(folder: str) -> dict[str, str]:
    """That of nobody: no settings, no home folder of the tester's."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
    return {**kept, "HOME": folder, "PYTHONPATH": path}


if __name__ == "__main__":
    sys.exit(main())
