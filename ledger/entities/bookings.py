"""A booking: its state, place and time, its place in the queue, its deadlines and shoot days.

held -> confirmed -> started -> wrapped
held -> released              confirmed -> cancelled
                              started, no shoot day reported -> cancelled
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal, Self

from msgspec import field
from msgspec.structs import replace

from ledger.entities.folding import Noun, Part, Saying, Says, nothing, with_part
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
    DayType,
    HoldChallenged,
    HoldPromoted,
    HoldReleased,
    ReleaseCause,
    ShootDayReported,
)
from ledger.times import Period

State = Literal["held", "released", "confirmed", "started", "wrapped", "cancelled"]
Status = State | Literal["expired", "lapsed"]

FIGURES = (
    "setups_planned",
    "setups_shot",
    "pages_planned_eighths",
    "pages_shot_eighths",
    "shooting_hours",
)
"""What a shoot day is reported with."""


def _place(event: BookingHeld | BookingConfirmed | BookingRescheduled) -> dict[str, Any]:
    return {
        "space": event.space,
        "project": event.project,
        "period": event.period,
        "units": event.units,
        "plan": event.plan,
        "expires_at": None if isinstance(event, BookingConfirmed) else event.expires_at,
    }


def _state(state: str, entry: RecordedEvent) -> dict[str, Any]:
    return {"state": state, "position": entry.position}


_TURNS: dict[type[Event], Says] = {
    BookingHeld: lambda _, held, e: _place(held) | _state("held", e) | {"placed": e.position},
    HoldReleased: lambda _, released, e: _state("released", e) | {"cause": released.cause},
    BookingConfirmed: lambda _, confirmed, e: _place(confirmed) | _state("confirmed", e),
    BookingRescheduled: lambda _, moved, e: _place(moved) | {"placed": e.position},
    BookingStarted: lambda _, started, e: _state("started", e) | {"started_on": started.on},
    BookingWrapped: lambda _, wrapped, e: {
        **_state("wrapped", e),
        "placed": e.position,
        "period": wrapped.period,
        "wrapped_on": wrapped.on,
    },
    BookingCancelled: lambda _, cancelled, e: _state("cancelled", e),
}

TURNING_POINTS = tuple(_TURNS)
"""What changes a booking's state, time or place: a handful of events in a long life, without its
promotions or the two hundred shoot days of a series."""


class Booking(Noun, frozen=True):
    """What the turning points say of a booking. After the wrap `period` is what it used.

    `position` is the event that put it in its state, `placed` the one that gave it its time.
    """

    noun: ClassVar[str] = "booking"
    says: ClassVar[Mapping[type[Event], Says]] = _TURNS | dict.fromkeys(
        (HoldChallenged, HoldPromoted, ShootDayReported), nothing
    )
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

    def is_expired(self, now: datetime) -> bool:
        """Whether it is a hold whose time has run out by then, though nothing recorded that."""
        return self.is_held and self.expires_at is not None and self.expires_at <= now

    def day_type(self, day: date) -> DayType:
        """What a day is for: a shoot day, unless the plan says otherwise."""
        return next((p.type for p in self.plan if p.first <= day <= p.last), "shoot")

    @classmethod
    def ids(cls, event: Event) -> tuple[str, ...]:
        """The booking; of a challenge, both."""
        return (
            (event.booking, event.by) if isinstance(event, HoldChallenged) else super().ids(event)
        )

    @classmethod
    def after(cls, before: Self | None, entry: RecordedEvent) -> Self:
        """The booking after an event. Any of its events says enough to begin with."""
        event = entry.event
        says = cls.says.get(event.__class__)
        if says is None or not isinstance(event, BookingEvent):
            raise UnreadableEvent(entry.type, position=entry.position)
        if before is not None:
            return replace(before, **says(before, event, entry))
        begun: dict[str, Any] = {
            "id": event.booking,
            "space": event.space,
            "project": event.project,
            "period": event.period,
            "placed": entry.position,
        }
        return cls(**(begun | _state(_begins_as(event), entry) | says(None, event, entry)))


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


def _held(_: Any, held: BookingHeld, entry: RecordedEvent) -> dict[str, Any]:
    return _TURNS[BookingHeld](_, held, entry) | {"rank": held.rank, "since": entry.position}


def _moved(_: Any, moved: BookingRescheduled, entry: RecordedEvent) -> dict[str, Any]:
    said = _TURNS[BookingRescheduled](_, moved, entry) | {"rank": moved.rank}
    gives_back_only = moved.was_space == moved.space and moved.was_period.covers(moved.period)
    return said if gives_back_only else said | {"since": entry.position}


def _no_hold(event_type: type[Event]) -> Says:
    return lambda _, event, entry: _TURNS[event_type](_, event, entry) | {"rank": None}


def _challenged(
    before: "FullBooking | None", challenge: HoldChallenged, entry: RecordedEvent
) -> dict[str, Any]:
    name, other = "challenged_by", challenge.by
    if before is not None and before.id == challenge.by:
        name, other = "challenges", challenge.booking
    known = getattr(before, name, ())
    return {name: with_part(known, Challenge(other, challenge.answer_by, entry.position))}


class FullBooking(Booking, frozen=True):
    """A booking with all that its events say.

    `rank` is a hold's; its seniority counts from `since`: where it was placed, or last moved to
    other days or another space. `reported` is the newest report of a shoot day: a corrected one
    names the same day, and takes the place of the first.
    """

    says: ClassVar[Mapping[type[Event], Says]] = {
        **_TURNS,
        BookingHeld: _held,
        BookingRescheduled: _moved,
        HoldPromoted: lambda _, promoted, entry: {"rank": promoted.rank},
        HoldReleased: _no_hold(HoldReleased),
        BookingConfirmed: _no_hold(BookingConfirmed),
        HoldChallenged: _challenged,
        ShootDayReported: lambda _, day, e: {"reported": ShootDay.of(day, e.position)},
    }
    first: ClassVar[tuple[str, ...]] = ("state", "space", "project", "period", "rank")

    rank: int | None = None
    since: int = 0
    challenged_by: tuple[Challenge, ...] = field(name="challenged-by", default=())
    challenges: tuple[Challenge, ...] = ()
    reported: ShootDay | None = field(name="shoot-day", default=None)

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
