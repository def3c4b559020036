"""Why a booking command is refused: one class each, with the event that stands in the way.

They stand beside the rules that raise them. `rule` is what a script matches on, the
message is what somebody reads at the stage door.
"""

from datetime import date, datetime

from ledger.errors import Pending, Refused
from ledger.times import Period, clock_text

# --- the booking's own state ---------------------------------------------------------

_NEXT = {
    "held": "Confirm it with: booking confirm {0}, or let it go with: booking release {0}",
    "confirmed": "Start it with: booking start {0} --on DAY, or call it off with: "
    "booking cancel {0}",
    "started": "Wrap it with: booking wrap {0} --on DAY",
    "wrapped": "It is over; for further days place a hold: booking hold",
    "released": "Place a new hold: booking hold",
    "expired": "Place a new hold: booking hold",
    "cancelled": "Book anew: booking hold",
}


class WrongState(Refused):
    """The booking is not in a state in which this can be done."""

    rule = "booking-state"

    def __init__(self, booking: str, *, state: str, needed: str, position: int) -> None:
        super().__init__(
            f"booking {booking!r} is {state}, not {needed}",
            position=position,
            advice=_NEXT[state].format(booking),
        )
        self.booking, self.state, self.needed = booking, state, needed


# --- the space -----------------------------------------------------------------------


class SpaceTaken(Refused):
    """Another booking is confirmed for an exclusive space at that time."""

    rule = "no-overlap"

    def __init__(self, space: str, *, booking: str, period: Period, position: int) -> None:
        super().__init__(
            f"space {space!r} is confirmed for booking {booking!r} on {period}",
            position=position,
            advice="Choose other days or another space, or hold these days behind it",
        )
        self.space, self.booking, self.period = space, booking, period


class SpaceFull(Refused):
    """The confirmed bookings of a shared space leave too few units at some instant."""

    rule = "capacity"

    def __init__(
        self,
        space: str,
        *,
        units: int,
        taken: int,
        capacity: int,
        at: datetime,
        booking: str,
        period: Period,
        position: int,
    ) -> None:
        super().__init__(
            f"space {space!r} has {capacity - taken} of {capacity} units free "
            f"at {clock_text(at, period.zone)}, not {units}; "
            f"the last to confirm was booking {booking!r} on {period}",
            position=position,
            advice="Take fewer units, other days or another space",
        )
        self.space, self.units, self.taken, self.capacity = space, units, taken, capacity
        self.at, self.booking, self.period = at, booking, period


class TooManyUnits(Refused):
    """More units than the space has, even when it is empty."""

    rule = "capacity"

    def __init__(self, space: str, *, units: int, capacity: int | None, position: int) -> None:
        has = "is exclusive: one unit" if capacity is None else f"has {capacity} units"
        super().__init__(
            f"{units} units are asked of space {space!r}, which {has}",
            position=position,
            advice="Take fewer units or another space",
        )
        self.space, self.units, self.capacity = space, units, capacity


class ClosedDays(Refused):
    """The space is closed for a part of the time."""

    rule = "open-days"

    def __init__(
        self, space: str, *, closure: str, kind: str, period: Period, position: int
    ) -> None:
        super().__init__(
            f"space {space!r} is closed on {period} ({kind}, closure {closure!r})",
            position=position,
            advice=f"Choose other days, or end the closure with: space reopen {closure}",
        )
        self.space, self.closure, self.kind, self.period = space, closure, kind, period


# --- the hold ladder -----------------------------------------------------------------


class BehindHold(Refused):
    """A better-ranked hold has the first word, and nobody asked its holder yet."""

    rule = "hold-ladder"

    def __init__(
        self, booking: str | None, *, ahead: str, rank: int, period: Period, position: int
    ) -> None:
        advice = (
            f"Challenge it with: booking challenge {booking} --against {ahead}"
            if booking
            else "Place a hold, which may challenge it: booking hold, then booking challenge"
        )
        super().__init__(
            f"booking {ahead!r} holds {period} at rank {rank}, ahead of this",
            position=position,
            advice=advice,
        )
        self.booking, self.ahead, self.rank, self.period = booking, ahead, rank, period


class HeldByAnother(Refused):
    """A confirmed booking would move onto days that somebody else holds."""

    rule = "hold-ladder"

    def __init__(self, booking: str, *, holder: str, period: Period, position: int) -> None:
        super().__init__(
            f"booking {holder!r} holds {period}: {booking!r} cannot pass it by moving",
            position=position,
            advice="Hold the further days too and challenge: booking hold, booking challenge",
        )
        self.booking, self.holder, self.period = booking, holder, period


