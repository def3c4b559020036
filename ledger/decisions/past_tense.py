"""A fact is recorded after it happened: its day has begun where it happened."""

from datetime import date

from ledger.decisions.base import Context
from ledger.errors import Refused
from ledger.time.periods import check_day, zone

ANYWHERE_ON_EARTH = "Etc/GMT-14"
"""The zone (14 hours *ahead* of UTC, however it is spelt) where each day begins first: for
what has no place of its own."""


class DayToCome(Refused):
    """Something is said to have happened on a day that has not begun."""

    rule = "past-tense"

    def __init__(self, what: str, on: date, *, today: date) -> None:
        super().__init__(
            f"{what} on {on}: today is still {today}", advice="Record it when it has happened"
        )
        self.on, self.today = on, today


def check_begun(ctx: Context, what: str, on: date, *, zone_name: str) -> None:
    """The day has begun on the clock of that zone. Raises `DayToCome`, `BadTime`."""
    check_day(on)
    today = ctx.now.astimezone(zone(zone_name)).date()
    if on > today:
        raise DayToCome(what, on, today=today)
