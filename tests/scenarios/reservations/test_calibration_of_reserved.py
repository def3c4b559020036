"""LED equipment that is reserved for a booking is calibrated when it starts."""

from __future__ import annotations

import pytest
from ledger_calibration import RULES, NotCalibrated

from ledger.decisions.bookings.holds import PlaceHold
from ledger.decisions.bookings.shoot_days import StartBooking
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import AddEquipment
from ledger.decisions.equipment.reservations import ReserveEquipment
from ledger.events import ProjectOpened
from ledger.testing import Scenario
from ledger.time.periods import Deadline, Moment, When
from tests.scenarios.view_stories import OPENED, STAGE_1, YONGCHUAN, day


@pytest.fixture
def studio() -> Scenario:
    """A stage that is no LED volume, a booking of ten days, a panel reserved for five of them."""
    return (
        Scenario(rules=RULES)
        .at("2025-07-01T08:00+08:00")
        .and_given(
            OPENED,
            YONGCHUAN,
            STAGE_1,
            ProjectOpened(project="one", title="One", kind="feature", on=day("2025-01-01")),
            PlaceHold(
                space="stage-1",
                project="one",
                when=When.parse("2025-07-01..2025-07-10"),
                booking="b-1",
                confirm=True,
            ),
            AddEquipment(equipment="panel", name="Panel", kind="LED panel", at_place="stage-1"),
            AddEquipment(equipment="lamp", name="Lamp", kind="lamp", at_place="stage-1"),
            ReserveEquipment(
                booking="b-1", equipment=("panel",), when=When.parse("2025-07-01..2025-07-05")
            ),
            ReserveEquipment(booking="b-1", equipment=("lamp",)),
        )
    )


def calibrate(until: str) -> tuple[ServiceEquipment, ServiceEquipment]:
    return (
        ServiceEquipment(equipment="panel", kind="calibration"),
        ServiceEquipment(
            equipment="panel", kind="calibration", done=True, valid_until=Deadline(until)
        ),
    )


START = StartBooking(booking="b-1", on=day("2025-07-01"))


def test_a_reserved_panel_is_calibrated_until_the_end_of_its_reservation(studio: Scenario) -> None:
    studio.when(START).refused(NotCalibrated, saying="panel")
    studio.and_given(*calibrate("2025-07-04"))
    studio.when(START).refused(NotCalibrated, saying="2025-07-05")
    studio.at(Moment("2025-07-01T10:00").resolve("Asia/Shanghai")).and_given(
        *calibrate("2025-07-05")
    )
    assert studio.when(START).events
