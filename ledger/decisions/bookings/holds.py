"""Bookings: hold, challenge, release, confirm.

A command is invalidated by whatever it reads, so each reads little: the booking's own turning
points, the space's facts, and of the months that the booking touches the events that can change
the answer. A hold on stage 1 in July is disturbed neither by stage 2, nor by August, nor by the
report of a shoot day on stage 1 in July.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.capacity import (
    blocking_holds,
    check_bookable,
    check_capacity,
    read_beside,
)
from ledger.decisions.bookings.day_plans import check_plan
from ledger.decisions.bookings.job_refusals import SomeRefused
from ledger.decisions.bookings.jobs import (
    free_ids,
    join_job,
    new_booking,
    new_job,
    numbered,
    unused_booking,
    unused_job,
)
from ledger.decisions.bookings.ladder import Hold, Ladder, released
from ledger.decisions.bookings.parts import (
    carve_hold,
    check_expiry,
    check_remark,
    confirmation_of,
    outside,
    part_ids,
)
from ledger.decisions.bookings.refusals import (
    AlreadyChallenged,
    AnswerPending,
    BehindHold,
    NotAhead,
    NothingAhead,
    NotItsTime,
    WrongState,
)
from ledger.decisions.bookings.room import check_room
from ledger.decisions.bookings.series import MAX_SERIES, later, repeated
from ledger.decisions.bookings.several import SeveralBookings, for_one_alone
from ledger.decisions.bookings.state import read_booking, require
from ledger.decisions.projects import read_open_project
from ledger.decisions.sites import read_answer_hours
from ledger.entities.bookings import Booking
from ledger.errors import (
    AlreadyExists,
    BadInput,
    BadTime,
    LedgerError,
    ProjectIsClosed,
    Refused,
    UnknownId,
    UnreadableEvent,
)
from ledger.events.bookings import BookingConfirmed, BookingHeld, DayPlan, HoldChallenged
from ledger.tags import tag
from ledger.time.periods import Deadline, When


def find_hold(ladder: Ladder, booking: Booking) -> Hold:
    """Return a held booking's place on the ladder. Raises `WrongState` if it is over."""
    hold = ladder.find(booking.id, booking.period)
    if hold is None:
        state = ladder.ended(booking.id) or "released"
        raise WrongState(booking.id, state=state, needed="held", position=booking.placed)
    return hold


# --- hold ----------------------------------------------------------------------------


class PlaceHold(Decision, frozen=True, tag="booking hold"):
    """Hold a space for a project, behind those who already hold the same time.

    `booking` is the id; None generates one. `units` are taken of a shared space. `plan`
    gives days a type; the others are shoot days. At `expires_at` the hold ends, a day
    meaning its end. With
    `confirm` the booking is held and confirmed at once. Firm bookings do not prevent a
    hold: it is their backup. `contact` is whom to ask about it. A hold of days that are over has
    passed at once.

    Several spaces, or a series (`every` so often, `until` a day), are a job: `booking` is then the
    job's id, and its bookings are `ID-1`, `ID-2`, all or none. `job` is one to add to.
    """

    space: str | tuple[str, ...]
    project: str
    when: When
    booking: str | None = None
    units: int = 1
    plan: tuple[DayPlan, ...] = ()
    expires_at: Deadline | None = None
    confirm: bool = False
    note: str | None = None
    contact: str | None = None
    job: str | None = None
    every: str | None = None
    until: date | None = None

    @property
    def spaces(self) -> tuple[str, ...]:
        """The spaces that are named. Raises `BadInput` for none, and for one named twice."""
        spaces = (self.space,) if isinstance(self.space, str) else self.space
        if not spaces or len(set(spaces)) < len(spaces):
            raise BadInput("no space is named, or one twice", advice="Give each space once")
        return spaces

    @property
    def is_batch(self) -> bool:
        """Several spaces and series are recorded under one batch id."""
        is_series = self.every is not None or self.until is not None
        return is_series or not (isinstance(self.space, str) or len(self.space) == 1)

    def occurrences(self, ids: Iterator[str] | None = None) -> list["PlaceHold"]:
        """Return the hold of each booking by itself: by time, then by space.

        `ids` are those of the bookings, if they are not numbered from 1. Raises `BadInput`,
        `BadTime`.
        """
        if (self.every is None) != (self.until is None):
            raise BadInput(
                "a series needs both how often and until when",
                advice="Give both --every and --until, or neither",
            )
        times = [(self.when, timedelta())]
        if self.every is not None and self.until is not None:
            times = repeated(self.when, self.every, self.until)
        spaces = self.spaces
        if len(times) * len(spaces) > MAX_SERIES:
            raise BadInput(
                f"this would make more than {MAX_SERIES} bookings",
                advice="End the series earlier with --until, or repeat it less often with --every",
            )
        job = self.job or self.booking or ""
        named = numbered(job) if ids is None else ids
        alone: dict[str, Any] = {"job": job, "every": None, "until": None}
        return [
            replace(self, space=space, when=when, plan=later(self.plan, shift), booking=id, **alone)
            for ((when, shift), space), id in zip(product(times, spaces), named, strict=False)
        ]

    def decide(self, ctx: Context) -> None:
        """Record `BookingHeld`, and with `confirm` `BookingConfirmed`; of a job for each booking.

        Raises `BadInput`, `AlreadyExists`, `UnknownId`, `ProjectIsClosed`, what `check_bookable`
        raises, and with `confirm` `SpaceTaken`, `SpaceFull`, `BehindHold`. Of several bookings,
        `SomeRefused` says which cannot be made. For a `job` that there is, `OtherProject`.
        """
        if self.is_batch:
            _hold_all(ctx, self)
            return
        (space,) = self.spaces
        _hold(ctx, self, space, self._id(ctx))

    def _id(self, ctx: Context) -> str:
        if self.job is not None:
            first = join_job(ctx, self.job, project=self.project, booking=self.booking)
            if self.booking is None:
                return next(free_ids(ctx, self.job, first))
        if self.booking is None:
            return new_booking(ctx)
        return unused_booking(ctx, self.booking)

    def expiry(self, ctx: Context, zone_name: str) -> datetime | None:
        """Return when the hold expires. Raises `BadInput`."""
        if self.expires_at is None:
            return None
        if self.confirm:
            raise BadInput(
                "a booking that is confirmed at once does not expire",
                advice="Leave out one of --expires-at and --confirm",
            )
        return check_expiry(ctx, self.expires_at, zone_name)


