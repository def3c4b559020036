"""`replay --step`: what each event changed, in words and for programs."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.terminal import Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file, of ten events."""
    return studio(sqlite_url)


def test_a_step_tells_in_words_what_an_event_changed(terminal: Terminal) -> None:
    done = terminal.must("replay", "--step", "--to", "8")
    lines = done.out.splitlines()
    assert lines[0].split()[0] == "#8"
    assert lines[0].endswith("BookingConfirmed booking:b-1 (ada)")
    booked = next(line for line in lines if line.startswith("bookings "))
    assert "state held → confirmed, rank 1 → –" in booked
    assert done.out.count("\n#") == 0, "the last event, unless told from where"
    assert "Replayed 7 events through 11 projections" in done.err


def test_steps_for_programs(terminal: Terminal) -> None:
    words = ("replay", "--step", "--from", "6", "--to", "9")
    steps = terminal.must(*words, "--json").data
    assert [step["position"] for step in steps] == [6, 7, 8, 9]
    lines = terminal.must(*words, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == steps
    (change,) = (c for c in steps[2]["changes"] if c["projection"] == "bookings")
    assert change["table"] == "booked"
    assert (change["row"], change["change"]) == ({"booking": "b-1"}, "changed")
    assert {"column": "state", "before": "held", "after": "confirmed"} in change["differences"]
    flat = list(csv.DictReader(io.StringIO(terminal.must(*words, "--format", "csv").out)))
    assert {row["position"] for row in flat} == {"6", "7", "8", "9"}
    assert sum(len(step["changes"]) for step in steps) == len(flat)


def test_steps_in_the_rows_of_a_view(terminal: Terminal) -> None:
    words = ("replay", "--step", "--from", "1", "--view", "bookings", "--json")
    steps = terminal.must(*words).data
    told = {
        step["position"]: [(c["view"], c["row"], c["change"]) for c in step["changes"]]
        for step in steps
        if step["changes"]
    }
    assert told == {
        7: [("bookings", {"booking": "b-1"}, "added")],
        8: [("bookings", {"booking": "b-1"}, "changed")],
        9: [("bookings", {"booking": "b-2"}, "added")],
    }
    table = terminal.must(*words[:-1], "--to", "8").out
    assert "no row changed" in table
    assert "state passed → never started" in table
    assert "days 14 d" in table, "with the units of the view"


def test_steps_from_a_day_begin_with_its_first_event(terminal: Terminal) -> None:
    everything = terminal.must("replay", "--step", "--from", "2001-01-01", "--json").data
    assert [step["position"] for step in everything] == list(range(1, 11))
