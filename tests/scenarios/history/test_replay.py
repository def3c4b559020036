"""`replay` from pipes and for programs: any place in the log, and a look around there."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from ledger.log.recorder import SqlRecorder
from ledger.log.rows import StoredRow
from tests.scenarios.history.test_cli_looking import QUARANTINED
from tests.terminal import Done, Terminal, studio

VIEWS = ("bookings", "holds", "spaces", "utilization", "projects", "equipment", "calendar")


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file, of ten events."""
    return studio(sqlite_url)


def said(terminal: Terminal, *lines: str, to: str = "10") -> Done:
    """The end of a replay that was given these lines through a pipe."""
    return terminal.run("replay", "--to", to, stdin="\n".join(lines) + "\n")


def test_without_a_command_it_says_how_far_each_projection_came(terminal: Terminal) -> None:
    done = terminal.must("replay", "--to", "8", "--json")
    by_name = {row["projection"]: row for row in done.data}
    assert by_name["bookings"] == {
        "projection": "bookings", "plugin": "bookings", "version": by_name["bookings"]["version"],
        "events": 4, "rows": 3, "unread": 0, "position": 8, "failure": None,
    }  # fmt: skip
    assert {row["position"] for row in done.data} == {8}
    assert done.err.startswith("Replayed 8 events through 11 projections in 0.")
    assert " a second: as of #8, recorded " in done.err
    assert terminal.must("replay", "--to", "8").out.startswith("Projection")
    assert terminal.must("replay", "--json").data[0]["position"] == 10, "the end, unless told"
    before = terminal.must("replay", "--to", "2001-01-01", "--json")
    assert {row["rows"] for row in before.data} == {0}
    assert "Replayed 0 events through 11 projections" in before.err
    assert "before the first event" in before.err


def test_the_log_is_read_once_for_all_projections(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, read = studio(ledger_url), list[int]()
    rows = SqlRecorder.rows

    def counting(self: SqlRecorder, *args: Any, **given: Any) -> Iterator[StoredRow]:
        for row in rows(self, *args, **given):
            read.append(row[0])
            yield row

    monkeypatch.setattr(SqlRecorder, "rows", counting)
    terminal.must("replay", "--to", "9")
    # the first event says what ledger it is
    assert sorted(read) == [1, *range(1, 10)]


def test_every_view_answers_as_it_does_as_of_there(ledger_url: str) -> None:
    terminal = studio(ledger_url)
    names = [row["view"] for row in terminal.must("view", "--json").data]
    moves = ((5, VIEWS), (10, VIEWS), (8, names), (9, VIEWS[:2]), (3, VIEWS))
    lines, expected = list[str](), ""
    for position, views in moves:
        lines.append(f"goto {position}")
        for name in views:
            lines.append(f"view {name}")
            expected += terminal.must("view", name, "--as-of", str(position), "--json").out
    done = terminal.must("replay", "--json", stdin="\n".join(lines))
    assert done.out == expected


def test_a_view_is_shown_and_it_ends(terminal: Terminal) -> None:
    asked = ("view", "bookings", "--as-of", "8")
    one = terminal.must("replay", "--to", "8", "--view", "bookings", "--json")
    assert one.data == terminal.must(*asked, "--json").data
    assert "through 1 projection " in one.err, "no more than it needs"
    assert "Which bookings are there? as of #8" in one.err
    narrowed = terminal.must("replay", "--to", "8", "--view", "bookings --space stage-2", "--json")
    assert narrowed.data == []
    both = terminal.must("replay", "--to", "8", "--view", "bookings", "--view", "spaces")
    assert (
        both.out == terminal.must(*asked).out + terminal.must("view", "spaces", "--as-of", "8").out
    )
    refused = terminal.run("replay", "--view", "bookings", "--view", "spaces", "--json")
    assert (refused.code, refused.out) == (2, "")
    assert "one view" in refused.err


def test_a_day_means_its_end_and_is_the_present_of_its_views(terminal: Terminal) -> None:
    for place in ("2001-01-01", "2999-01-01"):
        for name in VIEWS:
            then = terminal.must("replay", "--to", place, "--view", name, "--json").out
            assert then == terminal.must("view", name, "--as-of", place, "--json").out


def test_a_file_of_data(terminal: Terminal, tmp_path: Path) -> None:
    terminal.must("replay", "-o", str(tmp_path / "standings.csv"), stdin="next\n")
    (tmp_path / "b.json").write_text("old", encoding="utf-8")
    terminal.must("replay", "--to", "8", "--view", "bookings", "-o", str(tmp_path / "b.json"))
    assert len(json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))) == 1
    standings = csv.DictReader(io.StringIO((tmp_path / "standings.csv").read_text("utf-8")))
    assert {row["position"] for row in standings} == {"10"}
    said(terminal, f"view bookings -o {tmp_path / 'all.json'}", "goto 7",
         f"view bookings -o {tmp_path / 'then.json'}")  # fmt: skip
    assert len(json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))) == 2
    assert len(json.loads((tmp_path / "then.json").read_text(encoding="utf-8"))) == 1


