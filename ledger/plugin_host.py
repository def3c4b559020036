"""Finding plugins, loading them, and keeping one's failure from being another's.

A plugin is found without being imported: by the entry-point group `studio_ledger`, or as
one Python file in a plugins folder. It is imported only when what it adds is needed.
Whatever goes wrong with a plugin is kept beside it as its failure; the others load.
"""

import importlib
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Literal

import pluggy
from msgspec import Struct
from msgspec.structs import replace

from ledger import __version__, hookspecs
from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.base import Decision, Rule
from ledger.errors import BadInput, LedgerError, StorageFailure
from ledger.events import STUDIO_EVENTS, Event
from ledger.projections import BadPlugin, Projection
from ledger.projections.catalogue import by_name, check_words, views_by_name
from ledger.projections.projection import ONE_FILE_PACKAGE

if TYPE_CHECKING:
    from ledger.application import Extensions

GROUP = "studio_ledger"
"""The entry-point group of packaged plugins, and pluggy's name of the project."""

SHIPPED = Path(__file__).resolve().parent.parent / "plugins"
"""The shipped plugins' source root in a checkout; there is none in an installed package."""

_DISTRIBUTION = "studio-ledger"
_HOOKS = (*hookspecs.CLASSES, "ledger_rules")

Origin = Literal["shipped", "package", "file"]


class Found(Struct, frozen=True):
    """A plugin that is there, not imported yet.

    `where` is its file or its distribution, for a person; `module` what is imported.
    """

    name: str
    origin: Origin
    module: str
    version: str
    where: str
    enabled: bool = True


class Plugin(Struct, frozen=True):
    """A loaded plugin and what it adds."""

    found: Found
    projections: tuple[type[Projection], ...]
    event_types: tuple[type[Event], ...]
    rules: tuple[Rule, ...]
    decisions: tuple[type[Decision], ...]


class PluginFailure(Struct, frozen=True):
    """A plugin that could not be loaded, why, and the whole story."""

    plugin: str
    where: str
    error: str
    traceback: str = ""


class Loaded(Struct, frozen=True):
    """The plugins in use, and those that could not be."""

    plugins: tuple[Plugin, ...] = ()
    failures: tuple[PluginFailure, ...] = ()

    def extensions(self) -> "Extensions":
        """What they add to a ledger, all together."""
        from ledger.application import Extensions

        return Extensions(
            tuple(p for plugin in self.plugins for p in plugin.projections),
            tuple(t for plugin in self.plugins for t in plugin.event_types),
            tuple(r for plugin in self.plugins for r in plugin.rules),
            tuple(d for plugin in self.plugins for d in plugin.decisions),
        )


