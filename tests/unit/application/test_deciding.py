"""Taking decisions: requests, retries, batches, rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest

from ledger.application import ATTEMPTS, Author, Extensions, Ledger, Outcome
from ledger.decisions.base import Context, Decision, Rule
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold
from ledger.decisions.projects import ReachMilestone
from ledger.errors import AlreadyExists, BadInput, Conflict, Refused, RequestReused
from ledger.events import Event, LedgerOpened, MilestoneReached, ProjectOpened
from ledger.tags import tag
from ledger.time.periods import ManualClock, When
from tests.unit.application.conftest import ADA, OPENED, STUDIO, project


def reached(name: str, milestone: str = "greenlight", **more: Any) -> ReachMilestone:
    """Reach a milestone of a project."""
    return ReachMilestone(project=name, milestone=milestone, on=date(2025, 5, 1), **more)


def types(outcome: Outcome) -> list[str]:
    return [entry.type for entry in outcome.events]


@contextmanager
def with_rules(where: str, clock: ManualClock, *rules: Rule) -> Iterator[Ledger]:
    """The same ledger, opened by a program with these rules."""
    with Ledger.open(where, extensions=Extensions(rules=rules), clock=clock) as opened:
        yield opened


# --- what is recorded ----------------------------------------------------------------


def test_a_command_is_recorded_with_who_and_why(ledger: Ledger) -> None:
    assert isinstance(ledger.opened, LedgerOpened)
    outcome = ledger.decide(project("resurrection"), ADA)
    (entry,) = outcome.events
    assert (entry.position, entry.actor, entry.reason) == (2, "ada", ADA.reason)
    assert (entry.recorded_at, entry.batch, entry.request) == (OPENED, None, None)
    assert (outcome.attempts, outcome.repeated, outcome.dry_run) == (1, False, False)
    (stored,) = ledger.log.stream(after=1)
    assert stored.event == entry.event


def test_a_correction_names_what_it_corrects(ledger: Ledger) -> None:
    ledger.decide(project("resurrection"), ADA)
    ledger.decide(reached("resurrection"), ADA)
    correction = ReachMilestone(
        project="resurrection", milestone="greenlight", on=date(2025, 5, 2), corrects=3
    )
    ledger.decide(correction, ADA)
    assert [entry.corrects for entry in ledger.log.stream()] == [None, None, None, 3]


def test_a_clock_that_was_set_back_does_not_bring_yesterday_again(
    ledger: Ledger, clock: ManualClock
) -> None:
    clock.advance(-timedelta(days=30))
    (entry,) = ledger.decide(project("resurrection"), ADA).events
    assert entry.recorded_at == OPENED


@pytest.mark.parametrize(
    "author",
    [
        Author(""),
        Author("ada\x07"),
        Author("ada", reason=""),
        Author("ada", request=""),
        Author("ada", request="two words"),
        Author("ada", request="k" * 201),
        Author("ada", request="k\x00"),
        Author("ada", request="k-1\u00a0"),
        Author("ada", request="\u3000k-1"),
        Author("ada", request="k\u20281"),
        Author("ada", request="k\ud800"),
    ],
    ids=repr,
)
def test_an_author_has_a_name_and_a_key_without_spaces(ledger: Ledger, author: Author) -> None:
    with pytest.raises(BadInput):
        ledger.decide(project("resurrection"), author)
    assert ledger.log.head() == 1


# --- a dry run -----------------------------------------------------------------------


def test_a_dry_run_tells_what_would_be_and_records_nothing(ledger: Ledger) -> None:
    author = Author("ada", request="order-1")
    outcome = ledger.decide(project("resurrection"), author, dry_run=True)
    assert outcome.dry_run
    assert [(e.position, e.type) for e in outcome.events] == [(2, "ProjectOpened")]
    assert ledger.log.head() == 1
    again = ledger.decide(project("resurrection"), author)
    assert not again.repeated, "a dry run uses no request key up"
    assert ledger.log.head() == 2
    with pytest.raises(AlreadyExists):
        ledger.decide(project("resurrection"), ADA, dry_run=True)


# --- a request key -------------------------------------------------------------------


def test_a_repeated_request_answers_with_the_first_outcome(
    ledger: Ledger, clock: ManualClock
) -> None:
    author = Author("ada", request="order-1")
    first = ledger.decide(project("resurrection"), author)
    clock.advance(timedelta(days=1))
    second = ledger.decide(project("resurrection"), author)
    assert second.repeated
    assert [e.position for e in second.events] == [e.position for e in first.events] == [2]
    assert second.events[0].recorded_at == OPENED
    assert ledger.log.head() == 2
    assert ledger.decide(project("resurrection"), author, dry_run=True).repeated


def test_a_repeated_batch_answers_with_all_of_it(ledger: Ledger) -> None:
    author = Author("ada", request="order-1")
    both = [(1, project("resurrection")), (2, project("dragon"))]
    first = ledger.apply(both, author)
    second = ledger.apply(both, author)
    assert second.repeated
    assert [e.position for e in second.events] == [e.position for e in first.events] == [2, 3]


@pytest.mark.parametrize(
    "other",
    [
        [project("dragon")],
        [project("resurrection", "Resurrection")],
        [project("resurrection"), project("dragon")],
    ],
)
def test_a_key_belongs_to_one_command(ledger: Ledger, other: list[Decision]) -> None:
    author = Author("ada", request="order-1")
    ledger.decide(project("resurrection"), author)
    with pytest.raises(RequestReused) as refused:
        ledger.apply(enumerate(other, start=1), author)
    assert (refused.value.position, refused.value.key) == (2, "order-1")
    assert ledger.log.head() == 2


def test_two_who_send_the_same_request_at_once_record_it_once(
    ledger: Ledger, sqlite_url: str, clock: ManualClock
) -> None:
    author = Author("ada", request="order-1")

    def the_other_is_faster(ctx: Context, proposed: Sequence[Event]) -> None:
        if ledger.log.head() == 1:
            ledger.decide(project("resurrection"), author)

    with with_rules(sqlite_url, clock, the_other_is_faster) as late:
        outcome = late.decide(project("resurrection"), author)
    assert (outcome.repeated, outcome.events[0].position) == (True, 2)
    assert ledger.log.head() == 2


# --- retries -------------------------------------------------------------------------


def rival(ledger: Ledger, *, times: int) -> Callable[[Context, Sequence[Event]], None]:
    """Another program that records for the same project this often while the decision is taken."""
    left = iter(range(times))

    def record(ctx: Context, proposed: Sequence[Event]) -> None:
        for event in proposed:
            if isinstance(event, MilestoneReached) and next(left, None) is not None:
                name = f"free-{ledger.log.head()}"
                ledger.decide(reached(event.project, name), Author("rival"))

    return record


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it waited after each loss, in seconds; the test itself does not wait."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def test_who_loses_decides_again_from_what_is_there_by_then(
    ledger: Ledger, sqlite_url: str, clock: ManualClock, waits: list[float]
) -> None:
    ledger.decide(project("resurrection"), ADA)
    with with_rules(sqlite_url, clock, rival(ledger, times=3)) as late:
        outcome = late.decide(reached("resurrection"), ADA)
    assert (outcome.attempts, outcome.events[0].position) == (4, 6)
    assert [e.actor for e in ledger.log.stream(after=2)] == ["rival"] * 3 + ["ada"]
    assert len(waits) == 3


def test_who_always_loses_gives_up_after_some_attempts(
    ledger: Ledger, sqlite_url: str, clock: ManualClock, waits: list[float]
) -> None:
    ledger.decide(project("resurrection"), ADA)
    with (
        with_rules(sqlite_url, clock, rival(ledger, times=1_000)) as late,
        pytest.raises(Conflict) as given_up,
    ):
        late.decide(reached("resurrection"), ADA)
    assert given_up.value.attempts == ATTEMPTS
    assert [e.actor for e in ledger.log.stream(after=2)] == ["rival"] * ATTEMPTS
    assert sum(waits) < 5
    assert all(0 <= wait < 0.3 for wait in waits)


# --- a batch -------------------------------------------------------------------------


def test_each_of_a_batch_sees_those_before_it(ledger: Ledger) -> None:
    outcome = ledger.apply(enumerate(STUDIO, start=1), ADA)
    assert types(outcome) == [
        "SiteRegistered",
        "SpaceCommissioned",
        "ProjectOpened",
        "BookingHeld",
        "BookingConfirmed",
    ]
    batches = {entry.batch for entry in ledger.log.stream(after=1)}
    assert len(batches) == 1
    assert None not in batches
    assert {entry.recorded_at for entry in outcome.events} == {OPENED}


def test_of_a_batch_all_or_none_and_the_error_names_its_line(ledger: Ledger) -> None:
    numbered = [(7 * n, one) for n, one in enumerate(STUDIO, start=1)]
    with pytest.raises(
        AlreadyExists, match=r"^line 42: project 'resurrection' already exists"
    ) as refused:
        ledger.apply([*numbered, (42, project("resurrection"))], ADA)
    assert "line 21)" in str(refused.value)
    assert refused.value.position is None, "it was never recorded"
    assert ledger.log.head() == 1


def test_a_single_command_has_no_line(ledger: Ledger) -> None:
    ledger.decide(project("resurrection"), ADA)
    with pytest.raises(AlreadyExists, match=r"^project 'resurrection' already exists \(#2\)"):
        ledger.decide(project("resurrection"), ADA)


def test_several_confirmed_by_one_command_are_a_batch(ledger: Ledger) -> None:
    second = PlaceHold(
        space="stage-1", project="resurrection", when=When.parse("2025-08-01"), booking="b-2"
    )
    ledger.apply(enumerate([*STUDIO[:4], second], start=1), ADA)
    both = ledger.decide(ConfirmBookings(booking=("b-1", "b-2")), ADA)
    (batch,) = {entry.batch for entry in both.events}
    assert batch is not None
    assert types(both) == ["BookingConfirmed"] * 2


def test_an_empty_batch_records_nothing(ledger: Ledger) -> None:
    assert ledger.apply([], ADA).events == ()
    assert ledger.log.head() == 1


# --- rules ---------------------------------------------------------------------------


class NotOnAFirst(Refused):
    """A rule that a plugin might add."""

    rule = "test.not-on-a-first"


def not_on_a_first(ctx: Context, proposed: Sequence[Event]) -> None:
    """No project is opened on the first of a month."""
    for event in proposed:
        if isinstance(event, ProjectOpened) and event.on.day == 1:
            raise NotOnAFirst("projects do not open on a first", advice="Wait a day")


def test_a_rule_sees_what_is_proposed_and_may_refuse(
    ledger: Ledger, sqlite_url: str, clock: ManualClock
) -> None:
    with with_rules(sqlite_url, clock, not_on_a_first) as ruled:
        with pytest.raises(NotOnAFirst):
            ruled.decide(project("resurrection"), ADA)
        with pytest.raises(NotOnAFirst, match=r"^line 3: "):
            ruled.apply(enumerate(STUDIO, start=1), ADA)
        ruled.apply(enumerate(STUDIO[:2], start=1), ADA)
    assert ledger.log.head() == 3


def test_a_rule_is_shown_each_command_of_a_batch_by_itself(
    ledger: Ledger, sqlite_url: str, clock: ManualClock
) -> None:
    seen: list[list[str]] = []

    def watch(ctx: Context, proposed: Sequence[Event]) -> None:
        seen.append([event.type_name for event in proposed])

    with with_rules(sqlite_url, clock, watch) as ruled:
        ruled.apply(enumerate(STUDIO[:3], start=1), ADA)
    assert seen == [["SiteRegistered"], ["SpaceCommissioned"], ["ProjectOpened"]]


@pytest.mark.parametrize("asks", [True, False])
def test_what_a_rule_asks_is_part_of_the_boundary(
    ledger: Ledger, sqlite_url: str, clock: ManualClock, asks: bool
) -> None:
    """Opening a project reads no other project; a rule that does notices a change there."""
    ledger.decide(project("dragon"), ADA)
    found: list[int] = []

    def look(ctx: Context, proposed: Sequence[Event]) -> None:
        if asks:
            found.append(len(ctx.read(tag("project", "dragon"))))
        if ledger.log.head() == 2:
            ledger.decide(reached("dragon"), Author("rival"))

    with with_rules(sqlite_url, clock, look) as ruled:
        outcome = ruled.decide(project("resurrection"), ADA)
    assert outcome.attempts == (2 if asks else 1)
    assert found == ([1, 2] if asks else [])
