"""Room for a booking beside the firm ones, judged in a batch by how the batch ends."""

from collections.abc import Sequence

from ledger.decisions.base import Context
from ledger.decisions.bookings.calendar import FirmBooking, read_firm_bookings
from ledger.decisions.bookings.capacity import check_capacity
from ledger.decisions.sites import read_space
from ledger.entities.spaces import Space
from ledger.errors import Pending
from ledger.time.periods import Period


def check_room(
    ctx: Context,
    booking: str,
    space: Space,
    period: Period,
    units: int,
    firm: Sequence[FirmBooking],
) -> None:
    """Check that a booking's units fit beside the firm ones, in a batch by its end.

    Raises `SpaceTaken`, `SpaceFull`.
    """
    ctx.check_by_the_end(
        lambda: check_capacity(space, period, units, firm),
        lambda: _check_outcome(ctx, booking, space.id, period),
    )


def _check_outcome(ctx: Context, booking: str, space_id: str, period: Period) -> None:
    """Check, after a batch, that what it put into a period fits there.

    That is the booking, if it is still there, and any other that got its time in the batch: the
    booking's time may have passed to a part that was split from it, or to one that it became a
    part of. Bookings that were there before are not judged: one may have overrun into another.
    """
    firm = read_firm_bookings(ctx, space_id, period)
    placed = [one for one in firm if one.booking == booking or isinstance(one.position, Pending)]
    for one in sorted(placed, key=lambda one: one.booking != booking):
        start = max(one.period.start, period.start)
        end = min(one.period.end, period.end)
        others = [other for other in firm if other.booking != one.booking]
        common = Period.between(start, end, period.zone)
        check_capacity(read_space(ctx, space_id), common, one.units, others)
