"""The command line: the one package that imports click.

Importing this module or running `--help` loads neither the database nor a plugin.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ledger import __version__
from ledger.commands.exit_codes import ReaderGone, run
from ledger.commands.session import Session, current
from ledger.commands.tree import Later, LazyTree

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ledger.plugin_host.roster import Command

_TABLE = {
    "init": Later("operation.init", "init", "Create a ledger."),
    "demo": Later("operation.demo", "demo", "Create a sample ledger and show it."),
    "apply": Later("studio.apply", "apply", "Run commands from a JSON Lines file."),
    "site": Later("studio.sites", "site", "Campuses."),
    "space": Later("studio.sites", "space", "Stages, halls and other bookable spaces."),
    "project": Later("studio.projects", "project", "Productions and their milestones."),
    "booking": Later("studio.bookings", "booking", "Holds, bookings and shoot days."),
    "equipment": Later("studio.equipment", "equipment", "Where things are and who has them."),
    "view": Later("views.views", "view", "Ask a view: bookings, utilization, …"),
    "views": Later("views.views", "views", "The views: list them, bring them up to date."),
    "log": Later("history.log", "log", "Show the events as recorded, newest last."),
    "show": Later("history.show", "show", "Show one event, or the history of one thing."),
    "blame": Later("history.blame", "blame", "Show who set each field of a thing, and why."),
    "diff": Later("history.diff", "diff", "Show what changed between two places in the log."),
    "replay": Later("history.replay", "replay", "Fold the log again and look around in it."),
    "audit": Later("audit.audit", "audit", "Prove history: checkpoints, proofs, verify."),
    "import": Later(
        "operation.exchange",
        "import_",
        "Run the commands in a file, or load an export.",
    ),
    "export": Later("operation.exchange", "export", "Write the ledger in another format."),
    "plugin": Later(
        "plugins.plugins",
        "plugin",
        "List, check, enable, disable and create plugins.",
    ),
    "backup": Later("operation.backups", "backup", "Copy the ledger while others write."),
    "restore": Later("operation.backups", "restore", "Restore the ledger from a backup."),
    "roles": Later("operation.roles", "roles", "Create the ledger's roles on PostgreSQL."),
    "doctor": Later("operation.doctor", "doctor", "Check the ledger without loading plugins."),
    "completion": Later("completion", "completion", "Print a completion script."),
}


class Root(LazyTree):
    """The root of the commands. However the program is started, it exits from here.

    Plugin commands are listed after the built-in ones, read from source without importing.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the built-in names, then the first words of plugin commands."""
        return [*super().list_commands(ctx), *(name for name, _ in _of_plugins(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; build a plugin's command from its decision."""
        found = super().get_command(ctx, cmd_name)
        if found is not None or cmd_name.startswith("-"):
            return found
        from ledger.commands.plugins.plugin_commands import find_plugin_command

        return find_plugin_command(cmd_name, ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading any."""
        super().format_commands(ctx, formatter)
        added = _of_plugins(ctx)
        if added:
            with formatter.section("Plugin commands"):
                formatter.write_dl(added)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete a name without loading any command."""
        from click.shell_completion import CompletionItem

        added = [
            CompletionItem(name, help=help)
            for name, help in _of_plugins(ctx)
            if name.startswith(incomplete)
        ]
        return added + super().shell_complete(ctx, incomplete)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command and exit with one of the documented codes."""
        session = extra.setdefault("obj", Session())

        def command() -> Any:
            return super(Root, self).main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )

        if not standalone_mode:
            return command()
        sys.exit(run(command, code=lambda: session.exit_code, verbose=lambda: session.verbose))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raise `ReaderGone` when the reader of stdout has closed it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error


def _of_plugins(ctx: click.Context) -> list[tuple[str, str]]:
    """Return the first words of the plugin commands, each with its help."""
    found: dict[str, list[Command]] = {}
    for command in current(ctx).roster.commands():
        found.setdefault(command.words.split()[0], []).append(command)
    return [(name, _told(commands)) for name, commands in found.items()]


def _told(commands: "list[Command]") -> str:
    if " " not in commands[0].words:
        return commands[0].help
    plugins = sorted({command.plugin.name for command in commands})
    verbs = dict.fromkeys(command.words.split()[1] for command in commands)
    return f"{', '.join(verbs)} (plugin {', '.join(plugins)})"


@click.command(
    cls=Root,
    table=_TABLE,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--ledger",
    metavar="PATH|URL",
    envvar="STUDIO_LEDGER",
    help="The ledger: a file, or postgresql://…  [default: ./studio-ledger.db]",
)
@click.option(
    "--read-url",
    metavar="PATH|URL",
    envvar="STUDIO_LEDGER_READ_URL",
    help="A replica of the ledger, read by view, views, log, show and audit verify.",
)
@click.option(
    "--actor",
    metavar="NAME",
    envvar="STUDIO_LEDGER_ACTOR",
    help="Who gives the command; kept in every event.  [default: login name]",
)
@click.option("--no-plugins", is_flag=True, help="Load no plugin: no views, only built-in rules.")
@click.option(
    "--plugins-dir",
    metavar="FOLDER",
    envvar="STUDIO_LEDGER_PLUGINS",
    help="A folder of single-file plugins to load besides the installed ones.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print a traceback on errors.")
@click.version_option(__version__, "--version", message="studio-ledger %(version)s")
@click.pass_obj
def cli(session: Session, /, **given: Any) -> None:
    """Book stages, move equipment, follow projects: every event in one append-only log.

    Data goes to stdout, messages to stderr. --ledger and --actor can also be set in the
    environment (STUDIO_LEDGER, STUDIO_LEDGER_ACTOR) or in a studio-ledger.toml in this
    folder or one above it.
    """
    session.take(given)


__all__ = ["cli"]
