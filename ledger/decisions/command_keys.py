"""The keys of a command in a file, and the errors about wrong ones.

msgspec gives the place of a bad value in a path language of its own, and says of a bad key
only that it is bad. These errors name the key, what it takes, and the nearest name, as the
command line does for an option: the file may have been written by hand.
"""

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, UNSET, Struct, UnsetType

from ledger.errors import BadInput, LedgerError, did_you_mean, near, suggestion
from ledger.events.bookings import DayPlan
from ledger.time.periods import Deadline, Moment, When
from ledger.time.spoken_days import IN_A_FILE, is_said

Read = Callable[[Any, Any], Any]
"""Reads a JSON value as the declared type; raises `ValidationError` or a `LedgerError`."""


class Key(Struct, frozen=True):
    """A key of a command: what it takes, in words, and whether it is needed.

    `default` is its value where it is left out; None also where the command generates one.
    """

    name: str
    takes: str
    needed: bool
    default: Any = None


class _Form(NamedTuple):
    noun: str
    advice: str


_FORMS: dict[Any, _Form] = {
    str: _Form("text", "Write it in quotes"),
    int: _Form("whole number", "Write digits without quotes"),
    float: _Form("number", "Write digits without quotes"),
    bool: _Form("true or false", "Write true or false, without quotes"),
    date: _Form("day", "Write YYYY-MM-DD, a day that the calendar has"),
    Moment: _Form("time", "Write 2025-07-01T08:00, or with an offset +08:00"),
    Deadline: _Form("time", "Write 2025-07-01T08:00, or a day for its end: 2025-07-01"),
    dict[str, Any]: _Form("object of fields", 'Write {"title": "Night"}'),
    When: _Form("period", "Write whole days A..B, or START..END in times"),
    DayPlan: _Form(
        "day plan", 'Write {"first": "2025-07-01", "last": "2025-07-02", "type": "prep"}'
    ),
}


def keys(command: type[Struct]) -> tuple[Key, ...]:
    """Return the keys of a command, in the order of their declaration."""
    hints = get_type_hints(command)
    return tuple(
        Key(
            field.name,
            takes(hints[field.name]),
            field.required,
            None if field.default in (NODEFAULT, UNSET) else field.default,
        )
        for field in msgspec.structs.fields(command)
    )


def takes(hint: Any) -> str:
    """Return in words what a key of that type takes."""
    kind, nullable = _without_null(hint)
    if get_origin(kind) is Literal:
        words = " · ".join(str(value) for value in get_args(kind))
    elif get_origin(kind) is Union:
        words = " or ".join(takes(one) for one in get_args(kind))
    elif get_origin(kind) is tuple:
        item = takes(get_args(kind)[0])
        words = f"list of {item}" if item == "text" else f"list of {item}s"
    else:
        words = _FORMS[kind].noun if kind in _FORMS else getattr(kind, "__name__", str(kind))
    return f"{words}, or null" if nullable else words


def explain(name: str, command: type[Struct], asked: Mapping[str, Any], read: Read) -> BadInput:
    """Return the first error in a command as it was written."""
    for key, what, advice in _troubles(command, asked, read, said={"do"}):
        return BadInput(f"{name}: {key}{what}", advice=advice)
    return BadInput(f"{name}: this cannot be read", advice=_all_keys(command))


def _troubles(
    command: type[Struct], asked: Mapping[str, Any], read: Read, *, said: set[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield each error as the key, what is wrong, and what to do."""
    known = {field.name: field for field in msgspec.structs.fields(command)}
    for key in asked:
        if key not in known and key not in said:
            yield "", f"the key {key!r} is unknown", _meant(key, command)
    for key, field in known.items():
        if field.required and key not in asked:
            yield "", f"the key {key!r} is missing", _all_keys(command)
    hints = get_type_hints(command)
    for key in known:
        if key in asked:
            yield from _wrong(f"{key!r}: ", asked[key], hints[key], read)


def _wrong(key: str, value: Any, hint: Any, read: Read) -> Iterator[tuple[str, str, str]]:
    kind, nullable = _without_null(hint)
    if value is None and nullable:
        return
    if get_origin(kind) is Union and isinstance(value, list):
        kind = next((one for one in get_args(kind) if get_origin(one) is tuple), kind)
    if get_origin(kind) is tuple and isinstance(value, list):
        for index, item in enumerate(value, start=1):
            yield from _wrong(f"{key}item {index}, ", item, get_args(kind)[0], read)
        return
    if isinstance(kind, type) and issubclass(kind, Struct) and isinstance(value, dict):
        for below, what, advice in _troubles(kind, value, read, said=set()):
            yield f"{key}{below}", what, advice
        return
    try:
        read(value, kind)
    except LedgerError as error:
        yield key, error.message, error.advice
    except (msgspec.ValidationError, ValueError):
        yield key, *_said(value, kind, nullable=nullable)


def _said(value: Any, kind: Any, *, nullable: bool) -> tuple[str, str]:
    shown = msgspec.json.encode(value).decode()
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    or_null = ", or null" if nullable else ""
    if get_origin(kind) is Literal:
        choices = [str(choice) for choice in get_args(kind)]
        hint = did_you_mean(str(value), choices, otherwise=f"Write one of them{or_null}", most=1)
        return f"{shown} is not one of {', '.join(choices)}", hint
    if get_origin(kind) is tuple:
        return f"{shown} is not a {takes(kind)}", f"Write [ … ]{or_null}"
    if get_origin(kind) is Union:
        advice = f"{_FORMS[get_args(kind)[0]].advice}, or several as [ … ]{or_null}"
        return f"{shown} is not a {takes(kind)}", advice
    form = _FORMS.get(kind)
    if form is None:
        return f"{shown} is not a {takes(kind)}", ""
    if kind is date and isinstance(value, str) and is_said(value):
        return f"{shown} is not a {form.noun}", IN_A_FILE
    what = f"{shown} is neither true nor false" if kind is bool else f"{shown} is not a {form.noun}"
    return what, f"{form.advice}{or_null}"


def _meant(key: str, command: type[Struct]) -> str:
    names = command.__struct_fields__
    if "when" in names and key in ("days", "from", "to", "start", "end", "period"):
        return 'The period is one key: "when": "A..B" in days, or "START..END" in times'
    meant = near(key, names, most=1) or [n for n in names if n.startswith(f"{key}_")][:1]
    return suggestion(meant) or _all_keys(command)


def _all_keys(command: type[Struct]) -> str:
    return f"Its keys: {', '.join(_marked(keys(command)))}"


def _marked(found: Sequence[Key]) -> Iterator[str]:
    for key in found:
        yield key.name if key.needed else f"[{key.name}]"


def _without_null(hint: Any) -> tuple[Any, bool]:
    """Return the type without null, and whether null is allowed."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    kinds = [one for one in get_args(hint) if one not in (type(None), UnsetType)]
    return (kinds[0] if len(kinds) == 1 else Union[tuple(kinds)]), type(None) in get_args(hint)  # noqa: UP007  # a union made at run time
