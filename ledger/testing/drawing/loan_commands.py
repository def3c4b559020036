"""Readings of the choices about loans, stock, counts and promises of equipment; see `commands`."""

from datetime import timedelta

from ledger.decisions.base import Decision
from ledger.decisions.equipment.descriptions import ChangeEquipment
from ledger.decisions.equipment.fitness import PlanServicing
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut, LendEquipment, ProlongLoan
from ledger.decisions.equipment.reservations import (
    ReleaseEquipment,
    ReserveEquipment,
    SubHireEquipment,
)
from ledger.decisions.equipment.stocktaking import BuyStock, CountStock, FindStock, LoseStock
from ledger.events.equipment import SERVICE_KINDS, Lot, Pieces
from ledger.testing.drawing.commands import book, space_of
from ledger.testing.drawing.equipment_commands import CUSTODIANS, at_some_time, item_of
from ledger.testing.drawing.studio import Choice, Reading, Studio
from ledger.time.periods import Deadline, When


def _add_stock(studio: Studio, choice: Choice) -> Decision:
    name = studio.new_name("cables")
    return AddEquipment(
        equipment=name,
        name=name.title(),
        kind=studio.one_of(("cable", "lamp"), choice.other),
        at_place=space_of(studio, choice.who),
        quantity=5 + choice.day,
        barcode=f"BAR {name}" if choice.other else None,
    )


def _pieces(studio: Studio, choice: Choice, *, out: bool) -> tuple[str, Pieces] | None:
    """A stock, and a lot of it: one of those that are out, or in the house."""
    found = [
        (stock, one)
        for stock in studio.stocks
        for one in studio.things[stock].pieces
        if one.lot.is_out == out
    ]
    return studio.one_of(found, choice.who) if found else None


def _some(stock: str, of: Pieces, choice: Choice) -> str:
    return f"{stock}={1 + choice.day % of.quantity}"


def _move_stock(studio: Studio, choice: Choice) -> Decision:
    found = _pieces(studio, choice, out=False)
    if found is None:
        return _add_stock(studio, choice)
    stock, one = found
    at = at_some_time(studio, choice)
    if one.lot.container is not None:
        return UnpackEquipment(
            equipment=_some(stock, one, choice),
            container=one.lot.container,
            still_out=choice.other == 3,
            at=at,
        )
    to = space_of(studio, choice.other)
    return MoveEquipment(equipment=_some(stock, one, choice), to=to, origin=one.lot.place, at=at)


def _pack_stock(studio: Studio, choice: Choice) -> Decision:
    found = _pieces(studio, choice, out=False)
    if found is None:
        return _add_stock(studio, choice)
    stock, one = found
    return PackEquipment(
        equipment=_some(stock, one, choice),
        container=item_of(studio, choice.other),
        from_place=one.lot.place,
        at=at_some_time(studio, choice),
    )


def _lend(studio: Studio, choice: Choice) -> Decision:
    found = _pieces(studio, choice, out=False) if choice.other % 2 else None
    return LendEquipment(
        equipment=item_of(studio, choice.who) if found is None else _some(*found, choice),
        custodian=studio.one_of(CUSTODIANS, choice.other),
        due_at=_due(studio, choice),
        from_place=None if found is None else found[1].lot.place,
        at=at_some_time(studio, choice),
    )


def _due(studio: Studio, choice: Choice) -> Deadline:
    return Deadline((studio.clock.now() + timedelta(days=choice.day + 1)).isoformat())


def _check_out_case(studio: Studio, choice: Choice) -> Decision | None:
    """A case and all that is in it, until the booking ends."""
    booking = studio.booking(choice.other, "confirmed", "started")
    if booking is None:
        return book(studio, choice)
    cases = list(dict.fromkeys(studio.things[one].place.container for one in studio.packed))
    case = cases[choice.who % len(cases)] if cases else None
    return CheckOut(
        equipment=case or item_of(studio, choice.who),
        booking=booking,
        custodian=studio.one_of(CUSTODIANS, choice.other),
        at=at_some_time(studio, choice),
    )


