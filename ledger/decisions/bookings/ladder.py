"""The hold ladder of a space: which hold is first, second, third where they overlap.

Two holds overlap if they share time and floor. A space that divides has one ladder with its parts:
a hold of the whole is on the ladder of each half, and the halves are not in each other's way.
The law, for the live holds of one ladder:

- two that overlap never share a rank;
- the rank of a hold is 1 + the maximum over the better-ranked holds that it overlaps, 1
  where there is none. So a hold of rank r > 1 overlaps one of rank r - 1, and an unbroken
  group uses exactly the ranks 1 … n;
- of two that overlap, the one that is ahead stays ahead for as long as both stay, unless the
  house sets the rank of one of them (or one of them takes in another hold of its project).

A new hold goes behind all that it overlaps. A hold ends by itself when it expires or its last
day has passed. When one leaves, those behind it move up, in
ladder order, and the ripple may run on into other months; the ladder reads another month
only when a hold that it touches reaches into it. It never reads a space's whole life.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.decisions.sites import read_floor_plan
from ledger.entities.bookings import ended_as
from ledger.errors import UnreadableEvent
from ledger.events.base import Event, RecordedEvent
from ledger.events.bookings import (
    BookingConfirmed,
    BookingHeld,
    BookingMerged,
    BookingRescheduled,
    HoldPromoted,
    HoldRanked,
    HoldReleased,
    RankCause,
    ReleaseCause,
)
from ledger.tags import tag
from ledger.time.periods import Period

LADDER = (
    BookingHeld,
    HoldReleased,
    HoldPromoted,
    HoldRanked,
    BookingConfirmed,
    BookingRescheduled,
    BookingMerged,
)
"""The events that change a ladder. Not a challenge, which changes no rank, and nothing after the
confirm: if stage 1's June shoot wraps early, July's second hold is not disturbed."""


class Hold(Struct, frozen=True):
    """A live hold. `since` is the position that its seniority counts from.

    That is where it was placed, last moved to other days or another space, or ranked by the house.
    """

    booking: str
    space: str
    project: str
    period: Period
    rank: int
    units: int
    since: int
    expires_at: datetime | None = None


def fold_holds(
    entries: Iterable[RecordedEvent], spaces: Collection[str], month: str
) -> dict[str, Hold]:
    """Return the live holds that touch a month of spaces, by booking, from their buckets' events.

    A bucket is enough for its own month: every event that brings a hold into the month,
    changes it there or takes it away is tagged with that month. A hold that moved to other
    months is left out: its later events are not in this bucket. Raises `UnreadableEvent`.
    """
    holds: dict[str, Hold] = {}
    for entry in entries:
        match entry.event:
            case BookingHeld() as event:
                holds[event.booking] = _hold(event, event.rank, entry.position)
            case BookingRescheduled() as event:
                before = holds.pop(event.booking, None)
                is_here = event.space in spaces and month in event.period.months
                if event.rank is not None and is_here:
                    since = before.since if before and event.keeps_place else entry.position
                    holds[event.booking] = _hold(event, event.rank, since)
            case HoldPromoted() as event:
                if event.booking in holds:
                    holds[event.booking] = replace(holds[event.booking], rank=event.rank)
            case HoldRanked() as event:
                if event.booking in holds:
                    since = entry.position if event.cause == "set" else holds[event.booking].since
                    holds[event.booking] = replace(
                        holds[event.booking], rank=event.rank, since=since
                    )
            case HoldReleased() | BookingConfirmed() | BookingMerged() as event:
                holds.pop(event.booking, None)
            case _:
                raise UnreadableEvent(entry.type, position=entry.position)
    return holds


def _hold(event: BookingHeld | BookingRescheduled, rank: int, since: int) -> Hold:
    return Hold(
        booking=event.booking,
        space=event.space,
        project=event.project,
        period=event.period,
        rank=rank,
        units=event.units,
        since=since,
        expires_at=event.expires_at,
    )


class Ladder:
    """The live holds of a space and of all that it may share floor with, in the months read so
    far, and the changes to them. `plan` is the floor plan of these spaces.

    A decision that reads a month must release the holds in it that have expired or passed:
    `record` writes those releases and the promotions that follow.
    """

    def __init__(self, ctx: Context, space_id: str) -> None:
        """Read the space, and no holds yet. Raises `UnknownId`."""
        self.plan = read_floor_plan(ctx, space_id)
        self.space = self.plan[space_id]
        self._ctx = ctx
        self._sharing = {one: self.plan.sharing(one) for one in self.plan.spaces}
        self._months: set[str] = set()
        self._met: set[str] = set()
        self._live: dict[str, Hold] = {}
        self._was_rank: dict[str, int] = {}
        """The recorded rank of each hold that moves, by booking, until it is recorded."""
        self._ended: list[tuple[Hold, ReleaseCause]] = []
        self._over: dict[str, ReleaseCause] = {}
        self._left: list[Hold] = []
        """Holds that left; those behind them may still have to move up."""

    # --- reading ----------------------------------------------------------------------

    def find(self, booking: str, period: Period) -> Hold | None:
        """Return the booking's hold in that period; None if the hold has ended."""
        self._look(period)
        return self._live.get(booking)

    def ended(self, booking: str) -> ReleaseCause | None:
        """Return how a hold in the months read has ended by itself; None if it has not."""
        return self._over.get(booking)

    def overlapping(self, period: Period, *, space: str = "", but: str = "") -> list[Hold]:
        """Return the live holds that want any of a space in a period, best rank first.

        The space is the ladder's own unless another one of its floor plan is given.
        """
        found = self._touching(space or self.space.id, period, but)
        return sorted(found, key=lambda hold: (hold.rank, hold.since))

    def _touching(self, space: str, period: Period, but: str = "") -> list[Hold]:
        self._look(period)
        sharing = self._sharing[space]
        return [
            hold
            for hold in self._live.values()
            if hold.booking != but and hold.space in sharing and hold.period.overlaps(period)
        ]

    def ahead_of(self, hold: Hold) -> list[Hold]:
        """Return the better-ranked live holds that overlap a hold, best rank first."""
        beside = self.overlapping(hold.period, space=hold.space)
        return [other for other in beside if other.rank < hold.rank]

    def next_rank(self, period: Period, *, space: str = "") -> int:
        """Return the rank that a hold gets if it is placed there now."""
        beside = self._touching(space or self.space.id, period)
        return 1 + max((hold.rank for hold in beside), default=0)

    def _look(self, period: Period) -> None:
        for month in period.months_to_read:
            if month in self._months:
                continue
            self._months.add(month)
            spaces = self.plan.spaces
            tags = [tag("space", one, month) for one in spaces]
            for hold in fold_holds(self._ctx.read(tags, *LADDER), spaces, month).values():
                if hold.booking in self._met:
                    continue
                self._met.add(hold.booking)
                cause = ended_as(hold.expires_at, hold.period, self._ctx.now)
                if cause is not None:
                    self._ended.append((hold, cause))
                    self._over[hold.booking] = cause
                    self._left.append(hold)
                else:
                    self._live[hold.booking] = hold

    # --- leaving ----------------------------------------------------------------------

    def release_expired(self, *periods: Period, but: str = "") -> None:
        """Release the holds in these months that are over, before anything else is decided.

        `but` is a booking that is confirmed instead, though it has passed.
        """
        for period in periods:
            self._look(period)
        self._ended = [one for one in self._ended if one[0].booking != but]
        self._settle()
        self.record()

    def leave(self, *holds: Hold) -> None:
        """Take holds off the ladder; those behind them move up."""
        for hold in holds:
            del self._live[hold.booking]
            self._was_rank.pop(hold.booking, None)
            self._left.append(hold)
        self._settle()

    def keep(self, hold: Hold, parts: Mapping[str, Period]) -> list[Hold]:
        """Let a hold keep these parts of its time, each a hold in its old place, under that id.

        Returns them with their new ranks. The caller records them, so no promotion is.
        """
        del self._live[hold.booking]
        for booking, period in parts.items():
            self._met.add(booking)
            self._live[booking] = replace(hold, booking=booking, period=period)
        self._left.append(hold)
        self._settle()
        for booking in parts:
            self._was_rank.pop(booking, None)
        return [self._live[booking] for booking in parts]

    def places(self, hold: Hold) -> list[int]:
        """Return the ranks that a hold which has left can be put at."""
        beside = self._touching(hold.space, hold.period)
        return sorted({1, *(other.rank + 1 for other in beside)})

    def put(self, hold: Hold, rank: int) -> Hold:
        """Put a hold that has left, or is new, at one of its `places`.

        Those that it overlaps stay ahead if their rank is better, and otherwise move down.
        Returns it with its rank; the caller records it.
        """
        self._met.add(hold.booking)
        order = {h.booking: 2 * h.rank for h in self._live.values()} | {hold.booking: 2 * rank - 1}
        self._live[hold.booking] = replace(hold, rank=rank)
        self._left.append(hold)  # those behind it are disturbed as if one had left
        self._settle(order)
        self._was_rank.pop(hold.booking, None)
        return self._live[hold.booking]

    def _settle(self, order: dict[str, int] | None = None) -> None:
        """Give each hold its rank, in ladder order, until none changes.

        The order is that of the recorded ranks, doubled to leave places in between: it stays
        the same while ranks change.
        """
        if not self._left:
            return
        if order is None:
            order = {b: 2 * h.rank for b, h in self._live.items()}
            order |= {booking: 2 * rank for booking, rank in self._was_rank.items()}
        waiting: list[tuple[int, int, str]] = []
        queued: set[str] = set()
        """The holds in `waiting`: each waits once, or a ladder of n holds would cost n³."""

        def disturb(holds: Iterable[Hold]) -> None:
            for hold in holds:
                order.setdefault(hold.booking, 2 * hold.rank)
                if hold.booking not in queued:
                    queued.add(hold.booking)
                    heappush(waiting, (order[hold.booking], hold.since, hold.booking))

        while True:
            # Reading a hold's months may bring up more holds that have expired.
            while self._left:
                left = self._left.pop()
                disturb(self._touching(left.space, left.period))
            if not waiting:
                return
            hold = self._live[heappop(waiting)[2]]
            queued.discard(hold.booking)
            beside = self._touching(hold.space, hold.period, but=hold.booking)
            if self._left:
                disturb([hold])
                continue
            mine = order[hold.booking]
            ahead = [h.rank for h in beside if order.setdefault(h.booking, 2 * h.rank) < mine]
            rank = 1 + max(ahead, default=0)
            if rank != hold.rank:
                self._was_rank.setdefault(hold.booking, hold.rank)
                self._live[hold.booking] = replace(hold, rank=rank)
                disturb(h for h in beside if order[h.booking] > mine)

    # --- recording --------------------------------------------------------------------

    def record(self, *events: Event) -> None:
        """Record the releases of holds that are over, then `events`, then the new ranks."""
        for hold, cause in sorted(self._ended, key=lambda one: (one[0].rank, one[0].since)):
            self._ctx.record(released(hold, cause))
        for event in events:
            self._ctx.record(event)
        moved = (self._live[booking] for booking in self._was_rank)
        for hold in sorted(moved, key=lambda hold: (hold.rank, hold.since)):
            was_rank = self._was_rank[hold.booking]
            if hold.rank < was_rank:
                self._ctx.record(HoldPromoted(**about(hold), was_rank=was_rank, rank=hold.rank))
            elif hold.rank > was_rank:
                self._ctx.record(ranked(hold, was_rank, "displaced"))
        self._ended.clear()
        self._was_rank.clear()


def about(hold: Hold) -> dict[str, Any]:
    """Return what every event says of a hold's booking."""
    return {
        "booking": hold.booking,
        "space": hold.space,
        "project": hold.project,
        "period": hold.period,
    }


def ranked(hold: Hold, was_rank: int, cause: RankCause) -> HoldRanked:
    """Return the event that gives a hold its rank."""
    return HoldRanked(**about(hold), was_rank=was_rank, rank=hold.rank, cause=cause)


def released(hold: Hold, cause: ReleaseCause) -> HoldReleased:
    """Return the event that ends a hold."""
    return HoldReleased(**about(hold), cause=cause)
