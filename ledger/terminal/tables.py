"""Tables for a terminal: aligned by the cells that characters take, fitted to its width.

A Chinese character takes two cells, a combining mark none, an emoji of several code points
two; `wcwidth` knows. It is loaded only when a text needs it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

GAP = "  "
MEASURED = 1_000
"""Rows that set the widths; later rows of a longer table keep these."""

NARROWEST = 6
"""Fewest cells of a column of texts, however narrow the terminal is."""

SHORTEST = 5
"""Fewest cells of the title of a column of numbers."""

LONGEST = 20
"""Most cells of a word that is never broken."""

FEW = 3
"""Most rows that read well as cards, and fewest columns of a table."""


class Head(NamedTuple):
    """A column's title, and how the column adapts to a narrow terminal.

    `right`: its cells are numbers. `fixed`: it is never broken. `wrap`: it continues on further
    lines. `fold`: it stands below the row if it does not fit beside it. `named`: its first word is
    an id, which is never broken; a name follows. `keep`: it is never left out. `spare`: it is left
    out before others, the highest number first.
    """

    title: str
    right: bool = False
    fixed: bool = False
    wrap: bool = False
    fold: bool = False
    named: bool = False
    keep: bool = False
    spare: int = 0


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    width: int = wcswidth(text)
    return width if width >= 0 else len(text)


def clip(text: str, room: int, more: str = "…") -> str:
    """Return the text, or as much of it as fits, ending with `more`."""
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
    """Return the text with spaces up to that many cells."""
    spaces = " " * (room - cells(text))
    return spaces + text if right else text + spaces


def printable(text: str) -> str:
    """Escape characters that would control a terminal, or reverse the direction of text."""
    if text.isprintable():
        return text
    return "".join(_escaped(c) if _steers(c) else c for c in text)


def _steers(c: str) -> bool:
    """Whether it is a control, a line end, a direction mark, or a lone surrogate."""
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
    sample: Sequence[Sequence[str]] | None = None,
) -> Iterator[str]:
    """Yield the lines of a table; none without rows. `room` is the terminal's width, if any.

    `empty` is the mark for a missing value. `_shape` fits a table to a narrow terminal;
    nothing is ever cut. With a `sample` this waits for no row: the sample's rows set the
    widths, and are not shown.
    """
    rows = iter(rows)
    first = list(islice(rows, MEASURED)) if sample is None else []
    measured = first if sample is None else sample
    if not measured:
        return
    shape = _shape(heads, measured, room, empty, whole=sample is None and len(first) < MEASURED)
    if sample is not None and room is None:
        shape = shape._replace(overflows=True)
    rule = "-" if ascii_only else "─"
    if shape.cards:
        yield from _cards(heads, chain(first, rows), room or 80, rule)
        return
    kept = [heads[n] for n in shape.columns]
    for line in _head_lines(kept, shape):
        yield f"\x1b[1m{line}\x1b[0m" if bold else line
    yield shape.gap.join(rule * width for width in shape.widths)
    for row in chain(first, rows):
        yield from _row_lines(kept, [row[n] for n in shape.columns], shape)
        if shape.folded is not None and row[shape.folded] not in ("", empty):
            width = max((room or 80) - len(FOLD), 20)
            yield from (FOLD + line for line in wrapped(row[shape.folded], width))
    yield from _notes(heads, measured[0], shape, room or 80)


FOLD = "    "


class _Shape(NamedTuple):
    columns: list[int]
    widths: list[int]
    folded: int | None = None
    gap: str = GAP
    cards: bool = False
    same: tuple[int, ...] = ()
    """Columns with the same value in every row: it is shown once, below the table."""
    left_out: tuple[int, ...] = ()
    overflows: bool = False
    """A text wider than its column stays on one line, since lines have no limit."""


def _shape(
    heads: Sequence[Head], rows: Sequence[Sequence[str]], room: int | None, empty: str, whole: bool
) -> _Shape:
    """Fit a table to the width, in this order: titles wrap; columns without a value go; a
    folding one moves below; columns of one value are shown once; spare columns go; texts wrap
    between words; the last columns are left out, and named, except those to keep. With few rows,
    or hardly a column left: cards.
    """
    columns = list(range(len(heads)))
    taken = {n: max(cells(row[n]) for row in rows) for n in columns}
    natural = {n: max(taken[n], cells(heads[n].title)) for n in columns}
    if room is None or _total([natural[n] for n in columns]) <= room:
        return _Shape(columns, [natural[n] for n in columns])
    natural = {n: max(taken[n], _longest_word(heads[n].title)) for n in columns}
    if _total([natural[n] for n in columns]) <= room:
        return _Shape(columns, [natural[n] for n in columns])
    if whole:
        columns = [n for n in columns if not all(row[n] in ("", empty) for row in rows)]
    folded = None
    if _total([natural[n] for n in columns]) > room:
        folded = next((n for n in columns if heads[n].fold), None)
        columns = [n for n in columns if n != folded]
    same: tuple[int, ...] = ()
    if whole and len(rows) > FEW and _total([natural[n] for n in columns]) > room:
        same = tuple(n for n in columns[1:] if len({row[n] for row in rows}) == 1)
        columns = [n for n in columns if n not in same]
    spared: list[int] = []
    while columns and heads[least := max(columns, key=lambda n: heads[n].spare)].spare:
        if _total([_narrowest(n, natural, heads, rows) for n in columns], GAP[1:]) <= room:
            break
        columns.remove(least)
        spared.insert(0, least)
    texts = {n: natural[n] if heads[n].fixed else _least(n, heads, rows) for n in columns}
    texts |= _unbroken(texts, natural, heads, rows, room)
    both = {
        n: min(texts[n], max(taken[n], SHORTEST)) if heads[n].fixed else texts[n] for n in columns
    }
    shown, left_out = list(columns), list[int]()
    while True:
        for floor, gap in ((texts, GAP), (texts, GAP[1:]), (both, GAP[1:])):
            widths = _shrunk([natural[n] for n in shown], [floor[n] for n in shown], room, gap)
            if _total(widths, gap) <= room:
                missing = tuple(sorted((*spared, *left_out)))
                return _Shape(shown, widths, folded, gap, same=same, left_out=missing)
        last = next((n for n in reversed(shown) if not (heads[n].wrap or heads[n].keep)), None)
        if last is None or len(rows) <= FEW or len(shown) - 1 < max(FEW, len(columns) // 2):
            return _Shape(columns, widths, folded, cards=True)  # which show every column
        shown.remove(last)
        left_out.insert(0, last)


def _unbroken(
    texts: Mapping[int, int],
    natural: Mapping[int, int],
    heads: Sequence[Head],
    rows: Sequence[Sequence[str]],
    room: int,
) -> dict[int, int]:
    """Widths of the columns to keep at which they stay in one line, if there is room for that."""
    kept = {n: _narrowest(n, natural, heads, rows) for n in texts if heads[n].keep}
    return kept if _total(list((dict(texts) | kept).values()), GAP[1:]) <= room else {}


def _narrowest(
    n: int, natural: Mapping[int, int], heads: Sequence[Head], rows: Sequence[Sequence[str]]
) -> int:
    """Cells below which a column is not shrunk while there is another to spare."""
    if not heads[n].fixed and not heads[n].keep:
        return _least(n, heads, rows)
    return min(natural[n], max(*(cells(row[n]) for row in rows), SHORTEST))


def _least(n: int, heads: Sequence[Head], rows: Sequence[Sequence[str]]) -> int:
    """Cells that a column of texts needs so that no word breaks, such as an id or a state.

    A very long word, or one in Chinese, may still break.
    """
    words = (word for row in rows for word in row[n].split(" "))
    longest = max((min(cells(w), LONGEST if w.isascii() else NARROWEST) for w in words), default=0)
    if heads[n].named:
        longest = max(longest, *(cells(row[n].partition(" ")[0]) for row in rows))
    return max(longest, min(_longest_word(heads[n].title), NARROWEST))


def _total(widths: Sequence[int], gap: str = GAP) -> int:
    return sum(widths) + len(gap) * (len(widths) - 1)


def _longest_word(title: str) -> int:
    return max(cells(word) for word in title.split(" "))


def _shrunk(widths: Sequence[int], least: Sequence[int], room: int, gap: str) -> list[int]:
    """Shrink the widths to fit, the widest column first, until none can shrink further."""
    widths = list(widths)
    for _ in range(_total(widths, gap) - room):
        free = [n for n in range(len(widths)) if widths[n] > least[n]]
        if not free:
            break
        widths[max(free, key=lambda n: widths[n])] -= 1
    return widths


def _row_lines(heads: Sequence[Head], row: Sequence[str], shape: _Shape) -> Iterator[str]:
    parts = [
        wrapped(text, width) if cells(text) > width and not shape.overflows else [text]
        for width, text in zip(shape.widths, row, strict=True)
    ]
    for n in range(max(map(len, parts))):
        yield shape.gap.join(
            pad(lines[n] if n < len(lines) else "", width, right=head.right)
            for head, width, lines in zip(heads, shape.widths, parts, strict=True)
        ).rstrip()


def _notes(heads: Sequence[Head], row: Sequence[str], shape: _Shape, room: int) -> Iterator[str]:
    """Yield notes about what a narrow table does not show in its rows."""
    if shape.same:
        same = ", ".join(f"{heads[n].title} {row[n]}" for n in shape.same)
        yield from wrapped(f"In every row: {same}.", room)
    if shape.left_out:
        names = ", ".join(heads[n].title for n in shape.left_out)
        yield from wrapped(f"Not shown, for lack of room: {names}.", room)


def _cards(
    heads: Sequence[Head], rows: Iterable[Sequence[str]], room: int, rule: str
) -> Iterator[str]:
    """Each row as a block of titles and values, for a terminal too narrow for a table."""
    margin = max(cells(head.title) for head in heads)
    for n, row in enumerate(rows):
        if n:
            yield rule * min(room, margin + 20)
        for head, text in zip(heads, row, strict=True):
            first, *further = wrapped(text, max(room - margin - len(GAP), 10)) or [""]
            yield (pad(head.title, margin) + GAP + first).rstrip()
            yield from (" " * (margin + len(GAP)) + line for line in further)


def wrapped(text: str, room: int, hyphen: str = "") -> list[str]:
    """Break a text into lines of at most that many cells, between words if possible.

    `hyphen` ends a line within a word.
    """
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
            start = clip(line, room - len(hyphen), "")
            # A grapheme wider than the room must still go somewhere.
            start = start or line[0]
            lines.append(start + hyphen)
            line = line[len(start) :]
    return [*lines, line] if line else lines


def _head_lines(heads: Sequence[Head], shape: _Shape) -> Iterator[str]:
    """The titles, each wrapped to the width of its column."""
    titles = [
        wrapped(head.title, width, "-") for head, width in zip(heads, shape.widths, strict=True)
    ]
    height = max(map(len, titles))
    for n in range(height):
        parts = []
        for head, width, lines in zip(heads, shape.widths, titles, strict=True):
            above = height - len(lines)  # titles are aligned at the bottom, on the rule
            parts.append(pad(lines[n - above] if n >= above else "", width, right=head.right))
        yield shape.gap.join(parts).rstrip()
