"""Examining a store from outside, for `doctor`: nothing is changed, nothing is trusted."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy import text as sql

from ledger.log.store import schema
from ledger.log.store.failures import StorageErrors
from ledger.log.store.sqlite_recovery import is_write_ahead_logged, reading_mode
from ledger.log.store.store_urls import Place, postgres_engine, sqlite_engine
from ledger.time.periods import Clock, SystemClock

SQLITE_TRIGGERS = {
    f"{table}_no_{verb}" for table in ("event", "event_tag") for verb in ("update", "delete")
} | {"event_in_order"}
POSTGRES_TRIGGERS = SQLITE_TRIGGERS | {"event_no_truncate", "event_tag_no_truncate"}


@dataclass(frozen=True)
class Health:
    """The state of a store. `server` is the database's version, `journal_mode` SQLite's.

    `events` counts rows, `last` is the highest position: they are equal if no position is
    missing. `missing_triggers` lists missing triggers of the append-only guard.
    `damage` is the finding of SQLite's quick check, empty for a sound file.
    `server_ahead_s` is how many seconds the server's clock is ahead of ours; 0 for a file.
    """

    server: str
    journal_mode: str | None
    format: int
    events: int
    last: int
    missing_triggers: tuple[str, ...]
    damage: str
    server_ahead_s: float = 0.0


def examine(where: str, clock: Clock | None = None) -> Health:
    """Examine the store at a path or URL. Raises `StorageFailure` if it cannot be read."""
    place = Place.parse(where)
    if place.path is not None:
        engine = sqlite_engine(place.path, mode=reading_mode(place.path))
    else:
        assert place.url is not None
        engine = postgres_engine(place.url, read_only=True)
    try:
        with StorageErrors(place.where), engine.connect() as connection:
            if place.path is not None:
                return _sqlite(connection, place.path)
            return _postgres(connection, place.schema, clock or SystemClock())
    finally:
        engine.dispose()


def _sqlite(connection: Connection, path: Path) -> Health:
    def pragma(name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    triggers = set(found.scalars())
    damage = str(pragma("quick_check(1)"))
    events, last = _extent(connection, schema.tables())
    return Health(
        server=str(connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()),
        # A connection to an immutable file reports no journal mode, since it needs none.
        journal_mode="wal" if is_write_ahead_logged(path) else str(pragma("journal_mode")),
        format=int(str(pragma("user_version"))),
        events=events,
        last=last,
        missing_triggers=tuple(sorted(SQLITE_TRIGGERS - triggers)),
        damage="" if damage == "ok" else damage,
    )


def _postgres(connection: Connection, name: str | None, clock: Clock) -> Health:
    # A disabled trigger ('D') guards nothing.
    found = connection.execute(
        sql(
            "SELECT tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = :name AND tgenabled <> 'D'"
        ),
        {"name": name},
    )
    triggers = set(found.scalars())
    tables = schema.tables(name)
    events, last = _extent(connection, tables)
    return Health(
        server=str(connection.exec_driver_sql("SHOW server_version").scalar_one()),
        journal_mode=None,
        format=int(connection.execute(select(tables.ledger_format.c.format)).scalar_one()),
        events=events,
        last=last,
        missing_triggers=tuple(sorted(POSTGRES_TRIGGERS - triggers)),
        damage="",
        server_ahead_s=_ahead(connection, clock),
    )


def _ahead(connection: Connection, clock: Clock) -> float:
    """The least that the server's clock is ahead: the round trip may explain the rest."""
    before = clock.now().timestamp()
    server = float(
        connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one()
    )
    after = clock.now().timestamp()
    return server - min(max(server, before), after)


def _extent(connection: Connection, tables: schema.Tables) -> tuple[int, int]:
    position = tables.event.c.position
    count, last = connection.execute(select(func.count(position), func.max(position))).one()
    return int(count), int(last or 0)
