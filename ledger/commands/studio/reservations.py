"""The commands `reserve`, `release`, `sub-hire` and `drop-hire` of equipment."""

from typing import Any

import click

from ledger.commands.options import period
from ledger.commands.studio.item_lists import ARGUMENT, items
from ledger.commands.studio.writing import records
from ledger.commands.tree import Leaf
from ledger.decisions.equipment.reservations import (
    DropSubHire,
    ReleaseEquipment,
    ReserveEquipment,
    SubHireEquipment,
)

of_kind = click.option(
    "--kind", metavar="KIND=N", multiple=True, help="Any N of this kind; repeatable."
)


@click.command("reserve", cls=Leaf, epilog=ARGUMENT)
@click.argument("booking")
@items("[ITEM]...", required=False)
@of_kind
@period(required=False)
@records
def reserve(**given: Any) -> ReserveEquipment:
    """Reserve items for a booking, or a number of a kind.

    A case goes with all that is in it.
    Without --days the reservation has the days of the booking, and moves with it. It is a pencil
    while the booking is held, and firm once that is confirmed.

    \b
    studio-ledger equipment reserve night-shoot crane-1 cables=12 --kind camera=2
    """
    return ReserveEquipment(**given)


@click.command("release", cls=Leaf, epilog=ARGUMENT)
@click.argument("booking")
@items("[ITEM]...", required=False)
@of_kind
@records
def release(kind: tuple[str, ...], **given: Any) -> ReleaseEquipment:
    """Release what is reserved for a booking: these items and kinds, or everything."""
    return ReleaseEquipment(kind=tuple(one.partition("=")[0] for one in kind), **given)


@click.command("sub-hire", cls=Leaf)
@click.argument("what", metavar="WHAT=N")
@click.option("--from-supplier", "supplier", required=True, metavar="NAME", help="Who lends it.")
@click.option("--for", "booking", metavar="BOOKING", help="For this booking, on its days.")
@period(required=False)
@click.option("--id", "subhire", metavar="ID", help="Id of the sub-hire.  [default: generated]")
@records
def sub_hire(**given: Any) -> SubHireEquipment:
    """Hire equipment from a supplier, to cover a shortage.

    WHAT is a kind, or the id of a stock. It can be promised on these days, or those of the
    booking that it is hired for.

    \b
    studio-ledger equipment sub-hire camera=2 --from-supplier "Rental House" --for night-shoot
    """
    return SubHireEquipment(**given)


@click.command("drop-hire", cls=Leaf)
@click.argument("subhire")
@records
def drop_hire(**given: Any) -> DropSubHire:
    """Drop a sub-hire, as long as nothing that is promised needs it."""
    return DropSubHire(**given)


COMMANDS = (reserve, release, sub_hire, drop_hire)
