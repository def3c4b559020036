"""Equipment: where everything is, who has it, and how it got there.

Everything here goes by effective time. A late entry stands where it happened, so that an item's
history reads in the order of the studio's clock, not of the office's.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from ledger.events import (
    BookingCancelled,
    BookingWrapped,
    EquipmentDescribed,
    LedgerOpened,
    ServicePlanned,
    StockTransferred,
)
from ledger.plugin import (
    CUSTODY_FACTS,
    PLACE_FACTS,
    SERVICE_FACTS,
    BadInput,
    CustodyFact,
    Lot,
    Moment,
    Period,
    PlaceFact,
    Projection,
    RecordedEvent,
    Row,
    ServiceFact,
    Struct,
    key,
    mark,
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

What = Literal["registered", "moved", "packed", "unpacked", "retired", "lost", "found", "bought"]
How = Literal["checked out", "handed over", "prolonged", "checked in"]
Due = Literal["in service", "planned", "calibration ends"]

OneItem = Annotated[str | None, "only this item: its id, barcode, serial number or reference"]
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
    """An item that is tracked, as it is described now; a stock begins with `quantity` pieces."""

    equipment: str = key()
    name: str = ""
    kind: str = ""
    home: str | None = None
    maker: str | None = None
    serial: str | None = None
    barcode: str | None = None
    owner: str | None = None
    value: str | None = None
    note: str | None = None
    reference: str | None = None
    quantity: int | None = None

    def is_named(self, text: str) -> bool:
        """Whether that is its id, or stands on it."""
        marks = (self.barcode, self.serial, self.reference)
        return text == self.equipment or mark(text) in [mark(one) for one in marks if one]


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
    within: str | None = None


class ServiceRow(Row):
    """A service of a kind began, expected to end by `until`, or was completed."""

    equipment: str = key()
    at: datetime = key()
    position: int = key()
    kind: str = ""
    is_open: bool = True
    until: datetime | None = None
    valid_until: datetime | None = None


class PlanRow(Row):
    """A service is planned for a period, or will not be after all."""

    equipment: str = key()
    position: int = key()
    kind: str = ""
    period: Period | None = None
    dropped: bool = False


class TransferRow(Row):
    """Pieces of a stock went from one lot to another, or in or out of the stock."""

    equipment: str = key()
    at: datetime = key()
    position: int = key()
    how: str = ""
    quantity: int = 0
    origin: Lot | None = None
    destination: Lot | None = None
    recorded_at: datetime = _UNSET


class OverRow(Row):
    """A booking that is over, though something may still be out for it."""

    booking: str = key()
    how: Literal["wrapped", "cancelled"] = "wrapped"


# --- what is answered --------------------------------------------------------------------


class ItemLine(Struct, frozen=True):
    """An item at an instant, or a lot of a stock. In a container it is where the container is.

    `since` is when it came to its place, or into its container. `quantity` is empty for a single
    item. `service` are the kinds of service that it is in; `calibrated_until` is what its last
    calibration vouches for.
    """

    equipment: str
    name: str
    kind: str
    place: str
    container: str | None
    quantity: int | None
    since: datetime
    home: str | None
    custodian: str | None
    booking: str | None
    due_at: datetime | None
    overdue: bool
    service: tuple[str, ...]
    calibrated_until: datetime | None
    retired: bool
    serial: str | None
    barcode: str | None
    owner: str | None
    value: str | None
    reference: str | None

    def is_available(self, now: datetime) -> bool:
        """Whether it can be checked out then."""
        has_run_out = self.calibrated_until is not None and self.calibrated_until <= now
        return not (self.due_at or self.service or self.retired or has_run_out)


class LotLine(Struct, frozen=True):
    """Pieces of a stock that are together: at a place or in a container, and on one loan."""

    equipment: str
    place: str
    container: str | None
    booking: str | None
    custodian: str | None
    due_at: datetime | None
    quantity: int
    name: str
    kind: str
    since: datetime


class MoveLine(Struct, frozen=True):
    """A step of an item. `inside` is the container that took it along.

    `late` marks what was entered, at `recorded_at`, after something that happened later.
    `quantity` is how many pieces of a stock it was.
    """

    equipment: str
    at: datetime
    what: What
    origin: str | None
    place: str
    container: str | None
    inside: str | None
    quantity: int | None
    late: bool
    recorded_at: datetime
    position: int


class CustodyLine(Struct, frozen=True):
    """A time in which a custodian had an item; `until` None: still has it.

    `how` it came to them; a hand-over leaves the booking and the day it is due as they were.
    `quantity` is the most pieces of a stock that they had at once.
    """

    equipment: str
    since: datetime
    until: datetime | None
    custodian: str
    how: Literal["checked out", "handed over"]
    booking: str | None
    due_at: datetime | None
    quantity: int | None
    days: int
    position: int
    name: str


class DueLine(Struct, frozen=True):
    """An item that is out, or pieces of a stock. `late` are the full days since it was due.

    `within` is the container that took it along. `over` says that the booking was wrapped or
    cancelled meanwhile: nothing keeps the item out.
    """

    equipment: str
    name: str
    kind: str
    quantity: int | None
    within: str | None
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


class ServiceLine(Struct, frozen=True):
    """A service under way, one that is planned, or a calibration that ends.

    `at` is when it began, is to begin, or ends; `until` is when the service is expected to be
    done. `overdue`: that time is over, and it is not done. `booking` and `custodian` have the item.
    """

    equipment: str
    what: Due
    service: str
    at: datetime
    until: datetime | None
    overdue: bool
    name: str
    kind: str
    place: str
    booking: str | None
    custodian: str | None


# --- the projection ----------------------------------------------------------------------


class Equipment(Projection):
    """The place facts, the custody and the services of every item."""

    version = 1
    origins = table(Origin)
    items = table(Item)
    places = table(PlaceRow)
    held = table(CustodyRow)
    services = table(ServiceRow)
    plans = table(PlanRow)
    transfers = table(TransferRow)
    over = table(OverRow)

    @on(LedgerOpened)
    def ledger_opened(self, event: LedgerOpened, entry: RecordedEvent) -> None:
        self.origins.edit("").zone = event.zone

    @on(*PLACE_FACTS)
    def placed(self, event: Any, entry: RecordedEvent) -> None:
        fact = PlaceFact.of(entry, event.equipment)
        if fact.what == "registered":
            self._describe(event)
            self.items.edit(event.equipment).quantity = event.quantity
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

    @on(EquipmentDescribed)
    def described(self, event: EquipmentDescribed, entry: RecordedEvent) -> None:
        self._describe(event)

    def _describe(self, event: Any) -> None:
        item = self.items.edit(event.equipment)
        item.name, item.kind, item.home, item.maker = (
            event.name,
            event.kind,
            event.home,
            event.maker,
        )
        item.serial, item.barcode = event.serial, event.barcode
        item.owner, item.value = event.owner, event.value
        item.note, item.reference = event.note, event.reference

    @on(StockTransferred)
    def transferred(self, event: StockTransferred, entry: RecordedEvent) -> None:
        self.transfers.put(
            TransferRow(
                event.equipment,
                event.at,
                entry.position,
                event.how,
                event.quantity,
                event.origin,
                event.destination,
                entry.recorded_at,
            )
        )

    @on(*CUSTODY_FACTS)
    def had(self, event: Any, entry: RecordedEvent) -> None:
        it = CustodyFact.of(entry)
        key = event.equipment, it.at, it.position
        self.held.put(CustodyRow(*key, it.how, it.custodian, it.booking, it.due_at, it.within))

    @on(*SERVICE_FACTS)
    def served(self, event: Any, entry: RecordedEvent) -> None:
        it = ServiceFact.of(entry)
        key = event.equipment, it.at, it.position
        until = event.until if it.is_open else None
        self.services.put(ServiceRow(*key, it.kind, it.is_open, until, it.valid_until))

    @on(ServicePlanned)
    def planned(self, event: ServicePlanned, entry: RecordedEvent) -> None:
        self.plans.put(
            PlanRow(event.equipment, entry.position, event.kind, event.period, event.dropped)
        )

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
            *("custodian", "kind", "booking", "overdue", "service", "quantity"),
            *("since", "container", "retired", "calibrated_until", "home"),
            *("owner", "reference", "barcode", "serial", "value", "name"),
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
        """Every item that was registered by then, of a stock a row for each lot. Due back is
        overdue against that time. An item that is not out, in service or retired, and whose
        calibration has not run out, can be checked out."""
        until = self._until(on, at)
        now = self._now(until)
        facts = self._facts(until)
        lines = (
            line
            for item in self._items(equipment, kind)
            if item.equipment in facts.places
            for line in _item_lines(item, facts, now)
        )
        return [
            line
            for line in lines
            if place in (None, line.place)
            and booking in (None, line.booking)
            and available in (None, line.is_available(now))
        ]

    @view("Where are the pieces of each stock?", spare=("custodian", "since", "kind", "name"))
    def stock(
        self,
        equipment: OneItem = None,
        kind: OneKind = None,
        place: OnePlace = None,
        on: Annotated[date | None, "as it was at the end of this day"] = None,
    ) -> list[LotLine]:
        """The lots of each stock: how many pieces are where, in what, and on which loan."""
        until = self._until(on, None)
        facts = self._facts(until)
        return [
            LotLine(
                equipment=item.equipment,
                place=facts.place_of(lot),
                container=lot.container,
                booking=lot.booking,
                custodian=lot.custodian,
                due_at=lot.due_at,
                quantity=held.quantity,
                name=item.name,
                kind=item.kind,
                since=held.since,
            )
            for item in self._items(equipment, kind)
            for lot, held in facts.lots(item).items()
            if place in (None, facts.place_of(lot))
        ]

    @view(
        "How did an item get about?",
        spare=("late", "container", "quantity", "position", "recorded_at"),
    )
    def equipment_moves(
        self,
        equipment: OneItem = None,
        since: Since = None,
        until: Until = None,
    ) -> list[MoveLine]:
        """The steps of each item in the order in which they happened, those inside a
        container among them, and late entries marked. Of a stock, where its pieces went."""
        first, last = self._between(since, until)
        facts = self._facts(_END)
        return [
            line
            for item in self._items(equipment, None)
            for line in _all_steps(item, facts)
            if first <= line.at < last
        ]

    @view(
        "Who had it, and when?",
        units={"days": "d"},
        spare=("how", "days", "quantity", "position", "name"),
    )
    def custody(
        self,
        equipment: OneItem = None,
        custodian: Annotated[str | None, "only what this person had"] = None,
        booking: Annotated[str | None, "only what was out for this booking"] = None,
        since: Since = None,
        until: Until = None,
    ) -> list[CustodyLine]:
        """The times in which a custodian had each item, in order. A loan that was prolonged is
        one of them, with the due time of now. `days` counts full days."""
        first, last = self._between(since, until)
        now = self._now(_END)
        facts = self._facts(_END)
        return [
            line
            for item in self._items(equipment, None)
            for line in (
                *_custody_lines(item, facts.custody.get(item.equipment, []), now),
                *_stock_custody(item, facts.transfers.get(item.equipment, []), now),
            )
            if custodian in (None, line.custodian)
            and booking in (None, line.booking)
            and line.since < last
            and first < (line.until or _END)
        ]

    @view(
        "What is due back, and when?",
        units={"late": "d"},
        spare=("within", "quantity", "over", "overdue", "place", "out_since", "kind", "name"),
    )
    def due_back(
        self,
        kind: OneKind = None,
        custodian: Annotated[str | None, "only what this person has"] = None,
        booking: Annotated[str | None, "only what is out for this booking"] = None,
        overdue: Annotated[bool | None, "only what is (not) overdue"] = None,
        on: Annotated[date | None, "as it was at the end of this day"] = None,
    ) -> list[DueLine]:
        """Everything that is out, for a booking or with a person, the one that is due first on top,
        so that what is overdue stands before the rest. The contents of a case stand under it."""
        end = self._until(on, None)
        now = self._now(end)
        facts = self._facts(end)
        lines = (
            line
            for item in self._items(None, kind)
            if item.equipment in facts.places
            for line in _due_lines(item, facts, now, self._over)
        )
        found = [
            line
            for line in lines
            if custodian in (None, line.custodian)
            and booking in (None, line.booking)
            and overdue in (None, line.overdue)
        ]
        return sorted(
            found,
            key=lambda line: (
                line.due_at,
                line.within or line.equipment,
                line.within is not None,
                line.equipment,
            ),
        )

    @view(
        "What stands idle?",
        units={"idle": "d"},
        spare=("last_use", "last_used", "kind", "home", "name"),
    )
    def idle_equipment(
        self,
        days: Annotated[int, "not used for at least this many days"] = 30,
        kind: OneKind = None,
        place: OnePlace = None,
    ) -> list[IdleLine]:
        """The items that were not moved, packed, unpacked, checked out, handed over or given
        back for at least that many days, longest first. An item that is out, in service, or
        retired, is not idle; nor is a stock with a piece that is out. An item in a container moves
        with it."""
        facts = self._facts(_END)
        now = self._now(_END)
        lines = (
            _idle_line(item, facts, now)
            for item in self._items(None, kind)
            if item.equipment in facts.places
        )
        return sorted(
            (
                line
                for line in lines
                if line is not None and line.idle >= days and place in (None, line.place)
            ),
            key=lambda line: (-line.idle, line.equipment),
        )

    @view(
        "What is in service, or needs it soon?",
        titles={"at": "When"},
        spare=("booking", "custodian", "kind", "name"),
    )
    def service_due(
        self,
        days: Annotated[int, "planned, or needed, in at most this many days"] = 30,
        equipment: OneItem = None,
        kind: OneKind = None,
    ) -> list[ServiceLine]:
        """The services under way, those that are planned, and the calibrations that end, soonest
        first. An overdue one is among them until it is done or the plan is dropped."""
        facts = self._facts(_END)
        now = self._now(_END)
        last = now + days * _DAY if now < _END - days * _DAY else _END
        lines = (
            line
            for item in self._items(equipment, kind)
            if item.equipment in facts.places and not facts.is_retired(item)
            for line in _service_lines(item, facts, self.plans.rows(equipment=item.equipment), now)
        )
        return sorted(
            (line for line in lines if line.at < last),
            key=lambda line: (line.at, line.equipment, line.what, line.service),
        )

    def _items(self, named: str | None, kind: str | None) -> list[Item]:
        return [
            item for item in self.items.rows(kind=kind) if named is None or item.is_named(named)
        ]

    def _facts(self, until: datetime) -> "_Facts":
        return _Facts(
            _by_item(self.places.rows(), until),
            _by_item(self.held.rows(), until),
            _by_item(self.services.rows(), until),
            _by_item(self.transfers.rows(), until),
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

F = TypeVar("F", PlaceRow, CustodyRow, ServiceRow, TransferRow)


def _by_item(facts: Iterable[F], until: datetime) -> dict[str, list[F]]:
    """The facts of each item before an instant. A table's rows come in effective order."""
    found: dict[str, list[F]] = {}
    for fact in facts:
        if fact.at < until:
            found.setdefault(fact.equipment, []).append(fact)
    return found


