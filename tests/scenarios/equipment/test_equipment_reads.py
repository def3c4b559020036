"""A decision about equipment reads as much in its tenth year as in its first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.decisions.base import Context, Decision, Snapshot
from ledger.decisions.equipment.fitness import ServiceEquipment
from ledger.decisions.equipment.items import (
    MoveEquipment,
    PackEquipment,
    RetireEquipment,
    UnpackEquipment,
)
from ledger.decisions.equipment.loans import CheckIn, CheckOut
from ledger.events import (
    BookingConfirmed,
    EquipmentMoved,
    EquipmentRegistered,
    Event,
    SpaceCommissioned,
)
from ledger.events.base import Header, Query, RecordedEvent
from ledger.testing.history import MemoryHistory
from ledger.time.periods import Deadline, Moment, Period

BEGINNING = datetime(2015, 1, 1, tzinfo=UTC)
EVERY = timedelta(hours=4)
"""20,000 moves at that pace take nine years and two months."""

HEADER = Header(actor="guard")


class Counting(MemoryHistory):
    """A history that counts its questions and the events that it returns."""

    def __init__(self) -> None:
        super().__init__()
        self.questions = 0
        self.answered = 0

    def read(
        self,
        queries: Sequence[Query],
        *,
        after: int = 0,
        until: int | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[RecordedEvent]:
        self.questions += len(queries)
        for entry in super().read(
            queries, after=after, until=until, limit=limit, newest_first=newest_first
        ):
            self.answered += 1
            yield entry


def well_travelled(moves: int) -> tuple[Counting, datetime]:
    """A case and a lens; the case went back and forth. The time of its last move."""
    history = Counting()
    stages = ("stage-1", "stage-2")
    period = Period.between(BEGINNING, BEGINNING + timedelta(days=1), "UTC")
    events: list[Event] = [
        SpaceCommissioned(
            space=name,
            site="here",
            zone="UTC",
            name=name,
            kind="stage",
            area_m2=1.0,
            in_service_on=date(2015, 1, 1),
        )
        for name in stages
    ]
    events += [
        BookingConfirmed(booking="b-1", space="stage-1", project="film", period=period),
        *(
            EquipmentRegistered(
                equipment=name, at=BEGINNING, name=name, kind="kit", place="stage-1"
            )
            for name in ("case", "lens")
        ),
        *(
            EquipmentMoved(
                equipment="case",
                at=BEGINNING + n * EVERY,
                origin=stages[(n + 1) % 2],
                destination=stages[n % 2],
                latest=True,
            )
            for n in range(1, moves + 1)
        ),
    ]
    history.append([(event, HEADER) for event in events])
    return history, BEGINNING + moves * EVERY


def cost(history: Counting, decision: Decision, now: datetime) -> tuple[int, int, int]:
    """Return the counts of questions, events read and events recorded, and record them."""
    history.questions = history.answered = 0
    ctx = Context(Snapshot(history, history.head()), now=now, new_id=str, header=HEADER)
    decision.decide(ctx)
    read = history.questions, history.answered, len(ctx.proposals)
    history.append([(proposal.event, HEADER) for proposal in ctx.proposals])
    return read


@pytest.fixture(scope="module")
def travelled() -> dict[int, tuple[Counting, datetime]]:
    return {moves: well_travelled(moves) for moves in (20, 20_000)}


def test_a_life_of_any_length_costs_the_same(
    travelled: dict[int, tuple[Counting, datetime]],
) -> None:
    costs = {}
    for moves, (history, last) in travelled.items():
        now = last + timedelta(days=30)
        due = Deadline((now + timedelta(days=9)).isoformat())
        costs[moves] = [
            cost(history, MoveEquipment(equipment="case", to="stage-2"), now),
            cost(history, MoveEquipment(equipment="case", to="stage-1"), now),
            cost(history, PackEquipment(equipment="lens", container="case"), now),
            cost(history, UnpackEquipment(equipment="lens"), now),
            cost(
                history,
                CheckOut(equipment="case", booking="b-1", custodian="Ana", due_at=due),
                now,
            ),
            cost(history, CheckIn(equipment="case"), now),
            cost(history, ServiceEquipment(equipment="case", kind="repair"), now),
            cost(history, ServiceEquipment(equipment="case", kind="repair", done=True), now),
            cost(history, RetireEquipment(equipment="case"), now),
        ]
    assert costs[20] == costs[20_000]
    # (questions, events read, events recorded): what it is, its newest place, the destination.
    assert costs[20][0] == (3, 3, 1)
    assert max(questions for questions, _, _ in costs[20]) <= 8


def test_a_late_entry_reads_the_months_around_it_and_no_more(
    travelled: dict[int, tuple[Counting, datetime]],
) -> None:
    """A month holds 186 moves at most; between two of them it reads one month, seldom two."""
    history, last = well_travelled(2_000)
    late = BEGINNING + 1_001 * EVERY + timedelta(hours=1)
    there_and_back = MoveEquipment(
        equipment="case",
        to="outside:dock",
        at=Moment(late.isoformat()),
        return_at=Moment((late + timedelta(hours=1)).isoformat()),
    )
    questions, answered, recorded = cost(history, there_and_back, last)
    assert recorded == 2
    assert questions == 5, "what it is, its newest, its first, the month, what was ever in it"
    assert answered <= 3 + 186


def test_a_late_entry_into_a_quiet_year_reads_month_by_month() -> None:
    history, last = well_travelled(1)
    now = last + timedelta(days=720)
    cost(history, MoveEquipment(equipment="case", to="stage-1"), now)
    late = Moment((last + timedelta(days=360)).isoformat())
    back = Moment((last + timedelta(days=361)).isoformat())
    decision = MoveEquipment(equipment="case", to="outside:dock", at=late, return_at=back)
    questions, answered, _ = cost(history, decision, now)
    assert questions <= 3 + 24 + 1, "what it is, the newest, the registration, the months"
    assert answered == 6, (
        "the last move (as newest and in its month), the first, the registration three times"
    )
