"""Run the terminal sessions that the docs show, and compare their output with the page.

A ```console block holds lines `$ command`, each followed by what the terminal shows. A `...` alone
on a line stands for any lines, a `...` within one for any text. Every command of a page runs in the
page's one folder, in order; folder changes and exported variables last, as in a terminal.

A command that is meant to fail is followed by `$ echo $?` with its exit code; without it, a failing
command fails the test.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.sources import ROOT

_LAUNCHER = """#!/bin/sh
exec {python} -c 'import sys; sys.argv[0] = "studio-ledger"
from ledger.commands import cli
cli()' "$@"
"""

_SESSION = """
cd "$(cat {state}/folder)" && . {state}/variables
{command}
_code=$?
pwd > {state}/folder
export -p > {state}/variables
exit $_code
"""

_WITHIN = 60
"""Seconds for one command of a page; a reader would not wait longer either."""


@dataclass(frozen=True)
class Step:
    """A command and what the page says it shows; `line` counts within the block, from 0."""

    command: str
    shows: tuple[str, ...]
    line: int


def steps(block: str) -> list[Step]:
    """Return the commands of a console block. A `$ ` begins one, `> ` continues it."""
    found: list[Step] = []
    for number, line in enumerate(block.splitlines()):
        if line.startswith("$ "):
            found.append(Step(line[2:], (), number))
        elif not found:
            raise ValueError(f"a console block begins with '$ command', not with {line!r}")
        elif line.startswith("> ") and not found[-1].shows:
            found[-1] = Step(f"{found[-1].command}\n{line[2:]}", (), found[-1].line)
        else:
            found[-1] = Step(found[-1].command, (*found[-1].shows, line), found[-1].line)
    return found


def matches(shown: str, written: tuple[str, ...]) -> bool:
    """Whether the text equals the page, with `...` as a wildcard; trailing blanks do not count."""
    pattern = "".join(_line_patterns(written))
    text = "".join(f"{line.rstrip()}\n" for line in shown.rstrip().splitlines())
    return re.fullmatch(pattern, text) is not None


def _line_patterns(written: tuple[str, ...]) -> Iterator[str]:
    for line in "\n".join(written).rstrip().splitlines():
        if line.strip() == "...":
            yield r"(?:.*\n)*"
        else:
            yield r".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"\n"


class Terminal:
    """One page's terminal: a folder, a `studio-ledger` on its path, and no personal settings."""

    def __init__(self, base: Path, *, variables: Mapping[str, str] | None = None) -> None:
        self.folder = base / "page"
        self._state = base / "state"
        programs = base / "bin"
        for new in (self.folder, self._state, programs):
            new.mkdir(parents=True)
        launcher = programs / "studio-ledger"
        launcher.write_text(_LAUNCHER.format(python=shlex.quote(sys.executable)), encoding="utf-8")
        launcher.chmod(0o755)
        (self._state / "folder").write_text(f"{self.folder}\n", encoding="utf-8")
        (self._state / "variables").touch()
        self._environment = {
            "PATH": f"{programs}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}",
            "PYTHONUTF8": "1",
            "HOME": str(base),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "100",
            "NO_COLOR": "1",
            **(variables or {}),
        }
        self._last_code = 0

    def run(self, block: str) -> str | None:
        """Run a block and return the difference from the page, None if there is none."""
        every = steps(block)
        for step, following in zip(every, [*every[1:], None], strict=True):
            if step.command == "echo $?":
                shown = str(self._last_code)
            else:
                shown, self._last_code = self._type(step.command)
                announced = following is not None and following.command == "echo $?"
                if self._last_code and not announced:
                    return f"$ {step.command}\nfailed with {self._last_code}:\n{shown}"
            if not matches(shown, step.shows):
                written = "\n".join(step.shows)
                return f"$ {step.command}\nshowed:\n{shown}\nand the page says:\n{written}"
        return None

    def _type(self, command: str) -> tuple[str, int]:
        done = subprocess.run(
            [
                "/bin/sh",
                "-c",
                _SESSION.format(state=shlex.quote(str(self._state)), command=command),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env=self._environment,
            timeout=_WITHIN,
            check=False,
        )
        return done.stdout, done.returncode
