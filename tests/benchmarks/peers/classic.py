"""Peer (a): an application of the library eventsourcing, as its documentation writes one.

A month of a stage is an aggregate: loaded from its events, asked for a rank, and saved with an
optimistic lock on its version. It has no tags, no rules of a project or a space, no actor, and no
order of all events that a reader could rely on; so a decision reads and writes less.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.sqlite import SQLiteDatastore

from tests.benchmarks.histories import LAST, Campus, day_of, label
from tests.benchmarks.holds import Hold


class StageMonth(Aggregate):
    """The ladder of a stage in one month."""

    @event("Opened")
    def __init__(self, space: str, month: str) -> None:
        self.space = space
        self.month = month
        self.holds: list[tuple[str, str]] = []

    @staticmethod
    def create_id(space: str, month: str) -> UUID:
        """The same stage and month have the same id."""
        return uuid5(NAMESPACE_URL, f"/stage-months/{space}/{month}")

    def hold(self, booking: str, project: str, first: str, last: str) -> None:
        """Place a hold behind those that overlap it."""
        rank = 1 + sum(
            first <= its_last and its_first <= last for its_first, its_last in self.holds
        )
        self._held(booking, project, first, last, rank, "Asia/Shanghai")

    @event("Held")
    def _held(
        self, booking: str, project: str, first: str, last: str, rank: int, zone: str
    ) -> None:
        self.holds.append((first, last))


class Classic:
    """The application on an SQLite file, with a write-ahead log and synchronous=FULL."""

    def __init__(self, path: Path, campus: Campus) -> None:
        self.path = path
        self.app: Application[UUID] = Application(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": str(path),
            }
        )
        self._set_full()
        for stage in range(campus.stages):
            month = StageMonth(f"stage-{stage}", label(LAST + 1))
            for day in range(1, campus.a_month + 1):
                on = f"{day_of(LAST + 1, day)}"
                month.hold(f"b-{on}-{stage}", f"p-{label(LAST)}-{stage}", on, on)
            self.app.save(month)

    def _set_full(self) -> None:
        """It is SQLite's default; said here, so that a build with another one is no excuse."""
        store: SQLiteDatastore = self.app.recorder.datastore  # type: ignore[attr-defined]  # of the SQLite recorder, which the setting above names
        with store.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous = full")
            cursor.execute("PRAGMA journal_mode")
            assert cursor.fetchone()[0] == "wal"

    def close(self) -> None:
        """Close the file."""
        self.app.close()

    def take(self, hold: Hold) -> None:
        """Load the month, place the hold, save."""
        first, _, last = hold.day.partition("..")
        month = self._month(hold.space, first[:7])
        month.hold(hold.booking, hold.project, first, last or first)
        self.app.save(month)

    def _month(self, space: str, month: str) -> Any:
        try:
            return self.app.repository.get(StageMonth.create_id(space, month))
        except AggregateNotFoundError:
            return StageMonth(space, month)
