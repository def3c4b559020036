"""The refusals of booking commands, with the event that stands in the way.

`rule` is what a script matches on; the message is for a person at the stage door.
"""

from datetime import date, datetime, timedelta

from ledger.errors import Pending, RefusedBy
from ledger.time.periods import Period, clock_text

# --- the booking's own state ---------------------------------------------------------

_NEXT = {
    "held": "Confirm it with: booking confirm {0}, or let it go with: booking release {0}",
    "confirmed": "Start it with: booking start {0} --on DAY, or call it off with: "
    "booking cancel {0}",
    "started": "Wrap it with: booking wrap {0} --on DAY",
    "wrapped": "It is over; for further days place a hold: booking hold",
    "passed": "If its days were used: booking confirm {0}, then give back the others: "
    "booking give-back {0}",
    "merged": "See what it is part of: show booking:{0}",
    "released": "Place a new hold: booking hold",
    "expired": "Place a new hold: booking hold",
    "cancelled": "Book again: booking hold",
}


class WrongState(RefusedBy):
    """The booking's state does not allow the command."""

    rule = "booking-state"
    booking: str
    state: str
    needed: str
    message = "booking {booking!r} is {state}, not {needed}"
    advice = "{next_step}"

    @property
    def next_step(self) -> str:
        return _NEXT[self.state].format(self.booking)


class FollowsByItself(RefusedBy):
    """A hold's rank follows from those ahead of it: it has no entry to correct."""

    rule = "follows"
    booking: str
    message = "the rank of {booking!r} follows from the holds ahead of it"
    advice = "Correct what changed those: show booking:{booking}"


class SaysOtherwise(RefusedBy):
    """An entry would be for another project than the booking has by then."""

    rule = "follows"
    booking: str
    its: str
    project: str
    message = "booking {booking!r} is for project {project!r} by then, and this entry says {its!r}"
    advice = "Undo the correction of the project itself: the others follow. See: show {booking}"


class MovesInstead(RefusedBy):
    """Other days of a hold are another place in another queue: it moves there."""

    rule = "moves-instead"
    booking: str
    message = "booking {booking!r} is a hold: other days or another space change its rank"
    advice = "Move it with: booking move {booking}"


# --- the space -----------------------------------------------------------------------


class SpaceTaken(RefusedBy):
    """Another booking of an exclusive space is confirmed for that time."""

    rule = "no-overlap"
    space: str
    booking: str
    period: Period
    message = "space {space!r} is confirmed for booking {booking!r} on {period}"
    advice = "Choose other days or another space, or hold these days behind it"


class FloorTaken(RefusedBy):
    """A space that shares floor with this one is confirmed for that time."""

    rule = "shared-floor"
    space: str
    other: str
    is_part: bool
    booking: str
    period: Period
    message = (
        "space {space!r} {shares}, and {other!r} is confirmed for booking {booking!r} on {period}"
    )
    advice = "Choose other days or another space, or hold these days behind it"

    @property
    def shares(self) -> str:
        return f"has the part {self.other!r}" if self.is_part else f"is a part of {self.other!r}"


class TurnaroundNeeded(RefusedBy):
    """A space needs time between two productions, and the next one is too close."""

    rule = "turnaround"
    space: str
    needed: timedelta
    is_before: bool
    booking: str
    period: Period
    message = (
        "space {space!r} needs {hours} between two productions, and booking {booking!r} {side} "
        "on {period}"
    )
    advice = "Leave the turnaround free, or choose another space"

    @property
    def hours(self) -> str:
        hours = self.needed // timedelta(hours=1)
        return "1 hour" if hours == 1 else f"{hours} hours"

    @property
    def side(self) -> str:
        return "has it before" if self.is_before else "has it after"


class SpaceFull(RefusedBy):
    """The confirmed bookings of a shared space leave too few units at some point."""

    rule = "capacity"
    space: str
    units: int
    taken: int
    capacity: int
    at: datetime
    booking: str
    period: Period
    message = (
        "space {space!r} has {free} of {capacity} units free at {local_time}, not {units}; "
        "the last to confirm was booking {booking!r} on {period}"
    )
    advice = "Take fewer units, other days or another space"

    @property
    def free(self) -> int:
        return self.capacity - self.taken

    @property
    def local_time(self) -> str:
        return clock_text(self.at, self.period.zone)


