"""The machine of the primary stops while eight programs write; the standby takes its place.

Every commit had waited for the standby. So whatever was acknowledged is there afterwards, once,
in its place; who was left without an answer asks again under the same key and gets it. The long
run is `python -m tests.faults.failover`; here are two deaths.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.application import Ledger
from ledger.errors import StorageFailure
from tests.faults.failover import fail_over, open_project, open_the_studio
from tests.postgres_pair import Pair, postgres_pair, until

ROUNDS = 2


@pytest.fixture
def pair() -> Iterator[Pair]:
    with postgres_pair() as made:
        yield made


def test_nothing_acknowledged_is_lost_when_the_primary_dies(pair: Pair, tmp_path: Path) -> None:
    made = fail_over(pair, tmp_path, ROUNDS)
    assert list(made.broken_laws()) == []
    assert len(made.told) > ROUNDS * 90


def test_without_a_standby_to_wait_for_events_are_lost_and_the_checkpoint_tells(
    pair: Pair, tmp_path: Path
) -> None:
    """The counter-example: what the test above would see, had the commits not waited."""
    url = pair.url("studio")
    auditor = open_the_studio(url, tmp_path)
    pair.replicate(how="")
    # The line between the two is cut, as by a network that fails before the machine does.
    pair.standby.set(primary_conninfo="host=/nowhere user=postgres")
    until(
        lambda: pair.primary.ask("SELECT count(*) FROM pg_stat_replication") == (0,),
        "the standby still hears the primary",
    )
    with Ledger.open(url) as ledger:
        for n in range(3):
            open_project(ledger, f"lost-{n}")
        head = ledger.log.head()
        auditor.must("audit", "checkpoint")
        pair.fail_over()
        with pytest.raises(StorageFailure, match="no connection"):
            ledger.log.head()
        assert ledger.log.head() == head - 3
    refused = auditor.must("audit", "checkpoint", code=3)
    assert f"#{head} was signed: 3 events are gone" in refused
    # Also when the ledger has grown over the place: other events are not those that were signed.
    with Ledger.open(url) as ledger:
        for n in range(4):
            open_project(ledger, f"later-{n}")
    said = auditor.must("audit", "checkpoint", code=3)
    assert "are not those that were signed" in said
