"""`equipment check-out` and its kin: who has what, for which booking, and until when."""

from typing import Any

import click

from ledger.commands.options import DEADLINE, PAST_MOMENT
from ledger.commands.studio.item_lists import ARGUMENT, items, quantity
from ledger.commands.studio.writing import records
from ledger.commands.tree import Leaf
from ledger.decisions.equipment.loans import (
    CheckIn,
    CheckOut,
    HandOver,
    LendEquipment,
    ProlongLoan,
)

at = click.option("--at", type=PAST_MOMENT, help="When it happened.  [default: now]")
from_place = click.option(
    "--from", "from_place", metavar="PLACE", help="Of a stock, the pieces here."
)
out_for = click.option("--booking", metavar="ID", help="Of a stock, the pieces out for this.")
out_with = click.option("--custodian", metavar="WHO", help="Of a stock, the pieces out with them.")


@click.command("check-out", cls=Leaf, epilog=ARGUMENT)
@items()
@click.argument("booking")
@click.option("--custodian", required=True, help="Who is responsible for it.")
@click.option(
    "--due-at",
    type=DEADLINE,
    help="When it is due back: a time, or a day for its end.  [default: with the booking]",
)
@from_place
@at
@quantity
@records
def check_out(**given: Any) -> CheckOut:
    """Check items out to a custodian, for a booking: all or none.

    Everything in a case goes out with it.

    \b
    studio-ledger equipment check-out camera-a cables=12 b-7f3k2 --custodian ann
    """
    return CheckOut(**given)


@click.command("lend", cls=Leaf, epilog=ARGUMENT)
@items()
@click.option("--custodian", required=True, help="Who gets it.")
@click.option(
    "--due-at",
    type=DEADLINE,
    required=True,
    help="When it is due back: a time, or a day for its end.",
)
@from_place
@at
@quantity
@records
def lend(**given: Any) -> LendEquipment:
    """Lend items to a person, for no booking."""
    return LendEquipment(**given)


@click.command("prolong", cls=Leaf, epilog=ARGUMENT)
@items()
@click.option(
    "--due-at",
    type=DEADLINE,
    required=True,
    help="When it is due back now: a time, or a day for its end.",
)
@out_for
@out_with
@from_place
@at
@quantity
@records
def prolong(**given: Any) -> ProlongLoan:
    """Let items that are out be due back later, or earlier."""
    return ProlongLoan(**given)


@click.command("check-in", cls=Leaf, epilog=ARGUMENT)
@items()
@click.option(
    "--without",
    multiple=True,
    metavar="ITEM",
    help="A thing that a case came back without; repeatable.",
)
@out_for
@out_with
@from_place
@at
@quantity
@records
def check_in(**given: Any) -> CheckIn:
    """Take items back from what they are out for, with everything that went out in them.

    The things that a case came back --without stay out, by themselves.
    """
    return CheckIn(**given)


@click.command("hand-over", cls=Leaf, epilog=ARGUMENT)
@items()
@click.option("--custodian", required=True, help="Who is responsible from now on.")
@out_for
@from_place
@at
@quantity
@records
def hand_over(**given: Any) -> HandOver:
    """Make another custodian responsible for items. A loan stays as it is."""
    return HandOver(**given)


COMMANDS = (check_out, lend, prolong, check_in, hand_over)