class _Held(Struct):
    """How many pieces are in a lot, and when the last of them came into it."""

    quantity: int
    since: datetime


class _Facts(Struct, frozen=True):
    """The facts of all items before an instant, each item's in effective order."""

    places: dict[str, list[PlaceRow]]
    custody: dict[str, list[CustodyRow]]
    services: dict[str, list[ServiceRow]]
    transfers: dict[str, list[TransferRow]]

    def place(self, equipment: str) -> str:
        """Where an item is: of what is packed, where its container is."""
        return outermost(self.places, self.places[equipment][-1]).place

    def place_of(self, lot: Lot) -> str:
        """Where the pieces of a lot are."""
        if lot.container is None or lot.container not in self.places:
            return lot.place or ""
        return self.place(lot.container)

    def is_retired(self, item: Item) -> bool:
        """Whether it left for good; of a stock, whether no piece of it is left."""
        if item.quantity is not None:
            return not self.lots(item)
        return self.places[item.equipment][-1].what == "retired"

    def lots(self, item: Item) -> dict[Lot, _Held]:
        """The lots of a stock, those in the house first; of a single item none."""
        if item.quantity is None or item.equipment not in self.places:
            return {}
        first = self.places[item.equipment][0]
        held = {Lot(place=first.place): _Held(item.quantity, first.at)}
        for it in self.transfers.get(item.equipment, ()):
            if it.origin is not None:
                held.setdefault(it.origin, _Held(0, it.at)).quantity -= it.quantity
            if it.destination is not None:
                lot = held.setdefault(it.destination, _Held(0, it.at))
                lot.quantity, lot.since = lot.quantity + it.quantity, it.at
        there = [(lot, it) for lot, it in held.items() if it.quantity]
        return dict(sorted(there, key=_lot_order))


