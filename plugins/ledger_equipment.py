"""Equipment: where everything is, who has it, and how it got there.

Everything here goes by effective time. A late entry stands where it happened, so that an item's
history reads in the order of the studio's clock, not of the office's.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from ledger.events import BookingCancelled, BookingWrapped, LedgerOpened
from ledger.plugin import (
    CUSTODY_FACTS,
    PLACE_FACTS,
    SERVICE_FACTS,
    BadInput,
    CustodyFact,
    Moment,
    PlaceFact,
    Projection,
    RecordedEvent,
    Row,
    ServiceFact,
    Struct,
    key,
    on,
    outermost,
    start_of_day,
    steps,
    table,
    view,
)

_DAY = timedelta(days=1)
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)  # every row is written whole: never seen
_END = datetime(9999, 12, 31, tzinfo=UTC)

What = Literal["registered", "moved", "packed", "unpacked", "retired"]
How = Literal["checked out", "handed over", "prolonged", "checked in"]

OneItem = Annotated[str | None, "only this item"]
OneKind = Annotated[str | None, "only items of this kind"]
OnePlace = Annotated[str | None, "only what is at this place"]
Since = Annotated[date | None, "first day"]
Until = Annotated[date | None, "last day, included"]


# --- what is kept ------------------------------------------------------------------------


class Origin(Row):
    """The ledger's own zone, in which `--on` is a day."""

    ledger: str = key()
    zone: str = "UTC"


class Item(Row):
    """An item that is tracked."""

    equipment: str = key()
    name: str = ""
    kind: str = ""
    home: str | None = None
    maker: str | None = None


class PlaceRow(Row):
    """An event that says where an item was. `container`: from then on it is in that.

    The key is in effective order; of one instant, in that of the log.
    """

    equipment: str = key()
    at: datetime = key()
    position: int = key()
    what: What = "registered"
    origin: str | None = None
    place: str = ""
    container: str | None = None
    late: bool = False
    recorded_at: datetime = _UNSET


class CustodyRow(Row):
    """Who has an item from then on, and for which booking it is out until when."""

    equipment: str = key()
    at: datetime = key()
    position: int = key()
    how: How = "checked out"
    custodian: str | None = None
    booking: str | None = None
    due_at: datetime | None = None


class ServiceRow(Row):
    """A service of a kind began, or was completed."""

    equipment: str = key()
    at: datetime = key()
    position: int = key()
    kind: str = ""
    is_open: bool = True
    valid_until: datetime | None = None


class OverRow(Row):
    """A booking that is over, though something may still be out for it."""

    booking: str = key()
    how: Literal["wrapped", "cancelled"] = "wrapped"


# --- what is answered --------------------------------------------------------------------


class ItemLine(Struct, frozen=True):
    """An item at an instant. In a container it is where the container is.

    `since` is when it came to its place, or into its container. `service` are the kinds of
    service that it is in; `calibrated_until` is what its last calibration vouches for.
    """

    equipment: str
    name: str
    kind: str
    place: str
    container: str | None
    since: datetime
    home: str | None
    custodian: str | None
    booking: str | None
    due_at: datetime | None
    overdue: bool
    service: tuple[str, ...]
    calibrated_until: datetime | None
    retired: bool


class MoveLine(Struct, frozen=True):
    """A step of an item. `inside` is the container that took it along.

    `late` marks what was entered, at `recorded_at`, after something that happened later.
    """

    equipment: str
    at: datetime
    what: What
    origin: str | None
    place: str
    container: str | None
    inside: str | None
    late: bool
    recorded_at: datetime
    position: int


class CustodyLine(Struct, frozen=True):
    """A time in which a custodian had an item; `until` None: still has it.

    `how` it came to them; a hand-over leaves the booking and the day it is due as they were.
    """

    equipment: str
    since: datetime
    until: datetime | None
    custodian: str
    how: Literal["checked out", "handed over"]
    booking: str | None
    due_at: datetime | None
    days: int
    position: int


class DueLine(Struct, frozen=True):
    """An item that is out for a booking. `late` are the full days since it was due.

    `over` says that the booking was wrapped or cancelled meanwhile: nothing keeps the item out.
    """

    equipment: str
    name: str
    kind: str
    custodian: str | None
    booking: str | None
    out_since: datetime
    due_at: datetime
    overdue: bool
    late: int
    over: Literal["wrapped", "cancelled"] | None
    place: str


