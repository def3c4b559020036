"""A studio that turns small choices into legal history.

A choice is a few small numbers: what to do, to which, with which other, when, for how long.
The studio applies them to what exists ("the second of the held bookings"), gives the command
to the real decisions, and drops it if it is refused. So any list of choices, and any part of
it, makes a legal history.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, TypeVar

import msgspec

from ledger.decisions.base import Context, Decision, Rule, Snapshot
from ledger.decisions.deciding import take
from ledger.entities.bookings import TURNING_POINTS, Booking
from ledger.entities.equipment import Item
from ledger.errors import LedgerError
from ledger.events import (
    STUDIO_EVENTS,
    LedgerOpened,
    MilestonePlanned,
    ProjectOpened,
    ShootDayReported,
    SpaceClosed,
    SpaceCommissioned,
)
from ledger.events.base import (
    Event,
    Header,
    Query,
    RecordedEvent,
    UnknownEvent,
    format_recorded_at,
    type_names,
)
from ledger.events.bookings import BookingEvent
from ledger.events.equipment import EquipmentEvent, ServiceKind, ServicePlanned
from ledger.events.standing import is_correction, standing
from ledger.testing.history import MemoryHistory
from ledger.time.periods import ManualClock

T = TypeVar("T")
OPENED = datetime(2025, 3, 1, tzinfo=UTC)
"""When every drawn history begins: a month before Europe's clocks go forward."""

GONE = "gone.SomethingHappened"
"""The type of events left behind by a removed plugin."""

_PEOPLE = ("scheduler", "小王", "Ana")
_WITH_A_REASON = ("correct", "undo", "count stock", "describe item")
_REASONS = (None, None, None, "the crew asked for it", "演员生病")


class Choice(NamedTuple):
    """Something to do, in small numbers, each taken modulo the number of things to choose from."""

    do: str
    who: int = 0
    other: int = 0
    day: int = 0
    length: int = 0


Command = Choice | Event | Decision
"""A choice; or an event or decision of the plugin under test, taken as it is."""

Reading = Callable[["Studio", Choice], Decision | None]
"""Turns a choice into a command, given the studio's things to choose from."""


