"""What a reservation reads: the months that it touches, however old the log and large the kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger.decisions.base import Context, Decision, Snapshot
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import CancelBooking
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.deciding import take
from ledger.decisions.equipment.loans import CheckOut
from ledger.decisions.equipment.reservations import ReserveEquipment
from ledger.events import (
    BookingConfirmed,
    BookingHeld,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentReserved,
    Event,
    ProjectOpened,
    SiteRegistered,
    SpaceCommissioned,
)
from ledger.events.base import Header, Query, RecordedEvent
from ledger.events.equipment import KindCount
from ledger.testing import MemoryHistory
from ledger.time.periods import Days, Moment, Period, When

ZONE = "Asia/Shanghai"
NOW = datetime(2025, 7, 1, tzinfo=UTC)
HEADER = Header(actor="store")
A_MONTH = 6
"""Bookings a month that have a camera reserved, two days each."""


class Counting(MemoryHistory):
    """A history that counts readings, questions and the events read."""

    readings = questions = rows = 0

    def read(self, queries: Sequence[Query], **how: Any) -> Iterator[RecordedEvent]:
        """Read like any history, but count."""
        self.readings += 1
        self.questions += len(queries)
        for entry in super().read(queries, **how):
            self.rows += 1
            yield entry


def _days(first: date, length: int = 2) -> Period:
    return Days(first, first + timedelta(days=length - 1)).period(ZONE)


def _booked(booking: str, period: Period, *, firm: bool = True) -> Iterator[Event]:
    always: dict[str, Any] = {
        "booking": booking, "space": "hall", "project": "film", "period": period,
    }  # fmt: skip
    yield BookingHeld(**always, rank=1)
    if firm:
        yield BookingConfirmed(**always)


def _reserved(booking: str, period: Period, item: str | None, kind: str = "camera") -> Event:
    return EquipmentReserved(
        reservation=f"{booking}/{item}", booking=booking, equipment=item, equipment_kind=kind,
        quantity=1, period=period, booking_period=period,
    )  # fmt: skip


def _house(items: int, years: int = 0, inside: int = 0) -> Counting:
    """So many cameras, a case with so many lenses, and so many years on either side of 2025.

    Each month has six firm bookings, with the first camera or any, and July two more without.
    """
    at = datetime(2020, 1, 1, tzinfo=UTC)
    events: list[Event] = [
        SiteRegistered(site="campus", name="Campus", zone=ZONE),
        ProjectOpened(project="film", title="Film", kind="feature", on=date(2000, 1, 1)),
        SpaceCommissioned(
            space="hall", site="campus", zone=ZONE, name="Hall", kind="stage", area_m2=1.0,
            in_service_on=date(2000, 1, 1), capacity=60,
        ),
    ]  # fmt: skip

    def registered(item: str, kind: str, count: int) -> Event:
        return EquipmentRegistered(
            equipment=item, at=at, name=item, kind=kind, place="hall", of_kind=KindCount(count)
        )

    events += [registered(f"cam-{n}", "camera", n + 1) for n in range(items)]
    events.append(registered("case", "case", 1))
    for n in range(inside):
        events.append(registered(f"lens-{n}", "lens", n + 1))
    for n in range(inside):
        events.append(
            EquipmentPacked(
                equipment=f"lens-{n}", at=at, place="hall", containers=("case",),
                latest_for=("case",), contents=tuple(sorted(f"lens-{m}" for m in range(n + 1))),
            )
        )  # fmt: skip
    for year in range(2025 - years, 2026 + years):
        for month in range(1, 13):
            for n in range(A_MONTH):
                period = _days(date(year, month, 1 + 2 * n))
                booking = f"b-{year}-{month}-{n}"
                events += _booked(booking, period)
                events.append(_reserved(booking, period, None if n % 2 else "cam-0"))
    for name, firm in (("mine", True), ("hold", False)):
        events += _booked(name, _days(date(2025, 7, 15), 10), firm=firm)
    events += _booked("next", _days(date(2025, 7, 25)))
    history = Counting()
    history.append([(event, HEADER) for event in events])
    return history


def cost(history: Counting, decision: Decision) -> tuple[int, int, int]:
    """How often a decision reads the log, how many questions it asks, and how many rows come."""
    history.readings = history.questions = history.rows = 0
    snapshot = Snapshot(history, history.head())
    take(decision, Context(snapshot, now=NOW, new_id=lambda _: "new", header=HEADER))
    return history.readings, history.questions, history.rows


RESERVATIONS = (
    ReserveEquipment(booking="mine", equipment=("cam-0",)),
    ReserveEquipment(booking="mine", kind=("camera=1",)),
)


@pytest.fixture(scope="module")
def a_year() -> Counting:
    return _house(1)


@pytest.mark.parametrize("decision", RESERVATIONS, ids=["an item", "a kind"])
def test_a_reservation_costs_the_same_in_a_log_of_any_length(
    a_year: Counting, decision: Decision
) -> None:
    assert cost(a_year, decision) == cost(_house(1, years=10), decision)


@pytest.mark.parametrize("decision", RESERVATIONS, ids=["an item", "a kind"])
def test_one_of_a_thousand_costs_what_one_of_one_does(a_year: Counting, decision: Decision) -> None:
    assert cost(_house(1_000), decision) == cost(a_year, decision)


def test_a_reservation_reads_the_claims_of_its_month_and_the_bookings_of_its_days(
    a_year: Counting,
) -> None:
    """The other bookings of July have other days, so that none of them is asked for."""
    readings, questions, rows = cost(a_year, RESERVATIONS[1])
    assert readings <= 5
    assert questions <= 5
    assert rows <= 2 * A_MONTH + 3 + 1, "its own two turning points, July's claims, the count"
    full = _house(1)
    shared = _days(date(2025, 7, 15), 10)
    others = 40
    for n in range(others):
        events = [*_booked(f"o-{n}", shared, firm=False), _reserved(f"o-{n}", shared, "cam-0")]
        full.append([(event, HEADER) for event in events])
    crowded = cost(full, RESERVATIONS[1])
    assert crowded[0] <= readings + 1, "the bookings of all of them in one reading"
    assert crowded[1] == questions + others
    assert crowded[2] == rows + 2 * others


# --- a booking that has nothing reserved ---------------------------------------------------

WITHOUT: dict[str, Decision] = {
    "hold": PlaceHold(space="hall", project="film", when=When.parse("2025-07-25")),
    "book": PlaceHold(space="hall", project="film", when=When.parse("2025-07-25"), confirm=True),
    "confirm": ConfirmBookings(booking="hold"),
    "move": MoveBooking(booking="mine", when=When.parse("2025-07-16..2025-07-25")),
    "give back": GiveBackDays(booking="mine", when=When.parse("2025-07-20..2025-07-24")),
    "split": SplitBooking(booking="mine", at=Moment("2025-07-20")),
    "merge": MergeBookings(bookings=("mine", "next")),
    "cancel": CancelBooking(booking="mine"),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_a_booking_without_reservations_asks_one_question_more_at_most(
    a_year: Counting, name: str
) -> None:
    """More than its own decision asks, which knows nothing of equipment: one for each booking."""
    decision = WITHOUT[name]
    a_year.readings = a_year.questions = 0
    snapshot = Snapshot(a_year, a_year.head())
    decision.decide(Context(snapshot, now=NOW, new_id=lambda _: "new", header=HEADER))
    alone = a_year.readings, a_year.questions
    readings, questions, _ = cost(a_year, decision)
    assert readings - alone[0] <= 1
    assert questions - alone[1] <= (2 if name == "merge" else 1)


# --- a case --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "decision",
    [
        CheckOut(equipment="case", booking="mine", custodian="ann"),
        ReserveEquipment(booking="mine", equipment=("case",)),
    ],
    ids=["check-out", "reservation"],
)
def test_a_case_of_n_things_costs_n_times_what_one_adds(decision: Decision) -> None:
    costs = {n: cost(_house(1, inside=n), decision) for n in (1, 10, 20, 40)}
    for what in (0, 1, 2):
        ten, twenty = costs[20][what] - costs[10][what], costs[40][what] - costs[20][what]
        assert twenty == 2 * ten, f"{costs}"
        assert ten <= 10 * 12
