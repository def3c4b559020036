"""Lines nested thousands deep, numbers thousands of digits long: what Python gives up on."""

from __future__ import annotations

import pytest

from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.command_codec import Wire
from ledger.errors import BadInput
from ledger.log.lines import parse_line
from tests.terminal import Terminal

DEEP = b"[" * 30_000 + b"]" * 30_000


@pytest.mark.parametrize(
    "line",
    [
        DEEP,
        DEEP[:30_000],
        b'{"do":%b}' % DEEP,
        b'{"do":"project open","title":%b}' % DEEP,
        b'{"do":1,"title":%b}' % DEEP,
        b'{"do":"project open","project":1,"title":%b}' % DEEP,
    ],
    ids=range(6),
)
def test_a_command_nested_too_deeply_is_refused(line: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        Wire(STUDIO_DECISIONS).decode(line)
    assert "this is not a JSON object" in str(refused.value)
    assert refused.value.advice
    with pytest.raises(BadInput):
        parse_line(line)


@pytest.mark.parametrize("words", [("show",), ("log", "--as-of"), ("view", "spaces", "--as-of")])
def test_a_position_of_thousands_of_digits_is_refused(
    sqlite_url: str, words: tuple[str, ...]
) -> None:
    terminal = Terminal(sqlite_url)
    terminal.must("init")
    refused = terminal.run(*words, "9" * 5_000)
    assert refused.code == 2
    assert "there is no #9" in refused.err
    assert len(refused.err) < 200
