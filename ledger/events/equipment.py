"""Equipment: where it is, what it is packed in, who has it. Three facts, kept apart.

A *place* is a space's id, or `outside:` and a name (`outside:rental-house`). Instants are UTC. An
event that says where an item was is a *place fact* of that item. It carries a bucket tag of its UTC
month, and `@latest` if none of a later effective time was known when it was recorded. So the newest
event with `equipment:X@latest` is the newest in effective time too, however late others are
entered: the usual decision reads only that one, a late one a few months.
"""

from datetime import datetime
from typing import Literal

from ledger.events.base import Event
from ledger.tags import tag
from ledger.time.months import month_of

ServiceKind = Literal["repair", "calibration", "quarantine"]
SERVICE_KINDS: tuple[ServiceKind, ...] = ("repair", "calibration", "quarantine")

LATEST = "latest"
"""Bucket of the place facts that were the newest in effective time when recorded."""

CONTENTS = "contents"
"""Bucket of items that went straight into a container, or came straight out of it."""

OUTSIDE = "outside:"


class EquipmentEvent(Event, frozen=True):
    """The fields of every equipment event: the item, and when it happened."""

    equipment: str
    at: datetime

    def tags(self) -> tuple[str, ...]:
        """The item."""
        return (tag("equipment", self.equipment),)

    def effective(self) -> datetime:
        """When it happened."""
        return self.at


class PlaceEvent(EquipmentEvent, frozen=True):
    """A place fact. `latest`: no later one was known for the item."""

    latest: bool

    def tags(self) -> tuple[str, ...]:
        """The item, and its month; `@latest` where it is."""
        return (*super().tags(), *place_tags(self.equipment, self.at, latest=self.latest))


def place_tags(equipment: str, at: datetime, *, latest: bool) -> tuple[str, ...]:
    """The bucket tags by which a decision finds where an item was."""
    month = month_tag(equipment, at)
    return (month, f"equipment:{equipment}@{LATEST}") if latest else (month,)


def month_tag(equipment: str, at: datetime) -> str:
    """The item's bucket of the UTC month of an instant."""
    return f"equipment:{equipment}@{month_of(at)}"


def space_tags(*places: str) -> tuple[str, ...]:
    """A tag for each of the places that is a space."""
    return tuple([f"space:{place}" for place in places if not place.startswith(OUTSIDE)])


class EquipmentRegistered(PlaceEvent, frozen=True, kw_only=True):
    """An item that is tracked from now on, and where it was first.

    `home` is where it belongs when it is not in use.
    """

    name: str
    kind: str
    place: str
    home: str | None = None
    maker: str | None = None
    latest: bool = True

    def tags(self) -> tuple[str, ...]:
        """The item's, and the space where it was."""
        return (*super().tags(), *space_tags(self.place))


class EquipmentMoved(PlaceEvent, frozen=True):
    """An item went from one place to another."""

    origin: str
    destination: str

    def tags(self) -> tuple[str, ...]:
        """The item's, and the spaces that it left and came to."""
        return (*super().tags(), *space_tags(self.origin, self.destination))


class _Packing(PlaceEvent, frozen=True, kw_only=True):
    """`place` is where the item and its containers were: a place fact of each of them.

    `containers` are the item's container and those around it, innermost first; `latest_for` are
    those without a later known place fact. `contents` counts the things directly in the container
    afterwards, without the item's own contents. For the item itself it is always the latest: facts
    of a later time suppose that it was not in this container, or still was.
    """

    place: str
    containers: tuple[str, ...]
    latest_for: tuple[str, ...]
    contents: int
    latest: bool = True

    @property
    def container(self) -> str:
        """The container that the item was put into or taken out of."""
        return self.containers[0]

    def tags(self) -> tuple[str, ...]:
        """The item's, the container's contents, and each container's as for its own events."""
        around = (
            text
            for name in self.containers
            for text in (
                tag("equipment", name),
                *place_tags(name, self.at, latest=name in self.latest_for),
            )
        )
        return (*super().tags(), *around, tag("equipment", self.container, CONTENTS))


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
    """An item came back from a booking; it has no custodian."""

    booking: str

    def tags(self) -> tuple[str, ...]:
        """The item and the booking."""
        return (*super().tags(), tag("booking", self.booking))


class CustodyTransferred(EquipmentEvent, frozen=True):
    """Another custodian has the item now; `was` is None where it had none.

    A check-out for a booking continues under the new custodian.
    """

    was: str | None
    custodian: str


class ServiceEvent(EquipmentEvent, frozen=True):
    """The field of both service events: the kind of service. At most one of a kind is open."""

    kind: ServiceKind

    def tags(self) -> tuple[str, ...]:
        """The item, and its bucket of that kind of service: its newest event opens or ends one."""
        return (*super().tags(), tag("equipment", self.equipment, self.kind))


class ServiceStarted(ServiceEvent, frozen=True):
    """An item is out of use: in repair, calibration or quarantine."""


class ServiceCompleted(ServiceEvent, frozen=True):
    """A service ended; a calibration may say until when it is valid."""

    valid_until: datetime | None = None


class EquipmentRetired(PlaceEvent, frozen=True, kw_only=True):
    """An item left the studio for good, from `place`. The last of its place facts."""

    place: str
    latest: bool = True
