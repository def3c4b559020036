"""A naive judge of promises: it goes through every raw event, and counts heads at an instant.

It shares no code with the entities or the decisions: what stands after corrections, the state of a
booking, who has what out and how much there is are worked out here once more, by the plainest way.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.events.base import Event, RecordedEvent

Who = tuple[str, str]
"""A booking, or a person who borrowed something without one."""

Thing = tuple[str, str]
"""`("item", id)`, or `("kind", kind)`."""


def standing(entries: Iterable[RecordedEvent]) -> list[Event]:
    """The events that count, each in the place of what it corrects."""
    found: dict[int, Event] = {}
    for entry in entries:
        place = entry.corrects or int(entry.position)
        if entry.undone:
            found.pop(place, None)
        else:
            found[place] = entry.event
    return [found[place] for place in sorted(found)]


@dataclass
class Out:
    """Something on a loan."""

    who: Who
    thing: str
    pieces: int
    since: datetime
    due: datetime


@dataclass
class House:
    """All that is known."""

    firm: dict[str, Any] = field(default_factory=dict)
    """The time of each booking that is firm, or was until it wrapped."""

    held: dict[str, Any] = field(default_factory=dict)
    wrapped: set[str] = field(default_factory=set)
    reserved: dict[str, Any] = field(default_factory=dict)
    out: list[Out] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    """The kind of each item that is not retired."""

    stocks: Counter[str] = field(default_factory=Counter)
    singles: set[str] = field(default_factory=set)
    hired: dict[str, Any] = field(default_factory=dict)
    planned: dict[Any, Any] = field(default_factory=dict)

    # --- what is told --------------------------------------------------------------

    def take(self, event: Any) -> None:
        """Go on by an event."""
        name = re.sub("([A-Z])", r"_\1", event.type_name).lower()
        tell = getattr(self, name, None)
        if tell is not None:
            tell(event)

    def _booking_held(self, event: Any) -> None:
        self.held[event.booking] = event.period

    def _booking_confirmed(self, event: Any) -> None:
        self.held.pop(event.booking, None)
        self.firm[event.booking] = event.period

    def _booking_rescheduled(self, event: Any) -> None:
        for among in (self.held, self.firm):
            if event.booking in among:
                among[event.booking] = event.period

    def _booking_wrapped(self, event: Any) -> None:
        self.firm[event.booking] = event.period
        self.wrapped.add(event.booking)

    def _over(self, event: Any) -> None:
        self.held.pop(event.booking, None)
        self.firm.pop(event.booking, None)

    _hold_released = _booking_cancelled = _booking_merged = _over

    def _equipment_reserved(self, event: Any) -> None:
        self.reserved[event.reservation] = event

    def _reservation_released(self, event: Any) -> None:
        self.reserved.pop(event.reservation, None)

    def _equipment_sub_hired(self, event: Any) -> None:
        self.hired[event.subhire] = event

    def _equipment_registered(self, event: Any) -> None:
        self.kinds[event.equipment] = event.kind
        if event.quantity is None:
            self.singles.add(event.equipment)
        else:
            self.stocks[event.equipment] = event.quantity

    def _equipment_described(self, event: Any) -> None:
        self.kinds[event.equipment] = event.kind

    def _equipment_retired(self, event: Any) -> None:
        del self.kinds[event.equipment]
        self.singles.discard(event.equipment)

    def _service_planned(self, event: Any) -> None:
        key = event.equipment, event.kind, event.period.start, event.period.end
        if event.dropped:
            self.planned.pop(key, None)
        else:
            self.planned[key] = event

    def _service_began_or_ended(self, event: Any) -> None:
        """What was planned to have begun by then is over, or goes on as a fact."""
        self.planned = {
            key: one
            for key, one in self.planned.items()
            if key[:2] != (event.equipment, event.kind) or event.at < one.period.start
        }

    _service_started = _service_completed = _service_began_or_ended

    def _equipment_checked_out(self, event: Any) -> None:
        who = (event.booking or "", "" if event.booking else event.custodian)
        self.out.append(Out(who, event.equipment, 1, event.at, event.due_at))

    def _loan_prolonged(self, event: Any) -> None:
        for one in self.out:
            if one.thing == event.equipment:
                one.due = event.due_at

    def _equipment_checked_in(self, event: Any) -> None:
        self.out = [one for one in self.out if one.thing != event.equipment]

    def _stock_transferred(self, event: Any) -> None:
        if event.origin is None:
            self.stocks[event.equipment] += event.quantity
        if event.destination is None:
            self.stocks[event.equipment] -= event.quantity
        for lot, sign in ((event.origin, -1), (event.destination, 1)):
            if lot is not None and lot.due_at is not None:
                who = (lot.booking or "", "" if lot.booking else lot.custodian)
                pieces = sign * event.quantity
                self.out.append(Out(who, event.equipment, pieces, event.at, lot.due_at))

    # --- what is counted -----------------------------------------------------------

    def live(self) -> Iterator[Any]:
        """The reservations of firm bookings."""
        return (one for one in self.reserved.values() if one.booking in self.firm)

    def claims(self, at: datetime) -> dict[Who, tuple[Counter[str], Counter[str], Counter[str]]]:
        """What each has at an instant: promised by name, promised of a kind, and out."""
        found: dict[Who, tuple[Counter[str], Counter[str], Counter[str]]] = defaultdict(
            lambda: (Counter(), Counter(), Counter())
        )
        for one in self.live():
            period = self.firm[one.booking]
            if not (one.period.start <= at < one.period.end and period.start <= at < period.end):
                continue
            named, any_of, _ = found[one.booking, ""]
            if one.equipment is None:
                any_of[one.equipment_kind] += one.quantity
            else:
                named[one.equipment] += one.quantity
        for loan in self.out:
            if loan.since <= at < loan.due:
                found[loan.who][2][loan.thing] += loan.pieces
        return found

    def excess(self, at: datetime) -> dict[Thing, int]:
        """By how much more is claimed than there is by decision, of whatever it is."""
        claimed: Counter[Thing] = Counter()
        for named, any_of, out in self.claims(at).values():
            beyond: Counter[str] = Counter()
            for thing in {*named, *out}:
                kind = self.kinds.get(thing, "")
                claimed["item", thing] += max(named[thing], out[thing])
                claimed["kind", kind] += named[thing]
                beyond[kind] += max(0, out[thing] - named[thing])
            for kind in {*beyond, *any_of}:
                claimed["kind", kind] += max(beyond[kind], any_of[kind])
        there = self._there(at)
        return {
            thing: number - there[thing]
            for thing, number in claimed.items()
            if number > there[thing]
        }

    def _there(self, at: datetime) -> Counter[Thing]:
        found: Counter[Thing] = Counter()
        away = {
            one.equipment
            for one in self.planned.values()
            if one.period.start <= at < one.period.end
        }
        for item, kind in self.kinds.items():
            pieces = int(item not in away) if item in self.singles else self.stocks[item]
            found["item", item] += pieces
            found["kind", kind] += pieces
        for hire in self.hired.values():
            if hire.period.start <= at < hire.period.end:
                found["kind", hire.equipment_kind] += hire.quantity
                if hire.equipment is not None:
                    found["item", hire.equipment] += hire.quantity
        return found

    def outside(self) -> list[str]:
        """The reservations that are not within the time of their booking."""
        found = []
        for id, one in self.reserved.items():
            period = self.firm.get(one.booking) or self.held.get(one.booking)
            if one.booking in self.wrapped or period is None:
                continue  # it used less of its time, or comes to nothing
            if not (period.start <= one.period.start and one.period.end <= period.end):
                found.append(id)
        return found


def judged(entries: Iterable[RecordedEvent]) -> House:
    """The house after these events."""
    house = House()
    for event in standing(entries):
        house.take(event)
    return house