def _lot_order(one: tuple[Lot, _Held]) -> tuple[Any, ...]:
    """In the house before out, loose before packed."""
    lot = one[0]
    texts = (lot.place, lot.container, lot.booking, lot.custodian)
    return lot.due_at or _UNSET, lot.container is not None, *(text or "" for text in texts)


# --- where it is -------------------------------------------------------------------------


def _item_lines(item: Item, facts: _Facts, now: datetime) -> Iterator[ItemLine]:
    """Yield the line of an item, or one for each lot of a stock; of an empty one none is there."""
    last = facts.places[item.equipment][-1]
    if item.quantity is None:
        custody = facts.custody.get(item.equipment, [])
        out = _out(custody)
        services = facts.services.get(item.equipment, [])
        yield _line(
            item,
            now,
            place=facts.place(item.equipment),
            container=last.container,
            since=last.at,
            custodian=custody[-1].custodian if custody else None,
            booking=out.booking if out else None,
            due_at=out.due_at if out else None,
            service=_in_service(services),
            calibrated_until=_calibrated_until(services),
            retired=last.what == "retired",
        )
        return
    lots = facts.lots(item)
    for lot, held in lots.items():
        yield _line(
            item,
            now,
            place=facts.place_of(lot),
            container=lot.container,
            since=held.since,
            quantity=held.quantity,
            custodian=lot.custodian,
            booking=lot.booking,
            due_at=lot.due_at,
        )
    if not lots:
        newest = facts.transfers[item.equipment][-1]
        place = newest.origin.place if newest.origin is not None else None
        yield _line(item, now, place=place or last.place, since=newest.at, quantity=0, retired=True)