class IdleLine(Struct, frozen=True):
    """An item that was not used for `idle` days; `last_use` says how it was used last."""

    equipment: str
    name: str
    kind: str
    place: str
    container: str | None
    home: str | None
    last_used: datetime
    last_use: str
    idle: int


# --- the projection ----------------------------------------------------------------------


class Equipment(Projection):
    """The place facts, the custody and the services of every item."""

    version = 1
    origins = table(Origin)
    items = table(Item)
    places = table(PlaceRow)
    held = table(CustodyRow)
    services = table(ServiceRow)
    over = table(OverRow)

    @on(LedgerOpened)
    def ledger_opened(self, event: LedgerOpened, entry: RecordedEvent) -> None:
        self.origins.edit("").zone = event.zone

    @on(*PLACE_FACTS)
    def placed(self, event: Any, entry: RecordedEvent) -> None:
        fact = PlaceFact.of(entry, event.equipment)
        if fact.what == "registered":
            item = Item(event.equipment, event.name, event.kind, event.home, event.maker)
            self.items.put(item)
        self.places.put(
            PlaceRow(
                event.equipment,
                fact.at,
                fact.position,
                fact.what or "moved",
                fact.was if fact.what == "moved" else None,
                fact.place,
                fact.container,
                fact.late,
                entry.recorded_at,
            )
        )

    @on(*CUSTODY_FACTS)
    def had(self, event: Any, entry: RecordedEvent) -> None:
        it = CustodyFact.of(entry)
        key = event.equipment, it.at, it.position
        self.held.put(CustodyRow(*key, it.how, it.custodian, it.booking, it.due_at))

    @on(*SERVICE_FACTS)
    def served(self, event: Any, entry: RecordedEvent) -> None:
        it = ServiceFact.of(entry)
        key = event.equipment, it.at, it.position
        self.services.put(ServiceRow(*key, it.kind, it.is_open, it.valid_until))

    @on(BookingWrapped)
    def wrapped(self, event: BookingWrapped, entry: RecordedEvent) -> None:
        self.over.put(OverRow(event.booking, "wrapped"))

    @on(BookingCancelled)
    def cancelled(self, event: BookingCancelled, entry: RecordedEvent) -> None:
        self.over.put(OverRow(event.booking, "cancelled"))

    # --- the views -----------------------------------------------------------------------

    @view(
        "Where is everything, and who has it?",
        spare=(
            *("custodian", "kind", "booking", "overdue", "service"),
            *("since", "container", "retired", "calibrated_until", "home"),
        ),
    )
    def equipment(
        self,
        equipment: OneItem = None,
        kind: OneKind = None,
        place: OnePlace = None,
        booking: Annotated[str | None, "only what is out for this booking"] = None,
        available: Annotated[bool | None, "only what can (not) be checked out"] = None,
        on: Annotated[date | None, "as it was at the end of this day"] = None,
        at: Annotated[Moment | None, "as it was at this time (default: now)"] = None,
    ) -> list[ItemLine]:
        """Every item that was registered by then. Due back is overdue against that time. An item
        that is not out, in service, or retired can be checked out."""
        until = self._until(on, at)
        now = self._now(until)
        places = _by_item(self.places.rows(), until)
        custody = _by_item(self.held.rows(equipment=equipment), until)
        services = _by_item(self.services.rows(equipment=equipment), until)
        lines = (
            _item_line(
                item, places, custody.get(item.equipment, []), services.get(item.equipment, []), now
            )
            for item in self.items.rows(equipment=equipment, kind=kind)
            if item.equipment in places
        )
        return [
            line
            for line in lines
            if place in (None, line.place)
            and booking in (None, line.booking)
            and available in (None, _is_available(line))
        ]

    @view("How did an item get about?", spare=("late", "container", "position", "recorded_at"))
    def equipment_moves(
        self,
        equipment: OneItem = None,
        since: Since = None,
        until: Until = None,
    ) -> list[MoveLine]:
        """The steps of each item in the order in which they happened, those inside a
        container among them, and late entries marked."""
        first, last = self._between(since, until)
        places = _by_item(self.places.rows(), _END)
        return [
            line
            for item in self.items.rows(equipment=equipment)
            for line in _steps(places, item.equipment)
            if first <= line.at < last
        ]

    @view("Who had it, and when?", units={"days": "d"}, spare=("how", "days", "position"))
    def custody(
        self,
        equipment: OneItem = None,
        custodian: Annotated[str | None, "only what this person had"] = None,
        booking: Annotated[str | None, "only what was out for this booking"] = None,
        since: Since = None,
        until: Until = None,
    ) -> list[CustodyLine]:
        """The times in which a custodian had each item, in order. `days` counts full days."""
        first, last = self._between(since, until)
        now = self._now(_END)
        return [
            line
            for facts in _by_item(self.held.rows(equipment=equipment), _END).values()
            for line in _custody_lines(facts, now)
            if custodian in (None, line.custodian)
            and booking in (None, line.booking)
            and line.since < last
            and first < (line.until or _END)
        ]

    @view("What is due back, and when?", units={"late": "d"}, spare=("place", "out_since", "kind"))
    def due_back(
        self,
        kind: OneKind = None,
        custodian: Annotated[str | None, "only what this person has"] = None,
        booking: Annotated[str | None, "only what is out for this booking"] = None,
        overdue: Annotated[bool | None, "only what is (not) overdue"] = None,
        on: Annotated[date | None, "as it was at the end of this day"] = None,
    ) -> list[DueLine]:
        """Every item that is out, the one that is due first on top, so that what is overdue
        stands before the rest."""
        end = self._until(on, None)
        now = self._now(end)
        custody = _by_item(self.held.rows(), end)
        places = _by_item(self.places.rows(), end)
        lines = [
            _due_line(item, custody[item.equipment], places, now, self._over)
            for item in self.items.rows(kind=kind)
            if item.equipment in places and item.equipment in custody
        ]
        return sorted(
            (
                line
                for line in lines
                if line is not None
                and custodian in (None, line.custodian)
                and booking in (None, line.booking)
                and overdue in (None, line.overdue)
            ),
            key=lambda line: (line.due_at, line.equipment),
        )

    @view("What stands idle?", units={"idle": "d"}, spare=("last_use", "last_used", "kind", "home"))
    def idle_equipment(
        self,
        days: Annotated[int, "not used for at least this many days"] = 30,
        kind: OneKind = None,
        place: OnePlace = None,
    ) -> list[IdleLine]:
        """The items that were not moved, packed, unpacked, checked out, handed over or given
        back for at least that many days, longest first. An item that is out, or retired, is not
        idle; an item in a container moves with it."""
        places = _by_item(self.places.rows(), _END)
        custody = _by_item(self.held.rows(), _END)
        now = self._now(_END)
        lines = (
            _idle_line(item, places, custody.get(item.equipment, []), now)
            for item in self.items.rows(kind=kind)
            if item.equipment in places
        )
        return sorted(
            (
                line
                for line in lines
                if line is not None and line.idle >= days and place in (None, line.place)
            ),
            key=lambda line: (-line.idle, line.equipment),
        )

    def _over(self, booking: str) -> Literal["wrapped", "cancelled"] | None:
        row = self.over.get(booking)
        return None if row is None else row.how

    def _now(self, until: datetime) -> datetime:
        """The end of what is looked at: a time asked about, or the present."""
        return (self.now or until) if until == _END else until

    def _between(self, since: date | None, until: date | None) -> tuple[datetime, datetime]:
        """The instants between which those days lie, both included."""
        zone = self._zone()
        first = start_of_day(since, zone) if since is not None else _UNSET
        return first, start_of_day(until + _DAY, zone) if until is not None else _END

    def _zone(self) -> str:
        origin = self.origins.get("")
        return origin.zone if origin else "UTC"

    def _until(self, on: date | None, at: Moment | None) -> datetime:
        """The instant before which things are looked at."""
        if on is not None and at is not None:
            raise BadInput("a day and a time cannot both be asked about", advice="Give one of them")
        if on is not None:
            return start_of_day(on + _DAY, self._zone())
        if at is not None:
            return at.resolve(self._zone()) + timedelta(microseconds=1)
        return _END


