"""Importing plugins, asking what they offer, and checking them against one another.

An error in a plugin is kept as its failure; the others load.
"""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Iterator
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

import pluggy
from msgspec import Struct

from ledger import hookspecs
from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.base import Decision, Rule
from ledger.errors import LedgerError
from ledger.events import STUDIO_EVENTS, Event
from ledger.exchange import Exporter, Importer
from ledger.hookspecs import CLASSES, HOOKS, OBJECTS
from ledger.plugin_host.commands import check_command, check_commands
from ledger.plugin_host.finding import GROUP, ONE_FILE_PACKAGE, SHIPPED, Found
from ledger.projections import BadPlugin, Projection
from ledger.projections.catalogue import by_name, views_by_name

if TYPE_CHECKING:
    from ledger.application import Extensions


class Plugin(Struct, frozen=True):
    """A loaded plugin and what it adds; `import_ms` is how long its import took."""

    found: Found
    projections: tuple[type[Projection], ...]
    event_types: tuple[type[Event], ...]
    rules: tuple[Rule, ...]
    decisions: tuple[type[Decision], ...]
    importers: tuple[Importer, ...]
    exporters: tuple[Exporter, ...]


class PluginFailure(Struct, frozen=True):
    """A plugin that could not be loaded, and the error."""

    plugin: str
    where: str
    error: str
    traceback: str = ""


class Loaded(Struct, frozen=True):
    """The plugins in use, and those that failed."""

    plugins: tuple[Plugin, ...] = ()
    failures: tuple[PluginFailure, ...] = ()

    def extensions(self) -> "Extensions":
        """Everything that they add to a ledger."""
        from ledger.application import Extensions

        return Extensions(
            tuple(p for plugin in self.plugins for p in plugin.projections),
            tuple(t for plugin in self.plugins for t in plugin.event_types),
            tuple(r for plugin in self.plugins for r in plugin.rules),
            tuple(d for plugin in self.plugins for d in plugin.decisions),
        )

    def importers(self) -> dict[str, Importer]:
        """The formats that can be read, by name."""
        return {one.name: one for plugin in self.plugins for one in plugin.importers}

    def exporters(self) -> dict[str, Exporter]:
        """The formats that can be written, by name."""
        return {one.name: one for plugin in self.plugins for one in plugin.exporters}


class _Fresh(SourceFileLoader):
    """Loads a file as it is now: cached bytecode can be stale by less than a second."""

    def get_code(self, fullname: str) -> CodeType | None:
        return self.source_to_code(self.get_data(self.path), self.path)


