"""Why a command about a project is refused: one class each, with what stands in the way."""

from collections.abc import Collection
from datetime import date

from ledger.errors import Declared, Pending, Refused, RefusedBy, did_you_mean


class BeforeItOpened(RefusedBy):
    """A project is said to have closed before it opened."""

    rule = "dates-in-order"
    project: str
    on: date
    opened_on: date
    message = "project {project!r} opened on {opened_on}, it cannot close on {on}"
    advice = "Give {opened_on} or a later day"


class ProjectHasBookings(RefusedBy):
    """A project is not closed while something is held or confirmed for it."""

    rule = "bookings-ended"
    project: str
    booking: str
    state: str
    more: int
    message = "project {project!r} still has booking {booking!r}, which is {state}{others}"
    advice = "Release, cancel or wrap what is left: view bookings"

    @property
    def others(self) -> str:
        return f", and {self.more} more" if self.more else ""


class AlreadyReached(RefusedBy):
    """A milestone is reached once; another day for it corrects the first."""

    rule = "reached-once"
    milestone: str
    on: date
    message = "milestone {milestone!r} was reached on {on} already"
    advice = "{instead}"

    @property
    def instead(self) -> str:
        if isinstance(self.position, Pending):
            return "Give one day for it"
        return f"For another day add --corrects {self.position}; to take it back: project withdraw"


class ReachedElsewhere(RefusedBy):
    """The position that a correction names is not where the milestone was reached."""

    rule = "reached-once"
    milestone: str
    named: int
    message = "milestone {milestone!r} was not reached at #{named}"
    advice = "{instead}"

    @property
    def instead(self) -> str:
        if self.position is None or isinstance(self.position, Pending):
            return "Leave out --corrects"
        return f"Use --corrects {self.position}"


class NotPlanned(Declared, Refused):
    """A milestone is neither planned nor reached, so there is nothing to withdraw."""

    rule = "planned-milestone"
    project: str
    milestone: str
    known: Collection[str]
    message = "project {project!r} has no milestone {milestone!r}"
    advice = "{instead}"

    @property
    def instead(self) -> str:
        return did_you_mean(self.milestone, self.known) or "See them with: view milestones"
