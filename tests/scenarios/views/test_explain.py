"""`view NAME --explain KEY`: which events made a figure, on a terminal and for programs."""

from __future__ import annotations

import csv
import io

import pytest

from tests.terminal import Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file: stage 1 with a firm booking (#7, #8) and a hold (#9)."""
    return studio(sqlite_url)


def test_a_booking_is_explained_event_by_event(terminal: Terminal) -> None:
    terminal.must("booking", "cancel", "b-1", "--reason", "the star fell ill")
    done = terminal.must("view", "bookings", "--explain", "b-1", "--json")
    assert [line["position"] for line in done.data] == [7, 8, 11]
    held, firm, cancelled = done.data
    assert held["change"] == "added"
    assert firm["differences"] == [
        {"column": "state", "before": "held", "after": "confirmed"},
        {"column": "rank", "before": 1, "after": None},
    ]
    assert {d["column"]: d["after"] for d in cancelled["differences"]}["state"] == "cancelled"
    assert cancelled["row"] == {"booking": "b-1"}
    assert (cancelled["actor"], cancelled["reason"]) == ("ada", "the star fell ill")
    assert (cancelled["type"], cancelled["about"]) == ("BookingCancelled", "booking:b-1")
    assert done.err.startswith("Behind b-1 in view bookings: 3 events, as of #11, recorded ")


def test_a_table_says_what_was_and_what_is(terminal: Terminal) -> None:
    out = terminal.must("view", "bookings", "--explain", "b-1").out
    lines = out.splitlines()
    assert lines[0].split()[:4] == ["#", "Recorded", "Type", "About"]
    assert "Row" not in lines[0], "of one row, the line above says which"
    assert "state held → confirmed, rank 1 → –" in out
    assert "days 14 d" in out


def test_a_figure_of_utilization_is_explained_as_of_then(terminal: Terminal) -> None:
    asked = ("view", "utilization", "--since", "2025-07-01", "--until", "2025-07-31",
             "--explain", "stage-1", "--json")  # fmt: skip
    now = terminal.must(*asked).data
    assert [line["position"] for line in now] == [4, 8], "the hold of August is no cause"
    occupied = {d["column"]: (d["before"], d["after"]) for d in now[1]["differences"]}["occupied"]
    assert occupied == (0, 14)
    then = terminal.must(*asked, "--as-of", "7")
    assert [line["position"] for line in then.data] == [4]
    assert "as of #7" in then.err


def test_several_rows_and_csv(terminal: Terminal) -> None:
    done = terminal.must("view", "bookings", "--project", "wild", "--explain", "b-2",
                         "--format", "csv")  # fmt: skip
    (line,) = csv.DictReader(io.StringIO(done.out))
    assert (line["position"], line["row"], line["change"]) == ("9", "b-2", "added")
    months = terminal.must("view", "utilization-by-month", "--since", "2025-06-01", "--until",
                           "2025-08-31", "--explain", "stage-1")  # fmt: skip
    assert "Row" in months.out.splitlines()[0]
    assert "stage-1 2025-07" in months.out
    one = terminal.must("view", "utilization-by-month", "--since", "2025-06-01", "--until",
                        "2025-08-31", "--explain", "stage-1 2025-07", "--json")  # fmt: skip
    assert [line["position"] for line in one.data] == [4, 8]
    assert one.data[0]["row"] == {"space": "stage-1", "month": "2025-07"}


def test_what_is_gone_is_explained_and_what_never_was_is_refused(terminal: Terminal) -> None:
    terminal.must("booking", "release", "b-2")
    gone = terminal.must("view", "holds", "--explain", "stage-1", "--json")
    assert [line["change"] for line in gone.data] == ["added", "removed", "added", "removed"]
    assert "now gone" in gone.err
    missing = terminal.run("view", "bookings", "--explain", "b-9")
    assert missing.code == 2
    assert "no row of the view bookings begins with 'b-9'" in missing.err
    assert "b-1, b-2" in missing.err
    assert terminal.run("view", "bookings", "--explain", "b-1", "--as-of", "99").code == 2


def test_looking_back_writes_nothing(terminal: Terminal) -> None:
    before = terminal.lines()
    terminal.must("view", "bookings", "--explain", "b-1")
    assert terminal.lines() == before
