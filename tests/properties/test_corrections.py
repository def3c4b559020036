"""Corrections: what stands is the history in which the mistake was entered right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_bookings import Bookings
from ledger_calendar import Calendar
from ledger_efficiency import Efficiency
from ledger_equipment import Equipment
from ledger_projects import Projects
from ledger_reservations import Reservations
from ledger_spaces import Spaces
from ledger_utilization import Utilization

from ledger.decisions.base import Context, Proposal, Snapshot
from ledger.decisions.correct import UndoEntry
from ledger.decisions.deciding import take
from ledger.entities import KINDS, read_records
from ledger.entities.reading import touched
from ledger.errors import LedgerError
from ledger.events.base import Header, RecordedEvent
from ledger.events.standing import is_correction, standing
from ledger.projections import Projection, fold
from ledger.testing import MemoryHistory, studio_histories
from ledger.testing.laws.contents import rows_of

SHIPPED: tuple[type[Projection], ...] = (
    Bookings,
    Calendar,
    Efficiency,
    Equipment,
    Projects,
    Reservations,
    Spaces,
    Utilization,
)
"""Not claims: it keeps what was on record at which time, mistakes and all."""


@pytest.mark.parametrize("projection", SHIPPED, ids=lambda p: p.name)
@settings(max_examples=25, deadline=None)
@given(entries=studio_histories())
def test_the_log_folds_to_what_the_right_history_folds_to(
    projection: type[Projection], entries: Sequence[RecordedEvent]
) -> None:
    right = fold(projection, standing(entries)).projection
    assert rows_of(fold(projection, entries).projection) == rows_of(right)


@settings(max_examples=40, deadline=None)
@given(entries=studio_histories())
def test_a_thing_is_what_its_right_history_says(entries: Sequence[RecordedEvent]) -> None:
    named = {one for entry in entries for one in touched(entry) if one[0] in KINDS}
    for kind, id in sorted(named):
        assert told(entries, kind, id) == told(standing(entries), kind, id), (kind, id)


def told(entries: Sequence[RecordedEvent], kind: str, id: str) -> dict[str, Any]:
    """Return the present value of each field that has one."""
    head = max(entry.position for entry in entries)
    fields = read_records(history_of(entries), kind, id, head).at(head).fields
    last = {name: facts[-1].value for name, facts in fields.items()}
    return {name: value for name, value in last.items() if value is not None}


def history_of(entries: Sequence[RecordedEvent]) -> MemoryHistory:
    """Return a log of these events."""
    history = MemoryHistory()
    history.events = list(entries)
    return history


MARKS = ("why", "corrected")
drawn: set[tuple[str, bool]] = set()


@settings(max_examples=60, deadline=None)
@given(entries=studio_histories(), back=st.integers(0, 6))
def test_an_undo_leaves_what_was_there_before_and_its_undo_brings_it_back(
    entries: Sequence[RecordedEvent], back: int
) -> None:
    drawn.update((entry.type, entry.undone) for entry in entries if is_correction(entry))
    if len(entries) <= back:
        return
    history = history_of(entries[: len(entries) - back])
    head = history.head()
    before = {one: rows_of(fold(one, history.events[:-1]).projection) for one in SHIPPED}
    there = {one: rows_of(fold(one, history.events).projection) for one in SHIPPED}
    if not undo(history, head):
        return
    for projection in SHIPPED:
        left = rows_of(fold(projection, history.events).projection)
        assert what_stands(left) == what_stands(before[projection])
    if undo(history, head + 1):
        for projection in SHIPPED:
            again = rows_of(fold(projection, history.events).projection)
            assert what_stands(again) == what_stands(there[projection])


def what_stands(tables: Any) -> Any:
    """Rows without their marks of having been corrected: a reason given last, a `corrected`."""
    return {
        name: [
            {field: value for field, value in row.items() if field not in MARKS}
            if isinstance(row, dict)
            else row
            for row in rows
        ]
        for name, rows in tables.items()
    }


def undo(history: MemoryHistory, position: int) -> bool:
    """Undo an entry; return whether that was allowed and needed nothing else."""
    snapshot = Snapshot(history, history.head())
    header = Header(actor="ana", reason="a slip")
    now = history.events[-1].recorded_at
    ctx = Context(snapshot, now=now, new_id=lambda prefix: "1", header=header)
    try:
        take(UndoEntry(position=position), ctx)
    except LedgerError:
        return False
    proposals: list[Proposal] = ctx.proposals
    if len(proposals) > 1:
        return False  # holds behind it moved up, or it went behind others
    history.append([(one.event, one.header(header)) for one in proposals])
    return True


def test_corrections_of_many_kinds_were_drawn() -> None:
    assert len(drawn) > 8, drawn
