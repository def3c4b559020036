"""A booking: its state, place and time, its place in the queue, its deadlines and shoot days.

held -> confirmed -> started -> wrapped
held -> released              confirmed -> cancelled
                              started, no shoot day reported -> cancelled
held, confirmed -> merged     held, passed -> confirmed

Some are derived from the clock: a hold whose time is over is *expired* or *passed*, a started
booking whose days are over is *overrunning*, a confirmed one was *never started*.
"""

from collections.abc import Iterable, Iterator, Mapping
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
    BookingMerged,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    DayPlan,
    DayType,
    HoldChallenged,
    HoldPromoted,
    HoldRanked,
    HoldReleased,
    ReleaseCause,
    ShootDayReported,
)
from ledger.time.periods import Days, Period, zone

State = Literal["held", "released", "confirmed", "started", "wrapped", "cancelled", "merged"]
Status = State | Literal["expired", "passed", "lapsed", "overrunning", "never started"]

FIGURES = (
    "setups_planned",
    "setups_shot",
    "pages_planned_eighths",
    "pages_shot_eighths",
    "shooting_hours",
)
"""The figures of a shoot day's report."""


def _held(_: Any, event: BookingHeld, entry: RecordedEvent) -> dict[str, Any]:
    return {
        "state": "held",
        "space": event.space,
        "project": event.project,
        "period": event.period,
        "units": event.units,
        "plan": event.plan,
        "expires_at": event.expires_at,
        "note": event.note,
        "contact": event.contact,
        "split_from": event.split_from,
        "job": event.job,
        "position": entry.position,
        "placed": entry.position,
    }


def _confirmed(_: Any, event: BookingConfirmed, entry: RecordedEvent) -> dict[str, Any]:
    return {
        "state": "confirmed",
        "cause": None,
        "space": event.space,
        "project": event.project,
        "period": event.period,
        "units": event.units,
        "plan": event.plan,
        "expires_at": None,
        "position": entry.position,
    }


def _moved(_: Any, event: BookingRescheduled, entry: RecordedEvent) -> dict[str, Any]:
    return {
        "space": event.space,
        "project": event.project,
        "period": event.period,
        "units": event.units,
        "plan": event.plan,
        "expires_at": event.expires_at,
        "note": event.note,
        "contact": event.contact,
        "placed": entry.position,
    }


_TURNS: dict[type[Event], Says] = {
    BookingHeld: _held,
    HoldReleased: lambda _, event, entry: {
        "state": "released",
        "cause": event.cause,
        "position": entry.position,
    },
    BookingConfirmed: _confirmed,
    BookingRescheduled: _moved,
    BookingStarted: lambda _, event, entry: {
        "state": "started",
        "started_on": event.on,
        "position": entry.position,
    },
    BookingWrapped: lambda _, event, entry: {
        "state": "wrapped",
        "period": event.period,
        "wrapped_on": event.on,
        "position": entry.position,
        "placed": entry.position,
    },
    BookingCancelled: lambda _, event, entry: {"state": "cancelled", "position": entry.position},
    BookingMerged: lambda _, event, entry: {
        "state": "merged",
        "into": event.into,
        "position": entry.position,
    },
}

TURNING_POINTS = tuple(_TURNS)
"""The events that change a booking's state, time or place: a handful in a long life, without its
promotions or the two hundred shoot days of a series."""


class Booking(Noun, frozen=True):
    """A booking as far as its turning points say. After the wrap `period` is the time it used.

    `position` is the event that put it in its state, `placed` the one that gave it its time.
    """

    noun: ClassVar[str] = "booking"
    says: ClassVar[Mapping[type[Event], Says]] = _TURNS | dict.fromkeys(
        (HoldChallenged, HoldPromoted, HoldRanked, ShootDayReported), nothing
    )
    begins: ClassVar[frozenset[type[Event]]] = frozenset({BookingHeld})
    untold: ClassVar[frozenset[str]] = frozenset({"id", "cause", "position", "placed"})

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
    note: str | None = None
    contact: str | None = None
    split_from: str | None = field(name="split-from", default=None)
    into: str | None = field(name="merged-into", default=None)
    job: str | None = None

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
        return self.state in ("released", "cancelled", "merged")

    def is_over(self, now: datetime) -> bool:
        """Whether it is a hold that has ended by then, though nothing recorded that."""
        return self.is_held and ended_as(self.expires_at, self.period, now) is not None

    def has_passed(self, now: datetime) -> bool:
        """Whether it was a hold until its days were over, released since or not."""
        if self.is_held:
            return ended_as(self.expires_at, self.period, now) == "passed"
        return self.cause == "passed"

    def status_at(self, now: datetime) -> Status:
        """Its status at a time: a hold ends, and a firm booking gets late, without an event."""
        if self.is_held:
            return ended_as(self.expires_at, self.period, now) or "held"
        if self.is_firm and self.period.end <= now:
            return "overrunning" if self.state == "started" else "never started"
        return self.status

    def as_of(self, now: datetime) -> Self:
        """The booking as it stands then: one that overruns has the space until that day's end."""
        if self.status_at(now) != "overrunning":
            return self
        zone_name = self.period.zone
        today = now.astimezone(zone(zone_name)).date()
        end = Days(today, today).period(zone_name).end
        return replace(self, period=Period.between(self.period.start, end, zone_name))

    def day_type(self, day: date) -> DayType:
        """Return the type of a day: a shoot day, unless the plan says otherwise."""
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
        event: Any = entry.event
        says = cls.says.get(event.__class__)
        if says is None:
            raise UnreadableEvent(entry.type, position=entry.position)
        said = says(before, event, entry)
        if before is not None:
            return replace(before, **said)
        begun = {} if event.__class__ is BookingHeld else _begun(event, entry)
        return cls(id=event.booking, **(begun | said))


