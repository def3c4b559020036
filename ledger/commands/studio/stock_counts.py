"""`equipment count` and its kin: how many pieces a stock has."""

from typing import Any

import click

from ledger.commands.options import PAST_MOMENT
from ledger.commands.studio.item_lists import ARGUMENT, items, quantity
from ledger.commands.studio.writing import records
from ledger.commands.tree import Leaf
from ledger.decisions.equipment.stocktaking import BuyStock, CountStock, FindStock, LoseStock

at = click.option("--at", type=PAST_MOMENT, help="When it happened.  [default: now]")


@click.command("count", cls=Leaf, epilog=ARGUMENT)
@items()
@click.option("--at-place", required=True, metavar="PLACE", help="Where they were counted.")
@click.option("--at", type=PAST_MOMENT, help="When they were counted.  [default: now]")
@quantity
@records
def count(**given: Any) -> CountStock:
    """Say how many of a stock were counted at a place; the rest is lost, or more was found.

    It counts pieces that are loose, in the house. A difference needs a --reason. Stocks that are
    not named stay as they are. A list may also have the single items of a room: each must be where
    the ledger has it.

    \b
    studio-ledger equipment count cables=37 stands=12 --at-place store --reason "yearly count"
    """
    return CountStock(**given)


@click.command("lost", cls=Leaf, epilog=ARGUMENT)
@items()
@click.option("--from", "from_place", metavar="PLACE", help="The pieces here.")
@click.option("--booking", metavar="ID", help="The pieces out for this.")
@click.option("--custodian", metavar="WHO", help="The pieces out with them.")
@at
@quantity
@records
def lost(**given: Any) -> LoseStock:
    """Take pieces of a stock out of the count: lost in the house, or on a loan."""
    return LoseStock(**given)


@click.command("found", cls=Leaf, epilog=ARGUMENT)
@items()
@click.option("--at-place", required=True, metavar="PLACE", help="Where they were found.")
@at
@quantity
@records
def found(**given: Any) -> FindStock:
    """Count pieces of a stock in that were found."""
    return FindStock(**given)


@click.command("buy", cls=Leaf, epilog=ARGUMENT)
@items()
@click.option("--at-place", required=True, metavar="PLACE", help="Where they are now.")
@at
@quantity
@records
def buy(**given: Any) -> BuyStock:
    """Count pieces of a stock in that were bought."""
    return BuyStock(**given)


COMMANDS = (count, lost, found, buy)
