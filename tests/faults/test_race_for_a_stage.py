"""64 processes want the same days of one stage: one gets them, 63 learn who did.

Or some want the whole stage, others a half; or each wants three of six stages, as a job. The long
run is `python -m tests.faults.races`; here are 50 rounds, or 15, on each database.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.programs.racing import HALVES, JOBS, ONE_STAGE, Contest, Told
from tests.faults.races import RACERS, Race, race

ROUNDS, ROUNDS_OF_SEVERAL = 50, 15


def test_one_of_64_gets_the_days_in_each_of_50_rounds(ledger_url: str) -> None:
    made = race(ledger_url, ONE_STAGE, ROUNDS)
    assert list(made.broken_laws()) == []
    assert len(made.confirmed) == ROUNDS


def test_one_of_64_gets_a_stage_or_one_each_half(ledger_url: str) -> None:
    made = race(ledger_url, HALVES, ROUNDS_OF_SEVERAL)
    assert list(made.broken_laws()) == []
    won = [
        sorted(space.split("-")[0] for one in made.won(number) for _, space in _stored(made, one))
        for number in made.told
    ]
    assert all(spaces in (["stage"], ["left", "right"]) for spaces in won), won
    assert len({len(spaces) for spaces in won}) == 2, "both came about"


def test_of_jobs_that_share_a_stage_one_is_made_and_none_by_half(ledger_url: str) -> None:
    made = race(ledger_url, JOBS, ROUNDS_OF_SEVERAL)
    assert list(made.broken_laws()) == []
    for number in made.told:
        # The three stages that a winner has not are a job for another, whom nobody can keep out.
        won = [JOBS.wanted(number, one.racer) for one in made.won(number)]
        assert sorted(stage for job in won for stage in job) == list("abcdef"), won


def _stored(made: Race, one: Told) -> list[tuple[str, str]]:
    return [made.confirmed[position] for position in one.positions]


# --- the laws can be broken --------------------------------------------------------------


def _raced(contest: Contest, *winners: int, told: int = 0, named: str = "") -> Race:
    """One round: these racers won, at the positions 1, 2, …, and the others were told of one."""
    at: dict[int, tuple[int, ...]] = {}
    booked: dict[int, tuple[str, str]] = {}
    for racer in winners:
        bookings = contest.bookings(0, racer)
        at[racer] = tuple(range(len(booked) + 1, len(booked) + 1 + len(bookings)))
        booked |= dict(zip(at[racer], bookings.items(), strict=True))
    outcomes = []
    for racer in range(RACERS):
        if racer in at:
            outcomes.append(Told(racer, "won", at[racer], ""))
            continue
        in_the_way = told or next(
            (p[0] for w, p in at.items() if contest.floor(0, w) & contest.floor(0, racer)), 1
        )
        outcomes.append(
            Told(racer, "refused", (in_the_way,), f"{named or booked[in_the_way][0]} has it")
        )
    positions = [*range(1, len(booked) + 2)]
    held = [booking for booking, _ in booked.values()]
    return Race(contest, 1, {0: outcomes}, [0], [positions], positions, 1, booked, held)


LEFT, WHOLE, RIGHT, OTHER = range(4)
ABC, ABD, DEF = 0, 1, 19
"""Of those who want a job: three stages, two of these, and none of these."""

_TWO_JOBS = _raced(JOBS, ABC, DEF)


@pytest.mark.parametrize(
    ("made", "broken"),
    [
        (_raced(HALVES, LEFT, RIGHT), ""),
        (_raced(HALVES, WHOLE), ""),
        (_raced(HALVES, LEFT), "lost to nobody"),
        (_raced(HALVES, LEFT, WHOLE), "1 double bookings"),
        (_raced(HALVES, WHOLE, OTHER), "2 double bookings"),
        (_raced(HALVES, LEFT, LEFT + 4), "1 double bookings"),
        (_raced(HALVES, LEFT, RIGHT, told=1), "lost to nobody"),
        (replace(_raced(HALVES, WHOLE), confirmed={}), "not those stored"),
        (replace(_raced(HALVES, LEFT, RIGHT), told={}), "in 1 rounds"),
        (replace(_raced(HALVES, WHOLE), confirmed={1: ("b-0-1", "left-1")}), "has [("),
        (_raced(HALVES, WHOLE, named="somebody"), "not told who won"),
        (replace(_raced(HALVES, WHOLE), positions=[1, 3]), "a position is missing"),
        (_TWO_JOBS, ""),
        (_raced(JOBS, ABC), "lost to nobody"),
        (_raced(JOBS, ABC, ABD), "2 double bookings"),
        (_raced(JOBS, ABC, DEF, named="b-0-5"), "not told who won"),
        (replace(_TWO_JOBS, confirmed=dict([*_TWO_JOBS.confirmed.items()][:-1])), "not those"),
        (replace(_TWO_JOBS, confirmed=_TWO_JOBS.confirmed | {7: ("b-0-1-3", "d-1")}), "not those"),
        (replace(_TWO_JOBS, held=[*_TWO_JOBS.held, "b-0-1-3"]), "7 bookings were held, and 6"),
    ],
)  # fmt: skip
def test_a_broken_law_is_told(made: Race, broken: str) -> None:
    laws = list(made.broken_laws())
    assert any(broken in law for law in laws) if broken else not laws, laws
