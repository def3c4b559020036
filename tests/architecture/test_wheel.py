"""The wheel installs the package with its types, and the plugins as modules."""

from __future__ import annotations

import shutil
import site
import subprocess
import sys
import venv
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
    name = "ledger/audit/exports/verify_export.py"
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


def test_a_plugin_type_checks_against_what_is_installed(wheel: Path, tmp_path: Path) -> None:
    """In an environment that has the wheel and its dependencies, and not the checkout.

    Without `ledger/py.typed` in the wheel, mypy would not read the package's annotations.
    """
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    (packages,) = environment.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    # The dependencies, from the environment of this test. A .pth file in there, such as that of
    # an editable installation, is not followed.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    shutil.copy(ROOT / "tests/architecture/typed_consumer.py", tmp_path / "keys.py")
    wrong = 'from ledger.plugin import tag\n\ntag("space", 1)\n'
    (tmp_path / "wrong.py").write_text(wrong, encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache",
         "--no-error-summary", f"--python-executable={environment / 'bin' / 'python'}",
         "keys.py", "wrong.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )  # fmt: skip
    assert checked.stdout.splitlines() == [
        'wrong.py:3: error: Argument 2 to "tag" has incompatible type "int"; expected "str"  '
        "[arg-type]"
    ], checked.stdout + checked.stderr
