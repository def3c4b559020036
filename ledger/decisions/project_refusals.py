"""The refusals of commands about a project, with what stands in the way."""

from collections.abc import Collection
from datetime import date

from ledger.errors import Declared, Pending, Refused, RefusedBy, did_you_mean


class BeforeItOpened(RefusedBy):
    """A project cannot close before it opened."""

    rule = "dates-in-order"
    project: str
    on: date
    opened_on: date
    message = "project {project!r} opened on {opened_on}, so it cannot close on {on}"
    advice = "Give {opened_on} or a later day"


class ProjectHasBookings(RefusedBy):
    """A project cannot close while it has holds or confirmed bookings."""

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
    message = "milestone {milestone!r} was already reached on {on}"
    advice = "{instead}"

    @property
    def instead(self) -> str:
        if isinstance(self.position, Pending):
            return "Give only one day for it"
        return f"To change the day, add --corrects {self.position}; to undo it: project withdraw"


class ReachedElsewhere(RefusedBy):
    """A correction names an event that does not record the reaching of this milestone."""

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


class NotClosed(RefusedBy):
    """The project is open: there is nothing to reopen."""

    rule = "project-open"
    project: str
    message = "project {project!r} is open"
    advice = "See it with: blame project:{project}"
