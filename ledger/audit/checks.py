"""Checks of a log's lines, fed with the stored rows as they are: each re-derives one thing.

All of them read the same rows in one pass, 256 at a time. None believes anything that is kept, and
none changes anything. What they find has the position and says what differs.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import islice
from typing import Literal, Protocol

from msgspec import Struct

from ledger.audit.tree import TILE
from ledger.errors import BadInput
from ledger.events.base import Registry
from ledger.log.lines import LINE_LIMIT, Row, line, lines_of, parse_line
from ledger.log.restoring import are_recorded_times, check_event, check_recorded_at, is_plain
from ledger.log.rows import StoredRow

State = Literal["ok", "bad", "not checked"]

SHOWN = 20
"""Findings of a check that are told one by one; further ones are counted."""


class Finding(Struct, frozen=True):
    """One thing that is not as it should be, at a position where it has one."""

    what: str
    position: int | None = None
    advice: str = ""


class Result(Struct, frozen=True):
    """What came of a check. `found` says it in one line; `seconds` is its share of the time."""

    check: str
    state: State
    found: str
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0


class Findings:
    """Collects findings: the first ones as they are, the others by their number."""

    def __init__(self) -> None:
        self.first: list[Finding] = []
        self.count = 0

    def add(self, what: str, position: int | None = None, advice: str = "") -> None:
        """One more."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(Finding(what, position, advice))

    def result(self, check: str, well: str) -> Result:
        """The result of a check that looked for these; `well` says what is so where none is."""
        if not self.count:
            return Result(check, "ok", well)
        first = self.first[0].what
        more = f", and {self.count - 1:,} more" if self.count > 1 else ""
        return Result(check, "bad", f"{first}{more}", tuple(self.first))


class Batch:
    """Up to 256 stored rows, with their lines and leaf hashes where somebody wants them.

    The row of a damaged column has no line: it counts as an empty one, which no tree holds.
    """

    def __init__(self, rows: Sequence[StoredRow]) -> None:
        self.rows = rows

    @cached_property
    def lines(self) -> list[bytes]:
        """The line of each row."""
        try:
            return lines_of(self.rows)
        except (TypeError, AttributeError, ValueError):
            return [line_of(row) for row in self.rows]

    @cached_property
    def leaves(self) -> list[bytes]:
        """The leaf hash of each row (`merkle.leaf_hash`)."""
        return [sha256(b"\0" + text).digest() for text in self.lines]

    @cached_property
    def timed(self) -> bool:
        """Whether every row has a recorded time that a log writes."""
        return are_recorded_times([row[1] for row in self.rows])


def line_of(row: StoredRow) -> bytes:
    """The line of a row; empty where its columns are not such as a log writes."""
    try:
        return line(*row)
    except (TypeError, AttributeError, ValueError):
        return b""


def batches(rows: Iterator[StoredRow]) -> Iterator[Batch]:
    """Rows as batches, all but the last one full."""
    while some := list(islice(rows, TILE)):
        yield Batch(some)


def batches_of(pages: Iterable[Sequence[StoredRow]]) -> Iterator[Batch]:
    """Pages as batches, all but the last one full: where those are of whole batches, too."""
    for page in pages:
        for start in range(0, len(page), TILE):
            yield Batch(page[start : start + TILE])


class RowCheck(Protocol):
    """A check that sees every row once, in the order of positions."""

    name: str

    def take(self, batch: Batch) -> None:
        """The next rows."""

    def result(self) -> Result:
        """What came of it, when all rows were seen."""


class Positions:
    """Positions count from 1, or go on from `after`, without a gap."""

    name = "positions"

    def __init__(self, after: int = 0) -> None:
        self._after = after
        self._last = after
        self._findings = Findings()

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        first, last = batch.rows[0][0], batch.rows[-1][0]
        if first == self._last + 1 and last == self._last + len(batch.rows):
            self._last = last  # they ascend: nothing can be missing between
            return
        for position, *_ in batch.rows:
            if position < 1:
                self._findings.add(f"#{position} is no position of a log", position)
            elif position != self._last + 1:
                self._findings.add(_missing(self._last + 1, position - 1), self._last + 1)
            self._last = max(position, self._last)

    def result(self) -> Result:
        """See `RowCheck.result`."""
        if self._last == self._after:
            return self._findings.result(self.name, f"nothing after #{self._after}")
        return self._findings.result(self.name, f"#{self._after + 1} to #{self._last}, no gap")


class Times:
    """Recorded times are written as a log writes them, and never go back."""

    name = "times"

    def __init__(self, before: str = "") -> None:
        self._before = before
        self._findings = Findings()

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        before = self._before
        if batch.timed:
            times = [before, *(row[1] for row in batch.rows)]
            if times == sorted(times):
                self._before = times[-1]
                return
        for position, recorded_at, *_ in batch.rows:
            if recorded_at == before:  # a batch, or a clock that stood still: looked at already
                continue
            try:
                check_recorded_at(recorded_at, before)
            except BadInput as error:
                self._findings.add(f"#{position}: {error.message}", position)
                continue
            except TypeError:
                self._findings.add(f"#{position} has no recorded time", position)
                continue
            before = recorded_at
        self._before = before

    def result(self) -> Result:
        """See `RowCheck.result`."""
        return self._findings.result(self.name, "recorded times never go back")


class Lines:
    """Each row is one that a log writes: its line is read back as it is, with its event's tags."""

    name = "lines"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._findings = Findings()
        self._count = 0

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        registry = self._registry
        sizes = [len(text) for text in batch.lines]
        sound = batch.timed and min(sizes) > 0 and max(sizes) <= LINE_LIMIT
        for row, text in zip(batch.rows, batch.lines, strict=True):
            if sound and is_plain(row, registry):
                continue
            try:
                if not text:
                    raise BadInput("a column holds what no log writes")
                if len(text) > LINE_LIMIT:
                    raise BadInput(f"it has {len(text):,} bytes, and a line at most {LINE_LIMIT:,}")
                parse_line(text)
                check_event(Row(*row), registry)
            except BadInput as error:
                self._findings.add(f"#{row[0]}: {error.message}", row[0])
        self._count += len(batch.rows)

    def result(self) -> Result:
        """See `RowCheck.result`."""
        return self._findings.result(self.name, f"{self._count:,} read, each as it was written")


def _missing(first: int, last: int) -> str:
    return f"#{first} is missing" if first == last else f"#{first} to #{last} are missing"
