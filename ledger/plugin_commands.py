"""How a decision of a plugin becomes a command: its words, and what each field takes.

The command line makes its options of this; the host refuses at load what could not be one.
"""

import re
from collections.abc import Iterable
from datetime import date
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from ledger.decisions.base import Decision
from ledger.plugin_roster import RESERVED
from ledger.projections.faults import BadPlugin
from ledger.times import Moment, When

_WORDS = re.compile(r"[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*){0,2}")
_PLAIN = (str, int, float, bool, date, Moment, When)

TAKEN = frozenset(
    {"reason", "request", "dry_run", "format", "format_", "json", "as_json", "output", "help",
     "output_file", "o", "do"}
)  # fmt: skip
"""What every write takes already, or a line of a batch file."""


class Field(Struct, frozen=True):
    """A parameter of a command.

    `type` is str, int, float, bool, date, Moment, When, a `Literal` or an `Enum`; `many` marks
    a list or tuple of it. `choices` are the texts of a Literal or Enum. An `argument` is given
    by its place, everything else by an option.
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
        """The member that a choice's text stands for; anything else as it is."""
        if not self.choices or text is None:
            return text
        members = get_args(self.type) or tuple(self.type)
        return dict(zip(self.choices, members, strict=True))[text]


def fields_of(decision: type[Decision]) -> tuple[Field, ...]:
    """The parameters of a decision's command. Raises `BadPlugin` for what is no parameter.

    Required texts without a word of help (`exhibitor: str`) that stand before all other fields
    are arguments, since an argument is named and not explained.
    """
    hints = get_type_hints(decision, include_extras=True)
    found: list[Field] = []
    leading = True
    for declared in msgspec.structs.fields(decision):
        hint, help = _without_notes(hints[declared.name])
        inner, _ = _without_none(hint)
        many = get_origin(inner) in (list, tuple)
        if many:
            inner = get_args(inner)[0]
        choices = _choices(inner)
        if not choices and inner not in _PLAIN:
            raise _unfit(decision, declared.name, f"is of the type {_shown(hint)}")
        if many and inner is bool:
            raise _unfit(decision, declared.name, "is a list of yes and no")
        if declared.name in TAKEN:
            raise _unfit(decision, declared.name, "is named like an option of every command")
        leading = leading and declared.required and inner is str and not many and not help
        default = None if declared.default is msgspec.NODEFAULT else declared.default
        found.append(
            Field(
                declared.name, inner, declared.required, default, many, choices,
                help, leading,
            )
        )  # fmt: skip
    return tuple(found)


def check_command(decision: type[Decision]) -> None:
    """Raise `BadPlugin` for a decision that could be no command."""
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
    """Each command has words of its own; `named` gives each with its plugin.

    Raises `BadPlugin` naming both, for the same words, for words that begin as a built-in
    command does, and for those that stand before another's (`expo` and `expo add`).
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


def _shown(hint: Any) -> str:
    return getattr(hint, "__name__", None) or str(hint)


def _without_notes(hint: Any) -> tuple[Any, str]:
    if get_origin(hint) is not Annotated:
        return hint, ""
    declared, *notes = get_args(hint)
    return declared, next((note for note in notes if isinstance(note, str)), "")


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, UnionType):
        others = [a for a in get_args(hint) if a is not NoneType]
        if len(others) == 1:
            return others[0], True
    return hint, False


def _choices(declared: Any) -> tuple[str, ...]:
    if get_origin(declared) is Literal:
        return tuple(str(value) for value in get_args(declared))
    if isinstance(declared, type) and issubclass(declared, Enum):
        return tuple(str(member.value) for member in declared)
    return ()
