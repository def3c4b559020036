"""A booking costs the same in the tenth year as in the first, and a planted fault is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ledger.decisions.base import Context, Decision, Snapshot
from ledger.decisions.bookings import calendar, capacity, ladder, room, shoot_days
from ledger.decisions.bookings import holds as bookings
from ledger.decisions.bookings.calendar import FirmBooking
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import ShotAlready
from ledger.decisions.bookings.shoot_days import CancelBooking, StartBooking
from ledger.decisions.deciding import take
from ledger.entities.floor_plans import FloorPlan, Taking
from ledger.events import (
    BookingConfirmed,
    BookingHeld,
    BookingStarted,
    Event,
    ProjectOpened,
    ShootDayReported,
    SiteRegistered,
    SpaceCommissioned,
)
from ledger.events.base import Header, Query, RecordedEvent
from ledger.testing import MemoryHistory
from ledger.time.periods import Days, Period, When
from tests.properties.test_bookings import Bookings

ZONE = "Asia/Shanghai"
NOW = datetime(2025, 7, 6, tzinfo=UTC)
A_MONTH = 20
"""Bookings per month, one day each: ten firm, ten held."""


class CountingHistory(MemoryHistory):
    """A history that counts the events read."""

    read_events = 0

    def read(self, queries: Sequence[Query], **how: Any) -> Iterator[RecordedEvent]:
        """Read like any history, but count."""
        for entry in super().read(queries, **how):
            self.read_events += 1
            yield entry


def _bookings(months: int) -> Iterator[Event]:
    """Bookings in a number of months around July 2025, half before and half after."""
    july = 2025 * 12 + 6
    for month in range(july - months // 2, july - months // 2 + months):
        for day in range(1, A_MONTH + 1):
            on = date(month // 12, month % 12 + 1, day)
            always: dict[str, Any] = {
                "booking": f"b-{on}",
                "space": "stage-1",
                "project": "film",
                "period": Days(on, on).period(ZONE),
            }
            yield BookingHeld(**always, rank=1)
            if day <= A_MONTH // 2:
                yield BookingConfirmed(**always)


def _history(months: int) -> CountingHistory:
    history = CountingHistory()
    first = (
        SiteRegistered(site="campus", name="Campus", zone=ZONE),
        ProjectOpened(project="film", title="Film", kind="feature", on=date(1950, 1, 1)),
        SpaceCommissioned(
            space="stage-1",
            site="campus",
            zone=ZONE,
            name="Stage 1",
            kind="stage",
            area_m2=3000.0,
            in_service_on=date(1950, 1, 1),
        ),
    )
    header = Header(actor="scheduler")
    history.append([(event, header) for event in (*first, *_bookings(months))])
    return history


@pytest.fixture(scope="module")
def three_months() -> CountingHistory:
    """Sixty bookings: twenty in July, and its neighbours."""
    return _history(3)


@pytest.fixture(scope="module")
def eighty_years() -> CountingHistory:
    """Twenty thousand."""
    return _history(1000)


def cost(history: CountingHistory, decision: Decision) -> tuple[int, tuple[Query, ...]]:
    """Return how many events a decision reads, and its questions."""
    snapshot = Snapshot(history, history.head())
    header = Header(actor="scheduler")
    history.read_events = 0
    decision.decide(Context(snapshot, now=NOW, new_id=lambda _: "new", header=header))
    return history.read_events, snapshot.boundary.queries


@pytest.mark.parametrize(
    ("decision", "most"),
    [
        (PlaceHold(space="stage-1", project="film", when=When.parse("2025-07-05..2025-07-15")), 35),
        (
            PlaceHold(space="stage-1", project="film", when=When.parse("2025-07-25"), confirm=True),
            46,
        ),
        (ConfirmBookings(booking="b-2025-07-15"), 47),
        (ReleaseHold(booking="b-2025-07-15"), 33),
        (MoveBooking(booking="b-2025-07-15", when=When.parse("2025-07-28")), 36),
        (StartBooking(booking="b-2025-07-05", on=date(2025, 7, 5)), 4),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Decision) else str(value),
)
def test_a_decision_reads_a_month_and_no_life(
    three_months: CountingHistory, eighty_years: CountingHistory, decision: Decision, most: int
) -> None:
    early, late = cost(three_months, decision), cost(eighty_years, decision)
    assert early == late
    assert early[0] <= most


@pytest.mark.parametrize("reports", [1, 200])
def test_what_cannot_be_called_off_is_found_by_its_newest_report_alone(reports: int) -> None:
    period = Days(date(2025, 1, 1), date(2025, 12, 31)).period(ZONE)
    always: dict[str, Any] = {
        "booking": "series", "space": "stage-1", "project": "film", "period": period,
    }  # fmt: skip
    figures: dict[str, Any] = dict.fromkeys(
        ("setups_planned", "setups_shot", "pages_planned_eighths", "pages_shot_eighths"), 0
    )
    shot = [
        ShootDayReported(**always, day=day, **figures, shooting_hours=9.0)
        for day in list(period.days)[:reports]
    ]
    history = CountingHistory()
    lived = BookingHeld(**always, rank=1), BookingConfirmed(**always)
    moved_in = BookingStarted(**always, on=period.days.first)
    header = Header(actor="scheduler")
    history.append([(event, header) for event in (*lived, moved_in, *shot)])
    with pytest.raises(ShotAlready) as refused:
        cost(history, CancelBooking(booking="series"))
    assert (refused.value.position, history.read_events) == (3 + reports, 3 + 1)


def test_no_question_is_about_a_whole_space_or_project(three_months: CountingHistory) -> None:
    """A decision reads the facts of a space, and whether a project is open, from all months."""
    asked: set[Query] = set()
    for decision in (
        PlaceHold(space="stage-1", project="film", when=When.parse("2025-07-05"), booking="new"),
        ConfirmBookings(booking="b-2025-07-15"),
        MoveBooking(booking="b-2025-07-05", when=When.parse("2025-07-28")),
    ):
        asked |= set(cost(three_months, decision)[1])
    whole = {q for q in asked if q.tags[0] in ("space:stage-1", "project:film", "site:campus")}
    assert {q.types for q in whole} == {
        ("SpaceChanged", "SpaceCommissioned", "SpaceDecommissioned"),
        ("ProjectClosed", "ProjectOpened"),
        ("SiteRegistered",),
    }
    assert {q.tags[0] for q in asked - whole} == {
        *("space:stage-1@2025-07", "booking:new", "booking:b-2025-07-15", "booking:b-2025-07-05"),
        "job:new",  # a job's id is no booking's
    }


# --- planted faults ------------------------------------------------------------------


def _no_ripple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder.Ladder, "_settle", lambda self, *order: self._left.clear())


def _no_expiry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder.Ladder, "release_expired", lambda self, *periods, but="": None)


def _first_month_only(monkeypatch: pytest.MonkeyPatch) -> None:
    look = ladder.Ladder._look

    def short(self: ladder.Ladder, period: Any) -> None:
        day = period.days.first
        look(self, Days(day, day).period(period.zone))

    monkeypatch.setattr(ladder.Ladder, "_look", short)


def _passes_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookings, "blocking_holds", lambda *of: [])


def _no_room_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "check_capacity", lambda *of, **given: None)


def _reads_past_the_boundary(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ladder is read, but its questions are not noted."""
    look = ladder.Ladder._look

    def unnoticed(self: ladder.Ladder, period: Any) -> None:
        answers = self._ctx._snapshot._answers
        noted = dict(answers)
        look(self, period)
        answers.clear()
        answers.update(noted)

    monkeypatch.setattr(ladder.Ladder, "_look", unnoticed)


