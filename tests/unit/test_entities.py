"""Things as the ledger knows them: cases that random histories seldom reach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from ledger.entities import Entity, changes, read_records
from ledger.events import (
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentUnpacked,
    ShootDayReported,
    SpaceChanged,
    SpaceCommissioned,
)
from ledger.events.base import Event, Header, RecordedEvent
from ledger.testing import recorded
from ledger.testing.history import MemoryHistory
from ledger.time.periods import Days


def log_of(entries: Sequence[RecordedEvent]) -> MemoryHistory:
    log = MemoryHistory()
    log.events = list(entries)
    return log


def place(entity: Entity) -> str:
    return str(entity.fields["place"][-1].value)


def _day(day: int) -> datetime:
    return datetime(2025, 6, day, tzinfo=UTC)


def test_what_was_packed_late_came_along_with_its_container() -> None:
    """On Monday the lens went into the case; that was entered when the case had moved."""
    events: list[Event] = [
        EquipmentRegistered(equipment="case", at=_day(1), name="C", kind="case", place="stage-1"),
        EquipmentRegistered(equipment="lens", at=_day(1), name="L", kind="lens", place="stage-1"),
        EquipmentMoved(
            equipment="case", at=_day(3), origin="stage-1", destination="workshop", latest=True
        ),
        EquipmentPacked(
            equipment="lens", at=_day(2), place="stage-1", containers=("case",), latest_for=(),
            contents=("lens",),
        ),
    ]  # fmt: skip
    log = log_of(recorded(*events))
    records = read_records(log, "equipment", "lens", 4)
    fact = records.at(4).fields["place"][-1]
    assert (fact.value, fact.entry.position, fact.known) == ("workshop", 3, 4)
    assert (fact.since, fact.via) == (_day(3), "case")
    assert place(records.at(3)) == "stage-1"
    (case, lens) = changes(log, 3, 4)
    assert [c.field for c in case.changes] == ["contents"]
    assert {c.field: (c.before, c.after) for c in lens.changes} == {
        "place": ("stage-1", "workshop"),
        "container": (None, "case"),
    }


@pytest.mark.parametrize("moved", ["truck", "case"])
def test_what_rode_along_is_told_too(moved: str) -> None:
    """No event names the lens: it lies in the case, and the case in the truck."""
    events: list[Event] = [
        *(
            EquipmentRegistered(equipment=n, at=_day(1), name=n, kind="kit", place="stage-1")
            for n in ("truck", "case", "lens")
        ),
        EquipmentPacked(
            equipment="lens", at=_day(2), place="stage-1", containers=("case",),
            latest_for=("case",), contents=("lens",),
        ),
    ]  # fmt: skip
    if moved == "truck":
        events.append(
            EquipmentPacked(
                equipment="case", at=_day(3), place="stage-1", containers=("truck",),
                latest_for=("truck",), contents=("case",),
            )
        )  # fmt: skip
    before = len(events)
    events.append(
        EquipmentMoved(
            equipment=moved, at=_day(4), origin="stage-1", destination="dock", latest=True
        )
    )
    found = changes(log_of(recorded(*events)), before, before + 1)
    lens = next(c for c in found if c.entity.id == "lens")
    (change,) = lens.changes
    assert (change.before, change.after, change.fact.via) == ("stage-1", "dock", moved)


def test_what_was_taken_out_late_never_came_along() -> None:
    """On the 4th the lens came out of the case, which moved on the 5th; that is entered last."""
    packing = {"equipment": "lens", "place": "stage-1", "containers": ("case",)}
    events: list[Event] = [
        EquipmentRegistered(equipment="case", at=_day(1), name="C", kind="case", place="stage-1"),
        EquipmentRegistered(equipment="lens", at=_day(1), name="L", kind="lens", place="stage-1"),
        EquipmentPacked(**packing, at=_day(2), latest_for=("case",), contents=("lens",)),  # type: ignore[arg-type]  # texts that fit
        EquipmentMoved(
            equipment="case", at=_day(5), origin="stage-1", destination="dock", latest=True
        ),
        EquipmentUnpacked(**packing, at=_day(4), latest_for=(), contents=()),  # type: ignore[arg-type]  # texts that fit
    ]
    log = log_of(recorded(*events))
    assert place(read_records(log, "equipment", "lens", 4).at(4)) == "dock"
    lens = next(c for c in changes(log, 4, 5) if c.entity.id == "lens")
    (moved,) = [change for change in lens.changes if change.field == "place"]
    assert (moved.before, moved.after) == ("dock", "stage-1")
    assert [step.entry.position for step in moved.steps] == [5]


def test_a_correction_that_says_the_same_is_told() -> None:
    report = ShootDayReported(
        booking="b-1", space="stage-1", project="night", day=date(2025, 6, 2), setups_planned=1,
        setups_shot=1, pages_planned_eighths=8, pages_shot_eighths=8, shooting_hours=8.0,
        period=Days(date(2025, 6, 1), date(2025, 6, 9)).period("UTC"),
    )  # fmt: skip
    log = MemoryHistory()
    log.append([(report, Header(actor="ana"))])
    log.append([(report, Header(actor="wang", corrects=1))])
    (told,) = changes(log, 1, 2)
    (change,) = told.changes
    assert (change.change, change.fact.entry.corrects) == ("kept", 1)


def test_a_space_is_what_it_was_until_the_day_of_a_change() -> None:
    facts = {"space": "s", "site": "main", "name": "S", "kind": "hall"}
    events: list[Event] = [
        SpaceCommissioned(**facts, zone="UTC", area_m2=1.0, in_service_on=date(2023, 1, 1)),  # type: ignore[arg-type]  # texts that fit
        SpaceChanged(**facts, on=date(2026, 1, 1), area_m2=3.0, capacity=2),  # type: ignore[arg-type]  # texts that fit
        SpaceChanged(**facts, on=date(2025, 1, 1), area_m2=2.0),  # type: ignore[arg-type]  # texts that fit
    ]
    hall = read_records(log_of(recorded(*events)), "space", "s", 3).at(3)
    areas = {
        year: fact.value
        for year in (2020, 2024, 2025, 2027)
        if (fact := hall.current("area_m2", date(year, 6, 1))) is not None
    }
    assert areas == {2020: 1.0, 2024: 1.0, 2025: 2.0, 2027: 3.0}
    capacity = hall.current("capacity", date(2025, 6, 1))
    assert capacity is not None
    assert capacity.value is None, "exclusive until then"
