"""Two programs that record the same at the same moment: both have looked, then both append."""

from __future__ import annotations

import os
import random
import select
from functools import partial
from typing import Any

from msgspec import Struct

from ledger.log.recorder import Appended, SqlRecorder
from tests.faults.harness.checking import Wrong, examine
from tests.faults.harness.children import Child, Say, taking
from tests.faults.harness.kinds import Outcome, Point, acknowledged, twice
from tests.faults.harness.mutants import plant, replace
from tests.faults.harness.programs import draw
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

    def wait(self, seconds: float) -> None:
        """Until the other one is here too, or for so long."""
        os.write(self._write, b"!")
        if select.select([self._read], [], [], seconds)[0]:
            os.read(self._read, 1)

    def at_every_append(self) -> None:
        """Meet before the lock is taken, and again before the commit."""
        lock, within = SqlRecorder.lock, SqlRecorder.record_within

        def locked(recorder: SqlRecorder, connection: Any) -> None:
            if not self._come:  # who lost comes again, alone
                self._come = True
                self.wait(_BOTH_COME)
            lock(recorder, connection)

        def recorded(recorder: SqlRecorder, *args: Any, **named: Any) -> Appended:
            appended = within(recorder, *args, **named)
            self.wait(_ONE_MAY)
            return appended

        replace(SqlRecorder, lock=locked, record_within=recorded)


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
        chance = random.Random(f"{self.name} {point}")
        steps = draw(chance, "r", 1, ("one", "batch", "straight"))
        known = self.world.known(steps)
        with self.world.copied() as place:
            one, other = os.pipe(), os.pipe()
            meetings = Meeting(one[0], other[1]), Meeting(other[0], one[1])

            def work(meeting: Meeting, say: Say) -> None:
                plant(self.world.mutant)
                meeting.at_every_append()
                taking(place.where, place.audit, steps, say)

            children = [Child(partial(work, meeting)) for meeting in meetings]
            heard = [child.hear() for child in children]
            for end in (*one, *other):
                os.close(end)
            wrong: list[Wrong] = []
            for each in heard:
                wrong += learn(known, each)
                wrong += [Wrong("unclear", said) for _, said in each.failed]
            if heard[0].acknowledged != heard[1].acknowledged:
                wrong.append(Wrong("doubled", f"{[each.acknowledged for each in heard]}"))
            wrong += examine(place.where, place.audit, known, twice=twice(point))
            told = acknowledged(known)
            wrong += resolved(place.where, place.audit, steps, known)
        return Outcome(told, wrong)
