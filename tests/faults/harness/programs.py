"""What a program does to a ledger: steps drawn from a seed, each with a request key of its own."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Engine, event

from ledger.application import Author, Extensions, Ledger, Outcome
from ledger.audit.keys import open_key
from ledger.auditing import Audit, AuditFolder
from ledger.decisions.base import Decision
from ledger.errors import BoundaryBroken
from ledger.events import MilestonePlanned, ProjectOpened
from ledger.events.base import Boundary, Header, Query, RecordedEvent
from ledger.log.store.store_urls import Place
from ledger.plugin import Projection, Row, key, on, table, view
from ledger.projections.engine.store import views_place
from ledger.projections.querying.live_views import Views
from ledger.time.periods import Clock

NAME = "studio.db"
PROJECT = "the-film"
FIRST_DAY = date(2030, 1, 1)
HALLS = ("hall-1", "hall-2", "hall-3")
"""Spaces with room for whatever a program books."""

SIGN = "sign"
BATCH = 3
"""Events of a transaction of the views, so that a short program has several."""

Acknowledge = Callable[[str, int, int], None]
"""Told a request key and the first and last position, after the call has returned."""


class PlannedCount(Row):
    """One row that every event changes: a batch applied twice, or not at all, shows."""

    name: str = key()
    events: int = 0
    last: int = 0


class PlannedDay(Row):
    """A row of its own for each milestone."""

    milestone: str = key()
    position: int = 0


class Planned(Projection):
    """Counts milestones; so small that the checker can say from the rows what it must hold."""

    version = 1
    counts = table(PlannedCount)
    days = table(PlannedDay)

    @on(MilestonePlanned)
    def planned(self, event: MilestonePlanned, entry: RecordedEvent) -> None:
        """One more."""
        row = self.counts.edit("all")
        row.events += 1
        row.last = entry.position
        self.days.edit(event.milestone).position = entry.position

    @view("Milestones by number")
    def planned_counts(self) -> list[PlannedCount]:
        """The one row."""
        return list(self.counts.rows())


EXTENSIONS = Extensions(projections=(Planned,))


class Step(Struct, frozen=True):
    """One thing that a program does; `size` is how many events it records."""

    do: str
    key: str = ""
    size: int = 0


_ONE, _FEW, _SOME = (1, 1), (1, 3), (2, 5)
_JOB, _SWAP, _HALVES, _GEAR = (6, 6), (8, 8), (7, 7), (12, 12)
SIZES = {
    "one": _ONE, "seen": _ONE, "straight": _FEW, "batch": _SOME, "job": _JOB, "swap": _SWAP,
    "halves": _HALVES, "gear": _GEAR,
}  # fmt: skip
"""How many events a step of a kind records, at least and at most; none where it is not named."""


def draw(chance: random.Random, name: str, count: int, among: Sequence[str]) -> list[Step]:
    """A program: so many steps of those kinds, with keys that begin with `name`."""
    steps = []
    for number in range(count):
        do = chance.choice(among)
        steps.append(Step(do, f"{name}-{number}", chance.randint(*SIZES.get(do, (0, 0)))))
    return steps


def sizes(steps: Sequence[Step]) -> dict[str, int]:
    """How many events each request key stands for."""
    return {step.key: step.size for step in steps if step.size}


class Program:
    """A ledger that is open, and the steps taken with it. It opens when the first step asks."""

    def __init__(self, where: str, audit: Path, tell: Acknowledge, clock: Clock | None) -> None:
        self._where = where
        self._folder = AuditFolder(audit)
        self._tell = tell
        self._clock = clock
        self._ledger: Ledger | None = None
        self._views_open: Views | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        if self._ledger is None:
            self._ledger = Ledger.open(self._where, extensions=EXTENSIONS, clock=self._clock)
        return self._ledger

    def close(self) -> None:
        """Close it; the next step opens it anew."""
        if self._views_open is not None:
            self._views_open.close()
            self._views_open = None
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def take(self, step: Step) -> None:
        """Take a step; raises what the ledger raises."""
        getattr(self, f"_{step.do}")(step)

    def _one(self, step: Step) -> None:
        author = Author("the-program", None, step.key)
        self._recorded(step, self.ledger.decide(plan(self.ledger, step.key, 0), author))

    def _seen(self, step: Step) -> None:
        self._one(step)
        self._views(step)

    def _batch(self, step: Step) -> None:
        self._apply(step, [plan(self.ledger, step.key, n) for n in range(step.size)])

    def _swap(self, step: Step) -> None:
        """Two bookings of new stages trade places: each is in the other's way until both moved."""
        self._apply(step, swap(self.ledger, step.key))

    def _halves(self, step: Step) -> None:
        """A new stage is divided, and its halves are booked in the same batch."""
        self._apply(step, halves(self.ledger, step.key))

    def _gear(self, step: Step) -> None:
        """A case is promised to a booking, which moves, and goes out for it: all, or none of it."""
        self._apply(step, gear(self.ledger, step.key))

    def _apply(self, step: Step, decisions: Sequence[Decision]) -> None:
        author = Author("the-program", None, step.key)
        self._recorded(step, self.ledger.apply(list(enumerate(decisions, 1)), author))

    def _job(self, step: Step) -> None:
        author = Author("the-program", None, step.key)
        job = book(self.ledger, f"j-{step.key}", step.key, *HALLS)
        self._recorded(step, self.ledger.decide(job, author))

    def _recorded(self, step: Step, outcome: Outcome) -> None:
        self._tell(step.key, outcome.events[0].position, outcome.events[-1].position)

    def _straight(self, step: Step) -> None:
        """Past the decisions, as a plugin's importer may: what keeps it from doubling is the
        boundary alone, which here reaches back to the log's beginning."""
        never = Boundary((Query((f"request:{step.key}",)),), after=0)
        header = Header(actor="the-program", request=step.key, digest="-")
        events = [(milestone(step.key, n), header) for n in range(step.size)]
        try:
            recorded: Sequence[RecordedEvent] = self.ledger.log.append(events, never)
        except BoundaryBroken:
            recorded = list(self.ledger.log.read(never.queries))
        self._tell(step.key, recorded[0].position, recorded[-1].position)

    def _views(self, _step: Step) -> None:
        self._kept_views().catch_up()

    def _rebuild(self, _step: Step) -> None:
        self._kept_views().rebuild()

    def _kept_views(self) -> Views:
        if self._views_open is None:
            place = views_place(Place.parse(self._where))
            self._views_open = Views(self.ledger.log, EXTENSIONS.projections, place, batch=BATCH)
        return self._views_open

    def _sign(self, _step: Step) -> None:
        signed = Audit(self.ledger, self._folder, self._where).sign(
            open_key(self._folder.key_file, lambda: "")
        )
        self._tell(SIGN, signed.signed.size, signed.signed.size)

    def _reopen(self, _step: Step) -> None:
        # Closing SQLite's last connection writes the write-ahead log back and removes it.
        self.close()


