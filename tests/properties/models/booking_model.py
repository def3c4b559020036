"""A naive model of a studio's bookings, to compare the decisions with.

Time is a row of half days, a booking the set of half days that it takes, a queue a list in the
order of requests. Nothing is read by the month or computed step by step: every rank is computed
afresh from the whole queue.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import islice

from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingHeld,
    BookingMerged,
    BookingRescheduled,
    BookingWrapped,
    HoldPromoted,
    HoldRanked,
    HoldReleased,
)
from ledger.events.base import RecordedEvent
from ledger.time.periods import Moment, Period

FIRST_DAY = date(2025, 3, 17)
"""The row of half days spans two month ends and the night when the clocks skip an hour."""

SLOTS = 2 * 50
ZONE = "Europe/Berlin"
CAPACITY: dict[str, int | None] = {
    "stage-1": None, "stage-2": None, "left": None, "right": 2, "corner": None, "workshop": 3,
}  # fmt: skip
FLOOR = {
    "stage-1": {1}, "stage-2": {2, 3, 4}, "left": {2}, "right": {3, 4}, "corner": {3},
    "workshop": {5},
}  # fmt: skip
"""The squares of the campus that each space has: stage 2 has two halves, the right one a corner."""

PART_OF = {"left": "stage-2", "right": "stage-2", "corner": "right"}
CLOSED = {"right": frozenset(range(40, 44))}
ANSWER_HOURS = {space: 48 if space in ("stage-2", "corner") else 24 for space in CAPACITY}
TURNAROUND = {"stage-1": (24, 36), "left": (12, 0), "workshop": (12, 0)}
"""The hours between two productions, and the half day from which a space has them."""


def wall(slot: int) -> str:
    """The wall time at which a half day begins."""
    return f"{FIRST_DAY + timedelta(days=slot // 2)}T{'00' if slot % 2 == 0 else '12'}:00"


def month(slot: int) -> str:
    """The month of a half day."""
    return wall(slot)[:7]


def share_floor(space: str, other: str) -> bool:
    """Whether who has the one keeps others from the other."""
    return bool(FLOOR[space] & FLOOR[other])


def building(space: str) -> set[str]:
    """All spaces of the whole that a space is in."""
    whole = max((one for one in FLOOR if FLOOR[space] <= FLOOR[one]), key=lambda o: len(FLOOR[o]))
    return {one for one in FLOOR if share_floor(one, whole)}


@cache
def instant(slot: int) -> datetime:
    """The instant at which a half day begins."""
    return Moment(wall(slot)).resolve(ZONE)


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
    project: str = "film"
    job: str | None = None
    note: str | None = None
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
        """Whether both want the same floor at the same time."""
        return share_floor(self.space, other.space) and bool(self.slots & other.slots)

    def keeps_out(self, other: Booked) -> datetime:
        """When another can have its floor: after its end, and the turnaround of its last day."""
        spaces = {self.space, other.space} if self.project != other.project else set()
        needed = (TURNAROUND.get(space, (0, 0)) for space in spaces)
        last_day = (self.end - 1) // 2 * 2
        hours = [hours for hours, since in needed if since <= last_day]
        return instant(self.end) + timedelta(hours=max(hours, default=0))


class Model:
    """The studio as a scheduler would keep it on a big sheet of paper."""

    def __init__(self) -> None:
        self.booked: dict[str, Booked] = {}
        self.turn = 0
        self.put_off: list[tuple[Booked, Booked | None]] | None = None
        """In a batch, who needs room at its end, and instead of whom; otherwise None."""

    # --- reading ----------------------------------------------------------------------

    def held(self) -> list[Booked]:
        """All holds, in the order of the queue, including expired ones not yet released."""
        held = (one for one in self.booked.values() if one.state == "held")
        return sorted(held, key=lambda one: one.asked)

    def firm(self) -> list[Booked]:
        """All firm bookings."""
        return [b for b in self.booked.values() if b.state in ("confirmed", "started", "wrapped")]

    def ranks(self, *but: Booked) -> dict[str, int]:
        """The rank of every hold, computed from the whole queue, without some of them."""
        ranks: dict[str, int] = {}
        done: list[Booked] = []
        for one in self.held():
            if one in but:
                continue
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
        if any(slots & one.slots for shut, slots in CLOSED.items() if share_floor(shut, one.space)):
            reasons.add("ClosedDays")
        return reasons

    def no_room(self, one: Booked, instead_of: Booked | None = None) -> set[str]:
        """Return why it does not fit beside the firm bookings: what each in its way may be called.

        Where it takes the place of another, what was in the way of that one is not asked again.
        """
        others = [other for other in self.firm() if other.id != one.id]
        before = self.shortages(instead_of, others) if instead_of else {}
        found = self.shortages(one, others)
        new = [found[slot] for slot in sorted(found) if found[slot] != before.get(slot)]
        if not new:
            return set()
        is_shared = CAPACITY[one.space] and all(other.space == one.space for other in new[0])
        names = set()
        for other in new[0]:
            if not one.slots & other.slots:
                names.add("TurnaroundNeeded")
            elif other.space != one.space:
                names.add("FloorTaken")
            else:
                names.add("SpaceFull" if is_shared else "SpaceTaken")
        return names

    def room(self, one: Booked, instead_of: Booked | None = None) -> set[str]:
        """Return why there is no room; in a batch that is asked at its end."""
        if self.put_off is None:
            return self.no_room(one, instead_of)
        self.put_off.append((one, instead_of))
        return set()

    def fits(self, one: Booked, others: list[Booked]) -> bool:
        """Whether there is room for it beside the others."""
        return not self.shortages(one, others)

    def shortages(self, one: Booked, others: list[Booked]) -> dict[int, list[Booked]]:
        """Return the half days in which somebody begins and not all have room, with the others.

        Two are in each other's way from when the later begins until one of them, and the
        turnaround after it, has ended.
        """
        near = [other for other in others if share_floor(one.space, other.space)]
        found = {}
        for slot in {one.start} | {other.start for other in near if other.start > one.start}:
            here = [
                other
                for other in near
                if other.start <= slot
                and instant(slot) < min(other.keeps_out(one), one.keeps_out(other))
            ]
            capacity = CAPACITY[one.space]
            alone = capacity is None or any(other.space != one.space for other in here)
            if here and (alone or sum(o.units for o in here) + one.units > (capacity or 0)):
                found[slot] = here
        return found

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

    def put(self, one: Booked, rank: int) -> None:
        """Put a hold before all of that rank or a worse one in its building: a new queue."""
        ranks, spaces = self.ranks(one), building(one.space)
        queue = [other for other in self.held() if other.id in ranks and other.space in spaces]
        queue.sort(key=lambda other: (ranks[other.id], other.asked))
        queue.insert(sum(ranks[other.id] < rank for other in queue), one)
        for place in queue:
            place.asked = self.next_turn()

    def new_ids(self, booking: str, count: int) -> list[str]:
        """The ids of the parts that are split from a booking."""
        ids = (f"{booking}-{n}" for n in range(2, 99) if f"{booking}-{n}" not in self.booked)
        return list(islice(ids, count))

    def carve(self, one: Booked, kept: tuple[int, int], rest: list[tuple[int, int]]) -> None:
        """Leave a booking one part of its half days, and make bookings of the others."""
        for id, (start, end) in zip(self.new_ids(one.id, len(rest)), rest, strict=True):
            state = "held" if one.state == "held" else "confirmed"
            part = replace(
                one, id=id, start=start, end=end, state=state, started_on=None, reported=set(),
                asked_to_answer={},
            )  # fmt: skip
            self.booked[id] = part
            if state == "held":
                self.carry_challenges([one], part)
        one.start, one.end = kept

    def carry_challenges(self, old: list[Booked], new: Booked) -> None:
        """Let a hold make and answer the challenges of those whose time it has."""
        asked = {one.id: dict(one.asked_to_answer) for one in self.booked.values()}
        self.forget_challenges(new.id)
        for other in self.held():
            for by, to, due in (
                (new, other, [asked[one.id].get(other.id) for one in old]),
                (other, new, [asked[other.id].get(one.id) for one in old]),
            ):
                deadlines = [one for one in due if one is not None]
                if deadlines and other.meets(new) and to.asked < by.asked:
                    by.asked_to_answer[to.id] = min(deadlines)

    def forget_challenges(self, booking: str) -> None:
        """Void the challenges of and against a hold that goes to the back of the queue."""
        self.booked[booking].asked_to_answer.clear()
        for other in self.booked.values():
            other.asked_to_answer.pop(booking, None)


def expired(one: Booked, now: datetime) -> bool:
    """Whether a hold has expired, or its time is over."""
    return (one.expires_at is not None and one.expires_at <= now) or _end(one) <= now


def passed(one: Booked, now: datetime) -> bool:
    """Whether it was a hold until its time was over."""
    is_late = one.expires_at is not None and one.expires_at <= min(now, _end(one))
    return one.state == "passed" or (one.state == "held" and _end(one) <= now and not is_late)


def _end(one: Booked) -> datetime:
    return instant(one.end)


Holds = dict[str, tuple[str, Period, int]]
Firm = tuple[str, Period, int, str]
Firms = dict[str, Firm]


def whole_story(entries: list[RecordedEvent]) -> tuple[Holds, Firms]:
    """Space, period and rank of every hold; space, period, units and project of the firm."""
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
            case HoldRanked() as e:
                assert holds[e.booking] == (e.space, e.period, e.was_rank)
                assert e.cause == "set" or e.rank > e.was_rank, "who is displaced moves down"
                holds[e.booking] = (e.space, e.period, e.rank)
            case BookingMerged() as e:
                assert e.into != e.booking
                holds.pop(e.booking, None)
                firm.pop(e.booking, None)
            case HoldReleased() as e:
                del holds[e.booking]
            case BookingConfirmed() as e:
                holds.pop(e.booking, None)  # released if it had passed
                firm[e.booking] = (e.space, e.period, e.units, e.project)
            case BookingRescheduled() as e if e.rank is None:
                firm[e.booking] = (e.space, e.period, e.units, e.project)
            case BookingRescheduled() as e:
                assert e.rank is not None
                holds[e.booking] = (e.space, e.period, e.rank)
            case BookingWrapped() as e:
                firm[e.booking] = (e.space, e.period, e.units, e.project)
            case BookingCancelled() as e:
                del firm[e.booking]
            case _:
                pass
    return holds, firm


def agreed(entries: list[RecordedEvent], firm: Firms) -> Firms:
    """The firm bookings without the time by which they overran."""
    wraps = {e.event.booking: e.event for e in entries if isinstance(e.event, BookingWrapped)}
    found: Firms = {}
    for booking, (space, period, units, project) in firm.items():
        if booking in wraps:
            end = min(period.end, wraps[booking].was_period.end)
            agreed_period = Period.between(period.start, end, period.zone)
            found[booking] = (space, agreed_period, units, project)
        else:
            found[booking] = (space, period, units, project)
    return found
