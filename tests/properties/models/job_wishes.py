"""Drawn commands for a job: several spaces or weeks as one, and commands on its id."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import CancelBooking
from ledger.decisions.bookings.splits import GiveBackDays
from ledger.decisions.bookings.terms import ChangeBooking
from ledger.time.periods import Deadline, Moment
from tests.properties.models.booking_model import CAPACITY, FIRST_DAY, Booked, Model, wall
from tests.properties.models.booking_wishes import NEEDS, Wish, when_of
from tests.properties.models.job_judge import WEEK, meant, members

OF_A_JOB = ("confirm", "move", "challenge", "release", "move", "cancel", "give back", "move")
PROJECTS = ("film", "series")


def hold_job(wish: Wish, job: str, now: datetime, *, confirm: bool) -> PlaceHold:
    """Hold up to three spaces for the same days, or one and then again in the next weeks."""
    names = list(CAPACITY)
    others = [names[n % len(names)] for n in (wish.pick, wish.other) if n % 5]
    spaces = tuple(dict.fromkeys([wish.space, *others]))
    length, until = 1 + wish.length % WEEK, None
    if len(spaces) == 1 or wish.pick % 4 == 0:
        until = FIRST_DAY + timedelta(days=wish.start // 2 + 7 * (1 + wish.other % 2))
    hours = None if confirm else wish.expires_in_hours
    expires_at = hours and Deadline.parse((now + timedelta(hours=hours)).isoformat())
    return PlaceHold(
        booking=job,
        space=spaces,
        project=PROJECTS[wish.other % 2],
        when=when_of(wish.start, wish.start + length),
        expires_at=expires_at or None,
        confirm=confirm,
        every="week" if until else None,
        until=until,
    )


def on_job(model: Model, wish: Wish, now: datetime, job: str = "") -> Decision | None:
    """A command for what is left of a job, or a further hold for it; None if there is no job."""
    jobs = sorted({one.job for one in model.booked.values() if one.job is not None})
    jobs = [one for one in jobs if job in ("", one)]
    if not jobs:
        return None
    choices = list(product(jobs, OF_A_JOB))
    if wish.other % 4:
        choices = [one for one in choices if _has_a_chance(model, *one, now)] or choices
    job, verb = choices[(31 * wish.other + wish.pick) % len(choices)]
    one = members(model, job)[0]
    if wish.pick == 30:
        project = one.project if wish.length % 4 else PROJECTS[wish.length % 2]
        when = when_of(wish.start, wish.start + wish.length)
        return PlaceHold(job=job, space=wish.space, project=project, when=when, confirm=True)
    ids = sorted(model.booked)
    named = (job, ids[wish.start % len(ids)]) if wish.units > 1 and wish.length % 2 else job
    match verb:
        case "confirm":
            return ConfirmBookings(booking=named)
        case "challenge":
            return ChallengeHolds(booking=named)
        case "release":
            return ReleaseHold(booking=named)
        case "cancel":
            return CancelBooking(booking=named)
        case "give back":
            start = one.start + wish.length % 3
            given = when_of(start, max(start + 1, min(one.end, start + 1 + wish.start % 5)))
            return GiveBackDays(booking=named, when=given)
    return _move(wish, named, one)


def _has_a_chance(model: Model, job: str, verb: str, now: datetime) -> bool:
    left = meant(model, job, now)
    return bool(left) and all(model.booked[id].state in NEEDS[verb] for id in left)


def _move(wish: Wish, named: str | tuple[str, ...], one: Booked) -> Decision:
    match wish.start % 5:
        case 0:
            return MoveBooking(booking=named, space=wish.space)
        case 1:
            when = when_of(wish.start, wish.start + wish.length)
            return MoveBooking(booking=named, when=when)
        case 2:  # nearby, so that one may want the days that another leaves
            start = max(0, one.start + wish.length % 5 - 2)
            when = when_of(start, start + one.end - one.start)
            return MoveBooking(booking=named, when=when)
        case 3:
            return ChangeBooking(booking=named, project=PROJECTS[wish.length % 2])
    end = one.start + wish.length % (one.end - one.start + 4)
    return MoveBooking(booking=named, to=Moment.parse(wall(end)))