class TooManyUnits(RefusedBy):
    """More units than the space has, even when it is empty."""

    rule = "capacity"
    space: str
    units: int
    capacity: int | None
    message = "{units} units do not fit space {space!r}, which {has}"
    advice = "Take fewer units or another space"

    @property
    def has(self) -> str:
        return "is exclusive: one unit" if self.capacity is None else f"has {self.capacity} units"


class ClosedDays(RefusedBy):
    """The space is closed for part of the time."""

    rule = "open-days"
    space: str
    closure: str
    kind: str
    period: Period
    message = "space {space!r} is closed on {period} ({kind}, closure {closure!r})"
    advice = "Choose other days, or end the closure with: space reopen {closure}"


# --- the hold ladder -----------------------------------------------------------------


class BehindHold(RefusedBy):
    """A better-ranked hold comes first and has not been challenged yet."""

    rule = "hold-ladder"
    booking: str | None
    ahead: str
    rank: int
    period: Period
    message = "booking {ahead!r} holds {period} at rank {rank}, ahead of this"
    advice = "{instead}"

    @property
    def instead(self) -> str:
        if self.booking is None:
            return "Place a hold and challenge it: booking hold, then booking challenge"
        return f"Challenge it with: booking challenge {self.booking} --against {self.ahead}"


class HeldByAnother(RefusedBy):
    """A confirmed booking would move onto days that another booking holds."""

    rule = "hold-ladder"
    booking: str
    holder: str
    period: Period
    message = "booking {holder!r} holds {period}: {booking!r} cannot pass it by moving"
    advice = "{instead}"

    @property
    def instead(self) -> str:
        return (
            f"Ask its holder to release it, or hold the further days too and challenge: "
            f"booking hold, then booking challenge --against {self.holder}"
        )


class NoSuchRank(RefusedBy):
    """No hold of the rank before it overlaps the one to rank."""

    rule = "hold-ladder"
    booking: str
    rank: int
    places: tuple[int, ...]
    message = "booking {booking!r} cannot have rank {rank}: the ranks on its days are {listed}"
    advice = "Give one of these; view holds shows who is there"

    @property
    def listed(self) -> str:
        return ", ".join(str(place) for place in self.places)


class AnswerPending(RefusedBy):
    """A challenged holder still has time to answer."""

    rule = "answer-by"
    booking: str
    ahead: str
    answer_by: datetime
    zone: str
    message = "booking {ahead!r} was challenged by {booking!r} and may answer until {local_time}"
    advice = "Confirm after that, or ask its holder to release it"

    @property
    def local_time(self) -> str:
        return clock_text(self.answer_by, self.zone)


class AlreadyChallenged(RefusedBy):
    """This hold has already challenged that one."""

    rule = "one-challenge"
    booking: str
    ahead: str
    answer_by: datetime
    zone: str
    message = "booking {booking!r} has already challenged {ahead!r}; the answer is due {local_time}"
    advice = "Once that has passed: booking confirm {booking}"

    @property
    def local_time(self) -> str:
        return clock_text(self.answer_by, self.zone)


class NotAhead(RefusedBy):
    """The challenged hold is not ahead of the challenger's."""

    rule = "challenge-ahead"
    booking: str
    other: str
    period: Period
    message = "booking {other!r} on {period} is not ahead of {booking!r}"
    advice = "Only an overlapping hold of a better rank can be challenged: view holds"


class NothingAhead(RefusedBy):
    """The booking has no holds ahead of it to challenge."""

    rule = "challenge-ahead"
    booking: str
    message = "no hold is ahead of booking {booking!r}"
    advice = "Confirm it with: booking confirm {booking}"


# --- the terms and the parts of a booking --------------------------------------------


class StaysWithItsProject(RefusedBy):
    """A started booking belongs to the project that moved in."""

    rule = "started-stays"
    booking: str
    project: str
    message = "booking {booking!r} has started for project {project!r}"
    advice = "Wrap it, and book further days for the other project"


