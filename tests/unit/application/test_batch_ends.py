"""Checks that a batch puts off: they are made again after its last command, in its snapshot."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ledger.application import Author, Extensions, Ledger, Outcome
from ledger.decisions.base import Context
from ledger.errors import BadInput, Refused
from ledger.events import Event, ProjectOpened
from ledger.time.periods import ManualClock
from tests.unit.application.conftest import ADA, project


class TooMany(Refused):
    """More projects than the house can carry."""

    rule = "few-projects"


def sequels_need_a_first(ctx: Context, proposed: Sequence[Event]) -> None:
    """Check of a sequel, by the end of the batch, that its first film is there."""

    def check() -> None:
        if ctx.last("project:first", ProjectOpened) is None:
            raise TooMany("a sequel of nothing", advice="Open the first")

    if any(isinstance(one, ProjectOpened) and one.project == "second" for one in proposed):
        ctx.check_by_the_end(check)


@pytest.fixture
def house(sqlite_url: str, ledger: Ledger, clock: ManualClock) -> Ledger:
    """The ledger with that rule."""
    return Ledger.open(
        sqlite_url, extensions=Extensions(rules=(sequels_need_a_first,)), clock=clock
    )


def test_a_check_that_fails_in_a_batch_is_made_again_after_its_last_command(house: Ledger) -> None:
    both = house.apply([(1, project("second")), (2, project("first"))], ADA)
    assert [entry.position for entry in both.events] == [2, 3]


def test_alone_it_refuses_at_once(house: Ledger) -> None:
    with pytest.raises(TooMany) as refused:
        house.decide(project("second"), ADA)
    assert str(refused.value) == "a sequel of nothing. Open the first"


def test_a_check_that_still_fails_names_its_line_and_nothing_is_recorded(house: Ledger) -> None:
    with pytest.raises(TooMany, match=r"^line 7: a sequel of nothing"):
        house.apply([(7, project("second")), (9, project("third"))], ADA)
    assert house.log.head() == 1


def test_commands_tried_one_by_one_are_no_batch(house: Ledger) -> None:
    found = list(house.try_each(enumerate([project("second"), project("first")]), lambda _: ADA))
    assert [isinstance(one, Outcome) for one in found] == [False, True]


def test_what_the_put_off_check_reads_is_in_the_boundary(
    sqlite_url: str, ledger: Ledger, clock: ManualClock
) -> None:
    """Another program opens the first film while the batch waits: it is decided anew."""
    seen = []

    def rival(ctx: Context, proposed: Sequence[Event]) -> None:
        def refuse() -> None:
            raise TooMany("not yet", advice="")

        def later() -> None:
            if ledger.log.head() == 1:
                ledger.decide(project("first"), Author("rival"))
            seen.append(ctx.last("project:first", ProjectOpened))

        ctx.check_by_the_end(refuse, later)

    with Ledger.open(sqlite_url, extensions=Extensions(rules=(rival,)), clock=clock) as late:
        outcome = late.apply([(1, project("third")), (2, project("fourth"))], ADA)
    assert outcome.attempts == 2
    assert [entry.position for entry in outcome.events] == [3, 4]
    assert [one is None for one in seen] == [True, True, False, False]


def test_bad_input_is_never_put_off(sqlite_url: str, ledger: Ledger, clock: ManualClock) -> None:
    def bad(ctx: Context, proposed: Sequence[Event]) -> None:
        def check() -> None:
            raise BadInput("nonsense")

        ctx.check_by_the_end(check)

    with (
        Ledger.open(sqlite_url, extensions=Extensions(rules=(bad,)), clock=clock) as strict,
        pytest.raises(BadInput, match=r"^line 1: nonsense"),
    ):
        strict.apply([(1, project("second")), (2, project("first"))], ADA)
