"""Jobs and series on the command line: several ids, each for itself, what a job's id shows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.terminal import Terminal, studio

DAYS = ("--days", "2027-03-01..2027-03-05")
HOLD = ("booking", "hold", "stage-1", "stage-2", "wild")
WEEKLY = (
    "booking", "hold", "stage-1", "wild", "--days", "2027-03-01", "--every", "week",
    "--until", "2027-03-29", "--booking", "tv", "--confirm",
)  # fmt: skip


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A campus, two stages, a project, a firm booking and a hold; a job of both stages."""
    terminal = studio(sqlite_url)
    terminal.must(*HOLD, *DAYS, "--booking", "tour")
    return terminal


def batch(*commands: dict[str, Any]) -> str:
    return "".join(json.dumps(command) + "\n" for command in commands)


def moved(booking: str, space: str) -> dict[str, Any]:
    return {"do": "booking move", "booking": booking, "space": space}


# --- several ids -------------------------------------------------------------------------


def test_commands_take_several_ids_or_a_job(terminal: Terminal) -> None:
    assert "booking confirmed (tour-1, tour-2)" in terminal.must("booking", "confirm", "tour").err
    april = ("--days", "2027-04-01..2027-04-05")
    both = terminal.must("booking", "move", "tour-1", "tour-2", *april, "--json").data
    assert len({row["batch"] for row in both}) == 1
    off = terminal.must("booking", "cancel", "tour", "b-1", "--reason", "the strike").err
    assert "booking cancelled (tour-1, tour-2, b-1)" in off


def test_one_that_is_refused_leaves_all_as_they_are(terminal: Terminal) -> None:
    before = terminal.lines()
    done = terminal.run("booking", "release", "tour-1", "b-1")
    assert (done.code, "booking 'b-1' is confirmed, not held" in done.err) == (1, True)
    assert terminal.lines() == before


def test_what_was_done_under_a_request_is_not_done_twice(terminal: Terminal) -> None:
    keyed = ("booking", "confirm", "tour", "--request", "k")
    terminal.must(*keyed)
    assert "already done" in terminal.must(*keyed).err
    assert terminal.run("booking", "confirm", "tour-1", "tour-2", "--request", "k").code == 1


# --- a batch by its end --------------------------------------------------------------------


def test_a_swap_in_a_file(terminal: Terminal) -> None:
    terminal.must("booking", "confirm", "tour")
    swap = [moved("tour-1", "stage-2"), moved("tour-2", "stage-1")]
    terminal.must("apply", "-", stdin=batch(*swap))
    rows = terminal.must("booking", "list", "--job", "tour", "--json").data
    assert [(row["booking"], row["space"]) for row in rows] == [
        ("tour-2", "stage-1"),
        ("tour-1", "stage-2"),
    ]


def test_a_swap_that_does_not_work_out_is_refused_at_its_line(terminal: Terminal) -> None:
    terminal.must("booking", "confirm", "tour")
    terminal.must("booking", "hold", "stage-1", "wild", "--days", "2027-06-01", "--booking", "solo")
    before = terminal.lines()
    note = {"do": "booking change", "booking": "b-1", "note": "quiet, please"}
    lines = batch(note, moved("tour-1", "stage-2"), moved("solo", "stage-2"))
    done = terminal.run("apply", "-", stdin=lines)
    assert done.code == 1
    assert "error: line 2: space 'stage-2' is confirmed for booking 'tour-2'" in done.err
    assert terminal.lines() == before
    swap = batch(moved("tour-1", "stage-2"), moved("tour-2", "stage-1"))
    each = terminal.run("apply", "-", "--each", "--json", stdin=swap)
    assert [row["outcome"] for row in each.data] == ["refused", "refused"]


# --- series --------------------------------------------------------------------------------


def test_a_series_is_recorded_as_one(terminal: Terminal) -> None:
    assert "recorded" in terminal.must(*WEEKLY[:-3], "--booking", "tv").err
    rows = terminal.must("booking", "list", "--job", "tv", "--json").data
    assert [row["first"] for row in rows] == [f"2027-03-{day:02}" for day in (1, 8, 15, 22, 29)]


def test_all_or_none_lists_what_stands_in_the_way(terminal: Terminal) -> None:
    terminal.must("booking", "confirm", "tour")
    before = terminal.lines()
    done = terminal.run(*WEEKLY)
    assert done.code == 1
    assert done.err.startswith(
        "error: 1 of 5 bookings cannot be made, so none is: stage-1 on 2027-03-01: space 'stage-1'"
    )
    assert terminal.lines() == before


