"""Answers at a replica: tables that are kept elsewhere, plus the events since, in memory.

A replica has the view tables as programs at the primary last wrote them, and cannot update them: it
is read-only. How old they are says nothing about how old the replica is, only about when the view
was last asked at the primary. So the events that the replica has beyond them go through the
handlers here, over the stored rows, and the result is not stored. An answer is thus as new as the
replica's log, and costs the missing events, not the whole log.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from ledger.errors import StorageFailure
from ledger.log.store.store_urls import Place as StorePlace
from ledger.projections.engine.generations import usable
from ledger.projections.engine.log_identity import History
from ledger.projections.engine.sql_tables import SqlShelf
from ledger.projections.engine.store import Generation, ViewStore
from ledger.projections.faults import BadRow
from ledger.projections.folds import CHUNK, Folded, Folding, Log
from ledger.projections.projection import Place, Projection
from ledger.projections.querying.answers import Answer, answer_of, ask
from ledger.projections.tables import Table
from ledger.projections.views import View

Progress = Callable[[int, int], None]
"""Called from time to time with the position reached and the head."""


def answer_ahead(
    place: StorePlace,
    log: Log,
    view: View,
    projection: type[Projection],
    given: Mapping[str, Any],
    *,
    now: datetime | None,
    progress: Progress | None,
) -> Answer | None:
    """Return the answer as of the log's head, or None where the stored tables cannot be used.

    They cannot where there are none, where they come from other code or another history, where
    reading them is not allowed, and where a handler fails on a missing event: the caller then folds
    the whole log. Raises `ViewFailed` where the view itself raises.
    """
    head = log.head()
    try:
        store = ViewStore(place, read_only=True)
        try:
            with store.reading() as connection:
                live = _live(store, connection, projection, log)
                if live is None:
                    return None
                store.hold(connection, live)
                tables = _tables(store, connection, projection, live)
                folded = _fold_on(tables, projection, live, log, head, progress)
                if folded is None:
                    return None
                rows = ask(view, folded.projection, given, now)
                return answer_of(view, rows, folded, folded.failure)
        finally:
            store.close()
    except StorageFailure:
        return None  # if the log is affected too, reading it raises its own error


def _live(
    store: ViewStore, connection: Any, projection: type[Projection], log: Log
) -> Generation | None:
    if not store.readable(connection):
        return None
    history = History(log)
    found = store.generations(connection).get(projection.name, [])
    return next((g for g in found if g.live and usable(g, projection, log.registry, history)), None)


def _tables(
    store: ViewStore, connection: Any, projection: type[Projection], generation: Generation
) -> list[Table[Any]]:
    made = store.tables(projection, generation)
    tables: list[Table[Any]] = []
    for name, declared in projection.tables.items():
        shelf = SqlShelf(made[name], declared.layout)
        shelf.connection = connection
        tables.append(Table(name, declared.layout, shelf))
    return tables


def _fold_on(
    tables: list[Table[Any]],
    projection: type[Projection],
    generation: Generation,
    log: Log,
    head: int,
    progress: Progress | None,
) -> Folded[Any] | None:
    """Fold the events since then over the tables; None where a handler fails."""
    position, at = generation.position, generation.recorded_at
    place = None if at is None else Place(position, at)
    folding = Folding(projection.open(tables, at=place), position, generation.unread)
    if generation.failure is None:  # a quarantined projection goes no further
        rest = log.stream(position, head)
        while entries := list(islice(rest, CHUNK)):
            if folding.apply(entries) is not None:
                return None
            position, at = entries[-1].position, entries[-1].recorded_at
            if progress is not None:
                progress(position, head)
    try:
        for table in tables:
            table.check_all()
    except BadRow:
        return None
    for table in tables:
        table.seal(ahead=True)
    return Folded(folding.projection, position, at, folding.unread, generation.failure)
