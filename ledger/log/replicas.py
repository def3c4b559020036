"""Replicas: read-only copies that follow a ledger, and how far behind they are.

Only the ledger itself can tell the lag in events. If it cannot be reached, a PostgreSQL replica
still knows when it last applied a change, and whether it has received more. That does not
measure the lag: an old change may be the newest one there is.
"""

from time import monotonic, sleep
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import text as sql

from ledger.errors import LedgerError, NotALedger
from ledger.events.base import Registry
from ledger.log.eventlog import EventLog, open_log
from ledger.log.store.failures import StorageErrors
from ledger.log.store.store_urls import Place, postgres_engine

_PATIENCE_S = 3
"""Seconds to wait for the ledger itself, so that an answer from the replica comes soon."""


class Applied(NamedTuple):
    """A replica's own state.

    `follows`: whether it is a replica at all (a promoted one is not). `all_received`: whether it
    has applied everything that it received. `seconds`: how long ago the last applied change was
    committed; None if none was applied since it started.
    """

    follows: bool
    all_received: bool
    seconds: float | None


class Standing(Struct, frozen=True):
    """How far a replica is behind its ledger, for an answer at the position `at`.

    `behind` counts the later events of the ledger. It is None if the ledger could not be reached;
    then `unasked` says why, and `applied` is the replica's own state (None for a file).
    """

    where: str
    at: int
    behind: int | None = None
    unasked: str = ""
    applied: Applied | None = None


class Replica:
    """A log read at the replica `where`, compared with the ledger itself if that can be reached.

    Raises `NotALedger` if both can be read and their histories differ. `close` it.
    """

    def __init__(self, log: EventLog, where: str, ledger: str, registry: Registry) -> None:
        self._log = log
        self._where = where
        self._ledger: EventLog | None = None
        self._unasked = ""
        try:
            self._ledger = open_log(_impatient(ledger), registry, read_only=True)
            self._check_same(self._ledger)
        except NotALedger:
            self.close()
            raise
        except LedgerError as error:
            self._unasked = error.message
            self.close()

    def close(self) -> None:
        """Close the ledger itself, but not the replica's log, which the caller opened."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def standing(self, at: int) -> Standing:
        """How far the replica is behind, for an answer at a position."""
        if self._ledger is not None:
            try:
                return Standing(self._log.where, at, behind=max(self._ledger.head() - at, 0))
            except LedgerError as error:  # it became unreachable
                self._unasked = error.message
        return Standing(self._log.where, at, unasked=self._unasked, applied=self._applied())

    def _check_same(self, ledger: EventLog) -> None:
        here, there = self._log.head(), ledger.head()
        # A synchronous standby may show an event a moment before the primary.
        give_up = monotonic() + _PATIENCE_S
        while here > there and monotonic() < give_up:
            sleep(0.05)
            there = ledger.head()
        for position in {1, min(here, there)} - {0}:
            lines = [next(log.lines(position - 1, position)) for log in (self._log, ledger)]
            if lines[0] != lines[1]:
                raise NotALedger(
                    f"{self._log.where} is not a replica of {ledger.where}: "
                    f"#{position} is not the same event",
                    advice="Name its replica, or rebuild this one from it",
                )
        if here > there:
            raise NotALedger(
                f"{self._log.where} has reached #{here}, but {ledger.where} ends at #{there}",
                advice="One of them is an old primary: check which one programs write to",
            )

    def _applied(self) -> Applied | None:
        place = Place.parse(self._where)
        if place.url is None:
            return None
        engine = postgres_engine(place.url, read_only=True)
        try:
            with StorageErrors(place.where), engine.connect() as connection:
                row = connection.execute(sql(_ASKED)).one()
                seconds = None if row[2] is None else float(row[2])
                return Applied(bool(row[0]), bool(row[1]), seconds)
        except LedgerError:
            return None
        finally:
            engine.dispose()


_ASKED = """
SELECT pg_is_in_recovery(),
       coalesce(pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn(), true),
       extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
"""


def _impatient(where: str) -> str:
    """The same place, with a shorter connection timeout."""
    place = Place.parse(where)
    if place.url is None or "connect_timeout" in place.url.query:
        return where
    more = {"connect_timeout": str(_PATIENCE_S), "schema": str(place.schema)}
    return place.url.update_query_dict(more).render_as_string(hide_password=False)
