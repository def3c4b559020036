"""The statements of the log: written in SQLAlchemy Core, compiled once, run as plain SQL.

Compiling costs more than running (the append of one event takes some 40 microseconds of
SQLite's time), so each statement is compiled once per shape and then handed to the driver
with positional parameters.

A question about tags becomes *branches*. One branch is one walk along the index
`event_tag(tag, type, position)`: one type (or any), a first tag that is walked, further
tags that are probed. Each branch is ordered by position and limited, so that "the last
move of this crane" costs one seek and not the crane's life. A statement joins up to
`MAX_BRANCHES` branches with UNION, which keeps every event to one appearance.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Dialect,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    insert,
    select,
    tuple_,
    union,
)
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from ledger.log.rows import recordable
from ledger.log.schema import Tables

MAX_BRANCHES = 32
"""Branches of one statement. SQLite takes 500 in a UNION; planning grows faster."""

ANY_TYPE = ""


class Branch(NamedTuple):
    """One walk: events with all of `tags` and, where `types` is not empty, one of them.

    With tags there is at most one type: more types are more branches.
    """

    tags: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """What decides the SQL: how many tags and how many types."""
        return len(self.tags), len(self.types)


@dataclass(frozen=True)
class Statement:
    """SQL text of one dialect, and the names of its parameters in the order of their marks.

    `constants` are parameters that the statement brings along (the 1 of LIMIT 1).
    """

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]

    def bind(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The positional parameters."""
        all_values = {**self.constants, **values}
        return tuple(all_values[name] for name in self.names)


def branches(query: DCBQuery | None) -> tuple[Branch, ...] | None:
    """The walks that answer a query; None where every event matches.

    No branch at all means that nothing can match: a text with a NUL or a lone surrogate is
    never recorded, and PostgreSQL would not even take it as a parameter.
    """
    items: Sequence[DCBQueryItem] = query.items if query is not None else ()
    if not items:
        return None
    found: dict[Branch, None] = {}
    for item in items:
        if not item.tags and not item.types:
            return None
        if not all(map(recordable, item.tags)):
            continue
        tags = tuple(sorted(set(item.tags)))
        types = tuple(sorted(filter(recordable, set(item.types))))
        if item.types and not types:
            continue
        if not tags:
            found[Branch((), types)] = None
        for type in types or (ANY_TYPE,) if tags else ():
            found[Branch(tags, (type,) if types else ())] = None
    # Sorted by shape, so that equal sets of shapes share one compiled statement.
    return tuple(sorted(found, key=lambda branch: branch.shape))


def groups(found: Sequence[Branch]) -> Iterable[Sequence[Branch]]:
    """Cut branches into what one statement takes."""
    return (found[n : n + MAX_BRANCHES] for n in range(0, len(found), MAX_BRANCHES))


def branch_values(found: Sequence[Branch]) -> dict[str, Any]:
    """The parameters of `Statements.positions` and `Statements.matching` for branches."""
    values: dict[str, Any] = {}
    for n, branch in enumerate(found):
        values.update((f"tag_{n}_{m}", tag) for m, tag in enumerate(branch.tags))
        values.update((f"type_{n}_{m}", type) for m, type in enumerate(branch.types))
    return values


_TAG_KEY = (("tag", Text), ("type", Text), ("position", BigInteger))
_AFTER = bindparam("after", type_=BigInteger)
_UNTIL = bindparam("until", type_=BigInteger)
_LIMIT: BindParameter[int] = bindparam("limit", type_=BigInteger)


