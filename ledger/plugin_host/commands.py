"""How a plugin's decision becomes a command: its words, and its fields as parameters.

The command line makes its options from this; when loading, the host refuses a decision that cannot
become a command.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from ledger.decisions.base import Decision
from ledger.plugin_host.roster import RESERVED
from ledger.projections.annotations import members, read_annotation
from ledger.projections.faults import BadPlugin
from ledger.time.periods import Moment, When

_WORDS = re.compile(r"[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*){0,2}")
_PLAIN = (str, int, float, bool, date, Moment, When)

TAKEN = frozenset(
    {"reason", "request", "dry_run", "format", "format_", "json", "as_json", "output", "help",
     "output_file", "o", "do"}
)  # fmt: skip
"""Names that every write command, or every line of a batch file, already uses."""


class Field(Struct, frozen=True):
    """A parameter of a command.

    `type` is str, int, float, bool, date, Moment, When, a `Literal` or an `Enum`; `many` marks a
    list or tuple of it. `choices` are the texts of a Literal or Enum. An `argument` is given by
    position, everything else by an option.
    """

    name: str
    type: Any
    required: bool
    default: Any
    many: bool
    choices: tuple[str, ...]
    help: str
    argument: bool

    def read(self, text: Any) -> Any:
        """Return the member that a choice's text stands for; any other value as it is."""
        if not self.choices or text is None:
            return text
        return dict(zip(self.choices, members(self.type), strict=True))[text]


def fields_of(decision: type[Decision]) -> tuple[Field, ...]:
    """Return the parameters of a decision's command. Raises `BadPlugin` for an unusable field.

    Required texts without help (`exhibitor: str`) before all other fields are arguments, since an
    argument has a name and no explanation.
    """
    hints = get_type_hints(decision, include_extras=True)
    found: list[Field] = []
    leading = True
    for declared in msgspec.structs.fields(decision):
        part = read_annotation(hints[declared.name], lists=(list, tuple))
        if not part.choices and part.type not in _PLAIN:
            raise _unfit(decision, declared.name, f"is of the type {part.text}")
        if part.many and part.type is bool:
            raise _unfit(decision, declared.name, "is a list of yes and no")
        if declared.name in TAKEN:
            raise _unfit(decision, declared.name, "is named like an option of every command")
        text = part.type is str and not part.many and not part.help
        leading = leading and declared.required and text
        default = None if declared.default is msgspec.NODEFAULT else declared.default
        found.append(
            Field(
                declared.name, part.type, declared.required, default, part.many, part.choices,
                part.help, leading,
            )
        )  # fmt: skip
    return tuple(found)


def check_command(decision: type[Decision]) -> None:
    """Raise `BadPlugin` for a decision that cannot become a command."""
    words = decision.words()
    if not _WORDS.fullmatch(words):
        raise BadPlugin(
            f"{decision.__name__} has the words {words!r}",
            advice='Give it one to three: class Add(Decision, frozen=True, tag="expo add")',
            subject=decision,
        )
    if decision.decide is Decision.decide:
        raise BadPlugin(
            f"{decision.__name__} decides nothing",
            advice="Write def decide(self, ctx): and record an event in it",
            subject=decision,
        )
    fields_of(decision)


def check_commands(named: Iterable[tuple[type[Decision], str]]) -> None:
    """Check that each command has words of its own; `named` gives each with its plugin.

    Raises `BadPlugin` naming both, for the same words, for words that begin as a built-in command
    does, and for words that begin another command's (`expo` and `expo add`).
    """
    found: dict[str, tuple[type[Decision], str]] = {}
    for decision, plugin in named:
        words = decision.words()
        other, owner = found.setdefault(words, (decision, plugin))
        if other is not decision:
            raise _clash(
                f"the plugins {owner} and {plugin} both have" if owner != "studio-ledger" else
                f"the plugin {plugin} and studio-ledger itself both have",
                words, other, decision,
            )  # fmt: skip
        if plugin == "studio-ledger":
            continue
        first = words.split()[0]
        if first in RESERVED:
            raise BadPlugin(
                f"the command {words!r} of the plugin {plugin} begins like studio-ledger's own "
                f"{first!r}",
                advice=f'Begin it with a word of the plugin: tag="{plugin.replace("_", "-")} …"',
                subject=decision,
            )
        for shorter, longer in ((words, one) for one in found):
            if longer.startswith(f"{shorter} ") or shorter.startswith(f"{longer} "):
                raise BadPlugin(
                    f"the plugins {found[longer][1]} and {plugin} have the commands {longer!r} "
                    f"and {shorter!r}, and one hides the other",
                    advice="Give the shorter one a second word",
                    subject=decision,
                )


def _clash(both: str, words: str, other: type[Decision], decision: type[Decision]) -> BadPlugin:
    return BadPlugin(
        f"{both} a command {words!r}: {other.__name__} and {decision.__name__}; there is a "
        f"command {words!r} already",
        advice=f'Give {decision.__name__} other words: tag="… …"',
        subject=decision,
    )


def _unfit(decision: type[Decision], field: str, problem: str) -> BadPlugin:
    return BadPlugin(
        f"the field {field} of the command {decision.words()!r} {problem}",
        advice="Use str, int, float, bool, date, Moment, When, Literal, Enum, a tuple of one of "
        "them, or one of them | None, under a name of its own",
        subject=decision,
    )
