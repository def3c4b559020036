"""The statements of the log: written in SQLAlchemy Core, compiled once, run as plain SQL.

Compiling costs more than running (the append of one event takes some 40 microseconds of
SQLite's time), so each statement is compiled once per shape and then handed to the driver
with positional parameters.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from hashlib import sha256
from operator import itemgetter
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
    tuple_,
    union,
)
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from ledger.log.schema import Tables


class Statement:
    """SQL text of one dialect, and where in it each of its values goes.

    `constants` are values that the statement brings along (the 1 of LIMIT 1); `marks` says for
    each mark in the text which value it takes, counted through the given ones and then those.
    """

    def __init__(self, sql: str, constants: tuple[Any, ...], marks: Sequence[int]) -> None:
        self.sql = sql
        self._constants = constants
        # A question of a decision has up to 30 marks, of which most repeat a value.
        self._picked = itemgetter(*marks) if len(marks) > 1 else None
        self._marks = marks

    def bind(self, *values: Any) -> tuple[Any, ...]:
        """The parameters by position, of the values in the order that the statement names."""
        given = (*values, *self._constants)
        if self._picked is not None:
            picked: tuple[Any, ...] = self._picked(given)
            return picked
        return tuple(given[mark] for mark in self._marks)


def _branch_names(shapes: Sequence[tuple[int, int]]) -> list[str]:
    return [
        f"{part}_{n}_{m}"
        for n, shape in enumerate(shapes)
        for part, count in zip(("tag", "type"), shape, strict=True)
        for m in range(count)
    ]


_TAG_KEY = (("tag", Text), ("type", Text), ("position", BigInteger))
_AFTER = bindparam("after", type_=BigInteger)
_UNTIL = bindparam("until", type_=BigInteger)
_RANGE = ("after", "until", "limit")
_MARK = "/* a number */"
# Where SQLite is built with STAT4 it plans a statement anew whenever the value of a bare LIMIT
# changes hands, that is at every execution: five times the cost of a question (29 µs for 5).
_LIMIT = bindparam("limit", type_=BigInteger) + literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")


class Statements:
    """All statements on one place, for one dialect."""

    def __init__(self, place: Tables, dialect: Dialect) -> None:
        event = place.event
        self._place = place
        self._dialect = dialect
        self._columns = (
            event.c.position, event.c.recorded_at, event.c.type, event.c.tags, event.c.data
        )  # fmt: skip
        self._in_one_trip = dialect.name == "postgresql"
        # One cache each, so that a statement dies with its recorder.
        self.page = lru_cache(maxsize=2)(self._page)
        self.matching = lru_cache(maxsize=512)(self._matching)
        self.positions = lru_cache(maxsize=512)(self._positions)
        self.insert_one = lru_cache(maxsize=32)(self._insert_one)

    # Each is compiled when it is first wanted, which takes 2 ms: a command wants four of them.

    @cached_property
    def last(self) -> Statement:
        """Position and recorded time of the last event."""
        event = self._place.event
        newest_first = event.c.position.desc()
        return self._compile(
            select(event.c.position, event.c.recorded_at).order_by(newest_first).limit(_ONE)
        )

    @cached_property
    def recorded_at(self) -> Statement:
        """When the event at a position was recorded: position."""
        event = self._place.event
        return self._compile(
            select(event.c.recorded_at).where(event.c.position == bindparam("position")),
            "position",
        )

    @cached_property
    def insert_event(self) -> Statement:
        """A row of the log: its columns."""
        return self._compile(insert(self._place.event))

    @cached_property
    def insert_tag(self) -> Statement:
        """An entry of the index: its columns."""
        return self._compile(insert(self._place.event_tag))

    @cached_property
    def tail(self) -> Statement:
        """Position, type and tags of the events after a position."""
        event = self._place.event
        return self._compile(
            select(event.c.position, event.c.type, event.c.tags)
            .where(event.c.position > _AFTER)
            .order_by(event.c.position),
            "after",
        )

    def from_position(self, after: int, limit: int) -> str:
        """What `tail` gives, and when each was recorded, from the position `after` itself on.

        As a text with the two numbers in it, since it goes to a server together with other
        statements, and those take no parameters.
        """
        before, between, behind = self._from_position
        return f"{before}{int(after)}{between}{int(limit)}{behind}"

    @cached_property
    def _from_position(self) -> tuple[str, str, str]:
        # A schema may have any name, also one with the mark: by an alias it stands before ours.
        event = self._place.event.alias("e")
        statement = (
            select(event.c.position, event.c.recorded_at, event.c.type, event.c.tags)
            .where(event.c.position >= literal_column(_MARK))
            .order_by(event.c.position)
            .limit(literal_column(_MARK))
        )
        # Without parameters the driver takes a percent sign for itself and not for half of one.
        text = self._compile(statement).sql.replace("%%", "%")
        text, _, behind = text.rpartition(_MARK)
        before, _, between = text.rpartition(_MARK)
        return before, between, behind

    @cached_property
    def tag_rows(self) -> Statement:
        """The index after a key, in order: tag, type, position, limit."""
        entry = self._place.event_tag.c
        return self._compile(
            select(entry.tag, entry.type, entry.position)
            .where(
                tuple_(entry.tag, entry.type, entry.position)
                > tuple_(*(bindparam(name, type_=type) for name, type in _TAG_KEY))
            )
            .order_by(entry.tag, entry.type, entry.position)
            .limit(_LIMIT),
            "tag", "type", "position", "limit",
        )  # fmt: skip

    @cached_property
    def tag_rows_after(self) -> Statement:
        """The index of the positions after one, in the order of its key."""
        entry = self._place.event_tag.c
        return self._compile(
            select(entry.tag, entry.type, entry.position)
            .where(entry.position > _AFTER)
            .order_by(entry.tag, entry.type, entry.position),
            "after",
        )

    @cached_property
    def next_type(self) -> Statement:
        """The first type after one among those that carry a tag: tag, type."""
        entry = self._place.event_tag.c
        return self._compile(
            select(entry.type)
            .where(entry.tag == bindparam("tag"), entry.type > bindparam("type"))
            .order_by(entry.type)
            .limit(_ONE),
            "tag", "type",
        )  # fmt: skip

    def _insert_one(self, tag_count: int) -> Statement | None:
        """An event and its tags, column after column, in one trip; None where none is made.

        (The driver would send many rows in a pipeline, which costs it more than they do.)
        """
        if not self._in_one_trip:
            return None
        event, event_tag = self._place.event, self._place.event_tag
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
        event = self._place.event
        order = event.c.position.desc() if newest_first else event.c.position
        return self._compile(
            select(*self._columns)
            .where(event.c.position > _AFTER, event.c.position <= _UNTIL)
            .order_by(order)
            .limit(_LIMIT),
            *_RANGE,
        )

    def _matching(self, shapes: tuple[tuple[int, int], ...], newest_first: bool) -> Statement:
        """Rows that match any branch, in order: after, until, limit, `branch_values`."""
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
            .limit(_LIMIT),
            *_RANGE,
            *_branch_names(shapes),
        )

    def _positions(self, shapes: tuple[tuple[int, int], ...]) -> Statement:
        """Positions that match any branch, in order: as `matching`, from the index alone."""
        hits = self._hits(shapes, False).subquery("hits")
        return self._compile(
            select(hits.c.position).order_by(hits.c.position).limit(_LIMIT),
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

    def _compile(self, statement: ClauseElement, *names: str) -> Statement:
        return compiled_for(self._dialect, statement, *names)


def compiled_for(dialect: Dialect, statement: ClauseElement, *names: str) -> Statement:
    """The statement, whose `bind` takes the values of the parameters that are named."""
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
        "BEGIN ISOLATION LEVEL READ COMMITTED; "
        f"SELECT pg_advisory_xact_lock({key}), set_config('synchronous_commit', {durable}, true)",
    )
