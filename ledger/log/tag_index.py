"""The tag index as it is stored: walked whole by whoever verifies it, sought in by type."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from ledger.log.rows import ENDLESS, PAGE
from ledger.log.sessions import Session
from ledger.log.statements import Statement, Statements
from ledger.log.tag_statements import TagStatements

Entry = tuple[str, str, int]
"""tag, type, position: the columns of `event_tag`, in the order of its key."""


class TagIndex:
    """The index of a recorder; `reading` gives a session for a read that is fetched whole."""

    def __init__(
        self,
        statements: Statements,
        against_rows: TagStatements,
        reading: Callable[[], AbstractContextManager[Session]],
    ) -> None:
        self._statements = statements
        self._against_rows = against_rows
        self._reading = reading

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The entries in the order of their key.

        With `after` only those of later positions, which the index has to be walked for: once.
        """
        if after:
            with self._reading() as session:
                later = session.rows(self._statements.tag_rows_after, after)
            yield from later
            return
        key: Entry = ("", "", -1)
        while True:
            with self._reading() as session:
                page: list[Entry] = session.rows(self._statements.tag_rows, *key, PAGE)
            yield from page
            if len(page) < PAGE:
                return
            key = page[-1]

    def count(self, after: int = 0) -> int:
        """How many entries there are, with `after` of later positions alone."""
        return self._number(self._against_rows.count, after or -ENDLESS)

    def found(self, after: int, until: int) -> int:
        """How many tags of the rows with after < position <= until are there, each sought by key.

        The rows' tags must be JSON arrays of texts, and none of these hold a NUL.
        """
        return self._number(self._against_rows.found, after, until)

    def fill(self, session: Session, after: int, until: int) -> None:
        """Write the entries of rows that have none yet, within the transaction that wrote them.

        No row may carry a tag twice.
        """
        statement = self._against_rows.fill
        session.run(statement.sql, statement.bind(after, until))

    def _number(self, statement: Statement, *values: int) -> int:
        with self._reading() as session:
            found = session.row(statement, *values)
        return int(found[0] or 0)

    def types_of(self, tag: str) -> list[str]:
        """The types of the events that carry a tag, sorted: a seek in the index for each."""
        found = [""]
        with self._reading() as session:
            while row := session.row(self._statements.next_type, tag, found[-1]):
                found.append(row[0])
        return found[1:]
