"""Commands in a file: the message for one that cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import PlaceHold
from ledger.decisions.command_codec import Wire
from ledger.decisions.command_keys import keys
from ledger.errors import BadInput

WIRE = Wire(STUDIO_DECISIONS)
HOLD = {"do": "booking hold", "space": "s", "project": "p", "when": "2025-07-01..2025-07-02"}
OPEN = {"do": "project open", "project": "p", "title": "T", "kind": "feature", "on": "2025-01-01"}
CHANGE = {"do": "space change", "space": "s", "on": "2025-01-01"}
REPORT = {"do": "booking report", "booking": "b", "day": "2025-07-01"}


def without(command: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in command.items() if name != key}


@pytest.mark.parametrize(
    ("command", "what", "advice"),
    [
        (
            HOLD | {"days": "2025-07-01"},
            "booking hold: the key 'days' is unknown",
            '"when": "A..B"',
        ),
        (HOLD | {"from": "2025-07-01"}, "the key 'from' is unknown", '"when": "A..B"'),
        (HOLD | {"spaec": "s"}, "the key 'spaec' is unknown", "Did you mean 'space'?"),
        (
            HOLD | {"zzz": 1},
            "the key 'zzz' is unknown",
            "Its keys: space, project, when, [booking],",
        ),
        (REPORT | {"pages_shot": 3}, "the key 'pages_shot' is unknown", "'pages_shot_eighths'"),
        (without(HOLD, "when"), "the key 'when' is missing", "Its keys: space, project, when,"),
        (HOLD | {"when": 7}, "'when': 7 is not a period", "A..B"),
        (HOLD | {"when": "soon"}, "booking hold: 'when': 'soon' is not a period", "2025-07-01.."),
        (HOLD | {"units": "3"}, "'units': \"3\" is not a whole number", "without quotes"),
        (HOLD | {"confirm": "yes"}, '"yes" is neither true nor false', "true or false"),
        (HOLD | {"plan": "x"}, "'plan': \"x\" is not a list of day plans", "[ … ]"),
        (HOLD | {"plan": ["x"]}, "'plan': item 1, \"x\" is not a day plan", '{"first": '),
        (
            HOLD | {"plan": [{"first": "2025-07-01", "last": "2025-07-01", "type": "preps"}]},
            "'plan': item 1, 'type': \"preps\" is not one of prep, pre-light,",
            "Did you mean 'prep'?",
        ),
        (HOLD | {"plan": [{"first": "2025-07-01"}]}, "item 1, the key 'last' is missing", "type"),
        (OPEN | {"kind": "featur"}, '"featur" is not one of feature, series', "'feature'?"),
        (OPEN | {"on": "2025-02-30"}, "'on': \"2025-02-30\" is not a day", "YYYY-MM-DD"),
        (OPEN | {"title": 7}, "'title': 7 is not a text", "in quotes"),
        (CHANGE | {"capacity": "none"}, '"none" is not a whole number', ", or null"),
        (CHANGE | {"area_m2": "big"}, '"big" is not a number', "without quotes"),
        ({"do": "project opne"}, "the command 'project opne' is unknown", "'project open'?"),
        ({"do": ["x"]}, "the command ['x'] is unknown", "One of: booking cancel"),
        ({"project": "p"}, "'do' names no command", "One of: booking cancel"),
    ],
)
def test_what_is_wrong_is_said_in_words(command: dict[str, Any], what: str, advice: str) -> None:
    with pytest.raises(BadInput) as refused:
        WIRE.decode(json.dumps(command).encode())
    assert what in refused.value.message
    assert advice in refused.value.advice
    for jargon in ("RFC", "enum", "$", "`", "object contains", "Expected"):
        assert jargon not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"do": "project open", "title": "\\ud800"}', "half of a surrogate pair"),
        (b'{"do": "project open"', "truncated"),
        (b"hello", "byte 0"),
        (b"[1]", "it is [1]"),
    ],
)
def test_what_is_no_object_is_said_with_why(line: bytes, why: str) -> None:
    with pytest.raises(BadInput, match="this is not a JSON object") as refused:
        WIRE.decode(line)
    assert why in refused.value.message


def test_a_byte_order_mark_is_not_part_of_the_first_line() -> None:
    line = json.dumps(OPEN).encode()
    ((number, decision),) = WIRE.read([b"\xef\xbb\xbf" + line])
    assert (number, decision) == (1, WIRE.decode(line))
    with pytest.raises(BadInput, match="line 2: this is not a JSON object"):
        list(WIRE.read([line, b"\xef\xbb\xbf" + line]))


def test_the_keys_of_a_command_are_told_with_what_they_take() -> None:
    told = {key.name: key for key in keys(PlaceHold)}
    assert tuple(told) == PlaceHold.__struct_fields__
    assert (told["when"].takes, told["when"].needed) == ("period", True)
    assert (told["units"].takes, told["units"].default) == ("whole number", 1)
    assert (told["plan"].takes, told["plan"].needed) == ("list of day plans", False)
    assert told["expires_at"].takes == "time, or null"


@pytest.mark.parametrize("command", STUDIO_DECISIONS, ids=lambda kind: kind.words())
def test_every_key_of_every_command_is_told_in_words(command: type[Decision]) -> None:
    for key in keys(command):
        assert not any(letter in key.takes for letter in "[]_<|"), key
