"""Explaining: the events behind a row are those after which it read differently."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from msgspec import Struct

from ledger.errors import BadInput
from ledger.events import ProjectOpened, RecordedEvent, ShootDayReported
from ledger.plugin import Projection, Row, key, on, table, view
from ledger.projections import fold
from ledger.projections.projection import Place
from ledger.projections.querying.comparing import RowChange, beginning_with, compare, identity_of
from ledger.projections.querying.live_views import Explanation, Views
from tests.properties.test_projection_laws import LEGAL, Cell, Done, Lab, events
from tests.unit.projections.sample import CrewHours, SampleLog, project, shoot_day


def positions(found: Explanation) -> list[int]:
    """The events that were listed."""
    return [cause.entry.position for cause in found.causes]


def differences(change: RowChange) -> list[tuple[str, Any, Any]]:
    """The changes in a row."""
    return [(d.column, d.before, d.after) for d in change.differences]


# --- the law -----------------------------------------------------------------------------


class Quiet(Lab):
    """Does what its events say and nothing else, so that many events change nothing."""

    @on(Done)
    def done(self, event: Done, entry: RecordedEvent) -> None:
        """One write, or a few."""
        day = date(2025, 1, 1) + timedelta(days=event.day)
        if event.op == "edit":
            self.cells.edit(event.space, day).count += event.number
        elif event.op == "put":
            self.cells.put(Cell(event.space, day, event.number, text=event.text))
        elif event.op == "delete":
            self.cells.delete(event.space, day)
        else:
            for row in self.cells.rows(space=event.space):
                if event.op == "copy space":
                    self.cells.edit("copy", row.on).count = row.count
                else:
                    self.cells.delete(row.space, row.on)


def read(log: SampleLog, position: int, begins: Callable[[Struct], bool]) -> Sequence[Struct]:
    """The rows as they read after an event, on the last day."""
    last = log.last()
    assert last is not None
    projection = fold(Quiet, log.stream(0, position)).projection
    projection.__dict__["_last"] = Place(*last)
    return [row for row in projection.cell_list() if begins(row)]


@given(events(*LEGAL))
def test_an_event_is_listed_if_the_row_read_differently_after_it(done: list[Done]) -> None:
    log = SampleLog(done, Done)
    for wanted in ("a", "copy", "b 2025-01-01"):
        begins = beginning_with(wanted)
        after = [read(log, n, begins) for n in range(len(done) + 1)] if done else [[]]
        changed = [n for n in range(1, len(after)) if after[n] != after[n - 1]]
        if not changed:
            with pytest.raises(BadInput, match="no row of the view cell-list begins with"):
                Views(log, [Quiet]).explain("cell-list", wanted)
            continue
        found = Views(log, [Quiet]).explain("cell-list", wanted)
        assert positions(found) == changed
        assert found.answer.rows == after[-1]
        assert put_together(found) == [
            {name: getattr(row, name) for name in row.__struct_fields__} for row in after[-1]
        ]


def put_together(found: Explanation) -> list[dict[str, Any]]:
    """The changes applied in order, as rows by key."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for change in (change for cause in found.causes for change in cause.changes):
        which = tuple(change.row.values())
        if change.change == "removed":
            assert {d.column: d.before for d in change.differences} | change.row == rows.pop(which)
            continue
        row = rows.setdefault(which, dict(change.row))
        for difference in change.differences:
            assert row.get(difference.column) == difference.before
            row[difference.column] = difference.after
    return [rows[which] for which in sorted(rows)]


# --- what a reader meets -----------------------------------------------------------------


def test_each_change_has_the_column_before_and_after() -> None:
    log = SampleLog([shoot_day("a", 1), shoot_day("b", 1), project("p"), shoot_day("a", 2, 3.0)])
    found = Views(log, [CrewHours]).explain("crew-hours", "a")
    assert positions(found) == [1, 4]
    (first,), (second,) = (cause.changes for cause in found.causes)
    assert (first.change, first.row) == ("added", {"space": "a", "month": "2025-01"})
    assert second.change == "changed"
    assert differences(second)[0] == ("hours", 8.0, 11.0)
    assert [row.space for row in found.answer.rows] == ["a"]  # type: ignore[attr-defined]  # rows of the view's own type


def test_a_row_computed_from_many_others_is_explained_by_all_of_them() -> None:
    log = SampleLog([shoot_day("a", 1), project("p"), shoot_day("b", 1), shoot_day("b", 2)])
    found = Views(log, [CrewHours]).explain("shares", "a")
    assert [(c.entry.position, differences(c.changes[0])) for c in found.causes] == [
        (1, [("share", None, 1.0)]),  # before it the view failed: a share of nothing
        (3, [("share", 1.0, 0.5)]),
        (4, [("share", 0.5, 1 / 3)]),
    ]


def test_a_row_that_is_gone_is_explained_too() -> None:
    log = SampleLog([shoot_day("a", 1), shoot_day("b", 1), project("a"), shoot_day("b", 2)])
    found = Views(log, [CrewHours]).explain("crew-hours", "a")
    assert positions(found) == [1, 3]
    assert found.answer.rows == []
    assert found.causes[-1].changes[0].change == "removed"
    assert positions(Views(log, [CrewHours]).explain("crew-hours", "a", as_of=2)) == [1]


