"""Room for a booking beside the firm ones, judged in a batch by how the batch ends."""

from collections.abc import Sequence

from ledger.decisions.base import Context
from ledger.decisions.bookings.calendar import FirmBooking, read_firm_bookings
from ledger.decisions.bookings.capacity import check_capacity, read_beside
from ledger.decisions.sites import read_floor_plan, read_space
from ledger.entities.floor_plans import FloorPlan, Taking, Wanted
from ledger.errors import Pending
from ledger.time.periods import Period


def check_room(
    ctx: Context, booking: str, plan: FloorPlan, wanted: Taking, firm: Sequence[FirmBooking]
) -> None:
    """Check that what a booking wants fits beside the firm ones, in a batch by its end.

    Raises what `check_capacity` raises.
    """
    ctx.check_by_the_end(
        lambda: check_capacity(plan, wanted, firm),
        lambda: _check_outcome(ctx, booking, wanted.space, wanted.period),
    )


def _check_outcome(ctx: Context, booking: str, space: str, period: Period) -> None:
    """Check, after a batch, that what it put into a period of a space fits there.

    That is the booking, if it is still there, and any other that got its time in the batch: the
    booking's time may have passed to a part that was split from it, or to one that it became a
    part of. Bookings that were there before are not judged: one may have overrun into another.
    """
    plan = read_floor_plan(ctx, read_space(ctx, space))
    firm = read_firm_bookings(ctx, space, period)
    placed = [one for one in firm if one.booking == booking or isinstance(one.position, Pending)]
    for one in sorted(placed, key=lambda one: one.booking != booking):
        start = max(one.period.start, period.start)
        end = min(one.period.end, period.end)
        common = Period.between(start, end, period.zone)
        wanted = Wanted(space, one.project, common, one.units)
        check_capacity(plan, wanted, read_beside(ctx, plan, wanted, but=one.booking))