class PluginHost:
    """The plugins of one ledger.

    `folders` hold one-file plugins. `switches` is the file that remembers which plugins
    are off. `packages` False leaves out the shipped and the packaged ones.
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
        self._loaded: Loaded | None = None

    @classmethod
    def without_plugins(cls) -> "PluginHost":
        """The host of `--no-plugins`."""
        return cls(packages=False)

    @classmethod
    def of_ledger(cls, where: str, plugins_dir: Path | None = None) -> "PluginHost":
        """The host of the ledger at a path or URL, with a further folder of plugins.

        A ledger in a file has its own `plugins/` beside it, and `NAME.plugins.json`, where
        what is off is remembered. Raises `BadInput` where `plugins_dir` is no folder.
        """
        if plugins_dir is not None and not plugins_dir.is_dir():
            raise BadInput(f"{plugins_dir} is no folder", advice="Name the folder of the plugins")
        folders = [] if plugins_dir is None else [plugins_dir]
        switches = None
        file = where.removeprefix("sqlite:///")
        if "://" not in file:
            path = Path(file).expanduser()
            switches = path.with_suffix(".plugins.json")
            beside = path.absolute().parent / "plugins"
            if beside.is_dir() and beside.resolve() not in {SHIPPED, *map(Path.resolve, folders)}:
                folders.append(beside)
        return cls(folders=folders, switches=switches)

    def found(self) -> tuple[Found, ...]:
        """Every plugin that is there, by name; none is imported."""
        off = self._off()
        candidates = [*(_packaged() if self._packages else ()), *_one_file(self._folders)]
        return tuple(replace(f, enabled=f.name not in off) for f in candidates)

    def load(self) -> Loaded:
        """Import the plugins that are on, once; what fails is among the failures."""
        if self._loaded is None:
            self._loaded = _Loading().load(f for f in self.found() if f.enabled)
        return self._loaded

    def disable(self, name: str) -> None:
        """Load that plugin no longer, from the next start on. Raises `BadInput`."""
        self._switch(name, on=False)

    def enable(self, name: str) -> None:
        """Load it again. Raises `BadInput`."""
        self._switch(name, on=True)

    def _switch(self, name: str, *, on: bool) -> None:
        known = {f.name for f in self.found()}
        off = self._off()
        if name not in known | off:
            near = get_close_matches(name, known)
            advice = f"Did you mean {near[0]}?" if near else "List them with: plugin list"
            raise BadInput(f"no plugin {name!r}", advice=advice)
        if self._switches is None:
            raise BadInput(
                "this ledger is not a file, so nothing beside it can remember that",
                advice="Uninstall the plugin, or take its file out of the plugins folder",
            )
        names = sorted(off - {name} if on else off | {name})
        written = self._switches.with_name(f".{self._switches.name}.{os.getpid()}")
        try:
            written.write_text(json.dumps({"disabled": names}, indent=2) + "\n", encoding="utf-8")
            os.replace(written, self._switches)
        except OSError as error:
            raise StorageFailure(
                f"{self._switches} cannot be written: {error.strerror}",
                advice="Check who may write to its folder",
            ) from error

    def _off(self) -> set[str]:
        if self._switches is None:
            return set()
        try:
            return set(json.loads(self._switches.read_text(encoding="utf-8"))["disabled"])
        except FileNotFoundError:
            return set()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{self._switches} cannot be read: {error}",
                advice='Delete it, or write {"disabled": []}',
            ) from error


# --- finding -------------------------------------------------------------------------


def _packaged() -> Iterator[Found]:
    installed = {}
    for point in entry_points(group=GROUP):
        name = point.dist.name if point.dist is not None else ""
        version = point.dist.version if point.dist is not None else ""
        origin: Origin = "shipped" if name == _DISTRIBUTION else "package"
        installed[point.name] = Found(point.name, origin, point.value, version, name)
    if SHIPPED.is_dir():
        # a checkout: it may not be installed, or its metadata be older than a plugin
        for file in sorted(SHIPPED.glob("ledger_*.py")):
            name = file.stem.removeprefix("ledger_")
            installed.setdefault(name, Found(name, "shipped", file.stem, __version__, str(file)))
    order = {"shipped": 0, "package": 1}
    yield from sorted(installed.values(), key=lambda f: (order[f.origin], f.name))


def _one_file(folders: Iterable[Path]) -> Iterator[Found]:
    for folder in folders:
        for file in sorted(folder.glob("*.py")):
            # a plugin's test may lie beside it
            if not file.stem.startswith(("_", ".", "test_")) and file.stem.isidentifier():
                yield Found(file.stem, "file", f"{ONE_FILE_PACKAGE}.{file.stem}", "", str(file))


# --- loading -------------------------------------------------------------------------


class _Fresh(SourceFileLoader):
    """Loads a file as it is now: its cached bytecode can be older by less than a second."""

    def get_code(self, fullname: str) -> CodeType | None:
        return self.source_to_code(self.get_data(self.path), self.path)


class _Loading:
    """One loading of all plugins: each is imported, asked, and checked against the others."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._plugins: dict[str, Plugin] = {}
        self._failures: list[PluginFailure] = []

    def load(self, found: Iterable[Found]) -> Loaded:
        for one in found:
            self._attempt(one)
        self._refuse_unknown_events()
        return Loaded(tuple(self._plugins.values()), tuple(self._failures))

    def _attempt(self, found: Found) -> None:
        try:
            if found.name in self._plugins:
                other = self._plugins[found.name].found
                raise BadPlugin(
                    f"two plugins are named {found.name}: {other.where} and {found.where}",
                    advice="Rename one of them",
                )
            plugin = self._ask(found, _import(found))
            self._refuse_clashes(plugin)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, and exit; it is named
            self._fail(found, error)
        else:
            self._plugins[found.name] = plugin

    def _fail(self, found: Found, error: BaseException) -> None:
        text = str(error)
        if not isinstance(error, LedgerError):
            text = f"{type(error).__name__}: {text}" if text else type(error).__name__
        story = "".join(traceback.format_exception(error))
        self._failures.append(PluginFailure(found.name, found.where, text, story))

    def _ask(self, found: Found, module: ModuleType) -> Plugin:
        try:
            self._manager.register(module, found.name)
            self._refuse_misspelt(found.name)
            offered = {hook: self._offered(hook, found.name, module) for hook in _HOOKS}
        except BaseException:
            self._manager.unregister(module)
            raise
        projections, event_types, decisions, rules = (tuple(offered[hook]) for hook in _HOOKS)
        for hook, base in hookspecs.CLASSES.items():
            _check_classes(found.name, offered[hook], base, hook)
        for projection in projections:
            projection.plugin = found.name  # by which it can be turned off
        return Plugin(found, projections, event_types, rules, decisions)

    def _offered(self, hook: str, name: str, module: ModuleType) -> list[Any]:
        """What a plugin's hook gives; what its module defines, where it has no such hook."""
        caller = getattr(self._manager.hook, hook)
        if any(impl.plugin_name == name for impl in caller.get_hookimpls()):
            others = [p for n, p in self._manager.list_name_plugin() if n != name]
            alone = self._manager.subset_hook_caller(hook, others)
            return [item for answer in alone() for item in answer]
        base = hookspecs.CLASSES.get(hook)
        return [] if base is None else list(_defined(module, base))

    def _refuse_misspelt(self, name: str) -> None:
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            plugin = self._manager.get_plugin(name)
            hooks = [n for n in vars(plugin) if n.startswith("ledger_")]
            wrong = next((n for n in hooks if n not in _HOOKS), "")
            near = get_close_matches(wrong, _HOOKS, n=1)
            advice = f"Did you mean {near[0]}?" if near else f"There are {', '.join(_HOOKS)}"
            raise BadPlugin(
                f"{name} has a hook that nobody calls: {error}", advice=advice
            ) from None

    def _refuse_clashes(self, plugin: Plugin) -> None:
        """Raise `BadPlugin` for a name that this or another plugin has already."""
        projections = [p for one in (*self._plugins.values(), plugin) for p in one.projections]
        by_name(projections)
        views_by_name(projections)
        ours = [d for one in (*self._plugins.values(), plugin) for d in one.decisions]
        check_words((*STUDIO_DECISIONS, *ours))
        known = {t.type_name: one for one in self._plugins.values() for t in one.event_types}
        for event_type in plugin.event_types:
            name = event_type.type_name
            if name in known:
                raise BadPlugin(
                    f"the plugins {known[name].found.name} and {plugin.found.name} both have an "
                    f"event type {name}",
                    advice=f"Turn one off: plugin disable {plugin.found.name}",
                    subject=event_type,
                )
            if "." not in name:
                raise BadPlugin(
                    f"the event type {name} has no prefix",
                    advice=f'Write type_name = "{plugin.found.name}.{name}", so that no event '
                    "of the studio's own can ever take the name",
                    subject=event_type,
                )
            known[name] = plugin

    def _refuse_unknown_events(self) -> None:
        """A handler of an event type that nobody adds would never be called."""
        known = {*STUDIO_EVENTS, *(t for p in self._plugins.values() for t in p.event_types)}
        for name, plugin in list(self._plugins.items()):
            for projection in plugin.projections:
                unknown = [t.type_name for t in projection.event_types if t not in known]
                if unknown:
                    del self._plugins[name]
                    error = BadPlugin(
                        f"{projection.name} handles {unknown[0]}, which no loaded plugin adds",
                        advice="Load the plugin that adds it, or offer it in ledger_event_types",
                        subject=projection,
                    )
                    self._fail(plugin.found, error)
                    self._refuse_unknown_events()  # others may handle events of this one
                    return


