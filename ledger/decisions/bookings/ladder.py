"""The hold ladder of a space: which hold is first, second, third where they overlap.

The law, for the live holds of one space:

- two that overlap never share a rank;
- the rank of a hold is 1 + the maximum over the better-ranked holds that it overlaps, 1
  where there is none. So a hold of rank r > 1 overlaps one of rank r - 1, and an unbroken
  group uses exactly the ranks 1 … n;
- of two that overlap, the earlier one stays ahead for as long as both stay.

A new hold goes behind all that it overlaps. When one leaves, those behind it move up, in
ladder order, and the ripple may run on into other months; the ladder reads another month
only when a hold that it touches reaches into it. It never reads a whole space.
"""

from collections.abc import Iterable
from datetime import datetime
from heapq import heappop, heappush

from msgspec import Struct
from msgspec.structs import replace

from ledger.decisions.base import Context
from ledger.errors import UnreadableEvent
from ledger.events.base import Event, RecordedEvent
from ledger.events.bookings import (
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    HoldPromoted,
    HoldReleased,
    ReleaseCause,
)
from ledger.tags import tag
from ledger.time.periods import Period

LADDER = (BookingHeld, HoldReleased, HoldPromoted, BookingConfirmed, BookingRescheduled)
"""The events that change a ladder. Not a challenge, which changes no rank, and nothing after the
confirm: if stage 1's June shoot wraps early, July's second hold is not disturbed."""


class Hold(Struct, frozen=True):
    """A live hold. `since` is the position that its seniority counts from.

    That is where it was placed, or last moved to other days or another space.
    """

    booking: str
    space: str
    project: str
    period: Period
    rank: int
    units: int
    since: int
    expires_at: datetime | None = None


