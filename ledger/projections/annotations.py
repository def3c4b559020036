"""Annotations: a parameter's type, choices and help, and whether it takes several values.

The parameters of views and the fields of plugins' commands are annotated in one way.
"""

from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Struct


class Annotation(Struct, frozen=True):
    """An annotation in parts: `Annotated[list[Kind] | None, "only these"]`.

    `type` is `Kind`, `many` marks a list of it, `optional` that None is allowed. `choices` are the
    texts of a Literal or Enum. `text` shows the annotation without its `help`.
    """

    type: Any
    many: bool
    optional: bool
    choices: tuple[str, ...]
    help: str
    text: str


def read_annotation(hint: Any, *, lists: tuple[type, ...] = (list,)) -> Annotation:
    """Take an annotation apart; `lists` are the types that stand for several values."""
    help = ""
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
        help = next((note for note in notes if isinstance(note, str)), "")
    inner, optional = _without_none(hint)
    many = get_origin(inner) in lists
    if many:
        inner = next(iter(get_args(inner)), inner)
    choices = tuple(_choice(member) for member in members(inner))
    text = hint.__name__ if isinstance(hint, type) else str(hint)
    return Annotation(inner, many, optional, choices, help, text)


def members(declared: Any) -> tuple[Any, ...]:
    """The values of a Literal or the members of an Enum, in the order of their choices."""
    if get_origin(declared) is Literal:
        return get_args(declared)
    return tuple(declared) if isinstance(declared, type) and issubclass(declared, Enum) else ()


def _choice(member: Any) -> str:
    return str(member.value if isinstance(member, Enum) else member)


def _without_none(declared: Any) -> tuple[Any, bool]:
    if get_origin(declared) in (Union, UnionType):
        others = [a for a in get_args(declared) if a is not NoneType]
        if len(others) == 1:
            return others[0], True
    return declared, False