def _hold_all(ctx: Context, asked: PlaceHold) -> None:
    """Hold several spaces, or a series. Raises `SomeRefused`."""
    if asked.job is not None:
        if asked.booking is not None:
            raise BadInput(
                f"the new bookings of job {asked.job!r} are numbered", advice="Leave out --booking"
            )
        first = join_job(ctx, asked.job, project=asked.project, booking=None)
        ones = asked.occurrences(free_ids(ctx, asked.job, first))
    else:
        made = asked.booking is None
        job = new_job(ctx) if made else unused_job(ctx, str(asked.booking))
        ones = replace(asked, booking=job).occurrences()
    refused: dict[str, LedgerError] = {}
    for one in ones:
        (space,) = one.spaces
        try:
            _hold(ctx, one, space, unused_booking(ctx, str(one.booking)))
        except (UnknownId, ProjectIsClosed, AlreadyExists, UnreadableEvent):
            raise  # other days or spaces would not help
        except (Refused, BadTime) as error:
            refused[f"{space} on {one.when}"] = error
    if refused:
        raise SomeRefused(refused, of=len(ones))


def _hold(ctx: Context, asked: PlaceHold, space_id: str, booking_id: str) -> None:
    """Place one hold; see `PlaceHold`."""
    read_open_project(ctx, asked.project)
    ladder = Ladder(ctx, space_id)
    space = ladder.space
    period = asked.when.resolve(space.zone)
    plan = check_plan(asked.plan, period)
    expires_at = asked.expiry(ctx, space.zone)
    check_bookable(ctx, ladder.plan, space.id, period, asked.units)
    ladder.release_expired(period)
    held = BookingHeld(
        booking=booking_id,
        space=space.id,
        project=asked.project,
        period=period,
        rank=ladder.next_rank(period),
        units=asked.units,
        expires_at=expires_at,
        plan=plan,
        note=check_remark("note", asked.note),
        contact=check_remark("contact", asked.contact),
        job=asked.job,
    )
    ladder.record(held)
    if asked.confirm:
        _confirm_at_once(ctx, held, ladder)


def _confirm_at_once(ctx: Context, held: BookingHeld, ladder: Ladder) -> None:
    """Confirm a hold that was placed just now. Raises what `check_room` raises, `BehindHold`."""
    firm = read_beside(ctx, ladder.plan, held)
    check_room(ctx, held.booking, ladder.plan, held, firm)
    for ahead in blocking_holds(ladder.plan, held, firm, ladder.overlapping(held.period)):
        raise BehindHold(
            None, ahead=ahead.booking, rank=ahead.rank, period=ahead.period, position=ahead.since
        )
    ctx.record(confirmation_of(held))


