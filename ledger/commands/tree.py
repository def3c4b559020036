"""The command tree: groups that load a command when it is called, and suggest similar names.

`--help` and completion read names and short helps from a static table, so that they load
neither the database nor the plugins.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Section(NamedTuple):
    """A heading in help texts, for options that many commands share."""

    title: str


RECORDING = Section("Recording")
OUTPUT = Section("Output")
LOOKING_BACK = Section("Looking back")


class Shared(click.Option):
    """An option that is listed under the heading of its section."""

    def __init__(self, *args: Any, section: Section, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Leaf(click.Command):
    """A command whose help shows its own options first, then the shared ones by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section after section."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            # The usage line has an argument's name, the text its meaning.
            record = None if isinstance(param, click.Argument) else param.get_help_record(ctx)
            if record is None:
                continue
            title = param.section.title if isinstance(param, Shared) else "Options"
            sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Tree(click.Group):
    """A group that suggests a similar command for an unknown one."""

    command_class = Leaf

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest a similar one."""
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            raise click.exceptions.NoSuchCommand(
                args[0], possibilities=self.list_commands(ctx), ctx=ctx
            )
        return super().resolve_command(ctx, args)


class Later(NamedTuple):
    """A command that is loaded when it is called: its module below `ledger.commands`, and its
    short help."""

    module: str
    attribute: str
    help: str


class LazyTree(Tree):
    """A group of commands that are loaded when they are called."""

    def __init__(self, *args: Any, table: Mapping[str, Later], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        later = self.table.get(cmd_name)
        if later is None:
            return None
        command: click.Command = getattr(
            import_module(f"ledger.commands.{later.module}"), later.attribute
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, later.help) for name, later in self.table.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete a name without loading a command."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=later.help)
            for name, later in self.table.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)
