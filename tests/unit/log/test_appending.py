"""Positions, recorded times, limits and costs of an append."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError, ProgrammingError
from sqlalchemy import Connection
from sqlalchemy import event as sqlalchemy_event

from ledger.errors import BadInput, LineTooLong
from ledger.log import subscription as tail
from ledger.log.lines import LINE_LIMIT, line_size
from ledger.log.queries import branch_values, branches
from ledger.log.recorder import SqlRecorder
from ledger.log.store.store_urls import Place
from ledger.log.stores import create_store
from ledger.time.periods import ManualClock
from tests.unit.log.conftest import made_up

NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)


def test_recorded_time_never_goes_back(ledger_url: str) -> None:
    clock = ManualClock(NOON)
    recorder = create_store(Place.parse(ledger_url), clock, lambda recorder, connection: None)
    recorder.append([made_up(1)])
    clock.advance(timedelta(hours=-3))
    recorder.append([made_up(2), made_up(3)])
    clock.set(NOON + timedelta(microseconds=1))
    recorder.append([made_up(4)])
    times = [row[1] for row in recorder.rows(until=4)]
    recorder.close()
    assert times == ["2025-07-01T12:00:00.000000Z"] * 3 + ["2025-07-01T12:00:00.000001Z"]


def test_the_message_of_a_failed_condition_names_the_event(recorder: SqlRecorder) -> None:
    recorder.append([made_up(1, "x:1"), made_up(2, "x:2"), made_up(3, "x:2")])
    condition = DCBAppendCondition(DCBQuery([DCBQueryItem([], ["x:2"])]))
    with pytest.raises(IntegrityError, match="#2"):
        recorder.append([made_up(4)], condition)


def test_an_append_of_no_events_is_refused(recorder: SqlRecorder) -> None:
    with pytest.raises(ProgrammingError):
        recorder.append([])


def test_a_line_may_reach_the_limit_but_not_exceed_it(recorder: SqlRecorder) -> None:
    base = line_size(1, "2025-07-01T12:00:00.000000Z", "A", "[]", b"")
    with pytest.raises(LineTooLong, match="65,536") as refused:
        recorder.append([made_up(1), DCBEvent("A", b"x" * (LINE_LIMIT - base + 1))])
    assert refused.value.exit_code == 2
    assert recorder.head() == 0
    assert recorder.append([DCBEvent("A", b"x" * (LINE_LIMIT - base))]) == 1


@pytest.mark.parametrize("text", ["nul:\0", "half:\ud800"])
def test_a_text_that_a_database_cannot_store(recorder: SqlRecorder, text: str) -> None:
    for event in (DCBEvent("A", b"", [text]), DCBEvent(text, b"")):
        with pytest.raises(BadInput, match="no database can store"):
            recorder.append([made_up(1), event])
    assert recorder.head() == 0


def test_threads_share_a_recorder(recorder: SqlRecorder) -> None:
    def work(writer: int) -> None:
        for n in range(25):
            recorder.append([made_up(n, f"w:{writer}"), made_up(n, f"w:{writer}")])

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(4)]
    seen: list[int] = []

    def watch() -> None:
        with recorder.subscribe() as subscription:
            while len(seen) < 200:
                seen.append(next(subscription).position)

    threads.append(threading.Thread(target=watch, daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert seen == list(range(1, 201))
    for writer in range(4):
        mine = [row[4] for row in recorder.rows([DCBQueryItem([], [f"w:{writer}"])])]
        assert mine == [b"%d" % n for n in range(25) for _ in range(2)]


@pytest.mark.parametrize("tags", [[], ["x:0"]], ids=["all", "by tag"])
def test_a_subscriber_sees_each_once_across_full_buffers(
    recorder: SqlRecorder, monkeypatch: pytest.MonkeyPatch, tags: list[str]
) -> None:
    monkeypatch.setattr(tail, "_BUFFER", 2)
    recorder.append([made_up(n, f"x:{n % 2}") for n in range(9)])
    wanted = list(range(1, 12, 2 if tags else 1))
    query = DCBQuery([DCBQueryItem([], tags)])
    with recorder.subscribe(query) as subscription:
        # If it missed an event, it would wait for it: this ends the wait, and the lists differ.
        patience = threading.Timer(10, subscription.stop)
        patience.start()
        already = len(wanted) - (1 if tags else 2)
        seen = [entry.position for entry in islice(subscription, already)]
        recorder.append([made_up(n, f"x:{n % 2}") for n in (1, 0)])
        seen += [entry.position for entry in islice(subscription, len(wanted) - already)]
        patience.cancel()
    assert seen == wanted


def _cost(recorder: SqlRecorder, condition: DCBAppendCondition) -> tuple[int, int]:
    """The cost of one append: statements and, on SQLite, steps of its virtual machine."""
    statements = 0
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    def note(connection: Connection, *_rest: object) -> None:
        nonlocal statements
        statements += 1
        driver: Any = connection.connection.dbapi_connection
        if recorder._sessions.engine.dialect.name == "sqlite":
            driver.set_progress_handler(step, 1)

    sqlalchemy_event.listen(recorder._sessions.engine, "before_cursor_execute", note)
    recorder.append([made_up(0, "booking:b", "project:p")], condition)
    sqlalchemy_event.remove(recorder._sessions.engine, "before_cursor_execute", note)
    return statements, steps


def test_an_append_costs_the_same_in_the_tenth_year(recorder: SqlRecorder, ledger_url: str) -> None:
    """With 50 times the log, it takes as many statements, and as many steps of SQLite."""
    query = DCBQuery([DCBQueryItem(["A", "B"], ["space:s@2031-07"]), DCBQueryItem([], ["r:1"])])
    recorder.append([made_up(n, "space:s", "r:0") for n in range(200)])

    def costs() -> list[tuple[int, int]]:
        head = recorder.head()
        # Found by index, found among the newest events, and nothing newer at all.
        return [_cost(recorder, DCBAppendCondition(query, after)) for after in (0, head, head + 2)]

    early = costs()
    recorder.append([made_up(n, "space:s", "r:0") for n in range(10_000)])
    late = costs()
    assert [statements for statements, _ in late] == [statements for statements, _ in early]
    assert max(statements for statements, _ in late) <= 7
    for (_, steps_early), (_, steps_late) in zip(early, late, strict=True):
        assert steps_late <= steps_early * 1.1
    if "://" in ledger_url:
        assert "event_tag_pkey" in _plan(recorder, query)
        assert "Seq Scan" not in _plan(recorder, query)


def _plan(recorder: SqlRecorder, query: DCBQuery) -> str:
    """PostgreSQL's plan for finding an event that breaks a condition."""
    found = branches(query.items)
    assert found is not None
    statement = recorder._statements.positions(tuple(branch.shape for branch in found))
    values = statement.bind(0, 2**62, 1, *branch_values(found))
    with recorder._sessions.engine.connect() as connection:
        rows = connection.exec_driver_sql("EXPLAIN " + statement.sql, values)
        return "\n".join(rows.scalars())
