"""The settings in `studio-ledger.toml`, used after an option and the environment."""

from pathlib import Path
from typing import NamedTuple

from ledger.errors import BadInput
from ledger.sidecar_paths import expanded

FILE = "studio-ledger.toml"
DEFAULT_LEDGER = "studio-ledger.db"
MAX_SETTINGS = 65_536
"""Largest file in bytes. It needs five lines, and every command run below it reads it."""

_KEYS = ("ledger", "read_url", "actor", "plugins_dir", "audit_dir")


class Settings(NamedTuple):
    """The contents of `studio-ledger.toml`. Relative paths start at the file's folder."""

    ledger: str | None = None
    read_url: str | None = None
    actor: str | None = None
    plugins_dir: str | None = None
    audit_dir: str | None = None


def find_settings(start: Path) -> Settings:
    """Read the nearest settings file, from a folder upwards. Raises `BadInput`."""
    for folder in (start, *start.parents):
        file = folder / FILE
        if file.is_file():
            return read_settings(file)
    return Settings()


def read_settings(file: Path) -> Settings:
    """Read a settings file. Raises `BadInput` if it cannot be used."""
    import tomllib  # loaded only if there is a file, so that --help stays fast
    from difflib import get_close_matches

    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_SETTINGS + 1)
        if len(text) > MAX_SETTINGS:
            raise ValueError(f"it has more than {MAX_SETTINGS:,} bytes")
        found = tomllib.loads(text.decode())
    except (OSError, ValueError, RecursionError) as error:
        # ValueError: not UTF-8, not TOML, or a number with more digits than Python reads
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadInput(
            f"{file} cannot be read: {why}", advice='Write lines such as ledger = "studio.db"'
        ) from None
    for key, value in found.items():
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Use only {', '.join(_KEYS)}"
            raise BadInput(f"{file} holds an unknown setting {key!r}", advice=hint)
        if not isinstance(value, str) or not value:
            raise BadInput(f"{file}: {key} is not text", advice=f'Write {key} = "…"')
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
