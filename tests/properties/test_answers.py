"""The kept answers of a log are the ones that it would give, also while others record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import known_answers as answers
from ledger.decisions.base import Context, Snapshot
from ledger.errors import NotALedger, StorageFailure
from ledger.events.base import Event, Query, RecordedEvent, Registry
from ledger.known_answers import MOST_FOLLOWED, KnownAnswers
from ledger.log.eventlog import EventLog, create_log, open_log
from ledger.log.rows import StoredRow
from ledger.log.store.store_urls import sqlite_module
from ledger.snapshots import Snapshots
from tests.properties.test_context import (
    HEADER,
    KINDS,
    NOW,
    Noted,
    Question,
    ask,
    events,
    questions,
    record,
)

RECORDED_AT = "2026-01-01T00:00:00.000000Z"
FIRST = (Noted(about=()), HEADER)


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> str:
    """A place on each kind of database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def log(where: str) -> Iterator[EventLog]:
    """A log with a first event."""
    with closing(create_log(where, Registry(KINDS), FIRST)) as made:
        yield made


class Counting:
    """A history that counts its questions."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.asked = 0

    def read(self, queries: Sequence[Query], **how: Any) -> Iterator[RecordedEvent]:
        self.asked += bool(queries)
        return self._log.read(queries, **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


def context(snapshot: Snapshot) -> Context:
    return Context(snapshot, now=NOW, new_id=lambda _: "1", header=HEADER)


def told(entries: Sequence[RecordedEvent]) -> list[tuple[int, Event]]:
    return [(entry.position, entry.event) for entry in entries]


many = st.lists(events, min_size=MOST_FOLLOWED - 2, max_size=MOST_FOLLOWED + 2)
rounds = st.lists(
    st.tuples(st.lists(events, max_size=4) | many, st.lists(questions, max_size=5)),
    min_size=3,
    max_size=8,
)


@given(rounds=rounds)
def test_what_is_kept_is_what_the_log_answers(
    log: EventLog, rounds: list[tuple[list[Event], list[Question]]]
) -> None:
    snapshots = Snapshots(log)
    for recorded, asked in rounds:
        record(log, recorded)
        snapshot, recorded_at = snapshots.take()
        assert (snapshot.head, recorded_at) == log.last()
        known, anew = context(snapshot), context(Snapshot(log, log.head()))
        for question in asked:
            assert told(ask(known, question)) == told(ask(anew, question))
        assert snapshot.boundary == anew._snapshot.boundary, "known answers count as questions, too"


@given(first=st.lists(events, max_size=4), second=st.lists(events, max_size=4), asked=questions)
def test_a_snapshot_stands_still_though_its_answers_go_on(
    log: EventLog, first: list[Event], second: list[Event], asked: Question
) -> None:
    """As if a rule took another decision during a decision."""
    snapshots = Snapshots(log)
    for _ in range(2):
        record(log, first)
        outer, _ = snapshots.take()
    before = told(ask(context(outer), asked))
    record(log, second)
    inner, _ = snapshots.take()
    ask(context(inner), asked)
    expected = context(Snapshot(log, outer.head))
    assert told(ask(context(outer), asked)) == before == told(ask(expected, asked))
    other: Question = (["project:b"], [], False)
    assert told(ask(context(outer), other)) == told(ask(expected, other))


def test_the_second_time_nothing_is_asked(log: EventLog) -> None:
    history: Any = Counting(log)
    snapshots = Snapshots(history)
    for n in range(6):
        record(log, [Noted(about=("project:a",), number=n)])
        found = context(snapshots.take()[0]).read("project:a", Noted)
        assert [entry.event for entry in found] == [
            Noted(about=("project:a",), number=m) for m in range(n + 1)
        ]
    assert history.asked == 2, "the first decision keeps nothing, the second asks and keeps"


def test_each_thread_keeps_its_own(log: EventLog) -> None:
    history: Any = Counting(log)
    snapshots = Snapshots(history)

    def decide_three_times() -> None:
        for _ in range(3):
            context(snapshots.take()[0]).read("project:a")

    for _ in range(2):
        thread = Thread(target=decide_three_times)
        thread.start()
        thread.join()
    assert history.asked == 4


@pytest.mark.parametrize("further", [0, 1, 2, MOST_FOLLOWED + 1])
def test_a_log_that_went_on_differently_is_asked_anew(tmp_path: Path, further: int) -> None:
    """A server that continues from a replica has lost the last events, and records others.

    Here their rows are removed, bypassing the guards. All have the same recorded time.
    """
    path = tmp_path / "studio.db"
    registry = Registry(KINDS)
    with closing(create_log(path, registry, FIRST)) as log:
        record(log, [Noted(about=("project:a",), number=n) for n in range(3)])
        snapshots = Snapshots(log)
        for _ in range(2):
            taken, _ = snapshots.take()
            assert len(context(taken).read("project:a")) == 3
    forget_after(path, 3)
    with closing(open_log(path, registry)) as log:
        record(log, [Noted(about=("project:a",), number=10 + n) for n in range(further)])
        at_one_time(path)
        snapshots._log = log  # as with a server, whose clients keep their connections
        taken, _ = snapshots.take()
        assert taken.head == 3 + further
        numbers = [entry.event for entry in context(taken).read("project:a")]
        expected = [0, 1, *range(10, 10 + further)]
        assert numbers == [Noted(about=("project:a",), number=n) for n in expected]


def forget_after(path: Path, position: int) -> None:
    without_guards(
        path,
        f"DELETE FROM event WHERE position > {position}",
        f"DELETE FROM event_tag WHERE position > {position}",
    )


def at_one_time(path: Path) -> None:
    without_guards(path, "UPDATE event SET recorded_at = (SELECT min(recorded_at) FROM event)")


def without_guards(path: Path, *statements: str) -> None:
    connection: Any = sqlite_module().connect(str(path), isolation_level=None)
    named = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall()
    for name, _ in named:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, sql in named:
        connection.execute(sql)
    connection.close()


def test_a_log_that_was_emptied_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "studio.db"
    with closing(create_log(path, Registry(KINDS), FIRST)) as log:
        snapshots = Snapshots(log)
        for _ in range(2):
            snapshots.take()
        forget_after(path, 0)
        with pytest.raises(NotALedger):
            snapshots.take()


# --- callers cannot change the kept ones --------------------------------------------------


REGISTRY = Registry(KINDS)


def row(position: int, about: tuple[str, ...] = ("project:a",)) -> StoredRow:
    data = REGISTRY.encode(Noted(about=about, number=position), HEADER)
    return position, RECORDED_AT, Noted.type_name, msgspec.json.encode(about).decode(), data


def rows(count: int) -> list[StoredRow]:
    return [row(n) for n in range(1, count + 1)]


def decode(stored: StoredRow) -> RecordedEvent:
    return REGISTRY.decode(*stored)


def follows(known: KnownAnswers, *told: StoredRow) -> bool:
    return known.follow(told, decode)


def test_an_interruption_leaves_no_event_twice(log: EventLog) -> None:
    """Ctrl-C after an event has joined its answers, but before it counts as known."""
    snapshots = Snapshots(log)
    for _ in range(2):
        context(snapshots.take()[0]).read("project:a")
    record(log, [Noted(about=("project:a",), number=1)])
    add = KnownAnswers._add

    def interrupted(known: KnownAnswers, *given: Any) -> None:
        add(known, *given)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KnownAnswers, "_add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            snapshots.take()
    for _ in range(2):
        assert len(context(snapshots.take()[0]).read("project:a")) == 1


def test_what_is_known_goes_on_while_a_snapshot_reads(log: EventLog) -> None:
    """Its answers are right for its own position, and are kept for no other."""
    history: Any = Counting(log)
    snapshots = Snapshots(history)
    for _ in range(2):
        snapshot, _ = snapshots.take()
    read = history.read

    def slow(queries: Sequence[Query], **how: Any) -> Iterator[RecordedEvent]:
        found = list(read(queries, **how))
        history.read = read
        record(log, [Noted(about=("project:a",), number=1)])
        snapshots.take()
        return iter(found)

    history.read = slow
    assert context(snapshot).read("project:a") == []
    assert len(context(snapshots.take()[0]).read("project:a")) == 1


def test_a_snapshot_in_another_thread_asks_for_itself(log: EventLog) -> None:
    """A generator may begin in one thread and continue in another."""
    history: Any = Counting(log)
    snapshots = Snapshots(history)
    for _ in range(3):
        taken, _ = snapshots.take()
        context(taken).read("project:a")
    asked = history.asked
    snapshot, _ = snapshots.take()
    thread = Thread(target=lambda: context(snapshot).read("project:a"))
    thread.start()
    thread.join()
    assert history.asked == asked + 1


def test_a_damaged_event_is_told_to_whoever_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "studio.db"
    with closing(create_log(path, Registry(KINDS), FIRST)) as log:
        snapshots = Snapshots(log)
        for _ in range(2):
            context(snapshots.take()[0]).read("project:a")
        record(log, [Noted(about=("project:a",))])
        without_guards(path, "UPDATE event SET data = 'no JSON' WHERE position = 2")
        for _ in range(2):
            taken, _ = snapshots.take()
            assert context(taken).read("project:b") == []
            with pytest.raises(StorageFailure, match="#2 of "):
                context(taken).read("project:a")


def test_a_tag_that_stands_twice_gives_its_event_once() -> None:
    question = (Query(("project:a",)), False)
    kept = KnownAnswers(row(1))
    kept.keep(question, [])
    assert follows(kept, row(1), row(2, ("project:a", "project:a")))
    assert len(kept.get(question) or ()) == 1


def test_a_gap_in_what_is_told_is_not_followed() -> None:
    first, second, third, fourth = rows(4)
    assert follows(KnownAnswers(first), first, second, third)
    assert not follows(KnownAnswers(first), first, third)
    assert not follows(KnownAnswers(first), first, third, fourth)
    assert not follows(KnownAnswers(first), second, third)
    assert not follows(KnownAnswers(first))
    assert not follows(KnownAnswers(), first)
    assert not follows(KnownAnswers(first), row(1, ("project:b",)), second)
    assert not follows(KnownAnswers(first), *rows(MOST_FOLLOWED))
    assert follows(KnownAnswers(first), *rows(MOST_FOLLOWED - 1))
    assert not follows(KnownAnswers(first), first, (2, RECORDED_AT, "test.Noted", "damaged", b"{}"))
    damaged: Any = (2, RECORDED_AT, "test.Noted", None, b"{}")
    assert not follows(KnownAnswers(first), first, damaged)


def test_what_has_not_been_asked_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_QUESTIONS", 3)
    kept = KnownAnswers(row(1))
    asked = [(Query((f"project:{name}",)), False) for name in "abcd"]
    for question in asked[:3]:
        kept.keep(question, [])
    assert kept.get(asked[0]) == []
    kept.keep(asked[3], [])
    assert [kept.get(question) for question in asked] == [[], None, [], []]


def test_so_many_events_are_kept_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_EVENTS", 10)
    entries = [decode(stored) for stored in rows(11)]
    kept = KnownAnswers(row(1))
    one, other = (Query(("project:a",)), False), (Query(("project:a",), ("test.Noted",)), False)
    kept.keep(one, entries[:6])
    kept.keep(other, entries[:5])
    assert kept.get(one) is None
    assert kept.get(other) == entries[:5]
    kept.keep(one, entries)
    assert kept.get(one) is None
    assert kept.get(other) is None
    assert kept._events == 0
    assert not kept._with_tag


def test_what_is_followed_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated questions about one project must not cost more as the log grows."""
    monkeypatch.setattr(answers, "MOST_EVENTS", 10)
    kept, question = KnownAnswers(row(1)), (Query(("project:a",)), False)
    kept.keep(question, [decode(row(1))])
    assert follows(kept, *rows(10))
    assert len(kept.get(question) or ()) == 10
    assert follows(kept, row(10), row(11))
    assert kept.get(question) is None
