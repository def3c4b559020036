"""A log that does not forget, garble text, or share connections, whatever its surroundings."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from ledger.errors import StorageFailure
from ledger.log.recorder import SqlRecorder
from tests.unit.log.conftest import creating, made_up, one_line, opening


@contextmanager
def _set_for_every_session(by_hand: Callable[[str], list[Any]], value: str) -> Iterator[None]:
    ((role,),) = by_hand("SELECT quote_ident(current_user)")
    by_hand(f"ALTER ROLE {role} SET synchronous_commit = {value}")
    try:
        yield
    finally:
        by_hand(f"ALTER ROLE {role} RESET synchronous_commit")


@pytest.mark.parametrize("ledger_url", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    ("asked", "kept"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")]
)
def test_an_append_waits_for_the_disk_whatever_the_servers_setting(
    ledger_url: str, by_hand: Callable[[str], list[Any]], asked: str, kept: str
) -> None:
    with creating(ledger_url):
        pass
    with (
        _set_for_every_session(by_hand, asked),
        opening(ledger_url) as recorder,
        recorder._connected() as session,
    ):
        assert session.connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == asked
        recorder.lock(session)
        assert session.connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == kept
        session.connection.exec_driver_sql("ROLLBACK")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_store_a_chinese_title(
    postgres_url: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    url = make_url(postgres_url)
    name = f"t_{encoding.lower()}"
    plain = url.difference_update_query(["schema"]).set(drivername="postgresql")
    with psycopg.connect(
        plain.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0"
            " LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        there = url.set(database=name).render_as_string(hide_password=False)
        try:
            for use in (creating, opening):
                with (
                    pytest.raises(StorageFailure, match=f"text in {encoding}") as failed,
                    use(there),
                ):
                    pass
                assert "ENCODING 'UTF8'" in one_line(failed.value)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


CHILDREN = 3
EACH = 8


def test_a_forked_child_uses_its_own_connections(recorder: SqlRecorder) -> None:
    recorder.append([made_up(0)])
    children = [_forked(recorder, child) for child in range(CHILDREN)]
    for n in range(EACH):
        recorder.append([made_up(1_000 + n)])
    for child in children:
        assert _ended(child) == 0
    rows = list(recorder.rows(until=1_000))
    assert [row[0] for row in rows] == list(range(1, 2 + (CHILDREN + 1) * EACH))
    said = sorted(int(bytes(row[4])) for row in rows)
    assert said == sorted(
        [0, *(1_000 + n for n in range(EACH))]
        + [100 * (child + 1) + n for child in range(CHILDREN) for n in range(EACH)]
    )


def test_a_lock_that_a_thread_held_does_not_hang_a_forked_child(recorder: SqlRecorder) -> None:
    """This thread holds it, and in the child no thread would release it."""
    with recorder._append_turn:
        child = _forked(recorder, 0)
        assert _ended(child) == 0
    assert recorder.head() == EACH


def test_a_child_forked_inside_a_block_leaves_its_connection(
    recorder: SqlRecorder,
) -> None:
    """It reaches the end of the block like its parent, and then uses a connection of its own."""
    pid = -1
    code = 1
    try:
        with recorder.held():
            recorder.append([made_up(0)])
            held = recorder._sessions.of_thread.session
            mine = held and held._driver
            pid = os.fork()
            if pid == 0:
                recorder.append([made_up(1)])
        if pid == 0:
            with recorder._connected() as session:
                code = int(session._driver is mine)
            for n in range(EACH):
                recorder.append([made_up(2 + n)])
    finally:
        if pid == 0:
            os._exit(code)
    for n in range(EACH):
        recorder.append([made_up(100 + n)])
    assert _ended(pid) == 0
    assert recorder.head() == 2 + 2 * EACH
    with recorder._connected() as session:
        assert session._driver is mine


def _forked(recorder: SqlRecorder, child: int) -> int:
    pid = os.fork()
    if pid == 0:  # whatever happens, the child must not come back into pytest
        code = 1
        try:
            for n in range(EACH):
                recorder.append([made_up(100 * (child + 1) + n)])
            code = 0
        finally:
            os._exit(code)
    return pid


def _ended(pid: int) -> int:
    """The exit code of a child; -1 for one that hangs and is killed."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -1
