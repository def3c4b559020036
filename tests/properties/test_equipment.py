"""The laws of equipment, over histories entered in any order.

Commands come with random effective times, many of them late and many at one instant. Each
is decided by the real decisions and judged by the naive studio, which knows every event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.decisions.base import Context, Decision, Snapshot
from ledger.decisions.equipment.counts import read_count
from ledger.decisions.equipment.custody import read_custody
from ledger.decisions.equipment.fitness import ServiceEquipment, read_service
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut, HandOver, LendEquipment, ProlongLoan
from ledger.decisions.equipment.places import place_at
from ledger.decisions.equipment.promise_refusals import NotEnough, PromisedAway
from ledger.decisions.equipment.refusals import LaterEntryStands
from ledger.decisions.equipment.stock import read_stock
from ledger.decisions.equipment.stocktaking import LoseStock
from ledger.errors import Refused
from ledger.events import (
    BookingConfirmed,
    EquipmentMoved,
    EquipmentRegistered,
    EquipmentRetired,
    Event,
    SpaceCommissioned,
    StockTransferred,
)
from ledger.events.base import Header, recorded_tags
from ledger.events.equipment import SERVICE_KINDS, EquipmentEvent, Pieces, PlaceEvent
from ledger.testing.scenario import Outcome, given
from ledger.time.periods import Deadline, Period
from tests.properties.models.equipment_model import PACKING, about, fits, studio
from tests.properties.models.equipment_wishes import expected

BEGINNING = datetime(2025, 1, 29, tzinfo=UTC)
STEP = timedelta(days=4)
LAST = 30
"""The grid of effective times: every fourth day of five months, so that instants meet."""

END = BEGINNING + LAST * STEP
ITEMS = ("truck", "case", "pouch", "lens")
PLACES = ("stage-1", "stage-2", "outside:rental-house")
PEOPLE = ("小王", "Ana", "O'Neill")
BOOKINGS = ("b-1", "b-2")
STOCK, PIECES = "cables", 12

items = st.sampled_from(ITEMS)
steps = st.sampled_from(range(LAST, -1, -1))


def instant(step: int) -> datetime:
    return BEGINNING + step * STEP


def moment(at: datetime) -> Deadline:
    return Deadline(at.isoformat())


def _space(space: str) -> SpaceCommissioned:
    return SpaceCommissioned(
        space=space,
        site="yongchuan",
        zone="Asia/Shanghai",
        name=space,
        kind="stage",
        area_m2=1000.0,
        in_service_on=date(2023, 5, 1),
    )


def _booking(booking: str) -> BookingConfirmed:
    period = Period.between(BEGINNING, END, "Asia/Shanghai")
    return BookingConfirmed(booking=booking, space="stage-1", project="film", period=period)


# --- commands ------------------------------------------------------------------------


WEIGHTS = {
    MoveEquipment: 8,
    PackEquipment: 8,
    UnpackEquipment: 4,
    CheckOut: 4,
    LendEquipment: 1,
    CheckIn: 3,
    HandOver: 2,
    ProlongLoan: 2,
    ServiceEquipment: 4,
    RetireEquipment: 1,
}
"""How often each is drawn: packed or retired items do not move."""

OF_STOCK = (
    *(MoveEquipment, PackEquipment, PackEquipment, UnpackEquipment, CheckOut),
    *(LendEquipment, CheckIn, CheckIn, LoseStock),
)

places = st.sampled_from(PLACES)
people = st.sampled_from(PEOPLE)
dues = st.sampled_from([moment(END + STEP), moment(END + 2 * STEP)])


@st.composite
def commands(draw: st.DrawFn, when: st.SearchStrategy[int] = steps) -> Decision:
    """Any command about any item, or about some pieces of the stock."""
    step = draw(when)
    if draw(st.integers(0, 3)) == 0:
        return draw(of_stock(step))
    kind = draw(st.sampled_from([one for one, weight in WEIGHTS.items() for _ in range(weight)]))
    item, at = draw(items), moment(instant(step))
    if kind is MoveEquipment:
        back = draw(st.none() | st.integers(step, min(step + 4, LAST)))
        return MoveEquipment(
            equipment=item,
            to=draw(places),
            at=at,
            return_at=None if back is None else moment(instant(back)),
        )
    if kind is PackEquipment:
        nested = [*zip(ITEMS[1:], ITEMS, strict=False)] * 4
        item, container = draw(st.sampled_from(nested) | st.tuples(items, items))
        return PackEquipment(equipment=item, container=container, at=at)
    if kind is UnpackEquipment:
        return UnpackEquipment(equipment=item, still_out=draw(st.booleans()), at=at)
    if kind is ServiceEquipment:
        service = draw(st.sampled_from(SERVICE_KINDS[:2]))
        return ServiceEquipment(equipment=item, kind=service, done=draw(st.booleans()), at=at)
    return _use(draw, kind, item, at)


def _use(draw: st.DrawFn, kind: Any, item: str, at: Deadline, **more: Any) -> Decision:
    if kind in (CheckOut, LendEquipment, HandOver):
        more["custodian"] = draw(people)
    if kind in (CheckOut, LendEquipment, ProlongLoan):
        more["due_at"] = draw(dues)
    if kind is CheckOut:
        more["booking"] = draw(st.sampled_from(BOOKINGS))
    decision: Decision = kind(equipment=item, at=at, **more)
    return decision


@st.composite
def of_stock(draw: st.DrawFn, step: int) -> Decision:
    kind: Any = draw(st.sampled_from(OF_STOCK))
    named, at = f"{STOCK}={draw(st.integers(1, 5))}", moment(instant(step))
    place = draw(st.sampled_from(["stage-1", *PLACES]))
    if kind is MoveEquipment:
        return MoveEquipment(equipment=named, origin=place, to=draw(places), at=at)
    container = draw(st.sampled_from(ITEMS[:3]))
    if kind is PackEquipment:
        return PackEquipment(equipment=named, container=container, from_place=place, at=at)
    if kind is UnpackEquipment:
        still = draw(st.booleans())
        return UnpackEquipment(equipment=named, container=container, still_out=still, at=at)
    if kind is CheckIn:
        return CheckIn(
            equipment=named,
            booking=draw(st.sampled_from([None, *BOOKINGS])),
            from_place=draw(st.sampled_from([None, *PLACES])),
            at=at,
        )
    return _use(draw, kind, named, at, from_place=place)


# --- the machine ---------------------------------------------------------------------


class EquipmentInAnyOrder(RuleBasedStateMachine):
    """Commands in any order of effective time; each is judged, then the whole is checked."""

    def __init__(self) -> None:
        super().__init__()
        self.story = given(
            _space("stage-1"), _space("stage-2"), *(_booking(one) for one in BOOKINGS)
        ).at(END)
        self.frontier = 0

    @property
    def events(self) -> list[Event]:
        return [entry.event for entry in self.story.history.events]

    def context(self) -> Context:
        history = self.story.history
        return Context(
            Snapshot(history, history.head()),
            now=END,
            new_id=lambda prefix: prefix,
            header=Header(actor="test"),
        )

    @initialize(first=st.tuples(*[st.integers(0, 1)] * len(ITEMS)), away=st.booleans())
    def register(self, first: tuple[int, ...], away: bool) -> None:
        for item, step in zip(ITEMS, first, strict=True):
            place = "outside:rental-house" if away and item == "lens" else "stage-1"
            at = moment(instant(step))
            self.story.and_given(
                AddEquipment(equipment=item, name=item, kind="kit", at_place=place, at=at)
            )
        self.story.and_given(
            AddEquipment(
                equipment=STOCK, name=STOCK, kind="cable", at_place="stage-1", quantity=PIECES,
                at=moment(BEGINNING),
            )
        )  # fmt: skip
        self.frontier = 6

    @rule(data=st.data(), ahead=st.lists(st.integers(0, 2), min_size=1, max_size=8))
    def commands_in_order(self, data: st.DataObject, ahead: list[int]) -> None:
        for more in ahead:
            self.frontier = min(self.frontier + more, LAST)
            self.judge(data.draw(commands(st.just(self.frontier))))

    @rule(data=st.data(), late=st.lists(st.integers(0, 8), min_size=1, max_size=8))
    def commands_late(self, data: st.DataObject, late: list[int]) -> None:
        for less in late:
            self.judge(data.draw(commands(st.just(max(self.frontier - less, 0)))))

    @rule(command=commands())
    def command_at_any_time(self, command: Decision) -> None:
        self.judge(command)

    @rule(first=commands(), second=commands())
    def two_in_one_batch(self, first: Decision, second: Decision) -> None:
        """A batch is what its commands are one by one, all or none."""
        outcome = self.story.when(first, second)
        wanted: list[EquipmentEvent] = []
        for command in (first, second):
            more = expected([*self.events, *wanted], command)
            if more is None or not fits([*self.events, *wanted], more):
                assert outcome.refusal is not None, f"{command} was taken: {outcome.events}"
                return
            wanted += more
        if outcome.refusal is None:
            assert [_facts(one) for one in outcome.events] == [_facts(one) for one in wanted]
            self.check_flags(outcome)
            self.story.keep(outcome)

    def judge(self, command: Decision) -> None:
        outcome = self.story.when(command)
        wanted = expected(self.events, command)
        possible = wanted is not None and fits(self.events, wanted)
        if not possible:
            assert outcome.refusal is not None, f"{command} was taken: {outcome.events}"
            return
        assert wanted is not None
        if isinstance(outcome.refusal, LaterEntryStands) and self.is_late(command, wanted):
            return
        if isinstance(outcome.refusal, NotEnough | PromisedAway):
            return  # the naive studio makes no promises
        assert outcome.refusal is None, f"{command} was refused: {outcome.refusal}"
        assert [_facts(event) for event in outcome.events] == [_facts(event) for event in wanted]
        self.check_flags(outcome)
        before = self.seen()
        self.story.keep(outcome)
        after = self.seen()
        for axis in _kept_by(outcome.events):
            assert before[axis] == after[axis], f"{command} changed the {axis}"

    def is_late(self, command: Decision, wanted: Sequence[EquipmentEvent]) -> bool:
        """Whether packing and loans are entered out of order: of what the command is about, or of
        what is in it or around it."""
        if isinstance(command, MoveEquipment | ServiceEquipment | RetireEquipment | LoseStock):
            return False
        about_it = {name for event in wanted for name in about(event)}
        about_it |= {name for item in about_it for name in studio(self.events).around(item)}
        about_it |= {thing for item in about_it for thing, _ in studio(self.events).deep(item)}
        return any(
            isinstance(event, EquipmentEvent)
            and event.at > wanted[0].at
            and about_it.intersection(about(event))
            for event in self.events
        )

    def check_flags(self, outcome: Outcome) -> None:
        """`latest`, `contents` and the tallies are as every event together says."""
        so_far = self.events
        for event in outcome.events:
            if isinstance(event, PlaceEvent):
                assert event.latest == _is_latest(so_far, event.equipment, event.at)
            if isinstance(event, PACKING):
                assert event.latest_for == tuple(
                    name for name in event.containers if _is_latest(so_far, name, event.at)
                )
            so_far.append(event)
        for number, event in enumerate(outcome.events, start=1 + len(self.events)):
            if isinstance(event, (*PACKING, StockTransferred)) and event.container is not None:
                assert event.contents == tuple(_as_recorded(so_far[:number], event.container))
            if isinstance(event, StockTransferred):
                tally = {one.lot: one.quantity for one in event.pieces}
                assert tally == _tally(so_far[:number])
                assert event.newest_at == max(
                    one.at for one in so_far[:number]
                    if isinstance(one, EquipmentEvent) and one.equipment == event.equipment
                )  # fmt: skip

    def seen(self) -> dict[str, list[object]]:
        """Return the answers to the decisions' own questions, by axis."""
        ctx = self.context()
        pieces = read_stock(ctx, STOCK).pieces
        return {
            "place": [place_at(ctx, item, END) for item in ITEMS],
            "custody": [read_custody(ctx, item) for item in ITEMS],
            "service": [read_service(ctx, item, kind) for item in ITEMS for kind in SERVICE_KINDS],
            "pieces out": [_on_loan(pieces)],
            "lots": [{(one.lot.place, one.lot.container) for one in pieces}],
        }

    @invariant()
    def kinds_are_counted(self) -> None:
        end, ctx = studio(self.events), self.context()
        assert read_count(ctx, "cable").pieces == sum(end.total.values())
        count = read_count(ctx, "kit")
        assert count.pieces == sum(item in end.place and item not in end.retired for item in ITEMS)
        assert {(one.equipment, one.service) for one in count.away} == end.service
        assert len(count.away) == len(end.service)

    @invariant()
    def nothing_contradicts(self) -> None:
        studio(self.events)

    @rule(item=items, step=steps)
    def ask_where(self, item: str, step: int) -> None:
        at = instant(step)
        then = studio(self.events, until=at)
        if item not in then.place:
            return
        ctx = self.context()
        assert place_at(ctx, item, at) == then.where(item)
        for container in then.around(item):
            assert place_at(ctx, container, at) == then.where(item)

    @rule(item=items)
    def ask_who(self, item: str) -> None:
        end = studio(self.events)
        ctx = self.context()
        custody = read_custody(ctx, item)
        assert custody.custodian == end.custodian.get(item)
        out, its = custody.out, end.out.get(item)
        assert (out is None) == (its is None)
        if out is not None and its is not None:
            assert (out.booking, out.due_at) == (its.booking, its.due_at)
        for kind in SERVICE_KINDS:
            fact = read_service(ctx, item, kind)
            assert (fact is not None and fact.is_open) == ((item, kind) in end.service)

    @precondition(lambda self: len(self.story.history.events) > 3)
    @rule(one=commands(), other=commands())
    def what_changes_a_decision_is_in_its_boundary(self, one: Decision, other: Decision) -> None:
        first = self.story.when(one)
        between = self.story.when(other)
        if between.refusal is not None:
            return
        self.story.keep(between)
        again = self.story.when(one)
        if _answer(first) != _answer(again):
            assert any(
                query.matches(event.type_name, recorded_tags(event, between.header))
                for query in first.boundary.queries
                for event in between.events
            ), f"{between.events} changed {first.events} to {again.events}, unnoticed"


