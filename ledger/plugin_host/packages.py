"""The entry points of a group, read from the files of the installed packages on the path.

These are what `importlib.metadata.entry_points` finds, without importing that module and its
parsers of mail and of ZIP archives: with it a `--help` takes 1.34 times as long. Only plain folders
with sound files are read here. Anything else is left to the library.
"""

import os
import re
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from typing import NamedTuple


class Point(NamedTuple):
    """An entry point: its name, what it points to, and its package."""

    name: str
    value: str
    package: str
    version: str


class _Unusual(Exception):
    """Metadata that only the library can read, or can report an error in."""


def points_of(group: str) -> list[Point] | None:
    """The entry points of a group, in the order of the path; None where the library must be asked.

    Of two packages with one name the first on the path counts, as in the library.
    """
    finders = (f for f in sys.meta_path if getattr(f, "find_distributions", None) is not None)
    if any(finder is not PathFinder for finder in finders):
        return None
    seen: set[str] = set()
    found: list[Point] = []
    try:
        for folder in _folders(sys.path):
            stem, _, kind = os.path.basename(folder).rpartition(".")
            if kind not in ("dist-info", "egg-info"):
                return None
            package = re.sub(r"[-_.]+", "_", stem.partition("-")[0]).lower()
            if package not in seen:
                seen.add(package)
                found += _points(folder, group)
    except (_Unusual, OSError, UnicodeDecodeError):
        return None
    return found


def _folders(path: list[str]) -> Iterator[str]:
    """The metadata folders on a path. Raises `_Unusual` for archives and eggs on it."""
    for entry in path:
        if os.path.basename(entry).lower().endswith(".egg"):
            raise _Unusual
        try:
            names = os.listdir(entry or ".")
        except (FileNotFoundError, PermissionError):
            continue
        for name in names:
            if name.lower().endswith((".dist-info", ".egg-info")):
                yield os.path.join(entry, name)


def _points(folder: str, group: str) -> list[Point]:
    text = _text(folder, "entry_points.txt")
    pairs = [pair for section, *pair in _lines(text or "") if section == group]
    if not pairs:
        return []
    headers = _headers(_text(folder, "METADATA") or _text(folder, "PKG-INFO") or "")
    try:
        package, version = headers["name"], headers["version"]
    except KeyError:
        raise _Unusual from None
    return [Point(name, value, package, version) for name, value in pairs]


def _text(folder: str, name: str) -> str | None:
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as opened:
            return opened.read()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError):
        return None


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Section, name and value of each line. Raises `_Unusual` for a line that has no value."""
    section: str | None = None
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[]")
        elif section is not None:
            name, equals, value = line.partition("=")
            if not equals:
                raise _Unusual
            yield section, name.strip(), value.strip()


def _headers(text: str) -> dict[str, str]:
    """The headers of a metadata file by lower-case name; the first of each."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if not colon:
            break  # the description begins
        found.setdefault(name.lower(), value.strip())
    return found
