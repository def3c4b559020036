"""The hooks: functions with which a plugin says what it offers.

A one-file plugin needs none of them, except for rules: its projections, event types, decisions,
importers and exporters are found in the module. Mark an implementation with `hookimpl` from
`ledger.plugin`:

    @hookimpl
    def ledger_projections():
        return [CrewHours]

If a module has a hook, only what the hook gives counts: the module is not searched for that kind.
"""

from collections.abc import Iterable

import pluggy

from ledger.decisions.base import Decision, Rule
from ledger.events.base import Event
from ledger.exchange import Exporter, Importer
from ledger.projections import Projection

hookspec = pluggy.HookspecMarker("studio_ledger")
hookimpl = pluggy.HookimplMarker("studio_ledger")


@hookspec
def ledger_projections() -> Iterable[type[Projection]]:  # type: ignore[empty-body]  # a signature, never run
    """Projection classes; their views can then be asked by name."""


@hookspec
def ledger_event_types() -> Iterable[type[Event]]:  # type: ignore[empty-body]  # a signature, never run
    """The plugin's own event types, with their upcasters. Prefix their names: `expo.…`."""


@hookspec
def ledger_decisions() -> Iterable[type[Decision]]:  # type: ignore[empty-body]  # a signature, never run
    """The plugin's own decisions: commands, each called by the words of its `tag`.

    The fields of a decision are the parameters of its command; `apply` takes it too.
    """


@hookspec
def ledger_rules() -> Iterable[Rule]:  # type: ignore[empty-body]  # a signature, never run
    """Rules that every decision must pass: called with its context and proposed events.

    A rule refuses by raising `Refused`. Its reads through the context widen the decision's
    consistency boundary.
    """


@hookspec
def ledger_importers() -> Iterable[Importer]:  # type: ignore[empty-body]  # a signature, never run
    """Formats that commands can be read from: `import --format NAME FILE`."""


@hookspec
def ledger_exporters() -> Iterable[Exporter]:  # type: ignore[empty-body]  # a signature, never run
    """Formats that the ledger can be written in: `export --format NAME`."""


CLASSES: dict[str, type] = {
    "ledger_projections": Projection,
    "ledger_event_types": Event,
    "ledger_decisions": Decision,
}
"""The hooks that give classes of these. A module without the hook gives what it defines."""

OBJECTS: dict[str, type] = {"ledger_importers": Importer, "ledger_exporters": Exporter}
"""The hooks that give what `@importer` and `@exporter` make. As above without the hook."""

HOOKS = (*CLASSES, "ledger_rules", *OBJECTS)
"""All of them."""
