"""Bookings: hold, challenge, release, confirm.

A command is invalidated by whatever it reads, so each reads little: the booking's own turning
points, the space's facts, and of the months that the booking touches the events that can change
the answer. A hold on stage 1 in July is disturbed neither by stage 2, nor by August, nor by the
report of a shoot day on stage 1 in July.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from ledger.decisions.base import Context, Decision, check_unused
from ledger.decisions.bookings.calendar import read_firm_bookings
from ledger.decisions.bookings.capacity import blocking_holds, check_bookable, check_capacity
from ledger.decisions.bookings.ladder import Hold, Ladder, released
from ledger.decisions.bookings.parts import (
    carve_hold,
    check_expiry,
    check_remark,
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
from ledger.decisions.bookings.state import read_booking, require
from ledger.decisions.projects import read_open_project
from ledger.decisions.sites import read_answer_hours, read_space
from ledger.entities.bookings import Booking
from ledger.errors import BadInput, UnreadableEvent
from ledger.events.bookings import BookingConfirmed, BookingHeld, DayPlan, HoldChallenged
from ledger.tags import tag
from ledger.time.periods import Days, Deadline, Period, When


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
    """

    space: str
    project: str
    when: When
    booking: str | None = None
    units: int = 1
    plan: tuple[DayPlan, ...] = ()
    expires_at: Deadline | None = None
    confirm: bool = False
    note: str | None = None
    contact: str | None = None

    def decide(self, ctx: Context) -> None:
        """Record `BookingHeld`, and with `confirm` `BookingConfirmed`.

        Raises `BadInput`, `AlreadyExists`, `UnknownId`, `ProjectIsClosed`, what
        `check_bookable` raises, and with `confirm` `SpaceTaken`, `SpaceFull`, `BehindHold`.
        """
        booking_id = self._id(ctx)
        read_open_project(ctx, self.project)
        space = read_space(ctx, self.space)
        period = self.when.resolve(space.zone)
        plan = check_plan(self.plan, period)
        expires_at = self._expiry(ctx, space.zone)
        check_bookable(ctx, space, period, self.units)
        ladder = Ladder(ctx, space.id)
        ladder.release_expired(period)
        held = BookingHeld(
            booking=booking_id,
            space=space.id,
            project=self.project,
            period=period,
            rank=ladder.next_rank(period),
            units=self.units,
            expires_at=expires_at,
            plan=plan,
            note=check_remark("note", self.note),
            contact=check_remark("contact", self.contact),
        )
        ladder.record(held)
        if not self.confirm:
            return
        firm = read_firm_bookings(ctx, space.id, period)
        check_room(ctx, booking_id, space, period, self.units, firm)
        for ahead in blocking_holds(space, period, self.units, firm, ladder.overlapping(period)):
            raise BehindHold(
                None,
                ahead=ahead.booking,
                rank=ahead.rank,
                period=ahead.period,
                position=ahead.since,
            )
        ctx.record(
            BookingConfirmed(
                booking=booking_id,
                space=space.id,
                project=self.project,
                period=period,
                units=self.units,
                plan=plan,
            )
        )

    def _id(self, ctx: Context) -> str:
        if self.booking is None:
            return ctx.new_id("booking", "b")
        return check_unused(ctx, "booking", self.booking)

    def _expiry(self, ctx: Context, zone_name: str) -> datetime | None:
        if self.expires_at is None:
            return None
        if self.confirm:
            raise BadInput(
                "a booking that is confirmed at once does not expire",
                advice="Leave out one of --expires-at and --confirm",
            )
        return check_expiry(ctx, self.expires_at, zone_name)


def check_plan(plan: Iterable[DayPlan], period: Period) -> tuple[DayPlan, ...]:
    """Return the day types in the order of their days. Raises `BadInput`."""
    days = period.days
    ordered = tuple(sorted(plan, key=lambda part: part.first))
    before: DayPlan | None = None
    for part in ordered:
        if part.last < part.first:
            raise BadInput(
                f"the {part.type} days end on {part.last}, before they begin on {part.first}",
                advice="Write the first day first",
            )
        if part.first not in days or part.last not in days:
            raise BadInput(
                f"the {part.type} days {Days(part.first, part.last)} are not all in {days}",
                advice="Plan only days of the booking",
            )
        if before is not None and part.first <= before.last:
            raise BadInput(
                f"{part.first} is planned both as {before.type} and as {part.type}",
                advice="Give each day one type",
            )
        before = part
    return ordered


# --- challenge -----------------------------------------------------------------------


