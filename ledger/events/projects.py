"""Projects and the milestones that they plan and reach."""

from datetime import date
from typing import Literal

from ledger.events.base import Event
from ledger.tags import tag

ProjectKind = Literal[
    "feature", "series", "short", "commercial", "music video", "festival", "expo", "other"
]
Outcome = Literal["completed", "cancelled"]

# A milestone is any id; `ledger.decisions.usual_names` has the usual ones.


class ProjectOpened(Event, frozen=True):
    """A production that the studio works for. `title` is in any script."""

    project: str
    title: str
    kind: ProjectKind
    on: date

    def tags(self) -> tuple[str, ...]:
        """The project."""
        return (tag("project", self.project),)

    def effective(self) -> date:
        """The day it was opened."""
        return self.on


class ProjectClosed(Event, frozen=True):
    """The studio's work for the project ended."""

    project: str
    on: date
    outcome: Outcome

    def tags(self) -> tuple[str, ...]:
        """The project."""
        return (tag("project", self.project),)

    def effective(self) -> date:
        """The day it was closed."""
        return self.on


class MilestonePlanned(Event, frozen=True):
    """A milestone is planned for a day. Planning it again moves it."""

    project: str
    milestone: str
    on: date

    def tags(self) -> tuple[str, ...]:
        """The project."""
        return (tag("project", self.project),)

    def effective(self) -> date:
        """The day planned."""
        return self.on


class MilestoneReached(Event, frozen=True):
    """A milestone was reached on a day."""

    project: str
    milestone: str
    on: date

    def tags(self) -> tuple[str, ...]:
        """The project."""
        return (tag("project", self.project),)

    def effective(self) -> date:
        """The day reached."""
        return self.on


class MilestoneWithdrawn(Event, frozen=True):
    """A planned milestone is off, or one said to be reached was not."""

    project: str
    milestone: str

    def tags(self) -> tuple[str, ...]:
        """The project."""
        return (tag("project", self.project),)
