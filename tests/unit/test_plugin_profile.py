"""The cost of a plugin's import is measured in a separate process."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.plugin_host.finding import Found
from ledger.plugin_host.profile import measure_import


def test_the_measuring_program_finds_what_this_one_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_wake.py").write_text("import time\ntime.sleep(0.2)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = Found("slow", "package", "slow_to_wake", "1", "a package")
    assert measure_import(found) >= 200
