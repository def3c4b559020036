"""A month at a small studio, day by day on a clock that was set: who recorded what, and when."""

from __future__ import annotations

from datetime import UTC, date, datetime

from ledger.application import Author, Ledger
from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import ReportShootDay, StartBooking
from ledger.decisions.equipment.items import AddEquipment, MoveEquipment, PackEquipment
from ledger.decisions.equipment.loans import CheckOut
from ledger.decisions.projects import OpenProject, PlanMilestone, WithdrawMilestone
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace, ChangeSpace, CloseSpace, ReopenSpace
from ledger.time.periods import Deadline, ManualClock, When
from tests.terminal import Terminal

ZONE = "Asia/Shanghai"


def _day(day: str) -> date:
    return date.fromisoformat(day)


def _when(days: str) -> When:
    return When.parse(days)


def _at(time: str) -> Deadline:
    return Deadline.parse(time)


JULY: tuple[tuple[str, str, str | None, Decision], ...] = (
    # 2 to 5: the campus
    ("2025-06-01", "ana", None, AddSite("main", "Yongchuan", ZONE, local_name="永川")),
    *(
        ("2025-06-01", "ana", None, AddSpace(id, "main", name, kind, _day("2023-05-01"), area))
        for id, name, kind, area in (
            ("stage-1", "Stage 1", "stage", 3200.0),
            ("stage-2", "Stage 2", "stage", 1800.0),
            ("workshop", "Workshop", "workshop", 500.0),
        )
    ),
    # 6 to 9: the project and its booking
    ("2025-06-02", "wang", None, OpenProject("night", "夜班 Night", "feature", _day("2025-06-02"))),
    ("2025-06-02", "wang", None, PlanMilestone("night", "picture-wrap", _day("2025-07-14"))),
    ("2025-06-03", "wang", None,
     PlaceHold("stage-1", "night", _when("2025-07-01..2025-07-14"), "b-7")),
    ("2025-06-04", "ana", None, ConfirmBookings(("b-7",))),
    # 10 to 13: equipment
    *(
        ("2025-06-05", "chen", None,
         AddEquipment(id, name, kind, "stage-1", at=_at("2025-06-01T08:00")))
        for id, name, kind in (
            ("led-wall-a", "LED wall A", "LED wall"),
            ("case", "Case 7", "case"),
            ("lens", "50 mm", "lens"),
        )
    ),
    ("2025-06-06", "chen", None, PackEquipment("lens", "case", at=_at("2025-06-06T09:00"))),
    # 14 to 20: what July brought
    ("2025-06-28", "ana", "director ill", MoveBooking("b-7", _when("2025-07-08..2025-07-21"))),
    ("2025-07-05", "chen", None, MoveEquipment("case", "stage-2", _at("2025-07-05T10:00"))),
    ("2025-07-08", "ana", None, StartBooking("b-7", _day("2025-07-08"))),
    ("2025-07-09", "chen", None, MoveEquipment("led-wall-a", "workshop", _at("2025-07-03T10:00"))),
    ("2025-07-09", "ana", None, ReportShootDay("b-7", _day("2025-07-08"), 12, 10, 24, 19, 10.0)),
    ("2025-07-10", "ana", "two setups forgotten",
     ReportShootDay("b-7", _day("2025-07-08"), setups_shot=12, corrects=18)),
    ("2025-07-10", "wang", "the ending is shot anew", WithdrawMilestone("night", "picture-wrap")),
    # 21 to 25: afterwards
    ("2025-07-11", "chen", None,
     MoveEquipment("led-wall-a", "stage-2", _at("2025-06-20T08:00"),
                   return_at=_at("2025-06-22T08:00"))),
    ("2025-07-12", "ana", None, CloseSpace("stage-2", _when("2025-08-01..2025-08-05"),
                                           "maintenance", "c-1")),
    ("2025-07-13", "ana", None, ReopenSpace("c-1", _day("2025-08-04"))),
    ("2025-07-14", "ana", "the wall is gone",
     ChangeSpace("stage-2", _day("2025-09-01"), area_m2=2400.0)),
    # 26: due back
    ("2025-07-15", "chen", None,
     CheckOut("lens", "b-7", "李", _at("2025-07-22T18:00"), at=_at("2025-07-15T08:00"))),
)  # fmt: skip
"""Day of recording, who, why, and what they decided; the recorded positions are in the margin."""


def july(where: str) -> Terminal:
    """A terminal on a ledger of that month."""
    clock = ManualClock(datetime(2025, 6, 1, tzinfo=UTC))
    with Ledger.create(
        where, origin="studio.example", zone_name=ZONE, author=Author("ana"), clock=clock
    ) as ledger:
        for day, actor, reason, decision in JULY:
            clock.set(max(clock.now(), datetime.fromisoformat(f"{day}T12:00+08:00")))
            ledger.decide(decision, Author(actor, reason))
    return Terminal(where)
