"""What is reserved, what is left of it day by day, and where it is not enough."""

from __future__ import annotations

from typing import Any

from ledger_reservations import Reservations

from ledger.events import (
    BookingCancelled,
    BookingWrapped,
    EquipmentDescribed,
    EquipmentRegistered,
    EquipmentReserved,
    EquipmentRetired,
    EquipmentSubHired,
    HoldReleased,
    ReservationReleased,
)
from ledger.events.base import Event
from ledger.projections.projection import ask_at
from ledger.testing import Scenario
from tests.scenarios.view_stories import at, confirmed, day, days, held, seen, story
from tests.scenarios.views.test_view_custody import out
from tests.scenarios.views.test_view_equipment import added
from tests.scenarios.views.test_view_service_due import began, plan

AUGUST = "2025-08-04..2025-08-08"
"""Days of the bookings here. The stories are told on 2 August."""


def reserved(
    booking: str,
    equipment: str | None = None,
    quantity: int = 1,
    when: str = AUGUST,
    kind: str = "camera",
    **more: Any,
) -> EquipmentReserved:
    return EquipmentReserved(
        reservation=f"{booking}/{equipment or f'any-{kind}'}", booking=booking,
        equipment=equipment, equipment_kind=kind, quantity=quantity, period=days(when),
        booking_period=days(when), **more,
    )  # fmt: skip


def hired(quantity: int, when: str = AUGUST, equipment: str | None = None) -> Event:
    return EquipmentSubHired(
        subhire="h-1", equipment=equipment, equipment_kind="camera", quantity=quantity,
        period=days(when), supplier="Rental House",
    )  # fmt: skip


def firm(booking: str, when: str = AUGUST, space: str = "stage-1") -> tuple[Event, ...]:
    return held(booking, when, space=space), confirmed(booking, when, space=space)


CAMERAS = (added("cam-a"), added("cam-b"), added("cam-c"))


def figures(told: Scenario, **asked: Any) -> list[tuple[int, ...]]:
    """Free, in service, out, firm, pencil, of each day."""
    lines = seen(Reservations, told).availability(**asked)
    for x in lines:
        there = x.pieces + x.sub_hired
        assert x.free == there - x.in_service - x.out - x.firm - x.pencil
    return [(x.free, x.in_service, x.out, x.firm, x.pencil) for x in lines]


def on(told: Scenario, text: str, **asked: Any) -> tuple[int, ...]:
    (line,) = figures(told, since=day(text), until=day(text), **{"kind": "camera"} | asked)
    return line


# --- reservations ------------------------------------------------------------------------


def states(told: Scenario, **asked: Any) -> list[tuple[str, str | None, str]]:
    lines = seen(Reservations, told).reservations(**asked)
    return [(x.booking, x.equipment, x.state) for x in lines]


EVERY: list[Any] = ["pencil", "firm", "over", "off"]


def test_a_reservation_is_as_firm_as_its_booking() -> None:
    told = story(*CAMERAS, held("b-1", AUGUST), reserved("b-1", "cam-a"))
    assert states(told) == [("b-1", "cam-a", "pencil")]
    told.and_given(confirmed("b-1", AUGUST))
    assert states(told) == [("b-1", "cam-a", "firm")]
    cancelled = BookingCancelled(
        booking="b-1", space="stage-1", project="resurrection", period=days(AUGUST)
    )
    told.and_given(cancelled)
    assert states(told) == []
    assert states(told, state=EVERY) == [("b-1", "cam-a", "off")]


def test_a_hold_that_is_released_or_has_expired_reserves_nothing() -> None:
    about: dict[str, Any] = {"space": "stage-1", "project": "resurrection", "period": days(AUGUST)}
    told = story(
        *CAMERAS,
        held("b-1", AUGUST),
        held("b-2", AUGUST, 2, expires_at=at("2025-08-03T12:00")),
        reserved("b-1", "cam-a"),
        reserved("b-2", "cam-b"),
        HoldReleased(booking="b-1", cause="released", **about),
    )
    reservations = seen(Reservations, told)
    assert [x.booking for x in reservations.reservations()] == ["b-2"]
    ask_at(reservations, at("2025-08-03T12:00"))
    assert reservations.reservations() == []
    assert len(reservations.reservations(state=["off"])) == 2