def fold_holds(entries: Iterable[RecordedEvent], space: str, month: str) -> dict[str, Hold]:
    """Return the live holds that touch a month of a space, by booking, from its bucket's events.

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
                is_here = event.space == space and month in event.period.months
                if event.rank is not None and is_here:
                    keeps = before is not None and gives_back_only(
                        event.was_space, event.was_period, event.space, event.period
                    )
                    since = before.since if before and keeps else entry.position
                    holds[event.booking] = _hold(event, event.rank, since)
            case HoldPromoted() as event:
                if event.booking in holds:
                    holds[event.booking] = replace(holds[event.booking], rank=event.rank)
            case HoldReleased() | BookingConfirmed() as event:
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


def gives_back_only(was_space: str, was: Period, space: str, period: Period) -> bool:
    """Whether a move gives days back and takes no others: then a hold keeps its place."""
    return was_space == space and was.covers(period)


def has_expired(ctx: Context, expires_at: datetime | None) -> bool:
    """Whether a hold with that end has expired, released or not."""
    return expires_at is not None and expires_at <= ctx.now


class Ladder:
    """The live holds of a space, in the months read so far, and the changes to them.

    A decision that reads a month must release the holds in it that have expired: `record`
    writes those releases and the promotions that follow.
    """

    def __init__(self, ctx: Context, space: str) -> None:
        self.space = space
        self._ctx = ctx
        self._months: set[str] = set()
        self._met: set[str] = set()
        self._live: dict[str, Hold] = {}
        self._was_rank: dict[str, int] = {}
        """The recorded rank of each hold that moves up, by booking, until it is recorded."""
        self._expired: list[Hold] = []
        self._left: list[Period] = []
        """Periods of holds that left; the holds behind them may still have to move up."""

    # --- reading ----------------------------------------------------------------------

    def find(self, booking: str, period: Period) -> Hold | None:
        """Return the booking's hold in that period; None if the hold has ended."""
        self._look(period)
        return self._live.get(booking)

    def overlapping(self, period: Period, *, but: str = "") -> list[Hold]:
        """Return the live holds that overlap a period, best rank first."""
        return sorted(self._touching(period, but), key=lambda hold: (hold.rank, hold.since))

    def _touching(self, period: Period, but: str = "") -> list[Hold]:
        self._look(period)
        return [h for h in self._live.values() if h.booking != but and h.period.overlaps(period)]

    def ahead_of(self, hold: Hold) -> list[Hold]:
        """Return the better-ranked live holds that overlap a hold, best rank first."""
        return [other for other in self.overlapping(hold.period) if other.rank < hold.rank]

    def next_rank(self, period: Period) -> int:
        """Return the rank that a hold gets if it is placed there now."""
        return 1 + max((hold.rank for hold in self.overlapping(period)), default=0)

    def _look(self, period: Period) -> None:
        for month in period.months:
            if month in self._months:
                continue
            self._months.add(month)
            entries = self._ctx.read(tag("space", self.space, month), *LADDER)
            for hold in fold_holds(entries, self.space, month).values():
                if hold.booking in self._met:
                    continue
                self._met.add(hold.booking)
                if has_expired(self._ctx, hold.expires_at):
                    self._expired.append(hold)
                    self._left.append(hold.period)
                else:
                    self._live[hold.booking] = hold

    # --- leaving ----------------------------------------------------------------------

    def release_expired(self, *periods: Period) -> None:
        """Release the expired holds in these months, before anything else is decided."""
        for period in periods:
            self._look(period)
        self._settle()
        self.record()

    def leave(self, *holds: Hold) -> None:
        """Take holds off the ladder; those behind them move up."""
        for hold in holds:
            del self._live[hold.booking]
            self._was_rank.pop(hold.booking, None)
            self._left.append(hold.period)
        self._settle()

    def give_back(self, hold: Hold, period: Period) -> int:
        """Shorten a hold to `period` without losing its place; return its new rank."""
        self._live[hold.booking] = replace(hold, period=period)
        self._left.append(hold.period)
        self._settle()
        # The move itself carries the new rank, so no promotion is recorded for it.
        self._was_rank.pop(hold.booking, None)
        return self._live[hold.booking].rank

    def _settle(self) -> None:
        """Move up the holds that can, best rank first, until none can.

        Ladder order is that of the recorded ranks: it stays the same while ranks improve.
        """
        order = {h.booking: h.rank for h in self._live.values()} | self._was_rank
        waiting: list[tuple[int, int, str]] = []
        queued: set[str] = set()
        """The holds in `waiting`: each waits once, or a ladder of n holds would cost n³."""

        def disturb(holds: Iterable[Hold]) -> None:
            for hold in holds:
                order.setdefault(hold.booking, hold.rank)
                if hold.booking not in queued:
                    queued.add(hold.booking)
                    heappush(waiting, (order[hold.booking], hold.since, hold.booking))

        while True:
            # Reading a hold's months may bring up more holds that have expired.
            while self._left:
                disturb(self._touching(self._left.pop()))
            if not waiting:
                return
            hold = self._live[heappop(waiting)[2]]
            queued.discard(hold.booking)
            beside = self._touching(hold.period, but=hold.booking)
            if self._left:
                disturb([hold])
                continue
            mine = order[hold.booking]
            ahead = [h.rank for h in beside if order.setdefault(h.booking, h.rank) < mine]
            rank = 1 + max(ahead, default=0)
            if rank != hold.rank:
                self._was_rank.setdefault(hold.booking, hold.rank)
                self._live[hold.booking] = replace(hold, rank=rank)
                disturb(h for h in beside if order[h.booking] > mine)

    # --- recording --------------------------------------------------------------------

    def record(self, *events: Event) -> None:
        """Record the releases of expired holds, then `events`, then the promotions."""
        for hold in sorted(self._expired, key=lambda hold: (hold.rank, hold.since)):
            self._ctx.record(released(hold, "expired"))
        for event in events:
            self._ctx.record(event)
        moved = (self._live[booking] for booking in self._was_rank)
        for hold in sorted(moved, key=lambda hold: (hold.rank, hold.since)):
            self._ctx.record(
                HoldPromoted(
                    booking=hold.booking,
                    space=hold.space,
                    project=hold.project,
                    period=hold.period,
                    was_rank=self._was_rank[hold.booking],
                    rank=hold.rank,
                )
            )
        self._expired.clear()
        self._was_rank.clear()


def released(hold: Hold, cause: ReleaseCause) -> HoldReleased:
    """Return the event that ends a hold."""
    return HoldReleased(
        booking=hold.booking,
        space=hold.space,
        project=hold.project,
        period=hold.period,
        cause=cause,
    )
