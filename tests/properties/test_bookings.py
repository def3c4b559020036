"""The laws of bookings, for any commands in any order.

A machine commands at random while the clock advances; a naive model gives the right outcome.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import event as note
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from ledger.decisions.base import Decision
from ledger.decisions.bookings.calendar import CALENDAR, fold_firm_bookings
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.ladder import LADDER, fold_holds
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.bookings.terms import ChangeBooking, RankHold
from ledger.errors import BoundaryBroken
from ledger.events import BookingConfirmed, BookingWrapped, HoldReleased
from ledger.events.base import Query, type_names
from ledger.tags import tag
from ledger.testing import Outcome, given
from ledger.time.periods import Deadline, Moment
from tests.properties.models.booking_judge import only
from tests.properties.models.booking_model import (
    CAPACITY,
    FIRST_DAY,
    TURNAROUND,
    ZONE,
    Booked,
    Firm,
    Firms,
    Holds,
    Model,
    agreed,
    building,
    expired,
    share_floor,
    wall,
    whole_story,
)
from tests.properties.models.booking_wishes import NEEDS, WISHES, Wish, period_of, studio, when_of
from tests.properties.models.job_judge import holds_of, judge_all, meant
from tests.properties.models.job_wishes import hold_job, on_job

NOW = datetime(2025, 4, 5, 8, tzinfo=UTC)
"""Some of the days to book are in the past, and may be reported; some are in the future."""

MONTHS = ("2025-03", "2025-04", "2025-05")

OF_ONE = (
    ReleaseHold,
    ChallengeHolds,
    MoveBooking,
    ChangeBooking,
    RankHold,
    GiveBackDays,
    SplitBooking,
)
"""The commands that read the months of the one hold that they name."""

REASON = "the house says so"


class Bookings(RuleBasedStateMachine):
    """A studio, its model, and the laws."""

    def __init__(self) -> None:
        super().__init__()
        self.story = given(*studio()).at(NOW)
        self.model = Model()
        self.made = 0
        self._seen = 0

    @property
    def now(self) -> datetime:
        return self.story.clock.now()

    # --- the commands ---------------------------------------------------------------

    @initialize(wishes=st.lists(WISHES, min_size=3, max_size=8))
    def some_hold_already(self, wishes: list[Wish]) -> None:
        for wish in wishes:
            verb = "hold job" if wish.units > 1 else "hold"
            self.somebody_commands(replace(wish, verb=verb))

    @rule(hours=st.sampled_from([3, 25, 49]))
    def time_goes_on(self, hours: int) -> None:
        self.story.clock.advance(timedelta(hours=hours))

    @rule(wish=WISHES)
    def somebody_commands(self, wish: Wish) -> None:
        decision = self._decision(wish)
        if decision is not None:
            self._swept(decision)
            self._judged(decision, self.story.when(decision, reason=REASON))

    def _swept(self, decision: Decision) -> None:
        """Release what is over before the house ranks: the model knows of no other months."""
        if isinstance(decision, RankHold | MergeBookings):
            ids = (decision.booking,) if isinstance(decision, RankHold) else decision.bookings
            spaces = set().union(*(building(self.model.booked[id].space) for id in ids))
            for one in [h for h in self.model.held() if h.space in spaces]:
                if one.state == "held" and expired(one, self.now):
                    release = ReleaseHold(booking=one.id)
                    self._judged(release, self.story.when(release))

    @precondition(lambda self: self.model.held())
    @rule(pick=st.integers(0, 30), hours=st.sampled_from([23, 24, 48]))
    def a_challenge_runs(self, pick: int, hours: int) -> None:
        """A hold challenges, waits for some hours, and confirms if that was long enough."""
        ranks = self.model.ranks()
        waiting = sorted(b for b in ranks if ranks[b] > 1) or sorted(ranks)
        booking = waiting[pick % len(waiting)]
        for decision in (ChallengeHolds(booking=booking), ConfirmBookings(booking=(booking,))):
            self._judged(decision, self.story.when(decision))
            self.story.clock.advance(timedelta(hours=hours))

    @precondition(lambda self: self.model.firm())
    @rule(pick=st.integers(0, 30), later=st.integers(0, 2), wraps=st.booleans())
    def a_production_comes_and_goes(self, pick: int, later: int, wraps: bool) -> None:
        """A production moves in, reports a day, and wraps or cancels, as far as allowed."""
        firm = sorted(self.model.firm(), key=lambda one: one.id)
        one = firm[pick % len(firm)]
        day = FIRST_DAY + timedelta(days=one.start // 2)
        ends = WrapBooking(booking=one.id, on=day + timedelta(days=later))
        for decision in (
            StartBooking(booking=one.id, on=day),
            ReportShootDay(booking=one.id, day=day + timedelta(days=later), shooting_hours=9.5),
            ends if wraps else CancelBooking(booking=one.id),
        ):
            self._judged(decision, self.story.when(decision))

    @precondition(lambda self: self.model.firm())
    @rule(pick=st.integers(0, 30), gap=st.integers(0, 3), later=st.booleans())
    def another_production_books_close_by(self, pick: int, gap: int, later: bool) -> None:
        """Another project wants the same floor soon before or after a firm booking."""
        firm = sorted(self.model.firm(), key=lambda one: one.id)
        one = firm[pick % len(firm)]
        spaces = sorted(building(one.space))
        start = one.end + gap if later else max(0, one.start - gap - 2)
        self.made += 1
        decision = PlaceHold(
            booking=f"b-{self.made}",
            space=spaces[pick % len(spaces)],
            project="film" if one.project == "series" else "series",
            when=when_of(start, start + 2),
            confirm=True,
        )
        self._judged(decision, self.story.when(decision))

    @rule(wish=WISHES, confirm=st.booleans(), then=st.lists(WISHES, min_size=1, max_size=4))
    def a_job_is_made_and_commanded(self, wish: Wish, confirm: bool, then: list[Wish]) -> None:
        """Several spaces or weeks are booked as one, and then commanded as one."""
        verb = "book job" if confirm else "hold job"
        made = self._hold(replace(wish, verb=verb))
        self._judged(made, self.story.when(made))
        for further in then:
            decision = on_job(self.model, further, self.now, job=str(made.booking))
            if decision is not None:
                self._judged(decision, self.story.when(decision))

    @precondition(lambda self: len(self.model.booked) > 1)
    @rule(first=WISHES, second=WISHES)
    def two_command_at_once(self, first: Wish, second: Wish) -> None:
        """A command reads, then records: an event in between conflicts or does not matter."""
        one, other = self._decision(first), self._decision(second)
        if one is None or other is None:
            return
        self._swept(one)
        self._swept(other)
        early = self.story.when(one, reason=REASON)
        between = self.story.when(other, reason=REASON)
        self._judged(other, between)
        self._swept(one)  # a hold of days that are over has passed at once
        late = self.story.when(one, reason=REASON)
        if between.refusal is None and early.refusal is None:
            try:
                self.story.history.append([], early.boundary)
            except BoundaryBroken:
                note("invalidated: " + ("rightly" if _differ(early, late) else "for nothing"))
            else:
                assert not _differ(early, late), f"{one!r} did not notice {between.events!r}"
                note("undisturbed")
        self._judged(one, late)

    def _decision(self, wish: Wish) -> Decision | None:
        if wish.verb in ("hold", "book", "hold job", "book job"):
            return self._hold(wish)
        if wish.verb == "on job":
            return on_job(self.model, wish, self.now)
        return self._on_one(wish)

    def _on_one(self, wish: Wish) -> Decision | None:
        ids = sorted(self.model.booked)
        if not ids:
            return None
        if wish.other % 4:
            states = NEEDS[wish.verb]
            ids = [b for b in ids if self.model.booked[b].state in states] or ids
        booking, other = ids[wish.pick % len(ids)], ids[wish.other % len(ids)]
        one = self.model.booked[booking]
        day = FIRST_DAY + timedelta(days=one.start // 2 + wish.length // 4)
        match wish.verb:
            case "challenge":
                return ChallengeHolds(booking=booking)
            case "confirm":
                both = wish.units > 1 and other != booking
                return ConfirmBookings(booking=(booking, other) if both else (booking,))
            case "release":
                return ReleaseHold(booking=booking)
            case "move":
                return self._move(wish, booking)
            case "change" | "rank" | "give back" | "split" | "merge" | "part":
                return self._terms(wish, one)
            case "start":
                return StartBooking(booking=booking, on=day)
            case "report":
                return ReportShootDay(booking=booking, day=day, setups_shot=3, shooting_hours=9.5)
            case "wrap":
                return WrapBooking(booking=booking, on=day)
        return CancelBooking(booking=booking)

    def _hold(self, wish: Wish) -> PlaceHold:
        self.made += 1
        book = wish.verb in ("book", "book job")
        if wish.verb in ("hold job", "book job"):
            return hold_job(wish, f"j-{self.made}", self.now, confirm=book)
        lives = None if book else wish.expires_in_hours
        until = lives and (self.now + timedelta(hours=lives)).isoformat()
        return PlaceHold(
            booking=f"b-{self.made}",
            space=wish.space,
            project="series" if wish.other % 2 else "film",
            when=when_of(wish.start, wish.start + wish.length),
            units=wish.units if CAPACITY[wish.space] else 1,
            expires_at=Deadline.parse(until) if until else None,
            confirm=book,
        )

    def _terms(self, wish: Wish, one: Booked) -> Decision | None:
        booking = one.id
        match wish.verb:
            case "change":
                return self._change(wish, booking)
            case "rank":
                return RankHold(booking=booking, rank=1 + wish.length % 4)
            case "give back":
                start = one.start + wish.length % 5
                given = when_of(start, max(start + 1, min(one.end, start + 1 + wish.start % 7)))
                return GiveBackDays(booking=booking, when=given)
            case "split":
                at = one.start + 1 + wish.length % 7
                return SplitBooking(booking=booking, at=Moment.parse(wall(at)))
            case "merge":
                return self._merge(wish, one)
            case "part":
                start = one.start + wish.length % 4
                when = when_of(start, max(start + 1, one.end - wish.start % 4))
                return ConfirmBookings(booking=(booking,), when=when, let_go=wish.units > 1)
        return None

    def _change(self, wish: Wish, booking: str) -> ChangeBooking:
        match wish.length % 4:
            case 0:
                hours = wish.expires_in_hours
                at = hours and (self.now + timedelta(hours=hours)).isoformat()
                expires_at = Deadline.parse(at) if at else None
                return ChangeBooking(booking=booking, expires_at=expires_at)
            case 1:
                return ChangeBooking(booking=booking, units=1 + wish.start % 3)
            case 2:
                return ChangeBooking(booking=booking, project=("film", "series")[wish.start % 2])
        return ChangeBooking(booking=booking, note=("by day", "by night")[wish.start % 2])

    def _merge(self, wish: Wish, one: Booked) -> MergeBookings | None:
        """Merge with a neighbour if there is one, otherwise with any other."""
        others = [b for b in self.model.booked.values() if b.id != one.id]
        near = [
            b
            for b in others
            if (b.space, b.project) == (one.space, one.project)
            and b.state in NEEDS["merge"]
            and one.start <= b.end
            and b.start <= one.end
        ]
        if not others:
            return None
        choice = near or others
        return MergeBookings(bookings=(one.id, choice[wish.other % len(choice)].id))

    def _move(self, wish: Wish, booking: str) -> MoveBooking:
        one = self.model.booked[booking]
        match wish.pick % 4:
            case 0:  # gives days back, or asks for more at its end
                return MoveBooking(
                    booking=booking, when=when_of(one.start, one.start + wish.length)
                )
            case 1:
                return MoveBooking(booking=booking, space=wish.space)
            case 2:  # nearby
                start = max(0, one.start + wish.length - 15)
                return MoveBooking(
                    booking=booking, when=when_of(start, start + one.end - one.start)
                )
        when = when_of(wish.start, wish.start + wish.length)
        return MoveBooking(booking=booking, when=when, space=wish.space)

    def _judged(self, decision: Decision, outcome: Outcome) -> None:
        met = self._met(decision)
        reasons = judge_all(self.model, decision, self.now)
        if outcome.refusal is not None:
            refused = type(outcome.refusal).__name__
            assert refused in reasons, f"{outcome.refusal}; the model says {reasons or 'fine'}"
            note(f"{type(decision).__name__}: {refused}")
            return
        assert not reasons, f"{decision!r} gave {outcome.events!r}; the model says {reasons}"
        note(f"{type(decision).__name__}: recorded")
        swept = set()
        for event in outcome.events:
            if isinstance(event, HoldReleased) and event.cause in ("expired", "passed"):
                swept.add(event.booking)
                assert expired(self.model.booked[event.booking], self.now)
                one = self.model.booked[event.booking]
                # otherwise it has passed, and is confirmed since
                if one.state in ("held", "released"):
                    one.state = "passed" if event.cause == "passed" else "released"
            if isinstance(event, BookingWrapped) and event.overran:
                self._says_whom_it_overran(event)
        confirmed = {e.booking for e in outcome.events if isinstance(e, BookingConfirmed)}
        assert met <= swept | confirmed, "an expired hold that it read is still there"
        self.story.keep(outcome)

    def _says_whom_it_overran(self, event: BookingWrapped) -> None:
        used = self.model.booked[event.booking]
        for other in event.overran:
            assert used.meets(self.model.booked[other])

    def _met(self, decision: Decision) -> set[str]:
        """The expired holds in the months that a command must read."""
        looked: list[tuple[str, set[str]]] = []
        if isinstance(decision, PlaceHold):
            holds = holds_of(self.model, decision)
            looked = [(only(one.space), set(one.when.resolve(ZONE).months)) for one in holds]
        elif isinstance(decision, (*OF_ONE, ConfirmBookings)):
            several = [
                self.model.booked[id] for id in meant(self.model, decision.booking, self.now)
            ]
            is_confirmed = isinstance(decision, ConfirmBookings)
            looked = [(b.space, b.months) for b in several if is_confirmed or b.state == "held"]
        return {
            one.id
            for one in self.model.held()
            if expired(one, self.now)
            and any(
                one.space in building(space) and one.months & months for space, months in looked
            )
        }

    # --- the laws ---------------------------------------------------------------------

    @invariant()
    def the_laws_hold(self) -> None:
        if self._seen == self.story.position:
            return
        self._seen = self.story.position
        holds, firm = whole_story(self.story.history.events)
        self._the_log_is_as_the_model(holds, firm)
        self._firm_bookings_have_room(agreed(self.story.history.events, firm))
        self._the_ladder_has_every_rung(holds)
        self._a_month_tells_its_own_story(holds, firm)

    def _the_log_is_as_the_model(self, holds: Holds, firm: Firms) -> None:
        held = {one.id: one for one in self.model.held()}
        ranks = self.model.ranks()
        assert {b: rank for b, (_, _, rank) in holds.items()} == ranks
        for booking, (space, period, _) in holds.items():
            one = held[booking]
            assert (space, period) == (one.space, period_of(one.start, one.end))
        assert firm == {
            one.id: (one.space, period_of(one.start, one.end), one.units, one.project)
            for one in self.model.firm()
        }

    def _firm_bookings_have_room(self, firm: Firms) -> None:
        for one, other in combinations(firm.values(), 2):
            is_shared = CAPACITY[one[0]] is not None and one[0] == other[0]
            if share_floor(one[0], other[0]) and not is_shared:
                assert not one[1].overlaps(other[1])
                self._they_keep_the_turnaround(*sorted((one, other), key=lambda it: it[1].start))
        for space, capacity in CAPACITY.items():
            here = [(period, units) for where, period, units, _ in firm.values() if where == space]
            for at, _ in here if capacity is not None else ():
                taken = (units for p, units in here if p.start <= at.start < p.end)
                assert sum(taken) <= (capacity or 0)

    def _they_keep_the_turnaround(self, before: Firm, after: Firm) -> None:
        for space, (hours, since) in TURNAROUND.items():
            has_begun = FIRST_DAY + timedelta(days=since // 2) <= before[1].days.last
            if space in (before[0], after[0]) and before[3] != after[3] and has_begun:
                assert after[1].start - before[1].end >= timedelta(hours=hours)

    def _the_ladder_has_every_rung(self, holds: Holds) -> None:
        beside: dict[str, list[int]] = defaultdict(list)
        for (a, one), (b, other) in combinations(holds.items(), 2):
            if share_floor(one[0], other[0]) and one[1].overlaps(other[1]):
                assert one[2] != other[2], f"{a} and {b} share a rank"
                beside[a].append(other[2])
                beside[b].append(one[2])
        for booking, (_, _, rank) in holds.items():
            assert rank == 1 or rank - 1 in beside[booking], f"{booking} hangs in the air"

    def _a_month_tells_its_own_story(self, holds: Holds, firm: Firms) -> None:
        history = self.story.history
        holds, firm = whole_story(history.events)
        for spaces in (*({space} for space in CAPACITY), building("stage-2")):
            for month in MONTHS:
                bucket = tuple(tag("space", space, month) for space in spaces)
                seen = fold_holds(history.read(_about(bucket, LADDER)), spaces, month)
                whole = tuple(tag("space", space) for space in spaces)
                life = fold_holds(history.read(_about(whole, LADDER)), spaces, month)
                assert seen == {
                    hold.booking: hold for hold in life.values() if month in hold.period.months
                }
                assert {b: (h.space, h.period, h.rank) for b, h in seen.items()} == {
                    b: hold
                    for b, hold in holds.items()
                    if hold[0] in spaces and month in hold[1].months
                }
                for space in spaces:
                    tagged = _about((tag("space", space, month),), CALENDAR)
                    taken = fold_firm_bookings(history.read(tagged), space, month)
                    assert {
                        b: (f.space, f.period, f.units, f.project) for b, f in taken.items()
                    } == {
                        b: one
                        for b, one in firm.items()
                        if one[0] == space and month in one[1].months
                    }


def _about(tags: tuple[str, ...], types: tuple[type, ...]) -> list[Query]:
    """The events of these types that have any of the tags."""
    return [Query((tag,), type_names(types)) for tag in tags]


def _differ(one: Outcome, other: Outcome) -> bool:
    return other.refusal is not None or one.proposals != other.proposals


TestBookings = Bookings.TestCase
TestBookings.settings = settings(stateful_step_count=40)