# --- lines from a pipe --------------------------------------------------------------------


def test_one_may_look_and_move_by_lines_of_a_pipe(terminal: Terminal) -> None:
    lines = ("# where are we", "", "next", "back 3", "find b-2", "find bookingconfirmed")
    done = said(terminal, *lines, to="4")
    assert done.out == "", "where one stands are words, and no data that was asked for"
    assert [line.split()[0] for line in done.err.splitlines() if line[0] == "#"] == [
        "#5", "#2", "#9",
    ]  # fmt: skip
    assert "\nfolded 2 events again, from the beginning, in 0." in done.err
    assert "nothing after #9 matches 'bookingconfirmed'" in done.err
    assert done.code == 2, "the script says that a line of it failed"


def test_what_is_found_by_tag_type_and_text(terminal: Terminal) -> None:
    def found(*words: str) -> list[str]:
        done = said(terminal, f"find {' '.join(words)}", to="1")
        return [line.split()[0] for line in done.err.splitlines() if line.startswith("#")]

    assert found("space:stage-1") == ["#4"]
    assert found("BookingConfirmed") == ["#8"]
    assert found("狂野时代") == ["#6"]
    assert found("led", "WALL") == ["#10"]
    assert found("booking:b-2") == ["#9"]
    assert found("nothing:such") == []


def test_log_and_show_know_no_more_than_was_recorded_there(terminal: Terminal) -> None:
    done = terminal.run("replay", "--to", "7", "--json", stdin="log --limit 2\nshow b-1\nshow 8\n")
    newest, history = _arrays(done.out)
    assert [event["position"] for event in newest] == [6, 7]
    assert [event["type"] for event in history] == ["BookingHeld"]
    assert "there is no #8" in done.err
    assert done.code == 2
    since = said(terminal, "log --since 2025-07-01 --format csv", to="8")
    assert [row["position"] for row in csv.DictReader(io.StringIO(since.out))] == ["7", "8"]
    line = said(terminal, "show 3 --format line")
    assert line.out.encode() == terminal.lines()[2] + b"\n"