def _line(item: Item, now: datetime, **known: Any) -> ItemLine:
    due_at = known.get("due_at")
    told: dict[str, Any] = {
        **dict.fromkeys(("container", "quantity", "custodian", "booking", "due_at")),
        "service": (),
        "calibrated_until": None,
        "retired": False,
        **{name: getattr(item, name) for name in _SHOWN},
        **known,
    }
    overdue = due_at is not None and due_at < now
    return ItemLine(equipment=item.equipment, overdue=overdue, **told)


_SHOWN = ("name", "kind", "home", "serial", "barcode", "owner", "value", "reference")


def _in_service(services: list[ServiceRow]) -> tuple[str, ...]:
    latest = {service.kind: service for service in services}
    return tuple(sorted(kind for kind, service in latest.items() if service.is_open))


def _calibrated_until(services: list[ServiceRow]) -> datetime | None:
    done = [s for s in services if s.kind == "calibration" and not s.is_open]
    return done[-1].valid_until if done else None


_PLACED: dict[str, What] = {
    "moved": "moved",
    "packed": "packed",
    "unpacked": "unpacked",
    "lost": "lost",
    "found": "found",
    "bought": "bought",
    "retired": "retired",
}
"""The transfers of a stock after which its pieces are elsewhere."""


def _all_steps(item: Item, facts: _Facts) -> list[MoveLine]:
    if item.quantity is None:
        return _steps(facts.places, item.equipment)
    own = [
        _move_line(item.equipment, fact, inside=None, quantity=item.quantity)
        for fact in facts.places.get(item.equipment, ())
    ]
    transfers = facts.transfers.get(item.equipment, [])
    for n, it in enumerate(transfers):
        if it.how in _PLACED:
            late = any(later.position < it.position for later in transfers[n + 1 :])
            own.append(_transfer_line(it, facts, late=late))
    return own