def _begun(event: BookingEvent, entry: RecordedEvent) -> dict[str, Any]:
    """Return what an event implies of a booking whose earlier events are not known."""
    return {
        "space": event.space,
        "project": event.project,
        "period": event.period,
        "placed": entry.position,
        "state": _begins_as(event),
        "position": entry.position,
    }


def _begins_as(event: BookingEvent) -> State:
    if isinstance(event, BookingStarted | ShootDayReported):
        return "started"
    is_firm = isinstance(event, BookingRescheduled) and event.rank is None
    return "confirmed" if is_firm else "held"


def ended_as(
    expires_at: datetime | None, period: Period, now: datetime
) -> Literal["expired", "passed"] | None:
    """Return how a hold has ended by then: it expired, or its days are over; None if it lives."""
    if expires_at is not None and expires_at <= min(now, period.end):
        return "expired"
    return "passed" if period.end <= now else None


class Challenge(Part, frozen=True):
    """A challenge from or to another booking, to be answered by a time."""

    booking: str
    answer_by: datetime
    position: int

    def told(self, field: str) -> Iterator[Saying]:
        """The deadline."""
        yield Saying(f"{field}.{self.booking}", self.answer_by, position=self.position)


class ShootDay(Part, frozen=True):
    """The plan and the result of a shooting day. Pages count in eighths."""

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
        """Return the report that an event makes."""
        said = {name: getattr(event, name) for name in cls.__struct_fields__[:-1]}
        return cls(**said, position=position)

    def told(self, field: str) -> Iterator[Saying]:
        """Its figures."""
        figures = {name: getattr(self, name) for name in FIGURES}
        yield Saying(f"{field}.{self.day}", figures, position=self.position)


def _ranked(before: Any, event: BookingHeld, entry: RecordedEvent) -> dict[str, Any]:
    return {**_held(before, event, entry), "rank": event.rank, "since": entry.position}


def _reranked(before: Any, event: BookingRescheduled, entry: RecordedEvent) -> dict[str, Any]:
    said = {**_moved(before, event, entry), "rank": event.rank}
    return said if event.keeps_place else {**said, "since": entry.position}


def _ranked_by_house(_: Any, event: HoldRanked, entry: RecordedEvent) -> dict[str, Any]:
    said: dict[str, Any] = {"rank": event.rank}
    return {**said, "since": entry.position} if event.cause == "set" else said


def _unranked(event_type: type[Event]) -> Says:
    says = _TURNS[event_type]
    return lambda before, event, entry: {**says(before, event, entry), "rank": None}


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

    `rank` is a hold's; its seniority counts from `since`: where it was placed, last moved to other
    days or another space, or ranked by the house. `reported` is the newest report of a shoot day:
    a corrected one names the same day, and takes the place of the first.
    """

    says: ClassVar[Mapping[type[Event], Says]] = {
        **_TURNS,
        BookingHeld: _ranked,
        BookingRescheduled: _reranked,
        HoldPromoted: lambda _, promoted, entry: {"rank": promoted.rank},
        HoldRanked: _ranked_by_house,
        HoldReleased: _unranked(HoldReleased),
        BookingMerged: _unranked(BookingMerged),
        BookingConfirmed: _unranked(BookingConfirmed),
        HoldChallenged: _challenged,
        ShootDayReported: lambda _, day, e: {"reported": ShootDay.of(day, e.position)},
    }
    untold: ClassVar[frozenset[str]] = Booking.untold | {"since"}
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


def standing_challenges(
    hold: FullBooking, beside: Iterable[FullBooking]
) -> list[tuple[datetime, str]]:
    """The challenges that stand against a hold: deadline and challenger, earliest first.

    They fall with the hold that made them, and when either of the two goes to the back of a
    queue since.
    """
    since = {other.id: other.since for other in beside}
    return sorted(
        (challenge.answer_by, challenge.booking)
        for challenge in hold.challenged_by
        if challenge.booking in since
        and max(since[challenge.booking], hold.since) < challenge.position
    )
