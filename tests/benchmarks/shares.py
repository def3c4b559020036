"""Where the time of a row goes: `python -m tests.benchmarks --shares`, or `make bench SHARES=1`.

Our contender takes one more round under the interpreter's own profiler. What each function takes
itself is added up by whose it is; what is written in C (the driver, msgspec, SHA-256) by name.
A profiler makes Python about a half slower and nothing else: the shares of Python are too large,
and those of the database too small. Everything is done in one process here.
"""

from __future__ import annotations

import cProfile
import pstats
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from ledger import processes
from tests.benchmarks.measuring import OURS, Row
from tests.benchmarks.workspace import Bench

Function = tuple[str, int, str]
"""File, line, name, as `pstats` has it."""

IN_PYTHON = (
    ("/ledger/decisions/", "decisions and their rules"),
    ("/ledger/application.py", "decisions and their rules"),
    ("/ledger/snapshots.py", "decisions and their rules"),
    ("/ledger/known_answers.py", "decisions and their rules"),
    ("/ledger/entities/", "entities: events folded"),
    ("/ledger/events/", "events: made, read, their tags and times"),
    ("/ledger/time/", "events: made, read, their tags and times"),
    ("/ledger/tags.py", "events: made, read, their tags and times"),
    ("/ledger/log/restoring.py", "lines: taken apart, examined"),
    ("/ledger/log/lines.py", "lines: taken apart, examined"),
    ("/ledger/log/", "the log around its statements"),
    ("/ledger/audit/", "the audit"),
    ("/ledger/projections/", "projections: tables in memory, rows checked and converted"),
    ("/plugins/", "handlers of the shipped plugins"),
    ("/sqlalchemy/", "SQLAlchemy"),
)
"""Whose a file is: the first part that its path has."""

IN_C = (
    (r"sqlite|psycopg", ""),  # by who calls
    (r"msgspec", "msgspec: encode, decode"),
    (r"sha256|_hashlib", "SHA-256"),
)
OF_THE_DRIVER = {
    "run": "the database: begin, commit, the disk",
    "insert": "the database: rows written",
    "do_execute": "the database, through SQLAlchemy: views, new files",
}
"""By the function that calls the driver; any other one asks."""

HERE = ("sqlite", "apply", "import", "replay", "as-of", "verify")
"""The rows of which everything is done in this process."""

ASKED = "the database: questions"
REST = "all else"


def shares(row: Row, bench: Bench) -> dict[str, float]:
    """What part of the time of a round of ours is whose, the largest first."""
    most, processes.MOST = processes.MOST, 1
    try:
        with row.contenders(bench) as contenders:
            ours = contenders[OURS]
            if isinstance(ours, str):
                return {}
            ours()
            profile = cProfile.Profile()
            profile.runcall(ours)
    finally:
        processes.MOST = most
    return added_up(pstats.Stats(profile))


def added_up(stats: pstats.Stats) -> dict[str, float]:
    """The shares of a profile."""
    times: dict[str, float] = defaultdict(float)
    known: Any = stats.stats  # type: ignore[attr-defined]  # pstats has it, and the stubs do not say
    for function, (_, _, own, _, callers) in known.items():
        times[_whose(function)] += own if not _is_c(function) else 0.0
        if _is_c(function):
            for caller, (_, _, part, _) in callers.items():
                times[_whose_c(function, caller)] += part
    whole = sum(times.values())
    largest = sorted(times.items(), key=itemgetter(1), reverse=True)
    return {name: spent / whole for name, spent in largest if spent >= whole / 200}


def _is_c(function: Function) -> bool:
    return function[0] == "~"


def _whose(function: Function) -> str:
    return next((whose for part, whose in IN_PYTHON if part in function[0]), REST)


def _whose_c(function: Function, caller: Function) -> str:
    """Whose a function of C is: by its name, or else that of who calls it."""
    for pattern, whose in IN_C:
        if re.search(pattern, function[2]):
            return whose or OF_THE_DRIVER.get(caller[2], ASKED)
    return REST if _is_c(caller) else _whose(caller)


def report(rows: list[Row], bench: Bench, say: Callable[[str], None]) -> Iterator[str]:
    """A table for each row, as Markdown."""
    for row in rows:
        say(f"{row.name}: where its time goes")
        yield from ("", f"`{row.name}`: {row.what}", "", "| share | of |", "| --- | --- |")
        for name, share in shares(row, bench).items():
            yield f"| {share:.0%} | {name} |"
