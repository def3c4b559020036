"""A day as a deadline means its end, and no fact lies ahead of the site's own clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import PlaceHold
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import AddEquipment
from ledger.decisions.equipment.loans import CheckOut
from ledger.decisions.past_tense import DayToCome
from ledger.decisions.projects import CloseProject, OpenProject, ReachMilestone
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace
from ledger.errors import BadInput
from ledger.events import BookingHeld, EquipmentCheckedOut, ServiceCompleted
from ledger.testing import Scenario, given
from ledger.time.periods import Deadline, Moment, When

JANUARY = date(2026, 1, 1)


@pytest.fixture
def berlin() -> Scenario:
    """A stage in Berlin with a firm booking and a camera, at noon on 30 November."""
    return given(
        AddSite(site="main", name="Main", zone="Europe/Berlin"),
        AddSpace(
            space="stage-1", site="main", name="Stage 1", kind="stage", area_m2=900.0,
            in_service_on=JANUARY,
        ),
    ).at("2026-11-30T11:00Z").and_given(
        OpenProject(project="p1", title="One", kind="feature", on=JANUARY),
        PlaceHold(
            space="stage-1", project="p1", when=When("2026-11-28..2026-12-05"), booking="bb",
            confirm=True,
        ),
        AddEquipment(
            equipment="cam", name="Cam", kind="camera", at_place="stage-1", at=Moment("2026-11-01")
        ),
    )  # fmt: skip


def test_due_on_a_day_is_due_at_its_end(berlin: Scenario) -> None:
    out = CheckOut(
        equipment="cam", booking="bb", custodian="ann", due_at=Deadline("2026-11-30"),
        at=Moment("2026-11-30T08:00"),
    )  # fmt: skip
    (event,) = berlin.when(out).events
    assert isinstance(event, EquipmentCheckedOut)
    assert event.due_at.isoformat() == "2026-11-30T22:59:59.999999+00:00"


def test_a_hold_lives_to_the_end_of_the_day_on_which_it_expires(berlin: Scenario) -> None:
    def hold(expires: str) -> PlaceHold:
        return PlaceHold(
            space="stage-1", project="p1", when=When("2026-12-24..2026-12-26"), booking="h",
            expires_at=Deadline(expires),
        )  # fmt: skip

    (event,) = berlin.when(hold("2026-11-30")).events
    assert isinstance(event, BookingHeld)
    assert event.expires_at is not None
    assert event.expires_at.isoformat() == "2026-11-30T22:59:59.999999+00:00"
    berlin.when(hold("2026-11-29")).refused(BadInput, saying="would already have expired")
    exact = berlin.when(hold("2026-11-30T18:00")).events[0]
    assert isinstance(exact, BookingHeld)
    assert exact.expires_at is not None
    assert exact.expires_at.isoformat() == "2026-11-30T17:00:00+00:00"


def test_a_calibration_is_valid_to_the_end_of_a_day(berlin: Scenario) -> None:
    berlin.and_given(
        ServiceEquipment(equipment="cam", kind="calibration", at=Moment("2026-11-30T08:00"))
    )
    done = ServiceEquipment(
        equipment="cam", kind="calibration", done=True, valid_until=Deadline("2026-11-30"),
        at=Moment("2026-11-30T09:00"),
    )  # fmt: skip
    (event,) = berlin.when(done).events
    assert isinstance(event, ServiceCompleted)
    assert event.valid_until is not None
    assert event.valid_until.isoformat() == "2026-11-30T22:59:59.999999+00:00"


@pytest.mark.parametrize(
    "fact",
    [
        lambda on: ReachMilestone(project="p1", milestone="delivery", on=on),
        lambda on: OpenProject(project="t", title="T", kind="short", on=on),
        lambda on: CloseProject(project="p0", on=on, outcome="completed"),
    ],
)
def test_nothing_has_happened_tomorrow(fact: Callable[..., Decision], berlin: Scenario) -> None:
    """It is 23:30 in Berlin; in UTC+14 the next day began long ago."""
    berlin.and_given(OpenProject(project="p0", title="Zero", kind="short", on=JANUARY))
    berlin.at("2026-11-30T22:30Z")
    tomorrow = fact(on=date(2026, 12, 1))
    berlin.when(tomorrow).refused(
        DayToCome, saying="on 2026-12-01: today is 2026-11-30 at site main (Europe/Berlin)"
    )
    assert berlin.when(tomorrow, now="2026-11-30T23:00Z").refusal is None


def test_a_fact_of_an_earlier_day_asks_no_site(berlin: Scenario) -> None:
    early = berlin.when(ReachMilestone(project="p1", milestone="prep", on=date(2026, 11, 20)))
    late = berlin.when(ReachMilestone(project="p1", milestone="prep", on=date(2026, 11, 30)))
    assert [query.tags for query in early.boundary.queries] == [("project:p1",)] * 2
    assert ("ledger:sites",) in [query.tags for query in late.boundary.queries]
