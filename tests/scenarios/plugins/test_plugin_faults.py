"""What is wrong with a plugin is told with file and line: by the check, and when it loads."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.terminal import Terminal, studio

HEAD = """
from ledger.events import ProjectOpened
from ledger.plugin import Event, Projection, Row, hookimpl, key, on, table, view

class Seen(Row):
    project: str = key()

class Bad(Projection):
    seen = table(Seen)

    @on(ProjectOpened)
    def opened(self, event, entry):
        self.seen.edit(event.project)

    @view("What is bad?")
    def bad(self) -> list[Seen]:
        return self.seen.rows()
"""

BAD: dict[str, tuple[str, str, int]] = {
    "two views of one name": (
        HEAD + '\n    @view("Again?")\n    def Bad(self) -> list[Seen]:\n        return []\n',
        "Bad has two views named bad",
        19,
    ),
    "a row type that cannot be stored": (
        HEAD.replace("project: str = key()", "project: str = key()\n    names: list[str] = []"),
        "Seen.names holds a list",
        5,
    ),
    "a table key that repeats": (
        HEAD.replace("project: str = key()", "project: str = key()\n    n: int = 0\n"
                     "    also: str = key()"),
        "Seen.also",
        5,
    ),
    "a handler for an unknown event": (
        HEAD.replace("class Seen", "class _Gone(Event, frozen=True):\n    type_name = 'bad.Gone'\n"
                     "\nclass Seen").replace("@on(ProjectOpened)", "@on(_Gone)"),
        "bad handles bad.Gone, which no loaded plugin adds",
        11,
    ),
    "a view parameter of an unsupported type": (
        HEAD.replace("def bad(self)", "def bad(self, when: dict[str, int] | None = None)"),
        "the view bad has a parameter when",
        15,
    ),
    "a misspelt hook": (
        HEAD + "\n@hookimpl\ndef ledger_rulez():\n    return []\n",
        "Did you mean ledger_rules?",
        19,
    ),
    "a hook that raises": (
        HEAD + "\n@hookimpl\ndef ledger_rules():\n    raise ValueError('no rules')\n",
        "the hook ledger_rules of bad raises ValueError: no rules",
        19,
    ),
    "an event type without a prefix": (
        HEAD + "\nclass Alone(Event, frozen=True):\n    pass\n",
        "the event type Alone has no prefix",
        19,
    ),
}  # fmt: skip
"""A plugin for each, what is said of it, and the line that is at fault."""


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A studio in a file; nobody writes to it here."""
    return studio(str(tmp_path_factory.mktemp("bad") / "studio.db"))


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_plugin_is_refused_with_its_line_by_the_check_and_when_it_loads(
    terminal: Terminal, tmp_path: Path, fault: str
) -> None:
    text, words, line = BAD[fault]
    (tmp_path / "bad.py").write_text(textwrap.dedent(text), encoding="utf-8")
    place = f"{tmp_path / 'bad.py'}:{line}: "
    checked = terminal.run("--plugins-dir", str(tmp_path), "plugin", "check", "--json")
    assert checked.code == 3
    (row,) = (row for row in checked.data if row["state"] != "ok")
    assert row["plugin"] == "bad"
    assert words in row["error"]
    assert row["error"].startswith(place)
    loaded = terminal.must("--plugins-dir", str(tmp_path), "views", "status")
    assert f"the plugin bad is not in use: {place}" in loaded.err
    assert words in loaded.err
    asked = terminal.run("--plugins-dir", str(tmp_path), "view", "bad")
    assert asked.code in (0, 2)
    assert terminal.must("--plugins-dir", str(tmp_path), "view", "bookings", "--json").data


@pytest.mark.parametrize(
    "fault", ["two views of one name", "a view parameter of an unsupported type"]
)
def test_what_the_source_shows_is_told_by_the_list_without_an_import(
    terminal: Terminal, tmp_path: Path, fault: str
) -> None:
    text, words, line = BAD[fault]
    (tmp_path / "bad.py").write_text(
        textwrap.dedent(text) + "\nraise SystemExit('imported')\n", encoding="utf-8"
    )
    listed = terminal.run("--plugins-dir", str(tmp_path), "plugin", "list", "--json")
    assert listed.code == 3
    (row,) = (row for row in listed.data if row["state"] == "failed")
    assert row["note"].startswith(f"{tmp_path / 'bad.py'}:{line}: ")
    assert words in row["note"]
