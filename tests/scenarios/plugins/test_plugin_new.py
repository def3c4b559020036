"""A new author's first ten minutes: three commands, from an empty folder to a tested view."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources import ROOT
from tests.terminal import Terminal, studio


@pytest.fixture(scope="module")
def demo(demo_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """The demo's ledger, alone in a folder."""
    return Terminal(shutil.copy(str(demo_path), str(tmp_path_factory.mktemp("author"))))


def test_three_commands_lead_to_a_tested_view(demo: Terminal) -> None:
    folder = Path(demo.ledger).parent
    made = demo.program("plugin", "new", "crew_hours", cwd=folder)
    assert made.code == 0, made.err
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*crew*"))
    assert files == ["docs/crew-hours.md", "plugins/crew_hours.py", "plugins/test_crew_hours.py"]
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"},
    )
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout
    assert "skipped" not in tested.stdout
    now = demo.must("view", "crew-hours", "--json").data
    then = demo.must("view", "crew-hours", "--as-of", "2024-06-30", "--json").data
    assert 0 < len(then) < len(now)
    assert {row["month"] <= "2024-06" for row in then} == {True}
    days = demo.must("view", "shoot-days", "--json").data
    assert sum(row["days"] for row in now) == len(days)
    assert sum(row["hours"] for row in now) == pytest.approx(
        sum(row["shooting_hours"] for row in days)
    )
    one = demo.must("view", "crew-hours", "--space", "stage-1", "--json").data
    assert {row["space"] for row in one} == {"stage-1"}


def test_a_new_plugin_writes_over_nothing(sqlite_url: str) -> None:
    terminal, folder = studio(sqlite_url), Path(sqlite_url).parent
    for words, why in (
        (("crew-hours!",), "is not a valid plugin name"),
        (("class",), "is not a valid plugin name"),
        (("bookings",), "there is already a view bookings"),
    ):
        done = terminal.run("plugin", "new", *words, "--in", str(folder))
        assert (done.code, why in done.err) == (2, True)
    terminal.must("plugin", "new", "call-sheets", "--in", str(folder))
    text = (folder / "plugins" / "call_sheets.py").read_text(encoding="utf-8")
    assert "class CallSheets(Projection)" in text
    again = terminal.run("plugin", "new", "call_sheets", "--in", str(folder))
    assert again.code == 2
    (folder / "plugins" / "test_call_sheets.py").unlink()
    assert (
        "call_sheets.py already exists"
        in terminal.run("--no-plugins", "plugin", "new", "call_sheets", "--in", str(folder)).err
    )
    assert not (folder / "plugins" / "test_call_sheets.py").exists()
    blocked = folder / "blocked"
    blocked.write_text("a file")
    assert terminal.run("plugin", "new", "other", "--in", str(blocked)).code == 74


def test_a_profile_says_what_each_projection_costs(demo: Terminal) -> None:
    rows = demo.must("plugin", "profile", "bookings", "calibration", "--json").data
    assert [row["plugin"] for row in rows] == ["bookings", "calibration"]
    booked = rows[0]
    assert booked["events"] > 500
    assert booked["rows"] > 100
    assert 0 < booked["us_per_event"] < 5_000
    assert 0 < booked["share"] < 1
    assert booked["import_ms"] > 0
    assert demo.run("plugin", "profile", "booking").code == 2


def test_a_plugin_is_off_for_a_ledger_on_a_server_too(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    terminal = Terminal(postgres_url)
    terminal.must("init")
    terminal.must("plugin", "disable", "spaces")
    assert terminal.run("view", "spaces").code == 2
    states = {row["plugin"]: row["state"] for row in terminal.must("plugin", "list", "--json").data}
    assert (states["spaces"], states["bookings"]) == ("off", "on")
    terminal.must("plugin", "enable", "spaces")
    assert terminal.must("view", "spaces", "--json").data == []
