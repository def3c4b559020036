"""The parameters of a view as options of a command."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from ledger.commands.options import Written
from ledger.time.periods import parse_date

if TYPE_CHECKING:
    from ledger.projections.views import Parameter

_ASKED = "asked_"
"""Prefix of a parameter's name within click, so that a view may have one called `output`."""

_TAKEN = ("--as-of", "--explain", "--format", "--json", "--output", "--help")
"""Options of every view: a parameter of that name is given as `--view-NAME`."""


def asked_with(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a view that were given."""
    return {
        name.removeprefix(_ASKED): value for name, value in given.items() if value not in (None, ())
    }


def parameter_option(parameter: "Parameter") -> Callable[[Any], Any]:
    """Return the click option of a parameter."""
    name = f"--{parameter.name.replace('_', '-')}"
    if name in _TAKEN:
        name = f"--view-{name[2:]}"
    to = _ASKED + parameter.name
    if parameter.type is bool and not parameter.many:
        return click.option(f"{name}/--no-{name[2:]}", to, default=None, help=parameter.help)
    kind: Any = {int: int, float: float}.get(parameter.type, str)
    if parameter.choices:
        kind = click.Choice(parameter.choices)
    elif parameter.type is date:
        kind = Written("YYYY-MM-DD", parse_date)
    default = parameter.default
    shown = f"  [default: {default}]" if default not in (None, ()) else ""
    return click.option(
        name,
        to,
        type=kind,
        multiple=parameter.many,
        required=parameter.required,
        help=f"{parameter.help}{shown}".strip(),
    )
