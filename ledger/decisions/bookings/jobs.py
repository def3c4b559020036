"""Ids of bookings and of jobs: a user names either in the same place, so they never coincide."""

from collections.abc import Iterator
from itertools import count

from ledger.decisions.base import Context
from ledger.decisions.bookings.job_refusals import OtherProject
from ledger.decisions.bookings.state import job_members, read_booking
from ledger.errors import AlreadyExists, UnknownId
from ledger.events.base import RecordedEvent
from ledger.tags import check_id, tag


def is_free(ctx: Context, id: str) -> bool:
    """Whether neither a booking nor a job has that id."""
    return _taken(ctx, id) is None


def unused_booking(ctx: Context, id: str) -> str:
    """Return an id for a new booking. Raises `BadId`, `AlreadyExists`."""
    return _unused(ctx, check_id("booking", id))


def unused_job(ctx: Context, id: str) -> str:
    """Return an id for a new job. Raises `BadId`, `AlreadyExists`."""
    return _unused(ctx, check_id("job", id))


def new_booking(ctx: Context) -> str:
    """Return a generated id for a new booking."""
    return ctx.new_id("booking", "b", "job")


def new_job(ctx: Context) -> str:
    """Return a generated id for a new job."""
    return ctx.new_id("job", "j", "booking")


def _unused(ctx: Context, id: str) -> str:
    taken = _taken(ctx, id)
    if taken is None:
        return id
    kind = "booking" if tag("booking", id) in taken.tags else "job"
    raise AlreadyExists(kind, id, position=taken.position)


def _taken(ctx: Context, id: str) -> RecordedEvent | None:
    return ctx.last_of((tag("booking", id), tag("job", id)))


def numbered(job: str, first: int = 1) -> Iterator[str]:
    """Yield the ids of a job's bookings, in turn: `JOB-1`, `JOB-2`."""
    return (f"{job}-{number}" for number in count(first))


def free_ids(ctx: Context, job: str, first: int) -> Iterator[str]:
    """Yield ids for further bookings of a job, from that number on."""
    return (id for id in numbered(job, first) if is_free(ctx, id))


def join_job(ctx: Context, job: str, *, project: str, booking: str | None) -> int:
    """Check that a booking can be of a job, and return the number that it would have.

    A job begins with a booking that is named after it, `JOB-1`: so a slip of the keyboard makes no
    new job. Raises `UnknownId`, `OtherProject`; for a new job `BadId`, `AlreadyExists`.
    """
    members = job_members(ctx, job)
    if not members:
        if booking is None or not booking.startswith(f"{job}-"):
            raise UnknownId("job", job)
        unused_job(ctx, job)
        return 1
    newest = read_booking(ctx, members[-1])
    if newest.project != project:
        raise OtherProject(job, its=newest.project, project=project, position=newest.newest)
    return len(members) + 1
