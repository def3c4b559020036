"""`plugin`: list, check, enable, disable, profile and create plugins."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.exit_codes import FOUND
from ledger.commands.session import Session
from ledger.commands.tree import Tree
from ledger.errors import BadInput
from ledger.sidecar_paths import expanded
from ledger.terminal.output import Output
from ledger.terminal.sheets import Column, Sheet

if TYPE_CHECKING:
    from ledger.plugin_host.host import PluginHost
    from ledger.plugin_host.loading import Loaded

_LIST = (
    Column("plugin", "Plugin", fixed=True),
    Column("origin", "From", fixed=True),
    Column("version", "Version"),
    Column("state", "State", fixed=True),
    Column("views", "Views", wrap=True),
    Column("commands", "Commands", wrap=True),
    Column("rules", "Rules", fixed=True),
    Column("formats", "Formats", detail=True),
    Column("events", "Events", detail=True),
    Column("where", "Where", detail=True),
    Column("note", "Note", detail=True),
)
_CHECK = (
    Column("plugin", "Plugin", fixed=True),
    Column("state", "State", fixed=True),
    Column("error", "Remark", fold=True),
    Column("where", "Where", detail=True),
)
_PROFILE = (
    Column("plugin", "Plugin", fixed=True),
    Column("projection", "Projection", fixed=True),
    Column("import_ms", "Import", "ms", number=True),
    Column("events", "Events", number=True),
    Column("us_per_event", "Per event", "µs", number=True),
    Column("rows", "Rows", number=True),
    Column("share", "Share of a replay", number=True),
    Column("failure", "Failure", wrap=True),
)


@click.group(cls=Tree)
def plugin() -> None:
    """List, check, enable, disable, profile and create plugins."""


# --- which there are ---------------------------------------------------------------------


@plugin.command("list")
@options.data()
@click.pass_obj
def list_plugins(session: Session, output: Output) -> None:
    """List every plugin and what it adds, without importing any.

    The additions are read from the source of each. Exit code 3 means that a plugin cannot be
    used as written; `plugin check` imports them all and finds more.
    """
    host = session.host
    wrong = dict(host.problems())
    if wrong:
        session.exit_code = FOUND
    with output.opened() as sink:
        sink.write(Sheet(_LIST, (_listed(host, found, wrong.get(found)) for found in host.found())))
    for found, why in wrong.items():
        session.say(f"{found.name}: {why}")


def _listed(host: "PluginHost", found: Any, wrong: str | None) -> tuple[Any, ...]:
    manifest = host.manifest(found)
    outline = manifest.outline
    adds = manifest.summary()
    note = wrong or (f"known only by importing it: {outline.opaque}" if outline.opaque else None)
    return (
        found.name,
        found.origin,
        found.version,
        "off" if not found.enabled else "failed" if wrong else "on",
        adds["views"],
        adds["commands"],
        "rules" if "ledger_rules" in outline.hooks else None,
        adds["formats"],
        adds["events"],
        found.where,
        note,
    )


@plugin.command("disable")
@click.argument("name")
@click.pass_obj
def disable(session: Session, name: str) -> None:
    """Stop loading a plugin with this ledger. Works even if the plugin is broken."""
    session.roster.disable(name)
    session.say(f"{name} is off; to turn it on again: studio-ledger plugin enable {name}")


@plugin.command("enable")
@click.argument("name")
@click.pass_obj
def enable(session: Session, name: str) -> None:
    """Load a disabled plugin with this ledger again."""
    session.roster.enable(name)
    session.say(f"{name} is on")


# --- whether they work -----------------------------------------------------------------------


@plugin.command("check")
@click.argument("names", nargs=-1)
@options.data()
@click.pass_obj
def check(session: Session, names: tuple[str, ...], output: Output) -> None:
    """Import plugins and show what is wrong with them, with file and line.

    Checks those named, or all that are on. Exit code 3 means that something is wrong.
    """
    host = session.host
    loaded = host.load()
    rows = [row for row in _checked(host, loaded) if not names or row[0] in names]
    unknown = sorted(set(names) - {row[0] for row in rows})
    if unknown:
        raise BadInput(f"no plugin {unknown[0]!r} is in use", advice="List them: plugin list")
    bad = [row for row in rows if row[1] == "wrong"]
    if bad:
        session.exit_code = FOUND
    with output.opened() as sink:
        sink.write(Sheet(_CHECK, rows))
    if session.verbose:
        for failure in loaded.failures:
            session.say(failure.traceback)
    session.say(
        f"{len(bad)} of {len(rows)} plugins cannot be used" if bad else
        f"all {len(rows)} plugins work" if len(rows) != 1 else "the plugin works"
    )  # fmt: skip


def _checked(host: "PluginHost", loaded: "Loaded") -> Iterator[tuple[str, str, str | None, str]]:
    for plugin in loaded.plugins:
        hidden = host.hidden(plugin)
        yield plugin.found.name, "ok", hidden or None, plugin.found.where
    for failure in loaded.failures:
        yield failure.plugin, "wrong", failure.error, failure.where


# --- what they cost ---------------------------------------------------------------------------


@plugin.command("profile")
@click.argument("names", nargs=-1)
@options.data()
@click.pass_obj
def profile(session: Session, names: tuple[str, ...], output: Output) -> None:
    """Measure each projection: its import, and a replay of the ledger's whole log.

    The time per event counts only the events it handles. The share is of the total for all
    projections and reading the log.
    """
    from ledger.plugin_host.profile import measure_import, profile_projections

    host = session.host
    imports = {found.name: measure_import(found) for found in host.in_use()
               if not names or found.name in names}  # fmt: skip
    unknown = sorted(set(names) - set(imports))
    if unknown:
        raise BadInput(f"no plugin {unknown[0]!r} is in use", advice="List them: plugin list")
    ledger = session.open(read_only=True)
    wanted = [p for p in ledger.extensions.projections if p.plugin in imports]
    costs = profile_projections(wanted, ledger.log)
    idle = set(imports) - {cost.plugin for cost in costs.projections}
    with output.opened() as sink:
        sink.write(
            Sheet(
                _PROFILE,
                [
                    *(
                        (c.plugin, c.projection, imports[c.plugin], c.events, c.us_per_event,
                         c.rows, c.share, c.failure)
                        for c in costs.projections
                    ),
                    *((name, None, imports[name], None, None, None, None, None)
                      for name in sorted(idle)),
                ],
            )
        )  # fmt: skip
    session.say(
        f"{costs.events:,} events; reading them took {costs.reading_share:.0%} of "
        f"{costs.seconds:.2f} s"
    )


# --- a new one ----------------------------------------------------------------------------------


@plugin.command("new")
@click.argument("name")
@click.option(
    "--in", "folder", metavar="FOLDER", default=".", help="Where to create it.  [default: here]"
)
@click.pass_obj
def new(session: Session, name: str, folder: str) -> None:
    """Create a plugin: a projection with a view, its contract test and its docs page.

    It is written to a folder `plugins`; a ledger beside that folder loads it without a setting.
    Never overwrites anything.

    \b
    studio-ledger plugin new crew_hours
    python -m pytest
    studio-ledger view crew-hours
    """
    from ledger.commands.plugins.new_plugin import write_plugin

    made = write_plugin(name, expanded(folder), taken=set(session.host.views()))
    for file in made.files:
        session.say(f"wrote {file}")
    session.say(f"to test it: {made.test}")
    session.say(f"to ask it: studio-ledger view {made.view}")
