"""The laws of equipment, over histories entered in any order.

Commands come with random effective times, many of them late and many at one instant. Each
is decided by the real decisions and judged by the naive studio, which knows every event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

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
from ledger.decisions.equipment.loans import (
    CheckIn,
    CheckOut,
    HandOver,
    LendEquipment,
    ProlongLoan,
)
from ledger.decisions.equipment.places import place_at
from ledger.decisions.equipment.promise_refusals import PromisedAway
from ledger.decisions.equipment.stock import read_stock
from ledger.errors import Refused
from ledger.events import (
    EquipmentMoved,
    EquipmentPacked,
    EquipmentRegistered,
    EquipmentRetired,
    Event,
    StockTransferred,
)
from ledger.events.base import Header, recorded_tags
from ledger.events.equipment import SERVICE_KINDS, EquipmentEvent, Lot, Pieces, PlaceEvent
from ledger.testing.scenario import Outcome, given
from tests.properties.models.equipment_judge import ANY, expected
from tests.properties.models.equipment_model import (
    PACKING,
    Out,
    Studio,
    fits,
    studio,
)
from tests.properties.models.equipment_wishes import (
    BEGINNING,
    BOOKINGS,
    END,
    ITEMS,
    LAST,
    MANY,
    STOCK,
    booking_of,
    commands,
    instant,
    items,
    moment,
    space_of,
    steps,
)

# --- the machine ---------------------------------------------------------------------


class EquipmentInAnyOrder(RuleBasedStateMachine):
    """Commands in any order of effective time; each is judged, then the whole is checked."""

    def __init__(self) -> None:
        super().__init__()
        self.story = given(space_of("stage-1"), space_of("stage-2"), *map(booking_of, BOOKINGS)).at(
            END
        )
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
                AddEquipment(equipment=item, name=item, kind=item, at_place=place, at=at)
            )
        self.story.and_given(
            AddEquipment(
                equipment=STOCK, name=STOCK, kind=STOCK, at_place="stage-1", quantity=MANY,
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

    def judge(self, command: Decision) -> None:
        outcome = self.story.when(command)
        wanted = expected(self.events, command)
        if isinstance(outcome.refusal, PromisedAway):
            return  # what is in service is kept no longer: promises have tests of their own
        if outcome.refusal is not None:
            possible = isinstance(wanted, list) and fits(self.events, wanted)
            if possible and not self.is_late(command):
                raise AssertionError(f"{command} was refused: {outcome.refusal}")
            return
        assert wanted is not None, f"{command} was taken: {outcome.events}"
        assert fits(self.events, outcome.events), f"{command} was taken: {outcome.events}"
        if wanted != ANY:
            assert _facts(*outcome.events) == _facts(*wanted)
        self.check_flags(outcome)
        before = self.seen()
        self.story.keep(outcome)
        after = self.seen()
        for axis in KEPT[type(command)]:
            assert before[axis] == after[axis], f"{command} changed the {axis}"

    def is_late(self, command: Any) -> bool:
        """Whether it may be refused only since more is on record of what happened later.

        Single items move late wherever that fits, if no pieces went into something later.
        """
        at = command.at.resolve("UTC")
        later = [one for one in self.events if isinstance(one, EquipmentEvent) and at < one.at]
        if isinstance(command, MoveEquipment) and "=" not in command.equipment:
            return any(getattr(one, "how", "") in ("packed", "unpacked") for one in later)
        return bool(later)

    def check_flags(self, outcome: Outcome) -> None:
        """`latest`, `contents` and `pieces` are as every event together says."""
        so_far = self.events
        for event in outcome.events:
            if isinstance(event, PlaceEvent):
                assert event.latest == _is_latest(so_far, event.equipment, event.at)
            if isinstance(event, PACKING):
                assert event.latest_for == tuple(
                    name for name in event.containers if _is_latest(so_far, name, event.at)
                )
            so_far.append(event)
            if isinstance(event, StockTransferred):
                assert _tally(event.pieces) == _tally_of(so_far)
            contents, holder = getattr(event, "contents", None), getattr(event, "container", None)
            if contents is not None:
                assert contents == tuple(sorted(_all_told(so_far).inside(str(holder))))

    def seen(self) -> dict[str, list[object]]:
        """Return the answers to the decisions' own questions, by axis."""
        ctx = self.context()
        return {
            "place": [
                *(place_at(ctx, item, END) for item in ITEMS),
                _by(read_stock(ctx, STOCK).pieces, "place", "container"),
            ],
            "custody": [
                *(read_custody(ctx, item) for item in ITEMS),
                _by(read_stock(ctx, STOCK).pieces, "booking", "custodian", "due_at"),
            ],
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
        out = custody.out
        said = None if out is None else Out(out.booking, out.due_at or END, out.within)
        assert (custody.custodian, said) == (end.custodian.get(item), end.out.get(item))
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


def _all_told(events: Sequence[Event]) -> Studio:
    """The studio by the order of recording, in which every command left things whole."""
    found = Studio()
    for event in events:
        if isinstance(event, PACKING):
            if isinstance(event, EquipmentPacked):
                found.container[event.equipment] = event.containers[0]
            else:
                found.container.pop(event.equipment, None)
    found.lots = {(STOCK, lot): n for lot, n in _tally_of(events).items()}
    return found


def _tally(held: Iterable[Pieces]) -> dict[Lot, int]:
    return {one.lot: one.quantity for one in held}


def _tally_of(events: Sequence[Event]) -> dict[Lot, int]:
    held = Counter({Lot(place="stage-1"): MANY})
    for event in events:
        if isinstance(event, StockTransferred):
            assert event.origin is not None
            assert event.destination is not None
            held[event.origin] -= event.quantity
            held[event.destination] += event.quantity
    assert sum(held.values()) == MANY
    return {lot: n for lot, n in held.items() if n}


def _by(held: Iterable[Pieces], *fields: str) -> Counter[tuple[object, ...]]:
    found = Counter[tuple[object, ...]]()
    for one in held:
        found[tuple(getattr(one.lot, field) for field in fields)] += one.quantity
    return found


FLAGS = {
    *("latest", "latest_for", "contents", "pieces", "newest_at"),
    *("of_kind", "equipment_kind"),
}
"""The fields that only help reading, or are the same throughout."""


def _facts(*events: Event) -> list[str]:
    """Return what events say about the studio, in no order."""

    def said(event: Event) -> list[str]:
        return [name for name in event.__struct_fields__ if name not in FLAGS]

    return sorted(
        repr(
            (
                event.type_name,
                [getattr(event, f) for f in event.__struct_fields__ if f not in FLAGS],
            )
        )
        for event in events
    )


LOANS = (CheckOut, LendEquipment, ProlongLoan, HandOver)
KEPT: dict[type[Decision], tuple[str, ...]] = {
    MoveEquipment: ("custody", "service"),
    PackEquipment: ("service",),
    UnpackEquipment: ("service",),
    RetireEquipment: ("custody", "service"),
    ServiceEquipment: ("place", "custody"),
    CheckIn: ("service",),
    **dict.fromkeys(LOANS, ("place", "service")),
}
"""The facts that a command leaves as they are. What came back without something is unpacked."""


TestEquipmentInAnyOrder = EquipmentInAnyOrder.TestCase