class ChallengeHolds(Decision, frozen=True, tag="booking challenge"):
    """Ask the holders ahead of this hold to confirm or to release.

    `against` names holds; None asks every better-ranked overlapping one that this hold has
    not yet asked. Each has the hours that its space, or otherwise its site, gives to answer.
    """

    booking: str
    against: tuple[str, ...] | None = None

    def decide(self, ctx: Context) -> None:
        """Record `HoldChallenged` for each.

        Raises `UnknownId`, `WrongState`, what `check_bookable` raises and `SpaceTaken` or
        `SpaceFull` (a challenge is pointless if the space is taken), `NothingAhead`,
        `NotAhead`, `AlreadyChallenged`.
        """
        booking = read_booking(ctx, self.booking)
        require(booking, "held")
        space = read_space(ctx, booking.space)
        ladder = Ladder(ctx, space.id)
        ladder.release_expired(booking.period)
        hold = find_hold(ladder, booking)
        check_bookable(ctx, space, hold.period, hold.units)
        check_capacity(
            space, hold.period, hold.units, read_firm_bookings(ctx, space.id, hold.period)
        )
        ahead = {one.booking: one for one in ladder.ahead_of(hold)}
        asked = open_challenges(ctx, hold, ahead.values())
        if self.against is None:
            targets = [one for one in ahead if one not in asked] or list(ahead)
        else:
            targets = list(dict.fromkeys(self.against))
        if not targets:
            raise NothingAhead(hold.booking, position=hold.since)
        hours = read_answer_hours(ctx, space, hold.period.days.first)
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


class ReleaseHold(Decision, frozen=True, tag="booking release"):
    """Let a hold go; those behind it move up."""

    booking: str

    def decide(self, ctx: Context) -> None:
        """Record `HoldReleased` and promotions. Raises `UnknownId`, `WrongState`."""
        booking = read_booking(ctx, self.booking)
        require(booking, "held")
        ladder = Ladder(ctx, booking.space)
        ladder.release_expired(booking.period)
        hold = ladder.find(booking.id, booking.period)
        if hold is not None:  # else it had expired, and was released just now
            ladder.leave(hold)
            ladder.record(released(hold, "released"))


# --- confirm -------------------------------------------------------------------------


class ConfirmBookings(Decision, frozen=True, tag="booking confirm"):
    """Confirm holds, one or several, all or none.

    `when` names the part of one hold that is confirmed, under its own id. The rest stays held in
    its place, under new ids; with `let_go` it is released. A hold that has passed is confirmed if
    its days were used: they are over, so no one else waits for them.
    """

    bookings: tuple[str, ...]
    when: When | None = None
    let_go: bool = False

    @property
    def is_batch(self) -> bool:
        """Several are recorded under one batch id."""
        return len(self.bookings) > 1

    def decide(self, ctx: Context) -> None:
        """Record for each: releases of lapsed holds, `BookingConfirmed`, promotions.

        First what becomes of the rest: `BookingRescheduled`, `BookingHeld`. Raises `BadInput`,
        `UnknownId`, `WrongState`, `ProjectIsClosed`, what `check_bookable` raises, `SpaceTaken`,
        `SpaceFull`, `BehindHold`, `AnswerPending`, `NotItsTime`.
        """
        if not self.bookings or len(set(self.bookings)) < len(self.bookings):
            raise BadInput("no booking is named, or one twice", advice="Give each id once")
        if self.when is not None:
            if self.is_batch:
                raise BadInput(
                    "days are given for several bookings", advice="Confirm part of one at a time"
                )
            _keep_part(ctx, self.bookings[0], self.when, let_go=self.let_go)
        elif self.let_go:
            raise BadInput(
                "nothing is let go where all is confirmed",
                advice="Give the days to confirm with --days, or leave out --let-go",
            )
        for booking_id in self.bookings:
            confirm(ctx, booking_id)


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


def confirm(ctx: Context, booking_id: str) -> None:
    """Confirm one booking; see `ConfirmBookings`."""
    booking = read_booking(ctx, booking_id)
    has_passed = booking.has_passed(ctx.now)
    if not has_passed:
        require(booking, "held")
    read_open_project(ctx, booking.project)
    space = read_space(ctx, booking.space)
    ladder = Ladder(ctx, space.id)
    ladder.release_expired(booking.period, but=booking.id if has_passed else "")
    hold = None if has_passed else find_hold(ladder, booking)
    check_bookable(ctx, space, booking.period, booking.units)
    firm = read_firm_bookings(ctx, space.id, booking.period)
    check_room(ctx, booking.id, space, booking.period, booking.units, firm)
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
    obstacles = blocking_holds(space, hold.period, hold.units, firm, ladder.ahead_of(hold))
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
