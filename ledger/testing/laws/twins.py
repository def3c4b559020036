"""The same fold in two other processes, which differ in everything that it must not depend on.

Python orders a set of texts by hashes, with a new salt for each process. So each of the two
twins has its own salt, time zone and language. They are started once and asked often: a line
of JSON each way.
"""

import atexit
import os
import subprocess
import sys
from collections.abc import Sequence
from inspect import getsourcefile
from typing import Any

import msgspec
from msgspec import Struct

from ledger.events.base import RecordedEvent
from ledger.projections import Projection
from ledger.testing.drawing.studio import stored
from ledger.testing.laws.contents import LawBroken, Parameters, Seen

_SURROUNDINGS = (
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C"},
    {"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"},
)


class Request(Struct):
    """A request to a twin: fold these rows with this projection, and look."""

    module: str
    file: str
    name: str
    parameters: dict[str, dict[str, Any]]
    rows: list[tuple[int, str, str, str, bytes]]


class Reply(Struct):
    """A twin's view of the projection, or why there is none."""

    seen: Seen = {}
    problem: str = ""


class _Twin:
    def __init__(self, surroundings: dict[str, str]) -> None:
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        self._program = subprocess.Popen(
            [sys.executable, "-m", "ledger.testing.laws.twin_program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths, **surroundings},
        )

    def ask(self, line: bytes) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(line + b"\n")
        self._program.stdin.flush()

    def answer(self) -> bytes:
        assert self._program.stdout is not None
        return self._program.stdout.readline()

    def end(self) -> None:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.close()
        self._program.stdout.close()
        self._program.wait()


_twins: list[_Twin] = []


def _end() -> None:
    while _twins:
        _twins.pop().end()


def seen_elsewhere(
    projection: type[Projection], entries: Sequence[RecordedEvent], parameters: Parameters
) -> list[Seen]:
    """Return what each of the twins sees. Raises `LawBroken` if one fails."""
    if "<locals>" in projection.__qualname__:
        raise LawBroken(
            f"{projection.__name__} is made inside a function, where no other process finds it.",
            advice="Write the class at the top of its module.",
        )
    if not _twins:
        _twins.extend(_Twin(surroundings) for surroundings in _SURROUNDINGS)
        atexit.register(_end)
    request = Request(
        projection.__module__,
        getsourcefile(projection) or "",
        projection.__qualname__,
        {name: dict(given) for name, given in parameters.items()},
        [stored(entry) for entry in entries],
    )
    line = msgspec.json.encode(request, enc_hook=str)
    for twin in _twins:
        twin.ask(line)
    answers = [twin.answer() for twin in _twins]
    if not all(answers):
        _end()  # the next question starts new twins
        raise LawBroken(
            f"{projection.__name__} ends the process that folds it.",
            advice="Raise nothing but exceptions, and leave sys.exit to the command line.",
        )
    replies = [msgspec.json.decode(answer, type=Reply) for answer in answers]
    for reply in replies:
        if reply.problem:
            raise LawBroken(
                f"In another process {projection.__name__} fails: {reply.problem}",
                advice="Make sure that its module can be imported, and that no handler or view "
                "depends on the process that it runs in.",
            )
    return [reply.seen for reply in replies]
