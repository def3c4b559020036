"""The refusals of commands about jobs, and about several bookings at once."""

from collections.abc import Mapping

from ledger.errors import LedgerError, Refused, RefusedBy
from ledger.time.periods import Period


class IsAJob(RefusedBy):
    """The command is for one booking, and a job is named."""

    rule = "one-booking"
    job: str
    bookings: tuple[str, ...]
    message = "{job!r} is a job, not one booking"
    advice = "Name one of its bookings: {listed}"

    @property
    def listed(self) -> str:
        more = len(self.bookings) - _NAMED
        return ", ".join(self.bookings[:_NAMED]) + (f" and {more} more" if more > 0 else "")


class JobIsOver(RefusedBy):
    """All bookings of the job are over."""

    rule = "job-over"
    job: str
    message = "every booking of job {job!r} is over"
    advice = "See them with: booking list --job {job}"


class OtherProject(RefusedBy):
    """The bookings of a job are for one project."""

    rule = "job-project"
    job: str
    its: str
    project: str
    message = "job {job!r} is of project {its!r}, not {project!r}"
    advice = "Book for its project, or leave out the job"


class NotAtOneTime(RefusedBy):
    """Bookings of different times cannot all move to the same days."""

    rule = "one-time"
    booking: str
    period: Period
    other: str
    others: Period
    message = "booking {booking!r} has {period} and {other!r} {others}: not one time"
    advice = "Move those of the same time together, or each to a new end with --to"


class SomeRefused(Refused):
    """Of several bookings to make, all or none, some are refused; `refused` says why each is."""

    rule = "all-or-none"

    def __init__(self, refused: Mapping[str, LedgerError], *, of: int) -> None:
        told = [f"{what}: {error.message}" for what, error in refused.items()]
        more = len(told) - _LISTED
        listed = "; ".join(told[:_LISTED]) + (f"; and {more} more" if more > 0 else "")
        super().__init__(
            f"{len(told)} of {of} bookings cannot be made, so none is: {listed}",
            advice="Choose other days or spaces, or book what can be had with --each",
        )
        self.refused = dict(refused)
        positions = (getattr(error, "position", None) for error in refused.values())
        self.position = next((position for position in positions if position is not None), None)


_NAMED = 5
_LISTED = 10
"""Most bookings that are named, and most whose refusals are quoted, in one message."""
