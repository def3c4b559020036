"""Reservations: what is promised of the equipment, what is left, and what to pick for a booking.

A reservation has no state of its own: it is a pencil while its booking is a hold, and firm once
that is confirmed. How the claims of a booking add up is the rule by which the decisions judge
(`KindBook`), so that a view never offers what a command refuses.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple

from ledger.events import (
    EquipmentDescribed,
    EquipmentRegistered,
    LedgerOpened,
    ServicePlanned,
    ShootDayReported,
    StockTransferred,
)
from ledger.plugin import (
    CUSTODY_FACTS,
    PLACE_FACTS,
    SERVICE_FACTS,
    Away,
    Claim,
    CustodyFact,
    Days,
    FullBooking,
    Holder,
    KindBook,
    KindCount,
    Lot,
    Period,
    PlaceFact,
    Projection,
    RecordedEvent,
    Reservation,
    Row,
    ServiceFact,
    Struct,
    SubHire,
    key,
    mark,
    on,
    outermost,
    start_of_day,
    table,
    view,
    zone,
)

_DAY = timedelta(days=1)
_UNSET = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 31, tzinfo=UTC)

SHOWN_DAYS = 14
"""Days that `availability` shows without `--until`."""

SEARCHED_DAYS = 91
"""Days in which `shortages` looks without `--until`: thirteen weeks."""

Standing = Literal["pencil", "firm", "over", "off"]
PickState = Literal[
    "ready", "out", "to choose", "in service", "needs calibration", "away", "missing"
]

OneItem = Annotated[str | None, "only this item: its id, barcode, serial number or reference"]
OneKind = Annotated[str | None, "only this kind"]
OneBooking = Annotated[str | None, "only this booking"]


# --- what is kept ------------------------------------------------------------------------


class Origin(Row):
    """The ledger's own zone, whose days the views count."""

    ledger: str = key()
    zone: str = "UTC"


class ItemRow(Row):
    """An item as it is described now; a stock begins with `quantity` pieces at `place`."""

    equipment: str = key()
    name: str = ""
    kind: str = ""
    serial: str | None = None
    barcode: str | None = None
    reference: str | None = None
    quantity: int | None = None
    place: str | None = None

    def is_named(self, text: str) -> bool:
        """Whether that is its id, or stands on it."""
        marks = (self.barcode, self.serial, self.reference)
        return text == self.equipment or mark(text) in [mark(one) for one in marks if one]


class PlaceRow(Row):
    """Where an item was, in effective order."""

    equipment: str = key()
    at: datetime = key()
    position: int = key()
    fact: PlaceFact | None = None


class CustodyRow(Row):
    """Who has an item from then on, in effective order."""

    equipment: str = key()
    at: datetime = key()
    position: int = key()
    fact: CustodyFact | None = None


class ServiceRow(Row):
    """A service began, expected to end by `until`, or was completed; in effective order."""

    equipment: str = key()
    at: datetime = key()
    position: int = key()
    fact: ServiceFact | None = None
    until: datetime | None = None


class PlanRow(Row):
    """A service is planned for a period, or will not be after all."""

    equipment: str = key()
    position: int = key()
    plan: ServicePlanned | None = None


class TransferRow(Row):
    """Pieces of a stock went from one lot to another, or in or out of the stock."""

    equipment: str = key()
    at: datetime = key()
    position: int = key()
    quantity: int = 0
    origin: Lot | None = None
    destination: Lot | None = None


class BookingRow(Row):
    """A booking from its hold to its end."""

    booking: str = key()
    it: FullBooking | None = None


class ReservationRow(Row):
    """A reservation."""

    reservation: str = key()
    booking: str = ""
    it: Reservation | None = None


class HireRow(Row):
    """Equipment hired from a supplier."""

    subhire: str = key()
    it: SubHire | None = None


# --- what is answered --------------------------------------------------------------------


class ReservationLine(Struct, frozen=True):
    """A reservation: of an item, of pieces of a stock, or of any of a kind.

    `times` is its exact time, where it does not take whole days; `within` is the case that takes
    the item along.
    """

    booking: str
    equipment: str | None
    kind: str
    quantity: int
    state: Standing
    first: date
    last: date
    times: str | None
    within: str | None
    project: str | None
    space: str | None
    reservation: str
    name: str | None


class AvailabilityLine(Struct, frozen=True):
    """A day of a kind or an item, at its tightest moment.

    `pieces` are the house's own. Of them and what is hired, `free` are those not in service, out,
    promised to a firm booking or pencilled. Less than none are free where some are missing.
    """

    kind: str
    equipment: str | None
    day: date
    free: int
    pieces: int
    sub_hired: int
    in_service: int
    out: int
    firm: int
    pencil: int


