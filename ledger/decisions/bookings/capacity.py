"""Capacity: whether a space can take a booking, and which holds block it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ledger.decisions.base import Context
from ledger.decisions.bookings.calendar import FirmBooking
from ledger.decisions.bookings.ladder import Hold
from ledger.decisions.bookings.refusals import ClosedDays, SpaceFull, SpaceTaken, TooManyUnits
from ledger.decisions.sites import check_days, closures
from ledger.entities.spaces import Space
from ledger.errors import BadInput
from ledger.time.periods import Period, start_of_day, zone


def check_bookable(ctx: Context, space: Space, period: Period, units: int) -> None:
    """Check that the space is in service, open throughout, and has that many units when empty.

    Raises `NotInService`, `TooFarAhead`, `TooManyUnits`, `ClosedDays`; `BadInput` for less
    than one unit.
    """
    if units < 1:
        raise BadInput(f"{units} units cannot be booked", advice="Take at least one")
    check_days(ctx, space, period)
    for facts in space.facts_during(period.days):
        if units > (1 if facts.capacity is None else facts.capacity):
            raise TooManyUnits(
                space.id, units=units, capacity=facts.capacity, position=facts.position
            )
    for closure in closures(ctx, space.id, period):
        raise ClosedDays(
            space.id,
            closure=closure.id,
            kind=closure.kind,
            period=closure.period,
            position=closure.position,
        )


def check_capacity(space: Space, period: Period, units: int, firm: Sequence[FirmBooking]) -> None:
    """Check that the units fit beside the firm bookings. Raises `SpaceTaken`, `SpaceFull`."""
    shortage = first_shortage(space, period, units, firm)
    if shortage is None:
        return
    winner = max((one for one in firm if _at(one, shortage.at)), key=lambda one: one.position)
    if shortage.capacity is None:
        raise SpaceTaken(
            space.id, booking=winner.booking, period=winner.period, position=winner.position
        )
    raise SpaceFull(
        space.id,
        units=units,
        taken=shortage.taken,
        capacity=shortage.capacity,
        at=shortage.at,
        booking=winner.booking,
        period=winner.period,
        position=winner.position,
    )


class Shortage(Struct, frozen=True):
    """An instant with too little capacity; `capacity` is None if the space is exclusive then."""

    at: datetime
    taken: int
    capacity: int | None


def first_shortage(
    space: Space, period: Period, units: int, taken: Sequence[FirmBooking | Hold]
) -> Shortage | None:
    """Return the first instant of a period at which `units` do not fit beside those taken.

    Free capacity shrinks only where a booking begins or the space's capacity changes: only
    those instants need a check.
    """
    changes = (start_of_day(facts.on, period.zone) for facts in space.facts)
    starts = (one.period.start for one in taken)
    tz = zone(period.zone)
    for at in sorted({period.start, *changes, *starts}):
        if not period.start <= at < period.end:
            continue
        capacity = space.facts_on(at.astimezone(tz).date()).capacity
        used = sum(one.units for one in taken if _at(one, at))
        if used if capacity is None else used + units > capacity:
            return Shortage(at, used, capacity)
    return None


def blocking_holds(
    space: Space, period: Period, units: int, firm: Sequence[FirmBooking], holds: Sequence[Hold]
) -> list[Hold]:
    """Return the holds that a confirm must not pass: all of them on an exclusive space.

    On a shared space they block nothing while there is room for all: a second crew may
    confirm its bay of the workshop while another still thinks about the next bay.
    """
    if holds and first_shortage(space, period, units, [*firm, *holds]) is not None:
        return list(holds)
    return []


def _at(one: FirmBooking | Hold, instant: datetime) -> bool:
    return one.period.start <= instant < one.period.end
