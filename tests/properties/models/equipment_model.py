"""A naive studio: every event, sorted by when it happened, folded from the beginning each time.

It knows nothing of tags, buckets, `latest` or questions. The decisions, with a few reads, must
find the same as this model, which looks at everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ledger.events import (
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    EquipmentUnpacked,
    Event,
    ServiceCompleted,
    ServiceStarted,
)
from ledger.events.equipment import EquipmentEvent

CUSTODY = (EquipmentCheckedOut, EquipmentCheckedIn, CustodyTransferred)
SERVICE = (ServiceStarted, ServiceCompleted)
PACKING = (EquipmentPacked, EquipmentUnpacked)


class Contradiction(Exception):
    """An event that contradicts the others."""


class Studio:
    """The places, custodians and services of all items after some events."""

    def __init__(self) -> None:
        self.place: dict[str, str] = {}
        self.container: dict[str, str] = {}
        self.retired: set[str] = set()
        self.custodian: dict[str, str] = {}
        self.out: dict[str, str] = {}
        self.service: set[tuple[str, str]] = set()

    def where(self, item: str) -> str:
        """The place of the outermost container, or of the item itself."""
        return self.place[(self.around(item) or [item])[-1]]

    def around(self, item: str) -> list[str]:
        """The containers of an item, innermost first."""
        found: list[str] = []
        while item in self.container:
            item = self.container[item]
            if item in found:
                raise Contradiction(f"{item} lies in itself")
            found.append(item)
        return found

    def inside(self, item: str) -> list[str]:
        """The items directly in a container."""
        return [thing for thing, container in self.container.items() if container == item]

    def happen(self, event: EquipmentEvent) -> None:
        """Apply an event. Raises `Contradiction`."""
        item = event.equipment
        if isinstance(event, EquipmentRegistered):
            self.need(item not in self.place, "registered once")
            self.place[item] = event.place
            return
        self.need(item in self.place, "registered first")
        self.need(item not in self.retired, "nothing after retirement")
        if isinstance(event, (EquipmentMoved, EquipmentRetired, *PACKING)):
            self._place_changes(event)
        else:
            self._use_changes(event)

    def _place_changes(self, event: EquipmentEvent) -> None:
        item = event.equipment
        match event:
            case EquipmentMoved():
                self.need(item not in self.container, "what is packed makes no moves")
                self.need(self.place[item] == event.origin, "a move is from where it was")
                self.need(event.origin != event.destination, "a move moves")
                self.place[item] = event.destination
            case EquipmentPacked():
                container = event.containers[0]
                self.need(item not in self.container, "packed once")
                self.need(container in self.place, "the container is registered")
                self.need(container not in self.retired, "the container is in use")
                self.need(item not in [container, *self.around(container)], "not in itself")
                self.need(self.where(item) == self.where(container), "together")
                self.need(event.place == self.where(item), "the place packed at")
                self.container[item] = container
                self.need(list(event.containers) == self.around(item), "all containers")
            case EquipmentUnpacked():
                self.need(list(event.containers) == self.around(item) != [], "all containers")
                self.need(event.place == self.where(item), "the place unpacked at")
                self.place[item] = event.place
                del self.container[item]
            case EquipmentRetired():
                self.need(item not in self.container, "retired unpacked")
                self.need(not self.inside(item), "retired empty")
                self.need(item not in self.out, "retired while in house")
                self.need(not any(name == item for name, _ in self.service), "retired fit")
                self.need(event.place == self.place[item], "the place retired at")
                self.retired.add(item)

    def _use_changes(self, event: EquipmentEvent) -> None:
        item = event.equipment
        match event:
            case EquipmentCheckedOut():
                self.need(item not in self.out, "out once")
                self.need(not any(name == item for name, _ in self.service), "fit for use")
                self.out[item], self.custodian[item] = event.booking, event.custodian
            case EquipmentCheckedIn():
                self.need(self.out.get(item) == event.booking, "out before in")
                del self.out[item], self.custodian[item]
            case CustodyTransferred():
                self.need(self.custodian.get(item) == event.was, "handed over by who had it")
                self.need(event.was != event.custodian, "a hand-over changes hands")
                self.custodian[item] = event.custodian
            case ServiceStarted():
                self.need((item, event.kind) not in self.service, "started once")
                self.service.add((item, event.kind))
            case ServiceCompleted():
                self.need((item, event.kind) in self.service, "started before done")
                self.service.remove((item, event.kind))

    @staticmethod
    def need(holds: bool, what: str) -> None:
        """Raises `Contradiction`."""
        if not holds:
            raise Contradiction(what)


def studio(events: Iterable[Event], until: datetime | None = None) -> Studio:
    """Return the studio after all events up to and including a time. Raises `Contradiction`."""
    happened = [event for event in events if isinstance(event, EquipmentEvent)]
    # A stable sort: of events at one instant, the one recorded first happened first.
    happened.sort(key=lambda event: event.at)
    found = Studio()
    for event in happened:
        if until is None or event.at <= until:
            found.happen(event)
    return found


def fits(events: Sequence[Event], more: Sequence[Event]) -> bool:
    """Whether all events are consistent, and those that must be entered in order are."""
    so_far = list(events)
    for event in more:
        assert isinstance(event, EquipmentEvent)
        if not _in_order(so_far, event):
            return False
        so_far.append(event)
    try:
        studio(so_far)
    except Contradiction:
        return False
    return True


def _in_order(events: Sequence[Event], new: EquipmentEvent) -> bool:
    """Whether custody, and each kind of service, are entered in order; see `custody`."""

    def later(*types: type[Event], kind: str | None = None) -> bool:
        return any(
            isinstance(event, types)
            and isinstance(event, EquipmentEvent)
            and event.equipment == new.equipment
            and event.at > new.at
            and kind in (None, getattr(event, "kind", None))
            for event in events
        )

    match new:
        case EquipmentCheckedOut():
            return not later(*CUSTODY, *SERVICE, EquipmentRetired)
        case EquipmentCheckedIn() | CustodyTransferred():
            return not later(*CUSTODY, EquipmentRetired)
        case ServiceStarted():
            return not later(*SERVICE, EquipmentRetired, kind=new.kind) and not later(
                EquipmentCheckedOut, EquipmentRetired
            )
        case ServiceCompleted():
            return not later(*SERVICE, kind=new.kind) and not later(EquipmentRetired)
        case EquipmentRetired():
            return not any(
                isinstance(event, EquipmentEvent)
                and event.at > new.at
                and new.equipment in (event.equipment, *getattr(event, "containers", ()))
                for event in events
            )
    return True
