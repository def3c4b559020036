"""On what it was measured: a figure without its machine says nothing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from ledger.log.store.filesystems import file_system
from ledger.log.store.store_urls import sqlite_in_use

_CPUS = Path("/proc/cpuinfo")


def machine(folder: Path, postgres: str | None) -> list[str]:
    """Date, machine, versions and disk, a line each. `postgres` is a server's version."""
    sqlite = sqlite_in_use()
    disk = file_system(folder)
    return [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{processor()}, {os.cpu_count()} cores, {platform.system()}",
        f"Python {platform.python_version()}, SQLite {sqlite.version} ({sqlite.module}), "
        f"PostgreSQL {postgres or 'not measured'}",
        f"disk {disk[0] if disk else 'unknown'}",
    ]


def processor() -> str:
    """The model of the processor, as the system names it."""
    try:
        lines = _CPUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
