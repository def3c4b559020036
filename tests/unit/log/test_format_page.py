"""The reference page of the format agrees with the program."""

from __future__ import annotations

import re
from pathlib import Path

from ledger.events import STUDIO_EVENTS, ProjectOpened
from ledger.events.base import Registry
from ledger.log.lines import LINE_LIMIT, parse_line
from ledger.log.store.schema import APPLICATION_ID, DEFAULT_SCHEMA, FORMAT

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "log-format.md").read_text()


def test_the_example_is_a_line() -> None:
    example = re.search(r"```json\n(.*?)\n```", PAGE, re.DOTALL)
    assert example is not None
    row = parse_line(example[1].encode())
    columns = (row.position, row.recorded_at, row.type, row.tags, row.data)
    entry = Registry(STUDIO_EVENTS).decode(*columns)
    assert isinstance(entry.event, ProjectOpened)
    assert entry.event.tags() == entry.tags
    assert entry.actor == "ana"


def test_the_numbers_are_ours() -> None:
    assert f"Format {FORMAT}." in PAGE
    assert f"at most {LINE_LIMIT:,} bytes" in PAGE
    assert f"{APPLICATION_ID} (`{APPLICATION_ID:#010X}`".replace("0X", "0x") in PAGE
    assert f"else `{DEFAULT_SCHEMA}`" in PAGE
