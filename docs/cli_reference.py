"""Writes the pages of docs/reference that repeat what the command line says of itself.

`make docs` brings them up to date, `make check` fails where they are not.
"""

from collections.abc import Callable, Iterator

import click

PROGRAM = "studio-ledger"


def write_reference(out: Callable[[str], None]) -> None:
    """Write a section for each command, in the order in which `--help` lists them."""
    from ledger.commands import cli

    for context in contexts(click.Context(cli, info_name=PROGRAM, max_content_width=88)):
        depth = "#" * min(2 + context.command_path.count(" "), 4)
        out(f"\n{depth} {context.command_path}\n\n```text\n{context.get_help()}\n```\n")
    out("\n")


def contexts(context: click.Context) -> Iterator[click.Context]:
    """A command and all commands below it, each with the words that call it."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if command is not None and not command.hidden:
                yield from contexts(
                    click.Context(command, parent=context, info_name=name, terminal_width=88)
                )
