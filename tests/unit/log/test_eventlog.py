"""The typed log: reading, appending against a boundary, following, time, lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger.errors import (
    BadInput,
    BoundaryBroken,
    LedgerExists,
    LineTooLong,
    NoLedger,
    StorageFailure,
)
from ledger.events import STUDIO_EVENTS, LedgerOpened, ProjectClosed, ProjectOpened
from ledger.events.base import Boundary, Event, Header, Query, Registry, UnknownEvent
from ledger.log.eventlog import EventLog, create_log, open_log, restore_log
from ledger.log.store.sqlite_recovery import WrittenMeanwhile
from ledger.time.periods import ManualClock

START = datetime(2025, 7, 1, 12, tzinfo=UTC)
ANA = Header(actor="ana")
STUDIO = Registry(STUDIO_EVENTS)
OPENED = LedgerOpened(origin="ledger.test", format=1, demo=False, zone="UTC")


class CrateLost(Event, frozen=True):
    """A plugin's event."""

    type_name = "plugin.CrateLost"
    crate: str

    def tags(self) -> tuple[str, ...]:
        return (f"crate:{self.crate}",)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def log(ledger_url: str, clock: ManualClock) -> Iterator[EventLog]:
    with closing(create_log(ledger_url, STUDIO, (OPENED, ANA), clock=clock)) as made:
        yield made


def project(id: str, title: str = "片名 🎬") -> tuple[ProjectOpened, Header]:
    return ProjectOpened(project=id, title=title, kind="feature", on=date(2025, 7, 1)), ANA


def test_a_new_log_begins_with_its_first_event(log: EventLog, ledger_url: str) -> None:
    assert log.last() == (1, START)
    assert [entry.event for entry in log.stream()] == [OPENED]
    with pytest.raises(LedgerExists):
        create_log(ledger_url, STUDIO, (OPENED, ANA))
    with closing(open_log(ledger_url, STUDIO)) as again:
        assert again.head() == 1


def test_an_event_comes_back_as_it_was_recorded(log: EventLog, clock: ManualClock) -> None:
    clock.advance(timedelta(hours=1))
    header = Header(actor="ana", reason="why", request="k-1", digest="d", batch="x-1")
    (answered,) = log.append([(project("p")[0], header)])
    (stored,) = log.read([Query(("project:p",))])
    for entry in (answered, stored):
        assert entry.position == 2
        assert entry.recorded_at == START + timedelta(hours=1)
        assert entry.type == "ProjectOpened"
        assert entry.event == project("p")[0]
        assert entry.tags == ("project:p", "request:k-1", "batch:x-1")
        assert (entry.actor, entry.reason, entry.request) == ("ana", "why", "k-1")
        assert (entry.digest, entry.batch, entry.corrects, entry.schema) == ("d", "x-1", None, 1)


def test_a_boundary_is_broken_only_by_events_that_answer_it(log: EventLog) -> None:
    asked = (Query(("project:p",), ("ProjectOpened",)),)
    log.append([project("q")], Boundary(asked, 1))
    closed = ProjectClosed(project="p", on=date(2025, 7, 2), outcome="completed")
    log.append([(closed, ANA)], Boundary(asked, 1))
    log.append([project("p")], Boundary(asked, 1))
    with pytest.raises(BoundaryBroken):
        log.append([project("p")], Boundary(asked, 3))
    log.append([project("r")], Boundary(asked, 4))
    log.append([project("s")], Boundary((), 0))
    assert log.head() == 6


def test_reads_are_bounded_both_ways(log: EventLog) -> None:
    log.append([project(f"p{n}") for n in range(10)])
    every = [Query((), ("ProjectOpened",))]
    seen = [e.position for e in log.read(every, after=3, until=9, limit=3, newest_first=True)]
    assert seen == [9, 8, 7]
    assert [e.position for e in log.read([], after=9)] == [10, 11]
    either = [Query(("project:p1",)), Query(("project:p7",)), Query(("project:p1",))]
    assert [e.position for e in log.read(either)] == [3, 9]
    assert list(log.read([Query(("project:none",))])) == []


def test_a_stream_ends_at_the_head_it_began_with(log: EventLog) -> None:
    log.append([project("p")])
    stream = log.stream()
    next(stream)
    log.append([project("q")])
    assert [entry.position for entry in stream] == [2]


def test_an_unknown_event_is_kept(log: EventLog, ledger_url: str) -> None:
    log.append([(CrateLost(crate="c-1"), ANA)])
    entry = list(log.stream())[-1]
    assert isinstance(entry.event, UnknownEvent)
    assert bytes(entry.event.payload) == b'{"crate":"c-1"}'
    knowing = Registry([*STUDIO_EVENTS, CrateLost])
    with closing(open_log(ledger_url, knowing)) as again:
        assert list(again.stream())[-1].event == CrateLost(crate="c-1")
        assert list(again.lines()) == list(log.lines())


def test_a_position_by_time(log: EventLog, clock: ManualClock) -> None:
    for n in range(20):
        if n % 3 == 0:
            clock.advance(timedelta(minutes=1))
        log.append([project(f"p{n}")])
    times = [entry.recorded_at for entry in log.stream()]
    tick = timedelta(microseconds=1)
    for instant in {t + d for t in times for d in (-tick, timedelta(0), tick)}:
        assert log.position_at(instant) == sum(t <= instant for t in times)


