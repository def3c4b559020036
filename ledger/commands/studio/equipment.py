"""`equipment`: where things are, what they are packed in, and who has them."""

from typing import Any

import click

from ledger.commands.options import DEADLINE, PAST_MOMENT, choice
from ledger.commands.studio.nouns import NounTree
from ledger.commands.studio.reservations import COMMANDS as RESERVING
from ledger.commands.studio.writing import records
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut, HandOver
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
@at
@records
def add(**given: Any) -> AddEquipment:
    """Start to track an item. A container is an item, too."""
    return AddEquipment(**given)


@equipment.command("move", epilog=PLACE)
@click.argument("equipment")
@click.option("--to", required=True, metavar="PLACE", help="Where it went.")
@at
@click.option("--origin", metavar="PLACE", help="Refuse unless it was here.")
@click.option("--return-at", type=PAST_MOMENT, help="It also came back, at this time.")
@records
def move(**given: Any) -> MoveEquipment:
    """Record that an item moved, with everything in it.

    A late entry gives its own time; it is accepted if it fits between the known moves.

    \b
    studio-ledger equipment move led-wall-a --to stage-2 --at 2025-07-01T08:00
    """
    return MoveEquipment(**given)


@equipment.command("pack")
@click.argument("equipment")
@click.argument("container")
@at
@records
def pack(**given: Any) -> PackEquipment:
    """Put an item into a container at the same place."""
    return PackEquipment(**given)


@equipment.command("unpack")
@click.argument("equipment")
@at
@records
def unpack(**given: Any) -> UnpackEquipment:
    """Take an item out of its container."""
    return UnpackEquipment(**given)


@equipment.command("check-out")
@click.argument("equipment")
@click.argument("booking")
@click.option("--custodian", required=True, help="Who is responsible for it.")
@click.option(
    "--due-at",
    required=True,
    type=DEADLINE,
    help="When it is due back: a time, or a day for its end.",
)
@at
@records
def check_out(**given: Any) -> CheckOut:
    """Check an item out to a custodian, for a booking."""
    return CheckOut(**given)


@equipment.command("check-in")
@click.argument("equipment")
@at
@records
def check_in(**given: Any) -> CheckIn:
    """Take an item back from the booking it was checked out for."""
    return CheckIn(**given)


@equipment.command("hand-over")
@click.argument("equipment")
@click.option("--custodian", required=True, help="Who is responsible from now on.")
@at
@records
def hand_over(**given: Any) -> HandOver:
    """Make another custodian responsible for an item."""
    return HandOver(**given)


@equipment.command("service")
@click.argument("equipment")
@click.option("--kind", required=True, type=choice(ServiceKind), help="The kind of service.")
@at
@click.option("--done", is_flag=True, help="The service is done; the item is usable again.")
@click.option(
    "--valid-until",
    type=DEADLINE,
    help="When the calibration expires: a time, or a day for its end.",
)
@records
def service(**given: Any) -> ServiceEquipment:
    """Take an item out of use for repair, calibration or quarantine; --done ends it."""
    return ServiceEquipment(**given)


@equipment.command("retire")
@click.argument("equipment")
@at
@records
def retire(**given: Any) -> RetireEquipment:
    """Retire an item: it leaves the studio for good."""
    return RetireEquipment(**given)


for command in RESERVING:
    equipment.add_command(command)
