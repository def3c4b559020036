"""Equipment: what it is, where it is, what it is packed in, who has it. Facts that are kept apart.

A *place* is a space's id, or `outside:` and a name (`outside:rental-house`). Instants are UTC. An
event that says where an item was is a *place fact* of that item. It carries a bucket tag of its UTC
month, and `@latest` if none of a later effective time was known when it was recorded. So the newest
event with `equipment:X@latest` is the newest in effective time too, however late others are
entered: the usual decision reads only that one, a late one a few months.

A *stock* is an item with a quantity: forty cables under one id. Its pieces are in *lots*, each with
a place or container of its own and a loan of its own, and every change of a stock moves some of
them from one lot to another.

An event that bears on how many of a kind can be promised carries a tag of that kind: a loan those
of the months that it takes, and a change of the number in service the bucket `@count`.
"""

from datetime import datetime
from typing import ClassVar, Literal

from msgspec import Struct

from ledger.events.base import Event
from ledger.tags import buckets, mark, tag
from ledger.time.months import month_of, months_of
from ledger.time.periods import Period

ServiceKind = Literal["repair", "calibration", "quarantine"]
SERVICE_KINDS: tuple[ServiceKind, ...] = ("repair", "calibration", "quarantine")

LATEST = "latest"
"""Bucket of the place facts that were the newest in effective time when recorded."""

CONTENTS = "contents"
"""Bucket of items that went straight into a container, or came straight out of it."""

COUNT = "count"
"""Bucket of a kind: what changes how many of it are in service."""

PLANNED = "planned"
"""Bucket of an item: the services that are planned for it."""

STOCK = "stock"
"""Bucket of a stock: what moves its pieces from lot to lot."""

OUTSIDE = "outside:"


class Away(Struct, frozen=True, omit_defaults=True):
    """An item that is in service, or will be, and cannot be promised for that time.

    `until` is None where no end is known. `begun`: it is in service, whatever was expected.
    """

    equipment: str
    service: ServiceKind
    since: datetime
    until: datetime | None = None
    begun: bool = False


class KindCount(Struct, frozen=True, omit_defaults=True):
    """How many pieces of a kind the house has, and which of them are in service or planned to be.

    As of everything recorded so far, so that one event tells of a thousand items. An event without
    a count leaves it to be worked out from all of them.
    """

    pieces: int
    away: tuple[Away, ...] = ()


def kind_tag(kind: str, bucket: str = "") -> str:
    """The tag of a kind of equipment, which is free text: `kind:led-volume`."""
    return tag("kind", mark(kind), bucket)


def kind_months(kind: str, start: datetime, end: datetime) -> tuple[str, ...]:
    """The bucket tags of a kind for the UTC months from one instant to another."""
    return buckets("kind", mark(kind), months_of(start.date(), max(start, end).date()))


_COUNTED = frozenset({"equipment", "equipment_kind", "of_kind"})
"""Fields of equipment events that follow from others."""


class EquipmentEvent(Event, frozen=True):
    """The fields of every equipment event: the item, and when it happened."""

    settled: ClassVar[frozenset[str]] = _COUNTED

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

    settled: ClassVar[frozenset[str]] = _COUNTED | {"latest", "origin"}

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
    """An item that is tracked from now on, and where it was first; with `quantity`, a stock.

    `home` is where it belongs when it is not in use.
    """

    settled: ClassVar[frozenset[str]] = PlaceEvent.settled | {"kind", "quantity"}

    name: str
    kind: str
    place: str
    home: str | None = None
    maker: str | None = None
    quantity: int | None = None
    serial: str | None = None
    barcode: str | None = None
    owner: str | None = None
    value: str | None = None
    note: str | None = None
    reference: str | None = None
    of_kind: KindCount | None = None
    latest: bool = True

    def tags(self) -> tuple[str, ...]:
        """The item's, the space where it was, its kind, and what it is found by."""
        return (
            *super().tags(),
            *space_tags(self.place),
            kind_tag(self.kind, COUNT),
            *found_by(self.serial, self.barcode, self.reference),
        )


def found_by(*marks: str | None) -> tuple[str, ...]:
    """The tags by which an item is found from what stands on it."""
    return tuple([tag("mark", mark(text)) for text in marks if text is not None])