def test_a_log_is_restored_byte_for_byte(log: EventLog, ledger_url: str, tmp_path: Any) -> None:
    log.append([project(f"p{n}") for n in range(5)])
    lines = list(log.lines())
    assert [line.split(b",")[1] for line in lines] == [b'"position":%d' % n for n in range(1, 7)]
    there = tmp_path / "restored.db"
    with closing(restore_log(there, STUDIO, (line + b"\n" for line in lines))) as restored:
        assert list(restored.lines()) == lines
        assert list(restored.tag_index.entries()) == list(log.tag_index.entries())


def test_a_restore_is_complete_or_not_at_all(log: EventLog, tmp_path: Any) -> None:
    log.append([project("p")])
    first, second = log.lines()
    there = tmp_path / "restored.db"
    backwards = second.replace(b"2025-07-01T12", b"2025-07-01T11")
    for lines, message in (
        ([first, b"{"], "line 2: not a line"),
        ([second], "line 1: it holds #2"),
        ([first, first], "line 2: it holds #1"),
        ([first, backwards], "line 2: it was recorded before"),
        ([], "no lines to restore"),
    ):
        with pytest.raises(BadInput, match=message):
            restore_log(there, STUDIO, lines)
        with pytest.raises(NoLedger):
            open_log(there, STUDIO)


def test_a_title_too_long_for_a_line(log: EventLog) -> None:
    with pytest.raises(LineTooLong):
        log.append([project("p"), project("q", "长" * 30_000)])
    assert log.head() == 1


def test_damage_is_named_with_its_position(
    log: EventLog, by_hand: Callable[[str], list[Any]], ledger_url: str
) -> None:
    log.append([project("p"), project("q"), project("r")])
    if "://" in ledger_url:
        by_hand("ALTER TABLE event DISABLE TRIGGER ALL")
        damage = "convert_to('{', 'UTF8')"
    else:
        for name in ("event_no_update", "event_no_delete"):
            by_hand(f"DROP TRIGGER {name}")
        damage = "CAST('{' AS BLOB)"
    by_hand(f"UPDATE event SET data = {damage} WHERE position = 4")
    with pytest.raises(StorageFailure, match=r"#4 of .* is damaged"):
        list(log.stream())
    by_hand("DELETE FROM event WHERE position = 3")
    with pytest.raises(StorageFailure, match="#3 is missing"):
        list(log.lines())
    with pytest.raises(StorageFailure, match="names #3, which is missing"):
        list(log.read([Query(("project:q",))]))


def test_following_sees_what_another_log_records(log: EventLog, ledger_url: str) -> None:
    with closing(open_log(ledger_url, STUDIO)) as other, log.follow() as following:
        assert next(following).event == OPENED
        timer = threading.Timer(0.15, lambda: other.append([project("p")]))
        timer.start()
        assert next(following).position == 2
        timer.join()


def test_following_a_query_sees_only_matching_events(log: EventLog) -> None:
    with log.follow([Query(("project:b",)), Query((), ("ProjectClosed",))]) as following:
        log.append([project("a"), project("b")])
        assert next(following).position == 3
        log.append([project(f"c{n}") for n in range(600)])  # more than a buffer holds
        log.append([(ProjectClosed(project="a", on=date(2025, 8, 1), outcome="completed"), ANA)])
        assert next(following).position == 604


def test_a_follower_continues_after_the_file_was_written_to_during_a_read(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that cannot create files beside it reads it as immutable, and waits for changes."""
    with closing(create_log(sqlite_url, STUDIO, (OPENED, ANA))) as log:
        head, looks = log._recorder.head, iter(["written to", "", "written to"])

        def looked() -> int:
            if next(looks, ""):
                raise WrittenMeanwhile(
                    "written to while it was read", advice="Run the command again"
                )
            return head()

        monkeypatch.setattr(log._recorder, "head", looked)
        with log.follow() as following:
            assert next(following).event == OPENED
            log.append([project("a")])
            assert next(following).position == 2
        assert next(looks, None) is None


def test_a_follower_that_waits_can_be_stopped(log: EventLog) -> None:
    following = log.follow(after=1)
    timer = threading.Timer(0.1, following.stop)
    timer.start()
    began = time.monotonic()
    assert list(following) == []
    assert time.monotonic() - began < 1
    timer.join()
    with pytest.raises(StopIteration):
        next(following)


def test_the_types_of_a_tag_come_from_the_index(log: EventLog) -> None:
    assert log.types_of("project:p") == ()
    closed = ProjectClosed(project="p", on=date(2025, 7, 2), outcome="completed")
    log.append([project("p"), (closed, ANA), project("q"), (CrateLost(crate="p"), ANA)])
    assert log.types_of("project:p") == ("ProjectClosed", "ProjectOpened")
    assert log.types_of("project:") == ()
    assert log.types_of("crate:p") == ("plugin.CrateLost",)
    assert log.types_of("project:\0") == (), "no event has what no database can store"
