"""A projection's tables in a database: typed columns, rows written in batches."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Generic, NamedTuple

from msgspec.structs import astuple
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Dialect,
    Double,
    Integer,
    MetaData,
    Select,
    Table,
    TypeDecorator,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from ledger.events.base import format_recorded_at
from ledger.projections.projection import Projection
from ledger.projections.rows import Key, Kind, Layout, R


def table_name(projection: str, table: str, generation: int) -> str:
    """The name of a table in the database."""
    return f"{projection.replace('-', '_')}__{table}__g{generation}"


class _Instant(TypeDecorator[datetime]):
    """An aware time in UTC: `timestamptz`; on SQLite, text of the log's fixed width."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(
            SqlText() if dialect.name == "sqlite" else DateTime(timezone=True)
        )

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return format_recorded_at(value) if value and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def generation_tables(
    projection: type[Projection], generation: int, schema: str | None, text: Any
) -> dict[str, Table]:
    """The database tables of one generation, by their names in the projection."""
    types = {
        Kind.TEXT: text,
        Kind.JSON: text,
        Kind.INTEGER: BigInteger().with_variant(Integer, "sqlite"),
        Kind.REAL: Double(),
        Kind.BOOLEAN: Boolean(),
        Kind.DATE: Date(),
        Kind.INSTANT: _Instant(),
    }
    metadata = MetaData(schema=schema)
    return {
        name: Table(
            table_name(projection.name, name, generation),
            metadata,
            *(
                Column(
                    field.name,
                    types[field.kind],
                    primary_key=field.name in declared.layout.keys,
                    nullable=field.optional,
                    autoincrement=False,
                )
                for field in declared.layout.fields
            ),
            sqlite_with_rowid=False,
        )
        for name, declared in projection.tables.items()
    }


class _Upsert(NamedTuple):
    """A statement that inserts or replaces rows, and the converters of columns that need one."""

    sql: str
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]

    def of(self, rows: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The values of each row, as the driver takes them."""
        if not self.converters:
            return [astuple(row) for row in rows]
        made = []
        for row in rows:
            values = list(astuple(row))
            for n, convert in self.converters:
                if values[n] is not None:
                    values[n] = convert(values[n])
            made.append(tuple(values))
        return made


# Cached, since a booking's ends are in rows of five projections, for each of its events: else row
# `replay` of the benchmarks has 0.77 of its rate.
_instant_text = lru_cache(maxsize=8192)(format_recorded_at)


def _converters(
    layout: Layout[Any], dialect: Dialect
) -> Iterator[tuple[int, Callable[[Any], Any]]]:
    """The columns that a driver takes only in another form, with their converters.

    PostgreSQL's driver takes days, times and booleans as they are. SQLite stores days and times as
    text (the same that SQLAlchemy's types write), and booleans as 0 or 1.
    """
    for n, field in enumerate(layout.fields):
        if field.kind is Kind.JSON or field.enum is not None:
            yield n, field.to_store
        elif field.kind is Kind.INSTANT and dialect.name == "sqlite":
            yield n, _instant_text
        elif field.kind is Kind.DATE and dialect.name == "sqlite":
            yield n, date.isoformat


class SqlShelf(Generic[R]):
    """The stored rows of one table. `connection` is that of the current transaction."""

    def __init__(self, table: Table, layout: Layout[R]) -> None:
        self.connection: Connection | None = None
        self._table = table
        self._layout = layout
        self._select = select(*(table.c[name] for name in layout.names))
        self._decoded = tuple(
            (n, field)
            for n, field in enumerate(layout.fields)
            if field.kind is Kind.JSON or field.enum is not None
        )
        self._keys = tuple(f for f in layout.fields if f.name in layout.keys)
        self._upsert_made: _Upsert | None = None
        self._find = self._select.where(
            *(table.c[name] == bindparam(f"key_{name}") for name in layout.keys)
        )
        self._delete = delete(table).where(
            *(table.c[name] == bindparam(f"key_{name}") for name in layout.keys)
        )

    def find(self, key: Key) -> R | None:
        """The row with that key."""
        self._layout.check_key(key)
        rows = self._rows(self._find, self._key_values(key))
        return rows[0] if rows else None

    def select(self, equals: dict[str, Any]) -> list[R]:
        """The rows whose columns have those values, in any order."""
        fields = {f.name: f for f in self._layout.fields}
        return self._rows(
            self._select.where(
                *(self._table.c[n] == fields[n].to_store(value) for n, value in equals.items())
            )
        )

    def load(self, limit: int) -> list[R] | None:
        """All rows; None where there are more than `limit`."""
        assert self.connection is not None
        # counted first, so as not to fetch a hundred thousand rows and drop them
        some = select(self._table.c[self._layout.keys[0]]).limit(limit + 1).subquery()
        count = self.connection.execute(select(func.count()).select_from(some)).scalar_one()
        return self._rows(self._select) if count <= limit else None

    def write(self, rows: Sequence[R], gone: Sequence[Key]) -> None:
        """Insert or replace rows, and delete keys: one statement each, however many there are."""
        assert self.connection is not None
        if gone:
            self.connection.execute(self._delete, [self._key_values(key) for key in gone])
        if rows:
            # If SQLAlchemy names, looks up and converts the values of each row, row `replay` of the
            # benchmarks has 0.59 of its rate.
            upsert = self._upserting(self.connection.dialect)
            self.connection.exec_driver_sql(upsert.sql, upsert.of(rows))

    def _upserting(self, dialect: Dialect) -> "_Upsert":
        if self._upsert_made is None:
            compiled = self._upsert(dialect.name).compile(dialect=dialect)
            assert isinstance(compiled, SQLCompiler)
            assert tuple(compiled.positiontup or ()) == self._layout.names
            self._upsert_made = _Upsert(str(compiled), tuple(_converters(self._layout, dialect)))
        return self._upsert_made

    def _upsert(self, dialect: str) -> Any:
        make = sqlite.insert if dialect == "sqlite" else postgresql.insert
        statement = make(self._table)
        others = [n for n in self._layout.names if n not in self._layout.keys]
        if not others:
            return statement.on_conflict_do_nothing()
        return statement.on_conflict_do_update(
            index_elements=list(self._layout.keys),
            set_={name: statement.excluded[name] for name in others},
        )

    def _key_values(self, key: Key) -> dict[str, Any]:
        return {
            f"key_{field.name}": field.to_store(part)
            for field, part in zip(self._keys, key, strict=True)
        }

    def _rows(self, statement: Select[Any], values: dict[str, Any] | None = None) -> list[R]:
        assert self.connection is not None
        make, decoded = self._layout.row_type, self._decoded
        found = self.connection.execute(statement, values or {})
        if not decoded:
            return [make(*row) for row in found]
        rows = []
        for row in found:
            parts = list(row)
            for n, field in decoded:
                parts[n] = field.from_store(parts[n])
            rows.append(make(*parts))
        return rows
