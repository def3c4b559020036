"""What is installed: the package, the plugins as modules of their own, nothing of the workshop."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.sources import PLUGINS, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network from what is already installed."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index",
         "--wheel-dir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("studio_ledger-*.whl")
    return found


def test_the_top_level_is_the_package_and_the_plugins(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    metadata = {name for name in top if name.endswith(".dist-info")}
    assert len(metadata) == 1
    assert top - metadata == {"ledger", *(path.name for path in PLUGINS)}


def test_everything_of_the_package_is_in_it(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("ledger/")}
    there = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "ledger").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == there


def test_the_script_for_outsiders_is_in_it_as_it_is(wheel: Path) -> None:
    name = "ledger/audit/verify_export.py"
    assert zipfile.ZipFile(wheel).read(name) == (ROOT / name).read_bytes()


def test_it_runs_where_the_checkout_is_not(wheel: Path, tmp_path: Path) -> None:
    """Unpacked first on the path of another folder: the package that answers is the wheel's own."""
    code = (
        "import ledger, sys; from ledger.commands import cli; "
        "assert ledger.__file__.startswith(sys.path[1]), ledger.__file__; cli()"
    )
    unpacked = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(unpacked)
    done = subprocess.run(
        [sys.executable, "-c", code, "--version"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked), "PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    assert "0.1.0" in done.stdout
