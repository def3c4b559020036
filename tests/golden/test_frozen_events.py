"""Lines that were written once, by every format and schema version, are read for ever."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from ledger.events import STUDIO_EVENTS, SpaceClosed, UnknownEvent
from ledger.events.base import (
    Event,
    Header,
    RecordedEvent,
    Registry,
    Upcaster,
    format_recorded_at,
    recorded_tags,
)
from ledger.log.lines import line, parse_line
from ledger.tags import tag
from ledger.time.periods import Period
from tests.golden.examples import EXAMPLES
from tests.golden.freeze import frozen_lines, type_and_schema

LINES = frozen_lines()
STUDIO = Registry(STUDIO_EVENTS)


def decoded(text: bytes, registry: Registry = STUDIO) -> RecordedEvent:
    row = parse_line(text)
    return registry.decode(row.position, row.recorded_at, row.type, row.tags, row.data)


def encoded(entry: RecordedEvent, registry: Registry = STUDIO) -> bytes:
    """The line of a recorded event, written anew from what was read."""
    header = Header(**{name: getattr(entry, name) for name in Header.__struct_fields__})
    tags = msgspec.json.encode(recorded_tags(entry.event, header)).decode()
    return line(
        entry.position,
        format_recorded_at(entry.recorded_at),
        entry.type,
        tags,
        registry.encode(entry.event, header),
    )


def test_every_type_and_every_schema_of_it_is_frozen() -> None:
    wanted = {(t.type_name, n) for t in STUDIO_EVENTS for n in range(1, t.schema + 1)}
    assert {type_and_schema(text) for text in LINES} == wanted, "python -m tests.golden.freeze"
    assert len(LINES) == len(wanted), "a type is frozen once"


@pytest.mark.parametrize("text", LINES, ids=[type_and_schema(text)[0] for text in LINES])
def test_a_frozen_line_is_read_and_written_as_it_was(text: bytes) -> None:
    entry = decoded(text)
    assert type(entry.event).type_name == entry.type, "it is carried unread"
    if entry.schema == entry.event.schema:
        assert encoded(entry) == text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda event: event.type_name)
def test_what_was_frozen_means_what_it_meant(example: Event) -> None:
    [text] = [t for t in LINES if type_and_schema(t) == (example.type_name, example.schema)]
    assert decoded(text).event == example


# --- upcasting -----------------------------------------------------------------------


class RainCover(Event, frozen=True):
    """A cover set for wet days, as its third version says it.

    The first said `stage` and `hours`; the second `space`, and in minutes; the third knows
    the days.
    """

    type_name: ClassVar[str] = "test.RainCover"
    schema: ClassVar[int] = 3
    upcasters: ClassVar[dict[int, Upcaster]] = {
        1: lambda old: {"space": old["stage"], "minutes": round(old["hours"] * 60)},
        2: lambda old: {**old, "days": [old.get("day", "2020-01-01")]},
    }

    space: str
    minutes: int
    days: tuple[date, ...]

    def tags(self) -> tuple[str, ...]:
        """The space."""
        return (tag("space", self.space),)


RAIN_LINES = (Path(__file__).parent / "upcast.jsonl").read_bytes().splitlines()


@pytest.mark.parametrize("text", RAIN_LINES, ids=["schema-1", "schema-2", "schema-3"])
def test_an_old_schema_is_read_as_todays(text: bytes) -> None:
    entry = decoded(text, Registry((RainCover,)))
    assert entry.event == RainCover(space="backlot", minutes=90, days=(date(2020, 1, 1),))
    assert entry.schema == RAIN_LINES.index(text) + 1, "it still says how it was written"
    assert entry.tags == ("space:backlot",)


# --- carried unread ------------------------------------------------------------------


def with_data(change: dict[str, Any], type_name: str = "SpaceClosed") -> bytes:
    """The frozen line of a closed space, with something else in it."""
    [text] = [t for t in LINES if type_and_schema(t)[0] == "SpaceClosed"]
    row = parse_line(text)
    data = msgspec.json.encode(msgspec.json.decode(row.data) | change)
    return line(row.position, row.recorded_at, type_name, row.tags, data)


class BadUpcast(Event, frozen=True):
    """Its upcaster fails in a way that nobody foresaw."""

    type_name: ClassVar[str] = "test.BadUpcast"
    schema: ClassVar[int] = 2
    upcasters: ClassVar[dict[int, Upcaster]] = {1: lambda old: old["closure"].no_such_thing()}


@pytest.mark.parametrize(
    "text",
    [
        with_data({}, "gone.PluginEvent"),
        with_data({"schema": 2}),
        with_data({"payload": {"nothing": "of this"}}),
        with_data({"payload": ["no object"]}),
        with_data(
            {
                "payload": {
                    "closure": "c-1",
                    "space": "stage-1",
                    "kind": "blackout",
                    "period": {
                        "start": "2025-07-02T00:00:00Z",
                        "end": "2025-07-01T00:00:00Z",
                        "zone": "Asia/Shanghai",
                    },
                }
            }
        ),
        with_data({}, "test.BadUpcast"),
    ],
    ids=["unknown-type", "newer-schema", "other-fields", "no-object", "end-before-start", "upcast"],
)
def test_what_cannot_be_read_is_carried(text: bytes) -> None:
    entry = decoded(text, Registry((*STUDIO_EVENTS, BadUpcast)))
    row = parse_line(text)
    assert isinstance(entry.event, UnknownEvent)
    assert b'"payload":' + bytes(entry.event.payload) + b"}" in row.data
    assert list(entry.tags) == msgspec.json.decode(row.tags)
    assert (entry.actor, entry.type) == ("mei", row.type)


def test_what_can_be_read_is_not() -> None:
    """The counterpart: the same line, unchanged, is read."""
    assert isinstance(decoded(with_data({})).event, SpaceClosed)
    assert isinstance(decoded(with_data({})).event.effective(), Period)
