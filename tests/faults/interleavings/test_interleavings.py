"""Every order of steps: decisions, subscribers and keepers of views under a scheduler.

`python -m tests.faults.interleavings` runs as many as you like; here is a small budget, and the
mutants that must be caught by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from ledger.application import ATTEMPTS, Author, Ledger
from ledger.decisions.base import Snapshot
from ledger.errors import Conflict, StorageFailure
from ledger.events import BookingHeld
from ledger.events.base import Boundary
from ledger.known_answers import KnownAnswers
from ledger.log.queries import Unless
from ledger.log.recorder import Appended, SqlRecorder
from ledger.log.store.sessions import Session
from ledger.log.subscription import Tail
from ledger.projections.engine.store import Generation, ViewStore
from tests.faults.interleavings.contests import LARGE, SMALL, Contest, take
from tests.faults.interleavings.scheduler import Scheduler, Stuck, Task, scheduler
from tests.faults.interleavings.seams import LOCK, Unlocked, seams
from tests.faults.interleavings.search import Search, search
from tests.faults.interleavings.worlds import MemoryRecorder, memory_world, real_world
from tests.faults.programs.racing import command
from tests.roles import admin, schema_of


@pytest.fixture
def made(tmp_path: Path, quick_folder: Path) -> Iterator[Search]:
    folder = quick_folder / tmp_path.name
    folder.mkdir()
    with search(str(folder / "interleaved.db")) as found:
        yield found


@pytest.fixture
def on_postgres(postgres_url: str) -> Iterator[Search]:
    with search(postgres_url) as found:
        yield found


@pytest.fixture(params=["made", "on_postgres"], ids=["SQLite", "PostgreSQL"])
def on_either(request: pytest.FixtureRequest) -> Search:
    found: Search = request.getfixturevalue(request.param)
    return found


def test_every_schedule_of_two_decisions_is_one_after_the_other(made: Search) -> None:
    assert made.all_of(SMALL[0]) > 100
    assert made.figures.retries > 50
    assert max(made.figures.looks) == 2


@pytest.mark.parametrize("contest", SMALL[1:], ids=lambda contest: str(contest.name))
def test_every_schedule_of_three_with_one_preemption(made: Search, contest: Contest) -> None:
    assert made.all_of(contest, preemptions=1) > 60
    assert made.figures.retries > 20


@pytest.mark.parametrize("contest", LARGE, ids=lambda contest: str(contest.name))
def test_drawn_schedules_of_bookings(made: Search, contest: Contest) -> None:
    made.drawn(contest, range(25))
    assert made.figures.retries > 5
    assert made.figures.recorded > 25


def test_subscribers_are_given_each_event_once_and_in_order(made: Search) -> None:
    made.subscribers(range(60))
    assert made.figures.delivered == 60 * 2 * 12


def test_two_keepers_of_a_view_never_both_apply(made: Search) -> None:
    made.keepers(range(25), preemptions=1, most=15)
    assert made.figures.delivered == 40 * 3


def test_decisions_and_keepers_and_a_follower_together(on_either: Search) -> None:
    """Two to five at once, each schedule drawn from its seed, on real connections."""
    on_either.mixtures(range(20))
    assert on_either.figures.recorded > 25
    assert on_either.figures.retries > 2
    assert on_either.figures.delivered > 20


def test_a_seed_is_one_schedule(ledger_url: str) -> None:
    """The same seed takes the same steps: what is found can be found again."""
    traces = []
    for _ in range(2):
        with search(ledger_url) as made:
            for seed in range(7, 11):
                made.mixtures(range(seed, seed + 1))
                traces.append(made._scheduler.trace)
        if "://" in ledger_url:
            for schema in (schema_of(ledger_url), f"{schema_of(ledger_url)}_views"):
                admin(ledger_url, "DROP SCHEMA {} CASCADE", schema)
        else:
            for file in Path(ledger_url).parent.iterdir():
                file.unlink()
    assert sum(map(len, traces[:4])) > 100
    assert traces[:4] == traces[4:]


def test_drawn_schedules_on_a_server(on_postgres: Search) -> None:
    for contest in (*SMALL, *LARGE):
        on_postgres.drawn(contest, range(3))
    on_postgres.subscribers(range(6))
    on_postgres.keepers(range(3))
    assert on_postgres.figures.retries > 10
    assert on_postgres.figures.delivered == 6 * 2 * 12 + 3 * 3


# --- fairness --------------------------------------------------------------------------


class _Starving:
    """Whenever the first task is about to record, the other one records before it."""

    def __init__(self, tasks: Scheduler) -> None:
        self._scheduler = tasks
        self._until = 1

    def choose(self, options: Sequence[Task], current: bool) -> int:
        victim = next((n for n, task in enumerate(options) if task.number == 0), None)
        other = next((n for n, task in enumerate(options) if task.number == 1), None)
        if victim is None or other is None:
            return 0
        if options[victim].seam == LOCK and self._scheduler.commits < self._until:
            return other
        if options[victim].seam == "pause":
            self._until = self._scheduler.commits + 1
        return victim


@pytest.mark.parametrize("world", ["memory", "SQLite"])
@pytest.mark.parametrize("others", [ATTEMPTS - 1, ATTEMPTS])
def test_who_always_loses_is_told_after_so_many_attempts(
    tmp_path: Path, world: str, others: int
) -> None:
    """Each loss is somebody else's event. With one fewer in the way the last attempt wins."""

    def hold(ledger: Ledger, id: str, *, confirm: bool) -> Any:
        fields = {"booking": id, "space": "stage-1", "project": "the-film", "confirm": confirm}
        days = "2025-03-01..2025-03-02"
        wanted = command(ledger, do="booking hold", when=days, **fields)
        return ledger.decide(wanted, Author("ada"))

    with seams(), scheduler(2) as tasks, real_world(str(tmp_path / "starving.db")) as sqlite:
        in_it = sqlite if world == "SQLite" else memory_world()
        victim, rival = in_it.ledger(0), in_it.ledger(1)

        def disturb() -> None:
            for n in range(others):
                # Only a hold: the victim has read where the queue ends, and is not refused.
                hold(rival, f"b-{n}", confirm=False)

        def one() -> Any:
            fields = {"booking": "b-victim", "space": "stage-1", "project": "the-film"}
            wanted = command(victim, do="booking hold", when="2025-03-01..2025-03-02", **fields)
            return take(lambda ledger: ledger.decide(wanted, Author("eve")), victim)

        done, _ = tasks.run([one, disturb], _Starving(tasks))
        entries = [entry.event for entry in in_it.logs[0].stream()]
        held = [event for event in entries if isinstance(event, BookingHeld)]
    if others == ATTEMPTS:
        assert isinstance(done.error, Conflict)
        assert done.error.attempts == ATTEMPTS
        assert len(held) == others
    else:
        assert done.error is None
        assert len(done.result.looks) == ATTEMPTS
        assert held[-1].booking == "b-victim"
        assert held[-1].rank == others + 1, "it was taken on what is there, at last"


