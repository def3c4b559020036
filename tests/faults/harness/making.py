"""Further kinds: making a ledger and its first checkpoint, and the real command `apply`."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from msgspec import Struct

from ledger.application import Author, Ledger
from ledger.audit.keys import open_key
from ledger.auditing import Audit, AuditFolder
from ledger.errors import LedgerError, LedgerExists, NoLedger, StorageFailure
from tests.faults.harness.checking import Wrong, examine
from tests.faults.harness.children import Child, Heard, Say
from tests.faults.harness.kinds import Outcome, Point, acknowledged, twice
from tests.faults.harness.mutants import plant
from tests.faults.harness.power import Did, Disk, Record, read_records
from tests.faults.harness.programs import PROJECT, Step, draw
from tests.faults.harness.shim import Calls, Strike
from tests.faults.harness.worlds import FileWorld, Place, learn, resolved

MADE = "made"


def _make(place: Place) -> None:
    Ledger.create(place.where, origin="faults.example/new", author=Author("owner")).close()


class Making(Struct):
    """A ledger is made, and a fault strikes at a call: the whole ledger is there, or none.

    With `power`, the power goes at the call; else what `ways` say happens there.
    """

    name: str
    world: FileWorld
    ways: Sequence[tuple[Strike, Calls]] = ()
    power: int = 0
    """How many fates of what was not synced; 0 for a fault that is not the power's."""

    def points(self, seed: int) -> list[Point]:
        """Each call, each way or fate."""
        if self.power:
            with self.world.empty() as place:
                count = len(self._written_down(place)[1])
            return [Point(seed, at, how) for at in range(count + 1) for how in range(self.power)]
        found = []
        for how, (_, calls) in enumerate(self.ways):
            with self.world.empty() as place:
                count = self._made(place, Strike.NONE, calls, 0).calls
            found += [Point(seed, at, how) for at in range(1, count + 1)]
        return found

    def strike(self, point: Point) -> Outcome:
        """Strike, and look."""
        with self.world.empty() as place:
            if self.power:
                with self.world.empty() as making:
                    disk, records = self._written_down(making)
                disk = disk.again(random.Random(f"{self.name} {point}"))
                for record in records[: point.at]:
                    disk.take(record)
                disk.cut(place.folder)
                done = any(record.did == Did.MARK for record in records[: point.at])
                return self._looked_at(place, Heard(acknowledged={MADE: (1, 1)} if done else {}))
            strike, calls = self.ways[point.how]
            return self._looked_at(place, self._made(place, strike, calls, point.at))

    def _looked_at(self, place: Place, heard: Heard) -> Outcome:
        told = MADE in heard.acknowledged
        wrong = [Wrong("unclear", said) for said in heard.unclear]
        try:
            with Ledger.open(place.where) as ledger:
                if ledger.log.head() != 1:
                    wrong.append(Wrong("half there", f"it has {ledger.log.head()} events"))
        except NoLedger:
            if told:
                wrong.append(Wrong("lost", "the ledger was acknowledged, and is not there"))
            else:
                _make(place)
        except LedgerError as error:
            wrong.append(Wrong("half there", str(error)))
        try:
            _make(place)
            wrong.append(Wrong("doubled", "it was made twice"))
        except LedgerExists:
            pass
        return Outcome(int(told), wrong)

    def _made(
        self, place: Place, strike: Strike, calls: Calls, at: int, log: Path | None = None
    ) -> Heard:
        def work(say: Say) -> None:
            plant(self.world.mutant)
            self.world.shim.arm(place.folder, strike, calls, at, log)
            try:
                _make(place)
                if log is not None:
                    self.world.shim.mark(MADE)
                say(f"ack {MADE} 1 1")
            except StorageFailure as error:
                say(f"failed {MADE} {error}")
            say(f"calls {self.world.shim.count()}")

        return Child(work).hear()

    def _written_down(self, place: Place) -> tuple[Disk, list[Record]]:
        with NamedTemporaryFile(dir=self.world.scratch) as log:
            disk = Disk(place.folder, random.Random(0))
            self._made(place, Strike.NONE, Calls.CHANGES, 0, Path(log.name))
            return disk, read_records(Path(log.name))


