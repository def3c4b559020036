"""Answers never come from views of another history or ledger, nor from rows of other code."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from ledger.errors import StaleView, StorageFailure
from ledger.events import STUDIO_EVENTS, Event, LedgerOpened, Registry
from ledger.events.base import RecordedEvent, Upcaster
from ledger.log.eventlog import EventLog, create_log, open_log
from ledger.log.store.store_urls import Place
from ledger.plugin import Projection, Row, key, on, table, view
from ledger.projections.engine import store as stores
from ledger.projections.engine.store import ViewStore, views_place
from ledger.projections.querying.live_views import Answer, Views
from ledger.time.periods import ManualClock
from tests.unit.projections.conftest import AUTHOR, OpenViews, Record
from tests.unit.projections.sample import CrewHours, SampleLog, shoot_day
from tests.unit.projections.test_lifecycle import counting, counts

STILL = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))
"""A clock that was ahead and set back: recorded time stands still meanwhile."""


def begun(where: str | Path, *events: Event, zone: str = "UTC") -> EventLog:
    """A new log with these events."""
    opened = LedgerOpened(origin="test", format=1, demo=False, zone=zone)
    log = create_log(where, Registry(STUDIO_EVENTS), (opened, AUTHOR), clock=STILL)
    if events:
        log.append([(event, AUTHOR) for event in events])
    return log


class Branches:
    """One ledger, restored from an older copy several times; its views stay."""

    def __init__(self, folder: Path) -> None:
        self._path, self._copy = folder / "studio.db", folder / "copy.db"
        begun(self._path, shoot_day("a", 1)).close()
        shutil.copy(self._path, self._copy)
        self._open: list[tuple[Views, EventLog]] = []

    def other(self, projection: type[Projection], *spaces: str) -> Views:
        """The views of the copy with further events."""
        self.close()
        shutil.copy(self._copy, self._path)
        log = open_log(self._path, Registry(STUDIO_EVENTS), clock=STILL)
        log.append([(shoot_day(space, 1), AUTHOR) for space in spaces])
        views = Views(log, [projection], views_place(Place.parse(self._path)))
        self._open.append((views, log))
        return views

    def close(self) -> None:
        """Do nothing: it is not open."""
        while self._open:
            views, log = self._open.pop()
            views.close()
            log.close()


@pytest.fixture
def branches(tmp_path: Path) -> Iterator[Branches]:
    branches = Branches(tmp_path)
    yield branches
    branches.close()


# --- another history ---------------------------------------------------------------------


@pytest.mark.parametrize("common", [[], ["c", "d"]], ids=["at the head", "before the head"])
def test_rows_of_a_lost_branch_are_built_anew(branches: Branches, common: list[str]) -> None:
    count = counting()
    branches.other(count, "lost", *common).catch_up()
    views = branches.other(count, "other", *common)
    with pytest.raises(StaleView, match="cannot answer yet"):
        views.answer("counts", fresh=False)
    (status,) = views.status()
    assert (status.state, status.position) == ("new", 0)
    assert counts(views.answer("counts")) == dict.fromkeys(["a", "other", *common], 1)


def test_a_quarantine_of_a_lost_branch_ends_with_it(branches: Branches) -> None:
    broken = counting(bad=frozenset({"lost"}))
    assert branches.other(broken, "lost", "b").answer("counts").stale_since == 3
    answer = branches.other(broken, "other", "b").answer("counts")
    assert (answer.stale_since, counts(answer)) == (None, {"a": 1, "other": 1, "b": 1})


def test_a_rebuild_that_stops_early_still_takes_over_from_a_lost_branch(
    branches: Branches,
) -> None:
    broken = counting(bad=frozenset({"bad"}))
    branches.other(broken, *("b" * 9)).catch_up()
    answer = branches.other(broken, "bad", "b").answer("counts")
    assert (answer.as_of, answer.stale_since, counts(answer)) == (2, 3, {"a": 1})


# --- another ledger ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ledger", "views"),
    [
        ("studio.db", "studio.views.db"),
        ("studio", "studio.views.db"),
        ("campus.2025", "campus.2025.views.db"),
        ("campus.2026.db", "campus.2026.views.db"),
        ("studio.sqlite", "studio.sqlite.views.db"),
        (".db", ".views.db"),
    ],
)
def test_views_are_beside_the_log_under_its_whole_name(ledger: str, views: str) -> None:
    assert views_place(Place.parse(f"/ledgers.d/{ledger}")).path == Path("/ledgers.d") / views


def test_two_ledgers_that_share_one_place_answer_each_with_its_own(tmp_path: Path) -> None:
    count, shared = counting(), tmp_path / "shared.views.db"
    logs = [begun(tmp_path / name, shoot_day(name, 1), zone=zone) for name, zone in CAMPUSES]
    one, other = (Views(log, [count], shared) for log in logs)
    assert counts(one.answer("counts")) == {"2025": 1}
    with pytest.raises(StaleView):
        other.answer("counts", fresh=False)
    for log in logs:  # from here on, both would end in equal lines
        log.append([(shoot_day("same", n), AUTHOR) for n in range(40)])
    for _ in range(2):
        assert counts(one.answer("counts")) == {"2025": 1, "same": 40}
        assert counts(other.answer("counts")) == {"2026": 1, "same": 40}
    for views, log in zip((one, other), logs, strict=True):
        views.close()
        log.close()


CAMPUSES = (("2025", "UTC"), ("2026", "Asia/Shanghai"))


def test_views_are_not_put_into_a_ledger(tmp_path: Path) -> None:
    begun(tmp_path / "studio.views.db").close()
    log = begun(tmp_path / "studio.db")
    before = (tmp_path / "studio.views.db").read_bytes()
    with pytest.raises(StorageFailure, match="is a ledger, but its name is needed for views"):
        Views(log, [CrewHours], tmp_path / "studio.views.db").catch_up()
    assert (tmp_path / "studio.views.db").read_bytes() == before
    log.close()


def test_tables_of_an_earlier_form_are_dropped(
    open_views: OpenViews, record: Record, views_at: Place
) -> None:
    record([shoot_day("a", 1)])
    open_views(counting()).catch_up()
    store = ViewStore(views_at)
    with store.writing() as connection:
        prefix = f'"{store.schema}".' if store.schema else ""
        connection.exec_driver_sql(f"ALTER TABLE {prefix}progress DROP COLUMN tail")
    store.close()
    assert stores.kept_at(views_at) == {}
    assert counts(open_views(counting()).answer("counts")) == {"a": 1}


# --- what today can read -----------------------------------------------------------------


class Seen(Event, frozen=True):
    """An event of a plugin that comes and goes."""

    type_name = "tests.Seen"
    what: str

    def tags(self) -> tuple[str, ...]:
        return ()


class Sight(Row):
    """Something seen."""

    what: str = key()


class Sights(Projection):
    """The sights."""

    sights = table(Sight)

    @on(Seen)
    def seen(self, event: Seen, entry: RecordedEvent) -> None:
        """Keep it."""
        self.sights.put(Sight(event.what))

    @view("Sights")
    def all_sights(self) -> list[Sight]:
        """All."""
        return self.sights.rows()


def told(answer: Answer) -> tuple[list[str], int]:
    """The sights, and how many events were skipped."""
    return [row.what for row in answer.rows], answer.unread  # type: ignore[attr-defined]  # rows of Sight


def test_a_type_that_becomes_readable_is_read(tmp_path: Path) -> None:
    log = SampleLog([Seen("crane")], Seen)
    without = SampleLog()
    without.stored = log.stored
    place = tmp_path / "studio.views.db"
    for current, expected in ((without, ([], 1)), (log, (["crane"], 0)), (without, ([], 1))):
        views = Views(current, [Sights], place)
        assert told(views.answer("all-sights")) == expected
        assert told(views.answer("all-sights", as_of=1)) == expected
        views.close()


def test_a_fixed_upcaster_is_used(tmp_path: Path) -> None:
    place = tmp_path / "studio.views.db"
    for upcaster, expected in ((broken, ([], 1)), (mended(tmp_path), (["crane"], 0))):
        log = SampleLog([], later(upcaster))
        log.add_raw("tests.Seen", b'{"actor":"a","schema":1,"payload":{"name":"crane"}}')
        views = Views(log, [Sights], place)
        assert told(views.answer("all-sights")) == expected
        views.close()


def later(upcaster: Upcaster) -> type[Event]:
    """The type in its second schema."""

    class Seen2(Seen, frozen=True):
        type_name = "tests.Seen"
        schema = 2
        upcasters = {1: upcaster}  # noqa: RUF012  # a ClassVar of the base

    return Seen2


def broken(payload: dict[str, Any]) -> dict[str, Any]:
    """An upcaster that fails."""
    return {"what": payload["title"]}


def mended(folder: Path) -> Upcaster:
    """The same upcaster, fixed: in the plugin's file as it is now."""
    file = folder / "mended.py"
    file.write_text("def mended(payload):\n    return {'what': payload['name']}\n")
    names: dict[str, Any] = {}
    exec(compile(file.read_text(), file, "exec"), names)  # as the plugin host does
    upcaster: Upcaster = names["mended"]
    return upcaster


# --- the disk of the views ---------------------------------------------------------------


def test_a_full_disk_of_views_says_that_the_log_is_safe(tmp_path: Path) -> None:
    log = SampleLog([shoot_day(f"space-{n}", n) for n in range(2_000)])
    views = Views(log, [CrewHours], tmp_path / "studio.views.db")
    store = views._store()
    sqlalchemy.event.listen(
        store.engine, "connect", lambda opened, _: opened.execute("PRAGMA max_page_count = 12")
    )
    store.engine.dispose()
    with pytest.raises(StorageFailure, match=r"the disk of .*studio\.views\.db is full") as failure:
        views.catch_up()
    views.close()
    assert "Nothing was recorded" not in str(failure.value)
    assert "The recorded events are safe" in str(failure.value)
