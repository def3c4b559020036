"""The plugins of one ledger, each loaded only where something that it adds is needed.

A plugin is found without being imported: by the entry-point group `studio_ledger`, or as one Python
file in a plugins folder. Its offers are read from its source; it is imported when one of them is
asked for, or something that its source may hide.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ledger.plugin_host.finding import Found
from ledger.plugin_host.loading import Loaded, Loading, Plugin, PluginFailure
from ledger.plugin_host.manifest import Format, Manifest
from ledger.plugin_host.roster import Roster
from ledger.plugin_host.syntax import Opaque
from ledger.projections.faults import BadPlugin

if TYPE_CHECKING:
    from ledger.decisions.base import Decision
    from ledger.projections.views import View

T = TypeVar("T")

__all__ = ["Found", "Loaded", "Plugin", "PluginFailure", "PluginHost"]


class PluginHost(Roster):
    """The plugins of one ledger, and what they add to it."""

    def __init__(
        self,
        *,
        folders: Sequence[Path] = (),
        switches: Path | None = None,
        packages: bool = True,
    ) -> None:
        super().__init__(folders=folders, switches=switches, packages=packages)
        self._loading: Loading | None = None
        self._manifests: dict[tuple[str, str], Manifest] = {}

    # --- what they offer, from their sources --------------------------------------------

    def manifest(self, found: Found) -> Manifest:
        """Return what a plugin offers, with its types, without importing it."""
        key = (found.name, found.where)
        if key not in self._manifests:
            file = self.source(found)
            self._manifests[key] = Manifest(found, self.outline(found), str(file or found.where))
        return self._manifests[key]

    @cached_property
    def _in_use(self) -> tuple[Manifest, ...]:
        return tuple(self.manifest(found) for found in self.in_use())

    def views(self) -> dict[str, tuple["View", str]]:
        """Every view that the sources show, by name, with its plugin; repeats are left out."""
        found: dict[str, tuple[View, str]] = {}
        for manifest in self._in_use:
            for view in _read(lambda m: m.views, manifest):
                found.setdefault(view.name, (view, manifest.found.name))
        return dict(sorted(found.items()))

    def decision(self, words: str) -> "type[Decision] | None":
        """Return the command of those words that a source shows: only its fields and help."""
        for manifest in self._in_use:
            for decision in _read(lambda m: m.decisions, manifest):
                if decision.words() == words:
                    return decision
        return None

    def formats(self, kind: str) -> dict[str, tuple[Format, str]]:
        """The `importer`s or `exporter`s that sources show, by name, with their plugins."""
        found: dict[str, tuple[Format, str]] = {}
        for manifest in self._in_use:
            for one in _read(_FORMATS[kind], manifest):
                found.setdefault(one.name, (one, manifest.found.name))
        return dict(sorted(found.items()))

    def problems(self) -> Iterator[tuple[Found, str]]:
        """Yield the problems that the sources show: a plugin, and why it cannot be used."""
        for found in self.in_use():
            outline = self.outline(found)
            if outline.error:
                yield found, outline.error
                continue
            try:
                self.manifest(found).names()
            except Opaque:
                continue
            except BadPlugin as error:
                yield found, str(error)

    def has_rules(self, plugin: str) -> bool:
        """Whether the plugin of that name has rules, as far as its source shows."""
        return any(
            m.found.name == plugin and "ledger_rules" in m.outline.hooks for m in self._in_use
        )

    def hidden(self, plugin: Plugin) -> str:
        """Say what a loaded plugin offers that its source does not show; "" for nothing."""
        manifest = self.manifest(plugin.found)
        if manifest.outline.opaque:
            return f"its source does not show all it offers: {manifest.outline.opaque}"
        try:
            missed = _real_names(plugin) - manifest.names()
        except Opaque as why:
            return f"its source does not show all it offers: {why}"
        return f"its source does not show {', '.join(sorted(missed))}" if missed else ""

    def switched_off(self, name: str) -> str | None:
        """The plugin that is off and would offer that, such as `view bookings`."""
        off = (found for found in self.found() if not found.enabled)
        return next((f.name for f in off if _claims(self.manifest(f), name)), None)

    def tells_all(self) -> bool:
        """Whether the sources show everything that the plugins offer."""
        return not any(_is_unsure(manifest) for manifest in self._in_use)

    # --- loading -------------------------------------------------------------------------

    def load(self) -> Loaded:
        """Import the plugins that are on, once; those that fail are among the failures."""
        return self._load(f for f in self.found() if f.enabled)

    def load_for_view(self, name: str) -> Loaded:
        """Import what a view needs: its plugin, and those whose events it handles."""
        chosen = [m for m in self._in_use if _claims(m, f"view {name}")]
        return self._load_chosen(chosen or [m for m in self._in_use if _is_unsure(m)])

    def load_for_writing(self, words: str | None = None, *, every: bool = False) -> Loaded:
        """Import what a write needs: all rules, and the command of those words (or `every`)."""

        def needed(manifest: Manifest) -> bool:
            outline = manifest.outline
            ours = words is not None and _claims(manifest, f"command {words}")
            return outline.has_rules or ours or (every and bool(outline.of("decision")))

        return self._load_chosen([m for m in self._in_use if needed(m)])

    def load_for_format(self, kind: str, name: str) -> Loaded:
        """Import the plugin that has the `importer` or `exporter` of that name."""
        chosen = [m for m in self._in_use if _claims(m, f"{kind} {name}")]
        return self._load_chosen(chosen or [m for m in self._in_use if _is_unsure(m)])

    def _load_chosen(self, chosen: Iterable[Manifest]) -> Loaded:
        wanted = {m.found for m in chosen}
        while True:
            more = {m.found for m in self._in_use if m.found not in wanted
                    and any(_needs(self.manifest(w), m) for w in wanted)}  # fmt: skip
            if not more:
                return self._load(f for f in self.in_use() if f in wanted)
            wanted |= more

    def _load(self, found: Iterable[Found]) -> Loaded:
        if self._loading is None:
            self._loading = Loading()
        return self._loading.load(found)


_FORMATS: dict[str, Callable[[Manifest], tuple[Format, ...]]] = {
    "importer": lambda manifest: manifest.importers,
    "exporter": lambda manifest: manifest.exporters,
}


def _read(part: Callable[[Manifest], Sequence[T]], manifest: Manifest) -> Sequence[T]:
    """Read a part of a manifest; nothing where the source is wrong or opaque."""
    try:
        return part(manifest)
    except (Opaque, BadPlugin):
        return ()


def _names(manifest: Manifest) -> frozenset[str]:
    try:
        return manifest.names()
    except (Opaque, BadPlugin):
        return frozenset()


def _real_names(plugin: Plugin) -> frozenset[str]:
    """The names of an imported plugin, as `Manifest.names` should give them."""
    return frozenset(
        [
            *(f"projection {one.name}" for one in plugin.projections),
            *(f"view {view.name}" for one in plugin.projections for view in one.views.values()),
            *(f"command {decision.words()}" for decision in plugin.decisions),
            *(f"event {event_type.type_name}" for event_type in plugin.event_types),
            *(f"importer {one.name}" for one in plugin.importers),
            *(f"exporter {one.name}" for one in plugin.exporters),
        ]
    )


def _claims(manifest: Manifest, name: str) -> bool:
    return name in _names(manifest)


def _is_unsure(manifest: Manifest) -> bool:
    """Whether a plugin may offer more than its source shows, or is wrong and should say so."""
    if manifest.outline.opaque or manifest.outline.error:
        return True
    try:
        manifest.names()
    except (Opaque, BadPlugin):
        return True
    return False


def _needs(one: Manifest, other: Manifest) -> bool:
    """Whether a plugin can only be checked together with another one.

    It imports the other, handles its events by name, or has a name in common with it: their order
    then decides which of the two may have it, as when all are loaded.
    """
    module = other.found.module.partition(":")[0]
    if any(name == module or name.startswith(f"{module}.") for name in one.outline.imports):
        return True
    if one.outline.handled:
        if one.outline.handled & set(_read(lambda m: m.event_types, other)):
            return True
        if _is_unsure(other):
            return True
    return bool(_names(one) & _names(other))
