"""A booking ends or moves with things still out for it, or begins long after they went out."""

from __future__ import annotations

import pytest

from tests.terminal import Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A booking of 2031, a case with a camera in it, a lamp and a stock of cables."""
    terminal = studio(sqlite_url)
    terminal.must(
        "booking", "hold", "stage-2", "wild", "--days", "2031-02-01..2031-02-05",
        "--booking", "b1", "--confirm",
    )  # fmt: skip
    for item, *more in (("cables", "--quantity", "40"), ("cam-1",), ("case-1",), ("lamp-1",)):
        terminal.must(
            "equipment", "add", item, "--name", item.title(), "--kind", item.partition("-")[0],
            "--at-place", "stage-1", "--at", "2025-01-10", *more,
        )  # fmt: skip
    terminal.must("equipment", "pack", "cam-1", "case-1", "--at", "2025-01-11")
    return terminal


def check_out(terminal: Terminal, *items: str, at: str = "2025-02-05T08:00Z") -> list[str]:
    """What is said after a check-out, after what was recorded."""
    done = terminal.must("equipment", "check-out", *items, "b1", "--custodian", "ann", "--at", at)
    return done.err.splitlines()[1:]


def test_things_that_go_out_long_before_are_named(terminal: Terminal) -> None:
    assert check_out(terminal, "lamp-1") == [
        "b1 begins on 2031-02-01: lamp-1 is out 2187 days before"
    ]
    assert check_out(terminal, "case-1", "cables=4") == [
        "b1 begins on 2031-02-01: 3 things (case-1, 4 of cables, cam-1) are out 2187 days before"
    ]


def test_things_that_go_out_the_evening_before_are_not(terminal: Terminal) -> None:
    terminal.must("booking", "move", "b1", "--days", "2025-02-06..2025-02-08")
    assert check_out(terminal, "lamp-1") == []


def test_a_wrap_a_move_and_a_cancellation_name_what_is_still_out(terminal: Terminal) -> None:
    check_out(terminal, "case-1", "cables=4", "lamp-1")
    moved = terminal.must("booking", "move", "b1", "--days", "2031-02-02..2031-02-07")
    assert (
        "4 things (case-1, lamp-1, 4 of cables and 1 more) are still out for b1, which has moved: "
        "equipment check-in case-1 lamp-1 cables; or keep them: equipment prolong"
    ) in moved.err.splitlines()
    terminal.must("equipment", "check-in", "case-1", "cables")
    assert "still out" not in terminal.must("booking", "change", "b1", "--note", "rain").err
    assert "still out" not in terminal.must("booking", "cancel", "b1", "--dry-run").err
    cancelled = terminal.must("booking", "cancel", "b1")
    assert "lamp-1 is still out for b1, which is cancelled: equipment check-in lamp-1" in (
        cancelled.err
    )


def test_a_case_is_checked_in_with_its_contents(terminal: Terminal) -> None:
    check_out(terminal, "case-1")
    done = terminal.must("booking", "cancel", "b1")
    assert "2 things (case-1, cam-1) are still out for b1, which is cancelled: " in done.err
    assert "equipment check-in case-1; or keep them" in done.err


def test_a_booking_with_nothing_out_says_nothing(terminal: Terminal) -> None:
    check_out(terminal, "lamp-1")
    terminal.must("equipment", "check-in", "lamp-1")
    assert "still out" not in terminal.must("booking", "cancel", "b1").err


def test_a_wrap_names_them(terminal: Terminal) -> None:
    terminal.must("booking", "move", "b1", "--days", "2025-02-06..2025-02-08")
    check_out(terminal, "cables=4")
    terminal.must("booking", "start", "b1", "--on", "2025-02-06")
    done = terminal.must("booking", "wrap", "b1", "--on", "2025-02-07")
    assert "4 of cables are still out for b1, which has wrapped" in done.err
