"""Reading a log for its checks: in one pass, by several processes where it is long.

Each process takes every n-th stretch of positions, reads it for itself, and tells of each batch
what it has seen. They judge nothing: what is odd is read again here, by the checks. From the
first stretch that is not gapless on, everything is read here, since batches are then cut otherwise.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from ledger.audit.batches import Asked, Batch, Seen, SeenBatch, batches_of
from ledger.audit.tree import TILE
from ledger.log.eventlog import EventLog
from ledger.log.rows import ENDLESS
from ledger.processes import Stopped, at_hand, side_by_side

STRETCH = 8 * TILE
"""Positions that a process reads before it is another one's turn."""

WORTH = 16 * STRETCH
"""Lines from which on it is worth having further processes: to have one costs some 30 ms."""


def reading(
    log: EventLog, asked: Asked, *, after: int | None = None, processes: int | None = None
) -> Iterator[Batch]:
    """The rows of a log as batches, all but the last one full; those after a position.

    `processes`: how many read, as many as there are cores where None.
    """
    first = after or 0
    stretches = [(n, n + STRETCH) for n in range(first, log.head() - STRETCH + 1, STRETCH)]
    count = at_hand() if processes is None else processes
    is_long = bool(stretches) and (processes is not None or len(stretches) * STRETCH >= WORTH)
    here = -ENDLESS if after is None else after
    if count > 1 and is_long and _begins(log, after):
        shares = [share for n in range(count) if (share := stretches[n::count])]
        works = [partial(_look, log, asked, share) for share in shares]
        for stretch in _read_elsewhere(works, len(stretches)):
            for seen in stretch:
                yield SeenBatch(seen, log.stored)
            here = stretch[-1].last
    yield from batches_of(log.stored_pages(here))


def _begins(log: EventLog, after: int | None) -> bool:
    """Whether nothing stands before the first position, where no log has anything."""
    return after is not None or next(iter(log.stored(until=0)), None) is None


def _read_elsewhere(
    works: Sequence[Callable[[], Iterable[list[Seen]]]], count: int
) -> Iterator[list[Seen]]:
    """What they see of each stretch, in order, as far as they see whole ones."""
    with side_by_side(works) as told:
        try:
            for n in range(count):
                stretch = next(told[n % len(told)])
                if not _is_whole(stretch):
                    return
                yield stretch
        except Stopped:
            return  # whoever reads on here meets what was met there


def _is_whole(stretch: list[Seen]) -> bool:
    # Rows ascend, and none lies outside of its stretch.
    return sum(seen.count for seen in stretch) == STRETCH


def _look(log: EventLog, asked: Asked, share: list[tuple[int, int]]) -> Iterator[list[Seen]]:
    """In another process: what is seen of the stretches of a share."""
    for after, until in share:
        pages = log.stored_pages(after, until)
        yield [Seen.of(batch, asked, log.registry) for batch in batches_of(pages)]
