"""The tag index as it is stored: walked whole by whoever verifies it, sought in by type."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from ledger.log.rows import PAGE
from ledger.log.sessions import Session
from ledger.log.statements import Statements

Entry = tuple[str, str, int]
"""tag, type, position: the columns of `event_tag`, in the order of its key."""


class TagIndex:
    """The index of a recorder; `reading` gives a session for a read that is fetched whole."""

    def __init__(
        self, statements: Statements, reading: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        self._statements = statements
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

    def types_of(self, tag: str) -> list[str]:
        """The types of the events that carry a tag, sorted: a seek in the index for each."""
        found = [""]
        with self._reading() as session:
            while row := session.row(self._statements.next_type, tag, found[-1]):
                found.append(row[0])
        return found[1:]
