"""A plugin is imported where it is needed and nowhere else; one that sleeps or exits shows it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.scenarios.plugin_stories import KEYS, LONG_HOLDS, OPENINGS, install
from tests.terminal import Terminal, studio

SLEEPS = """
import time
with open({marker!r}, "a") as marks:
    marks.write("imported\\n")
time.sleep({seconds})
{then}
"""


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file."""
    return studio(sqlite_url)


def slow(tmp_path: Path, text: str, *, seconds: float = 0.0, then: str = "") -> str:
    """A plugin that leaves a mark when it is imported, and takes its time."""
    begun = SLEEPS.format(marker=str(tmp_path / "marks"), seconds=seconds, then=then)
    return f"{begun}\n{text}"


def imported(tmp_path: Path) -> int:
    """How often it was imported since the last look."""
    marks = tmp_path / "marks"
    count = len(marks.read_text().splitlines()) if marks.exists() else 0
    marks.unlink(missing_ok=True)
    return count


NEEDS_NONE: tuple[tuple[str, ...], ...] = (
    ("--help",),
    ("view",),
    ("view", "openings", "--help"),
    ("view", "bookings", "--help"),
    ("view", "bookings"),
    ("view", "bookings", "--as-of", "8"),
    ("views", "list"),
    ("plugin", "list"),
    ("plugin", "disable", "openings"),
    ("plugin", "enable", "openings"),
    ("doctor",),
    ("log",),
    ("log", "--tag", "space:stage-1", "--limit", "1"),
    ("show", "b-1"),
    ("show", "3"),
    ("key", "--help"),
    ("key", "give", "--help"),
    ("project", "open", "p-9", "--title", "Nine", "--kind", "short", "--on", "2025-01-01"),
    ("key", "give", "stage-1", "--holder", "Li"),
    ("--no-plugins", "views", "status"),
)


def test_what_needs_no_plugin_imports_none(terminal: Terminal, tmp_path: Path) -> None:
    install(terminal, openings=slow(tmp_path, OPENINGS), keys=KEYS)
    for words in NEEDS_NONE:
        terminal.must(*words)
        assert imported(tmp_path) == 0, words
    terminal.must("view", "openings")
    assert imported(tmp_path) == 1
    terminal.must("views", "status")
    assert imported(tmp_path) == 1


def test_helps_import_not_even_the_plugin_that_they_speak_of(
    terminal: Terminal, tmp_path: Path
) -> None:
    install(terminal, keys=slow(tmp_path, KEYS), long_holds=slow(tmp_path, LONG_HOLDS))
    for words in (("--help",), ("key", "--help"), ("key", "give", "--help"), ("plugin", "list")):
        terminal.must(*words)
        assert imported(tmp_path) == 0, words
    assert "Who takes it." in terminal.must("key", "give", "--help").out
    terminal.must("key", "give", "stage-1", "--holder", "Li")
    assert imported(tmp_path) == 2, "its own plugin, and that of the rule"


def test_a_plugin_that_sleeps_slows_only_what_needs_it(terminal: Terminal, tmp_path: Path) -> None:
    install(terminal, openings=slow(tmp_path, OPENINGS, seconds=6))
    for words in (("--help",), ("view",), ("view", "bookings", "--json"), ("log",)):
        begun = time.monotonic()
        assert terminal.program(*words).code == 0
        assert time.monotonic() - begun < 6, words
    begun = time.monotonic()
    assert terminal.program("view", "openings").code == 0
    assert time.monotonic() - begun >= 6


def test_completion_imports_no_plugin(terminal: Terminal, tmp_path: Path) -> None:
    install(terminal, openings=slow(tmp_path, OPENINGS), keys=slow(tmp_path, KEYS))

    def complete(line: str) -> str:
        words = line.split(" ")
        done = terminal.program(
            env={
                "_CLI_PY_COMPLETE": "bash_complete",
                "_STUDIO_LEDGER_COMPLETE": "bash_complete",
                "COMP_WORDS": line,
                "COMP_CWORD": str(len(words) - 1),
                "STUDIO_LEDGER": terminal.ledger,
            }
        )
        return done.out

    assert "plain,openings" in complete("studio-ledger view ope")
    assert "plain,key" in complete("studio-ledger ke")
    assert "plain,give" in complete("studio-ledger key gi")
    assert "--holder" in complete("studio-ledger key give --ho")
    assert imported(tmp_path) == 0


@pytest.mark.parametrize(
    "then", ["raise RuntimeError('not today')", "import sys; sys.exit(7)", "def broken(:"]
)
def test_a_broken_plugin_stops_nothing_but_its_own_views(
    terminal: Terminal, tmp_path: Path, then: str
) -> None:
    install(terminal, openings=slow(tmp_path, OPENINGS, then=then))
    for words in (("view", "bookings"), ("log",), ("doctor",), ("--help",), ("--no-plugins", "log"),
                  ("project", "open", "p-9", "--title", "Nine", "--kind", "short", "--on",
                   "2025-01-01")):  # fmt: skip
        terminal.must(*words)
    asked = terminal.run("view", "openings")
    assert asked.code == 2
    assert "no view 'openings'" in asked.err
    assert "the plugin openings is not in use" in asked.err
    checked = terminal.run("plugin", "check", "openings", "--json")
    assert (checked.code, checked.data[0]["state"]) == (3, "wrong")
    terminal.must("plugin", "disable", "openings")
    assert "openings" not in terminal.must("views", "status").err


def test_nothing_is_recorded_past_a_rule_that_cannot_be_asked(
    terminal: Terminal, tmp_path: Path
) -> None:
    command = ("project", "open", "p-9", "--title", "Nine", "--kind", "short", "--on", "2025-01-01")
    install(terminal, long_holds=LONG_HOLDS + "\nraise RuntimeError('rules are off')\n")
    before = terminal.lines()
    refused = terminal.run(*command)
    assert refused.code == 2
    assert "nothing can be recorded" in refused.err
    assert "rules are off" in refused.err
    assert "plugin disable long_holds" in refused.err
    batch = json.dumps({"do": "project open", "project": "p", "title": "P", "kind": "short",
                        "on": "2025-01-01"})  # fmt: skip
    assert terminal.run("apply", "-", stdin=batch).code == 2
    assert terminal.lines() == before
    terminal.must("view", "bookings")
    terminal.must("plugin", "disable", "long_holds")
    terminal.must(*command)
