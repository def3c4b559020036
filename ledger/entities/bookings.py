"""A booking: its state, place and time, rank, plan, deadlines, and its shoot days."""

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.entities.facts import Saying
from ledger.events.base import Event
from ledger.events.bookings import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingHeld,
    BookingRescheduled,
    BookingStarted,
    BookingWrapped,
    HoldChallenged,
    HoldPromoted,
    HoldReleased,
    ShootDayReported,
)

TYPES: tuple[type[Event], ...] = (
    BookingHeld,
    HoldChallenged,
    HoldReleased,
    HoldPromoted,
    BookingConfirmed,
    BookingRescheduled,
    BookingStarted,
    ShootDayReported,
    BookingWrapped,
    BookingCancelled,
)

FIGURES = (
    "setups_planned",
    "setups_shot",
    "pages_planned_eighths",
    "pages_shot_eighths",
    "shooting_hours",
)
"""What a shoot day is reported with."""

CHALLENGED_BY, CHALLENGES = "challenged-by", "challenges"


def ids(event: Event) -> tuple[str, ...]:
    """The bookings of which an event says something."""
    if isinstance(event, HoldChallenged):
        return event.booking, event.by
    return (event.booking,) if isinstance(event, BookingEvent) else ()


def says(event: Event, id: str, known: Mapping[str, Any]) -> Iterator[Saying]:
    """What an event says of a booking. `known` are its values by the events recorded before."""
    match event:
        case BookingHeld():
            yield Saying("status", "held")
            yield from _place(event)
            yield Saying("rank", event.rank)
            yield from _terms(event)
            yield Saying("expires_at", event.expires_at)
        case HoldChallenged():
            other, field = event.by, CHALLENGED_BY
            if id != event.booking:
                other, field = event.booking, CHALLENGES
            yield Saying(f"{field}.{other}", event.answer_by)
        case HoldPromoted():
            yield Saying("rank", event.rank)
        case HoldReleased():
            yield Saying("status", event.cause)
            yield from _answered(known)
        case BookingConfirmed():
            yield Saying("status", "confirmed")
            yield from _place(event)
            yield from _terms(event)
            yield from _answered(known)
        case BookingRescheduled():
            yield from _place(event)
            yield Saying("rank", event.rank)
            yield from _terms(event)
            yield Saying("expires_at", event.expires_at)
        case _:
            yield from _shooting(event)


def _shooting(event: Event) -> Iterator[Saying]:
    match event:
        case BookingStarted():
            yield Saying("status", "started")
            yield Saying("started_on", event.on)
        case ShootDayReported():
            # A corrected report names the same day, and takes its place.
            figures = {name: getattr(event, name) for name in FIGURES}
            yield Saying(f"shoot-day.{event.day}", figures)
        case BookingWrapped():
            yield Saying("status", "wrapped")
            yield Saying("period", event.period)
            yield Saying("wrapped_on", event.on)
        case BookingCancelled():
            yield Saying("status", "cancelled")


def _place(event: BookingEvent) -> Iterator[Saying]:
    yield Saying("space", event.space)
    yield Saying("project", event.project)
    yield Saying("period", event.period)


def _terms(event: BookingHeld | BookingConfirmed | BookingRescheduled) -> Iterator[Saying]:
    yield Saying("units", event.units)
    yield Saying("plan", event.plan or None)


def _answered(known: Mapping[str, Any]) -> Iterator[Saying]:
    """With the hold end its rank, its expiry and the deadlines of whoever challenged whom."""
    for field, value in known.items():
        stem = field.partition(".")[0]
        if value is not None and stem in ("rank", "expires_at", CHALLENGED_BY, CHALLENGES):
            yield Saying(field, None)
