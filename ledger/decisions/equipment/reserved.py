"""The equipment that is reserved for a booking."""

from typing import Any

from ledger.decisions.base import Context
from ledger.entities.reservations import Reservation
from ledger.errors import UnreadableEvent
from ledger.events.reservations import EquipmentReserved, ReservationReleased
from ledger.tags import tag

RESERVATIONS = (EquipmentReserved, ReservationReleased)


def read_reservations(ctx: Context, booking: str) -> list[Reservation]:
    """Return what is reserved for a booking, in the order in which it was. One question."""
    found: dict[str, Reservation] = {}
    for entry in ctx.read(tag("booking", booking), *RESERVATIONS):
        event: Any = entry.event
        if not isinstance(event, RESERVATIONS):
            raise UnreadableEvent(entry.type, position=entry.position)
        after = Reservation.after(found.get(event.reservation), entry)
        if after is not None and event.booking == booking:
            found[event.reservation] = after
    return [one for one in found.values() if not one.is_released]
