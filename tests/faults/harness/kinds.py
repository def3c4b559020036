"""The kinds of fault on a ledger in a file: each knows its points, and strikes at one."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple, Protocol

from msgspec import Struct

import ledger.log.stores
import ledger.projections.engine.store
from ledger.log.store.store_urls import SqliteInUse, sqlite_in_use
from tests.faults.harness.checking import Known, Wrong, examine, thrown_away
from tests.faults.harness.power import Did, Disk, Record, read_records
from tests.faults.harness.programs import SIGN, Step, draw
from tests.faults.harness.shim import Calls, Strike
from tests.faults.harness.worlds import FileWorld, JumpingClock, learn, resolved

RECORDING = ("one", "one", "batch", "straight", "job", "swap", "halves", "gear", "reopen")
LOOKING = ("seen", "seen", "batch", "views", "rebuild", "reopen")
SIGNING = ("one", "batch", "sign", "sign")
ALL = ("one", "one", "batch", "straight", "views", "rebuild", "sign", "reopen")


class Point(NamedTuple):
    """Where a fault strikes: in the program of a seed, at a call, in some way."""

    seed: int
    at: int
    how: int = 0


class Outcome(NamedTuple):
    """What a fault did: how many events were acknowledged, and what is wrong."""

    acknowledged: int
    wrong: list[Wrong]


class Kind(Protocol):
    """A kind of fault."""

    @property
    def name(self) -> str:
        """As the table has it."""

    def points(self, seed: int) -> list[Point]:
        """Every place at which it can strike in the program of a seed."""

    def strike(self, point: Point) -> Outcome:
        """Let it happen there, and look at what is left."""


def keep_a_journal() -> None:
    """Have this process keep ledgers as where only an SQLite with the WAL-reset bug is at hand."""
    found = sqlite_in_use()
    with_bug = SqliteInUse(found.module, found.version, wal_reset_bug=True)
    for module in (ledger.log.stores, ledger.projections.engine.store):
        vars(module)["sqlite_in_use"] = lambda: with_bug


def twice(point: Point) -> bool:
    """Whether `audit verify` looks too: at every third point, of each way in turn."""
    return (point.at + point.how) % 3 == 0


def acknowledged(known: Known) -> int:
    """How many events."""
    return sum(known.sizes[request] for request in known.acknowledged)


class Struck(Struct, frozen=True):
    """A fault at the n-th call of a program on its files.

    `ways` are what can happen there, and to which calls. With `neighbour` another program goes on
    meanwhile, an hour behind, and must not be harmed. `journal`: kept with a rollback journal.
    """

    name: str
    world: FileWorld
    among: Sequence[str]
    ways: Sequence[tuple[Strike, Calls]]
    steps: int = 6
    neighbour: bool = False
    clocks: bool = False
    journal: bool = False
    retries: int = 0

    def program(self, seed: int) -> list[Step]:
        """The program of a seed."""
        return draw(random.Random(f"{self.name} {seed}"), "v", self.steps, self.among)

    def points(self, seed: int) -> list[Point]:
        """Each call of it, each way."""
        found = []
        steps = self.program(seed)
        for how, (_, calls) in enumerate(self.ways):
            with self.world.copied() as place:
                child = self.world.started(place, steps, calls=calls, prepare=self._prepare())
                count = child.hear().calls
            found += [Point(seed, at, how) for at in range(1, count + 1)]
        return found

    def strike(self, point: Point) -> Outcome:
        """Strike, and look."""
        steps = self.program(point.seed)
        strike, calls = self.ways[point.how]
        chance = random.Random(f"{self.name} {point}")
        others: list[Step] = []
        if self.neighbour:
            others = draw(chance, "n", self.steps, RECORDING)
        known = self.world.known(steps, others)
        with self.world.copied() as place:
            child = self.world.started(
                place,
                steps,
                strike=strike,
                calls=calls,
                at=point.at,
                clock=JumpingClock(chance) if self.clocks else None,
                retries=self.retries,
                prepare=self._prepare(),
            )
            wrong: list[Wrong] = []
            if self.neighbour:
                behind = JumpingClock(chance, -timedelta(hours=1))
                heard = self.world.started(
                    place, others, clock=behind, prepare=self._prepare()
                ).hear()
                wrong += learn(known, heard)
                wrong += [Wrong("unclear", f"the neighbour: {said}") for _, said in heard.failed]
            wrong += learn(known, child.hear())
            wrong += examine(place.where, place.audit, known, twice=twice(point))
            told = acknowledged(known)
            wrong += resolved(place.where, place.audit, [*steps, *others], known)
        return Outcome(told, wrong)

    def _prepare(self) -> Callable[[], None] | None:
        return keep_a_journal if self.journal else None


class Moment(Struct, frozen=True):
    """SIGKILL after some milliseconds, whatever the program is doing, beside a neighbour."""

    name: str
    world: FileWorld
    among: Sequence[str]
    points_a_seed: int = 50

    def points(self, seed: int) -> list[Point]:
        """Moments up to the time that such a program takes."""
        chance = random.Random(f"{self.name} {seed}")
        return [Point(seed, int(chance.triangular(0, 160, 30))) for _ in range(self.points_a_seed)]

    def strike(self, point: Point) -> Outcome:
        """Kill, and look."""
        chance = random.Random(f"{self.name} {point}")
        steps = draw(chance, "v", 8, self.among)
        others = draw(chance, "n", 4, RECORDING)
        known = self.world.known(steps, others)
        with self.world.copied() as place:
            ahead = JumpingClock(chance, timedelta(hours=1))
            child = self.world.started(place, steps, clock=ahead)
            neighbour = self.world.started(place, others)
            child.kill_after(point.at / 1_000)
            heard = neighbour.hear()
            wrong = learn(known, heard) + learn(known, child.hear())
            wrong += [Wrong("unclear", f"the neighbour: {said}") for _, said in heard.failed]
            wrong += examine(place.where, place.audit, known, twice=twice(point))
            told = acknowledged(known)
            wrong += resolved(place.where, place.audit, [*steps, *others], known)
        return Outcome(told, wrong)


_WHOLE = 1_000


class PowerCut(Struct):
    """The power goes at some call of a program: whatever the disk can then hold.

    A program is written down once; each call of it is a point, with several fates of what was not
    synced. With `failing`, one sync of it fails, and the program says that step again.
    """

    name: str
    world: FileWorld
    among: Sequence[str]
    steps: int = 8
    fates: int = 3
    journal: bool = False
    failing: bool = False
    recorded: tuple[tuple[int, int], Disk, list[Record]] | None = None

    def program(self, seed: int) -> list[Step]:
        """The program of a seed."""
        return draw(random.Random(f"{self.name} {seed}"), "v", self.steps, self.among)

    def points(self, seed: int) -> list[Point]:
        """Each call, each fate; `how` numbers both the fate and, by hundreds, the failing sync.

        With a failing sync `at` is in thousandths of what was then written down.
        """
        if not self.failing:
            count = len(self._records(seed, 0)[1])
            return [Point(seed, at, how) for at in range(count + 1) for how in range(self.fates)]
        with self.world.copied() as place:
            child = self.world.started(
                place, self.program(seed), calls=Calls.SYNCS, prepare=self._prepare()
            )
            syncs = child.hear().calls
        found = []
        for failing in range(1, syncs + 1):
            chance = random.Random(f"{self.name} {seed} {failing}")
            moments = sorted({_WHOLE, *(chance.randint(0, _WHOLE) for _ in range(12))})
            found += [Point(seed, at, 100 * failing + at % 3) for at in moments]
        return found

    def strike(self, point: Point) -> Outcome:
        """Cut the power, and look."""
        failing, fate = divmod(point.how, 100)
        before, records = self._records(point.seed, failing)
        disk = before.again(random.Random(f"{self.name} {point}"))
        steps = self.program(point.seed)
        known = self.world.known(steps)
        until = point.at * len(records) // _WHOLE if self.failing else point.at
        for record in records[:until]:
            disk.take(record)
            if record.did == Did.MARK:
                request, first, last = record.data.decode().rsplit(" ", 2)
                if request == SIGN:
                    known.signed.add(int(first))
                else:
                    known.acknowledged[request] = (int(first), int(last))
        with self.world.empty() as place:
            disk.cut(place.folder)
            wrong = thrown_away(place.where) if self.failing else []
            wrong += examine(place.where, place.audit, known, twice=twice(point))
            told = acknowledged(known)
            if fate == 0 and not wrong:
                wrong += resolved(place.where, place.audit, steps, known)
        return Outcome(told, wrong)

    def _records(self, seed: int, failing: int) -> tuple[Disk, list[Record]]:
        if self.recorded is None or self.recorded[0] != (seed, failing):
            with (
                self.world.copied() as place,
                NamedTemporaryFile(dir=self.world.scratch) as log,
            ):
                disk = Disk(place.folder, random.Random(0))
                child = self.world.started(
                    place,
                    self.program(seed),
                    strike=Strike.FAIL if failing else Strike.NONE,
                    calls=Calls.SYNCS,
                    at=failing,
                    log=Path(log.name),
                    retries=1,
                    prepare=self._prepare(),
                )
                child.hear()
                self.recorded = ((seed, failing), disk, read_records(Path(log.name)))
        return self.recorded[1:]

    def _prepare(self) -> Callable[[], None] | None:
        return keep_a_journal if self.journal else None
