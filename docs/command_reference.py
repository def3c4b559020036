"""Write docs/reference/commands-in-a-file.md: each command with the keys of its line.

Keys, types and defaults come from the decisions, most meanings from the help of the option
that the key stands for. A key without an option of its own has its meaning here.
"""

from collections.abc import Callable, Iterator
from inspect import cleandoc

import click
import msgspec

from docs.cli_reference import contexts
from ledger.decisions import STUDIO_DECISIONS
from ledger.decisions.base import Decision
from ledger.decisions.command_keys import Key, keys

MEANINGS = {
    "booking": "The booking's id.",
    **{
        f"booking {words}.booking": "A booking's id, a job's for all of its bookings, or several."
        for words in (
            *("challenge", "release", "confirm", "move", "change", "give-back"),
            *("start", "wrap", "cancel"),
        )
    },
    "booking hold.space": "The space's id, or several.",
    "booking challenge.against": "Only these holders; null: all that are ahead.",
    "booking move.plan": "The new use of days; other days keep theirs, which moves along.",
    "booking hold.plan": "The use of days; those not listed are shoot days.",
    "booking report.pages_planned_eighths": "Script pages planned, in eighths: 19 is 2 3/8 pages.",
    "booking report.pages_shot_eighths": "Script pages shot, in eighths.",
    "booking change.contact": "Whom to ask about it; null removes it.",
    "booking change.expires_at": "When the hold expires; null: it does not.",
    "booking change.note": "A note for others; null removes it.",
    "booking merge.bookings": "The bookings' ids; the first stays.",
    "booking move.to": "A new end alone: a time, or the last day.",
    "closure": "The closure's id.",
    "container": "The container, an item like any other.",
    "equipment": "An item's id, barcode, serial number or reference; of a stock `ID=PIECES`.",
    "equipment add.equipment": "The item's id.",
    **{
        f"equipment change.{name}": f"{told}; null: none."
        for name, told in (
            ("home", "Where it belongs"),
            ("maker", "Who made it"),
            ("serial", "Its serial number"),
            ("barcode", "The barcode or RFID code on it"),
            ("owner", "Whose it is"),
            ("value", "Its worth"),
            ("note", "A note for others"),
            ("reference", "Its id in another system"),
        )
    },
    "equipment drop-hire.subhire": "The sub-hire's id.",
    "equipment sub-hire.what": "A kind or a stock, and how many: `KIND=NUMBER`.",
    **{
        f"equipment {words}.equipment": "An item, of a stock `ID=PIECES`, or several."
        for words in (
            *("move", "pack", "unpack", "retire", "reserve", "release"),
            *("check-out", "lend", "prolong", "check-in", "hand-over"),
            *("count", "lost", "found", "buy"),
        )
    },
    "milestone": "The milestone, such as `picture-lock`.",
    "position": "The position of the entry, as last corrected.",
    "project": "The project's id.",
    "rank": "The new rank; 1 is first.",
    "site": "The site's id.",
    "space": "The space's id.",
    "space change.answer_within_hours": "Hours for an answer; null leaves them to the site.",
    "space change.area_m2": "Floor area; null: none.",
    "space change.capacity": "Units; null makes it exclusive.",
    "space change.phase": "Its phase; null removes it.",
    "space change.turnaround_hours": "Hours between two productions; null: none.",
    "to": "The fields that were wrong, with their right values; null clears one.",
    "when": "The days or hours; `--days`, or `--from` and `--to`, on the command line.",
}
"""By key, or by command and key if the meaning differs there."""


def write_reference(out: Callable[[str], None]) -> None:
    """Write a section for each command, in the order in which a studio needs them."""
    options = _options()
    for command in STUDIO_DECISIONS:
        out("\n" + "\n".join(section(command, options[command.words()])) + "\n")
    out("\n")


def section(command: type[Decision], options: dict[str, str]) -> Iterator[str]:
    """Yield the lines of one command's section."""
    yield f"## {command.words()}\n"
    yield cleandoc(command.__doc__ or "").partition("\n\n")[0]
    yield "\n| key | | takes | meaning |"
    yield "| --- | --- | --- | --- |"
    for key in keys(command):
        told = meaning(command, key, options)
        yield f"| `{key.name}` | {_need(key)} | {_cell(key.takes)} | {_cell(told)} |"


def meaning(command: type[Decision], key: Key, options: dict[str, str]) -> str:
    """Return the meaning of the key there. Raises `KeyError` for one without a text."""
    own = MEANINGS.get(f"{command.words()}.{key.name}") or options.get(key.name)
    return MEANINGS[key.name] if own is None else own


def _need(key: Key) -> str:
    if key.needed:
        return "needed"
    if key.default is None or key.default == ():
        return ""
    return f"else `{msgspec.json.encode(key.default).decode()}`"


def _options() -> dict[str, dict[str, str]]:
    """Return the helps of each command's options, by the words of the command."""
    from ledger.commands import cli

    return {
        context.command_path.partition(" ")[2]: {
            str(param.name): param.help
            for param in context.command.params
            if isinstance(param, click.Option) and param.help
        }
        for context in contexts(cli, "studio-ledger")
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
