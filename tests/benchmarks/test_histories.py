"""The made histories are what the rules would have made of commands, to the last event."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.application import Author, Ledger
from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import ReportShootDay, StartBooking, WrapBooking
from ledger.decisions.equipment.items import AddEquipment, MoveEquipment
from ledger.decisions.projects import CloseProject, OpenProject, PlanMilestone, ReachMilestone
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace
from ledger.events import (
    BookingConfirmed,
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    EquipmentMoved,
    EquipmentRegistered,
    Event,
    HoldReleased,
    MilestonePlanned,
    MilestoneReached,
    ProjectClosed,
    ProjectOpened,
    ShootDayReported,
    SiteRegistered,
    SpaceCommissioned,
)
from ledger.plugin_host.host import PluginHost
from ledger.projections.querying.replaying import Replay
from ledger.time.periods import ManualClock, Moment, When
from tests.benchmarks.histories import (
    FIXED,
    HEADER,
    ORIGIN,
    QUICK,
    ZONE,
    Told,
    history,
    long_lives,
    make_ledger,
    of_fixed_size,
)

COMMANDED: dict[type[Event], type[Decision]] = {
    SiteRegistered: AddSite,
    SpaceCommissioned: AddSpace,
    EquipmentRegistered: AddEquipment,
    EquipmentMoved: MoveEquipment,
    ProjectOpened: OpenProject,
    ProjectClosed: CloseProject,
    MilestonePlanned: PlanMilestone,
    MilestoneReached: ReachMilestone,
    BookingHeld: PlaceHold,
    BookingConfirmed: ConfirmBookings,
    BookingRescheduled: MoveBooking,
    BookingStarted: StartBooking,
    BookingWrapped: WrapBooking,
    HoldReleased: ReleaseHold,
    ShootDayReported: ReportShootDay,
}


def command_for(event: Event) -> Decision:
    """The command that would have recorded an event: its own fields, under the command's names."""
    decision = COMMANDED[type(event)]
    said = {name: getattr(event, name) for name in event.__struct_fields__}
    if "period" in said:
        said["when"] = When.parse(str(said["period"]))
    if "booking" in said:
        said["bookings"] = (said["booking"],)
    if "at" in said:
        said["at"] = Moment.parse(said["at"].isoformat())
    said |= {"at_place": said.get("place"), "to": said.get("destination")}
    known = {name: value for name, value in said.items() if name in decision.__struct_fields__}
    return decision(**known)


def small() -> dict[str, list[Told]]:
    """A history of each kind, of a few hundred events."""
    return {
        "a campus": list(history(replace(QUICK, months=4, stages=2, items=3))),
        "long lives": list(long_lives(4)),
        "of fixed size": list(of_fixed_size(1_100)),
    }


HISTORIES = small()


@pytest.mark.parametrize("kind", HISTORIES)
def test_each_event_is_what_its_command_records(quick_folder: Path, kind: str) -> None:
    told = HISTORIES[kind]
    clock, author = ManualClock(told[0][0]), Author(actor=HEADER.actor)
    made = quick_folder / f"{kind}.db"
    with Ledger.create(
        str(made), origin=ORIGIN, zone_name=ZONE, author=author, clock=clock
    ) as ledger:
        assert ledger.opened == told[0][1]
        for at, event in told[1:]:
            clock.set(at)
            (recorded,) = ledger.decide(command_for(event), author).events
            assert (recorded.event, recorded.recorded_at) == (event, at)
        commanded = list(ledger.log.lines())
    directly = quick_folder / f"{kind}, made directly.db"
    assert make_ledger(directly, told) == len(told)
    with Ledger.open(str(directly), read_only=True) as ledger:
        assert list(ledger.log.lines()) == commanded


def test_a_longer_history_is_the_same_one_begun_earlier() -> None:
    """The last months hold the same bookings of the same stages, and a month always as many."""
    short, long = (list(history(QUICK.of(n * QUICK.a_month_has))) for n in (4, 8))
    last = [event for at, event in long if at >= short[-1][0].replace(day=1)]
    assert last == [event for at, event in short if at >= short[-1][0].replace(day=1)]
    assert len(long) - len(short) == pytest.approx(4 * QUICK.a_month_has, rel=0.02)


def test_no_view_grows_with_a_history_of_fixed_size(quick_folder: Path) -> None:
    counts = []
    for events in (1_500, 6_000):
        path = quick_folder / f"{events} events.db"
        make_ledger(path, of_fixed_size(events))
        with Ledger.open(str(path), read_only=True) as ledger:
            replay = Replay(ledger.log, PluginHost().load().extensions().projections)
            replay.go(events)
        assert not list(replay.failures())
        counts.append({one.projection: one.rows for one in replay.standings()})
    assert counts[0] == counts[1]
    assert counts[0]["bookings"] == FIXED
