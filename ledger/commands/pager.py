"""What is longer than the screen goes through a pager, as with git.

Only once a screenful has come is the pager started, so that what fits on the screen stays
there without one. From then on each line is handed over as it comes: a million events are
never in memory together, and are not even read while nobody scrolls on to them.
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
"""What a pager is told unless the user has told it otherwise: let bold pass, leave the text on
the screen."""

_WORDS_BELOW = 2
"""Lines of the screen that the title below the data and the next prompt take."""


def pager_command(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The words of the pager's command; none where nothing is to be paged.

    `$PAGER`, else `less`. `cat` or an empty `$PAGER` is the usual way to say none, and a
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
    """A stream to the terminal that goes through the pager where it is longer than the screen.

    `say` tells where the pager that was named is not there. Quitting the pager is a broken
    pipe to whoever writes on; at the end the pager is waited for.
    """
    size = shutil.get_terminal_size()
    stream = Paged(out, pager_command(), rows=size.lines - _WORDS_BELOW, columns=size.columns)
    stream.say = say
    try:
        yield cast(IO[bytes], stream)
    finally:
        stream.finish()


class Paged(io.BufferedIOBase):
    """Keeps a screenful; then it starts the pager, or goes on to `out` where there is none."""

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
        """It is, as CSV asks of a stream."""
        return True

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]  # of all buffers, those that are written here
        """Take some lines. Raises `BrokenPipeError` when the pager was left."""
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
            self._to.flush()  # a reader sees what is there while more is being looked for
        return len(data)

    def flush(self) -> None:
        """Nothing: what is kept waits for the decision, and the pager has the rest."""

    def finish(self) -> None:
        """Show what fits on the screen; or let the pager be read to its end."""
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
        """Rows of the screen that the text takes. Bytes are more than cells: never too few."""
        return sum(
            max(1, -(-len(line) // self._columns)) for line in bytes(self._kept).splitlines()
        )

    def _start(self) -> IO[bytes]:
        environment = {**_LESS, **os.environ}
        if (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8":
            environment.setdefault("LESSCHARSET", "utf-8")  # also where the locale says nothing
        self._out.flush()
        try:
            self._pager = subprocess.Popen(  # noqa: S603  # the user's own pager, as the user named it
                self._command, stdin=subprocess.PIPE, env=environment
            )
        except OSError as error:
            if "PAGER" in os.environ:
                why = (error.strerror or str(error)).lower()
                self.say(f"warning: no pager {self._command[0]!r} ($PAGER): {why}")
            return self._out
        assert self._pager.stdin is not None
        return self._pager.stdin


@contextmanager
def _interrupts_are_the_pagers() -> Iterator[None]:
    """While a pager is read, Ctrl-C ends its search and not this program under it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
