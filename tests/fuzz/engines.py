"""What draws inputs for a target until the time is up: coverage (atheris) or hypothesis."""

from __future__ import annotations

import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

ROUND = 200
"""Inputs that hypothesis draws between two looks at the clock."""


def engine_here() -> str:
    """`atheris` where it is installed, else `hypothesis`."""
    return "atheris" if find_spec("atheris") else "hypothesis"


def run(name: str, engine: str, seconds: float, seed: int, folder: Path) -> None:
    """Try a surface for so long, and print what came of it as JSON. This process then ends.

    libFuzzer ends a process as it likes: so each surface has one of its own, and ends it first.
    """
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libFuzzer prints is not the answer
    tracemalloc.start()
    (folder / "surface").mkdir()  # where nothing of the engine's own lies
    target, go = _instrumented(name, folder) if engine == "atheris" else _plain(name, folder)
    begun, first = time.monotonic(), os.times()

    def is_over() -> bool:
        return time.monotonic() - begun >= seconds

    def end() -> None:
        tally, last = target.tally, os.times()
        found = {kind: data.hex() for kind, data in tally.findings.items()}
        json.dump(
            {
                "tried": tally.tried,
                "refused": tally.refused,
                "accepted": tally.accepted,
                "findings": found,
                "seconds": last.user + last.system - first.user - first.system,
            },
            report,
        )
        report.flush()
        os._exit(0)

    go(seed, is_over, end)


Go = Callable[[int, Callable[[], bool], Callable[[], None]], None]


def _plain(name: str, folder: Path) -> tuple[Target, Go]:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    from tests.fuzz.catalogue import SURFACES
    from tests.fuzz.mutations import extremes, hostile
    from tests.fuzz.targets import Target

    surface = SURFACES[name]
    target = Target(surface, folder / "surface")
    for data in (*surface.seeds, *extremes(surface.seeds[0]).values()):
        target.noting(data)

    def go(seed: int, is_over: Callable[[], bool], end: Callable[[], None]) -> None:
        def tried(data: bytes) -> None:
            target.noting(data)
            if is_over():
                end()

        drawn = settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(given(hostile(surface.seeds, surface.words))(tried))
        for number in range(1 << 30):
            seeded(seed * 1_000_003 + number)(drawn)()

    return target, go


def _instrumented(name: str, folder: Path) -> tuple[Target, Go]:
    import atheris

    with atheris.instrument_imports(include=["ledger", "ledger_spaces", "ledger_bookings"]):
        from tests.fuzz.catalogue import SURFACES
        from tests.fuzz.mutations import WORDS, extremes
        from tests.fuzz.targets import Target

        surface = SURFACES[name]
        target = Target(surface, folder / "surface", slowness=10)
        for data in (*surface.seeds, *extremes(surface.seeds[0]).values()):
            target.noting(data)  # and so whatever is loaded late is loaded, and seen

    corpus, dictionary = folder / "corpus", folder / "words"
    corpus.mkdir()
    for number, data in enumerate(surface.seeds):
        (corpus / str(number)).write_bytes(data)
    dictionary.write_text("".join(map(_entry, (*WORDS, *surface.words))))

    def go(seed: int, is_over: Callable[[], bool], end: Callable[[], None]) -> None:
        def tried(data: bytes) -> None:
            target.noting(data)
            if is_over():
                end()

        longest = max(4_096, *(2 * len(data) for data in surface.seeds))
        options = ["-rss_limit_mb=0", "-timeout=600", "-print_final_stats=0", "-verbosity=0"]
        words = [f"-dict={dictionary}", f"-seed={seed}", f"-max_len={longest}", str(corpus)]
        with suppress(BrokenPipeError):
            atheris.Setup([sys.argv[0], *options, *words], tried)
            atheris.Fuzz()

    return target, go


def _entry(word: bytes) -> str:
    r"""A word in a dictionary of libFuzzer: "\x41\x42"."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n'
