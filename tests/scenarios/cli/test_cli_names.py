"""Names and titles stand beside ids in a table, and find the ids."""

from __future__ import annotations

import csv
import io

import pytest

from tests.terminal import Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio with a second project, which holds stage 2."""
    terminal = studio(sqlite_url)
    words = ("--title", "Night Shift", "--kind", "short", "--on", "2025-01-01")
    terminal.must("project", "open", "n-7", *words)
    days = ("--days", "2031-02-01..2031-02-05", "--booking", "b-9")
    terminal.must("booking", "hold", "stage-2", "n-7", *days)
    return terminal


def test_a_title_stands_beside_the_id_of_a_project(terminal: Terminal) -> None:
    for view in ("bookings", "holds"):
        assert "n-7 Night Shift" in terminal.must("view", view).out
    days = ("--since", "2031-02-01", "--until", "2031-02-01")
    assert "n-7 Night Shift" in terminal.must("view", "calendar", *days).out, "also in a list"


def test_a_name_that_repeats_the_id_is_not_shown(terminal: Terminal) -> None:
    assert "stage-2 Stage 2" not in terminal.must("view", "holds").out


def test_programs_get_the_id_alone(terminal: Terminal) -> None:
    (hold,) = [h for h in terminal.must("view", "holds", "--json").data if h["booking"] == "b-9"]
    assert hold["project"] == "n-7"
    out = terminal.must("view", "holds", "--format", "csv").out
    assert "n-7" in [row["project"] for row in csv.DictReader(io.StringIO(out, newline=""))]


@pytest.mark.parametrize("name", ["Night Shift", "night shift", "n-7"])
def test_a_view_finds_a_thing_by_its_name_in_any_case(terminal: Terminal, name: str) -> None:
    found = terminal.must("view", "bookings", "--project", name, "--json")
    assert [row["booking"] for row in found.data] == ["b-9"]
    assert "warning" not in found.err


def test_a_name_that_several_things_have_is_refused(terminal: Terminal) -> None:
    words = ("--title", "NIGHT SHIFT", "--kind", "short", "--on", "2025-01-01")
    terminal.must("project", "open", "n-8", *words)
    done = terminal.run("view", "bookings", "--project", "Night Shift")
    assert done.code == 2
    assert "n-7 or n-8" in done.err
    assert done.out == ""


def test_a_name_that_nothing_has_is_warned_of(terminal: Terminal) -> None:
    done = terminal.must("view", "bookings", "--project", "Nightshift")
    assert "warning" in done.err


def test_as_of_a_day_the_title_is_that_of_then(terminal: Terminal) -> None:
    head = len(terminal.lines())
    assert "Night Shift" in terminal.must("view", "bookings", "--as-of", str(head)).out
