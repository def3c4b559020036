"""Any history of a studio can be reported: each changed thing in sentences that fit."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ledger.commands.history.report import Report
from ledger.entities import changes
from ledger.events.base import RecordedEvent
from ledger.terminal.sheets import Style
from ledger.terminal.tables import cells
from ledger.testing import studio_histories
from tests.properties.test_entities import log_of

places = st.integers(0, 10_000)


@given(studio_histories(), places, st.sampled_from([40, 80, 100]), st.booleans())
def test_every_changed_thing_has_its_sentences(
    history: Sequence[RecordedEvent], place: int, room: int, ascii_only: bool
) -> None:
    log, low = log_of(history), place % len(history)
    found = changes(log, low, log.head())
    report = Report(Style("Asia/Shanghai", ascii_only=ascii_only))
    for thing in found:
        sentences = report.sentences(thing)
        assert sentences, (thing.entity.tag, thing.changes)
        for sentence in sentences:
            assert "None" not in sentence
            assert " #" in sentence or "(#" in sentence, "each names its event"
    lines = list(report.lines(found, room, bold=False))
    assert all(cells(line) <= room for line in lines), "no line is wider than the terminal"
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert len(headings) == len({thing.entity.kind for thing in found})
    if ascii_only:
        assert "→" not in "".join(lines)


@given(studio_histories(), places)
def test_an_event_that_changed_something_is_named(
    history: Sequence[RecordedEvent], place: int
) -> None:
    """Between an event and the one before, the report names only that event."""
    log, position = log_of(history), place % len(history) + 1
    report = Report(Style("UTC"))
    for thing in changes(log, position - 1, position):
        for sentence in report.sentences(thing):
            assert f"#{position}" in sentence
