"""Entities: at any position they say the same as the rules and the views.

Histories are drawn, and at random positions each entity is compared with the decisions' own
readers and with the shipped views; then the laws of blame and of differences are checked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_bookings import Bookings
from ledger_equipment import Equipment
from ledger_projects import Projects
from ledger_spaces import Spaces

from ledger.decisions.base import Context, Snapshot
from ledger.decisions.bookings.state import read_booking
from ledger.decisions.equipment.custody import read_custody
from ledger.decisions.equipment.fitness import read_service
from ledger.decisions.equipment.places import place_at, standing
from ledger.decisions.equipment.reserved import read_reservations
from ledger.decisions.equipment.stock import read_stock
from ledger.decisions.projects import read_milestones, read_project
from ledger.decisions.sites import read_space
from ledger.entities import KINDS, Entity, changes, read_records
from ledger.entities.bookings import Booking, FullBooking
from ledger.entities.changes import between
from ledger.entities.closures import live_closures
from ledger.entities.equipment import Item
from ledger.entities.reading import touched
from ledger.events import (
    SpaceClosed,
    SpaceReopened,
)
from ledger.events.base import Header, Query, RecordedEvent
from ledger.events.equipment import SERVICE_KINDS
from ledger.events.standing import place_of
from ledger.projections import fold
from ledger.tags import tag
from ledger.testing import studio_histories
from ledger.testing.history import MemoryHistory

LATE = datetime(2099, 1, 1, tzinfo=UTC)
"""A time after everything in a drawn history."""

places = st.integers(0, 10_000)
"""A place in a history of any length, taken modulo its length."""


class Indexed(MemoryHistory):
    """A drawn history, with an index by tag: it is read many times."""

    def __init__(self, entries: Iterable[RecordedEvent]) -> None:
        super().__init__()
        self.events = list(entries)
        self._by_tag: dict[str, list[RecordedEvent]] = defaultdict(list)
        for entry in self.events:
            for one in entry.tags:
                self._by_tag[one].append(entry)

    def read(self, queries: Sequence[Query], **within: Any) -> Iterator[RecordedEvent]:
        whole = self.events
        if queries and queries[0].tags:
            near = self._by_tag[queries[0].tags[0]]
            after, until = within.pop("after", 0), within.pop("until", None) or len(whole)
            narrow = MemoryHistory()
            narrow.events = [e for e in near if after < e.position <= until]
            return narrow.read(queries, **within)
        return super().read(queries, **within)

    def types_of(self, tag: str) -> tuple[str, ...]:
        return tuple(sorted({entry.type for entry in self._by_tag[tag]}))


def log_of(entries: Iterable[RecordedEvent]) -> Indexed:
    return Indexed(entries)


def settled(history: Sequence[RecordedEvent], place: int) -> int:
    """A position after a whole command: a move there and back is two events."""
    position = place % len(history) + 1
    while position < len(history) and (
        history[position].recorded_at == history[position - 1].recorded_at
    ):
        position += 1
    return position


def context(entries: Sequence[RecordedEvent]) -> Context:
    snapshot = Snapshot(log_of(entries), len(entries))
    return Context(snapshot, now=LATE, new_id=str, header=Header(actor="a reader"))


def names(entries: Iterable[RecordedEvent]) -> list[tuple[str, str]]:
    """Every thing in a history."""
    found = {name: None for entry in entries for name in touched(entry)}
    return [name for name in found if name[0] in KINDS]


def entities(entries: Sequence[RecordedEvent]) -> Iterator[Entity]:
    log = log_of(entries)
    for kind, id in names(entries):
        entity = read_records(log, kind, id, log.head()).at(log.head())
        if any(facts[-1].value is not None for facts in entity.fields.values()):
            yield entity  # what began it was not taken back


def value(entity: Entity, field: str) -> Any:
    fact = entity.current(field)
    return None if fact is None else fact.value


def parts(entity: Entity, stem: str) -> dict[str, Any]:
    """The values of a repeated field, by part, without the withdrawn ones."""
    return {
        field.partition(".")[2]: facts[-1].value
        for field, facts in entity.fields.items()
        if field.startswith(f"{stem}.") and facts[-1].value is not None
    }


def said(entity: Entity) -> dict[str, list[Any]]:
    """The facts of each field. Since when the ledger knew of one may be said anew: a case that
    was taken out late, and late put back, lies again in the truck that moved."""
    return {name: [(f.value, *f.said) for f in facts] for name, facts in entity.fields.items()}


# --- the decisions' own readers ----------------------------------------------------------


@given(studio_histories(), places)
def test_the_rules_read_the_same(history: Sequence[RecordedEvent], place: int) -> None:
    entries = history[: settled(history, place)]
    ctx = context(entries)
    for entity in entities(entries):
        _READERS[entity.kind](ctx, entity)


def _booking(ctx: Context, entity: Entity) -> None:
    booking = read_booking(ctx, entity.id)
    state = value(entity, "status")
    assert (
        dict.fromkeys(("expired", "passed", "lapsed"), "released").get(state, state)
        == booking.state
    )
    assert value(entity, "space") == booking.space
    assert value(entity, "project") == booking.project
    assert value(entity, "period") == booking.period
    assert value(entity, "units") == booking.units
    assert (value(entity, "plan") or ()) == booking.plan
    assert value(entity, "started_on") == booking.started_on
    if booking.state == "held":
        assert value(entity, "expires_at") == booking.expires_at
    at = entity.current("status")
    assert at is not None
    # one that was taken back left the state before, which an earlier entry put it in
    assert at.entry.undone or place_of(at.entry) == booking.position
    everything = ctx.read(entity.tag, *Booking.types())
    assert Booking.fold(everything) == booking, "no turning point is forgotten"
    full = FullBooking.fold(everything)
    assert all(getattr(full, name) == getattr(booking, name) for name in Booking.__struct_fields__)


def _equipment(ctx: Context, entity: Entity) -> None:
    if "pieces" in entity.fields:
        assert (value(entity, "pieces") or ()) == read_stock(ctx, entity.id).pieces
        return
    assert value(entity, "place") == place_at(ctx, entity.id, LATE)
    stands = standing(ctx, entity.id, LATE)
    assert value(entity, "container") == stands.fact.container
    assert (value(entity, "status") == "retired") == stands.fact.retired
    custody = read_custody(ctx, entity.id)
    assert value(entity, "custodian") == custody.custodian
    assert value(entity, "booking") == (custody.out and custody.out.booking)
    item = Item.fold(ctx.read(entity.tag, *Item.types()))
    assert item.place == stands.fact
    assert (item.custody, item.out) == (custody.newest, custody.out)
    assert item.contents == (value(entity, "contents") or ())
    for kind in SERVICE_KINDS:
        fact = read_service(ctx, entity.id, kind)
        is_open = fact is not None and fact.is_open
        assert (value(entity, f"service.{kind}") == "under way") == is_open
        assert (kind in item.in_service) == is_open
    for step in entity.fields["place"]:  # at each time at which it came somewhere
        assert isinstance(step.since, datetime)
        of_then = [f for f in entity.fields["place"] if f.since == step.since][-1]
        assert of_then.value == place_at(ctx, entity.id, step.since)


def _project(ctx: Context, entity: Entity) -> None:
    project = read_project(ctx, entity.id)
    assert (value(entity, "status") == "closed") == (project.closed is not None)
    for name in ("title", "kind", "opened_on", "closed_on", "outcome"):
        assert value(entity, name) == getattr(project, name)
    stones = read_milestones(ctx, entity.id)
    assert parts(entity, "planned") == {
        name: stone.planned_on for name, stone in stones.items() if stone.planned_on
    }
    assert parts(entity, "reached") == {
        name: stone.reached_on for name, stone in stones.items() if stone.reached_on
    }


def _space(ctx: Context, entity: Entity) -> None:
    space = read_space(ctx, entity.id)
    assert value(entity, "in_service_on") == space.in_service_on
    assert value(entity, "out_of_service_on") == space.decommissioned_on
    for facts in space.facts:
        for name in ("name", "kind", "area_m2", "capacity", "phase"):
            fact = entity.current(name, facts.on)
            assert (None if fact is None else fact.value) == getattr(facts, name)


def _closure(ctx: Context, entity: Entity) -> None:
    live = live_closures(ctx.read(tag("closure", entity.id), SpaceClosed, SpaceReopened))
    assert value(entity, "period") == (live[0].period if live else None)


def _site(ctx: Context, entity: Entity) -> None:
    assert value(entity, "name")


def _reservation(ctx: Context, entity: Entity) -> None:
    live = {one.id: one for one in read_reservations(ctx, value(entity, "booking"))}
    assert (entity.id in live) == (value(entity, "status") == "reserved")
    if entity.id in live:
        assert value(entity, "quantity") == live[entity.id].quantity
        assert value(entity, "period") == live[entity.id].period


def _subhire(ctx: Context, entity: Entity) -> None:
    assert value(entity, "supplier")


_READERS = {
    "booking": _booking,
    "reservation": _reservation,
    "subhire": _subhire,
    "equipment": _equipment,
    "project": _project,
    "space": _space,
    "closure": _closure,
    "site": _site,
}


# --- the shipped views -------------------------------------------------------------------


@given(studio_histories(), places)
def test_the_shipped_views_say_the_same(history: Sequence[RecordedEvent], place: int) -> None:
    entries = history[: settled(history, place)]
    things: dict[str, dict[str, Entity]] = {kind: {} for kind in KINDS}
    for entity in entities(entries):
        things[entity.kind][entity.id] = entity
    bookings = fold(Bookings, entries).projection
    rows = {line.booking: line for line in bookings.bookings()}
    assert set(rows) == set(things["booking"])
    for id, entity in things["booking"].items():
        row, period = rows[id], value(entity, "period")
        status = value(entity, "status")
        # no event records that a hold is over, or a firm booking late
        derived = {
            "held": ("expired", "passed"),
            "confirmed": ("never started",),
            "started": ("overrunning",),
        }
        assert row.state == status or row.state in derived.get(status, ())
        assert (row.space, row.project) == (value(entity, "space"), value(entity, "project"))
        assert (row.first, row.last) == (period.days.first, period.days.last)
        assert row.units == value(entity, "units")
        if row.state == "held":
            assert row.rank == value(entity, "rank")
    for report in bookings.shoot_days():
        said = value(things["booking"][report.booking], f"shoot-day.{report.day}")
        assert said == {name: getattr(report, name) for name in said}
    lines = {line.equipment: line for line in fold(Equipment, entries).projection.equipment()}
    assert set(lines) == set(things["equipment"])
    for id, entity in things["equipment"].items():
        if "pieces" in entity.fields:
            continue  # a stock has a row for each of its lots
        line = lines[id]
        for name in ("place", "container", "custodian", "booking", "due_at", "calibrated_until"):
            assert value(entity, name) == getattr(line, name), name
        assert line.service == tuple(
            sorted(k for k, v in parts(entity, "service").items() if v == "under way")
        )
    stones = {(s.project, s.milestone): s for s in fold(Projects, entries).projection.milestones()}
    for id, entity in things["project"].items():
        planned, reached = parts(entity, "planned"), parts(entity, "reached")
        assert {name for project, name in stones if project == id} == {*planned, *reached}
        for name in {*planned, *reached}:
            assert stones[id, name].planned_on == planned.get(name)
            assert stones[id, name].reached_on == reached.get(name)
    closures = {line.closure: line for line in fold(Spaces, entries).projection.closures()}
    for id, entity in things["closure"].items():
        off = value(entity, "status") == "called off"
        assert off or closures[id].period == str(value(entity, "period"))


# --- the laws of blame and of differences ------------------------------------------------


@given(studio_histories(), places)
def test_what_set_a_value_was_known_by_then_and_the_value_was_so_from_then(
    history: Sequence[RecordedEvent], place: int
) -> None:
    as_of = place % len(history) + 1
    log = log_of(history)
    for kind, id in names(history[:as_of]):
        records = read_records(log, kind, id, log.head())
        entity = records.at(as_of)
        assert entity == read_records(log, kind, id, as_of).at(as_of), "later events change nothing"
        for field, facts in entity.fields.items():
            for fact in facts:
                assert fact.entry.position <= fact.known <= as_of
            last = facts[-1]
            assert records.at(last.known).fields[field][-1].value == last.value, field
            for one, other in pairwise(facts):
                again = one.value == other.value and other.entry.corrects is None
                assert not again, "an event that repeats a fact has set nothing"


def of_lasting_effect(entries: Sequence[RecordedEvent]) -> list[RecordedEvent]:
    """The events without those that were taken back, or put right, among themselves.

    Of what goes by effective time nothing is left then, such as a packing into the wrong case.
    """
    first = entries[0].position if entries else 0
    put_right = {place_of(entry) for entry in entries if entry.corrects is not None}
    return [entry for entry in entries if not (first <= place_of(entry) in put_right)]


@given(studio_histories(), places, places)
def test_what_differs_is_told_and_nothing_else(
    history: Sequence[RecordedEvent], one: int, other: int
) -> None:
    low, high = sorted((one % (len(history) + 1), other % (len(history) + 1)))
    log = log_of(history)
    told = {(c.entity.kind, c.entity.id): c for c in changes(log, low, high)}
    lasting = of_lasting_effect(history[low:high])
    in_between = {name for entry in lasting for name in touched(entry)}
    for kind, id in names(history[:high]):
        records = read_records(log, kind, id, high)
        before, after = records.at(low), records.at(high)
        assert ((kind, id) in told) == bool(between(before, after))
        if (kind, id) not in told:
            assert said(before) == said(after)
            assert (kind, id) not in in_between
            continue
        found = told[kind, id]
        assert found.new == (not before.fields)
        for change in found.changes:
            was, now = before.fields.get(change.field, ()), after.fields[change.field]
            assert change.before == (was[-1].value if was else None)
            assert change.after == now[-1].value
            assert change.steps, "an event is about it"
            assert all(low < step.known <= high for step in change.steps)
            assert change.fact.known <= high
        unchanged = set(after.fields) - {change.field for change in found.changes}
        for name in unchanged:
            never = all(fact.value is None for fact in after.fields[name])
            assert never or said(before)[name] == said(after)[name]
    assert changes(log, high, high) == []


@given(studio_histories(), places, st.data())
def test_a_tag_narrows_to_what_its_events_speak_of(
    history: Sequence[RecordedEvent], place: int, data: st.DataObject
) -> None:
    low, log = place % len(history), log_of(history)
    all_of_it = {(c.entity.kind, c.entity.id): c for c in changes(log, low, len(history))}
    wanted = data.draw(st.sampled_from(names(history)))
    narrowed = changes(log, low, len(history), [tag(*wanted)])
    for found in narrowed:
        assert found == all_of_it[found.entity.kind, found.entity.id]
    assert (wanted in all_of_it) == (wanted in {(c.entity.kind, c.entity.id) for c in narrowed})


# --- unreadable events -------------------------------------------------------------------


@settings(max_examples=20)
@given(studio_histories())
def test_events_that_nobody_can_read_are_carried(history: Sequence[RecordedEvent]) -> None:
    log = log_of(history)
    for entry in history:
        if entry.type.startswith("gone."):
            (told,) = changes(log, entry.position - 1, entry.position)
            assert told.entity.kind == "event"
            assert [c.fact.entry.position for c in told.changes] == [entry.position]
