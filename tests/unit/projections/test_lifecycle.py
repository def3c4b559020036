"""Quarantine, rebuild and swap, on both databases."""

import pytest
from sqlalchemy import inspect

from ledger.errors import StaleView
from ledger.events import ProjectOpened, RecordedEvent, ShootDayReported
from ledger.log.store.store_urls import Place
from ledger.plugin import Projection, Row, key, on, table, view
from ledger.projections import HandlerFailed, fold
from ledger.projections.engine.store import ViewStore
from ledger.projections.querying.live_views import Answer, ViewFailed, Views
from tests.unit.projections.conftest import OpenViews, Record
from tests.unit.projections.sample import CrewHours, SampleLog, Tally, project, shoot_day


def counting(
    *, version: int = 1, bad: frozenset[str] = frozenset(), step: int = 1
) -> type[Projection]:
    """A projection that counts shoot days per space, and fails on some spaces."""

    class Count(Projection):
        tallies = table(Tally)

        @on(ShootDayReported)
        def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
            row = self.tallies.edit(event.space)
            row.count += step
            if event.space in bad:
                raise ValueError(f"cannot take {event.space}")

        @view("Counts")
        def counts(self) -> list[Tally]:
            return self.tallies.rows()

    Count.version = version
    return Count


def counts(answer: Answer) -> dict[str, int]:
    """The rows of the view `counts`."""
    return {row.what: row.count for row in answer.rows}  # type: ignore[attr-defined]  # rows of Tally


def tables(place: Place) -> set[str]:
    """The existing database tables."""
    store = ViewStore(place)
    found = set(inspect(store.engine).get_table_names(schema=store.schema))
    store.close()
    return found - {"progress"}


# --- quarantine --------------------------------------------------------------------------


def test_a_handler_that_raises_stops_its_own_projection_only(
    open_views: OpenViews, record: Record
) -> None:
    record([shoot_day("a", 1), shoot_day("a", 2), shoot_day("b", 3), shoot_day("a", 4)])
    views = open_views(counting(bad=frozenset("b")), CrewHours)
    answer = views.answer("counts")
    assert counts(answer) == {"a": 2}, "the half-done event left nothing"
    assert (answer.as_of, answer.stale_since) == (3, 4)
    assert views.answer("crew-hours").as_of == 5
    quarantined, live = views.status()
    assert (quarantined.state, quarantined.position, quarantined.lag_positions) == (
        "quarantined", 3, 2,
    )  # fmt: skip
    failure = quarantined.failure
    assert failure is not None
    assert (failure.plugin, failure.version) == ("tests", 1)
    assert (failure.position, failure.type) == (4, "ShootDayReported")
    assert failure.error == "ValueError: cannot take b"
    assert "in reported" in failure.traceback
    assert live.state == "live"


def test_a_quarantined_answer_is_that_of_a_replay(open_views: OpenViews, record: Record) -> None:
    record([shoot_day(s, n) for n, s in enumerate("aabac")])
    broken = counting(bad=frozenset("b"))
    live = open_views(broken).answer("counts")
    assert open_views(broken, kept=False).answer("counts").rows == live.rows
    assert open_views(broken).answer("counts", as_of=6).stale_since == 4
    assert open_views(broken).answer("counts", as_of=3).stale_since is None


def test_quarantine_lasts_until_the_code_changes(open_views: OpenViews, record: Record) -> None:
    record([shoot_day("b", 1)])
    broken, mended = counting(bad=frozenset("b")), counting(version=2)
    assert open_views(broken).answer("counts").stale_since == 2
    record([shoot_day("a", 2)])
    assert open_views(broken).answer("counts").as_of == 1
    answer = open_views(mended).answer("counts")
    assert (answer.as_of, answer.stale_since, counts(answer)) == (3, None, {"a": 1, "b": 1})


def test_rows_that_cannot_be_kept_are_the_writers_fault(
    open_views: OpenViews, record: Record
) -> None:
    class Odd(Projection):
        tallies = table(Tally)

        @on(ShootDayReported)
        def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
            self.tallies.edit(event.space).count += 1 if event.space == "a" else 0.5  # type: ignore[assignment]  # the mistake

        @view("Odd")
        def odd(self) -> list[Tally]:
            return self.tallies.rows()

    record([shoot_day("a", 1), shoot_day("b", 1), shoot_day("a", 2)])
    for kept in (True, False):
        answer = open_views(Odd, kept=kept).answer("odd")
        assert counts(answer) == {"a": 1}
        assert answer.stale_since == 3
        assert answer.failure is not None
        assert "Tally.count cannot hold 0.5" in answer.failure.error


def test_state_outside_the_tables_is_refused() -> None:
    class Stateful(Projection):
        tallies = table(Tally)

        @on(ProjectOpened)
        def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
            self.count = 1

    with pytest.raises(HandlerFailed, match=r"sets self\.count"):
        fold(Stateful, SampleLog([project("p-1")]).stream())


def test_a_view_that_raises_names_its_plugin(open_views: OpenViews, record: Record) -> None:
    record([shoot_day("a", 1, hours=0.0)])
    views = open_views(CrewHours)
    with pytest.raises(ViewFailed, match="the view shares of the plugin tests failed: ZeroDiv"):
        views.answer("shares")


def test_unreadable_events_are_counted_not_hidden() -> None:
    log = SampleLog([shoot_day("a", 1)])
    log.add_raw("ShootDayReported", b'{"actor":"later","schema":9,"payload":{"new":1}}')
    log.add_raw("gone.Plugin", b'{"actor":"gone","schema":1,"payload":{"x":1}}')
    answer = Views(log, [CrewHours]).answer("crew-hours")
    assert (len(answer.rows), answer.as_of, answer.unread) == (1, 3, 1)


