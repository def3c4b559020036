"""Stepping: a replay event by event, with what each event changed.

Changes come from the tables, which track them: the rows of every projection, at no cost. Or they
come from views, asked after each event that changed their tables; as in `explaining`, about every
prefix as if on the last day, since no event makes time pass.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from ledger.events.base import RecordedEvent
from ledger.projections.folds import Failure, Folding
from ledger.projections.projection import Place
from ledger.projections.querying.comparing import RowChange, Rows, compare, identity_of
from ledger.projections.querying.explaining import WatchedTable, asked_of_prefix
from ledger.projections.querying.replaying import Replay
from ledger.projections.views import Column, View


class Change(Struct, frozen=True):
    """A row that an event changed, in a table of a projection or in a view.

    `columns` are those of the view, with their units; a table has none of its own.
    """

    projection: str
    table: str
    row: RowChange
    view: bool = False
    columns: tuple[Column, ...] = ()


class Step(Struct, frozen=True):
    """An event, the rows that it changed, and the projections that it stopped."""

    entry: RecordedEvent
    changes: tuple[Change, ...]
    failures: tuple[Failure, ...]


Asked = tuple[View, Mapping[str, Any]]
"""A view, and the parameters that it is asked with."""


def steps(replay: Replay, to: int, asked: Sequence[Asked] = ()) -> Iterator[Step]:
    """Move a replay to a position event by event, as far as the caller iterates.

    `asked`: yield the rows of these views instead of those of tables. A projection with rows that
    no column can hold stops at that event, even where a later one would repair them.
    """
    replay.watch()
    last = next(replay.log.stream(to - 1, to), None) if asked else None
    at = None if last is None else Place(last.position, last.recorded_at)
    views = [_Watched(view, given, at) for view, given in asked]
    for watched in views:
        watched.look(replay.foldings)
    for entry in replay.log.stream(replay.position, to):
        failures, told, touched = [], [], set()
        for name, folding in list(replay.foldings.items()):
            failure = folding.apply_singly([entry])
            if failure is not None:
                replay.stop(name, failure)
                failures.append(failure)
                continue
            for table in folding.tables:
                assert isinstance(table, WatchedTable)
                if table.written:
                    changes = table.changes()
                    told += [Change(name, table.name, row) for row in changes]
                    touched |= {name} if changes else set()
        replay.passed([entry])
        if asked:
            ours = [watched for watched in views if watched.view.projection in touched]
            told = [change for watched in ours for change in watched.look(replay.foldings)]
        yield Step(entry, tuple(told), tuple(failures))


class _Watched:
    """A view that is asked after each event."""

    def __init__(self, view: View, given: Mapping[str, Any], at: Place | None) -> None:
        self.view = view
        self._given, self._at = given, at
        self._rows: Rows = []

    def look(self, foldings: Mapping[str, Folding[Any]]) -> list[Change]:
        """Ask the view, and return the differences from the last time."""
        folding, view = foldings.get(self.view.projection), self.view
        if folding is None or self._at is None:
            return []
        before, self._rows = self._rows, asked_of_prefix(view, folding, self._given, self._at)
        columns = view.columns(self._rows or before)
        identity = identity_of(columns, (before, self._rows))
        names = [column.name for column in columns]
        return [
            Change(view.projection, view.name, row, view=True, columns=columns)
            for row in compare(before, self._rows, names, identity)
        ]
