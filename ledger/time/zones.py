"""Time zones by their IANA names, and the rules of those that this process has used."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import BadTime, did_you_mean

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def zone(name: str) -> "ZoneInfo":
    """The IANA zone of that name.

    Raises `BadTime` for a name that the time zone database does not have.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # not for a --help

    try:
        found = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _unknown(name) from None
    _used.add(name)
    return found


_used: set[str] = set()
"""The zones that this process has asked for."""


def rules_in_use() -> dict[str, str]:
    """Return the zones that this process has used so far, each with a hash of its rules."""
    return {name: rules_of(name) for name in sorted(_used)}


@lru_cache(maxsize=256)
def rules_of(name: str) -> str:
    """Return a hash of the rules of a zone; empty where the time zone database has none."""
    import hashlib

    found = _compiled(name)
    return "" if found is None else hashlib.sha256(found).hexdigest()[:16]


def _compiled(name: str) -> bytes | None:
    """Return the file of a zone, from where `zoneinfo` takes it."""
    import zoneinfo
    from importlib import resources

    for folder in zoneinfo.TZPATH:
        file = Path(folder, *name.split("/"))
        if file.is_file():
            return file.read_bytes()
    try:
        return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    except (ModuleNotFoundError, OSError):
        return None


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    from zoneinfo import available_timezones

    # "localtime" is this machine's own clock, "Factory" is a placeholder.
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def check_zone(name: str) -> str:
    """Return the name of a zone for a site, spelt as the database has it.

    Raises `BadTime`, also for a name that only this machine would understand.
    """
    if name not in _zone_names():
        raise _unknown(name)
    return name


def _unknown(name: str) -> BadTime:
    example = "Use an IANA name such as Asia/Shanghai"
    hint = did_you_mean(name, _zone_names(), otherwise=example, most=2)
    return BadTime(f"no time zone {name!r}", advice=hint)
