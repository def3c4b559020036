"""The made-up bookings of the sample projects: one block after another in each space."""

from collections.abc import Iterator
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from ledger.demo.steps import BEGINS, ENDS, Dice, after

PHASE_2 = date(2025, 4, 1)


class Habit(Struct, frozen=True):
    """How a space is used: length of bookings and gaps between them, in days."""

    since: date
    shortest: int
    longest: int
    gap: int
    kinds: tuple[str, ...]


HABITS = {
    "stage-1": Habit(BEGINS, 16, 38, 8, ("feature", "series", "commercial")),
    "stage-2": Habit(BEGINS, 13, 32, 14, ("series", "commercial", "music video", "feature")),
    "set-studio-1": Habit(PHASE_2, 14, 34, 12, ("series", "feature")),
    "set-studio-2": Habit(PHASE_2, 8, 20, 16, ("commercial", "short", "music video")),
    "virtual-stage": Habit(PHASE_2, 8, 20, 7, ("feature", "series", "commercial")),
    # The workshop is never booked, and utilization lists it as idle.
}

MAINTENANCE_EVERY = 5
"""How many bookings a space has between closures for maintenance."""


class Block(Struct, frozen=True):
    """One booking as it turned out. `project` is the number of the sample project.

    `fate`: usual · moved (first booked a day later) · early (wrapped two days before its end) ·
    cancelled. `rival`: none · released (a second hold that gave up) · answered (it challenged,
    and the first holder confirmed) · lapsed (it challenged, and got the days).
    """

    space: str
    first: date
    last: date
    number: int
    project: int
    kind: str
    fate: str
    rival: str


class Closing(Struct, frozen=True):
    """Days that a space is closed."""

    space: str
    first: date
    last: date
    kind: str


def plan(dice: Dice) -> tuple[list[Block], list[Closing]]:
    """Return all bookings and closures of the demo."""
    blocks: list[Block] = []
    closings: list[Closing] = []
    for space, habit in HABITS.items():
        blocks.extend(_fill(space, habit, dice, closings))
    blocks.sort(key=lambda block: (block.first, block.space))
    return _number(blocks), closings


def _fill(space: str, habit: Habit, dice: Dice, closings: list[Closing]) -> Iterator[Block]:
    cursor = after(habit.since, dice.between(5, 16))
    count = 0
    while True:
        length = dice.between(habit.shortest, habit.longest)
        first, last = cursor, after(cursor, length - 1)
        if last > ENDS:
            # The campus is booked to the end: the last booking runs to the very last day.
            if (ENDS - first).days < 6:
                return
            last = ENDS
        count += 1
        kind = habit.kinds[dice.between(0, len(habit.kinds) - 1)]
        yield Block(space, first, last, 0, 0, kind, _fate(dice, last), _rival(dice))
        cursor = after(last, 3 + dice.between(0, habit.gap))
        if space == "virtual-stage" and last < ENDS:
            closings.append(Closing(space, after(last, 1), after(last, 1), "calibration"))
        elif count % MAINTENANCE_EVERY == 0 and last < ENDS:
            closings.append(Closing(space, after(last, 2), after(last, 4), "maintenance"))
            cursor = max(cursor, after(last, 5))


def _fate(dice: Dice, last: date) -> str:
    roll = dice.between(1, 100)
    if last == ENDS:
        return "usual"
    return (
        "moved" if roll <= 10 else "early" if roll <= 22 else "cancelled" if roll <= 29 else "usual"
    )


def _rival(dice: Dice) -> str:
    roll = dice.between(1, 100)
    return (
        "lapsed"
        if roll <= 8
        else "answered"
        if roll <= 16
        else "released"
        if roll <= 30
        else "none"
    )


def _number(blocks: list[Block]) -> list[Block]:
    """Number the bookings in order of their days, and assign their projects."""
    numbered = []
    for number, block in enumerate(blocks, start=1):
        # Every seventh booking is a pick-up for the project before it.
        project = number - number // 7
        numbered.append(replace(block, number=number, project=project))
    return numbered
