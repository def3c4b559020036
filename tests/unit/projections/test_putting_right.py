"""Corrections in the tables of a projection: what is counted, and what is passed over."""

from datetime import timedelta

import msgspec

from ledger.events import Event, Registry, ShootDayReported
from ledger.events.base import (
    Header,
    RecordedEvent,
    UnknownEvent,
    format_recorded_at,
    recorded_tags,
)
from ledger.projections import fold
from tests.unit.projections.sample import START, CrewHours, SpaceMonth, shoot_day

REGISTRY = Registry((ShootDayReported,))


def told(position: int, event: Event, corrects: int | None = None) -> RecordedEvent:
    """The event at a position, as a log would answer it."""
    header = Header(actor="mei", corrects=corrects)
    at = format_recorded_at(START + timedelta(hours=position))
    tags = msgspec.json.encode(recorded_tags(event, header)).decode()
    return REGISTRY.decode(position, at, event.type_name, tags, REGISTRY.encode(event, header))


def unreadable(entry: RecordedEvent) -> RecordedEvent:
    """The same event, as a later version would have written it."""
    unread = msgspec.structs.replace(entry.data, payload=UnknownEvent(payload=msgspec.Raw(b"{}")))
    return RecordedEvent(entry.position, entry._recorded_at, entry.type, entry._tags, unread)


def hours(*entries: RecordedEvent) -> list[SpaceMonth]:
    """The rows of a projection whose handler adds up."""
    return list(fold(CrewHours, entries).projection.months.rows())


def test_a_correction_is_counted_in_place_of_the_mistake() -> None:
    said = told(1, shoot_day("stage-1", 3, 8.0))
    put_right = told(2, shoot_day("stage-1", 3, 9.5), corrects=1)
    (row,) = hours(said, put_right)
    assert row.hours == 9.5


def test_a_correction_that_cannot_be_read_changes_nothing_then_or_later() -> None:
    said = told(1, shoot_day("stage-1", 3, 8.0))
    unread = unreadable(told(2, shoot_day("stage-1", 3, 20.0), corrects=1))
    again = told(3, shoot_day("stage-1", 3, 9.5), corrects=1)
    assert [row.hours for row in hours(said, unread)] == [8.0]
    assert [row.hours for row in hours(said, unread, again)] == [9.5]


def test_a_correction_of_what_cannot_be_read_stands_alone() -> None:
    unread = unreadable(told(1, shoot_day("stage-1", 3, 20.0)))
    again = told(2, shoot_day("stage-1", 3, 9.5), corrects=1)
    assert [row.hours for row in hours(unread, again)] == [9.5]
