"""The context's laws: it sees the history as it is, and its questions are its boundary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from ledger.decisions.base import Context, Snapshot
from ledger.errors import BoundaryBroken
from ledger.events.base import Event, Header, RecordedEvent, Registry
from ledger.log.eventlog import EventLog, create_log
from ledger.testing import MemoryHistory

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = Header(actor="tester")
TAGS = ("space:stage-1@2025-07", "space:stage-1@2025-08", "project:a", "project:b", "space:stage-1")


class Noted(Event, frozen=True):
    """An event about any subjects."""

    about: tuple[str, ...]
    number: int = 0

    def tags(self) -> tuple[str, ...]:
        """Return the tags given by the test."""
        return self.about


class Marked(Noted, frozen=True):
    """The same, under another name."""

    type_name: ClassVar[str] = "test.Marked"


KINDS: tuple[type[Noted], ...] = (Noted, Marked)

events = st.builds(
    lambda kind, about, number: kind(about=tuple(about), number=number),
    st.sampled_from(KINDS),
    st.lists(st.sampled_from(TAGS), unique=True, max_size=3),
    st.integers(0, 99),
)
questions = st.tuples(
    st.lists(st.sampled_from(TAGS), min_size=1, max_size=3),
    st.lists(st.sampled_from(KINDS), unique=True, max_size=2),
    st.booleans(),
)
"""The tags and types to ask for, and whether to ask only for the newest event."""

Question = tuple[list[str], list[type[Noted]], bool]
Log = MemoryHistory | EventLog


LONG = 200
"""Events after which a log is replaced: each example reads much of it."""


class Logs:
    """A log that grows from example to example, so that the laws are tried on a long one, too.

    With thousands of examples each would be slower than the last: a long log is replaced by
    a new one at the same place.
    """

    def __init__(self, where: str | None) -> None:
        self._where = where
        self._log = self._new()

    def with_these(self, happened: Sequence[Event]) -> Log:
        """Return the log, with these events last."""
        if self._log.head() > LONG:
            self.close()
            self._remove()
            self._log = self._new()
        record(self._log, happened)
        return self._log

    def close(self) -> None:
        """Close the store."""
        if isinstance(self._log, EventLog):
            self._log.close()

    def _new(self) -> Log:
        if self._where is None:
            return MemoryHistory(types=KINDS)
        return create_log(self._where, Registry(KINDS), (Noted(about=()), HEADER))

    def _remove(self) -> None:
        if self._where is None:
            return
        if "://" not in self._where:
            Path(self._where).unlink()
            return
        url = make_url(self._where)
        schema = str(url.query["schema"])
        plain = url.difference_update_query(["schema"]).set(drivername="postgresql")
        with psycopg.connect(
            plain.render_as_string(hide_password=False), autocommit=True
        ) as connection:
            connection.execute(f'DROP SCHEMA "{schema}" CASCADE'.encode())


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def logs(request: pytest.FixtureRequest) -> Iterator[Logs]:
    """A log of each kind."""
    url = None if request.param == "memory" else request.getfixturevalue(f"{request.param}_url")
    with closing(Logs(url)) as made:
        yield made


def look(log: Log) -> Context:
    """Return a context as a decision that begins now would have it."""
    return Context(Snapshot(log, log.head()), now=NOW, new_id=lambda _: "1", header=HEADER)


def record(log: Log, these: Sequence[Event]) -> None:
    if these:
        log.append([(event, HEADER) for event in these])


def ask(ctx: Context, question: Question) -> list[RecordedEvent]:
    tags, types, only_last = question
    if only_last:
        newest = ctx.last(tags[0], *types)
        return [] if newest is None else [newest]
    return ctx.read(tags, *types)


def concerns(question: Question, event: Event) -> bool:
    """Whether the event would have been among the answers, by the definition of a question."""
    tags, types, only_last = question
    asked = tags[:1] if only_last else tags
    return any(t in event.tags() for t in asked) and (not types or type(event) in types)


@given(before=st.lists(events, max_size=8), asked=st.lists(questions, max_size=4))
def test_a_read_is_a_filter_of_the_whole_history(
    logs: Logs, before: list[Event], asked: list[Question]
) -> None:
    log = logs.with_these(before)
    everything = list(log.read([]))
    ctx = look(log)
    for question in asked * 2:
        expected = [entry for entry in everything if concerns(question, entry.event)]
        found = ask(ctx, question)
        wanted = expected[-1:] if question[2] else expected
        assert [(e.position, e.event) for e in found] == [(e.position, e.event) for e in wanted]


@given(
    before=st.lists(events, max_size=4),
    recorded=st.lists(events, max_size=4),
    question=questions,
    asked_before=st.booleans(),
)
def test_a_decision_sees_what_it_has_recorded_itself(
    logs: Logs,
    before: list[Event],
    recorded: list[Event],
    question: Question,
    asked_before: bool,
) -> None:
    log = logs.with_these(before)
    ctx = look(log)
    if asked_before:
        ask(ctx, question)
    for event in recorded:
        ctx.record(event)
    everything = [entry.event for entry in log.read([])] + recorded
    expected = [event for event in everything if concerns(question, event)]
    assert [e.event for e in ask(ctx, question)] == (expected[-1:] if question[2] else expected)


@given(
    before=st.lists(events, max_size=4),
    asked=st.lists(questions, max_size=4),
    meanwhile=st.lists(events, max_size=3),
)
def test_what_was_read_is_exactly_what_invalidates(
    logs: Logs, before: list[Event], asked: list[Question], meanwhile: list[Event]
) -> None:
    log = logs.with_these(before)
    snapshot = Snapshot(log, log.head())
    ctx = Context(snapshot, now=NOW, new_id=lambda _: "1", header=HEADER)
    answers = [ask(ctx, question) for question in asked]
    record(log, meanwhile)
    changed = any(concerns(question, event) for question in asked for event in meanwhile)
    head = log.head()
    done = [(Noted(about=("done:1",)), HEADER)]
    if changed:
        with pytest.raises(BoundaryBroken):
            log.append(done, snapshot.boundary)
        assert log.head() == head, "nothing is recorded half"
    else:
        log.append(done, snapshot.boundary)
        assert log.head() == head + 1
    assert answers == [ask(ctx, question) for question in asked], "a snapshot stands still"


@given(
    before=st.lists(events, max_size=4),
    first=st.lists(events, max_size=3),
    second=st.lists(events, max_size=3),
    question=questions,
)
def test_what_a_refused_decision_recorded_is_taken_back(
    logs: Logs, before: list[Event], first: list[Event], second: list[Event], question: Question
) -> None:
    log = logs.with_these(before)
    ctx = look(log)
    for event in first:
        ctx.record(event)
    expected = ask(ctx, question)
    for event in second:
        ctx.record(event)
    ctx._snapshot.take_back(len(second))
    assert ask(ctx, question) == expected


@given(taken=st.sets(st.integers(1, 6)), made=st.integers(1, 4))
def test_a_new_id_is_one_that_nothing_carries(taken: set[int], made: int) -> None:
    history = MemoryHistory(types=KINDS)
    record(history, [Noted(about=(f"closure:c-{n}",)) for n in taken])
    numbers = [str(n % 6 + 1) for n in range(6)] + [str(n) for n in range(1, 99)]
    ctx = Context(
        Snapshot(history, history.head()),
        now=NOW,
        new_id=lambda _: numbers.pop(0),
        header=HEADER,
    )
    carried = {f"c-{n}" for n in taken}
    for _ in range(made):
        id = ctx.new_id("closure", "c")
        assert id not in carried
        ctx.record(Noted(about=(f"closure:{id}",)))
        carried.add(id)
