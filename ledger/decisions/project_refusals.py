"""Why a command about a project is refused: one class each, with what stands in the way."""

from collections.abc import Iterable
from datetime import date

from ledger.errors import Pending, Refused, near


class BeforeItOpened(Refused):
    """A project is said to have closed before it opened."""

    rule = "dates-in-order"

    def __init__(self, project: str, on: date, *, opened_on: date, position: int) -> None:
        super().__init__(
            f"project {project!r} opened on {opened_on}, it cannot close on {on}",
            position=position,
            advice=f"Give {opened_on} or a later day",
        )
        self.project, self.on, self.opened_on = project, on, opened_on


class ProjectHasBookings(Refused):
    """A project is not closed while something is held or confirmed for it."""

    rule = "bookings-ended"

    def __init__(self, project: str, *, booking: str, state: str, more: int, position: int) -> None:
        others = f", and {more} more" if more else ""
        super().__init__(
            f"project {project!r} still has booking {booking!r}, which is {state}{others}",
            position=position,
            advice="Release, cancel or wrap what is left: view bookings",
        )
        self.project, self.booking, self.state, self.more = project, booking, state, more


class AlreadyReached(Refused):
    """A milestone is reached once; another day for it corrects the first."""

    rule = "reached-once"

    def __init__(self, milestone: str, on: date, *, position: int) -> None:
        advice = (
            "Give one day for it"
            if isinstance(position, Pending)
            else f"For another day add --corrects {position}; to take it back: project withdraw"
        )
        super().__init__(
            f"milestone {milestone!r} was reached on {on} already",
            position=position,
            advice=advice,
        )
        self.milestone, self.on = milestone, on


class ReachedElsewhere(Refused):
    """The position that a correction names is not where the milestone was reached."""

    rule = "reached-once"

    def __init__(self, milestone: str, *, named: int, position: int | None) -> None:
        recorded = position is not None and not isinstance(position, Pending)
        advice = f"Use --corrects {position}" if recorded else "Leave out --corrects"
        super().__init__(
            f"milestone {milestone!r} was not reached at #{named}",
            position=position,
            advice=advice,
        )
        self.milestone, self.named = milestone, named


class NotPlanned(Refused):
    """A milestone is neither planned nor reached, so there is nothing to withdraw."""

    rule = "planned-milestone"

    def __init__(self, project: str, milestone: str, *, known: Iterable[str]) -> None:
        meant = near(milestone, known)
        hint = "See them with: view milestones"
        advice = f"Did you mean {' or '.join(meant)}?" if meant else hint
        super().__init__(f"project {project!r} has no milestone {milestone!r}", advice=advice)
        self.project, self.milestone = project, milestone
