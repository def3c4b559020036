"""The line below a table that the docs show: when, where, from which seed, and by what command."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime


def printed_by(command: str, *, seed: int, seconds: float) -> str:
    """One line of text."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {seconds:,.0f} s, seed {seed}. "
        f"Printed by: {command}"
    )
