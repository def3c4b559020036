"""`views diff NAME BEFORE [AFTER]`: what of a view changed between two places in the log."""

from __future__ import annotations

import csv
import io

import pytest

from tests.terminal import Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file: stage 1 with a firm booking (#7, #8) and a hold (#9)."""
    return studio(sqlite_url)


def test_rows_come_change_and_go(terminal: Terminal) -> None:
    done = terminal.must("views", "diff", "bookings", "7", "9", "--json")
    changed, added = done.data
    assert (changed["row"], changed["change"]) == ({"booking": "b-1"}, "changed")
    assert {"column": "state", "before": "held", "after": "confirmed"} in changed["differences"]
    assert (added["row"], added["change"]) == ({"booking": "b-2"}, "added")
    assert done.err.startswith("View bookings: 2 rows changed between #7 (")
    back = terminal.must("views", "diff", "bookings", "9", "7", "--json").data
    assert [line["change"] for line in back] == ["changed", "removed"]
    assert terminal.must("views", "diff", "bookings", "9", "9", "--json").data == []


def test_dates_and_the_present(terminal: Terminal) -> None:
    since_always = terminal.must("views", "diff", "bookings", "2001-01-01", "--json")
    assert [line["row"]["booking"] for line in since_always.data] == ["b-1", "b-2"]
    assert "between the beginning and #10 (" in since_always.err
    same = terminal.must("views", "diff", "bookings", "2998-12-31", "2999-01-01", "--json")
    assert same.data == []
    assert "no row changed" in same.err


def test_a_table_and_csv(terminal: Terminal) -> None:
    table = terminal.must("views", "diff", "bookings", "7").out
    assert "state held → confirmed" in table
    lines = list(
        csv.DictReader(
            io.StringIO(terminal.must("views", "diff", "bookings", "7", "--format", "csv").out)
        )
    )
    assert [(line["row"], line["change"]) for line in lines] == [
        ("b-1", "changed"), ("b-2", "added"),
    ]  # fmt: skip


def test_the_views_own_parameters(terminal: Terminal) -> None:
    july = ("--since", "2025-07-01", "--until", "2025-07-31")
    (stage,) = terminal.must("views", "diff", "utilization", "6", "--json", *july).data
    assert stage["row"] == {"space": "stage-1"}
    assert {"column": "occupied", "before": 0, "after": 14} in stage["differences"]
    north = terminal.must("views", "diff", "utilization", "6", "--json", *july, "--site", "north")
    assert north.data == []


def test_what_cannot_be_compared_is_refused(terminal: Terminal) -> None:
    for words, said in (
        (("bookingz", "1"), "Did you mean bookings"),
        (("bookings",), "missing argument 'BEFORE'"),
        (("bookings", "99"), "BEFORE: there is no #99"),
        (("bookings", "1", "99"), "AFTER: there is no #99"),
        (("bookings", "1", "--colour", "red"), "--colour"),
    ):
        done = terminal.run("views", "diff", *words)
        assert done.code == 2, words
        assert said in done.err
    assert "NAME BEFORE [AFTER]" in terminal.must("views", "diff", "--help").out
    assert "--site" in terminal.must("views", "diff", "utilization", "--help").out
