"""Commands for one booking, for several, or for a job: all or none.

A *job* joins bookings that were made as one: several spaces at once, or a series. It has no
events of its own. Each of its bookings names it in its first event, and is found by it.
"""

from collections.abc import Sequence

from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.job_refusals import JobIsOver
from ledger.decisions.bookings.state import booking_entries, job_members, read_booking
from ledger.errors import BadInput, UnknownId


class SeveralBookings(Decision, frozen=True):
    """Base of the decisions that take a booking's id, a job's id, or several of them.

    A job's id stands for those of its bookings that are not over.
    """

    booking: str | tuple[str, ...]

    @property
    def is_batch(self) -> bool:
        """Several are recorded under one batch id."""
        return not isinstance(self.booking, str) and len(self.booking) > 1

    def decide(self, ctx: Context) -> None:
        """Decide for each booking, all or none. Raises `BadInput`, `UnknownId`, `JobIsOver`."""
        bookings = self._bookings(ctx)
        if len(bookings) > 1:
            self.check_several(ctx, bookings)
            ctx.in_batch = True  # they may trade places
        for booking in bookings:
            self.decide_one(ctx, booking)

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Read, check and record for one booking."""
        raise NotImplementedError

    def check_several(self, ctx: Context, bookings: Sequence[str]) -> None:
        """Check that what is asked makes sense for several bookings. Raises `BadInput`."""

    def _bookings(self, ctx: Context) -> list[str]:
        named = (self.booking,) if isinstance(self.booking, str) else self.booking
        found = [booking for id in named for booking in _meant(ctx, id)]
        if not found:
            raise BadInput("no booking is named", advice="Give the id of one, or of a job")
        for booking in found:
            if found.count(booking) > 1:
                raise BadInput(f"booking {booking!r} is named twice", advice="Give each id once")
        return found


def for_one_alone(option: str, bookings: Sequence[str]) -> BadInput:
    """Return the error of an option that makes sense for one booking only."""
    return BadInput(
        f"{option} is for one booking, and {len(bookings)} are named",
        advice="Give the command for that one alone",
    )


def _meant(ctx: Context, id: str) -> list[str]:
    """Return the bookings that an id stands for. Raises `UnknownId`, `JobIsOver`."""
    # The booking comes first: its id costs no question that its command does not ask anyway.
    if booking_entries(ctx, id):
        return [id]
    members = [read_booking(ctx, booking) for booking in job_members(ctx, id)]
    if not members:
        raise UnknownId("booking", id)
    left = [one.id for one in members if one.is_firm or (one.is_held and not one.is_over(ctx.now))]
    if not left:
        raise JobIsOver(id, position=max(one.newest for one in members))
    return left
