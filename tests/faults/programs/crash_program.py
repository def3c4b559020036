"""Programs that keep views and are killed: `python -m tests.faults.programs.crash_program`.

Everything is imported once; then each line on stdin (an `Order`) is carried out by a process
of its own, forked from here, which SIGKILL ends: at a step of its own, or after a while, in the
middle of whatever it does. A line on stdout says what came of it: `killed`, or `done`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from ledger_bookings import Bookings
from ledger_calendar import Calendar
from ledger_equipment import Equipment
from ledger_projects import Projects
from ledger_spaces import Spaces
from ledger_utilization import Utilization
from msgspec import Struct
from sqlalchemy import Engine, event

from ledger.events import STUDIO_EVENTS, Registry
from ledger.events.base import RecordedEvent
from ledger.log.eventlog import EventLog, open_log
from ledger.log.store.store_urls import Place
from ledger.projections import Projection, Table
from ledger.projections.engine.store import views_place
from ledger.projections.querying.live_views import Views

PROJECTIONS: tuple[type[Projection], ...] = (
    Bookings, Calendar, Equipment, Projects, Spaces, Utilization,
)  # fmt: skip


class Order(Struct, frozen=True):
    """What to do, and when to die of it.

    `version` is that of the projections' code. `rebuild` names the projections to build
    anew; without any, catch up. Killed at engine step `step`, or after `seconds`. `among`
    narrows the steps to the statements with these words.
    """

    ledger: str
    version: int
    batch: int
    rebuild: list[str]
    step: int | None
    among: str
    seconds: float | None


class Steps:
    """Counts what the engine does, and ends the process at the n-th thing."""

    def __init__(self, last: int | None, among: str) -> None:
        self._left = last
        self._among = among

    def __call__(self, *happened: Any) -> None:
        """One step."""
        # the third of what SQLAlchemy tells is the statement
        if self._among and not (len(happened) > 2 and self._among in str(happened[2])):
            return
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Step before and after each statement (BEGIN and COMMIT are some) and each write to
        a table."""
        event.listen(Engine, "before_cursor_execute", self)
        event.listen(Engine, "after_cursor_execute", self)
        for name in ("edit", "put", "delete"):
            setattr(Table, name, self._before(getattr(Table, name)))

    def _before(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            self()
            return method(*args)

        return counted


class StepLog:
    """The log; each event taken from it is a step."""

    def __init__(self, log: EventLog, step: Steps) -> None:
        self._log = log
        self._step = step
        self.registry = log.registry

    def head(self) -> int:
        """The last position."""
        return self._log.head()

    def stream(self, after: int = 0, until: int | None = None) -> Iterator[RecordedEvent]:
        """The events."""
        for entry in self._log.stream(after, until):
            self._step()
            yield entry

    def lines(self, after: int = 0, until: int | None = None) -> Iterator[bytes]:
        """Their lines."""
        return self._log.lines(after, until)


def carry_out(order: Order) -> None:
    """What a program does until it is killed."""
    steps = Steps(order.step, order.among)
    steps.watch()
    for projection in PROJECTIONS:
        projection.version = order.version
    log = open_log(order.ledger, Registry(STUDIO_EVENTS))
    place = views_place(Place.parse(order.ledger))
    views = Views(StepLog(log, steps), PROJECTIONS, place, batch=order.batch)
    if order.rebuild:
        views.rebuild(order.rebuild)
    else:
        views.catch_up()
    views.close()
    log.close()


def main() -> None:
    """Carry out orders until there are no more."""
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                carry_out(order)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        if order.seconds is not None:
            time.sleep(order.seconds)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            print("killed", flush=True)
        else:
            print("done" if os.WEXITSTATUS(status) == 0 else "failed", flush=True)


if __name__ == "__main__":
    main()
