"""Where faults happen: a ledger that is made once, and copies of it that may be harmed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from ledger.errors import LedgerError
from tests.faults.harness.checking import Known, Wrong, examine
from tests.faults.harness.children import Child, Heard, Say, taking
from tests.faults.harness.mutants import plant
from tests.faults.harness.programs import NAME, Step, make_base, sizes, write_back_often
from tests.faults.harness.shim import Calls, Shim, Strike

AUDIT = "studio.audit"


class Harm(Exception):
    """A fault that could not be set up: the harness itself is wrong."""


class JumpingClock:
    """A clock that somebody sets forwards and backwards all the time, by up to an hour."""

    def __init__(self, chance: random.Random, ahead: timedelta = timedelta()) -> None:
        self._chance = chance
        self._ahead = ahead

    def now(self) -> datetime:
        """Some instant."""
        off = timedelta(seconds=self._chance.uniform(-3_600, 3_600))
        return datetime.now(UTC) + self._ahead + off


class Place:
    """A copy of the ledger in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.where = str(folder / NAME)
        self.audit = folder / AUDIT


class FileWorld:
    """One small ledger in a file, and copies of it. `mutant` is planted in each child."""

    def __init__(self, scratch: Path, shim: Shim, mutant: str = "") -> None:
        self.scratch = scratch
        self.shim = shim
        self.mutant = mutant
        self._base = Place(scratch / "base")
        self._base.folder.mkdir()
        self.base = make_base(self._base.where, self._base.audit)

    @contextmanager
    def copied(self) -> Iterator[Place]:
        """A copy; gone afterwards."""
        place = Place(Path(mkdtemp(dir=self.scratch)))
        shutil.copytree(self._base.folder, place.folder, dirs_exist_ok=True)
        try:
            yield place
        finally:
            shutil.rmtree(place.folder)

    @contextmanager
    def empty(self) -> Iterator[Place]:
        """A folder with nothing in it; gone afterwards."""
        folder = Path(mkdtemp(dir=self.scratch))
        try:
            yield Place(folder)
        finally:
            shutil.rmtree(folder)

    def known(self, *programs: Sequence[Step]) -> Known:
        """What a checker has to know of those programs."""
        return Known(self.base, {k: n for steps in programs for k, n in sizes(steps).items()})

    def started(
        self,
        place: Place,
        steps: Sequence[Step],
        *,
        strike: Strike = Strike.NONE,
        calls: Calls = Calls.CHANGES,
        at: int = 0,
        log: Path | None = None,
        retries: int = 0,
        clock: JumpingClock | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> Child:
        """A child that takes the steps, with the shim under its files."""

        def work(say: Say) -> None:
            write_back_often(6)
            if prepare is not None:
                prepare()
            plant(self.mutant)
            told = None if log is None else self.shim.mark
            self.shim.arm(place.folder, strike, calls, at, log)
            taking(place.where, place.audit, steps, say, clock=clock, retries=retries, told=told)
            say(f"calls {self.shim.count()}")

        return Child(work)


def learn(known: Known, heard: Heard) -> list[Wrong]:
    """Note what was acknowledged; what was said that nobody should ever see is wrong."""
    known.acknowledged |= heard.acknowledged
    known.signed |= heard.signed
    return [Wrong("unclear", said) for said in heard.unclear]


def resolved(where: str, audit: Path, steps: Sequence[Step], known: Known) -> list[Wrong]:
    """Say all that records again with its key, undisturbed: each must be there then, and once.

    Then look at views and sign, where the program did.
    """
    done = {step.do for step in steps}
    steps = [step for step in steps if step.size]
    steps += [Step(do) for do in ("views", "sign") if do in done]
    wrong: list[Wrong] = []

    def say(text: str) -> None:
        word, _, rest = text.partition(" ")
        if word == "failed":
            wrong.append(Wrong("unclear", f"said again: {rest}"))

    heard: dict[str, tuple[int, int]] = {}

    def told(text: str) -> None:
        request, first, last = text.rsplit(" ", 2)
        if request in known.sizes:
            heard[request] = (int(first), int(last))

    try:
        taking(where, audit, steps, say, told=told)
    except (LedgerError, OSError) as error:
        wrong.append(Wrong("unclear", f"said again: {error!r}"))
    for request, positions in heard.items():
        before = known.acknowledged.setdefault(request, positions)
        if before != positions:
            wrong.append(Wrong("doubled", f"{request} was {before}, and said again {positions}"))
    return wrong + examine(where, audit, known, twice=False)
