"""`blame ENTITY`: who set each field of a thing, when and why, and what it was before."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.july import july
from tests.terminal import Terminal


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A studio in July: nobody here records anything."""
    return july(str(tmp_path_factory.mktemp("july") / "studio.db"))


def fields(terminal: Terminal, *words: str) -> dict[str, Any]:
    """What `blame` says, by field."""
    return {row["field"]: row for row in terminal.must("blame", *words, "--json").data}


def test_each_field_of_a_booking_names_its_event(terminal: Terminal) -> None:
    found = fields(terminal, "b-7")
    assert {name: row["position"] for name, row in found.items()} == {
        "status": 16, "space": 8, "project": 8, "period": 14, "rank": 9, "units": 8,
        "started_on": 16, "shoot-day.2025-07-08": 19,
    }  # fmt: skip
    moved = found["period"]
    assert (moved["actor"], moved["reason"]) == ("ana", "director ill")
    assert (moved["type"], moved["recorded_at"]) == ("BookingRescheduled", "2025-06-28T04:00:00Z")
    assert moved["before"]["start"] == "2025-06-30T16:00:00Z"
    assert moved["value"]["start"] == "2025-07-07T16:00:00Z"
    report = found["shoot-day.2025-07-08"]
    assert (report["value"]["setups_shot"], report["before"]["setups_shot"]) == (12, 10)
    assert report["corrects"] == 18


def test_a_table_for_a_person(terminal: Terminal) -> None:
    done = terminal.must("blame", "booking:b-7")
    assert done.err == (
        "booking b-7: 8 fields, as of #26, recorded 2025-07-15 12:00 (Asia/Shanghai)\n"
    )
    lines = done.out.splitlines()
    assert lines[0].split() == [
        "Field", "Value", "#", "Recorded", "Effective", "Who", "Why", "Corrects", "#"
    ]  # fmt: skip
    period = next(line for line in lines if line.startswith("period"))
    assert "2025-07-08..2025-07-21" in period
    assert "director ill" in period
    assert "12 of 12 setups, 2 3/8 of 3 pages, 10 h" in done.out


def test_the_place_is_that_of_the_latest_move_not_of_the_latest_note(terminal: Terminal) -> None:
    place = fields(terminal, "led-wall-a")["place"]
    assert (place["value"], place["position"]) == ("workshop", 17)
    assert place["effective"] == "2025-07-03T02:00:00Z"
    history = terminal.must("blame", "led-wall-a", "--field", "place", "--json").data
    assert [(row["value"], row["position"], row["stands"]) for row in history] == [
        ("stage-1", 10, None), ("stage-2", 21, "late"), ("stage-1", 22, "late"),
        ("workshop", 17, "now"),
    ]  # fmt: skip
    assert [row["before"] for row in history] == [None, "stage-1", "stage-2", "stage-1"]
    by_then = fields(terminal, "led-wall-a", "--as-of", "2025-07-08")["place"]
    assert (by_then["value"], by_then["position"]) == ("stage-1", 10), "nobody had said so yet"


def test_what_lies_in_a_container_is_where_that_is(terminal: Terminal) -> None:
    found = fields(terminal, "lens")
    assert (found["place"]["value"], found["place"]["position"]) == ("stage-2", 15)
    assert found["place"]["via"] == "case"
    assert (found["container"]["value"], found["container"]["position"]) == ("case", 13)
    assert (found["custodian"]["value"], found["booking"]["value"]) == ("李", "b-7")
    assert "stage-2 (in case)" in terminal.must("blame", "lens").out
    assert fields(terminal, "case")["contents"]["value"] == ["lens"]


def test_what_is_to_come_is_told_and_is_not_so_yet(terminal: Terminal) -> None:
    by_then = terminal.must("blame", "stage-2", "--as-of", "25", "--json").data
    areas = [row for row in by_then if row["field"] == "area_m2"]
    assert [(row["value"], row["stands"]) for row in areas] == [
        (1800.0, "now"),
        (2400.0, "to come"),
    ]
    assert "2,400 m² (to come)" in terminal.must("blame", "stage-2", "--as-of", "25").out
    today = terminal.must("blame", "stage-2", "--json").data
    areas = [row for row in today if row["field"] == "area_m2"]
    assert [(row["value"], row["stands"]) for row in areas] == [(2400.0, "now")]


