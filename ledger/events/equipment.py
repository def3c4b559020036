"""Equipment: where it is, what it is packed in, who has it. Three facts, kept apart.

A *place* is a space's id, or `outside:` and a name (`outside:rental-house`). Instants
are UTC. Events about where an item is carry a bucket tag of their UTC month, and
`@latest` where they were the newest in effective time when recorded, so that the usual
decision reads one event and a late one a few months.
"""

from datetime import datetime
from typing import Literal

from ledger.events.base import Event
from ledger.tags import tag

ServiceKind = Literal["repair", "calibration", "quarantine"]
LATEST = "latest"


class EquipmentEvent(Event, frozen=True):
    """What every event of an item carries: the item, and when it happened."""

    equipment: str
    at: datetime

    def tags(self) -> tuple[str, ...]:
        """The item."""
        return (tag("equipment", self.equipment),)

    def effective(self) -> datetime:
        """When it happened."""
        return self.at


class PlaceEvent(EquipmentEvent, frozen=True):
    """An event that says where an item is. `latest`: none of a later time was known."""

    latest: bool

    def tags(self) -> tuple[str, ...]:
        """The item, and its month; `@latest` where it is."""
        return (*super().tags(), *place_tags(self.equipment, self.at, self.latest))


def place_tags(equipment: str, at: datetime, latest: bool) -> tuple[str, ...]:
    """The bucket tags by which a decision finds where an item was."""
    month = tag("equipment", equipment, f"{at:%Y-%m}")
    return (month, tag("equipment", equipment, LATEST)) if latest else (month,)


class EquipmentRegistered(PlaceEvent, frozen=True):
    """An item that is tracked from now on, and where it was first."""

    name: str
    kind: str
    place: str
    home: str | None = None
    maker: str | None = None


class EquipmentMoved(PlaceEvent, frozen=True):
    """An item went from one place to another."""

    origin: str
    destination: str

    def tags(self) -> tuple[str, ...]:
        """The item's, and the spaces that it left and came to."""
        spaces = (p for p in (self.origin, self.destination) if not p.startswith("outside:"))
        return tuple(dict.fromkeys((*super().tags(), *(tag("space", p) for p in spaces))))


class _Packing(PlaceEvent, frozen=True):
    """`place` is where item and container both were: it bears witness for the containers.

    `containers` are the container and the ones around it, innermost first.
    """

    place: str
    containers: tuple[str, ...]

    @property
    def container(self) -> str:
        """What the item was put into or taken out of."""
        return self.containers[0]

    def tags(self) -> tuple[str, ...]:
        """The item's, and for each container the month in which its place is witnessed."""
        around = (
            t
            for name in self.containers
            for t in (tag("equipment", name), *place_tags(name, self.at, latest=False))
        )
        return tuple(dict.fromkeys((*super().tags(), *around)))


class EquipmentPacked(_Packing, frozen=True):
    """An item went into a container; from now on it is where its container is."""


class EquipmentUnpacked(_Packing, frozen=True):
    """An item came out of its container, at `place`."""


class EquipmentCheckedOut(EquipmentEvent, frozen=True):
    """An item was handed to `custodian` for a booking, due back at `due_at`."""

    booking: str
    custodian: str
    due_at: datetime

    def tags(self) -> tuple[str, ...]:
        """The item and the booking."""
        return (*super().tags(), tag("booking", self.booking))


class EquipmentCheckedIn(EquipmentEvent, frozen=True):
    """An item came back from a booking."""

    booking: str

    def tags(self) -> tuple[str, ...]:
        """The item and the booking."""
        return (*super().tags(), tag("booking", self.booking))


class CustodyTransferred(EquipmentEvent, frozen=True):
    """Somebody else answers for the item now."""

    was: str | None
    custodian: str


class ServiceStarted(EquipmentEvent, frozen=True):
    """An item is out of use: in repair, calibration or quarantine."""

    kind: ServiceKind


class ServiceCompleted(EquipmentEvent, frozen=True):
    """An item is fit for use again; a calibration may say until when it is valid."""

    kind: ServiceKind
    valid_until: datetime | None = None


class EquipmentRetired(EquipmentEvent, frozen=True):
    """An item left the studio for good."""
