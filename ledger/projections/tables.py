"""Tables: where a projection keeps its rows, in memory or in front of a database.

One `Table` serves both. It holds an identity map: a row is one object however often a handler asks
for it, and what handlers touched is written in one go at the end of a batch. In memory the map is
all there is; in front of a database, rows are loaded on demand.
"""

from collections.abc import Iterable
from copy import copy
from typing import Any, Generic, NoReturn, Protocol, overload

from ledger.projections.faults import BadRow, ReadOnly
from ledger.projections.rows import Key, Layout, R

MISSES_BEFORE_LOADING = 16
"""After this many rows fetched one by one, and each time that they have doubled, a table is loaded
whole if it is small enough."""

ROWS_FOR_A_MISS = 16
"""A table is small enough if it has at most this many rows for each row fetched.

Processor time of catching up with the end of a log of 48,000 events, all shipped projections, for
limits of 0, 8, 16, 32 and 10,000 rows (least of three): with 1,000 events 65, 68, 68, 71, 220 ms,
with 3,000 events 213, 220, 348, 328, 270 ms, with 10,000 events 641, 647, 534, 501, 448 ms.
"""

LOAD_LIMIT = 100_000
"""Rows of the largest table that is loaded whole; a larger one is read row by row."""


class Shelf(Protocol[R]):
    """The stored rows of one table, in a database."""

    def find(self, key: Key) -> R | None:
        """The row with that key."""

    def select(self, equals: dict[str, Any]) -> list[R]:
        """The rows whose columns have those values, in any order."""

    def load(self, limit: int) -> list[R] | None:
        """All rows; None where there are more than `limit`."""


class _Sealed(dict[Key, Any]):
    """The dirty rows of a table that may only be read: adding one raises."""

    def __init__(self, table: str) -> None:
        super().__init__()
        self._table = table

    def __setitem__(self, key: Key, row: Any) -> NoReturn:
        raise ReadOnly(self._table)


