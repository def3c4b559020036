"""`completion`: print the script with which a shell completes commands and options."""

import click
from click.shell_completion import get_completion_class

from ledger.commands.tree import Leaf
from ledger.errors import InternalError

_PROGRAM = "studio-ledger"
_VARIABLE = "_STUDIO_LEDGER_COMPLETE"


@click.command(cls=Leaf)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a completion script for a shell.

    \b
    bash   studio-ledger completion bash >> ~/.bashrc
    zsh    studio-ledger completion zsh  >> ~/.zshrc
    fish   studio-ledger completion fish > ~/.config/fish/completions/studio-ledger.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise InternalError(f"click does not support the shell {shell}")
    root = click.get_current_context().find_root().command
    script = kind(root, {}, _PROGRAM, _VARIABLE)
    # Not source(): it asks the installed bash for its version, and bash may be missing.
    click.echo(script.source_template % script.source_vars())
