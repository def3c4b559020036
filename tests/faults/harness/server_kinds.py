"""The kinds of fault on a ledger on a server: killed clients, cut connections, a killed server."""

from __future__ import annotations

import os
import random
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import psycopg
from msgspec import Struct
from psycopg import sql
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, make_url

from tests.faults.harness.checking import Known, Wrong, examine
from tests.faults.harness.children import Child, Say, taking
from tests.faults.harness.kinds import Outcome, Point, acknowledged, twice
from tests.faults.harness.mutants import plant
from tests.faults.harness.programs import Step, draw, make_base, sizes
from tests.faults.harness.proxy import Proxy
from tests.faults.harness.server import Server
from tests.faults.harness.worlds import learn, resolved

POINTS_A_SCHEMA = 40
"""After so many faults the ledger is made anew: what is looked at each time has grown."""


class Statements:
    """Kills this process at the n-th step: before or after a statement (BEGIN, COMMIT too)."""

    def __init__(self, at: int) -> None:
        self.count = 0
        self._at = at
        event.listen(Engine, "before_cursor_execute", self._step)
        event.listen(Engine, "after_cursor_execute", self._step)

    def _step(self, *_: Any) -> None:
        self.count += 1
        if self.count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


class ServerWorld:
    """A ledger on a server that goes on from fault to fault, for a while.

    Nothing of it is copied: each program has keys of its own, and what was known before stays so.
    """

    def __init__(self, scratch: Path, url: str, mutant: str = "") -> None:
        self.scratch = scratch
        self.mutant = mutant
        self._server = make_url(url)
        self._used = 0
        self._named = 0
        self._schema = ""
        self.known = Known(0, {})
        self.audit = scratch

    @property
    def where(self) -> str:
        """The ledger's URL."""
        return self.at(self._server)

    @property
    def socket(self) -> Path:
        """The server's own socket."""
        return Path(str(self._server.query["host"])) / ".s.PGSQL.5432"

    def at(self, server: URL) -> str:
        """The ledger's URL, by way of another server."""
        place = server.update_query_dict({"schema": self._schema})
        return place.render_as_string(hide_password=False)

    def by_way_of(self, folder: Path) -> str:
        """The same, by way of a socket in a folder."""
        return self.at(self._server.update_query_dict({"host": str(folder)}))

    def program(self, seed: str, count: int, among: Sequence[str]) -> list[Step]:
        """A program with keys that no other has."""
        self._named += 1
        return draw(random.Random(seed), f"v{self._named}", count, among)

    def prepare(self, *programs: Sequence[Step]) -> None:
        """See that there is a ledger, not grown too much, and note what comes."""
        if self._used % POINTS_A_SCHEMA == 0:
            self.drop()
            self._schema = f"f_{secrets.token_hex(6)}"
            self.audit = Path(mkdtemp(dir=self.scratch))
            self.known = Known(make_base(self.where, self.audit), {})
        self._used += 1
        for steps in programs:
            self.known.sizes |= sizes(steps)

    def anew(self) -> None:
        """Have the next fault find a new ledger: this one was harmed."""
        self._used = 0

    def drop(self) -> None:
        """Drop the ledger; fails where somebody still holds it."""
        if self._schema:
            with psycopg.connect(self.admin, autocommit=True) as db:
                db.execute("SET lock_timeout = '20s'")
                for name in (self._schema, f"{self._schema}_views"):
                    statement = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE")
                    db.execute(statement.format(sql.Identifier(name)))
            self._schema = ""

    @property
    def admin(self) -> str:
        """The database's URL, for psycopg."""
        return self._server.set(drivername="postgresql").render_as_string(hide_password=False)

    def looked_at(
        self, steps: Sequence[Step], before: int, wrong: list[Wrong], *, both: bool
    ) -> Outcome:
        """What is left, before and after everything was said again."""
        wrong += examine(self.where, self.audit, self.known, twice=both)
        told = acknowledged(self.known) - before
        wrong += resolved(self.where, self.audit, steps, self.known)
        if wrong:
            self.anew()
        return Outcome(told, wrong)


class ClientKilled(Struct):
    """A program is killed before or after its n-th statement; the server lives on."""

    name: str
    world: ServerWorld
    among: Sequence[str]
    steps: int = 4

    def points(self, seed: int) -> list[Point]:
        """Before and after each statement."""
        count = self._run(Point(seed, 0))[1]
        return [Point(seed, at) for at in range(1, count + 1)]

    def strike(self, point: Point) -> Outcome:
        """Kill, and look."""
        return self._run(point)[0]

    def _run(self, point: Point) -> tuple[Outcome, int]:
        world = self.world
        steps = world.program(f"{self.name} {point.seed}", self.steps, self.among)
        world.prepare(steps)
        before = acknowledged(world.known)

        def work(say: Say) -> None:
            plant(world.mutant)
            statements = Statements(point.at)
            taking(world.where, world.audit, steps, say)
            say(f"calls {statements.count}")

        heard = Child(work).hear()
        wrong = learn(world.known, heard)
        wrong += [Wrong("unclear", said) for _, said in heard.failed]
        return world.looked_at(steps, before, wrong, both=twice(point)), heard.calls


