"""A house with two firm bookings, cases, lenses and cables, and what is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.decisions.base import Context, Snapshot
from ledger.decisions.equipment.contents import read_contents
from ledger.decisions.equipment.counts import read_count
from ledger.decisions.equipment.custody import read_custody
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import (
    CheckIn,
    CheckOut,
    HandOver,
    LendEquipment,
    ProlongLoan,
)
from ledger.decisions.equipment.places import place_at
from ledger.decisions.equipment.stock import read_stock
from ledger.events.base import Header
from ledger.events.equipment import KindCount
from ledger.testing.scenario import Scenario
from ledger.time.periods import Deadline, Moment
from tests.scenarios.booking_stories import campus, hold

Items = str | tuple[str, ...]


def july(day: float) -> Moment:
    """Eight in the morning; with a half, eight in the evening."""
    return Moment(f"2025-07-{int(day):02}T{8 if day == int(day) else 20:02}:00")


def add(equipment: str, kind: str = "lens", day: float = 1, **more: Any) -> AddEquipment:
    """To add an item on stage 1, or with a quantity a stock."""
    return AddEquipment(
        equipment=equipment, name=equipment, kind=kind, at_place="stage-1", at=july(day), **more
    )


def move(equipment: Items, to: str, day: float, *, back: float | None = None) -> MoveEquipment:
    """To move items there, and back."""
    return_at = None if back is None else july(back)
    return MoveEquipment(equipment=equipment, to=to, at=july(day), return_at=return_at)


def take_from(equipment: Items, origin: str, to: str, day: float) -> MoveEquipment:
    """To move pieces of a stock from one place to another."""
    return MoveEquipment(equipment=equipment, to=to, at=july(day), origin=origin)


def pack(equipment: Items, container: str, day: float, **more: Any) -> PackEquipment:
    """To pack items."""
    return PackEquipment(equipment=equipment, container=container, at=july(day), **more)


def unpack(equipment: Items, day: float, **more: Any) -> UnpackEquipment:
    """To unpack items."""
    return UnpackEquipment(equipment=equipment, at=july(day), **more)


def check_out(equipment: Items, day: float, booking: str = "a", **more: Any) -> CheckOut:
    """To give items to Ann for a booking, until it ends."""
    custodian = more.pop("custodian", "ann")
    return CheckOut(equipment=equipment, booking=booking, custodian=custodian, at=july(day), **more)


def lend(equipment: Items, day: float, custodian: str = "ann", due: int = 20) -> LendEquipment:
    """To lend items to a person."""
    due_at = Deadline(f"2025-07-{due}")
    return LendEquipment(equipment=equipment, custodian=custodian, due_at=due_at, at=july(day))


def check_in(equipment: Items, day: float, **more: Any) -> CheckIn:
    """To take items back."""
    return CheckIn(equipment=equipment, at=july(day), **more)


def prolong(equipment: Items, day: float, due: int, **more: Any) -> ProlongLoan:
    """To let items be due at the end of another day."""
    due_at = Deadline(f"2025-07-{due}")
    return ProlongLoan(equipment=equipment, due_at=due_at, at=july(day), **more)


def hand_over(equipment: Items, day: float, custodian: str, **more: Any) -> HandOver:
    """To hand items to somebody else."""
    return HandOver(equipment=equipment, custodian=custodian, at=july(day), **more)


def service(equipment: str, kind: Any, day: float, **more: Any) -> ServiceEquipment:
    """To begin a service, or with `done` to end it."""
    return ServiceEquipment(equipment=equipment, kind=kind, at=july(day), **more)


def house() -> Scenario:
    """It is the 25th. #9 to #12: two firm bookings, of all July.

    #13 to #18 on stage 1: a truck, a case, a pouch, two lenses, forty cables.
    """
    return (
        campus()
        .and_given(
            hold("a", "2025-07-01..2025-07-31", space="stage-1", confirm=True),
            hold("b", "2025-07-01..2025-07-31", "dragon", space="stage-2", confirm=True),
        )
        .at("2025-07-25T12:00+08:00")
        .and_given(
            add("truck", "truck"),
            add("case", "case"),
            add("pouch", "case"),
            add("lens-1"),
            add("lens-2"),
            add("cables", "cable", quantity=40),
        )
    )


class Known:
    """What the ledger knows of the equipment now."""

    def __init__(self, story: Scenario) -> None:
        snapshot = Snapshot(story.history, story.position)
        header = Header(actor="reader")
        self.ctx = Context(snapshot, now=story.clock.now(), new_id=str, header=header)

    def place(self, item: str) -> str:
        """Where it is."""
        return place_at(self.ctx, item, self.ctx.now)

    def out(self, item: str) -> str | None:
        """The booking and the custodian: `a/ann`, or `-/ann` for a person alone."""
        custody = read_custody(self.ctx, item)
        return None if custody.out is None else f"{custody.out.booking or '-'}/{custody.custodian}"

    def outs(self, *items: str) -> list[str | None]:
        """As `out`, of several."""
        return [self.out(item) for item in items]

    def inside(self, container: str) -> Sequence[str]:
        """What lies straight in it."""
        return read_contents(self.ctx, container)[0]

    def pieces(self, stock: str = "cables") -> dict[str, int]:
        """The number in each lot: `stage-1`, `case a/ann`."""
        found = {}
        for one in read_stock(self.ctx, stock).pieces:
            lot = one.lot
            loan = f" {lot.booking or '-'}/{lot.custodian}" if lot.is_out else ""
            found[f"{lot.place or lot.container}{loan}"] = one.quantity
        return found

    def count(self, kind: str) -> KindCount:
        """The count of a kind."""
        return read_count(self.ctx, kind)
