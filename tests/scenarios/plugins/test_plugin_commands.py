"""Commands and formats that plugins bring: as the built-in ones, all or none, refused by name."""

from __future__ import annotations

import json

import pytest

from tests.scenarios.plugin_stories import HOLDS_CSV, ICALENDAR, KEYS, install
from tests.terminal import Terminal, studio


@pytest.fixture
def terminal(sqlite_url: str) -> Terminal:
    """A studio in a file."""
    return studio(sqlite_url)


# --- commands -------------------------------------------------------------------------------


def test_a_plugins_command_has_all_that_a_built_in_one_has(terminal: Terminal) -> None:
    install(terminal, keys=KEYS)
    words = ("key", "give", "stage-1", "--holder", "Li", "--reason", "night", "--request", "k-1")
    before = len(terminal.lines())
    dry = terminal.must(*words, "--dry-run", "--json")
    assert len(terminal.lines()) == before
    assert "nothing recorded" in dry.err
    done = terminal.must(*words, "--json")
    (event,) = done.data
    assert (event["type"], event["reason"], event["position"]) == (
        "keys.KeyGiven", "night", before + 1,
    )  # fmt: skip
    assert event["payload"] == {"space": "stage-1", "holder": "Li", "kind": "day"}
    again = terminal.must(*words, "--json")
    assert "already done" in again.err
    refused = terminal.run("key", "give", "stage-1", "--holder", "Wu", "--kind", "permanent")
    assert (refused.code, f"(#{before + 1})" in refused.err) == (1, True)
    unknown = terminal.run("key", "give", "stage-9", "--holder", "Wu")
    assert unknown.code == 1
    assert "Did you mean stage-" in unknown.err
    assert terminal.run("key", "give", "stage-2", "--holder", "Wu", "--kind", "x").code == 2
    assert terminal.run("key", "give", "stage-2").code == 2
    assert terminal.run("key", "gove").code == 2


def test_a_batch_takes_a_plugins_commands_among_the_others(terminal: Terminal) -> None:
    install(terminal, keys=KEYS)
    lines = [
        {"do": "key give", "space": "stage-1", "holder": "Li"},
        {"do": "project open", "project": "p-9", "title": "P", "kind": "short", "on": "2025-01-01"},
        {"do": "key give", "space": "stage-1", "holder": "Wu"},
    ]
    before = terminal.lines()
    refused = terminal.run("apply", "-", stdin="\n".join(map(json.dumps, lines)))
    assert refused.code == 1
    assert "line 3: Li has the key" in refused.err
    assert terminal.lines() == before
    each = terminal.run("apply", "-", "--each", "--json", stdin="\n".join(map(json.dumps, lines)))
    assert [row["outcome"] for row in each.data] == ["recorded", "recorded", "refused"]


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("key give", "the plugins keys and others both have a command 'key give'"),
        ("key", "one hides the other"),
        ("key give now", "one hides the other"),
        ("booking hold", "the plugin others and studio-ledger itself both have a command"),
        ("booking lend", "begins like studio-ledger's own 'booking'"),
        ("audit all", "begins like studio-ledger's own 'audit'"),
        ("Key!", "has the words 'Key!'"),
    ],
)
def test_a_command_that_clashes_is_refused_naming_both(
    terminal: Terminal, tag: str, words: str
) -> None:
    other = f"""
    from ledger.plugin import Decision

    class Lend(Decision, frozen=True, tag={tag!r}):
        \"\"\"Lend it.\"\"\"
        def decide(self, ctx):
            pass
    """
    install(terminal, keys=KEYS, others=other)
    checked = terminal.run("plugin", "check", "keys", "others", "--json")
    assert checked.code == 3
    rows = {row["plugin"]: row for row in checked.data}
    assert rows["keys"]["state"] == "ok"
    assert words in rows["others"]["error"]
    assert "others.py:" in rows["others"]["error"]
    done = terminal.must("key", "give", "stage-1", "--holder", "Li", "--json")
    assert done.data[0]["type"] == "keys.KeyGiven"


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("thing: dict[str, int]", "the field thing of the command 'odd do'"),
        ("reason: str", "is named like an option of every command"),
        ("sure: list[bool]", "is a list of yes and no"),
    ],
)
def test_a_field_that_could_be_no_option_is_refused_with_its_line(
    terminal: Terminal, field: str, words: str
) -> None:
    install(terminal, odd=f"""
    from ledger.plugin import Decision

    class Do(Decision, frozen=True, tag="odd do"):
        {field}
        def decide(self, ctx):
            pass
    """)  # fmt: skip
    checked = terminal.run("plugin", "check", "odd", "--json")
    assert checked.code == 3
    assert words in checked.data[0]["error"]
    assert "odd.py:4: " in checked.data[0]["error"]


