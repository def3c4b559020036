"""The cost of plugins: their import, and their part of a replay."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from ledger.events.base import RecordedEvent
from ledger.plugin_host.finding import Found, source_file
from ledger.projections import Folding, Log, Projection
from ledger.projections.folds import CHUNK

_IMPORT = """
import sys, time
import ledger.events, ledger.plugin, ledger.plugin_host.loading
from ledger.plugin_host.finding import Found
found = Found(*sys.argv[1:6])
begun = time.perf_counter()
try:
    ledger.plugin_host.loading.import_module(found)
except BaseException:
    pass
print((time.perf_counter() - begun) * 1000)
"""


class Cost(Struct, frozen=True):
    """The cost of a projection in a replay.

    `events` counts those that it handles, `us_per_event` is the microseconds for one of them;
    `share` is its part of the whole replay, including reading the log.
    """

    plugin: str
    projection: str
    events: int
    us_per_event: float
    rows: int
    share: float
    failure: str | None


class Costs(Struct, frozen=True):
    """A replay of all events: the time of each projection, and of the log."""

    projections: tuple[Cost, ...]
    events: int
    seconds: float
    reading_share: float


def measure_import(found: Found) -> float:
    """Return the milliseconds that importing a plugin takes, in a fresh interpreter.

    The parts of this project that every plugin needs are imported before.
    """
    # The child searches this program's import path, however it was started.
    code = f"import sys; sys.path[:] = {sys.path!r}\n{_IMPORT}"
    file = source_file(found)
    where = str(file) if found.origin == "file" and file is not None else found.where
    done = subprocess.run(  # noqa: S603 - our own interpreter, with a plugin that is in use
        [sys.executable, "-c", code, found.name, found.origin, found.module, found.version, where],
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.strip().splitlines()[-1:] or ["nan"]
    return round(float(last[0]), 1)


def profile_projections(projections: Sequence[type[Projection]], log: Log) -> Costs:
    """Fold the whole log once through each projection, and time each part."""
    foldings = [_Timed(projection) for projection in projections]
    events = 0
    begun = time.perf_counter()
    reading = 0.0
    for entries in _chunks(log):
        events += len(entries)
        for folding in foldings:
            folding.apply(entries)
    for folding in foldings:
        folding.settle()
    seconds = time.perf_counter() - begun
    reading = max(seconds - sum(folding.seconds for folding in foldings), 0.0)
    whole = seconds or 1.0
    return Costs(
        tuple(folding.cost(whole) for folding in foldings), events, seconds, reading / whole
    )


class _Timed:
    def __init__(self, projection: type[Projection]) -> None:
        self._projection = projection
        self._folding: Folding[Any] = Folding(projection.open())
        self._failure: str | None = None
        self._handled = 0
        self.seconds = 0.0

    def apply(self, entries: list[RecordedEvent]) -> None:
        """Apply events, up to the first that the projection cannot apply."""
        if self._failure is not None:
            return
        begun = time.perf_counter()
        failure = self._folding.apply(entries)
        self.seconds += time.perf_counter() - begun
        self._handled += sum(entry.type in self._projection.handlers for entry in entries)
        if failure is not None:
            self._failure = f"#{failure.position}: {failure.error}"

    def settle(self) -> None:
        """Check and sort the rows, as is done before storing them."""
        begun = time.perf_counter()
        if self._failure is None:
            for table in self._folding.tables:
                table.settle()
        self.seconds += time.perf_counter() - begun

    def cost(self, whole: float) -> Cost:
        """Return its cost, given the seconds of the whole replay."""
        rows = sum(len(table.rows()) for table in self._folding.tables)
        each = self.seconds / self._handled * 1e6 if self._handled else 0.0
        return Cost(
            self._projection.plugin,
            self._projection.name,
            self._handled,
            round(each, 1),
            rows,
            round(self.seconds / whole, 3),
            self._failure,
        )


def _chunks(log: Log) -> Iterator[list[RecordedEvent]]:
    chunk: list[RecordedEvent] = []
    for entry in log.stream():
        chunk.append(entry)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
