"""The line: a stored row as bytes, and back."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadInput
from ledger.log.lines import line, line_size, parse_line

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIME = "2025-07-01T12:00:00.000000Z"


def test_its_bytes_are_fixed() -> None:
    made = line(7, TIME, "BookingHeld", '["space:stage-1","片:场"]', b'{"actor":"ana"}')
    assert (
        made
        == (
            '{"v":1,"position":7,"recorded_at":"2025-07-01T12:00:00.000000Z",'
            '"type":"BookingHeld","tags":["space:stage-1","片:场"],"data":{"actor":"ana"}}'
        ).encode()
    )


@given(
    position=st.integers(1, 2**53),
    type=TEXT,
    tags=st.lists(TEXT, max_size=4),
    data=st.dictionaries(TEXT, st.integers() | TEXT | st.none(), max_size=4),
)
def test_it_is_json_and_parses_back(
    position: int, type: str, tags: list[str], data: dict[str, object]
) -> None:
    columns = (position, TIME, type, msgspec.json.encode(tags).decode(), msgspec.json.encode(data))
    made = line(*columns)
    assert b"\n" not in made
    assert len(made) == line_size(*columns)
    assert msgspec.structs.astuple(parse_line(made)) == columns
    plain = json.loads(made)
    assert list(plain) == ["v", "position", "recorded_at", "type", "tags", "data"]
    assert (plain["type"], plain["tags"], plain["data"]) == (type, tags, data)


GOOD = line(1, TIME, "A", '["x:1"]', b'{"a":1}')


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        GOOD[:-1],
        GOOD + b" ",
        GOOD.replace(b'"v":1', b'"v":2'),
        GOOD.replace(b'"v":1,', b""),
        GOOD.replace(b'"v":1', b'"v": 1'),
        GOOD.replace(b'["x:1"]', b'["x:1",2]'),
        GOOD.replace(b'["x:1"]', b'"x:1"'),
        GOOD.replace(b'"type":"A"', b'"type":"\\u0041"'),
        GOOD.replace(b'"position":1', b'"position":"1"'),
        GOOD.replace(b'"data"', b'"more":1,"data"'),
        GOOD.replace(b'"v":1,"position":1', b'"position":1,"v":1'),
    ],
)
def test_a_line_in_another_form_is_refused(text: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        parse_line(text)
    assert "\n" not in str(refused.value)
