"""Promises: how much of a kind of equipment is claimed at a time, and how much there is.

A *claim* is a reservation, or a loan for as long as it is due. Of one booking a thing that is out
is not claimed twice: what it took out counts towards what it had reserved, the items by name
first, and the rest towards what it had of their kind.

The events of a month of a kind are enough to know the claims of that month (`Claims.after`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from ledger.entities.reservations import Reservation, SubHire
from ledger.errors import UnreadableEvent
from ledger.events.base import Event, RecordedEvent
from ledger.events.equipment import (
    Away,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    KindCount,
    LoanProlonged,
    Lot,
    StockTransferred,
)
from ledger.events.reservations import (
    EquipmentReserved,
    EquipmentSubHired,
    ReservationReleased,
)

CLAIMS: tuple[type[Event], ...] = (
    EquipmentReserved,
    ReservationReleased,
    EquipmentSubHired,
    EquipmentCheckedOut,
    LoanProlonged,
    EquipmentCheckedIn,
    StockTransferred,
)
"""The event types that say what is claimed."""


class Holder(Struct, frozen=True, order=True):
    """Who claims something: a booking, or a person who borrowed it without one."""

    booking: str = ""
    custodian: str = ""

    @classmethod
    def of(cls, loan: Any) -> Self:
        """The holder of a loan."""
        return cls(booking=loan.booking) if loan.booking else cls(custodian=loan.custodian or "")

    def __str__(self) -> str:
        return f"booking {self.booking!r}" if self.booking else self.custodian


class Claim(Struct, frozen=True):
    """A number of pieces that a holder has a claim to from one instant to before another.

    Of an item or a stock; without `equipment` of any of the kind. `is_out`: on a loan.
    """

    holder: Holder
    equipment: str | None
    quantity: int
    start: datetime
    end: datetime
    position: int
    is_out: bool = False
    within: str | None = None


class Claims(Struct, frozen=True):
    """The reservations, loans and sub-hires of a kind in some months."""

    reservations: Mapping[str, Reservation] = {}
    hired: Mapping[str, SubHire] = {}
    out: Mapping[tuple[str, Holder, datetime], Claim] = {}
    """By thing, holder and when it is due back."""

    @classmethod
    def of(cls, entries: Iterable[RecordedEvent]) -> Self:
        """Fold the events of `CLAIMS` of some months, oldest first. Raises `UnreadableEvent`."""
        reservations: dict[str, Reservation] = {}
        hired: dict[str, SubHire] = {}
        out: dict[tuple[str, Holder, datetime], Claim] = {}
        for entry in entries:
            event: Any = entry.event
            match event:
                case EquipmentReserved() | ReservationReleased():
                    after = Reservation.after(reservations.get(event.reservation), entry)
                    if after is not None:
                        reservations[event.reservation] = after
                case EquipmentSubHired():
                    hire = SubHire.after(hired.get(event.subhire), entry)
                    if hire is not None:
                        hired[event.subhire] = hire
                case EquipmentCheckedOut():
                    _lend(out, event.equipment, event, 1, event.at, entry.position)
                case LoanProlonged():
                    _end(out, event.equipment, event, event.was_due_at)
                    _lend(out, event.equipment, event, 1, event.at, entry.position)
                case EquipmentCheckedIn():
                    _end(out, event.equipment, event, event.due_at)
                case StockTransferred():
                    _transfer(out, event, entry.position)
                case _:
                    raise UnreadableEvent(entry.type, position=entry.position)
        live = {id: one for id, one in reservations.items() if not one.is_released}
        return cls(live, hired, {key: one for key, one in out.items() if one.quantity > 0})

    def loans(self) -> Iterator[Claim]:
        """The claims of what is out."""
        yield from self.out.values()


Out = dict[tuple[str, Holder, datetime], Claim]


def _lend(out: Out, thing: str, loan: Any, quantity: int, at: datetime, position: int) -> None:
    key = thing, Holder.of(loan), loan.due_at
    before = out.get(key)
    if before is None:
        within = getattr(loan, "within", None)
        out[key] = Claim(key[1], thing, quantity, at, loan.due_at, position, True, within)
    else:
        out[key] = replace(before, quantity=before.quantity + quantity)


def _end(out: Out, thing: str, loan: Any, due_at: datetime) -> None:
    """End a loan of a single item, also where another custodian answers for it by now."""
    booking = loan.booking or ""
    for key in [k for k in out if k[0] == thing and k[1].booking == booking and k[2] == due_at]:
        del out[key]


def _transfer(out: Out, event: StockTransferred, position: int) -> None:
    for lot, sign in ((event.origin, -1), (event.destination, 1)):
        if isinstance(lot, Lot) and lot.is_out:
            _lend(out, event.equipment, lot, sign * event.quantity, event.at, position)


# --- how much is there, and how much is claimed --------------------------------------


class Shortage(Struct, frozen=True):
    """At an instant more is claimed than there is: of an item or stock, or of the whole kind."""

    at: datetime
    equipment: str | None
    claimed: int
    there: int
    by: tuple[Claim, ...]
    away: tuple[Away, ...] = ()


class KindBook(Struct, frozen=True):
    """A kind of equipment in some time: its count, the claims, and what is hired.

    `stocks` are those among the claims, and `pieces` says how many they have; any other item is
    one, or none where it is retired.
    """

    kind: str
    count: KindCount
    claims: tuple[Claim, ...]
    hired: tuple[SubHire, ...] = ()
    pieces: Mapping[str, int] = {}
    stocks: frozenset[str] = frozenset()
    now: datetime | None = None

    def turning_points(self, start: datetime, end: datetime) -> list[datetime]:
        """The instants from `start` to before `end` at which anything may be otherwise."""
        found = {start}
        for one in self.claims:
            found.update((one.start, one.end))
        for hire in self.hired:
            found.update((hire.period.start, hire.period.end))
        for away in self.count.away:
            found.update((away.since, away.until) if away.until is not None else (away.since,))
        return sorted(instant for instant in found if start <= instant < end)

    def away_at(self, at: datetime) -> tuple[Away, ...]:
        """The items that are in service at an instant, each once.

        One that broke while it is out is claimed by its loan until that is due.
        """
        out = {one.equipment for one in self.claims if one.is_out and one.start <= at < one.end}
        away = (one for one in self.count.away if self._is_away(one, at))
        return tuple({one.equipment: one for one in away if one.equipment not in out}.values())

    def _is_away(self, one: Away, at: datetime) -> bool:
        """A service that has begun goes on past the end that was expected of it."""
        until = one.until
        if one.begun and until is not None and self.now is not None and until <= self.now:
            until = None
        return one.since <= at and (until is None or at < until)

    def there(self, at: datetime, equipment: str | None = None) -> int:
        """How many pieces can be claimed at an instant: of the kind, or of one item or stock."""
        away = self.away_at(at)
        hired = sum(
            one.quantity
            for one in self.hired
            if one.period.start <= at < one.period.end and equipment in (None, one.equipment)
        )
        if equipment is None:
            return self.count.pieces - len(away) + hired
        out_of_use = any(one.equipment == equipment for one in away)
        return self.pieces.get(equipment, 1) - int(out_of_use) + hired

    def claimed(self, at: datetime, equipment: str | None = None) -> Counter[Holder]:
        """How many pieces each holder claims at an instant: of the kind, or of one of it."""
        promised: dict[Holder, Counter[str]] = defaultdict(Counter)
        out: dict[Holder, Counter[str]] = defaultdict(Counter)
        any_of_kind: Counter[Holder] = Counter()
        for one in self.claims:
            if not one.start <= at < one.end:
                continue
            if one.equipment is None:
                any_of_kind[one.holder] += one.quantity
            else:
                (out if one.is_out else promised)[one.holder][one.equipment] += one.quantity
        found: Counter[Holder] = Counter()
        for holder in {*promised, *out, *any_of_kind}:
            if equipment is not None:
                found[holder] = max(promised[holder][equipment], out[holder][equipment])
                continue
            named = promised[holder].total()
            beyond = (out[holder] - promised[holder]).total()
            found[holder] = named + max(any_of_kind[holder], beyond)
        return +found

    def shortage(
        self, start: datetime, end: datetime, equipment: Iterable[str] = ()
    ) -> Shortage | None:
        """Return the first shortage in a time: of one of these items, or of the kind."""
        items = tuple(dict.fromkeys(equipment))
        for at in self.turning_points(start, end):
            for thing in (*items, None):
                claimed, there = self.claimed(at, thing), self.there(at, thing)
                if claimed.total() > there:
                    return Shortage(
                        at=at,
                        equipment=thing,
                        claimed=claimed.total(),
                        there=there,
                        by=tuple(self._claims_at(at, thing)),
                        away=tuple(
                            one for one in self.away_at(at) if thing in (None, one.equipment)
                        ),
                    )
        return None

    def _claims_at(self, at: datetime, equipment: str | None) -> Iterator[Claim]:
        for one in self.claims:
            if one.start <= at < one.end and equipment in (None, one.equipment):
                yield one