# --- challenge -----------------------------------------------------------------------


class ChallengeHolds(SeveralBookings, frozen=True, tag="booking challenge"):
    """Ask the holders ahead of this hold to confirm or to release.

    `against` names holds; None asks every better-ranked overlapping one that this hold has
    not yet asked. Each has the hours that its space, or otherwise its site, gives to answer.
    """

    against: tuple[str, ...] | None = None

    def check_several(self, ctx: Context, bookings: Sequence[str]) -> None:
        """Each has others ahead of it. Raises `BadInput`."""
        if self.against is not None:
            raise for_one_alone("--against", bookings)

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Record `HoldChallenged` for each.

        Raises `UnknownId`, `WrongState`, what `check_bookable` raises and `SpaceTaken` or
        `SpaceFull` (a challenge is pointless if the space is taken), `NothingAhead`,
        `NotAhead`, `AlreadyChallenged`.
        """
        booking = read_booking(ctx, booking_id)
        require(booking, "held")
        ladder = Ladder(ctx, booking.space)
        ladder.release_expired(booking.period)
        hold = find_hold(ladder, booking)
        check_bookable(ctx, ladder.plan, hold.space, hold.period, hold.units)
        check_capacity(ladder.plan, hold, read_beside(ctx, ladder.plan, hold))
        ahead = {one.booking: one for one in ladder.ahead_of(hold)}
        asked = open_challenges(ctx, hold, ahead.values())
        if self.against is None:
            targets = [one for one in ahead if one not in asked] or list(ahead)
        else:
            targets = list(dict.fromkeys(self.against))
        if not targets:
            raise NothingAhead(hold.booking, position=hold.since)
        hours = read_answer_hours(ctx, ladder.space, hold.period.days.first)
        for target in targets:
            if target not in ahead:
                raise _not_ahead(ctx, hold, target)
            if target in asked:
                earlier = asked[target]
                raise AlreadyChallenged(
                    hold.booking,
                    ahead=target,
                    answer_by=earlier.answer_by,
                    zone=hold.period.zone,
                    position=earlier.at,
                )
            other = ahead[target]
            ctx.record(
                HoldChallenged(
                    booking=other.booking,
                    space=other.space,
                    project=other.project,
                    period=other.period,
                    by=hold.booking,
                    answer_by=ctx.now + timedelta(hours=hours),
                )
            )


def _not_ahead(ctx: Context, hold: Hold, target: str) -> NotAhead:
    other = read_booking(ctx, target)
    require(other, "held")
    return NotAhead(hold.booking, other=target, period=other.period, position=other.placed)


class OpenChallenge(Struct, frozen=True):
    """A challenge that stands, recorded at position `at`, with its deadline."""

    at: int
    answer_by: datetime


def open_challenges(ctx: Context, by: Hold, ahead: Iterable[Hold]) -> dict[str, OpenChallenge]:
    """Return a hold's open challenges of those ahead of it, by challenged booking.

    A move to other days voids the challenges on both sides: a hold that goes to the back of
    the queue cannot press with an old deadline. Only this hold's own challenges are read,
    so others' challenges do not disturb it.
    """
    seniority = {hold.booking: hold.since for hold in ahead}
    found: dict[str, OpenChallenge] = {}
    for entry in ctx.read(tag("booking", by.booking), HoldChallenged):
        event = entry.event
        if not isinstance(event, HoldChallenged):
            raise UnreadableEvent(entry.type, position=entry.position)
        since = seniority.get(event.booking)
        if event.by == by.booking and since is not None and max(since, by.since) < entry.position:
            found[event.booking] = OpenChallenge(entry.position, event.answer_by)
    return found


# --- release -------------------------------------------------------------------------


class ReleaseHold(SeveralBookings, frozen=True, tag="booking release"):
    """Let a hold go; those behind it move up."""

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Record `HoldReleased` and promotions. Raises `UnknownId`, `WrongState`."""
        booking = read_booking(ctx, booking_id)
        require(booking, "held")
        ladder = Ladder(ctx, booking.space)
        ladder.release_expired(booking.period)
        hold = ladder.find(booking.id, booking.period)
        if hold is not None:  # else it had expired, and was released just now
            ladder.leave(hold)
            ladder.record(released(hold, "released"))