# --- mutants ---------------------------------------------------------------------------


def _looks_before_the_lock(patch: pytest.MonkeyPatch) -> None:
    record = SqlRecorder.record

    def mutant(self: SqlRecorder, events: Any, unless: Unless | None = None) -> Appended:
        if unless is not None:
            with self._connected() as session:
                last, _ = self._last(session) or (0, "")
                self._check_condition(session, unless, last)
        return record(self, events, None)

    patch.setattr(SqlRecorder, "record", mutant)


def _looks_with_old_eyes(patch: pytest.MonkeyPatch) -> None:
    """A retry begins at the new head, and believes what it was told at the old one."""
    look = Ledger._snapshot
    known: dict[Ledger, Snapshot] = {}

    def mutant(self: Ledger) -> Any:
        snapshot, now = look(self)
        if self in known:
            snapshot._answers.update(known[self]._answers)
        known[self] = snapshot
        return snapshot, now

    patch.setattr(Ledger, "_snapshot", mutant)


def _follows_nothing(patch: pytest.MonkeyPatch) -> None:
    """What earlier decisions were answered is taken for true at the new head."""
    patch.setattr(KnownAnswers, "_add", lambda *_: None)


def _appends_without_the_lock(patch: pytest.MonkeyPatch) -> None:
    def mutant(self: SqlRecorder, session: Session, *_: Any) -> None:
        session.run("BEGIN")

    patch.setattr(SqlRecorder, "lock", mutant)
    patch.setattr(MemoryRecorder, "lock", lambda self: None)


