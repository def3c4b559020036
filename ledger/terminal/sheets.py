"""Output of data: one sheet of rows as a table, JSON, JSON lines or CSV.

JSON, JSON lines and CSV are UTF-8 whatever the terminal uses, since programs read them. A
table follows the terminal.
"""

import io
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import IO, Any, Literal, cast

from msgspec import Struct

from ledger.terminal.tables import MEASURED, Head, printable, render

Format = Literal["table", "json", "jsonl", "csv", "line"]
NOTHING = "–"
"""Shown in a table for a missing value; an empty text is shown as it is."""


class Column(Struct, frozen=True):
    """A column: its name in JSON and CSV, its title and unit in a table.

    A table never breaks a `fixed` value: a position, or an id that the reader may type.
    `number` aligns to the right, `ratio` always has two decimals. `detail` is
    left out of a table. In a narrow terminal a `wrap` column is never left out, and a `fold`
    column stands below the row.
    """

    name: str
    title: str
    unit: str = ""
    number: bool = False
    ratio: bool = False
    fixed: bool = False
    detail: bool = False
    wrap: bool = False
    fold: bool = False

    @property
    def head(self) -> str:
        """The title with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


class Sheet(Struct, frozen=True):
    """Rows of values by column. A table shows instants in `zone`.

    `lines` are the stored lines behind the rows, where a command offers them. With a
    `sample`, rows arrive over time: each is written at once, and the sample sets the widths
    of a table.
    """

    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    zone: str = "UTC"
    lines: Iterable[bytes] = ()
    sample: Sequence[Sequence[Any]] | None = None


def write(sheet: Sheet, format: Format, out: IO[bytes], *, shown: bool = False) -> int:
    """Write a sheet; return the number of rows.

    `shown`: on stdout, where a table follows the terminal's width, characters and bold.
    """
    counted = Counted(sheet.rows)
    if sheet.sample is not None:
        out = cast(IO[bytes], _AtOnce(out))
    if format == "table":
        _table(sheet, counted, out, to_terminal=shown)
        return counted.count
    write_as: Callable[[Sheet, Counted, IO[bytes]], None] = {
        "json": _json, "jsonl": _jsonl, "csv": _csv, "line": _lines
    }[format]  # fmt: skip
    write_as(sheet, counted, out)
    return counted.count


class _AtOnce(io.BufferedIOBase):
    """Flushes each piece at once, for a reader who waits for it."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        written = self._out.write(data)
        self._out.flush()
        return written


