"""`equipment`: where things are, what they are packed in, and who has them."""

from typing import Any

import click

from ledger.commands.options import DEADLINE, PAST_MOMENT, choice, period
from ledger.commands.studio.item_lists import ARGUMENT, items, quantity
from ledger.commands.studio.loans import COMMANDS as LENDING
from ledger.commands.studio.nouns import NounTree
from ledger.commands.studio.reservations import COMMANDS as RESERVING
from ledger.commands.studio.stock_counts import COMMANDS as COUNTING
from ledger.commands.studio.writing import records
from ledger.decisions.equipment.descriptions import ChangeEquipment
from ledger.decisions.equipment.fitness import PlanServicing, ServiceEquipment
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.events.equipment import ServiceKind

at = click.option("--at", type=PAST_MOMENT, help="When it happened.  [default: now]")
PLACE = "A place is a space's id, or outside:NAME, such as outside:rental-house."


@click.group(cls=NounTree, listed_by="equipment")
def equipment() -> None:
    """Where things are and who has them."""


@equipment.command("add", epilog=PLACE)
@click.argument("equipment")
@click.option("--name", required=True, help="Its name.")
@click.option("--kind", required=True, help="Its kind, such as camera, crane or case.")
@click.option("--at-place", required=True, metavar="PLACE", help="Where it is.")
@click.option("--home", metavar="PLACE", help="Where it belongs.")
@click.option("--maker", help="Who made it.")
@click.option("--quantity", type=int, metavar="N", help="Pieces, if it is a stock under one id.")
@click.option("--serial", metavar="TEXT", help="Its serial number.")
@click.option("--barcode", metavar="TEXT", help="The barcode or RFID code on it.")
@click.option("--owner", metavar="TEXT", help="Whose it is, if not the house's.")
@click.option("--value", metavar="TEXT", help="Its worth, such as '12000 EUR'.")
@click.option("--note", metavar="TEXT", help="A note for others.")
@click.option("--reference", metavar="TEXT", help="Its id in another system.")
@at
@records
def add(**given: Any) -> AddEquipment:
    """Start to track an item, or a stock of pieces. A container is an item, too."""
    return AddEquipment(**given)


@equipment.command("change")
@click.argument("equipment")
@click.option("--name", help="Its name.")
@click.option("--kind", help="Its kind.")
@click.option("--home", metavar="PLACE", help="Where it belongs.")
@click.option("--maker", metavar="TEXT", help="Who made it.")
@click.option("--serial", metavar="TEXT", help="Its serial number.")
@click.option("--barcode", metavar="TEXT", help="The barcode or RFID code on it.")
@click.option("--owner", metavar="TEXT", help="Whose it is, if not the house's.")
@click.option("--value", metavar="TEXT", help="Its worth.")
@click.option("--note", metavar="TEXT", help="A note for others.")
@click.option("--reference", metavar="TEXT", help="Its id in another system.")
@records
def change(**given: Any) -> ChangeEquipment:
    """Change the description of an item or a stock. It needs a --reason.

    Give what differs; an empty text clears an option, but not the name or the kind.
    """
    needed = ("equipment", "name", "kind")
    terms = {name: value for name, value in given.items() if value is not None}
    cleared = {name: None for name, text in terms.items() if text == "" and name not in needed}
    return ChangeEquipment(**terms | cleared)


@equipment.command("move", epilog=f"{ARGUMENT} {PLACE}")
@items()
@click.option("--to", required=True, metavar="PLACE", help="Where it went.")
@at
@click.option(
    "--origin", "--from", "origin", metavar="PLACE", help="Refuse unless it was here; of a stock, "
    "the pieces here.",
)  # fmt: skip
@click.option("--return-at", type=PAST_MOMENT, help="It also came back, at this time.")
@quantity
@records
def move(**given: Any) -> MoveEquipment:
    """Record that items moved, with everything in them: all or none.

    A late entry gives its own time; it is accepted if it fits between the known moves.

    \b
    studio-ledger equipment move led-wall-a --to stage-2 --at 2025-07-01T08:00
    """
    return MoveEquipment(**given)


@equipment.command("pack", epilog=ARGUMENT)
@items()
@click.argument("container")
@click.option("--from", "from_place", metavar="PLACE", help="Of a stock, the pieces here.")
@at
@quantity
@records
def pack(**given: Any) -> PackEquipment:
    """Put items into a container at the same place. If that is out, they go out with it."""
    return PackEquipment(**given)


@equipment.command("unpack", epilog=ARGUMENT)
@items()
@click.option("--container", metavar="ITEM", help="Of a stock, the pieces in this.")
@click.option("--still-out", is_flag=True, help="They stay out where the container is out.")
@at
@quantity
@records
def unpack(**given: Any) -> UnpackEquipment:
    """Take items out of their container. If that is out, they are back."""
    return UnpackEquipment(**given)


@equipment.command("service")
@click.argument("equipment")
@click.option("--kind", required=True, type=choice(ServiceKind), help="The kind of service.")
@at
@click.option("--done", is_flag=True, help="The service is done; the item is usable again.")
@click.option(
    "--until", type=DEADLINE, help="When it is expected to be done: a time, or a day for its end."
)
@click.option(
    "--valid-until",
    type=DEADLINE,
    help="When the calibration expires: a time, or a day for its end.",
)
@records
def service(**given: Any) -> ServiceEquipment:
    """Take an item out of use for repair, calibration or quarantine; --done ends it."""
    return ServiceEquipment(**given)


@equipment.command("plan-service")
@click.argument("equipment")
@click.option("--kind", required=True, type=choice(ServiceKind), help="The kind of service.")
@period(required=True)
@click.option("--drop", is_flag=True, help="The plan for this time is off.")
@records
def plan_service(**given: Any) -> PlanServicing:
    """Plan a repair, calibration or quarantine: the item cannot be promised for that time."""
    return PlanServicing(**given)


@equipment.command("retire", epilog=ARGUMENT)
@items()
@click.option("--from", "from_place", metavar="PLACE", help="Of a stock, the pieces here.")
@at
@quantity
@records
def retire(**given: Any) -> RetireEquipment:
    """Retire items: they leave the studio for good."""
    return RetireEquipment(**given)


for command in (*LENDING, *COUNTING, *RESERVING):
    equipment.add_command(command)
