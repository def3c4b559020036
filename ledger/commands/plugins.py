"""`plugin`: which plugins there are, and which of them are in use."""

from typing import TYPE_CHECKING

import click

from ledger.commands import options
from ledger.commands.endings import FOUND
from ledger.commands.output import Output
from ledger.commands.session import Session
from ledger.commands.sheets import Column, Sheet
from ledger.commands.tree import Tree
from ledger.plugin_host import Loaded, PluginHost

if TYPE_CHECKING:
    from ledger.application import Extensions

_COLUMNS = (
    Column("plugin", "Plugin", fixed=True),
    Column("origin", "From", fixed=True),
    Column("version", "Version"),
    Column("state", "State", fixed=True),
    Column("views", "Views", wrap=True),
    Column("rules", "Rules", number=True),
    Column("where", "Where", detail=True),
    Column("error", "Error", detail=True),
)


def host(session: Session) -> PluginHost:
    """The plugins of the session's ledger."""
    if not session.plugins:
        return PluginHost.without_plugins()
    return PluginHost.of_ledger(session.where, session.plugins_dir)


def installed_extensions(session: Session) -> "Extensions":
    """What the plugins add. One that cannot be loaded is named, and the others go on."""
    loaded = host(session).load()
    for failure in loaded.failures:
        session.say(f"warning: the plugin {failure.plugin} is not in use: {failure.error}")
    return loaded.extensions()


@click.group(cls=Tree)
def plugin() -> None:
    """The plugins that are in use."""


@plugin.command("list")
@options.data()
@click.pass_obj
def list_plugins(session: Session, output: Output) -> None:
    """Every plugin that is there, and what it adds.

    Exit code 3 means that one could not be loaded.
    """
    plugins = host(session)
    loaded = plugins.load()
    failed = {failure.plugin: failure for failure in loaded.failures}
    if failed:
        session.exit_code = FOUND
    views, rules = _adds(loaded)
    with output.opened() as sink:
        sink.write(
            Sheet(
                _COLUMNS,
                (
                    (
                        one.name,
                        one.origin,
                        one.version,
                        "off" if not one.enabled else "failed" if one.name in failed else "on",
                        views.get(one.name, ()),
                        rules.get(one.name, 0),
                        one.where,
                        failed[one.name].error if one.name in failed else None,
                    )
                    for one in plugins.found()
                ),
            )
        )
    for failure in loaded.failures:
        session.say(f"{failure.plugin}: {failure.error}")


def _adds(loaded: Loaded) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    views = {
        plugin.found.name: tuple(name for p in plugin.projections for name in p.views)
        for plugin in loaded.plugins
    }
    return views, {plugin.found.name: len(plugin.rules) for plugin in loaded.plugins}


@plugin.command("disable")
@click.argument("name")
@click.pass_obj
def disable(session: Session, name: str) -> None:
    """Load a plugin no longer with this ledger. It works when the plugin is broken."""
    host(session).disable(name)
    session.say(f"{name} is off; on again with: studio-ledger plugin enable {name}")


@plugin.command("enable")
@click.argument("name")
@click.pass_obj
def enable(session: Session, name: str) -> None:
    """Load a plugin again with this ledger."""
    host(session).enable(name)
    session.say(f"{name} is on")
