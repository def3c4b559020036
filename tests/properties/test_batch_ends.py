"""A batch of moves is recorded if, and only if, the bookings fit where they end."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from ledger.decisions.bookings.moves import MoveBooking
from ledger.decisions.bookings.refusals import SpaceTaken
from ledger.testing import Scenario
from ledger.time.periods import When
from tests.scenarios.booking_stories import campus, hold

WEEKS = ("2027-03-01..2027-03-07", "2027-03-08..2027-03-14", "2027-03-15..2027-03-21")
CELLS = tuple(product(("stage-1", "stage-2"), WEEKS))
"""Where a booking can be: a stage, and a week."""

Cell = tuple[str, str]


def booked(cells: list[Cell]) -> Scenario:
    """Firm bookings `b-0`, `b-1` … in those cells, each of another project."""
    projects = ("resurrection", "dragon", "comet", "lantern")
    return campus().and_given(
        *(
            hold(f"b-{number}", week, projects[number], space=space, confirm=True)
            for number, (space, week) in enumerate(cells)
        )
    )


@given(
    begin=st.lists(st.sampled_from(CELLS), min_size=2, max_size=4, unique=True),
    ends=st.lists(st.sampled_from(CELLS), min_size=4, max_size=4),
    order=st.permutations(range(4)),
    detours=st.lists(st.none() | st.sampled_from(CELLS), min_size=4, max_size=4),
)
def test_a_batch_is_judged_by_how_it_ends(
    begin: list[Cell], ends: list[Cell], order: list[int], detours: list[Cell | None]
) -> None:
    now = dict(enumerate(begin))
    moves = []
    for number in (one for one in order if one in now):
        for cell in (detours[number], ends[number]):
            if cell is not None and cell != now[number]:
                space, week = cell
                moves.append(MoveBooking(f"b-{number}", When(week), space))
                now[number] = cell
    if len(moves) < 2:
        return
    outcome = booked(begin).when(*moves)
    if len(set(now.values())) == len(now):
        outcome.then(*outcome.events)
    else:
        outcome.refused(SpaceTaken)
