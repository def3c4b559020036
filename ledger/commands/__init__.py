"""The command line: click lives here and nowhere else.

Importing this module and asking for `--help` loads neither the database nor a plugin.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ledger import __version__
from ledger.commands.endings import ReaderGone, run
from ledger.commands.session import Session, current
from ledger.commands.tree import Later, LazyTree

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ledger.plugin_roster import Command

_TABLE = {
    "init": Later("ledger.commands.init", "init", "Make a new ledger."),
    "demo": Later("ledger.commands.demo", "demo", "Make a sample ledger and show it."),
    "apply": Later("ledger.commands.apply", "apply", "Carry out commands from a JSON-lines file."),
    "site": Later("ledger.commands.sites", "site", "Campuses."),
    "space": Later("ledger.commands.sites", "space", "Stages, halls and whatever can be booked."),
    "project": Later("ledger.commands.projects", "project", "Productions and their milestones."),
    "booking": Later("ledger.commands.bookings", "booking", "Holds, bookings and shoot days."),
    "equipment": Later("ledger.commands.equipment", "equipment", "Where things are, who has them."),
    "view": Later("ledger.commands.views", "view", "Ask a view: bookings, utilization, …"),
    "views": Later(
        "ledger.commands.views", "views", "The views: list them, bring them up to date."
    ),
    "log": Later("ledger.commands.log", "log", "Show the events as recorded, newest last."),
    "show": Later("ledger.commands.show", "show", "Show one event, or the history of one thing."),
    "blame": Later(
        "ledger.commands.blame", "blame", "Show who set each field of a thing, and why."
    ),
    "diff": Later(
        "ledger.commands.diff", "diff", "Show what changed between two places in the log."
    ),
    "replay": Later(
        "ledger.commands.replay", "replay", "Fold the log again, to look around there."
    ),
    "audit": Later("ledger.commands.audit", "audit", "Prove history: checkpoints, proofs, verify."),
    "import": Later("ledger.commands.exchange", "import_", "Carry out what a file says."),
    "export": Later("ledger.commands.exchange", "export", "Write the ledger in a format."),
    "plugin": Later("ledger.commands.plugins", "plugin", "The plugins that are in use."),
    "backup": Later("ledger.commands.backups", "backup", "Copy the ledger while others write."),
    "restore": Later("ledger.commands.backups", "restore", "Make the ledger from a backup."),
    "roles": Later("ledger.commands.roles", "roles", "Give the ledger its roles, on PostgreSQL."),
    "doctor": Later("ledger.commands.doctor", "doctor", "Check the ledger without any plugin."),
    "completion": Later("ledger.commands.completion", "completion", "Print a completion script."),
}


class Root(LazyTree):
    """The whole tree. Every way in (installed, checkout, test) ends here, with its exit code.

    The commands of plugins are listed after the built-in ones, from their sources alone.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The built-in names, then the plugins' first words."""
        return [*super().list_commands(ctx), *(name for name, _ in _of_plugins(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; a plugin's is made of its decision."""
        found = super().get_command(ctx, cmd_name)
        if found is not None or cmd_name.startswith("-"):
            return found
        from ledger.commands.plugin_commands import find_plugin_command

        return find_plugin_command(cmd_name, ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading one."""
        super().format_commands(ctx, formatter)
        added = _of_plugins(ctx)
        if added:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(added)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete a name without loading a command."""
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
        """Run, and exit with one of the documented codes."""
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
        """Run the command. That its reader has gone is told apart from an error of its own."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error


def _of_plugins(ctx: click.Context) -> list[tuple[str, str]]:
    """The first words of the plugins' commands, each with what it is for."""
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
    help="A replica of the ledger: view, views, log, show and audit verify read there.",
)
@click.option(
    "--actor",
    metavar="NAME",
    envvar="STUDIO_LEDGER_ACTOR",
    help="Who commands; every event says so.  [default: the login name]",
)
@click.option(
    "--no-plugins", is_flag=True, help="Load no plugin: no views, the studio's own rules."
)
@click.option(
    "--plugins-dir",
    metavar="FOLDER",
    envvar="STUDIO_LEDGER_PLUGINS",
    help="A folder of one-file plugins, beside the installed ones.",
)
@click.option("-v", "--verbose", is_flag=True, help="With an error, print where it happened.")
@click.version_option(__version__, "--version", message="studio-ledger %(version)s")
@click.pass_obj
def cli(session: Session, /, **given: Any) -> None:
    """Book stages, move equipment, follow projects: every event in one append-only log.

    Data goes to stdout, words to stderr. --ledger and --actor can also stand in the
    environment (STUDIO_LEDGER, STUDIO_LEDGER_ACTOR) or in a studio-ledger.toml, in this
    folder or above it.
    """
    session.take(given)


__all__ = ["cli"]