def _tells_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shoot_days, "check_begun_at", lambda *of, space, zone_name: None)


def _calls_off_what_shot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shoot_days, "_check_never_shot", lambda *of: None)


def _ladder_of_one_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold of the whole is not on the ladder of its halves."""
    begin = ladder.Ladder.__init__

    def apart(self: ladder.Ladder, *of: Any) -> None:
        begin(self, *of)
        self._sharing = {space: (space,) for space in self.plan.spaces}

    monkeypatch.setattr(ladder.Ladder, "__init__", apart)


def _room_in_one_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has the whole does not have its halves."""

    def apart(ctx: Context, plan: FloorPlan, space: str, period: Period, *, but: str = "") -> Any:
        return calendar.read_firm_bookings(ctx, space, period, but=but)

    monkeypatch.setattr(capacity, "read_sharing", apart)


def _only_the_next_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The part of a part is not on the floor of the whole."""
    monkeypatch.setattr(FloorPlan, "wholes", lambda plan, space: islice(_wholes(plan, space), 1))
    monkeypatch.setattr(FloorPlan, "parts", lambda plan, space: iter(plan._parts.get(space, ())))


_wholes = FloorPlan.wholes


def _turnaround_on_one_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody comes too early after a booking, but one may end right before the next."""
    needed = FloorPlan.turnaround

    def after(plan: FloorPlan, before: Taking, then: Taking) -> timedelta:
        return needed(plan, before, then) if isinstance(before, FirmBooking) else timedelta()

    monkeypatch.setattr(FloorPlan, "turnaround", after)