class ConnectionCut(Struct):
    """The connection is cut at the n-th message, before it arrives or in its middle.

    The program is told that it failed, and says the same again with the same key.
    """

    name: str
    world: ServerWorld
    among: Sequence[str]
    steps: int = 3

    def points(self, seed: int) -> list[Point]:
        """Each message, whole and by half."""
        count = self._run(Point(seed, 0))[1]
        return [Point(seed, at, how) for at in range(1, count + 1) for how in (0, 1)]

    def strike(self, point: Point) -> Outcome:
        """Cut, and look."""
        return self._run(point)[0]

    def _run(self, point: Point) -> tuple[Outcome, int]:
        world = self.world
        steps = world.program(f"{self.name} {point.seed}", self.steps, self.among)
        world.prepare(steps)
        before = acknowledged(world.known)
        with TemporaryDirectory(prefix="px-") as folder:

            def work(say: Say) -> None:
                plant(world.mutant)
                proxy = Proxy(Path(folder), world.socket, point.at, halfway=point.how == 1)
                where = world.by_way_of(Path(folder))
                taking(where, world.audit, steps, say, retries=1)
                say(f"calls {proxy.count}")

            heard = Child(work).hear()
        wrong = learn(world.known, heard)
        missing = set(sizes(steps)) - set(heard.acknowledged)
        wrong += [Wrong("unclear", f"{key} failed twice: {heard.failed}") for key in missing]
        return world.looked_at(steps, before, wrong, both=twice(point)), heard.calls


class ServerKilled(Struct):
    """SIGKILL to the server and all of its processes, in the middle of recording; then it is
    started again. `fsync` is on."""

    name: str
    world: ServerWorld
    server: Server
    points_a_seed: int = 20

    def points(self, seed: int) -> list[Point]:
        """Moments, in milliseconds."""
        chance = random.Random(f"{self.name} {seed}")
        return [Point(seed, chance.randint(20, 250)) for _ in range(self.points_a_seed)]

    def strike(self, point: Point) -> Outcome:
        """Kill it, start it, look."""
        world = self.world
        programs = [
            world.program(f"{self.name} {point} {n}", 60, ("one", "batch", "straight"))
            for n in (1, 2)
        ]
        world.prepare(*programs)
        world.anew()  # 200 events and more: too many to look at again and again
        before = acknowledged(world.known)
        reading, writing = os.pipe()

        def working(steps: Sequence[Step]) -> Callable[[Say], None]:
            def work(say: Say) -> None:
                plant(world.mutant)

                def begun(_: str) -> None:
                    os.write(writing, b"!")

                taking(world.where, world.audit, steps, say, told=begun)

            return work

        children = [Child(working(steps)) for steps in programs]
        os.close(writing)
        os.read(reading, 1)  # something has been acknowledged
        time.sleep(point.at / 1_000)
        self.server.kill()
        wrong: list[Wrong] = []
        for child in children:
            wrong += learn(world.known, child.hear())
        os.close(reading)
        self.server.start()
        every = [step for steps in programs for step in steps]
        return world.looked_at(every, before, wrong, both=True)


class HolderKilled(Struct):
    """A program is killed while it holds the one lock; another one waits for it."""

    name: str
    world: ServerWorld

    def points(self, seed: int) -> list[Point]:
        """How long the other one waits before, in milliseconds."""
        return [Point(seed, at) for at in (0, 5, 20, 50)]

    def strike(self, point: Point) -> Outcome:
        """Hold the lock, be waited for, be killed."""
        world = self.world
        steps = world.program(f"{self.name} {point}", 2, ("one", "batch", "straight"))
        world.prepare(steps)
        before = acknowledged(world.known)
        reading, writing = os.pipe()

        def hold(say: Say) -> None:
            from ledger.log.store.store_urls import Place
            from ledger.log.stores import open_store
            from ledger.time.periods import SystemClock

            recorder = open_store(Place.parse(world.where), SystemClock())
            with recorder._connected() as connection:
                recorder.lock(connection)
                os.write(writing, b"!")
                time.sleep(60)

        def work(say: Say) -> None:
            plant(world.mutant)
            taking(world.where, world.audit, steps, say)

        holder = Child(hold)
        os.read(reading, 1)
        os.close(reading)
        os.close(writing)
        waiting = Child(work)
        time.sleep(point.at / 1_000)
        holder.kill()
        begun = time.monotonic()
        heard = waiting.hear()
        holder.hear()
        wrong = learn(world.known, heard)
        wrong += [Wrong("unclear", said) for _, said in heard.failed]
        if time.monotonic() - begun > 10:
            wrong.append(Wrong("unclear", "the other one waited more than 10 s for a dead one"))
        return world.looked_at(steps, before, wrong, both=True)
