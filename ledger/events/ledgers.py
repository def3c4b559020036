"""The ledger's own first event."""

from datetime import date, datetime

from ledger.events.base import Event, Query
from ledger.time.periods import Period

FORMAT = 1
"""The format version of lines and storage that this program writes."""


class LedgerOpened(Event, frozen=True):
    """Position 1 of every ledger: whose it is, in which format, and whether it is a demo.

    Days are read in `zone` where no site says otherwise (`--as-of`).
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


class LedgerContinued(Event, frozen=True):
    """From here on this is another log, which shares its lines so far with a former log.

    Recorded where a ledger is restored from a copy older than what its log has signed: under the
    same name there would be two histories. `origin` is the name from here on, `former` the one
    before; `size` and `root` (base64) say which lines are shared: all those before this one.
    `lost_size` and `lost_root` are those of the largest known checkpoint of the former log that
    this one does not continue.
    """

    origin: str
    former: str
    size: int
    root: str
    lost_size: int | None = None
    lost_root: str | None = None

    def tags(self) -> tuple[str, ...]:
        """The ledger itself."""
        return ("ledger:continued",)

    def effective(self) -> Period | datetime | date | None:
        """It holds from when it is recorded."""
        return None


CONTINUED = Query(("ledger:continued",), ("LedgerContinued",))
"""Every change of a log's origin."""
