"""The statements of the log: written in SQLAlchemy Core, compiled once, run as plain SQL.

Compiling takes longer than running, so each statement is compiled once per shape and then passed to
the driver with positional parameters.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Dialect,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    insert,
    literal_column,
    select,
    union,
)
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from ledger.log.store.schema import Tables


class Statement:
    """SQL text of one dialect, and the order of its parameters.

    `constants` are values of the statement itself (the 1 of LIMIT 1). `marks` gives for each
    parameter mark in the text the index of its value among the given values and the constants.
    """

    def __init__(self, sql: str, constants: tuple[Any, ...], marks: Sequence[int]) -> None:
        self.sql = sql
        self._constants = constants
        self._marks = marks

    def bind(self, *values: Any) -> tuple[Any, ...]:
        """The positional parameters for values in the order that the statement documents."""
        given = (*values, *self._constants)
        return tuple([given[mark] for mark in self._marks])


def _branch_names(shapes: Sequence[tuple[int, int]]) -> list[str]:
    return [
        f"{part}_{n}_{m}"
        for n, shape in enumerate(shapes)
        for part, count in zip(("tag", "type"), shape, strict=True)
        for m in range(count)
    ]


AFTER = bindparam("after", type_=BigInteger)
UNTIL = bindparam("until", type_=BigInteger)
_RANGE = ("after", "until", "limit")
_MARK = "/* a number */"
# An SQLite with STAT4 plans a statement again whenever a bare LIMIT parameter is bound, that
# is at every execution: row `sqlite` then takes 1.51 times the instructions.
LIMIT = bindparam("limit", type_=BigInteger) + literal_column("0")
ONE: ColumnElement[int] = literal_column("1")


class Statements:
    """The statements on one log's tables, for one dialect."""

    def __init__(self, tables: Tables, dialect: Dialect) -> None:
        event = tables.event
        self._tables = tables
        self._dialect = dialect
        self._columns = (
            event.c.position, event.c.recorded_at, event.c.type, event.c.tags, event.c.data
        )  # fmt: skip
        self._in_one_trip = dialect.name == "postgresql"
        # A cache per instance, so that the statements are freed with their recorder.
        self.page = lru_cache(maxsize=2)(self._page)
        self.matching = lru_cache(maxsize=512)(self._matching)
        self.positions = lru_cache(maxsize=512)(self._positions)
        self.insert_one = lru_cache(maxsize=32)(self._insert_one)

    # Each is compiled at its first use, which takes 2 ms; a command uses four of them.

    @cached_property
    def last(self) -> Statement:
        """Position and recorded time of the last event."""
        event = self._tables.event
        newest_first = event.c.position.desc()
        return self._compile(
            select(event.c.position, event.c.recorded_at).order_by(newest_first).limit(ONE)
        )

    @cached_property
    def recorded_at(self) -> Statement:
        """When the event at a position was recorded: position."""
        event = self._tables.event
        return self._compile(
            select(event.c.recorded_at).where(event.c.position == bindparam("position")),
            "position",
        )

    @cached_property
    def insert_event(self) -> Statement:
        """A row of the log: its columns."""
        return self._compile(insert(self._tables.event))

    @cached_property
    def insert_tag(self) -> Statement:
        """An entry of the index: its columns."""
        return self._compile(insert(self._tables.event_tag))

    @cached_property
    def newer(self) -> Statement:
        """Position, type and tags of the events after a position."""
        event = self._tables.event
        return self._compile(
            select(event.c.position, event.c.type, event.c.tags)
            .where(event.c.position > AFTER)
            .order_by(event.c.position),
            "after",
        )

    def from_position(self, after: int, limit: int) -> str:
        """The SQL of `newer` with recorded times, from the position `after` itself on.

        The two numbers are part of the text, since it goes to a server together with other
        statements, and several statements cannot have parameters.
        """
        before, between, behind = self._from_position
        return f"{before}{int(after)}{between}{int(limit)}{behind}"

    @cached_property
    def _from_position(self) -> tuple[str, str, str]:
        # A schema's name may contain the mark. With an alias the name comes before our marks.
        event = self._tables.event.alias("e")
        statement = (
            select(event.c.position, event.c.recorded_at, event.c.type, event.c.tags)
            .where(event.c.position >= literal_column(_MARK))
            .order_by(event.c.position)
            .limit(literal_column(_MARK))
        )
        # Without parameters the driver does not unescape percent signs.
        text = self._compile(statement).sql.replace("%%", "%")
        text, _, behind = text.rpartition(_MARK)
        before, _, between = text.rpartition(_MARK)
        return before, between, behind

    def _insert_one(self, tag_count: int) -> Statement | None:
        """An event and its tags, column after column, in one statement; None on SQLite.

        (The driver would send several rows in a pipeline, which costs more than the rows.)
        """
        if not self._in_one_trip:
            return None
        event, event_tag = self._tables.event, self._tables.event_tag
        row = [f"event_{column.name}" for column in event.c]
        tags = [[f"tag_{n}_{column.name}" for column in event_tag.c] for n in range(tag_count)]
        recorded = insert(event).values(
            {c.name: bindparam(name, type_=c.type) for c, name in zip(event.c, row, strict=True)}
        )
        indexed = insert(event_tag).values(
            [
                {
                    c.name: bindparam(name, type_=c.type)
                    for c, name in zip(event_tag.c, names, strict=True)
                }
                for names in tags
            ]
        )
        names = [*row, *(name for names in tags for name in names)]
        return self._compile(indexed.add_cte(recorded.cte("recorded")), *names)

    def _page(self, newest_first: bool) -> Statement:
        """Rows of a range of positions, in order: after, until, limit."""
        event = self._tables.event
        order = event.c.position.desc() if newest_first else event.c.position
        return self._compile(
            select(*self._columns)
            .where(event.c.position > AFTER, event.c.position <= UNTIL)
            .order_by(order)
            .limit(LIMIT),
            *_RANGE,
        )

    def _matching(self, shapes: tuple[tuple[int, int], ...], newest_first: bool) -> Statement:
        """Rows that match any branch, in order: after, until, limit, `branch_values`."""
        event = self._tables.event
        hits = self._hits(shapes, newest_first).subquery("hits")
        order = hits.c.position.desc() if newest_first else hits.c.position
        # LEFT JOIN, because it fixes the order: from the few hits to their events. With an
        # inner join SQLite may choose to scan all events and look each one up in the hits.
        return self._compile(
            select(hits.c.position, *self._columns[1:])
            .select_from(hits.outerjoin(event, event.c.position == hits.c.position))
            .order_by(order)
            .limit(LIMIT),
            *_RANGE,
            *_branch_names(shapes),
        )

    def _positions(self, shapes: tuple[tuple[int, int], ...]) -> Statement:
        """Positions that match any branch, in order, from the index alone: as `matching`."""
        hits = self._hits(shapes, False).subquery("hits")
        return self._compile(
            select(hits.c.position).order_by(hits.c.position).limit(LIMIT),
            *_RANGE,
            *_branch_names(shapes),
        )

    def _hits(self, shapes: tuple[tuple[int, int], ...], newest_first: bool) -> Any:
        walks = [
            self._walk(n, tag_count, types, newest_first)
            for n, (tag_count, type_count) in enumerate(shapes)
            for types in _types_of_walks(n, tag_count, type_count)
        ]
        if len(walks) == 1:
            return walks[0]
        return union(*(select(walk.subquery(f"w{n}").c.position) for n, walk in enumerate(walks)))

    def _walk(
        self, n: int, tag_count: int, types: Sequence[BindParameter[str]], newest_first: bool
    ) -> Select[Any]:
        source: FromClause
        if tag_count == 0:
            source = self._tables.event
            walk = select(source.c.position).where(source.c.type.in_(types))
        else:
            source = self._tables.event_tag.alias(f"t{n}_0")
            walk = select(source.c.position).where(source.c.tag == bindparam(f"tag_{n}_0"))
            for type in types:
                walk = walk.where(source.c.type == type)
            for m in range(1, tag_count):
                # The probe gives the whole key, so it is a single seek.
                probe = self._tables.event_tag.alias(f"t{n}_{m}")
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
            walk.where(position > AFTER, position <= UNTIL)
            .order_by(position.desc() if newest_first else position)
            .limit(LIMIT)
        )

    def _compile(self, statement: ClauseElement, *names: str) -> Statement:
        return compiled_for(self._dialect, statement, *names)


