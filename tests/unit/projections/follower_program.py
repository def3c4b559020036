"""A separate program that catches up: `python follower_program.py LOG VIEWS BATCH`.

It says "ready" and starts when it is told to; then it says how often it lost a race.
"""

import sys
import time

from ledger.events import STUDIO_EVENTS, Registry
from ledger.log.eventlog import open_log
from ledger.log.store.store_urls import Place
from ledger.projections.engine.store import views_place
from ledger.projections.querying.live_views import Views
from tests.unit.projections.sample import CrewHours


def tell(position: int, head: int) -> None:
    """Print how far it has come, and give others a turn: SQLite's lock is not fair."""
    print(position, flush=True)
    time.sleep(0.003)


def main(where: str, batch: str) -> None:
    """Catch up once."""
    log = open_log(where, Registry(STUDIO_EVENTS))
    views = Views(log, [CrewHours], views_place(Place.parse(where)), batch=int(batch))
    views.status()
    print("ready", flush=True)
    sys.stdin.readline()
    views.catch_up(progress=tell)
    print("lost", sum(f.lost_races for f in views._followers.values()), flush=True)
    views.close()
    log.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
