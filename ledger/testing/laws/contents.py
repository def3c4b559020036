"""The contents and answers of a projection as plain values, and how two of them differ."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ledger.errors import LedgerError
from ledger.events import STUDIO_EVENTS
from ledger.events.base import RecordedEvent, Registry
from ledger.log.store.store_urls import Place as StorePlace
from ledger.projections import BadRow, Failure, Folding, Projection
from ledger.projections.engine.sql_tables import SqlShelf
from ledger.projections.engine.store import ViewStore
from ledger.projections.projection import Place, opened_tables
from ledger.projections.querying.live_views import Views
from ledger.projections.tables import Table

Seen = dict[str, list[dict[str, Any]]]
"""Rows by where they were seen: `the table months`, `the view crew-hours`."""

Parameters = Mapping[str, Mapping[str, Any]]
"""The parameters of views, by name of the view; the others are asked without any."""


class LawBroken(AssertionError):
    """A projection breaks a law of the contract: what is wrong, and what to do."""

    def __init__(self, wrong: str, *, advice: str, story: str = "") -> None:
        ending = f"\n  The history that shows it:\n{story}\n" if story else ""
        super().__init__(f"\n\n  {wrong}\n\n  To fix it: {advice}\n{ending}")
        self.wrong = wrong
        self.advice = advice


class ShownLog:
    """A log of drawn events that shows only the first `shown` of them."""

    def __init__(self, entries: Sequence[RecordedEvent]) -> None:
        self.entries = entries
        self.registry = Registry(STUDIO_EVENTS)
        self.shown = len(entries)

    def head(self) -> int:
        """Return the last position shown."""
        return self.shown

    def stream(self, after: int = 0, until: int | None = None) -> Iterator[RecordedEvent]:
        """Return the events with `after` < position <= `until`."""
        return iter(self.entries[after : min(until or self.shown, self.shown)])

    def lines(self, after: int = 0, until: int | None = None) -> Iterator[bytes]:
        """Yield lines that tell one drawn history from another."""
        for entry in self.stream(after, until):
            yield msgspec.json.encode((entry.position, entry.recorded_at, entry.type, entry.data))


def fold_whole(
    projection: type[Projection], entries: Sequence[RecordedEvent], sizes: Sequence[int] = ()
) -> Projection:
    """Fold in memory, in batches of these sizes, then the rest. Raises `LawBroken`."""
    folding, rest = Folding(projection.open()), list(entries)
    for size in (*sizes, len(rest)):
        refuse_failure(folding.apply(rest[:size]))
        rest = rest[size:]
        settle(folding)
    folding.seal()
    return folding.projection


def settle(folding: Folding[Any]) -> None:
    """Write a batch's changes, as the end of a transaction does. Raises `LawBroken`."""
    try:
        for table in folding.tables:
            table.settle()
    except BadRow as error:
        raise LawBroken(
            f"a handler writes a row that cannot be kept: {error.message}", advice=error.advice
        ) from None


def refuse_failure(failure: Failure | None) -> None:
    """Raise `LawBroken` if a handler failed."""
    if failure is not None:
        raise LawBroken(
            f"The handler of {failure.type} fails at #{failure.position}: {failure.error}\n\n"
            f"{failure.traceback}",
            advice="This history is legal, so a ledger may hold it: make the handler accept it. "
            "Until then, the views of a ledger with such an event stay as they were before it.",
        )


def look(projection: Projection, parameters: Parameters) -> Seen:
    """Return every row of every table and of every view's answer."""
    return rows_of(projection) | answers_of(projection, parameters)


def rows_of(projection: Projection) -> Seen:
    """Return every row of every table, by key."""
    return {f"the table {t.name}": _plain(t.rows()) for t in opened_tables(projection)}


def answers_of(projection: Projection, parameters: Parameters) -> Seen:
    """Return the answer of every view, in its order. Raises `LawBroken` if one fails."""
    return {
        f"the view {name}": _plain(ask(projection, name, parameters))
        for name in type(projection).views
    }


