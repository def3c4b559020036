"""A shipped plugin stands where a third party's does: on `ledger.plugin`, and lightly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources import PLUGINS, PROJECT, ROOT, imports, parsed

OF_THE_HOUSE = {"ledger.plugin", "ledger.events"}
"""What of this project a plugin may import."""

HEAVY = ("sqlalchemy", "click", "psycopg", "pysqlite3")
"""What importing a plugin must not import: a hundred plugins must not slow a `--help`."""


def test_every_shipped_plugin_is_found_by_its_entry_point_and_no_other() -> None:
    entry_points = PROJECT["project"]["entry-points"]["studio_ledger"]
    assert sorted(entry_points.values()) == [path.stem for path in PLUGINS]
    assert all(module == f"ledger_{name}" for name, module in entry_points.items())


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: path.stem)
def test_a_plugin_imports_the_plugin_interface_and_the_standard_library_alone(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(parsed(path))}
    of_the_house = {name for name in imports(parsed(path)) if name.split(".")[0] == "ledger"}
    assert of_the_house <= OF_THE_HOUSE
    assert roots - {"ledger"} <= sys.stdlib_module_names


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: path.stem)
def test_importing_a_plugin_imports_nothing_heavy(path: Path) -> None:
    assert _loaded_after(f"import {path.stem}") == set()


def test_help_imports_no_database_and_no_plugin() -> None:
    loaded = _loaded_after(
        "import ledger.commands, contextlib, io\n"
        "shown = io.StringIO()\n"
        "with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):\n"
        "    ledger.commands.cli(['--help'], prog_name='studio-ledger')\n"
        "assert 'Usage: studio-ledger' in shown.getvalue()"
    )
    assert loaded <= {"click"}


def _loaded_after(code: str) -> set[str]:
    """Which of the heavy modules, and of the plugins, a fresh interpreter has after running it."""
    watched = [*HEAVY, *(path.stem for path in PLUGINS)]
    report = f"import sys\nprint(*(name for name in {watched!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}", "PATH": ""},
    )
    imported_by_name = {name for name in watched if code == f"import {name}"}
    return set(done.stdout.split()) - imported_by_name
