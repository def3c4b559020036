"""What an act asks of the database, counted in the driver: the same on every machine.

No clock is in it. A step is one of SQLite's virtual machine, and says how much of a table was
walked; a seek is one step in a table of any size. Bytes are those that the write-ahead log grew by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from ledger.log.store.store_urls import sqlite_module


class Counts(NamedTuple):
    """Of one act: statements sent, rows fetched, steps walked, bytes written.

    On PostgreSQL only the statements are counted.
    """

    statements: int
    rows: int = 0
    steps: int = 0
    written: int = 0


class Counter:
    """Counts on every connection to SQLite that is opened while it is `watching`."""

    def __init__(self) -> None:
        self.statements = 0
        self.rows = 0
        self.steps = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Every connection that is opened inside is counted, also after the end."""
        with pytest.MonkeyPatch.context() as patch:
            module = sqlite_module()
            connect = module.connect

            def counted(*args: Any, **options: Any) -> Any:
                connection = connect(*args, **options)
                connection.set_trace_callback(self._statement)
                connection.set_progress_handler(self._step, 1)
                connection.row_factory = self._row
                return connection

            patch.setattr(module, "connect", counted)
            patch.setattr(psycopg.Cursor, "execute", self._sent(psycopg.Cursor.execute))
            patch.setattr(psycopg.Cursor, "executemany", self._sent(psycopg.Cursor.executemany))
            yield

    def of(self, act: Callable[[], object], file: Path | None = None) -> Counts:
        """What an act takes; `file` is the one that it writes to."""
        if file is not None:
            _emptied(file)
        before = self.statements, self.rows, self.steps
        act()
        after = self.statements, self.rows, self.steps
        statements, rows, steps = (now - then for now, then in zip(after, before, strict=True))
        written = 0 if file is None else file.with_name(f"{file.name}-wal").stat().st_size
        return Counts(statements, rows, steps, written)

    def _statement(self, text: str) -> None:
        if not text.startswith("--"):  # the statements of triggers, which count as steps
            self.statements += 1

    def _row(self, _cursor: object, row: tuple[Any, ...]) -> tuple[Any, ...]:
        self.rows += 1
        return row

    def _step(self) -> int:
        self.steps += 1
        return 0

    def _sent(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(cursor: Any, *args: Any, **options: Any) -> Any:
            self.statements += 1
            return method(cursor, *args, **options)

        return counted


def _emptied(file: Path) -> None:
    """Bring what stands in the write-ahead log home, past all counting."""
    connection = _CONNECT(str(file))
    connection.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
    connection.close()


_CONNECT = sqlite_module().connect
"""As it is while nobody counts."""