class Table(Generic[R]):
    """The rows of one table, by key.

    `edit`, `put` and `delete` are for handlers; `get` and `rows` are for handlers and views, see
    earlier writes, and return copies.
    """

    __slots__ = (
        "_ahead",
        "_complete",
        "_dirty",
        "_groups",
        "_misses",
        "_misses_to_load",
        "_rows",
        "_shelf",
        "_whole",
        "layout",
        "name",
    )

    def __init__(
        self, name: str, layout: Layout[R], shelf: Shelf[R] | None = None, *, empty: bool = False
    ) -> None:
        """`shelf` None: in memory. `empty`: nothing is on the shelf yet."""
        self.name = name
        self.layout = layout
        self._shelf = shelf
        self._dirty: dict[Key, R | None] = {}
        self._ahead = False  # rows in memory are newer than the shelf's, and stay so
        self._start(complete=shelf is None or empty)

    def _start(self, *, complete: bool) -> None:
        self._rows: dict[Key, R | None] = {}  # None: known to be absent
        self._complete = complete  # the map holds every row
        self._misses = 0
        self._misses_to_load = MISSES_BEFORE_LOADING
        # Keys by leading key field. Else row `as-of` has 0.92 of its rate on 30,000 events, and
        # less on more.
        self._groups: dict[Any, dict[Key, None]] | None = None
        self._whole: set[Any] = set()  # leading values whose rows are all in the map

    def edit(self, *key: Any) -> R:
        """Return the row with that key, to change in place; created with defaults where absent."""
        row = self._rows.get(key)
        if row is None:
            row = self._open(key)
        # every write goes through _dirty (here, in put and in delete), between the apply() of one
        # event and the next: code that drains it there knows the position
        self._dirty[key] = row
        return row

    def get(self, *key: Any) -> R | None:
        """Return a copy of the row with that key, or None."""
        row = self._find(key)
        return None if row is None else copy(row)

    def put(self, row: R) -> None:
        """Insert a row or replace the one with its key."""
        key = self.layout.key_of(row)
        kept = copy(row)
        self._dirty[key] = kept
        self._keep(key, kept)

    def delete(self, *key: Any) -> None:
        """Remove the row with that key; nothing happens where there is none."""
        self._dirty[key] = None
        self._rows[key] = None
        if self._groups is not None:
            self._groups.get(key[0], {}).pop(key, None)

    def rows(self, **equals: Any) -> list[R]:
        """Return copies of the rows whose columns have these values, sorted by key.

        None means "any", so that a view can pass on its optional parameters as they are. A filter
        on the first key field is an index lookup. Raises `BadRow` for a column that the table does
        not have, or a value that it cannot hold.
        """
        wanted = self._wanted(equals)
        if self._shelf is not None and isinstance(self._dirty, _Sealed) and not self._ahead:
            found = {self.layout.key_of(row): row for row in self._shelf.select(wanted)}
        else:
            found = {key: copy(row) for key, row in self._candidates(wanted).items()}
        return [found[key] for key in sorted(found, key=self.layout.order)]

    # --- for the engine --------------------------------------------------------------

    def seal(self, *, ahead: bool = False) -> None:
        """Refuse writes from now on: a view only reads.

        `ahead`: the handlers' writes are not stored, and are read before the rows on the shelf.
        """
        self._ahead = ahead
        self._dirty = _Sealed(self.name)

    def unseal(self) -> None:
        """Take writes again."""
        self._dirty = {}

    def settle(self) -> tuple[list[R], list[Key]]:
        """Return the rows written and the keys deleted since the last time, by key.

        Raises `BadRow` as `check_all` does.
        """
        self.check_all()
        return self.drain()

    def check_all(self) -> None:
        """Check what was written since the last `drain`.

        Raises `BadRow` for a value that its column cannot hold, and for a changed key.
        """
        keys, rows = [], []
        for key, row in self._dirty.items():
            if row is None:
                self.layout.check_key(key)
            else:
                keys.append(key)
                rows.append(row)
        for key, now in zip(keys, self.layout.keys_of(rows), strict=True):
            if now != key:
                raise BadRow(
                    f"the key {key!r} of a row of {self.name} was changed to {now!r}",
                    advice="A key never changes: delete the row and write another",
                )
        self.layout.check(rows)

    def drain(self) -> tuple[list[R], list[Key]]:
        """`settle`, for rows that were already checked."""
        rows: list[R] = []
        gone: list[Key] = []
        for key in sorted(self._dirty, key=self.layout.order):
            row = self._dirty[key]
            if row is None:
                gone.append(key)
            else:
                rows.append(row)
        self._dirty = {}
        return rows, gone

    @property
    def written(self) -> int:
        """How many rows wait to be settled."""
        return len(self._dirty)

    def touched(self) -> dict[Key, R | None]:
        """The keys written since the last `settle`, each with its row or None."""
        return self._dirty

    def held(self) -> list[R]:
        """The rows in memory, not copies of them: to count or to copy."""
        return [row for row in self._rows.values() if row is not None]

    def fill(self, rows: Iterable[R]) -> None:
        """Put rows into an empty table in memory, as if they had always been there."""
        self._take(rows)

    def forget(self) -> None:
        """Drop all rows in memory: the database may have changed."""
        self._dirty = {}
        self._start(complete=self._shelf is None)

    def trim(self) -> None:
        """Drop settled rows where there are too many to hold."""
        if self._shelf is not None and len(self._rows) > LOAD_LIMIT:
            self.forget()

    # --- inside ----------------------------------------------------------------------

    def _open(self, key: Key) -> R:
        row = None if self._complete else self._find(key)
        if row is None:
            row = self.layout.new(key)
            if isinstance(self._dirty, _Sealed):
                raise ReadOnly(self.name)
            self._keep(key, row)
        return row

    def _find(self, key: Key) -> R | None:
        row = self._rows.get(key)
        if row is not None or self._complete or key in self._rows:
            return row
        assert self._shelf is not None
        self._misses += 1
        if self._misses == self._misses_to_load:
            self._misses_to_load *= 2
            everything = self._shelf.load(min(ROWS_FOR_A_MISS * self._misses, LOAD_LIMIT))
            if everything is not None:
                self._take(everything)
                self._complete = True
                return self._rows.get(key)
        row = self._shelf.find(key)
        if row is None:
            self._rows[key] = None
        else:
            self._keep(key, row)
        return row

    def _keep(self, key: Key, row: R) -> None:
        self._rows[key] = row
        if self._groups is not None:
            self._groups.setdefault(key[0], {})[key] = None

    def _take(self, rows: Iterable[R]) -> None:
        """Add rows from the shelf to the map, unless the map has a newer one."""
        for row in rows:
            key = self.layout.key_of(row)
            if key not in self._rows:
                self._keep(key, row)

    def _wanted(self, equals: dict[str, Any]) -> dict[str, Any]:
        wanted = {}
        for name, value in equals.items():
            field = next((f for f in self.layout.fields if f.name == name), None)
            if field is None:
                raise BadRow(
                    f"the table {self.name} has no column {name!r}",
                    advice=f"It has {', '.join(self.layout.names)}",
                )
            if value is not None:
                wanted[name] = self.layout.keep(field, value)
        return wanted

    def _candidates(self, wanted: dict[str, Any]) -> dict[Key, R]:
        leading = self.layout.keys[0]
        grouped = leading in wanted
        if not self._complete:
            assert self._shelf is not None
            if not grouped:
                self._take(self._shelf.select(wanted))
            elif wanted[leading] not in self._whole:
                self._take(self._shelf.select({leading: wanted[leading]}))
                self._whole.add(wanted[leading])
        keys: Iterable[Key] = self._rows
        if grouped:
            keys = self._grouped().get(wanted.pop(leading), {})
        found = {key: row for key in keys if (row := self._rows[key]) is not None}
        for name, value in wanted.items():
            found = {key: row for key, row in found.items() if getattr(row, name) == value}
        return found

    def _grouped(self) -> dict[Any, dict[Key, None]]:
        if self._groups is None:
            self._groups = {}
            for key, row in self._rows.items():
                if row is not None:
                    self._groups.setdefault(key[0], {})[key] = None
        return self._groups


class TableOf(Generic[R]):
    """A table declared in a projection class; on an instance it gives its `Table`."""

    def __init__(self, row_type: type[R]) -> None:
        self.layout = Layout(row_type)
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "TableOf[R]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> Table[R]: ...

    def __get__(self, instance: object | None, owner: type) -> "TableOf[R] | Table[R]":
        # an opened projection has its Table in its own __dict__, found before this
        return self if instance is None else Table(self.name, self.layout)


def table(row_type: type[R]) -> TableOf[R]:
    """Declare a table of a projection: `months = table(SpaceMonth)`.

    Raises `NotStorable` where a field of the row type has no stored form.
    """
    return TableOf(row_type)
