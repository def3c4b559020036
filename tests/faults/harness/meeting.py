"""Two programs that record the same at the same moment: both have looked, then both append."""

from __future__ import annotations

import os
import random
import select
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from ledger.log.recorder import SqlRecorder
from ledger.log.rows import StoredRow
from ledger.log.store.sessions import Session
from tests.faults.harness.checking import Known, Wrong, examine
from tests.faults.harness.children import Child, Say, taking
from tests.faults.harness.kinds import Outcome, Point, acknowledged, twice
from tests.faults.harness.mutants import plant, replace
from tests.faults.harness.programs import Step, draw
from tests.faults.harness.server_kinds import ServerWorld
from tests.faults.harness.worlds import FileWorld, learn, resolved

_BOTH_COME = 2.0
_ONE_MAY = 0.03
"""Seconds. Where a lock keeps the other one away, it never comes."""


class Meeting:
    """Two processes wait for each other, here one of them."""

    def __init__(self, read: int, write: int) -> None:
        self._read = read
        self._write = write
        self._come = False

    def wait(self, seconds: float, what: int = 0) -> int | None:
        """Until the other one is here too, or for so long: what it said, None if it is not."""
        os.write(self._write, what.to_bytes(8))
        if select.select([self._read], [], [], seconds)[0]:
            return int.from_bytes(os.read(self._read, 8))
        return None

    def at_every_append(self, say: Say) -> None:
        """Meet before the lock is taken, and again when the positions are known.

        Who meets there has not been kept away by the lock. That both have the same positions is
        said before the database is asked to keep them: its own guards are another matter.
        """
        lock, insert = SqlRecorder.lock, SqlRecorder.insert_rows

        def locked(recorder: SqlRecorder, session: Session, *after: int | None) -> None:
            if not self._come:  # who lost comes again, alone
                self._come = True
                self.wait(_BOTH_COME)
            lock(recorder, session, *after)

        def inserted(
            recorder: SqlRecorder, session: Session, rows: list[StoredRow], **how: bool
        ) -> None:
            if self.wait(_ONE_MAY, rows[0][0]) == rows[0][0]:
                say(f"twice {rows[0][0]}")
            insert(recorder, session, rows, **how)

        replace(SqlRecorder, lock=locked, insert_rows=inserted)


def race(
    where: str, audit: Path, steps: Sequence[Step], mutant: str, known: Known
) -> tuple[int, list[Wrong]]:
    """Two programs take the same steps at once: how many were acknowledged, and what is wrong."""
    one, other = os.pipe(), os.pipe()
    meetings = Meeting(one[0], other[1]), Meeting(other[0], one[1])

    def work(meeting: Meeting, say: Say) -> None:
        plant(mutant)
        meeting.at_every_append(say)
        taking(where, audit, steps, say)

    children = [Child(partial(work, meeting)) for meeting in meetings]
    heard = [child.hear() for child in children]
    for end in (*one, *other):
        os.close(end)
    wrong: list[Wrong] = []
    for each in heard:
        wrong += learn(known, each)
        wrong += [Wrong("unclear", said) for _, said in each.failed]
        wrong += [Wrong("doubled", f"both were given #{at} at once") for at in each.twice]
    if heard[0].acknowledged != heard[1].acknowledged:
        wrong.append(Wrong("doubled", f"{[each.acknowledged for each in heard]}"))
    return acknowledged(known), wrong


class Met(Struct, frozen=True):
    """Two programs take the same step with the same key: it is recorded once, and both are told."""

    name: str
    world: FileWorld
    points_a_seed: int = 12

    def points(self, seed: int) -> list[Point]:
        """Races."""
        return [Point(seed, at) for at in range(self.points_a_seed)]

    def strike(self, point: Point) -> Outcome:
        """Race, and look."""
        steps = draw(random.Random(f"{self.name} {point}"), "r", 1, _RACING)
        known = self.world.known(steps)
        with self.world.copied() as place:
            told, wrong = race(place.where, place.audit, steps, self.world.mutant, known)
            wrong += examine(place.where, place.audit, known, twice=twice(point))
            wrong += resolved(place.where, place.audit, steps, known)
        return Outcome(told, wrong)


class MetOnAServer(Struct, frozen=True):
    """The same, of a ledger on a server."""

    name: str
    world: ServerWorld
    points_a_seed: int = 12

    def points(self, seed: int) -> list[Point]:
        """Races."""
        return [Point(seed, at) for at in range(self.points_a_seed)]

    def strike(self, point: Point) -> Outcome:
        """Race, and look."""
        world = self.world
        steps = world.program(f"{self.name} {point}", 1, _RACING)
        world.prepare(steps)
        before = acknowledged(world.known)
        _, wrong = race(world.where, world.audit, steps, world.mutant, world.known)
        return world.looked_at(steps, before, wrong, both=twice(point))


_RACING = ("one", "batch", "straight")
