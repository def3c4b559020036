"""Each kind of change past the guards is found by `audit verify`, and named for what it is.

`make tamper` makes forty of each kind on each database; here one of each.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from sqlalchemy.engine import URL

from ledger.audit.tree import TILE
from ledger.audit.verification import batches
from ledger.audit.verification.batches import SummarizedBatch
from tests.faults.tampering.attempts import KINDS, attempt
from tests.faults.tampering.kinds import Kind
from tests.faults.tampering.signed import Original, PostgresCopies, SqliteCopies, make_original

READ_HERE = (
    "event removed from the middle",
    "event put before the first",
    "all positions shifted",
    "events, checkpoints and kept hashes cut off together",
)
"""Kinds after which the first stretch is not whole, or something stands before it."""

IN_THE_LOG = [one for one in KINDS if not one.name.startswith("export:")]


@pytest.fixture(scope="module")
def folder(quick_folder: Path) -> Path:
    """A new one at each set-up: a worker may come to this module twice."""
    return Path(mkdtemp(prefix="tampering-", dir=quick_folder))


@pytest.fixture(scope="module")
def original(folder: Path) -> Original:
    """The signed ledger."""
    return make_original(folder)


@pytest.fixture(scope="module")
def sqlite(original: Original, folder: Path) -> SqliteCopies:
    """Copies of it in files."""
    return SqliteCopies(folder, original)


@pytest.fixture(scope="module")
def postgres(original: Original, _postgres_database: URL) -> Iterator[PostgresCopies]:
    """Copies of it on a server."""
    copies = PostgresCopies(_postgres_database.render_as_string(hide_password=False), original)
    yield copies
    copies.close()


@pytest.mark.parametrize("one", KINDS, ids=lambda one: one.name)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_change_is_found_and_named(
    database: str, one: Kind, original: Original, request: pytest.FixtureRequest
) -> None:
    copies: SqliteCopies | PostgresCopies = request.getfixturevalue(database)
    tried = attempt(one, copies, original, f"{one.name} {copies.name} 0")
    assert tried.wrong == ""
    assert tried.found


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process reads all")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("one", IN_THE_LOG, ids=lambda one: one.name)
def test_a_change_is_found_and_named_where_another_process_reads(
    one: Kind, original: Original, sqlite: SqliteCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they do with a log a hundred times as long."""
    monkeypatch.setattr(batches, "usable_processes", lambda: 3)
    monkeypatch.setattr(batches, "STRETCH", TILE)
    monkeypatch.setattr(batches, "WORTH", TILE)
    elsewhere: list[SummarizedBatch] = []

    def seen(*given: Any) -> SummarizedBatch:
        elsewhere.append(SummarizedBatch(*given))
        return elsewhere[-1]

    monkeypatch.setattr(batches, "SummarizedBatch", seen)
    tried = attempt(one, sqlite, original, f"{one.name} {sqlite.name} 0")
    assert tried.wrong == ""
    assert tried.found
    assert bool(elsewhere) != (one.name in READ_HERE)


def test_there_are_enough_kinds_and_some_need_an_outside_checkpoint() -> None:
    assert len(KINDS) >= 25
    assert 3 <= sum(one.outside for one in KINDS) < 10
