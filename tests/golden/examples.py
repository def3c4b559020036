"""One event of every type, each field filled: what the frozen lines are made from.

What is frozen stays: a type that changes gets a new schema version and a new line, and
the line of the old version is read by its upcasters for ever.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from ledger.events import (
    BookingCancelled,
    BookingConfirmed,
    BookingHeld,
    BookingMerged,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    CustodyTransferred,
    DayPlan,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentDescribed,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentReserved,
    EquipmentRetired,
    EquipmentSubHired,
    EquipmentUnpacked,
    Event,
    HoldChallenged,
    HoldPromoted,
    HoldRanked,
    HoldReleased,
    LedgerContinued,
    LedgerOpened,
    LoanProlonged,
    MilestonePlanned,
    MilestoneReached,
    MilestoneWithdrawn,
    ProjectClosed,
    ProjectOpened,
    ReservationReleased,
    ServiceCompleted,
    ServicePlanned,
    ServiceStarted,
    ShootDayReported,
    SiteRegistered,
    SpaceChanged,
    SpaceClosed,
    SpaceCommissioned,
    SpaceDecommissioned,
    SpaceReopened,
    StockTransferred,
)
from ledger.events.base import Header
from ledger.events.equipment import Away, KindCount, Lot, Pieces
from ledger.time.periods import Days, When

ZONE = "Asia/Shanghai"
JULY = Days(date(2025, 7, 1), date(2025, 7, 14)).period(ZONE)
JULY_AUGUST = Days(date(2025, 7, 21), date(2025, 8, 3)).period(ZONE)
EVENING = When.parse("2025-07-01T18:30..2025-07-02T02:00").resolve(ZONE)
AUGUST = Days(date(2025, 8, 1), date(2025, 8, 3)).period(ZONE)
NOON = datetime(2025, 7, 1, 4, 0, tzinfo=UTC)
LATER = datetime(2025, 7, 2, 4, 30, 15, 250_000, tzinfo=UTC)
PLAN = (
    DayPlan(first=date(2025, 7, 1), last=date(2025, 7, 2), type="pre-light"),
    DayPlan(first=date(2025, 7, 14), last=date(2025, 7, 14), type="strike"),
)

HEADER = Header(actor="mei")
FULL_HEADER = Header(
    actor="mei",
    reason="the crane 起重机 was needed 🎬",
    request="req-1",
    digest="0123456789abcdef",
    corrects=1,
    batch="x-batch",
)

SITES: list[Event] = [
    LedgerOpened(origin="studio-ledger.example", format=1, demo=True, zone=ZONE),
    SiteRegistered(
        site="yongchuan",
        name="Yongchuan Technology Studio",
        zone=ZONE,
        answer_within_hours=24,
        local_name="永川科技片场",
        place="Chongqing",
        operator="Dawa",
        day_ends="05:00",
    ),
    SpaceCommissioned(
        space="stage-1",
        site="yongchuan",
        zone=ZONE,
        name="Stage 1",
        kind="stage",
        area_m2=3000.5,
        in_service_on=date(2023, 5, 1),
        capacity=2,
        answer_within_hours=48,
        phase="phase-1",
        turnaround_hours=12,
        part_of="north-hall",
    ),
    SpaceChanged(
        space="stage-1",
        site="yongchuan",
        on=date(2025, 1, 1),
        name="Stage 1",
        kind="virtual stage",
        area_m2=3000.0,
    ),
    SpaceClosed(closure="c-1", space="stage-1", kind="calibration", period=JULY_AUGUST),
    SpaceReopened(
        closure="c-1", space="stage-1", kind="calibration", was=JULY_AUGUST, period=AUGUST
    ),
    SpaceDecommissioned(space="stage-1", site="yongchuan", on=date(2030, 1, 1)),
]

PROJECTS: list[Event] = [
    ProjectOpened(
        project="resurrection", title="Resurrection 复活 🎬", kind="feature", on=date(2024, 11, 1)
    ),
    MilestonePlanned(project="resurrection", milestone="delivery", on=date(2025, 9, 30)),
    MilestoneReached(project="resurrection", milestone="delivery", on=date(2025, 10, 1)),
    MilestoneWithdrawn(project="resurrection", milestone="delivery"),
    ProjectClosed(project="resurrection", on=date(2025, 12, 24), outcome="completed"),
]


BOOKING = "b-7f3k2"
STAGE = "stage-1"
PROJECT = "resurrection"

BOOKINGS: list[Event] = [
    BookingHeld(
        booking=BOOKING,
        space=STAGE,
        project=PROJECT,
        period=JULY,
        rank=2,
        units=1,
        expires_at=LATER,
        plan=PLAN,
        note="night shoot",
        contact="小王, +86 10 5555",
        split_from="b-9",
        job="j-4n8vm",
    ),
    HoldChallenged(
        booking=BOOKING, space=STAGE, project=PROJECT, period=JULY, by="b-9", answer_by=LATER
    ),
    HoldReleased(booking=BOOKING, space=STAGE, project=PROJECT, period=JULY, cause="lapsed"),
    HoldPromoted(booking=BOOKING, space=STAGE, project=PROJECT, period=JULY, was_rank=2, rank=1),
    HoldRanked(
        booking=BOOKING,
        space=STAGE,
        project=PROJECT,
        period=JULY,
        was_rank=2,
        rank=1,
        cause="set",
    ),
    BookingConfirmed(
        booking=BOOKING, space=STAGE, project=PROJECT, period=JULY, units=1, plan=PLAN
    ),
    BookingRescheduled(
        booking=BOOKING,
        space=STAGE,
        project=PROJECT,
        period=AUGUST,
        was_space="stage-2",
        was_period=JULY_AUGUST,
        rank=1,
        keeps_place=True,
        units=1,
        expires_at=LATER,
        plan=(),
        note="night shoot",
        contact="小王, +86 10 5555",
        was_project="night-train",
    ),
    BookingStarted(
        booking=BOOKING,
        space=STAGE,
        project=PROJECT,
        period=JULY,
        on=date(2025, 7, 1),
        still_in="b-9",
    ),
    ShootDayReported(
        booking=BOOKING,
        space=STAGE,
        project=PROJECT,
        period=JULY,
        day=date(2025, 7, 3),
        setups_planned=24,
        setups_shot=22,
        pages_planned_eighths=30,
        pages_shot_eighths=27,
        shooting_hours=9.5,
    ),
    BookingWrapped(
        booking=BOOKING,
        space=STAGE,
        project=PROJECT,
        period=JULY,
        on=date(2025, 7, 14),
        was_period=JULY_AUGUST,
        units=1,
        overran=("b-9",),
    ),
    BookingCancelled(booking=BOOKING, space=STAGE, project=PROJECT, period=EVENING),
    BookingMerged(booking=BOOKING, space=STAGE, project=PROJECT, period=JULY, into="b-9"),
]

WALL = "led-wall-a"
KIND = "LED volume"
OF_KIND = KindCount(
    pieces=2,
    away=(
        Away(equipment=WALL, service="calibration", since=NOON, until=LATER, begun=True),
        Away(equipment=WALL, service="repair", since=LATER),
    ),
)

EQUIPMENT: list[Event] = [
    EquipmentRegistered(
        equipment=WALL,
        at=NOON,
        name="LED wall A",
        kind=KIND,
        place=STAGE,
        home="virtual-stage",
        maker="Dawa",
        serial="DW 0012/7",
        barcode="4006381333931",
        owner="Rental House",
        value="1,200,000 CNY",
        note="panel 7 flickers 🎬",
        reference="asset:8812",
        of_kind=KindCount(pieces=2),
    ),
    EquipmentDescribed(
        equipment=WALL,
        at=LATER,
        name="LED wall A",
        kind=KIND,
        home=STAGE,
        maker="Dawa",
        serial="DW 0012/7",
        barcode="4006381333931",
        owner="Rental House",
        value="900,000 CNY",
        note="panel 7 flickers 🎬",
        reference="asset:8812",
        was_kind="LED wall",
        pieces=1,
        of_kind=OF_KIND,
        of_was_kind=KindCount(pieces=0),
    ),
    EquipmentMoved(
        equipment=WALL,
        at=NOON,
        latest=False,
        origin=STAGE,
        destination="outside:rental-house",
    ),
    EquipmentPacked(
        equipment=WALL,
        at=NOON,
        place=STAGE,
        containers=("case-1", "truck-1"),
        latest_for=("case-1",),
        contents=("cables", WALL),
    ),
    EquipmentUnpacked(
        equipment=WALL,
        at=LATER,
        place=STAGE,
        containers=("case-1",),
        latest_for=(),
        contents=("cables",),
    ),
    EquipmentCheckedOut(
        equipment=WALL,
        at=NOON,
        booking=BOOKING,
        custodian="wang",
        due_at=LATER,
        equipment_kind=KIND,
        within="case-1",
    ),
    LoanProlonged(
        equipment=WALL,
        at=NOON,
        custodian="小王",
        due_at=datetime(2025, 7, 9, 15, 59, 59, 999_999, tzinfo=UTC),
        was_due_at=LATER,
        equipment_kind=KIND,
    ),
    EquipmentCheckedIn(
        equipment=WALL,
        at=LATER,
        booking=BOOKING,
        equipment_kind=KIND,
        due_at=datetime(2025, 7, 1, tzinfo=UTC),
        within="case-1",
    ),
    CustodyTransferred(equipment=WALL, at=NOON, was=None, custodian="wang"),
    ServiceStarted(
        equipment=WALL,
        at=NOON,
        kind="calibration",
        equipment_kind=KIND,
        until=LATER,
        of_kind=OF_KIND,
    ),
    ServiceCompleted(
        equipment=WALL,
        at=NOON,
        kind="calibration",
        valid_until=LATER,
        equipment_kind=KIND,
        of_kind=KindCount(pieces=2),
    ),
    ServicePlanned(
        equipment=WALL, kind="repair", period=AUGUST, equipment_kind=KIND, of_kind=OF_KIND
    ),
    EquipmentRetired(
        equipment=WALL, at=LATER, place=STAGE, equipment_kind=KIND, of_kind=KindCount(pieces=1)
    ),
    StockTransferred(
        equipment="cables",
        at=NOON,
        how="checked out",
        quantity=12,
        origin=Lot(place=STAGE),
        destination=Lot(place=STAGE, booking=BOOKING, custodian="小王", due_at=LATER),
        equipment_kind="cable",
        pieces=(
            Pieces(Lot(container="case-1"), 8),
            Pieces(Lot(place=STAGE, booking=BOOKING, custodian="小王", due_at=LATER), 12),
            Pieces(Lot(place=STAGE), 20),
        ),
        newest_at=LATER,
    ),
]

RESERVATIONS: list[Event] = [
    EquipmentReserved(
        reservation=f"{BOOKING}/cables",
        booking=BOOKING,
        equipment="cables",
        equipment_kind="cable",
        quantity=12,
        period=JULY,
        booking_period=JULY,
        within="case-1",
        was_period=JULY_AUGUST,
        was_quantity=6,
    ),
    ReservationReleased(
        reservation=f"{BOOKING}/any-led-volume",
        booking=BOOKING,
        equipment_kind=KIND,
        quantity=1,
        period=EVENING,
        booking_period=JULY,
    ),
    EquipmentSubHired(
        subhire="h-4n8vm",
        equipment="cables",
        equipment_kind="cable",
        quantity=6,
        period=AUGUST,
        supplier="Rental House 租赁",
        booking=BOOKING,
    ),
]

LEDGERS: list[Event] = [
    LedgerContinued(
        origin="studio-ledger.example/2",
        former="studio-ledger.example",
        size=32,
        root="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        lost_size=40,
        lost_root="LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
    )
]

EXAMPLES: list[Event] = [
    *(*SITES, *PROJECTS, *BOOKINGS, *EQUIPMENT, *RESERVATIONS, *LEDGERS),
]
