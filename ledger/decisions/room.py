"""Room: whether a space can take a booking, and whose hold stands before it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ledger.decisions.base import Context
from ledger.decisions.booking_refusals import ClosedDays, SpaceFull, SpaceTaken, TooManyUnits
from ledger.decisions.calendar import Firm
from ledger.decisions.ladder import Hold
from ledger.decisions.sites import check_days, closures
from ledger.entities.spaces import Space
from ledger.errors import BadInput
from ledger.times import Period, start_of_day, zone


def check_place(ctx: Context, space: Space, period: Period, units: int) -> None:
    """The space is in service and open throughout, and has that many units at all.

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


def check_room(space: Space, period: Period, units: int, firm: Sequence[Firm]) -> None:
    """Room for that many units beside the firm bookings. Raises `SpaceTaken`, `SpaceFull`."""
    squeeze = first_squeeze(space, period, units, firm)
    if squeeze is None:
        return
    winner = max((one for one in firm if _at(one, squeeze.at)), key=lambda one: one.position)
    if squeeze.capacity is None:
        raise SpaceTaken(
            space.id, booking=winner.booking, period=winner.period, position=winner.position
        )
    raise SpaceFull(
        space.id,
        units=units,
        taken=squeeze.taken,
        capacity=squeeze.capacity,
        at=squeeze.at,
        booking=winner.booking,
        period=winner.period,
        position=winner.position,
    )


class Squeeze(Struct, frozen=True):
    """An instant with too little room; `capacity` None where the space is exclusive then."""

    at: datetime
    taken: int
    capacity: int | None


def first_squeeze(
    space: Space, period: Period, units: int, taken: Sequence[Firm | Hold]
) -> Squeeze | None:
    """The first instant of a period at which `units` do not fit beside what is taken.

    Room shrinks only where a booking begins or the space's capacity changes: those are the
    instants to look at.
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
            return Squeeze(at, used, capacity)
    return None


def in_the_way(
    space: Space, period: Period, units: int, firm: Sequence[Firm], holds: Sequence[Hold]
) -> list[Hold]:
    """The holds that a confirm must not pass: of an exclusive space all of them.

    On a shared space they are in nobody's way while there is room for all: a second crew
    may confirm its bay of the workshop though another still thinks about the bay beside.
    """
    if holds and first_squeeze(space, period, units, [*firm, *holds]) is not None:
        return list(holds)
    return []


def _at(one: Firm | Hold, instant: datetime) -> bool:
    return one.period.start <= instant < one.period.end