def _steps(places: dict[str, list[PlaceRow]], item: str) -> list[MoveLine]:
    """The steps of an item, with the moves of its container for as long as it lay inside."""
    return [
        _move_line(item, step.fact, inside=step.inside)
        for step in steps(places, item)
        if step.inside is None or step.fact.what == "moved"
    ]


def _move_line(
    item: str, fact: PlaceRow, *, inside: str | None, quantity: int | None = None
) -> MoveLine:
    return MoveLine(
        equipment=item,
        at=fact.at,
        what=fact.what,
        origin=fact.origin,
        place=fact.place,
        container=fact.container,
        inside=inside,
        quantity=quantity,
        late=fact.late,
        recorded_at=fact.recorded_at,
        position=fact.position,
    )


def _transfer_line(it: TransferRow, facts: _Facts, *, late: bool) -> MoveLine:
    origin, there = it.origin, it.destination or it.origin or Lot()
    return MoveLine(
        equipment=it.equipment,
        at=it.at,
        what=_PLACED[it.how],
        origin=origin.place if origin is not None and it.how == "moved" else None,
        place=_place_then(facts, there, it.at),
        container=there.container if it.how == "packed" else None,
        inside=None,
        quantity=it.quantity,
        late=late,
        recorded_at=it.recorded_at,
        position=it.position,
    )


