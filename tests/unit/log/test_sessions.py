"""Sessions: how they are reused, and what happens when a connection breaks."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from eventsourcing.dcb.api import DCBQueryItem
from sqlalchemy import event
from sqlalchemy.engine import make_url

from ledger.errors import StorageFailure
from ledger.log.queries import ConditionFailed, Unless
from ledger.log.recorder import SqlRecorder
from ledger.log.store.sessions import Session
from tests.unit.log.conftest import creating, made_up, opening


def test_a_held_block_uses_one_connection(recorder: SqlRecorder) -> None:
    with recorder.held():
        first = recorder._sessions.of_thread.session
        assert recorder.append([made_up(1)]) == 1
        assert recorder.head() == 1
        with recorder.held():
            assert recorder._sessions.of_thread.session is first
        assert recorder._sessions.of_thread.session is first
    assert recorder._sessions.of_thread.session is None


def connections(recorder: SqlRecorder, count: int) -> list[Any]:
    """The driver's connections that successive uses get."""
    found = []
    for _ in range(count):
        with recorder._connected() as session:
            found.append(session._driver)
    return found


def test_a_connection_is_kept_between_two_uses(recorder: SqlRecorder) -> None:
    first, second = connections(recorder, 2)
    assert first is second
    with recorder._connected() as one, recorder._connected() as other:
        assert one._driver is first
        assert other._driver is not first
    recorder.close()
    assert recorder.head() == 0, "the next use opens another one"
    assert connections(recorder, 1) != [first]


def test_every_connection_goes_back_to_the_pool(recorder: SqlRecorder) -> None:
    together = threading.Barrier(8)

    def use() -> None:
        with recorder._connected():
            together.wait()

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool: Any = recorder._sessions.engine.pool
    assert pool.checkedout() == 0
    assert pool.checkedin() > 1


def test_a_transaction_that_was_left_open_is_rolled_back(recorder: SqlRecorder) -> None:
    with recorder._connected() as session:
        session.run("BEGIN")
        session.run(recorder._statements.insert_event.sql, (1, "2026-01-01", "A", "[]", b"1"))
    assert recorder.head() == 0
    assert recorder.append([made_up(1)]) == 1


def test_a_reused_connection_calls_new_listeners(recorder: SqlRecorder) -> None:
    recorder.head()
    told: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        told.append(statement)

    event.listen(recorder._sessions.engine, "before_cursor_execute", note)
    recorder.head()
    event.remove(recorder._sessions.engine, "before_cursor_execute", note)
    recorder.head()
    assert len(told) == 1


def test_a_broken_condition_leaves_no_transaction_behind(recorder: SqlRecorder) -> None:
    """The connection can still be used, and no other writer has to wait."""
    recorder.append([made_up(1, "x:1")])
    with recorder.held():
        with pytest.raises(ConditionFailed):
            recorder.record([made_up(2)], Unless([DCBQueryItem([], ["x:1"])], 0))
        session = recorder._sessions.of_thread.session
        assert session is not None
        driver: Any = session._driver
        in_transaction = (
            driver.in_transaction
            if hasattr(driver, "in_transaction")
            else driver.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
        )
        assert not in_transaction
        assert recorder.append([made_up(2)]) == 2


def test_a_query_is_planned_once(sqlite_url: str) -> None:
    """SQLite calls its authorizer while it plans, so only at the first execution."""
    with creating(sqlite_url) as recorder:
        recorder.append([made_up(n, f"x:{n}") for n in range(3)])
        planned = 0

        def authorizer(*_: Any) -> int:
            nonlocal planned
            planned += 1
            return 0

        with recorder.held():
            session = recorder._sessions.of_thread.session
            assert session is not None
            driver: Any = session._driver
            driver.set_authorizer(authorizer)
            counts = []
            for n in range(3):
                asked = [DCBQueryItem(["A", "B"], [f"x:{n}"])]
                assert len(list(recorder.rows(asked, until=3, limit=n + 1))) == 1
                assert recorder.head() == 3
                counts.append(planned)
            driver.set_authorizer(None)
        assert counts[0] > 0
        assert counts == [counts[0]] * 3


def cut(postgres_url: str, session: Session) -> None:
    """End a session on the server, as an administrator can."""
    plain = make_url(postgres_url).difference_update_query(["schema"])
    admin = plain.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (session._driver.info.backend_pid,))


def test_a_cut_connection_is_dropped_and_the_condition_still_reported(postgres_url: str) -> None:
    """The server goes away between the refusal and the rollback: the refusal is reported."""
    with creating(postgres_url) as recorder:
        recorder.append([made_up(1, "x:1")])
        check = recorder._check_condition

        def cut_there(session: Session, unless: Unless, last: int) -> None:
            cut(postgres_url, session)
            raise ConditionFailed(1)

        recorder._check_condition = cut_there  # type: ignore[method-assign]  # cut there
        with pytest.raises(ConditionFailed), recorder.held():
            recorder.record([made_up(2)], Unless([DCBQueryItem([], ["x:1"])], 0))
        recorder._check_condition = check  # type: ignore[method-assign]  # as it was
        assert recorder.append([made_up(2)]) == 2


def test_a_cut_connection_is_a_storage_failure_once(postgres_url: str) -> None:
    """The next read uses a new connection."""
    with creating(postgres_url) as recorder:
        with pytest.raises(StorageFailure), recorder.held():
            _read_when_cut(postgres_url, recorder)
        assert recorder.head() == 0


def test_a_kept_connection_is_dropped_with_one_that_was_cut(postgres_url: str) -> None:
    """A restarted server causes one failure, not two."""
    with creating(postgres_url) as recorder:
        with pytest.raises(StorageFailure):
            _cut_while_one_is_kept(postgres_url, recorder)
        assert recorder.head() == 0


def _cut_while_one_is_kept(postgres_url: str, recorder: SqlRecorder) -> None:
    with recorder._connected() as session:
        with recorder._connected() as kept:
            assert kept is not session
        for one in (session, kept):
            cut(postgres_url, one)
        session.rows(recorder._statements.last)


def _read_when_cut(postgres_url: str, recorder: SqlRecorder) -> None:
    session = recorder._sessions.of_thread.session
    assert session is not None
    cut(postgres_url, session)
    recorder.head()


@pytest.mark.parametrize("name", ['50% o\'er "x"', "{0} {after}", "a /* a number */"])
def test_two_writers_append_to_a_schema_of_any_name(postgres_url: str, name: str) -> None:
    """The schema's name is part of the SQL text that is sent with the lock."""
    url = make_url(postgres_url)
    named = url.update_query_dict({"schema": f"{url.query['schema']}{name}"[:60]})
    where = named.render_as_string(hide_password=False)
    with creating(where) as one, opening(where) as other:
        unless = Unless([DCBQueryItem([], ["x:1"])], 0)
        assert one.record([made_up(1, "y:1")], unless).last == 1
        assert other.record([made_up(2, "x:1")], unless).last == 2
        with pytest.raises(ConditionFailed):
            one.record([made_up(3)], unless)
        assert one.record([made_up(3)], Unless([DCBQueryItem([], ["x:1"])], 2)).last == 3
