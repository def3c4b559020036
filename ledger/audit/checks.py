"""Checks of a log's lines, fed with the stored rows as they are: each re-derives one thing.

All of them read the same rows in one pass, 256 at a time. None believes anything that is kept, and
none changes anything. What they find has the position and says what differs.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from secrets import token_bytes
from typing import Literal, Protocol

import msgspec
from msgspec import Struct

from ledger.audit.merkle import leaf_hash
from ledger.audit.tree import TILE
from ledger.errors import BadInput
from ledger.events.base import Registry
from ledger.log.lines import LINE_LIMIT, Row, line, parse_line
from ledger.log.restoring import check_event, check_recorded_at
from ledger.log.rows import StoredRow, tags_of

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
            return [line(*row) for row in self.rows]
        except (TypeError, AttributeError, ValueError):
            return [line_of(row) for row in self.rows]

    @cached_property
    def leaves(self) -> list[bytes]:
        """The leaf hash of each row."""
        return [leaf_hash(text) for text in self.lines]


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
        for row, text in zip(batch.rows, batch.lines, strict=True):
            try:
                if not text:
                    raise BadInput("a column holds what no log writes")
                if len(text) > LINE_LIMIT:
                    raise BadInput(f"it has {len(text):,} bytes, and a line at most {LINE_LIMIT:,}")
                parse_line(text)
                check_event(Row(*row), self._registry)
            except BadInput as error:
                self._findings.add(f"#{row[0]}: {error.message}", row[0])
        self._count += len(batch.rows)

    def result(self) -> Result:
        """See `RowCheck.result`."""
        return self._findings.result(self.name, f"{self._count:,} read, each as it was written")


class Index:
    """The tag index names the tags of the lines, all of them and no other.

    Both sides are added up as keyed hashes of (tag, type, position), by groups of positions: equal
    sums mean equal sets, since nobody who wrote the index can have known the key. So neither has
    to be held or sorted. Where sums differ, the rows of that group are compared one by one.
    """

    name = "index"

    def __init__(
        self,
        stored: Callable[[int], Iterable[tuple[str, str, int]]],
        rows: Callable[[int, int], Iterable[StoredRow]],
        after: int = 0,
    ) -> None:
        self._stored = stored
        self._rows = rows
        self._after = after
        self._key = token_bytes(32)
        self._sums: dict[int, int] = {}
        self._count = 0

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        for row in batch.rows:
            for tag in _tags(row):
                self._add(tag, row[2], row[0], 1)
                self._count += 1

    def _add(self, tag: str, type: str, position: int, sign: int) -> None:
        text = f"{position}\0{type}\0{tag}".encode("utf-8", "surrogatepass")
        value = int.from_bytes(blake2b(text, key=self._key, digest_size=16).digest(), "big")
        group = position // TILE
        self._sums[group] = self._sums.get(group, 0) + sign * value

    def result(self) -> Result:
        """See `RowCheck.result`."""
        findings = Findings()
        for tag, type, position in self._stored(self._after):
            self._add(str(tag), str(type), position, -1)
        wrong = sorted(group for group, left in self._sums.items() if left)
        if wrong:
            self._compare(set(wrong), findings)
        return findings.result(self.name, f"{self._count:,} entries, those of the lines")

    def _compare(self, groups: set[int], findings: Findings) -> None:
        entries: dict[int, set[tuple[str, str]]] = {}
        for tag, type, position in self._stored(self._after):
            if position // TILE in groups:
                entries.setdefault(position, set()).add((tag, type))
        lines: dict[int, set[tuple[str, str]]] = {}
        for group in groups:
            first = max(group * TILE - 1, self._after)
            for row in self._rows(first, group * TILE + TILE - 1):
                lines[row[0]] = {(tag, row[2]) for tag in _tags(row)}
        for position in sorted({*entries, *lines}):
            kept, true = entries.get(position, set()), lines.get(position, set())
            for tag, type in sorted(true - kept, key=str):
                findings.add(
                    f"the tag index lacks {tag} ({type}) of #{position}", position, _REBUILD
                )
            for tag, type in sorted(kept - true, key=str):
                findings.add(
                    f"the tag index names {tag} ({type}) at #{position}, which its line does not",
                    position,
                    _REBUILD,
                )


def _tags(row: StoredRow) -> set[str]:
    try:
        return set(tags_of(row[3]))
    except (
        msgspec.MsgspecError,
        ValueError,
        TypeError,
    ):  # no JSON, or none of texts: the lines' own check says so
        return set()


def _missing(first: int, last: int) -> str:
    return f"#{first} is missing" if first == last else f"#{first} to #{last} are missing"


_REBUILD = "Decisions read by it. Restore the ledger from its lines: audit export, import"
