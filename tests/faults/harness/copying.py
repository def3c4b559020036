"""Kinds of fault on copies: a backup that is made beside a writer, a ledger made of a backup.

The real commands, `backup FILE` and `restore FILE`. What they acknowledge is what they print when
they have ended with exit code 0: how many events, and the root of their tree.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec
from msgspec import Struct

import ledger.backups
import ledger.commands.operation.backups  # imported before the forks: each would do it again
from ledger.commands import cli
from tests.faults.harness.checking import Known, Wrong, examine, lines_of, tree_of
from tests.faults.harness.children import Child, Heard, Say
from tests.faults.harness.kinds import RECORDING, Outcome, Point, acknowledged, twice
from tests.faults.harness.mutants import plant
from tests.faults.harness.power import Did, Disk, Record, read_records
from tests.faults.harness.programs import Step, draw
from tests.faults.harness.shim import Calls, Strike
from tests.faults.harness.worlds import FileWorld, Place, learn, resolved

STORAGE = 74
"""The exit code of what a disk could not do."""

_COPIED = "copied"


class Printed(Struct):
    """The one row that `backup` and `restore` print, as far as it is looked at."""

    position: int
    root: str


class Commanded(Struct):
    """One of the commands in a child: what it printed; None where it did not come to that."""

    heard: Heard
    printed: Printed | None

    @property
    def wrong(self) -> list[Wrong]:
        """What nobody should ever be told."""
        return [Wrong("unclear", said) for said in self.heard.unclear]


def command(
    world: FileWorld,
    folder: Path,
    words: Sequence[str],
    *,
    strike: Strike = Strike.NONE,
    calls: Calls = Calls.CHANGES,
    at: int = 0,
    log: Path | None = None,
    expected: Sequence[int] = (0, STORAGE),
) -> Callable[[], Commanded]:
    """Begin a command, with a fault at a call on what lies in a folder; ask for its end.

    Another exit code than those expected is wrong.
    """
    told = world.scratch / f"{folder.name}.{random.getrandbits(40):x}.json"

    def work(say: Say) -> None:
        plant(world.mutant)
        os.environ["HOME"] = str(world.scratch)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        world.shim.arm(folder, strike, calls, at, log)
        code: Any = 0
        try:
            cli.main([*words, "--format", "jsonl", "-o", str(told)])
        except SystemExit as end:
            code = end.code or 0
        if code not in expected:
            say(f"unclear {' '.join(words[2:])}: exit code {code}")
        if code == 0:
            if log is not None:
                world.shim.mark(_COPIED)
            say(f"ack {_COPIED} 1 1")
        say(f"calls {world.shim.count()}")

    child = Child(work)

    def end() -> Commanded:
        heard = child.hear()
        printed = None
        if _COPIED in heard.acknowledged:
            printed = msgspec.json.decode(told.read_bytes(), type=Printed)
        told.unlink(missing_ok=True)
        return Commanded(heard, printed)

    return end


def incomplete(copy: Path, source: str, known: Known, printed: Printed | None) -> list[Wrong]:
    """What is wrong with a copy: it has to be the source as it was at one moment, all of it.

    `printed` is what was said of it, if anything was.
    """
    if not copy.exists():
        return [Wrong("lost", f"{copy.name} was acknowledged, and is not there")] if printed else []
    bare = Known(known.base, known.sizes)
    wrong = examine(str(copy), copy.with_name("no audit folder"), bare, twice=True)
    if wrong:
        return wrong
    lines, all_of_it = lines_of(str(copy)), lines_of(source)
    if lines != all_of_it[: len(lines)]:
        wrong.append(Wrong("half there", f"{copy.name} holds other lines than its source"))
    if printed is not None and (printed.position, printed.root) != (len(lines), tree_of(lines)):
        wrong.append(Wrong("half there", f"{copy.name} is not what was printed: {printed}"))
    return wrong


def mistaken(folder: Path, expected: set[str], *, after: str) -> list[Wrong]:
    """Files that somebody could take for what was to be made, or that stay for ever."""
    found = {path.name for path in folder.iterdir()} - expected
    if after == "a fault":
        found = {name for name in found if not name.startswith(".")}
    return [Wrong("half there", f"{name} is left after {after}") for name in sorted(found)]


class BackingUp(Struct):
    """A fault at a call of `backup`, while another program records.

    With `power`, the power goes at the call; the other program has recorded before. What `ways`
    say happens there else.
    """

    name: str
    world: FileWorld
    ways: Sequence[tuple[Strike, Calls]] = ()
    power: int = 0
    """How many fates of what was not synced; 0 for a fault that is not the power's."""
    recorded: tuple[int, Disk, list[Record], Printed] | None = None

    def points(self, seed: int) -> list[Point]:
        """Each call, each way or fate."""
        if self.power:
            count = len(self._written_down(seed)[2])
            return [Point(seed, at, how) for at in range(count + 1) for how in range(self.power)]
        found = []
        for how, (_, calls) in enumerate(self.ways):
            with self.world.copied() as place:
                count = self._begun(place, "one.db", calls=calls)().heard.calls
            found += [Point(seed, at, how) for at in range(1, count + 1)]
        return found

    def strike(self, point: Point) -> Outcome:
        """Strike, and look at both, and make another."""
        if self.power:
            return self._cut(point)
        strike, calls = self.ways[point.how]
        steps = draw(random.Random(f"{self.name} {point}"), "n", 5, RECORDING)
        known = self.world.known(steps)
        with self.world.copied() as place:
            neighbour = self.world.started(place, steps)
            begun = self._begun(place, "one.db", strike=strike, calls=calls, at=point.at)
            heard = neighbour.hear()
            done = begun()
            wrong = learn(known, heard) + done.wrong
            wrong += [Wrong("unclear", f"the neighbour: {said}") for _, said in heard.failed]
            wrong += self._looked_at(place, steps, known, done.printed)
            told = acknowledged(known)
        return Outcome(told + (done.printed is not None), wrong)

    def _looked_at(
        self, place: Place, steps: Sequence[Step], known: Known, printed: Printed | None
    ) -> list[Wrong]:
        one, other = (_backups(place) / name for name in ("one.db", "other.db"))
        wrong = examine(place.where, place.audit, known, twice=False)
        wrong += resolved(place.where, place.audit, steps, known)
        wrong += incomplete(one, place.where, known, printed)
        wrong += mistaken(one.parent, {one.name}, after="a fault")
        if one.exists():  # nothing is written over it
            again = self._begun(place, one.name, expected=(1,))()
            wrong += again.wrong
        later = self._begun(place, other.name, expected=(0,))()
        wrong += later.wrong + incomplete(other, place.where, known, later.printed)
        return wrong + mistaken(one.parent, {one.name, other.name}, after="another backup")

    def _begun(self, place: Place, name: str, **fault: Any) -> Callable[[], Commanded]:
        folder = _backups(place)
        folder.mkdir(exist_ok=True)
        words = ("--ledger", place.where, "backup", str(folder / name))
        return command(self.world, place.folder, words, **fault)

    def _cut(self, point: Point) -> Outcome:
        _, disk, records, printed = self._written_down(point.seed)
        disk = disk.again(random.Random(f"{self.name} {point}"))
        for record in records[: point.at]:
            disk.take(record)
        done = any(record.did == Did.MARK for record in records[: point.at])
        known = self.world.known()
        with self.world.empty() as place:
            disk.cut(place.folder)
            _backups(place).mkdir(exist_ok=True)
            wrong = self._looked_at(place, [], known, printed if done else None)
        return Outcome(int(done), wrong)

    def _written_down(self, seed: int) -> tuple[int, Disk, list[Record], Printed]:
        if self.recorded is None or self.recorded[0] != seed:
            with (
                self.world.copied() as place,
                NamedTemporaryFile(dir=self.world.scratch) as log,
            ):
                _backups(place).mkdir()
                disk = Disk(place.folder, random.Random(0))
                done = self._begun(place, "one.db", log=Path(log.name))()
                assert done.printed is not None, done
                self.recorded = (seed, disk, read_records(Path(log.name)), done.printed)
        return self.recorded


