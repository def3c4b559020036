"""Backups in tests: the signed studio that is copied, and what somebody does to a file."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from contextlib import closing
from pathlib import Path

from ledger.audit.tree import Derivation, tiles
from tests.terminal import Terminal


def root_of(lines: list[bytes]) -> str:
    derivation = Derivation([len(lines)])
    for tile in tiles(lines):
        derivation.add(tile)
    return b64encode(derivation.roots[len(lines)]).decode()


def there(folder: Path) -> set[str]:
    """What lies in a folder, but for what SQLite makes beside a ledger to read it."""
    return {f.name for f in folder.iterdir() if not f.name.startswith("studio.db-")}


def project(terminal: Terminal, name: str) -> None:
    terminal.must("project", "open", name, "--title", name, "--kind", "short", "--on", "2025-01-01")


def tamper(file: Path, *statements: str) -> None:
    """What somebody does who owns the file."""
    with closing(sqlite3.connect(file)) as database:
        guards = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = guards.fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)
        for _, text in triggers:
            database.execute(text)
        database.commit()