def _place_then(facts: _Facts, lot: Lot, at: datetime) -> str:
    """Where a lot was at a time."""
    place, container, seen = lot.place or "", lot.container, set[str]()
    while container is not None and container not in seen:
        seen.add(container)
        then = [fact for fact in facts.places.get(container, ()) if fact.at <= at]
        if not then:
            break
        place, container = then[-1].place, then[-1].container
    return place


# --- custody -----------------------------------------------------------------------------


def _out(custody: list[CustodyRow]) -> CustodyRow | None:
    """The last word on the loan that stands, if one does: a hand-over leaves it as it is."""
    newest = next((one for one in reversed(custody) if one.how != "handed over"), None)
    return newest if newest is not None and newest.due_at is not None else None


def _custody_lines(item: Item, custody: list[CustodyRow], now: datetime) -> Iterator[CustodyLine]:
    """Yield the times in which a custodian had an item, by its facts in effective order."""
    starts = [n for n, fact in enumerate(custody) if fact.how != "prolonged"]
    for n, after in pairwise([*starts, len(custody)]):
        fact = custody[n]
        if fact.custodian is None:
            continue
        following = custody[after].at if after < len(custody) else None
        out = _out(custody[:after])
        yield CustodyLine(
            equipment=fact.equipment,
            since=fact.at,
            until=following,
            custodian=fact.custodian,
            how="handed over" if fact.how == "handed over" else "checked out",
            booking=out.booking if out else None,
            due_at=out.due_at if out else None,
            quantity=None,
            days=_full_days(fact.at, following or now),
            position=fact.position,
            name=item.name,
        )


class _Stretch(Struct):
    """A time in which a custodian has pieces of a stock: how many now, and the most at once."""

    first: TransferRow
    due_at: datetime
    pieces: int = 0
    most: int = 0
    until: datetime | None = None


def _stock_custody(
    item: Item, transfers: list[TransferRow], now: datetime
) -> Iterator[CustodyLine]:
    """Yield the times in which a custodian had pieces of a stock on a loan, wherever they lay."""
    stretches: list[tuple[tuple[str | None, str], _Stretch]] = []
    open_: dict[tuple[str | None, str], _Stretch] = {}
    for it in transfers:
        ends = ((it.destination, it.quantity), (it.origin, -it.quantity))
        for lot, change in ends:  # first what came, so that what is prolonged goes on
            if lot is None or lot.due_at is None:
                continue
            loan = lot.booking, lot.custodian or ""
            if loan not in open_:
                open_[loan] = _Stretch(it, lot.due_at)
                stretches.append((loan, open_[loan]))
            stretch = open_[loan]
            stretch.pieces += change
            if change > 0:
                stretch.due_at = lot.due_at
        for loan, stretch in list(open_.items()):
            stretch.most = max(stretch.most, stretch.pieces)
            if stretch.pieces <= 0:
                stretch.until = it.at
                del open_[loan]
    for (booking, custodian), stretch in stretches:
        yield CustodyLine(
            equipment=item.equipment,
            since=stretch.first.at,
            until=stretch.until,
            custodian=custodian,
            how="handed over" if stretch.first.how == "handed over" else "checked out",
            booking=booking,
            due_at=stretch.due_at,
            quantity=stretch.most,
            days=_full_days(stretch.first.at, stretch.until or now),
            position=stretch.first.position,
            name=item.name,
        )


Over = Callable[[str], Literal["wrapped", "cancelled"] | None]


def _due_lines(item: Item, facts: _Facts, now: datetime, over: Over) -> Iterator[DueLine]:
    custody = facts.custody.get(item.equipment, [])
    out = _out(custody)
    if out is not None and out.due_at is not None:
        went = next((one for one in reversed(custody) if one.how == "checked out"), out)
        yield _due_line(
            item,
            now,
            over,
            within=out.within,
            custodian=custody[-1].custodian,
            booking=out.booking,
            out_since=went.at,
            due_at=out.due_at,
            place=facts.place(item.equipment),
        )
    for lot, held in facts.lots(item).items():
        if lot.due_at is None:
            continue
        yield _due_line(
            item,
            now,
            over,
            quantity=held.quantity,
            within=_taken_by(facts, lot.container),
            custodian=lot.custodian,
            booking=lot.booking,
            out_since=held.since,
            due_at=lot.due_at,
            place=facts.place_of(lot),
        )


