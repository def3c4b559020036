"""`completion`: what a shell needs to complete commands and options."""

import click
from click.shell_completion import get_completion_class

from ledger.commands.tree import Leaf
from ledger.errors import InternalError

_PROGRAM = "studio-ledger"
_VARIABLE = "_STUDIO_LEDGER_COMPLETE"


@click.command(cls=Leaf)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash   studio-ledger completion bash >> ~/.bashrc
    zsh    studio-ledger completion zsh  >> ~/.zshrc
    fish   studio-ledger completion fish > ~/.config/fish/completions/studio-ledger.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise InternalError(f"click knows no shell {shell}")
    root = click.get_current_context().find_root().command
    script = kind(root, {}, _PROGRAM, _VARIABLE)
    # Not source(): that asks the installed bash for its version, and there may be none here.
    click.echo(script.source_template % script.source_vars())
