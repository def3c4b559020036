"""Which plugins a ledger has, which are on, and what their sources say; none is run."""

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple, Self

from ledger.errors import BadInput, did_you_mean
from ledger.plugin_host.finding import (
    SHIPPED,
    Found,
    module_file,
    one_file,
    packaged,
    read_switches,
    source_file,
    switches_of,
    write_switches,
)
from ledger.plugin_host.source import Item, Outline, decisions, outline
from ledger.plugin_host.syntax import short_help, tag_of
from ledger.sidecar_paths import expanded

RESERVED = frozenset(
    {
        "apply", "audit", "backup", "blame", "booking", "completion", "correct", "demo", "diff",
        "doctor", "equipment", "export", "import", "init", "log", "plugin", "project", "replay",
        "restore", "roles", "show", "site", "space", "undo", "view", "views",
    }
)  # fmt: skip
"""The first words of the built-in commands. A plugin's command begins with another."""


class Command(NamedTuple):
    """A plugin's command, as a list of commands shows it."""

    words: str
    help: str
    plugin: Found


class Roster:
    """The plugins of one ledger.

    `folders` hold one-file plugins. `switches` is the file that remembers which plugins are
    off. `packages` False leaves out the shipped and the packaged ones.
    """

    def __init__(
        self,
        *,
        folders: Sequence[Path] = (),
        switches: Path | None = None,
        packages: bool = True,
    ) -> None:
        self._folders = folders
        self._switches = switches
        self._packages = packages
        self._sources: dict[Found, Path | None] = {}
        self._texts: dict[Path, bytes | None] = {}
        self._outlines: dict[tuple[str, str], Outline] = {}

    @classmethod
    def without_plugins(cls) -> Self:
        """The roster for `--no-plugins`."""
        return cls(packages=False)

    @classmethod
    def of_ledger(cls, where: str, plugins_dir: Path | None = None) -> Self:
        """The roster of the ledger at a path or URL, with a further folder of plugins.

        A ledger in a file has its own `plugins/` beside it; `switches_of` says where the plugins
        that are off are remembered. Raises `BadInput` where `plugins_dir` is not a folder.
        """
        if plugins_dir is not None and not plugins_dir.is_dir():
            raise BadInput(
                f"{plugins_dir} is not a folder", advice="Name the folder of the plugins"
            )
        folders = [] if plugins_dir is None else [plugins_dir]
        file = where.removeprefix("sqlite:///")
        if "://" not in file:
            beside = expanded(file).absolute().parent / "plugins"
            if beside.is_dir() and beside.resolve() not in {SHIPPED, *map(Path.resolve, folders)}:
                folders.append(beside)
        return cls(folders=folders, switches=switches_of(where))

    # --- which there are -----------------------------------------------------------------

    def found(self) -> tuple[Found, ...]:
        """Every plugin found, by name; none is imported."""
        off = self._off()
        return tuple(f._replace(enabled=f.name not in off) for f in self._there)

    @cached_property
    def _there(self) -> tuple[Found, ...]:
        return (*(packaged() if self._packages else ()), *one_file(self._folders))

    def in_use(self) -> tuple[Found, ...]:
        """Those that are on; of two with one name, the first."""
        named: dict[str, Found] = {}
        for one in self.found():
            if one.enabled:
                named.setdefault(one.name, one)
        return tuple(named.values())

    def disable(self, name: str) -> None:
        """Turn that plugin off, from the next start on. Raises `BadInput`."""
        self._switch(name, on=False)

    def enable(self, name: str) -> None:
        """Turn it on again. Raises `BadInput`."""
        self._switch(name, on=True)

    def _switch(self, name: str, *, on: bool) -> None:
        known = {f.name for f in self._there}
        off = self._off()
        if name not in known | off:
            advice = did_you_mean(name, known, otherwise="List them with: plugin list", most=1)
            raise BadInput(f"no plugin {name!r}", advice=advice)
        if self._switches is None:
            raise BadInput(
                "no ledger is named that could remember this", advice="Name one with --ledger"
            )
        write_switches(self._switches, off - {name} if on else off | {name})

    def _off(self) -> set[str]:
        return set() if self._switches is None else read_switches(self._switches)

    # --- what their sources say --------------------------------------------------------------

    def source(self, found: Found) -> Path | None:
        """The file that importing a plugin would run, looked up once."""
        if found not in self._sources:
            self._sources[found] = source_file(found)
        return self._sources[found]

    def outline(self, found: Found) -> Outline:
        """Read what a plugin offers from its source."""
        key = (found.name, found.where)
        if key not in self._outlines:
            self._outlines[key] = self._read_outline(found)
        return self._outlines[key]

    def _read_outline(self, found: Found) -> Outline:
        file = self.source(found)
        if file is None:
            return Outline({}, opaque="it has no Python source")
        try:
            text = _text(file)
        except _UNREADABLE as error:
            return Outline({}, error=f"{type(error).__name__}: {error}")
        module = found.module.partition(":")[0]
        return _outline(text, module, file.name == "__init__.py")

    def _decisions(self, found: Found) -> tuple[Item, ...]:
        key, file = (found.name, found.where), self.source(found)
        if key in self._outlines or file is None:
            return self.outline(found).of("decision")
        try:
            text = _text(file)
        except _UNREADABLE:
            return ()
        module = found.module.partition(":")[0]
        return decisions(text, module, _sibling, package=file.name == "__init__.py")

    def commands(self) -> Iterator[Command]:
        """The plugins' commands, for a list of them; those that loading refuses are left out."""
        seen: set[str] = set()
        for found in self.in_use():
            if not self._mentions(found, b"decision"):
                continue
            for item in self._decisions(found):
                words = tag_of(item.node)
                if _can_be_called(words) and not any(_hides(words, other) for other in seen):
                    seen.add(words)
                    yield Command(words, short_help(item.node), found)

    def _mentions(self, found: Found, word: bytes) -> bool:
        """Whether a source contains a word.

        Most sources then need not be parsed for a `--help`, which else takes 1.10 times as long.
        """
        file = self.source(found)
        if file is None:
            return False
        if file not in self._texts:
            try:
                self._texts[file] = file.read_bytes().lower()
            except OSError:
                self._texts[file] = None
        text = self._texts[file]
        return text is not None and word in text


_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz")
_FURTHER = _FIRST | frozenset("0123456789-")
_UNREADABLE = (OSError, SyntaxError, ValueError, LookupError)
"""Errors in reading a source; the last is for a declared encoding that is not for text."""


def _can_be_called(words: str) -> bool:
    """Whether these are one to three words, and the first is not studio-ledger's own.

    Without a pattern: compiling one takes as long as reading a plugin.
    """
    each = words.split(" ")
    return (
        len(each) <= 3
        and each[0] not in RESERVED
        and all(word[:1] in _FIRST and _FURTHER.issuperset(word) for word in each)
    )


def _hides(words: str, other: str) -> bool:
    return f"{words} ".startswith(f"{other} ") or f"{other} ".startswith(f"{words} ")


@lru_cache(maxsize=256)
def _outline(text: str, module: str, package: bool) -> Outline:
    """An outline, read once for each text of a source."""
    return outline(text, module, _sibling, package=package)


def _text(file: Path) -> str:
    import tokenize  # reads a source as Python does, with the encoding that it declares

    with tokenize.open(file) as opened:
        return opened.read()


def _sibling(module: str) -> str | None:
    file = module_file(module)
    try:
        return None if file is None else _text(file)
    except _UNREADABLE:
        return None
