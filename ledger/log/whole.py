"""The whole log as it is stored, page by page: for whoever looks at each row of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from ledger.log.rows import StoredRow
from ledger.log.sessions import Session
from ledger.log.statements import Statements

WHOLE_PAGE = 1_024
"""Rows of a page: whole tiles of the tree, and little enough to stay in a processor's cache."""


class Pages:
    """The rows of a recorder; `reading` gives a session for a read that is fetched whole."""

    def __init__(
        self, statements: Statements, reading: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        self._statements = statements
        self._reading = reading

    def walk(self, after: int, until: int) -> Iterator[list[StoredRow]]:
        """Rows with after < position <= until in order, `WHOLE_PAGE` at a time but for the last.

        With whatever gaps and damage there are.
        """
        statement = self._statements.page(False)
        while after < until:
            with self._reading() as session:
                page: list[StoredRow] = session.rows(statement, after, until, WHOLE_PAGE)
            if page:
                yield page
            if len(page) < WHOLE_PAGE:
                return
            after = page[-1][0]
