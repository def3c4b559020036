"""Stored rows in batches of 256, read by one process or, for a long log, by several.

Nearly every batch is sound, and seeing that for all rows at once is cheaper than row by row. A
`Batch` derives each answer when a check asks for it. With several processes, each takes every n-th
stretch of positions and sends a summary of each batch. They judge nothing: a check that finds a
summary odd reads the rows again here. After the first stretch with a gap, everything is read here,
because batches no longer line up with stretches.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from hashlib import sha256
from itertools import islice

import msgspec
from msgspec import Struct

from ledger.audit.tree import TILE
from ledger.events import LedgerContinued, LedgerOpened
from ledger.events.base import Registry
from ledger.log.eventlog import EventLog
from ledger.log.lines import LINE_LIMIT, line
from ledger.log.restoring import are_recorded_times, is_plain
from ledger.log.rows import ENDLESS, StoredRow, tags_of
from ledger.processes import Stopped, side_by_side, usable_processes

NAMING_TYPES = (LedgerOpened.type_name, LedgerContinued.type_name)
"""The types of the events that name the log."""

TAG_ERRORS = (msgspec.MsgspecError, ValueError, TypeError)
"""Raised for tags that are not a JSON array of strings; the check of the lines reports those."""

STRETCH = 8 * TILE
"""Positions that one process reads before the next one takes its turn."""

WORTH = 16 * STRETCH
"""Lines from which further processes pay off; starting one costs about 30 ms."""

_NUL = r"\u0000"
_HASH = 32


class Batch:
    """Up to 256 stored rows; in a damaged log their columns may have any type."""

    def __init__(self, rows: Sequence[StoredRow]) -> None:
        self.rows = rows

    @cached_property
    def first(self) -> int:
        """The first position."""
        return self.rows[0][0]

    @cached_property
    def last(self) -> int:
        """The last position. Positions ascend: `first` + `count` - 1 means that none is missing."""
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
        """The line of each row; empty, which no tree holds, for a row with a damaged column."""
        try:
            return [line(*row) for row in self.rows]
        except (TypeError, AttributeError, ValueError):
            return [line_of(row) for row in self.rows]

    @cached_property
    def leaves(self) -> list[bytes]:
        """The leaf hash of each row (`merkle.leaf_hash`)."""
        return [sha256(b"\0" + text).digest() for text in self.lines]

    @cached_property
    def times(self) -> tuple[str, str] | None:
        """The first and last recorded time; None unless all are well-formed and in order."""
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
        """How many tags the rows have; None if some database could not read one of them."""
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
        """Whether one of the rows names the log."""
        return any(row[2] in NAMING_TYPES for row in self.rows)


def line_of(row: StoredRow) -> bytes:
    """The line of a row; empty if a column holds what no log writes."""
    try:
        return line(*row)
    except (TypeError, AttributeError, ValueError):
        return b""


def batches(rows: Iterator[StoredRow]) -> Iterator[Batch]:
    """Group rows into batches, all but the last one full."""
    while some := list(islice(rows, TILE)):
        yield Batch(some)


def batches_of(pages: Iterable[Sequence[StoredRow]]) -> Iterator[Batch]:
    """Cut pages into batches, all full except at the end of a page."""
    for page in pages:
        for start in range(0, len(page), TILE):
            yield Batch(page[start : start + TILE])


# --- summaries from other processes ------------------------------------------------------


class Needs(Struct, frozen=True):
    """The answers that the checks need for each batch, beyond its positions and times."""

    plain: bool
    leaves: bool
    tags: bool
    names_log: bool


class Summary(Struct, frozen=True, array_like=True):
    """A batch as another process saw it, with only the answers that are needed."""

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
        """Summarize a batch."""
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
    """A batch that another process summarized; `rows` are read on first use."""

    def __init__(self, summary: Summary, read: Callable[[int, int], Iterable[StoredRow]]) -> None:
        self._read = read
        self._is_plain = summary.is_plain
        # These take the place of what `Batch` would derive.
        self.first, self.last, self.count = summary.first, summary.last, summary.count
        self.times = summary.times
        self.tag_count = summary.tag_count
        self.names_log = summary.names_log
        if summary.leaves:
            joined = summary.leaves
            self.leaves = [joined[at : at + _HASH] for at in range(0, len(joined), _HASH)]

    @cached_property
    def rows(self) -> Sequence[StoredRow]:  # type: ignore[override]  # read on first use
        """The rows as they are now."""
        return list(self._read(self.first - 1, self.last))

    def is_plain(self, registry: Registry) -> bool:
        """Whether every row is plain, according to the summary."""
        return self._is_plain


# --- reading a log -----------------------------------------------------------------------


def read_batches(
    log: EventLog, needs: Needs, *, after: int | None = None, processes: int | None = None
) -> Iterator[Batch]:
    """Read the rows of a log after a position in batches, all but the last one full.

    `processes` sets how many read, however short the log (each needs one stretch at least). None:
    one for each usable core if the log has `WORTH` lines, else one.
    """
    first = after or 0
    stretches = [(n, n + STRETCH) for n in range(first, log.head() - STRETCH + 1, STRETCH)]
    count = usable_processes() if processes is None else processes
    is_shared = bool(stretches) and (processes is not None or len(stretches) * STRETCH >= WORTH)
    here = -ENDLESS if after is None else after
    if count > 1 and is_shared and _begins(log, after):
        shares = [share for n in range(count) if (share := stretches[n::count])]
        works = [partial(_look, log, needs, share) for share in shares]
        for stretch in _read_elsewhere(works, len(stretches)):
            for summary in stretch:
                yield SummarizedBatch(summary, log.stored)
            here = stretch[-1].last
    yield from batches_of(log.stored_pages(here))


def _begins(log: EventLog, after: int | None) -> bool:
    """Whether the rows begin at the first position: a damaged log may have some before #1."""
    return after is not None or next(iter(log.stored(until=0)), None) is None


def _read_elsewhere(
    works: Sequence[Callable[[], Iterable[list[Summary]]]], count: int
) -> Iterator[list[Summary]]:
    """Yield the summaries of each stretch, in order, up to the first one with a gap."""
    # If a process stops, this one reads on from there and meets the same error.
    with suppress(Stopped), side_by_side(works) as readers:
        for n in range(count):
            stretch = next(readers[n % len(readers)])
            if not _is_whole(stretch):
                return
            yield stretch


def _is_whole(stretch: list[Summary]) -> bool:
    # Rows ascend, and none lies outside its stretch.
    return sum(summary.count for summary in stretch) == STRETCH


def _look(log: EventLog, needs: Needs, share: list[tuple[int, int]]) -> Iterator[list[Summary]]:
    """Summarize the stretches of a share, in another process."""
    for after, until in share:
        pages = log.stored_pages(after, until)
        yield [Summary.of(batch, needs, log.registry) for batch in batches_of(pages)]