# --- formats --------------------------------------------------------------------------------


def test_holds_come_from_a_spreadsheet_all_or_none(terminal: Terminal) -> None:
    install(terminal, holds_csv=HOLDS_CSV)
    good = "space,project,first,last\nstage-1,wild,2027-01-01,2027-01-05\n"
    wrong = good + "stage-2,wild,2027-02-01,2027-02-30\n"
    unknown = good + "stage-2,mild,2027-02-01,2027-02-03\n"
    before = terminal.lines()
    take = ("import", "--format", "holds-csv", "-")
    for text, line, code in ((wrong, "line 3: ", 2), (unknown, "line 3: ", 1)):
        refused = terminal.run(*take, stdin=text)
        assert (refused.code, line in refused.err) == (code, True), refused.err
    binary = terminal.run(*take, stdin=b"space,project,first,last\n\xff\xfe")
    assert binary.code == 2
    assert "holds-csv cannot read this" in binary.err
    assert "first line names no column" in terminal.run(*take, stdin="a,b\n").err
    assert terminal.lines() == before
    each = terminal.run(*take, "--each", "--json", stdin=unknown)
    assert [row["outcome"] for row in each.data] == ["recorded", "refused"]
    assert each.code == 1
    again = terminal.must(*take, "--request", "k", "--reason", "plan", "--json", stdin=good)
    assert [event["reason"] for event in again.data] == ["plan"]
    assert "already done" in terminal.must(*take, "--request", "k", stdin=good).err


def test_a_calendar_is_written_whole_and_as_of_then(terminal: Terminal, tmp_path: object) -> None:
    install(terminal, icalendar=ICALENDAR)
    now = terminal.must("export", "--format", "icalendar")
    assert now.out.count("BEGIN:VEVENT") == 1
    assert "DTSTART:20250630T160000Z" in now.out
    assert "as of #10" in now.err
    then = terminal.must("export", "--format", "icalendar", "--as-of", "7")
    assert then.out.count("BEGIN:VEVENT") == 0
    file = f"{tmp_path}/bookings.ics"
    terminal.must("export", "--format", "icalendar", "-o", file)
    with open(file, encoding="ascii", newline="") as opened:
        assert opened.read() == now.out
    assert terminal.run("export", "--format", "icalendar", "-o", terminal.ledger).code == 2


def test_an_exporter_may_ask_any_view_and_write_nothing(terminal: Terminal) -> None:
    asking = """
    from ledger.plugin import exporter

    @exporter("booked", "Who books what")
    def booked(look):
        for row in look.view("bookings", space="stage-1"):
            yield f"{row.booking} {row.state}\\n".encode()
    """
    install(terminal, asking=asking)
    assert terminal.must("export", "--format", "booked").out == "b-1 never started\nb-2 passed\n"
    assert terminal.must("export", "--format", "booked", "--as-of", "7").out == "b-1 passed\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("yield 'text'", "gives str"),
        ("yield b'x'; raise RuntimeError('no ink')", "RuntimeError: no ink"),
        ("yield look.view('nothing')", "no view 'nothing'"),
        ("import sys; sys.exit(3); yield b''", "SystemExit: 3"),
    ],
)
def test_an_exporter_that_fails_is_named_and_leaves_no_file(
    terminal: Terminal, tmp_path: object, body: str, words: str
) -> None:
    install(terminal, bad=f"""
    from ledger.plugin import exporter

    @exporter("bad", "Bad")
    def bad(look):
        {body}
    """)  # fmt: skip
    file = f"{tmp_path}/out"
    done = terminal.run("export", "--format", "bad", "-o", file)
    assert done.code == 2
    assert words in done.err
    import os

    assert not os.path.exists(file)


def test_a_format_that_is_not_there_says_which_are(terminal: Terminal) -> None:
    install(terminal, icalendar=ICALENDAR)
    missing = terminal.run("export", "--format", "icalender")
    assert missing.code == 2
    assert "Did you mean icalendar?" in missing.err
    assert "icalendar (Firm bookings as a calendar" in terminal.run("export").err
    assert "No plugin has an importer" in terminal.run("import", "--format", "x", "-").err
    assert terminal.run("--no-plugins", "export", "--format", "icalendar").code == 2


def test_two_formats_of_one_name_are_refused(terminal: Terminal) -> None:
    install(terminal, icalendar=ICALENDAR, second=ICALENDAR)
    checked = terminal.run("plugin", "check", "second", "--json")
    assert "the plugins icalendar and second both have an exporter" in checked.data[0]["error"]