def _backups(place: Place) -> Path:
    return place.folder / "backups"


class Restoring(Struct):
    """A fault at a call of `restore`: the whole ledger is there or none, the backup is unharmed."""

    name: str
    world: FileWorld
    ways: Sequence[tuple[Strike, Calls]]
    kept: Path | None = None

    def points(self, seed: int) -> list[Point]:
        """Each call, each way."""
        found = []
        for how, (_, calls) in enumerate(self.ways):
            with self.world.empty() as place:
                count = self._begun(place, calls=calls)().heard.calls
            found += [Point(seed, at, how) for at in range(1, count + 1)]
        return found

    def strike(self, point: Point) -> Outcome:
        """Strike, look, and restore it if it is not there."""
        strike, calls = self.ways[point.how]
        known = self.world.known()
        with self.world.empty() as place:
            done = self._begun(place, strike=strike, calls=calls, at=point.at)()
            made, backup = Path(place.where), place.folder / "backup.db"
            wrong = done.wrong + incomplete(made, str(backup), known, done.printed)
            wrong += mistaken(place.folder, _family(made, backup), after="a fault")
            there = made.exists()
            again = self._begun(place, expected=(1,) if there else (0,))()
            wrong += again.wrong + incomplete(made, str(backup), known, again.printed)
            if not wrong and lines_of(str(made)) != lines_of(str(backup)):
                wrong.append(Wrong("half there", "not all of the backup is in the ledger"))
            wrong += mistaken(place.folder, _family(made, backup), after="another restore")
            if backup.read_bytes() != self._backup().read_bytes():
                wrong.append(Wrong("lost", "the backup itself was changed"))
            if not twice(point):
                return Outcome(int(done.printed is not None), wrong)
            wrong += examine(str(made), place.audit, known, twice=True)
        return Outcome(int(done.printed is not None), wrong)

    def _begun(self, place: Place, **fault: Any) -> Callable[[], Commanded]:
        backup = place.folder / "backup.db"
        if not backup.exists():
            shutil.copyfile(self._backup(), backup)
        words = ("--ledger", place.where, "restore", str(backup))
        return command(self.world, place.folder, words, **fault)

    def _backup(self) -> Path:
        if self.kept is None:
            self.kept = self.world.scratch / f"{random.getrandbits(40):x}.db"
            with self.world.copied() as place:
                ledger.backups.back_up(place.where, self.kept, ledger.backups.Known())
        return self.kept


def _family(*files: Path) -> set[str]:
    """Files and what SQLite may keep beside them while they are open, or after a crash."""
    return {f"{file.name}{end}" for file in files for end in ("", "-wal", "-shm", "-journal")}
