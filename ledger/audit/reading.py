"""Reading a log for its checks: in one pass, by several processes where it is long.

Each reader takes every n-th stretch of positions and sends a summary of each batch. Readers judge
nothing: what is odd is read again here, by the checks. From the first stretch that is not gapless
on, everything is read here, since batches are then cut otherwise.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from ledger.audit.batches import Batch, Needs, SummarizedBatch, Summary, batches_of
from ledger.audit.tree import TILE
from ledger.log.eventlog import EventLog
from ledger.log.rows import ENDLESS
from ledger.processes import Stopped, side_by_side, usable_processes

STRETCH = 8 * TILE
"""Positions that a process reads before it is another one's turn."""

WORTH = 16 * STRETCH
"""Lines from which on it is worth having processes that read: to have one costs some 30 ms."""


def reading(
    log: EventLog, needs: Needs, *, after: int | None = None, processes: int | None = None
) -> Iterator[Batch]:
    """The rows of a log as batches, all but the last one full; those after a position.

    `processes`: so many read, however long the log is (where each has a stretch at least). None:
    as many as can, of a log of `WORTH` lines.
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
    """Whether nothing stands before the first position, where no log has anything."""
    return after is not None or next(iter(log.stored(until=0)), None) is None


def _read_elsewhere(
    works: Sequence[Callable[[], Iterable[list[Summary]]]], count: int
) -> Iterator[list[Summary]]:
    """What they see of each stretch, in order, as far as they see whole ones."""
    # Where one stops, whoever reads on here meets what was met there.
    with suppress(Stopped), side_by_side(works) as readers:
        for n in range(count):
            stretch = next(readers[n % len(readers)])
            if not _is_whole(stretch):
                return
            yield stretch


def _is_whole(stretch: list[Summary]) -> bool:
    # Rows ascend, and none lies outside of its stretch.
    return sum(summary.count for summary in stretch) == STRETCH


def _look(log: EventLog, needs: Needs, share: list[tuple[int, int]]) -> Iterator[list[Summary]]:
    """In another process: what is seen of the stretches of a share."""
    for after, until in share:
        pages = log.stored_pages(after, until)
        yield [Summary.of(batch, needs, log.registry) for batch in batches_of(pages)]
