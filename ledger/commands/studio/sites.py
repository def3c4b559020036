"""`site` and `space`: campuses, and what can be booked on them."""

from typing import Any

import click
from msgspec import UNSET

from ledger.commands.options import DAY, DAY_TO_COME, Written, as_written, choice, period
from ledger.commands.studio.nouns import NounTree
from ledger.commands.studio.writing import records
from ledger.decisions.site_corrections import ChangeSite, RecloseSpace
from ledger.decisions.sites import AddSite
from ledger.decisions.spaces import AddSpace, ChangeSpace, CloseSpace, ReopenSpace, RetireSpace
from ledger.errors import BadInput
from ledger.events.sites import ClosureKind


def _number_or_none(text: str) -> int | None:
    if text == "none":
        return None
    try:
        return int(text)
    except ValueError:
        raise BadInput(
            f"{text!r} is not a whole number", advice="Write one, or none to clear it"
        ) from None


def _area_or_none(text: str) -> float | None:
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise BadInput(
            f"{text!r} is not a number", advice="Write the area in m², or none to clear it"
        ) from None


AREA_OR_NONE = Written("M2|none", _area_or_none)
NUMBER_OR_NONE = Written("NUMBER|none", _number_or_none)
TEXT_OR_NONE = Written("TEXT|none", lambda text: None if text == "none" else text)


@click.group(cls=NounTree, listed_by="sites")
def site() -> None:
    """Campuses."""


@site.command("add")
@click.argument("site")
@click.option("--name", required=True, help="Its name, in any script.")
@click.option("--zone", required=True, metavar="ZONE", help="Its time zone, such as Asia/Shanghai.")
@click.option(
    "--answer-within-hours",
    type=int,
    default=24,
    show_default=True,
    metavar="HOURS",
    help="Hours to answer a challenge.",
)
@click.option(
    "--day-ends",
    default="04:00",
    show_default=True,
    metavar="HH:MM",
    help="When its working day ends: a night shoot counts for the day before.",
)
@click.option("--local-name", help="Its name in the local script.")
@click.option("--place", help="Where it is.")
@click.option("--operator", help="Who runs it.")
@records
def add_site(**given: Any) -> AddSite:
    """Register a campus."""
    return AddSite(**given)


@site.command("change")
@click.argument("site")
@click.option("--name", help="Its right name.")
@click.option("--zone", metavar="ZONE", help="Its right time zone.")
@click.option(
    "--answer-within-hours", type=int, metavar="HOURS", help="Hours to answer a challenge."
)
@click.option("--day-ends", metavar="HH:MM", help="When its working day ends.")
@click.option("--local-name", help="Its name in the local script.")
@click.option("--place", help="Where it is.")
@click.option("--operator", help="Who runs it.")
@records
def change_site(**given: Any) -> ChangeSite:
    """Put a campus right; give only what differs. It needs a --reason.

    Its spaces get the zone, too. Bookings and closures keep their recorded times.
    """
    return ChangeSite(**given)


@click.group(cls=NounTree, listed_by="spaces")
def space() -> None:
    """Stages, halls and other spaces that can be booked."""


@space.command("add")
@click.argument("space")
@click.option("--site", required=True, help="Its campus.")
@click.option("--name", required=True, help="Its name, in any script.")
@click.option("--kind", required=True, help="stage, office, parking, …, or a word of your own.")
@as_written("kind")
@click.option("--area-m2", type=float, metavar="M2", help="Floor area, if it has one.")
@click.option("--in-service-on", required=True, type=DAY, help="The first day in service.")
@click.option(
    "--capacity",
    type=int,
    metavar="UNITS",
    help="Total units that bookings can share; exclusive without it.",
)
@click.option(
    "--answer-within-hours",
    type=int,
    metavar="HOURS",
    help="Hours to answer a challenge.  [default: those of its site]",
)
@click.option("--phase", help="Its phase of the campus.")
@click.option(
    "--turnaround",
    "turnaround_hours",
    type=int,
    metavar="HOURS",
    help="Hours that it needs between two productions.",
)
@click.option("--part-of", metavar="SPACE", help="The space that it is a part of, such as a half.")
@records
def add_space(**given: Any) -> AddSpace:
    """Commission a space.

    \b
    studio-ledger space add stage-1 --site main --name "Stage 1" --kind stage \\
        --area-m2 3200 --in-service-on 2023-05-01
    """
    return AddSpace(**given)


@space.command("close")
@click.argument("space")
@period(required=True)
@click.option("--kind", required=True, type=choice(ClosureKind), help="Why it is closed.")
@click.option("--closure", metavar="ID", help="Id of the closure.  [default: generated]")
@click.option("--despite-bookings", is_flag=True, help="Close even if booked; bookings stand.")
@records
def close(**given: Any) -> CloseSpace:
    """Close a space for a period.

    \b
    studio-ledger space close stage-1 --days 2025-07-01..2025-07-03 --kind maintenance
    """
    return CloseSpace(**given)


@space.command("reclose")
@click.argument("closure")
@period(required=False)
@click.option("--kind", type=choice(ClosureKind), help="Why it is closed.")
@click.option("--despite-bookings", is_flag=True, help="Close even if booked; bookings stand.")
@records
def reclose(**given: Any) -> RecloseSpace:
    """Close for other days than a closure has: longer, shorter, moved. It needs a --reason.

    \b
    studio-ledger space reclose c-1 --days 2025-07-01..2025-07-05 --reason "the paint is wet"
    """
    return RecloseSpace(**given)


@space.command("reopen")
@click.argument("closure")
@click.option(
    "--on", type=DAY_TO_COME, help="The first day open again; without it, all of it is open."
)
@records
def reopen(**given: Any) -> ReopenSpace:
    """End a closure early, or call it off."""
    return ReopenSpace(**given)


@space.command("change")
@click.argument("space")
@click.option(
    "--on", type=DAY, default="today", show_default=True, help="The first day of the change."
)
@click.option("--name", help="Its name.")
@click.option("--kind", help="Kind of space.")
@as_written("kind")
@click.option("--area-m2", type=AREA_OR_NONE, default=UNSET, help="Floor area; none clears it.")
@click.option(
    "--capacity", type=NUMBER_OR_NONE, default=UNSET, help="Units; none makes it exclusive."
)
@click.option(
    "--answer-within-hours",
    type=NUMBER_OR_NONE,
    default=UNSET,
    help="Hours to answer a challenge; none uses those of the site.",
)
@click.option("--phase", type=TEXT_OR_NONE, default=UNSET, help="Its phase; none clears it.")
@click.option(
    "--turnaround",
    "turnaround_hours",
    type=NUMBER_OR_NONE,
    default=UNSET,
    help="Hours that it needs between two productions; none for no such time.",
)
@records
def change(**given: Any) -> ChangeSpace:
    """Change a space from a day on; give only what differs."""
    return ChangeSpace(**given)


@space.command("retire")
@click.argument("space")
@click.option(
    "--on", type=DAY_TO_COME, default="today", show_default=True, help="First day out of service."
)
@records
def retire(**given: Any) -> RetireSpace:
    """Take a space out of service for good."""
    return RetireSpace(**given)
