"""Rows `…-growth`: the same act with two million events in the log as with twenty thousand.

The limit of these rows is ours on the small log: on the large one it is to take hardly longer. Both
take turns, act by act, so that what is compared are neighbours in time.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from itertools import count, cycle
from pathlib import Path
from statistics import median

from ledger.application import Ledger
from ledger.auditing import audit_folder
from ledger.decisions.bookings.holds import PlaceHold
from ledger.decisions.equipment.items import MoveEquipment
from ledger.projections.querying.live_views import Views
from ledger.time.periods import When
from tests.benchmarks.histories import LAST, day_of, label, long_lives, make_ledger
from tests.benchmarks.holds import AUTHOR, draw
from tests.benchmarks.measuring import LIMIT, OURS, Contenders, Goal, Row
from tests.benchmarks.rows.audited import audited
from tests.benchmarks.workspace import Bench
from tests.terminal import Terminal

DECISIONS, COMMANDS, QUICKLY, WARM = 60, 15, 2, 2
"""Acts of a round; a figure is their median. A command opens the ledger anew, as a program does."""

FOLLOWED = ("utilization",)
"""The projections that catch up: of the large log only what a run has time to build first."""

MONTHS = 1_000
"""A stage of so many months has 20,000 bookings, and an item as many moves."""

Act = Callable[[], float]
"""Does something once; the seconds that it took."""


def timed(act: Callable[[], object]) -> float:
    """The seconds that something takes."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def in_turns(bench: Bench, large: Act, small: Act, acts: int = DECISIONS) -> Contenders:
    """Two contenders whose acts take turns within the round of the first; milliseconds."""
    found: dict[str, float] = {}

    def both() -> float:
        taken: dict[str, list[float]] = {OURS: [], LIMIT: []}
        for _ in range(QUICKLY if bench.quick else acts):
            taken[OURS].append(large() * 1000)
            taken[LIMIT].append(small() * 1000)
        found.update((name, median(times)) for name, times in taken.items())
        return found[OURS]

    for _ in range(WARM):
        large()
        small()
    return {OURS: both, LIMIT: lambda: found[LIMIT]}


@contextmanager
def _both_logs(bench: Bench) -> Iterator[tuple[Ledger, Ledger]]:
    with (
        Ledger.open(str(bench.huge), extensions=bench.extensions) as large,
        Ledger.open(str(bench.small), extensions=bench.extensions) as small,
    ):
        yield large, small


def _deciding(bench: Bench, ledger: Ledger) -> Callable[[], object]:
    """Holds whose ids no row has used before."""
    used = time.monotonic_ns()
    holds = iter(draw(bench.campus(20_000), 2_000, seed=used))
    return lambda: ledger.decide(next(holds).decision, AUTHOR)


@contextmanager
def _log(bench: Bench) -> Iterator[Contenders]:
    with _both_logs(bench) as ledgers:
        large, small = (partial(timed, _deciding(bench, ledger)) for ledger in ledgers)
        yield in_turns(bench, large, small)


@contextmanager
def _catching_up(bench: Bench) -> Iterator[Contenders]:
    """One event is recorded, and then the stored views follow it: that alone is timed."""
    with _both_logs(bench) as ledgers, ExitStack() as until_end:

        def following(ledger: Ledger) -> Act:
            views = Views(ledger.log, bench.extensions.projections, bench.new("views.db"))
            until_end.callback(views.close)
            views.catch_up(FOLLOWED)
            decide = _deciding(bench, ledger)

            def follow() -> float:
                decide()
                return timed(lambda: views.catch_up(FOLLOWED))

            return follow

        large, small = map(following, ledgers)
        yield in_turns(bench, large, small)


@contextmanager
def _showing(bench: Bench) -> Iterator[Contenders]:
    """A project of the last month but one, which has as many events in both."""
    words = ("show", f"project:p-{label(LAST - 1)}-0", "--json")
    large, small = (Terminal(str(path)) for path in (bench.huge, bench.small))
    assert len(large.must(*words).data) == len(small.must(*words).data) > 100
    yield in_turns(
        bench,
        lambda: timed(lambda: large.must(*words)),
        lambda: timed(lambda: small.must(*words)),
        acts=COMMANDS,
    )


@contextmanager
def _proving(bench: Bench) -> Iterator[Contenders]:
    """The event in the middle, by a checkpoint over all of them."""

    def prove(path: Path) -> Act:
        with audited(path, audit_folder(str(path))) as (audit, _):
            middle = audit.ledger.log.head() // 2
        terminal = Terminal(str(path))
        return lambda: timed(lambda: terminal.must("audit", "prove", str(middle)))

    try:
        yield in_turns(bench, prove(bench.huge), prove(bench.small), acts=COMMANDS)
    finally:
        for path in (bench.huge, bench.small):
            shutil.rmtree(audit_folder(str(path)), ignore_errors=True)


# --- one thing that has lived long -----------------------------------------------------------


@contextmanager
def _lived(
    bench: Bench, act: Callable[[Ledger, str], Callable[[], object]]
) -> Iterator[Contenders]:
    path = bench.new("lives.db")
    make_ledger(path, long_lives(bench.size(MONTHS)))
    with Ledger.open(str(path)) as ledger:
        old, new = (partial(timed, act(ledger, name)) for name in ("old", "new"))
        yield in_turns(bench, old, new)


def _holding(ledger: Ledger, name: str) -> Callable[[], object]:
    """Holds in the month after the last, which has twenty bookings on either stage."""
    numbers = count()

    def hold() -> None:
        n = next(numbers)
        on = When.parse(str(day_of(LAST + 1, 21 + n % 7)))
        decision = PlaceHold(
            space=f"stage-{name}", project="film", when=on, booking=f"b-{name}-{n}"
        )
        ledger.decide(decision, AUTHOR)

    return hold


def _moving(ledger: Ledger, name: str) -> Callable[[], object]:
    """There and back: the last recorded move of either item led to the old stage."""
    places = cycle(("stage-new", "stage-old"))
    return lambda: ledger.decide(MoveEquipment(equipment=f"item-{name}", to=next(places)), AUTHOR)


def _row(
    name: str,
    what: str,
    at_most: float,
    contenders: Callable[[Bench], AbstractContextManager[Contenders]],
) -> Row:
    return Row(name, what, "ms", (Goal(LIMIT, at_most=at_most),), contenders)


LOG = _row("log-growth", "a decision, 2,000,000 events in the log, beside 20,000", 1.25, _log)
STAGE = _row(
    "stage-growth",
    "a hold, 20,000 bookings of its stage, beside 20, as close in time",
    1.25,
    partial(_lived, act=_holding),
)
ITEM = _row(
    "item-growth",
    "a move, 20,000 moves of its item, beside 20, as close in time",
    1.25,
    partial(_lived, act=_moving),
)
SHOW = _row("show-growth", "`show TAG`, 2,000,000 events beside 20,000", 1.5, _showing)
PROVE = _row("prove-growth", "`audit prove`, 2,000,000 events beside 20,000", 1.5, _proving)
CATCH_UP = _row(
    "catch-up-growth",
    f"stored {' and '.join(FOLLOWED)} follow 1 event, 2,000,000 events beside 20,000",
    1.5,
    _catching_up,
)
