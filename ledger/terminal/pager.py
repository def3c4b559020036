"""Send output longer than the screen through a pager, as git does.

The pager starts only when the screen is full, so that shorter output needs none. From then on
each line is passed on as it comes: a million events are never in memory together, and are not
even read until the user scrolls to them.
"""

import io
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, cast

DEFAULT_PAGER = "less"
_LESS = {"LESS": "FRX", "LV": "-c"}
"""Settings of a pager, unless the user has set them: let bold pass, leave the text on screen."""

_WORDS_BELOW = 2
"""Lines of the screen for the title below the data and the next prompt."""


def pager_command(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the words of the pager's command; none for no pager.

    `$PAGER`, or `less`. `cat` or an empty `$PAGER` is the usual way to ask for none, and a
    dumb terminal cannot scroll.
    """
    if environ.get("TERM", "dumb") == "dumb":
        return []
    named = environ.get("PAGER", DEFAULT_PAGER)
    try:
        words = shlex.split(named)
    except ValueError:  # a quote that is never closed
        words = [named]
    return [] if words in ([], ["cat"]) else words


@contextmanager
def paged(out: IO[bytes], *, say: Callable[[str], None]) -> Iterator[IO[bytes]]:
    """Open a stream to the terminal that starts the pager once the screen is full.

    `say` reports a `$PAGER` that cannot start. Once the user quits the pager, writing raises
    `BrokenPipeError`. On leaving, this waits for the pager.
    """
    size = shutil.get_terminal_size()
    stream = Paged(out, pager_command(), rows=size.lines - _WORDS_BELOW, columns=size.columns)
    stream.say = say
    try:
        yield cast(IO[bytes], stream)
    finally:
        stream.finish()


class Paged(io.BufferedIOBase):
    """Keeps one screen of text, then starts the pager, or writes to `out` if there is none."""

    def __init__(self, out: IO[bytes], command: list[str], *, rows: int, columns: int) -> None:
        self.say: Callable[[str], None] = lambda _: None
        self._out = out
        self._command = command
        self._rows = rows
        self._columns = max(columns, 1)
        self._kept = bytearray()
        self._pager: subprocess.Popen[bytes] | None = None
        self._to: IO[bytes] | None = None if command else out

    def writable(self) -> bool:
        """Return True, which the CSV writer's text stream asks for."""
        return True

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]  # only the buffers that are written here
        """Take some lines. Raises `BrokenPipeError` once the user has quit the pager."""
        if self._to is None:
            self._kept += data
            if self._taken() <= self._rows:
                return len(data)
            self._to = self._start()
            self._to.write(self._kept)
            self._kept.clear()
        else:
            self._to.write(data)
        if self._pager is not None:
            self._to.flush()  # the user sees these lines while more are being read
        return len(data)

    def flush(self) -> None:
        """Do nothing: kept text waits until the screen is full, and the pager has the rest."""

    def finish(self) -> None:
        """Show what fits on the screen, or wait until the user quits the pager."""
        if self._pager is None:
            self._out.write(self._kept)
            self._kept.clear()
            self._out.flush()
            return
        assert self._pager.stdin is not None
        with _interrupts_are_the_pagers():
            with suppress(BrokenPipeError):
                self._pager.stdin.close()
            self._pager.wait()

    def _taken(self) -> int:
        """Rows that the text takes at most: it counts bytes, which are never fewer than cells."""
        return sum(
            max(1, -(-len(line) // self._columns)) for line in bytes(self._kept).splitlines()
        )

    def _start(self) -> IO[bytes]:
        environment = {**_LESS, **os.environ}
        if (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8":
            environment.setdefault("LESSCHARSET", "utf-8")  # even if no locale is set
        self._out.flush()
        try:
            self._pager = subprocess.Popen(  # noqa: S603  # the user's own pager, as the user named it
                self._command, stdin=subprocess.PIPE, env=environment
            )
        except OSError as error:
            if "PAGER" in os.environ:
                why = (error.strerror or str(error)).lower()
                self.say(f"warning: cannot start pager {self._command[0]!r} ($PAGER): {why}")
            return self._out
        assert self._pager.stdin is not None
        return self._pager.stdin


@contextmanager
def _interrupts_are_the_pagers() -> Iterator[None]:
    """While the pager runs, Ctrl-C ends its search and not this program."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