def _arrays(text: str) -> list[Any]:
    found, decoder = [], json.JSONDecoder()
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("bookngs", "unknown command 'bookngs'"),
        ("nxt", "Did you mean next?"),
        ("s", "Did you mean show or step?"),
        ("view bookngs", "no view 'bookngs'. Did you mean bookings?"),
        ("view bookings --colour red", "there is no option '--colour'"),
        ("view bookings --since 2025-02-30", "--since"),
        ("view utilization --as-of 3", "there is no option '--as-of'"),
        ("view bookings --space", "--space"),
        ("view 'bookings", "a quote is not closed"),
        ("log --as-of 3", "a replay sets --as-of by its own position"),
        ("log --type BookingHld", "Did you mean BookingHeld"),
        ("show", "missing argument"),
        ("show b-77", "b-77"),
        ("goto 99", "there is no #99. The log ends at #10"),
        ("goto 99999999999999999999999", "there is no #9999"),
        ("goto someday", "someday"),
        ("goto", "goto needs a place"),
        ("next 0", "'0' is not a number of events"),
        ("next two", "'two' is not a number of events"),
        ("next 1 2", "is not a number of events"),
        ("back -1", "is not a number of events"),
        ("find", "find needs a word"),
        ("projections all", "unexpected word 'all'"),
    ],
)
def test_a_bad_line_is_told_and_the_next_one_is_obeyed(
    terminal: Terminal, line: str, what: str
) -> None:
    done = said(terminal, line, "view bookings --json", to="8")
    assert done.code in (1, 2)
    (refusal,) = (told for told in done.err.splitlines() if told.startswith("error: "))
    assert what in refusal
    assert [row["booking"] for row in done.data] == ["b-1"]


def test_the_ends_of_the_log(terminal: Terminal) -> None:
    beyond = ("next", "find b-1", "step")
    done = said(terminal, *beyond, "back 50", "back", "log", "view bookings --json", "next 50")
    assert done.err.count("there is nothing after #10") == 3
    assert "there is nothing before the first event" in done.err
    assert "nothing is recorded before the first event" in done.err
    assert done.out == "[]\n"
    assert done.err.splitlines()[-2].startswith("#10 ")


def test_quit_ends_and_what_stands_below_is_not_obeyed(terminal: Terminal) -> None:
    for word in ("quit", "q", "exit"):
        done = said(terminal, word, "nonsense")
        assert (done.code, done.out) == (0, "")
    listed = said(terminal, "help").out
    assert "goto POSITION|DATE|TIME" in listed
    assert "--since" in said(terminal, "view utilization --help").out
    assert "Usage: log [OPTIONS]" in said(terminal, "log --help").out


def test_bytes_that_are_no_text_are_no_command(terminal: Terminal) -> None:
    done = terminal.program("replay", stdin=b"\xff\xfe\nview bookings --json\n")
    assert done.code == 2
    assert "unknown command" in done.err
    assert len(done.data) == 2


def test_a_closed_stdin_is_an_empty_one(terminal: Terminal) -> None:
    done = terminal.program("replay", "--json", preexec_fn=lambda: os.close(0))
    assert done.code == 0
    assert len(done.data) == 11


# --- what stops, and what may not be done -------------------------------------------------


def test_a_projection_that_stops_is_told_and_the_others_go_on(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "broken.py").write_text(QUARANTINED, encoding="utf-8")
    for name in ("bad", "good"):
        terminal.must("project", "open", name, "--title", name, "--kind", "short", "--on",
                      "2025-01-01")  # fmt: skip
    done = terminal.run("replay", "--json")
    assert done.code == 5
    by_name = {row["projection"]: row for row in done.data}
    assert (by_name["broken"]["position"], by_name["broken"]["failure"]["position"]) == (10, 11)
    assert (by_name["broken"]["events"], by_name["broken"]["rows"]) == (1, 1)
    assert {row["position"] for name, row in by_name.items() if name != "broken"} == {12}
    assert "broken (plugin broken) stopped before #11 ProjectOpened: ValueError" in done.err
    assert "#11 ProjectOpened: ValueError: no such thing" in terminal.run("replay").out
    assert terminal.run("replay", "--to", "10").code == 0, "it had not stopped then"
    lines = ("view what-was-seen", "back 2", "view what-was-seen", "next 2", "view bookings")
    walked = said(terminal, *lines, to="12")
    assert walked.code == 5
    assert walked.err.count("stale since #11") == 1
    assert walked.err.count("stopped before #11") == 2, "told again when it comes there again"
    alone = terminal.run("replay", "--view", "what-was-seen", "--json")
    assert (alone.code, alone.data) == (5, [{"project": "wild"}])
    assert terminal.run("replay", "--view", "bookings").code == 0, "another plugin's fault"
    stepped = terminal.run("replay", "--step", "--json")
    assert stepped.code == 5
    one = terminal.run("replay", "--step", "--from", "11", "--to", "11", "--json")
    assert [f["projection"] for f in one.data[0]["stopped"]] == ["broken"]


