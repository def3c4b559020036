"""The tag index: derived from the rows, read in full by `audit verify`, searched by type.

The database itself reads the JSON of a row's tags.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Dialect,
    FromClause,
    Text,
    bindparam,
    cast,
    collate,
    func,
    insert,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.elements import ClauseElement

from ledger.log.rows import ENDLESS, PAGE
from ledger.log.store.schema import Tables
from ledger.log.store.sessions import Session
from ledger.log.store.statements import AFTER, LIMIT, ONE, UNTIL, Statement, compiled_for

Entry = tuple[str, str, int]
"""tag, type, position: the columns of `event_tag`, in key order."""

_KEY = (("tag", Text), ("type", Text), ("position", BigInteger))


class TagIndex:
    """The tag index of a log. `reading` gives a session for one read."""

    def __init__(
        self,
        tables: Tables,
        dialect: Dialect,
        reading: Callable[[], AbstractContextManager[Session]],
    ) -> None:
        self._statements = _Statements(tables, dialect)
        self._reading = reading

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The entries in key order; with `after`, only those of later positions.

        The key begins with the tag, so `after` reads the whole index, in one go.
        """
        if after:
            with self._reading() as session:
                later = session.rows(self._statements.entries_after, after)
            yield from later
            return
        key: Entry = ("", "", -1)
        while True:
            with self._reading() as session:
                page: list[Entry] = session.rows(self._statements.entries, *key, PAGE)
            yield from page
            if len(page) < PAGE:
                return
            key = page[-1]

    def count(self, after: int = 0) -> int:
        """The number of entries; with `after`, only those of later positions."""
        return self._number(self._statements.count, after or -ENDLESS)

    def found(self, after: int, until: int) -> int:
        """How many tags of the rows with after < position <= until the index has.

        The rows' tags must be JSON arrays of texts without a NUL.
        """
        return self._number(self._statements.found, after, until)

    def fill(self, session: Session, after: int, until: int) -> None:
        """Write the entries of rows that have none yet, in the transaction that wrote the rows.

        No row may carry a tag twice.
        """
        statement = self._statements.fill
        session.run(statement.sql, statement.bind(after, until))

    def types_of(self, tag: str) -> list[str]:
        """The types of the events that carry a tag, sorted: one seek in the index for each."""
        found = [""]
        with self._reading() as session:
            while row := session.row(self._statements.next_type, tag, found[-1]):
                found.append(row[0])
        return found[1:]

    def _number(self, statement: Statement, *values: int) -> int:
        with self._reading() as session:
            found = session.row(statement, *values)
        return int(found[0] or 0)


class _Statements:
    """The statements on the index, for one dialect, each compiled when it is first used."""

    def __init__(self, tables: Tables, dialect: Dialect) -> None:
        self._event = tables.event
        self._index = tables.event_tag
        self._dialect = dialect

    @cached_property
    def entries(self) -> Statement:
        """The index after a key, in order: tag, type, position, limit."""
        entry = self._index.c
        return self._compile(
            select(entry.tag, entry.type, entry.position)
            .where(
                tuple_(entry.tag, entry.type, entry.position)
                > tuple_(*(bindparam(name, type_=type) for name, type in _KEY))
            )
            .order_by(entry.tag, entry.type, entry.position)
            .limit(LIMIT),
            "tag", "type", "position", "limit",
        )  # fmt: skip

    @cached_property
    def entries_after(self) -> Statement:
        """The entries of the positions after one, in key order."""
        entry = self._index.c
        return self._compile(
            select(entry.tag, entry.type, entry.position)
            .where(entry.position > AFTER)
            .order_by(entry.tag, entry.type, entry.position),
            "after",
        )

    @cached_property
    def next_type(self) -> Statement:
        """The first type after one among those that carry a tag: tag, type."""
        entry = self._index.c
        return self._compile(
            select(entry.type)
            .where(entry.tag == bindparam("tag"), entry.type > bindparam("type"))
            .order_by(entry.type)
            .limit(ONE),
            "tag", "type",
        )  # fmt: skip

    @cached_property
    def count(self) -> Statement:
        """How many entries the index has for positions after one."""
        index = self._index
        counted = select(func.count()).select_from(index).where(index.c.position > AFTER)
        return self._compile(counted, "after")

    @cached_property
    def found(self) -> Statement:
        """How many tags of the rows in a range of positions the index has, each by its key."""
        each, tag = self._each_tag()
        event, index = self._event, self._index
        # A subquery, not a join, so that each tag is one seek whatever the planner thinks.
        found = (
            select(func.count())
            .select_from(index)
            .where(
                index.c.tag == tag,
                index.c.type == event.c.type,
                index.c.position == event.c.position,
            )
            .correlate(event, each)
            .scalar_subquery()
        )
        summed = (
            select(func.sum(found))
            .select_from(event.join(each, true()))
            .where(event.c.position > AFTER, event.c.position <= UNTIL)
        )
        return self._compile(summed, "after", "until")

    @cached_property
    def fill(self) -> Statement:
        """Derive the entries of a range of positions from the rows; no row has a tag twice.

        In key order, so that each page of the index is found once and not once for each of
        its entries: in the order of the rows it takes 1.33 times as long.
        """
        each, tag = self._each_tag()
        event, index = self._event, self._index
        entries = (
            select(tag, event.c.type, event.c.position)
            .select_from(event.join(each, true()))
            .where(event.c.position > AFTER, event.c.position <= UNTIL)
            .order_by(tag, event.c.type, event.c.position)
        )
        filled = insert(index).from_select(["tag", "type", "position"], entries)
        return self._compile(filled, "after", "until")

    def _each_tag(self) -> tuple[FromClause, ColumnElement[Any]]:
        """The tags in a row's own column, to join with the row, and one of them."""
        tags = self._event.c.tags
        if self._dialect.name == "sqlite":
            each = func.json_each(tags).table_valued("value")
            return each, each.c.value
        each = func.json_array_elements_text(cast(tags, JSON)).table_valued("value")
        return each, collate(each.c.value, "C")

    def _compile(self, statement: ClauseElement, *names: str) -> Statement:
        return compiled_for(self._dialect, statement, *names)