# --- confirm -------------------------------------------------------------------------


class ConfirmBookings(SeveralBookings, frozen=True, tag="booking confirm"):
    """Confirm holds, one or several, all or none.

    `when` names the part of one hold that is confirmed, under its own id. The rest stays held in
    its place, under new ids; with `let_go` it is released. A hold that has passed is confirmed if
    its days were used: they are over, so no one else waits for them.
    """

    when: When | None = None
    let_go: bool = False

    def check_several(self, ctx: Context, bookings: Sequence[str]) -> None:
        """Part of a hold is confirmed by itself. Raises `BadInput`."""
        if self.when is not None:
            raise for_one_alone("a part to confirm", bookings)

    def decide(self, ctx: Context) -> None:
        """Confirm each. Raises `BadInput` for something to let go where all is confirmed."""
        if self.let_go and self.when is None:
            raise BadInput(
                "nothing is let go where all is confirmed",
                advice="Give the days to confirm with --days, or leave out --let-go",
            )
        super().decide(ctx)

    def decide_one(self, ctx: Context, booking_id: str) -> None:
        """Record releases of lapsed holds, `BookingConfirmed`, promotions.

        First what becomes of the rest: `BookingRescheduled`, `BookingHeld`. Raises `BadInput`,
        `UnknownId`, `WrongState`, `ProjectIsClosed`, what `check_bookable` raises, `SpaceTaken`,
        `SpaceFull`, `BehindHold`, `AnswerPending`, `NotItsTime`.
        """
        if self.when is not None:
            _keep_part(ctx, booking_id, self.when, let_go=self.let_go)
        _confirm(ctx, booking_id)


def _keep_part(ctx: Context, booking_id: str, when: When, *, let_go: bool) -> None:
    """Leave a hold only the part to confirm; the rest becomes holds of their own, or is let go."""
    booking = read_booking(ctx, booking_id)
    require(booking, "held")
    period = when.resolve(booking.period.zone)
    if not booking.period.covers(period):
        raise NotItsTime(booking.id, asked=period, period=booking.period, position=booking.placed)
    rest = outside(booking.period, period)
    if not rest:
        return
    ladder = Ladder(ctx, booking.space)
    ladder.release_expired(booking.period)
    ids = {} if let_go else part_ids(ctx, booking.id, rest)
    carve_hold(ctx, ladder, find_hold(ladder, booking), booking, period, ids)


def _confirm(ctx: Context, booking_id: str) -> None:
    """Confirm one booking; see `ConfirmBookings`."""
    booking = read_booking(ctx, booking_id)
    has_passed = booking.has_passed(ctx.now)
    if not has_passed:
        require(booking, "held")
    read_open_project(ctx, booking.project)
    ladder = Ladder(ctx, booking.space)
    ladder.release_expired(booking.period, but=booking.id if has_passed else "")
    hold = None if has_passed else find_hold(ladder, booking)
    check_bookable(ctx, ladder.plan, booking.space, booking.period, booking.units)
    firm = read_beside(ctx, ladder.plan, booking)
    check_room(ctx, booking.id, ladder.plan, booking, firm)
    confirmed = BookingConfirmed(
        booking=booking.id,
        space=booking.space,
        project=booking.project,
        period=booking.period,
        units=booking.units,
        plan=booking.plan,
    )
    if hold is None:  # its days are over, and the ladder with them
        ctx.record(confirmed)
        return
    obstacles = blocking_holds(ladder.plan, hold, firm, ladder.ahead_of(hold))
    lapsed = _lapsed(ctx, hold, obstacles)
    ladder.leave(*lapsed, hold)
    ladder.record(*(released(other, "lapsed") for other in lapsed), confirmed)


def _lapsed(ctx: Context, hold: Hold, obstacles: list[Hold]) -> list[Hold]:
    """Return the obstacles if this hold's challenges of all of them have lapsed.

    Raises `BehindHold`, `AnswerPending`.
    """
    asked = open_challenges(ctx, hold, obstacles) if obstacles else {}
    for other in obstacles:
        if other.booking not in asked:
            raise BehindHold(
                hold.booking,
                ahead=other.booking,
                rank=other.rank,
                period=other.period,
                position=other.since,
            )
    for other in obstacles:
        challenge = asked[other.booking]
        if ctx.now < challenge.answer_by:
            raise AnswerPending(
                hold.booking,
                ahead=other.booking,
                answer_by=challenge.answer_by,
                zone=hold.period.zone,
                position=challenge.at,
            )
    return obstacles
