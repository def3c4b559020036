"""A booking: its state, place and time, its place in the queue, its deadlines and shoot days.

held -> confirmed -> started -> wrapped
held -> released              confirmed -> cancelled
                              started, no shoot day reported -> cancelled
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, ClassVar, Literal, Self

from msgspec import field
from msgspec.structs import replace

from ledger.entities.folding import Noun, Part, Saying, with_part
from ledger.errors import UnreadableEvent
from ledger.events.base import Event, RecordedEvent
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    DayPlan,
    HoldChallenged,
    HoldPromoted,
    HoldReleased,
    ReleaseCause,
    ShootDayReported,
)
from ledger.times import Period

State = Literal["held", "released", "confirmed", "started", "wrapped", "cancelled"]
Status = State | Literal["expired", "lapsed"]

TURNING_POINTS = (
    BookingHeld,
    HoldReleased,
    BookingConfirmed,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    BookingCancelled,
)
"""What changes a booking's state, time or place: a handful of events in a long life, without its
promotions or the two hundred shoot days of a series."""

FIGURES = (
    "setups_planned",
    "setups_shot",
    "pages_planned_eighths",
    "pages_shot_eighths",
    "shooting_hours",
)
"""What a shoot day is reported with."""


class Booking(Noun, frozen=True):
    """What the turning points say of a booking. After the wrap `period` is what it used.

    `position` is the event that put it in its state, `placed` the one that gave it its time.
    """

    noun: ClassVar[str] = "booking"
    untold: ClassVar[frozenset[str]] = frozenset({"id", "cause", "position", "placed", "since"})

    id: str
    space: str
    project: str
    period: Period
    position: int
    placed: int
    state: State = field(name="status")
    cause: ReleaseCause | None = None
    units: int = 1
    plan: tuple[DayPlan, ...] = ()
    expires_at: datetime | None = None
    started_on: date | None = None
    wrapped_on: date | None = None

    @property
    def newest(self) -> int:
        """The last event that changed it."""
        return max(self.position, self.placed)

    @property
    def status(self) -> Status:
        """Its state; of a hold that ended, why it did."""
        return self.cause or self.state

    @property
    def is_held(self) -> bool:
        """Whether it is a hold that was not released, though it may have expired."""
        return self.state == "held"

    @property
    def is_firm(self) -> bool:
        """Whether it has its days and is not over."""
        return self.state in ("confirmed", "started")

    @property
    def is_off(self) -> bool:
        """Whether it came to nothing and takes no time."""
        return self.state in ("released", "cancelled")

    def is_live(self, now: datetime) -> bool:
        """Whether it is a hold that has not expired by then, or firm."""
        return self.is_firm or (self.is_held and (self.expires_at is None or now < self.expires_at))

    @classmethod
    def ids(cls, event: Event) -> tuple[str, ...]:
        """The booking; of a challenge, both."""
        return (
            (event.booking, event.by) if isinstance(event, HoldChallenged) else super().ids(event)
        )

    @classmethod
    def after(cls, before: Self | None, entry: RecordedEvent) -> Self:
        """The booking after an event. Any of its events says enough to begin with."""
        event, at = entry.event, entry.position
        if not isinstance(event, BookingEvent):
            raise UnreadableEvent(entry.type, position=at)
        said = cls._said(before, event, entry)
        if before is not None:
            return replace(before, **said)
        begun: dict[str, Any] = {
            "id": event.booking, "space": event.space, "project": event.project,
            "period": event.period, "state": _begins_as(event), "position": at, "placed": at,
        }  # fmt: skip
        return cls(**(begun | said))

    @classmethod
    def _said(
        cls, before: Self | None, event: BookingEvent, entry: RecordedEvent
    ) -> dict[str, Any]:
        """The fields that an event sets."""
        at = entry.position
        match event:
            case BookingHeld():
                return _place(event) | {
                    "state": "held", "position": at, "placed": at, "expires_at": event.expires_at,
                }  # fmt: skip
            case HoldReleased():
                return {"state": "released", "cause": event.cause, "position": at}
            case BookingConfirmed():
                return _place(event) | {"state": "confirmed", "position": at, "expires_at": None}
            case BookingRescheduled():
                return _place(event) | {"placed": at, "expires_at": event.expires_at}
            case BookingStarted():
                return {"state": "started", "position": at, "started_on": event.on}
            case BookingWrapped():
                return {
                    "state": "wrapped", "position": at, "placed": at, "period": event.period,
                    "wrapped_on": event.on,
                }  # fmt: skip
            case BookingCancelled():
                return {"state": "cancelled", "position": at}
            case HoldChallenged() | HoldPromoted() | ShootDayReported():
                return {}
        raise UnreadableEvent(entry.type, position=at)


def _place(event: BookingHeld | BookingConfirmed | BookingRescheduled) -> dict[str, Any]:
    return {
        "space": event.space, "project": event.project, "period": event.period,
        "units": event.units, "plan": event.plan,
    }  # fmt: skip


def _begins_as(event: BookingEvent) -> State:
    """The state that an event supposes where the events before it are not known."""
    if isinstance(event, BookingStarted | ShootDayReported):
        return "started"
    is_firm = isinstance(event, BookingRescheduled) and event.rank is None
    return "confirmed" if is_firm else "held"


class Challenge(Part, frozen=True):
    """A challenge from or to another booking, to be answered by a time."""

    booking: str
    answer_by: datetime
    position: int

    def told(self, field: str) -> Iterator[Saying]:
        """The deadline."""
        yield Saying(f"{field}.{self.booking}", self.answer_by, position=self.position)


class ShootDay(Part, frozen=True):
    """What a shooting day was meant to do and did. Pages count in eighths."""

    day: date
    space: str
    project: str
    setups_planned: int
    setups_shot: int
    pages_planned_eighths: int
    pages_shot_eighths: int
    shooting_hours: float
    position: int

    @classmethod
    def of(cls, event: ShootDayReported, position: int) -> Self:
        """What an event reports."""
        said = {name: getattr(event, name) for name in cls.__struct_fields__[:-1]}
        return cls(**said, position=position)

    def told(self, field: str) -> Iterator[Saying]:
        """Its figures."""
        figures = {name: getattr(self, name) for name in FIGURES}
        yield Saying(f"{field}.{self.day}", figures, position=self.position)


class FullBooking(Booking, frozen=True):
    """A booking with all that its events say.

    `rank` is a hold's; its seniority counts from `since`: where it was placed, or last moved to
    other days or another space. `reported` is the newest report of a shoot day: a corrected one
    names the same day, and takes the place of the first.
    """

    first: ClassVar[tuple[str, ...]] = ("state", "space", "project", "period", "rank")

    rank: int | None = None
    since: int = 0
    challenged_by: tuple[Challenge, ...] = field(name="challenged-by", default=())
    challenges: tuple[Challenge, ...] = ()
    reported: ShootDay | None = field(name="shoot-day", default=None)

    @classmethod
    def _said(
        cls, before: Self | None, event: BookingEvent, entry: RecordedEvent
    ) -> dict[str, Any]:
        said, at = super()._said(before, event, entry), entry.position
        match event:
            case BookingHeld():
                said |= {"rank": event.rank, "since": at}
            case HoldPromoted():
                said |= {"rank": event.rank}
            case BookingRescheduled():
                said |= {"rank": event.rank}
                if event.was_space != event.space or not event.was_period.covers(event.period):
                    said |= {"since": at}
            case HoldReleased() | BookingConfirmed():
                said |= {"rank": None}
            case HoldChallenged():
                name, other = "challenged_by", event.by
                if before is not None and before.id == event.by:
                    name, other = "challenges", event.booking
                challenge = Challenge(other, event.answer_by, at)
                said |= {name: with_part(getattr(before, name, ()), challenge)}
            case ShootDayReported():
                said |= {"reported": ShootDay.of(event, at)}
        return said

    def told(self) -> Iterator[Saying]:
        """Its fields. With the hold end its deadline, and those of its challenges."""
        for said in super().told():
            match said.field.partition(".")[0]:
                case "status":
                    yield replace(said, value=self.status)
                case "expires_at" | "challenged-by" | "challenges" if not self.is_held:
                    yield replace(said, value=None)
                case _:
                    yield said
