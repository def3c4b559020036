"""The terms of a booking that are not its days: expiry, units, project, note, and its rank.

Time and space are `moves`. Whatever changes, one event carries all terms of the booking.
"""

from typing import Any

from msgspec import UNSET, UnsetType

from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.capacity import blocking_holds, check_bookable, read_beside
from ledger.decisions.bookings.holds import find_hold
from ledger.decisions.bookings.ladder import Ladder, ranked
from ledger.decisions.bookings.parts import check_expiry, check_remark, new_terms
from ledger.decisions.bookings.refusals import HeldByAnother, NoSuchRank, StaysWithItsProject
from ledger.decisions.bookings.room import check_room
from ledger.decisions.bookings.several import SeveralBookings
from ledger.decisions.bookings.state import read_booking, require
from ledger.decisions.projects import read_open_project
from ledger.entities.bookings import Booking
from ledger.entities.floor_plans import FloorPlan, Wanted
from ledger.errors import BadInput, NothingChanges
from ledger.time.periods import Deadline


class ChangeBooking(SeveralBookings, frozen=True, tag="booking change"):
    """Change terms of a booking, or of several; what is not given stays the same.

    None removes a term. `expires_at` is a hold's, which keeps its place. One that takes more units
    goes to the back of the queue. A started booking keeps its project.
    """

    expires_at: Deadline | UnsetType | None = UNSET
    units: int | UnsetType = UNSET
    project: str | UnsetType = UNSET
    note: str | UnsetType | None = UNSET
    contact: str | UnsetType | None = UNSET

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Record `BookingRescheduled`, and the promotions of those behind a hold.

        Raises `BadInput`, `UnknownId`, `WrongState`, `ProjectIsClosed`, `NothingChanges`,
        `StaysWithItsProject`; for other units what `check_bookable` raises, and for more of
        them on a firm booking `SpaceFull`, `HeldByAnother`; for another project of a firm booking
        `TurnaroundNeeded`.
        """
        booking = read_booking(ctx, booking_id)
        require(booking, "held", "confirmed", "started")
        ladder = Ladder(ctx, booking.space)
        if booking.state == "held":
            ladder.release_expired(booking.period)
        changes = self._changes(ctx, booking, ladder.plan)
        if booking.state != "held":
            if changes.get("units", 0) > booking.units or "project" in changes:
                _check_room(ctx, booking, changes, ladder)
            ladder.record(new_terms(booking, **changes))
            return
        hold = find_hold(ladder, booking)
        if changes.get("units", 0) <= booking.units:
            ladder.record(new_terms(booking, rank=hold.rank, keeps_place=True, **changes))
            return
        ladder.leave(hold)
        ladder.record(new_terms(booking, rank=ladder.next_rank(booking.period), **changes))

    def _changes(self, ctx: Context, booking: Booking, plan: FloorPlan) -> dict[str, Any]:
        """Return the terms that differ, checked."""
        project = booking.project if self.project is UNSET else self.project
        read_open_project(ctx, project)
        said: dict[str, Any] = {"project": project}
        if self.expires_at is not UNSET:
            require(booking, "held")
            said["expires_at"] = check_expiry(ctx, self.expires_at, plan[booking.space].zone)
        if self.units is not UNSET:
            said["units"] = self.units
        if self.note is not UNSET:
            said["note"] = check_remark("note", self.note)
        if self.contact is not UNSET:
            said["contact"] = check_remark("contact", self.contact)
        changes = {name: v for name, v in said.items() if v != getattr(booking, name)}
        if not changes:
            raise NothingChanges(
                f"nothing of booking {booking.id!r} would change", position=booking.newest
            )
        if "project" in changes and booking.state == "started":
            raise StaysWithItsProject(
                booking.id, project=booking.project, position=booking.position
            )
        if "units" in changes:
            check_bookable(ctx, plan, booking.space, booking.period, changes["units"])
        return changes


def _check_room(ctx: Context, booking: Booking, changes: dict[str, Any], ladder: Ladder) -> None:
    """Check that a firm booking has room for more units, or the turnaround of another project.

    Raises `SpaceFull`, `TurnaroundNeeded`, `HeldByAnother`.
    """
    wanted = Wanted(
        booking.space,
        changes.get("project", booking.project),
        booking.period,
        changes.get("units", booking.units),
    )
    firm = read_beside(ctx, ladder.plan, wanted, but=booking.id)
    check_room(ctx, booking.id, ladder.plan, wanted, firm)
    if wanted.units <= booking.units:
        return
    ladder.release_expired(booking.period)
    holds = ladder.overlapping(booking.period)
    for hold in blocking_holds(ladder.plan, wanted, firm, holds):
        raise HeldByAnother(
            booking.id, holder=hold.booking, period=hold.period, position=hold.since
        )


class RankHold(Decision, frozen=True, tag="booking rank"):
    """Set a hold's rank: the house's word, which needs a reason.

    Those of that rank or a worse one, where they overlap, move down behind it.
    """

    booking: str
    rank: int

    def decide(self, ctx: Context) -> None:
        """Record `HoldRanked` for it and for each that it displaces, and promotions.

        Raises `BadInput` without a reason, `UnknownId`, `WrongState`, `NoSuchRank`,
        `NothingChanges`.
        """
        if not ctx.reason:
            raise BadInput(
                "a rank that the house sets needs a reason", advice="Say why with --reason TEXT"
            )
        booking = read_booking(ctx, self.booking)
        require(booking, "held")
        ladder = Ladder(ctx, booking.space)
        ladder.release_expired(booking.period)
        hold = find_hold(ladder, booking)
        if self.rank == hold.rank:
            raise NothingChanges(
                f"booking {booking.id!r} already has rank {hold.rank}", position=hold.since
            )
        ladder.leave(hold)
        places = ladder.places(hold)
        if self.rank not in places:
            raise NoSuchRank(booking.id, rank=self.rank, places=tuple(places), position=hold.since)
        ladder.record(ranked(ladder.put(hold, self.rank), hold.rank, "set"))