def _answer(outcome: Outcome) -> tuple[object, ...]:
    refusal = outcome.refusal
    return (outcome.events, type(refusal), str(refusal) if isinstance(refusal, Refused) else "")


def _is_latest(events: Sequence[Event], item: str, at: datetime) -> bool:
    return not any(
        isinstance(event, (EquipmentRegistered, EquipmentMoved, EquipmentRetired, *PACKING))
        and item in (event.equipment, *getattr(event, "containers", ()))
        and event.at > at
        for event in events
    )


def _kept_by(events: Sequence[Event]) -> tuple[str, ...]:
    """The facts that a command leaves as they are: no move changes a loan, no loan moves a thing.

    Packing alone does both, where a case is out.
    """
    kinds = {type(event) for event in events}
    if kinds <= {EquipmentMoved, EquipmentRetired}:
        return "custody", "service", "pieces out"
    if any(isinstance(event, PACKING) for event in events):
        return ("service",)
    stock = [event for event in events if isinstance(event, StockTransferred)]
    if not stock:
        return "place", "lots"
    if {event.how for event in stock} <= {"moved", "lost"}:
        return "place", "custody", "service", "pieces out"
    return ("place", "service")


def _on_loan(pieces: Sequence[Pieces]) -> Counter[tuple[str | None, str | None]]:
    """How many pieces are out, by booking and person."""
    found: Counter[tuple[str | None, str | None]] = Counter()
    for one in pieces:
        if one.lot.is_out:
            found[one.lot.booking, one.lot.custodian] += one.quantity
    return found


def _as_recorded(events: Sequence[Event], container: str) -> list[str]:
    """What is straight in a container by all that is recorded."""
    return studio(events, within_a_command=True).inside(container)


def _tally(events: Sequence[Event]) -> dict[Any, int]:
    lots = studio(events, within_a_command=True).lots[STOCK]
    return {lot: number for lot, number in lots.items() if number}


def _facts(event: Event) -> dict[str, object]:
    """Return what an event says about the studio, without the flags that only help reading."""
    flags = {"latest", "latest_for", "contents", "pieces", "newest_at", "of_kind"}
    fields = {name: getattr(event, name) for name in event.__struct_fields__ if name not in flags}
    return {"type": event.type_name, **fields}


TestEquipmentInAnyOrder = EquipmentInAnyOrder.TestCase
# The naive studio looks at every event, so that a long history costs the square of its length.
TestEquipmentInAnyOrder.settings = settings(stateful_step_count=25)