class Applying(Struct):
    """The real command, `apply FILE --request KEY`, is killed at a call; then said again.

    What it acknowledges is what it prints, when it has ended with exit code 0.
    """

    name: str
    world: FileWorld
    ways: Sequence[tuple[Strike, Calls]]

    def points(self, seed: int) -> list[Point]:
        """Each call, each way."""
        found = []
        for how, (_, calls) in enumerate(self.ways):
            with self.world.copied() as place:
                count = self._applied(place, seed, Strike.NONE, calls, 0).calls
            found += [Point(seed, at, how) for at in range(1, count + 1)]
        return found

    def strike(self, point: Point) -> Outcome:
        """Strike, and look."""
        strike, calls = self.ways[point.how]
        steps = self._steps(point.seed)
        known = self.world.known(steps)
        with self.world.copied() as place:
            wrong = learn(known, self._applied(place, point.seed, strike, calls, point.at))
            wrong += examine(place.where, place.audit, known, twice=twice(point))
            told = acknowledged(known)
            again = self._applied(place, point.seed, Strike.NONE, calls, 0)
            for key, positions in again.acknowledged.items():
                if known.acknowledged.setdefault(key, positions) != positions:
                    wrong.append(Wrong("doubled", f"{key} is at {positions} when said again"))
            if set(again.acknowledged) != set(known.sizes):
                wrong.append(Wrong("unclear", f"said again: {again.failed} {again.unclear}"))
            wrong += resolved(place.where, place.audit, [], known)
        return Outcome(told, wrong)

    def _steps(self, seed: int) -> list[Step]:
        return draw(random.Random(f"{self.name} {seed}"), f"a{seed}", 2, ("batch",))

    def _applied(self, place: Place, seed: int, strike: Strike, calls: Calls, at: int) -> Heard:
        beside = self.world.scratch / f"{place.folder.name}.jsonl"
        told = self.world.scratch / f"{place.folder.name}.told.json"

        def work(say: Say) -> None:
            from ledger.commands import cli

            plant(self.world.mutant)
            os.environ["HOME"] = str(self.world.scratch)
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 2)
            self.world.shim.arm(place.folder, strike, calls, at)
            for step in self._steps(seed):
                lines = [
                    {"do": "project plan", "project": PROJECT, "on": "2030-01-01"}
                    | {"milestone": f"m-{step.key}-{n}"}
                    for n in range(step.size)
                ]
                beside.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
                args = ["--ledger", place.where, "apply", str(beside), "--request", step.key]
                try:
                    cli.main([*args, "--format", "json", "-o", str(told)])
                except SystemExit as end:
                    if end.code:
                        say(f"failed {step.key} exit code {end.code}")
                        continue
                found = [row["position"] for row in json.loads(told.read_text(encoding="utf-8"))]
                say(f"ack {step.key} {found[0]} {found[-1]}")
            say(f"calls {self.world.shim.count()}")

        heard = Child(work).hear()
        beside.unlink(missing_ok=True)
        told.unlink(missing_ok=True)
        return heard


class FirstCheckpoint(Struct):
    """The power goes while the first checkpoint is signed, into a folder that is not there yet."""

    name: str
    world: FileWorld
    fates: int = 5

    def points(self, seed: int) -> list[Point]:
        """Each call, each fate of what was not synced."""
        with self.world.copied() as place:
            count = len(self._written_down(place)[1])
        return [Point(seed, at, how) for at in range(count + 1) for how in range(self.fates)]

    def strike(self, point: Point) -> Outcome:
        """Cut the power, and look."""
        known = self.world.known()
        with self.world.copied() as signing, self.world.empty() as place:
            disk, records = self._written_down(signing)
            disk = disk.again(random.Random(f"{self.name} {point}"))
            for record in records[: point.at]:
                disk.take(record)
                if record.did == Did.MARK:
                    known.signed.add(int(record.data))
            disk.cut(place.folder)
            audit = place.folder / "elsewhere" / "audit"
            wrong = examine(place.where, audit, known, twice=twice(point))
        return Outcome(len(known.signed), wrong)

    def _written_down(self, place: Place) -> tuple[Disk, list[Record]]:
        key = open_key(AuditFolder(place.audit).key_file, lambda: "")
        folder = AuditFolder(place.folder / "elsewhere" / "audit")
        with NamedTemporaryFile(dir=self.world.scratch) as log:
            disk = Disk(place.folder, random.Random(0))

            def work(_say: Say) -> None:
                self.world.shim.arm(place.folder, log=Path(log.name))
                with Ledger.open(place.where) as ledger:
                    signed = Audit(ledger, folder, place.where).sign(key)
                self.world.shim.mark(str(signed.signed.size))

            Child(work).hear()
            return disk, read_records(Path(log.name))
