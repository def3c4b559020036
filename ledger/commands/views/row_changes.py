"""Changed rows of a view: by event (`view NAME --explain`), or between two positions."""

import sys
from collections.abc import Callable, Container, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ledger.commands.entries import about
from ledger.entities.folding import Noun
from ledger.terminal.sheets import Column, Format, Sheet, Style, can_encode, plain

if TYPE_CHECKING:
    from ledger.projections.querying.comparing import RowChange
    from ledger.projections.querying.live_views import Comparison, Explanation
    from ledger.projections.views import Column as Titled

_CHANGES = (Column("change", "Change"), Column("differences", "Differences", fold=True))
_ROW = Column("row", "Row", fixed=True)
_ENTRY = (
    Column("position", "#", number=True),
    Column("recorded_at", "Recorded", fixed=True),
    Column("type", "Type", fixed=True),
    Column("about", "About", fixed=True),
)
_BY = (
    Column("actor", "Actor"),
    Column("reason", "Reason", detail=True),
    Column("corrects", "Corrects", detail=True),
)


def key_texts(zone: str) -> tuple[Callable[[Any], str], ...]:
    """The two ways to type a row's value: as in CSV, or as in a table."""
    return plain, Style(zone).text


def explanation_sheet(explanation: "Explanation", zone: str, format: Format) -> Sheet:
    """A line for each event and each row that it changed."""
    written = _Written(explanation.answer.columns, zone, format)
    rows = {tuple(change.row.items()) for c in explanation.causes for change in c.changes}
    # the title above the table already names a single row
    which = Column("row", "Row", fixed=True, detail=len(rows) == 1)

    def lines() -> Iterator[tuple[Any, ...]]:
        for cause in explanation.causes:
            entry = cause.entry
            for change in cause.changes:
                yield (
                    entry.position,
                    entry.recorded_at,
                    entry.type,
                    about(entry),
                    *written.change(change),
                    entry.actor,
                    entry.reason,
                    entry.corrects,
                )

    return Sheet((*_ENTRY, which, *_CHANGES, *_BY), lines(), zone)


def comparison_sheet(comparison: "Comparison", zone: str, format: Format) -> Sheet:
    """A line for each row that differs."""
    written = _Written(comparison.after.columns, zone, format)
    return Sheet((_ROW, *_CHANGES), map(written.change, comparison.changes), zone)


def change_written(
    change: "RowChange", columns: "Sequence[Titled]", zone: str, format: Format
) -> tuple[Any, ...]:
    """The row, how it changed, and the columns that differ, in that format."""
    return _Written(columns, zone, format).change(change)


class _Written:
    """Row changes in one format: raw values for programs, words for a table."""

    def __init__(self, columns: "Sequence[Titled]", zone: str, format: Format) -> None:
        self._format = format
        encoding = sys.stdout.encoding or "utf-8"
        style = Style(zone, ascii_only=not can_encode("→", encoding))
        self._text, self._nothing = (style.text if format == "table" else plain), style.nothing
        self._arrow = style.arrow
        units = ((column.name, column.unit) for column in columns)
        self._units = {name: unit for name, unit in units if unit not in ("", "ratio")}

    def change(self, change: "RowChange") -> tuple[Any, ...]:
        """The row, how it changed, and the columns that differ."""
        if self._format in ("json", "jsonl"):
            return change.row, change.change, change.differences
        which = " ".join(map(self._text, change.row.values()))
        if self._format == "csv":
            return which, change.change, change.differences
        return which, change.change, ", ".join(self._in_words(change))

    def _in_words(self, change: "RowChange") -> Iterator[str]:
        for column, was, now in _flattened(change):
            name = column.replace("_", " ")
            unit = f" {self._units[column]}" if column in self._units else ""
            before, after = (self._text(v) or self._nothing for v in (was, now))
            if before == after:  # two ratios that differ in the third decimal
                before, after = _finely(was), _finely(now)
            if change.change == "changed":
                yield f"{name} {before} {self._arrow} {after}{unit}"
            elif change.change == "added" and now not in (None, "", False, ()):
                yield f"{name} {after}{unit}"


def _flattened(change: "RowChange") -> Iterator[tuple[str, Any, Any]]:
    """Each column that differs, before and after; of one that holds an entity, its fields.

    A field for which the row has a column of its own is left out.
    """
    names = {*change.row, *(one.column for one in change.differences)}
    for one in change.differences:
        if not isinstance(one.before, Noun) and not isinstance(one.after, Noun):
            yield one.column, one.before, one.after
            continue
        old, new = _fields(one.before, names), _fields(one.after, names)
        for field in {**old, **new}:
            if old.get(field) != new.get(field):
                yield field, old.get(field), new.get(field)


def _fields(entity: Noun | None, names: Container[str]) -> dict[str, Any]:
    if entity is None:
        return {}
    encoded = zip(entity.__struct_encode_fields__, entity.__struct_fields__, strict=True)
    hidden = {field for field, name in encoded if name in names}
    return {
        said.field if said.since is None else f"{said.field} from {said.since}": said.value
        for said in entity.told()
        if said.field not in hidden and said.field not in names
    }


def _finely(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else plain(value)
