"""What a server refuses or takes away: one clear line, nothing recorded, and then it goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from ledger.application import Author, Ledger
from ledger.errors import StorageFailure
from ledger.log.recorder import SqlRecorder
from ledger.log.store import store_urls as places
from ledger.log.store.store_urls import Place
from ledger.log.stores import open_store
from ledger.time.periods import SystemClock
from tests.faults.programs.racing import command


@pytest.fixture
def url(postgres_url: str) -> str:
    """A ledger that was made."""
    Ledger.create(postgres_url, origin="faults.example/log", author=Author("owner")).close()
    return postgres_url


def record(where: str, key: str) -> int:
    """Record an event; its position."""
    with Ledger.open(where) as ledger:
        wanted = command(
            ledger, do="project open", project=key, title="T", kind="feature", on="2025-01-01"
        )
        return ledger.decide(wanted, Author("ada", None, key)).events[0].position


def head(where: str) -> int:
    """The last position."""
    with Ledger.open(where, read_only=True) as ledger:
        return ledger.log.head()


@contextmanager
def holding_the_lock(where: str) -> Iterator[SqlRecorder]:
    """Another program that holds the log's one lock, and does nothing."""
    recorder = open_store(Place.parse(where), SystemClock())
    with recorder._connected() as connection:
        recorder.lock(connection)
        yield recorder
    recorder.close()


def with_options(where: str, options: str) -> str:
    """The same ledger, with settings of the server for each connection."""
    return make_url(where).update_query_dict({"options": options}).render_as_string(False)


def test_a_lock_that_somebody_keeps_is_said_to_be_kept(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "LOCK_TIMEOUT_S", 0.2)
    with holding_the_lock(url), pytest.raises(StorageFailure) as refused:
        record(url, "late")
    assert "stayed locked by another program" in str(refused.value)
    assert "Nothing was recorded" in refused.value.advice
    assert record(url, "late") == 2, "and afterwards it goes on"


def test_a_statement_that_took_too_long_is_said_to_have(url: str) -> None:
    impatient = with_options(url, "-c statement_timeout=200")
    with holding_the_lock(url), pytest.raises(StorageFailure) as refused:
        record(impatient, "late")
    assert "took longer than its server allows" in str(refused.value)
    assert "statement_timeout" in refused.value.advice
    assert head(url) == 1
    assert record(impatient, "late") == 2


def test_a_replica_takes_no_event_and_answers(url: str) -> None:
    # What a standby says: every transaction is read-only there.
    replica = with_options(url, "-c default_transaction_read_only=on")
    with pytest.raises(StorageFailure) as refused:
        record(replica, "nowhere")
    assert "read-only here" in str(refused.value)
    assert "primary" in refused.value.advice
    assert head(replica) == 1


def test_a_session_that_the_server_ended_is_said_to_be_ended_and_the_next_one_works(
    url: str,
) -> None:
    with Ledger.open(url) as ledger:
        assert ledger.log.head() == 1
        _end_sessions(url)
        with pytest.raises(StorageFailure) as refused:
            ledger.log.head()
        assert "starting or stopping" in str(refused.value) or "connection" in str(refused.value)
        assert ledger.log.head() == 1


def test_an_idle_session_that_the_server_closed_is_said_to_have_been_idle(url: str) -> None:
    sleepy = with_options(url, "-c idle_session_timeout=100")
    with Ledger.open(sleepy) as ledger:
        assert ledger.log.head() == 1
        _wait_until_alone(url)
        with pytest.raises(StorageFailure) as refused:
            ledger.log.head()
        assert "idle" in str(refused.value)
        assert ledger.log.head() == 1


def test_who_holds_the_lock_and_is_ended_leaves_the_way_free(url: str) -> None:
    recorded = []
    with suppress(StorageFailure), holding_the_lock(url):  # what it gives back is gone
        _end_sessions(url)
        recorded.append(record(url, "next"))
    assert recorded == [2]


def test_the_driver_says_nothing_beside_the_message(
    url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's, which no user has
    with Ledger.open(url) as ledger:
        wanted = [
            (n, command(ledger, do="project open", project=f"p-{n}", title="T", kind="feature",
                        on="2025-01-01"))
            for n in (1, 2, 3)
        ]  # fmt: skip
        within = ledger.log._recorder.insert_rows

        def cut(*given: Any, **named: Any) -> None:
            _end_sessions(url)
            within(*given, **named)

        ledger.log._recorder.insert_rows = cut  # type: ignore[method-assign]  # cut there, once
        with pytest.raises(StorageFailure):
            ledger.apply(wanted, Author("ada"))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
    assert head(url) == 1


def _admin(where: str) -> psycopg.Connection[Any]:
    bare = make_url(where).difference_update_query(["schema"]).set(drivername="postgresql")
    return psycopg.connect(bare.render_as_string(hide_password=False), autocommit=True)


_OTHERS = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"


def _end_sessions(where: str) -> None:
    """End every other session, as an administrator or a server that stops does."""
    with _admin(where) as db:
        db.execute(f"SELECT pg_terminate_backend(pid) {_OTHERS}".encode())
    _wait_until_alone(where)


def _wait_until_alone(where: str) -> None:
    with _admin(where) as db:
        while db.execute(f"SELECT 1 {_OTHERS}".encode()).fetchone():
            pass
