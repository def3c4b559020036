"""`booking`: the hold ladder, firm bookings, and shoot days."""

from typing import Any

import click

from ledger.commands.options import DAY, MOMENT, PAGES, PLAN, period
from ledger.commands.studio.writing import records
from ledger.commands.tree import Tree
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)


@click.group(cls=Tree)
def booking() -> None:
    """Holds, bookings and shoot days."""


@booking.command("hold")
@click.argument("space")
@click.argument("project")
@period(required=True)
@click.option("--booking", metavar="ID", help="Id of the booking.  [default: generated]")
@click.option("--units", type=int, default=1, show_default=True, help="Units of a shared space.")
@click.option(
    "--plan",
    type=PLAN,
    multiple=True,
    help="Purpose of days: prep, pre-light, shoot, strike, dark or hold; repeatable.",
)
@click.option("--expires-at", type=MOMENT, help="When the hold expires.")
@click.option("--confirm", is_flag=True, help="Also confirm it; if that is refused, hold nothing.")
@records
def hold(**given: Any) -> PlaceHold:
    """Hold a space for a project, ranked behind earlier holds on the same days.

    \b
    studio-ledger booking hold stage-1 resurrection --days 2025-07-01..2025-07-14 \\
        --plan 2025-07-01..2025-07-02=prep
    """
    return PlaceHold(**given)


@booking.command("challenge")
@click.argument("booking")
@click.option("--against", metavar="BOOKING", multiple=True, help="Only this holder; repeatable.")
@records
def challenge(against: tuple[str, ...], **given: Any) -> ChallengeHolds:
    """Ask the holders ranked before a hold to confirm or release."""
    return ChallengeHolds(against=against or None, **given)


@booking.command("release")
@click.argument("booking")
@records
def release(**given: Any) -> ReleaseHold:
    """Release a hold; those behind it move up."""
    return ReleaseHold(**given)


@booking.command("confirm")
@click.argument("bookings", nargs=-1, required=True)
@records
def confirm(**given: Any) -> ConfirmBookings:
    """Confirm holds: all of those given, or none."""
    return ConfirmBookings(**given)


@booking.command("move")
@click.argument("booking")
@period(required=False)
@click.option("--space", help="Move it to this space.")
@click.option("--plan", type=PLAN, multiple=True, help="New purpose of its days; repeatable.")
@records
def move(plan: tuple[Any, ...], **given: Any) -> MoveBooking:
    """Move a booking to other days, to another space, or both."""
    return MoveBooking(plan=plan or None, **given)


@booking.command("start")
@click.argument("booking")
@click.option("--on", required=True, type=DAY, help="The day they moved in.")
@records
def start(**given: Any) -> StartBooking:
    """Record that the production moved in."""
    return StartBooking(**given)


@booking.command("report")
@click.argument("booking")
@click.option("--day", required=True, type=DAY, help="The shoot day.")
@click.option("--setups-planned", type=int, help="Setups planned.")
@click.option("--setups-shot", type=int, help="Setups shot.")
@click.option(
    "--pages-planned",
    "pages_planned_eighths",
    type=PAGES,
    help="Script pages planned, such as '2 3/8'.",
)
@click.option("--pages-shot", "pages_shot_eighths", type=PAGES, help="Script pages shot.")
@click.option("--shooting-hours", type=float, metavar="H", help="Hours of shooting.")
@click.option("--corrects", type=int, metavar="POSITION", help="The report that this one replaces.")
@records
def report(**given: Any) -> ReportShootDay:
    """Report what was planned and shot on a day. Give at least one figure.

    A figure that is left out is 0; in a correction (--corrects) it keeps its value.
    """
    return ReportShootDay(**{name: value for name, value in given.items() if value is not None})


@booking.command("wrap")
@click.argument("booking")
@click.option("--on", required=True, type=DAY, help="The last day used.")
@records
def wrap(**given: Any) -> WrapBooking:
    """Record that the production moved out, and free the booking's later days."""
    return WrapBooking(**given)


@booking.command("cancel")
@click.argument("booking")
@records
def cancel(**given: Any) -> CancelBooking:
    """Cancel a firm booking and free its days."""
    return CancelBooking(**given)
