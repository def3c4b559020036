"""Checks of column values: each returns the value in the form that its column keeps.

They raise `TypeError` or `ValueError` for a value that the column cannot keep.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from math import isfinite
from typing import Any

_INT64 = 2**63


def text(value: object) -> str:
    """Text that both databases can keep."""
    if not isinstance(value, str):
        raise TypeError("it is not text")
    kept = value if type(value) is str else str.__str__(value)
    if "\0" in kept:
        raise ValueError("it has a NUL character")
    if not kept.isascii():
        kept.encode()  # a lone surrogate raises here, before a database does
    return kept


def integer(value: Any) -> int:
    """A whole number of 64 bits."""
    if type(value) is not int:
        raise TypeError("it is not a whole number")
    if not -_INT64 <= value < _INT64:
        raise ValueError("it does not fit 64 bits")
    return value


def real(value: object) -> float:
    """A finite number."""
    if type(value) is not float and type(value) is not int:
        raise TypeError("it is not a number")
    number = float(value)
    if not isfinite(number):
        raise ValueError("it is not finite; use None for undefined")
    return number + 0.0  # SQLite keeps -0.0 as 0.0; so every store does


def instant(value: Any) -> datetime:
    """An aware time, in UTC."""
    if not isinstance(value, datetime):
        raise TypeError("it is not a time")
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise ValueError("it has no time zone")
    return value.astimezone(UTC)


def exactly(wanted: type) -> Callable[[Any], Any]:
    """A value of exactly that type."""

    def check(value: Any) -> Any:
        if type(value) is not wanted:
            raise TypeError(f"it is not a {wanted.__name__}")
        return value

    return check


def one_of(values: frozenset[Any]) -> Callable[[Any], Any]:
    """One of the values of a Literal."""

    def check(value: Any) -> Any:
        if value not in values or isinstance(value, bool):
            raise ValueError(f"it is not one of {', '.join(sorted(map(repr, values)))}")
        return value

    return check


def member(enum: type[Enum]) -> Callable[[Any], Any]:
    """A member of an Enum."""

    def check(value: Any) -> Any:
        if not isinstance(value, enum):
            raise TypeError(f"it is not a member of {enum.__name__}")
        return value

    return check


# --- whole columns ---------------------------------------------------------------------
#
# Whether the check of a value would keep each value of a column as it is. False may mean only
# that the values have to be looked at one by one.


def all_exactly(wanted: type) -> Callable[[Sequence[Any]], bool]:
    """As `exactly`."""
    only = {wanted}
    return lambda values: set(map(type, values)) <= only


_all_str, _all_int, _all_datetime = map(all_exactly, (str, int, datetime))


def all_text(values: Sequence[Any]) -> bool:
    """As `text`."""
    if not _all_str(values):
        return False
    joined = "".join(values)
    try:
        joined.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in joined


def all_integers(values: Sequence[Any]) -> bool:
    """As `integer`."""
    return _all_int(values) and (not values or (min(values) >= -_INT64 and max(values) < _INT64))


def all_instants(values: Sequence[Any]) -> bool:
    """As `instant`."""
    return _all_datetime(values) and all(value.tzinfo is UTC for value in values)
