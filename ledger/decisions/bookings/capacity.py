"""Capacity: whether a space can take a booking, and which holds block it."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, TypeVar

from ledger.decisions.base import Context
from ledger.decisions.bookings.calendar import FirmBooking, read_sharing
from ledger.decisions.bookings.ladder import Hold
from ledger.decisions.bookings.refusals import (
    ClosedDays,
    FloorTaken,
    SpaceFull,
    SpaceTaken,
    TooManyUnits,
    TurnaroundNeeded,
)
from ledger.decisions.sites import check_days, closures
from ledger.entities.floor_plans import FloorPlan, Shortage, Taking, shortages
from ledger.errors import BadInput
from ledger.time.periods import Period


def check_bookable(ctx: Context, plan: FloorPlan, space: str, period: Period, units: int) -> None:
    """Check that the space is in service, open throughout, and has that many units when empty.

    A part is in service while its whole is, and no floor is open that is closed with another space.
    Raises `NotInService`, `TooFarAhead`, `TooManyUnits`, `ClosedDays`; `BadInput` for less than
    one unit.
    """
    if units < 1:
        raise BadInput(f"{units} units cannot be booked", advice="Take at least one")
    for one in chain([plan[space]], plan.wholes(space)):
        check_days(ctx, one, period)
    for facts in plan[space].facts_during(period.days):
        if units > (1 if facts.capacity is None else facts.capacity):
            raise TooManyUnits(space, units=units, capacity=facts.capacity, position=facts.position)
    for closure in closures(ctx, plan.sharing(space), period):
        raise ClosedDays(
            closure.space,
            closure=closure.id,
            kind=closure.kind,
            period=closure.period,
            position=closure.position,
        )


def read_beside(
    ctx: Context, plan: FloorPlan, wanted: Taking, *, but: str = ""
) -> list[FirmBooking]:
    """Return the firm bookings that may stand in the way of what is wanted, earliest first.

    They have its space, or one that shares the floor, and overlap it or the turnaround around it.
    """
    return read_sharing(ctx, plan, wanted.space, plan.around(wanted.period), but=but)


def check_capacity(plan: FloorPlan, wanted: Taking, firm: Sequence[FirmBooking]) -> None:
    """Check that what is wanted fits beside the firm bookings.

    Raises `SpaceTaken`, `FloorTaken`, `SpaceFull`, `TurnaroundNeeded`.
    """
    shortage = first_shortage(plan, wanted, firm)
    if shortage is None:
        return
    space = wanted.space
    winner = max(shortage.by, key=lambda one: one.position)
    about: dict[str, Any] = {
        "booking": winner.booking,
        "period": winner.period,
        "position": winner.position,
    }
    if not winner.period.overlaps(wanted.period):
        is_before = winner.period.start < wanted.period.start
        needed = plan.turnaround(*((winner, wanted) if is_before else (wanted, winner)))
        raise TurnaroundNeeded(space, needed=needed, is_before=is_before, **about)
    if winner.space != space:
        is_part = space in (one.id for one in plan.wholes(winner.space))
        raise FloorTaken(space, other=winner.space, is_part=is_part, **about)
    if shortage.capacity is None:
        raise SpaceTaken(space, **about)
    raise SpaceFull(
        space,
        units=wanted.units,
        taken=shortage.taken,
        capacity=shortage.capacity,
        at=shortage.at,
        **about,
    )


T = TypeVar("T", bound=Taking)


def first_shortage(plan: FloorPlan, wanted: Taking, taken: Sequence[T]) -> Shortage[T] | None:
    """Return the first moment at which what is wanted does not fit beside those taken."""
    return next(shortages(plan, wanted, taken), None)


def blocking_holds(
    plan: FloorPlan, wanted: Taking, firm: Sequence[FirmBooking], holds: Sequence[Hold]
) -> list[Hold]:
    """Return the holds that a confirm must not pass: all of them on an exclusive space.

    On a shared space they block nothing while there is room for all: a second crew may
    confirm its bay of the workshop while another still thinks about the next bay.
    """
    taken: list[FirmBooking | Hold] = [*firm, *holds]
    if holds and first_shortage(plan, wanted, taken) is not None:
        return list(holds)
    return []