class ShortageLine(Struct, frozen=True):
    """Days on which more is claimed than there is, of an item or of a whole kind.

    `state`: a promise is broken, or only a pencil cannot become firm. `short` is the most that is
    missing at once, and the figures beside it are of that moment. `by` are the bookings and
    persons that claim it.
    """

    kind: str
    equipment: str | None
    first: date
    last: date
    state: Literal["firm", "pencil"]
    short: int
    claimed: int
    there: int
    by: tuple[str, ...]
    sub_hired: int
    in_service: int
    name: str | None


class PickLine(Struct, frozen=True):
    """A thing to pick for a booking, where it is now, and how it is with it.

    `equipment` is empty for pieces of a kind that are still to choose. `why` says what is in the
    way. A thing in a reserved case that has no reservation of its own has none here.
    """

    equipment: str | None
    kind: str
    quantity: int
    state: PickState
    place: str | None
    container: str | None
    why: str | None
    name: str | None
    booking: str
    reservation: str | None


# --- the projection ----------------------------------------------------------------------


class Reservations(Projection):
    """The reservations, hires and loans, beside the bookings and items that they depend on."""

    version = 1
    origins = table(Origin)
    items = table(ItemRow)
    places = table(PlaceRow)
    held = table(CustodyRow)
    services = table(ServiceRow)
    plans = table(PlanRow)
    transfers = table(TransferRow)
    booked = table(BookingRow)
    reserved = table(ReservationRow)
    hired = table(HireRow)

    @on(LedgerOpened)
    def ledger_opened(self, event: LedgerOpened, entry: RecordedEvent) -> None:
        self.origins.edit("").zone = event.zone

    @on(*PLACE_FACTS)
    def placed(self, event: Any, entry: RecordedEvent) -> None:
        fact = PlaceFact.of(entry, event.equipment)
        if isinstance(event, EquipmentRegistered):
            self._describe(event)
            item = self.items.edit(event.equipment)
            item.quantity, item.place = event.quantity, event.place
        self.places.put(PlaceRow(event.equipment, fact.at, fact.position, fact))

    @on(EquipmentDescribed)
    def described(self, event: EquipmentDescribed, entry: RecordedEvent) -> None:
        self._describe(event)

    def _describe(self, event: Any) -> None:
        item = self.items.edit(event.equipment)
        item.name, item.kind = event.name, event.kind
        item.serial, item.barcode, item.reference = event.serial, event.barcode, event.reference

    @on(*CUSTODY_FACTS)
    def had(self, event: Any, entry: RecordedEvent) -> None:
        fact = CustodyFact.of(entry)
        self.held.put(CustodyRow(event.equipment, fact.at, fact.position, fact))

    @on(*SERVICE_FACTS)
    def served(self, event: Any, entry: RecordedEvent) -> None:
        fact = ServiceFact.of(entry)
        until = event.until if fact.is_open else None
        self.services.put(ServiceRow(event.equipment, fact.at, fact.position, fact, until))

    @on(ServicePlanned)
    def planned(self, event: ServicePlanned, entry: RecordedEvent) -> None:
        self.plans.put(PlanRow(event.equipment, entry.position, event))

    @on(StockTransferred)
    def transferred(self, event: StockTransferred, entry: RecordedEvent) -> None:
        ends = event.origin, event.destination
        self.transfers.put(
            TransferRow(event.equipment, event.at, entry.position, event.quantity, *ends)
        )

    @on(*(t for t in FullBooking.types() if t is not ShootDayReported))
    def booking_event(self, event: Any, entry: RecordedEvent) -> None:
        for id in FullBooking.ids(event):
            row = self.booked.edit(id)
            if row.it is not None or id == event.booking:
                row.it = FullBooking.after(row.it, entry)

    @on(*Reservation.types())
    def reservation_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.reserved.edit(event.reservation)
        row.booking, row.it = event.booking, Reservation.after(row.it, entry)

    @on(*SubHire.types())
    def hire_event(self, event: Any, entry: RecordedEvent) -> None:
        row = self.hired.edit(event.subhire)
        row.it = SubHire.after(row.it, entry)

    # --- the views -----------------------------------------------------------------------

    @view(
        "What is reserved, and for whom?",
        spare=("kind", "within", "times", "project", "space", "reservation", "name"),
    )
    def reservations(
        self,
        booking: OneBooking = None,
        project: Annotated[str | None, "only bookings of this project"] = None,
        equipment: OneItem = None,
        kind: OneKind = None,
        state: Annotated[
            list[Standing] | None, "only in this state (default: pencil and firm)"
        ] = None,
        since: Annotated[date | None, "only what touches this day or a later one"] = None,
        until: Annotated[date | None, "only what touches this day or an earlier one"] = None,
    ) -> list[ReservationLine]:
        """The reservations of each booking: a pencil while that is a hold, firm once it is
        confirmed. Of the others, `over` had its time, and `off` was released or its booking came to
        nothing. The contents of a case stand under it."""
        campus, first, last = self._campus(), since or date.min, until or date.max
        lines = []
        for one in self._reservations(booking):
            its = campus.bookings.get(one.booking)
            days, stands = one.period.days, campus.standing(one)
            if (
                stands in (state or ("pencil", "firm"))
                and (days.first <= last and first <= days.last)
                and (project is None or (its is not None and its.project == project))
                and (kind is None or mark(kind) == mark(one.kind))
                and (equipment is None or campus.is_named(one.equipment, equipment))
            ):
                lines.append(_reservation_line(one, its, stands, campus.name(one.equipment)))
        return sorted(
            lines,
            key=lambda x: (
                *(x.first, x.booking, x.within or x.equipment or "~"),
                *(x.within is not None, x.equipment or "", x.kind, x.reservation),
            ),
        )

    @view("How many are free, day by day?", spare=("equipment",))
    def availability(
        self,
        kind: OneKind = None,
        equipment: OneItem = None,
        since: Annotated[date | None, "first day (default: today)"] = None,
        until: Annotated[date | None, "last day, included (default: two weeks)"] = None,
    ) -> list[AvailabilityLine]:
        """The days of each kind, or of one item, at the tightest moment of each: how many are in
        service, out, promised and pencilled, and how many that leaves. Of one booking a thing that
        is out counts towards what it had reserved. An overdue one is out up to today."""
        campus, window = self._campus(), self._window(since, until, SHOWN_DAYS)
        lines = []
        for book in campus.books(kind, equipment, window):
            for day, worst in book.days(window, campus):
                lines.append(worst.line(book, day))
        return lines

    @view(
        "Where is more claimed than there is?",
        spare=("there", "claimed", "in_service", "sub_hired", "name"),
    )
    def shortages(
        self,
        kind: OneKind = None,
        equipment: OneItem = None,
        booking: Annotated[str | None, "only those in which this booking has a part"] = None,
        firm: Annotated[bool | None, "only broken promises, or only pencils"] = None,
        since: Annotated[date | None, "first day (default: today)"] = None,
        until: Annotated[date | None, "last day, included (default: thirteen weeks)"] = None,
    ) -> list[ShortageLine]:
        """The days on which the firm bookings, those in pencil and the loans claim more than there
        is: of one item or stock, or of a kind, where its items alone do not explain it. The
        contents of a case that is short like them are left out."""
        campus, window = self._campus(), self._window(since, until, SEARCHED_DAYS)
        found = [line for run in campus.shortages(kind, equipment, window) for line in run]
        lines = campus.without_contents(found)
        return sorted(
            (
                line
                for line in lines
                if booking in (None, *line.by) and firm in (None, line.state == "firm")
            ),
            key=lambda line: (line.first, line.kind, line.equipment or "", line.last),
        )

    @view(
        "What is to pick for a booking, and where is it?",
        spare=("kind", "container", "reservation", "name"),
    )
    def pick_list(
        self,
        booking: OneBooking = None,
        days: Annotated[int, "without a booking: of those that begin in this many days"] = 7,
    ) -> list[PickLine]:
        """Everything reserved for a booking, with the contents of its cases as they are now: where
        each thing is, and whether it is out for the booking already. Without a booking, that of
        all firm ones under way or soon to begin."""
        campus = self._campus()
        wanted = [booking] if booking is not None else campus.soon(days)
        return [line for id in wanted for line in _Picking(campus, id, campus.live(id)).lines()]

    def _reservations(self, booking: str | None = None) -> list[Reservation]:
        rows = self.reserved.rows() if booking is None else self.reserved.rows(booking=booking)
        return [row.it for row in rows if row.it is not None]

    def _campus(self) -> "_Campus":
        origin = self.origins.get("")
        items = {item.equipment: item for item in self.items.rows() if item.kind}
        return _Campus(
            zone=origin.zone if origin else "UTC",
            now=self.now or _UNSET,
            items=items,
            places=_by_item(self.places.rows()),
            custody=_by_item(self.held.rows()),
            services=_services(self.services.rows()),
            plans=_plans(self.plans.rows(), self.services.rows()),
            lots=_lots(items, self.transfers.rows()),
            bookings={row.booking: row.it for row in self.booked.rows() if row.it is not None},
            reserved=self._reservations(),
            hired=[row.it for row in self.hired.rows() if row.it is not None],
        )

    def _window(self, since: date | None, until: date | None, shown: int) -> Days:
        origin = self.origins.get("")
        today = self.today(origin.zone if origin else "UTC") or _UNSET.date()
        first = since or (today if until is None else min(today, until))
        window = Days(first, until or first + (shown - 1) * _DAY)
        self.note(f"{window.first} to {window.last}")
        return window


