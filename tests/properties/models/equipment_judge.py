"""What a command about equipment should record, as the naive studio sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec.structs import replace

from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import (
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import (
    CheckIn,
    CheckOut,
    HandOver,
    LendEquipment,
    ProlongLoan,
)
from ledger.events import (
    CustodyTransferred,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRetired,
    EquipmentUnpacked,
    Event,
    LoanProlonged,
    ServiceCompleted,
    ServiceStarted,
)
from ledger.events.equipment import EquipmentEvent, Lot
from tests.properties.models.equipment_model import (
    Out,
    Studio,
    comes_back,
    goes_out,
    pieces,
    studio,
)
from tests.properties.models.equipment_wishes import (
    DUE,
    STOCK,
)

Wanted = list[EquipmentEvent] | None
ANY: Literal["any"] = "any"
"""Of some commands it is only said that what they record makes sense, not what that is."""


def expected(events: Sequence[Event], command: Any) -> Wanted | Literal["any"]:
    """Return the events of a command, as the naive studio sees it; None if it makes no sense.

    Flags that only help reading, such as `latest`, are left at their defaults here.
    """
    if not isinstance(command.equipment, str):
        return ANY
    at = command.at.resolve("UTC")
    then = studio(events, until=at)
    item, _, number = command.equipment.partition("=")
    if item not in then.place:
        return None
    if number:
        return _of_pieces(then, command, int(number), at)
    match command:
        case MoveEquipment():
            return _moves(then, command, at)
        case PackEquipment():
            return _packs(then, item, command.container, at)
        case UnpackEquipment():
            return _unpacks(then, command, at)
        case RetireEquipment():
            return [
                EquipmentRetired(
                    equipment=item, at=at, place=then.where(item), equipment_kind="kit"
                )
            ]
        case ServiceEquipment():
            kind: Any = ServiceCompleted if command.done else ServiceStarted
            event = kind(equipment=item, at=at, kind=command.kind, equipment_kind="kit")
            if command.valid_until is not None:
                event = replace(event, valid_until=command.valid_until.resolve("UTC"))
            return [event]
        case _:
            return _loans(then, command, at)


def _moves(then: Studio, command: MoveEquipment, at: datetime) -> Wanted:
    item = str(command.equipment)
    place = then.where(item)
    legs = [(at, place, command.to)]
    if command.return_at is not None:
        back = command.return_at.resolve("UTC")
        if back <= at:
            return None
        legs.append((back, command.to, place))
    return [
        EquipmentMoved(equipment=item, at=t, origin=a, destination=b, latest=False)
        for t, a, b in legs
    ]


def _packing(kind: Any, item: str, at: datetime, place: str, *around: str) -> EquipmentEvent:
    event: EquipmentEvent = kind(
        equipment=item, at=at, place=place, containers=around, latest_for=(), contents=()
    )
    return event


def _packs(then: Studio, item: str, container: str, at: datetime) -> Wanted:
    if container not in then.place:
        return None
    around = (container, *then.around(container))
    packed = [_packing(EquipmentPacked, item, at, then.where(item), *around)]
    loan, out = then.loan(container), then.out.get(container)
    if out is None or item == container:
        return packed
    if then.loan(item) is not None:
        return packed if then.loan(item) == loan else None
    with_it = out._replace(within=out.within or container)
    gone = goes_out(then, item, at, then.custodian[container], with_it)
    return None if gone is None else [*packed, *gone]


def _unpacks(then: Studio, command: UnpackEquipment, at: datetime) -> Wanted:
    item = str(command.equipment)
    around = then.around(item)
    if not around:
        return None
    came = [_packing(EquipmentUnpacked, item, at, then.where(item), *around)]
    out, with_it = then.out.get(item), then.loan(around[0]) is not None
    if out is not None and out.within is not None and with_it and not command.still_out:
        return [*came, *comes_back(then, item, at)]
    return came


def _of_pieces(then: Studio, command: Any, n: int, at: datetime) -> Wanted | Literal["any"]:
    match command:
        case MoveEquipment(origin=place, to=to):
            return [pieces(STOCK, at, "moved", n, Lot(place=place), Lot(place=to))]
        case PackEquipment(from_place=place, container=container):
            out = then.out.get(container)
            inside = Lot(container=container)
            events = [pieces(STOCK, at, "packed", n, Lot(place=place), inside)]
            if out is not None:
                who = then.custodian[container]
                theirs = replace(inside, booking=out.booking, custodian=who, due_at=out.due_at)
                events.append(pieces(STOCK, at, "checked out", n, inside, theirs))
            return [*events]
        case CheckOut(from_place=place, booking=booking, custodian=who):
            home = Lot(place=place)
            theirs = replace(home, booking=booking, custodian=who, due_at=DUE[0])
            return [pieces(STOCK, at, "checked out", n, home, theirs)]
    return ANY


def _loans(then: Studio, command: Any, at: datetime) -> Wanted | Literal["any"]:
    item = command.equipment
    match command:
        case CheckOut() | LendEquipment():
            assert command.due_at is not None, "each is drawn with one"
            out = Out(getattr(command, "booking", None), command.due_at.resolve("UTC"), None)
            return goes_out(then, item, at, command.custodian, out)
        case CheckIn() if command.without or item not in then.out:
            return ANY if item in then.out else None
        case CheckIn():
            around = then.around(item)
            return None if around and around[0] in then.out else comes_back(then, item, at)
    if isinstance(command, ProlongLoan) and item not in then.out:
        return None
    same = [thing for thing in then.deep(item) if then.loan(thing) == then.loan(item) is not None]
    was = then.custodian.get(item)
    if isinstance(command, HandOver):
        who = command.custodian
        handed: list[EquipmentEvent] = [
            CustodyTransferred(equipment=thing, at=at, was=was, custodian=who)
            for thing in (item, *same)
            if then.custodian.get(thing) == was
        ]
        lots: list[Any] = _lots(then, item, at, "handed over", custodian=who)
        # pieces inside may be with another person by then
        return handed + [one for one in lots if one.origin.custodian == was]
    due_at = command.due_at.resolve("UTC")
    if then.out[item].due_at == due_at:
        return None
    later: list[EquipmentEvent] = [
        LoanProlonged(
            equipment=thing, at=at, booking=then.out[thing].booking, equipment_kind="kit",
            custodian=then.custodian[thing], was_due_at=then.out[thing].due_at, due_at=due_at,
            within=then.out[thing].within,
        )
        for thing in (item, *same)
        if then.out[thing].due_at != due_at
    ]  # fmt: skip
    moved: list[Any] = _lots(then, item, at, "prolonged", due_at=due_at)
    # and some may be due then already
    return later + [one for one in moved if one.origin.due_at != due_at]


def _lots(then: Studio, item: str, at: datetime, how: str, **more: Any) -> list[EquipmentEvent]:
    loan = then.loan(item)
    return [
        pieces(stock, at, how, n, lot, replace(lot, **more))
        for stock, lot, n in then.lots_in(item, *then.deep(item))
        if lot.is_out and loan == (lot.booking, None if lot.booking else lot.custodian)
    ]