def _import(found: Found) -> ModuleType:
    if found.origin != "file":
        if found.where.endswith(".py") and str(SHIPPED) not in sys.path:
            sys.path.append(str(SHIPPED))
        return importlib.import_module(found.module.partition(":")[0])
    if ONE_FILE_PACKAGE not in sys.modules:
        package = ModuleType(ONE_FILE_PACKAGE, "One-file plugins, each under its own name.")
        package.__path__ = []
        sys.modules[ONE_FILE_PACKAGE] = package
    loader = _Fresh(found.module, found.where)
    spec = importlib.util.spec_from_file_location(found.module, found.where, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[found.module] = module  # as an import does: its classes look their module up
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[found.module]
        raise
    return module


def _defined(module: ModuleType, base: type) -> Iterator[type]:
    """The classes that a module itself defines, in order; `_Private` ones are left out."""
    for name, member in vars(module).items():
        if not (isinstance(member, type) and issubclass(member, base)):
            continue
        if member.__module__ != module.__name__ or name.startswith("_"):
            continue
        if issubclass(member, Projection) and not member.handlers:
            continue  # a base for others
        yield member


def _check_classes(plugin: str, offered: Iterable[Any], base: type, hook: str) -> None:
    for item in offered:
        if not (isinstance(item, type) and issubclass(item, base)):
            raise BadPlugin(
                f"{plugin} gives {item!r} in {hook}", advice=f"Give classes of {base.__name__}"
            )
