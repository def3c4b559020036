"""Decisions that get in each other's way, and what must hold whatever the schedule.

**Serializable.** The outcome is that of one after the other: those that recorded in the order of
their positions, those that were refused where they last looked. Each is taken again, alone, on a
log in memory, and must come to the same events or the same refusal.

**Fresh.** Whoever lost looks again at a later head. **Fair.** A loss is somebody else's win: nobody
looks more often than once, and once more for each append of the others (`Contest.most_looks`).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations
from threading import get_ident
from typing import Any

from ledger.application import Author, Ledger, Numbered, Outcome
from ledger.decisions.base import Decision
from ledger.errors import Refused
from ledger.events import (
    BookingConfirmed,
    BookingRescheduled,
    EquipmentReserved,
    MilestonePlanned,
)
from ledger.events.base import Header, RecordedEvent
from ledger.known_answers import KnownAnswers
from tests.faults.interleavings.scheduler import Chooser, Scheduler
from tests.faults.interleavings.worlds import (
    APART,
    SQUARES,
    TURNAROUND_HOURS,
    World,
    memory_log,
    over,
)
from tests.faults.programs.racing import command

FIRST_DAY = date(2026, 1, 1)

Act = Callable[[Ledger], Outcome]
"""What a task does with its ledger; the same again, alone, when it is judged."""


@dataclass
class Done:
    """What came of an act: events, or a refusal. `looks` are the heads of its snapshots."""

    looks: list[int] = field(default_factory=list)
    events: tuple[RecordedEvent, ...] = ()
    repeated: bool = False
    refusal: Refused | None = None

    @property
    def order(self) -> float:
        """Its place among all, if they had come one after the other."""
        if self.events and not self.repeated:
            return self.events[0].position
        return self.looks[-1] + 0.5

    @property
    def said(self) -> Any:
        """What is compared: not the positions, which depend on what was there before."""
        if self.refusal is not None:
            return type(self.refusal).__name__
        return self.repeated, [(e.type, e.event, _tags(e), e.actor) for e in self.events]


def _tags(entry: RecordedEvent) -> list[str]:
    """Its tags, but for the name of its batch, which is new each time."""
    return [tag for tag in entry.tags if not tag.startswith("batch:")]


@dataclass(frozen=True)
class Contest:
    """A name, and the acts of the n-th time, on things of its own. `appends` at most of others.

    `before` are the acts that make these things, one after the other, before the schedule.
    """

    name: str
    acts: Callable[[int], Sequence[Act]]
    appends: int = 0
    before: Callable[[int], Sequence[Act]] = lambda _: ()

    def most_looks(self, acts: int) -> int:
        """How often anybody looks at most."""
        return 1 + (self.appends or acts - 1)


def take(act: Act, ledger: Ledger) -> Done:
    """Act, and note what came of it and how often it looked."""
    done = Done()
    look = ledger._snapshot

    def noting() -> Any:
        snapshot, now = look()
        done.looks.append(snapshot.head)
        return snapshot, now

    ledger._snapshot = noting  # type: ignore[method-assign]  # only to see when it looks
    try:
        outcome = act(ledger)
    except Refused as refusal:
        done.refusal = refusal
        return done
    done.events, done.repeated = outcome.events, outcome.repeated
    return done


class _Rehearsed(Ledger):
    """A ledger on which nothing is recorded, and which knows what another one comes to know."""

    def __init__(self, ledger: Ledger) -> None:
        vars(self).update(vars(ledger))

    def decide(self, decision: Decision, author: Author, *, dry_run: bool = False) -> Outcome:
        return super().decide(decision, author, dry_run=True)

    def apply(
        self, numbered: Iterable[Numbered], author: Author, *, dry_run: bool = False
    ) -> Outcome:
        return super().apply(numbered, author, dry_run=True)


def rehearse(act: Act, ledger: Ledger) -> KnownAnswers | None:
    """The answers to all that an act will ask, as a program that stays would have them."""
    for _ in range(2):  # the first decision of a program keeps nothing
        with suppress(Refused):  # of some, another has to make room first
            act(_Rehearsed(ledger))
    return ledger._snapshots._known


def run(
    contest: Contest,
    number: int,
    world: World,
    scheduler: Scheduler,
    chooser: Chooser,
    beside: Sequence[Callable[[], Any]] = (),
    *,
    rehearsed: bool = False,
) -> list[Done]:
    """One schedule, judged: what came of each act. Raises `AssertionError`.

    `beside` are others who run meanwhile, and record nothing. With `rehearsed` everybody
    begins with answers, as of before the schedule, to all that it will ask.
    """
    acts = contest.acts(number)
    world.clock.turn_to(number)
    made = contest.before(number)
    for act in made:
        act(world.ledger(0))
    before = world.logs[0].head()

    def body(act: Act, task: int) -> Callable[[], Done]:
        ledger = world.ledger(task)
        known = rehearse(act, ledger) if rehearsed else None

        def acting() -> Done:
            if known is not None:
                known._thread = get_ident()  # as if this one had rehearsed
            ledger._snapshots._known = known
            return take(act, ledger)

        return acting

    bodies = [*(body(act, n) for n, act in enumerate(acts)), *beside]
    tasks = scheduler.run(bodies, chooser)
    for task in tasks:
        if task.error is not None:
            raise AssertionError(f"task {task.number} ended in {task.error!r}") from task.error
    outcomes: list[Done] = [task.result for task in tasks[: len(acts)]]
    _judge(contest, acts, outcomes, world, before, made)
    return outcomes


def _judge(
    contest: Contest,
    acts: Sequence[Act],
    outcomes: Sequence[Done],
    world: World,
    before: int,
    made: Sequence[Act],
) -> None:
    entries = list(world.logs[0].stream(before))
    told = [e for one in outcomes if not one.repeated for e in one.events]
    told.sort(key=lambda entry: entry.position)
    stored = [(e.position, e.type, e.event) for e in entries]
    assert [(e.position, e.type, e.event) for e in told] == stored, "told what is not stored"
    assert [e.position for e in entries] == list(range(before + 1, before + 1 + len(entries)))
    for one in outcomes:
        assert one.looks == sorted(set(one.looks)), f"a retry looked at what it knew: {one.looks}"
        assert len(one.looks) <= contest.most_looks(len(acts)), f"lost too often: {one.looks}"
    assert not double_bookings(entries)
    assert not promised_twice(world.logs[0].stream())
    alone = over(memory_log(world.clock), world.clock)
    for act in made:
        act(alone)
    for act, one in sorted(zip(acts, outcomes, strict=True), key=lambda pair: pair[1].order):
        assert take(act, alone).said == one.said, "no serial order comes to this"


def double_bookings(entries: Sequence[RecordedEvent]) -> list[tuple[str, str]]:
    """Pairs of confirmed bookings that have the same floor at the same time, or too soon after."""
    firm = [entry.event for entry in entries if isinstance(entry.event, BookingConfirmed)]
    firm.sort(key=lambda one: one.period.start)
    return [
        (before.booking, after.booking)
        for before, after in combinations(firm, 2)
        if set(SQUARES[before.space]) & set(SQUARES[after.space])
        and after.period.start < before.period.end + _turnaround(before, after)
    ]


def promised_twice(entries: Iterable[RecordedEvent]) -> list[str]:
    """The cranes that two firm bookings have at a time, each of a contest of its own."""
    firm: dict[str, Any] = {}
    reserved: dict[str, dict[str, Any]] = defaultdict(dict)
    for entry in entries:
        event = entry.event
        if isinstance(event, BookingConfirmed | BookingRescheduled):
            firm[event.booking] = event.period
        if isinstance(event, EquipmentReserved) and str(event.equipment).startswith("crane"):
            reserved[str(event.equipment)][event.booking] = event.period
    return [
        crane
        for crane, promised in reserved.items()
        for one, other in combinations([b for b in promised if b in firm], 2)
        if promised[one].overlaps(promised[other])
    ]


def _turnaround(before: BookingConfirmed, after: BookingConfirmed) -> timedelta:
    needs_it = before.space == "stage-4" and before.project != after.project
    return timedelta(hours=TURNAROUND_HOURS if needs_it else 0)


# --- the contests ----------------------------------------------------------------------


def _decide(fields: dict[str, Any], request: str | None = None) -> Act:
    return lambda ledger: ledger.decide(command(ledger, **fields), Author("ada", request=request))


def _open(project: str, title: str, request: str | None = None) -> Act:
    fields = {"project": project, "title": title, "kind": "feature", "on": "2025-01-01"}
    return _decide({"do": "project open", **fields}, request)


def _book(
    number: int,
    booking: int,
    *,
    first: int,
    last: int,
    space: str = "stage-1",
    project: str = "the-film",
) -> dict[str, Any]:
    start = FIRST_DAY + number * APART
    return {
        "do": "booking hold",
        "booking": f"b-{number}-{booking}",
        "space": space,
        "project": project,
        "when": f"{start + timedelta(days=first)}..{start + timedelta(days=last)}",
        "confirm": True,
    }


def _plan(number: int, writer: int) -> Act:
    """An append without a condition, of what no decision reads."""
    event = MilestonePlanned(project=mixture_group(number), milestone=f"m-{writer}", on=FIRST_DAY)

    def act(ledger: Ledger) -> Outcome:
        if isinstance(ledger, _Rehearsed):
            return Outcome(())
        return Outcome(ledger.log.append([(event, Header(actor="bo"))]))

    return act


def _batch(*wanted: dict[str, Any]) -> Act:
    def act(ledger: Ledger) -> Outcome:
        lines = [(n, command(ledger, **one)) for n, one in enumerate(wanted, 1)]
        return ledger.apply(lines, Author("bo"))

    return act


def _pair(number: int) -> list[Act]:
    return [_open(f"p{number}", "one"), _open(f"p{number}", "two")]


def _trio(number: int) -> list[Act]:
    return [*_pair(number), _open(f"p{number}", "three")]


def _keys(number: int) -> list[Act]:
    first, other = _open(f"k{number}", "one", f"r{number}"), _open(f"k{number}", "x", f"r{number}")
    return [first, first, other]


def _overlapping(number: int) -> list[Act]:
    """Each two of three share a day; the first two and the last two, no others."""
    days = ((0, 2), (2, 4), (4, 6))
    wanted = [_book(number, n, first=a, last=b) for n, (a, b) in enumerate(days)]
    return [_decide(one) for one in wanted]


def _crowd(number: int) -> list[Act]:
    days = ((0, 3), (1, 4), (4, 6), (0, 6))
    wanted = [_book(number, n, first=a, last=b) for n, (a, b) in enumerate(days)]
    two = _batch(_book(number, 10, first=0, last=1), _book(number, 11, first=4, last=5))
    return [*(_decide(one) for one in wanted), two]


def _divided(number: int) -> list[Act]:
    """A stage, its halves, and both halves in a batch."""
    of = (("stage-3", 0, 2), ("left", 1, 4), ("right", 2, 5), ("stage-3", 3, 5))
    wanted = [_book(number, n, first=a, last=b, space=space) for n, (space, a, b) in enumerate(of)]
    both = _batch(
        _book(number, 10, first=0, last=1, space="left"),
        _book(number, 11, first=0, last=1, space="right"),
    )
    return [*(_decide(one) for one in wanted), both]


def _turned_around(number: int) -> list[Act]:
    """Two projects on a stage that needs a day in between: none overlap, not all fit."""
    series = {"space": "stage-4", "project": "the-series"}
    film = series | {"project": "the-film"}
    of = ((0, 1, film), (2, 3, series), (5, 6, series), (4, 4, film))
    wanted = [_book(number, n, first=a, last=b, **whose) for n, (a, b, whose) in enumerate(of)]
    two = _batch(
        _book(number, 10, first=2, last=2, **film), _book(number, 11, first=6, last=6, **film)
    )
    return [*(_decide(one) for one in wanted), two]


def _jobs(number: int) -> list[Act]:
    """Jobs of two stages that share one in pairs, a booking of one of these, and a swap."""
    of = ((["stage-1", "stage-2"], 0, 3), (["stage-2", "left"], 2, 5), (["left", "stage-1"], 5, 6))
    wanted = [
        _book(number, n, first=a, last=b) | {"space": spaces} for n, (spaces, a, b) in enumerate(of)
    ]
    alone = _decide(_book(number, 3, first=4, last=4))
    both = _batch(
        _book(number, 10, first=6, last=6, space="stage-2"),
        _book(number, 11, first=6, last=6, space="right"),
        {"do": "booking move", "booking": f"b-{number}-10", "space": "right"},
        {"do": "booking move", "booking": f"b-{number}-11", "space": "stage-2"},
    )
    return [*(_decide(one) for one in wanted), alone, both]


def _equipped(number: int) -> list[Act]:
    """A crane, a camera in a case, cables; two firm bookings, and a hold that wants the crane."""
    days = ((0, 3, "stage-1"), (2, 5, "stage-2"), (0, 3, "right"))
    bookings = [
        _book(number, n, first=a, last=b, space=space) for n, (a, b, space) in enumerate(days)
    ]
    bookings[2]["confirm"] = False
    items = [("crane", None), ("camera", None), ("case", None), ("cables", 40)]
    return [
        _batch(
            *(
                {
                    "do": "equipment add", "equipment": f"{item}-{number}", "name": item,
                    "kind": f"{item} {number}", "at_place": "stage-1", "quantity": quantity,
                }
                for item, quantity in items
            ),
            {
                "do": "equipment pack", "equipment": f"camera-{number}",
                "container": f"case-{number}",
            },
            *bookings,
            _reserve(number, 1, "camera", "cables=20"),
            _reserve(number, 2, "crane"),
        )
    ]  # fmt: skip


def _reserve(number: int, booking: int, *wanted: str) -> dict[str, Any]:
    items = []
    for one in wanted:
        item, equals, pieces = one.partition("=")
        items.append(f"{item}-{number}{equals}{pieces}")
    return {
        "do": "equipment reserve", "booking": f"b-{number}-{booking}", "equipment": items,
    }  # fmt: skip


def _promised(number: int) -> list[Act]:
    """Two reserve one crane, a third confirms with it, a move takes promises along, a case goes
    out with a camera that is promised to another until that has moved."""
    later = FIRST_DAY + number * APART
    return [
        _decide(_reserve(number, 0, "crane", "cables=10")),
        _decide(_reserve(number, 1, "crane")),
        _decide({"do": "booking confirm", "booking": f"b-{number}-2"}),
        _decide(
            {
                "do": "booking move", "booking": f"b-{number}-1",
                "when": f"{later + timedelta(days=4)}..{later + timedelta(days=7)}",
            }
        ),
        _decide(
            {
                "do": "equipment check-out", "equipment": f"case-{number}",
                "booking": f"b-{number}-0", "custodian": "ann",
            }
        ),
    ]  # fmt: skip


def _beside(number: int) -> list[Act]:
    booked = _decide(_book(number, 0, first=0, last=3))
    other = _decide(_book(number, 1, first=0, last=3, space="stage-2"))
    rival = _decide(_book(number, 2, first=2, last=3))
    return [booked, other, rival, _plan(number, 0), _plan(number, 1)]


def mixture(chance: random.Random) -> Contest:
    """One to three decisions, drawn; the first is a milestone, which views can be told of."""
    crowd = chance.choice((_crowd, _divided, _turned_around))
    among = chance.sample((0, 1, 2, 3), chance.randint(0, 2))
    batch = chance.random() < 0.3

    def acts(number: int) -> list[Act]:
        drawn = [crowd(number)[4 if batch and n == 3 else n] for n in among]
        return [_plan(number, 0), *drawn]

    return Contest("a mixture", acts)


def mixture_group(number: int) -> str:
    """The project whose milestones a mixture plans."""
    return f"far-{number}"


SMALL = (
    Contest("two want one id", _pair),
    Contest("three want one id", _trio),
    Contest("one request key, three times", _keys),
)
"""Small enough that every schedule can be run."""

LARGE = (
    Contest("three bookings, overlapping in pairs", _overlapping),
    Contest("four bookings and a batch", _crowd),
    Contest("bookings on two stages, beside writers without condition", _beside),
    Contest("a stage, its halves, and a batch of both", _divided),
    Contest("two projects and the turnaround between them", _turned_around),
    Contest("jobs of two stages, and a batch that swaps two bookings", _jobs),
    Contest("a crane, cables and a case, reserved, moved and lent", _promised, before=_equipped),
)
