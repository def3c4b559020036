"""A heat map in a terminal: a row per space, a cell per month, darker when fuller."""

from collections.abc import Iterator, Mapping, Sequence

SHADES = "░▒▓█"
ASCII_SHADES = ".-+#"
_COLOURS = (151, 114, 71, 28)
"""Greens from the 256-colour palette, light to dark; the shade differs even without colour."""


def heat_map(
    labels: Sequence[str],
    months: Sequence[str],
    shares: Mapping[tuple[str, str], float | None],
    notes: Mapping[str, str],
    *,
    coloured: bool = False,
    ascii_only: bool = False,
) -> Iterator[str]:
    """Yield the lines of the map: two of headings, one per label, and a legend.

    `shares` holds 0 to 1 by label and month (`YYYY-MM`); a None or missing share is a month
    that could not be used. `notes` follow the rows.
    """
    margin = max(map(len, labels), default=0) + 2
    years = _years(months)
    yield (" " * margin + " ".join(year.ljust(len(of)) for year, of in years)).rstrip()
    yield " " * margin + " ".join(
        "".join("JFMAMJJASOND"[int(m[5:]) - 1] for m in of) for _, of in years
    )
    for label in labels:
        row = " ".join(
            "".join(_cell(shares.get((label, month)), coloured, ascii_only) for month in of)
            for _, of in years
        )
        yield f"{label.ljust(margin)}{row}  {notes.get(label, '')}".rstrip()
    steps = ("to 25 %", "to 50 %", "to 75 %", "to 100 %")
    shown = (0.2, 0.4, 0.6, 0.9)
    key = "  ".join(
        f"{_cell(share, coloured, ascii_only)} {text}"
        for share, text in zip(shown, steps, strict=True)
    )
    yield f"{' ' * margin}{_cell(0.0, coloured, ascii_only)} not used  {key}"


def _years(months: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Group the months by year; a year with fewer than four is shown as two digits."""
    by_year: dict[str, list[str]] = {}
    for month in months:
        by_year.setdefault(month[:4], []).append(month)
    return [(year if len(of) >= 4 else year[2:], of) for year, of in by_year.items()]


def _cell(share: float | None, coloured: bool, ascii_only: bool) -> str:
    if share is None:
        return " "
    if share <= 0:
        return "_" if ascii_only else "·"
    step = min(3, int(share * 4 - 1e-9))
    shade = (ASCII_SHADES if ascii_only else SHADES)[step]
    return f"\x1b[38;5;{_COLOURS[step]}m{shade}\x1b[0m" if coloured else shade