def milestone(name: str, number: int) -> MilestonePlanned:
    """The event that a step records at a place of its batch."""
    return MilestonePlanned(project=PROJECT, milestone=f"m-{name}-{number}", on=FIRST_DAY)


def plan(ledger: Ledger, name: str, number: int) -> Decision:
    """The decision for it."""
    return command(
        ledger,
        do="project plan",
        project=PROJECT,
        milestone=f"m-{name}-{number}",
        on=str(FIRST_DAY + timedelta(days=number)),
    )


def book(ledger: Ledger, booking: str, name: str, *spaces: str) -> Decision:
    """The decision to book spaces, as a job if they are several; the days are a step's own."""
    first = FIRST_DAY + timedelta(days=zlib.crc32(name.encode()) % 1_000)
    return command(
        ledger,
        do="booking hold",
        booking=booking,
        space=list(spaces),
        project=PROJECT,
        when=f"{first}..{first + timedelta(days=2)}",
        confirm=True,
    )


def swap(ledger: Ledger, name: str) -> list[Decision]:
    """The decisions of a step for two new stages, a booking of each, and their swap."""
    (one, other), (first, second) = ((f"{it}-{name}-{n}" for n in (1, 2)) for it in ("s", "b"))
    return [
        add_space(ledger, one),
        add_space(ledger, other),
        book(ledger, first, name, one),
        book(ledger, second, name, other),
        command(ledger, do="booking move", booking=first, space=other),
        command(ledger, do="booking move", booking=second, space=one),
    ]