class EquipmentDescribed(EquipmentEvent, frozen=True):
    """An item is described anew: all of its description, changed or not.

    Where its kind changed, `was_kind` is the former one, `pieces` how many it has, and `of_kind`,
    `of_was_kind` count both kinds.
    """

    settled: ClassVar[frozenset[str]] = _COUNTED | {"kind", "was_kind", "pieces", "of_was_kind"}

    name: str
    kind: str
    home: str | None = None
    maker: str | None = None
    serial: str | None = None
    barcode: str | None = None
    owner: str | None = None
    value: str | None = None
    note: str | None = None
    reference: str | None = None
    was_kind: str | None = None
    pieces: int = 1
    of_kind: KindCount | None = None
    of_was_kind: KindCount | None = None

    def tags(self) -> tuple[str, ...]:
        """The item, what it is found by, and both kinds where its kind changed."""
        kinds = () if self.was_kind is None else (self.was_kind, self.kind)
        return (
            *super().tags(),
            *found_by(self.serial, self.barcode, self.reference),
            *(kind_tag(kind, COUNT) for kind in kinds),
        )


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
    those without a later known place fact. `contents` are the things directly in the container
    afterwards. For the item itself it is always the latest: facts
    of a later time suppose that it was not in this container, or still was.
    """

    settled: ClassVar[frozenset[str]] = PlaceEvent.settled | {
        *("place", "containers", "latest_for", "contents")
    }

    place: str
    containers: tuple[str, ...]
    latest_for: tuple[str, ...]
    contents: tuple[str, ...]
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


class LoanEvent(EquipmentEvent, frozen=True, kw_only=True):
    """An event of a loan: the booking that it is for, None for a person alone.

    `equipment_kind` is the kind that the item had, and `due_at` when it is due back. `within` is
    the container that took it along.
    """

    settled: ClassVar[frozenset[str]] = _COUNTED | {"within"}

    booking: str | None = None
    equipment_kind: str
    due_at: datetime
    within: str | None = None

    def tags(self) -> tuple[str, ...]:
        """The item, the booking, and the months of the loan for its kind."""
        booking = () if self.booking is None else (tag("booking", self.booking),)
        until = self._until()
        return (*super().tags(), *booking, *kind_months(self.equipment_kind, self.at, until))

    def _until(self) -> datetime:
        return self.due_at


class EquipmentCheckedOut(LoanEvent, frozen=True):
    """An item was handed to `custodian`, due back at `due_at`."""

    custodian: str


class LoanProlonged(LoanEvent, frozen=True):
    """An item that `custodian` has is due back at another time than before."""

    settled: ClassVar[frozenset[str]] = LoanEvent.settled | {"was_due_at", "booking"}

    custodian: str
    was_due_at: datetime

    def _until(self) -> datetime:
        return max(self.due_at, self.was_due_at)


class EquipmentCheckedIn(LoanEvent, frozen=True):
    """An item came back; it has no custodian. `due_at` is when it was due."""

    settled: ClassVar[frozenset[str]] = LoanEvent.settled | {"due_at", "booking"}


class CustodyTransferred(EquipmentEvent, frozen=True):
    """Another custodian has the item now; `was` is None where it had none.

    A check-out for a booking continues under the new custodian.
    """

    was: str | None
    custodian: str


class ServiceEvent(EquipmentEvent, frozen=True, kw_only=True):
    """The fields of the service events: its kind, and the kind of the item and its count.

    At most one service of a kind is open.
    """

    kind: ServiceKind
    equipment_kind: str
    of_kind: KindCount | None = None

    def tags(self) -> tuple[str, ...]:
        """The item, its bucket of that kind of service, whose newest event tells how it is with
        that, and the count of the item's kind."""
        return (
            *super().tags(),
            tag("equipment", self.equipment, self.kind),
            kind_tag(self.equipment_kind, COUNT),
        )


class ServiceStarted(ServiceEvent, frozen=True):
    """An item is out of use: in repair, calibration or quarantine. `until` is when it is expected
    to be back."""

    until: datetime | None = None


class ServiceCompleted(ServiceEvent, frozen=True):
    """A service ended; a calibration may say until when it is valid."""

    valid_until: datetime | None = None


