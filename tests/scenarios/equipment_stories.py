"""The equipment store in which the scenarios of loans, cases and stock play, in short words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ledger.decisions.base import Context, Decision, Snapshot
from ledger.decisions.equipment.counts import read_count
from ledger.decisions.equipment.custody import read_custody
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut, HandOver, LendEquipment, ProlongLoan
from ledger.decisions.equipment.places import place_at
from ledger.decisions.equipment.refusals import lot_text
from ledger.decisions.equipment.stock import read_stock
from ledger.events import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentUnpacked,
    Event,
    LoanProlonged,
    StockTransferred,
)
from ledger.events.base import Header
from ledger.events.equipment import KindCount
from ledger.testing.scenario import Outcome, Scenario
from ledger.time.periods import Deadline
from tests.scenarios.booking_stories import campus, hold

NOW = "2025-07-30T20:00+08:00"
"""When everything in July can be told."""

Items = str | tuple[str, ...]


def july(day: int, hour: int = 8) -> Deadline:
    """An hour of July on the campus's clock, in the morning at eight."""
    return Deadline(f"2025-07-{day:02}T{hour:02}:00")


def store(*more: Decision) -> Scenario:
    """Two firm bookings of July, `a` and `b`; it is the 30th."""
    firm = (
        hold("a", "2025-07-01..2025-07-31", space="stage-1", confirm=True),
        hold("b", "2025-07-01..2025-07-31", "dragon", space="stage-2", confirm=True),
    )
    return campus().and_given(*firm).at(NOW).and_given(*more)


def add(*names: str, kind: str = "lens", **more: Any) -> list[AddEquipment]:
    """To add items on stage 1, on the 1st."""
    usual: dict[str, Any] = {"at_place": "stage-1", "at": july(1)}
    return [AddEquipment(equipment=name, name=name, kind=kind, **usual | more) for name in names]


def stock(name: str, quantity: int, **more: Any) -> AddEquipment:
    """To add a stock on stage 1, on the 1st."""
    return add(name, kind="cable", quantity=quantity, **more)[0]


def check_out(items: Items, day: int, booking: str = "a", **more: Any) -> CheckOut:
    """Until the 25th, with Ann."""
    usual: dict[str, Any] = {"custodian": "Ann", "due_at": july(25), "at": july(day)}
    return CheckOut(equipment=items, booking=booking, **usual | more)


def lend(items: Items, day: int, custodian: str = "Ann", **more: Any) -> LendEquipment:
    """Until the 25th."""
    usual: dict[str, Any] = {"due_at": july(25), "at": july(day)}
    return LendEquipment(equipment=items, custodian=custodian, **usual | more)


def check_in(items: Items, day: int, **more: Any) -> CheckIn:
    return CheckIn(equipment=items, at=july(day), **more)


def prolong(items: Items, day: int, due: int, **more: Any) -> ProlongLoan:
    return ProlongLoan(equipment=items, at=july(day), due_at=july(due), **more)


def hand_over(items: Items, day: int, custodian: str, **more: Any) -> HandOver:
    return HandOver(equipment=items, at=july(day), custodian=custodian, **more)


def pack(items: Items, container: str, day: int, **more: Any) -> PackEquipment:
    return PackEquipment(equipment=items, container=container, at=july(day), **more)


def unpack(items: Items, day: int, **more: Any) -> UnpackEquipment:
    return UnpackEquipment(equipment=items, at=july(day), **more)


def move(items: Items, to: str, day: int, **more: Any) -> MoveEquipment:
    return MoveEquipment(equipment=items, to=to, at=july(day), **more)


def service(item: str, kind: Any, day: int, **more: Any) -> ServiceEquipment:
    return ServiceEquipment(equipment=item, kind=kind, at=july(day), **more)


# --- what is recorded, and what is known ---------------------------------------------

_WORDS: dict[type[Event], str] = {
    EquipmentCheckedOut: "out",
    EquipmentCheckedIn: "in",
    LoanProlonged: "prolonged",
    CustodyTransferred: "handed over",
    EquipmentPacked: "packed",
    EquipmentUnpacked: "unpacked",
    EquipmentMoved: "moved",
}


def told(outcome: Outcome) -> list[str]:
    """Record what a command proposes, and return it in short words: `lens out in case`."""
    if outcome.refusal is not None:
        raise AssertionError(f"it is refused: {outcome.refusal}") from outcome.refusal
    outcome.scenario.keep(outcome)
    return [_in_words(event) for event in outcome.events]


def _in_words(event: Any) -> str:
    if isinstance(event, StockTransferred):
        lots = [lot for lot in (event.origin, event.destination) if lot is not None]
        ways = " to ".join(lot_text(lot) for lot in lots)
        return f"{event.quantity} {event.equipment} {event.how}: {ways}"
    within = getattr(event, "within", None)
    return f"{event.equipment} {_WORDS[type(event)]}" + (f" in {within}" if within else "")


class Known:
    """What the ledger knows of the equipment now."""

    def __init__(self, story: Scenario) -> None:
        snapshot = Snapshot(story.history, story.position)
        self.ctx = Context(
            snapshot, now=story.clock.now(), new_id=str, header=Header(actor="reader")
        )

    def out(self, *items: str) -> list[str]:
        """Those of the items that are out."""
        return [item for item in items if read_custody(self.ctx, item).out is not None]

    def custodian(self, item: str) -> str | None:
        """Who has an item."""
        return read_custody(self.ctx, item).custodian

    def due(self, item: str) -> str | None:
        """The day on which it is due back, of July."""
        out = read_custody(self.ctx, item).out
        return None if out is None or out.due_at is None else f"{out.due_at:%d}"

    def place(self, item: str) -> str:
        """Where an item is."""
        return place_at(self.ctx, item, self.ctx.now)

    def pieces(self, stock: str) -> dict[str, int]:
        """How many pieces are in each lot: `at stage-1 in the house`."""
        found: dict[str, int] = {}
        for one in read_stock(self.ctx, stock).pieces:
            text = lot_text(one.lot)
            found[text] = found.get(text, 0) + one.quantity
        return found

    def count(self, kind: str) -> KindCount:
        """How many of a kind there are, and which are away."""
        return read_count(self.ctx, kind)


def all_told(story: Scenario, decisions: Iterable[Decision]) -> Sequence[list[str]]:
    """Record one command after the other."""
    return [told(story.when(one)) for one in decisions]
