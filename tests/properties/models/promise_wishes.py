"""Drawn commands about what is promised, lent and hired in a small house."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct

from ledger.decisions.base import Decision
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold, ReleaseHold
from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.shoot_days import CancelBooking, StartBooking, WrapBooking
from ledger.decisions.bookings.splits import GiveBackDays, MergeBookings, SplitBooking
from ledger.decisions.correct import CorrectEntry, UndoEntry
from ledger.decisions.equipment.descriptions import ChangeEquipment
from ledger.decisions.equipment.fitness import PlanServicing, ServiceEquipment
from ledger.decisions.equipment.items import (
    AddEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut, HandOver, LendEquipment, ProlongLoan
from ledger.decisions.equipment.reservations import (
    DropSubHire,
    ReleaseEquipment,
    ReserveEquipment,
    SubHireEquipment,
)
from ledger.decisions.equipment.stocktaking import FindStock, LoseStock
from ledger.events import ProjectOpened, SiteRegistered, SpaceCommissioned
from ledger.events.base import RecordedEvent
from ledger.testing.scenario import Scenario, given
from ledger.time.periods import Deadline, Moment, When

ZONE = "Asia/Shanghai"
FIRST = date(2027, 2, 22)
LENGTH = 21
"""Three weeks, over the end of a month."""

KINDS = ("camera", "crane", "cable", "lens")
SINGLES = ("crane", "cam-1", "cam-2", "cam-3", "case", "pouch")
ALL = (*SINGLES, "cables")


def house() -> Scenario:
    """A hall for twenty; a crane, three cameras, twelve cables; a case with a pouch in it."""
    story = given(
        SiteRegistered(site="site", name="Site", zone=ZONE),
        SpaceCommissioned(
            space="hall", site="site", zone=ZONE, name="Hall", kind="stage", area_m2=1000.0,
            in_service_on=date(2024, 1, 1), capacity=20,
        ),
        ProjectOpened(project="film", title="film", kind="feature", on=date(2025, 1, 1)),
    ).at("2027-02-19T09:00+08:00")  # fmt: skip

    def add(id: str, kind: str, quantity: int | None = None) -> AddEquipment:
        return AddEquipment(equipment=id, name=id, kind=kind, at_place="hall", quantity=quantity)

    return story.and_given(
        add("crane", "crane"),
        *(add(f"cam-{n}", "camera") for n in (1, 2, 3)),
        add("case", "case"),
        add("pouch", "case"),
        add("cables", "cable", 12),
        PackEquipment(equipment="cables=2", container="pouch"),
        PackEquipment(equipment=("pouch", "cam-2", "cables=3"), container="case"),
    )


class Wish(Struct, frozen=True):
    """A draft of a command; its numbers pick among what there is then."""

    verb: str
    one: int
    other: int
    day: int
    length: int
    number: int
    flag: bool


VERBS = {
    "hold": 4, "book": 6, "confirm": 4, "cancel": 1, "let go": 1, "move": 5, "split": 2,
    "merge": 3, "give back": 2, "start": 2, "wrap": 2,
    "reserve": 9, "reserve some days": 6, "reserve a kind": 4, "reserve cables": 5,
    "release": 2, "hire": 2, "drop a hire": 2, "plan a service": 3, "drop a plan": 1,
    "check out": 5, "lend": 3, "check in": 3, "prolong": 3, "hand over": 1,
    "retire": 1, "describe": 2, "pack": 1, "unpack": 1,
    "break": 1, "mend": 1, "lose": 1, "find": 1,
    "undo": 7, "correct": 6, "wait": 3,
}  # fmt: skip
BREAKAGES = frozenset({"break", "mend", "lose", "find"})
"""Facts about what is not there: no rule refuses them."""

WISHES = st.builds(
    Wish,
    verb=st.sampled_from([verb for verb, weight in VERBS.items() for _ in range(weight)]),
    one=st.integers(0, 11),
    other=st.integers(0, 11),
    day=st.integers(0, LENGTH - 1),
    length=st.integers(1, 8),
    number=st.integers(1, 9),
    flag=st.booleans(),
)


def _on(day: int) -> date:
    return FIRST + timedelta(days=day)


def _days(wish: Wish) -> When:
    return When.parse(f"{_on(wish.day)}..{_on(wish.day + wish.length - 1)}")


class Studio:
    """What there is to pick from, in a story."""

    def __init__(self, story: Scenario) -> None:
        self.story = story
        self.bookings: dict[str, Any] = {}
        for event in (entry.event for entry in story.history.events):
            self._note(event)
        self._count = len(self.bookings)

    def _note(self, event: Any) -> None:
        if hasattr(event, "booking") and hasattr(event, "units"):
            self.bookings[event.booking] = event.period

    def booking(self, number: int) -> str:
        """One of those that there are."""
        ids = sorted(self.bookings)
        return ids[number % len(ids)] if ids else "b-0"

    def command(self, wish: Wish) -> tuple[Decision, str | None]:
        """The command that is meant, and the reason that it is given with."""
        make = getattr(self, "_" + wish.verb.replace(" ", "_"))
        made = make(wish)
        return made if isinstance(made, tuple) else (made, None)

    # --- bookings --------------------------------------------------------------------

    def _hold(self, wish: Wish, *, confirm: bool = False) -> Decision:
        return PlaceHold(
            booking=f"b-{self._count}", space="hall", project="film", when=_days(wish),
            confirm=confirm,
        )  # fmt: skip

    def _book(self, wish: Wish) -> Decision:
        return self._hold(wish, confirm=True)

    def _confirm(self, wish: Wish) -> Decision:
        return ConfirmBookings(booking=self.booking(wish.one))

    def _cancel(self, wish: Wish) -> Decision:
        return CancelBooking(booking=self.booking(wish.one))

    def _let_go(self, wish: Wish) -> Decision:
        return ReleaseHold(booking=self.booking(wish.one))

    def _move(self, wish: Wish) -> Decision:
        return MoveBooking(booking=self.booking(wish.one), when=_days(wish))

    def _split(self, wish: Wish) -> Decision:
        booking = self.booking(wish.one)
        at = self._day_of(booking, wish.length)
        return SplitBooking(booking=booking, at=Moment(str(at)), rest=f"b-{self._count}")

    def _merge(self, wish: Wish) -> Decision:
        kept = self.booking(wish.one)
        meets = [
            id
            for id, period in sorted(self.bookings.items())
            if (id != kept and kept in self.bookings
            and self.bookings[kept].end in (period.start, period.end))
            or (id != kept and kept in self.bookings and self.bookings[kept].start == period.end)
        ]  # fmt: skip
        other = meets[wish.other % len(meets)] if meets else self.booking(wish.other)
        return MergeBookings(bookings=(kept, other))

    def _give_back(self, wish: Wish) -> Decision:
        booking = self.booking(wish.one)
        first = self._day_of(booking, wish.other % 6)
        last = first + timedelta(days=wish.length - 1)
        when = When.parse(f"{first}..{last}")
        return GiveBackDays(booking=booking, when=when, rest=f"b-{self._count}")

    def _start(self, wish: Wish) -> Decision:
        booking = self.booking(wish.one)
        return StartBooking(booking=booking, on=self._day_of(booking, 0))

    def _wrap(self, wish: Wish) -> Decision:
        return WrapBooking(booking=self.booking(wish.one), on=self._today())

    def _day_of(self, booking: str, number: int) -> date:
        period = self.bookings.get(booking)
        return _on(0) if period is None else period.days.first + timedelta(days=number)

    def _today(self) -> date:
        return self.story.clock.now().date()

    # --- what is promised ------------------------------------------------------------

    def _reserve(self, wish: Wish) -> Decision:
        item = SINGLES[wish.other % len(SINGLES)]
        more = ("cables=2",) if wish.flag and wish.number > 5 else ()
        return ReserveEquipment(booking=self.booking(wish.one), equipment=(item, *more))

    def _reserve_some_days(self, wish: Wish) -> Decision:
        booking = self.booking(wish.one)
        first = self._day_of(booking, wish.day % 5)
        when = When.parse(f"{first}..{first + timedelta(days=wish.length % 4)}")
        item = ("cables=3", *SINGLES)[wish.other % 7]
        return ReserveEquipment(booking=booking, equipment=(item,), when=when)

    def _reserve_a_kind(self, wish: Wish) -> Decision:
        kind = KINDS[wish.other % 3]
        return ReserveEquipment(
            booking=self.booking(wish.one), kind=(f"{kind}={1 + wish.number // 4}",)
        )

    def _reserve_cables(self, wish: Wish) -> Decision:
        return ReserveEquipment(
            booking=self.booking(wish.one), equipment=(f"cables={wish.number}",)
        )

    def _release(self, wish: Wish) -> Decision:
        item = () if wish.flag else (ALL[wish.other % 7],)
        return ReleaseEquipment(booking=self.booking(wish.one), equipment=item)

    def _hire(self, wish: Wish) -> Decision:
        what = ("camera", "cable", "crane", "cables")[wish.other % 4]
        return SubHireEquipment(
            what=f"{what}={wish.number}", supplier="Rental", when=_days(wish),
            subhire=f"h-{wish.one % 4}",
        )  # fmt: skip

    def _drop_a_hire(self, wish: Wish) -> Decision:
        return DropSubHire(subhire=f"h-{wish.one % 4}")

    def _plan_a_service(self, wish: Wish) -> Decision:
        return PlanServicing(equipment=SINGLES[wish.other % 6], kind="repair", when=_days(wish))

    def _drop_a_plan(self, wish: Wish) -> Decision:
        planned = [e for e in self._events("ServicePlanned") if not e.dropped]
        if not planned:
            return self._plan_a_service(wish)
        event = planned[wish.one % len(planned)]
        when = When.parse(str(event.period))
        return PlanServicing(equipment=event.equipment, kind="repair", when=when, drop=True)

    def _events(self, type_name: str) -> list[Any]:
        return [e.event for e in self.story.history.events if e.type == type_name]

    # --- loans and the rest ------------------------------------------------------------

    def _thing(self, wish: Wish) -> str:
        thing = ALL[wish.other % 7]
        return f"cables={wish.number % 4 + 1}" if thing == "cables" else thing

    def _check_out(self, wish: Wish) -> Decision:
        due = Deadline(str(_on(wish.day))) if wish.flag else None
        return CheckOut(
            equipment=(self._thing(wish),), booking=self.booking(wish.one), custodian="ann",
            due_at=due, from_place="hall",
        )  # fmt: skip

    def _lend(self, wish: Wish) -> Decision:
        return LendEquipment(
            equipment=(self._thing(wish),), custodian=("ann", "bo")[wish.one % 2],
            due_at=Deadline(str(_on(wish.day))), from_place="hall",
        )  # fmt: skip

    def _check_in(self, wish: Wish) -> Decision:
        return CheckIn(equipment=(self._thing(wish),))

    def _prolong(self, wish: Wish) -> Decision:
        return ProlongLoan(equipment=(self._thing(wish),), due_at=Deadline(str(_on(wish.day))))

    def _hand_over(self, wish: Wish) -> Decision:
        return HandOver(equipment=(self._thing(wish),), custodian="cy")

    def _retire(self, wish: Wish) -> Decision:
        return RetireEquipment(equipment=self._thing(wish))

    def _describe(self, wish: Wish) -> tuple[Decision, str]:
        kind = KINDS[wish.number % 4]
        return ChangeEquipment(equipment=ALL[wish.other % 7], kind=kind), "it is one"

    def _pack(self, wish: Wish) -> Decision:
        return PackEquipment(equipment=self._thing(wish), container=("case", "pouch")[wish.flag])

    def _unpack(self, wish: Wish) -> Decision:
        return UnpackEquipment(equipment=("pouch", "cam-2", "cam-1", "cables=1")[wish.other % 4])

    def _break(self, wish: Wish) -> Decision:
        return ServiceEquipment(equipment=SINGLES[wish.other % 6], kind="repair")

    def _mend(self, wish: Wish) -> Decision:
        return ServiceEquipment(equipment=SINGLES[wish.other % 6], kind="repair", done=True)

    def _lose(self, wish: Wish) -> Decision:
        return LoseStock(equipment=f"cables={wish.number}", from_place="hall")

    def _find(self, wish: Wish) -> Decision:
        return FindStock(equipment=f"cables={wish.number}", at_place="hall")

    # --- second thoughts -----------------------------------------------------------------

    def _recent(self, wish: Wish, *types: str) -> RecordedEvent | None:
        entries = [
            e for e in self.story.history.events[13:] if not types or e.type in types
        ][-12:]  # fmt: skip
        return entries[-1 - wish.one % len(entries)] if entries else None

    def _undo(self, wish: Wish) -> tuple[Decision, str]:
        entry = self._recent(wish)
        position = 1 if entry is None else int(entry.position)
        return UndoEntry(position=position), "a slip"

    def _correct(self, wish: Wish) -> tuple[Decision, str]:
        entry = self._recent(
            wish, "EquipmentReserved", "EquipmentSubHired", "ServicePlanned", "EquipmentCheckedOut",
            "LoanProlonged", "BookingConfirmed", "BookingRescheduled", "BookingWrapped",
            "StockTransferred", "ReservationReleased",
        )  # fmt: skip
        if entry is None:
            return UndoEntry(position=1), "a slip"
        event: Any = entry.event
        period = f"{_on(wish.day)}..{_on(wish.day + wish.length - 1)}"
        ways: dict[str, Any] = {}
        if hasattr(event, "due_at"):
            ways["due_at"] = datetime.fromisoformat(f"{_on(wish.day)}T18:00+08:00").isoformat()
        elif hasattr(event, "on"):
            ways["on"] = str(_on(wish.day))
        elif hasattr(event, "quantity") and wish.flag:
            ways["quantity"] = wish.number
        elif hasattr(event, "period"):
            ways["period"] = period
        return CorrectEntry(position=int(entry.position), to=ways or {"quantity": 1}), "a slip"

    def _wait(self, wish: Wish) -> Decision:
        raise NotImplementedError
