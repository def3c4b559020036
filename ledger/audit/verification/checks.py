"""Checks of a log's lines, fed with the stored rows: each derives one thing anew.

All of them see the same rows in one pass, 256 at a time. None trusts kept hashes or changes
anything. Each finding has the position and says what differs.
"""

from typing import Literal, Protocol

from msgspec import Struct

from ledger.audit.verification.batches import Batch
from ledger.errors import BadInput
from ledger.events.base import Registry
from ledger.log.lines import LINE_LIMIT, Row, parse_line
from ledger.log.restoring import check_event, check_recorded_at

State = Literal["ok", "bad", "not checked"]

SHOWN = 20
"""Findings of a check that are reported one by one; further ones are only counted."""


class Finding(Struct, frozen=True):
    """One thing that is wrong, with its position if it has one."""

    what: str
    position: int | None = None
    advice: str = ""


class Result(Struct, frozen=True):
    """The result of a check. `found` sums it up in one line; `seconds` is its share of the time."""

    check: str
    state: State
    found: str
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0


class Findings:
    """Collects findings: keeps the first ones and counts the rest."""

    def __init__(self) -> None:
        self.first: list[Finding] = []
        self.count = 0

    def add(self, what: str, position: int | None = None, advice: str = "") -> None:
        """Add a finding."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(Finding(what, position, advice))

    def result(self, check: str, well: str) -> Result:
        """The result of the check; `well` sums it up if nothing was found."""
        if not self.count:
            return Result(check, "ok", well)
        first = self.first[0].what
        more = f", and {self.count - 1:,} more" if self.count > 1 else ""
        return Result(check, "bad", f"{first}{more}", tuple(self.first))


class RowCheck(Protocol):
    """A check that sees every row once, in the order of positions."""

    name: str

    def take(self, batch: Batch) -> None:
        """Check the next rows."""

    def result(self) -> Result:
        """Return the result, once every row was taken."""


class Positions:
    """Positions count from 1, or continue from `after`, without a gap."""

    name = "positions"

    def __init__(self, after: int = 0) -> None:
        self._after = after
        self._last = after
        self._findings = Findings()

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        if batch.first == self._last + 1 and batch.is_gapless:
            self._last = batch.last
            return
        for position, *_ in batch.rows:
            if position < 1:
                self._findings.add(f"#{position} is not a position of a log", position)
            elif position != self._last + 1:
                self._findings.add(_missing(self._last + 1, position - 1), self._last + 1)
            self._last = max(position, self._last)

    def result(self) -> Result:
        """See `RowCheck.result`."""
        if self._last == self._after:
            return self._findings.result(self.name, f"nothing after #{self._after}")
        return self._findings.result(self.name, f"#{self._after + 1} to #{self._last}, no gap")


class Times:
    """Recorded times are written as a log writes them, and never go back."""

    name = "times"

    def __init__(self, before: str = "") -> None:
        self._before = before
        self._findings = Findings()

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        before = self._before
        if batch.times is not None and batch.times[0] >= before:
            self._before = batch.times[1]
            return
        for position, recorded_at, *_ in batch.rows:
            if recorded_at == before:  # one command's events, or a clock that stood still
                continue
            try:
                check_recorded_at(recorded_at, before)
            except BadInput as error:
                self._findings.add(f"#{position}: {error.message}", position)
                continue
            except TypeError:
                self._findings.add(f"#{position} has no recorded time", position)
                continue
            before = recorded_at
        self._before = before

    def result(self) -> Result:
        """See `RowCheck.result`."""
        return self._findings.result(self.name, "recorded times never go back")


class Lines:
    """Each row is one that a log writes: its line parses and carries its event's tags."""

    name = "lines"

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._findings = Findings()
        self._count = 0

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        self._count += batch.count
        if batch.is_plain(self._registry):
            return
        for row, text in zip(batch.rows, batch.lines, strict=True):
            try:
                if not text:
                    raise BadInput("a column holds what no log writes")
                if len(text) > LINE_LIMIT:
                    raise BadInput(f"it has {len(text):,} bytes; a line has at most {LINE_LIMIT:,}")
                parse_line(text)
                check_event(Row(*row), self._registry)
            except BadInput as error:
                self._findings.add(f"#{row[0]}: {error.message}", row[0])

    def result(self) -> Result:
        """See `RowCheck.result`."""
        return self._findings.result(self.name, f"{self._count:,} read, each as it was written")


def _missing(first: int, last: int) -> str:
    return f"#{first} is missing" if first == last else f"#{first} to #{last} are missing"
