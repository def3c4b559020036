"""Time zones by their IANA names."""

from functools import lru_cache
from typing import TYPE_CHECKING

from ledger.errors import BadTime

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def zone(name: str) -> "ZoneInfo":
    """The IANA zone of that name.

    Raises `BadTime` for a name that the time zone database does not have.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # not for a --help

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadTime(
            f"no time zone {name!r}", advice="Use an IANA name such as Asia/Shanghai"
        ) from None


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
        from difflib import get_close_matches

        near = get_close_matches(name, _zone_names(), n=2, cutoff=0.7)
        hint = f"Did you mean {' or '.join(near)}?" if near else "Use one such as Asia/Shanghai"
        raise BadTime(f"no time zone {name!r}", advice=hint)
    return name
