"""Differences in many views between two positions in the log, found in one pass.

Every projection is folded to the first position, its views are asked, and it is folded on to the
second. The log is read once, however many views are asked.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from ledger.errors import LedgerError
from ledger.events.base import RecordedEvent
from ledger.projections.faults import BadRow
from ledger.projections.folds import CHUNK, TOLD_EVERY, Failure, Folded, Folding, Log, fold
from ledger.projections.projection import Projection
from ledger.projections.querying.answers import Answer, Comparison, answer_of, ask
from ledger.projections.querying.comparing import compare, identity_of
from ledger.projections.views import View

Given = Mapping[str, Any]
Asked = Mapping[View, Given]
"""The views to ask, each with its parameters."""

Answers = dict[str, Answer | LedgerError]
"""Answers by view name; for a view that failed, its error."""


class _Walker:
    """A projection moving through the log. If a handler raises, it stops before that event."""

    def __init__(self, projection: type[Projection], asked: Asked, log: Log) -> None:
        self._kind, self._asked, self._log = projection, asked, log
        self._folding = Folding(projection.open())
        self._recorded_at: datetime | None = None
        self._stopped: Folded[Any] | None = None

    def take(self, entries: list[RecordedEvent]) -> None:
        """Apply these events."""
        if self._stopped is not None:
            return
        failure = self._folding.apply(entries)
        if failure is not None:
            self._stop(failure)
        else:
            self._recorded_at = entries[-1].recorded_at

    def answers(self) -> Answers:
        """Ask the views at this position."""
        folding = self._folding
        if self._stopped is None:
            try:
                for table in folding.tables:
                    table.settle()
            except BadRow:
                found = Folding(self._kind.open()).apply_singly(
                    self._log.stream(0, folding.position)
                )
                if found is None:
                    raise
                self._stop(found)
        if self._stopped is not None:
            return self._ask(self._stopped)
        folding.seal()
        try:
            return self._ask(
                Folded(
                    folding.projection, folding.position, self._recorded_at, folding.unread, None
                )
            )
        finally:
            for table in folding.tables:
                table.unseal()

    def _ask(self, folded: Folded[Any]) -> Answers:
        found: Answers = {}
        for view, given in self._asked.items():
            try:
                rows = ask(view, folded.projection, given)
            except LedgerError as error:  # a failing view does not stop the others
                found[view.name] = error
            else:
                found[view.name] = answer_of(view, rows, folded, folded.failure)
        return found

    def _stop(self, failure: Failure) -> None:
        # The tables hold half of that event, so fold again up to the one before.
        self._stopped = fold(self._kind, self._log.stream(0, failure.position - 1))
        self._stopped.failure = failure


def compare_between(
    wanted: Mapping[type[Projection], Asked],
    log: Log,
    before: int,
    after: int,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Comparison | LedgerError]:
    """Compare each view at two positions; for a view that failed, return its error.

    `after` may be the earlier one. A projection that cannot apply an event stops before it; its
    answers say so, and the others go on.
    """
    walkers = [_Walker(projection, asked, log) for projection, asked in wanted.items()]
    low, high = sorted((before, after))
    told = None if progress is None else _telling(progress, high)
    _walk(walkers, log.stream(0, low), told)
    first = _answers(walkers)
    _walk(walkers, log.stream(low, high), told)
    last = _answers(walkers)
    old, new = (first, last) if before <= after else (last, first)
    return {name: _compared(old[name], new[name]) for name in sorted(new)}


def _walk(
    walkers: Iterable[_Walker],
    entries: Iterable[RecordedEvent],
    told: Callable[[int], None] | None,
) -> None:
    rest = iter(entries)
    while batch := list(islice(rest, CHUNK)):
        for walker in walkers:
            walker.take(batch)
        if told is not None:
            told(batch[-1].position)


def _telling(progress: Callable[[int, int], None], high: int) -> Callable[[int], None]:
    last = 0

    def told(position: int) -> None:
        nonlocal last
        if position - last >= TOLD_EVERY or position == high:
            last = position
            progress(position, high)

    return told


def _answers(walkers: Iterable[_Walker]) -> Answers:
    return {name: answer for walker in walkers for name, answer in walker.answers().items()}


def _compared(old: Answer | LedgerError, new: Answer | LedgerError) -> Comparison | LedgerError:
    if isinstance(new, LedgerError):
        return new
    if isinstance(old, LedgerError):
        return old
    columns = new.columns or old.columns
    identity = identity_of(columns, (old.rows, new.rows))
    names = [column.name for column in columns]
    return Comparison(old, new, tuple(compare(old.rows, new.rows, names, identity)))
