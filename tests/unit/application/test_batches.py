"""Batches: what refusals cite, what corrections name, and a dry run of each decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from ledger.application import Author, Extensions, Ledger, Outcome
from ledger.decisions.base import Context, Decision
from ledger.decisions.bookings.holds import ConfirmBookings, PlaceHold
from ledger.decisions.projects import ReachMilestone, WithdrawMilestone
from ledger.errors import AlreadyExists, BadInput, LedgerError, Pending, Refused, RequestReused
from ledger.events import Event
from ledger.time.periods import ManualClock, When
from tests.unit.application.conftest import ADA, STUDIO, project

OVERLAPPING: list[Decision] = [
    PlaceHold(space="stage-1", project="resurrection", when=When(days), booking=name)
    for name, days in (("b-2", "2025-08-01..2025-08-10"), ("b-3", "2025-08-05..2025-08-15"))
]


def reached(day: int, corrects: int | None = None) -> ReachMilestone:
    """The project was greenlit on a day of May."""
    return ReachMilestone(
        project="resurrection", milestone="greenlight", on=date(2025, 5, day), corrects=corrects
    )


WITHDRAWN = WithdrawMilestone(project="resurrection", milestone="greenlight")


# --- what a refusal cites --------------------------------------------------------------


def test_a_line_cites_the_line_that_stands_in_its_way(ledger: Ledger) -> None:
    twice = [(1, project("dragon")), (4, project("dragon"))]
    with pytest.raises(AlreadyExists) as refused:
        ledger.apply(twice, ADA)
    message = "line 4: project 'dragon' already exists (in this batch, line 1). "
    assert str(refused.value).startswith(message)
    assert refused.value.position is None


def test_one_command_for_several_cites_no_position_of_its_own(ledger: Ledger) -> None:
    ledger.apply(enumerate([*STUDIO[:3], *OVERLAPPING], start=1), ADA)
    with pytest.raises(Refused) as refused:
        ledger.decide(ConfirmBookings(booking=("b-2", "b-3")), ADA)
    assert "confirmed for booking 'b-2' on 2025-08-01..2025-08-10 (in this same" in str(
        refused.value
    )
    assert refused.value.position is None
    assert "#" not in str(refused.value)


def test_what_is_recorded_is_cited_by_its_position_from_a_batch_too(ledger: Ledger) -> None:
    ledger.decide(project("dragon"), ADA)
    with pytest.raises(AlreadyExists) as refused:
        ledger.apply([(1, project("resurrection")), (2, project("dragon"))], ADA)
    assert "(#2)" in str(refused.value)
    assert refused.value.position == 2


@pytest.mark.parametrize("again", [reached(3), reached(1, corrects=7)], ids=["plain", "corrects"])
def test_no_advice_names_a_position_that_is_not_there(
    ledger: Ledger, again: ReachMilestone
) -> None:
    with pytest.raises(Refused) as refused:
        ledger.apply(enumerate([project("resurrection"), reached(1), again], start=1), ADA)
    text = str(refused.value).replace("at #7", "")  # the position that the command itself names
    assert "#" not in text
    assert "--corrects 3" not in text
    assert "--corrects earlier" not in text


def test_a_pending_position_orders_as_a_number_and_reads_as_words() -> None:
    early, late = Pending(7, 1), Pending(8)
    assert max(early, late) is late
    assert (early, f"{early}", str(late)) == (
        7,
        "in this batch, line 1",
        "in this same command",
    )


# --- what a correction names -------------------------------------------------------------


def test_a_correction_of_an_event_of_the_batch_names_the_position_that_it_gets(
    ledger: Ledger, sqlite_url: str, clock: ManualClock
) -> None:
    """Another program records something unrelated in between, and all positions move."""
    ledger.decide(project("resurrection"), ADA)

    def rival(ctx: Context, proposed: Sequence[Event]) -> None:
        if ledger.log.head() == 2:
            ledger.decide(project("dragon"), Author("rival"))

    rules = Extensions(rules=(rival,))
    with Ledger.open(sqlite_url, extensions=rules, clock=clock) as late:
        outcome = late.apply([(1, reached(1)), (2, WITHDRAWN)], ADA)
    assert [entry.position for entry in outcome.events] == [4, 5]
    assert [entry.corrects for entry in ledger.log.stream(after=3)] == [None, 4]
    assert outcome.attempts == 2


# --- each for itself, tried -------------------------------------------------------------


def tried(ledger: Ledger, *decisions: Decision) -> list[Outcome | Refused | BadInput]:
    return list(ledger.try_each(enumerate(decisions, start=1), lambda _: ADA))


def kinds(found: Sequence[Outcome | LedgerError]) -> list[str | type]:
    return [
        " ".join(entry.type for entry in one.events) if isinstance(one, Outcome) else type(one)
        for one in found
    ]


def test_each_line_is_tried_after_those_before_it(ledger: Ledger) -> None:
    found = tried(ledger, *STUDIO, STUDIO[2])
    assert kinds(found) == [
        "SiteRegistered",
        "SpaceCommissioned",
        "ProjectOpened",
        "BookingHeld",
        "BookingConfirmed",
        AlreadyExists,
    ]
    assert "in this batch, line 3" in str(found[-1])
    assert ledger.log.head() == 1


def test_a_refused_line_leaves_nothing_to_those_after_it(
    ledger: Ledger, sqlite_url: str, clock: ManualClock
) -> None:
    """The rule refuses an event that is already proposed: it must be withdrawn."""

    def not_by_that_name(ctx: Context, proposed: Sequence[Event]) -> None:
        if "Sequel" in repr(proposed):
            raise Refused("no sequels", advice="Have an idea")

    rules = Extensions(rules=(not_by_that_name,))
    with Ledger.open(sqlite_url, extensions=rules, clock=clock) as ruled:
        found = tried(ruled, project("dragon", "Sequel"), project("dragon"), reached(1))
    assert kinds(found)[:2] == [Refused, "ProjectOpened"]
    assert not isinstance(found[2], Outcome)


def test_what_is_tried_is_what_then_happens(ledger: Ledger) -> None:
    lines = [*STUDIO, STUDIO[2], *OVERLAPPING, ConfirmBookings(booking=("b-2", "b-3")), WITHDRAWN]
    foreseen = kinds(tried(ledger, *lines))
    happened: list[Outcome | LedgerError] = []
    for decision in lines:
        try:
            happened.append(ledger.decide(decision, ADA))
        except LedgerError as error:
            happened.append(error)
    assert foreseen == kinds(happened)


def test_a_line_that_was_done_is_foreseen_as_a_repeat(ledger: Ledger) -> None:
    def keyed(line: int) -> Author:
        return Author("ada", request=f"k/{line}")

    ledger.decide(project("dragon"), keyed(1))
    lines = [(1, project("dragon")), (2, project("wild"))]
    first, second = ledger.try_each(lines, keyed)
    assert isinstance(first, Outcome)
    assert first.repeated
    assert isinstance(second, Outcome)
    assert second.dry_run
    (reused,) = ledger.try_each([(1, project("other"))], keyed)
    assert isinstance(reused, RequestReused)
