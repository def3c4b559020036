"""Many views at two positions: one pass over the log, and a failure stays on its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.errors import BadInput
from ledger.events import ProjectOpened, ShootDayReported
from ledger.events.base import RecordedEvent
from ledger.projections import Projection, Row, key, on, table, view
from ledger.projections.querying.answers import Comparison, ViewFailed
from ledger.projections.querying.live_views import Views
from tests.unit.projections.sample import CrewHours, SampleLog, project, shoot_day


class Title(Row):
    """A project, with a number that a handler may write wrongly."""

    project: str = key()
    length: int = 0


class Titles(Projection):
    """Stops at a project called `stop`, and writes a bad value for one called `bad`."""

    titles = table(Title)

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        row = self.titles.edit(event.project)
        row.length = len(event.project)
        if event.project == "stop":
            raise ValueError("no further")
        if event.project == "bad":
            row.length = "three"  # type: ignore[assignment]  # the fault under test

    @view("Which titles?")
    def title_list(self) -> list[Title]:
        return self.titles.rows()

    @view("Which long titles?")
    def long_titles(self, least: int = 3) -> list[Title]:
        rows = self.titles.rows()
        if not rows:
            raise ValueError("nothing to be long")
        return [row for row in rows if row.length >= least]


class Days(Projection):
    """How many days each space shot: changed in place, row by row."""

    days = table(Title)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        self.days.edit(event.space).length += 1

    @view("How many days?")
    def day_counts(self) -> list[Title]:
        return self.days.rows()


class OnePass(SampleLog):
    """Notes the positions that are read."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]  # as SampleLog takes them
        self.read: list[tuple[int, int | None]] = []

    def stream(self, after: int = 0, until: int | None = None) -> Iterator[RecordedEvent]:
        self.read.append((after, until))
        return super().stream(after, until)


ALL: dict[str, dict[str, int]] = {"title-list": {}, "long-titles": {}, "day-counts": {}}


def changes(found: object) -> list[tuple[str, str]]:
    assert isinstance(found, Comparison), found
    return [(change.change, change.row["project"]) for change in found.changes]


def test_the_log_is_read_once_for_all_views() -> None:
    log = OnePass([project("a"), shoot_day("s", 1), project("abc"), shoot_day("s", 2)])
    views = Views(log, [Titles, Days])
    found = views.compare_all(ALL, 2, 4)
    assert log.read == [(0, 2), (2, 4)]
    assert changes(found["title-list"]) == [("added", "abc")]
    assert changes(found["long-titles"]) == [("added", "abc")]
    assert changes(found["day-counts"]) == [("changed", "s")]
    days = found["day-counts"]
    assert isinstance(days, Comparison)
    assert [d.before for d in days.changes[0].differences] == [1], "what was asked first stays"


def test_each_view_has_its_own_parameters() -> None:
    log = SampleLog([project("ab"), project("abcd")])
    found = Views(log, [Titles]).compare_all({"long-titles": {"least": 4}}, 1, 2)
    assert changes(found["long-titles"]) == [("added", "abcd")]
    with pytest.raises(BadInput, match="takes no 'most'"):
        Views(log, [Titles]).compare_all({"long-titles": {"most": 4}}, 1, 2)
    with pytest.raises(BadInput, match="#3 is not recorded"):
        Views(log, [Titles]).compare_all({"title-list": {}}, 1, 3)


@pytest.mark.parametrize("odd", ["stop", "bad"])
@pytest.mark.parametrize("first", [1, 3])
def test_a_projection_that_stops_stays_before_that_event(odd: str, first: int) -> None:
    """The handler raises, or writes a bad value; before A, or between A and B."""
    log = SampleLog(
        [project("a"), shoot_day("s", 1), project(odd), shoot_day("s", 2), project("c")]
    )
    found = Views(log, [Titles, Days]).compare_all(ALL, first, 5)
    titles = found["title-list"]
    assert isinstance(titles, Comparison)
    assert titles.changes == ()
    assert (titles.after.as_of, titles.after.stale_since) == (2, 3)
    assert changes(found["day-counts"]) == [("added" if first == 1 else "changed", "s")]


def test_a_view_that_raises_does_not_stop_the_others() -> None:
    log = SampleLog([shoot_day("s", 1), project("abc")])
    found = Views(log, [Titles, Days, CrewHours]).compare_all(ALL, 1, 2)
    failed = found["long-titles"]
    assert isinstance(failed, ViewFailed)
    assert "nothing to be long" in failed.message
    assert changes(found["title-list"]) == [("added", "abc")]
    with pytest.raises(ViewFailed):
        Views(log, [Titles]).compare("long-titles", 1, 2)
