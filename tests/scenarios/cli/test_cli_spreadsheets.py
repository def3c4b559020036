"""A view in a spreadsheet: the right day, and no formula from a title."""

from __future__ import annotations

import csv
import io

import pytest

from ledger.time.periods import parse_instant
from tests.terminal import Terminal, studio


def table(terminal: Terminal, *words: str) -> list[dict[str, str]]:
    out = terminal.must("view", *words, "--format", "csv").out
    return list(csv.DictReader(io.StringIO(out, newline="")))


def test_a_time_is_the_wall_time_of_the_ledger_with_its_offset(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    terminal.must(
        "equipment", "add", "cam", "--name", "Cam", "--kind", "camera",
        "--at-place", "stage-1", "--at", "2025-07-01",
    )  # fmt: skip
    (row,) = [row for row in table(terminal, "equipment") if row["equipment"] == "cam"]
    assert row["since"] == "2025-07-01T00:00:00+08:00"
    items = terminal.must("view", "equipment", "--json").data
    assert row["since"] in [item["since"] for item in items]
    assert parse_instant(row["since"], "UTC") == parse_instant("2025-06-30T16:00Z", "UTC")


@pytest.mark.parametrize("title", ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)"])
def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(
    sqlite_url: str, title: str
) -> None:
    terminal = studio(sqlite_url)
    terminal.must(
        "project", "open", "x", f"--title={title}", "--kind", "short", "--on", "2025-01-01"
    )
    titles = [row["title"] for row in table(terminal, "projects")]
    assert f"'{title}" in titles
    assert title not in titles
    data = terminal.must("view", "projects", "--json").data
    assert title in [row["title"] for row in data], "JSON runs nothing"


def test_a_negative_number_stays_a_number(sqlite_url: str) -> None:
    terminal = studio(sqlite_url)
    terminal.must("project", "plan", "wild", "wrap", "--on", "2025-06-03")
    terminal.must("project", "reach", "wild", "wrap", "--on", "2025-06-01")
    (row,) = table(terminal, "milestones")
    assert row["late"] == "-2"
