"""Files that belong to a ledger: two ledgers never share them, and one never loses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import BadInput
from ledger.sidecar_paths import companion, data_folder
from tests.terminal import Terminal


def of(where: str, folder: Path) -> Path:
    return companion(where, ".audit", folder)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("postgresql://a/studio", "postgresql://b/studio"),
        ("postgresql:///studio?host=a", "postgresql:///studio?host=b"),
        ("postgresql:///studio?host=a", "postgresql:///studio"),
        ("postgresql:///studio?host=/run/a", "postgresql:///studio?host=/run/b"),
        ("postgresql:///studio?host=a&port=5433", "postgresql:///studio?host=a"),
        ("postgresql:///studio?host=a:5433", "postgresql:///studio?host=a"),
        ("postgresql:///studio?host=a,b", "postgresql:///studio?host=a,c"),
        ("postgresql:///studio?host=a,b&port=1,2", "postgresql:///studio?host=a,b&port=2,1"),
        ("postgresql:///studio?host=a&schema=one", "postgresql:///studio?host=a&schema=two"),
        ("postgresql:///one?host=a", "postgresql:///two?host=a"),
    ],
)
def test_two_ledgers_have_two_folders(one: str, other: str, tmp_path: Path) -> None:
    assert of(one, tmp_path) != of(other, tmp_path)
    assert of(one, tmp_path).parent == tmp_path


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("postgresql://a/studio", "postgresql+psycopg://eve:secret@A:5432/studio"),
        ("postgresql://a/studio", "postgresql:///studio?host=a"),
        ("postgresql:///studio?host=a,b", "postgresql:///studio?host=b,A:5432"),
        ("postgresql:///studio?host=a,b", "postgresql:///studio?host=a&host=b"),
        ("postgresql:///studio?host=a,b&port=7", "postgresql:///studio?host=b:7,a:7"),
        ("postgresql:///studio?host=%2Frun%2Fa", "postgresql:///studio?host=/run/a/&port=5432"),
        ("postgresql:///studio?host=a", "postgresql:///studio?host=a&connect_timeout=5"),
    ],
)
def test_one_ledger_has_one_folder_however_it_is_written(
    one: str, other: str, tmp_path: Path
) -> None:
    assert of(one, tmp_path) == of(other, tmp_path)
    assert "secret" not in of(other, tmp_path).name


def test_the_name_of_a_host_before_the_database_is_what_it_was(tmp_path: Path) -> None:
    """Another name would be another folder, with no checkpoint in it to hold a log against."""
    found = of("postgresql://db.example/studio?schema=main", tmp_path)
    assert found.name == "studio-main-92b7a60e52.audit"


def test_a_folder_that_was_begun_under_the_old_name_is_found(tmp_path: Path) -> None:
    old = of("postgresql:///studio", tmp_path)
    where = "postgresql:///studio?host=a"
    fresh = of(where, tmp_path)
    old.mkdir()
    assert of(where, tmp_path) == old
    fresh.mkdir()
    assert of(where, tmp_path) == fresh, "where there are both, that of its own name"


@pytest.mark.parametrize("where", ["postgresql://h:none/d", "postgresql://[h/d?host=a"])
def test_a_bad_address_is_refused(where: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        of(where, tmp_path)


def test_checkpoints_of_an_old_folder_are_held_against(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real ledger, signed before: it keeps using the folder that it had."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    terminal = Terminal(postgres_url)
    terminal.must("init", "--origin", "studio.example")
    terminal.must("audit", "key", "new")
    terminal.must("audit", "checkpoint")
    named = of(postgres_url, data_folder())
    assert (named / "checkpoints").exists()
    # As an earlier version named it: without the host.
    bare = postgres_url.partition("?")[0] + "?" + postgres_url.rpartition("&")[2]
    old = of(bare, data_folder())
    named.rename(old)
    terminal.must("project", "open", "p", "--title", "T", "--kind", "feature", "--on", "2025-01-01")
    terminal.must("audit", "checkpoint")
    assert not named.exists()
    assert (old / "checkpoints").read_bytes().count(b"studio.example\n") == 2
    terminal.must("audit", "verify")