def _taken_by(facts: _Facts, container: str | None) -> str | None:
    """The container that went out with a thing in it: this one, or the one that took it along."""
    if container is None:
        return None
    out = _out(facts.custody.get(container, []))
    return container if out is None else out.within or container


def _due_line(
    item: Item, now: datetime, over: Over, quantity: int | None = None, **known: Any
) -> DueLine:
    booking, due_at = known["booking"], known["due_at"]
    return DueLine(
        equipment=item.equipment,
        name=item.name,
        kind=item.kind,
        quantity=quantity,
        overdue=due_at < now,
        late=_full_days(due_at, now),
        over=None if booking is None else over(booking),
        **known,
    )


# --- idle, and in service ----------------------------------------------------------------


def _idle_line(item: Item, facts: _Facts, now: datetime) -> IdleLine | None:
    custody = facts.custody.get(item.equipment, [])
    services = facts.services.get(item.equipment, [])
    lots = facts.lots(item)
    is_out = _out(custody) is not None or any(lot.is_out for lot in lots)
    if is_out or _in_service(services) or facts.is_retired(item):
        return None
    uses: list[tuple[datetime, str]] = [
        (step.at, step.what) for step in _steps(facts.places, item.equipment)
    ]
    uses += [(fact.at, fact.how) for fact in custody]
    uses += [(it.at, it.how) for it in facts.transfers.get(item.equipment, ())]
    last_used, last_use = max(uses, key=lambda use: use[0])
    own = facts.places[item.equipment][-1]
    place, container = facts.place(item.equipment), own.container
    if lots:  # where most of its pieces are
        lot = max(lots, key=lambda one: lots[one].quantity)
        place, container = facts.place_of(lot), lot.container
    return IdleLine(
        equipment=item.equipment,
        name=item.name,
        kind=item.kind,
        place=place,
        container=container,
        home=item.home,
        last_used=last_used,
        last_use=last_use,
        idle=_full_days(last_used, now),
    )


def _service_lines(
    item: Item, facts: _Facts, plans: list[PlanRow], now: datetime
) -> Iterator[ServiceLine]:
    """Yield what is under way, what is planned and not yet begun, and when the calibration ends."""
    services = facts.services.get(item.equipment, [])
    latest = {service.kind: service for service in services}
    due: list[tuple[Due, str, datetime, datetime | None, bool]] = [
        ("in service", kind, it.at, it.until, it.until is not None and it.until < now)
        for kind, it in latest.items()
        if it.is_open
    ]
    for plan in _still_planned(plans, services):
        assert plan.period is not None
        start, end = plan.period.start, plan.period.end
        due.append(("planned", plan.kind, start, end, start < now))
    ends = _calibrated_until(services)
    if ends is not None and "calibration" not in _in_service(services):
        due.append(("calibration ends", "calibration", ends, None, ends <= now))
    custody = facts.custody.get(item.equipment, [])
    out = _out(custody)
    for what, service, at, until, overdue in due:
        yield ServiceLine(
            equipment=item.equipment,
            what=what,
            service=service,
            at=at,
            until=until,
            overdue=overdue,
            name=item.name,
            kind=item.kind,
            place=facts.place(item.equipment),
            booking=out.booking if out else None,
            custodian=custody[-1].custodian if custody else None,
        )


def _still_planned(plans: list[PlanRow], services: list[ServiceRow]) -> list[PlanRow]:
    """The plans that were not dropped, and whose service has not begun since."""
    newest = {(plan.kind, plan.period): plan for plan in plans if plan.period is not None}
    return [
        plan
        for (kind, period), plan in newest.items()
        if not plan.dropped
        and not any(
            it.kind == kind and plan.position < it.position and period.start <= it.at
            for it in services
        )
    ]


def _full_days(start: datetime, end: datetime) -> int:
    """Full spans of 24 hours between two instants; 0 where the end comes first."""
    return max((end - start) // _DAY, 0)
