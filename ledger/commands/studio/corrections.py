"""`correct` and `undo`: fix any recorded entry."""

import click

from ledger.commands.options import Written
from ledger.commands.studio.writing import records
from ledger.commands.tree import Leaf
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.errors import BadInput


def _position(text: str) -> int:
    digits = text.removeprefix("#")
    if not (digits.isdecimal() and digits.isascii() and len(digits) < 19):
        of = f"show {text}" if text and text.isprintable() and " " not in text else "log"
        raise BadInput(f"{text!r} is not a position", advice=f"See the positions with: {of}")
    return int(digits)


POSITION = Written("POSITION", _position)


def _fields(texts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or name in found:
            what = f"{name!r} is given twice" if name in found else f"{text!r} has no value"
            raise BadInput(what, advice="Write FIELD=VALUE, such as title=Night")
        found[name.replace("-", "_")] = value
    return found


@click.command(cls=Leaf)
@click.argument("position", type=POSITION)
@click.argument("to", metavar="FIELD=VALUE…", nargs=-1, required=True)
@records
def correct(position: int, to: tuple[str, ...]) -> CorrectEntry:
    """Correct an entry: give the fields that were wrong, and a --reason.

    Later entries that repeat the wrong value are corrected along. The rules judge the result as of
    now; the mistake stays in the log (`show`, `log --corrections`). An empty value clears an
    optional field.

    \b
    studio-ledger correct 812 on=2025-07-12 --reason "wrapped two days later"
    """
    return CorrectEntry(position=position, to=_fields(to))


@click.command(cls=Leaf)
@click.argument("position", type=POSITION)
@records
def undo(position: int) -> UndoEntry:
    """Take an entry back, with a --reason; it stays in the log.

    Of a correction or an undo, bring back what it replaced. The rules judge what stands then,
    as of now: after the undo of a wrap, the days must still be free.

    \b
    studio-ledger undo 812 --reason "they are still shooting"
    """
    return UndoEntry(position=position)
