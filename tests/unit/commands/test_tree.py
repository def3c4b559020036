"""The tree: what its help costs, what it says of its commands, what it lets one type."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import msgspec
import pytest

from ledger.commands import _TABLE, cli
from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.base import Decision
from tests.sources import ROOT
from tests.terminal import Terminal, leaves

HEAVY = ("sqlalchemy", "eventsourcing", "msgspec", "pluggy", "ledger.log", "ledger.projections",
         "ledger.application", "ledger.decisions", "ledger_spaces", "wcwidth")  # fmt: skip

LATER = ("importlib.metadata", "email", "zipfile", "socket", "selectors", "tempfile", "asyncio",
         "ssl", "logging", "subprocess", "hashlib", "secrets", "random", "difflib", "json", "csv",
         "tomllib", "zoneinfo", "dataclasses", "sqlite3", "traceback",
         "concurrent.futures")  # fmt: skip
"""Of the standard library: what one command needs, or an error, and no help should wait for."""

_LOADED = """
import sys
sys.argv = ["studio-ledger", *{words!r}]
from ledger.commands import cli
try:
    cli()
except SystemExit as ended:
    assert not ended.code, ended.code
print(*sorted(sys.modules), file=sys.stderr)
"""


def _loaded(*words: str, env: dict[str, str] | None = None) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED.format(words=words)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=env,
    )
    return set(done.stderr.split())


def test_help_and_completion_load_neither_the_database_nor_a_plugin() -> None:
    completing = {
        "_STUDIO_LEDGER_COMPLETE": "bash_complete",
        "COMP_WORDS": "studio-ledger bo",
        "COMP_CWORD": "1",
        "PYTHONPATH": str(ROOT),
    }
    for loaded in (_loaded("--help"), _loaded("--version"), _loaded(env=completing)):
        assert "ledger.commands.tree" in loaded
        assert loaded.isdisjoint(HEAVY)
        assert loaded.isdisjoint(LATER)
    # A noun's help needs to know its words, not the database.
    noun = _loaded("booking", "hold", "--help")
    assert "ledger.decisions" in noun
    assert noun.isdisjoint({"sqlalchemy", "eventsourcing", "pluggy", "ledger.projections"})
    assert noun.isdisjoint({*LATER} - {"dataclasses"})


def test_the_short_helps_are_those_of_the_commands() -> None:
    context = click.Context(cli)
    for name, later in _TABLE.items():
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        # Not word for word (a list of commands has less room), but of the same thing.
        shorter, longer = (t.split()[0].rstrip(".,;:") for t in (later.help, command.help or "-"))
        assert shorter == longer, name
        assert len(later.help) <= 60


def test_every_command_says_what_it_is_and_every_option_too() -> None:
    for words, command in leaves(cli):
        assert command.help, words
        for param in command.params:
            if isinstance(param, click.Option):
                assert param.help, (words, param.opts)


def test_every_write_takes_reason_request_and_dry_run_and_every_read_as_of() -> None:
    reads = {("log",), ("show",)} | {w for w, _ in leaves(cli) if w[0] == "view" and len(w) > 1}
    writes = {tuple(d.words().split()) for d in STUDIO_DECISIONS} | {("init",), ("apply",)}
    for words, command in leaves(cli):
        options = {name for param in command.params for name in param.opts}
        if words in writes:
            assert {"--reason", "--request", "--dry-run", "--format", "--json", "-o"} <= options
        if words in reads:
            assert {"--as-of", "--format", "--json", "-o"} <= options, words


@pytest.mark.parametrize("decision", STUDIO_DECISIONS, ids=lambda d: d.words())
def test_every_decision_is_a_command_that_takes_all_its_fields(decision: type[Decision]) -> None:
    commands = dict(leaves(cli))
    command = commands[tuple(decision.words().split())]
    given = {param.name for param in command.params}
    if {"days", "start", "end"} <= given:
        given |= {"when", "to"}
    assert {field.name for field in msgspec.structs.fields(decision)} <= given


def test_completion_prints_a_script_for_each_shell(sqlite_url: str) -> None:
    terminal = Terminal(sqlite_url)
    for shell in ("bash", "zsh", "fish"):
        script = terminal.must("completion", shell).out
        assert "_STUDIO_LEDGER_COMPLETE" in script
        assert "studio-ledger" in script


def test_a_view_may_call_a_parameter_like_an_option_of_ours(sqlite_url: str) -> None:
    folder = Path(sqlite_url).parent / "plugins"
    folder.mkdir()
    (folder / "echo.py").write_text(
        "from ledger.events import LedgerOpened\n"
        "from ledger.plugin import Projection, Row, key, on, table, view\n"
        "class Told(Row):\n    what: str = key()\n"
        "class Echo(Projection):\n"
        "    told = table(Told)\n"
        "    @on(LedgerOpened)\n"
        "    def opened(self, event, entry): self.told.edit(event.origin)\n"
        "    @view('What?')\n"
        "    def echo(self, format: str, output: str = 'x') -> list[Told]:\n"
        "        return [Told(format), Told(output)]\n",
        encoding="utf-8",
    )
    terminal = Terminal(sqlite_url)
    terminal.must("init")
    done = terminal.must("view", "echo", "--view-format", "a", "--view-output", "b", "--json")
    assert done.data == [{"what": "a"}, {"what": "b"}]
