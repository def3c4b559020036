"""A plugin's own commands, and handlers of another plugin's events, as the host finds them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from ledger.application import Author, Ledger
from ledger.plugin_host.host import Loaded, PluginHost
from ledger.projections import BadPlugin, on

KEYS = """
from ledger.plugin import Decision, Event

class KeyGiven(Event, frozen=True):
    type_name = "keys.KeyGiven"
    door: str

class GiveKey(Decision, frozen=True, tag="key give"):
    door: str

    def decide(self, ctx):
        ctx.record(KeyGiven(door=self.door))
"""

COUNTED = """
from ledger.plugin import Projection, Row, key, on, table, view

class Door(Row):
    door: str = key()

class Doors(Projection):
    doors = table(Door)

    @on("keys.KeyGiven")
    def given(self, event, entry):
        self.doors.edit(event.door)

    @view("Which doors were opened?")
    def doors_opened(self):
        return self.doors.rows()
"""


def loaded(tmp_path: Path, **plugins: str) -> Loaded:
    folder = tmp_path / "plugins"
    folder.mkdir(exist_ok=True)
    for name, code in plugins.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
    return PluginHost(folders=[folder], packages=False).load()


def test_a_decision_in_the_module_is_a_command_of_the_ledger(tmp_path: Path) -> None:
    found = loaded(tmp_path, keys=KEYS)
    assert [d.words() for d in found.extensions().decisions] == ["key give"]
    where = str(tmp_path / "studio.db")
    with Ledger.create(
        where, origin="studio", author=Author("ana"), extensions=found.extensions()
    ) as ledger:
        outcome = ledger.decide(
            ledger.wire.decode(b'{"do": "key give", "door": "stage-1"}'), Author("ana")
        )
    assert [entry.type for entry in outcome.events] == ["keys.KeyGiven"]


def test_the_hook_gives_them_where_a_plugin_has_it(tmp_path: Path) -> None:
    hook = "from ledger.plugin import hookimpl\n@hookimpl\ndef ledger_decisions():\n    return []\n"
    assert loaded(tmp_path, keys=KEYS + hook).extensions().decisions == ()


def test_words_that_are_taken_are_refused(tmp_path: Path) -> None:
    other = KEYS.replace("keys.KeyGiven", "others.KeyGiven")
    found = loaded(tmp_path, keys=KEYS, others=other)
    assert [failure.plugin for failure in found.failures] == ["others"]
    assert "'key give' already" in found.failures[0].error
    studio = loaded(tmp_path, keys=KEYS.replace("key give", "booking hold"), others="")
    assert [failure.plugin for failure in studio.failures] == ["keys"]


def test_a_named_event_of_another_plugin_is_handled_while_that_one_is_there(
    tmp_path: Path,
) -> None:
    where = str(tmp_path / "studio.db")
    both = loaded(tmp_path, keys=KEYS, counted=COUNTED)
    assert both.failures == ()
    with Ledger.create(
        where, origin="studio", author=Author("ana"), extensions=both.extensions()
    ) as ledger:
        ledger.decide(ledger.wire.decode(b'{"do": "key give", "door": "stage-1"}'), Author("ana"))
        assert len(ledger.view("doors-opened").rows) == 1
    (tmp_path / "plugins" / "keys.py").unlink()
    alone = loaded(tmp_path)
    assert alone.failures == ()
    with Ledger.open(where, extensions=alone.extensions()) as ledger:
        answer = ledger.view("doors-opened", as_of="2")
    assert (answer.rows, answer.unread) == ([], 1)


def test_a_name_without_a_prefix_is_not_an_event_of_a_plugin() -> None:
    with pytest.raises(BadPlugin, match="takes event types"):
        on("BookingConfirmed")
