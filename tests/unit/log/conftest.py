"""A log of made-up bytes on each database, and the plain driver beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing.dcb.api import DCBEvent
from sqlalchemy.engine import make_url

from ledger.errors import LedgerError
from ledger.log.recorder import SqlRecorder
from ledger.log.store.store_urls import Place, sqlite_module
from ledger.log.stores import create_store, open_store
from ledger.time.periods import SystemClock


@pytest.fixture
def recorder(ledger_url: str) -> Iterator[SqlRecorder]:
    """A recorder on an empty log, on each database."""
    with creating(ledger_url) as made:
        yield made


@pytest.fixture
def by_hand(ledger_url: str) -> Iterator[Callable[[str], list[Any]]]:
    """Run SQL as with the database's own tools, bypassing all of our code."""
    if "://" in ledger_url:
        url = make_url(ledger_url)
        schema = str(url.query["schema"])
        plain = url.difference_update_query(["schema"]).set(drivername="postgresql")
        with psycopg.connect(
            plain.render_as_string(hide_password=False),
            autocommit=True,
            options=f"-c search_path={schema}",
        ) as connection:

            def on_postgres(sql: str) -> list[Any]:
                cursor = connection.execute(sql.encode())
                return cursor.fetchall() if cursor.description else []

            yield on_postgres
    else:

        def on_sqlite(sql: str) -> list[Any]:
            file = sqlite_module().connect(Path(ledger_url), isolation_level=None)
            try:
                found: list[Any] = file.execute(sql).fetchall()
                return found
            finally:
                file.close()

        yield on_sqlite


@contextmanager
def creating(where: str | Path) -> Iterator[SqlRecorder]:
    """A new, empty log, closed afterwards."""
    made = create_store(Place.parse(where), SystemClock(), lambda recorder, connection: None)
    with closing(made):
        yield made


@contextmanager
def opening(where: str | Path, *, read_only: bool = False) -> Iterator[SqlRecorder]:
    """The existing log, closed afterwards."""
    with closing(open_store(Place.parse(where), SystemClock(), read_only=read_only)) as opened:
        yield opened


def made_up(n: int, *tags: str, type: str = "A") -> DCBEvent:
    """An event that a test recognizes by its number."""
    return DCBEvent(type, b"%d" % n, list(tags))


def one_line(error: LedgerError) -> str:
    """The text of an error, which must be one line with advice."""
    text = str(error)
    assert "\n" not in text
    assert error.advice
    return text
