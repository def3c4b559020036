"""`python cli.py …` and `studio-ledger …` are one command tree, to the last option."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.sources import PROJECT, ROOT

_DRIVER = """
import contextlib, io, json, runpy, sys

program, every_argv = json.load(sys.stdin)
shown = []
for argv in every_argv:
    sys.argv = [program, *argv]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            runpy.run_path(program, run_name="__main__")
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
    shown.append([code, out.getvalue()])
json.dump(shown, sys.stdout)
"""


def command_paths(group: click.Group) -> list[list[str]]:
    """Every command below a group, as the words that call it."""
    paths: list[list[str]] = [[]]
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{name} is listed and not there"
        below = command_paths(command) if isinstance(command, click.Group) else [[]]
        paths += [[name, *path] for path in below]
    return paths


def _helps(program: Path, paths: list[list[str]]) -> list[tuple[int, str]]:
    """What a launcher, run as a program, answers to `… --help`: exit code and text, one a path."""
    done = subprocess.run(
        [sys.executable, "-c", _DRIVER],
        input=json.dumps([str(program), [[*path, "--help"] for path in paths]]),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return [(code, _without_name(text, program.name)) for code, text in json.loads(done.stdout)]


def _without_name(shown: str, program: str) -> str:
    """A help as any program shows it: the usage names the program, and is wrapped around it."""
    usage, _, rest = shown.partition("\n\n")
    return " ".join(usage.split()).replace(f"Usage: {program}", "Usage: PROGRAM", 1) + rest


@pytest.fixture
def installed_launcher(tmp_path: Path) -> Path:
    """The script that an installer writes for the entry point `studio-ledger` of pyproject.toml."""
    module, _, function = PROJECT["project"]["scripts"]["studio-ledger"].partition(":")
    script = tmp_path / "studio-ledger"
    script.write_text(
        f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n", encoding="utf-8"
    )
    return script


def test_both_launchers_show_the_same_tree(installed_launcher: Path) -> None:
    from ledger.commands import cli

    paths = command_paths(cli)
    assert ["init"] in paths
    assert ["booking", "confirm"] in paths
    of_checkout = _helps(ROOT / "cli.py", paths)
    of_install = _helps(installed_launcher, paths)
    for path, one, other in zip(paths, of_checkout, of_install, strict=True):
        assert one == other, f"{path} differs"
        assert one[0] == 0
        assert one[1].startswith("Usage: PROGRAM"), path


def test_a_python_without_the_packages_is_told_what_to_do() -> None:
    bare = subprocess.run(
        [sys.executable, "-S", str(ROOT / "cli.py"), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (bare.returncode, bare.stdout) == (2, "")
    assert "Set the checkout up with: make demo" in bare.stderr
    assert len(bare.stderr.splitlines()) == 1
