"""Row `sqlite`: durable decisions of one writer on a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ledger.application import Ledger
from tests.benchmarks.holds import AUTHOR, Hold, draw, prepared
from tests.benchmarks.measuring import LIMIT, OURS, PEER_A, PEER_D, Contenders, Goal, Row
from tests.benchmarks.peers.bare import Decider
from tests.benchmarks.peers.classic import Classic
from tests.benchmarks.workspace import Bench

A_ROUND, WARM = 300, 40


@contextmanager
def _contenders(bench: Bench) -> Iterator[Contenders]:
    a_round, campus = bench.size(A_ROUND), bench.campus(20_000)
    with ExitStack() as opened:
        ledger = opened.enter_context(Ledger.open(str(bench.copied(bench.small))))
        holds = prepared(ledger, draw(campus, WARM + a_round * bench.rounds))
        bare = Decider(bench.copied(bench.small))
        opened.callback(bare.close)
        following = Decider(bench.copied(bench.small), follows=True)
        opened.callback(following.close)
        classic = Classic(bench.new("classic.db"), campus)
        opened.callback(classic.close)

        def decide(hold: Hold) -> None:
            ledger.decide(hold.decision, AUTHOR)

        takers = {
            OURS: decide,
            LIMIT: bare.take,
            PEER_A: classic.take,
            PEER_D: following.take,
        }
        yield {name: rate(take, holds, a_round) for name, take in takers.items()}


def rate(
    take: Callable[[Hold], object], holds: Sequence[Hold], a_round: int
) -> Callable[[], float]:
    """A contender that takes the next holds, and says how many a second."""
    coming = iter(holds)
    for _ in range(WARM):
        take(next(coming))

    def one_round() -> float:
        mine = [next(coming) for _ in range(a_round)]
        begun = time.perf_counter()
        for hold in mine:
            take(hold)
        return a_round / (time.perf_counter() - begun)

    return one_round


SQLITE = Row(
    "sqlite",
    "durable decisions, 1 writer, SQLite",
    "/s",
    (Goal(LIMIT, at_least=0.55), Goal(PEER_A, at_least=1.0)),
    _contenders,
)