def ask(projection: Projection, name: str, parameters: Parameters) -> list[Struct]:
    """Return the rows of a view. Raises `LawBroken` if it fails."""
    view = type(projection).views[name]
    given = parameters.get(name, {})
    missing = [p.name for p in view.parameters if p.required and p.name not in given]
    if missing:
        raise LawBroken(
            f"The view {name} cannot be asked without {missing[0]}.",
            advice=f"Give the parameter a default, or tell the contract its value: "
            f'projection_contract(…, parameters={{"{name}": {{"{missing[0]}": …}}}})',
        )
    try:
        return view.call(projection, given)
    except LedgerError as error:
        raise LawBroken(f"The view {name} fails: {error.message}", advice=error.advice) from error
    except Exception as error:
        raise LawBroken(
            f"The view {name} fails: {type(error).__name__}: {error}",
            advice="This history is legal, and so are its first events alone: let the view "
            "answer with the rows that it has, or with none.",
        ) from error


def _plain(rows: Sequence[Struct]) -> list[dict[str, Any]]:
    return [msgspec.structs.asdict(row) for row in rows]


class LiveTables:
    """Real tables, in a database of their own, that follow a log.

    `catch_up` applies the events that the log shows; `restart` is a new program that knows
    only what was committed.
    """

    def __init__(self, projection: type[Projection], log: ShownLog, path: Path) -> None:
        self._projection = projection
        self._log = log
        self._path = path
        self._views = self._open(batch=1_000)

    def _open(self, batch: int) -> Views:
        return Views(self._log, [self._projection], self._path, batch=batch)

    def close(self) -> None:
        """Close the database."""
        self._views.close()

    def restart(self, *, batch: int = 1_000) -> None:
        """Continue with a new program, which applies `batch` events per transaction."""
        self._views.close()
        self._views = self._open(batch)

    def catch_up(self, shown: int) -> None:
        """Show `shown` events of the log, and follow it. Raises `LawBroken`."""
        self._log.shown = shown
        self._views.catch_up()
        for status in self._views.status():
            refuse_failure(status.failure)

    def look(self, parameters: Parameters) -> Seen:
        """Return the current contents of the tables and answers of the views."""
        store = ViewStore(StorePlace.parse(self._path))
        try:
            with store.reading() as connection:
                (live,) = store.generations(connection)[self._projection.name]
                tables: list[Table[Any]] = []
                for name, made in store.tables(self._projection, live).items():
                    layout = self._projection.tables[name].layout
                    shelf = SqlShelf(made, layout)
                    shelf.connection = connection
                    tables.append(Table(name, layout, shelf))
                at = None if live.recorded_at is None else Place(live.position, live.recorded_at)
                opened = self._projection.open(tables, at=at, sealed=True)
                return look(opened, parameters)
        finally:
            store.close()


def difference(one: Seen, other: Seen, *, name_one: str, name_other: str) -> str | None:
    """Describe the first difference; None if there is none."""
    for what in one:
        if one[what] != other[what]:
            return f"In {what}: {_first(one[what], other[what], name_one, name_other)}"
    return None


def _first(
    one: list[dict[str, Any]], other: list[dict[str, Any]], name_one: str, name_other: str
) -> str:
    for n in range(max(len(one), len(other))):
        a, b = (rows[n] if n < len(rows) else None for rows in (one, other))
        if a == b:
            continue
        if a is not None and b is not None:
            fields = [f for f in a if a[f] != b.get(f)]
            same = {f: v for f, v in a.items() if f not in fields}
            return f"row {n + 1}, {shown(same)}, has\n" + "\n".join(
                f"    {field}: {a[field]!r} {name_one}\n    {field}: {b.get(field)!r} {name_other}"
                for field in fields
            )
        there, not_there = (name_one, name_other) if b is None else (name_other, name_one)
        return f"row {n + 1}, {shown(a or b or {})}, is there {there}, but not {not_there}"
    return "the same"


def shown(row: Mapping[str, Any]) -> str:
    """Return a row in readable form: `space='stage-1' hours=8.0`."""
    return " ".join(f"{name}={value!r}" for name, value in row.items()) or "(no other column)"
