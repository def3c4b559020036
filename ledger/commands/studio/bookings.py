"""`booking`: the hold ladder, firm bookings, and shoot days."""

from typing import Any

import click

from ledger.commands.options import DEADLINE, MOMENT, PAGES, PLAN, TODAY, period
from ledger.commands.studio.nouns import NounTree
from ledger.commands.studio.writing import records
from ledger.decisions.bookings.holds import ChallengeHolds, ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import (
    CancelBooking,
    ReportShootDay,
    StartBooking,
    WrapBooking,
)
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.bookings.terms import ChangeBooking, RankHold
from ledger.errors import BadInput


@click.group(cls=NounTree, listed_by="bookings")
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
@click.option(
    "--expires-at", type=DEADLINE, help="When the hold expires: a time, or a day for its end."
)
@click.option("--note", metavar="TEXT", help="A note for others.")
@click.option("--contact", metavar="TEXT", help="Whom to ask about it.")
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
@period(required=False)
@click.option("--let-go", is_flag=True, help="Release the days of the hold that are not confirmed.")
@records
def confirm(**given: Any) -> ConfirmBookings:
    """Confirm holds: all of those given, or none.

    With --days or --from and --to, confirm these days of one hold. The rest stays held, in its
    place, under a new id.
    """
    return ConfirmBookings(**given)


@booking.command("move")
@click.argument("booking")
@period(required=False, extends=True)
@click.option("--space", help="Move it to this space.")
@click.option(
    "--plan",
    type=PLAN,
    multiple=True,
    help="New purpose of these days; other days keep theirs. Repeatable.",
)
@click.option("--clear-plan", is_flag=True, help="Make all days shoot days, but those of --plan.")
@records
def move(**given: Any) -> MoveBooking:
    """Move a booking to other days, to another space, or both; or change its plan of days.

    A firm booking takes up a hold of its own project that is in its way.
    """
    return MoveBooking(**given)


@booking.command("change")
@click.argument("booking")
@click.option(
    "--expires-at", type=DEADLINE, help="When the hold expires: a time, or a day for its end."
)
@click.option("--no-expiry", is_flag=True, help="The hold does not expire.")
@click.option("--units", type=int, help="Units of a shared space.")
@click.option("--project", help="The project that it is for.")
@click.option("--note", metavar="TEXT", help="A note for others; '' removes it.")
@click.option("--contact", metavar="TEXT", help="Whom to ask about it; '' removes it.")
@records
def change(no_expiry: bool, **given: Any) -> ChangeBooking:
    """Change a booking's expiry, units, project, note or contact. A hold keeps its place.

    Only a hold that takes more units goes to the back of the queue.
    """
    terms: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if no_expiry and "expires_at" in terms:
        raise BadInput("a hold cannot expire and not expire", advice="Drop one option")
    if no_expiry:
        terms["expires_at"] = None
    terms |= dict.fromkeys((name for name, value in terms.items() if value == ""), None)
    return ChangeBooking(**terms)


@booking.command("rank")
@click.argument("booking")
@click.argument("rank", type=int)
@records
def rank(**given: Any) -> RankHold:
    """Set a hold's rank, as the house. It needs a --reason.

    The holds of that rank or a worse one move down behind it.
    """
    return RankHold(**given)


@booking.command("give-back")
@click.argument("booking")
@period(required=True)
@click.option("--rest", metavar="ID", help="Id for the days after a gap.  [default: BOOKING-2]")
@records
def give_back(**given: Any) -> GiveBackDays:
    """Give days of a booking back: its first, its last, or some in the middle."""
    return GiveBackDays(**given)


@booking.command("split")
@click.argument("booking")
@click.option("--at", type=MOMENT, required=True, help="The first day of the second part.")
@click.option("--rest", metavar="ID", help="Id of the second part.  [default: BOOKING-2]")
@records
def split(**given: Any) -> SplitBooking:
    """Make two bookings of one; the second part gets an id of its own."""
    return SplitBooking(**given)


@booking.command("merge")
@click.argument("bookings", nargs=-1, required=True)
@records
def merge(**given: Any) -> MergeBookings:
    """Make one booking of several of one project whose days meet; the first keeps its id."""
    return MergeBookings(**given)


@booking.command("start")
@click.argument("booking")
@click.option("--on", **TODAY, help="The day they moved in.")
@records
def start(**given: Any) -> StartBooking:
    """Record that the production moved in."""
    return StartBooking(**given)


@booking.command("report")
@click.argument("booking")
@click.option("--day", **TODAY, help="The shoot day.")
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
@click.option("--on", **TODAY, help="The last day used.")
@records
def wrap(**given: Any) -> WrapBooking:
    """Record that the production moved out, and free the booking's later days.

    A day after its last is an overrun: its days count, even where another booking has them.
    """
    return WrapBooking(**given)


@booking.command("cancel")
@click.argument("booking")
@records
def cancel(**given: Any) -> CancelBooking:
    """Cancel a firm booking and free its days."""
    return CancelBooking(**given)
