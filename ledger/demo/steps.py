"""A step of the demo: a command, who gave it, when, and why."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

ZONE = "Asia/Shanghai"
BEGINS = date(2023, 5, 1)
"""The first phase entered service in this month; the source gives no day."""
ENDS = date(2026, 3, 31)
"""The last day with a booking."""
NOW = datetime(2026, 3, 10, 18, tzinfo=ZoneInfo(ZONE))
"""When the demo's ledger was last written."""


class Step(Struct, frozen=True, order=True):
    """A command as in a batch file. Steps are taken in the order of `at`, then `turn`."""

    at: datetime
    turn: int
    actor: str
    command: dict[str, Any]
    reason: str | None = None
    corrects_report: bool = False
    """Whether it corrects the earlier report of the same booking and day."""

    @property
    def words(self) -> str:
        """The command's words, such as `booking hold`."""
        return str(self.command["do"])


class Steps:
    """Collect steps in any order and yield them in time order."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def add(
        self,
        moment: datetime,
        actor: str,
        do: str,
        /,
        *,
        reason: str | None = None,
        corrects_report: bool = False,
        **fields: Any,
    ) -> None:
        """Add a command by `actor` at `moment`, unless that is after the demo's end."""
        if moment <= NOW:
            turn = len(self._steps)
            command = {"do": do, **fields}
            self._steps.append(Step(moment, turn, actor, command, reason, corrects_report))

    def __iter__(self) -> Iterator[Step]:
        return iter(sorted(self._steps, key=lambda step: (step.at, step.turn)))


class Dice:
    """Random numbers that are the same on every run and every Python version.

    Uses only `Random.random()`, the one method whose sequence Python promises to keep.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  # not for secrets: it must repeat

    def between(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""
        return least + int(self._random.random() * (most - least + 1))

    def chance(self, share: float) -> bool:
        """Return True in that share of cases."""
        return self._random.random() < share


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a moment in the campus's time zone."""
    return datetime.combine(day, time(hour, minute), tzinfo=ZoneInfo(ZONE))


def days(first: date, last: date) -> str:
    """Return days as a command writes them."""
    return f"{first}..{last}"


def after(day: date, number: int) -> date:
    """Return the day that many days later."""
    return day + timedelta(days=number)
