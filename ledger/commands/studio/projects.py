"""`project`: productions, from opened to closed, and their milestones."""

from typing import Any

import click

from ledger.commands.options import DAY_TO_COME, PAST_DAY, TODAY, as_written, choice
from ledger.commands.studio.nouns import NounTree
from ledger.commands.studio.writing import records
from ledger.decisions.project_corrections import ChangeProject, ReopenProject
from ledger.decisions.projects import (
    CloseProject,
    OpenProject,
    PlanMilestone,
    ReachMilestone,
    WithdrawMilestone,
)
from ledger.events.projects import Outcome, ProjectKind


@click.group(cls=NounTree, listed_by="projects")
def project() -> None:
    """Productions and their milestones."""


@project.command("open")
@click.argument("project")
@click.option("--title", required=True, help="Its title, in any script.")
@click.option("--kind", required=True, type=choice(ProjectKind), help="Kind of project.")
@click.option("--on", **TODAY, help="The day it is opened.")
@records
def open_project(**given: Any) -> OpenProject:
    """Open a project.

    \b
    studio-ledger project open resurrection --title "狂野时代 Resurrection" \\
        --kind feature --on 2024-01-15
    """
    return OpenProject(**given)


@project.command("change")
@click.argument("project")
@click.option("--title", help="The right title.")
@click.option("--kind", type=choice(ProjectKind), help="The right kind.")
@click.option("--opened-on", type=PAST_DAY, help="The right day that it was opened.")
@records
def change(**given: Any) -> ChangeProject:
    """Put a project's title, kind or opening day right. It needs a --reason.

    \b
    studio-ledger project change night --title Night --reason "a slip of the keyboard"
    """
    return ChangeProject(**given)


@project.command("plan")
@click.argument("project")
@click.argument("milestone")
@click.option("--on", required=True, type=DAY_TO_COME, help="The planned day.")
@as_written("milestone")
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
@click.option("--on", **TODAY, help="The day it was reached.")
@click.option("--corrects", type=int, metavar="POSITION", help="The event with the wrong day.")
@as_written("milestone")
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
@click.option("--on", **TODAY, help="The day it is closed.")
@click.option("--outcome", required=True, type=choice(Outcome), help="How it ended.")
@records
def close(**given: Any) -> CloseProject:
    """Close a project: the studio's work for it has ended."""
    return CloseProject(**given)


@project.command("reopen")
@click.argument("project")
@records
def reopen(**given: Any) -> ReopenProject:
    """Open a closed project again. It needs a --reason."""
    return ReopenProject(**given)
