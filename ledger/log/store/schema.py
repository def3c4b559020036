"""The tables of the log, the triggers that keep them append-only, and the format mark.

`event` is the log: one row per line. `event_tag` is an index over it that can be derived
again from the rows: its primary key, in the order (tag, type, position), finds the events
with a tag and a type, from any position on, without touching `event`.

The triggers refuse UPDATE, DELETE and, on PostgreSQL, TRUNCATE; and a new row must take
the position after the last one, which also stops SQLite's INSERT OR REPLACE. They guard
against mistakes and casual edits. The owner of the database can drop them; the Merkle
tree of `ledger.audit` shows a change that follows.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    select,
)
from sqlalchemy.schema import CreateSchema

from ledger.errors import NewerFormat, NotALedger
from ledger.log.store.failures import ELSEWHERE

FORMAT = 1
"""The version of the stored format. A program reads all earlier versions."""

APPLICATION_ID = 0x534C6467
"""`SLdg`: the mark by which SQLite and file(1) recognize a ledger."""

DEFAULT_SCHEMA = "studio_ledger"
"""The PostgreSQL schema that holds the log unless the URL says `?schema=`."""

GUARD_PATH = "pg_catalog, pg_temp"
"""The search path for functions and operators in PostgreSQL's triggers."""


@dataclass(frozen=True)
class Tables:
    """The log's tables, in a PostgreSQL schema or (None) in an SQLite file."""

    event: Table
    event_tag: Table
    ledger_format: Table
    schema: str | None


def tables(schema: str | None = None) -> Tables:
    """Describe the tables for one place.

    PostgreSQL texts collate "C": byte order, the same on every machine and cheap.
    """
    text = Text().with_variant(Text(collation="C"), "postgresql")
    position = BigInteger().with_variant(Integer, "sqlite")  # INTEGER is SQLite's rowid
    metadata = MetaData(schema=schema)
    return Tables(
        event=Table(
            "event",
            metadata,
            Column("position", position, primary_key=True, autoincrement=False),
            Column("recorded_at", text, nullable=False),
            Column("type", text, nullable=False),
            Column("tags", text, nullable=False),
            Column("data", LargeBinary, nullable=False),
        ),
        event_tag=Table(
            "event_tag",
            metadata,
            Column("tag", text, primary_key=True),
            Column("type", text, primary_key=True),
            Column("position", position, primary_key=True, autoincrement=False),
            sqlite_with_rowid=False,
        ),
        # SQLite keeps the format in its own header; PostgreSQL has no such place.
        ledger_format=Table(
            "ledger_format",
            metadata,
            Column("format", Integer, primary_key=True, autoincrement=False),
        ),
        schema=schema,
    )


def create(connection: Connection, place: Tables) -> None:
    """Create tables, triggers and format mark inside the caller's transaction."""
    if connection.dialect.name == "sqlite":
        place.event.create(connection)
        place.event_tag.create(connection)
        for statement in _sqlite_triggers():
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT}")
        return
    assert place.schema is not None
    connection.execute(CreateSchema(place.schema, if_not_exists=True))
    place.ledger_format.metadata.create_all(connection, checkfirst=False)
    connection.execute(place.ledger_format.insert().values(format=FORMAT))
    quote = connection.dialect.identifier_preparer.quote
    for statement in _postgres_triggers(quote(place.schema)):
        connection.exec_driver_sql(statement)


def check_format(connection: Connection, place: Tables, where: str) -> None:
    """Raise `NotALedger` or `NewerFormat` unless this program can use what is there."""
    if connection.dialect.name == "sqlite":
        application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        found = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if application != APPLICATION_ID:
            raise NotALedger(f"{where} is a database, but not a ledger", advice=ELSEWHERE)
    else:
        found = int(connection.execute(select(place.ledger_format.c.format)).scalar_one())
    if found > FORMAT:
        raise NewerFormat(where, found=found, known=FORMAT)
    if found < 1:
        raise NotALedger(
            f"{where} has ledger format {found}, which does not exist", advice=ELSEWHERE
        )


_APPEND_ONLY = "the log is append-only: record a further event that corrects it"
_IN_ORDER = "the log is gapless: a new event takes the position after the last one"


def _sqlite_triggers() -> list[str]:
    refusals = [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{_APPEND_ONLY}'); END"
        for table in ("event", "event_tag")
        for verb in ("UPDATE", "DELETE")
    ]
    # INSERT OR REPLACE deletes without firing a DELETE trigger (unless recursive_triggers
    # is on), so it must be refused before it replaces a row. In `event_tag` every column is
    # in the key: a replacement there changes nothing.
    return [
        *refusals,
        "CREATE TRIGGER event_in_order BEFORE INSERT ON event "
        "WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM event) "
        f"BEGIN SELECT RAISE(ABORT, '{_IN_ORDER}'); END",
    ]


def _postgres_triggers(schema: str) -> list[str]:
    functions = [
        f"CREATE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_APPEND_ONLY}'; END $$",
        # A writer could set a search path that changes the meaning of `max` and `=`.
        f"CREATE FUNCTION {schema}.require_next_position() RETURNS trigger LANGUAGE plpgsql "
        f"SET search_path = {GUARD_PATH} AS "
        f"$$ BEGIN IF NEW.position IS DISTINCT FROM "
        f"(SELECT coalesce(max(position), 0) + 1 FROM {schema}.event) "
        f"THEN RAISE EXCEPTION '{_IN_ORDER}'; END IF; RETURN NEW; END $$",
    ]
    # Statement triggers also refuse an UPDATE that would match no row.
    refusals = [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {schema}.{table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change()"
        for table in ("event", "event_tag")
        for verb in ("UPDATE", "DELETE", "TRUNCATE")
    ]
    return [
        *functions,
        *refusals,
        f"CREATE TRIGGER event_in_order BEFORE INSERT ON {schema}.event "
        f"FOR EACH ROW EXECUTE FUNCTION {schema}.require_next_position()",
    ]