class AnswerPending(Refused):
    """A challenged holder still has time to answer."""

    rule = "answer-by"

    def __init__(
        self, booking: str, *, ahead: str, answer_by: datetime, zone: str, position: int
    ) -> None:
        super().__init__(
            f"booking {ahead!r} was challenged by {booking!r} and may answer "
            f"until {clock_text(answer_by, zone)}",
            position=position,
            advice="Confirm after that, or ask its holder to release it",
        )
        self.booking, self.ahead, self.answer_by = booking, ahead, answer_by


class AlreadyChallenged(Refused):
    """This hold has challenged that one already."""

    rule = "one-challenge"

    def __init__(
        self, booking: str, *, ahead: str, answer_by: datetime, zone: str, position: int
    ) -> None:
        super().__init__(
            f"booking {booking!r} has challenged {ahead!r} already; the answer is due "
            f"{clock_text(answer_by, zone)}",
            position=position,
            advice=f"Once that has passed: booking confirm {booking}",
        )
        self.booking, self.ahead, self.answer_by = booking, ahead, answer_by


class NotAhead(Refused):
    """A challenge of a hold that does not stand before the challenger's."""

    rule = "challenge-ahead"

    def __init__(self, booking: str, *, other: str, period: Period, position: int) -> None:
        super().__init__(
            f"booking {other!r} on {period} is not ahead of {booking!r}",
            position=position,
            advice="Only an overlapping hold of a better rank can be challenged: view bookings",
        )
        self.booking, self.other, self.period = booking, other, period


class NothingAhead(Refused):
    """A challenge where no hold stands before the challenger's."""

    rule = "challenge-ahead"

    def __init__(self, booking: str, *, position: int) -> None:
        super().__init__(
            f"no hold is ahead of booking {booking!r}",
            position=position,
            advice=f"Confirm it with: booking confirm {booking}",
        )
        self.booking = booking


# --- the days of a booking -----------------------------------------------------------


class OutsideBooking(Refused):
    """A day on which the booking does not have the space."""

    rule = "booking-days"

    def __init__(self, booking: str, *, day: date, period: Period, position: int) -> None:
        super().__init__(
            f"{day} is no day of booking {booking!r}, which has {period}",
            position=position,
            advice=f"Give one of its days, or move its end: booking move {booking}",
        )
        self.booking, self.day, self.period = booking, day, period


class BeforeStart(Refused):
    """A day before the production moved in."""

    rule = "booking-days"

    def __init__(self, booking: str, *, day: date, started_on: date, position: int) -> None:
        super().__init__(
            f"{day} is before booking {booking!r} started on {started_on}",
            position=position,
            advice="Give a day from its start on",
        )
        self.booking, self.day, self.started_on = booking, day, started_on


class StaysWhereItStarted(Refused):
    """A started booking can change its end, and neither its space nor its start."""

    rule = "started-stays"

    def __init__(self, booking: str, *, position: int) -> None:
        super().__init__(
            f"booking {booking!r} has started: only its end can move",
            position=position,
            advice=f"Wrap it with: booking wrap {booking} --on DAY, and book the other days anew",
        )
        self.booking = booking


class DayWasReported(Refused):
    """A shoot day was reported that the booking would no longer have."""

    rule = "reported-days"

    def __init__(self, booking: str, *, day: date, position: int) -> None:
        super().__init__(
            f"booking {booking!r} has a shoot day reported on {day}",
            position=position,
            advice="Give a later end",
        )
        self.booking, self.day = booking, day


class ShotAlready(Refused):
    """A booking that shot is over when it wraps; its days were used and cannot be called off."""

    rule = "reported-days"

    def __init__(self, booking: str, *, day: date, position: int) -> None:
        super().__init__(
            f"booking {booking!r} has a shoot day reported on {day}, it cannot be called off",
            position=position,
            advice=f"Wrap it, which gives its later days back: booking wrap {booking} --on DAY",
        )
        self.booking, self.day = booking, day


class AlreadyReported(Refused):
    """A day has a report; a further one must say which it corrects."""

    rule = "one-report"

    def __init__(self, booking: str, *, day: date, position: int) -> None:
        advice = (
            "Report each day once"
            if isinstance(position, Pending)
            else f"To replace that report, correct it with: --corrects {position}"
        )
        super().__init__(
            f"{day} of booking {booking!r} is reported", position=position, advice=advice
        )
        self.booking, self.day = booking, day


class NothingToCorrect(Refused):
    """The report to be corrected is none of that booking and day."""

    rule = "one-report"

    def __init__(self, booking: str, *, day: date, position: int) -> None:
        super().__init__(
            f"that is no report of {day} of booking {booking!r}",
            position=position,
            advice="Leave out --corrects: the day has no report yet",
        )
        self.booking, self.day = booking, day
