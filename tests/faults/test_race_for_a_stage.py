"""64 processes want the same days of one stage: one gets them, 63 learn who did.

Meanwhile 8 processes append what concerns nobody, without a condition, and a subscriber
follows the log from its first event to its last.
"""

from __future__ import annotations

from collections import defaultdict
from multiprocessing import get_context
from typing import Any

from ledger.application import Author, Ledger
from ledger.events import BookingConfirmed, MilestonePlanned
from ledger.events.base import Header
from tests.faults.racing import (
    FIRST_DAY,
    PATIENCE_S,
    append_without_condition,
    book_same_days,
    command,
    subscribe,
)

RACERS = 64
ROUNDS = 50
WRITERS = 8


def test_one_of_64_gets_the_days_in_each_of_50_rounds(ledger_url: str) -> None:
    _open_the_studio(ledger_url)
    outcomes, appended, seen = _race(ledger_url)

    with Ledger.open(ledger_url) as ledger:
        entries = list(ledger.log.stream())
    positions = [entry.position for entry in entries]
    assert positions == list(range(1, len(entries) + 1))
    assert seen == positions
    assert len([e for e in entries if isinstance(e.event, MilestonePlanned)]) == sum(appended) + 1

    confirmed = {e.position: e.event for e in entries if isinstance(e.event, BookingConfirmed)}
    assert len(confirmed) == ROUNDS
    for number, round_outcomes in outcomes.items():
        won = [o for o in round_outcomes if o[1] == "won"]
        lost = [o for o in round_outcomes if o[1] != "won"]
        assert len(won) == 1, f"round {number}: {round_outcomes}"
        winner, _, position, _ = won[0]
        assert confirmed[position].booking == f"b-{number}-{winner}"
        assert len(lost) == RACERS - 1
        for _, kind, in_the_way, message in lost:
            assert kind == "refused", message
            assert in_the_way == position
            assert f"b-{number}-{winner}" in message


def _open_the_studio(url: str) -> None:
    author = Author("admin")
    with Ledger.create(url, origin="test/race", author=author) as ledger:
        for fields in (
            {"do": "site add", "site": "campus", "name": "Campus", "zone": "Asia/Shanghai"},
            {
                "do": "space add",
                "space": "stage-1",
                "site": "campus",
                "name": "Stage 1",
                "kind": "stage",
                "area_m2": 3000,
                "in_service_on": "2020-01-01",
            },
            {
                "do": "project open",
                "project": "the-race",
                "title": "The race",
                "kind": "feature",
                "on": "2020-01-01",
            },
        ):
            ledger.decide(command(ledger, **fields), author)


def _race(url: str) -> tuple[dict[int, list[Any]], list[int], list[int]]:
    """Run everybody; the outcomes by round, the writers' counts, the subscriber's positions."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.racing"])
    bookings, counts, positions = context.Queue(), context.Queue(), context.Queue()
    start, stop, last = context.Barrier(RACERS), context.Event(), context.Value("q", 0)
    watcher = context.Process(target=subscribe, args=(url, last, positions))
    writers = [
        context.Process(target=append_without_condition, args=(url, n, stop, counts))
        for n in range(WRITERS)
    ]
    racers = [
        context.Process(target=book_same_days, args=(url, n, ROUNDS, start, bookings))
        for n in range(RACERS)
    ]
    everybody = [watcher, *writers, *racers]
    try:
        for process in everybody:
            process.start()
        outcomes: dict[int, list[Any]] = defaultdict(list)
        for _ in range(RACERS * ROUNDS):
            number, *outcome = bookings.get(timeout=PATIENCE_S)
            outcomes[number].append(tuple(outcome))
        stop.set()
        appended = [counts.get(timeout=PATIENCE_S) for _ in writers]
        with Ledger.open(url) as ledger:
            # One more event after all others: the subscriber ends when it has seen it.
            ended = MilestonePlanned(project="the-race", milestone="over", on=FIRST_DAY)
            last.value = ledger.log.head() + 1
            ledger.log.append([(ended, Header(actor="admin"))])
        seen = positions.get(timeout=PATIENCE_S)
        for process in everybody:
            process.join(PATIENCE_S)
            assert process.exitcode == 0
    finally:
        for process in everybody:
            if process.is_alive():
                process.kill()
    return outcomes, appended, seen
