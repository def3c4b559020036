"""A real log and the views beside it, on both databases."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from ledger.events import STUDIO_EVENTS, Event, LedgerOpened, Registry
from ledger.events.base import Header
from ledger.log.eventlog import EventLog, create_log
from ledger.log.store.store_urls import Place
from ledger.projections import Projection
from ledger.projections.engine.store import views_place
from ledger.projections.querying.live_views import Views
from ledger.time.periods import ManualClock

AUTHOR = Header(actor="test")


@pytest.fixture
def log(ledger_url: str) -> Iterator[EventLog]:
    """A log with its first event."""
    opened = LedgerOpened(origin="test", format=1, demo=False, zone="UTC")
    clock = ManualClock(datetime(2025, 1, 1, tzinfo=UTC))
    log = create_log(ledger_url, Registry(STUDIO_EVENTS), (opened, AUTHOR), clock=clock)
    yield log
    log.close()


Record = Callable[[Sequence[Event]], None]


@pytest.fixture
def record(log: EventLog) -> Record:
    """Append events."""

    def append(events: Sequence[Event]) -> None:
        log.append([(event, AUTHOR) for event in events])

    return append


@pytest.fixture
def views_at(ledger_url: str) -> Place:
    """Where the views of the log are kept."""
    return views_place(Place.parse(ledger_url))


OpenViews = Callable[..., Views]


@pytest.fixture
def open_views(log: EventLog, views_at: Place) -> Iterator[OpenViews]:
    """Open the views, as another program would."""
    opened: list[Views] = []

    def open_(*projections: type[Projection], kept: bool = True, batch: int = 1_000) -> Views:
        views = Views(log, projections, views_at if kept else None, batch=batch)
        opened.append(views)
        return views

    yield open_
    for views in opened:
        views.close()