def test_a_reservation_that_is_released_is_off() -> None:
    one = reserved("b-1", "cam-a")
    told = story(*CAMERAS, *firm("b-1"), one, reserved("b-1", kind="lens", quantity=3))
    fields = {name: getattr(one, name) for name in ReservationReleased.__struct_fields__}
    told.and_given(ReservationReleased(**fields))
    (line,) = seen(Reservations, told).reservations()
    assert (line.equipment, line.kind, line.quantity) == (None, "lens", 3)
    assert (line.project, line.space, line.first) == ("resurrection", "stage-1", day("2025-08-04"))
    assert states(told, state=["off"]) == [("b-1", "cam-a", "off")]


def test_after_the_wrap_it_goes_to_the_end_of_the_time_used() -> None:
    wrapped = BookingWrapped(
        booking="b-1", space="stage-1", project="resurrection", on=day("2025-08-05"),
        period=days("2025-08-04..2025-08-05"), was_period=days(AUGUST),
    )  # fmt: skip
    told = story(*CAMERAS, *firm("b-1"), reserved("b-1", "cam-a"))
    assert on(told, "2025-08-06") == (2, 0, 0, 1, 0)
    told.and_given(wrapped)
    assert on(told, "2025-08-06") == (3, 0, 0, 0, 0)
    assert on(told, "2025-08-05") == (2, 0, 0, 1, 0)
    reservations = seen(Reservations, told)
    ask_at(reservations, at("2025-08-06T00:00"))
    assert [x.state for x in reservations.reservations(state=EVERY)] == ["over"]


def test_reservations_can_be_asked_for_some() -> None:
    told = story(
        *CAMERAS,
        EquipmentRegistered(
            equipment="case", at=at("2025-07-01T08:00"), name="Case", kind="case",
            place="stage-1", barcode="0815",
        ),
        *firm("b-1"),
        held("b-2", "2025-09-01..2025-09-02", space="stage-2", project="other"),
        reserved("b-1", "cam-a", within="case"),
        reserved("b-1", "case", kind="case"),
        reserved("b-2", when="2025-09-01..2025-09-02"),
    )  # fmt: skip
    assert [x[1] for x in states(told)] == ["case", "cam-a", None], "a case before its contents"
    assert [x[0] for x in states(told, project="other")] == ["b-2"]
    assert [x[1] for x in states(told, equipment="0815")] == ["case"]
    assert [x[0] for x in states(told, kind=" Camera")] == ["b-1", "b-2"]
    assert [x[0] for x in states(told, since=day("2025-08-09"))] == ["b-2"]
    assert [x[0] for x in states(told, until=day("2025-08-04"), state=["firm"])] == ["b-1", "b-1"]
    assert states(told, booking="b-3") == []


# --- availability ------------------------------------------------------------------------


def test_what_is_claimed_is_not_free() -> None:
    told = story(
        *CAMERAS,
        *firm("b-1"),
        held("b-2", "2025-08-06..2025-08-10", space="stage-2"),
        reserved("b-1", "cam-a"),
        reserved("b-2", when="2025-08-06..2025-08-10"),
        began("cam-c", "2025-08-01T08:00", until="2025-08-05T00:00"),
    )
    lines = figures(told, kind="camera", until=day("2025-08-11"))
    assert lines == [
        (2, 1, 0, 0, 0),
        (2, 1, 0, 0, 0),
        (1, 1, 0, 1, 0),
        (2, 0, 0, 1, 0),
        (1, 0, 0, 1, 1),
        (1, 0, 0, 1, 1),
        (1, 0, 0, 1, 1),
        (2, 0, 0, 0, 1),
        (2, 0, 0, 0, 1),
        (3, 0, 0, 0, 0),
    ]
    assert len(figures(told)) == 14, "two weeks, and there is one kind"
    assert on(told, "2025-08-04", kind=None, equipment="cam-a") == (0, 0, 0, 1, 0)
    assert on(told, "2025-08-04", kind=None, equipment="cam-c") == (0, 1, 0, 0, 0)
    assert on(told, "2025-08-06", kind=None, equipment="cam-b") == (1, 0, 0, 0, 0)


