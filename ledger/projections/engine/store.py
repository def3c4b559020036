"""Where live views are kept: a database of their own, apart from the log.

For a log at `studio.db` it is `studio.views.db`, for the PostgreSQL schema `studio` the schema
`studio_views`. All of it can be deleted: it is rebuilt from the log.

A projection's tables belong to a *generation*. The live one answers; a rebuild fills the next one
beside it and then takes its place. The table `progress` says how far each generation has come, and
changes in the same transaction as the rows.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema, CreateTable, DropTable

from ledger.errors import StorageFailure
from ledger.events.base import format_recorded_at, parse_recorded_at
from ledger.log.store.roles import act_as_owner
from ledger.log.store.schema import APPLICATION_ID
from ledger.log.store.sqlite_recovery import reading_mode
from ledger.log.store.store_urls import Place, postgres_engine, sqlite_engine, sqlite_in_use
from ledger.projections.engine.failures import view_errors
from ledger.projections.engine.sql_tables import generation_tables, table_name
from ledger.projections.folds import Failure
from ledger.projections.projection import Projection

_LOCK = 0x534C7677
"""`SLvw`: the advisory lock, with the schema, under which generations are made and swapped."""


class Generation(Struct, frozen=True, kw_only=True):
    """One set of tables of a projection, and how far it has come.

    `recorded_at` is that of the event at `position`; `ledger` and `tail` tell whether the
    tables belong to this history (`History.holds`). `columns` describes the tables.
    """

    projection: str
    generation: int
    version: int
    fingerprint: str
    columns: str
    live: bool
    position: int = 0
    recorded_at: datetime | None = None
    ledger: str = ""
    tail: str = ""
    unread: int = 0
    failure: Failure | None = None


def views_place(log_place: Place) -> Place:
    """Return where the views of the log at that place are kept."""
    if log_place.path is not None:
        name = log_place.path.name.removesuffix(".db")
        path = log_place.path.with_name(f"{name}.views.db")
        return Place(where=str(path), path=path)
    schema = f"{log_place.schema}_views"
    if len(schema.encode()) > 63:
        raise StorageFailure(
            f"the schema name {log_place.schema} is too long",
            advice="Use at most 57 bytes, to leave room for the name of its views",
        )
    return Place(
        where=log_place.where.replace(f"schema={log_place.schema}", f"schema={schema}"),
        url=log_place.url,
        schema=schema,
    )


class ViewStore:
    """The database of live views, open. Safe to share between threads; `close` it.

    `read_only` creates and changes nothing: use `kept_at`. Raises `StorageFailure` where it cannot
    be opened, made or written.
    """

    def __init__(self, place: Place, *, read_only: bool = False) -> None:
        self.where = place.where
        self.schema = place.schema
        self._text = Text().with_variant(Text(collation="C"), "postgresql")
        self._progress = _progress_table(self._text, place.schema)
        if place.path is not None:
            self._begin: tuple[str, ...] = ("BEGIN IMMEDIATE",)
            self._begin_reading = "BEGIN"
            if not read_only:
                with view_errors(place.where), suppress(FileExistsError):
                    os.close(os.open(place.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            mode = reading_mode(place.path) if read_only else "rw"
            self.engine = sqlite_engine(place.path, mode=mode)
            event.listen(self.engine, "connect", _relax)
        else:
            assert place.url is not None
            self._begin = ("BEGIN",)
            self._begin_reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            self.engine = postgres_engine(place.url, read_only=read_only)
        try:
            if not read_only:
                self._prepare(place.path)
        except BaseException:
            self.engine.dispose()
            raise

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()

    # --- transactions ------------------------------------------------------------------

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[Connection]:
        """One transaction. `alone`: no other process makes or swaps generations meanwhile."""
        with self._transaction(*self._begin) as connection:
            if alone and self.schema is not None:
                connection.execute(
                    sql("SELECT pg_advisory_xact_lock(:ours, hashtext(:schema))"),
                    {"ours": _LOCK, "schema": self.schema},
                )
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees everything as of one moment."""
        with self._transaction(self._begin_reading) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *begin: str) -> Iterator[Connection]:
        with view_errors(self.where), self.engine.connect() as connection:
            for statement in begin:
                connection.exec_driver_sql(statement)
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                # a full disk may have rolled it back already
                with suppress(DBAPIError):
                    connection.exec_driver_sql("ROLLBACK")
                raise

    def _prepare(self, path: Path | None) -> None:
        """Create what is missing; of two processes that start at once, only one does."""
        if path is None:
            with self.writing(alone=True) as connection:
                assert self.schema is not None
                acting = act_as_owner(connection, self.schema)
                # asked first: a role that may not create schemas may still use an existing one
                if acting is None:
                    connection.execute(CreateSchema(self.schema))
                self._begin += acting or ()
                self._make_progress(connection)
            return
        with view_errors(self.where), self.engine.connect() as connection:
            if connection.exec_driver_sql("PRAGMA application_id").scalar_one() == APPLICATION_ID:
                raise StorageFailure(
                    f"{self.where} is a ledger, but its name is needed for views",
                    advice="Rename one of the two ledgers",
                )
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
            wanted = sqlite_in_use().journal_mode
            if mode != wanted:
                with suppress(DBAPIError):  # in use: its current mode works as well
                    connection.exec_driver_sql(f"PRAGMA journal_mode = {wanted}")
        with self.writing() as connection:
            self._make_progress(connection)

    def _make_progress(self, connection: Connection) -> None:
        """Create the table; replace one of an earlier form and all tables that it lists."""
        if inspect(connection).has_table("progress", schema=self.schema):
            if self.readable(connection):
                return
            old = Table("progress", MetaData(schema=self.schema), autoload_with=connection)
            for row in connection.execute(select(old)).all():
                for name in table_names(row):
                    gone = Table(name, MetaData(schema=self.schema))
                    connection.execute(DropTable(gone, if_exists=True))
            connection.execute(DropTable(old))
        connection.execute(CreateTable(self._progress, if_not_exists=True))

    def readable(self, connection: Connection) -> bool:
        """Whether there is a table of progress, in today's form."""
        looked_at = inspect(connection)
        return looked_at.has_table("progress", schema=self.schema) and {
            column["name"] for column in looked_at.get_columns("progress", schema=self.schema)
        } == set(self._progress.c.keys())

    # --- generations -------------------------------------------------------------------

    def generations(self, connection: Connection) -> dict[str, list[Generation]]:
        """All generations by projection, the oldest first."""
        found: dict[str, list[Generation]] = {}
        columns = self._progress.c
        rows = connection.execute(
            select(self._progress).order_by(columns.projection, columns.generation)
        )
        for row in rows:
            found.setdefault(row.projection, []).append(_generation(row))
        return found

    def find(self, connection: Connection, projection: str, number: int) -> Generation | None:
        """Return that generation as it is now."""
        columns = self._progress.c
        row = connection.execute(
            select(self._progress).where(
                columns.projection == projection, columns.generation == number
            )
        ).first()
        return None if row is None else _generation(row)

    def create(
        self, connection: Connection, projection: type[Projection], generation: Generation
    ) -> None:
        """Create empty tables for a generation, and its progress."""
        for made in self.tables(projection, generation).values():
            connection.execute(CreateTable(made))
        values = msgspec.structs.asdict(generation) | {"recorded_at": None, "failure": None}
        connection.execute(insert(self._progress).values(**values))

    def drop(self, connection: Connection, generation: Generation) -> None:
        """Drop a generation, with the tables that it lists.

        Its progress first: a process that applies events locks that and then the tables, and two
        that lock in one order never both wait.
        """
        columns = self._progress.c
        connection.execute(
            delete(self._progress).where(
                columns.projection == generation.projection,
                columns.generation == generation.generation,
            )
        )
        for gone in self._bare_tables(generation):
            connection.execute(DropTable(gone, if_exists=True))

    def hold(self, connection: Connection, generation: Generation) -> None:
        """Keep others from dropping the tables of a generation while this transaction reads.

        In the order of `drop`; a view would lock them in its own.
        """
        if self.schema is not None and generation.columns:
            quoted = connection.dialect.identifier_preparer.format_table
            names = ", ".join(quoted(table) for table in self._bare_tables(generation))
            connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS SHARE MODE")

    def _bare_tables(self, generation: Generation) -> list[Table]:
        return [Table(name, MetaData(schema=self.schema)) for name in table_names(generation)]

    def make_live(self, connection: Connection, generation: Generation) -> None:
        """Make a generation the one that answers."""
        connection.execute(self._update(generation).values(live=True))

    def claim(
        self,
        connection: Connection,
        generation: Generation,
        position: int,
        recorded_at: datetime | None,
        *,
        ledger: str,
        tail: str,
    ) -> bool:
        """Move progress on if it is where we left it; False where another process has moved it."""
        columns = self._progress.c
        moved = connection.execute(
            self._update(generation)
            .where(
                columns.position == generation.position,
                columns.tail == generation.tail,
                columns.failure.is_(None),
            )
            .values(position=position, recorded_at=_written(recorded_at), ledger=ledger, tail=tail)
        )
        return moved.rowcount == 1

    def note(
        self,
        connection: Connection,
        generation: Generation,
        *,
        position: int,
        recorded_at: datetime | None,
        tail: str,
        unread: int,
        failure: Failure | None,
    ) -> None:
        """Correct the progress claimed in this transaction: where it stopped, and what it
        skipped."""
        connection.execute(
            self._update(generation).values(
                position=position,
                recorded_at=_written(recorded_at),
                tail=tail,
                unread=unread,
                failure=None if failure is None else msgspec.json.encode(failure).decode(),
            )
        )

    def tables(self, projection: type[Projection], generation: Generation) -> dict[str, Table]:
        """The database tables of a generation, by the names in the projection."""
        return generation_tables(projection, generation.generation, self.schema, self._text)

    def _update(self, generation: Generation) -> Any:
        columns = self._progress.c
        return update(self._progress).where(
            columns.projection == generation.projection,
            columns.generation == generation.generation,
        )