def halves(ledger: Ledger, name: str) -> list[Decision]:
    """The decisions of a step for a new stage in two halves, and a booking of each."""
    whole, *parts = (f"s-{name}-{n}" for n in (0, 1, 2))
    return [
        add_space(ledger, whole),
        *(add_space(ledger, part, part_of=whole) for part in parts),
        *(book(ledger, f"b-{part}", name, part) for part in parts),
    ]


def gear(ledger: Ledger, name: str) -> list[Decision]:
    """The decisions of a step for a new case with a lens, promised to a booking that moves, and
    lent for it."""
    case, lens, booking = f"e-{name}-case", f"e-{name}-lens", f"b-{name}"
    first = FIRST_DAY + timedelta(days=zlib.crc32(name.encode()) % 1_000 + 10)
    return [
        *(
            command(
                ledger, do="equipment add", equipment=item, name=item, kind=item, at_place=HALLS[0]
            )
            for item in (case, lens)
        ),
        command(ledger, do="equipment pack", equipment=lens, container=case),
        book(ledger, booking, name, HALLS[0]),
        command(ledger, do="equipment reserve", booking=booking, equipment=[case]),
        command(
            ledger, do="booking move", booking=booking, when=f"{first}..{first + timedelta(days=2)}"
        ),
        command(ledger, do="equipment check-out", equipment=case, booking=booking, custodian="ann"),
    ]


def add_space(
    ledger: Ledger, space: str, capacity: int | None = None, part_of: str | None = None
) -> Decision:
    """The decision for a space that several can have at once, or one alone; or for a part."""
    return command(
        ledger,
        do="space add",
        space=space,
        site="campus",
        name=space,
        kind="stage",
        in_service_on=str(FIRST_DAY),
        capacity=capacity,
        part_of=part_of,
    )


def command(ledger: Ledger, **fields: Any) -> Decision:
    """A decision in the form of a batch file."""
    return ledger.wire.decode(json.dumps(fields).encode())


def make_base(where: str, audit: Path, *, signed: bool = True) -> int:
    """A small ledger: a project, three halls, kept views, a checkpoint. Its last position."""
    with Ledger.create(
        where, origin="faults.example/log", author=Author("owner"), extensions=EXTENSIONS
    ) as ledger:
        opened = ProjectOpened(project=PROJECT, title="狂野时代", kind="feature", on=FIRST_DAY)
        ledger.log.append([(opened, Header(actor="owner"))])
        site = command(ledger, do="site add", site="campus", name="Campus", zone="Asia/Shanghai")
        for made in (site, *(add_space(ledger, hall, 100_000) for hall in HALLS)):
            ledger.decide(made, Author("owner"))
        ledger.views.catch_up()
        folder = AuditFolder(audit)
        examining = Audit(ledger, folder, where)
        examining.make_key(folder.key_file, None)
        if signed:
            examining.sign(open_key(folder.key_file, lambda: ""))
        return ledger.log.head()


def write_back_often(pages: int) -> None:
    """Have SQLite write its write-ahead log back after so few pages, so that it happens at all
    in so short a program."""

    @event.listens_for(Engine, "connect")
    def shorten(connection: Any, _record: object) -> None:
        if hasattr(connection, "set_trace_callback"):  # SQLite's
            connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