class StudioHistory(MemoryHistory):
    """The log in memory, with an index by tag: a drawn history is read many times."""

    def __init__(self, *, clock: ManualClock, types: Iterable[type[Event]] = ()) -> None:
        super().__init__(clock=clock, types=types)
        self._by_tag: dict[str, list[RecordedEvent]] = defaultdict(list)

    def _record(self, position: int, event: Event, header: Header) -> RecordedEvent:
        entry = super()._record(position, event, header)
        for tag in entry.tags:
            self._by_tag[tag].append(entry)
        return entry

    def add_unknown(self, type_name: str) -> None:
        """Record an event that no code can read."""
        data = b'{"actor":"somebody","schema":1,"payload":{"what":"nobody can tell"}}'
        now = format_recorded_at(max(self.clock.now(), self.events[-1].recorded_at))
        position = len(self.events) + 1
        self.events.append(self.registry.decode(position, now, type_name, "[]", data))

    def read(
        self,
        queries: Sequence[Query],
        *,
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[RecordedEvent]:
        """Return the events with `after` < position <= `until` that answer any of the queries."""
        if len(queries) != 1 or not queries[0].tags:
            yield from super().read(
                queries, after=after, until=until, limit=limit, newest_first=newest_first
            )
            return
        (query,) = queries
        found = [
            entry
            for entry in self._by_tag.get(query.tags[0], ())
            if after < entry.position <= (until or len(self.events))
            and query.matches(entry.type, entry.tags)
        ]
        yield from found[::-1][:limit] if newest_first else found[:limit]


class Studio:
    """A campus as it stands, and the history that led to it.

    `history` begins with `LedgerOpened` and the commands of `campus`. `readings` has every
    word of a choice except `wait` and `unknown`. A plugin adds its event `types` and its
    `rules`.
    """

    def __init__(
        self,
        campus: Iterable[Decision],
        readings: Mapping[str, Reading],
        *,
        types: Iterable[type[Event]] = (),
        rules: Sequence[Rule] = (),
    ) -> None:
        self.clock = ManualClock(OPENED)
        self.history = StudioHistory(clock=self.clock, types=types)
        self.rules: tuple[Rule, ...] = ()
        self._readings = readings
        self.spaces: list[str] = []
        self.projects: list[str] = []
        self.closures: list[str] = []
        self.planned: list[tuple[str, str]] = []
        """Milestones by project and name."""
        self.bookings: dict[str, Booking] = {}
        """In the order of their holds."""
        self.things: dict[str, Item] = {}
        """Items, in the order of their registration."""
        self.reports: dict[tuple[str, date], int] = {}
        """The position of the report that stands, by booking and day."""
        self._made: dict[str, int] = defaultdict(int)
        opened = LedgerOpened(origin="studio.example", format=1, demo=False, zone="Asia/Shanghai")
        self.record(opened)
        for decision in campus:
            self.command(decision)
        self.rules = tuple(rules)  # the campus existed before the plugin

    # --- commands ----------------------------------------------------------------------

    def take(self, command: Command) -> bool:
        """Do it, and return whether anything was recorded; a refused command is dropped."""
        if isinstance(command, Event):
            return self.record(command)
        if isinstance(command, Decision):
            return self.command(command)
        if command.do == "wait":
            self.clock.advance(timedelta(hours=6 * (command.length + 1), days=command.day))
            return False
        if command.do == "unknown":
            # of a removed plugin, or of a type that a later version writes differently
            names = (GONE, *(t.type_name for t in STUDIO_EVENTS[1:])) if command.day else (GONE,)
            self.history.add_unknown(names[(command.who + 7 * command.other) % len(names)])
            return True
        self.clock.advance(timedelta(minutes=20))
        decision = self._readings[command.do](self, command)
        return decision is not None and self.command(
            decision,
            actor=self.one_of(_PEOPLE, command.other),
            reason=self.one_of(_REASONS, command.who + command.length)
            or ("a slip" if command.do in _WITH_A_REASON else None),
        )

    def record(self, event: Event) -> bool:
        """Record an event, bypassing the rules; one that no line can hold is dropped."""
        try:
            self._append([(event, Header(actor=_PEOPLE[0]))])
        except (LedgerError, msgspec.MsgspecError, TypeError, ValueError):
            return False
        return True

    def command(
        self, decision: Decision, *, actor: str = "scheduler", reason: str | None = None
    ) -> bool:
        """Give a command, and return whether it was accepted."""
        snapshot = Snapshot(self.history, self.history.head())
        header = Header(actor=actor, reason=reason)
        now = max(self.clock.now(), self.history.events[-1].recorded_at)
        ctx = Context(snapshot, now=now, new_id=self._new_id, header=header)
        try:
            take(decision, ctx)
            for rule in self.rules:
                rule(ctx, [p.event for p in ctx.proposals if not p.undone])
            for _, check in snapshot.put_off:
                check()
        except LedgerError:
            return False
        self._append([(p.event, p.header(header)) for p in ctx.proposals])
        return bool(ctx.proposals)

    def _append(self, entries: Sequence[tuple[Event, Header]]) -> None:
        for entry in self.history.append(entries):
            self._note(entry)

    # --- things to choose from ---------------------------------------------------------

    @staticmethod
    def one_of(things: Sequence[T], number: int) -> T:
        """Return the thing of that number, modulo how many there are."""
        return things[number % len(things)]

    def booking(self, number: int, *states: str) -> str | None:
        """One of the bookings in these states, None where there is none."""
        found = [one for one, booking in self.bookings.items() if booking.state in states]
        return found[number % len(found)] if found else None

    @property
    def items(self) -> list[str]:
        """The items."""
        return list(self.things)

    @property
    def stocks(self) -> list[str]:
        """The items that are stocks."""
        return [one for one, item in self.things.items() if item.is_stock]

    @property
    def packed(self) -> list[str]:
        """The items in a container."""
        return [one for one, item in self.things.items() if item.place.container is not None]

    @property
    def out(self) -> list[str]:
        """The items that are out on a loan."""
        return [one for one, item in self.things.items() if item.out is not None]

    @property
    def in_service(self) -> list[tuple[str, ServiceKind]]:
        """The items in service, each with the kind of it."""
        return [(one, kind) for one, item in self.things.items() for kind in item.in_service]

    @property
    def today(self) -> date:
        """The day on the clock, UTC."""
        return self.clock.now().date()

    def wait_for(self, day: date) -> None:
        """Let time pass until noon of that day, if that is in the future."""
        self.clock.set(max(self.clock.now(), datetime.combine(day, time(12), UTC)))

    def day(self, number: int) -> date:
        """Return a day near today: four days before it, and every second one after that."""
        return self.today + timedelta(days=2 * number - 4)

    def new_name(self, prefix: str) -> str:
        """Return an unused name: `stage-3`."""
        self._made[prefix] += 1
        return f"{prefix}-{self._made[prefix]}"

    def _new_id(self, prefix: str) -> str:
        self._made[prefix] += 1
        return str(self._made[prefix])

    def _note(self, entry: RecordedEvent) -> None:
        event = entry.event
        if is_correction(entry):
            self._note_correction(entry)
            return
        match event:
            case SpaceCommissioned():
                self.spaces.append(event.space)
            case ProjectOpened():
                self.projects.append(event.project)
            case MilestonePlanned():
                self.planned.append((event.project, event.milestone))
            case SpaceClosed():
                self.closures.append(event.closure)
            case ShootDayReported():
                self.reports[event.booking, event.day] = entry.position
            case BookingEvent():
                known = self.bookings.get(event.booking)
                self.bookings[event.booking] = Booking.after(known, entry)
            case EquipmentEvent() | ServicePlanned():
                for id in Item.ids(event):
                    item = Item.after(self.things.get(id), entry)
                    if item is not None:
                        self.things[id] = item

    def _note_correction(self, entry: RecordedEvent) -> None:
        event = entry.event
        if isinstance(event, ShootDayReported):
            self.reports = {
                (one.event.booking, one.event.day): one.said_at
                for one in standing([e for e in self.history.events if e.type == entry.type])
                if isinstance(one.event, ShootDayReported)
            }
        elif isinstance(event, BookingEvent):
            asked = Query((f"booking:{event.booking}",), type_names(TURNING_POINTS))
            stands = standing(list(self.history.read([asked])))
            if stands:
                self.bookings[event.booking] = Booking.fold(stands)
            else:
                self.bookings.pop(event.booking, None)
        elif isinstance(event, EquipmentEvent | ServicePlanned):
            for id in Item.ids(event):
                self._fold_item(id)

    def _fold_item(self, id: str) -> None:
        asked = Query((f"equipment:{id}",), type_names(Item.types()))
        stands = standing(list(self.history.read([asked])))
        own = [one for one in stands if id in Item.ids(one.event)]
        if own and type(own[0].event) in Item.begins:
            self.things[id] = Item.fold(own)
        else:
            self.things.pop(id, None)


def stored(entry: RecordedEvent) -> tuple[int, str, str, str, bytes]:
    """Return an event's columns as a log stores them: position, time, type, tags, data."""
    data = entry.data
    if isinstance(entry.event, UnknownEvent):
        data = msgspec.structs.replace(data, payload=entry.event.payload)
    return (
        entry.position,
        format_recorded_at(entry.recorded_at),
        entry.type,
        msgspec.json.encode(entry.tags).decode(),
        msgspec.json.encode(data),
    )
