"""The shim between a program and its disk: how it is built, and how a child arms it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from enum import IntEnum, IntFlag
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")


class Calls(IntFlag):
    """Which calls are counted. The names of `shim.c`."""

    WRITES = 1
    SYNCS = 2
    NAMES = 4
    READS = 8
    CHANGES = WRITES | SYNCS | NAMES


class Strike(IntEnum):
    """What happens at the n-th call. The names of `shim.c`."""

    NONE = 0
    KILL = 1
    KILL_HALFWAY = 2
    FAIL = 3
    FAIL_FROM = 4
    SHORT = 5
    FULL_FROM = 6


def compiler() -> str | None:
    """A C compiler; None where there is none, or where its work could not be preloaded."""
    if not sys.platform.startswith("linux"):
        return None
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)


def build(folder: Path) -> Path:
    """Compile the shim. Raises `RuntimeError` with what the compiler says."""
    found = compiler()
    if found is None:
        raise RuntimeError("no C compiler: the faults under a program's files need Linux and cc")
    library = folder / "shim.so"
    flags = ["-shared", "-fPIC", "-O2", "-U_FORTIFY_SOURCE"]
    made = subprocess.run(
        [found, *flags, "-o", library, SOURCE], check=False, capture_output=True, text=True
    )
    if made.returncode:
        raise RuntimeError(f"the shim cannot be compiled:\n{made.stderr}")
    return library


class Shim:
    """The shim that this process was started with."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.shim_count.restype = ctypes.c_long

    def arm(
        self,
        folder: Path,
        strike: Strike = Strike.NONE,
        calls: Calls = Calls.CHANGES,
        at: int = 0,
        log: Path | None = None,
    ) -> None:
        """From now on: count the calls on what lies below `folder`, strike at one of them."""
        self._library.shim_arm(
            os.fsencode(folder),
            int(strike),
            int(calls),
            ctypes.c_long(at),
            b"" if log is None else os.fsencode(log),
        )

    def disarm(self) -> None:
        """Let everything pass again."""
        self._library.shim_disarm()

    def count(self) -> int:
        """The calls counted since it was armed."""
        return int(self._library.shim_count())

    def mark(self, text: str) -> None:
        """Write a mark down among the calls."""
        self._library.shim_mark(text.encode())


def is_preloaded() -> bool:
    """Whether this process has the shim between itself and its disk."""
    return hasattr(ctypes.CDLL(None), "shim_arm")
