"""A replay of several projections: one reading, separate failures, and each event's changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest

from ledger.errors import BadInput, StorageFailure
from ledger.events import ProjectOpened, ShootDayReported
from ledger.events.base import RecordedEvent
from ledger.log.eventlog import EventLog
from ledger.plugin import Projection, Row, key, on, table, view
from ledger.projections import BadPlugin
from ledger.projections import replay as folded
from ledger.projections.querying.replaying import NEAREST, Replay
from ledger.projections.querying.stepping import steps
from tests.unit.projections.conftest import Record
from tests.unit.projections.sample import (
    CrewHours,
    SampleLog,
    SpaceMonth,
    Tally,
    project,
    shoot_day,
)


class CountedLog(SampleLog):
    """A log that counts the events that are read from it."""

    read = 0

    def stream(self, after: int = 0, until: int | None = None) -> Iterator[RecordedEvent]:
        """The events in order, each counted."""
        for entry in super().stream(after, until):
            self.read += 1
            yield entry


class Touchy(Projection):
    """Fails on a project named bad."""

    seen = table(Tally)

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Count first, so that a failure leaves half an event."""
        self.seen.edit("all").count += 1
        if event.project == "bad":
            raise ValueError("no such thing")

    @view("What was seen?")
    def what_was_seen(self) -> list[Tally]:
        """The sights."""
        return self.seen.rows()