def _reservation_line(
    one: Reservation, booking: FullBooking | None, state: Standing, name: str | None
) -> ReservationLine:
    days = one.period.days
    return ReservationLine(
        booking=one.booking,
        equipment=one.equipment,
        kind=one.kind,
        quantity=one.quantity,
        state=state,
        first=days.first,
        last=days.last,
        times=None if one.period.first is not None else str(one.period),
        within=one.within,
        project=booking.project if booking else None,
        space=booking.space if booking else None,
        reservation=one.id,
        name=name,
    )


# --- the facts in effective order --------------------------------------------------------


class _UnderWay(NamedTuple):
    """A service that is under way."""

    kind: str
    since: datetime
    until: datetime | None


class _Fitness(NamedTuple):
    """The services of an item that are under way, and until when it is calibrated."""

    open: tuple[_UnderWay, ...] = ()
    calibrated_until: datetime | None = None


def _by_item(rows: Iterable[Any]) -> dict[str, list[Any]]:
    """The facts of each item. A table's rows come in effective order."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        if row.fact is not None:
            found.setdefault(row.equipment, []).append(row.fact)
    return found


def _services(rows: Iterable[ServiceRow]) -> dict[str, _Fitness]:
    latest: dict[str, dict[str, ServiceRow]] = {}
    valid: dict[str, datetime | None] = {}
    for row in rows:
        if row.fact is not None:
            latest.setdefault(row.equipment, {})[row.fact.kind] = row
            if row.fact.kind == "calibration" and not row.fact.is_open:
                valid[row.equipment] = row.fact.valid_until
    return {
        item: _Fitness(
            tuple(
                _UnderWay(kind, row.at, row.until)
                for kind, row in sorted(kinds.items())
                if row.fact is not None and row.fact.is_open
            ),
            valid.get(item),
        )
        for item, kinds in latest.items()
    }


def _plans(rows: Iterable[PlanRow], services: Iterable[ServiceRow]) -> dict[str, list[Away]]:
    """The services that are planned, not dropped, and not begun since."""
    newest: dict[str, dict[tuple[str, Period], PlanRow]] = {}
    for row in rows:
        if row.plan is not None:
            newest.setdefault(row.equipment, {})[row.plan.kind, row.plan.period] = row
    began = list(services)
    found: dict[str, list[Away]] = {}
    for item, plans in newest.items():
        for (kind, period), row in plans.items():
            served = any(
                it.equipment == item
                and it.fact is not None
                and (it.fact.kind == kind and row.position < it.position and period.start <= it.at)
                for it in began
            )
            if row.plan is not None and not row.plan.dropped and not served:
                plan = Away(item, row.plan.kind, period.start, period.end)
                found.setdefault(item, []).append(plan)
    return found


def _lots(
    items: Mapping[str, ItemRow], transfers: Iterable[TransferRow]
) -> dict[str, dict[Lot, int]]:
    """The pieces of each stock, by lot."""
    found: dict[str, dict[Lot, int]] = {
        id: {Lot(place=item.place): item.quantity}
        for id, item in items.items()
        if item.quantity is not None
    }
    for it in transfers:
        held = found.setdefault(it.equipment, {})
        for lot, change in ((it.origin, -it.quantity), (it.destination, it.quantity)):
            if lot is not None:
                held[lot] = held.get(lot, 0) + change
    return {id: {lot: n for lot, n in held.items() if n} for id, held in found.items()}


# --- what there is, and who claims it ----------------------------------------------------


class _Campus(Struct, frozen=True):
    """The equipment, what is reserved and hired of it, and the bookings, as of `now`."""

    zone: str
    now: datetime
    items: dict[str, ItemRow]
    places: dict[str, list[PlaceFact]]
    custody: dict[str, list[CustodyFact]]
    services: dict[str, _Fitness]
    plans: dict[str, list[Away]]
    lots: dict[str, dict[Lot, int]]
    bookings: dict[str, FullBooking]
    reserved: list[Reservation]
    hired: list[SubHire]

    def is_named(self, equipment: str | None, text: str) -> bool:
        """Whether an item is the one that is asked for."""
        if equipment is None or equipment not in self.items:
            return equipment == text
        return self.items[equipment].is_named(text)

    def name(self, equipment: str | None) -> str | None:
        """The name of an item."""
        item = self.items.get(equipment or "")
        return None if item is None else item.name

    def standing(self, one: Reservation) -> Standing:
        """How a reservation stands: as its booking does."""
        booking = self.bookings.get(one.booking)
        if one.is_released or booking is None or booking.is_off or booking.is_over(self.now):
            return "off"
        if self._end(one, booking) <= self.now:
            return "over"
        return "pencil" if booking.is_held else "firm"

    def _end(self, one: Reservation, booking: FullBooking) -> datetime:
        return min(one.period.end, booking.period.end)

    def live(self, booking: str) -> list[Reservation]:
        """The reservations of a booking that stand."""
        return [
            one
            for one in self.reserved
            if one.booking == booking and self.standing(one) in ("pencil", "firm")
        ]

    def soon(self, days: int) -> list[str]:
        """The firm bookings whose equipment is needed now, or in that many days, in order."""
        last = self.now + days * _DAY if days < (_END - self.now).days else _END
        starts: dict[str, datetime] = {}
        for one in self.reserved:
            if self.standing(one) == "firm" and one.period.start < last:
                starts[one.booking] = min(starts.get(one.booking, _END), one.period.start)
        return sorted(starts, key=lambda booking: (starts[booking], booking))

    def is_retired(self, equipment: str) -> bool:
        """Whether a single item left for good."""
        facts = self.places.get(equipment, [])
        return bool(facts) and facts[-1].retired

    def place(self, equipment: str) -> str | None:
        """Where an item is."""
        facts = self.places.get(equipment)
        return outermost(self.places, facts[-1]).place if facts else None

    def out(self, equipment: str) -> CustodyFact | None:
        """The loan of a single item that stands, with the custodian of now."""
        facts = self.custody.get(equipment, [])
        newest = next((one for one in reversed(facts) if one.how != "handed over"), None)
        return newest if newest is not None and newest.is_out else None

    def pieces(self, equipment: str) -> int:
        """How many pieces of a stock there are, or whether an item is there."""
        item = self.items.get(equipment)
        if item is not None and item.quantity is not None:
            return sum(self.lots.get(equipment, {}).values())
        return 0 if item is None or self.is_retired(equipment) else 1

    # --- claims ---

    def claims(self) -> Iterator[tuple[str, Claim]]:
        """Yield every claim that stands, with the kind that it is of."""
        for one in self.reserved:
            booking = self.bookings.get(one.booking)
            if booking is None or self.standing(one) == "off":
                continue
            start = max(one.period.start, booking.period.start)
            end = self._end(one, booking)
            if start < end:
                holder = Holder(booking=one.booking)
                yield (
                    self.kind_of(one.equipment, one.kind),
                    Claim(holder, one.equipment, one.quantity, start, end, one.position),
                )
        for id, item in self.items.items():
            if item.quantity is None and (out := self.out(id)) is not None:
                yield mark(item.kind), self._loan(id, out, 1, self._out_since(id, out))
            for lot, quantity in self.lots.get(id, {}).items():
                if lot.is_out:
                    yield mark(item.kind), self._loan(id, lot, quantity, _UNSET)

    def kind_of(self, equipment: str | None, kind: str) -> str:
        """The kind of a claim: that of its item as it is described now."""
        item = self.items.get(equipment or "")
        return mark(kind if item is None else item.kind)

    def _out_since(self, equipment: str, out: CustodyFact) -> datetime:
        went = (one for one in reversed(self.custody[equipment]) if one.how == "checked out")
        return next(went, out).at

    def _loan(self, id: str, loan: CustodyFact | Lot, quantity: int, since: datetime) -> Claim:
        """A claim up to when it is due; of what is overdue, up to the end of today."""
        assert loan.due_at is not None
        end = loan.due_at
        if end <= self.now:
            today = self.now.astimezone(zone(self.zone)).date()
            end = start_of_day(today + _DAY, self.zone)
        return Claim(Holder.of(loan), id, quantity, min(since, loan.due_at), end, 0, is_out=True)

    def is_pencil(self, holder: Holder) -> bool:
        """Whether its claims are in pencil only."""
        booking = self.bookings.get(holder.booking)
        return booking is not None and booking.is_held

    def without_contents(self, lines: Sequence[ShortageLine]) -> list[ShortageLine]:
        """The shortages without those of things that are short only as the case they lie in is."""
        within: dict[str, set[str | None]] = {}
        for one in self.reserved:
            if one.equipment is not None and self.standing(one) in ("pencil", "firm"):
                within.setdefault(one.equipment, set()).add(one.within)
        told = {(x.equipment, x.first, x.last, x.state, x.short, x.by) for x in lines}
        return [
            x
            for x in lines
            if not any(
                (case, x.first, x.last, x.state, x.short, x.by) in told
                for case in within.get(x.equipment or "", set())
                if len(within[x.equipment or ""]) == 1
            )
        ]

    # --- by kind ---

    def books(self, kind: str | None, equipment: str | None, window: Days) -> Iterator["_Book"]:
        """Yield what there is and what is claimed of each kind, or of one item."""
        for id, book in sorted(self._books(window).items()):
            if kind is not None and mark(kind) != id:
                continue
            if equipment is None:
                yield _Book(book, None)
            else:
                yield from (
                    _Book(book, item.equipment)
                    for item in self.items.values()
                    if mark(item.kind) == id and item.is_named(equipment)
                )

    def _books(self, window: Days) -> dict[str, KindBook]:
        start = start_of_day(window.first, self.zone)
        end = start_of_day(window.last + _DAY, self.zone)
        names, counts = dict[str, str](), dict[str, int]()
        pieces, away = dict[str, dict[str, int]](), dict[str, list[Away]]()
        for id, item in self.items.items():
            name = mark(item.kind)
            names.setdefault(name, item.kind)
            pieces.setdefault(name, {})[id] = self.pieces(id)
            counts[name] = counts.get(name, 0) + self.pieces(id)
            if not self.is_retired(id):
                away.setdefault(name, []).extend(self._away(id))
        claims: dict[str, list[Claim]] = {}
        for name, claim in self.claims():
            if claim.start < end and start < claim.end:
                claims.setdefault(name, []).append(claim)
        for one in self.reserved:
            names.setdefault(mark(one.kind), one.kind)
        hired: dict[str, list[SubHire]] = {}
        for hire in self.hired:
            names.setdefault(mark(hire.kind), hire.kind)
            hired.setdefault(self.kind_of(hire.equipment, hire.kind), []).append(hire)
        return {
            name: KindBook(
                kind=names[name],
                count=KindCount(counts.get(name, 0), tuple(away.get(name, ()))),
                claims=tuple(claims.get(name, ())),
                hired=tuple(hired.get(name, ())),
                pieces=pieces.get(name, {}),
                now=self.now,
            )
            for name in names
            if counts.get(name) or name in claims or name in hired
        }

    def _away(self, equipment: str) -> Iterator[Away]:
        fitness = self.services.get(equipment, _Fitness())
        for it in fitness.open:
            yield Away(equipment, it.kind, it.since, it.until, begun=True)  # type: ignore[arg-type]  # a service kind
        yield from self.plans.get(equipment, ())

    def shortages(
        self, kind: str | None, equipment: str | None, window: Days
    ) -> Iterator[list[ShortageLine]]:
        """Yield the shortages of each kind: of its items, and of the kind where these do not
        explain it."""
        for id, book in sorted(self._books(window).items()):
            if kind is not None and mark(kind) != id:
                continue
            explained: dict[date, int] = {}
            for thing in sorted({one.equipment for one in book.claims if one.equipment}):
                short = [x for x in _Book(book, thing).days(window, self) if x[1].free < 0]
                for day, worst in short:
                    explained[day] = explained.get(day, 0) - worst.free
                if equipment is None or self.is_named(thing, equipment):
                    yield _joined(_Book(book, thing), short, self.name(thing))
            if equipment is None:
                whole = _Book(book, None)
                days = whole.days(window, self)
                more = [x for x in days if -x[1].free > explained.get(x[0], 0)]
                yield _joined(whole, more, None)


class _Moment(NamedTuple):
    """How it stands with a kind or an item at an instant."""

    free: int
    pieces: int
    sub_hired: int
    in_service: int
    out: int
    firm: int
    pencil: int
    by: tuple[str, ...]

    def line(self, book: "_Book", day: date) -> AvailabilityLine:
        """The row of a day."""
        return AvailabilityLine(book.of.kind, book.equipment, day, *self[:-1])

    @property
    def state(self) -> Literal["firm", "pencil"]:
        """Whether the promises alone are more than there is."""
        return "firm" if self.free + self.pencil < 0 else "pencil"


class _Book(NamedTuple):
    """The claims of a kind, looked at for all of it or for one of its items."""

    of: KindBook
    equipment: str | None

    def days(self, window: Days, campus: _Campus) -> list[tuple[date, _Moment]]:
        """Each day of a window, at its tightest moment."""
        starts = [start_of_day(day, campus.zone) for day in window]
        starts.append(start_of_day(window.last + _DAY, campus.zone))
        points = self.of.turning_points(starts[0], starts[-1])
        found: list[tuple[date, _Moment]] = []
        standing: list[_Moment] = []
        n = 0
        for day, (start, end) in zip(window, pairwise(starts), strict=True):
            moments = [] if points[n : n + 1] == [start] else standing
            while n < len(points) and points[n] < end:
                standing = [self.at(points[n], campus)]
                moments = [*moments, *standing]
                n += 1
            found.append((day, min(moments, key=lambda it: it.free)))
        return found

    def at(self, instant: datetime, campus: _Campus) -> _Moment:
        """How it stands at an instant."""
        book, thing = self.of, self.equipment
        claimed = book.claimed(instant, thing)
        out: dict[Holder, int] = {}
        for one in book.claims:
            if one.is_out and one.start <= instant < one.end and thing in (None, one.equipment):
                out[one.holder] = out.get(one.holder, 0) + one.quantity
        pencil = sum(n for holder, n in claimed.items() if campus.is_pencil(holder))
        sub_hired = sum(
            hire.quantity
            for hire in book.hired
            if hire.period.start <= instant < hire.period.end and thing in (None, hire.equipment)
        )
        in_service = sum(thing in (None, one.equipment) for one in book.away_at(instant))
        lent = sum(out.values())
        return _Moment(
            free=book.there(instant, thing) - claimed.total(),
            pieces=book.count.pieces if thing is None else campus.pieces(thing),
            sub_hired=sub_hired,
            in_service=in_service,
            out=lent,
            firm=claimed.total() - pencil - lent,
            pencil=pencil,
            by=tuple(holder.booking or holder.custodian for holder in sorted(claimed)),
        )


def _joined(book: _Book, days: list[tuple[date, _Moment]], name: str | None) -> list[ShortageLine]:
    """Shortages of days in a row that are alike in whether a promise is broken, as one."""
    runs: list[list[tuple[date, _Moment]]] = []
    for day, moment in days:
        last = runs[-1][-1] if runs else None
        if last is not None and last[0] + _DAY == day and last[1].state == moment.state:
            runs[-1].append((day, moment))
        else:
            runs.append([(day, moment)])
    return [_shortage_line(book, run, name) for run in runs]


def _shortage_line(book: _Book, run: list[tuple[date, _Moment]], name: str | None) -> ShortageLine:
    worst = min((moment for _, moment in run), key=lambda it: it.free)
    return ShortageLine(
        kind=book.of.kind,
        equipment=book.equipment,
        first=run[0][0],
        last=run[-1][0],
        state=worst.state,
        short=-worst.free,
        claimed=worst.out + worst.firm + worst.pencil,
        there=worst.pieces + worst.sub_hired - worst.in_service,
        by=tuple(dict.fromkeys(by for _, moment in run for by in moment.by)),
        sub_hired=worst.sub_hired,
        in_service=worst.in_service,
        name=name,
    )


# --- picking -----------------------------------------------------------------------------


class _Picking:
    """The things to pick for one booking. Each is told once, by the first line that names it."""

    def __init__(self, campus: _Campus, booking: str, reserved: list[Reservation]) -> None:
        self._campus, self._booking, self._reserved = campus, booking, reserved
        self._named = {one.equipment for one in reserved}
        self._lots = {
            id: {lot: n for lot, n in lots.items() if lot.is_out and lot.booking == booking}
            for id, lots in campus.lots.items()
        }
        self._out = [
            id
            for id, item in campus.items.items()
            if item.quantity is None
            and (out := campus.out(id)) is not None
            and out.booking == booking
        ]

    def lines(self) -> Iterator[PickLine]:
        """Yield what is reserved, a case before its contents, and then what is out besides."""
        by_name = [one for one in self._reserved if one.equipment is not None]
        for one in sorted(
            by_name,
            key=lambda one: (one.within or one.equipment, one.within is not None, one.equipment),
        ):
            assert one.equipment is not None
            if one.equipment in self._campus.lots:
                yield from self._pieces(one)
            else:
                yield self._item(one.equipment, one)
                if one.within is None:
                    yield from self._unreserved(one.equipment)
        for one in sorted(self._reserved, key=lambda one: one.kind):
            if one.equipment is None:
                yield from self._of_kind(one)
        yield from self._besides()

    def _line(
        self, equipment: str | None, state: PickState, one: Reservation | None, **more: Any
    ) -> PickLine:
        item = self._campus.items.get(equipment or "")
        usual: dict[str, Any] = {"quantity": 1, "place": None, "container": None, "why": None}
        return PickLine(
            equipment=equipment,
            kind=item.kind if item is not None else one.kind if one is not None else "",
            state=state,
            name=item.name if item is not None else None,
            booking=self._booking,
            reservation=one.id if one is not None else None,
            **usual | more,
        )

    def _item(self, id: str, one: Reservation | None, **more: Any) -> PickLine:
        """A single item, and what is in the way of it."""
        facts = self._campus.places.get(id, [])
        container = facts[-1].container if facts else None
        state, why = self._state(id, one, container)
        where = {"place": self._campus.place(id), "container": container}
        return self._line(id, state, one, **{"why": why, **where, **more})

    def _state(
        self, id: str, one: Reservation | None, container: str | None
    ) -> tuple[PickState, str | None]:
        campus = self._campus
        fitness = campus.services.get(id, _Fitness())
        services = ", ".join(self._service(it) for it in fitness.open) or None
        out = campus.out(id)
        if out is not None and out.booking == self._booking:
            return "out", services
        if id not in campus.items or campus.is_retired(id):
            return "missing", "retired"
        if out is not None:
            return "away", f"out for {out.booking or out.custodian}, due {self._day(out.due_at)}"
        if services is not None:
            return "in service", services
        if one is not None and one.within is not None and one.within not in self._around(container):
            return "missing", f"not in {one.within}"
        ends = fitness.calibrated_until
        if ends is not None and ends <= campus.now:
            return "needs calibration", f"ran out {self._day(ends)}"
        return "ready", None

    def _service(self, it: _UnderWay) -> str:
        return it.kind if it.until is None else f"{it.kind} until {self._day(it.until)}"

    def _day(self, instant: datetime | None) -> str:
        return "" if instant is None else f"{instant.astimezone(zone(self._campus.zone)):%Y-%m-%d}"

    def _around(self, container: str | None) -> list[str]:
        """A container and those around it."""
        found: list[str] = []
        while container is not None and container not in found:
            found.append(container)
            facts = self._campus.places.get(container)
            container = facts[-1].container if facts else None
        return found

    def _unreserved(self, case: str) -> Iterator[PickLine]:
        """Yield what is in a case now and has no reservation of its own."""
        for id, facts in sorted(self._campus.places.items()):
            inside = self._around(facts[-1].container)
            if case in inside and id not in self._named and not self._campus.is_retired(id):
                self._named.add(id)
                yield self._item(id, None)
        for id, lots in sorted(self._campus.lots.items()):
            for lot, quantity in sorted(lots.items(), key=str):
                if id not in self._named and case in self._around(lot.container):
                    taken = self._lots[id].pop(lot, None) is not None
                    yield self._lot_line(id, lot, quantity, None, "out" if taken else "ready")

    def _lot_line(
        self,
        id: str,
        lot: Lot,
        quantity: int,
        one: Reservation | None,
        state: PickState,
        why: str | None = None,
    ) -> PickLine:
        place = lot.place if lot.container is None else self._campus.place(lot.container)
        where = {"place": place, "container": lot.container}
        return self._line(id, state, one, quantity=quantity, why=why, **where)

    def _pieces(self, one: Reservation) -> Iterator[PickLine]:
        """Yield the pieces of a stock that are out for the booking, then those in the house."""
        assert one.equipment is not None
        id, left = one.equipment, one.quantity
        for lot, quantity in sorted(self._lots[id].items(), key=str):
            if one.within in (None, lot.container) and left:
                taken = min(left, quantity)
                left -= taken
                self._lots[id][lot] = quantity - taken
                yield self._lot_line(id, lot, taken, one, "out")
        there = self._campus.lots.get(id, {})
        for lot, quantity in sorted(there.items(), key=str):
            if left and not lot.is_out and one.within == lot.container:
                taken = min(left, quantity)
                left -= taken
                yield self._lot_line(id, lot, taken, one, "ready")
        if left:
            where = f" in {one.within}" if one.within is not None else ""
            why = f"{one.quantity - left} of {one.quantity} are there{where}"
            yield self._line(id, "missing", one, quantity=left, why=why)

    def _of_kind(self, one: Reservation) -> Iterator[PickLine]:
        """Yield the items of a kind that are out for the booking, and how many are to choose."""
        left = one.quantity
        for id in self._out:
            if left and id not in self._named and self._is_of(id, one):
                self._named.add(id)
                left -= 1
                yield self._item(id, one)
        for id, lots in self._lots.items():
            for lot, quantity in lots.items():
                if left and quantity and self._is_of(id, one):
                    taken = min(left, quantity)
                    left -= taken
                    lots[lot] = quantity - taken
                    yield self._lot_line(id, lot, taken, one, "out")
        if left:
            yield self._line(None, "to choose", one, quantity=left)

    def _is_of(self, id: str, one: Reservation) -> bool:
        return mark(self._campus.items[id].kind) == mark(one.kind)

    def _besides(self) -> Iterator[PickLine]:
        """Yield what is out for the booking besides: not reserved, or no longer."""
        for id in self._out:
            if id not in self._named:
                yield self._item(id, None, why=self._unless_reserved(id))
        for id, lots in self._lots.items():
            for lot, quantity in lots.items():
                if quantity:
                    yield self._lot_line(id, lot, quantity, None, "out", self._unless_reserved(id))

    def _unless_reserved(self, id: str) -> str | None:
        """Say so of a thing that is out and was never reserved, by its id or its kind."""
        was_reserved = any(
            one.equipment == id or (one.equipment is None and self._is_of(id, one))
            for one in self._campus.reserved
            if one.booking == self._booking and not one.is_released
        )
        return None if was_reserved else "not reserved"
