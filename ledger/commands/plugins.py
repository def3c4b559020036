"""`plugin`: which plugins there are, whether they are sound, and which of them are in use."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ledger.commands import options
from ledger.commands.endings import FOUND
from ledger.commands.output import Output
from ledger.commands.session import Session
from ledger.commands.sheets import Column, Sheet
from ledger.commands.tree import Tree
from ledger.companions import expanded
from ledger.errors import BadInput

if TYPE_CHECKING:
    from ledger.application import Extensions
    from ledger.plugin_host import PluginHost
    from ledger.plugin_loading import Loaded

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
    Column("failure", "What stopped it", wrap=True),
)


def extensions_in_use(session: Session) -> "Extensions":
    """What the plugins add that the command needs.

    One that cannot be loaded is named, and the others go on. Raises `BadInput` where that
    one has rules and the command records: nothing is recorded unchecked.
    """
    from ledger.plugin_host import PluginHost

    loaded = (session.wanted or PluginHost.load)(session.host)
    for failure in loaded.failures:
        if session.records and session.host.has_rules(failure.plugin):
            raise BadInput(
                f"nothing can be recorded, since the rules of the plugin {failure.plugin} cannot "
                f"be asked: {failure.error}",
                advice=f"Mend it, or go on without it: plugin disable {failure.plugin}",
            )
        session.say(f"warning: the plugin {failure.plugin} is not in use: {failure.error}")
    return loaded.extensions()


@click.group(cls=Tree)
def plugin() -> None:
    """The plugins that are in use."""


# --- which there are ---------------------------------------------------------------------


@plugin.command("list")
@options.data()
@click.pass_obj
def list_plugins(session: Session, output: Output) -> None:
    """Every plugin that is there, and what it adds; none is imported.

    What a plugin adds is read from its source. Exit code 3 means that one cannot be used as
    it is written; `plugin check` imports them all and finds more.
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
    note = wrong or (f"imported to be known: {outline.opaque}" if outline.opaque else None)
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
    """Load a plugin no longer with this ledger. It works when the plugin is broken."""
    session.roster.disable(name)
    session.say(f"{name} is off; on again with: studio-ledger plugin enable {name}")


@plugin.command("enable")
@click.argument("name")
@click.pass_obj
def enable(session: Session, name: str) -> None:
    """Load a plugin again with this ledger."""
    session.roster.enable(name)
    session.say(f"{name} is on")


# --- whether they are sound ------------------------------------------------------------------


@plugin.command("check")
@click.argument("names", nargs=-1)
@options.data()
@click.pass_obj
def check(session: Session, names: tuple[str, ...], output: Output) -> None:
    """Import the plugins and say what is wrong with them, with file and line.

    All that are on, or those named. Exit code 3 means that something is wrong.
    """
    host = session.host
    loaded = host.load()
    rows = [row for row in _checked(host, loaded) if not names or row[0] in names]
    unknown = sorted(set(names) - {row[0] for row in rows})
    if unknown:
        raise BadInput(f"no plugin {unknown[0]!r} is in use", advice="List them with: plugin list")
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
        f"all {len(rows)} plugins are well" if len(rows) != 1 else "the plugin is well"
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
    """What each projection costs: its import, and a replay of the ledger's whole log.

    The time per event is that of the events it handles. The share is of all projections
    and the reading of the log together.
    """
    from ledger.plugin_profile import measure_import, profile_projections

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
    "--in", "folder", metavar="FOLDER", default=".", help="Where it is made.  [default: here]"
)
@click.pass_obj
def new(session: Session, name: str, folder: str) -> None:
    """Write a new plugin: a projection with a view, its contract test and its docs page.

    It is made in a folder `plugins`, which a ledger beside it finds by itself. What is there
    already is never written over.

    \b
    studio-ledger plugin new crew_hours
    python -m pytest
    studio-ledger view crew-hours
    """
    from ledger.commands.new_plugin import write_plugin

    made = write_plugin(name, expanded(folder), taken=set(session.host.views()))
    for file in made.files:
        session.say(f"wrote {file}")
    session.say(f"test it: {made.test}")
    session.say(f"ask it: studio-ledger view {made.view}")