def _checks_no_condition(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SqlRecorder, "_check_condition", lambda *_: None)


def _passes_over_the_newest(patch: pytest.MonkeyPatch) -> None:
    """A tail that takes for seen what was recorded after it had looked."""
    fetch = Tail._fetch

    def mutant(self: Tail) -> bool:
        grown = fetch(self)
        self._seen = self._recorder.head()
        return grown

    patch.setattr(Tail, "_fetch", mutant)


def _claims_without_rows(patch: pytest.MonkeyPatch) -> None:
    """Progress is committed, and the rows after it."""
    claim = ViewStore.claim

    def mutant(self: ViewStore, connection: Connection, *given: Any, **named: Any) -> bool:
        claimed = claim(self, connection, *given, **named)
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(self._begin[0])
        return claimed

    patch.setattr(ViewStore, "claim", mutant)


def _claims_what_is_taken(patch: pytest.MonkeyPatch) -> None:
    """Whoever comes second applies the events again."""

    def mutant(
        self: ViewStore, connection: Connection, generation: Generation, *given: Any, **named: Any
    ) -> bool:
        found = self.find(connection, generation.projection, generation.generation)
        assert found is not None
        position, recorded_at = given
        self.note(
            connection, generation, position=position, recorded_at=recorded_at,
            tail=named["tail"], unread=0, failure=None,
        )  # fmt: skip
        return True

    patch.setattr(ViewStore, "claim", mutant)


def _forgets_the_whole(patch: pytest.MonkeyPatch) -> None:
    """Who books a half does not notice who books the whole stage meanwhile."""
    noted = vars(Snapshot)["boundary"].fget

    def mutant(self: Snapshot) -> Boundary:
        found: Boundary = noted(self)
        kept = (query for query in found.queries if not query.tags[0].startswith("space:stage-3@"))
        return Boundary(tuple(kept), found.after)

    patch.setattr(Snapshot, "boundary", property(mutant))


def _in_contests(made: Search) -> None:
    made.all_of(SMALL[0])
    made.drawn(LARGE[0], range(60))


@pytest.mark.parametrize("world", ["made", "on_postgres"], ids=["SQLite", "PostgreSQL"])
def test_an_append_without_the_lock_is_seen_before_the_database_refuses_it(
    world: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key and a trigger would refuse the second of two events with one position, in words of
    the database. That they are asked at all is what the lock is there to prevent."""
    search: Search = request.getfixturevalue(world)
    _appends_without_the_lock(monkeypatch)
    search.also_in_memory = False
    with pytest.raises(AssertionError) as caught:
        search.all_of(SMALL[0])
    assert isinstance(caught.value.__cause__, Unlocked)


MUTANTS: tuple[tuple[Callable[[pytest.MonkeyPatch], None], Callable[[Search], None]], ...] = (
    (_looks_before_the_lock, _in_contests),
    (_looks_with_old_eyes, _in_contests),
    (_follows_nothing, lambda made: made.drawn(LARGE[0], range(60))),
    (_appends_without_the_lock, _in_contests),
    (_checks_no_condition, _in_contests),
    (_forgets_the_whole, lambda made: made.drawn(LARGE[3], range(60))),
    (_passes_over_the_newest, lambda made: made.subscribers(range(300))),
    (_claims_without_rows, lambda made: made.keepers(range(100))),
    (_claims_what_is_taken, lambda made: made.keepers(range(100))),
)


@pytest.mark.parametrize(("plant", "run"), MUTANTS, ids=lambda one: one.__name__.strip("_<>"))
def test_a_mutant_is_caught(
    made: Search,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
    run: Callable[[Search], None],
) -> None:
    plant(monkeypatch)
    made.also_in_memory = False  # that the oracle differs would tell, too; the laws have to
    with pytest.raises((AssertionError, StorageFailure, Stuck)):
        run(made)


@pytest.mark.parametrize("plant", [plant for plant, _ in MUTANTS], ids=lambda one: one.__name__)
def test_a_mutant_on_a_server_is_caught(
    on_postgres: Search,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """By the mixtures, but for one that only who reads in the middle of it can see."""
    plant(monkeypatch)
    on_postgres.also_in_memory = False
    run = on_postgres.keepers if plant is _claims_without_rows else on_postgres.mixtures
    with pytest.raises((AssertionError, StorageFailure, Stuck)):
        run(range(100))
