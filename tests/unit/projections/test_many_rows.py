"""Events that touch very many rows, and tables of very many rows, on both databases."""

from collections.abc import Callable, Sequence

import pytest

from ledger.events import ProjectOpened, RecordedEvent, ShootDayReported
from ledger.plugin import Projection, Row, key, on, table, view
from ledger.projections import replay
from ledger.projections import tables as sdk_tables
from ledger.projections.engine import catching_up
from ledger.projections.engine.catching_up import Follower
from ledger.projections.engine.sql_tables import SqlShelf
from tests.unit.projections.conftest import OpenViews, Record
from tests.unit.projections.sample import project, shoot_day


class Hour(Row):
    """A numbered hour."""

    space: str = key()
    hour: int = key()
    count: int = 0


class Hours(Projection):
    """A hundred rows for each shoot day."""

    hours = table(Hour)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """A row for each hour."""
        for hour in range(100):
            self.hours.edit(event.space, hour).count += 1
        if event.shooting_hours < 0:
            raise ValueError("no hours")

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Write a value that no column holds."""
        if event.project == "bad":
            self.hours.edit("bad", 0).count = "many"  # type: ignore[assignment]  # the mistake

    @view("Hours")
    def hour_list(self) -> list[Hour]:
        """All of them."""
        return self.hours.rows()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of each transaction."""
    counts: list[int] = []
    apply: Callable[..., int] = Follower.apply

    def counted(follower: Follower, connection: object, entries: Sequence[RecordedEvent]) -> int:
        counts.append(apply(follower, connection, entries))
        return counts[-1]

    monkeypatch.setattr(Follower, "apply", counted)
    monkeypatch.setattr(catching_up, "MOST_ROWS", 350)
    return counts


def test_a_transaction_ends_where_there_are_enough_rows(
    open_views: OpenViews, record: Record, written: list[int], log: object
) -> None:
    record([shoot_day(f"s-{n}", n) for n in range(20)])
    answer = open_views(Hours).answer("hour-list")
    assert max(written) <= 350 + 100, "it ends with the event that makes it enough"
    assert len(written) > 4
    assert answer.rows == replay(Hours, log).projection.hours.rows()  # type: ignore[arg-type]  # the log of the fixture
    assert answer.as_of == 21
    assert open_views(Hours).status()[0].position == 21


@pytest.mark.parametrize("bad", [shoot_day("bad", 1, hours=-1.0), project("bad")])
def test_a_failure_after_many_rows_leaves_the_prefix(
    open_views: OpenViews, record: Record, written: list[int], bad: object
) -> None:
    record([shoot_day(f"s-{n}", n) for n in range(8)])
    record([bad, shoot_day("z", 1)])  # type: ignore[list-item]  # events of two types
    answer = open_views(Hours).answer("hour-list")
    assert (answer.as_of, answer.stale_since, len(answer.rows)) == (9, 10, 800)


def test_a_table_too_large_to_load_is_read_row_by_row(
    open_views: OpenViews, record: Record, monkeypatch: pytest.MonkeyPatch, log: object
) -> None:
    loaded: list[int | None] = []
    load = SqlShelf.load

    def watch(shelf: SqlShelf[Hour], limit: int) -> list[Hour] | None:
        rows = load(shelf, limit)
        loaded.append(None if rows is None else len(rows))
        return rows

    monkeypatch.setattr(SqlShelf, "load", watch)
    monkeypatch.setattr(sdk_tables, "LOAD_LIMIT", 250)
    for n in range(6):
        record([shoot_day(f"s-{n % 3}", n)])
        views = open_views(Hours)
        assert views.answer("hour-list").rows == replay(Hours, log).projection.hours.rows()  # type: ignore[arg-type]  # the log of the fixture
        views.close()
    refused = [None] * 3  # after 16, 32 and 64 rows
    assert loaded == [100, 200, *refused * 3]


def test_a_second_method_of_one_name_is_refused() -> None:
    with pytest.raises(Exception, match=r"test_many_rows\.py:\d+: .*Twice\.reported is defined tw"):

        class Twice(Projection):
            hours = table(Hour)

            @on(ShootDayReported)
            def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
                pass

            @on(ProjectOpened)  # type: ignore[no-redef]  # the mistake
            def reported(self, event: ProjectOpened, entry: RecordedEvent) -> None:  # noqa: F811 - the mistake
                pass

    with pytest.raises(Exception, match=r"Asked\.list_of is defined twice"):

        class Asked(Projection):
            hours = table(Hour)

            @view("One")
            def list_of(self) -> list[Hour]:
                return []

            @view("Two")  # type: ignore[no-redef]  # the mistake
            def list_of(self) -> list[Hour]:  # noqa: F811 - the mistake
                return []


def test_a_method_may_replace_one_of_a_base_class() -> None:
    class Base(Projection):
        hours = table(Hour)

        @view("One")
        def list_of(self) -> list[Hour]:
            return []

    class Derived(Base):
        @view("Two")
        def list_of(self) -> list[Hour]:
            return []

    assert Derived.views["list-of"].title == "Two"
