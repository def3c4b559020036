"""Hours that a change of the time zone rules moved: what `doctor` tells of them."""

from datetime import timedelta

from ledger.commands.operation.surroundings import Finding
from ledger.entities.closures import left_of
from ledger.events.base import RecordedEvent
from ledger.events.bookings import BookingCancelled, BookingEvent, HoldReleased
from ledger.events.sites import SpaceClosed, SpaceReopened
from ledger.time.periods import Period

_NAMED = 5


class MovedHours:
    """The bookings and closures whose hours begin at another instant than when they were recorded.

    Show it each event, oldest first.
    """

    def __init__(self) -> None:
        self._moved: dict[str, Period] = {}

    def see(self, entry: RecordedEvent) -> None:
        """Take an event into account."""
        match entry.event:
            case HoldReleased() | BookingCancelled() as event:
                self._moved.pop(f"booking {event.booking}", None)
            case BookingEvent() as event:
                self._keep(f"booking {event.booking}", event.period)
            case SpaceClosed() as event:
                self._keep(f"closure {event.closure}", event.period)
            case SpaceReopened() as event:
                self._keep(f"closure {event.closure}", left_of(event))

    def _keep(self, thing: str, period: Period | None) -> None:
        if period is not None and period.moved_by:
            self._moved[thing] = period
        else:
            self._moved.pop(thing, None)

    def finding(self) -> Finding | None:
        """Return what there is to tell; None if nothing moved."""
        if not self._moved:
            return None
        named = [f"{thing}, {_told(period)}" for thing, period in self._moved.items()][:_NAMED]
        more = len(self._moved) - len(named)
        rest = f"; and {more:,} more" if more else ""
        return Finding(
            "time zone rules",
            "warn",
            f"they changed since hours were recorded: {'; '.join(named)}{rest}",
            "The wall times stand. Tell those who go by another clock, or: booking move",
        )


def _told(period: Period) -> str:
    minutes = round(abs(period.moved_by) / timedelta(minutes=1))
    later = "later" if period.moved_by > timedelta() else "earlier"
    return f"{period}, is {minutes // 60}:{minutes % 60:02} h {later}"