class Hasty(Projection):
    """Writes a value that its column cannot hold, and repairs it with the next project."""

    tallies = table(Tally)

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Write a fraction for a while."""
        row = self.tallies.edit("all")
        row.count = 2.5 if event.project == "odd" else 7  # type: ignore[assignment]  # the fault under test

    @view("What was counted?")
    def hasty_count(self) -> list[Tally]:
        """The counts."""
        return self.tallies.rows()


class When(Row):
    """An instant."""

    project: str = key()
    at: datetime = datetime(2000, 1, 1, tzinfo=UTC)


class Clocked(Projection):
    """Keeps the present of each event."""

    whens = table(When)

    @on(ProjectOpened)
    def opened(self, event: ProjectOpened, entry: RecordedEvent) -> None:
        """Keep when."""
        now = self.now
        assert now is not None
        self.whens.edit(event.project).at = now

    @view("When was it?")
    def whens_of_projects(self) -> list[When]:
        """When."""
        return self.whens.rows()


def _log(count: int = 300) -> CountedLog:
    days = (shoot_day(f"stage-{n % 3}", n % 28) for n in range(count - 2))
    return CountedLog([project("one"), *days, project("two")])


def test_the_log_is_read_once_for_all_projections() -> None:
    log = _log()
    replay = Replay(log, [CrewHours, Touchy, Hasty])
    assert replay.go(299) == 299
    assert log.read == 299
    assert replay.go(300) == 1
    assert log.read == 300, "going forward folds on"
    assert replay.go(300) == 0
    assert log.read == 300
    by_name = {one.projection: one for one in replay.standings()}
    assert by_name["crew-hours"].handled == 300
    assert by_name["touchy"].handled == 2
    assert by_name["crew-hours"].rows == 4
    assert {one.position for one in by_name.values()} == {300}


def test_going_back_folds_from_the_start_or_from_kept_rows() -> None:
    log = _log()
    forgetful, keeping = Replay(log, [CrewHours]), Replay(log, [CrewHours], keeps=True)
    for replay in (forgetful, keeping):
        replay.go(300)
    assert forgetful.go(299) == 299
    assert keeping.go(299) == NEAREST - 1
    assert keeping.go(292) == 0, "rows were kept at that place"
    assert keeping.go(291) == 291 - (300 - NEAREST**2)
    assert keeping.go(290) == NEAREST - 1, "and were kept anew on that way"
    assert keeping.go(3) == 3, "before all that was kept"
    assert keeping.go(0) == 0
    assert keeping.answer("crew-hours", {}).rows == []
    assert keeping.place is None


class Loose(Projection):
    """Writes a whole number where its column has fractions."""

    months = table(SpaceMonth)

    @on(ShootDayReported)
    def reported(self, event: ShootDayReported, entry: RecordedEvent) -> None:
        """Whole hours."""
        self.months.edit(event.space, f"{event.day:%d}").hours = int(event.shooting_hours)

    @view("Whole hours by space and day")
    def whole_hours(self) -> list[SpaceMonth]:
        """Hours."""
        return self.months.rows()


def test_kept_rows_stay_the_same_however_often_they_are_used() -> None:
    log = _log(150)
    log.add_raw("ProjectOpened", b'{"actor":"test","schema":1,"payload":{"project":7}}')
    for day in range(150):
        log.add(shoot_day("stage-1", day % 28))
    head = log.head()
    keeping = Replay(log, [CrewHours, Loose], keeps=True)
    for position in (head, head - 2, head - 7, head, head - 8, head - 3, head - 1, head - 64, head):
        keeping.go(position)
        fresh = Replay(log, [CrewHours, Loose])
        fresh.go(position)
        assert keeping.standings() == fresh.standings()
        assert keeping.standings()[0].unread == 1
        for name in ("crew-hours", "whole-hours"):
            now, then = keeping.answer(name, {}), fresh.answer(name, {})
            assert repr(now.rows) == repr(then.rows), "8.0 is not 8 in JSON"
            assert now.unread == then.unread


def test_a_projection_that_fails_stops_and_the_others_go_on() -> None:
    log = _log(200)
    for event in (project("bad"), project("three"), *(shoot_day("stage-9", n) for n in range(9))):
        log.add(event)
    replay = Replay(log, [CrewHours, Touchy], keeps=True)
    replay.go(log.head())
    assert log.read == log.head() + 200, "again only for the one that stopped, to where it did"
    standing = {one.projection: one for one in replay.standings()}
    assert standing["crew-hours"].position == log.head()
    assert standing["touchy"].position == 200
    assert (standing["touchy"].handled, standing["touchy"].rows) == (2, 1)
    (failure,) = replay.failures()
    assert (failure.position, failure.error) == (201, "ValueError: no such thing")
    answer = replay.answer("what-was-seen", {})
    assert (answer.as_of, answer.stale_since) == (200, 201)
    assert answer.rows == [Tally("all", 2)], "nothing of the event half taken"
    replay.go(150)
    assert list(replay.failures()) == [], "before that event it had not stopped"
    assert replay.answer("what-was-seen", {}).rows == [Tally("all", 1)]
    replay.go(log.head())
    assert len(list(replay.failures())) == 1


def test_a_row_that_a_later_event_mends_stops_a_projection_only_meanwhile() -> None:
    log = CountedLog([project("one"), project("odd"), project("two")])
    for keeps in (False, True):
        replay = Replay(log, [Hasty], keeps=keeps)
        for position in (1, 2, 3, 2, 1, 3):
            replay.go(position)
            as_of = folded(Hasty, log, position)
            assert list(replay.failures()) == ([as_of.failure] if as_of.failure else [])
            answer = replay.answer("hasty-count", {})
            assert (answer.rows, answer.as_of) == (as_of.projection.tallies.rows(), as_of.position)
        assert [f.position for f in Replay(log, [Hasty]).failures()] == []


def test_what_a_view_was_asked_is_forgotten_when_the_fold_goes_on() -> None:
    log = CountedLog([project("one"), project("two")])
    replay = Replay(log, [Clocked])
    replay.go(1)
    replay.answer("whens-of-projects", {}, now=datetime(2030, 1, 1, tzinfo=UTC))
    replay.go(2)
    assert (
        replay.answer("whens-of-projects", {}).rows == folded(Clocked, log).projection.whens.rows()
    )


def test_a_place_beyond_the_end_and_an_unknown_view_are_refused() -> None:
    replay = Replay(_log(10), [CrewHours])
    with pytest.raises(BadInput, match=r"there is no #11\. The log ends at #10"):
        replay.go(11)
    with pytest.raises(BadInput, match="there is no #-1"):
        replay.go(-1)
    with pytest.raises(BadPlugin):
        Replay(_log(1), [CrewHours, type("Other", (CrewHours,), {"name": "crew-hours"})])


def test_a_log_that_fails_leaves_the_replay_at_the_last_event_read() -> None:
    class Broken(CountedLog):
        broken = True

        def stream(self, after: int = 0, until: int | None = None) -> Iterator[RecordedEvent]:
            for entry in super().stream(after, until):
                if self.broken and entry.position == 100:
                    raise StorageFailure("the disk is gone", advice="")
                yield entry

    log = Broken([shoot_day("stage-1", n % 28) for n in range(200)])
    replay = Replay(log, [CrewHours], keeps=True)
    with pytest.raises(StorageFailure):
        replay.go(200)
    assert replay.position == 64, "whole chunks"
    log.broken = False
    replay.go(200)
    assert replay.answer("crew-hours", {}).rows == folded(CrewHours, log).projection.months.rows()


# --- event by event -----------------------------------------------------------------------


def test_a_step_tells_what_the_event_changed_in_the_tables() -> None:
    log = CountedLog([shoot_day("one", 1), shoot_day("one", 2, 4.5), project("one"), project("x")])
    replay = Replay(log, [CrewHours, Touchy])
    replay.go(1)
    second, third, fourth = steps(replay, 4)
    (change,) = second.changes
    assert (change.projection, change.table) == ("crew-hours", "months")
    assert change.row.row == {"space": "one", "month": "2025-01"}
    assert change.row.change == "changed"
    assert {d.column: (d.before, d.after) for d in change.row.differences}["hours"] == (8.0, 12.5)
    assert [(c.table, c.row.change) for c in third.changes] == [
        ("months", "removed"), ("tallies", "added"), ("seen", "added"),
    ]  # fmt: skip
    assert [c.row.change for c in fourth.changes] == ["changed", "changed"]
    assert replay.position == 4
    assert replay.answer("crew-hours", {}).rows == []


def test_a_step_tells_what_the_event_changed_in_a_view() -> None:
    log = CountedLog([shoot_day("one", 1), project("p"), shoot_day("two", 2), shoot_day("one", 3)])
    replay = Replay(log, [CrewHours, Touchy])
    asked = [(replay.views["shares"], {"order": "space"})]
    first, second, third, fourth = steps(replay, 4, asked)
    assert [c.row.change for c in first.changes] == ["added"]
    assert second.changes == (), "the view reads the same"
    assert [(c.row.row, c.row.change) for c in third.changes] == [
        ({"space": "one"}, "changed"), ({"space": "two"}, "added"),
    ]  # fmt: skip
    assert all(change.view for change in fourth.changes)
    assert [column.title for column in fourth.changes[0].columns] == ["Space", "Share of all"]


def test_a_step_stops_a_projection_that_fails() -> None:
    log = CountedLog([project("one"), project("bad"), project("odd"), project("two")])
    replay = Replay(log, [CrewHours, Touchy, Hasty])
    taken = list(steps(replay, 4))
    assert [[f.projection for f in step.failures] for step in taken] == [
        [],
        ["touchy"],
        ["hasty"],
        [],
    ]
    assert [c.projection for c in taken[3].changes] == ["crew-hours"]
    assert [one.position for one in replay.standings()] == [4, 2, 1]
    assert replay.answer("what-was-seen", {}).rows == [Tally("all", 1)]


def test_steps_that_are_not_taken_leave_the_replay_where_they_ended() -> None:
    log = _log(40)
    replay = Replay(log, [CrewHours], keeps=True)
    replay.go(10)
    list(islice(steps(replay, 40), 3))
    assert replay.position == 13
    for position in (20, 13, 40):
        replay.go(position)
        as_of = folded(CrewHours, log, position).projection.months.rows()
        assert replay.answer("crew-hours", {}).rows == as_of


def test_a_replay_of_a_real_log(log: EventLog, record: Record) -> None:
    record([project("one"), *(shoot_day("one", n) for n in range(20)), project("bad")])
    replay = Replay(log, [CrewHours, Touchy])
    replay.go(log.head())
    assert [one.position for one in replay.standings()] == [23, 22]
    handled = [one.handled for one in replay.standings()]
    assert handled == [22, 1]
    assert ShootDayReported.type_name in CrewHours.handlers