def compiled_for(dialect: Dialect, statement: ClauseElement, *names: str) -> Statement:
    """Compile a statement; its `bind` takes the values of the named parameters, in order."""
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    places = {name: n for n, name in enumerate((*names, *constants))}
    marks = compiled.positiontup or () if names or not compiled.isinsert else ()
    return Statement(str(compiled), tuple(constants.values()), [places[mark] for mark in marks])


def _types_of_walks(
    n: int, tag_count: int, type_count: int
) -> Iterator[tuple[BindParameter[str], ...]]:
    types = tuple(bindparam(f"type_{n}_{m}", type_=Text) for m in range(type_count))
    if tag_count == 0 or not types:
        yield types
    else:
        yield from ((type,) for type in types)


def lock_statements(dialect: str, tables: Tables) -> tuple[str, ...]:
    """The statements that begin a transaction and wait for the one lock of a log."""
    if dialect == "sqlite":
        return ("BEGIN IMMEDIATE",)
    digest = sha256(f"studio-ledger append {tables.schema}".encode()).digest()
    key = int.from_bytes(digest[:8], signed=True)
    # The lock is a statement of its own. A READ COMMITTED statement takes its snapshot when
    # it starts: one that locked and read together would wait, and then see the log as it
    # was before the wait.
    #
    # Whatever the settings of the server or the role, an append waits for the disk: with
    # `off`, a crash of the server could lose acknowledged events. Stricter settings stay.
    durable = "replace(current_setting('synchronous_commit'), 'off', 'on')"
    return (
        "BEGIN ISOLATION LEVEL READ COMMITTED; "
        f"SELECT pg_advisory_xact_lock({key}), set_config('synchronous_commit', {durable}, true)",
    )