# --- effective order ---------------------------------------------------------------------

F = TypeVar("F", PlaceRow, CustodyRow, ServiceRow)


def _by_item(facts: Iterable[F], until: datetime) -> dict[str, list[F]]:
    """The facts of each item before an instant. A table's rows come in effective order."""
    found: dict[str, list[F]] = {}
    for fact in facts:
        if fact.at < until:
            found.setdefault(fact.equipment, []).append(fact)
    return found


def _item_line(
    item: Item,
    places: dict[str, list[PlaceRow]],
    custody: list[CustodyRow],
    services: list[ServiceRow],
    now: datetime,
) -> ItemLine:
    fact = places[item.equipment][-1]
    newest = custody[-1] if custody else None
    out = _out(custody)
    due_at = out.due_at if out else None
    latest = {service.kind: service for service in services}
    done = [s for s in services if s.kind == "calibration" and not s.is_open]
    return ItemLine(
        equipment=item.equipment,
        name=item.name,
        kind=item.kind,
        place=outermost(places, fact).place,
        container=fact.container,
        since=fact.at,
        home=item.home,
        custodian=newest.custodian if newest else None,
        booking=out.booking if out else None,
        due_at=due_at,
        overdue=due_at is not None and due_at < now,
        service=tuple(sorted(kind for kind, service in latest.items() if service.is_open)),
        calibrated_until=done[-1].valid_until if done else None,
        retired=fact.what == "retired",
    )


