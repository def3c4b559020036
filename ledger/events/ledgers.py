"""The ledger's own first event."""

from datetime import date, datetime

from ledger.events.base import Event
from ledger.times import Period

FORMAT = 1
"""The format version of lines and storage that this program writes."""


class LedgerOpened(Event, frozen=True):
    """Position 1 of every ledger: whose it is, in which format, and whether it is a demo.

    `zone` is the one in which a day is read where no site says otherwise (`--as-of`).
    """

    origin: str
    format: int
    demo: bool
    zone: str

    def tags(self) -> tuple[str, ...]:
        """The ledger itself."""
        return ("ledger:opened",)

    def effective(self) -> Period | datetime | date | None:
        """It holds from when it is recorded."""
        return None