class Statements:
    """All statements on one place, for one dialect."""

    def __init__(self, place: Tables, dialect: Dialect) -> None:
        event, event_tag = place.event, place.event_tag
        self._place = place
        self._dialect = dialect
        self._columns = (
            event.c.position, event.c.recorded_at, event.c.type, event.c.tags, event.c.data
        )  # fmt: skip
        self.last = self._compile(
            select(event.c.position, event.c.recorded_at).order_by(event.c.position.desc()).limit(1)
        )
        self.recorded_at = self._compile(
            select(event.c.recorded_at).where(event.c.position == bindparam("position"))
        )
        self.insert_event = self._compile(insert(event))
        self.insert_tag = self._compile(insert(event_tag))
        self.tail = self._compile(
            select(event.c.position, event.c.type, event.c.tags)
            .where(event.c.position > _AFTER)
            .order_by(event.c.position)
        )
        self.tag_rows = self._compile(
            select(event_tag.c.tag, event_tag.c.type, event_tag.c.position)
            .where(
                tuple_(event_tag.c.tag, event_tag.c.type, event_tag.c.position)
                > tuple_(*(bindparam(name, type_=type) for name, type in _TAG_KEY))
            )
            .order_by(event_tag.c.tag, event_tag.c.type, event_tag.c.position)
            .limit(_LIMIT)
        )
        self.tag_rows_after = self._compile(
            select(event_tag.c.tag, event_tag.c.type, event_tag.c.position)
            .where(event_tag.c.position > _AFTER)
            .order_by(event_tag.c.tag, event_tag.c.type, event_tag.c.position)
        )
        self.next_type = self._compile(
            select(event_tag.c.type)
            .where(event_tag.c.tag == bindparam("tag"), event_tag.c.type > bindparam("type"))
            .order_by(event_tag.c.type)
            .limit(1)
        )
        # One cache each, so that a statement dies with its recorder.
        self.page = lru_cache(maxsize=2)(self._page)
        self.matching = lru_cache(maxsize=512)(self._matching)
        self.positions = lru_cache(maxsize=512)(self._positions)

    def _page(self, newest_first: bool) -> Statement:
        """Rows of a range of positions, in order."""
        event = self._place.event
        order = event.c.position.desc() if newest_first else event.c.position
        return self._compile(
            select(*self._columns)
            .where(event.c.position > _AFTER, event.c.position <= _UNTIL)
            .order_by(order)
            .limit(_LIMIT)
        )

    def _matching(self, shapes: tuple[tuple[int, int], ...], newest_first: bool) -> Statement:
        """Rows that match any branch, in order."""
        event = self._place.event
        hits = self._hits(shapes, newest_first).subquery("hits")
        order = hits.c.position.desc() if newest_first else hits.c.position
        # LEFT JOIN, because it fixes the order of the walk: from the few hits to their
        # events. As an inner join SQLite may choose to walk all events and look each one
        # up among the hits.
        return self._compile(
            select(hits.c.position, *self._columns[1:])
            .select_from(hits.outerjoin(event, event.c.position == hits.c.position))
            .order_by(order)
            .limit(_LIMIT)
        )

    def _positions(self, shapes: tuple[tuple[int, int], ...]) -> Statement:
        """Positions that match any branch, in order. Answered from the index alone."""
        hits = self._hits(shapes, False).subquery("hits")
        return self._compile(select(hits.c.position).order_by(hits.c.position).limit(_LIMIT))

    def _hits(self, shapes: tuple[tuple[int, int], ...], newest_first: bool) -> Any:
        walks = [self._walk(n, shape, newest_first) for n, shape in enumerate(shapes)]
        if len(walks) == 1:
            return walks[0]
        return union(*(select(walk.subquery(f"w{n}").c.position) for n, walk in enumerate(walks)))

    def _walk(self, n: int, shape: tuple[int, int], newest_first: bool) -> Select[Any]:
        tag_count, type_count = shape
        types = [bindparam(f"type_{n}_{m}", type_=Text) for m in range(type_count)]
        source: FromClause
        if tag_count == 0:
            source = self._place.event
            walk = select(source.c.position).where(source.c.type.in_(types))
        else:
            source = self._place.event_tag.alias(f"t{n}_0")
            walk = select(source.c.position).where(source.c.tag == bindparam(f"tag_{n}_0"))
            for type in types:
                walk = walk.where(source.c.type == type)
            for m in range(1, tag_count):
                # The probe names the whole key, so it is a single seek.
                probe = self._place.event_tag.alias(f"t{n}_{m}")
                walk = walk.join(
                    probe,
                    and_(
                        probe.c.tag == bindparam(f"tag_{n}_{m}"),
                        probe.c.type == source.c.type,
                        probe.c.position == source.c.position,
                    ),
                )
        position = source.c.position
        return (
            walk.where(position > _AFTER, position <= _UNTIL)
            .order_by(position.desc() if newest_first else position)
            .limit(_LIMIT)
        )

    def _compile(self, statement: ClauseElement) -> Statement:
        compiled = statement.compile(dialect=self._dialect)
        assert isinstance(compiled, SQLCompiler)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        return Statement(str(compiled), tuple(compiled.positiontup or ()), constants)


def lock_statements(dialect: str, place: Tables) -> tuple[str, ...]:
    """What begins a transaction and waits for the one lock of a log, statement by statement."""
    if dialect == "sqlite":
        return ("BEGIN IMMEDIATE",)
    digest = sha256(f"studio-ledger append {place.schema}".encode()).digest()
    key = int.from_bytes(digest[:8], signed=True)
    # The lock has a statement of its own. A READ COMMITTED statement takes its snapshot
    # when it starts: one that locked and looked in one go would wait, and then see the
    # log as it was before the wait.
    #
    # Whatever the server or the role says, an append waits until it is on the disk: with
    # `off`, a server that crashes forgets what was acknowledged. Stronger wishes stay.
    durable = "replace(current_setting('synchronous_commit'), 'off', 'on')"
    return (
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        f"SELECT pg_advisory_xact_lock({key}), set_config('synchronous_commit', {durable}, true)",
    )
