"""MUTANT: stamps a row with the machine's clock. Caught by `purity`."""

from datetime import UTC, datetime

from ledger.events import ShootDayReported
from ledger.plugin import Projection, RecordedEvent, Row, key, on, table, view


class Day(Row):
    """A shoot day."""

    booking: str = key()
    day: str = key()
    hours: float = 0.0
    seen_at: datetime | None = None


class HoursByTheClock(Projection):
    """Shooting hours, and when somebody looked."""

    days = table(Day)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """Write it down."""
        row = self.days.edit(event.booking, str(event.day))
        row.hours = event.shooting_hours
        row.seen_at = datetime.now(UTC)  # instead of entry.recorded_at

    @view("Shooting hours by day")
    def hours_by_day(self) -> list[Day]:
        """What was shot."""
        return self.days.rows()
