"""What a target is: input goes in, and nothing but a result or a refusal may come out of it."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import LONGEST, LedgerError

Attempt = Callable[[bytes], bool]
"""Tries an input: True where it is taken, False where it is refused. Raises what the code under
test raises (a `LedgerError` is a refusal), and `Finding` for what is wrong without an exception."""

CODES = {1, 2, 3, 4, 5, 10, 74}
"""The exit codes of a refusal; 70 is our bug."""

SOON = 3.0
"""Seconds of the processor for an input of 64 KiB, and again for each further 64 KiB."""

PIECE = 65_536


class Finding(AssertionError):
    """Hostile input had an effect that it must not have. `kind` is the same for the same fault."""

    def __init__(self, kind: str, told: str = "") -> None:
        super().__init__(f"{kind}: {told}" if told else kind)
        self.kind = kind


class OutOfBounds(Finding):
    """An input took more memory or time than its size allows."""


@dataclass
class Tally:
    """What came of the inputs so far."""

    accepted: int = 0
    refused: int = 0
    found: int = 0
    """Inputs that showed a finding."""
    findings: dict[str, bytes] = field(default_factory=dict)
    """Each finding once, with the first input that showed it."""

    @property
    def tried(self) -> int:
        """Inputs in all."""
        return self.accepted + self.refused + self.found


@dataclass(frozen=True)
class Surface:
    """A place where bytes of others come in.

    `opened` gives what tries an input, with a folder of its own to work in. `seeds` are right
    inputs, `words` what such inputs are made of. Memory, as tracemalloc sees it (whatever
    Python allocates), may peak at `fixed` bytes and `factor` bytes for each byte of the input.
    `longest` is what can come in at all: the system's own limit of a command line.
    """

    name: str
    opened: Callable[[Path], Attempt]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    fixed: int = 1 << 20
    factor: int = 40
    longest: int = 1 << 24
    examples: int = 40
    """How many hypothesis tries in `make test`."""
    alike: str = ""
    """The surface whose reader it shares: `make test` tries the extremes on that one alone."""

    def __str__(self) -> str:
        return self.name


class Target:
    """A surface that can be tried. Calling it gives nothing; it raises only a `Finding`."""

    def __init__(self, surface: Surface, folder: Path, slowness: float = 1) -> None:
        """`slowness`: how often the time may be taken, where each branch of the code is counted."""
        self.surface = surface
        self._slowness = slowness
        self.tally = Tally()
        self._attempt = surface.opened(folder)

    def __call__(self, data: bytes) -> None:
        """Try an input."""
        data = data[: self.surface.longest]
        try:
            taken = self._measured(data)
        except OutOfBounds:
            taken = self._measured(data)  # what is loaded once, or grows now and then, is not of it
        if taken:
            self.tally.accepted += 1
        else:
            self.tally.refused += 1

    def _measured(self, data: bytes) -> bool:
        begun = time.process_time()
        tracing = tracemalloc.is_tracing()
        if not tracing:
            tracemalloc.start()
        try:
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            taken = self._ending(data)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            if not tracing:
                tracemalloc.stop()
        self._in_bounds(len(data), peak - before, time.process_time() - begun)
        return taken

    def noting(self, data: bytes) -> None:
        """Try an input, and keep what it finds in the tally."""
        try:
            self(data)
        except Finding as found:
            self.tally.found += 1
            self.tally.findings.setdefault(found.kind, data)

    def _ending(self, data: bytes) -> bool:
        try:
            return self._attempt(data)
        except LedgerError as refused:
            _is_told_well(refused)
            return False
        except Finding:
            raise
        except Exception as error:
            raise Finding(f"{_place(error)}: {type(error).__name__}", f"{error!s:.200}") from error

    def _in_bounds(self, size: int, peak: int, seconds: float) -> None:
        bound = self.surface.fixed + self.surface.factor * size
        if peak > bound:
            raise OutOfBounds("too much memory", f"{peak:,} bytes for an input of {size:,}")
        if seconds > self._slowness * SOON * (1 + size // PIECE):
            raise OutOfBounds("too much time", f"{seconds:.1f} s for an input of {size:,} bytes")


def _is_told_well(refused: LedgerError) -> None:
    """A refusal has an exit code of its own, and a message that fits on a screen."""
    text = str(refused)
    if refused.exit_code not in CODES:
        raise Finding(f"{type(refused).__name__} ends with {refused.exit_code}") from refused
    if len(text.splitlines()) > 1:
        raise Finding(f"{type(refused).__name__} is told in several lines", f"{text!r:.200}")
    if len(text) > LONGEST_MESSAGE:
        raise Finding(f"{type(refused).__name__} is told in too many letters", f"{len(text):,}")


LONGEST_MESSAGE = 2 * LONGEST + 200
"""Letters of a refusal: its message, its advice, and the place before them."""


def _place(error: BaseException) -> str:
    """Where in the code under test it was raised: the last frame that is not a library's."""
    place, traced = "", error.__traceback__
    while traced is not None:
        file = Path(traced.tb_frame.f_code.co_filename)
        if file.parent.name != "fuzz" and "site-packages" not in file.parts:
            place = f"{file.stem}.{traced.tb_frame.f_code.co_name}"
        traced = traced.tb_next
    return place
