"""The check of the tag index against the lines: decisions find what was recorded.

The index is asked for each tag of each line by its key, and for its number of entries. If all are
found and there are no more, both sides are equal, and neither has to be held, sorted or hashed.
If entries of a span are missing or too many, its rows and entries are compared one by one.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from ledger.audit.verification.batches import TAG_ERRORS, Batch
from ledger.audit.verification.checks import Findings, Result
from ledger.log.rows import ENDLESS, StoredRow, tags_of

SPAN = 2_048
"""Rows whose tags are looked up with one query."""


class StoredIndex(Protocol):
    """The tag index as a log keeps it (`ledger.log.tag_index`); damaged values have any type."""

    def entries(self, after: int = 0) -> Iterable[tuple[Any, Any, Any]]:
        """Yield the entries of positions after `after` as (tag, type, position)."""

    def count(self, after: int = 0) -> int:
        """Count those entries."""

    def found(self, after: int, until: int) -> int:
        """Count the tags of a range's rows that it has; all their columns hold JSON arrays."""


class Index:
    """The tag index names the tags of the lines, all of them and no other."""

    name = "index"

    def __init__(
        self,
        stored: StoredIndex,
        rows: Callable[[int, int], Iterable[StoredRow]],
        after: int = 0,
    ) -> None:
        self._stored = stored
        self._rows = rows
        self._after = after
        self._ends: list[int] = []
        self._counts: list[int] = []
        self._wrong: set[int] = set()
        self._open = _Span(after or -ENDLESS)

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        span = self._open
        if batch.tag_count is None:
            span.odd = True
            span.count += sum(len(_tags(row)) for row in batch.rows)
        else:
            span.count += batch.tag_count
        span.until = batch.last
        span.rows += batch.count
        if span.rows >= SPAN:
            self._close()

    def _close(self) -> None:
        """Look up the tags of the open span, and open the next one."""
        span = self._open
        if not span.rows:
            return
        if span.odd or self._stored.found(span.after, span.until) != span.count:
            self._wrong.add(len(self._ends))
        self._ends.append(span.until)
        self._counts.append(span.count)
        self._open = _Span(span.until)

    def result(self) -> Result:
        """See `RowCheck.result`."""
        self._close()
        findings, count = Findings(), sum(self._counts)
        if self._wrong or self._stored.count(self._after) != count:
            self._wrong |= self._crowded(findings)
            self._compare(findings)
        return findings.result(self.name, f"{count:,} entries, those of the lines")

    def _entries(self) -> Iterator[tuple[int, str, str, Any]]:
        """Yield the stored entries with their spans; the last span follows all rows."""
        for tag, type, position in self._stored.entries(self._after):
            span = bisect_left(self._ends, position) if isinstance(position, int) else -1
            yield span, str(tag), str(type), position

    def _crowded(self, findings: Findings) -> set[int]:
        """The spans whose number of entries differs from the number of their rows' tags."""
        counts: Counter[int] = Counter()
        for span, tag, type, position in self._entries():
            if span < 0:
                findings.add(
                    f"the tag index names {tag} ({type}) at {position!r}, which is not a position",
                    None,
                    _REBUILD,
                )
            counts[span] += 1
        expected = dict(enumerate((*self._counts, 0)))
        return {span for span, count in expected.items() if counts[span] != count}

    def _compare(self, findings: Findings) -> None:
        entries: dict[int, set[tuple[str, str]]] = {}
        for span, tag, type, position in self._entries():
            if span in self._wrong:
                entries.setdefault(position, set()).add((tag, type))
        lines: dict[int, set[tuple[str, str]]] = {}
        last = self._ends[-1] if self._ends else self._after
        for span in self._wrong:
            first = self._ends[span - 1] if span else self._after or -ENDLESS
            until = self._ends[span] if span < len(self._ends) else ENDLESS
            for row in self._rows(first, until):
                # A row recorded after the entries were read has no entries among them.
                if row[0] <= last or row[0] in entries:
                    lines[row[0]] = {(tag, row[2]) for tag in _tags(row)}
        for position in sorted({*entries, *lines}):
            kept, true = entries.get(position, set()), lines.get(position, set())
            for tag, type in sorted(true - kept, key=str):
                findings.add(
                    f"the tag index lacks {tag} ({type}) of #{position}", position, _REBUILD
                )
            for tag, type in sorted(kept - true, key=str):
                findings.add(
                    f"the tag index names {tag} ({type}) at #{position}, which its line does not",
                    position,
                    _REBUILD,
                )


class _Span:
    """Rows with after < position <= until, and the number of their tags.

    `odd`: some tags cannot be read, or hold what a database refuses to read.
    """

    def __init__(self, after: int) -> None:
        self.after = self.until = after
        self.rows = self.count = 0
        self.odd = False


def _tags(row: StoredRow) -> set[str]:
    try:
        return set(tags_of(row[3]))
    except TAG_ERRORS:
        return set()


_REBUILD = "Decisions rely on the index. Restore the ledger from its lines: audit export, import"
