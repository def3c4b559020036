"""`list` and `show` of every noun are the view and `show`, and nothing of their own."""

from __future__ import annotations

import re

import pytest

from tests.terminal import Terminal, studio

NOUNS = {
    "site": ("sites", "main", ("--on", "2025-07-01")),
    "space": ("spaces", "stage-1", ("--site", "main")),
    "project": ("projects", "wild", ("--kind", "feature")),
    "booking": ("bookings", "b-1", ("--space", "stage-1", "--as-of", "8")),
    "equipment": ("equipment", "led-a", ("--at", "2025-07-01 08:00")),
}


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A campus, two stages, a project, two bookings and an LED wall."""
    return studio(sqlite_url)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_list_is_the_view(terminal: Terminal, noun: str) -> None:
    view, _, parameters = NOUNS[noun]
    for words in ((), parameters, ("--explain", NOUNS[noun][1])):
        listed = terminal.must(noun, "list", *words)
        assert listed == terminal.must("view", view, *words)
        assert listed.out


@pytest.mark.parametrize("noun", NOUNS)
def test_showing_a_thing_shows_its_tag(terminal: Terminal, noun: str) -> None:
    id = NOUNS[noun][1]
    shown = terminal.must("show", f"{noun}:{id}", "--format", "line")
    for name in (id, f"{noun}:{id}"):
        assert terminal.must(noun, "show", name, "--format", "line") == shown
    assert terminal.must(noun, "show", id, "--as-of", "today").out
    unknown = terminal.run(noun, "show", "zz-9")
    assert (unknown.code, f"no {noun} 'zz-9' in this ledger" in unknown.err) == (1, True)


@pytest.mark.parametrize("noun", NOUNS)
def test_the_help_of_a_noun_names_both(terminal: Terminal, noun: str) -> None:
    told = terminal.must(noun, "--help").out
    assert f"List them, as view {NOUNS[noun][0]} does." in told
    assert f"Show one, as show {noun}:ID does." in told
    assert "--project" in terminal.must("booking", "list", "--help").out
    done = terminal.run("--no-plugins", noun, "list")
    assert (done.code, "Views come from plugins" in done.err) == (2, True)
    assert re.search("Did you mean .*list", terminal.run(noun, "lst").err)
