"""Which ledger, which actor: the option, then the environment, then the file, then a default."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledger.commands import cli
from ledger.commands.settings import find_settings
from ledger.errors import BadInput


def _run(*words: str, **env: str) -> Result:
    return CliRunner(env=env).invoke(cli, list(words))


def test_a_file_is_found_upwards_and_its_paths_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "studio-ledger.toml").write_text('ledger = "my.db"\nactor = "tom"\n')
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert find_settings(Path.cwd()).ledger == str(tmp_path / "my.db")
    assert _run("init").exit_code == 0
    assert (tmp_path / "my.db").exists()
    assert '"actor":"tom"' in _run("log", "--json").stdout
    # The environment is stronger than the file, the option stronger than both.
    assert '"actor":"eve"' in _run(
        "init", "--json", STUDIO_LEDGER="e.db", STUDIO_LEDGER_ACTOR="eve"
    ).stdout  # fmt: skip
    done = _run(
        "--ledger", "o.db", "--actor", "oda", "init", "--json",
        STUDIO_LEDGER="e.db", STUDIO_LEDGER_ACTOR="eve",
    )  # fmt: skip
    assert '"actor":"oda"' in done.stdout
    assert sorted(p.name for p in Path.cwd().glob("*.db")) == ["e.db", "o.db"]


def test_without_any_the_ledger_stands_in_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "somebody")
    assert '"actor":"somebody"' in _run("init", "--json").stdout
    assert (tmp_path / "studio-ledger.db").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ledger = ", "cannot be read"),
        ('legder = "x"', "Did you mean ledger?"),
        ("actor = 5", "actor is not text"),
        ("\udcff", "cannot be read"),
        (f"ledger = {'[' * 5_000}{']' * 5_000}", "nested too deeply"),
        (f"ledger = {'9' * 5_000}", "cannot be read"),
        ("# x\n" * 20_000, "more than 65,536 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_said(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "studio-ledger.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadInput, match=told):
        find_settings(tmp_path)
