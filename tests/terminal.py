"""The command line as tests use it: in this process for what it says, in its own for its end."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from click.testing import CliRunner

from ledger.commands import cli
from tests.sources import ROOT


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, its data and its words."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its data, which must be JSON."""
        return json.loads(self.out)


class Terminal:
    """Commands on one ledger, as somebody called ada."""

    def __init__(self, ledger: str) -> None:
        self.ledger = ledger
        self._first = ("--ledger", ledger, "--actor", "ada")

    def run(self, *words: str, stdin: str | bytes | None = None) -> Done:
        """Run a command within this process."""
        done = CliRunner().invoke(
            cli, [*self._first, *words], input=stdin, prog_name="studio-ledger"
        )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout_bytes.decode(), done.stderr)

    def must(self, *words: str, stdin: str | bytes | None = None) -> Done:
        """Run a command that has to succeed."""
        done = self.run(*words, stdin=stdin)
        assert done.code == 0, f"{' '.join(words)}: {done.code} {done.err}"
        return done

    def program(self, *words: str, stdin: bytes = b"", **options: Any) -> Done:
        """Run a command as a program of its own."""
        done = subprocess.run(
            [*self.command(*words)],
            input=stdin,
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONWARNINGS": "default", **options.pop("env", {})},
            **options,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def command(self, *words: str) -> list[str]:
        """The words of a command as a program of its own."""
        return [sys.executable, str(ROOT / "cli.py"), *self._first, *words]

    def on_screen(self, *words: str, rows: int = 24, columns: int = 100, **env: str) -> Done:
        """Run a command as a program of its own on a real pseudo-terminal of that size."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        program = subprocess.Popen(
            self.command(*words),
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env={**os.environ, "TERM": "xterm", **env},
        )
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # on Linux the end of a terminal is an error
            while piece := os.read(ours, 65_536):
                shown += piece
        os.close(ours)
        _, err = program.communicate(timeout=60)
        return Done(program.returncode, shown.decode().replace("\r\n", "\n"), err.decode())

    def lines(self) -> list[bytes]:
        """The stored lines: what a command that recorded nothing has not changed."""
        from ledger.application import Ledger

        if "://" not in self.ledger and not Path(self.ledger).exists():
            return []
        with Ledger.open(self.ledger, read_only=True) as ledger:
            return list(ledger.log.lines())


def studio(ledger: str, *, anew: bool = False) -> Terminal:
    """A terminal on a new ledger: a campus, two stages, a project, a firm booking and a hold.

    In a file it is a copy of the one that this test process made first, unless it has to be
    another ledger than that (`anew`): ten commands take a third of a second.
    """
    terminal = Terminal(ledger)
    if anew or "://" in ledger:
        for words in _STUDIO:
            terminal.must(*words)
    else:
        with open(os.open(ledger, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(_made_once())
    return terminal


@cache
def _made_once() -> bytes:
    with TemporaryDirectory() as folder:
        place = Path(folder) / "studio.db"
        studio(str(place), anew=True)
        assert [file.name for file in place.parent.iterdir()] == [place.name]
        return place.read_bytes()


_STUDIO = (
    ("init", "--zone", "Asia/Shanghai", "--origin", "studio.example"),
    ("site", "add", "main", "--name", "永川科技片场", "--zone", "Asia/Shanghai"),
    ("site", "add", "north", "--name", "North", "--zone", "Europe/Berlin"),
    ("space", "add", "stage-1", "--site", "main", "--name", "一号棚", "--kind", "stage",
     "--area-m2", "3200", "--in-service-on", "2023-05-01"),
    ("space", "add", "stage-2", "--site", "north", "--name", "Stage 2", "--kind", "virtual stage",
     "--area-m2", "1850.5", "--in-service-on", "2023-05-01"),
    ("project", "open", "wild", "--title", "狂野时代 🎬", "--kind", "feature",
     "--on", "2024-01-15"),
    ("booking", "hold", "stage-1", "wild", "--days", "2025-07-01..2025-07-14", "--booking", "b-1",
     "--confirm"),
    ("booking", "hold", "stage-1", "wild", "--days", "2025-08-01..2025-08-14", "--booking", "b-2"),
    ("equipment", "add", "led-a", "--name", "LED wall A", "--kind", "LED wall", "--at-place",
     "stage-1", "--at", "2024-01-01"),
)  # fmt: skip


def leaves(
    group: click.Group, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command of the tree that does something, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*words, name))
            if command.invoke_without_command:
                yield (*words, name), command
        else:
            yield (*words, name), command