def test_projects_closures_and_sites(terminal: Terminal) -> None:
    wrap = fields(terminal, "night")["planned.picture-wrap"]
    assert (wrap["value"], wrap["before"], wrap["position"]) == (None, "2025-07-14", 20)
    assert "withdrawn" in terminal.must("blame", "night").out
    planned = terminal.must("blame", "night", "--field", "planned", "--json").data
    assert [row["position"] for row in planned] == [7, 20]
    closure = fields(terminal, "c-1")
    assert (closure["status"]["value"], closure["status"]["position"]) == ("cut short", 24)
    assert closure["period"]["before"]["end"] == "2025-08-05T16:00:00Z"
    assert fields(terminal, "site:main")["local_name"]["value"] == "永川"


def test_csv_and_a_file(terminal: Terminal, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(terminal.must("blame", "b-7", "--format", "csv").out)))
    assert next(r for r in rows if r["field"] == "status")["value"] == "started"
    out = tmp_path / "b-7.jsonl"
    terminal.must("blame", "b-7", "-o", str(out))
    assert len(out.read_text(encoding="utf-8").splitlines()) == 8


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("led-wal-a",), 1, "no thing 'led-wal-a' in this ledger. Did you mean led-wall-a?"),
        (("space:stagee-1",), 1, "no space 'stagee-1' in this ledger. Did you mean stage-1"),
        (("bookings:b-7",), 1, "Did you mean booking:b-7?"),
        (("space:stage-1@2025-07",), 2, "Name it: space:stage-1"),
        (("ledger:opened",), 2, "See its events: show ledger:opened"),
        (("b-7", "--field", "perod"), 2, "no field 'perod'. Did you mean period?"),
        (("b-7", "--field", "custodian"), 2, "It has status, space, project"),
        (("b-7", "--as-of", "99"), 2, "--as-of: there is no #99"),
        (("booking:b 7",), 2, "is not a tag"),
    ],
)
def test_what_cannot_be_told_is_refused(
    terminal: Terminal, words: tuple[str, ...], code: int, told: str
) -> None:
    done = terminal.run("blame", *words)
    assert done.code == code
    assert told in done.err
    assert done.out == ""


def test_before_a_thing_was_there_nothing_is_known(terminal: Terminal) -> None:
    done = terminal.must("blame", "b-7", "--as-of", "7", "--json")
    assert done.data == []
    assert done.err == "booking b-7: nothing was known about it as of #7\n"
    assert terminal.run("blame", "b-7", "--as-of", "7", "--field", "period").code == 2


def test_it_needs_no_plugin_and_shows_what_a_plugin_recorded(sqlite_url: str) -> None:
    terminal = july(sqlite_url)
    terminal.must("expo", "announce", "vr", "Worlds 世界", "--project", "night", "--opens-on",
                  "2025-10-01")  # fmt: skip
    position = len(terminal.lines())
    for words in ((), ("--no-plugins",)):
        shown = Terminal(sqlite_url).run(*words, "blame", "expo:vr", "--json")
        (row,) = shown.data
        assert (row["field"], row["position"]) == (f"event.{position}", position)
        assert row["value"]["title"] == "Worlds 世界"
    assert "title Worlds 世界" in terminal.must("blame", "expo:vr").out
    assert fields(terminal, "night")[f"event.{position}"]["type"] == "expo.ExpoAnnounced"


def test_it_reads_on_postgres_too(postgres_url: str) -> None:
    terminal = july(postgres_url)
    assert fields(terminal, "led-wall-a")["place"]["position"] == 17
    assert fields(terminal, "night")["planned.picture-wrap"]["position"] == 20
