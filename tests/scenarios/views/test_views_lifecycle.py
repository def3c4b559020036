"""A plugin breaks, is seen to be broken, is mended, and heals: through the command line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.application import Ledger
from ledger.events import MilestonePlanned
from ledger.events.base import Header
from tests.terminal import Terminal

FRAGILE = '''
"""Counts events by type, and cannot take every 1,000th."""

from ledger.events import STUDIO_EVENTS
from ledger.plugin import Projection, Row, key, on, table, view


class Kind(Row):
    kind: str = key()
    events: int = 0


class Kinds(Projection):
    kinds = table(Kind)

    @on(*STUDIO_EVENTS)
    def counted(self, event, entry):
        self.kinds.edit(entry.type).events += 1
        if entry.position % 1000 == 0:
            raise RuntimeError(f"no room for {entry.position}")

    @view("How many events of each type?")
    def kinds_of_events(self) -> list[Kind]:
        """By type."""
        return self.kinds.rows()
'''
MENDED = FRAGILE.replace("entry.position % 1000 == 0", "entry.position == 0")


@pytest.fixture
def terminal(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A ledger with one plugin of somebody's own beside the shipped ones."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    write(folder, FRAGILE)
    monkeypatch.setenv("STUDIO_LEDGER_PLUGINS", str(folder))
    terminal = Terminal(ledger_url)
    terminal.must("init", "--zone", "UTC")
    terminal.must("project", "open", "p-1", "--title", "One", "--kind", "feature", "--on",
                  "2025-01-01")  # fmt: skip
    return terminal


def write(folder: Path, source: str) -> None:
    (folder / "kinds.py").write_text(source, encoding="utf-8")


def record(terminal: Terminal, first: int, last: int) -> None:
    """Milestones, so that the log ends at `last`."""
    with Ledger.open(terminal.ledger) as ledger:
        milestones = (
            MilestonePlanned(project="p-1", milestone=f"m-{n}", on=date(2026, 1, 1))
            for n in range(first, last + 1)
        )
        ledger.log.append([(event, Header(actor="ada")) for event in milestones])


def counted(terminal: Terminal, *words: str) -> tuple[int, int, str]:
    """How the view's command ended, how many events it counted, and what it said."""
    done = terminal.run("view", "kinds-of-events", "--json", *words)
    return done.code, sum(row["events"] for row in done.data), done.err


def state(terminal: Terminal) -> tuple[int, dict[str, Any]]:
    done = terminal.run("views", "status", "--json")
    return done.code, next(row for row in done.data if row["projection"] == "kinds")


def test_a_plugin_breaks_alone_says_where_and_why_and_heals(
    terminal: Terminal, tmp_path: Path
) -> None:
    record(terminal, 3, 998)
    assert counted(terminal)[:2] == (0, 998)
    record(terminal, 999, 1_500)
    # The ledger records on, and the other views are fresh.
    opened = terminal.must("project", "open", "p-2", "--title", "Two", "--kind", "feature", "--on",
                           "2025-01-01", "--json")  # fmt: skip
    assert opened.data[0]["position"] == 1_501
    assert "as of #1501" in terminal.must("view", "projects").err
    # The broken one answers with what it has, and says so every time, with exit code 5.
    for _ in range(2):
        code, events, said = counted(terminal)
        assert (code, events) == (5, 999)
        assert "as of #999" in said
        assert "stale since #1000: RuntimeError: no room for 1000" in said
    assert counted(terminal, "--as-of", "1200")[:2] == (5, 999)
    assert counted(terminal, "--as-of", "999")[:2] == (0, 999)
    explained = terminal.run("view", "kinds-of-events", "--explain", "ProjectOpened", "--json")
    assert (explained.code, [line["position"] for line in explained.data]) == (5, [2])
    # Where and why.
    code, row = state(terminal)
    assert (code, row["state"], row["position"], row["lag_positions"]) == (
        5, "quarantined", 999, 502,
    )  # fmt: skip
    failure = row["failure"]
    assert (failure["plugin"], failure["version"]) == ("kinds", 1)
    assert (failure["position"], failure["type"]) == (1000, "MilestonePlanned")
    assert failure["error"] == "RuntimeError: no room for 1000"
    shown = terminal.run("views", "status")
    assert "kinds (plugin kinds, version 1) stopped before #1000 MilestonePlanned:" in shown.err
    assert "kinds.py" in shown.err
    assert "raise RuntimeError" in shown.err
    # Built anew without being mended, it stops there again.
    assert terminal.run("views", "rebuild", "kinds").code == 5
    assert counted(terminal)[:2] == (5, 999)
    # Mended, it heals: by a rebuild; and would have by itself.
    write(tmp_path / "plugins", MENDED)
    assert terminal.must("views", "rebuild", "kinds").code == 0
    assert state(terminal)[1]["state"] == "live"
    assert counted(terminal)[:2] == (0, 1_501)


def test_mended_code_is_found_by_itself(terminal: Terminal, tmp_path: Path) -> None:
    record(terminal, 3, 1_001)
    assert counted(terminal)[:2] == (5, 999)
    write(tmp_path / "plugins", MENDED)
    assert counted(terminal)[:2] == (0, 1_001)
    # and worse code leaves what there is
    write(tmp_path / "plugins", FRAGILE.replace("% 1000", "% 10"))
    code, events, said = counted(terminal)
    assert (code, events) == (5, 1_001)
    assert "stale since" in said
