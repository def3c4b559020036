"""Studios that several stories begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.roles import drop_roles
from tests.terminal import Terminal, studio


@pytest.fixture
def signed(ledger_url: str, tmp_path: Path) -> Terminal:
    """A studio with a key, and a checkpoint over its ten events."""
    terminal = studio(ledger_url)
    terminal.must("audit", "key", "new", "--audit-dir", str(tmp_path / "a"))
    terminal.must("audit", "checkpoint", "--audit-dir", str(tmp_path / "a"))
    return terminal


@pytest.fixture
def audit(tmp_path: Path) -> tuple[str, str]:
    """The option that names the audit folder of `signed`."""
    return "--audit-dir", str(tmp_path / "a")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Terminal:
    """A place where nothing is yet."""
    return Terminal(str(tmp_path / "restored.db"))


@pytest.fixture
def owner(postgres_url: str) -> Iterator[Terminal]:
    """A studio of ten events whose ledger has its roles."""
    terminal = studio(postgres_url)
    terminal.must("roles")
    yield terminal
    drop_roles(postgres_url)
