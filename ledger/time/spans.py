"""Spans of time: stretches between instants, joined where they meet, to add and to compare."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Self

_HOUR = timedelta(hours=1)
_Span = tuple[datetime, datetime]


class Spans:
    """Half-open stretches of time, in order and apart from each other."""

    def __init__(self, spans: Iterable[_Span]) -> None:
        self._spans: list[_Span] = []
        for start, end in sorted(spans):
            if self._spans and start <= self._spans[-1][1]:
                self._spans[-1] = (self._spans[-1][0], max(end, self._spans[-1][1]))
            elif start < end:
                self._spans.append((start, end))

    def __and__(self, other: Self) -> Self:
        """The time in both."""
        return type(self)(self._common(other))

    def _common(self, other: Self) -> Iterator[_Span]:
        mine, theirs = iter(self._spans), iter(other._spans)
        one, two = next(mine, None), next(theirs, None)
        while one is not None and two is not None:
            start, end = max(one[0], two[0]), min(one[1], two[1])
            if start < end:
                yield start, end
            if one[1] <= two[1]:
                one = next(mine, None)
            else:
                two = next(theirs, None)

    @property
    def hours(self) -> float:
        """How many hours they are together."""
        return sum(((end - start) / _HOUR for start, end in self._spans), 0.0)
