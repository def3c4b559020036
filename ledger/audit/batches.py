"""Stored rows, 256 at a time, and what the checks ask of them.

Nearly every batch is as it should be, which costs less to see of all its rows together than row by
row. What is asked is derived when it is asked; of a batch that another process has looked at
(`ledger.audit.reading`) it is known, and its rows are read again only where something is odd.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import islice

import msgspec
from msgspec import Struct

from ledger.audit.tree import TILE
from ledger.events import LedgerContinued, LedgerOpened
from ledger.events.base import Registry
from ledger.log.lines import LINE_LIMIT, line, lines_of
from ledger.log.restoring import are_recorded_times, is_plain
from ledger.log.rows import StoredRow, tags_of

NAMING_TYPES = (LedgerOpened.type_name, LedgerContinued.type_name)
"""The types of the events that name the log."""

TAG_ERRORS = (msgspec.MsgspecError, ValueError, TypeError)
"""What reading tags raises that are no JSON, or none of texts: the check of the lines says so."""

_NUL = r"\u0000"
_HASH = 32


class Batch:
    """Up to 256 stored rows, of whatever kind: what is damaged is of any type."""

    def __init__(self, rows: Sequence[StoredRow]) -> None:
        self.rows = rows

    @cached_property
    def first(self) -> int:
        """The first position."""
        return self.rows[0][0]

    @cached_property
    def last(self) -> int:
        """The last position. They ascend, so no gap is between two that lie `count` - 1 apart."""
        return self.rows[-1][0]

    @cached_property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    @property
    def is_gapless(self) -> bool:
        """Whether no position is missing between the first and the last."""
        return self.last - self.first + 1 == self.count

    @cached_property
    def lines(self) -> list[bytes]:
        """The line of each row.

        The row of a damaged column has no line: it counts as an empty one, which no tree holds.
        """
        try:
            return lines_of(self.rows)
        except (TypeError, AttributeError, ValueError):
            return [line_of(row) for row in self.rows]

    @cached_property
    def leaves(self) -> list[bytes]:
        """The leaf hash of each row (`merkle.leaf_hash`)."""
        return [sha256(b"\0" + text).digest() for text in self.lines]

    @cached_property
    def times(self) -> tuple[str, str] | None:
        """The first and last recorded time; None unless all are such as a log writes, in order."""
        times = [row[1] for row in self.rows]
        if are_recorded_times(times) and times == sorted(times):
            return times[0], times[-1]
        return None

    def is_plain(self, registry: Registry) -> bool:
        """Whether every row is plain (`ledger.log.restoring.is_plain`), with a line and a time."""
        sizes = [len(text) for text in self.lines]
        if self.times is None or min(sizes) == 0 or max(sizes) > LINE_LIMIT:
            return False
        return all(is_plain(row, registry) for row in self.rows)

    @cached_property
    def tag_count(self) -> int | None:
        """How many tags the rows have; None where one's cannot be read by everybody."""
        count = 0
        try:
            for row in self.rows:
                if _NUL in row[3]:
                    return None  # a database refuses to read it
                count += len(set(tags_of(row[3])))
        except TAG_ERRORS:
            return None
        return count

    @cached_property
    def names_log(self) -> bool:
        """Whether one of them says how the log is named."""
        return any(row[2] in NAMING_TYPES for row in self.rows)


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


# --- looked at elsewhere -----------------------------------------------------------------


class Needs(Struct, frozen=True):
    """What the checks need to know of each batch, beyond its positions and times."""

    plain: bool
    leaves: bool
    tags: bool
    names_log: bool


class Summary(Struct, frozen=True, array_like=True):
    """What somebody has seen of a batch, to be sent; of what nobody needs, nothing."""

    first: int
    last: int
    count: int
    times: tuple[str, str] | None
    is_plain: bool
    leaves: bytes
    tag_count: int | None
    names_log: bool

    @classmethod
    def of(cls, batch: Batch, needs: Needs, registry: Registry) -> "Summary":
        """Look at a batch."""
        return cls(
            batch.first,
            batch.last,
            batch.count,
            batch.times,
            needs.plain and batch.is_plain(registry),
            b"".join(batch.leaves) if needs.leaves else b"",
            batch.tag_count if needs.tags else None,
            needs.names_log and batch.names_log,
        )


class SummarizedBatch(Batch):
    """A batch that was looked at elsewhere; `rows` are read when they are asked for."""

    def __init__(self, summary: Summary, read: Callable[[int, int], Iterable[StoredRow]]) -> None:
        self._read = read
        self._is_plain = summary.is_plain
        # Here they stand in place of what `Batch` would derive.
        self.first, self.last, self.count = summary.first, summary.last, summary.count
        self.times = summary.times
        self.tag_count = summary.tag_count
        self.names_log = summary.names_log
        if summary.leaves:
            joined = summary.leaves
            self.leaves = [joined[at : at + _HASH] for at in range(0, len(joined), _HASH)]

    @cached_property
    def rows(self) -> Sequence[StoredRow]:  # type: ignore[override]  # read when it is asked for
        """The rows, as they are now."""
        return list(self._read(self.first - 1, self.last))

    def is_plain(self, registry: Registry) -> bool:
        """As the summary says."""
        return self._is_plain