class NotItsTime(RefusedBy):
    """The days named are not all days of the booking."""

    rule = "booking-days"
    booking: str
    asked: Period
    period: Period
    message = "{asked} is not all in booking {booking!r}, which has {period}"
    advice = "Give only days that it has"


class GivesBackAll(RefusedBy):
    """A booking that gives back all its days is called off."""

    rule = "booking-days"
    booking: str
    is_held: bool
    message = "nothing of booking {booking!r} would be left"
    advice = "{instead}"

    @property
    def instead(self) -> str:
        if self.is_held:
            return f"Let it go with: booking release {self.booking}"
        return f"Call it off with: booking cancel {self.booking}"


class NotAlike(RefusedBy):
    """Two bookings cannot be one: they differ in space, project or units."""

    rule = "merge-alike"
    booking: str
    kept: str
    what: str
    its: str
    kepts: str
    message = "{booking!r} and {kept!r} cannot be one: their {what} is {its} and {kepts}"
    advice = "Merge only bookings with the same space, project and units"


class EquipmentIsOut(RefusedBy):
    """Equipment is out for a booking that would become a part of another."""

    rule = "merge-equipment"
    booking: str
    equipment: str
    more: int
    message = "{equipment!r}{others} is out for booking {booking!r}"
    advice = "Check it in first, or name that booking first, so that it keeps its id"

    @property
    def others(self) -> str:
        return f" (and {self.more} more)" if self.more else ""


# --- the days of a booking -----------------------------------------------------------


class OutsideBooking(RefusedBy):
    """The booking does not have the space on that day."""

    rule = "booking-days"
    booking: str
    day: date
    period: Period
    message = "{day} is outside booking {booking!r}, which has {period}"
    advice = "Give one of its days, or move its end: booking move {booking}"


class BeforeStart(RefusedBy):
    """The day is before the production moved in."""

    rule = "booking-days"
    booking: str
    day: date
    started_on: date
    message = "{day} is before booking {booking!r} started on {started_on}"
    advice = "Give {started_on} or a later day"


class StartsTooLate(RefusedBy):
    """By a correction a production would have moved in after a day that it used."""

    rule = "booking-days"
    booking: str
    started_on: date
    what: str
    day: date
    message = (
        "booking {booking!r} cannot have started on {started_on}: {what} is on record for {day}"
    )
    advice = "Let it start on that day or before, or put the other entry right first"


class StaysWhereItStarted(RefusedBy):
    """A started booking can change its end, but neither its space nor its start."""

    rule = "started-stays"
    booking: str
    message = "booking {booking!r} has started: only its end can move"
    advice = "Wrap it with: booking wrap {booking} --on DAY, and book the other days separately"


class DayWasReported(RefusedBy):
    """A reported shoot day would no longer be in the booking."""

    rule = "reported-days"
    booking: str
    day: date
    message = "booking {booking!r} has a shoot day reported on {day}"
    advice = "Give a later end"


class ShotAlready(RefusedBy):
    """A booking with a reported shoot day has used its days: it can wrap, but not be cancelled."""

    rule = "reported-days"
    booking: str
    day: date
    message = "booking {booking!r} has a shoot day reported on {day}, so it cannot be called off"
    advice = "Wrap it, which gives its later days back: booking wrap {booking} --on DAY"


class AlreadyReported(RefusedBy):
    """A day has one report; another must name it in order to correct it."""

    rule = "one-report"
    booking: str
    day: date
    message = "{day} of booking {booking!r} is already reported"
    advice = "{instead}"

    @property
    def instead(self) -> str:
        if isinstance(self.position, Pending):
            return "Report each day once"
        return f"To replace that report, correct it with: --corrects {self.position}"


class NothingToCorrect(RefusedBy):
    """The event to correct is not a report of that booking and day."""

    rule = "one-report"
    booking: str
    day: date
    message = "that is not a report of {day} of booking {booking!r}"
    advice = "Leave out --corrects: the day has no report yet"
