"""Looking for what there never was: an answer all the same, and a word about it."""

from __future__ import annotations

import pytest

from tests.terminal import Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file."""
    return studio(sqlite_url)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("view", "calendar", "--space", "stage-3"), "'stage-3'"),
        (("view", "bookings", "--project", "wilde"), "Did you mean wild?"),
        (("view", "equipment", "--equipment", "led-b"), "Did you mean led-a?"),
        (("view", "utilization", "--site", "mian"), "Did you mean main?"),
        (("view", "bookings", "--project", "wilde", "--as-of", "9"), "Did you mean wild?"),
        (("views", "diff", "bookings", "7", "8", "--space", "stag-1"), "Did you mean stage-1"),
        (("log", "--tag", "space:stag-1"), "Did you mean stage-1"),
        (("log", "--tag", "space:stag-1", "--tag", "site:main"), "Did you mean stage-1"),
        (("log", "--tag", "spaces:stage-1"), "Did you mean space:stage-1?"),
        (("show", "nope:x"), "no event has the tag 'nope:x'"),
    ],
)
def test_an_id_that_the_ledger_never_saw_is_told(
    terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    done = terminal.must(*words, "--json")
    assert done.data == []
    (warning,) = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert told in warning


def test_of_what_there_is_nothing_is_told(terminal: Terminal) -> None:
    for words in (
        ("view", "calendar", "--space", "stage-1", "--until", "2025-07-03"),
        ("view", "bookings", "--project", "wild"),
        ("view", "equipment", "--equipment", "led-a"),
        ("log", "--tag", "space:stage-1@2025-07"),
        ("show", "led-a"),
    ):
        assert "warning" not in terminal.must(*words).err


def test_the_window_that_a_view_took_stands_in_its_title(terminal: Terminal) -> None:
    def said(*words: str) -> str:
        return terminal.must("view", *words).err

    assert "2024-01-01 to 2024-12-31, as of #" in said("utilization", "--until", "2024-12-31")
    assert "2024-02-01 to 2024-03-31, as of" in said(
        "utilization-total", "--since", "2024-02-01", "--until", "2024-03-31"
    )
    assert "2025-07-01 to 2025-07-03, as of" in said(
        "calendar", "--since", "2025-07-01", "--until", "2025-07-03"
    )


def test_a_view_of_a_plugin_that_is_off_names_it(terminal: Terminal) -> None:
    terminal.must("plugin", "disable", "bookings")
    for words in (("view", "bookings"), ("view", "holds")):
        done = terminal.run(*words)
        assert done.code == 2
        assert "Its plugin is off; turn it on: plugin enable bookings" in done.err
    assert "plugin is off" not in terminal.run("view", "bookingz").err
    terminal.must("plugin", "enable", "bookings")
    terminal.must("view", "bookings")


def test_a_question_ends_with_one_mark(terminal: Terminal) -> None:
    shown = terminal.must("view", "calendar", "--help").out
    assert "day by day?\n" in shown


def test_a_text_that_is_not_there_is_null(terminal: Terminal) -> None:
    for view in terminal.must("view", "--json").data:
        done = terminal.must("view", view["view"], "--json")
        assert "" not in [value for row in done.data for value in row.values()], view["view"]
