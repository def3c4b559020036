"""Readings of the choices about equipment; see `commands`."""

from datetime import UTC, datetime, time, timedelta

from ledger.decisions.base import Decision
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut, HandOver
from ledger.events.equipment import SERVICE_KINDS
from ledger.testing.drawing.commands import book, space_of
from ledger.testing.drawing.studio import Choice, Reading, Studio
from ledger.time.periods import Deadline, Moment

CUSTODIANS = ("Ana", "小王", "O'Neill")


def item_of(studio: Studio, number: int) -> str:
    """Return the item of that number."""
    return studio.one_of(studio.items, number)


def at_some_time(studio: Studio, choice: Choice) -> Moment | None:
    """Return a time of the last days, or None for now."""
    if choice.length < 2:
        return None  # now
    # entered late: from half a day to some days ago
    early = datetime.combine(studio.today, time(), tzinfo=UTC) - timedelta(hours=12 * choice.day)
    return Moment(early.isoformat())


def _add_item(studio: Studio, choice: Choice) -> Decision:
    name = studio.new_name("lamp")
    place = "outside:rental-house" if choice.other == 0 else space_of(studio, choice.who)
    return AddEquipment(equipment=name, name=name.title(), kind="lamp", at_place=place)


def _move_item(studio: Studio, choice: Choice) -> Decision:
    at = at_some_time(studio, choice)
    back = None
    if at is not None and choice.other == 3:
        back = Moment((at.resolve("UTC") + timedelta(hours=5)).isoformat())
    to = "outside:location" if choice.other == 3 else space_of(studio, choice.other)
    return MoveEquipment(equipment=item_of(studio, choice.who), to=to, at=at, return_at=back)


def _pack(studio: Studio, choice: Choice) -> Decision:
    inside = 1 + choice.who % (len(studio.items) - 1)
    container = studio.items[choice.other % inside]
    return PackEquipment(
        equipment=studio.items[inside], container=container, at=at_some_time(studio, choice)
    )


def _unpack(studio: Studio, choice: Choice) -> Decision | None:
    if not studio.packed:
        return _pack(studio, choice)
    item = studio.one_of(studio.packed, choice.who)
    return UnpackEquipment(equipment=item, at=at_some_time(studio, choice))


def _check_out(studio: Studio, choice: Choice) -> Decision | None:
    booking = studio.booking(choice.other, "confirmed", "started")
    if booking is None:
        return book(studio, choice)
    return CheckOut(
        equipment=item_of(studio, choice.who),
        booking=booking,
        custodian=studio.one_of(CUSTODIANS, choice.other),
        due_at=Deadline((studio.clock.now() + timedelta(days=choice.day + 1)).isoformat()),
        at=at_some_time(studio, choice),
    )


def _check_in(studio: Studio, choice: Choice) -> Decision | None:
    if not studio.out:
        return _check_out(studio, choice)
    return CheckIn(equipment=studio.one_of(studio.out, choice.who), at=at_some_time(studio, choice))


def _hand_over(studio: Studio, choice: Choice) -> Decision:
    custodian = studio.one_of(CUSTODIANS, choice.other)
    item = item_of(studio, choice.who)
    return HandOver(equipment=item, custodian=custodian, at=at_some_time(studio, choice))


def _serve(studio: Studio, choice: Choice) -> Decision:
    kind = studio.one_of(SERVICE_KINDS, choice.other)
    return ServiceEquipment(
        equipment=item_of(studio, choice.who), kind=kind, at=at_some_time(studio, choice)
    )


def _served(studio: Studio, choice: Choice) -> Decision | None:
    if not studio.in_service:
        return _serve(studio, choice)
    item, kind = studio.one_of(studio.in_service, choice.who)
    until = None
    if kind == "calibration" and choice.day:
        until = Deadline((studio.clock.now() + timedelta(days=choice.day)).isoformat())
    return ServiceEquipment(
        equipment=item, kind=kind, done=True, valid_until=until, at=at_some_time(studio, choice)
    )


def _retire_item(studio: Studio, choice: Choice) -> Decision:
    single = [one for one in studio.items if one not in studio.stocks]
    if len(single) < 4:
        return _add_item(studio, choice)
    return RetireEquipment(equipment=single[-1 - choice.who % 2])


ITEM_READINGS: dict[str, Reading] = {
    "move item": _move_item,
    "pack": _pack,
    "unpack": _unpack,
    "check out": _check_out,
    "check in": _check_in,
    "hand over": _hand_over,
    "service": _serve,
    "service done": _served,
    "add item": _add_item,
    "retire item": _retire_item,
}
"""The readings by the word of a choice."""
