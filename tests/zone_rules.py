"""Other time zone rules, as a new release of the time zone database would bring them."""

from __future__ import annotations

import struct
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger.time import periods, wall_times, zones

NO_SUMMER_TIME = "CET-1"
ALWAYS_SUMMER_TIME = "CEST-2"
EARLIER_SUMMER = "CET-1CEST-3,M2.1.0,M8.1.0/3"
"""Two hours ahead instead of one, from February to August."""


def compiled(rule: str) -> bytes:
    """A time zone file (RFC 8536) for which one POSIX rule has always held."""
    name, _, rest = rule.partition("-")
    body = struct.pack(">lBB", int(rest[0]) * 3600, 0, 0) + name.encode() + b"\0"
    head = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, len(name) + 1)
    return (head + body) * 2 + f"\n{rule}\n".encode()


def write(folder: Path, name: str, rule: str) -> Path:
    """Write a time zone database with that one zone; other zones are found elsewhere."""
    file = folder.joinpath(*name.split("/"))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(compiled(rule))
    return folder


@contextmanager
def rules(name: str, rule: str) -> Iterator[None]:
    """Let a zone have that rule."""
    before = zoneinfo.TZPATH
    with TemporaryDirectory() as folder:
        zoneinfo.reset_tzpath(to=[str(write(Path(folder), name, rule)), *before])
        _forget()
        try:
            yield
        finally:
            zoneinfo.reset_tzpath(to=before)
            _forget()


def _forget() -> None:
    """Empty what a process keeps of the rules: they change only between two runs."""
    zoneinfo.ZoneInfo.clear_cache()
    for module in (zones, wall_times, periods):
        for kept in vars(module).values():
            if hasattr(kept, "cache_clear"):
                kept.cache_clear()
