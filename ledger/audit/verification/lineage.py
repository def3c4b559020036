"""The names of a log: the origin of #1, and each name under which it continued.

A log restored from too old a copy continues as another log: `LedgerContinued` names the log whose
first lines it shares, their number, and their root. All of that is checked against the lines
before it.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence

import msgspec

from ledger.audit.formats.merkle import Frontier, subtree
from ledger.audit.tree import LEVELS, TILE
from ledger.audit.verification.batches import NAMING_TYPES, Batch
from ledger.audit.verification.checks import Findings, Result
from ledger.events import LedgerContinued, LedgerOpened
from ledger.events.base import Registry
from ledger.log.rows import StoredRow

_NAMES = Registry((LedgerOpened, LedgerContinued))


class Origins:
    """Each change of the log's name correctly says which log it continues.

    `expected` are the positions of such changes according to the index; without one, no hash is
    derived. A change that the index lacks is found all the same.
    """

    name = "origins"

    def __init__(self, expected: Iterable[int]) -> None:
        self._expected = set(expected)
        self._until = max(self._expected, default=0)
        self._frontier = Frontier()
        self._seen = 0
        self._findings = Findings()
        self.names: list[str] = []

    @property
    def origin(self) -> str:
        """The log's name after the rows so far; empty before the first line."""
        return self.names[-1] if self.names else ""

    def take(self, batch: Batch) -> None:
        """See `RowCheck.take`."""
        if batch.names_log:
            for index, row in enumerate(batch.rows):
                if row[2] in NAMING_TYPES:
                    self._name(row, batch, index)
        if self._seen < self._until and batch.count == TILE:
            self._frontier.add(subtree(batch.leaves), LEVELS)
        self._seen += batch.count

    def _name(self, row: StoredRow, batch: Batch, index: int) -> None:
        position = row[0]
        try:
            event = _NAMES.decode(*row).event
        except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
            return  # the check of the lines reports it
        if isinstance(event, LedgerOpened):
            if position == 1:
                self.names.append(event.origin)
            else:
                self._findings.add(f"#{position} opens the ledger a second time", position)
        elif isinstance(event, LedgerContinued):
            self._continued(
                position, event, batch.leaves[:index] if self._knows(position) else None
            )

    def _knows(self, position: int) -> bool:
        if position in self._expected:
            return True
        self._findings.add(f"the tag index lacks ledger:continued of #{position}", position)
        return False

    def _continued(
        self, position: int, event: LedgerContinued, leaves: Sequence[bytes] | None
    ) -> None:
        before = self.origin
        if event.former != before:
            self._findings.add(
                f"#{position} continues the log {event.former!r}, but it was {before!r}", position
            )
        if event.origin in self.names:
            self._findings.add(f"#{position} takes the name {event.origin!r} again", position)
        if event.size != position - 1:
            self._findings.add(
                f"#{position} says that {event.size:,} lines are shared, but "
                f"{position - 1:,} stand before it",
                position,
            )
        elif leaves is not None:
            root = b64encode(self._frontier.root(leaves)).decode()
            if root != event.root:
                self._findings.add(
                    f"the lines before #{position} have the root {root}, but it says {event.root}",
                    position,
                )
        self.names.append(event.origin)

    def result(self) -> Result:
        """See `RowCheck.result`."""
        told = ", then ".join(self.names)
        return self._findings.result(self.name, told or "no name")