class Counted:
    """Rows that are counted as they pass."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self.count = 0
        self._rows = rows

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._rows:
            self.count += 1
            yield row


# --- for programs --------------------------------------------------------------------


def _json(sheet: Sheet, rows: Counted, out: IO[bytes]) -> None:
    names = [column.name for column in sheet.columns]
    encode = _encoder()
    before = b"[\n  "
    for row in rows:
        out.write(before + encode(dict(zip(names, row, strict=True))))
        before = b",\n  "
    out.write(b"\n]\n" if rows.count else b"[]\n")


def _jsonl(sheet: Sheet, rows: Counted, out: IO[bytes]) -> None:
    names = [column.name for column in sheet.columns]
    encode = _encoder()
    for row in rows:
        out.write(encode(dict(zip(names, row, strict=True))) + b"\n")


def _encoder() -> Callable[[Any], bytes]:
    import msgspec

    return msgspec.json.Encoder(enc_hook=str).encode


def _csv(sheet: Sheet, rows: Counted, out: IO[bytes]) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        import csv

        writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180
        writer.writerow([column.name for column in sheet.columns])
        for row in rows:
            writer.writerow([plain(value) for value in row])
    finally:
        text.detach()


def _lines(sheet: Sheet, rows: Counted, out: IO[bytes]) -> None:
    for line in sheet.lines:
        out.write(line + b"\n")
        rows.count += 1


def plain(value: Any) -> str:
    """A value as CSV has it: instants in UTC, lists joined by spaces, None as empty text."""
    import msgspec

    from ledger.time.periods import Days, Period

    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float() | Period() | Days():
            return str(value)
        case list() | tuple() if all(isinstance(item, str) for item in value):
            return " ".join(value)
        case date() if not isinstance(value, datetime):
            return value.isoformat()
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text[1:-1] if text.startswith('"') else text


# --- for people ----------------------------------------------------------------------


def _table(sheet: Sheet, rows: Counted, out: IO[bytes], *, to_terminal: bool) -> None:
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8") if to_terminal else "utf-8"
    shown = [(n, column) for n, column in enumerate(sheet.columns) if not column.detail]
    heads = [Head(c.head, c.number, c.fixed or c.number, c.wrap, c.fold) for _, c in shown]
    style = Style(sheet.zone, ascii_only=not can_encode("…─", encoding))
    each = iter(rows)
    first = list(islice(each, MEASURED)) if sheet.sample is None else []
    measured = first if sheet.sample is None else sheet.sample
    decimals = [2 if c.ratio else _column_decimals([row[n] for row in measured]) for n, c in shown]

    def texts(row: Sequence[Any]) -> list[str]:
        return [style.text(row[n], places) for (n, _), places in zip(shown, decimals, strict=True)]

    lines = render(
        heads,
        map(texts, chain(first, each)),
        sample=None if sheet.sample is None else [texts(row) for row in sheet.sample],
        room=room() if to_terminal else None,
        bold=to_terminal and colours(),
        ascii_only=style.ascii_only,
        empty=style.nothing,
    )
    for line in lines:
        out.write(line.encode(encoding, "backslashreplace") + b"\n")


_AS_NEEDED = -1
"""Each number with as many decimals as it needs."""

_MANY = 1_000


def _column_decimals(values: Sequence[Any]) -> int | None:
    """Decimals of a column: the most that a number needs; None if all are integers.

    If areas stand beside ratios, points do not align and each number has what it needs.
    """
    numbers = [value for value in values if isinstance(value, float)]
    if not numbers:
        return None
    needed = _decimals(numbers)
    return _AS_NEEDED if needed and any(abs(value) >= _MANY for value in numbers) else needed


def _decimals(values: Iterable[Any]) -> int:
    """Decimals that the numbers of a column need, at most two, to align their points."""
    needed = 0
    for value in values:
        if isinstance(value, float) and math.isfinite(value):
            text = f"{value:.2f}".rstrip("0")
            needed = max(needed, len(text.partition(".")[2]))
    return needed


class Style(Struct, frozen=True):
    """How a table shows values: instants in `zone`."""

    zone: str = "UTC"
    ascii_only: bool = False

    @property
    def nothing(self) -> str:
        """The mark for a missing value."""
        return "-" if self.ascii_only else NOTHING

    @property
    def arrow(self) -> str:
        """The mark between an old value and a new one."""
        return "->" if self.ascii_only else "→"

    def as_of(self, position: int, recorded_at: datetime) -> str:
        """A position with its recorded time: `as of #812, recorded 2025-07-01 09:12 (UTC)`."""
        return f"as of #{position}, recorded {self.text(recorded_at)} ({self.zone})"

    def text(self, value: Any, decimals: int | None = None) -> str:
        """A value on one line."""
        match value:
            case None:
                return self.nothing
            case bool():
                return "yes" if value else "no"
            case int() if decimals is None:
                return str(value)
            case int() | float():
                shown = _decimals([value]) if decimals in (None, _AS_NEEDED) else decimals
                return f"{value:,.{shown}f}"
            case datetime():
                return self._instant(value)
            case list() | tuple():
                return ", ".join(map(self.text, value)) or self.nothing
            case dict():
                return ", ".join(f"{key} {self.text(v)}" for key, v in value.items())
        return printable(str(value))

    def _instant(self, value: datetime) -> str:
        from ledger.time.periods import zone

        return value.astimezone(zone(self.zone)).strftime("%Y-%m-%d %H:%M")


def number(value: float) -> str:
    """A number with as many decimals as it needs, at most two: 3,200 and 0.87."""
    return f"{value:,.{_decimals([value])}f}"


def colours() -> bool:
    """Whether bold is allowed: stdout is a terminal, and NO_COLOR is not set."""
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "dumb") != "dumb"
    )


def terminal_bytes() -> IO[bytes]:
    """Stdout as a stream of bytes."""
    return sys.stdout.buffer


def room() -> int | None:
    """Cells of a line: the terminal's, or COLUMNS; None if stdout is a file."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        import shutil

        return max(shutil.get_terminal_size().columns, 20)
    return None


def can_encode(text: str, encoding: str) -> bool:
    """Whether an encoding has all the characters of a text."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
