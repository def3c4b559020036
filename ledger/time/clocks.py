"""Where *now* comes from: the machine, or a time that the caller sets."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where *now* comes from. Only the edges of the program hold one."""

    def now(self) -> datetime:
        """The present instant, aware."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that is set by hand: for the demo, for tests, for a replayed history."""

    def __init__(self, start: datetime) -> None:
        self.instant = start.astimezone(UTC)

    def now(self) -> datetime:
        """The instant it was last set to."""
        return self.instant

    def set(self, instant: datetime) -> None:
        """Set it, forwards or backwards."""
        self.instant = instant.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move it on."""
        self.instant += by
