"""The recorder against two oracles: the library's in-memory recorder, and a plain filter."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest
from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBSequencedEvent,
)
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.persistence import IntegrityError
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from ledger.log import queries as queries_module
from ledger.log import recorder as recorder_module
from ledger.log.recorder import SqlRecorder
from ledger.log.store.store_urls import Place
from ledger.log.stores import create_store
from ledger.time.periods import SystemClock

NewRecorder = Callable[[], AbstractContextManager[SqlRecorder]]


@pytest.fixture(params=["sqlite", "postgres"])
def new_recorder(request: pytest.FixtureRequest) -> NewRecorder:
    """A context manager that makes a recorder on an empty log, on each database."""

    @contextmanager
    def on_sqlite() -> Iterator[SqlRecorder]:
        folder: Path = request.getfixturevalue("tmp_path")
        path = folder / f"{secrets.token_hex(4)}.db"
        recorder = create_store(Place.parse(path), SystemClock(), _nothing)
        try:
            yield recorder
        finally:
            recorder.close()
            path.unlink()

    @contextmanager
    def on_postgres() -> Iterator[SqlRecorder]:
        schema = f"t_{secrets.token_hex(6)}"
        url = make_url(request.getfixturevalue("postgres_url"))
        server = url.difference_update_query(["schema"]).set(drivername="postgresql")
        place = Place.parse(
            url.update_query_dict({"schema": schema}).render_as_string(hide_password=False)
        )
        recorder = create_store(place, SystemClock(), _nothing)
        try:
            yield recorder
        finally:
            recorder.close()
            with psycopg.connect(
                server.render_as_string(hide_password=False), autocommit=True
            ) as connection:
                connection.execute(f'DROP SCHEMA "{schema}" CASCADE'.encode())

    return on_sqlite if request.param == "sqlite" else on_postgres


def _nothing(recorder: object, connection: object) -> None:
    """An empty log."""


TYPES = st.sampled_from(["A", "B", "C", "", "a", "é", "'\"\\"])
TAGS = st.sampled_from(["x:1", "x:2", "y:1", "y:1@2025-07", "", "片:场", "'\"\\\n"])
# Texts that no event carries, and no database can keep, are legal questions, too.
ASKED_TAGS = TAGS | st.sampled_from(["z:0", "nul:\0", "half:\ud800"])
ASKED_TYPES = TYPES | st.sampled_from(["Z", "\0"])

EVENTS = st.builds(
    DCBEvent, type=TYPES, data=st.binary(max_size=8), tags=st.lists(TAGS, max_size=4)
)
QUERIES = st.builds(
    DCBQuery,
    st.lists(
        st.builds(
            DCBQueryItem,
            types=st.lists(ASKED_TYPES, max_size=3),
            tags=st.lists(ASKED_TAGS, max_size=3),
        ),
        max_size=4,
    ),
)
AFTER = st.none() | st.integers(-1, 12)
CONDITIONS = st.builds(DCBAppendCondition, QUERIES, AFTER)
APPENDS = st.lists(
    st.tuples(st.lists(EVENTS, min_size=1, max_size=3), st.none() | CONDITIONS), max_size=8
)
READS = st.lists(
    st.tuples(
        st.none() | QUERIES,
        AFTER,
        st.none() | st.integers(0, 6),
        st.none() | st.integers(0, 12),
        st.booleans(),
    ),
    max_size=6,
)
# Small pages, tails and statements, so that a short log meets every boundary of a long one.
SEAMS = st.tuples(
    st.sampled_from([1, 2, 3, 1000]), st.sampled_from([0, 2, 128]), st.sampled_from([1, 2, 64])
)


@contextmanager
def seams(page: int, tail: int, max_walks: int) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(patch.object(recorder_module, "PAGE", page))
        stack.enter_context(patch.object(recorder_module, "IN_MEMORY", tail))
        stack.enter_context(patch.object(queries_module, "MAX_WALKS", max_walks))
        yield


def matches(event: DCBEvent, query: DCBQuery | None) -> bool:
    if query is None or not query.items:
        return True
    return any(
        (not item.types or event.type in item.types) and set(item.tags) <= set(event.tags)
        for item in query.items
    )


def filtered(
    log: Sequence[DCBSequencedEvent],
    query: DCBQuery | None,
    after: int | None,
    limit: int | None,
    until: int | None,
    newest_first: bool,
) -> list[DCBSequencedEvent]:
    found = [
        entry
        for entry in log
        if entry.position > (after or 0)
        and (until is None or entry.position <= until)
        and matches(entry.event, query)
    ]
    return (found[::-1] if newest_first else found)[:limit]


@given(appends=APPENDS, reads=READS, seam=SEAMS)
@example(
    appends=[([DCBEvent("A", b"", ["x:1", "x:1"])], None)],
    reads=[(DCBQuery([DCBQueryItem([], ["x:1"]), DCBQueryItem(["A"])]), None, None, None, False)],
    seam=(1, 0, 1),
)
@example(  # a type alone, searched among the newest events
    appends=[
        ([DCBEvent("A", b"", ["x:1"])], None),
        ([DCBEvent("B", b"")], DCBAppendCondition(DCBQuery([DCBQueryItem(["A"])]))),
        ([DCBEvent("C", b"")], DCBAppendCondition(DCBQuery([DCBQueryItem(["B"])]), 1)),
    ],
    reads=[],
    seam=(1000, 128, 32),
)
def test_same_as_the_librarys_recorder_in_memory(
    new_recorder: NewRecorder,
    appends: list[tuple[list[DCBEvent], DCBAppendCondition | None]],
    reads: list[tuple[DCBQuery | None, int | None, int | None, int | None, bool]],
    seam: tuple[int, int, int],
) -> None:
    oracle = InMemoryDCBRecorder()
    with new_recorder() as recorder, seams(*seam):
        for events, condition in appends:
            try:
                expected: int | None = oracle.append(events, condition)
            except IntegrityError:
                expected = None
            if expected is None:
                with pytest.raises(IntegrityError):
                    recorder.append(events, condition)
            else:
                assert recorder.append(events, condition) == expected
        for query, after, limit, until, newest_first in reads:
            wanted = oracle.read(query, after=after, limit=limit)
            answer = recorder.read(query, after=after, limit=limit)
            assert answer.head == wanted.head
            assert list(answer) == list(wanted)
            assert answer.head == wanted.head
            widened = recorder.read(
                query, after=after, limit=limit, until=until, newest_first=newest_first
            )
            assert list(widened) == filtered(
                oracle.events, query, after, limit, until, newest_first
            )
        index = {(tag, e.event.type, e.position) for e in oracle.events for tag in e.event.tags}
        assert list(recorder.tag_index.entries()) == sorted(
            index, key=lambda row: tuple(map(_bytes, row))
        )


def _bytes(value: object) -> object:
    return value.encode() if isinstance(value, str) else value


@pytest.mark.parametrize("tail", [0, 128], ids=["by index", "in memory"])
@pytest.mark.parametrize("match", [None, 0, 1_234, 2_999])
def test_a_condition_of_thousands_of_queries(
    new_recorder: NewRecorder, match: int | None, tail: int
) -> None:
    """One of 3,000 queries matches, in any place, or none does."""
    query = DCBQuery([DCBQueryItem(["A", "B"], [f"x:{n}", "y:1"]) for n in range(3_000)])
    with new_recorder() as recorder, seams(1000, tail, 32):
        recorder.append([DCBEvent("C", b"", ["x:1", "y:1"]), DCBEvent("A", b"", ["x:2"])])
        if match is None:
            assert recorder.append([DCBEvent("A", b"", [])], DCBAppendCondition(query)) == 3
        else:
            recorder.append([DCBEvent("B", b"", [f"x:{match}", "y:1"])])
            with pytest.raises(IntegrityError, match="#3"):
                recorder.append([DCBEvent("A", b"", [])], DCBAppendCondition(query))
            assert [entry.position for entry in recorder.read(query)] == [3]