def test_each_for_itself_and_again(terminal: Terminal) -> None:
    terminal.must("booking", "confirm", "tour")
    foreseen = terminal.run(*WEEKLY, "--each", "--dry-run", "--json")
    assert [row["outcome"] for row in foreseen.data] == ["refused", *["would be recorded"] * 4]
    done = terminal.run(*WEEKLY, "--each", "--request", "k", "--json")
    assert done.code == 1
    assert [(row["booking"], row["space"], row["when"], row["outcome"]) for row in done.data] == [
        ("tv-1", "stage-1", "2027-03-01", "refused"),
        *((f"tv-{n}", "stage-1", f"2027-03-{7 * n - 6:02}", "recorded") for n in (2, 3, 4, 5)),
    ]
    again = terminal.run(*WEEKLY, "--each", "--request", "k", "--json")
    assert [row["outcome"] for row in again.data] == ["refused", *["repeated"] * 4]
    assert "4 repeated, 1 refused" in again.err


def test_each_fits_a_narrow_screen(terminal: Terminal) -> None:
    shown = terminal.on_screen(*WEEKLY, "--each", columns=80)
    listed = terminal.on_screen("booking", "list", columns=80)
    for line in (*shown.out.splitlines(), *listed.out.splitlines()):
        assert len(re.sub(r"\x1b\[[\d;]*m", "", line)) <= 80


@pytest.mark.parametrize(
    ("words", "saying"),
    [
        ((*HOLD, *DAYS, "--each"), "need a name. Name their job with --booking ID"),
        (("booking", "hold", "stage-1", "wild", *DAYS, "--each"), "only one booking"),
        ((*HOLD, *DAYS, "--each", "--booking", "x", "--job", "tour"), "two jobs are named"),
        ((*HOLD, *DAYS, "--every", "week"), "both --every and --until"),
        ((*HOLD, *DAYS, "--every", "fortnight", "--until", "2027-09-01"), "'2 weeks' or month"),
        ((*HOLD, *DAYS, "--every", "week", "--until", "someday"), "--until: 'someday'"),
        (("booking", "hold", "wild", *DAYS), "missing argument"),
        (("booking", "cancel"), "missing argument"),
    ],
)
def test_bad_input_records_nothing(terminal: Terminal, words: Any, saying: str) -> None:
    before = terminal.lines()
    done = terminal.run(*words)
    assert (done.code, saying in done.err) == (2, True), done.err
    assert "Traceback" not in done.err
    assert terminal.lines() == before


def test_until_is_said_from_the_first_day_on(terminal: Terminal) -> None:
    done = terminal.must(*WEEKLY[:8], "--until", "mon", "--booking", "tv")
    assert "--until mon is Mon 2027-03-01" in done.err


# --- a job's id ----------------------------------------------------------------------------


def test_a_jobs_id_shows_the_history_of_its_bookings(terminal: Terminal) -> None:
    terminal.must("booking", "confirm", "tour-2")
    for words in (("booking", "show", "tour"), ("show", "job:tour"), ("show", "tour")):
        rows = terminal.must(*words, "--json").data
        assert [(row["type"], row["about"]) for row in rows] == [
            ("BookingHeld", "booking:tour-1"),
            ("BookingHeld", "booking:tour-2"),
            ("BookingConfirmed", "booking:tour-2"),
        ]
    tagged = terminal.must("log", "--tag", "job:tour", "--json").data
    assert [row["about"] for row in tagged] == ["booking:tour-1", "booking:tour-2"]


@pytest.mark.parametrize(
    "words",
    [("booking", "confirm", "toru"), ("booking", "show", "toru"), ("show", "job:toru"),
     (*HOLD, *DAYS, "--job", "toru"), ("log", "--tag", "job:toru"),
     ("booking", "list", "--job", "toru")],
)  # fmt: skip
def test_a_mistyped_job_is_guessed(terminal: Terminal, words: Any) -> None:
    assert "Did you mean tour" in terminal.run(*words).err


def test_a_command_for_one_booking_names_those_of_the_job(terminal: Terminal) -> None:
    done = terminal.run("booking", "report", "tour", "--setups-shot", "3")
    assert (done.code, "Name one of its bookings: tour-1, tour-2" in done.err) == (1, True)
    assert terminal.run("blame", "tour").code == 2


def test_blame_knows_the_job_of_a_booking(terminal: Terminal) -> None:
    fields = {row["field"]: row["value"] for row in terminal.must("blame", "tour-1", "--json").data}
    assert fields["job"] == "tour"


def test_the_day_is_that_of_the_site_of_its_newest_booking(terminal: Terminal) -> None:
    terminal.must("booking", "confirm", "tour")
    done = terminal.run("booking", "start", "tour", "--on", "today")
    assert "(Europe/Berlin)" in done.err
