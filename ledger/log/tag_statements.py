"""The statements that derive the tag index from the rows, and compare it with them.

The database reads the JSON of a row's tags itself: seldom asked for, and compiled then.
"""

from functools import cached_property
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Dialect,
    FromClause,
    bindparam,
    cast,
    collate,
    func,
    insert,
    select,
    true,
)

from ledger.log.schema import Tables
from ledger.log.statements import Statement, compiled_for

_AFTER = bindparam("after", type_=BigInteger)
_UNTIL = bindparam("until", type_=BigInteger)


class TagStatements:
    """On one place, for one dialect."""

    def __init__(self, place: Tables, dialect: Dialect) -> None:
        self._place = place
        self._dialect = dialect

    @cached_property
    def fill(self) -> Statement:
        """Derive the index of a range of positions from its rows, of which none has a tag twice.

        In the order of the key, so that a page of the index is looked for once and not for
        each of its entries: 4.5 seconds for 300,000 events, where entries in the order of
        their rows take 6 (measured).
        """
        each, tag = self._each_tag()
        event, index = self._place.event, self._place.event_tag
        entries = (
            select(tag, event.c.type, event.c.position)
            .select_from(event.join(each, true()))
            .where(event.c.position > _AFTER, event.c.position <= _UNTIL)
            .order_by(tag, event.c.type, event.c.position)
        )
        filled = insert(index).from_select(["tag", "type", "position"], entries)
        return compiled_for(self._dialect, filled, "after", "until")

    @cached_property
    def found(self) -> Statement:
        """How many tags of the rows in a range of positions the index has, each by its key."""
        each, tag = self._each_tag()
        event, index = self._place.event, self._place.event_tag
        # A subquery and no join, so that each is one seek whatever a planner thinks of it.
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
            .where(event.c.position > _AFTER, event.c.position <= _UNTIL)
        )
        return compiled_for(self._dialect, summed, "after", "until")

    @cached_property
    def count(self) -> Statement:
        """How many entries the index has for positions after one."""
        index = self._place.event_tag
        counted = select(func.count()).select_from(index).where(index.c.position > _AFTER)
        return compiled_for(self._dialect, counted, "after")

    def _each_tag(self) -> tuple[FromClause, ColumnElement[Any]]:
        """The tags in a row's own column, to join with it, and one of them."""
        tags = self._place.event.c.tags
        if self._dialect.name == "sqlite":
            each = func.json_each(tags).table_valued("value")
            return each, each.c.value
        each = func.json_array_elements_text(cast(tags, JSON)).table_valued("value")
        return each, collate(each.c.value, "C")
