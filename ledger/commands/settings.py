"""Where a setting comes from: the option, the environment, `studio-ledger.toml`, a default."""

from pathlib import Path
from typing import NamedTuple

from ledger.companions import expanded
from ledger.errors import BadInput

FILE = "studio-ledger.toml"
DEFAULT_LEDGER = "studio-ledger.db"
MAX_SETTINGS = 65_536
"""Bytes of a file: it holds five lines, and whoever works below it reads it at every command."""

_KEYS = ("ledger", "read_url", "actor", "plugins_dir", "audit_dir")


class Settings(NamedTuple):
    """What a `studio-ledger.toml` says. A relative path counts from the file's folder."""

    ledger: str | None = None
    read_url: str | None = None
    actor: str | None = None
    plugins_dir: str | None = None
    audit_dir: str | None = None


def find_settings(start: Path) -> Settings:
    """The settings of the nearest file, from a folder upwards. Raises `BadInput`."""
    for folder in (start, *start.parents):
        file = folder / FILE
        if file.is_file():
            return read_settings(file)
    return Settings()


def read_settings(file: Path) -> Settings:
    """The settings of a file. Raises `BadInput` for one that cannot be used."""
    import tomllib  # loaded where there is a file: not for every --help
    from difflib import get_close_matches

    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_SETTINGS + 1)
        if len(text) > MAX_SETTINGS:
            raise ValueError(f"it has more than {MAX_SETTINGS:,} bytes")
        found = tomllib.loads(text.decode())
    except (OSError, ValueError, RecursionError) as error:
        # ValueError: no UTF-8, no TOML, and a number of more digits than Python reads
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadInput(
            f"{file} cannot be read: {why}", advice='Write lines such as ledger = "studio.db"'
        ) from None
    for key, value in found.items():
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"It may hold {', '.join(_KEYS)}"
            raise BadInput(f"{file} holds an unknown setting {key!r}", advice=hint)
        if not isinstance(value, str) or not value:
            raise BadInput(f"{file}: {key} is no text", advice=f'Write {key} = "…"')
    return Settings(
        ledger=_beside(file, found.get("ledger")),
        read_url=_beside(file, found.get("read_url")),
        actor=found.get("actor"),
        plugins_dir=_beside(file, found.get("plugins_dir")),
        audit_dir=_beside(file, found.get("audit_dir")),
    )


def _beside(file: Path, place: str | None) -> str | None:
    if place is None or "://" in place:
        return place
    return str(file.parent / expanded(place))
