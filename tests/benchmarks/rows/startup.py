"""Rows `help`, `completion` and `write-cold`: from the shell to the exit, each a new process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median

from tests.benchmarks.histories import LAST, day_of, label
from tests.benchmarks.measuring import LIMIT, OURS, Contenders, Goal, Row
from tests.benchmarks.workspace import Bench
from tests.sources import ROOT

PROGRAM = Path(sys.executable).with_name("studio-ledger")
STARTS = 5
"""Of a round, whose figure is the median."""

NOTHING = [sys.executable, "-I", "-c", "pass"]
DATABASE = [sys.executable, "-c", "import sqlalchemy"]


def program(*words: str) -> list[str]:
    """The installed program; without an installation the checkout's own launcher."""
    launcher = [str(PROGRAM)] if PROGRAM.exists() else [sys.executable, str(ROOT / "cli.py")]
    return [*launcher, *words]


def _starting(
    bench: Bench, command: Callable[[], Sequence[str]], **env: str
) -> Callable[[], float]:
    """A contender that starts a command some times over; the median, in milliseconds.

    With bytecode, as an installer leaves it: where the checkout is told to write none, each start
    would compile the program's own modules and none of the libraries'.
    """
    env = {**os.environ, **env, "PYTHONPYCACHEPREFIX": str(bench.folder / "bytecode")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command(), capture_output=True, check=False, env=env)  # which writes it

    def one_round() -> float:
        taken = []
        for _ in range(1 if bench.quick else STARTS):
            words, begun = command(), time.perf_counter()
            done = subprocess.run(words, capture_output=True, check=False, env=env)
            taken.append((time.perf_counter() - begun) * 1000)
            assert done.returncode == 0, f"{words}: {done.stderr.decode()}"
        return median(taken)

    return one_round


@contextmanager
def _help(bench: Bench) -> Iterator[Contenders]:
    yield {
        OURS: _starting(bench, lambda: program("--help")),
        LIMIT: _starting(bench, lambda: NOTHING),
    }


@contextmanager
def _completion(bench: Bench) -> Iterator[Contenders]:
    asked = {
        "_STUDIO_LEDGER_COMPLETE": "bash_complete",
        "COMP_WORDS": "studio-ledger booking con",
        "COMP_CWORD": "2",
    }
    yield {
        OURS: _starting(bench, program, **asked),
        LIMIT: _starting(bench, lambda: NOTHING),
    }


@contextmanager
def _write_cold(bench: Bench) -> Iterator[Contenders]:
    """A hold, with the plugins whose rules must see it."""
    ledger, days = str(bench.copied(bench.small)), count()

    def hold() -> list[str]:
        on = day_of(LAST + 3 + next(days), 1)
        words = ("booking", "hold", "stage-0", f"p-{label(LAST)}-0", "--days", str(on))
        return program("--ledger", ledger, "--actor", "ada", *words)

    yield {
        OURS: _starting(bench, hold),
        LIMIT: _starting(bench, lambda: DATABASE),
    }


HELP = Row("help", "`--help`, beside `python -I -c pass`", "ms", (Goal(LIMIT, at_most=6),), _help)
COMPLETION = Row(
    "completion",
    "shell completion of a command, beside `python -I -c pass`",
    "ms",
    (Goal(LIMIT, at_most=6),),
    _completion,
)
WRITE_COLD = Row(
    "write-cold",
    "`booking hold`, cold, beside `import sqlalchemy`",
    "ms",
    (Goal(LIMIT, at_most=1.6),),
    _write_cold,
)