def test_of_one_booking_what_is_out_counts_towards_what_it_reserved() -> None:
    taken = "2025-08-02T08:00", "2025-08-07T00:00"
    told = story(*CAMERAS, *firm("b-1"), reserved("b-1", "cam-a"), reserved("b-1"))
    assert on(told, "2025-08-05") == (1, 0, 0, 2, 0)
    told.and_given(out("cam-a", *taken))
    assert on(told, "2025-08-05") == (1, 0, 1, 1, 0)
    told.and_given(out("cam-b", *taken))
    assert on(told, "2025-08-05") == (1, 0, 2, 0, 0), "any camera was reserved, too"
    told.and_given(out("cam-c", *taken))
    assert on(told, "2025-08-05") == (0, 0, 3, 0, 0)
    assert on(told, "2025-08-08") == (1, 0, 0, 2, 0), "they are due back before"


def test_a_loan_to_a_person_takes_it_and_an_overdue_one_has_it_today() -> None:
    told = story(
        *CAMERAS,
        out("cam-a", "2025-07-10T08:00", "2025-07-20T18:00", booking=None),
        out("cam-b", "2025-07-10T08:00", "2025-08-03T18:00", booking=None),
    )
    lines = figures(told, kind="camera", until=day("2025-08-04"))
    assert [line[0] for line in lines] == [1, 2, 3]
    reservations = seen(Reservations, told)
    ask_at(reservations, at("2025-08-09T12:00"))
    assert [x.free for x in reservations.availability(until=day("2025-08-10"))] == [1, 3]


def test_hours_that_do_not_meet_do_not_add_up() -> None:
    morning, evening = "2025-08-04T08:00..2025-08-04T12:00", "2025-08-04T14:00..2025-08-04T18:00"
    told = story(
        *CAMERAS,
        *firm("b-1", morning),
        *firm("b-2", evening),
        reserved("b-1", quantity=2, when=morning),
        reserved("b-2", quantity=3, when=evening),
    )
    assert on(told, "2025-08-04") == (0, 0, 0, 3, 0)
    assert on(told, "2025-08-05") == (3, 0, 0, 0, 0)
    (line, *_) = seen(Reservations, told).reservations()
    assert line.times is not None
    assert line.times.startswith("2025-08-04 08:00")


def test_a_service_that_is_planned_takes_its_days_and_one_under_way_goes_on() -> None:
    told = story(
        *CAMERAS,
        plan("cam-a", "2025-08-05..2025-08-06"),
        plan("cam-b", "2025-08-05..2025-08-06"),
        plan("cam-b", "2025-08-05..2025-08-06", dropped=True),
        began("cam-c", "2025-07-20T08:00", until="2025-07-25T00:00"),
    )
    lines = figures(told, kind="camera", since=day("2025-08-04"), until=day("2025-08-07"))
    assert [line[1] for line in lines] == [1, 2, 2, 1]


def test_what_is_hired_is_there_and_what_is_retired_is_not() -> None:
    gone = EquipmentRetired(
        equipment="cam-c", at=at("2025-07-10T08:00"), place="stage-1", equipment_kind="camera"
    )
    told = story(*CAMERAS, gone, hired(4))
    lines = seen(Reservations, told).availability(since=day("2025-08-08"), until=day("2025-08-09"))
    assert [(x.free, x.pieces, x.sub_hired) for x in lines] == [(6, 2, 4), (2, 2, 0)]
    told.and_given(hired(0))
    assert on(told, "2025-08-08") == (2, 0, 0, 0, 0)