def kept_at(place: Place) -> dict[str, list[Generation]]:
    """Return all generations that are kept at a place, by projection; none where nothing is.

    It writes nothing, so a read-only or full disk will do. Raises `StorageFailure` where it cannot
    be read.
    """
    if place.path is not None and not place.path.exists():
        return {}
    store = ViewStore(place, read_only=True)
    try:
        with store.reading() as connection:
            return store.generations(connection) if store.readable(connection) else {}
    finally:
        store.close()


def columns_of(projection: type[Projection]) -> str:
    """The tables of a projection as text: `name(column:kind,…)`, one a line."""
    return "\n".join(f"{n}({t.layout.signature})" for n, t in projection.tables.items())


def table_names(generation: Any) -> list[str]:
    """The database tables of a generation, even where its plugin is gone."""
    return [
        table_name(generation.projection, line.partition("(")[0], generation.generation)
        for line in generation.columns.splitlines()
    ]


def _progress_table(text: Any, schema: str | None) -> Table:
    position = BigInteger().with_variant(Integer, "sqlite")
    return Table(
        "progress",
        MetaData(schema=schema),
        Column("projection", text, primary_key=True),
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("version", Integer, nullable=False),
        Column("fingerprint", text, nullable=False),
        Column("columns", text, nullable=False),
        Column("live", Boolean, nullable=False),
        Column("position", position, nullable=False),
        Column("recorded_at", text),
        Column("ledger", text, nullable=False),
        Column("tail", text, nullable=False),
        Column("unread", position, nullable=False),
        Column("failure", text),
    )


def _generation(row: Any) -> Generation:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    at, failure = values.pop("recorded_at"), values.pop("failure")
    return Generation(
        **values,
        recorded_at=None if at is None else parse_recorded_at(at),
        failure=None if failure is None else msgspec.json.decode(failure, type=Failure),
    )


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else format_recorded_at(instant)


def _relax(connection: Any, _record: object) -> None:
    # With a write-ahead log a power cut may then cost the last batches, never consistency: progress
    # goes back with the rows, and the events are applied again.
    connection.execute("PRAGMA synchronous = NORMAL")
