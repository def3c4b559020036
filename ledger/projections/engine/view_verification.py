"""Rechecking kept views: do their tables hold what a rebuild would hold?

A projection is folded again in memory, as far as its tables have come, and compared with them row
by row. Nothing is changed, so that tables which were edited by hand can still be examined.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection

from ledger.log.store.store_urls import Place as StorePlace
from ledger.projections.engine.log_identity import History
from ledger.projections.engine.sql_tables import SqlShelf
from ledger.projections.engine.store import Generation, ViewStore, columns_of
from ledger.projections.folds import Log, replay
from ledger.projections.projection import Projection, opened_tables
from ledger.projections.rows import Key

_ALL = 2**40
"""More rows than a table has."""


class Rechecked(Struct, frozen=True):
    """One projection: how far its tables have come, and what in them is wrong.

    `rows` counts those compared; None where nothing was compared, for the reason in `skipped`.
    """

    projection: str
    position: int
    rows: int | None
    differences: tuple[str, ...] = ()
    skipped: str = ""


class Recheck:
    """Compares the tables kept at a place with a log. `close` it."""

    def __init__(self, log: Log, place: StorePlace) -> None:
        self._log = log
        self._history = History(log)
        self._there = place.path is None or place.path.exists()
        self._store = ViewStore(place, read_only=True) if self._there else None

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()

    def all(
        self,
        projections: Iterable[type[Projection]],
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[Rechecked]:
        """Recheck the live tables of each projection that has any.

        Raises `StorageFailure` where they cannot be read.
        """
        store, head = self._store, self._log.head()
        if store is None:
            return
        with store.reading() as connection:
            if not store.readable(connection):
                return
            found = store.generations(connection)
            for projection in projections:
                for generation in found.get(projection.name, []):
                    if generation.live:
                        store.hold(connection, generation)
                        told = None if progress is None else _telling(progress, head)
                        yield self._one(store, connection, projection, generation, told)

    def _one(
        self,
        store: ViewStore,
        connection: Connection,
        projection: type[Projection],
        generation: Generation,
        told: Callable[[int], None] | None,
    ) -> Rechecked:
        name, position = projection.name, generation.position
        if generation.version != projection.version or generation.columns != columns_of(projection):
            why = "another version of the plugin made them; the next question rebuilds them"
            return Rechecked(name, position, None, skipped=why)
        if not self._history.holds(generation):
            what = f"its progress is at #{position} of a history other than this log's"
            return Rechecked(name, position, 0, (what,))
        folded = replay(projection, self._log, position, told)
        differences: list[str] = []
        if folded.position != position or folded.unread != generation.unread:
            differences.append(
                f"its progress is at #{position}, but a rebuild gets to #{folded.position}"
            )
        rows = 0
        made = store.tables(projection, generation)
        for table in opened_tables(folded.projection):
            shelf = SqlShelf(made[table.name], table.layout)
            shelf.connection = connection
            kept = {table.layout.key_of(row): row for row in shelf.load(_ALL) or ()}
            true = {table.layout.key_of(row): row for row in table.rows()}
            rows += len(true)
            differences += _differences(table.name, kept, true)
        return Rechecked(name, position, rows, tuple(differences))


def _differences(table: str, kept: dict[Key, Any], true: dict[Key, Any]) -> Iterator[str]:
    for key in sorted({*kept, *true}, key=str):
        row, other = kept.get(key), true.get(key)
        named = f"{table} {' '.join(map(str, key))}"
        if row is None:
            yield f"{named} is missing"
        elif other is None:
            yield f"{named} should not be there"
        elif row != other:
            for name in row.__struct_fields__:
                is_, should = getattr(row, name), getattr(other, name)
                if is_ != should:
                    yield f"{named}: {name} is {is_!s}, but a rebuild gives {should!s}"


def _telling(progress: Callable[[int, int], None], head: int) -> Callable[[int], None]:
    return lambda position: progress(position, head)