def _is_available(line: ItemLine) -> bool:
    return not (line.booking or line.service or line.retired)


def _steps(places: dict[str, list[PlaceRow]], item: str) -> list[MoveLine]:
    """The steps of an item, with the moves of its container for as long as it lay inside."""
    return [
        _move_line(item, step.fact, inside=step.inside)
        for step in steps(places, item)
        if step.inside is None or step.fact.what == "moved"
    ]


def _move_line(item: str, fact: PlaceRow, *, inside: str | None) -> MoveLine:
    return MoveLine(
        equipment=item,
        at=fact.at,
        what=fact.what,
        origin=fact.origin,
        place=fact.place,
        container=fact.container,
        inside=inside,
        late=fact.late,
        recorded_at=fact.recorded_at,
        position=fact.position,
    )


# --- custody -----------------------------------------------------------------------------


def _out(custody: list[CustodyRow]) -> CustodyRow | None:
    """The check-out that stands, if one does: a hand-over leaves it as it is."""
    newest = next((one for one in reversed(custody) if one.how != "handed over"), None)
    return newest if newest is not None and newest.booking is not None else None


def _custody_lines(custody: list[CustodyRow], now: datetime) -> Iterator[CustodyLine]:
    """Yield the times in which a custodian had an item, by its facts in effective order."""
    for n, fact in enumerate(custody):
        if fact.custodian is None:
            continue
        following = custody[n + 1].at if n + 1 < len(custody) else None
        out = _out(custody[: n + 1])
        yield CustodyLine(
            equipment=fact.equipment,
            since=fact.at,
            until=following,
            custodian=fact.custodian,
            how="handed over" if fact.how == "handed over" else "checked out",
            booking=out.booking if out else None,
            due_at=out.due_at if out else None,
            days=_full_days(fact.at, following or now),
            position=fact.position,
        )


def _due_line(
    item: Item,
    custody: list[CustodyRow],
    places: dict[str, list[PlaceRow]],
    now: datetime,
    over: Callable[[str], Literal["wrapped", "cancelled"] | None],
) -> DueLine | None:
    out = _out(custody)
    if out is None or out.booking is None or out.due_at is None:
        return None
    return DueLine(
        equipment=item.equipment,
        name=item.name,
        kind=item.kind,
        custodian=custody[-1].custodian,
        booking=out.booking,
        out_since=out.at,
        due_at=out.due_at,
        overdue=out.due_at < now,
        late=_full_days(out.due_at, now),
        over=over(out.booking),
        place=outermost(places, places[item.equipment][-1]).place,
    )


def _idle_line(
    item: Item, places: dict[str, list[PlaceRow]], custody: list[CustodyRow], now: datetime
) -> IdleLine | None:
    own = places[item.equipment]
    if own[-1].what == "retired" or _out(custody) is not None:
        return None
    uses: list[tuple[datetime, str]] = [
        (step.at, step.what) for step in _steps(places, item.equipment)
    ]
    uses += [(fact.at, fact.how) for fact in custody]
    last_used, last_use = max(uses, key=lambda use: use[0])
    return IdleLine(
        equipment=item.equipment,
        name=item.name,
        kind=item.kind,
        place=outermost(places, own[-1]).place,
        container=own[-1].container,
        home=item.home,
        last_used=last_used,
        last_use=last_use,
        idle=_full_days(last_used, now),
    )


def _full_days(start: datetime, end: datetime) -> int:
    """Full spans of 24 hours between two instants; 0 where the end comes first."""
    return max((end - start) // _DAY, 0)
