"""Comparing two answers of one view: rows added, removed, changed, column by column."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct

from ledger.projections.views import Column

Rows = Sequence[Struct]
Change = Literal["added", "changed", "removed"]


class Difference(Struct, frozen=True):
    """A column of a row, before and after. None may also mean that the row was not there."""

    column: str
    before: Any
    after: Any


class RowChange(Struct, frozen=True):
    """How one row changed.

    `row` holds the columns that identify it, usually the leading ones. `differences` are the
    columns that differ; for a row added or removed, all columns but the identifying ones.
    """

    row: dict[str, Any]
    change: Change
    differences: tuple[Difference, ...]


def compare(
    before: Rows, after: Rows, names: Sequence[str], identity: Sequence[str]
) -> list[RowChange]:
    """Return what turns one answer into the other, in the order of `after`, removals last.

    `names` are the columns, `identity` those by which a row is found again (`identity_of`). Rows
    with equal identities are paired in order.
    """
    old, new = _identified(before, identity), _identified(after, identity)
    rest = [name for name in names if name not in identity]
    changes = []
    for which, row in new.items():
        was = old.pop(which, None)
        found = tuple(
            Difference(name, None if was is None else getattr(was, name), getattr(row, name))
            for name in rest
            if was is None or getattr(was, name) != getattr(row, name)
        )
        if was is None or found:
            changes.append(
                RowChange(
                    dict(zip(identity, which[0], strict=True)),
                    "added" if was is None else "changed",
                    found,
                )
            )
    for which, row in old.items():
        gone = tuple(Difference(name, getattr(row, name), None) for name in rest)
        changes.append(RowChange(dict(zip(identity, which[0], strict=True)), "removed", gone))
    return changes


def identity_of(columns: Sequence[Column], answers: Iterable[Rows]) -> tuple[str, ...]:
    """Return the columns by which a row is found again in another answer of its view.

    The declared key, where no two rows of an answer share it. Otherwise the shortest leading run of
    columns that no two rows share; all columns if none is.
    """
    answers = list(answers)
    names = tuple(column.name for column in columns)
    declared = tuple(column.name for column in columns if column.key)
    candidates = [names[:width] for width in range(1, len(names))]
    if declared:
        candidates.insert(0, declared)
    unique = (c for c in candidates if all(_unique(rows, c) for rows in answers))
    return next(unique, names)


def beginning_with(
    key: str, texts: Sequence[Callable[[Any], str]] = (str,)
) -> Callable[[Struct], bool]:
    """Return a test whether a row begins with a key: `stage-1`, or `stage-1 2025-07`.

    The key is the text of the first column or columns, with spaces between; `texts` are the ways in
    which a value may be written (text is only ever written as itself).
    """

    def begins(row: Struct) -> bool:
        first = getattr(row, row.__struct_fields__[0])
        if type(first) is str and not key.startswith(first):
            return False
        return any(_begins(row, text) for text in texts)

    def _begins(row: Struct, text: Callable[[Any], str]) -> bool:
        written = ""
        for name in row.__struct_fields__:
            value = getattr(row, name)
            written += value if type(value) is str else text(value)
            if written == key:
                return True
            written += " "
            if not key.startswith(written):
                return False
        return False

    return begins


def _identified(rows: Rows, identity: Sequence[str]) -> dict[tuple[tuple[Any, ...], int], Struct]:
    """Rows by identity, and by their order among rows with the same identity."""
    found: dict[tuple[tuple[Any, ...], int], Struct] = {}
    for row in rows:
        values, n = tuple(getattr(row, name) for name in identity), 0
        while (values, n) in found:
            n += 1
        found[values, n] = row
    return found


def _unique(rows: Rows, names: Sequence[str]) -> bool:
    return len({tuple(getattr(row, name) for name in names) for row in rows}) == len(rows)
