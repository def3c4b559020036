"""A naive model of a studio's bookings, to compare the decisions with.

Time is a row of half days, a booking the set of half days that it takes, a queue a list in the
order of requests. Nothing is read by the month or computed step by step: every rank is computed
afresh from the whole queue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    BookingWrapped,
    HoldPromoted,
    HoldReleased,
)
from ledger.events.base import RecordedEvent
from ledger.time.periods import Period

FIRST_DAY = date(2025, 3, 17)
"""The row of half days spans two month ends and the night when the clocks skip an hour."""

SLOTS = 2 * 50
ZONE = "Europe/Berlin"
CAPACITY: dict[str, int | None] = {"stage-1": None, "stage-2": None, "workshop": 3}
CLOSED = {"stage-2": frozenset(range(40, 44))}
ANSWER_HOURS = {"stage-1": 24, "stage-2": 48, "workshop": 24}


def wall(slot: int) -> str:
    """The wall time at which a half day begins."""
    return f"{FIRST_DAY + timedelta(days=slot // 2)}T{'00' if slot % 2 == 0 else '12'}:00"


def month(slot: int) -> str:
    """The month of a half day."""
    return wall(slot)[:7]


@dataclass
class Booked:
    """A booking: `slots` are the half days from `start` to before `end`."""

    id: str
    space: str
    start: int
    end: int
    units: int
    asked: int
    """Its place in the queue: a lower number came earlier."""

    expires_at: datetime | None = None
    state: str = "held"
    started_on: int | None = None
    """A day, counted from `FIRST_DAY`."""

    reported: set[int] = field(default_factory=set)
    asked_to_answer: dict[str, datetime] = field(default_factory=dict)
    """The bookings that it challenged, with the deadlines for an answer."""

    @property
    def slots(self) -> frozenset[int]:
        """The half days that it takes."""
        return frozenset(range(self.start, self.end))

    @property
    def months(self) -> set[str]:
        """The months that it touches."""
        return {month(slot) for slot in self.slots}

    def meets(self, other: Booked) -> bool:
        """Whether both want the same space at the same time."""
        return self.space == other.space and bool(self.slots & other.slots)


class Model:
    """The studio as a scheduler would keep it on a big sheet of paper."""

    def __init__(self) -> None:
        self.booked: dict[str, Booked] = {}
        self.turn = 0

    # --- reading ----------------------------------------------------------------------

    def held(self) -> list[Booked]:
        """All holds, in the order of the queue, including expired ones not yet released."""
        held = (one for one in self.booked.values() if one.state == "held")
        return sorted(held, key=lambda one: one.asked)

    def firm(self) -> list[Booked]:
        """All firm bookings."""
        return [b for b in self.booked.values() if b.state in ("confirmed", "started", "wrapped")]

    def ranks(self) -> dict[str, int]:
        """The rank of every hold, computed from the whole queue."""
        ranks: dict[str, int] = {}
        done: list[Booked] = []
        for one in self.held():
            before = [ranks[other.id] for other in done if other.meets(one)]
            ranks[one.id] = 1 + max(before, default=0)
            done.append(one)
        return ranks

    def ahead(self, one: Booked, now: datetime) -> list[Booked]:
        """The live holds that asked earlier for some of the same time."""
        return [
            other
            for other in self.held()
            if other.asked < one.asked and other.meets(one) and not expired(other, now)
        ]

    # --- obstacles -----------------------------------------------------------------

    def no_place(self, one: Booked) -> set[str]:
        """Return why the space cannot take such a booking at all."""
        reasons = set()
        if one.units > (CAPACITY[one.space] or 1):
            reasons.add("TooManyUnits")
        if CLOSED.get(one.space, frozenset()) & one.slots:
            reasons.add("ClosedDays")
        return reasons

    def no_room(self, one: Booked) -> set[str]:
        """Return why it does not fit beside the firm bookings."""
        others = [other for other in self.firm() if other.id != one.id]
        if self.fits(one, others):
            return set()
        return {"SpaceTaken" if CAPACITY[one.space] is None else "SpaceFull"}

    def fits(self, one: Booked, others: list[Booked]) -> bool:
        """Whether there is room for it beside the others, half day by half day."""
        capacity = CAPACITY[one.space]
        for slot in one.slots:
            here = [o for o in others if o.space == one.space and slot in o.slots]
            if here if capacity is None else sum(o.units for o in here) + one.units > capacity:
                return False
        return True

    def unanswered(self, one: Booked, now: datetime) -> tuple[set[str], list[Booked]]:
        """Return why it cannot pass those ahead of it, and those whose time to answer is over."""
        ahead = self.ahead(one, now)
        if self.fits(one, self.firm() + ahead):
            return set(), []
        asked = [one.asked_to_answer.get(other.id) for other in ahead]
        if any(answer_by is None for answer_by in asked):
            return {"BehindHold"}, []
        if any(answer_by is not None and now < answer_by for answer_by in asked):
            return {"AnswerPending"}, []
        return set(), ahead

    # --- changing ---------------------------------------------------------------------

    def next_turn(self) -> int:
        """Return the place at the back of the queue."""
        self.turn += 1
        return self.turn

    def forget_challenges(self, booking: str) -> None:
        """Void the challenges of and against a hold that goes to the back of the queue."""
        self.booked[booking].asked_to_answer.clear()
        for other in self.booked.values():
            other.asked_to_answer.pop(booking, None)


def expired(one: Booked, now: datetime) -> bool:
    """Whether a hold has expired."""
    return one.expires_at is not None and one.expires_at <= now


Holds = dict[str, tuple[str, Period, int]]
Firms = dict[str, tuple[str, Period, int]]


def whole_story(entries: list[RecordedEvent]) -> tuple[Holds, Firms]:
    """Space, period and rank of every hold, space, period and units of every firm booking."""
    holds: Holds = {}
    firm: Firms = {}
    for entry in entries:
        match entry.event:
            case BookingHeld() as e:
                holds[e.booking] = (e.space, e.period, e.rank)
            case HoldPromoted() as e:
                assert holds[e.booking] == (e.space, e.period, e.was_rank)
                assert e.rank < e.was_rank, "a promotion moves up"
                holds[e.booking] = (e.space, e.period, e.rank)
            case HoldReleased() as e:
                del holds[e.booking]
            case BookingConfirmed() as e:
                del holds[e.booking]
                firm[e.booking] = (e.space, e.period, e.units)
            case BookingRescheduled() as e if e.rank is None:
                firm[e.booking] = (e.space, e.period, e.units)
            case BookingRescheduled() as e:
                assert e.rank is not None
                holds[e.booking] = (e.space, e.period, e.rank)
            case BookingWrapped() as e:
                firm[e.booking] = (e.space, e.period, e.units)
            case BookingCancelled() as e:
                del firm[e.booking]
            case _:
                pass
    return holds, firm