class ServicePlanned(Event, frozen=True, kw_only=True):
    """An item will be in service for a period, and cannot be promised for it.

    `dropped`: it will not, after all.
    """

    settled: ClassVar[frozenset[str]] = _COUNTED | {"dropped"}

    equipment: str
    kind: ServiceKind
    period: Period
    dropped: bool = False
    equipment_kind: str
    of_kind: KindCount | None = None

    def tags(self) -> tuple[str, ...]:
        """The item, its bucket of planned services, and the count of the item's kind."""
        return (
            tag("equipment", self.equipment),
            tag("equipment", self.equipment, PLANNED),
            kind_tag(self.equipment_kind, COUNT),
        )

    def effective(self) -> Period:
        """When it will be in service."""
        return self.period


class EquipmentRetired(PlaceEvent, frozen=True, kw_only=True):
    """An item left the studio for good, from `place`. The last of its place facts."""

    place: str
    equipment_kind: str
    of_kind: KindCount | None = None
    latest: bool = True

    def tags(self) -> tuple[str, ...]:
        """The item's, and the count of its kind."""
        return (*super().tags(), kind_tag(self.equipment_kind, COUNT))


# --- stock ---------------------------------------------------------------------------


class Lot(Struct, frozen=True, omit_defaults=True):
    """Where pieces of a stock are: at a place or in a container, in the house or on a loan."""

    place: str | None = None
    container: str | None = None
    booking: str | None = None
    custodian: str | None = None
    due_at: datetime | None = None

    @property
    def is_out(self) -> bool:
        """Whether its pieces are on a loan."""
        return self.due_at is not None


class Pieces(Struct, frozen=True):
    """A number of pieces of a stock in a lot."""

    lot: Lot
    quantity: int


StockChange = Literal[
    "moved",
    "packed",
    "unpacked",
    "checked out",
    "checked in",
    "handed over",
    "prolonged",
    "lost",
    "found",
    "bought",
    "retired",
]


class StockTransferred(EquipmentEvent, frozen=True, kw_only=True):
    """Pieces of a stock went from one lot to another; lost, found and bought ones have one lot.

    `pieces` is the whole stock afterwards, as of everything recorded so far, and `newest_at` the
    latest of all these times. `contents` are the things directly in the container that was packed
    or unpacked, and `of_kind` the count of the kind where the number of pieces changed.
    """

    settled: ClassVar[frozenset[str]] = _COUNTED | {
        *("how", "origin", "destination", "pieces", "newest_at", "contents")
    }

    how: StockChange
    quantity: int
    origin: Lot | None = None
    destination: Lot | None = None
    equipment_kind: str
    pieces: tuple[Pieces, ...]
    newest_at: datetime
    contents: tuple[str, ...] | None = None
    of_kind: KindCount | None = None

    @property
    def container(self) -> str | None:
        """The container that pieces were packed into or taken out of, or lost from."""
        goes = self.how in ("packed", "unpacked", "lost")
        lots = (self.origin, self.destination) if goes else ()
        return next((lot.container for lot in lots if lot is not None and lot.container), None)

    def tags(self) -> tuple[str, ...]:
        """The stock and its month, the spaces, the bookings, the container and its month, and its
        kind."""
        lots = [lot for lot in (self.origin, self.destination) if lot is not None]
        loans = [lot.due_at for lot in lots if lot.due_at is not None]
        holds = self.container
        return tuple(
            dict.fromkeys(
                (
                    *super().tags(),
                    tag("equipment", self.equipment, STOCK),
                    month_tag(self.equipment, self.at),
                    *space_tags(*(lot.place for lot in lots if lot.place is not None)),
                    *(tag("booking", lot.booking) for lot in lots if lot.booking is not None),
                    *(() if holds is None else (tag("equipment", holds),)),
                    *(() if holds is None else (month_tag(holds, self.at),)),
                    *(() if holds is None else (tag("equipment", holds, CONTENTS),)),
                    *(kind_months(self.equipment_kind, self.at, max(loans)) if loans else ()),
                    *(() if self.of_kind is None else (kind_tag(self.equipment_kind, COUNT),)),
                )
            )
        )
