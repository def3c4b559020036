"""`blame` reads only the events that it shows, also in a log of 100,000; counted, not timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.entities import changes, read_records
from ledger.events import (
    STUDIO_EVENTS,
    BookingConfirmed,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    Event,
    LedgerOpened,
    MilestonePlanned,
    ProjectOpened,
    SpaceCommissioned,
)
from ledger.events.base import Header, Query, RecordedEvent, Registry
from ledger.log.eventlog import EventLog, create_log
from ledger.time.periods import Period

AUTHOR = Header(actor="guard")
BEGINNING = datetime(2015, 1, 1, tzinfo=UTC)
MANY = 100_000


class Counting:
    """A log that counts the events that it returns."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.answered = 0
        self.questions = 0

    def read(self, queries: Sequence[Query], **within: Any) -> Iterator[RecordedEvent]:
        self.questions += len(queries)
        for entry in self._log.read(queries, **within):
            self.answered += 1
            yield entry

    def types_of(self, tag: str) -> Sequence[str]:
        return self._log.types_of(tag)


def _few() -> list[Event]:
    """A stage, a project, and a case with a lens."""
    at = BEGINNING
    return [
        SpaceCommissioned(
            space="stage-1", site="here", zone="UTC", name="Stage 1", kind="stage", area_m2=1.0,
            in_service_on=date(2015, 1, 1),
        ),
        ProjectOpened(project="night", title="Night", kind="feature", on=date(2015, 1, 1)),
        MilestonePlanned(project="night", milestone="release", on=date(2030, 1, 1)),
        *(
            EquipmentRegistered(equipment=name, at=at, name=name, kind="kit", place="stage-1")
            for name in ("case", "lens", "crane")
        ),
        EquipmentPacked(
            equipment="lens", at=at, place="stage-1", containers=("case",), latest_for=("case",),
            contents=("lens",),
        ),
    ]  # fmt: skip


def _many() -> Iterator[Event]:
    """The life of the stage and of the crane: bookings of the project, and moves."""
    for n in range(MANY // 2):
        start = BEGINNING + timedelta(hours=2 * n)
        yield BookingConfirmed(
            booking=f"b-{n}",
            space="stage-1",
            project="night",
            period=Period.between(start, start + timedelta(hours=1), "UTC"),
        )
        yield EquipmentMoved(
            equipment="crane",
            at=start,
            origin="stage-1",
            destination="stage-1",
            latest=True,
        )


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, quick_folder: Path) -> Iterator[EventLog]:
    opened = LedgerOpened(origin="test", format=1, demo=False, zone="UTC")
    file = quick_folder / f"{tmp_path_factory.mktemp('cost').name}-entities.db"
    made = create_log(str(file), Registry(STUDIO_EVENTS), (opened, AUTHOR))
    made.append([(event, AUTHOR) for event in _few()])
    batch: list[Event] = []
    for event in _many():
        batch.append(event)
        if len(batch) == 5_000:
            made.append([(one, AUTHOR) for one in batch])
            batch.clear()
    made.append(
        [
            (
                MilestonePlanned(project="night", milestone="release", on=date(2031, 1, 1)),
                AUTHOR,
            )
        ]
    )
    yield made
    made.close()


def test_each_costs_what_it_tells_of(log: EventLog) -> None:
    """50,000 bookings have the tags of the stage and the project: none of them is read."""
    head = log.head()
    assert head > MANY
    few = {("project", "night"): 3, ("space", "stage-1"): 1, ("booking", "b-777"): 1}
    for (kind, id), events in few.items():
        counting = Counting(log)
        records = read_records(counting, kind, id, head)
        assert counting.answered == len(records.entries) == events, id
        assert counting.questions == 1
    counting = Counting(log)
    lens = read_records(counting, "equipment", "lens", head).at(head)
    assert [fact.value for fact in lens.fields["place"]] == ["stage-1"]
    # its registration and its packing; those of the case, and the packing again
    assert (counting.answered, counting.questions) == (2 + 2, 2)
    counting = Counting(log)
    (project,) = changes(counting, head - 1, head)
    assert [(c.before, c.after) for c in project.changes] == [(date(2030, 1, 1), date(2031, 1, 1))]
    assert counting.answered == 1 + 3, "the event in between, and the project's own"
