"""Children that work on a ledger until something ends them, and what they were acknowledged."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from ledger.errors import LedgerError
from ledger.time.periods import Clock
from tests.faults.harness.programs import SIGN, Program, Step

Say = Callable[[str], None]
"""Writes a line to whoever waits for the child."""


class Heard(Struct):
    """What a child said before its end.

    `acknowledged` and `signed` are as in `checking.Known`. `failed` are the steps that raised,
    with what was said; `unclear` is what no user should ever see. `calls` is the shim's count.
    `twice` are positions that another program had at the same time.
    """

    acknowledged: dict[str, tuple[int, int]] = field(default_factory=dict)
    signed: set[int] = field(default_factory=set)
    failed: list[tuple[str, str]] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    calls: int = 0
    killed: bool = False


class Child:
    """A forked process that carries out `work` and says lines. `hear` waits for its end."""

    def __init__(self, work: Callable[[Say], None]) -> None:
        self._read, write = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._read)
            _work(work, write)
        os.close(write)

    def kill(self) -> None:
        """SIGKILL, whatever it is doing."""
        os.kill(self.pid, signal.SIGKILL)

    def kill_after(self, seconds: float) -> None:
        """SIGKILL when so much time has passed."""
        time.sleep(seconds)
        self.kill()

    def hear(self) -> Heard:
        """Everything that it said, and whether it was killed."""
        pieces = []
        while piece := os.read(self._read, 65_536):
            pieces.append(piece)
        os.close(self._read)
        _, status = os.waitpid(self.pid, 0)
        heard = Heard(killed=os.WIFSIGNALED(status))
        for line in b"".join(pieces).decode().split("\0"):
            word, _, rest = line.partition(" ")
            if word == "ack":
                request, first, last = rest.rsplit(" ", 2)
                if request == SIGN:
                    heard.signed.add(int(first))
                else:
                    heard.acknowledged[request] = (int(first), int(last))
            elif word == "failed":
                request, _, said = rest.partition(" ")
                heard.failed.append((request, said))
            elif word == "unclear":
                heard.unclear.append(rest)
            elif word == "twice":
                heard.twice.append(int(rest))
            elif word == "calls":
                heard.calls = int(rest)
        if heard.killed and os.WTERMSIG(status) != signal.SIGKILL:
            heard.unclear.append(f"it died of signal {os.WTERMSIG(status)}")
        return heard


def _work(work: Callable[[Say], None], write: int) -> None:
    """The child's whole life: it never comes back."""

    def say(text: str) -> None:
        os.write(write, text.encode(errors="replace") + b"\0")

    try:
        work(say)
    except BaseException:  # noqa: BLE001 - whatever it is, the parent has to hear of it
        with suppress(OSError):
            say(f"unclear {traceback.format_exc()}")
    finally:
        os._exit(0)


def taking(
    where: str,
    audit: Path,
    steps: Sequence[Step],
    say: Say,
    *,
    clock: Clock | None = None,
    retries: int = 0,
    told: Callable[[str], None] | None = None,
) -> None:
    """Take steps, and say of each what came of it; one that fails is followed by the next.

    A failed step is repeated so often, by the same program with the same key, as an operator
    would who is told that it failed.
    """

    def acknowledge(request: str, first: int, last: int) -> None:
        if told is not None:
            told(f"{request} {first} {last}")
        say(f"ack {request} {first} {last}")

    program = Program(where, audit, acknowledge, clock)
    for step in steps:
        for _ in range(1 + retries):
            try:
                program.take(step)
                break
            except LedgerError as error:
                say(f"failed {step.key} {error}")
    try:
        program.close()
    except LedgerError as error:
        say(f"failed close {error}")
