"""A session: one connection whose compiled statements run directly on the driver.

SQLAlchemy describes the tables, compiles the statements, opens and pools the connections and
knows which errors end one. But if it also executes the compiled statements, row `sqlite` of the
benchmarks takes 1.59 times the instructions.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ledger.log.store.statements import Statement
from ledger.log.store.store_urls import open_file


class Session:
    """A connection of the pool with one cursor. For one thread at a time.

    Driver errors are raised as by SQLAlchemy's own execution, and a broken connection is
    invalidated together with the others of its pool. Listeners of SQLAlchemy's cursor events
    are called for these statements too, without a cursor.
    """

    __slots__ = ("_cursor", "_dispatch", "_driver", "connection", "file", "newer")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.file = open_file(connection)
        self.newer: list[Any] | None = None
        """While an append has the lock: the rows that came with it (`SqlRecorder.lock`)."""
        driver: Any = connection.connection.dbapi_connection
        self._driver = driver
        self._cursor = driver.cursor()
        self._dispatch: Any = connection.engine.dispatch

    def rows(self, statement: Statement, *values: Any) -> list[Any]:
        """Execute a statement and return all rows, as tuples."""
        sql, given = statement.sql, statement.bind(*values)
        try:
            if self._dispatch.before_cursor_execute:
                self._tell("before", sql, given)
            found: list[Any] = self._cursor.execute(sql, given).fetchall()
            if self._dispatch.after_cursor_execute:
                self._tell("after", sql, given)
        except BaseException as error:
            self._failed(sql, given, error)
            raise
        return found

    def row(self, statement: Statement, *values: Any) -> Any:
        """Execute a statement and return the first row, None if there is none."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Execute SQL text. Without values it may be several statements."""
        try:
            self._tell("before", sql, values)
            if values:
                self._cursor.execute(sql, values)
            else:
                self._cursor.execute(sql)
            self._tell("after", sql, values)
        except BaseException as error:
            self._failed(sql, values, error)
            raise

    def run_all(self, *statements: tuple[str, Sequence[Any]]) -> None:
        """Execute statements in one trip to a server, up to the first that fails."""
        if len(statements) == 1:
            self.run(*statements[0])
            return
        sql, values = statements[0]
        try:
            with self._driver.pipeline():
                for sql, values in statements:
                    self._tell("before", sql, values)
                    self._cursor.execute(sql, values)
            for sql, values in statements:
                self._tell("after", sql, values)
        except BaseException as error:
            self._failed(sql, values, error)
            raise

    def last_rows(self, sql: str) -> list[Any]:
        """Execute several statements in one trip to a server; return the rows of the last."""
        try:
            self._tell("before", sql, ())
            cursor = self._cursor.execute(sql)
            while cursor.nextset():
                pass
            found: list[Any] = cursor.fetchall()
            self._tell("after", sql, ())
        except BaseException as error:
            self._failed(sql, (), error)
            raise
        return found

    def insert(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute an insert for each row, with all columns in order."""
        try:
            self._tell("before", sql, rows)
            if len(rows) == 1:
                self._cursor.execute(sql, rows[0])
            else:
                self._cursor.executemany(sql, rows)
            self._tell("after", sql, rows)
        except BaseException as error:
            self._failed(sql, rows, error)
            raise

    def close(self) -> None:
        """Return the connection to its pool, with no transaction open."""
        self.roll_back()
        self.connection.close()

    def roll_back(self) -> None:
        """Roll back an open transaction.

        A connection that cannot do so is invalidated, which also ends its transaction.
        """
        if self.connection.invalidated:
            return
        try:
            self._driver.rollback()
        except self.connection.dialect.loaded_dbapi.Error as error:
            self._invalidate(error)

    def _tell(self, when: str, sql: str, values: Any) -> None:
        for listener in getattr(self._dispatch, f"{when}_cursor_execute"):
            listener(self.connection, None, sql, values, None, False)

    def _invalidate(self, error: Exception) -> None:
        self.connection.invalidate(error)
        self.connection.engine.dispose()  # the others were cut by the same cause

    def _failed(self, sql: str, values: Any, error: BaseException) -> None:
        """Raise what SQLAlchemy would; invalidate a connection that can no longer be used."""
        if not isinstance(error, Exception):  # Ctrl-C: the driver's state is unknown
            self.connection.invalidate(error)
            return
        dialect = self.connection.dialect
        errors = dialect.loaded_dbapi.Error
        if not isinstance(error, errors):
            return
        ended = dialect.is_disconnect(error, self._driver, None)
        if ended:
            self._invalidate(error)
        raise DBAPIError.instance(
            sql, values, error, errors, connection_invalidated=ended, dialect=dialect
        ) from error
