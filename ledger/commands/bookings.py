"""`booking`: the hold ladder, the firm booking, and the days that it shot."""

from typing import Any

import click

from ledger.commands.options import DAY, MOMENT, PAGES, PLAN, period
from ledger.commands.tree import Tree
from ledger.commands.writing import records
from ledger.decisions.booking_moves import MoveBooking
from ledger.decisions.bookings import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.shoot_days import CancelBooking, ReportShootDay, StartBooking, WrapBooking


@click.group(cls=Tree)
def booking() -> None:
    """Holds, bookings and shoot days."""


@booking.command("hold")
@click.argument("space")
@click.argument("project")
@period(required=True)
@click.option("--booking", metavar="ID", help="An id of your own for it; one is made else.")
@click.option("--units", type=int, default=1, show_default=True, help="Units of a shared space.")
@click.option(
    "--plan",
    type=PLAN,
    multiple=True,
    help="What days are for: prep, pre-light, shoot, strike, dark, hold; repeat it.",
)
@click.option("--expires-at", type=MOMENT, help="When the hold ends by itself.")
@click.option("--confirm", is_flag=True, help="Confirm it in the same breath, or do neither.")
@records
def hold(**given: Any) -> PlaceHold:
    """Hold a space for a project, behind those who hold the same days.

    \b
    studio-ledger booking hold stage-1 resurrection --days 2025-07-01..2025-07-14 \\
        --plan 2025-07-01..2025-07-02=prep
    """
    return PlaceHold(**given)


@booking.command("challenge")
@click.argument("booking")
@click.option(
    "--against", metavar="BOOKING", multiple=True, help="Only this holder; repeat it for more."
)
@records
def challenge(against: tuple[str, ...], **given: Any) -> ChallengeHolds:
    """Ask the holders before a hold to confirm or to release."""
    return ChallengeHolds(against=against or None, **given)


@booking.command("release")
@click.argument("booking")
@records
def release(**given: Any) -> ReleaseHold:
    """Let a hold go; those behind it move up."""
    return ReleaseHold(**given)


@booking.command("confirm")
@click.argument("bookings", nargs=-1, required=True)
@records
def confirm(**given: Any) -> ConfirmBookings:
    """Make a hold firm; several at once are all confirmed, or none."""
    return ConfirmBookings(**given)


@booking.command("move")
@click.argument("booking")
@period(required=False)
@click.option("--space", help="The space that it moves to.")
@click.option("--plan", type=PLAN, multiple=True, help="What its days are for now; repeat it.")
@records
def move(plan: tuple[Any, ...], **given: Any) -> MoveBooking:
    """Move a booking in time, to another space, or both."""
    return MoveBooking(plan=plan or None, **given)


@booking.command("start")
@click.argument("booking")
@click.option("--on", required=True, type=DAY, help="The day that they moved in.")
@records
def start(**given: Any) -> StartBooking:
    """The production moved in."""
    return StartBooking(**given)


@booking.command("report")
@click.argument("booking")
@click.option("--day", required=True, type=DAY, help="The shooting day.")
@click.option("--setups-planned", type=int, help="Setups that were planned.")
@click.option("--setups-shot", type=int, help="Setups that were shot.")
@click.option(
    "--pages-planned",
    "pages_planned_eighths",
    type=PAGES,
    help="Script pages planned, such as '2 3/8'.",
)
@click.option("--pages-shot", "pages_shot_eighths", type=PAGES, help="Script pages shot.")
@click.option("--shooting-hours", type=float, metavar="H", help="Hours of shooting.")
@click.option(
    "--corrects", type=int, metavar="POSITION", help="The day's report that this one replaces."
)
@records
def report(**given: Any) -> ReportShootDay:
    """What a shooting day was meant to do, and did. Give one figure at least.

    A figure that is not given is 0; in a correction (--corrects) it stays as it was.
    """
    return ReportShootDay(**{name: value for name, value in given.items() if value is not None})


@booking.command("wrap")
@click.argument("booking")
@click.option("--on", required=True, type=DAY, help="The last day that was used.")
@records
def wrap(**given: Any) -> WrapBooking:
    """The production moved out; later days of the booking are free again."""
    return WrapBooking(**given)


@booking.command("cancel")
@click.argument("booking")
@records
def cancel(**given: Any) -> CancelBooking:
    """A firm booking is off; its days are free again."""
    return CancelBooking(**given)