class Loading:
    """One loading of plugins: each is imported, asked, and checked against the others.

    More can be loaded later; no plugin is tried twice.
    """

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._plugins: dict[str, Plugin] = {}
        self._failures: list[PluginFailure] = []
        self._tried: set[tuple[str, str]] = set()

    def load(self, found: Iterable[Found]) -> Loaded:
        """Load those that were not tried yet; return everything loaded so far."""
        for one in found:
            key = (one.name, one.where)
            if key not in self._tried:
                self._tried.add(key)
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
            plugin = self._ask(found, import_module(found))
            self._refuse_clashes(plugin)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, or exit; its failure names it
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
        name = found.name
        try:
            self._manager.register(module, name)
            self._refuse_misspelt(name)
            offered = {hook: tuple(self._offered(hook, name, module)) for hook in HOOKS}
            for hook, base in CLASSES.items():
                _check_classes(name, offered[hook], base, hook)
            for hook, base in OBJECTS.items():
                _check_objects(name, offered[hook], base, hook)
            for decision in offered["ledger_decisions"]:
                check_command(decision)
        except BaseException:
            self._manager.unregister(module)
            raise
        for projection in offered["ledger_projections"]:
            projection.plugin = name  # by which it can be turned off
        return Plugin(
            found,
            offered["ledger_projections"],
            offered["ledger_event_types"],
            offered["ledger_rules"],
            offered["ledger_decisions"],
            offered["ledger_importers"],
            offered["ledger_exporters"],
        )

    def _offered(self, hook: str, name: str, module: ModuleType) -> list[Any]:
        """Return what a plugin's hook gives, or what its module defines without such a hook."""
        caller = getattr(self._manager.hook, hook)
        if any(impl.plugin_name == name for impl in caller.get_hookimpls()):
            others = [p for n, p in self._manager.list_name_plugin() if n != name]
            alone = self._manager.subset_hook_caller(hook, others)
            try:
                return [item for answer in alone() for item in answer]
            except LedgerError:
                raise
            except Exception as error:
                raise BadPlugin(
                    f"the hook {hook} of {name} raises {type(error).__name__}: {error}",
                    advice="See it in full with: --verbose plugin check",
                    subject=getattr(module, hook, None),
                ) from error
        if hook in CLASSES:
            return list(_defined(module, CLASSES[hook]))
        return list(_made(module, OBJECTS[hook])) if hook in OBJECTS else []

    def _refuse_misspelt(self, name: str) -> None:
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            plugin = self._manager.get_plugin(name)
            hooks = [n for n in vars(plugin) if n.startswith("ledger_")]
            wrong = next((n for n in hooks if n not in HOOKS), "")
            from difflib import get_close_matches

            near = get_close_matches(wrong, HOOKS, n=1)
            advice = f"Did you mean {near[0]}?" if near else f"There are {', '.join(HOOKS)}"
            raise BadPlugin(
                f"{name} has a hook that is never called: {error}",
                advice=advice,
                subject=getattr(plugin, wrong, None),
            ) from None

    # --- against the others --------------------------------------------------------------

    def _refuse_clashes(self, plugin: Plugin) -> None:
        """Raise `BadPlugin` for a name that this or another plugin has already."""
        every = (*self._plugins.values(), plugin)
        projections = [p for one in every for p in one.projections]
        by_name(projections)
        views_by_name(projections)
        check_commands(
            [
                *((decision, "studio-ledger") for decision in STUDIO_DECISIONS),
                *((decision, one.found.name) for one in every for decision in one.decisions),
            ]
        )
        for kind in ("importers", "exporters"):
            _refuse_two_formats(kind, every)
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
        """Fail projections that handle an event type that no plugin adds."""
        known = {*STUDIO_EVENTS, *(t for p in self._plugins.values() for t in p.event_types)}
        for name, plugin in list(self._plugins.items()):
            for projection in plugin.projections:
                unknown = [t for t in projection.event_types if t not in known]
                if unknown:
                    del self._plugins[name]
                    error = BadPlugin(
                        f"{projection.name} handles {unknown[0].type_name}, which no loaded "
                        "plugin adds",
                        advice="Load the plugin that adds it, or offer it in ledger_event_types",
                        subject=projection,
                    )
                    self._fail(plugin.found, error)
                    self._refuse_unknown_events()  # others may handle events of this one
                    return


def _refuse_two_formats(kind: str, every: Iterable[Plugin]) -> None:
    found: dict[str, tuple[Plugin, Importer | Exporter]] = {}
    for plugin in every:
        one: Importer | Exporter
        for one in getattr(plugin, kind):
            other, first = found.setdefault(one.name, (plugin, one))
            if first is not one:
                raise BadPlugin(
                    f"the plugins {other.found.name} and {plugin.found.name} both have an "
                    f"{kind[:-1]} {one.name}",
                    advice=f"Rename one, or turn one off: plugin disable {plugin.found.name}",
                    subject=one.read if isinstance(one, Importer) else one.write,
                )


def import_module(found: Found) -> ModuleType:
    """Import a plugin. Raises whatever it raises."""
    if not found.module:
        raise BadPlugin(
            f"the entry points of {found.where} cannot be read, or name no module",
            advice=f"Reinstall it, or turn it off: plugin disable {found.name}",
        )
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
    sys.modules[found.module] = module  # as an import does: its classes look up their module
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


def _made(module: ModuleType, base: type) -> Iterator[Any]:
    """The importers or exporters that a module made from its own functions."""
    for name, member in vars(module).items():
        if isinstance(member, base) and not name.startswith("_"):
            function = getattr(member, "read", None) or getattr(member, "write", None)
            if getattr(function, "__module__", "") == module.__name__:
                yield member


def _check_classes(plugin: str, offered: Iterable[Any], base: type, hook: str) -> None:
    for item in offered:
        if not (isinstance(item, type) and issubclass(item, base)):
            raise BadPlugin(
                f"{plugin} gives {item!r} in {hook}", advice=f"Give classes of {base.__name__}"
            )


def _check_objects(plugin: str, offered: Iterable[Any], base: type, hook: str) -> None:
    for item in offered:
        if not isinstance(item, base):
            raise BadPlugin(
                f"{plugin} gives {item!r} in {hook}",
                advice=f"Give functions marked @{base.__name__.lower()}",
            )
