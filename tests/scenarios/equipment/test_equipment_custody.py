"""Who has an item and whether it is fit for use, wherever it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.decisions.base import Decision
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import AddEquipment, MoveEquipment, RetireEquipment
from ledger.decisions.equipment.loans import CheckIn, CheckOut, HandOver
from ledger.decisions.equipment.refusals import (
    BookingNotFirm,
    CheckedOutAlready,
    InService,
    LaterEntryStands,
    NotCheckedOut,
    NotYetHappened,
    NotYetRegistered,
    RetiredForGood,
    ServiceNotOpen,
)
from ledger.errors import BadInput, BadText, BadTime, NothingChanges, UnknownId
from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentRetired,
    Event,
    HoldReleased,
    ServiceCompleted,
    ServiceStarted,
    SpaceCommissioned,
)
from ledger.events.bookings import BookingEvent
from ledger.events.equipment import Away, KindCount, ServiceKind
from ledger.testing.scenario import Scenario, given
from ledger.time.periods import Days, Deadline, Moment, Period

SHOOT = Days(date(2025, 6, 1), date(2025, 6, 20)).period("Asia/Shanghai")


def space(name: str, zone: str = "Asia/Shanghai") -> SpaceCommissioned:
    return SpaceCommissioned(
        space=name,
        site="yongchuan",
        zone=zone,
        name=name,
        kind="stage",
        area_m2=2000.0,
        in_service_on=date(2023, 5, 1),
    )


def booked(kind: type[BookingEvent], **more: Any) -> Event:
    usual: dict[str, Any] = {"space": "stage-1", "project": "resurrection", "period": SHOOT}
    return kind(booking="b-1", **usual | more)


CONFIRMED = booked(BookingConfirmed)
STARTED = booked(BookingStarted, on=date(2025, 6, 1))
HELD = booked(BookingHeld, rank=1)
WRAPPED = booked(
    BookingWrapped,
    period=Days(date(2025, 6, 1), date(2025, 6, 3)).period("Asia/Shanghai"),
    on=date(2025, 6, 3),
    was_period=SHOOT,
)
OVER = [
    (booked(HoldReleased, cause="expired"), "released"),
    (WRAPPED, "wrapped"),
    (booked(BookingCancelled), "cancelled"),
]


def june(day: int, hour: int = 8) -> Deadline:
    return Deadline(f"2025-06-{day:02}T{hour:02}:00")


def instant(day: int, hour: int = 8) -> datetime:
    return datetime.fromisoformat(f"2025-06-{day:02}T{hour:02}:00+08:00").astimezone(UTC)


def check_out(day: int, custodian: str = "王师傅", due: int = 20) -> CheckOut:
    return CheckOut(
        equipment="lens", booking="b-1", custodian=custodian, due_at=june(due), at=june(day)
    )


def checked_out(day: int, custodian: str = "王师傅", due: int = 20) -> EquipmentCheckedOut:
    return EquipmentCheckedOut(
        equipment="lens",
        at=instant(day),
        booking="b-1",
        custodian=custodian,
        due_at=instant(due),
        equipment_kind="lens",
    )


def check_in(day: int) -> CheckIn:
    return CheckIn(equipment="lens", at=june(day))


def checked_in(day: int, hour: int = 8) -> EquipmentCheckedIn:
    return EquipmentCheckedIn(
        equipment="lens",
        at=instant(day, hour),
        booking="b-1",
        equipment_kind="lens",
        due_at=instant(20),
    )


def hand_over(day: int, custodian: str) -> HandOver:
    return HandOver(equipment="lens", custodian=custodian, at=june(day))


def into(kind: str, day: int) -> Decision:
    return ServiceEquipment(equipment="lens", kind=kind, at=june(day))  # type: ignore[arg-type]  # spelled out in each test


def out_of(kind: str, day: int, **more: Moment) -> Decision:
    return ServiceEquipment(equipment="lens", kind=kind, at=june(day), done=True, **more)  # type: ignore[arg-type]  # spelled out in each test


def away(kind: ServiceKind, day: int) -> Away:
    """The lens in a service that goes on."""
    return Away("lens", kind, instant(day), begun=True)


def started(kind: ServiceKind, day: int, *others: Away) -> ServiceStarted:
    """Beside services of other kinds that go on."""
    return ServiceStarted(
        equipment="lens",
        at=instant(day),
        kind=kind,
        equipment_kind="lens",
        of_kind=KindCount(1, away=(*others, away(kind, day))),
    )


def completed(
    kind: ServiceKind, day: int, *others: Away, hour: int = 8, **more: Any
) -> ServiceCompleted:
    return ServiceCompleted(
        equipment="lens",
        at=instant(day, hour),
        kind=kind,
        equipment_kind="lens",
        of_kind=KindCount(1, away=others),
        **more,
    )


@pytest.fixture
def story() -> Scenario:
    """A lens on stage 1 since 1 June (#2), a confirmed booking b-1 (#3); it is 30 June."""
    studio = given(space("stage-1")).at("2025-06-30T20:00+08:00")
    lens = AddEquipment(
        equipment="lens", name="Lens 50 mm", kind="lens", at_place="stage-1", at=june(1, 0)
    )
    return studio.and_given(lens, CONFIRMED)


# --- check-out and check-in ----------------------------------------------------------


def test_an_item_goes_out_for_a_booking_and_comes_back(story: Scenario) -> None:
    story.when(check_out(2)).then(checked_out(2)).when(check_in(19)).then(checked_in(19)).when(
        check_out(20, due=21)
    ).then(checked_out(20, due=21))


def test_an_item_goes_out_for_a_booking_that_started(story: Scenario) -> None:
    story.and_given(STARTED).when(check_out(2)).then(checked_out(2))


def test_an_item_is_out_once(story: Scenario) -> None:
    story.and_given(check_out(2)).when(check_out(3)).refused(
        CheckedOutAlready, by=4, saying="'b-1'"
    )


def test_only_what_is_out_comes_in(story: Scenario) -> None:
    story.when(check_in(2)).refused(NotCheckedOut).and_given(check_out(3), check_in(4)).when(
        check_in(5)
    ).refused(NotCheckedOut, by=5)


def test_nothing_goes_out_for_a_hold() -> None:
    lens = AddEquipment(equipment="lens", name="Lens", kind="lens", at_place="stage-1")
    given(space("stage-1"), lens, HELD).when(
        CheckOut(equipment="lens", booking="b-1", custodian="Ana", due_at=june(20))
    ).refused(BookingNotFirm, by=3, saying="booking confirm b-1")


@pytest.mark.parametrize(("end", "state"), OVER)
def test_nothing_goes_out_for_what_is_over(story: Scenario, end: Event, state: str) -> None:
    story.and_given(end).when(check_out(4)).refused(BookingNotFirm, by=4, saying=state)


def test_what_went_out_before_the_wrap_may_be_entered_after_it(story: Scenario) -> None:
    told = story.and_given(WRAPPED)
    told.when(check_out(3)).then(checked_out(3)).when(check_in(5)).then(checked_in(5))
    story.when(
        CheckOut(equipment="lens", booking="b-1", custodian="Ana", due_at=june(20), at=june(4, 0))
    ).refused(BookingNotFirm, by=4, saying="wrapped")


def test_a_booking_that_moved_is_as_firm_as_it_was() -> None:
    def moved(rank: int | None) -> Event:
        return booked(BookingRescheduled, was_space="stage-2", was_period=SHOOT, rank=rank)

    lens = AddEquipment(
        equipment="lens", name="Lens", kind="lens", at_place="stage-1", at=june(1, 0)
    )
    studio = given(space("stage-1")).at("2025-06-30T20:00+08:00").and_given(lens, HELD)
    studio.and_given(moved(2)).when(check_out(2)).refused(BookingNotFirm, by=4, saying="a hold")
    studio.and_given(CONFIRMED, moved(None)).when(check_out(2)).then(checked_out(2))


def test_the_booking_must_be_known(story: Scenario) -> None:
    story.when(CheckOut(equipment="lens", booking="b-9", custodian="Ana", due_at=june(20))).refused(
        UnknownId, saying="b-9"
    )


def test_it_is_due_after_it_goes_out(story: Scenario) -> None:
    story.when(check_out(4, due=4)).refused(BadTime, saying="due")


def test_somebody_has_it(story: Scenario) -> None:
    story.when(check_out(4, custodian=" ")).refused(BadText, saying="custodian")


def test_the_times_of_a_check_out_are_those_of_the_bookings_site(story: Scenario) -> None:
    tokyo = Period.between(SHOOT.start, SHOOT.end, "Asia/Tokyo")
    story.and_given(
        BookingRescheduled(
            booking="b-1",
            space="tokyo-1",
            project="resurrection",
            period=tokyo,
            was_space="stage-1",
            was_period=SHOOT,
        )
    )
    (event,) = story.when(check_out(4)).events
    assert event.effective() == datetime(2025, 6, 3, 23, tzinfo=UTC)


def test_an_item_goes_out_after_it_was_registered_and_not_in_future(story: Scenario) -> None:
    early = CheckOut(
        equipment="lens",
        booking="b-1",
        custodian="Ana",
        due_at=june(20),
        at=Moment("2025-05-31"),
    )
    story.when(early).refused(NotYetRegistered, by=2).when(
        CheckOut(
            equipment="lens",
            booking="b-1",
            custodian="Ana",
            due_at=Deadline("2025-07-20"),
            at=Moment("2025-07-01"),
        )
    ).refused(NotYetHappened)


def test_custody_is_entered_in_order(story: Scenario) -> None:
    story.and_given(check_out(5), hand_over(7, "Ana"), check_in(9)).when(check_out(8)).refused(
        LaterEntryStands, by=6, saying="2025-06-09 08:00+08:00"
    ).and_given(check_out(9)).when(check_in(8)).refused(LaterEntryStands, by=7).when(
        hand_over(8, "Ana")
    ).refused(LaterEntryStands, by=7)


# --- handing over --------------------------------------------------------------------


def test_a_check_out_goes_on_in_other_hands(story: Scenario) -> None:
    story.and_given(check_out(2)).when(hand_over(3, "Ana")).then(
        CustodyTransferred(equipment="lens", at=instant(3), was="王师傅", custodian="Ana")
    ).when(check_out(4)).refused(CheckedOutAlready, by=4).when(check_in(5)).then(
        checked_in(5)
    ).when(hand_over(6, "Ana")).then(
        CustodyTransferred(equipment="lens", at=instant(6), was=None, custodian="Ana")
    )


def test_a_hand_over_changes_hands(story: Scenario) -> None:
    story.and_given(check_out(2, "Ana")).when(hand_over(3, " Ana ")).refused(NothingChanges, by=4)


# --- service -------------------------------------------------------------------------


def test_a_calibration_starts_and_is_valid_for_a_time(story: Scenario) -> None:
    story.when(into("calibration", 2)).then(started("calibration", 2)).when(
        out_of("calibration", 3, valid_until=Deadline("2025-08-01"))
    ).then(
        completed(
            "calibration", 3, valid_until=datetime(2025, 8, 1, 15, 59, 59, 999_999, tzinfo=UTC)
        )
    )


def test_kinds_of_service_go_on_side_by_side(story: Scenario) -> None:
    story.and_given(into("repair", 5)).when(into("quarantine", 3)).then(
        started("quarantine", 3, away("repair", 5))
    ).when(out_of("repair", 6)).then(completed("repair", 6, away("quarantine", 3)))


def test_one_service_of_a_kind_at_a_time(story: Scenario) -> None:
    story.and_given(into("repair", 2)).when(into("repair", 3)).refused(
        InService, by=4, saying="repair --done"
    )


def test_only_what_started_is_done(story: Scenario) -> None:
    story.when(out_of("repair", 2)).refused(ServiceNotOpen).and_given(
        into("repair", 3), out_of("repair", 4)
    ).when(out_of("repair", 5)).refused(ServiceNotOpen, by=5)


def test_service_of_a_kind_is_entered_in_order(story: Scenario) -> None:
    story.and_given(into("repair", 3)).when(out_of("repair", 2)).refused(
        LaterEntryStands, by=4
    ).and_given(out_of("repair", 5)).when(into("repair", 4)).refused(LaterEntryStands, by=5)


def test_what_is_in_service_does_not_go_out(story: Scenario) -> None:
    story.and_given(into("quarantine", 2)).when(check_out(3)).refused(
        InService, by=4, saying="quarantine"
    ).and_given(out_of("quarantine", 5)).when(check_out(4)).refused(LaterEntryStands, by=5).when(
        check_out(5)
    ).then(checked_out(5))


def test_what_is_out_may_break_but_was_not_broken_before(story: Scenario) -> None:
    story.and_given(check_out(4)).when(into("repair", 3)).refused(LaterEntryStands, by=4).when(
        into("repair", 6)
    ).then(started("repair", 6))


@pytest.mark.parametrize("done", [False, True])
def test_only_a_calibration_that_is_done_is_valid_until(story: Scenario, done: bool) -> None:
    story.and_given(into("repair", 2)).when(
        ServiceEquipment(
            equipment="lens",
            kind="repair" if done else "calibration",
            at=june(3),
            done=done,
            valid_until=Deadline("2025-08-01"),
        )
    ).refused(BadInput, saying="--valid-until")


def test_it_is_valid_for_some_time(story: Scenario) -> None:
    story.and_given(into("calibration", 2)).when(
        out_of("calibration", 3, valid_until=june(3))
    ).refused(BadTime, saying="valid")


# --- the other facts -----------------------------------------------------------------


def test_a_move_is_none_of_custodys_business(story: Scenario) -> None:
    story.and_given(check_out(2), into("repair", 3)).and_given(
        MoveEquipment(equipment="lens", to="outside:repair-shop", at=june(4))
    ).when(ServiceEquipment(equipment="lens", kind="repair", done=True)).then(
        completed("repair", 30, hour=20)
    ).when(CheckIn(equipment="lens")).then(checked_in(30, hour=20))


def test_what_is_out_or_in_service_is_not_retired(story: Scenario) -> None:
    retire = RetireEquipment(equipment="lens", at=june(9))
    story.and_given(check_out(2), into("repair", 3)).when(retire).refused(
        CheckedOutAlready, by=4
    ).and_given(check_in(4)).when(retire).refused(InService, by=5).and_given(
        out_of("repair", 5)
    ).when(retire).then(
        EquipmentRetired(
            equipment="lens",
            at=instant(9),
            place="stage-1",
            equipment_kind="lens",
            of_kind=KindCount(0),
        )
    )


def test_retiring_comes_after_custody_and_service(story: Scenario) -> None:
    retire = RetireEquipment(equipment="lens", at=june(5))
    story.and_given(check_out(2), check_in(6)).when(retire).refused(LaterEntryStands, by=5)
    story.and_given(into("repair", 7), out_of("repair", 8)).when(
        RetireEquipment(equipment="lens", at=june(7))
    ).refused(LaterEntryStands, by=7)


@pytest.mark.parametrize(
    "command",
    [
        check_out(3),
        check_in(3),
        hand_over(3, "Ana"),
        into("repair", 3),
        out_of("repair", 3),
        RetireEquipment(equipment="lens", at=june(20)),
    ],
)
def test_nothing_more_happens_to_what_is_retired(story: Scenario, command: Decision) -> None:
    story.and_given(RetireEquipment(equipment="lens", at=june(20))).when(command).refused(
        RetiredForGood, by=4, saying="2025-06-20 08:00+08:00"
    )


@pytest.mark.parametrize(
    "command",
    [
        CheckIn(equipment="drone"),
        HandOver(equipment="drone", custodian="Ana"),
        ServiceEquipment(equipment="drone", kind="repair"),
        RetireEquipment(equipment="drone"),
        RetireEquipment(equipment="drone", at=Moment("2025-06-20")),
    ],
)
def test_an_unknown_item_is_refused(story: Scenario, command: Decision) -> None:
    story.when(command).refused(UnknownId, saying="drone")