def test_projections_are_chosen_by_name(terminal: Terminal) -> None:
    two = terminal.must("replay", "--projection", "spaces", "--projection", "bookings", "--json")
    assert [row["projection"] for row in two.data] == ["bookings", "spaces"]
    left_out = terminal.run("replay", "--projection", "spaces", stdin="view bookings\n")
    assert left_out.code == 2
    assert "belongs to a projection that this replay leaves out" in left_out.err
    added = terminal.must("replay", "--projection", "spaces", "--view", "bookings", "--json")
    assert len(added.data) == 2
    unknown = terminal.run("replay", "--projection", "bookngs")
    assert unknown.code == 2
    assert "Did you mean bookings?" in unknown.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--to", "11"), "--to: there is no #11. The log ends at #10"),
        (("--to", "someday"), "--to: "),
        (("--from", "3"), "Add --step"),
        (("--view", "bookngs"), "Did you mean bookings?"),
        (("--view", "bookings --colour red"), "--colour"),
        (("--view", "'"), "a quote is not closed"),
        (("--view", ""), "it names no view"),
        (("--step", "--from", "9", "--to", "8"), "there are no events from 9 to #8"),
        (("--step", "--from", "2999-01-01"), "there are no events from 2999-01-01 to #10"),
        (("--step", "--to", "2001-01-01"), "nothing was recorded by then"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    terminal: Terminal, words: tuple[str, ...], what: str
) -> None:
    done = terminal.run("replay", *words)
    assert (done.code, done.out) == (2, "")
    assert what in done.err
    assert len(done.err.splitlines()) == 1


def test_without_plugins_the_log_can_still_be_walked(terminal: Terminal) -> None:
    done = Terminal(terminal.ledger).run("--no-plugins", "replay", stdin="goto 4\nview spaces\n")
    assert "\n#4 " in done.err
    assert "drop --no-plugins" in done.err


def test_nothing_is_written(terminal: Terminal) -> None:
    folder = Path(terminal.ledger).parent
    for views in folder.glob("*.views.db*"):
        views.unlink()
    before = terminal.lines(), Path(terminal.ledger).read_bytes()
    terminal.must("replay", stdin="view bookings\nback 3\nview utilization\nstep 2\nlog\n")
    assert (terminal.lines(), Path(terminal.ledger).read_bytes()) == before
    assert list(folder.glob("*.views.db*")) == []


def test_a_role_that_may_only_select_can_replay(postgres_url: str) -> None:
    terminal = studio(postgres_url)
    url = make_url(postgres_url)
    schema, role = url.query["schema"], f"reader_{secrets.token_hex(4)}"
    place = url.set(drivername="postgresql").difference_update_query(["schema"])
    admin = place.render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'reads'")
        try:
            connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
            reader = url.set(username=role, password="reads")
            theirs = Terminal(reader.render_as_string(hide_password=False))
            done = theirs.must("replay", "--to", "8", "--json",
                               stdin="view bookings\nback\nlog --limit 1\nstep\n")  # fmt: skip
            assert len(_arrays(done.out)) == 3
            refused = theirs.run("project", "open", "p", "--title", "T", "--kind", "short", "--on",
                                 "2025-01-01")  # fmt: skip
            assert refused.code == 74, "that role may not write"
        finally:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
    assert len(terminal.lines()) == 10
