"""What came of the faults, in figures: the table that the docs show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from tests.faults.harness.checking import HARMS, Wrong


class Figures(Struct):
    """Of one kind of fault. `seeds` are the programs that were gone through or begun.

    `programs` counts those of which every point was tried.
    """

    kind: str
    points: int = 0
    acknowledged: int = 0
    programs: int = 0
    seeds: set[int] = field(default_factory=set)
    harms: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def count(self, point: object, acknowledged: int, wrong: Sequence[Wrong]) -> None:
        """One point more."""
        self.points += 1
        self.acknowledged += acknowledged
        for harm in {one.harm for one in wrong}:
            self.harms[harm] = self.harms.get(harm, 0) + 1
        if wrong and len(self.examples) < 20:
            said = "; ".join(f"{one.harm}: {one.what}" for one in wrong)
            self.examples.append(f"{point}: {said}")

    @property
    def harmed(self) -> int:
        """How often something was wrong."""
        return sum(self.harms.values())


def merged(parts: Sequence[Figures]) -> list[Figures]:
    """The figures of several workers by kind, in order."""
    found: dict[str, Figures] = {}
    for part in parts:
        whole = found.setdefault(part.kind, Figures(part.kind))
        whole.points += part.points
        whole.acknowledged += part.acknowledged
        whole.programs += part.programs
        whole.seeds |= part.seeds
        whole.harms = dict(Counter(whole.harms) + Counter(part.harms))
        whole.examples += part.examples
    return list(found.values())


def table(figures: Sequence[Figures]) -> Iterator[str]:
    """The Markdown table, line by line."""
    heads = ("fault", "points", "events acknowledged", *HARMS, "seeds")
    heads = tuple("acknowledged, lost" if head == "lost" else head for head in heads)
    yield f"| {' | '.join(heads)} |"
    yield f"| --- {'| ---: ' * (len(heads) - 2)}| --- |"
    for one in figures:
        harms = [f"{one.harms.get(harm, 0):,}" for harm in HARMS]
        seeds = f"{min(one.seeds)}–{max(one.seeds)}" if one.seeds else "–"
        cells = (one.kind, f"{one.points:,}", f"{one.acknowledged:,}", *harms, seeds)
        yield f"| {' | '.join(cells)} |"
    sums = [f"**{sum(one.harms.get(harm, 0) for one in figures):,}**" for harm in HARMS]
    counts = [f"**{sum(getattr(one, name) for one in figures):,}**" for name in _SUMS]
    yield f"| **{len(figures)} kinds** | {' | '.join((*counts, *sums))} | |"


_SUMS = ("points", "acknowledged")
