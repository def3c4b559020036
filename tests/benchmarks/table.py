"""The table: one row a question, this project, the limit and the peers side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from tests.benchmarks.measuring import LIMIT, OURS, PEERS, Measured

HEADS = ("row", "what", OURS, LIMIT, "peers", "ratio", "to reach", "verdict")


def table(results: Sequence[Measured]) -> list[str]:
    """The lines of a Markdown table."""
    lines = [_line(HEADS), _line("---" for _ in HEADS)]
    return [*lines, *(_line(_cells(measured)) for measured in results)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


def _cells(measured: Measured) -> tuple[str, ...]:
    row = measured.row
    peers = [f"{name} {cell}" for name in PEERS if (cell := _figure(measured, name))]
    ratios = [
        f"{ratio.middle:.2f} × {against} ({ratio.low:.2f}–{ratio.high:.2f})"
        for against in (goal.against for goal in row.goals)
        if (ratio := measured.ratio(against)) is not None
    ]
    verdict = measured.verdict()
    return (
        f"`{row.name}`",
        row.what,
        measured.error[:200] or _figure(measured, OURS),
        _figure(measured, LIMIT) or "–",
        "; ".join(peers) or "–",
        "; ".join(ratios) or "–",
        "; ".join(map(str, row.goals)) or "–",
        f"**{verdict}**" if verdict in ("not reached", "not measured") else verdict,
    )


def _figure(measured: Measured, name: str) -> str:
    if name in measured.absent:
        return measured.absent[name]
    figures = measured.figures.get(name)
    return with_unit(median(figures), measured.row.unit) if figures else ""


def with_unit(figure: float, unit: str) -> str:
    """A figure as it stands in a cell: three digits at least, thousands apart."""
    digits = 0 if figure >= 100 else 1 if figure >= 10 else 2
    gap = "" if unit.startswith("/") else " "
    return f"{figure:,.{digits}f}{gap}{unit}"
