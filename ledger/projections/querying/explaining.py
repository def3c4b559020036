"""Explaining: the events behind a row of a view, from the log alone.

An event is *behind* a row if the row read differently after it than before it. So the log is folded
event by event, and the view asked again whenever the tables have changed. That needs nothing from
the plugin's author, and is exact however the view computes its rows: applied in order, the changes
add up to the row.

Time also passes in a log: a stage is idle longer, a milestone later, only because a further event
was recorded on a later day. Such an event is not a cause. So the view is asked about every prefix
as if on the last day, that of the answer being explained.
"""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from msgspec import Struct

from ledger.events.base import RecordedEvent
from ledger.projections.folds import Folding, Log
from ledger.projections.projection import Place, Projection
from ledger.projections.querying.comparing import RowChange, Rows, compare, identity_of
from ledger.projections.rows import Key, R
from ledger.projections.tables import Table
from ledger.projections.views import View


class Cause(Struct, frozen=True):
    """An event behind the rows that were asked about, and what it changed in them."""

    entry: RecordedEvent
    changes: tuple[RowChange, ...]


class WatchedTable(Table[R]):
    """A table in memory that remembers what was written to it since it was last asked."""

    __slots__ = ("_before",)

    def __init__(self, name: str, layout: Any) -> None:
        super().__init__(name, layout)
        self._before: dict[Key, R | None] = {}

    def edit(self, *key: Any) -> R:
        """See `Table.edit`."""
        self._note(key)
        return super().edit(*key)

    def put(self, row: R) -> None:
        """See `Table.put`."""
        self._note(self.layout.key_of(row))
        super().put(row)

    def delete(self, *key: Any) -> None:
        """See `Table.delete`."""
        self._note(key)
        super().delete(*key)

    def drain(self) -> tuple[list[R], list[Key]]:
        """See `Table.drain`. Also forgets the changes so far."""
        self._before = {}
        return super().drain()

    def changed(self) -> bool:
        """Whether a row differs from when this or `changes` was last called."""
        before, rows, gone = self._news()
        return any(before[self.layout.key_of(row)] != row for row in rows) or any(
            before[key] is not None for key in gone
        )

    def changes(self) -> list[RowChange]:
        """How the rows changed since then, by key; removals last."""
        before, rows, _ = self._news()
        were = [row for row in before.values() if row is not None]
        return compare(were, rows, self.layout.names, self.layout.keys)

    def _news(self) -> tuple[dict[Key, R | None], list[R], list[Key]]:
        before, self._before = self._before, {}
        return before, *self.settle()

    def _note(self, key: Key) -> None:
        if key not in self._before:
            row = self._rows.get(key)
            self._before[key] = None if row is None else copy(row)


def causes(
    projection: type[Projection],
    view: View,
    given: Mapping[str, Any],
    begins: Callable[[Struct], bool],
    log: Log,
    at: Place,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Cause, ...]:
    """Return the events behind the rows for which `begins` is true, up to the place `at`.

    The handlers must be able to apply every event up to `at` (`replay` finds how far they can). A
    prefix for which the view itself raises, such as a share of nothing, has no rows.
    """
    tables: list[WatchedTable[Any]] = [
        WatchedTable(n, t.layout) for n, t in projection.tables.items()
    ]
    folding = Folding(projection.open(tables))
    steps: list[tuple[RecordedEvent, Rows, Rows]] = []
    answer = asked_of_prefix(view, folding, given, at)
    rows = [row for row in answer if begins(row)]
    for entry in log.stream(0, at.position):
        failure = folding.apply([entry])
        assert failure is None, "a replay went through the same handlers"
        changed = [table.changed() for table in tables if table.written]
        if any(changed):
            answer = asked_of_prefix(view, folding, given, at)
            before, rows = rows, [row for row in answer if begins(row)]
            if rows != before:
                steps.append((entry, before, rows))
        if progress is not None:
            progress(entry.position, at.position)
    shown = [after for _, _, after in steps]
    columns = view.columns(next(filter(None, shown), []))
    names = [column.name for column in columns]
    # from whole answers: a row must be told from its neighbours too
    identity = identity_of(columns, [answer, *shown])
    return tuple(
        Cause(entry, tuple(changes))
        for entry, before, after in steps
        # the same rows in another order are not a change
        if (changes := compare(before, after, names, identity))
    )


def asked_of_prefix(view: View, folding: Folding[Any], given: Mapping[str, Any], at: Place) -> Rows:
    """Ask a view about the events so far, as if at a later place; no rows where it raises."""
    with folding.asked(at) as projection:
        try:
            return view.call(projection, given)
        except (Exception, SystemExit):  # noqa: BLE001 - such as a share of nothing; asking about the whole log shows the error
            return []
