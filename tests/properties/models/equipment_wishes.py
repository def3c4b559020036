"""Commands about equipment, drawn: single items in cases in cases, and pieces of a stock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from ledger.decisions.base import Decision
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
    BookingConfirmed,
    SpaceCommissioned,
)
from ledger.events.equipment import SERVICE_KINDS
from ledger.time.periods import Deadline, Moment, Period

BEGINNING = datetime(2025, 1, 29, tzinfo=UTC)
STEP = timedelta(days=4)
LAST = 30
"""The grid of effective times: every fourth day of five months, so that instants meet."""

END = BEGINNING + LAST * STEP
ITEMS = ("truck", "case", "pouch", "lens")
PLACES = ("stage-1", "stage-2", "outside:rental-house")
PEOPLE = ("小王", "Ana", "O'Neill")
BOOKINGS = ("b-1", "b-2")
STOCK, MANY = "cables", 12
DUE = (END + STEP, END + 2 * STEP)

items = st.sampled_from(ITEMS)
steps = st.sampled_from(range(LAST, -1, -1))


def instant(step: int) -> datetime:
    return BEGINNING + step * STEP


def moment(at: datetime) -> Deadline:
    return Deadline(at.isoformat())


def space_of(space: str) -> SpaceCommissioned:
    return SpaceCommissioned(
        space=space,
        site="yongchuan",
        zone="Asia/Shanghai",
        name=space,
        kind="stage",
        area_m2=1000.0,
        in_service_on=date(2023, 5, 1),
    )


def booking_of(booking: str) -> BookingConfirmed:
    period = Period.between(BEGINNING, END, "Asia/Shanghai")
    return BookingConfirmed(booking=booking, space="stage-1", project="film", period=period)


# --- commands, and the events that they should make if accepted -- ----------------


WEIGHTS = {
    MoveEquipment: 8,
    PackEquipment: 8,
    UnpackEquipment: 4,
    CheckOut: 4,
    LendEquipment: 1,
    CheckIn: 3,
    ProlongLoan: 1,
    HandOver: 2,
    ServiceEquipment: 3,
    RetireEquipment: 1,
}
"""How often each is drawn: packed or retired items do not move."""

NESTED = tuple(zip(ITEMS[1:], ITEMS, strict=False))
containers = st.sampled_from(ITEMS[:3])


@st.composite
def commands(draw: st.DrawFn, when: st.SearchStrategy[int] = steps) -> Decision:
    """Any command about any item, some about pieces, a few about two items at once."""
    kind = draw(st.sampled_from([one for one, weight in WEIGHTS.items() for _ in range(weight)]))
    item, step = draw(items), draw(when)
    at = moment(instant(step))
    if draw(st.integers(0, 4)) == 0 and kind in (MoveEquipment, PackEquipment, CheckOut, CheckIn):
        return draw(of_pieces(kind, at))
    if kind is MoveEquipment:
        back = draw(st.none() | st.integers(step, min(step + 4, LAST)))
        return MoveEquipment(
            equipment=item,
            to=draw(st.sampled_from(PLACES)),
            at=at,
            return_at=None if back is None else moment(instant(back)),
        )
    if kind is PackEquipment:
        item, container = draw(st.sampled_from(NESTED * 4) | st.tuples(items, items))
        return PackEquipment(equipment=item, container=container, at=at)
    if kind is UnpackEquipment:
        if draw(st.integers(0, 3)) == 0:
            some = f"{STOCK}={draw(st.integers(1, 5))}"
            return UnpackEquipment(equipment=some, container=draw(containers), at=at)
        return UnpackEquipment(equipment=item, at=at, still_out=draw(st.booleans()))
    if kind is ServiceEquipment:
        service, done = draw(st.sampled_from(SERVICE_KINDS[:2])), draw(st.booleans())
        end = moment(instant(step + 4)) if draw(st.booleans()) else None
        until = end if done and service == "calibration" else None
        return ServiceEquipment(equipment=item, kind=service, done=done, valid_until=until, at=at)
    if kind is RetireEquipment:
        return RetireEquipment(equipment=item, at=at)
    return draw(of_loans(kind, item, at))  # type: ignore[arg-type]  # one of the decisions


@st.composite
def of_pieces(draw: st.DrawFn, kind: type[Decision], at: Moment) -> Decision:
    """A command about pieces that lie loose at a place."""
    some, place = f"{STOCK}={draw(st.integers(1, 9))}", draw(st.sampled_from(PLACES[:2]))
    if kind is MoveEquipment:
        to = draw(st.sampled_from(PLACES[:2]))
        return MoveEquipment(equipment=some, origin=place, to=to, at=at)
    if kind is PackEquipment:
        container = draw(containers)
        return PackEquipment(equipment=some, container=container, from_place=place, at=at)
    booking = draw(st.sampled_from(BOOKINGS))
    if kind is CheckIn:
        return CheckIn(equipment=some, booking=booking, at=at)
    who = draw(st.sampled_from(PEOPLE))
    return CheckOut(
        equipment=some, booking=booking, custodian=who, due_at=moment(DUE[0]), at=at,
        from_place=place,
    )  # fmt: skip


@st.composite
def of_loans(draw: st.DrawFn, kind: type[Decision], item: str, at: Moment) -> Decision:
    """A command about a loan of items."""
    who, due_at = draw(st.sampled_from(PEOPLE)), moment(draw(st.sampled_from(DUE)))
    several = item if draw(st.integers(0, 5)) else tuple(draw(st.permutations(ITEMS))[:2])
    if kind is CheckOut:
        booking = draw(st.sampled_from((BOOKINGS[0], *BOOKINGS)))
        return CheckOut(equipment=several, booking=booking, custodian=who, due_at=due_at, at=at)
    if kind is LendEquipment:
        return LendEquipment(equipment=item, custodian=who, due_at=due_at, at=at)
    if kind is HandOver:
        return HandOver(equipment=item, custodian=who, at=at)
    if kind is ProlongLoan:
        return ProlongLoan(equipment=item, due_at=due_at, at=at)
    without = (draw(items),) if draw(st.integers(0, 3)) == 0 else ()
    return CheckIn(equipment=several, without=without, at=at)
