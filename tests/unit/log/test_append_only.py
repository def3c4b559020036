"""Recorded events stay: triggers refuse every SQL statement that would change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from ledger.log.recorder import SqlRecorder
from ledger.log.store.store_urls import sqlite_module
from tests.unit.log.conftest import made_up

ByHand = Callable[[str], list[Any]]
REFUSALS = (sqlite_module().DatabaseError, psycopg.Error)

ROW = "'2025-01-01T00:00:00.000000Z', 'A', '[]', ''"
ON_BOTH = [
    "UPDATE event SET type = 'B' WHERE position = 2",
    "UPDATE event SET position = 9 WHERE position = 3",
    "DELETE FROM event WHERE position = 3",
    "DELETE FROM event",
    "UPDATE event_tag SET tag = 'y:1'",
    "DELETE FROM event_tag WHERE position = 3",
    f"INSERT INTO event VALUES (5, {ROW})",
    f"INSERT INTO event VALUES (0, {ROW})",
    f"INSERT INTO event VALUES (3, {ROW})",
    f"INSERT INTO event VALUES (NULL, {ROW})",
    f"INSERT INTO event VALUES (3, {ROW}) ON CONFLICT (position) DO UPDATE SET type = 'B'",
]
ON_SQLITE = [
    f"INSERT OR REPLACE INTO event VALUES (3, {ROW})",
    f"REPLACE INTO event VALUES (1, {ROW})",
    f"INSERT OR IGNORE INTO event VALUES (7, {ROW})",
    "UPDATE OR REPLACE event SET position = 1 WHERE position = 2",
    "UPDATE OR REPLACE event_tag SET position = 1 WHERE position = 2",
]
ON_POSTGRES = ["TRUNCATE event", "TRUNCATE event_tag", "TRUNCATE event CASCADE"]
BY_DATABASE = {"sqlite": [*ON_BOTH, *ON_SQLITE], "postgres": [*ON_BOTH, *ON_POSTGRES]}
"""The statements for each database."""


def _index(recorder: SqlRecorder) -> list[tuple[str, str, int]]:
    return list(recorder.tag_index.entries())


@pytest.mark.parametrize(
    ("ledger_url", "sql"),
    [(database, sql) for database, known in BY_DATABASE.items() for sql in known],
    indirect=["ledger_url"],
)
def test_sql_by_hand_is_refused(recorder: SqlRecorder, by_hand: ByHand, sql: str) -> None:
    recorder.append([made_up(n, "x:1") for n in (1, 2, 3)])
    before = by_hand("SELECT * FROM event ORDER BY position"), _index(recorder)
    with pytest.raises(REFUSALS, match=r"append-only|gapless"):
        by_hand(sql)
    assert (
        by_hand("SELECT * FROM event ORDER BY position"),
        _index(recorder),
    ) == before
    assert recorder.append([made_up(4)]) == 4


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)  # PostgreSQL has no REPLACE
def test_replacing_a_tag_row_changes_nothing(recorder: SqlRecorder, by_hand: ByHand) -> None:
    recorder.append([made_up(1, "x:1")])
    by_hand("REPLACE INTO event_tag VALUES ('x:1', 'A', 1)")
    assert _index(recorder) == [("x:1", "A", 1)]
