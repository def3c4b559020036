"""`project`: productions, from opened to closed, and their milestones."""

from typing import Any

import click

from ledger.commands.options import DAY, choice
from ledger.commands.studio.writing import records
from ledger.commands.tree import Tree
from ledger.decisions.projects import (
    CloseProject,
    OpenProject,
    PlanMilestone,
    ReachMilestone,
    WithdrawMilestone,
)
from ledger.events.projects import Outcome, ProjectKind


@click.group(cls=Tree)
def project() -> None:
    """Productions and their milestones."""


@project.command("open")
@click.argument("project")
@click.option("--title", required=True, help="Its title, in any script.")
@click.option("--kind", required=True, type=choice(ProjectKind), help="Kind of project.")
@click.option("--on", required=True, type=DAY, help="The day it is opened.")
@records
def open_project(**given: Any) -> OpenProject:
    """Open a project.

    \b
    studio-ledger project open resurrection --title "狂野时代 Resurrection" \\
        --kind feature --on 2024-01-15
    """
    return OpenProject(**given)


@project.command("plan")
@click.argument("project")
@click.argument("milestone")
@click.option("--on", required=True, type=DAY, help="The planned day.")
@records
def plan(**given: Any) -> PlanMilestone:
    """Plan a milestone for a day; planning it again moves it.

    Common ones: greenlight, prep, principal-photography, picture-wrap, picture-lock,
    delivery, release, award. A closed project can have them, too: a film is released, and
    wins awards, long after the studio's work for it ended.
    """
    return PlanMilestone(**given)


@project.command("reach")
@click.argument("project")
@click.argument("milestone")
@click.option("--on", required=True, type=DAY, help="The day it was reached.")
@click.option("--corrects", type=int, metavar="POSITION", help="The event with the wrong day.")
@records
def reach(**given: Any) -> ReachMilestone:
    """Record that a milestone was reached, planned or not."""
    return ReachMilestone(**given)


@project.command("withdraw")
@click.argument("project")
@click.argument("milestone")
@records
def withdraw(**given: Any) -> WithdrawMilestone:
    """Withdraw a milestone that is off, or was not reached after all."""
    return WithdrawMilestone(**given)


@project.command("close")
@click.argument("project")
@click.option("--on", required=True, type=DAY, help="The day it is closed.")
@click.option("--outcome", required=True, type=choice(Outcome), help="How it ended.")
@records
def close(**given: Any) -> CloseProject:
    """Close a project: the studio's work for it has ended."""
    return CloseProject(**given)