def _prolong(studio: Studio, choice: Choice) -> Decision:
    found = _pieces(studio, choice, out=True)
    if found is not None and choice.other % 2:
        stock, one = found
        return ProlongLoan(
            equipment=_some(stock, one, choice),
            due_at=_due(studio, choice),
            booking=one.lot.booking,
            custodian=one.lot.custodian,
            at=at_some_time(studio, choice),
        )
    if not studio.out:
        return _lend(studio, choice)
    item = studio.one_of(studio.out, choice.who)
    return ProlongLoan(equipment=item, due_at=_due(studio, choice), at=at_some_time(studio, choice))


def _check_in_stock(studio: Studio, choice: Choice) -> Decision:
    found = _pieces(studio, choice, out=True)
    if found is None:
        return _lend(studio, choice._replace(other=1))
    stock, one = found
    lot: Lot = one.lot
    if choice.other == 3:
        return LoseStock(equipment=f"{stock}=1", booking=lot.booking, custodian=lot.custodian)
    return CheckIn(
        equipment=_some(stock, one, choice),
        booking=lot.booking,
        custodian=lot.custodian,
        at=at_some_time(studio, choice),
    )


def _count(studio: Studio, choice: Choice) -> Decision:
    found = _pieces(studio, choice, out=False)
    if found is None or found[1].lot.place is None:
        return _add_stock(studio, choice)
    stock, one = found
    place, at = str(one.lot.place), at_some_time(studio, choice)
    if choice.other == 1:
        return FindStock(equipment=_some(stock, one, choice), at_place=place, at=at)
    if choice.other == 2:
        return BuyStock(equipment=_some(stock, one, choice), at_place=place, at=at)
    return CountStock(equipment=f"{stock}={choice.day}", at_place=place, at=at)


def _plan_service(studio: Studio, choice: Choice) -> Decision:
    planned = [(one, plan) for one in studio.items for plan in studio.things[one].planned]
    if planned and choice.length == 3:
        item, plan = studio.one_of(planned, choice.who)
        when = When(f"{plan.period.start.isoformat()}..{plan.period.end.isoformat()}")
        if plan.period.first is not None:
            when = When(f"{plan.period.days.first}..{plan.period.days.last}")
        return PlanServicing(equipment=item, kind=plan.kind, when=when, drop=True)
    first = studio.day(choice.day + 2)
    return PlanServicing(
        equipment=item_of(studio, choice.who),
        kind=studio.one_of(SERVICE_KINDS, choice.other),
        when=When(f"{first}..{first + timedelta(days=choice.length)}"),
    )


def _describe(studio: Studio, choice: Choice) -> Decision:
    item = item_of(studio, choice.who)
    if choice.other == 0:
        return ChangeEquipment(equipment=item, kind=studio.one_of(("lamp", "Cable"), choice.day))
    return ChangeEquipment(
        equipment=item,
        name=studio.one_of(("Old", "Neu", "旧"), choice.day),
        home=space_of(studio, choice.other) if choice.length else None,
        note=None if choice.day else "scratched",
    )


def _reserve(studio: Studio, choice: Choice) -> Decision | None:
    booking = studio.booking(choice.other, "held", "confirmed", "started")
    if booking is None:
        return book(studio, choice)
    if choice.length == 3:
        return ReserveEquipment(booking=booking, kind=("lamp=1",))
    item = item_of(studio, choice.who)
    return ReserveEquipment(
        booking=booking, equipment=(f"{item}=2" if studio.things[item].is_stock else item,)
    )


def _release_equipment(studio: Studio, choice: Choice) -> Decision | None:
    booking = studio.booking(choice.other, "held", "confirmed", "started")
    return None if booking is None else ReleaseEquipment(booking=booking)


def _sub_hire(studio: Studio, choice: Choice) -> Decision:
    first = studio.day(choice.day)
    what = studio.one_of(("lamp", "cable", *studio.stocks), choice.who)
    return SubHireEquipment(
        what=f"{what}={1 + choice.length}",
        supplier="rental house",
        when=When(f"{first}..{first + timedelta(days=choice.length)}"),
    )


LOAN_READINGS: dict[str, Reading] = {
    "add stock": _add_stock,
    "move stock": _move_stock,
    "pack stock": _pack_stock,
    "lend": _lend,
    "check out case": _check_out_case,
    "prolong": _prolong,
    "check in stock": _check_in_stock,
    "count stock": _count,
    "plan service": _plan_service,
    "describe item": _describe,
    "reserve": _reserve,
    "release equipment": _release_equipment,
    "sub-hire": _sub_hire,
}
"""The readings by the word of a choice."""
