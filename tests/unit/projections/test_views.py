"""Views, live and as of a position, on both databases."""

import pytest
from sqlalchemy import event as sqlalchemy_event

from ledger.errors import BadInput
from ledger.log.store.store_urls import Place
from ledger.projections.engine.store import ViewStore
from tests.unit.projections.conftest import OpenViews, Record
from tests.unit.projections.sample import CrewHours, SpaceMonth, project, shoot_day


def test_a_view_answers_what_was_recorded(open_views: OpenViews, record: Record) -> None:
    views = open_views(CrewHours)
    record([shoot_day("a", 1), shoot_day("b", 1), shoot_day("a", 40)])
    answer = views.answer("crew-hours")
    assert [(r.space, r.month, r.hours) for r in answer.rows] == [  # type: ignore[attr-defined]  # rows of the view's own type
        ("a", "2025-01", 8.0), ("a", "2025-02", 8.0), ("b", "2025-01", 8.0),
    ]  # fmt: skip
    assert (answer.as_of, answer.stale_since) == (4, None)
    assert [(c.name, c.title, c.unit, c.key) for c in answer.columns][:3] == [
        ("space", "Space", "", True),
        ("month", "Month", "", True),
        ("hours", "Hours", "h", False),
    ]


def test_live_as_of_and_unkept_answers_are_one(open_views: OpenViews, record: Record) -> None:
    views, reader = open_views(CrewHours), open_views(CrewHours, kept=False)
    asked: list[object] = []
    for step in range(6):
        record([shoot_day(s, step * 20 + n) for n, s in enumerate("abcab")] + [project("a")])
        asked.append(views.answer("crew-hours", {"space": "b"}))
        assert reader.answer("crew-hours", {"space": "b"}) == asked[-1]
    for step, answer in enumerate(asked):
        assert views.answer("crew-hours", {"space": "b"}, as_of=1 + 6 * (step + 1)) == answer


def test_a_deleted_row_is_gone_and_may_come_again(open_views: OpenViews, record: Record) -> None:
    record([shoot_day("a", 1), shoot_day("b", 1)])
    assert len(open_views(CrewHours).answer("crew-hours").rows) == 2
    record([project("a")])  # forgets the space a, whose rows were not in memory
    assert len(open_views(CrewHours).answer("crew-hours").rows) == 1
    record([shoot_day("a", 2, hours=3.0)])
    (row, _) = open_views(CrewHours).answer("crew-hours").rows
    assert isinstance(row, SpaceMonth)
    assert row.hours == 3.0


def test_a_view_of_rows_that_no_table_holds(open_views: OpenViews, record: Record) -> None:
    record([shoot_day("a", 1, hours=1.0), shoot_day("b", 1, hours=3.0)])
    answer = open_views(CrewHours).answer("shares", {"order": "share"})
    assert [(c.name, c.title) for c in answer.columns] == [
        ("space", "Space"),
        ("share", "Share of all"),
    ]
    assert [row.share for row in answer.rows] == [0.25, 0.75]  # type: ignore[attr-defined]  # rows of the view's own type


def test_an_empty_prefix_has_no_rows(open_views: OpenViews) -> None:
    answer = open_views(CrewHours).answer("crew-hours", as_of=0)
    assert (answer.rows, answer.as_of, answer.recorded_at) == ([], 0, None)


def test_what_cannot_be_asked_is_refused(open_views: OpenViews) -> None:
    views = open_views(CrewHours)
    with pytest.raises(BadInput, match=r"no view 'crew-hour'.*Did you mean crew-hours"):
        views.answer("crew-hour")
    with pytest.raises(BadInput, match="takes no 'colour'"):
        views.answer("crew-hours", {"colour": "red"})
    with pytest.raises(BadInput, match="'size' is not a choice"):
        views.answer("shares", {"order": "size"})
    with pytest.raises(BadInput, match="#9 is not recorded"):
        views.answer("crew-hours", as_of=9)
    with pytest.raises(BadInput, match="no projection 'other'"):
        views.rebuild(["other"])


def test_status_tells_the_lag(open_views: OpenViews, record: Record) -> None:
    views = open_views(CrewHours)
    assert [(s.state, s.lag_positions) for s in views.status()] == [("new", 1)]
    views.catch_up()
    record([shoot_day("a", 1)])
    (status,) = views.status()
    assert (status.projection, status.plugin) == ("crew-hours", "tests")
    assert (status.state, status.position, status.lag_positions) == ("live", 1, 1)
    (absent,) = open_views().status()
    assert (absent.projection, absent.state) == ("crew-hours", "absent")


def test_not_fresh_answers_from_what_is_there(open_views: OpenViews, record: Record) -> None:
    views = open_views(CrewHours)
    views.catch_up()
    record([shoot_day("a", 1)])
    assert views.answer("crew-hours", fresh=False).as_of == 1
    assert views.answer("crew-hours").as_of == 2


def _statements(views_at: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    counted: list[str] = []
    opened = ViewStore.__init__

    def watch(store: ViewStore, place: Place) -> None:
        opened(store, place)
        sqlalchemy_event.listen(
            store.engine,
            "before_cursor_execute",
            lambda _c, _cur, statement, *_: counted.append(statement),
        )

    monkeypatch.setattr(ViewStore, "__init__", watch)
    return counted


def test_statements_stop_growing_once_much_of_a_table_is_touched(
    open_views: OpenViews, record: Record, views_at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    record([shoot_day(f"s-{n}", n) for n in range(300)])
    open_views(CrewHours).catch_up()
    counts = []
    counted = _statements(views_at, monkeypatch)
    for touched in (60, 300):
        # every row is in the database and none in memory
        record([shoot_day(f"s-{n}", n) for n in range(touched)])
        counted.clear()
        open_views(CrewHours).catch_up()
        counts.append(len(counted))
    assert counts[0] == counts[1]
    assert counts[1] < 60


def test_a_ledger_that_takes_the_place_of_another_is_noticed(
    open_views: OpenViews, record: Record, views_at: Place
) -> None:
    record([shoot_day("a", 1)])
    views = open_views(CrewHours)
    views.catch_up()
    with ViewStoreOf(views_at) as store, store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {store.prefix}progress SET tail = 'of another'")
        connection.exec_driver_sql(f"DELETE FROM {store.prefix}crew_hours__months__g1")
    assert len(open_views(CrewHours).answer("crew-hours").rows) == 1


class ViewStoreOf(ViewStore):
    """The store itself, to look inside and to tamper."""

    def __enter__(self) -> "ViewStoreOf":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def prefix(self) -> str:
        """The prefix of a table's name."""
        return f'"{self.schema}".' if self.schema else ""


def test_a_projection_that_extends_another_leaves_its_views_alone(
    open_views: OpenViews, record: Record
) -> None:
    class CrewHoursAgain(CrewHours):
        """The same, under a name of its own."""

    record([shoot_day("a", 1)])
    assert CrewHours.views["crew-hours"].projection == CrewHours.name
    assert CrewHoursAgain.views["crew-hours"].projection == CrewHoursAgain.name
    (row,) = open_views(CrewHours).answer("crew-hours").rows
    assert row == open_views(CrewHoursAgain).answer("crew-hours").rows[0]
