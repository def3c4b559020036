"""What is typed for an option, and what is made of it."""

from __future__ import annotations

import pytest

from ledger.commands.options import PAGES
from ledger.errors import BadInput
from tests.terminal import Terminal, studio


@pytest.mark.parametrize(
    ("typed", "eighths"),
    [("2 3/8", 19), ("2+3/8", 19), ("5/8", 5), ("9/8", 9), ("2", 16), ("0", 0), ("1 0/8", 8)],
)
def test_pages_are_whole_ones_and_eighths(typed: str, eighths: int) -> None:
    assert PAGES.convert(typed, None, None) == eighths


@pytest.mark.parametrize("typed", ["2 9/8", "2 8/8", "1/4", "2 3", "-1/8", "two", ""])
def test_what_is_no_number_of_pages(typed: str) -> None:
    with pytest.raises(BadInput, match="is not a number of pages"):
        PAGES.convert(typed, None, None)


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A campus, two stages, a project, a firm booking and a hold."""
    return studio(sqlite_url)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--days", "soon"), "--days: 'soon' is not a period. Write whole days as 2025-"),
        (("--days", "2025-07-01-2025-07-03"), "Write 2025-07-01..2025-07-03"),
        (("--days", "2025-09-01", "--plan", "2025-09-02=prep"), "the prep days 2025-09-02 are"),
        (("--from", "2025-09-01 8:00", "--to", "2025-09-01 20:00"), "'2025-07-01 08:00'"),
    ],
)
def test_what_cannot_be_a_period_is_told_how_one_is_written(
    terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    done = terminal.run("booking", "hold", "stage-1", "wild", *words)
    assert done.code == 2
    assert told in done.err


def test_a_printed_time_can_be_typed_wherever_a_time_is_taken(terminal: Terminal) -> None:
    terminal.must("booking", "hold", "stage-1", "wild", "--booking", "b-9",
                  "--from", "2025-09-01 08:00", "--to", "2025-09-01 20:00+08:00")  # fmt: skip
    terminal.must("equipment", "move", "led-a", "--to", "stage-2", "--at", "2024-03-01 08:00+08:00")
    held = terminal.must("log", "--since", "2025-09-01 19:59", "--until", "2025-09-01 20:00",
                         "--json").data  # fmt: skip
    assert [event["type"] for event in held] == ["BookingHeld"]
    before = terminal.must("log", "--as-of", "2020-01-01 00:00", "--json").data
    assert before == []


def test_an_actor_without_a_name_commands_nothing(terminal: Terminal) -> None:
    nobody = ("project", "open", "x", "--title", "T", "--kind", "feature", "--on", "2025-01-01")
    done = terminal.program("--actor", "", *nobody)
    assert done.code == 2
    assert "the actor is empty" in done.err
