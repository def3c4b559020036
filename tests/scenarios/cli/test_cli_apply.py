"""`apply` as somebody meets it who writes the file by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.application import Ledger, Outcome
from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.command_codec import Wire
from tests.terminal import Terminal, studio

WIRE = Wire(STUDIO_DECISIONS)


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A campus, two stages, a project, a firm booking and a hold."""
    return studio(sqlite_url)


def batch(*commands: dict[str, Any]) -> str:
    return "".join(json.dumps(command) + "\n" for command in commands)


def opened(project: str, **more: Any) -> dict[str, Any]:
    return {
        "do": "project open", "project": project, "title": "T", "kind": "series",
        "on": "2025-01-01", **more,
    }  # fmt: skip


HELD = {
    "do": "booking hold",
    "space": "stage-1",
    "project": "new",
    "when": "2025-09-01..2025-09-05",
}


# --- all or none, and each -------------------------------------------------------------------


def test_a_line_that_stands_in_the_way_is_cited_by_its_number(terminal: Terminal) -> None:
    done = terminal.run("apply", "-", stdin=batch(opened("new"), opened("new")))
    assert done.code == 1
    assert "line 2: project 'new' already exists (in this batch, line 1)." in done.err
    assert "#" not in done.err


def test_each_tried_foresees_what_each_then_does(terminal: Terminal) -> None:
    """The hold needs the project of the line before it; the fourth line is the first again."""
    lines = batch(
        opened("new"),
        {**HELD, "booking": "b-7", "confirm": True},
        {**HELD, "booking": "b-8", "confirm": True},
        opened("new"),
        {"do": "booking start", "booking": "b-7", "on": "2025-09-01"},
    )
    foreseen = terminal.run("apply", "-", "--each", "--dry-run", "--json", stdin=lines)
    assert terminal.run("log", "--tag", "project:new").out.count("\n") <= 2
    happened = terminal.run("apply", "-", "--each", "--json", stdin=lines)
    assert foreseen.code == happened.code == 1
    assert [row["outcome"].replace("would be ", "") for row in foreseen.data] == [
        row["outcome"] for row in happened.data
    ]
    assert [row["outcome"] for row in happened.data].count("recorded") == 3
    assert "line 1)" in foreseen.data[3]["message"]
    assert "3 recorded, 2 refused" in foreseen.err


@pytest.mark.parametrize("how", [(), ("--each",), ("--dry-run",)], ids=" ".join)
def test_a_file_without_a_command_is_said_to_be_one(
    terminal: Terminal, how: tuple[str, ...]
) -> None:
    before = terminal.lines()
    done = terminal.run("apply", "-", *how, "--format", "csv", stdin="\n\n")
    assert done.code == 0
    assert "no commands to run" in done.err
    assert "already so" not in done.err
    assert terminal.lines() == before


@pytest.mark.parametrize(
    ("how", "told"),
    [((), "Line 2 was in progress"), (("--request", "k"), "--request k does nothing twice")],
)
def test_an_interruption_says_how_far_it_came(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...], told: str
) -> None:
    take, calls = Ledger.decide, []

    def interrupted(self: Ledger, *given: Any, **more: Any) -> Outcome:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return take(self, *given, **more)

    monkeypatch.setattr(Ledger, "decide", interrupted)
    done = terminal.run("apply", "-", "--each", *how, stdin=batch(opened("a"), opened("b")))
    assert done.code == 130
    assert "1 of 2 commands were tried: 1 recorded. " in done.err
    assert told in done.err


# --- the keys of a line ----------------------------------------------------------------------


def test_the_keys_of_a_command_are_shown_without_a_ledger(tmp_path: Path) -> None:
    nowhere = Terminal(str(tmp_path / "nothing.db"))
    told = nowhere.must("apply", "--keys", "booking hold", "--json").data
    assert {"do": "booking hold", "key": "when", "needed": True, "takes": "period",
            "default": None} in told  # fmt: skip
    words = {row["do"] for row in nowhere.must("apply", "--keys", "booking", "--json").data}
    assert words == {name for name in WIRE.commands if name.startswith("booking ")}
    everything = nowhere.must("apply", "--keys", "all", "--json").data
    assert {row["do"] for row in everything} >= set(WIRE.commands)


def test_keys_of_what_is_no_command_and_no_file_at_all(terminal: Terminal) -> None:
    done = terminal.run("apply", "--keys", "boking hold")
    assert (done.code, "Did you mean booking hold?" in done.err) == (2, True)
    done = terminal.run("apply")
    assert (done.code, "FILE" in done.err) == (2, True)
