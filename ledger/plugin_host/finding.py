"""Which plugins there are, where their sources are, and which of them are off.

Nothing is imported here, neither a plugin nor anything heavy: `--help` and completion use it.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger import __version__
from ledger.errors import BadInput, StorageFailure
from ledger.plugin_host.packages import Point, points_of
from ledger.sidecar_paths import companion, settings_folder

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "studio_ledger"
"""The entry-point group of packaged plugins, and pluggy's name of the project."""

SHIPPED = Path(__file__).resolve().parents[2] / "plugins"
"""The shipped plugins' source root in a checkout; there is none in an installed package."""

ONE_FILE_PACKAGE = "studio_ledger_plugins"
"""The package under which one-file plugins are imported, so that none hides a module."""

_DISTRIBUTION = "studio-ledger"

Origin = Literal["shipped", "package", "file"]


class Found(NamedTuple):
    """A plugin that was found, not imported yet.

    `where` is its file or its distribution, for display; `module` is what is imported.
    """

    name: str
    origin: Origin
    module: str
    version: str
    where: str
    enabled: bool = True


def packaged() -> Iterator[Found]:
    """The shipped plugins, and those that an installed package names in its entry points."""
    installed = {}
    for point in _entry_points():
        if isinstance(point, Found):
            installed[point.name] = point
            continue
        origin: Origin = "shipped" if point.package == _DISTRIBUTION else "package"
        installed[point.name] = Found(point.name, origin, point.value, point.version, point.package)
    if SHIPPED.is_dir():
        # a checkout: it may not be installed, or its metadata may be older than a plugin
        for file in sorted(SHIPPED.glob("ledger_*.py")):
            name = file.stem.removeprefix("ledger_")
            installed.setdefault(name, Found(name, "shipped", file.stem, __version__, str(file)))
    order = {"shipped": 0, "package": 1}
    yield from sorted(installed.values(), key=lambda f: (order[f.origin], f.name))


def _entry_points() -> Iterator[Point | Found]:
    """The group's entry points. A package with damaged metadata is a plugin without a module.

    Nothing tells whether it has a plugin, and one such package fails the quick ways.
    """
    quick = points_of(GROUP)
    if quick is not None:
        yield from quick
        return
    from importlib.metadata import distributions, entry_points

    try:
        yield from [_point(one) for one in entry_points(group=GROUP)]
        return
    except Exception:  # noqa: BLE001, S110  # metadata may fail in any way; the loop below finds whose
        pass
    seen: set[str] = set()
    for one in distributions():
        name = ""
        try:
            name = one.metadata["Name"] or ""
            if name in seen:  # a later one on the path is hidden by the first
                continue
            seen.add(name)
            yield from map(_point, one.entry_points.select(group=GROUP))
        except Exception:  # noqa: BLE001  # as above; loading it reports the damage
            yield Found(name or "unnamed", "package", "", "", name or str(one.locate_file("")))


def _point(one: "EntryPoint") -> Point:
    if one.dist is None:
        return Point(one.name, one.value, "", "")
    return Point(one.name, one.value, one.dist.name, one.dist.version)


def one_file(folders: Iterable[Path]) -> Iterator[Found]:
    """The one-file plugins in these folders."""
    for folder in folders:
        for file in sorted(folder.glob("*.py")):
            # a plugin's test may lie beside it
            if not file.stem.startswith(("_", ".", "test_")) and file.stem.isidentifier():
                if file.stem == "conftest":
                    continue
                yield Found(file.stem, "file", f"{ONE_FILE_PACKAGE}.{file.stem}", "", str(file))


def source_file(found: Found) -> Path | None:
    """The file that importing a plugin would run; None unless it is Python source."""
    if found.where.endswith(".py"):
        return Path(found.where)
    return module_file(found.module.partition(":")[0])


def module_file(module: str) -> Path | None:
    """The source of a module, found without importing its parents; None where there is none."""
    try:
        return _module_file(module)
    except (OSError, ValueError):  # a name that no file can have: too long, or with a NUL
        return None


def _module_file(module: str) -> Path | None:
    path: list[str] | None = None
    spec: ModuleSpec | None = None
    names = module.split(".")
    for depth in range(1, len(names) + 1):
        spec = _spec(".".join(names[:depth]), path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    origin = spec.origin if spec is not None else None
    return Path(origin) if origin is not None and origin.endswith(".py") else None


def _spec(name: str, path: list[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = None if find is None else find(name, path, None)
        if spec is not None:
            return spec
    if path is None and SHIPPED.is_dir() and (SHIPPED / f"{name}.py").is_file():
        return ModuleSpec(name, None, origin=str(SHIPPED / f"{name}.py"))
    return None


# --- which are off ---------------------------------------------------------------------


def switches_of(where: str) -> Path:
    """The file that remembers which plugins are off for the ledger at a path or URL.

    For a ledger in a file it is `NAME.plugins.json` beside it. For one on a server it is among the
    user's own settings, so that a plugin can be turned off while the server is down; it is named
    after the database and the schema, without the password.
    """
    return companion(where, ".plugins.json", settings_folder())


def read_switches(file: Path) -> set[str]:
    """The names of the plugins that are off. Raises `BadInput` for an unreadable file."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return set()  # the usual case: nothing was ever turned off
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from error
    import json  # only where there is a file: not for every --help

    try:
        disabled = json.loads(text)["disabled"]
        if not all(isinstance(name, str) for name in disabled):
            raise ValueError("'disabled' holds something other than a name")
        return set(disabled)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> BadInput:
    return BadInput(
        f"{file} cannot be read: {error}", advice='Delete it, or write {"disabled": []}'
    )


def write_switches(file: Path, off: Iterable[str]) -> None:
    """Store which plugins are off, or keep the file as it was. Raises `StorageFailure`."""
    import json

    written = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(json.dumps({"disabled": sorted(off)}, indent=2) + "\n", encoding="utf-8")
        os.replace(written, file)
    except OSError as error:
        raise StorageFailure(
            f"{file} cannot be written: {error.strerror}",
            advice="Check who may write to its folder",
        ) from error
