"""`booking`: the hold ladder, firm bookings, and shoot days."""

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from ledger.commands.options import DAY_TO_COME, DEADLINE, MOMENT, PAGES, PLAN, TODAY, period
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


def _several(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an argument that takes one id or several; the function gets a text, or a tuple."""

    def alone(ctx: click.Context, param: click.Parameter, ids: tuple[str, ...]) -> Any:
        return ids[0] if len(ids) == 1 else ids

    return click.argument(name, nargs=-1, required=True, callback=alone)


def _one_by_one(*given: Any, **more: Any) -> None:
    from ledger.commands.studio.each import series_by_each  # not for a help

    series_by_each(*given, **more)


@click.group(cls=NounTree, listed_by="bookings")
def booking() -> None:
    """Holds, bookings and shoot days."""


@booking.command("hold")
@_several("space")
@click.argument("project")
@period(required=True)
@click.option(
    "--booking", metavar="ID", help="Id of the booking, or of the job.  [default: generated]"
)
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
@click.option("--job", metavar="ID", help="Add it to this job of the project.")
@click.option(
    "--every", metavar="PERIOD", help="Repeat it every day, week, '2 weeks' or month: a series."
)
@click.option("--until", type=DAY_TO_COME, help="The last day on which one of the series begins.")
@click.option("--each", is_flag=True, help="Record each booking for itself; skip what is refused.")
@partial(records, one_by_one=_one_by_one)
def hold(**given: Any) -> PlaceHold:
    """Hold spaces for a project, ranked behind earlier holds on the same days.

    \b
    studio-ledger booking hold stage-1 resurrection --days 2025-07-01..2025-07-14 \\
        --plan 2025-07-01..2025-07-02=prep

    Several spaces, or a series, are a job: its bookings are ID-1, ID-2 and so on, and are
    recorded as one, all or none.
    """
    return PlaceHold(**given)


@booking.command("challenge")
@_several("booking")
@click.option("--against", metavar="BOOKING", multiple=True, help="Only this holder; repeatable.")
@records
def challenge(against: tuple[str, ...], **given: Any) -> ChallengeHolds:
    """Ask the holders ranked before a hold to confirm or release.

    BOOKING is the id of a booking, or of a job for all its bookings; several can be given.
    """
    return ChallengeHolds(against=against or None, **given)


@booking.command("release")
@_several("booking")
@records
def release(**given: Any) -> ReleaseHold:
    """Release holds, all or none; those behind them move up.

    BOOKING is the id of a hold, or of a job for all its bookings.
    """
    return ReleaseHold(**given)


@booking.command("confirm")
@_several("booking")
@period(required=False)
@click.option("--let-go", is_flag=True, help="Release the days of the hold that are not confirmed.")
@records
def confirm(**given: Any) -> ConfirmBookings:
    """Confirm holds: all of those given, or none.

    BOOKING is the id of a hold, or of a job for all its bookings.

    With --days or --from and --to, confirm these days of one hold. The rest stays held, in its
    place, under a new id.
    """
    return ConfirmBookings(**given)


@booking.command("move")
@_several("booking")
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

    Several bookings, or those of a job, move as one: all or none. To move to the same days, they
    have the same days now. A firm booking takes up a hold of its own project that is in its way.
    """
    return MoveBooking(**given)


@booking.command("change")
@_several("booking")
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

    Only a hold that takes more units goes to the back of the queue. Several bookings, or those of
    a job, change as one.
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
@_several("booking")
@period(required=True)
@click.option("--rest", metavar="ID", help="Id for the days after a gap.  [default: BOOKING-2]")
@records
def give_back(**given: Any) -> GiveBackDays:
    """Give days of a booking back: its first, its last, or some in the middle.

    Several bookings, or those of a job, give the same days back: all or none.
    """
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
@_several("booking")
@click.option("--on", **TODAY, help="The day they moved in.")
@records
def start(**given: Any) -> StartBooking:
    """Record that the production moved in.

    BOOKING is the id of a booking, or of a job for all its bookings; several can be given.
    """
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
@_several("booking")
@click.option("--on", **TODAY, help="The last day used.")
@records
def wrap(**given: Any) -> WrapBooking:
    """Record that the production moved out, and free the booking's later days.

    A day after its last is an overrun: its days count, even where another booking has them.
    Several bookings, or those of a job, wrap as one.
    """
    return WrapBooking(**given)


@booking.command("cancel")
@_several("booking")
@records
def cancel(**given: Any) -> CancelBooking:
    """Cancel firm bookings, all or none, and free their days.

    BOOKING is the id of a booking, or of a job for all its bookings.
    """
    return CancelBooking(**given)
