"""At any place of a replay, by any way there, its views answer like a fold up to there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.events.base import RecordedEvent
from ledger.projections import replay as folded
from ledger.projections.querying.replaying import Replay
from ledger.projections.querying.stepping import steps
from tests.properties.test_shipped_projections import REQUIRED, SHIPPED, studios
from tests.unit.projections.sample import SampleLog

MOVES = st.lists(
    st.tuples(st.sampled_from(("goto", "next", "back", "step")), st.integers(1, 60)), max_size=8
)


def _log(entries: list[RecordedEvent]) -> SampleLog:
    return SampleLog([entry.event for entry in entries], *{type(e.event) for e in entries})


def _answers(projection: type[Any], log: SampleLog, position: int) -> dict[str, Any]:
    """Return the answers of every view for a prefix: `view NAME --as-of`."""
    fold = folded(projection, log, position)
    return {
        name: (view.call(fold.projection, REQUIRED.get(name, {})), fold.position, fold.recorded_at)
        for name, view in projection.views.items()
    }


@settings(max_examples=30)
@given(entries=studios(), moves=MOVES, keeps=st.booleans())
def test_a_replay_answers_as_of_where_it_stands(
    entries: list[RecordedEvent], moves: list[tuple[str, int]], keeps: bool
) -> None:
    log = _log(entries)
    replay = Replay(log, SHIPPED, keeps=keeps)
    for move, count in moves:
        here, head = replay.position, log.head()
        if move == "step":
            for _ in steps(replay, min(here + count % 8, head)):
                pass
        else:
            to = {"goto": count, "next": here + count % 8, "back": here - count % 12}[move]
            replay.go(min(max(to, 0), head))
        told: dict[str, tuple[Any, int, datetime | None]] = {}
        for name in replay.views:
            answer = replay.answer(name, REQUIRED.get(name, {}))
            told[name] = answer.rows, answer.as_of, answer.recorded_at
        expected: dict[str, Any] = {}
        for projection in SHIPPED:
            expected |= _answers(projection, log, replay.position)
        assert told == expected


@settings(max_examples=15)
@given(entries=studios(), first=st.integers(0, 30))
def test_the_changes_of_the_steps_put_upon_one_another_are_the_tables(
    entries: list[RecordedEvent], first: int
) -> None:
    log = _log(entries)
    replay = Replay(log, SHIPPED)
    replay.go(min(first, log.head()))
    rows = {key: dict(found) for key, found in _tables(replay).items()}
    for step in steps(replay, log.head()):
        for change in step.changes:
            found, key = rows[change.projection, change.table], tuple(change.row.row.values())
            if change.row.change == "removed":
                del found[key]
                continue
            assert (change.row.change == "added") == (key not in found)
            new = found.setdefault(key, {})
            for one in change.row.differences:
                assert change.row.change == "added" or new[one.column] == one.before
                new[one.column] = one.after
    assert rows == _tables(replay)


Found = dict[tuple[str, str], dict[tuple[Any, ...], dict[str, Any]]]


def _tables(replay: Replay) -> Found:
    """Each table's rows by key, as columns beyond the key."""
    return {
        (name, table.name): {
            table.layout.key_of(row): {
                column: getattr(row, column)
                for column in table.layout.names
                if column not in table.layout.keys
            }
            for row in table.held()
        }
        for name, folding in replay.foldings.items()
        for table in folding.tables
    }
