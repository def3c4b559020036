"""Items as arguments of a command, and lists of them: from a scanner, or in a file.

`-` stands for the list on standard input, `@FILE` for one in a file. Each line is a barcode, an id,
a serial number or a reference, and after it may be a number of pieces. A line without a number is
one piece of a stock: who scans a bag of cables three times has counted three.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

import click

from ledger.decisions.equipment.several import is_numbered
from ledger.errors import BadInput, LedgerError
from ledger.sidecar_paths import expanded

ARGUMENT = (
    "An ITEM is an id, a barcode, a serial number or a reference; of a stock ID=PIECES. "
    "- is a list of them on standard input, @FILE one in a file: one a line."
)
"""The epilog of the commands that take items."""

_LINES = "ledger.item-lines"
_MOST_BYTES = 4_000_000
_MOST_NAMED = 12
_LINE_END = re.compile(r"\r\n|\r|\n")
_COMMENT = re.compile(r"(?:^|\s)#(?:\s.*)?$|^#.*")


def items(
    metavar: str = "ITEM...", *, name: str = "equipment", required: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an argument that takes items and lists of them; the function gets a text or a tuple.

    An error about what a list names says in which lines.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(*args: Any, **given: Any) -> Any:
            try:
                return function(*args, **given)
            except LedgerError as error:
                lines = click.get_current_context().meta.get(_LINES, {})
                error.where = error.where or _in_lines(lines, error.about)
                raise

        add = click.argument(
            name, nargs=-1, required=required, metavar=metavar, callback=_read_lists
        )
        return add(command)

    return decorate


def quantity(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --quantity, the number of pieces of the one stock that is named."""

    @wraps(function)
    def command(*args: Any, quantity: int | None, **given: Any) -> Any:
        if quantity is not None:
            item = given["equipment"]
            if not isinstance(item, str) or is_numbered(item) or _lists():
                raise BadInput(
                    "--quantity is for one item that is named without a number",
                    advice="Write ID=PIECES for each",
                )
            given["equipment"] = f"{item}={quantity}"
        return function(*args, **given)

    return click.option(
        "--quantity", type=int, metavar="N", help="Pieces of the stock; the same as ID=N."
    )(command)


def _lists() -> bool:
    return bool(click.get_current_context().meta.get(_LINES))


def _read_lists(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> Any:
    """Return the items with those of the lists in their place."""
    if ctx.resilient_parsing:
        return given
    if given.count("-") > 1:
        raise BadInput("standard input can be read only once", advice="Give - once")
    found: list[str] = []
    lines: dict[str, list[str]] = ctx.meta.setdefault(_LINES, {})
    for text in given:
        if text != "-" and not (text.startswith("@") and len(text) > 1):
            found.append(text)
            continue
        of = "" if len(given) == 1 else f" of {text}"
        for number, code in _codes(text):
            found.append(code)
            lines.setdefault(code, []).append(f"{number}{of}")
    is_list = param.nargs == -1 and not param.required
    return found[0] if len(found) == 1 and not is_list else tuple(found)


def _codes(text: str) -> Iterator[tuple[int, str]]:
    """Yield the items of a list, each with its line."""
    what = "the list on standard input" if text == "-" else f"the list {text.removeprefix('@')!r}"
    try:
        read = _bytes(text).decode("utf-8-sig")
        if "\0" in read:
            raise ValueError
    except ValueError:
        raise BadInput(
            f"{what} is not UTF-8 text", advice="Give a text file: one barcode or id a line"
        ) from None
    empty = True
    for number, line in enumerate(_LINE_END.split(read), start=1):
        code = _COMMENT.sub("", line).strip()
        if code:
            empty = False
            yield number, code if is_numbered(code) else f"{code}=1"
    if empty:
        raise BadInput(f"{what} has no items", advice="Give one barcode or id a line")


def _bytes(text: str) -> bytes:
    try:
        if text == "-":
            found = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with expanded(text.removeprefix("@")).open("rb") as file:
                found = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"{text!r} cannot be read: {(error.strerror or '').lower()}",
            advice="Write @FILE for a list in a file, or - for standard input",
        ) from None
    if len(found) > _MOST_BYTES:
        raise BadInput(
            f"{text!r} is longer than the limit of {_MOST_BYTES:,} bytes for a list",
            advice="Give a shorter list; is it one barcode or id a line?",
        )
    return found


def _in_lines(lines: dict[str, list[str]], named: Iterable[str]) -> str:
    """Say in which lines of a list the names are."""
    found = [one for text in dict.fromkeys(named) for one in lines.get(text, ())]
    if not found:
        return ""
    if len(found) == 1:
        return f"line {found[0]}"
    more = len(found) - _MOST_NAMED
    told = ", ".join(found[:_MOST_NAMED])
    return f"lines {told} and {more} more" if more > 0 else f"lines {told}"
