"""`list` and `show` of each noun: the view that lists its things, and the history of one.

They have no code of their own: `booking list` is `view bookings`, `booking show b-1` is
`show booking:b-1`.
"""

from typing import TYPE_CHECKING, Any

import click

from ledger.commands.session import current
from ledger.commands.tree import Leaf, Tree

if TYPE_CHECKING:
    from ledger.commands.session import Session


class NounTree(Tree):
    """The commands of a noun, and `list` and `show` after them."""

    def __init__(self, *args: Any, listed_by: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.listed_by = listed_by

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The noun's own commands, then `list` and `show`."""
        return [*self.commands, "list", "show"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; `list` takes the parameters of its view."""
        if cmd_name == "list":
            return _list(current(ctx), self.listed_by)
        if cmd_name == "show":
            return _show(str(self.name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without reading the view's plugin, which a help need not wait for."""
        room = formatter.width - 6 - max(map(len, self.list_commands(ctx)))
        own = [(name, one.get_short_help_str(room)) for name, one in self.commands.items()]
        listed, shown = _texts(self)
        with formatter.section("Commands"):
            formatter.write_dl([*own, ("list", listed), ("show", shown)])


def _texts(noun: NounTree) -> tuple[str, str]:
    """The short helps of `list` and `show`."""
    return f"List them, as view {noun.listed_by} does.", f"Show one, as show {noun.name}:ID does."


def _list(session: "Session", view: str) -> click.Command:
    from ledger.commands.views.views import command_of_view, find_view, no_such_view

    found = find_view(session, view)
    if found is not None:
        made = command_of_view(found)
        made.name = "list"
        return made

    def refuse(**_: Any) -> None:
        raise no_such_view(session, view)

    return click.Command("list", callback=refuse)


def _show(noun: str) -> click.Command:
    from ledger.commands.history.show import show

    def show_one(id: str, **given: Any) -> None:
        assert show.callback is not None
        show.callback(target=f"{noun}:{id.removeprefix(f'{noun}:')}", **given)

    return Leaf(
        "show",
        params=[click.Argument(["id"], metavar=noun.upper()), *show.params[1:]],
        callback=show_one,
        help=f"Show the history of one {noun}. The same as: show {noun}:ID",
    )