# --- rebuild -----------------------------------------------------------------------------


def test_a_new_version_is_built_beside_and_swapped(
    open_views: OpenViews, record: Record, views_at: Place
) -> None:
    record([shoot_day("a", 1)])
    assert counts(open_views(counting()).answer("counts")) == {"a": 1}
    new = open_views(counting(version=2, step=10))
    assert counts(new.answer("counts", fresh=False)) == {"a": 1}, "the old tables answer"
    assert counts(new.answer("counts")) == {"a": 10}
    assert tables(views_at) == {"count__tallies__g2"}


def test_the_old_version_answers_until_the_new_one_is_whole(
    open_views: OpenViews, record: Record, views_at: Place
) -> None:
    record([shoot_day("a", n) for n in range(30)])
    open_views(counting()).catch_up()
    new = open_views(counting(version=2, step=10), batch=10)
    other = open_views(counting(version=2, step=10))
    seen = []

    def look(position: int, head: int) -> None:
        seen.append(counts(other.answer("counts", fresh=False)))
        (status,) = other.status()
        assert (status.state, status.rebuilt_to) == ("rebuilding", position)

    new.catch_up(progress=look)
    assert seen == [{"a": 30}] * 4
    assert counts(other.answer("counts", fresh=False)) == {"a": 300}


class Stop(Exception):
    """The power fails."""


def test_an_interrupted_rebuild_is_resumed(
    open_views: OpenViews, record: Record, views_at: Place
) -> None:
    record([shoot_day("a", n) for n in range(30)])
    open_views(counting()).catch_up()
    new = open_views(counting(version=2, step=10), batch=10)
    with pytest.raises(Stop):
        new.catch_up(progress=_stop)
    assert tables(views_at) == {"count__tallies__g1", "count__tallies__g2"}
    (status,) = new.status()
    assert status.rebuilt_to == 10
    assert counts(open_views(counting(version=2, step=10)).answer("counts")) == {"a": 300}
    assert tables(views_at) == {"count__tallies__g2"}


def test_an_interrupted_rebuild_on_demand_is_finished_by_the_next_question(
    open_views: OpenViews, record: Record, views_at: Place
) -> None:
    record([shoot_day("a", n) for n in range(30)])
    views = open_views(counting(), batch=10)
    views.catch_up()
    with pytest.raises(Stop):
        views.rebuild(progress=_stop)
    (status,) = open_views(counting()).status()
    assert (status.state, status.rebuilt_to) == ("rebuilding", 10)
    later = open_views(counting())
    assert counts(later.answer("counts")) == {"a": 30}
    (status,) = later.status()
    assert (status.state, status.rebuilt_to) == ("live", None)
    assert tables(views_at) == {"count__tallies__g2"}


def test_an_interrupted_rebuild_of_other_code_is_dropped(
    open_views: OpenViews, record: Record, views_at: Place
) -> None:
    record([shoot_day("a", n) for n in range(30)])
    open_views(counting()).catch_up()
    with pytest.raises(Stop):
        open_views(counting(version=2, step=10), batch=10).catch_up(progress=_stop)
    assert counts(open_views(counting(version=3, step=100)).answer("counts")) == {"a": 3000}
    assert tables(views_at) == {"count__tallies__g3"}


def _stop(position: int, head: int) -> None:
    raise Stop


def test_rebuild_on_demand(open_views: OpenViews, record: Record, views_at: Place) -> None:
    record([shoot_day("a", 1)])
    views = open_views(counting())
    views.catch_up()
    store = ViewStore(views_at)
    with store.writing() as connection:
        name = f'"{store.schema}".' if store.schema else ""
        connection.exec_driver_sql(f"UPDATE {name}count__tallies__g1 SET count = 99")
    store.close()
    assert counts(views.answer("counts")) == {"a": 99}
    views.rebuild(["count"])
    assert counts(views.answer("counts")) == {"a": 1}
    assert tables(views_at) == {"count__tallies__g2"}


def test_a_rebuild_that_fails_leaves_the_old_tables(open_views: OpenViews, record: Record) -> None:
    record([shoot_day("a", 1), shoot_day("b", 2)])
    open_views(counting()).catch_up()
    worse = open_views(counting(version=2, step=10, bad=frozenset("a")))
    answer = worse.answer("counts")
    assert counts(answer) == {"a": 1, "b": 1}
    assert (answer.as_of, answer.stale_since) == (3, 4)
    assert worse.status()[0].state == "quarantined"
    mended = open_views(counting(version=3, step=100)).answer("counts")
    assert (counts(mended), mended.stale_since) == ({"a": 100, "b": 100}, None)


class Wide(Row):
    """A row with one column more than a Tally."""

    what: str = key()
    count: int = 0
    note: str | None = None


class WideCount(Projection):
    """The counting projection, with other columns."""

    name = "count"
    version = 2
    tallies = table(Wide)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """Count, with a note."""
        row = self.tallies.edit(event.space)
        row.count, row.note = row.count + 1, "new"

    @view("Counts")
    def counts(self) -> list[Wide]:
        """All of them."""
        return self.tallies.rows()


def test_changed_columns_wait_for_the_rebuild(open_views: OpenViews, record: Record) -> None:
    record([shoot_day("a", 1)])
    open_views(counting()).catch_up()
    new = open_views(WideCount)
    with pytest.raises(StaleView, match="is being built"):
        new.answer("counts", fresh=False)
    assert new.answer("counts").rows == [Wide("a", 1, "new")]


def test_an_absent_plugins_tables_stay(
    open_views: OpenViews, record: Record, views_at: Place
) -> None:
    record([shoot_day("a", 1)])
    open_views(counting()).catch_up()
    open_views(CrewHours).catch_up()
    assert "count__tallies__g1" in tables(views_at)
