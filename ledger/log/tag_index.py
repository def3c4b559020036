"""The tag index as it is stored: walked whole by whoever verifies it, sought in by type."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from ledger.log.rows import PAGE
from ledger.log.statements import Statements

Entry = tuple[str, str, int]
"""tag, type, position: the columns of `event_tag`, in the order of its key."""


class TagIndex:
    """The index of a recorder; `reading` gives a connection for a read that is fetched whole."""

    def __init__(
        self, statements: Statements, reading: Callable[[], AbstractContextManager[Connection]]
    ) -> None:
        self._statements = statements
        self._reading = reading

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The entries in the order of their key.

        With `after` only those of later positions, which the index has to be walked for: once.
        """
        if after:
            statement = self._statements.tag_rows_after
            with self._reading() as connection:
                later = connection.exec_driver_sql(statement.sql, statement.bind({"after": after}))
                found = later.all()
            yield from map(tuple, found)
            return
        statement = self._statements.tag_rows
        key: Entry = ("", "", -1)
        while True:
            values = dict(zip(("tag", "type", "position"), key, strict=True), limit=PAGE)
            with self._reading() as connection:
                page = connection.exec_driver_sql(statement.sql, statement.bind(values)).all()
            yield from map(tuple, page)
            if len(page) < PAGE:
                return
            key = tuple(page[-1])

    def types_of(self, tag: str) -> list[str]:
        """The types of the events that carry a tag, sorted: a seek in the index for each."""
        statement, found = self._statements.next_type, [""]
        with self._reading() as connection:
            while row := connection.exec_driver_sql(
                statement.sql, statement.bind({"tag": tag, "type": found[-1]})
            ).first():
                found.append(row[0])
        return found[1:]
