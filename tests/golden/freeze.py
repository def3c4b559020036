"""Adds a frozen line for each event type and schema version that has none yet.

    python -m tests.golden.freeze

It only ever adds. A released line is never written again: whoever deletes one breaks every
ledger that holds such an event.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from ledger.events import STUDIO_EVENTS
from ledger.events.base import Registry, recorded_tags
from ledger.log.lines import line, parse_line
from tests.golden.examples import EXAMPLES, FULL_HEADER, HEADER

FROZEN = Path(__file__).parent / "format-1.jsonl"
RECORDED_AT = "2025-07-15T08:30:00.000000Z"


def frozen_lines() -> list[bytes]:
    """The lines as they were written."""
    return FROZEN.read_bytes().splitlines() if FROZEN.exists() else []


def type_and_schema(text: bytes) -> tuple[str, int]:
    """What a line is frozen for."""
    row = parse_line(text)
    schema: int = msgspec.json.decode(row.data)["schema"]
    return row.type, schema


def freeze() -> None:
    """Append what is missing."""
    registry = Registry(STUDIO_EVENTS)
    lines = frozen_lines()
    known = {type_and_schema(text) for text in lines}
    for event in EXAMPLES:
        if (event.type_name, event.schema) not in known:
            header = FULL_HEADER if event.type_name == "EquipmentMoved" else HEADER
            tags = msgspec.json.encode(recorded_tags(event, header)).decode()
            data = registry.encode(event, header)
            lines.append(line(len(lines) + 1, RECORDED_AT, event.type_name, tags, data))
    FROZEN.write_bytes(b"".join(text + b"\n" for text in lines))


if __name__ == "__main__":
    freeze()
