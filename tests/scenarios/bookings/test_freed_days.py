"""A booking gives days back, and the command names the holds that can be confirmed now."""

from __future__ import annotations

import pytest

from tests.terminal import Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A firm booking of stage 2, with a hold behind it and one behind that."""
    terminal = studio(sqlite_url)
    for booking, days in (("a-1", "01..2031-02-05"), ("a-2", "03..2031-02-07"), ("a-3", "07")):
        terminal.must(
            "booking", "hold", "stage-2", "wild", "--days", f"2031-02-{days}", "--booking", booking,
            *(["--confirm"] if booking == "a-1" else []),
        )  # fmt: skip
    return terminal


def confirmable(err: str) -> list[str]:
    """The holds that the command says can be confirmed."""
    return [line.split()[0] for line in err.splitlines() if "can be confirmed now" in line]


def test_a_cancellation_names_who_can_confirm_now(terminal: Terminal) -> None:
    done = terminal.must("booking", "cancel", "a-1")
    assert confirmable(done.err) == ["a-2"]
    assert "booking confirm a-2" in done.err
    terminal.must("booking", "confirm", "a-2")


def test_a_release_names_who_moved_up_to_the_first_place(terminal: Terminal) -> None:
    assert confirmable(terminal.must("booking", "release", "a-2").err) == ["a-3"]


def test_a_hold_that_was_ahead_all_along_is_not_named(terminal: Terminal) -> None:
    terminal.must("booking", "cancel", "a-1")
    assert confirmable(terminal.must("booking", "release", "a-3").err) == []


def test_a_hold_that_still_cannot_be_confirmed_is_not_named(terminal: Terminal) -> None:
    terminal.must("space", "close", "stage-2", "--days", "2031-02-06", "--kind", "maintenance")
    assert confirmable(terminal.must("booking", "cancel", "a-1").err) == []


def test_a_move_away_names_them_too(terminal: Terminal) -> None:
    done = terminal.must("booking", "move", "a-1", "--days", "2031-03-01..2031-03-05")
    assert confirmable(done.err) == ["a-2"]


def test_a_dry_run_frees_nothing_and_a_refusal_says_nothing_of_it(terminal: Terminal) -> None:
    before = len(terminal.lines())
    assert confirmable(terminal.must("booking", "cancel", "a-1", "--dry-run").err) == []
    refused = terminal.run("booking", "cancel", "a-2")
    assert refused.code != 0
    assert confirmable(refused.err) == []
    assert len(terminal.lines()) == before


# --- days that are closed --------------------------------------------------------------------


def test_a_closure_despite_bookings_names_them(terminal: Terminal) -> None:
    closing = ("space", "close", "stage-2", "--days", "2031-02-04..2031-02-09", "--kind")
    done = terminal.must(*closing, "blackout", "--despite-bookings")
    assert "a-1 (project wild, stage-2, 2031-02-01..2031-02-05) has days that are" in done.err
    assert "a-2" not in done.err, "a hold has no days"
    terminal.must("booking", "cancel", "a-1")
    assert "closed now" not in terminal.must(*closing, "maintenance").err


def test_of_many_bookings_that_a_closure_meets_three_are_named(terminal: Terminal) -> None:
    for day in range(10, 15):
        days = ("--days", f"2031-02-{day}", "--booking", f"d-{day}", "--confirm")
        terminal.must("booking", "hold", "stage-2", "wild", *days)
    closing = (
        "space",
        "close",
        "stage-2",
        "--days",
        "2031-02-01..2031-02-28",
        "--kind",
        "blackout",
    )
    told = terminal.must(*closing, "--despite-bookings").err
    assert told.count("closed now") == 3
    assert "and 3 more: view conflicts" in told