def test_a_key_may_take_several_columns_or_stand_for_several_rows() -> None:
    log = SampleLog([shoot_day("a", 1), shoot_day("a", 40), shoot_day("a", 41)])
    views = Views(log, [CrewHours])
    assert positions(views.explain("crew-hours", "a 2025-02")) == [2, 3]
    both = views.explain("crew-hours", "a")
    assert positions(both) == [1, 2, 3]
    assert [cause.changes[0].row["month"] for cause in both.causes] == [
        "2025-01", "2025-02", "2025-02",
    ]  # fmt: skip
    with pytest.raises(BadInput, match=r"begins with 'z'.*Its rows begin with a"):
        views.explain("crew-hours", "z")
    with pytest.raises(BadInput, match="has no rows"):
        views.explain("crew-hours", "a", as_of=0)
    with pytest.raises(BadInput, match="takes no 'colour'"):
        views.explain("crew-hours", "a", {"colour": "red"})


class Idle(Struct, frozen=True):
    """How long nothing was shot."""

    space: str
    days: int


class Waiting(Row):
    """The last shoot day."""

    space: str = key()
    ordinal: int = 0
    rewritten: int = 0


class Lull(Projection):
    """Days since the last shoot day: every event moves the present on."""

    last = table(Waiting)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """Remember."""
        self.last.edit(event.space).ordinal = event.day.toordinal()

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Write the value that is already there; or raise, as the event says."""
        if event.project == "bad":
            raise ValueError("bad")
        for row in self.last.rows():
            self.last.put(row)

    @view("Idle")
    def idle(self) -> list[Idle]:
        """Today is the day of the last event."""
        assert self.at is not None
        today = self.at.day("UTC").toordinal()
        return [Idle(row.space, today - row.ordinal) for row in self.last.rows()]


def test_passing_time_and_rewriting_a_row_are_not_causes() -> None:
    log = SampleLog([shoot_day("a", 1), *(project("p") for _ in range(40)), shoot_day("a", 0)])
    found = Views(log, [Lull]).explain("idle", "a")
    assert positions(found) == [1, 42]
    assert log.last() is not None
    assert [d for c in found.causes for d in differences(c.changes[0])] == [
        ("days", None, 1), ("days", 1, 2),
    ]  # fmt: skip


def test_a_quarantined_view_is_explained_up_to_where_it_stands() -> None:
    log = SampleLog([shoot_day("a", 1), project("bad"), shoot_day("a", 2)])
    found = Views(log, [Lull]).explain("idle", "a")
    assert positions(found) == [1]
    assert (found.answer.as_of, found.answer.stale_since) == (1, 2)


# --- two places --------------------------------------------------------------------------


def test_two_places_are_compared_row_by_row() -> None:
    log = SampleLog(
        [shoot_day("a", 1), shoot_day("b", 1), shoot_day("b", 2), project("a"), shoot_day("c", 1)]
    )
    views = Views(log, [CrewHours])
    found = views.compare("crew-hours", 2, 5)
    assert [(c.change, c.row["space"]) for c in found.changes] == [
        ("changed", "b"), ("added", "c"), ("removed", "a"),
    ]  # fmt: skip
    assert differences(found.changes[0])[0] == ("hours", 8.0, 16.0)
    assert [c.change for c in views.compare("crew-hours", 5, 2).changes] == [
        "added", "changed", "removed",
    ]  # fmt: skip
    assert views.compare("crew-hours", 3, 3).changes == ()
    assert [c.row["space"] for c in views.compare("crew-hours", 0, 5, {"space": "b"}).changes] == [
        "b"
    ]
    with pytest.raises(BadInput, match="#9 is not recorded"):
        views.compare("crew-hours", 1, 9)


@given(events(*LEGAL), events(*LEGAL))
def test_a_comparison_turns_one_answer_into_the_other(one: list[Done], more: list[Done]) -> None:
    log = SampleLog(one + more, Done)
    found = Views(log, [Quiet]).compare("cell-list", len(one), log.head())
    rows = {(r.space, r.on): as_dict(r) for r in found.before.rows}  # type: ignore[attr-defined]  # rows of Lab
    for change in found.changes:
        which = (change.row["space"], change.row["on"])
        if change.change == "removed":
            del rows[which]
            continue
        assert (which in rows) == (change.change == "changed")
        row = rows.setdefault(which, dict(change.row))
        row.update({d.column: d.after for d in change.differences})
    assert sorted(rows.values(), key=repr) == sorted(map(as_dict, found.after.rows), key=repr)


def as_dict(row: Struct) -> dict[str, Any]:
    """A row by column."""
    return {name: getattr(row, name) for name in row.__struct_fields__}


def test_rows_that_no_column_tells_apart_are_paired_in_order() -> None:
    columns = CrewHours.views["shares"].columns()
    row = Idle("a", 1)
    assert identity_of(columns, [[row, row]]) == ("space", "share")
    names = ("space", "days")
    assert [c.change for c in compare([row, row], [row], names, names)] == ["removed"]
    assert compare([row, row], [row, row], names, names) == []
