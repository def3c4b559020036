"""`diff A B`: what changed between two places in the log, in words and in figures."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.scenarios.july import july
from tests.scenarios.plugin_stories import install
from tests.terminal import Done, Terminal


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A studio in July: nobody here records anything."""
    return july(str(tmp_path_factory.mktemp("july") / "studio.db"))


def things(done: Done) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The changed fields by kind and id."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in done.data["entities"]:
        found.setdefault((row["kind"], row["id"]), []).append(row)
    return found


REPORT = """\
Bookings
  b-7  rescheduled from 2025-07-01..14 to 2025-07-08..21 by ana (#14, "director ill")
       started on 2025-07-08 by ana (#16)
       shoot day 2025-07-08 reported by ana, 12 of 12 setups, 2 3/8 of 3 pages, 10 h (#19, corrects
         #18, "two setups forgotten")

Equipment
  case        moved stage-1 → stage-2 on 2025-07-05 10:00 by chen (#15)
  led-wall-a  moved stage-1 → workshop on 2025-07-03 10:00 by chen, recorded only on 2025-07-09
                (#17, late by 6 days)
  lens        went along in case: stage-1 → stage-2 on 2025-07-05 10:00 by chen (#15)

Projects
  night  milestone picture-wrap withdrawn by wang, it was planned for 2025-07-14 (#20, "the ending
           is shot anew")
"""


def test_two_days_read_like_a_report(terminal: Terminal) -> None:
    """Across a reschedule, a move that was recorded late, and a milestone that is off."""
    done = terminal.must("diff", "2025-06-25", "2025-07-10", "--entities")
    assert done.out == REPORT
    assert done.err == (
        "5 things changed between #13 (2025-06-06 12:00) and #20 (2025-07-10 12:00), "
        "Asia/Shanghai\n"
    )
    assert max(map(len, REPORT.splitlines())) <= 100


def test_what_was_entered_late_and_what_is_to_come(terminal: Terminal) -> None:
    assert (
        terminal.must("diff", "20", "--entities").out
        == """\
Equipment
  led-wall-a  moved to stage-2 on 2025-06-20 08:00, then to stage-1 on 2025-06-22 08:00 by chen,
                recorded only on 2025-07-11 (#21, #22, late by 21 days)
  lens        checked out to 李 for b-7, due 2025-07-22 18:00 by chen (#26)

Spaces
  stage-2  area 1,800 m² → 2,400 m² from 2025-09-01 by ana (#25, "the wall is gone")

Closures
  c-1  new: stage-2, 2025-08-01..05, maintenance by ana (#23)
       cut short from 2025-08-01..05 to 2025-08-01..03 by ana (#24)
"""
    )


def test_what_is_new_is_told_as_it_began(terminal: Terminal) -> None:
    out = terminal.must("diff", "2001-01-01", "--entities").out
    assert "  b-7  new: stage-1 for night, 2025-07-01..14, held by wang (#8)\n" in out
    assert "       rescheduled from 2025-07-01..14 to 2025-07-08..21 by ana (#14" in out
    assert "  led-wall-a  new: LED wall A (LED wall), at stage-1 by chen (#10)\n" in out
    assert "  main  new: Yongchuan, Asia/Shanghai by ana (#2)\n" in out


def test_the_same_facts_for_a_program(terminal: Terminal) -> None:
    done = terminal.must("diff", "13", "20", "--entities", "--json")
    assert done.data["before"] == {"position": 13, "recorded_at": "2025-06-06T04:00:00Z"}
    assert done.data["views"] == []
    found = things(done)
    (period,) = [row for row in found["booking", "b-7"] if row["field"] == "period"]
    assert period["before"]["start"] == "2025-06-30T16:00:00Z"
    assert period["after"]["start"] == "2025-07-07T16:00:00Z"
    assert (period["position"], period["actor"], period["reason"]) == (14, "ana", "director ill")
    (place,) = found["equipment", "led-wall-a"]
    assert (place["before"], place["after"], place["change"]) == ("stage-1", "workshop", "changed")
    assert (place["effective"], place["late_days"]) == ("2025-07-03T02:00:00Z", 6)
    (wrap,) = found["project", "night"]
    assert (wrap["field"], wrap["after"], wrap["change"]) == (
        "planned.picture-wrap", None, "removed",
    )  # fmt: skip
    (lens,) = found["equipment", "lens"]
    assert (lens["via"], lens["position"]) == ("case", 15)


def test_a_way_there_and_back_is_told_though_nothing_differs(terminal: Terminal) -> None:
    (place,) = things(terminal.must("diff", "20", "22", "--json"))["equipment", "led-wall-a"]
    assert (place["change"], place["before"], place["after"]) == ("kept", "workshop", "workshop")
    assert place["positions"] == [21, 22]


def test_the_figures_of_the_views_follow(terminal: Terminal) -> None:
    done = terminal.must("diff", "13", "20", "--json")
    rows = [row for row in done.data["views"] if row["view"] == "bookings"]
    (booking,) = rows
    assert (booking["row"], booking["change"]) == ({"booking": "b-7"}, "changed")
    assert {"column": "first", "before": "2025-07-01", "after": "2025-07-08"} in (
        booking["differences"]
    )
    assert {row["view"] for row in done.data["views"]} >= {"bookings", "equipment", "milestones"}
    table = terminal.must("diff", "13", "20").out
    assert table.startswith(REPORT.partition("Equipment")[0])
    assert "\nView bookings: 1 row changed\n" in table
    assert "b-7" in table.partition("View bookings")[2]