def _no_turnaround_between_two_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half that needs time leaves none before and after the whole."""
    needed = FloorPlan.turnaround

    def own(plan: FloorPlan, before: Taking, after: Taking) -> timedelta:
        is_one = before.space == after.space
        return needed(plan, before, after) if is_one else timedelta()

    monkeypatch.setattr(FloorPlan, "turnaround", own)


def _turnaround_within_the_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is near is not read, only what overlaps."""
    monkeypatch.setattr(FloorPlan, "around", lambda plan, period: period)


FAULTS = [
    _ladder_of_one_space,
    _room_in_one_space,
    _only_the_next_whole,
    _turnaround_on_one_side,
    _no_turnaround_between_two_spaces,
    _turnaround_within_the_period,
    _tells_the_future,
    _calls_off_what_shot,
    _no_ripple,
    _no_expiry,
    _first_month_only,
    _passes_the_queue,
    _no_room_asked,
    _reads_past_the_boundary,
]


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__.strip("_"))
def test_a_planted_fault_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    search = settings(
        stateful_step_count=40, max_examples=300, phases=[Phase.generate], database=None
    )
    with pytest.raises((AssertionError, KeyError)):
        run_state_machine_as_test(Bookings, settings=search)


def test_the_first_of_many_holds_leaves_without_asking_everybody_about_everybody() -> None:
    """Two hundred holds of the same days cost at most one comparison per pair."""
    compared = {count: _comparisons_of_a_release(count) for count in (100, 200)}
    assert compared[200] < 5 * compared[100]


def _comparisons_of_a_release(count: int) -> int:
    history = _history(0)
    week = Days(date(2025, 7, 1), date(2025, 7, 7)).period(ZONE)
    header = Header(actor="scheduler")
    held = [
        BookingHeld(booking=f"b-{n}", space="stage-1", project="film", period=week, rank=n)
        for n in range(1, count + 1)
    ]
    history.append([(event, header) for event in held])
    snapshot = Snapshot(history, history.head())
    compared = 0

    def count_them(self: Period, other: Period) -> bool:
        nonlocal compared
        compared += 1
        return self.start < other.end and other.start < self.end

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Period, "overlaps", count_them)
        ctx = Context(snapshot, now=NOW, new_id=lambda _: "new", header=header)
        take(ReleaseHold(booking="b-1"), ctx)
    assert len(ctx.proposals) == count
    return compared
