"""The laws of equipment, over histories entered in any order.

Commands come with random effective times, many of them late and many at one instant. Each
is decided by the real decisions and judged by the naive studio, which knows every event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.decisions.base import Context, Decision, Snapshot
from ledger.decisions.equipment.custody import read_custody
from ledger.decisions.equipment.fitness import ServiceEquipment, read_service
from ledger.decisions.equipment.items import (
    AddEquipment,
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut, HandOver
from ledger.decisions.equipment.places import place_at
from ledger.entities.equipment import PLACE_FACTS
from ledger.errors import Refused
from ledger.events import (
    BookingConfirmed,
    CustodyTransferred,
    EquipmentCheckedIn,
    EquipmentCheckedOut,
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    EquipmentUnpacked,
    Event,
    ServiceCompleted,
    ServiceStarted,
    SpaceCommissioned,
)
from ledger.events.base import Header, recorded_tags
from ledger.events.equipment import SERVICE_KINDS, EquipmentEvent, PlaceEvent
from ledger.testing.scenario import Outcome, given
from ledger.time.periods import Deadline, Period
from tests.properties.models.equipment_model import PACKING, Studio, fits, studio

BEGINNING = datetime(2025, 1, 29, tzinfo=UTC)
STEP = timedelta(days=4)
LAST = 30
"""The grid of effective times: every fourth day of five months, so that instants meet."""

END = BEGINNING + LAST * STEP
ITEMS = ("truck", "case", "pouch", "lens")
PLACES = ("stage-1", "stage-2", "outside:rental-house")
PEOPLE = ("小王", "Ana", "O'Neill")
BOOKING = "b-1"

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


def _booking() -> BookingConfirmed:
    period = Period.between(BEGINNING, END, "Asia/Shanghai")
    return BookingConfirmed(booking=BOOKING, space="stage-1", project="film", period=period)


# --- commands, and the events that they should make if accepted -- ----------------


WEIGHTS = {
    MoveEquipment: 8,
    PackEquipment: 7,
    UnpackEquipment: 3,
    CheckOut: 3,
    CheckIn: 2,
    HandOver: 2,
    ServiceEquipment: 4,
    RetireEquipment: 1,
}
"""How often each is drawn: packed or retired items do not move."""


@st.composite
def commands(draw: st.DrawFn, when: st.SearchStrategy[int] = steps) -> Decision:
    """Any command about any item."""
    kind = draw(st.sampled_from([one for one, weight in WEIGHTS.items() for _ in range(weight)]))
    item, step = draw(items), draw(when)
    at = moment(instant(step))
    if kind is MoveEquipment:
        back = draw(st.none() | st.integers(step, min(step + 4, LAST)))
        return MoveEquipment(
            equipment=item,
            to=draw(st.sampled_from(PLACES)),
            at=at,
            return_at=None if back is None else moment(instant(back)),
        )
    if kind is PackEquipment:
        nested = [*zip(ITEMS[1:], ITEMS, strict=False)] * 4
        item, container = draw(st.sampled_from(nested) | st.tuples(items, items))
        return PackEquipment(equipment=item, container=container, at=at)
    if kind is CheckOut:
        who, due = draw(st.sampled_from(PEOPLE)), moment(END + STEP)
        return CheckOut(equipment=item, booking=BOOKING, custodian=who, due_at=due, at=at)
    if kind is HandOver:
        return HandOver(equipment=item, custodian=draw(st.sampled_from(PEOPLE)), at=at)
    if kind is ServiceEquipment:
        service = draw(st.sampled_from(SERVICE_KINDS[:2]))
        return ServiceEquipment(equipment=item, kind=service, done=draw(st.booleans()), at=at)
    if kind is UnpackEquipment:
        return UnpackEquipment(equipment=item, at=at)
    if kind is CheckIn:
        return CheckIn(equipment=item, at=at)
    assert kind is RetireEquipment
    return RetireEquipment(equipment=item, at=at)


def expected(events: Sequence[Event], command: Decision) -> list[EquipmentEvent] | None:
    """Return the events of a command, as the naive studio sees it; None if it makes no sense.

    Flags that only help reading, such as `latest`, are left at their defaults here.
    """
    assert isinstance(
        command,
        MoveEquipment
        | PackEquipment
        | UnpackEquipment
        | CheckOut
        | CheckIn
        | HandOver
        | ServiceEquipment
        | RetireEquipment,
    )
    item = command.equipment
    assert command.at is not None
    at = command.at.resolve("UTC")
    then = studio(events, until=at)
    if item not in then.place:
        return None
    match command:
        case MoveEquipment():
            return _moves(then, command, at)
        case PackEquipment():
            if command.container not in then.place:
                return None
            around = (command.container, *then.around(command.container))
            return [_packing(EquipmentPacked, item, at, then.where(item), around)]
        case UnpackEquipment():
            around = tuple(then.around(item))
            if not around:
                return None
            return [_packing(EquipmentUnpacked, item, at, then.where(item), around)]
        case RetireEquipment():
            return [
                EquipmentRetired(
                    equipment=item, at=at, place=then.where(item), equipment_kind="camera"
                )
            ]
        case _:
            return _uses(then, command, at)


def _moves(then: Studio, command: MoveEquipment, at: datetime) -> list[EquipmentEvent] | None:
    item, place = command.equipment, then.where(command.equipment)
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


def _packing(
    type: type[EquipmentPacked] | type[EquipmentUnpacked],
    item: str,
    at: datetime,
    place: str,
    around: tuple[str, ...],
) -> EquipmentEvent:
    return type(equipment=item, at=at, place=place, containers=around, latest_for=(), contents=0)


def _uses(then: Studio, command: Decision, at: datetime) -> list[EquipmentEvent] | None:
    match command:
        case CheckOut(equipment=item):
            due_at = command.due_at.resolve("UTC")
            return [
                EquipmentCheckedOut(
                    equipment=item,
                    at=at,
                    booking=command.booking,
                    custodian=command.custodian,
                    due_at=due_at,
                    equipment_kind="camera",
                )
            ]
        case CheckIn(equipment=item):
            if item not in then.out:
                return None
            return [
                EquipmentCheckedIn(
                    equipment=item,
                    at=at,
                    booking=then.out[item],
                    equipment_kind="camera",
                    due_at=datetime(2025, 7, 1, tzinfo=UTC),
                )
            ]
        case HandOver(equipment=item):
            was = then.custodian.get(item)
            who = command.custodian
            return [CustodyTransferred(equipment=item, at=at, was=was, custodian=who)]
        case ServiceEquipment(equipment=item) if command.done:
            return [
                ServiceCompleted(equipment=item, at=at, kind=command.kind, equipment_kind="camera")
            ]
        case ServiceEquipment(equipment=item):
            return [
                ServiceStarted(equipment=item, at=at, kind=command.kind, equipment_kind="camera")
            ]
    raise AssertionError(command)


# --- the machine ---------------------------------------------------------------------


class EquipmentInAnyOrder(RuleBasedStateMachine):
    """Commands in any order of effective time; each is judged, then the whole is checked."""

    def __init__(self) -> None:
        super().__init__()
        self.story = given(_space("stage-1"), _space("stage-2"), _booking()).at(END)
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

    def judge(self, command: Decision) -> None:
        outcome = self.story.when(command)
        wanted = expected(self.events, command)
        possible = wanted is not None and fits(self.events, wanted)
        if not possible:
            assert outcome.refusal is not None, f"{command} was taken: {outcome.events}"
            return
        assert outcome.refusal is None, f"{command} was refused: {outcome.refusal}"
        assert wanted is not None
        assert [_facts(event) for event in outcome.events] == [_facts(event) for event in wanted]
        self.check_flags(outcome)
        before = self.seen()
        self.story.keep(outcome)
        after = self.seen()
        moved = isinstance(outcome.events[0], PLACE_FACTS)
        for axis in ("custody", "service") if moved else ("place",):
            assert before[axis] == after[axis], f"{command} changed the {axis}"

    def check_flags(self, outcome: Outcome) -> None:
        """`latest` and `contents` are as every event together says."""
        so_far = self.events
        for event in outcome.events:
            if isinstance(event, PlaceEvent):
                assert event.latest == _is_latest(so_far, event.equipment, event.at)
            if isinstance(event, PACKING):
                assert event.latest_for == tuple(
                    name for name in event.containers if _is_latest(so_far, name, event.at)
                )
            so_far.append(event)
            if isinstance(event, PACKING):
                assert event.contents == len(studio(so_far).inside(event.container))

    def seen(self) -> dict[str, list[object]]:
        """Return the answers to the decisions' own questions, by axis."""
        ctx = self.context()
        return {
            "place": [place_at(ctx, item, END) for item in ITEMS],
            "custody": [read_custody(ctx, item) for item in ITEMS],
            "service": [read_service(ctx, item, kind) for item in ITEMS for kind in SERVICE_KINDS],
        }

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
        assert (custody.custodian, custody.booking) == (
            end.custodian.get(item),
            end.out.get(item),
        )
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


def _facts(event: Event) -> dict[str, object]:
    """Return what an event says about the studio, without the flags that only help reading."""
    flags = {"latest", "latest_for", "contents"}
    fields = {name: getattr(event, name) for name in event.__struct_fields__ if name not in flags}
    return {"type": event.type_name, **fields}


TestEquipmentInAnyOrder = EquipmentInAnyOrder.TestCase
