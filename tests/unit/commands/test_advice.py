"""What an error advises can be done: its commands are there, and so are their options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import click
import pytest

from ledger.commands import cli
from tests.sources import ROOT
from tests.terminal import leaves

COMMANDS = dict(leaves(cli))
GROUPS = {words[0] for words in COMMANDS}
OPTIONS = {name for command in COMMANDS.values() for param in command.params for name in param.opts}
OPTIONS |= {name for param in cli.params for name in param.opts} | {"--help"}

_CALL = re.compile(
    r"(?:: |with |say )(?:studio-ledger )?((?:--ledger [A-Z]+ |--verbose )?[a-z]+(?: [^.,;:)?]+)?)"
)
"""What comes after a colon, to the end of its clause: `…: booking confirm b-1`."""


def texts(source: str) -> Iterator[str]:
    """Every text in it, with ID for what is filled in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "ID" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.replace("{0}", "ID")


def calls(text: str) -> Iterator[list[str]]:
    """The commands that a text tells somebody to say, as words."""
    for found in _CALL.finditer(text):
        words = [w for w in found[1].split() if w]
        if words[0].startswith("--"):  # of the program itself
            words = words[1 if words[0] == "--verbose" else 2 :]
        if words and words[0] in GROUPS and (tuple(words[:2]) in COMMANDS or len(words) > 1):
            yield words


def wrong(words: list[str]) -> str:
    """Why that cannot be said; empty where it can."""
    names = (tuple(words[:length]) for length in (3, 2, 1))
    name = next((name for name in names if name in COMMANDS), ())
    command = COMMANDS.get(name)
    if command is None:
        return "there is no such command"
    given = words[len(name) :]
    known = {option: param for param in command.params for option in param.opts}
    strange = [word for word in given if word.startswith("--") and word not in known]
    if strange:
        return f"it has no {strange[0]}"
    if "ID" not in given:
        return ""  # a command is named, not spelt out
    for param in command.params:
        options = isinstance(param, click.Option) and param.required
        if options and not set(param.opts) & set(given):
            return f"it needs {param.opts[0]}"
    return ""


SENTENCES = {"views are rebuilt from the log", "import *"}
"""What begins like a command and is none."""

SOURCES = sorted((ROOT / "ledger").rglob("*.py"))
ADVISED = sorted(
    {
        (path.relative_to(ROOT).as_posix(), " ".join(words))
        for path in SOURCES
        if "testing" not in path.parts and "demo" not in path.parts
        for text in texts(path.read_text(encoding="utf-8"))
        if "\n" not in text
        for words in calls(text)
        if " ".join(words) not in SENTENCES
    }
)


def test_there_is_advice_to_look_at() -> None:
    assert len(ADVISED) > 30
    assert ("ledger/errors.py", "space add") in ADVISED


@pytest.mark.parametrize(("path", "said"), ADVISED)
def test_what_is_advised_can_be_said(path: str, said: str) -> None:
    assert wrong(said.split()) == "", path


@pytest.mark.parametrize(
    "said",
    ["equipment service ID --done", "equipment srvice ID", "project plan ID", "space add --dew"],
)
def test_what_cannot_be_said_is_found(said: str) -> None:
    assert wrong(next(calls(f"Do it: {said}")))


def test_an_option_that_is_named_alone_is_one_of_some_command() -> None:
    for path in sorted((ROOT / "ledger" / "decisions").glob("*.py")):
        for text in texts(path.read_text(encoding="utf-8")):
            for option in re.findall(r"--[a-z][a-z0-9-]+", text):
                assert option in OPTIONS, f"{path.name}: {text}"
