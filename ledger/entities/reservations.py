"""Reservations of equipment, and what is hired to cover a shortage."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from msgspec import field

from ledger.entities.folding import Noun, Says
from ledger.events.base import Event, RecordedEvent
from ledger.events.reservations import (
    EquipmentReserved,
    EquipmentSubHired,
    ReservationReleased,
)
from ledger.time.periods import Period


def _reserved(_: Any, event: EquipmentReserved, entry: RecordedEvent) -> dict[str, Any]:
    return {
        "id": event.reservation,
        "booking": event.booking,
        "equipment": event.equipment,
        "kind": event.equipment_kind,
        "quantity": event.quantity,
        "period": event.period,
        "booking_period": event.booking_period,
        "within": event.within,
        "state": "reserved",
        "position": entry.position,
    }


def _released(_: Any, event: ReservationReleased, entry: RecordedEvent) -> dict[str, Any]:
    return {"state": "released", "position": entry.position}


class Reservation(Noun, frozen=True):
    """Equipment promised to a booking. It is firm if the booking is.

    `booking_period` is the time that the booking had when this was recorded.
    """

    noun: ClassVar[str] = "reservation"
    says: ClassVar[Mapping[type[Event], Says]] = {
        EquipmentReserved: _reserved,
        ReservationReleased: _released,
    }
    begins: ClassVar[frozenset[type[Event]]] = frozenset({EquipmentReserved})
    untold: ClassVar[frozenset[str]] = frozenset({"id", "position", "booking_period"})

    id: str
    booking: str
    equipment: str | None
    kind: str
    quantity: int
    period: Period
    booking_period: Period
    within: str | None
    position: int
    state: Literal["reserved", "released"] = field(name="status", default="reserved")

    @property
    def is_released(self) -> bool:
        """Whether it is off."""
        return self.state == "released"

    @property
    def is_whole(self) -> bool:
        """Whether it takes all the time of its booking, and so follows it."""
        return self.period == self.booking_period


def _hired(_: Any, event: EquipmentSubHired, entry: RecordedEvent) -> dict[str, Any]:
    return {
        "id": event.subhire,
        "equipment": event.equipment,
        "kind": event.equipment_kind,
        "quantity": event.quantity,
        "period": event.period,
        "supplier": event.supplier,
        "booking": event.booking,
        "position": entry.position,
    }


class SubHire(Noun, frozen=True):
    """Equipment hired from a supplier for a period."""

    noun: ClassVar[str] = "subhire"
    says: ClassVar[Mapping[type[Event], Says]] = {EquipmentSubHired: _hired}
    begins: ClassVar[frozenset[type[Event]]] = frozenset({EquipmentSubHired})

    id: str
    equipment: str | None
    kind: str
    quantity: int
    period: Period
    supplier: str
    booking: str | None
    position: int
