"""Files that lie where others can put them: settings, plugins, exports. None of them is run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import invalidate_caches
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from ledger.audit.exports.export_reader import Exported
from ledger.commands.settings import FILE, read_settings
from ledger.errors import LedgerError
from ledger.export_import import take_over
from ledger.plugin_host.finding import packaged, read_switches, source_file
from ledger.plugin_host.host import PluginHost
from tests.exports import ORIGIN, Made, check, make_export
from tests.fuzz.targets import Attempt, Finding, Surface
from tests.sources import PLUGINS
from tests.unit.audit.conftest import key_of

# --- settings -----------------------------------------------------------------------------------


def _settings(folder: Path) -> Attempt:
    file = folder / FILE

    def attempt(data: bytes) -> bool:
        file.write_bytes(data)
        found = read_settings(file)
        for place in (found.plugins_dir, found.ledger):
            if place is not None and "://" not in place:
                Path(place).is_dir()
        return True

    return attempt


def _switches(folder: Path) -> Attempt:
    file = folder / "studio.plugins.json"

    def attempt(data: bytes) -> bool:
        file.write_bytes(data)
        return all(isinstance(name, str) for name in read_switches(file))

    return attempt


# --- plugins ------------------------------------------------------------------------------------


def _plugin(folder: Path) -> Attempt:
    """What a source says that it offers. None of it is run."""
    file = folder / "hostile.py"

    def attempt(data: bytes) -> bool:
        file.write_bytes(data)
        host = PluginHost(folders=[folder], packages=False)
        (found,) = host.found()
        for part in ("projection", "event", "decision", "importer", "exporter"):
            host.outline(found).of(part)
        list(host.commands())
        host.views()
        host.decision("plugin words")
        host.formats("importer")
        host.formats("exporter")
        host.tells_all()
        host.has_rules("hostile")
        host.manifest(found).summary()
        return not list(host.problems())

    return attempt


def _entry_points(folder: Path) -> Attempt:
    """What an installed package says of itself; where its module would be is looked up, no more."""
    info = folder / "hostile-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n")

    def attempt(data: bytes) -> bool:
        (info / "entry_points.txt").write_bytes(data)
        with _on_path(folder):
            found = [one for one in packaged() if one.where == "hostile"]
            files = [source_file(one) for one in found]
        return any(file is not None for file in files)

    return attempt


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        invalidate_caches()


_EXPORT = (1 << 25) + (4 << 20)
"""Bytes: a manifest may have 32 MiB, and room for one that is too large is asked for at once."""

# --- exports ------------------------------------------------------------------------------------

_SIZES = (5, 262)
_KEY = key_of(ORIGIN)


@cache
def _made() -> tuple[tuple[str, bytes], ...]:
    """The files of a right export, by their paths, but for those that are the same in each."""
    with TemporaryDirectory() as folder:
        made = make_export(Path(folder) / "export", _SIZES, key=_KEY)
        return tuple((path, (made.folder / path).read_bytes()) for path in made.files)


def _choices() -> tuple[str, ...]:
    """Which files are changed: whatever an export holds for programs to read."""
    return tuple(path for path, _ in _made() if path not in ("README.md", "verify_export.py"))


def _export_seeds() -> tuple[bytes, ...]:
    """The first byte says which file it is, the rest is what the file holds."""
    right = dict(_made())
    return tuple(bytes([n]) + right[path] for n, path in enumerate(_choices()))


class _Changed:
    """A right export of which one file is another, or is not there."""

    def __init__(self, folder: Path) -> None:
        self.made: Made = make_export(folder / "export", _SIZES, key=_KEY)
        self._right = dict(_made())

    @contextmanager
    def changed(self, data: bytes) -> Iterator[tuple[str, bool]]:
        """Put the input in the place of a file; its path, and whether it is another now."""
        choices = _choices()
        path = choices[data[0] % len(choices)] if data else choices[0]
        file = self.made.folder / path
        file.write_bytes(data[1:])
        try:
            yield path, data[1:] != self._right[path]
        finally:
            file.write_bytes(self._right[path])


def _outside(folder: Path) -> Attempt:
    """The script that an outsider runs: whatever was changed, it never says that all is well."""
    export = _Changed(folder)

    def attempt(data: bytes) -> bool:
        with export.changed(data) as (path, other):
            done = check(export.made.folder, "--key", export.made.vkey)
        if done.code not in (0, 2, 3) or "Traceback" in done.err:
            raise Finding(f"verify_export ends with {done.code}: {done.err[-200:]}")
        if (done.code == 0) == other:
            raise Finding(f"verify_export ends with {done.code} after a change of {path}")
        return done.code == 0

    return attempt


def _taken_over(folder: Path) -> Attempt:
    """`import FOLDER`: a whole ledger of what was signed, or none and nothing left."""
    export = _Changed(folder)
    taken, nothing = folder / "taken", set(os.listdir(folder)) | {"taken"}

    def attempt(data: bytes) -> bool:
        taken.mkdir()
        try:
            with export.changed(data) as (path, other):
                opened = Exported.open(export.made.folder, _KEY.verifier)
                take_over(
                    str(taken / "studio.db"),
                    opened,
                    checkpoints=taken / "checkpoints",
                    public=taken / "log.pub",
                )
            if other and path in ("lines.jsonl", "manifest", "checkpoints"):
                raise Finding(f"an export is taken over after a change of {path}")
        except LedgerError:
            if left := list(taken.iterdir()):
                raise Finding(f"a refused export leaves {left[0].name}") from None
            raise
        finally:
            rmtree(taken)
        if set(os.listdir(folder)) - nothing:
            raise Finding("an export writes beside its ledger")
        return True

    return attempt


_SETTINGS = (
    'ledger = "studio.db"\nactor = "永川"\nplugins_dir = "plugins"\naudit_dir = "a"\n'.encode(),
    b'read_url = "postgresql://me@replica/studio"\nledger = """x"""\n',
)
_POINTS = (
    b"[studio_ledger]\nhostile = ledger_spaces\n",
    b"[studio_ledger]\nhostile = hostile.deep.module:name [extra]\n[console_scripts]\na = b:c\n",
)
_SOURCE_WORDS = (
    b"class ", b"def ", b"@view(", b"@table(", b"Projection", b"Row", b"key()", b"Literal[",
    b"Annotated[", b" | None", b"date | ", b"= -", b" + ", b"import ", b"from . import x\n",
    b"(Enum):\n", b"lambda: 0", b"*args", b"**more", b"self.", b"\n    ", b"\x0c",
    b"# -*- coding: ",
)  # fmt: skip
_OFFER = b'''"""A plugin."""
from enum import Enum
from typing import Annotated, Literal
from ledger.plugin import Decision, Event, Projection, Row, importer, key, on, table, view
Kind = Literal["a", "b"]
class Shade(Enum):
    DARK = "d"
class Seen(Row):
    space: str = key()
class Opened(Event):
    type_name = "hostile.Opened"
    at: str = "x"
class Open(Decision, tag="hostile open", frozen=True, kw_only=True):
    """Open it."""
    what: Annotated[str, "what"] = "a" + "b"
    many: tuple[int, ...] = (1, -2)
class Seeing(Projection):
    seen = table(Seen)
    @on("SpaceCommissioned")
    def took(self, event, entry):
        pass
    @view("Seen", units={"a": "m"})
    def seen_things(self, kind: Kind | None = None, shade: Shade = Shade.DARK) -> list[Seen]:
        return []
@importer("hostile-csv", "A sheet")
def read(stream):
    yield 1, {}
'''


def surfaces() -> tuple[Surface, ...]:
    """Made when asked: the seeds of exports are an export."""
    shipped = tuple(file.read_bytes() for file in PLUGINS if file.stat().st_size < 9_000)
    return (
        Surface("settings file", _settings, _SETTINGS, (b"ledger", b" = ", b'"""', b"1979-05-27")),
        Surface("plugin switches", _switches, (b'{"disabled": ["expo"]}',), (b'"disabled"',)),
        Surface("plugin file", _plugin, (_OFFER, *shipped), _SOURCE_WORDS, factor=400,
                longest=300_000),
        Surface("entry points", _entry_points, _POINTS, (b"[studio_ledger]\n", b" = ", b":", b"."),
                factor=200, longest=300_000, examples=15),
        Surface("export, outsider's script", _outside, _export_seeds(), fixed=_EXPORT, examples=15),
        Surface("export, import FOLDER", _taken_over, _export_seeds(), fixed=_EXPORT, examples=15),
    )  # fmt: skip
