"""Reservations: equipment that is promised to a booking, and what is hired to cover a shortage.

A reservation is a pencil while its booking is held and firm once that is confirmed; it has no state
of its own, so that none can differ from the booking's. Each of its events repeats all of it, with
the months that it had before among its tags: the events of one month of a kind are enough to know
what of that kind is promised in the month.
"""

from typing import ClassVar

from ledger.events.base import Event
from ledger.events.equipment import kind_tag
from ledger.tags import buckets, mark, tag
from ledger.time.periods import Period

PROMISED = "promised"
"""Bucket of a kind: every reservation of it."""


class ReservationEvent(Event, frozen=True, kw_only=True):
    """The fields of a reservation: one item of that id, or `quantity` of a stock or a kind.

    `period` is the time reserved, and `booking_period` the time that the booking had then: they
    are the same where all of it is reserved. `within` is the container that takes the item along.
    """

    settled: ClassVar[frozenset[str]] = frozenset(
        {"reservation", "booking", "equipment", "equipment_kind", "booking_period", "within"}
    )

    reservation: str
    booking: str
    equipment: str | None = None
    equipment_kind: str
    quantity: int
    period: Period
    booking_period: Period
    within: str | None = None

    def tags(self) -> tuple[str, ...]:
        """The reservation, the booking, the item, and the months for its kind."""
        item = () if self.equipment is None else (tag("equipment", self.equipment),)
        return (
            tag("reservation", self.reservation),
            tag("booking", self.booking),
            *item,
            kind_tag(self.equipment_kind, PROMISED),
            *buckets("kind", mark(self.equipment_kind), self.period.months),
        )

    def effective(self) -> Period:
        """The time reserved."""
        return self.period


class EquipmentReserved(ReservationEvent, frozen=True, kw_only=True):
    """Equipment is promised to a booking, or the promise has another time or number than before.

    `was_period` is the time that it had, and `was_quantity` the number.
    """

    settled: ClassVar[frozenset[str]] = ReservationEvent.settled | {"was_period", "was_quantity"}

    was_period: Period | None = None
    was_quantity: int | None = None

    def tags(self) -> tuple[str, ...]:
        """The reservation's, and the months that it left."""
        own = super().tags()
        if self.was_period is None:
            return own
        left = buckets("kind", mark(self.equipment_kind), self.was_period.months)
        return tuple(dict.fromkeys((*own, *left)))


class ReservationReleased(ReservationEvent, frozen=True, kw_only=True):
    """A reservation is off; what it had is free again."""


class EquipmentSubHired(Event, frozen=True, kw_only=True):
    """Equipment of a kind is hired from a supplier for a period, and can be promised then.

    For a stock `equipment` is its id. `booking` is the one that it is hired for. A quantity of 0:
    it is not hired, after all.
    """

    settled: ClassVar[frozenset[str]] = frozenset(
        {"subhire", "equipment", "equipment_kind", "booking"}
    )

    subhire: str
    equipment: str | None = None
    equipment_kind: str
    quantity: int
    period: Period
    supplier: str
    booking: str | None = None

    def tags(self) -> tuple[str, ...]:
        """The sub-hire, the stock, the booking, and the months for the kind."""
        item = () if self.equipment is None else (tag("equipment", self.equipment),)
        booking = () if self.booking is None else (tag("booking", self.booking),)
        return (
            tag("subhire", self.subhire),
            *item,
            *booking,
            *buckets("kind", mark(self.equipment_kind), self.period.months),
        )

    def effective(self) -> Period:
        """The time for which it is hired."""
        return self.period
