"""Tables for a terminal: aligned by the cells that characters take, cut to its width.

A Chinese character takes two cells, a combining mark none, an emoji of several code points
two; `wcwidth` knows. Its tables are loaded when a text needs them.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

GAP = "  "
MEASURED = 1_000
"""Rows that decide the widths; a longer table goes on with these, row by row."""

NARROWEST = 6
"""Cells that a column of texts keeps, however narrow the terminal is."""

SHORTEST = 5
"""Cells that the title of a column of numbers keeps."""


class Head(NamedTuple):
    """A column's title, and how it gives way where the terminal is narrow.

    `right`: its cells are numbers. `fixed`: it is never cut. `wrap`: it goes on in further
    lines. `fold`: it stands below the row where it does not fit beside it.
    """

    title: str
    right: bool = False
    fixed: bool = False
    wrap: bool = False
    fold: bool = False


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    width: int = wcswidth(text)
    return width if width >= 0 else len(text)


def clip(text: str, room: int, more: str = "…") -> str:
    """The text, or as much of it as fits with a mark that there is more."""
    if cells(text) <= room:
        return text
    from wcwidth import iter_graphemes

    room -= cells(more)
    kept, used = [], 0
    for grapheme in iter_graphemes(text):
        used += cells(grapheme)
        if used > room:
            break
        kept.append(grapheme)
    return "".join(kept).rstrip() + more if more else "".join(kept)


def pad(text: str, room: int, *, right: bool = False) -> str:
    """The text with spaces up to that many cells."""
    spaces = " " * (room - cells(text))
    return spaces + text if right else text + spaces


def printable(text: str) -> str:
    """The text without what would steer a terminal: controls and reversed writing, escaped."""
    if text.isprintable():
        return text
    return "".join(_escaped(c) if _steers(c) else c for c in text)


def _steers(c: str) -> bool:
    """Controls of both sets, line ends, the marks that reverse writing, lone surrogates."""
    return (
        c < " "
        or "\x7f" <= c < "\xa0"
        or "\u2028" <= c <= "\u202e"
        or "\u2066" <= c <= "\u2069"
        or "\ud800" <= c <= "\udfff"
    )


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode()


def render(
    heads: Sequence[Head],
    rows: Iterable[Sequence[str]],
    *,
    room: int | None,
    bold: bool = False,
    ascii_only: bool = False,
    empty: str = "",
) -> Iterator[str]:
    """The lines of a table. `room` is the terminal's width, None where nothing is cut.

    In a narrow terminal columns without a value (`empty` in every row) go first, then a
    folding column moves below its row, then texts are cut; and where all that is not
    enough, each row becomes a card. Nothing at all where there is no row.
    """
    rows = iter(rows)
    first = list(islice(rows, MEASURED))
    if not first:
        return
    shape = _shape(heads, first, room, empty, whole=len(first) < MEASURED)
    marks = _Marks("...", "-") if ascii_only else _Marks("…", "─")
    if shape.cards:
        yield from _cards(heads, chain(first, rows), room or 80, marks)
        return
    kept = [heads[n] for n in shape.columns]
    for line in _head_lines(kept, shape, marks.more):
        yield f"\x1b[1m{line}\x1b[0m" if bold else line
    yield shape.gap.join(marks.rule * width for width in shape.widths)
    for row in chain(first, rows):
        yield from _row_lines(kept, [row[n] for n in shape.columns], shape, room, marks)
        if shape.folded is not None and row[shape.folded]:
            width = max((room or 80) - len(FOLD), 20)
            yield from (FOLD + line for line in wrapped(row[shape.folded], width))


FOLD = "    "


class _Marks(NamedTuple):
    more: str
    rule: str


class _Shape(NamedTuple):
    columns: list[int]
    widths: list[int]
    folded: int | None = None
    gap: str = GAP
    cards: bool = False


def _shape(
    heads: Sequence[Head], rows: Sequence[Sequence[str]], room: int | None, empty: str, whole: bool
) -> _Shape:
    columns = list(range(len(heads)))
    taken = {n: max(cells(row[n]) for row in rows) for n in columns}
    natural = {n: max(taken[n], _longest_word(heads[n].title)) for n in columns}
    if room is None or _total([natural[n] for n in columns]) <= room:
        return _Shape(columns, [natural[n] for n in columns])
    if whole:
        columns = [n for n in columns if not all(row[n] in ("", empty) for row in rows)]
    folded = None
    if _total([natural[n] for n in columns]) > room:
        folded = next((n for n in columns if heads[n].fold), None)
        columns = [n for n in columns if n != folded]
    texts = {n: natural[n] if heads[n].fixed else min(NARROWEST, natural[n]) for n in columns}
    titles = {n: min(max(taken[n], SHORTEST), natural[n]) for n in columns}
    both = {n: min(texts[n], titles[n]) if heads[n].fixed else texts[n] for n in columns}
    widths = [natural[n] for n in columns]
    # Texts give way first; then the titles of numbers, broken within a word; then the gaps.
    for least, gap in ((texts, GAP), (both, GAP), (both, GAP[1:])):
        widths = _shrunk(widths, [least[n] for n in columns], room, gap)
        if _total(widths, gap) <= room:
            return _Shape(columns, widths, folded, gap)
    return _Shape(columns, widths, folded, cards=True)


def _total(widths: Sequence[int], gap: str = GAP) -> int:
    return sum(widths) + len(gap) * (len(widths) - 1)


def _longest_word(title: str) -> int:
    return max(cells(word) for word in title.split(" "))


def _shrunk(widths: Sequence[int], least: Sequence[int], room: int, gap: str) -> list[int]:
    """Widths that fit: the widest column gives way first, until none can any more."""
    widths = list(widths)
    for _ in range(_total(widths, gap) - room):
        free = [n for n in range(len(widths)) if widths[n] > least[n]]
        if not free:
            break
        widths[max(free, key=lambda n: widths[n])] -= 1
    return widths


def _row_lines(
    heads: Sequence[Head],
    row: Sequence[str],
    shape: _Shape,
    room: int | None,
    marks: _Marks,
) -> Iterator[str]:
    parts = []
    for head, width, text in zip(heads, shape.widths, row, strict=True):
        if room is not None and cells(text) > width:
            parts.append(wrapped(text, width) if head.wrap else [clip(text, width, marks.more)])
        else:
            parts.append([text])
    for n in range(max(map(len, parts))):
        yield shape.gap.join(
            pad(lines[n] if n < len(lines) else "", width, right=head.right)
            for head, width, lines in zip(heads, shape.widths, parts, strict=True)
        ).rstrip()


def _cards(
    heads: Sequence[Head], rows: Iterable[Sequence[str]], room: int, marks: _Marks
) -> Iterator[str]:
    """Each row as a block of titles and values, for a terminal too narrow for a table."""
    margin = max(cells(head.title) for head in heads)
    for n, row in enumerate(rows):
        if n:
            yield marks.rule * min(room, margin + 20)
        for head, text in zip(heads, row, strict=True):
            first, *further = wrapped(text, max(room - margin - len(GAP), 10)) or [""]
            yield (pad(head.title, margin) + GAP + first).rstrip()
            yield from (" " * (margin + len(GAP)) + line for line in further)


def wrapped(text: str, room: int) -> list[str]:
    """The text in lines of at most that many cells, broken between words where it can be."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and cells(line) + 1 + cells(word) <= room:
            line += f" {word}"
            continue
        if line:
            lines.append(line)
        line = word
        while cells(line) > room:
            start = clip(line, room, "")
            # A grapheme wider than the room has to go somewhere all the same.
            start = start or line[0]
            lines.append(start)
            line = line[len(start) :]
    return [*lines, line] if line else lines


def _head_lines(heads: Sequence[Head], shape: _Shape, more: str) -> Iterator[str]:
    """The titles, each wrapped between its words to the width of its column."""
    titles = [
        [clip(line, width, more) for line in wrapped(head.title, width)]
        for head, width in zip(heads, shape.widths, strict=True)
    ]
    height = max(map(len, titles))
    for n in range(height):
        parts = []
        for head, width, lines in zip(heads, shape.widths, titles, strict=True):
            above = height - len(lines)  # titles stand on the rule, not under the ceiling
            parts.append(pad(lines[n - above] if n >= above else "", width, right=head.right))
        yield shape.gap.join(parts).rstrip()