def test_one_part_one_view_one_thing(terminal: Terminal) -> None:
    only = terminal.must("diff", "13", "20", "--views", "--view", "bookings", "--json").data
    assert only["entities"] == []
    assert {row["view"] for row in only["views"]} == {"bookings"}
    narrowed = terminal.must("diff", "13", "20", "--tag", "b-7", "--json")
    assert list(things(narrowed)) == [("booking", "b-7")]
    of_night = things(terminal.must("diff", "13", "20", "--tag", "project:night", "--json"))
    assert list(of_night) == [("booking", "b-7"), ("project", "night")]
    lens = things(terminal.must("diff", "13", "20", "--tag", "lens", "--entities", "--json"))
    assert list(lens) == [("equipment", "lens")], "it lay in a case that moved"
    views = {row["view"] for row in narrowed.data["views"]}
    assert views <= {"shoot-days", "efficiency-by-booking", "custody"}, "those that take a booking"


def test_lines_and_csv(terminal: Terminal) -> None:
    lines = [
        json.loads(line)
        for line in terminal.must("diff", "13", "20", "--format", "jsonl").out.splitlines()
    ]
    assert {line["part"] for line in lines} == {"entity", "view"}
    rows = list(csv.DictReader(io.StringIO(terminal.must("diff", "13", "--format", "csv").out)))
    (place,) = [row for row in rows if row["id"] == "led-wall-a" and row["field"] == "place"]
    assert (place["before"], place["after"]) == ("stage-1", "workshop")


def test_nothing_in_between_is_nothing(terminal: Terminal) -> None:
    done = terminal.must("diff", "20", "20")
    assert done.out == ""
    assert done.err.startswith("nothing changed between #20 (")
    assert terminal.must("diff", "2998-01-01", "2999-01-01").out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("20", "13"), "A (#20) is after B (#13). Give the earlier one first"),
        (("99",), "A: there is no #99"),
        (("1", "99"), "B: there is no #99"),
        ((), "missing argument 'A'"),
        (("1", "--view", "bookingz"), "--view: no view 'bookingz'. Did you mean bookings?"),
        (("1", "--tag", "space:a b"), "--tag: 'space:a b' is not a tag"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    done = terminal.run("diff", *words)
    assert done.code == 2
    assert told in done.err


def test_an_id_that_nobody_knows(terminal: Terminal) -> None:
    done = terminal.run("diff", "1", "--tag", "led-wal-a")
    assert done.code == 1
    assert "Did you mean led-wall-a?" in done.err
    warned = terminal.must("diff", "1", "--tag", "space:stage-3", "--json")
    assert warned.data["entities"] == []
    assert "warning: no space 'stage-3'" in warned.err


def test_without_plugins_the_things_are_told(terminal: Terminal) -> None:
    done = terminal.must("--no-plugins", "diff", "13", "20")
    assert done.out == REPORT
    refused = terminal.run("--no-plugins", "diff", "13", "--views")
    assert refused.code == 2
    assert "Drop --no-plugins" in refused.err


BROKEN = '''
"""Breaks at a move, and in a view."""
from ledger.events import EquipmentMoved, ProjectOpened
from ledger.plugin import Projection, Row, key, on, table, view

class Seen(Row):
    project: str = key()

class Stops(Projection):
    seen = table(Seen)

    @on(ProjectOpened)
    def opened(self, event, entry):
        self.seen.edit(event.project)

    @on(EquipmentMoved)
    def moved(self, event, entry):
        raise ValueError("no wheels")

    @view("What was seen?")
    def stopped(self) -> list[Seen]:
        return self.seen.rows()

class Raises(Projection):
    seen = table(Seen)

    @on(ProjectOpened)
    def opened(self, event, entry):
        self.seen.edit(event.project)

    @view("What cannot be said?")
    def unsaid(self) -> list[Seen]:
        raise ValueError("lost for words")

class Asks(Projection):
    seen = table(Seen)

    @on(ProjectOpened)
    def opened(self, event, entry):
        self.seen.edit(event.project)

    @view("What of one project?")
    def asked(self, project: str) -> list[Seen]:
        return self.seen.rows(project=project)
'''


def test_a_view_that_fails_is_told_and_the_others_go_on(sqlite_url: str) -> None:
    terminal = july(sqlite_url)
    install(terminal, broken=BROKEN)
    done = terminal.run("diff", "5", "20", "--json")
    assert done.code == 5, done.err
    assert {row["view"] for row in done.data["views"]} >= {"bookings", "stopped"}
    assert [row["view"] for row in done.data["failed"]] == ["unsaid"]
    assert "lost for words" in done.err
    assert "stale since #15: ValueError: no wheels" in done.err
    assert "asked" not in {row["view"] for row in done.data["views"]}, "it needs a project"
    of_night = terminal.run("diff", "5", "20", "--tag", "night", "--view", "asked", "--json")
    assert [row["change"] for row in of_night.data["views"]] == ["added"]
    needs = terminal.must("diff", "5", "20", "--view", "asked", "--views")
    assert "not compared: view asked needs project" in needs.err


def test_it_reads_on_postgres_too(postgres_url: str) -> None:
    terminal = july(postgres_url)
    assert terminal.must("diff", "2025-06-25", "2025-07-10", "--entities").out == REPORT
    before = terminal.lines()
    terminal.must("diff", "13", "20")
    assert terminal.lines() == before
