"""Find changes of a row's copy that were never put back."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ledger.events.base import RecordedEvent
from ledger.projections import Folding, Projection, Row, Table
from ledger.testing.laws.contents import refuse_failure


class Lost(Struct):
    """A lost change: its event, table and field."""

    entry: RecordedEvent
    table: str
    field: str


class _Watched(Table[Any]):
    """A table that remembers the copies that it gives out."""

    def get(self, *key: Any) -> Row | None:
        row: Row | None = super().get(*key)
        if row is not None:
            self.__dict__.setdefault("given", []).append((row, msgspec.structs.asdict(row)))
        return row

    def rows(self, **equals: Any) -> list[Row]:
        rows: list[Row] = super().rows(**equals)
        given = self.__dict__.setdefault("given", [])
        given.extend((row, msgspec.structs.asdict(row)) for row in rows)
        return rows

    def put(self, row: Row) -> None:
        given = self.__dict__.setdefault("given", [])
        self.__dict__["given"] = [(copy, then) for copy, then in given if copy is not row]
        super().put(row)

    def lost(self) -> str | None:
        """Return the field of a copy that was changed and not put back; forget all copies."""
        for copy, then in self.__dict__.pop("given", ()):
            now = msgspec.structs.asdict(copy)
            if now == then:
                continue
            key = tuple(then[name] for name in self.layout.keys)
            kept = super().get(*key)
            if kept is None or msgspec.structs.asdict(kept) != now:
                return next(name for name in now if now[name] != then[name])
        return None


def find_lost(projection: type[Projection], entries: Sequence[RecordedEvent]) -> Lost | None:
    """Return the first change that a handler makes to a copy without putting it back."""
    tables = [_Watched(name, declared.layout) for name, declared in projection.tables.items()]
    folding = Folding(projection.open(tables))
    for entry in entries:
        refuse_failure(folding.apply([entry]))
        for table in tables:
            field = table.lost()
            if field is not None:
                return Lost(entry, table.name, field)
    return None
