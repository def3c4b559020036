"""No commands put two productions into an LED volume without a day between them."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from ledger_calibration import RULES

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import CancelBooking
from ledger.errors import BadInput, Refused
from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingRescheduled,
    EquipmentRegistered,
    LedgerOpened,
    ProjectOpened,
    SiteRegistered,
    SpaceCommissioned,
)
from ledger.testing import BEGINNING, Scenario
from ledger.time.periods import Days, Period, When

FIRST = date(2025, 3, 20)  # in the window the clocks go forward and a month ends
ZONE = "Europe/Berlin"


@st.composite
def spans(draw: st.DrawFn) -> When:
    """Whole days, or from noon to noon."""
    first = FIRST + timedelta(days=draw(st.integers(0, 14)))
    last = first + timedelta(days=draw(st.integers(0, 2)))
    if draw(st.booleans()):
        return When.parse(f"{first}..{last}")
    return When.parse(f"{first}T12:00..{last + timedelta(days=1)}T12:00")


commands = st.lists(
    st.tuples(st.sampled_from("hcccmmx"), st.integers(0, 7), spans()), min_size=12, max_size=24
)


def campus() -> Scenario:
    return Scenario(rules=RULES).and_given(
        LedgerOpened(origin="o", format=1, demo=False, zone=ZONE),
        SiteRegistered(site="s", name="S", zone=ZONE, answer_within_hours=24),
        SpaceCommissioned(
            space="volume", site="s", zone=ZONE, name="V", kind="virtual stage", area_m2=1.0,
            in_service_on=date(2025, 1, 1),
        ),
        EquipmentRegistered(
            equipment="wall", at=BEGINNING, name="W", kind="LED wall", place="volume"
        ),
        *(ProjectOpened(project=f"p-{n}", title="P", kind="feature", on=FIRST) for n in range(2)),
    )  # fmt: skip


def decision(what: str, number: int, when: When) -> Decision:
    booking = f"b-{number}"
    if what in "hc":
        return PlaceHold(
            space="volume", project=f"p-{number % 2}", when=when, booking=booking,
            confirm=what == "c",
        )  # fmt: skip
    if what == "m":
        return MoveBooking(booking=booking, when=when)
    return CancelBooking(booking=booking) if number % 2 else ConfirmBookings(booking=(booking,))


def firm(told: Scenario) -> dict[str, tuple[str, Period]]:
    found: dict[str, tuple[str, Period]] = {}
    for entry in told.history.events:
        match entry.event:
            case BookingConfirmed() as event:
                found[event.booking] = (event.project, event.period)
            case BookingRescheduled() as event if event.rank is None:
                found[event.booking] = (event.project, event.period)
            case BookingCancelled() as event:
                del found[event.booking]
    return found


def free_days(one: Days, other: Days) -> int:
    early, late = sorted((one, other))
    return (late.first - early.last).days - 1


@given(commands)
def test_two_productions_always_have_a_day_between_them(
    given_: list[tuple[str, int, When]],
) -> None:
    told = campus()
    for what, number, when in given_:
        outcome = told.when(decision(what, number, when))
        if outcome.refusal is None:
            told.keep(outcome)
        else:
            assert isinstance(outcome.refusal, Refused | BadInput)
        bookings = list(firm(told).values())
        for n, (project, period) in enumerate(bookings):
            for other_project, other in bookings[:n]:
                if project != other_project:
                    assert free_days(period.days, other.days) >= 1
