"""A connection that is held, and statements that run on its driver.

SQLAlchemy describes the tables, compiles the statements, makes and pools the connections and
knows which errors end one. What it does around a statement that is compiled, and whose rows are
taken as they come, costs more than the statement: 40 µs, and another 40 to borrow and return a
connection, where SQLite takes 5 to 20. A first decision asks some eight questions, one of a
program that stays two.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ledger.log.places import seen
from ledger.log.statements import Statement


class Session:
    """A connection of the pool with one cursor, until it is given back. For one thread at a time.

    What the driver raises comes out as SQLAlchemy's own execution would raise it, with a
    connection that broke given up, and the others of its pool. Whoever listens to SQLAlchemy's
    cursor events hears of these statements too, without a cursor.
    """

    __slots__ = ("_cursor", "_dispatch", "_driver", "connection", "newer", "seen")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.seen = seen(connection)
        self.newer: list[Any] | None = None
        """While an append has the lock: what came with it, `SqlRecorder.lock`."""
        driver: Any = connection.connection.dbapi_connection
        self._driver = driver
        self._cursor = driver.cursor()  # one for all: to make one takes psycopg 15 µs
        self._dispatch: Any = connection.engine.dispatch

    def can_go_on(self) -> bool:
        """Whether it can be used after a rest: nobody wrote to what was opened as immutable."""
        return self.seen is None or not self.seen.is_written()

    def rows(self, statement: Statement, *values: Any) -> list[Any]:
        """All rows that it gives, as tuples."""
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
        """The first row, None where there is none."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Execute a text, for what it does. Without values it may be several statements."""
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
        """Execute statements in one trip to a server; those after one that fails are not."""
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
        """Execute several statements in one trip to a server; the rows of the last one."""
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
        """Execute an insert for each of some rows, all columns in order."""
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

    def roll_back(self) -> None:
        """Take back what an open transaction has done.

        A connection that cannot do so is given up, with which its transaction ends too.
        """
        if self.connection.invalidated:
            return
        try:
            self._driver.rollback()
        except self.connection.dialect.loaded_dbapi.Error as error:
            self._give_up(error)

    def _tell(self, when: str, sql: str, values: Any) -> None:
        for listener in getattr(self._dispatch, f"{when}_cursor_execute"):
            listener(self.connection, None, sql, values, None, False)

    def _give_up(self, error: Exception) -> None:
        self.connection.invalidate(error)
        self.connection.engine.dispose()  # the others were cut by the same

    def _failed(self, sql: str, values: Any, error: BaseException) -> None:
        """Raise what SQLAlchemy would; give up a connection that can no longer be used."""
        if not isinstance(error, Exception):  # Ctrl-C: nobody knows where the driver stands
            self.connection.invalidate(error)
            return
        dialect = self.connection.dialect
        errors = dialect.loaded_dbapi.Error
        if not isinstance(error, errors):
            return
        ended = dialect.is_disconnect(error, self._driver, None)
        if ended:
            self._give_up(error)
        raise DBAPIError.instance(
            sql, values, error, errors, connection_invalidated=ended, dialect=dialect
        ) from error


def insert_rows(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """`Session.insert`, for whoever holds a connection."""
    Session(connection).insert(sql, rows)
