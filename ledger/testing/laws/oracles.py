"""Oracles: the right answer of a view, computed from the events in the simplest way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isclose
from typing import Any

import msgspec
from msgspec import Struct

from ledger.events.base import RecordedEvent
from ledger.testing.laws.contents import shown

Expected = Iterable[Struct | Mapping[str, Any]]
Oracle = Callable[[list[RecordedEvent]], Expected]
"""From all the events to the rows that the view should answer, in any order.

A row is one of the view's own, or a dict of those columns that the oracle knows about.
"""


def compare_with_oracle(rows: Sequence[Struct], expected: Expected) -> str | None:
    """Describe the first difference; None if there is none. Floats may differ by rounding."""
    wanted = sorted((_plain(row) for row in expected), key=_order)
    known = set(wanted[0]) if wanted else None
    found = sorted(
        (
            {name: value for name, value in _plain(row).items() if known is None or name in known}
            for row in rows
        ),
        key=_order,
    )
    for one, other in zip(found, wanted, strict=False):
        if not _alike(one, other):
            return f"it answers\n    {shown(one)}\n  where the oracle expects\n    {shown(other)}"
    if len(found) > len(wanted):
        return f"it also answers\n    {shown(found[len(wanted)])}"
    if len(wanted) > len(found):
        return f"it leaves out\n    {shown(wanted[len(found)])}"
    return None


def _plain(row: Struct | Mapping[str, Any]) -> dict[str, Any]:
    return msgspec.structs.asdict(row) if isinstance(row, Struct) else dict(row)


def _order(row: Mapping[str, Any]) -> tuple[str, str]:
    """Sort by all other values first, then by floats: those may differ in the last digit."""
    exact = {n: v for n, v in sorted(row.items()) if not isinstance(v, float)}
    rounded = {n: round(v, 6) for n, v in sorted(row.items()) if isinstance(v, float)}
    return repr(exact), repr(rounded)


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        isclose(value, other[name], rel_tol=1e-9, abs_tol=1e-9)
        if isinstance(value, float) and isinstance(other[name], float | int)
        else value == other[name]
        for name, value in one.items()
    )
