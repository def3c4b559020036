"""A program on a pseudo-terminal, and somebody who types to it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

WITHIN = 30.0
"""Seconds for a program to show what is waited for."""


class Typed:
    """The program, what it has shown, and the keyboard."""

    def __init__(self, program: subprocess.Popen[bytes], screen: int) -> None:
        self.shown = ""
        self._program = program
        self._screen = screen

    def type(self, keys: str) -> None:
        """Press these keys; `\\n` is Enter, `\\x03` Ctrl-C, `\\x04` Ctrl-D."""
        if "\x03" in keys:
            # Python looks for signals when its wait for a key is broken off: it must wait already.
            time.sleep(1)
        os.write(self._screen, keys.encode())

    def until(self, text: str) -> str:
        """Wait until the program shows a text; what it showed up to there since the last time."""
        deadline = time.monotonic() + WITHIN
        while text not in self.shown:
            assert self._read(deadline), f"it ended, and {text!r} is not in:\n{self.shown}"
        before, _, self.shown = self.shown.partition(text)
        return before + text

    def end(self) -> tuple[int, str]:
        """Wait until it ends; its exit code, and what it showed since the last time."""
        while self._read(time.monotonic() + WITHIN):
            pass
        return self._program.wait(WITHIN), self.shown

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._screen], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f"it shows no more than:\n{self.shown}"
        try:
            chunk = os.read(self._screen, 65_536)
        except OSError:  # Linux says so when the last writer has gone
            return False
        self.shown += chunk.decode(errors="replace").replace("\r\n", "\n")
        return bool(chunk)


@contextmanager
def typed(command: Sequence[str], columns: int = 100, **env: str) -> Iterator[Typed]:
    """Run a program with the terminal as its stdin, stdout and stderr."""
    ours, theirs = pty.openpty()

    def take_the_terminal() -> None:
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches the program

    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "dumb", "NO_COLOR": "1", **env}
    program = subprocess.Popen(
        [*command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
        preexec_fn=take_the_terminal,  # noqa: PLW1509 - one system call, no lock is taken
    )
    os.close(theirs)
    try:
        yield Typed(program, ours)
    finally:
        program.kill()
        program.wait()
        os.close(ours)