def test_an_item_counts_as_the_kind_that_it_is_now() -> None:
    told = story(
        *CAMERAS,
        *firm("b-1"),
        reserved("b-1", "cam-a"),
        EquipmentDescribed(
            equipment="cam-a", at=at("2025-08-01T08:00"), name="A", kind="Film Camera"
        ),
    )
    assert on(told, "2025-08-05") == (2, 0, 0, 0, 0)
    assert on(told, "2025-08-05", kind="film  camera") == (0, 0, 0, 1, 0)


# --- shortages ---------------------------------------------------------------------------


def short(told: Scenario, **asked: Any) -> list[tuple[Any, ...]]:
    lines = seen(Reservations, told).shortages(**asked)
    return [(x.equipment, x.state, x.first.day, x.last.day, x.short, x.by) for x in lines]


def test_a_pencil_that_cannot_become_firm_is_short() -> None:
    told = story(
        *CAMERAS,
        *firm("b-1"),
        held("b-2", "2025-08-07..2025-08-12", space="stage-2"),
        reserved("b-1", quantity=2),
        reserved("b-2", quantity=2, when="2025-08-07..2025-08-12"),
    )
    assert short(told) == [(None, "pencil", 7, 8, 1, ("b-1", "b-2"))]
    assert short(told, firm=True) == []
    assert short(told, booking="b-3") == []
    assert short(told, until=day("2025-08-06")) == []
    assert short(told, kind="crane") == []
    told.and_given(hired(1))
    assert short(told) == []


def test_a_promise_that_is_broken_is_firm_and_told_of_the_item() -> None:
    told = story(
        *CAMERAS,
        *firm("b-1"),
        reserved("b-1", "cam-a"),
        began("cam-a", "2025-08-01T08:00", until="2025-08-06T00:00"),
    )
    assert short(told) == [("cam-a", "firm", 4, 5, 1, ("b-1",))]
    (line,) = seen(Reservations, told).shortages(equipment="cam-a", firm=True)
    assert (line.claimed, line.there, line.in_service) == (1, 0, 1)


def test_a_kind_is_told_where_its_items_do_not_explain_it() -> None:
    told = story(
        added("cam-a"),
        *firm("b-1"),
        *firm("b-2", space="stage-2"),
        reserved("b-1", "cam-a"),
        reserved("b-2", "cam-a"),
    )
    assert short(told) == [("cam-a", "firm", 4, 8, 1, ("b-1", "b-2"))]
    told.and_given(*firm("b-3", space="stage-3"), reserved("b-3"))
    assert short(told) == [
        (None, "firm", 4, 8, 2, ("b-1", "b-2", "b-3")),
        ("cam-a", "firm", 4, 8, 1, ("b-1", "b-2")),
    ]


def test_days_are_apart_where_a_promise_breaks_on_some_of_them() -> None:
    told = story(
        added("cam-a"),
        *firm("b-1", "2025-08-04..2025-08-06"),
        held("b-2", AUGUST, space="stage-2"),
        held("b-3", AUGUST, space="stage-3"),
        reserved("b-1", quantity=2, when="2025-08-04..2025-08-06"),
        reserved("b-2"),
        reserved("b-3"),
    )
    assert short(told) == [
        (None, "firm", 4, 6, 3, ("b-1", "b-2", "b-3")),
        (None, "pencil", 7, 8, 1, ("b-2", "b-3")),
    ]


def test_what_is_overdue_and_promised_today_is_short() -> None:
    told = story(
        added("cam-a"),
        out("cam-a", "2025-07-10T08:00", "2025-08-01T18:00", booking=None),
        *firm("b-1", "2025-08-02..2025-08-04"),
        reserved("b-1", "cam-a", when="2025-08-02..2025-08-04"),
    )
    assert short(told) == [("cam-a", "firm", 2, 2, 1, ("Li Na", "b-1"))]
