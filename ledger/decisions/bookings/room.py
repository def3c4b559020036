"""Room for a booking beside the firm ones, judged in a batch by how the batch ends."""

from collections.abc import Sequence

from ledger.decisions.base import Context
from ledger.decisions.bookings.calendar import FirmBooking, read_sharing
from ledger.decisions.bookings.capacity import check_capacity, read_beside
from ledger.decisions.sites import read_floor_plan
from ledger.entities.floor_plans import FloorPlan, Taking, Wanted
from ledger.errors import Pending
from ledger.time.periods import Period


def check_room(
    ctx: Context,
    booking: str,
    plan: FloorPlan,
    wanted: Taking,
    firm: Sequence[FirmBooking],
    *,
    instead_of: Taking | None = None,
) -> None:
    """Check that what a booking wants fits beside the firm ones, in a batch by its end.

    `instead_of` is what it has already, if it stays there. Raises what `check_capacity` raises.
    """
    ctx.check_by_the_end(
        lambda: check_capacity(plan, wanted, firm, instead_of=instead_of),
        lambda: _check_outcome(ctx, booking, wanted, instead_of),
    )


def _check_outcome(ctx: Context, booking: str, wanted: Taking, instead_of: Taking | None) -> None:
    """Check, after a batch, that what it put into the time that was wanted fits there.

    That is the booking, if it is still there, and any other that got its time in the batch: the
    booking's time may have passed to a part that was split from it, or to one that it became a
    part of. Bookings that were there before are not judged: one may have overrun into another.
    """
    period, plan = wanted.period, read_floor_plan(ctx, wanted.space)
    firm = read_sharing(ctx, plan, wanted.space, period)
    placed = [one for one in firm if one.booking == booking or isinstance(one.position, Pending)]
    for one in sorted(placed, key=lambda one: one.booking != booking):
        start, end = max(one.period.start, period.start), min(one.period.end, period.end)
        common = Period.between(start, end, period.zone)
        wants = Wanted(one.space, one.project, common, one.units)
        beside = read_beside(ctx, plan, wants, but=one.booking)
        had = instead_of if one.booking == booking else None
        check_capacity(plan, wants, beside, instead_of=had)
