"""Write the page of docs/reference that repeats the help of the command line.

`make docs` brings it up to date, `make check` fails if it is not.
"""

from collections.abc import Callable, Iterator

import click

PROGRAM = "studio-ledger"


def write_reference(out: Callable[[str], None]) -> None:
    """Write a section for each command, in the order in which `--help` lists them."""
    from ledger.commands import cli

    for context in contexts(cli, PROGRAM):
        depth = "#" * min(2 + context.command_path.count(" "), 4)
        out(f"\n{depth} {context.command_path}\n\n```text\n{context.get_help()}\n```\n")
    out("\n")


def contexts(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield a command and all below it, each as if called by its words in 88 columns."""
    settings = {**command.context_settings, "terminal_width": 88}
    context = command.context_class(command, parent, name, **settings)
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None and not found.hidden:
                yield from contexts(found, below, context)
