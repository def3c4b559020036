"""Rows `replay`, `as-of` and `verify`: all events, or half a million, read from the first one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ledger.application import Ledger
from ledger.projections.querying.live_views import Views
from tests.benchmarks.measuring import LIMIT, OURS, PEER_A, Contenders, Goal, Row
from tests.benchmarks.peers.bare import decode, hash_lines
from tests.benchmarks.peers.classic import Classic
from tests.benchmarks.rows.audited import audited
from tests.benchmarks.workspace import Bench

VIEW = "utilization"
MIDDLE = 500_000
VERIFIED = ("positions", "times", "lines", "tree")


def _rate(count: int, act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return count / (time.perf_counter() - begun)


@contextmanager
def _replaying(bench: Bench) -> Iterator[Contenders]:
    """Every shipped projection into stored tables, which are not there before."""
    with Ledger.open(str(bench.middling), read_only=True) as ledger:
        head = ledger.log.head()
        classic = Classic(bench.new("classic.db"), bench.campus(20_000))
        stored = classic.app.recorder.select_notifications(start=None, limit=100_000)
        mapper = classic.app.mapper

        def replay() -> None:
            place = bench.new("views.db")
            views = Views(ledger.log, bench.extensions.projections, place)
            views.catch_up()
            assert all(status.position == head for status in views.status())
            views.close()
            for left in place.parent.glob(f"{place.name}*"):
                left.unlink()

        def decode_classic() -> None:
            for notification in stored:
                mapper.to_domain_event(notification)

        yield {
            OURS: lambda: _rate(head, replay),
            LIMIT: lambda: _rate(head, lambda: decode(bench.middling, head)),
            PEER_A: lambda: _rate(len(stored), decode_classic),
        }
        classic.close()


@contextmanager
def _as_of(bench: Bench) -> Iterator[Contenders]:
    with Ledger.open(str(bench.huge), extensions=bench.extensions, read_only=True) as ledger:
        middle = min(bench.size(MIDDLE), ledger.log.head() // 2)

        def ask() -> None:
            answer = ledger.view(VIEW, as_of=str(middle))
            assert answer.as_of == middle
            assert list(answer.rows)

        yield {
            OURS: lambda: _rate(middle, ask),
            LIMIT: lambda: _rate(middle, lambda: decode(bench.huge, middle)),
        }


@contextmanager
def _verifying(bench: Bench) -> Iterator[Contenders]:
    with audited(bench.middling, bench.new("audit")) as (audit, key):
        head = audit.ledger.log.head()

        def verify() -> None:
            results = list(audit.verify(audit.evidence(key.verifier), wanted=VERIFIED))
            assert [result.state for result in results] == ["ok"] * len(VERIFIED), results

        yield {
            OURS: lambda: _rate(head, verify),
            LIMIT: lambda: _rate(head, lambda: hash_lines(bench.middling)),
        }


REPLAY = Row(
    "replay",
    "events through all shipped projections into stored views, SQLite",
    "/s",
    (Goal(LIMIT, at_least=0.25), Goal(PEER_A, at_least=2.5)),
    _replaying,
)
AS_OF = Row(
    "as-of",
    f"events behind `view {VIEW} --as-of` the middle of a million",
    "/s",
    (Goal(LIMIT, at_least=0.35),),
    _as_of,
)
VERIFY = Row(
    "verify",
    "events through `audit verify` of lines, order and tree",
    "/s",
    (Goal(LIMIT, at_least=0.5),),
    _verifying,
)
