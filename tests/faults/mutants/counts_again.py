"""MUTANT: adds up in its class and writes the sum, so that what comes again counts twice.
Caught by `redelivery`."""

from collections import Counter
from typing import ClassVar

from ledger.events import ShootDayReported
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Month(Row):
    """Setups of a month."""

    month: str = key()
    setups: int = 0


class CountsAgain(Projection):
    """Setups by month."""

    months = table(Month)
    so_far: ClassVar[Counter[str]] = Counter()

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """Count on from the row the first time, then from memory: it is faster."""
        month = f"{event.day:%Y-%m}"
        if month not in self.so_far:
            row = self.months.get(month)
            self.so_far[month] = row.setups if row is not None else 0
        self.so_far[month] += event.setups_shot
        self.months.edit(month).setups = self.so_far[month]

    @view("Setups by month")
    def setups_by_month(self) -> list[Month]:
        """What was shot."""
        return self.months.rows()
